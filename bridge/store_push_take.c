/* What is to be sent: whoever has the lease of a tag looks what is due there and takes of it what there is
 * room for, from each tag its share (scripts/push.lua). It is due again by itself when whoever took it ends
 * without a word. */
#include <stdlib.h>

#include "bridge/store_push.h"
#include "bridge/store_push_inside.h"

/* In one step at most: each notice is some hundred microseconds of sealing in one turn of the broker. */
enum { LEASE_MS = 2000, ALERTS = 4, NOTICES = 8 };

/* A tag where something is due. */
struct due_tag {
    unsigned tag;
    size_t alerts, notices;
};

struct take_call {
    struct store *store;
    int64_t now, until;
    size_t alerts_room, notices_room;
    unsigned asked; /* calls under way */
    size_t tag_count;
    struct due_tag tags[STORE_SENDER_TAGS];
    struct store_push_work work;
    struct store_push_alert alerts[ALERTS];
    struct store_push_notice notices[NOTICES];
    struct arena arena;
    store_push_work_done *done;
    void *arg;
};

/* ---- reading answers ---- */

static bool open_name(
    const struct store *store, const char *id, struct bytes sealed, char public_id[PUBLIC_ID + 1])
{
    char owner[PUSH_OWNER];
    uint8_t plain[ID_BYTES];
    push_owner(id, "alert", owner);
    if (sealed.len != PUSH_NAME || !place_open_bytes(store->options.places, owner, sealed, plain))
        return false;
    bytes_to_hex(public_id, plain, ID_BYTES);
    return true;
}

