/* A part of what an agency has here: scripts/desk.lua. */
#include "bridge/store_desk.h"

#include <stdlib.h>

#include "bridge/store_inside.h"
#include "proto/arena.h"
#include "proto/message.h"

struct desk_call {
    store_desk_done *done;
    void *arg;
};

static void decode_alerts(const redisReply *reply, struct arena *arena, struct store_desk *out)
{
    out->alert_count = reply_count(reply);
    struct store_desk_alert *alerts = arena_alloc(arena, out->alert_count * sizeof *alerts);
    for (size_t i = 0; i < out->alert_count; i++) {
        const redisReply *each = reply_at(reply, i);
        alerts[i] = (struct store_desk_alert){.public_id = reply_text(reply_at(each, 0)),
            .waiting = reply_number(reply_at(each, 1)) != 0,
            .revision = (uint32_t)reply_number(reply_at(each, 2)),
            .officer = reply_text(reply_at(each, 3)),
            .at = reply_number(reply_at(each, 4)),
            .body = reply_bytes(reply_at(each, 5))};
    }
    out->alerts = alerts;
}

static void decode_requests(const redisReply *reply, struct arena *arena, struct store_desk *out)
{
    out->request_count = reply_count(reply);
    struct store_desk_request *requests = arena_alloc(arena, out->request_count * sizeof *requests);
    for (size_t i = 0; i < out->request_count; i++) {
        const redisReply *each = reply_at(reply, i);
        requests[i] = (struct store_desk_request){.body = reply_bytes(reply_at(each, 0)),
            .officer = reply_text(reply_at(each, 1)),
            .at = reply_number(reply_at(each, 2)),
            .until = reply_number(reply_at(each, 3))};
    }
    out->requests = requests;
}

static void decode_closed(const redisReply *reply, struct arena *arena, struct store_desk *out)
{
    out->closed_count = reply_count(reply) / 2;
    out->closed = arena_alloc(arena, out->closed_count * sizeof *out->closed);
    for (size_t i = 0; i < out->closed_count; i++)
        out->closed[i] = (struct desk_case){
            reply_text(reply_at(reply, 2 * i)), (uint8_t)reply_number(reply_at(reply, 2 * i + 1))};
}

static void decode_grants(const redisReply *reply, struct arena *arena, struct desk_programme *out)
{
    out->grant_count = reply_count(reply) / 3;
    out->grants = arena_alloc(arena, out->grant_count * sizeof *out->grants);
    for (size_t i = 0; i < out->grant_count; i++)
        out->grants[i] = (struct desk_grant){reply_text(reply_at(reply, 3 * i)),
            (uint32_t)reply_number(reply_at(reply, 3 * i + 1)),
            reply_number(reply_at(reply, 3 * i + 2)) != 0};
}

static void decode_programmes(const redisReply *reply, struct arena *arena, struct store_desk *out)
{
    out->programme_count = reply_count(reply);
    out->programmes = arena_alloc(arena, out->programme_count * sizeof *out->programmes);
    for (size_t i = 0; i < out->programme_count; i++) {
        const redisReply *each = reply_at(reply, i);
        out->programmes[i] = (struct desk_programme){.programme = reply_text(reply_at(each, 0)),
            .reward = reply_text(reply_at(each, 1)),
            .stock = (uint32_t)reply_number(reply_at(each, 2)),
            .given = (uint32_t)reply_number(reply_at(each, 3))};
        decode_grants(reply_at(each, 4), arena, &out->programmes[i]);
    }
}

static void on_part(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct desk_call *call = arg;
    struct store_desk part = {.status = status};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    if (status == STORE_OK) {
        part.next = reply_text(reply_at(reply, 0));
        decode_alerts(reply_at(reply, 1), &arena, &part);
        decode_requests(reply_at(reply, 2), &arena, &part);
        decode_closed(reply_at(reply, 3), &arena, &part);
        decode_programmes(reply_at(reply, 4), &arena, &part);
    }
    call->done(call->arg, &part);
    arena_free(&arena);
    free(call);
}

void store_desk(struct store *store, uint8_t agency_tag, struct text agency, struct text page, int64_t now,
    store_desk_done *done, void *arg)
{
    struct command command = {0};
    struct buffer key = {0};
    struct desk_call *call = store_alloc(sizeof *call);
    char prefix[KEY];
    *call = (struct desk_call){done, arg};
    buffer_put(&key, prefix, (size_t)sender_key(prefix, agency_tag, "own:", ""));
    buffer_put(&key, agency.data, agency.len);
    command_function(&command, "nb_desk", 1, 3);
    command_bytes(&command, key.data, key.len);
    command_view(&command, agency);
    command_number(&command, now);
    command_view(&command, page);
    buffer_free(&key);
    store_send(store, &command, on_part, call);
}
