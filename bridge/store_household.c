/* The settings of a household, packed as household_rules.c and scripts/household.lua have them. */
#include "bridge/store_household.h"

#include <stdlib.h>

#include "bridge/store_inside.h"

struct household_call {
    store_household_done *done;
    void *arg;
};

static bool decode(const redisReply *reply, struct arena *arena, struct household_settings *out)
{
    const redisReply *sharing = reply_at(reply, 1), *footage = reply_at(reply, 4);
    out->version = (uint64_t)reply_number(reply_at(reply, 0));
    out->has_sharing = sharing && sharing->type == REDIS_REPLY_STRING;
    out->retention_days = (uint32_t)reply_number(reply_at(reply, 3));
    out->has_footage = footage && footage->type == REDIS_REPLY_STRING;
    return household_sharing_read(
               reply_bytes(sharing), reply_text(reply_at(reply, 2)), arena, &out->sharing) &&
           household_footage_read(reply_bytes(footage), arena, &out->footage);
}

static void on_settings(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct household_call *call = arg;
    struct household_settings settings = {.status = status};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    if (status == STORE_OK && !decode(reply, &arena, &settings)) {
        store_log(store, STORE_LOG_ERROR, "household_unreadable", "text=\"settings of a household\"");
        settings = (struct household_settings){.status = STORE_FAILED};
    }
    call->done(call->arg, &settings);
    arena_free(&arena);
    free(call);
}

static void put_settings_key(struct command *command, struct text household)
{
    struct buffer key = {0};
    household_key(&key, household, "settings");
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

void store_household_settings(
    struct store *store, struct text household, store_household_done *done, void *arg)
{
    struct command command = {0};
    struct household_call *call = store_alloc(sizeof *call);
    *call = (struct household_call){done, arg};
    command_function(&command, "nb_household", 1, 0);
    put_settings_key(&command, household);
    store_send(store, &command, on_settings, call);
}

static void put_packed(struct command *command, const char *field, struct bytes packed)
{
    command_text(command, field);
    command_bytes(command, packed.data, packed.len);
}

void store_household_change(
    struct store *store, const struct household_change *change, store_status_done *done, void *arg)
{
    struct command command = {0};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    command_function(&command, "nb_household_change", 1,
        (change->sharing ? 4u : 0) + (change->retention_days ? 2u : 0) + (change->footage ? 2u : 0));
    put_settings_key(&command, change->household);
    if (change->sharing) {
        struct text zone = change->sharing->time_zone;
        put_packed(&command, "sharing", household_sharing_pack(change->sharing, &arena));
        put_packed(&command, "zone", (struct bytes){(const uint8_t *)zone.data, zone.len});
    }
    if (change->retention_days) {
        command_text(&command, "retention");
        command_number(&command, change->retention_days);
    }
    if (change->footage)
        put_packed(&command, "footage", household_footage_pack(change->footage, &arena));
    arena_free(&arena);
    if (change->sharing || change->footage)
        store_settle_change(store, change->household, &command, done, arg);
    else
        store_send_for_status(store, &command, done, arg);
}
