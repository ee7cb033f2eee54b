/* Residents' reports: each looks for another's report of the same thing that is in force, and becomes part of
 * it, or stands alone. The steps and what each leaves behind are told in scripts/report.lua; here is what
 * follows what. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

enum { CANDIDATES = 4, LATE_TICKS = 20, LATE_TICKS_BEHIND = 2 };

/* An alert that the report may be a part of. */
struct candidate {
    char lead[PUBLIC_ID + 1];
    uint8_t tag;
    int64_t order; /* Redis' time when it was put where others look */
};

struct report_call {
    struct report_call *next; /* of those that wait */
    store_alert_done *done;
    void *arg;
    struct buffer message;
    uint8_t sender_tag, category;
    char id[PUBLIC_ID + 1];
    char regions[STORE_REGIONS][13];
    size_t region_count, near_count, looks_left;
    char own[2 * STORE_TOKEN + 1];
    char (*near)[2 * STORE_TOKEN + 1];
    int64_t now, window_ms, cell_window_ms;
    uint32_t cell_limit;
    size_t candidate_count, at; /* at: the one that is tried */
    struct candidate candidates[CANDIDATES];
    struct candidate self;
    char former[PUBLIC_ID + 1]; /* that it could not be a part of; "" */
    unsigned ticks;
    bool listed; /* others find it */
    enum store_status failed;
};

/* ---- the end ---- */

static void finish(struct report_call *report, const struct store_alert_result *result)
{
    report->done(report->arg, result);
    buffer_free(&report->message);
    free(report->near);
    free(report);
}

static void fail(struct report_call *report, enum store_status status)
{
    struct store_alert_result result = {.status = status};
    finish(report, &result);
}

static void on_left(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)arg;
    (void)status;
    (void)reply;
}

static void near_key(char out[KEY], const struct report_call *report, size_t region, const char *token)
{
    region_key(out, report->regions[region], "near:", text_of(token));
}

/* Nobody need find it any more. Not waited for: without it others are told so when they ask. */
static void leave(struct store *store, const struct report_call *report)
{
    char key[KEY];
    struct buffer command = {0};
    near_key(key, report, 0, report->own);
    command_function(&command, "nb_leave", 1, 1);
    command_text(&command, key);
    command_text(&command, report->id);
    store_send(store, &command, on_left, NULL);
}

/* ---- asking ---- */

static void begin(struct buffer *command, const char *function, uint8_t tag, const char *id, size_t arguments)
{
    char key[KEY];
    sender_key(key, tag, "alert:", id);
    command_function(command, function, 1, arguments + MESSAGE_ARGUMENTS);
    command_text(command, key);
}

static void put_message(struct buffer *command, const struct report_call *report)
{
    buffer_put(command, report->message.data, report->message.len);
}

static void try_candidate(struct store *store, struct report_call *report);

/* Another process does the same report's work, or did: what it intends comes first. */
static void take_intent(struct store *store, struct report_call *report, const redisReply *reply);

static void on_alone(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct report_call *report = arg;
    struct store_alert_result result;
    if (status == STORE_OK && reply_number(reply_at(reply, 0)) == ANSWER_JOIN) {
        take_intent(store, report, reply);
        return;
    }
    alert_result_decode(store, &result, status, reply);
    if (result.status != STORE_OK && report->listed)
        leave(store, report);
    finish(report, &result);
}

static void stand_alone(struct store *store, struct report_call *report)
{
    struct buffer command = {0};
    begin(&command, "nb_alone", report->sender_tag, report->id, 1);
    command_text(&command, report->former);
    put_message(&command, report);
    store_send(store, &command, on_alone, report);
}

/* ---- becoming a part ---- */

/* Those who see each other at the same time agree on who comes first. */
static bool is_before(const struct candidate *a, const struct candidate *b)
{
    return a->order != b->order ? a->order < b->order : strcmp(a->lead, b->lead) < 0;
}

