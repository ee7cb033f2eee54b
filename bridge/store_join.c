/* A report becomes part of another sender's alert that is in force, or stands alone: what each step leaves
 * behind is told in scripts/report.lua; here is what follows what. */
#include <stdlib.h>

#include "bridge/store_report.h"

enum { LATE_TICKS = 20, LATE_TICKS_BEHIND = 2 };

/* ---- the end ---- */

void report_finish(struct report_call *report, const struct store_alert_result *result)
{
    report->done(report->arg, result);
    command_free(&report->message);
    free(report->near);
    free(report);
}

void report_fail(struct report_call *report, enum store_status status)
{
    struct store_alert_result result = {.status = status};
    report_finish(report, &result);
}

static void on_left(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)arg;
    (void)status;
    (void)reply;
}

void report_near_key(char out[KEY], const struct report_call *report, size_t region)
{
    region_key(out, report->regions[region], "near:", text_of(report->own));
}

/* Nobody need find it any more. Not waited for: without it others are told so when they ask. */
static void leave(struct store *store, const struct report_call *report)
{
    char key[KEY];
    struct command command = {0};
    report_near_key(key, report, 0);
    command_function(&command, "nb_leave", 1, 1);
    command_text(&command, key);
    command_text(&command, report->id);
    store_send(store, &command, on_left, NULL);
}

/* ---- asking ---- */

void report_begin(
    struct command *command, const char *function, uint8_t tag, const char *id, size_t arguments)
{
    char key[KEY];
    sender_key(key, tag, "alert:", id);
    command_function(command, function, 1, arguments + MESSAGE_ARGUMENTS);
    command_text(command, key);
}

void report_put_message(struct command *command, const struct report_call *report)
{
    command_join(command, &report->message);
}

static void on_alone(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct report_call *report = arg;
    struct store_alert_result result;
    if (status == STORE_OK && reply_number(reply_at(reply, 0)) == ANSWER_JOIN) {
        report_take_intent(store, report, reply);
        return;
    }
    alert_result_decode(store, &result, report->sender_tag, status, reply);
    if (result.status != STORE_OK && report->listed)
        leave(store, report);
    report_finish(report, &result);
}

static void stand_alone(struct store *store, struct report_call *report)
{
    struct command command = {0};
    report_begin(&command, "nb_alone", report->sender_tag, report->id, 1);
    command_text(&command, report->former);
    report_put_message(&command, report);
    store_send(store, &command, on_alone, report);
}

/* ---- becoming a part ---- */

bool candidate_is_before(const struct candidate *a, const struct candidate *b)
{
    return a->order != b->order ? a->order < b->order : strcmp(a->lead, b->lead) < 0;
}

/* Nobody need wait for it. Not waited for itself: without it they wait a second in vain. */
static void tell_joined(
    struct store *store, const struct report_call *report, const struct store_alert_result *result)
{
    char key[KEY];
    struct command command = {0};
    sender_key(key, report->sender_tag, "alert:", report->id);
    command_function(&command, "nb_joined", 1, 3);
    command_text(&command, key);
    command_text(&command, report->id);
    command_text(&command, result->public_id);
    command_number(&command, result->revision);
    store_send(store, &command, on_left, NULL);
}

static void try_next(struct store *store, struct report_call *report)
{
    memcpy(report->former, report->candidates[report->at].lead, sizeof(report->former));
    report->at++;
    report->ticks = 0;
    report_try_candidate(store, report);
}

static bool is_first(const struct report_call *report)
{
    return candidate_is_before(&report->self, &report->candidates[report->at]);
}

/* One that came later waits for this one, if it saw it: not for long. */
static unsigned patience_of(const struct report_call *report)
{
    return is_first(report) ? LATE_TICKS_BEHIND : LATE_TICKS;
}

static void on_joined(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct report_call *report = arg;
    struct store_alert_result result;
    int64_t answer = reply_number(reply_at(reply, 0));
    if (status == STORE_OK && answer == ANSWER_LATER && report->ticks < patience_of(report)) {
        report->next = store->late_reports;
        store->late_reports = report;
        return;
    }
    if (status == STORE_OK && (answer == ANSWER_LATER || answer == STORE_ENDED)) {
        try_next(store, report);
        return;
    }
    alert_result_decode(store, &result, report->candidates[report->at].tag, status, reply);
    if (result.status == STORE_OK || result.status == STORE_REPEAT)
        tell_joined(store, report, &result);
    if (report->listed)
        leave(store, report);
    report_finish(report, &result);
}

static void join(struct store *store, struct report_call *report)
{
    const struct candidate *candidate = &report->candidates[report->at];
    struct command command = {0};
    report_begin(&command, "nb_join", candidate->tag, candidate->lead, 2);
    command_text(&command, candidate->lead);
    command_number(&command, is_first(report));
    report_put_message(&command, report);
    store_send(store, &command, on_joined, report);
}

static void on_intended(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct report_call *report = arg;
    struct store_alert_result result;
    int64_t answer = reply_number(reply_at(reply, 0));
    if (status == STORE_OK && answer == STORE_OK) {
        join(store, report);
        return;
    }
    if (status == STORE_OK && answer == ANSWER_JOIN) {
        report_take_intent(store, report, reply);
        return;
    }
    alert_result_decode(store, &result, report->sender_tag, status, reply);
    report_finish(report, &result);
}

/* Of whom it saw nobody took it: one may have become part of another meanwhile that it did not see, since the
 * clocks of two regions' masters differ, and who came first is not always who was there first. */
void report_try_candidate(struct store *store, struct report_call *report)
{
    struct command command = {0};
    if (report->at == report->candidate_count) {
        if (report->at > 0 && !report->looked_again)
            report_look_again(store, report);
        else
            stand_alone(store, report);
        return;
    }
    const struct candidate *candidate = &report->candidates[report->at];
    report_begin(&command, "nb_intend", report->sender_tag, report->id, 3);
    command_text(&command, candidate->lead);
    command_number(&command, candidate->tag);
    command_text(&command, report->former);
    report_put_message(&command, report);
    store_send(store, &command, on_intended, report);
}

void report_take_intent(struct store *store, struct report_call *report, const redisReply *reply)
{
    struct text lead = reply_text(reply_at(reply, 1));
    if (lead.len != PUBLIC_ID) {
        report_fail(report, STORE_FAILED);
        return;
    }
    report->candidates[0] = (struct candidate){.tag = (uint8_t)reply_number(reply_at(reply, 2))};
    memcpy(report->candidates[0].lead, lead.data, PUBLIC_ID);
    report->candidate_count = 1;
    report->at = 0;
    join(store, report);
}

void reports_retry(struct store *store)
{
    struct report_call *waiting = store->late_reports;
    store->late_reports = NULL;
    while (waiting) {
        struct report_call *report = waiting;
        waiting = report->next;
        report->ticks++;
        join(store, report);
    }
}

void reports_free(struct store *store)
{
    while (store->late_reports) {
        struct report_call *report = store->late_reports;
        store->late_reports = report->next;
        report_fail(report, STORE_GONE);
    }
}
