/* /v1/feed: what is in force and what happened lately at a place, for everybody, as GeoJSON. The same is
 * matched as for those who follow the place by MQTT. */
#include <strings.h>

#include "bridge/seal.h"
#include "broker/net/answer.h"
#include "broker/net/geojson.h"
#include "broker/net/routes.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, ANSWER_BYTES = 4 * 1024 * 1024, CURSORS = 256 };

/* ---- the question ---- */

/* "<channel>:<cursor>", as `since` of a SUBSCRIBE has it. */
static bool take_cursor(struct inquiry_question *question, struct channel_cursor *room, struct text text)
{
    const char *colon = text.len ? memchr(text.data, ':', text.len) : NULL;
    if (!colon || question->cursor_count == CURSORS) {
        return false;
    }
    size_t channel = (size_t)(colon - text.data);
    room[question->cursor_count++] =
        (struct channel_cursor){{text.data, channel}, {colon + 1, text.len - channel - 1}};
    return true;
}

/* Milliseconds, or cursors with commas between them. */
static bool take_since(struct inquiry_question *question, struct channel_cursor *room, struct text text)
{
    bool digits = text.len > 0 && text.len < 16;
    int64_t ms = 0;
    for (size_t i = 0; i < text.len && digits; i++) {
        digits = text.data[i] >= '0' && text.data[i] <= '9';
        ms = ms * 10 + (text.data[i] - '0');
    }
    if (digits) {
        question->since = ms;
        return true;
    }
    while (text.len) {
        const char *comma = memchr(text.data, ',', text.len);
        size_t len = comma ? (size_t)(comma - text.data) : text.len;
        if (!take_cursor(question, room, (struct text){text.data, len})) {
            return false;
        }
        text = (struct text){text.data + len + (comma != NULL), text.len - len - (comma != NULL)};
    }
    return true;
}

static struct text text_in(const json_t *value)
{
    return json_is_string(value) ? (struct text){json_string_value(value), json_string_length(value)}
                                 : (struct text){0};
}

static const char *take_json_since(
    struct inquiry_question *question, struct channel_cursor *room, const json_t *since)
{
    static const char rule[] = "ms, or cursors as the answer gave them in since";
    size_t i;
    json_t *one;
    if (json_is_integer(since) && json_integer_value(since) >= 0) {
        question->since = json_integer_value(since);
        return NULL;
    }
    if (json_is_string(since)) {
        return take_since(question, room, text_in(since)) ? NULL : rule;
    }
    if (!json_is_array(since)) {
        return rule;
    }
    json_array_foreach(since, i, one)
    {
        if (!take_cursor(question, room, text_in(one))) {
            return rule;
        }
    }
    return NULL;
}

/* ---- the answer ---- */

static json_t *cursors_of(const struct inquiry_answer *answer)
{
    json_t *cursors = json_array();
    for (size_t i = 0; i < answer->cursor_count; i++) {
        const struct channel_cursor *cursor = &answer->cursors[i];
        json_array_append_new(
            cursors, json_sprintf("%.*s:%.*s", (int)cursor->channel.len, cursor->channel.data,
                         (int)cursor->cursor.len, cursor->cursor.data));
    }
    return cursors;
}

/* About how many bytes the alert takes as GeoJSON. */
static size_t weight(const struct alert *alert)
{
    size_t points = 128;
    for (size_t i = 0; i < alert->place.polygon_count; i++) {
        for (size_t r = 0; r < alert->place.polygons[i].count; r++) {
            points += alert->place.polygons[i].rings[r].count;
        }
    }
    return points * 26 + alert->description.len + alert->instruction.len + 1024;
}

/* Writes the features; false: not all, the answer would be too large. */
static bool put_features(struct geojson *out, const struct inquiry_answer *answer)
{
    bool all = true;
    size_t bytes = 0;
    for (size_t i = 0; i < answer->alert_count; i++) {
        const struct alert *alert = &answer->alerts[i]->alert;
        size_t weighs = weight(alert);
        if (bytes + weighs > ANSWER_BYTES) {
            all = false;
            continue;
        }
        bytes += weighs;
        geojson_alert(out, alert);
    }
    for (size_t i = 0; i < answer->activity_count; i++) {
        geojson_activity(out, &answer->activities[i]);
    }
    return all;
}

void feed_tag(struct bytes content, char out[FEED_TAG])
{
    uint8_t digest[16];
    seal_digest(content, digest);
    char *at = out + sprintf(out, "W/\"");
    for (size_t i = 0; i < sizeof(digest); i++) {
        at += sprintf(at, "%02x", digest[i]);
    }
    sprintf(at, "\"");
}

bool feed_answers(struct http_request *request, const struct inquiry_answer *answer)
{
    bool waiting = http_waiting(request);
    if (waiting && !answer->failed && !answer->refused) {
        return true;
    }
    if (waiting && answer->refused) {
        broker_counters(request->net->broker)->http_rationed++;
        http_refuse_for(
            request, 429, answer->refused->field, answer->refused->rule, answer->refused->retry_after_s);
    } else if (waiting) {
        http_refuse_for(request, 503, "store", "failed", 5);
    }
    http_done(request);
    return false;
}

void feed_refuse(struct http_request *request, const struct refusal *refusal)
{
    if (refusal->code == REASON_QUOTA_EXCEEDED) {
        http_refuse_for(request, 503, refusal->field, refusal->rule, refusal->retry_after_s);
    } else {
        http_refuse(request, 400, refusal->field, refusal->rule);
    }
    http_done(request);
}

