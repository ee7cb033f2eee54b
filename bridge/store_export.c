/* A page of what is held about a household (scripts/export.lua). Its first part is the household and
 * everybody in it; then the logs, region after region; then what was said and shared, a sender's tag after
 * the other. In a cluster each tag is a call of its own, so that a page takes some. Where the next one
 * begins: '' at the beginning; "l", region and entry; "s", tag and what is next in its lists. */
#include "bridge/store_export.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/registry_place.h"
#include "bridge/store_inside.h"

enum { ENTRIES = 4 }; /* of a page */

/* A reply that is kept until the page is together. */
struct kept {
    struct kept *next;
    redisReply *reply;
};

struct export_call {
    struct store *store;
    struct arena arena;
    struct text household, page;
    store_export_done *done;
    void *arg;
    size_t member_count, device_count;
    struct text *members;
    struct store_export_device *devices;
    struct kept *home, *principals, *events, *said; /* the newest first */
    unsigned under_way;
    bool failed;
    unsigned tag;  /* that is next, of regions or senders */
    char from[40]; /* where its log begins */
    int list;      /* what is next in its lists: */
    char score[24], id[40];
    size_t room; /* entries */
};

/* One device that is asked about, in the arena. */
struct export_look {
    struct export_call *call;
    struct store_export_device *device;
};

static void keep(struct export_call *call, struct kept **list, const redisReply *reply)
{
    struct kept *kept = arena_alloc(&call->arena, sizeof *kept);
    *kept = (struct kept){*list, reply_copy(reply)};
    *list = kept;
}

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

/* ---- the page ---- */

static size_t count_kept(const struct kept *list)
{
    size_t count = 0;
    for (; list; list = list->next)
        count++;
    return count;
}

/* How many there are in the list at that place of each of the replies. */
static size_t count_at(const struct kept *list, size_t place)
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
    size_t notes = count_at(call->said, 1) + count_at(call->principals, 3) + count_at(call->home, 1);
    struct bytes *bodies = arena_alloc(&call->arena, count_at(call->said, 0) * sizeof *bodies);
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

static void free_kept(struct kept *list)
{
    for (; list; list = list->next)
        freeReplyObject(list->reply);
}

static void finish(struct export_call *call, const char *next)
{
    struct store_export page = {.status = call->failed ? STORE_FAILED : STORE_OK};
    if (call->store->ending)
        page.status = STORE_GONE;
    if (page.status == STORE_OK) {
        page.next = text_of(next);
        page.devices = call->devices;
        page.device_count = call->device_count;
        decode_home(call, &page);
        decode_events(call, &page);
        decode_said(call, &page);
    }
    call->done(call->arg, &page);
    free_kept(call->home);
    free_kept(call->principals);
    free_kept(call->events);
    free_kept(call->said);
    arena_free(&call->arena);
    free(call);
}

/* True: it was the last call, and none failed; when one did, it is over. */
static bool answered(struct export_call *call, enum store_status status)
{
    call->failed = call->failed || status != STORE_OK;
    bool failed = call->failed;
    if (--call->under_way)
        return false;
    if (failed)
        finish(call, "");
    return !failed;
}

static unsigned tags_at_once(const struct export_call *call, unsigned last)
{
    return store_spans_tags(call->store) ? last - call->tag : 1;
}

/* ---- what was said and shared ---- */

static void ask_said(struct export_call *call);

static void on_said(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct export_call *call = arg;
    unsigned asked = tags_at_once(call, STORE_SENDER_TAGS),
             place = (unsigned)reply_number(reply_at(reply, 2));
    if (status == STORE_OK)
        keep(call, &call->said, reply);
    if (!answered(call, status))
        return;
    bool all = place >= asked, something = count_at(call->said, 0) + count_at(call->said, 1) > 0;
    call->tag += place < asked ? place : asked;
    if (all && call->tag >= STORE_SENDER_TAGS) {
        finish(call, "");
        return;
    }
    struct text score = reply_text(reply_at(reply, 4)), id = reply_text(reply_at(reply, 5));
    call->list = (int)reply_number(reply_at(reply, 3));
    snprintf(call->score, sizeof call->score, "%.*s", (int)score.len, score.data);
    snprintf(call->id, sizeof call->id, "%.*s", (int)id.len, id.data ? id.data : "");
    if (something)
        finish(
            call, arena_printf(&call->arena, "s %u %d %s %s", call->tag, call->list, call->score, call->id));
    else
        ask_said(call);
}

static void ask_said(struct export_call *call)
{
    struct command command = {0};
    unsigned count = tags_at_once(call, STORE_SENDER_TAGS);
    command_function(&command, "nb_export_said", count, 4 + call->member_count);
    for (unsigned i = 0; i < count; i++) {
        char key[KEY];
        sender_key(key, call->tag + i, "tombs", "");
        command_text(&command, key);
    }
    command_view(&command, call->household);
    command_number(&command, call->list);
    command_text(&command, call->score);
    command_text(&command, call->id);
    for (size_t i = 0; i < call->member_count; i++)
        command_view(&command, call->members[i]);
    call->under_way = 1;
    store_send(call->store, &command, on_said, call);
}

/* ---- events ---- */

static void ask_events(struct export_call *call);