/* Nobody need wait for it. Not waited for itself: without it they wait a second in vain. */
static void tell_joined(
    struct store *store, const struct report_call *report, const struct store_alert_result *result)
{
    char key[KEY];
    struct buffer command = {0};
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
    try_candidate(store, report);
}

static bool is_first(const struct report_call *report)
{
    return is_before(&report->self, &report->candidates[report->at]);
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
    alert_result_decode(store, &result, status, reply);
    if (result.status == STORE_OK || result.status == STORE_REPEAT)
        tell_joined(store, report, &result);
    if (report->listed)
        leave(store, report);
    finish(report, &result);
}

static void join(struct store *store, struct report_call *report)
{
    const struct candidate *candidate = &report->candidates[report->at];
    struct buffer command = {0};
    begin(&command, "nb_join", candidate->tag, candidate->lead, 2);
    command_text(&command, candidate->lead);
    command_number(&command, is_first(report));
    put_message(&command, report);
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
        take_intent(store, report, reply);
        return;
    }
    alert_result_decode(store, &result, status, reply);
    finish(report, &result);
}

static void try_candidate(struct store *store, struct report_call *report)
{
    struct buffer command = {0};
    if (report->at == report->candidate_count) {
        stand_alone(store, report);
        return;
    }
    const struct candidate *candidate = &report->candidates[report->at];
    begin(&command, "nb_intend", report->sender_tag, report->id, 3);
    command_text(&command, candidate->lead);
    command_number(&command, candidate->tag);
    command_text(&command, report->former);
    put_message(&command, report);
    store_send(store, &command, on_intended, report);
}

static void take_intent(struct store *store, struct report_call *report, const redisReply *reply)
{
    struct text lead = reply_text(reply_at(reply, 1));
    if (lead.len != PUBLIC_ID) {
        fail(report, STORE_FAILED);
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
        fail(report, STORE_GONE);
    }
}

/* ---- looking around ---- */

/* The first few; the same one may be told by several regions. */
static void add_candidate(struct report_call *report, const struct candidate *found)
{
    size_t at = report->candidate_count;
    for (size_t i = 0; i < report->candidate_count; i++)
        if (strcmp(report->candidates[i].lead, found->lead) == 0)
            return;
    while (at > 0 && is_before(found, &report->candidates[at - 1]))
        at--;
    if (at == CANDIDATES)
        return;
    size_t last = report->candidate_count < CANDIDATES ? report->candidate_count++ : CANDIDATES - 1;
    for (size_t i = last; i > at; i--)
        report->candidates[i] = report->candidates[i - 1];
    report->candidates[at] = *found;
}

static void add_found(struct report_call *report, const redisReply *reply, size_t from)
{
    for (size_t i = from; i + 2 < reply_count(reply); i += 3) {
        struct candidate found = {.tag = (uint8_t)reply_number(reply_at(reply, i + 1)),
            .order = reply_number(reply_at(reply, i + 2))};
        struct text lead = reply_text(reply_at(reply, i));
        if (lead.len != PUBLIC_ID)
            continue;
        memcpy(found.lead, lead.data, PUBLIC_ID);
        add_candidate(report, &found);
    }
}

static void put_tokens(struct buffer *command, const struct report_call *report)
{
    for (size_t i = 0; i < report->near_count; i++)
        command_text(command, report->near[i]);
}

static void on_looked(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct report_call *report = arg;
    if (status == STORE_OK)
        add_found(report, reply, 0);
    else
        report->failed = status;
    if (--report->looks_left > 0)
        return;
    if (report->failed)
        fail(report, report->failed);
    else
        try_candidate(store, report);
}

/* Asks the other regions, after it was left where they look: of two reports at once one sees the other. */
static void look_around(struct store *store, struct report_call *report)
{
    report->looks_left = report->region_count - 1;
    for (size_t region = 1; region < report->region_count; region++) {
        char key[KEY];
        struct buffer command = {0};
        near_key(key, report, region, report->own);
        command_function(&command, "nb_look", 1, 2 + report->near_count);
        command_text(&command, key);
        command_text(&command, report->id);
        command_number(&command, report->now - report->window_ms);
        put_tokens(&command, report);
        store_send(store, &command, on_looked, report);
    }
    if (report->region_count == 1)
        try_candidate(store, report);
}

