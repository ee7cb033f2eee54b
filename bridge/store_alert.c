/* Alerts: stored in one step under their sender's tag (scripts/alert.lua, message.lua). */
#include <assert.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

struct alert_call {
    store_alert_done *done;
    void *arg;
};

enum { IS_PENDING = 1, IS_MERGED = 2 };

void alert_result_decode(
    struct store *store, struct store_alert_result *result, enum store_status status, const redisReply *reply)
{
    struct text id = reply_text(reply_at(reply, 1));
    *result = (struct store_alert_result){.status = status};
    if (status == STORE_OK && id.len == PUBLIC_ID) {
        int64_t flags = reply_number(reply_at(reply, 3));
        result->status = (enum store_status)reply_number(reply_at(reply, 0));
        memcpy(result->public_id, id.data, PUBLIC_ID);
        result->revision = (uint32_t)reply_number(reply_at(reply, 2));
        result->pending = flags & IS_PENDING;
        result->merged = flags & IS_MERGED;
        result->retry_after_ms = reply_number(reply_at(reply, 4));
        store->upkeep.kicked = true;
    } else if (status == STORE_OK) {
        result->status = STORE_FAILED;
    }
}

static void on_alert(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct alert_call *call = arg;
    struct store_alert_result result;
    alert_result_decode(store, &result, status, reply);
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

static void put_bytes(struct buffer *command, struct bytes bytes)
{
    command_bytes(command, bytes.data, bytes.len);
}

static void put_text(struct buffer *command, struct text text)
{
    command_bytes(command, text.data, text.len);
}

void alert_put_message(const struct store *store, struct buffer *command, const struct store_alert *alert)
{
    command_text(command, alert->id);
    command_bytes(command, alert->digest, sizeof(alert->digest));
    command_number(command, alert->now);
    command_number(command, alert->expires);
    command_number(command, store->options.absence_ms);
    put_bytes(command, alert->body);
    put_bytes(command, alert->area);
    put_words(command, (const char *)alert->channels, alert->channel_count, sizeof(*alert->channels));
    put_words(command, (const char *)alert->references, alert->reference_count, sizeof(*alert->references));
    put_text(command, alert->sender);
    put_text(command, alert->client);
    put_text(command, alert->household);
    put_text(command, alert->officer);
    command_number(command, alert->agency);
    command_number(command, alert->approval);
    command_number(command, alert->severity);
    command_number(command, alert->truth);
    put_bytes(command, alert->document);
    put_text(command, alert->document_type);
    command_number(command, alert->only_known);
    command_number(command, alert->limit);
    command_number(command, alert->limit_window_ms);
}

void store_alert(struct store *store, const struct store_alert *alert, store_alert_done *done, void *arg)
{
    assert(alert->sender_tag < STORE_SENDER_TAGS && alert->channel_count <= STORE_COVER);
    char key[KEY];
    struct buffer command = {0};
    sender_key(key, alert->sender_tag, "alert:", alert->id);
    command_function(&command, "nb_alert", 1, 1 + MESSAGE_ARGUMENTS);
    command_text(&command, key);
    command_number(&command, alert->act);
    alert_put_message(store, &command, alert);
    struct alert_call *call = store_alloc(sizeof(*call));
    *call = (struct alert_call){done, arg};
    store_send(store, &command, on_alert, call);
}
