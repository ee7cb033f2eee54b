#include "bridge/store_verification.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

/* A place opens for the code that bears it alone. */
static void owner_of(const char *digest, char out[PLACE_OWNER])
{
    snprintf(out, PLACE_OWNER, "code %.64s", digest);
}

static void put_code_key(struct command *command, const char *digest)
{
    char key[KEY];
    snprintf(key, sizeof key, "nb:{code:%.64s}:code", digest);
    command_text(command, key);
}

static void put_household_key(struct command *command, struct text household, const char *part)
{
    struct buffer key = {0};
    household_key(&key, household, part);
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

/* ---- inviting: counted at the household first; one that is counted and never begun is over by itself ----
 */

struct invite_call {
    struct store *store;
    store_status_done *done;
    void *arg;
    struct command begin;
};

static void on_counted(void *arg, enum store_status status)
{
    struct invite_call *call = arg;
    if (status == STORE_OK) {
        store_send_for_status(call->store, &call->begin, call->done, call->arg);
    } else {
        command_free(&call->begin);
        call->done(call->arg, status);
    }
    free(call);
}

void store_invite(
    struct store *store, const struct store_invitation *invitation, store_status_done *done, void *arg)
{
    struct command counted = {0}, *begin;
    char owner[PLACE_OWNER], sealed[PLACE_SEALED + 1];
    struct invite_call *call = store_alloc(sizeof *call);
    *call = (struct invite_call){.store = store, .done = done, .arg = arg};
    begin = &call->begin;
    owner_of(invitation->digest, owner);
    place_seal(store->options.places, owner, invitation->leaf, sealed);
    command_function(begin, "nb_code_begin", 1, 5);
    put_code_key(begin, invitation->digest);
    command_text(begin, verification_way_name(VERIFICATION_NEIGHBOR));
    command_text(begin, "");
    command_view(begin, invitation->by);
    command_text(begin, sealed);
    command_number(begin, invitation->expires);
    command_function(&counted, "nb_code_invite", 1, 4);
    put_household_key(&counted, invitation->household, "invited");
    command_text(&counted, invitation->digest);
    command_number(&counted, invitation->expires);
    command_number(&counted, invitation->now);
    command_number(&counted, invitation->most);
    store_send_for_status(store, &counted, on_counted, call);
}

/* ---- looking: that it may be tried, then the code ---- */

struct look_call {
    store_code_done *done;
    void *arg;
    char digest[65];
    struct command look;
};

static void end_look(struct look_call *call, const struct store_code *code)
{
    call->done(call->arg, code);
    command_free(&call->look);
    free(call);
}

static void on_look(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct look_call *call = arg;
    struct store_code code = {.status = status};
    char owner[PLACE_OWNER];
    if (status == STORE_OK)
        code.status = (enum store_status)reply_number(reply_at(reply, 0));
    if (code.status == STORE_OK) {
        owner_of(call->digest, owner);
        code.way = (enum verification_way)verification_way_of(reply_text(reply_at(reply, 1)));
        if (!code.way || !place_open(store->options.places, owner, reply_text(reply_at(reply, 3)), code.leaf))
            code.status = STORE_NOT_FOUND;
    }
    end_look(call, &code);
}

static void on_try(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct look_call *call = arg;
    int64_t wait = status == STORE_OK ? reply_number(reply) : 0;
    if (status != STORE_OK)
        end_look(call, &(struct store_code){.status = status});
    else if (wait > 0)
        end_look(call, &(struct store_code){.status = STORE_LIMITED, .retry_s = (uint32_t)wait});
    else
        store_send(store, &call->look, on_look, call);
}

void store_code_look(struct store *store, const char *digest, struct text household, int64_t now,
    store_code_done *done, void *arg)
{
    struct command try = {0};
    struct look_call *call = store_alloc(sizeof(*call));
    *call = (struct look_call){.done = done, .arg = arg};
    snprintf(call->digest, sizeof(call->digest), "%s", digest);
    command_function(&call->look, "nb_code_look", 1, 2);
    put_code_key(&call->look, digest);
    command_view(&call->look, household);
    command_number(&call->look, now);
    command_function(&try, "nb_code_try", 1, 0);
    put_household_key(&try, household, "attempts");
    store_send(store, &try, on_try, call);
}

/* ---- using: claimed, the household verified and settled, done ---- */

struct use_call {
    struct store *store;
    store_status_done *done;
    void *arg;
    char digest[65];
    size_t len;
    char household[];
};

static void end_use(struct use_call *call, enum store_status status)
{
    call->done(call->arg, status);
    free(call);
}

static void on_verified(void *arg, enum store_status status)
{
    struct use_call *call = arg;
    if (status == STORE_OK) {
        struct command command = {0};
        command_function(&command, "nb_code_done", 1, 0);
        put_code_key(&command, call->digest);
        store_send_for_status(call->store, &command, NULL, NULL);
    }
    end_use(call, status);
}

static void on_claimed(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct use_call *call = arg;
    struct text household = {call->household, call->len};
    struct command verify = {0};
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply_at(reply, 0));
    if (status != STORE_OK) {
        end_use(call, status);
        return;
    }
    command_function(&verify, "nb_household_verify", 1, 1);
    put_household_key(&verify, household, "household");
    command_view(&verify, reply_text(reply_at(reply, 1)));
    store_settle_change(store, household, &verify, on_verified, call);
}

void store_code_use(struct store *store, const char *digest, struct text household, int64_t now,
    store_status_done *done, void *arg)
{
    struct command command = {0};
    struct use_call *call = store_alloc(sizeof(*call) + household.len + 1);
    *call = (struct use_call){.store = store, .done = done, .arg = arg, .len = household.len};
    snprintf(call->digest, sizeof(call->digest), "%s", digest);
    memcpy(call->household, household.data, household.len);
    command_function(&command, "nb_code_claim", 1, 2);
    put_code_key(&command, digest);
    command_view(&command, household);
    command_number(&command, now);
    store_send(store, &command, on_claimed, call);
}