static void on_near(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct report_call *report = arg;
    enum store_status answer =
        status == STORE_OK ? (enum store_status)reply_number(reply_at(reply, 0)) : status;
    if (answer != STORE_OK) {
        struct store_alert_result result = {
            .status = answer, .retry_after_ms = reply_number(reply_at(reply, 1))};
        memcpy(result.public_id, report->id, sizeof(result.public_id));
        finish(report, &result);
        return;
    }
    report->listed = true;
    report->self.order = reply_number(reply_at(reply, 2));
    add_found(report, reply, 3);
    look_around(store, report);
}

static void ask_near(struct store *store, struct report_call *report)
{
    char key[KEY], cell[48];
    struct buffer command = {0};
    near_key(key, report, 0, report->own);
    command_function(&command, "nb_near", 2, 6 + report->near_count);
    command_text(&command, key);
    snprintf(cell, sizeof(cell), "%s:%u", report->regions[0], report->category);
    region_key(key, report->regions[0], "cell:", text_of(cell));
    command_text(&command, key);
    command_text(&command, report->id);
    command_number(&command, report->sender_tag);
    command_number(&command, report->now);
    command_number(&command, report->window_ms);
    command_number(&command, report->cell_limit);
    command_number(&command, report->cell_window_ms);
    put_tokens(&command, report);
    store_send(store, &command, on_near, report);
}

/* ---- the beginning ---- */

static void on_report(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct report_call *report = arg;
    struct store_alert_result result;
    int64_t answer = reply_number(reply_at(reply, 0));
    if (status == STORE_OK && answer == STORE_OK) {
        ask_near(store, report);
    } else if (status == STORE_OK && answer == ANSWER_JOIN) {
        take_intent(store, report, reply);
    } else {
        alert_result_decode(store, &result, status, reply);
        finish(report, &result);
    }
}

static void copy_regions(struct report_call *report, const struct store_report *from)
{
    for (size_t i = 0; i < from->region_count && i < STORE_REGIONS; i++) {
        char key[KEY];
        int len = region_key(key, from->regions[i], "", (struct text){0});
        bool known = false;
        for (size_t k = 0; k < report->region_count && !known; k++) {
            char other[KEY];
            known = region_key(other, report->regions[k], "", (struct text){0}) == len &&
                    memcmp(key, other, (size_t)len) == 0;
        }
        if (!known)
            memcpy(report->regions[report->region_count++], from->regions[i], sizeof(from->regions[i]));
    }
}

void store_report(struct store *store, const struct store_report *from, store_alert_done *done, void *arg)
{
    struct report_call *report = store_alloc(sizeof(*report));
    struct buffer command = {0};
    *report = (struct report_call){.done = done,
        .arg = arg,
        .sender_tag = from->alert.sender_tag,
        .category = from->category,
        .near_count = from->near_count < STORE_NEAR ? from->near_count : STORE_NEAR,
        .now = from->alert.now,
        .window_ms = from->window_ms,
        .cell_window_ms = from->cell_window_ms,
        .cell_limit = from->cell_limit};
    memcpy(report->id, from->alert.id, PUBLIC_ID);
    memcpy(report->self.lead, from->alert.id, PUBLIC_ID);
    copy_regions(report, from);
    bytes_to_hex(report->own, from->own, STORE_TOKEN);
    report->near = store_alloc(report->near_count * sizeof(*report->near));
    for (size_t i = 0; i < report->near_count; i++)
        bytes_to_hex(report->near[i], from->near[i], STORE_TOKEN);
    alert_put_message(store, &report->message, &from->alert);
    begin(&command, "nb_report", report->sender_tag, report->id, 0);
    put_message(&command, report);
    store_send(store, &command, on_report, report);
}
