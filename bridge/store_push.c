/* Subscriptions: found by digests of channels under tags of their own, so that the index tells nothing of
 * where it is of. First it is found, then it is there: what is acknowledged misses nothing. What the index
 * says of a subscription that is gone is taken out when somebody comes across it. */
#include "bridge/store_push.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"
#include "bridge/store_push_inside.h"

static const char purpose[] = "pushes";
#define INDEX_SPARE_MS INT64_C(86400000)

void push_owner(const char *id, const char *part, char out[PUSH_OWNER])
{
    snprintf(out, PUSH_OWNER, "push %s %s", part, id);
}

void push_key(const char *id, char out[KEY])
{
    uint8_t first;
    hex_to_bytes(&first, id, 1);
    sender_key(out, first, "push:", id);
}

/* ---- the index ---- */

void push_at_key(const struct store *store, const char *channel, char out[KEY], uint8_t digest[PUSH_DIGEST])
{
    char name[PLACE_DIGEST + 1];
    place_digest(store->options.places, purpose, text_of(channel), name);
    hex_to_bytes(digest, name, PUSH_DIGEST);
    push_at_digest_key(digest, out);
}

void push_at_digest_key(const uint8_t digest[PUSH_DIGEST], char out[KEY])
{
    char name[2 * PUSH_DIGEST + 1];
    bytes_to_hex(name, digest, PUSH_DIGEST);
    sender_key(out, digest[0], "push_at:", name);
}

void push_unindex(struct store *store, const char *key, const char *id)
{
    struct command command = {0};
    command_begin(&command, 3);
    command_text(&command, "ZREM");
    command_text(&command, key);
    command_text(&command, id);
    store_send_for_status(store, &command, NULL, NULL);
}

static void unindex_all(struct store *store, struct bytes digests, const char *id)
{
    for (size_t at = 0; at + PUSH_DIGEST <= digests.len; at += PUSH_DIGEST) {
        char key[KEY];
        push_at_digest_key(digests.data + at, key);
        push_unindex(store, key, id);
    }
}

/* ---- put ---- */

/* Under way until the index and then the subscription itself are stored. */
struct put_call {
    struct store_push push;
    char id[PUBLIC_ID + 1];
    struct buffer sealed, digests;
    size_t waiting;
    enum store_status status;
    store_status_done *done;
    void *arg;
};

static void finish_put(struct put_call *call, enum store_status status)
{
    call->done(call->arg, status);
    buffer_free(&call->sealed);
    buffer_free(&call->digests);
    free(call);
}

static void on_put(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct put_call *call = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    if (status == STORE_OK)
        unindex_all(store, reply_bytes(reply_at(reply, 1)), call->id);
    else if (status == STORE_LIMITED)
        unindex_all(store, (struct bytes){call->digests.data, call->digests.len}, call->id);
    finish_put(call, status);
}

static void put(struct store *store, struct put_call *call)
{
    struct command command = {0};
    char key[KEY];
    push_key(call->id, key);
    command_function(&command, "nb_push_put", 1, 6);
    command_text(&command, key);
    command_text(&command, call->id);
    command_bytes(&command, call->sealed.data, call->sealed.len);
    command_bytes(&command, call->digests.data, call->digests.len);
    command_number(&command, call->push.until);
    command_number(&command, call->push.now);
    command_number(&command, (int64_t)((call->push.most + STORE_SENDER_TAGS - 1) / STORE_SENDER_TAGS));
    store_send(store, &command, on_put, call);
}

static void on_indexed(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)reply;
    struct put_call *call = arg;
    if (status != STORE_OK)
        call->status = status;
    if (--call->waiting > 0)
        return;
    if (call->status == STORE_OK)
        put(store, call);
    else
        finish_put(call, call->status);
}

static void seal_record(const struct store *store, struct put_call *call, struct bytes record)
{
    char owner[PUSH_OWNER];
    push_owner(call->id, "record", owner);
    call->sealed.data = store_alloc(record.len + PLACE_SEAL_EXTRA);
    call->sealed.len = record.len + PLACE_SEAL_EXTRA;
    place_seal_bytes(store->options.places, owner, record, call->sealed.data);
}

void store_push_put(struct store *store, const struct store_push *push, store_status_done *done, void *arg)
{
    struct put_call *call = store_alloc(sizeof(*call));
    *call = (struct put_call){.push = *push, .waiting = push->channel_count, .done = done, .arg = arg};
    memcpy(call->id, push->id, PUBLIC_ID);
    seal_record(store, call, push->record);
    for (size_t i = 0; i < push->channel_count; i++) {
        struct command command = {0};
        char key[KEY];
        uint8_t digest[PUSH_DIGEST];
        push_at_key(store, push->channels[i], key, digest);
        buffer_put(&call->digests, digest, sizeof(digest));
        command_function(&command, "nb_push_index", 1, 2);
        command_text(&command, key);
        command_text(&command, call->id);
        command_number(&command, push->until - push->now + INDEX_SPARE_MS);
        store_send(store, &command, on_indexed, call);
    }
}

/* ---- remove ---- */

struct remove_call {
    char id[PUBLIC_ID + 1];
    store_status_done *done;
    void *arg;
};

static void on_removed(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct remove_call *call = arg;
    if (status == STORE_OK)
        unindex_all(store, reply_bytes(reply), call->id);
    if (call->done)
        call->done(call->arg, status);
    free(call);
}

void store_push_remove(struct store *store, const char *id, store_status_done *done, void *arg)
{
    struct remove_call *call = store_alloc(sizeof(*call));
    struct command command = {0};
    char key[KEY];
    *call = (struct remove_call){.done = done, .arg = arg};
    memcpy(call->id, id, PUBLIC_ID);
    push_key(call->id, key);
    command_function(&command, "nb_push_remove", 1, 1);
    command_text(&command, key);
    command_text(&command, call->id);
    store_send(store, &command, on_removed, call);
}

/* ---- count ---- */

struct count_call {
    store_push_count_done *done;
    void *arg;
};

static void on_counted(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct count_call *call = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    call->done(call->arg, status, reply_number(reply_at(reply, 1)) * 1000);
    free(call);
}

void store_push_count(
    struct store *store, struct text who, uint32_t most, store_push_count_done *done, void *arg)
{
    struct count_call *call = store_alloc(sizeof(*call));
    struct command command = {0};
    struct buffer key = {0};
    *call = (struct count_call){done, arg};
    session_key(&key, (struct session_name){.principal = who}, "push_day");
    command_function(&command, "nb_push_count", 1, 1);
    command_bytes(&command, key.data, key.len);
    command_number(&command, most);
    buffer_free(&key);
    store_send(store, &command, on_counted, call);
}
