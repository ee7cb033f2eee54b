/* A page of what is held about a household: scripts/export.lua. */
#include "bridge/store_export.h"

#include <stdlib.h>

#include "bridge/registry_place.h"
#include "bridge/store_inside.h"

struct export_call {
    store_export_done *done;
    void *arg;
};

/* What is sealed for that principal, in the arena; "" when it does not open. */
static struct text open_place(
    struct store *store, struct text name, const char *field, const redisReply *reply, struct arena *arena)
{
    char owner[PLACE_OWNER], *place = arena_alloc(arena, PLACE_GEOHASH + 1);
    place_owner_principal(name, field, owner);
    if (!place_open(store->options.places, owner, reply_text(reply), place))
        store_log(store, STORE_LOG_ERROR, "place_unreadable", "principal=%.*s field=%s", (int)name.len,
            name.data, field);
    return text_of(place);
}

static void decode_principal(
    struct store *store, const redisReply *reply, struct arena *arena, struct held_principal *out)
{
    const redisReply *known = reply_at(reply, 1), *clients = reply_at(reply, 2);
    out->name = reply_text(reply_at(reply, 0));
    out->number = (uint32_t)reply_number(reply_at(known, 0));
    out->place = open_place(store, out->name, "fine", reply_at(known, 2), arena);
    if (!out->place.len)
        out->place = open_place(store, out->name, "place", reply_at(known, 1), arena);
    out->former_place = open_place(store, out->name, "former", reply_at(known, 3), arena);
    out->since = reply_number(reply_at(known, 4));
    out->enrolled = reply_number(reply_at(known, 5));
    out->verified = reply_number(reply_at(known, 6));
    out->revoked = reply_text(reply_at(known, 7)).len > 0;
    out->share = (uint16_t)reply_number(reply_at(known, 8));
    out->client_count = reply_count(clients);
    out->clients = arena_alloc(arena, out->client_count * sizeof *out->clients);
    for (size_t i = 0; i < out->client_count; i++)
        out->clients[i] = reply_text(reply_at(clients, i));
}

static void decode_settings(const redisReply *reply, struct arena *arena, struct store_export *out)
{
    const redisReply *sharing = reply_at(reply, 1), *footage = reply_at(reply, 4);
    struct household_settings *settings = &out->settings;
    out->has_settings = reply_count(reply) > 0;
    settings->has_sharing = sharing && sharing->type == REDIS_REPLY_STRING;
    settings->has_footage = footage && footage->type == REDIS_REPLY_STRING;
    settings->retention_days = (uint32_t)reply_number(reply_at(reply, 3));
    if (!household_sharing_read(
            reply_bytes(sharing), reply_text(reply_at(reply, 2)), arena, &settings->sharing) ||
        !household_footage_read(reply_bytes(footage), arena, &settings->footage))
        out->status = STORE_FAILED;
}

static void decode_lists(const redisReply *reply, struct arena *arena, struct store_export *out)
{
    const redisReply *names = reply_at(reply, 3), *events = reply_at(reply, 4), *alerts = reply_at(reply, 5),
                     *notes = reply_at(reply, 6);
    out->device_count = reply_count(names) / 2;
    out->event_count = reply_count(events);
    out->alert_count = reply_count(alerts);
    out->note_count = reply_count(notes);
    struct store_export_device *devices = arena_alloc(arena, out->device_count * sizeof *devices);
    struct store_export_events *entries = arena_alloc(arena, out->event_count * sizeof *entries);
    struct bytes *bodies = arena_alloc(arena, out->alert_count * sizeof *bodies);
    struct held_note *held = arena_alloc(arena, out->note_count * sizeof *held);
    for (size_t i = 0; i < out->device_count; i++)
        devices[i] = (struct store_export_device){
            (uint16_t)reply_number(reply_at(names, 2 * i)), reply_text(reply_at(names, 2 * i + 1))};
    for (size_t i = 0; i < out->event_count; i++) {
        const redisReply *entry = reply_at(events, i);
        entries[i] =
            (struct store_export_events){reply_number(reply_at(entry, 0)), reply_bytes(reply_at(entry, 1))};
    }
    for (size_t i = 0; i < out->alert_count; i++)
        bodies[i] = reply_bytes(reply_at(alerts, i));
    for (size_t i = 0; i < out->note_count; i++) {
        const redisReply *note = reply_at(notes, i);
        held[i] = (struct held_note){reply_text(reply_at(note, 0)), reply_text(reply_at(note, 1)),
            reply_text(reply_at(note, 2)), reply_text(reply_at(note, 3)), reply_number(reply_at(note, 4)),
            reply_bytes(reply_at(note, 5))};
    }
    out->devices = devices;
    out->events = entries;
    out->alerts = bodies;
    out->notes = held;
}

static void on_page(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct export_call *call = arg;
    struct store_export page = {.status = status};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    if (status == STORE_OK) {
        const redisReply *principals = reply_at(reply, 2);
        page.next = reply_text(reply_at(reply, 0));
        page.principal_count = reply_count(principals);
        struct held_principal *held = arena_alloc(&arena, page.principal_count * sizeof *held);
        for (size_t i = 0; i < page.principal_count; i++)
            decode_principal(store, reply_at(principals, i), &arena, &held[i]);
        page.principals = held;
        decode_settings(reply_at(reply, 1), &arena, &page);
        decode_lists(reply, &arena, &page);
    }
    call->done(call->arg, &page);
    arena_free(&arena);
    free(call);
}

void store_export(
    struct store *store, struct text household, struct text page, store_export_done *done, void *arg)
{
    struct command command = {0};
    struct export_call *call = store_alloc(sizeof *call);
    *call = (struct export_call){done, arg};
    command_function(&command, "nb_export", 0, 2);
    command_bytes(&command, household.data, household.len);
    command_bytes(&command, page.data, page.len);
    store_send(store, &command, on_page, call);
}
