/* A page of what is held about a household (scripts/export.lua). Its first part is the household and
 * everybody in it; then the logs, region after region; then what was said and shared, a sender's tag after
 * the other. In a cluster each tag is a call of its own, so that a page takes some. Where the next one
 * begins: '' at the beginning; "l", region and entry; "s", tag and what is next in its lists. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_export_inside.h"

enum { ENTRIES = 4 }; /* of a page */

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

/* ---- the page ---- */

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
        export_decode(call, &page);
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
    bool all = place >= asked,
         something = export_count_at(call->said, 0) + export_count_at(call->said, 1) > 0;
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
