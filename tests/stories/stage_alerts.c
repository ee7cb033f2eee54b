/* Alerts in memory: a list, found by public id or by the id of any message that is part of one. */
#include "tests/stories/stage_alerts.h"

#include <stdarg.h>
#include <stdlib.h>

#include <setjmp.h>

#include <cmocka.h>

#include "proto/message.h"

enum { ALERTS = 64, MESSAGES = 16, HOUSEHOLDS = 16 };

struct households {
    size_t count;
    char names[HOUSEHOLDS][65];
};

struct message {
    char id[PUBLIC_ID + 1];
    uint8_t digest[16];
};

struct one {
    char public_id[PUBLIC_ID + 1], sender[160], client[65], household[65], officer[65];
    size_t message_count, token_count, merged;
    struct message messages[MESSAGES];
    uint8_t tokens[MESSAGES][STORE_TOKEN]; /* of the reports in it */
    uint32_t revision;
    bool in_force, held, pending, dead, agency;
    uint8_t truth, severity;
    int64_t began, expires;
    struct bytes body;
    struct households witnesses, flags;
};

struct stage_alerts {
    size_t count;
    struct one alerts[ALERTS];
};

struct stage_alerts *stage_alerts_new(void)
{
    return calloc(1, sizeof(struct stage_alerts));
}

void stage_alerts_free(struct stage_alerts *alerts)
{
    for (size_t i = 0; i < alerts->count; i++)
        free((void *)alerts->alerts[i].body.data);
    free(alerts);
}

/* ---- finding ---- */

static struct one *by_name(struct stage_alerts *alerts, const char *public_id)
{
    for (size_t i = 0; i < alerts->count; i++) {
        if (strcmp(alerts->alerts[i].public_id, public_id) == 0)
            return &alerts->alerts[i];
    }
    return NULL;
}

static struct one *by_message(struct stage_alerts *alerts, const char *id, struct message **message)
{
    for (size_t i = 0; i < alerts->count; i++) {
        for (size_t m = 0; m < alerts->alerts[i].message_count; m++) {
            *message = &alerts->alerts[i].messages[m];
            if (strcmp((*message)->id, id) == 0)
                return &alerts->alerts[i];
        }
    }
    return NULL;
}

static bool add_household(struct households *households, struct text name)
{
    for (size_t i = 0; i < households->count; i++) {
        if (text_equal(text_of(households->names[i]), name))
            return false;
    }
    assert_true(households->count < HOUSEHOLDS && name.len < sizeof(households->names[0]));
    memcpy(households->names[households->count], name.data, name.len);
    households->names[households->count++][name.len] = 0;
    return true;
}

/* ---- keeping ---- */

static void keep_text(char *out, size_t size, struct text text)
{
    assert_true(text.len < size);
    if (text.len)
        memcpy(out, text.data, text.len);
    out[text.len] = 0;
}

static void add_message(struct one *one, const struct store_alert *alert)
{
    assert_true(one->message_count < MESSAGES);
    struct message *message = &one->messages[one->message_count++];
    memcpy(message->id, alert->id, sizeof(message->id));
    memcpy(message->digest, alert->digest, sizeof(message->digest));
}

static void take_body(struct one *one, const struct store_alert *alert)
{
    uint8_t *copy = malloc(alert->body.len + 1);
    if (alert->body.len)
        memcpy(copy, alert->body.data, alert->body.len);
    free((void *)one->body.data);
    one->body = (struct bytes){copy, alert->body.len};
    one->revision++;
    one->in_force = true;
    one->pending = alert->approval;
    one->severity = alert->severity;
    one->truth = alert->truth;
    one->expires = alert->expires;
    keep_text(one->officer, sizeof(one->officer), alert->officer);
}

static struct one *create(struct stage_alerts *alerts, const struct store_alert *alert)
{
    assert_true(alerts->count < ALERTS);
    struct one *one = &alerts->alerts[alerts->count++];
    memcpy(one->public_id, alert->id, sizeof(one->public_id));
    keep_text(one->sender, sizeof(one->sender), alert->sender);
    keep_text(one->client, sizeof(one->client), alert->client);
    keep_text(one->household, sizeof(one->household), alert->household);
    one->agency = alert->agency;
    one->merged = 1;
    one->began = alert->now;
    return one;
}

static struct store_alert_result told(enum store_status status, const struct one *one)
{
    struct store_alert_result result = {.status = status, .revision = one->revision, .pending = one->pending};
    memcpy(result.public_id, one->public_id, sizeof(result.public_id));
    return result;
}

static bool seen_before(
    struct stage_alerts *alerts, const struct store_alert *alert, struct store_alert_result *result)
{
    struct message *message;
    struct one *one = by_message(alerts, alert->id, &message);
    if (!one)
        return false;
    bool same = memcmp(message->digest, alert->digest, sizeof(message->digest)) == 0;
    *result = told(one->dead ? STORE_DEAD : same ? STORE_REPEAT : STORE_CONFLICT, one);
    return true;
}

static void cancel(struct stage_alerts *alerts, const struct store_alert *alert)
{
    struct message *message;
    for (size_t i = 0; i < alert->reference_count; i++) {
        struct one *one = by_message(alerts, alert->references[i], &message);
        if (!one) {
            one = create(alerts, alert);
            one->dead = true;
            memcpy(one->public_id, alert->references[i], sizeof(one->public_id));
            memcpy(one->messages[one->message_count++].id, alert->references[i], PUBLIC_ID + 1);
        }
        one->in_force = false;
        one->revision++;
    }
}

