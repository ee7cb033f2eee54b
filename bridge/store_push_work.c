/* What is to be sent: taken under a lease (scripts/push.lua), and due again by itself when whoever took it
 * ends without a word. Names of alerts beside a subscription are sealed for it, the same name each time, so
 * that one alert is one notice; what they are is opened here. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_push.h"
#include "bridge/store_push_inside.h"
#include "proto/arena.h"

enum { LEASE_MS = 2000, PAGE = 64, NAME_BYTES = ID_BYTES + PLACE_SEAL_EXTRA };

/* ---- names of alerts ---- */

static void seal_name(
    const struct store *store, const char *id, const char *public_id, uint8_t out[NAME_BYTES])
{
    char owner[PUSH_OWNER];
    uint8_t plain[ID_BYTES];
    push_owner(id, "alert", owner);
    hex_to_bytes(plain, public_id, ID_BYTES);
    place_seal_bytes(store->options.places, owner, (struct bytes){plain, sizeof(plain)}, out);
}

static bool open_name(
    const struct store *store, const char *id, struct bytes sealed, char public_id[PUBLIC_ID + 1])
{
    char owner[PUSH_OWNER];
    uint8_t plain[ID_BYTES];
    push_owner(id, "alert", owner);
    if (sealed.len != NAME_BYTES || !place_open_bytes(store->options.places, owner, sealed, plain))
        return false;
    bytes_to_hex(public_id, plain, ID_BYTES);
    return true;
}

/* In the arena; len 0 when it is of another secret. */
static struct bytes open_record(
    const struct store *store, const char *id, struct bytes sealed, struct arena *arena)
{
    char owner[PUSH_OWNER];
    if (sealed.len <= PLACE_SEAL_EXTRA)
        return (struct bytes){0};
    uint8_t *plain = arena_alloc(arena, sealed.len - PLACE_SEAL_EXTRA);
    push_owner(id, "record", owner);
    if (!place_open_bytes(store->options.places, owner, sealed, plain))
        return (struct bytes){0};
    return (struct bytes){plain, sealed.len - PLACE_SEAL_EXTRA};
}

/* ---- taking ---- */

struct take_call {
    store_push_work_done *done;
    void *arg;
};

static char *copy_id(struct text text, struct arena *arena)
{
    return text.len == PUBLIC_ID ? arena_copy(arena, text.data, text.len) : NULL;
}

static void read_channels(struct store_push_alert *alert, struct text words, struct arena *arena)
{
    char(*channels)[13] = arena_alloc(arena, (words.len / 2 + 1) * sizeof(*channels));
    for (size_t at = 0; at < words.len;) {
        const char *blank = memchr(words.data + at, ' ', words.len - at);
        size_t len = blank ? (size_t)(blank - words.data) - at : words.len - at;
        if (len > 0 && len < sizeof(*channels)) {
            memcpy(channels[alert->channel_count], words.data + at, len);
            channels[alert->channel_count++][len] = 0;
        }
        at += len + 1;
    }
    alert->channels = (const char(*)[13])channels;
}

static size_t read_alerts(const redisReply *list, struct store_push_alert *out, struct arena *arena)
{
    size_t count = 0;
    for (size_t i = 0; i < reply_count(list); i++) {
        const redisReply *one = reply_at(list, i);
        struct text id = reply_text(reply_at(one, 0));
        if (id.len != PUBLIC_ID)
            continue;
        struct store_push_alert *alert = &out[count++];
        *alert = (struct store_push_alert){.notice = {.sender_tag = (uint8_t)reply_number(reply_at(one, 1)),
                                               .revision = (uint32_t)reply_number(reply_at(one, 2))}};
        memcpy(alert->notice.public_id, id.data, PUBLIC_ID);
        read_channels(alert, reply_text(reply_at(one, 3)), arena);
    }
    return count;
}

static size_t read_notices(
    const struct store *store, const redisReply *list, struct store_push_notice *out, struct arena *arena)
{
    size_t count = 0;
    for (size_t i = 0; i < reply_count(list); i++) {
        const redisReply *one = reply_at(list, i);
        struct store_push_notice *notice = &out[count];
        *notice = (struct store_push_notice){.id = copy_id(reply_text(reply_at(one, 0)), arena),
            .revision = (uint32_t)reply_number(reply_at(one, 3)),
            .tries = (unsigned)reply_number(reply_at(one, 4)),
            .told = (uint32_t)reply_number(reply_at(one, 5))};
        struct text said = reply_text(reply_at(one, 6));
        if (said.len == PUBLIC_ID)
            memcpy(notice->said, said.data, PUBLIC_ID);
        if (!notice->id || !open_name(store, notice->id, reply_bytes(reply_at(one, 1)), notice->public_id))
            continue;
        notice->record = open_record(store, notice->id, reply_bytes(reply_at(one, 2)), arena);
        count++;
    }
    return count;
}

static void on_taken(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct take_call *call = arg;
    const redisReply *alerts = reply_at(reply, 1), *notices = reply_at(reply, 2);
    struct store_push_work work = {.status = status, .mine = reply_number(reply_at(reply, 0)) == 1};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct store_push_alert *found = arena_alloc(&arena, (reply_count(alerts) + 1) * sizeof(*found));
    struct store_push_notice *taken = arena_alloc(&arena, (reply_count(notices) + 1) * sizeof(*taken));
    work.alert_count = read_alerts(alerts, found, &arena);
    work.alerts = found;
    work.notice_count = read_notices(store, notices, taken, &arena);
    work.notices = taken;
    call->done(call->arg, &work);
    arena_free(&arena);
    free(call);
}

void store_push_take(struct store *store, int64_t now, int64_t lease_ms, size_t room, bool alerts,
    store_push_work_done *done, void *arg)
{
    struct take_call *call = store_alloc(sizeof(*call));
    struct command command = {0};
    *call = (struct take_call){done, arg};
    command_function(&command, "nb_push_take", 0, 7);
    command_text(&command, store->node);
    command_number(&command, now);
    command_number(&command, now + lease_ms);
    command_number(&command, store->upkeep.push_tag++ % STORE_SENDER_TAGS);
    command_number(&command, (int64_t)room);
    command_number(&command, !alerts);
    command_number(&command, LEASE_MS);
    store_send(store, &command, on_taken, call);
}

/* ---- whom an alert may concern ---- */

struct near_call {
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
    call->near.found = call->found;
    call->done(call->arg, &call->near);
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
        found->record = open_record(store, one->id, sealed, &call->arena);
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
    store_send(store, &command, on_page, call);
}

/* ---- what becomes of it ---- */

/* A function about one alert of one subscription, with so many arguments behind its name. */
static void begin(struct store *store, struct command *command, const char *function, const char *id,
    const char *public_id, size_t more)
{
    char key[KEY];
    uint8_t name[NAME_BYTES];
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
    store_send_for_status(store, &command, done, arg);
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