struct bytes push_open_record(
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

static void read_alerts(struct take_call *call, const redisReply *list)
{
    for (size_t i = 0; i < reply_count(list) && call->work.alert_count < ALERTS; i++) {
        const redisReply *one = reply_at(list, i);
        struct text id = reply_text(reply_at(one, 0));
        if (id.len != PUBLIC_ID)
            continue;
        struct store_push_alert *alert = &call->alerts[call->work.alert_count++];
        *alert = (struct store_push_alert){.notice = {.sender_tag = (uint8_t)reply_number(reply_at(one, 1)),
                                               .revision = (uint32_t)reply_number(reply_at(one, 2))}};
        memcpy(alert->notice.public_id, id.data, PUBLIC_ID);
        read_channels(alert, reply_text(reply_at(one, 3)), &call->arena);
    }
}

static bool read_notice(
    const struct store *store, const redisReply *one, struct store_push_notice *out, struct arena *arena)
{
    struct text said = reply_text(reply_at(one, 6));
    *out = (struct store_push_notice){.id = copy_id(reply_text(reply_at(one, 0)), arena),
        .revision = (uint32_t)reply_number(reply_at(one, 3)),
        .tries = (unsigned)reply_number(reply_at(one, 4)),
        .told = (uint32_t)reply_number(reply_at(one, 5))};
    if (said.len == PUBLIC_ID)
        memcpy(out->said, said.data, PUBLIC_ID);
    if (!out->id || !open_name(store, out->id, reply_bytes(reply_at(one, 1)), out->public_id))
        return false;
    out->record = push_open_record(store, out->id, reply_bytes(reply_at(one, 2)), arena);
    return true;
}

static void read_notices(const struct store *store, struct take_call *call, const redisReply *list)
{
    for (size_t i = 0; i < reply_count(list) && call->work.notice_count < NOTICES; i++)
        call->work.notice_count +=
            read_notice(store, reply_at(list, i), &call->notices[call->work.notice_count], &call->arena);
}

/* ---- taking ---- */

static void finish(struct take_call *call)
{
    call->work.alerts = call->alerts;
    call->work.notices = call->notices;
    bool before = calls_are_upkeep(call->store, false);
    call->done(call->arg, &call->work);
    calls_are_upkeep(call->store, before);
    arena_free(&call->arena);
    free(call);
}

static void note_status(struct take_call *call, enum store_status status)
{
    if (status != STORE_OK)
        call->work.status = status;
}

static void on_taken(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct take_call *call = arg;
    note_status(call, status);
    read_alerts(call, reply_at(reply, 0));
    read_notices(store, call, reply_at(reply, 1));
    if (--call->asked == 0)
        finish(call);
}

/* Takes of these tags as much as is written beside them. */
static void take(struct store *store, struct take_call *call, const struct due_tag *tags, size_t count)
{
    struct command command = {0};
    command_function(&command, "nb_push_take", count, 2 + 2 * count);
    for (size_t i = 0; i < count; i++)
        command_sender_keys(&command, tags[i].tag, 1, "push_due");
    command_number(&command, call->now);
    command_number(&command, call->until);
    for (size_t i = 0; i < count; i++) {
        command_number(&command, (int64_t)tags[i].alerts);
        command_number(&command, (int64_t)tags[i].notices);
    }
    command.any_order = true;
    call->asked++;
    store_send(store, &command, on_taken, call);
}

static size_t share(size_t *room, size_t waiting, size_t tags)
{
    size_t most = (*room + tags - 1) / tags, given = waiting < most ? waiting : most;
    *room -= given;
    return given;
}

/* All said what is due there: each gets its share of the room, beginning with another one each time. */
static void take_shares(struct store *store, struct take_call *call)
{
    struct due_tag asked[STORE_SENDER_TAGS];
    size_t count = 0, first = store->upkeep.push_tag++;
    for (size_t i = 0; i < call->tag_count; i++) {
        struct due_tag *tag = &asked[count];
        *tag = call->tags[(first + i) % call->tag_count];
        tag->alerts = share(&call->alerts_room, tag->alerts, call->tag_count - i);
        tag->notices = share(&call->notices_room, tag->notices, call->tag_count - i);
        count += tag->alerts + tag->notices > 0;
    }
    size_t each = store_spans_tags(store) ? count : 1;
    for (size_t i = 0; i < count; i += each)
        take(store, call, asked + i, each);
    if (count == 0)
        finish(call);
}

/* ---- looking ---- */

struct look_call {
    struct take_call *call;
    unsigned tag;
};

static void on_looked(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct look_call *look = arg;
    struct take_call *call = look->call;
    bool mine = status == STORE_OK && reply_number(reply_at(reply, 0)) == 1;
    note_status(call, status);
    call->work.mine = call->work.mine || mine;
    if (status == STORE_OK && !mine)
        store->upkeep.push_refused[look->tag] =
            store_clock() + (double)reply_number(reply_at(reply, 1)) / 1000.;
    for (size_t i = 1; mine && i + 2 < reply_count(reply) && call->tag_count < STORE_SENDER_TAGS; i += 3)
        call->tags[call->tag_count++] =
            (struct due_tag){look->tag + (unsigned)reply_number(reply_at(reply, i)),
                (size_t)reply_number(reply_at(reply, i + 1)), (size_t)reply_number(reply_at(reply, i + 2))};
    free(look);
    if (--call->asked == 0)
        take_shares(store, call);
}

static void ask(struct store *store, struct take_call *call, unsigned tag)
{
    struct look_call *look = store_alloc(sizeof(*look));
    struct command command = {0};
    unsigned tags = sender_tags_at_once(store);
    *look = (struct look_call){call, tag};
    command_function(&command, "nb_push_waiting", tags, 3);
    command_sender_keys(&command, tag, tags, "push_due");
    command_text(&command, store->node);
    command_number(&command, call->now);
    command_number(&command, LEASE_MS);
    command.any_order = true;
    call->asked++;
    store_send(store, &command, on_looked, look);
}

void store_push_take(struct store *store, int64_t now, int64_t lease_ms, size_t room, bool alerts,
    store_push_work_done *done, void *arg)
{
    struct take_call *call = store_alloc(sizeof(*call));
    double time = store_clock();
    *call = (struct take_call){.store = store,
        .now = now,
        .until = now + lease_ms,
        .alerts_room = alerts ? ALERTS : 0,
        .notices_room = room < NOTICES ? room : NOTICES,
        .done = done,
        .arg = arg};
    arena_init(&call->arena, NULL, 0);
    bool before = calls_are_upkeep(store, true);
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag += sender_tags_at_once(store)) {
        if (time >= store->upkeep.push_refused[tag])
            ask(store, call, tag);
    }
    if (!call->asked) /* others do all of it: somebody must answer */
        ask(store, call, 0);
    calls_are_upkeep(store, before);
}
