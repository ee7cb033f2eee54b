/* Two steps, a tag each: that it may be tried, then the invitation itself. */
#include "bridge/store_invitation.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/invitation.h"
#include "bridge/store_inside.h"

struct invited_call {
    store_invited_done *done;
    void *arg;
    char digest[SEAL_CODE + 1], nonce[65];
    int64_t now;
};

static void end(struct invited_call *call, const struct store_invited *invited)
{
    call->done(call->arg, invited);
    free(call);
}

static void on_taken(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct invited_call *call = arg;
    struct store_invited invited = {.status = status};
    struct bytes sealed = reply_bytes(reply);
    uint8_t given[INVITATION_MOST];
    char owner[PLACE_OWNER];
    if (status == STORE_OK) {
        invitation_owner(call->digest, owner);
        bool opened = sealed.len > PLACE_SEAL_EXTRA && sealed.len <= INVITATION_MOST + PLACE_SEAL_EXTRA &&
                      place_open_bytes(store->options.places, owner, sealed, given);
        invited.status = opened ? STORE_OK : STORE_NOT_FOUND;
        invited.given = (struct bytes){given, opened ? sealed.len - PLACE_SEAL_EXTRA : 0};
    }
    end(call, &invited);
    explicit_bzero(given, sizeof(given));
}

static void take(struct store *store, struct invited_call *call)
{
    struct command command = {0};
    char key[KEY];
    snprintf(key, sizeof(key), "nb:{code:%s}:invitation", call->digest);
    command_function(&command, "nb_invitation_take", 1, 2);
    command_text(&command, key);
    command_text(&command, call->nonce);
    command_number(&command, call->now);
    store_send(store, &command, on_taken, call);
}

static void on_tried(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct invited_call *call = arg;
    int64_t wait = status == STORE_OK ? reply_number(reply) : 0;
    if (status != STORE_OK)
        end(call, &(struct store_invited){.status = status});
    else if (wait > 0)
        end(call, &(struct store_invited){.status = STORE_LIMITED, .retry_s = (uint32_t)wait});
    else
        take(store, call);
}

void store_invitation_take(
    struct store *store, const struct store_invitation_ask *ask, store_invited_done *done, void *arg)
{
    struct command command = {0};
    char key[KEY];
    struct invited_call *call = store_alloc(sizeof(*call));
    *call = (struct invited_call){.done = done, .arg = arg, .now = ask->now};
    snprintf(call->digest, sizeof(call->digest), "%s", ask->digest);
    snprintf(call->nonce, sizeof(call->nonce), "%.*s", (int)ask->nonce.len, ask->nonce.data);
    snprintf(key, sizeof(key), "nb:{invitations}:tried:%.64s", ask->address);
    command_function(&command, "nb_invitation_try", 2, 0);
    command_text(&command, key);
    command_text(&command, "nb:{invitations}:tried:all");
    store_send(store, &command, on_tried, call);
}