static void answered(void *arg, const struct inquiry_answer *answer)
{
    struct http_request *request = arg;
    if (!feed_answers(request, answer)) {
        return;
    }
    struct geojson out;
    geojson_begin(&out);
    bool complete = put_features(&out, answer) && answer->complete;
    geojson_end(&out, json_pack("{s:b, s:o}", "complete", (int)complete, "since", cursors_of(answer)));
    http_answer_bytes(request, 200, "application/geo+json", out.data, out.len);
    if (request->method == HTTP_POST) {
        http_header(request, "cache-control:", "no-store");
    } else {
        char tag[FEED_TAG];
        feed_tag((struct bytes){(const uint8_t *)request->answer.body, request->answer.len}, tag);
        http_header(request, "cache-control:", "public, max-age=5");
        http_header(request, "vary:", "accept-encoding");
        (void)http_unchanged(request, tag, 0);
    }
    http_done(request);
}

static void ask(struct http_request *request, struct inquiry_question *question)
{
    struct refusal refusal;
    question->address = request->address;
    if (!question->since) { /* whole minutes, so that an answer is the same for a while */
        question->since = (broker_now(request->net->broker) - HOUR_MS) / MINUTE_MS * MINUTE_MS;
    }
    http_within(request, request->net->settings->http_answer_ms);
    if (broker_inquire(request->net->broker, question, answered, request, &refusal)) {
        return;
    }
    feed_refuse(request, &refusal);
}

/* ---- POST ---- */

void feed_look(struct http_request *request)
{
    struct text type = request->content_type;
    bool json = type.len >= 16 && strncasecmp(type.data, "application/json", 16) == 0;
    bool form = type.len >= 33 && strncasecmp(type.data, "application/x-www-form-urlencoded", 33) == 0;
    if (type.len && !json && !form) { /* a form: what `curl -d` says of anything */
        http_refuse(request, 415, "content-type", "application/json");
    }
}

/* The rule that the question breaks, and its field; NULL: none. */
static const char *read_question(json_t *root, struct inquiry_question *question, struct text *cells,
    struct channel_cursor *cursors, const char **field)
{
    json_t *near = json_object_get(root, "near"), *list = json_object_get(root, "cells"),
           *since = json_object_get(root, "since"), *one;
    size_t i;
    *field = "near";
    if (near) {
        json_int_t metres = json_integer_value(json_object_get(near, "metres"));
        question->place.near = text_in(json_object_get(near, "cell"));
        question->place.metres = metres > 0 && metres < UINT32_MAX ? (uint32_t)metres : 0;
        if (!question->place.near.len || !question->place.metres) {
            return "an object with cell and metres";
        }
    }
    *field = "cells";
    if (list && (!json_is_array(list) || json_array_size(list) > INQUIRY_CELLS)) {
        return "a list of at most 64 geohashes";
    }
    json_array_foreach(list, i, one)
    {
        cells[question->place.cell_count++] = text_in(one);
    }
    question->place.cells = cells;
    *field = "since";
    return since && !json_is_null(since) ? take_json_since(question, cursors, since) : NULL;
}

void feed_serve(struct http_request *request)
{
    static const char *const known[] = {"near", "cells", "since"};
    json_error_t error;
    struct text cells[INQUIRY_CELLS];
    struct channel_cursor cursors[CURSORS];
    struct inquiry_question question = {.cursors = cursors};
    const char *field = "body", *rule = NULL, *key;
    json_t *value,
        *root = json_loadb((const char *)request->body, request->body_len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        rule = "a JSON object with near and metres, or cells";
    }
    json_object_foreach(root, key, value)
    {
        bool right = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
            right = right || strcmp(key, known[i]) == 0;
        }
        rule = right ? rule : "near, cells and since alone";
    }
    rule = rule ? rule : read_question(root, &question, cells, cursors, &field);
    if (rule) {
        http_refuse(request, 400, field, rule);
        http_done(request);
    } else {
        ask(request, &question); /* copies what it needs */
    }
    json_decref(root);
}

/* ---- GET ---- */

size_t feed_split_cells(struct text list, struct text cells[INQUIRY_CELLS + 1])
{
    size_t count = 0;
    while (list.len && count <= INQUIRY_CELLS) {
        const char *comma = memchr(list.data, ',', list.len);
        size_t len = comma ? (size_t)(comma - list.data) : list.len;
        cells[count++] = (struct text){list.data, len};
        list = (struct text){list.data + len + (comma != NULL), list.len - len - (comma != NULL)};
    }
    return count;
}

void feed_serve_cells(struct http_request *request)
{
    struct text cells[INQUIRY_CELLS + 1], list, since;
    struct channel_cursor cursors[CURSORS];
    struct inquiry_question question = {.cursors = cursors, .place = {.cells = cells}};
    (void)http_argument(request, "cells", &list);
    question.place.cell_count = feed_split_cells(list, cells);
    if (question.place.cell_count == 0) {
        http_refuse(request, 400, "cells", "required: geohashes with commas between them");
        http_done(request);
    } else if (http_argument(request, "since", &since) && !take_since(&question, cursors, since)) {
        http_refuse(request, 400, "since", "ms, or cursors as the answer gave them in since");
        http_done(request);
    } else {
        ask(request, &question);
    }
}
