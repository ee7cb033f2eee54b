/* Alerts as they are read: revisions, documents, the agencies' list (scripts/record.lua). */
#include <stdlib.h>

#include "bridge/store_inside.h"

/* ---- revisions ---- */

struct load_call {
    store_record_done *done;
    void *arg;
    char public_id[PUBLIC_ID + 1];
};

enum { FIRST_AREA = 15 };

static void decode_record(struct store_alert_record *record, const redisReply *reply)
{
    record->status = (enum store_status)reply_number(reply_at(reply, 0));
    record->revision = (uint32_t)reply_number(reply_at(reply, 1));
    record->in_force = reply_number(reply_at(reply, 2)) == 1;
    record->expires = reply_number(reply_at(reply, 3));
    record->body = reply_bytes(reply_at(reply, 4));
    record->truth = (uint8_t)reply_number(reply_at(reply, 5));
    record->severity = (uint8_t)reply_number(reply_at(reply, 6));
    record->merged = (uint32_t)reply_number(reply_at(reply, 7));
    record->held = reply_number(reply_at(reply, 8)) == 1;
    record->removed = reply_number(reply_at(reply, 8)) == 2;
    record->pending = reply_number(reply_at(reply, 9)) == 1;
    record->has_document = reply_number(reply_at(reply, 10)) == 1;
    record->sender = reply_text(reply_at(reply, 11));
    record->household = reply_text(reply_at(reply, 12));
    record->officer = reply_text(reply_at(reply, 13));
    record->at = reply_number(reply_at(reply, 14));
}

static void on_load(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct load_call *call = arg;
    struct store_alert_record record = {.status = status};
    struct bytes *areas = NULL;
    memcpy(record.public_id, call->public_id, sizeof(record.public_id));
    if (status == STORE_OK) {
        size_t count = reply_count(reply);
        decode_record(&record, reply);
        record.area_count = count > FIRST_AREA ? count - FIRST_AREA : 0;
        areas = store_alloc(record.area_count * sizeof(*areas));
        for (size_t i = 0; i < record.area_count; i++)
            areas[i] = reply_bytes(reply_at(reply, FIRST_AREA + i));
        record.areas = areas;
    }
    call->done(call->arg, &record);
    free(areas);
    free(call);
}

void store_alert_load(struct store *store, uint8_t sender_tag, const char *public_id, uint32_t revision,
    store_record_done *done, void *arg)
{
    char key[KEY];
    struct command command = {0};
    struct load_call *call = store_alloc(sizeof(*call));
    *call = (struct load_call){.done = done, .arg = arg};
    strncpy(call->public_id, public_id, PUBLIC_ID);
    sender_key(key, sender_tag, "alert:", call->public_id);
    command_function(&command, "nb_load", 1, 2);
    command_text(&command, key);
    command_text(&command, call->public_id);
    command_number(&command, revision);
    store_send(store, &command, on_load, call);
}

/* ---- documents ---- */

struct document_call {
    store_document_done *done;
    void *arg;
};

static void on_document(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct document_call *call = arg;
    struct store_document found = {.status = status};
    if (status == STORE_OK) {
        found.status = (enum store_status)reply_number(reply_at(reply, 0));
        found.revision = (uint32_t)reply_number(reply_at(reply, 1));
        found.in_force = reply_number(reply_at(reply, 2)) == 1;
        found.at = reply_number(reply_at(reply, 3));
        found.document = reply_bytes(reply_at(reply, 4));
        found.type = reply_text(reply_at(reply, 5));
    }
    call->done(call->arg, &found);
    free(call);
}

void store_alert_document(
    struct store *store, uint8_t sender_tag, const char *public_id, store_document_done *done, void *arg)
{
    char key[KEY];
    struct command command = {0};
    struct document_call *call = store_alloc(sizeof(*call));
    *call = (struct document_call){done, arg};
    sender_key(key, sender_tag, "alert:", public_id);
    command_function(&command, "nb_document", 1, 0);
    command_text(&command, key);
    store_send(store, &command, on_document, call);
}

/* ---- the agencies' list: a question a tag ---- */

struct listed {
    int64_t since;
    struct alert_notice notice;
};
struct list_call {
    store_list_done *done;
    void *arg;
    enum store_status status;
    unsigned left; /* tags not yet answered */
    size_t count, room;
    struct listed *alerts;
};
struct tag_question {
    struct list_call *call;
    uint8_t tag;
};

static int by_since(const void *a, const void *b)
{
    const struct listed *one = a, *other = b;
    if (one->since != other->since)
        return one->since < other->since ? -1 : 1;
    return strcmp(one->notice.public_id, other->notice.public_id);
}

static void finish_list(struct list_call *call)
{
    struct alert_notice *alerts = store_alloc(call->count * sizeof(*alerts));
    if (call->count)
        qsort(call->alerts, call->count, sizeof(*call->alerts), by_since);
    for (size_t i = 0; i < call->count; i++)
        alerts[i] = call->alerts[i].notice;
    struct store_alert_list list = {call->status, call->count, alerts};
    call->done(call->arg, &list);
    free(alerts);
    free(call->alerts);
    free(call);
}

static void add_listed(struct list_call *call, const struct listed *alert)
{
    if (call->count == call->room) {
        struct listed *former = call->alerts;
        call->room = call->room ? 2 * call->room : 16;
        call->alerts = store_alloc(call->room * sizeof(*call->alerts));
        if (former)
            memcpy(call->alerts, former, call->count * sizeof(*former));
        free(former);
    }
    call->alerts[call->count++] = *alert;
}

static void on_tag(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct tag_question *question = arg;
    struct list_call *call = question->call;
    if (status != STORE_OK)
        call->status = status;
    for (size_t i = 0; i + 2 < reply_count(reply); i += 3) {
        struct text id = reply_text(reply_at(reply, i));
        struct listed alert = {.since = reply_number(reply_at(reply, i + 2)),
            .notice = {.revision = (uint32_t)reply_number(reply_at(reply, i + 1)),
                .sender_tag = question->tag,
                .in_force = true}};
        if (id.len != PUBLIC_ID)
            continue;
        memcpy(alert.notice.public_id, id.data, PUBLIC_ID);
        add_listed(call, &alert);
    }
    free(question);
    if (--call->left == 0)
        finish_list(call);
}

void store_agency_alerts(struct store *store, store_list_done *done, void *arg)
{
    struct list_call *call = store_alloc(sizeof(*call));
    *call = (struct list_call){.done = done, .arg = arg, .left = STORE_SENDER_TAGS};
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag++) {
        char key[KEY];
        struct command command = {0};
        struct tag_question *question = store_alloc(sizeof(*question));
        *question = (struct tag_question){call, (uint8_t)tag};
        sender_key(key, tag, "agency", "");
        command_function(&command, "nb_agency", 1, 0);
        command_text(&command, key);
        store_send(store, &command, on_tag, question);
    }
}