struct store_alert_result stage_alert(struct stage_alerts *alerts, const struct store_alert *alert)
{
    struct store_alert_result result;
    struct message *message;
    if (seen_before(alerts, alert, &result))
        return result;
    if (alert->only_known)
        return (struct store_alert_result){.status = STORE_ENDED};
    if (alert->act == STORE_ALERT_CANCEL)
        cancel(alerts, alert);
    struct one *one = alert->reference_count ? by_message(alerts, alert->references[0], &message) : NULL;
    if (!one)
        one = create(alerts, alert);
    add_message(one, alert);
    if (alert->act != STORE_ALERT_CANCEL)
        take_body(one, alert);
    return told(STORE_OK, one);
}

static bool is_near(const struct one *one, const struct store_report *report)
{
    for (size_t t = 0; t < one->token_count; t++) {
        for (size_t n = 0; n < report->near_count; n++) {
            if (memcmp(one->tokens[t], report->near[n], STORE_TOKEN) == 0)
                return true;
        }
    }
    return false;
}

struct store_alert_result stage_report(struct stage_alerts *alerts, const struct store_report *report)
{
    const struct store_alert *alert = &report->alert;
    struct store_alert_result result;
    struct one *into = NULL;
    if (seen_before(alerts, alert, &result))
        return result;
    for (size_t i = 0; i < alerts->count && !into; i++) {
        struct one *one = &alerts->alerts[i];
        if (one->in_force && !text_equal(text_of(one->sender), alert->sender) &&
            alert->now - one->began <= report->window_ms && is_near(one, report))
            into = one;
    }
    if (!into)
        result = stage_alert(alerts, alert);
    struct one *one = into ? into : by_name(alerts, alert->id);
    memcpy(one->tokens[one->token_count++], report->own, STORE_TOKEN);
    if (!into)
        return result;
    add_message(one, alert);
    one->merged++;
    one->revision++;
    if (alert->severity > one->severity)
        one->severity = alert->severity;
    result = told(STORE_OK, one);
    result.merged = true;
    return result;
}

/* ---- what others say ---- */

struct store_alert_result stage_witness(struct stage_alerts *alerts, const struct store_witness *witness)
{
    struct one *one = by_name(alerts, witness->public_id);
    if (!one || !one->in_force)
        return (struct store_alert_result){.status = one ? STORE_ENDED : STORE_NOT_FOUND};
    if (!add_household(&one->witnesses, witness->household))
        return told(STORE_REPEAT, one);
    if (one->witnesses.count >= witness->enough && one->truth == TRUTH_UNVERIFIED) {
        one->truth = TRUTH_CORROBORATED;
        one->revision++;
    }
    return told(STORE_OK, one);
}

struct store_flag_result stage_flag(struct stage_alerts *alerts, const struct store_flag *flag)
{
    struct one *one = by_name(alerts, flag->public_id);
    if (!one)
        return (struct store_flag_result){.status = STORE_NOT_FOUND};
    if (flag->appeal)
        return (struct store_flag_result){.status = one->held ? STORE_OK : STORE_ENDED};
    if (!add_household(&one->flags, flag->household))
        return (struct store_flag_result){.status = STORE_REPEAT};
    if (one->agency || one->held || one->flags.count < flag->enough)
        return (struct store_flag_result){.status = STORE_OK};
    one->held = true;
    one->in_force = false;
    one->revision++;
    return (struct store_flag_result){STORE_OK, true, text_of(one->sender), text_of(one->client)};
}

static enum store_status judge(struct one *one, const struct store_verdict *verdict)
{
    if (verdict->decision == VERDICT_APPROVED) {
        if (!text_equal(verdict->by, text_of(one->sender)) ||
            text_equal(verdict->officer, text_of(one->officer)))
            return STORE_REVOKED;
        if (!one->pending)
            return STORE_REPEAT;
    }
    if (verdict->revision && verdict->revision != one->revision)
        return STORE_CONFLICT;
    if (verdict->decision == VERDICT_RELEASED && !one->held)
        return STORE_REPEAT;
    return STORE_OK;
}

struct store_verdict_result stage_verdict(struct stage_alerts *alerts, const struct store_verdict *verdict)
{
    struct one *one = by_name(alerts, verdict->public_id);
    if (!one)
        return (struct store_verdict_result){.status = STORE_NOT_FOUND};
    struct store_verdict_result result = {
        judge(one, verdict), text_of(one->sender), text_of(one->client), one->revision};
    if (result.status != STORE_OK)
        return result;
    if (verdict->decision == VERDICT_CONFIRMED || verdict->decision == VERDICT_REFUTED)
        one->truth = verdict->decision == VERDICT_CONFIRMED ? TRUTH_CONFIRMED : TRUTH_REFUTED;
    one->pending = one->held = false;
    one->in_force = verdict->decision != VERDICT_REMOVED;
    one->revision += verdict->decision != VERDICT_APPROVED;
    return result;
}

bool stage_record(struct stage_alerts *alerts, const char *public_id, struct store_alert_record *out)
{
    struct one *one = by_name(alerts, public_id);
    if (!one)
        return false;
    *out = (struct store_alert_record){.status = STORE_OK,
        .revision = one->revision,
        .in_force = one->in_force,
        .truth = one->truth,
        .severity = one->severity,
        .merged = (uint32_t)one->merged,
        .held = one->held,
        .pending = one->pending,
        .sender = text_of(one->sender),
        .household = text_of(one->household),
        .officer = text_of(one->officer),
        .expires = one->expires,
        .body = one->body};
    memcpy(out->public_id, one->public_id, sizeof(out->public_id));
    return true;
}
