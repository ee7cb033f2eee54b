/* scripts/agency.lua. */
#include "bridge/store_agency.h"

#include <stdlib.h>

#include "bridge/store_inside.h"

struct drilled_call {
    store_status_done *done;
    void *arg;
};

static void on_drilled(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct drilled_call *call = arg;
    call->done(call->arg, status == STORE_OK ? (enum store_status)reply_number(reply) : status);
    free(call);
}

void store_drilled(
    struct store *store, struct text principal, int64_t now, store_status_done *done, void *arg)
{
    struct command command = {0};
    struct buffer key = {0};
    struct drilled_call *call = store_alloc(sizeof(*call));
    *call = (struct drilled_call){done, arg};
    session_key(&key, (struct session_name){.principal = principal}, "principal");
    command_function(&command, "nb_drilled", 1, 2);
    command_bytes(&command, key.data, key.len);
    command_bytes(&command, principal.data, principal.len);
    command_number(&command, now);
    buffer_free(&key);
    store_send(store, &command, on_drilled, call);
}

struct agencies_call {
    store_agencies_done *done;
    void *arg;
};

static void on_agencies(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct agencies_call *call = arg;
    size_t count = status == STORE_OK ? reply_count(reply) : 0;
    struct text *features = store_alloc((count + 1) * sizeof(*features));
    for (size_t i = 0; i < count; i++)
        features[i] = reply_text(reply_at(reply, i));
    call->done(call->arg, &(struct store_agencies){status, count, features});
    free(features);
    free(call);
}

void store_agencies(struct store *store, store_agencies_done *done, void *arg)
{
    struct command command = {0};
    struct agencies_call *call = store_alloc(sizeof(*call));
    *call = (struct agencies_call){done, arg};
    command_function(&command, "nb_agencies", 1, 0);
    command_text(&command, "nb:{agencies}:list");
    store_send(store, &command, on_agencies, call);
}