static void on_events(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct export_call *call = arg;
    unsigned asked = tags_at_once(call, STORE_REGION_TAGS);
    size_t count = reply_count(reply);
    if (status == STORE_OK)
        keep(call, &call->events, reply);
    if (!answered(call, status))
        return;
    call->room -= count < call->room ? count : call->room;
    if (call->room == 0) {
        const redisReply *last = reply_at(reply, count - 1);
        struct text id = reply_text(reply_at(last, 1));
        finish(call, arena_printf(&call->arena, "l %u (%.*s",
                         call->tag + (unsigned)reply_number(reply_at(last, 0)), (int)id.len, id.data));
        return;
    }
    call->tag += asked;
    strcpy(call->from, "-");
    if (call->tag < STORE_REGION_TAGS)
        ask_events(call);
    else
        finish(call, "s 0 1 0 ");
}

static void ask_events(struct export_call *call)
{
    struct command command = {0};
    unsigned count = tags_at_once(call, STORE_REGION_TAGS);
    command_function(&command, "nb_export_events", count, 2);
    for (unsigned i = 0; i < count; i++)
        command_text(&command, arena_printf(&call->arena, "nb:{r%02x}:log:%.*s", call->tag + i,
                                   (int)call->household.len, call->household.data));
    command_number(&command, (int64_t)call->room);
    command_text(&command, call->from);
    call->under_way = 1;
    store_send(call->store, &command, on_events, call);
}

/* ---- the household and everybody in it ---- */

static bool is_of(const char *text, const char *letters)
{
    return strspn(text, letters) == strlen(text);
}

/* What comes back is what was told before, or made up. */
static void begin_page(struct export_call *call)
{
    const char *page = call->page.data;
    if (sscanf(page, "l %u %39s", &call->tag, call->from) == 2 && call->tag < STORE_REGION_TAGS &&
        is_of(call->from, "(-0123456789"))
        ask_events(call);
    else if (sscanf(page, "s %u %d %23s %39s", &call->tag, &call->list, call->score, call->id) >= 3 &&
             call->tag < STORE_SENDER_TAGS && call->list > 0 && is_of(call->score, "0123456789"))
        ask_said(call);
    else
        finish(call, call->page.len ? "" : "l 0 -");
}

static void on_home(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct export_call *call = arg;
    if (status == STORE_OK)
        keep(call, &call->home, reply);
    if (answered(call, status))
        begin_page(call);
}

static void on_principal(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct export_call *call = arg;
    if (status == STORE_OK)
        keep(call, &call->principals, reply);
    if (answered(call, status))
        begin_page(call);
}

static void on_number(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    const struct export_look *look = arg;
    look->device->number = (uint16_t)reply_number(reply);
    if (answered(look->call, status))
        begin_page(look->call);
}

static const char *principal_key(struct export_call *call, struct text name)
{
    return arena_printf(&call->arena, "nb:{p:%.*s}:principal", (int)name.len, name.data);
}

static void ask_number(struct export_call *call, struct text name)
{
    struct command command = {0};
    struct export_look *look = arena_alloc(&call->arena, sizeof *look);
    *look = (struct export_look){call, &call->devices[call->device_count++]};
    look->device->id = (struct text){name.data + 7, name.len - 7};
    command_begin(&command, 3);
    command_text(&command, "HGET");
    command_text(&command, principal_key(call, name));
    command_text(&command, "number");
    call->under_way++;
    store_send(call->store, &command, on_number, look);
}

static void ask_principal(struct export_call *call, struct text name)
{
    struct command command = {0};
    command_function(&command, "nb_export_principal", 1, 1);
    command_text(&command, principal_key(call, name));
    command_view(&command, name);
    call->under_way++;
    store_send(call->store, &command, on_principal, call);
}

static const char *home_key(struct export_call *call, const char *part)
{
    return arena_printf(&call->arena, "nb:{h:%.*s}:%s", (int)call->household.len, call->household.data, part);
}

static void ask_home(struct export_call *call)
{
    struct command command = {0};
    command_function(&command, "nb_export_home", 1, 0);
    command_text(&command, home_key(call, "settings"));
    call->under_way++;
    store_send(call->store, &command, on_home, call);
}

static void on_members(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct export_call *call = arg;
    size_t count = reply_count(reply);
    call->members = arena_alloc(&call->arena, count * sizeof *call->members);
    call->devices = arena_alloc(&call->arena, count * sizeof *call->devices);
    for (size_t i = 0; i < count; i++) {
        struct text name = reply_text(reply_at(reply, i));
        name.data = arena_copy(&call->arena, name.data, name.len);
        call->members[call->member_count++] = name;
        if (name.len > 7 && memcmp(name.data, "device/", 7) == 0)
            ask_number(call, name);
        if (!call->page.len)
            ask_principal(call, name);
    }
    if (!call->page.len)
        ask_home(call);
    if (answered(call, status))
        begin_page(call);
}

void store_export(
    struct store *store, struct text household, struct text page, store_export_done *done, void *arg)
{
    struct command command = {0};
    struct export_call *call = store_alloc(sizeof *call);
    *call = (struct export_call){
        .store = store, .done = done, .arg = arg, .under_way = 1, .room = ENTRIES, .list = 1, .score = "0"};
    arena_init(&call->arena, NULL, 0);
    call->household = (struct text){
        arena_copy(&call->arena, household.data ? household.data : "", household.len), household.len};
    call->page = (struct text){arena_copy(&call->arena, page.data ? page.data : "", page.len), page.len};
    command_begin(&command, 2);
    command_text(&command, "SMEMBERS");
    command_text(&command, home_key(call, "members"));
    store_send(store, &command, on_members, call);
}
