/* Residents' reports: each leaves itself where others look, and looks around for another's report of the same
 * thing; then store_join.c. The steps are told in scripts/report.lua. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_report.h"

/* ---- looking around ---- */

/* The first few, behind those that were tried; the same one may be told by several regions. */
static void add_candidate(struct report_call *report, const struct candidate *found)
{
    size_t at = report->candidate_count, most = report->at + CANDIDATES;
    for (size_t i = 0; i < report->candidate_count; i++)
        if (strcmp(report->candidates[i].lead, found->lead) == 0)
            return;
    while (at > report->at && candidate_is_before(found, &report->candidates[at - 1]))
        at--;
    if (at == most)
        return;
    size_t last = report->candidate_count < most ? report->candidate_count++ : most - 1;
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

static void put_tokens(struct command *command, const struct report_call *report)
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
        report_fail(report, report->failed);
    else
        report_try_candidate(store, report);
}

/* Asks its regions from that one on. */
static void look_in(struct store *store, struct report_call *report, size_t first)
{
    report->looks_left = report->region_count - first;
    for (size_t region = first; region < report->region_count; region++) {
        char key[KEY];
        struct command command = {0};
        report_near_key(key, report, region);
        command_function(&command, "nb_look", 1, 2 + report->near_count);
        command_text(&command, key);
        command_text(&command, report->id);
        command_number(&command, report->now - report->window_ms);
        put_tokens(&command, report);
        store_send(store, &command, on_looked, report);
    }
    if (report->region_count == first)
        report_try_candidate(store, report);
}

void report_look_again(struct store *store, struct report_call *report)
{
    report->looked_again = true;
    look_in(store, report, 0);
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
        report_finish(report, &result);
        return;
    }
    report->listed = true;
    report->self.order = reply_number(reply_at(reply, 2));
    add_found(report, reply, 3);
    look_in(store, report, 1); /* after it was left where they look: of two at once one sees the other */
}

static void ask_near(struct store *store, struct report_call *report)
{
    char key[KEY], cell[48];
    struct command command = {0};
    report_near_key(key, report, 0);
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
        report_take_intent(store, report, reply);
    } else {
        alert_result_decode(store, &result, report->sender_tag, status, reply);
        report_finish(report, &result);
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
    assert(from->region_count > 0 && from->alert.sender_tag < STORE_SENDER_TAGS);
    struct report_call *report = store_alloc(sizeof(*report));
    struct command command = {0};
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
    report_begin(&command, "nb_report", report->sender_tag, report->id, 0);
    report_put_message(&command, report);
    store_send(store, &command, on_report, report);
}
