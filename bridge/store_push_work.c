/* What becomes of what is to be sent (scripts/push.lua): whom an alert may concern, and how a notice ended.
 * Names of alerts beside a subscription are sealed for it, the same name each time, so that one alert is one
 * notice. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_push.h"
#include "bridge/store_push_inside.h"

enum { PAGE = 64 };

static void seal_name(
    const struct store *store, const char *id, const char *public_id, uint8_t out[PUSH_NAME])
{
    char owner[PUSH_OWNER];
    uint8_t plain[ID_BYTES];
    push_owner(id, "alert", owner);
    hex_to_bytes(plain, public_id, ID_BYTES);
    place_seal_bytes(store->options.places, owner, (struct bytes){plain, sizeof(plain)}, out);
}

/* ---- whom an alert may concern ---- */

struct near_call {
    struct store *store;
    char key[KEY];
    struct arena arena;
    struct store_push_near near;
    struct store_push_found *found;
    size_t asked, waiting, next;
    struct near_one {
        struct near_call *call;
        char id[PUBLIC_ID + 1];
    } one[PAGE];
    store_push_near_done *done;
    void *arg;
};

static void finish_near(struct near_call *call)
{
    bool before = calls_are_upkeep(call->store, false);
    call->near.found = call->found;
    call->done(call->arg, &call->near);
    calls_are_upkeep(call->store, before);
    arena_free(&call->arena);
    free(call);
}

static void on_record(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct near_one *one = arg;
    struct near_call *call = one->call;
    struct bytes sealed = reply_bytes(reply);
    if (status != STORE_OK)
        call->near.status = status;
    else if (sealed.len == 0) /* it has ended, or its channels changed */
        push_unindex(store, call->key, one->id);
    else {
        struct store_push_found *found = &call->found[call->near.count];
        memcpy(found->id, one->id, sizeof(found->id));
        found->record = push_open_record(store, one->id, sealed, &call->arena);
        call->near.count += found->record.len > 0;
    }
    if (--call->waiting == 0)
        finish_near(call);
}

static void ask_record(struct store *store, struct near_one *one)
{
    struct command command = {0};
    char key[KEY];
    push_key(one->id, key);
    command_begin(&command, 3);
    command_text(&command, "HGET");
    command_text(&command, key);
    command_text(&command, "record");
    command.any_order = command.reads = true;
    store_send(store, &command, on_record, one);
}

static void on_page(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct near_call *call = arg;
    call->near.status = status;
    call->found = arena_alloc(&call->arena, PAGE * sizeof(*call->found));
    for (size_t i = 0; i < reply_count(reply) && call->asked < PAGE; i++) {
        struct text id = reply_text(reply_at(reply, i));
        struct near_one *one = &call->one[call->asked];
        if (id.len != PUBLIC_ID)
            continue;
        one->call = call;
        memcpy(one->id, id.data, PUBLIC_ID);
        call->asked++;
    }
    if (call->asked == PAGE)
        memcpy(call->near.next, call->one[PAGE - 1].id, PUBLIC_ID);
    call->waiting = call->asked;
    for (size_t i = 0; i < call->asked; i++)
        ask_record(store, &call->one[i]);
    if (call->asked == 0)
        finish_near(call);
}

void store_push_near(
    struct store *store, const char *channel, const char *after, store_push_near_done *done, void *arg)
{
    struct near_call *call = store_alloc(sizeof(*call));
    struct command command = {0};
    uint8_t digest[PUSH_DIGEST];
    char from[PUBLIC_ID + 2];
    call->store = store;
    call->done = done;
    call->arg = arg;
    arena_init(&call->arena, NULL, 0);
    push_at_key(store, channel, call->key, digest);
    snprintf(from, sizeof(from), "%s%s", after[0] ? "(" : "-", after);
    command_begin(&command, 7);
    command_text(&command, "ZRANGEBYLEX");
    command_text(&command, call->key);
    command_text(&command, from);
    command_text(&command, "+");
    command_text(&command, "LIMIT");
    command_number(&command, 0);
    command_number(&command, PAGE);
    bool before = calls_are_upkeep(store, true);
    store_send(store, &command, on_page, call);
    calls_are_upkeep(store, before);
}

/* ---- what becomes of it ---- */

/* A function about one alert of one subscription, with so many arguments behind its name. */
static void begin(struct store *store, struct command *command, const char *function, const char *id,
    const char *public_id, size_t more)
{
    char key[KEY];
    uint8_t name[PUSH_NAME];
    seal_name(store, id, public_id, name);
    push_key(id, key);
    command_function(command, function, 1, 2 + more);
    command_text(command, key);
    command_text(command, id);
    command_bytes(command, name, sizeof(name));
}

void store_push_want(struct store *store, const char *id, const char *public_id, uint32_t revision,
    bool concerns, int64_t now, store_status_done *done, void *arg)
{
    struct command command = {0};
    begin(store, &command, "nb_push_want", id, public_id, 3);
    command_number(&command, revision);
    command_number(&command, concerns);
    command_number(&command, now);
    bool before = calls_are_upkeep(store, true);
    store_send_for_status(store, &command, done, arg);
    calls_are_upkeep(store, before);
}

void store_push_looked(struct store *store, const struct alert_notice *alert, int64_t now)
{
    struct command command = {0};
    char key[KEY];
    sender_key(key, alert->sender_tag, "push_due", "");
    command_function(&command, "nb_push_looked", 1, 3);
    command_text(&command, key);
    command_text(&command, alert->public_id);
    command_number(&command, alert->revision);
    command_number(&command, now);
    store_send_for_status(store, &command, NULL, NULL);
}

void store_push_finish(struct store *store, const struct store_push_notice *notice, uint32_t revision,
    enum store_push_end end, const char *said, int64_t now)
{
    static const char *const ends[] = {
        [STORE_PUSH_TOLD] = "1", [STORE_PUSH_ENDED] = "0", [STORE_PUSH_LEFT] = ""};
    struct command command = {0};
    begin(store, &command, "nb_push_told", notice->id, notice->public_id, 4);
    command_number(&command, revision);
    command_number(&command, now);
    command_text(&command, ends[end]);
    command_text(&command, said);
    store_send_for_status(store, &command, NULL, NULL);
}

void store_push_later(struct store *store, const struct store_push_notice *notice, int64_t at)
{
    struct command command = {0};
    begin(store, &command, "nb_push_later", notice->id, notice->public_id, 1);
    command_number(&command, at);
    store_send_for_status(store, &command, NULL, NULL);
}
