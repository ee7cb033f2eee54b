/* What came of a household, as a page of its export. */
#include <stdlib.h>

#include "bridge/registry_place.h"
#include "bridge/store_export_inside.h"

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
    out->has_settings = true;
    settings->has_sharing = sharing && sharing->type == REDIS_REPLY_STRING;
    settings->has_footage = footage && footage->type == REDIS_REPLY_STRING;
    settings->retention_days = (uint32_t)reply_number(reply_at(reply, 3));
    if (!household_sharing_read(
            reply_bytes(sharing), reply_text(reply_at(reply, 2)), arena, &settings->sharing) ||
        !household_footage_read(reply_bytes(footage), arena, &settings->footage))
        out->status = STORE_FAILED;
}

static size_t count_kept(const struct kept *list)
{
    size_t count = 0;
    for (; list; list = list->next)
        count++;
    return count;
}

size_t export_count_at(const struct kept *list, size_t place)
{
    size_t count = 0;
    for (; list; list = list->next)
        count += reply_count(reply_at(list->reply, place));
    return count;
}

static void decode_events(struct export_call *call, struct store_export *out)
{
    size_t count = 0;
    for (const struct kept *kept = call->events; kept; kept = kept->next)
        count += reply_count(kept->reply);
    struct store_export_events *entries = arena_alloc(&call->arena, count * sizeof *entries);
    out->event_count = count;
    for (const struct kept *kept = call->events; kept; kept = kept->next) {
        for (size_t i = reply_count(kept->reply); i-- > 0;) {
            const redisReply *entry = reply_at(kept->reply, i);
            entries[--count] = (struct store_export_events){
                strtoll(reply_text(reply_at(entry, 1)).data, NULL, 10), reply_bytes(reply_at(entry, 2))};
        }
    }
    out->events = entries;
}

static void add_notes(struct store_export *out, struct held_note *held, const redisReply *notes)
{
    for (size_t i = 0; i < reply_count(notes); i++) {
        const redisReply *note = reply_at(notes, i);
        held[out->note_count++] = (struct held_note){reply_text(reply_at(note, 0)),
            reply_text(reply_at(note, 1)), reply_text(reply_at(note, 2)), reply_text(reply_at(note, 3)),
            reply_number(reply_at(note, 4)), reply_bytes(reply_at(note, 5))};
    }
}

static void decode_said(struct export_call *call, struct store_export *out)
{
    size_t notes = export_count_at(call->said, 1) + export_count_at(call->principals, 3) +
                   export_count_at(call->home, 1);
    struct bytes *bodies = arena_alloc(&call->arena, export_count_at(call->said, 0) * sizeof *bodies);
    struct held_note *held = arena_alloc(&call->arena, notes * sizeof *held);
    for (const struct kept *kept = call->said; kept; kept = kept->next) {
        const redisReply *alerts = reply_at(kept->reply, 0);
        for (size_t i = 0; i < reply_count(alerts); i++)
            bodies[out->alert_count++] = reply_bytes(reply_at(alerts, i));
        add_notes(out, held, reply_at(kept->reply, 1));
    }
    for (const struct kept *kept = call->principals; kept; kept = kept->next)
        add_notes(out, held, reply_at(kept->reply, 3));
    if (call->home)
        add_notes(out, held, reply_at(call->home->reply, 1));
    out->alerts = bodies;
    out->notes = held;
}

static void decode_home(struct export_call *call, struct store_export *out)
{
    struct held_principal *held = arena_alloc(&call->arena, count_kept(call->principals) * sizeof *held);
    for (const struct kept *kept = call->principals; kept; kept = kept->next)
        decode_principal(call->store, kept->reply, &call->arena, &held[out->principal_count++]);
    out->principals = held;
    if (call->home)
        decode_settings(reply_at(call->home->reply, 0), &call->arena, out);
}

void export_decode(struct export_call *call, struct store_export *out)
{
    decode_home(call, out);
    decode_events(call, out);
    decode_said(call, out);
}
