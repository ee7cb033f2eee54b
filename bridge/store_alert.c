/* Alerts: stored in one step under their sender's tag (scripts/alert.lua, message.lua). */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

/* A message on its way. Of a resident's what was sent is kept: it may concern a report that is part of
 * another sender's alert, under another tag, which is told first. */
struct alert_call {
    store_alert_done *done;
    void *arg;
    enum store_alert_act act;
    uint8_t sender_tag;
    char id[PUBLIC_ID + 1];
    struct command message; /* empty: of an agency */
    size_t parts_left;
    struct buffer told; /* words: part, alert, status, revision */
};
struct part_call {
    struct alert_call *alert;
    unsigned tag; /* of the lead */
    char part[PUBLIC_ID + 1], lead[PUBLIC_ID + 1];
};

enum { IS_PENDING = 1, IS_MERGED = 2 };

void alert_result_decode(struct store *store, struct store_alert_result *result, unsigned tag,
    enum store_status status, const redisReply *reply)
{
    struct text id = reply_text(reply_at(reply, 1));
    *result = (struct store_alert_result){.status = status};
    if (status == STORE_OK && id.len == PUBLIC_ID) {
        int64_t flags = reply_number(reply_at(reply, 3));
        int64_t answer = reply_number(reply_at(reply, 0));
        result->status = answer < ANSWER_FORWARD ? (enum store_status)answer : STORE_FAILED;
        memcpy(result->public_id, id.data, PUBLIC_ID);
        result->revision = (uint32_t)reply_number(reply_at(reply, 2));
        result->pending = flags & IS_PENDING;
        result->merged = flags & IS_MERGED;
        result->retry_after_ms = reply_number(reply_at(reply, 4));
        outbox_told(store, tag);
    } else if (status == STORE_OK) {
        result->status = STORE_FAILED;
    }
}

/* The words with a space between them, as the scripts read lists. */
static void put_words(struct command *command, const char *words, size_t count, size_t stride)
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

static void put_bytes(struct command *command, struct bytes bytes)
{
    command_bytes(command, bytes.data, bytes.len);
}

void alert_put_message(const struct store *store, struct command *command, const struct store_alert *alert)
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
    command_view(command, alert->sender);
    command_view(command, alert->client);
    command_view(command, alert->household);
    command_view(command, alert->officer);
    command_number(command, alert->agency);
    command_number(command, alert->approval);
    command_number(command, alert->severity);
    command_number(command, alert->truth);
    put_bytes(command, alert->document);
    command_view(command, alert->document_type);
    command_number(command, alert->only_known);
    command_number(command, alert->limit);
    command_number(command, alert->limit_window_ms);
    command_view(command, alert->name);
    command_view(command, alert->case_number);
    command_view(command, alert->headline);
}

static void send_alert(struct store *store, struct alert_call *call, const struct command *message);

/* ---- parts of others' alerts ---- */

static void on_part(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct part_call *part = arg;
    struct alert_call *call = part->alert;
    char words[2 * PUBLIC_ID + 48];
    int64_t answer = status == STORE_OK ? reply_number(reply_at(reply, 0)) : status;
    int len = snprintf(words, sizeof(words), "%s%s %s %lld %lld", call->told.len ? " " : "", part->part,
        part->lead, (long long)answer, (long long)reply_number(reply_at(reply, 1)));
    buffer_put(&call->told, words, (size_t)len);
    outbox_told(store, part->tag);
    free(part);
    if (--call->parts_left == 0)
        send_alert(store, call, &call->message);
}

static void tell_part(struct store *store, struct alert_call *call, enum store_alert_act act,
    const redisReply *part, const redisReply *lead, const redisReply *tag)
{
    struct part_call *told = store_alloc(sizeof(*told));
    struct command command = {0};
    char key[KEY];
    told->alert = call;
    told->tag = (unsigned)reply_number(tag);
    snprintf(told->part, sizeof(told->part), "%.*s", (int)reply_text(part).len, reply_text(part).data);
    snprintf(told->lead, sizeof(told->lead), "%.*s", (int)reply_text(lead).len, reply_text(lead).data);
    sender_key(key, told->tag, "alert:", told->lead);
    command_function(&command, "nb_part", 1, 3 + MESSAGE_ARGUMENTS);
    command_text(&command, key);
    command_number(&command, act);
    command_text(&command, told->lead);
    command_text(&command, told->part);
    command_join(&command, &call->message);
    call->parts_left++;
    store_send(store, &command, on_part, told);
}

/* Whether the answer asks for parts to be told. */
static bool forward(struct store *store, struct alert_call *call, const redisReply *reply)
{
    bool update = call->act == STORE_ALERT_UPDATE && reply_number(reply_at(reply, 2)) == 1;
    size_t count = reply_count(reply);
    if (reply_number(reply_at(reply, 0)) != ANSWER_FORWARD || !call->message.bytes.len || call->told.len)
        return false;
    for (size_t i = 3; i + 2 < count; i += 3)
        tell_part(store, call, update && i == 3 ? STORE_ALERT_UPDATE : STORE_ALERT_CANCEL, reply_at(reply, i),
            reply_at(reply, i + 1), reply_at(reply, i + 2));
    return call->parts_left > 0;
}

/* ---- the message itself ---- */

static void on_alert(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct alert_call *call = arg;
    struct store_alert_result result;
    if (status == STORE_OK && forward(store, call, reply))
        return;
    alert_result_decode(store, &result, call->sender_tag, status, reply);
    if (call->done)
        call->done(call->arg, &result);
    command_free(&call->message);
    buffer_free(&call->told);
    free(call);
}

static void send_alert(struct store *store, struct alert_call *call, const struct command *message)
{
    char key[KEY];
    struct command command = {0};
    sender_key(key, call->sender_tag, "alert:", call->id);
    command_function(&command, "nb_alert", 1, 2 + MESSAGE_ARGUMENTS);
    command_text(&command, key);
    command_number(&command, call->act);
    command_bytes(&command, call->told.data, call->told.len);
    command_join(&command, message);
    store_send(store, &command, on_alert, call);
}

void store_alert(struct store *store, const struct store_alert *alert, store_alert_done *done, void *arg)
{
    assert(alert->sender_tag < STORE_SENDER_TAGS && alert->channel_count <= STORE_COVER);
    struct command message = {0};
    struct alert_call *call = store_alloc(sizeof(*call));
    *call = (struct alert_call){.done = done, .arg = arg, .act = alert->act, .sender_tag = alert->sender_tag};
    memcpy(call->id, alert->id, PUBLIC_ID);
    alert_put_message(store, &message, alert);
    send_alert(store, call, &message);
    if (alert->agency)
        command_free(&message);
    else
        call->message = message;
}

/* ---- deliveries ---- */

static void on_delivered(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)arg;
    (void)status;
    (void)reply;
}

void store_alert_delivered(
    struct store *store, uint8_t sender_tag, const char *public_id, uint32_t revision, uint32_t deliveries)
{
    struct command command = {0};
    char key[KEY];
    sender_key(key, sender_tag, "alert:", public_id);
    command_function(&command, "nb_delivered", 1, 2);
    command_text(&command, key);
    command_number(&command, revision);
    command_number(&command, deliveries);
    command.any_order = true;
    store_send(store, &command, on_delivered, NULL);
}
