#include "bridge/store_verification.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

/* A place opens for the code that bears it alone. */
static void owner_of(const char *digest, char out[PLACE_OWNER])
{
    snprintf(out, PLACE_OWNER, "code %.64s", digest);
}

void store_invite(
    struct store *store, const struct store_invitation *invitation, store_status_done *done, void *arg)
{
    struct command command = {0};
    char owner[PLACE_OWNER], sealed[PLACE_SEALED + 1];
    owner_of(invitation->digest, owner);
    place_seal(store->options.places, owner, invitation->leaf, sealed);
    command_function(&command, "nb_code_begin", 0, 9);
    command_text(&command, invitation->digest);
    command_text(&command, verification_way_name(VERIFICATION_NEIGHBOR));
    command_text(&command, "");
    command_view(&command, invitation->by);
    command_text(&command, sealed);
    command_number(&command, invitation->expires);
    command_number(&command, invitation->now);
    command_view(&command, invitation->household);
    command_number(&command, invitation->most);
    store_send_for_status(store, &command, done, arg);
}

struct look_call {
    store_code_done *done;
    void *arg;
    char digest[65];
};

static void on_look(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct look_call *call = arg;
    struct store_code code = {.status = status};
    char owner[PLACE_OWNER];
    if (status == STORE_OK)
        code.status = (enum store_status)reply_number(reply_at(reply, 0));
    if (code.status == STORE_LIMITED)
        code.retry_s = (uint32_t)reply_number(reply_at(reply, 1));
    if (code.status == STORE_OK) {
        owner_of(call->digest, owner);
        code.way = (enum verification_way)verification_way_of(reply_text(reply_at(reply, 1)));
        if (!code.way || !place_open(store->options.places, owner, reply_text(reply_at(reply, 3)), code.leaf))
            code.status = STORE_NOT_FOUND;
    }
    call->done(call->arg, &code);
    free(call);
}

void store_code_look(struct store *store, const char *digest, struct text household, int64_t now,
    store_code_done *done, void *arg)
{
    struct command command = {0};
    struct look_call *call = store_alloc(sizeof(*call));
    *call = (struct look_call){.done = done, .arg = arg};
    snprintf(call->digest, sizeof(call->digest), "%s", digest);
    command_function(&command, "nb_code_look", 0, 3);
    command_text(&command, digest);
    command_view(&command, household);
    command_number(&command, now);
    store_send(store, &command, on_look, call);
}

void store_code_use(struct store *store, const char *digest, struct text household, int64_t now,
    store_status_done *done, void *arg)
{
    struct command command = {0};
    command_function(&command, "nb_code_use", 0, 4);
    command_text(&command, digest);
    command_view(&command, household);
    command_number(&command, now);
    command_number(&command, 1);
    store_send_for_status(store, &command, done, arg);
}
