/* Alerts: stored in one step under their sender's tag (scripts/alert.lua), and loaded again. */
#include <assert.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

struct alert_call {
    store_alert_done *done;
    void *arg;
};

static void on_alert(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct alert_call *call = arg;
    struct store_alert_result result = {.status = status};
    struct text id = reply_text(reply_at(reply, 1));
    if (status == STORE_OK && id.len == PUBLIC_ID) {
        result.status = (enum store_status)reply_number(reply_at(reply, 0));
        memcpy(result.public_id, id.data, PUBLIC_ID);
        result.revision = (uint32_t)reply_number(reply_at(reply, 2));
        store->upkeep.kicked = true;
    } else if (status == STORE_OK) {
        result.status = STORE_FAILED;
    }
    if (call->done)
        call->done(call->arg, &result);
    free(call);
}

/* The words with a space between them, as the scripts read lists. */
static void put_words(struct buffer *command, const char *words, size_t count, size_t stride)
{
    struct buffer list = {0};
    for (size_t i = 0; i < count; i++) {
        if (i)
            buffer_put(&list, " ", 1);
        buffer_put(&list, words + i * stride, strlen(words + i * stride));
    }
    command_bytes(command, list.data, list.len);
    buffer_free(&list);
}

void store_alert(struct store *store, const struct store_alert *alert, store_alert_done *done, void *arg)
{
    assert(alert->sender_tag < STORE_SENDER_TAGS && alert->channel_count <= STORE_COVER);
    char key[KEY];
    struct buffer command = {0};
    sender_key(key, alert->sender_tag, "alert:", alert->id);
    command_function(&command, "nb_alert", 1, 10);
    command_text(&command, key);
    command_number(&command, alert->act);
    command_text(&command, alert->id);
    command_bytes(&command, alert->digest, sizeof(alert->digest));
    command_number(&command, alert->now);
    command_number(&command, alert->expires);
    command_number(&command, store->options.absence_ms);
    command_bytes(&command, alert->body.data, alert->body.len);
    command_bytes(&command, alert->area.data, alert->area.len);
    put_words(&command, (const char *)alert->channels, alert->channel_count, sizeof(*alert->channels));
    put_words(&command, (const char *)alert->references, alert->reference_count, sizeof(*alert->references));
    struct alert_call *call = store_alloc(sizeof(*call));
    *call = (struct alert_call){done, arg};
    store_send(store, &command, on_alert, call);
}

struct load_call {
    store_record_done *done;
    void *arg;
    char public_id[PUBLIC_ID + 1];
};

static void on_load(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct load_call *call = arg;
    struct store_alert_record record = {.status = status};
    struct bytes *areas = NULL;
    memcpy(record.public_id, call->public_id, sizeof(record.public_id));
    if (status == STORE_OK) {
        size_t count = reply_count(reply);
        record.status = (enum store_status)reply_number(reply_at(reply, 0));
        record.revision = (uint32_t)reply_number(reply_at(reply, 1));
        record.in_force = reply_number(reply_at(reply, 2)) == 1;
        record.expires = reply_number(reply_at(reply, 3));
        record.body = reply_bytes(reply_at(reply, 4));
        record.at = reply_number(reply_at(reply, 5));
        record.area_count = count > 6 ? count - 6 : 0;
        areas = store_alloc(record.area_count * sizeof(*areas));
        for (size_t i = 0; i < record.area_count; i++)
            areas[i] = reply_bytes(reply_at(reply, 6 + i));
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
    struct buffer command = {0};
    struct load_call *call = store_alloc(sizeof(*call));
    *call = (struct load_call){.done = done, .arg = arg};
    strncpy(call->public_id, public_id, PUBLIC_ID);
    sender_key(key, sender_tag, "alert:", call->public_id);
    command_function(&command, "nb_load", 1, 1);
    command_text(&command, key);
    command_number(&command, revision);
    store_send(store, &command, on_load, call);
}
