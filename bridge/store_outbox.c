/* Outboxes: takes what changed about alerts and carries it to the channels (scripts/outbox.lua, channel.lua).
 * What is not marked as done, because this process or the store went away, is claimed by whoever comes after
 * two seconds. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_push_inside.h"

enum { TAKE_MOST = 48, APPEND_CHANNELS = 64, WORK_HEAD = 7 };

/* One taken entry, until all its channels have it. */
struct piece {
    char stream[KEY], alert[KEY], entry[48];
    int64_t revision;
    char id[PUBLIC_ID + 1];
    unsigned waiting;  /* for so many answers */
    bool failed, near; /* near: it may concern push subscriptions */
};

static void on_done(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)status;
    (void)reply;
    store->upkeep.carrying--;
    free(arg);
}

static void mark_done(struct store *store, struct piece *piece)
{
    struct command command = {0};
    command_function(&command, "nb_done", 2, piece->near ? 4 : 2);
    command_text(&command, piece->stream);
    command_text(&command, piece->alert);
    command_text(&command, piece->entry);
    command_number(&command, piece->revision);
    if (piece->near) {
        command_text(&command, piece->id);
        command_number(&command, store->options.now());
    }
    store_send(store, &command, on_done, piece);
}

/* One of the answers came; with the last one it is done. */
static void go_on(struct store *store, struct piece *piece, enum store_status status)
{
    if (status != STORE_OK)
        piece->failed = true;
    if (--piece->waiting > 0)
        return;
    if (!piece->failed) {
        mark_done(store, piece);
        return;
    }
    store->upkeep.carrying--;
    free(piece);
}

static void on_appended(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    store->counters.alerts_appended += (uint64_t)reply_number(reply);
    go_on(store, arg, status);
}

static void on_near(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct piece *piece = arg;
    piece->near = reply_number(reply) > 0;
    go_on(store, piece, status);
}

static bool copy_text(char *out, size_t size, struct text text)
{
    if (text.len == 0 || text.len >= size)
        return false;
    memcpy(out, text.data, text.len);
    out[text.len] = 0;
    return true;
}

static void put_channel(struct buffer *packed, const char *geohash, struct text flags)
{
    char key[KEY];
    struct text name = text_of(geohash);
    buffer_sized(packed, key, (size_t)region_key(key, geohash, "ch:", name));
    buffer_sized(packed, key, (size_t)region_key(key, geohash, "al:", name));
    buffer_put(packed, flags.data, flags.len);
}

static void put_head(struct buffer *packed, const redisReply *work)
{
    uint8_t id[ID_BYTES];
    int64_t first = reply_number(reply_at(work, 4)), newest = reply_number(reply_at(work, 5));
    hex_to_bytes(id, reply_text(reply_at(work, 2)).data, ID_BYTES);
    buffer_put(packed, id, sizeof(id));
    buffer_number(packed, (uint64_t)reply_number(reply_at(work, 3)), 1);
    buffer_number(packed, (uint64_t)first, 4);
    buffer_number(packed, (uint64_t)(newest - first + 1), 1);
    buffer_number(packed, (uint64_t)reply_number(reply_at(work, 6)), 8);
}

enum { LAND_LETTERS = 2 };

static bool same_land(struct text a, struct text b)
{
    return a.len >= LAND_LETTERS && b.len >= LAND_LETTERS && memcmp(a.data, b.data, LAND_LETTERS) == 0;
}

/* In force in the land when it is in force in one of its channels; flags is as long as theirs. */
static void add_flags(struct buffer *flags, struct text more)
{
    for (size_t i = 0; i < flags->len && i < more.len; i++)
        flags->data[i] = flags->data[i] == '1' || more.data[i] == '1' ? '1' : '0';
}

/* The lands of its channels, "9q*", each once: for who follows a cell that has too many channels. */
static void put_lands(struct buffer *packed, const redisReply *work)
{
    for (size_t at = WORK_HEAD; at + 1 < reply_count(work); at += 2) {
        struct text channel = reply_text(reply_at(work, at)), flags = reply_text(reply_at(work, at + 1));
        struct buffer all = {0};
        char land[LAND_LETTERS + 2];
        size_t before = WORK_HEAD;
        while (before < at && !same_land(reply_text(reply_at(work, before)), channel))
            before += 2;
        if (before < at || channel.len < LAND_LETTERS)
            continue;
        buffer_put(&all, flags.data, flags.len);
        for (size_t next = at + 2; next + 1 < reply_count(work); next += 2) {
            if (same_land(reply_text(reply_at(work, next)), channel))
                add_flags(&all, reply_text(reply_at(work, next + 1)));
        }
        snprintf(land, sizeof(land), "%.*s*", LAND_LETTERS, channel.data);
        put_channel(packed, land, (struct text){(const char *)all.data, all.len});
        buffer_free(&all);
    }
}

/* Sends the channels of one piece, so many a call. */
static void append_all(struct store *store, struct piece *piece, const redisReply *work)
{
    size_t count = reply_count(work), at = WORK_HEAD;
    while (at + 1 < count) {
        struct command command = {0};
        struct buffer packed = {0};
        put_head(&packed, work);
        for (int n = 0; n < APPEND_CHANNELS && at + 1 < count; n++, at += 2) {
            char geohash[13];
            if (copy_text(geohash, sizeof(geohash), reply_text(reply_at(work, at))))
                put_channel(&packed, geohash, reply_text(reply_at(work, at + 1)));
        }
        if (at + 1 >= count)
            put_lands(&packed, work);
        command_function(&command, "nb_append", 0, 1);
        command_bytes(&command, packed.data, packed.len);
        buffer_free(&packed);
        piece->waiting++;
        store_send(store, &command, on_appended, piece);
    }
}

/* Asks whether any push subscription is near one of its channels: all that an alert costs that concerns none.
 */
static void ask_near(struct store *store, struct piece *piece, const redisReply *work)
{
    struct command command = {0};
    size_t count = (reply_count(work) - WORK_HEAD) / 2;
    if (!store->options.push || count == 0)
        return;
    command_begin(&command, 1 + count);
    command_text(&command, "EXISTS");
    for (size_t i = 0; i < count; i++) {
        char geohash[13] = "", key[KEY];
        uint8_t digest[PUSH_DIGEST];
        (void)copy_text(geohash, sizeof(geohash), reply_text(reply_at(work, WORK_HEAD + 2 * i)));
        push_at_key(store, geohash, key, digest);
        command_text(&command, key);
    }
    piece->waiting++;
    store_send(store, &command, on_near, piece);
}

static void carry(struct store *store, const redisReply *work)
{
    struct piece *piece = store_alloc(sizeof(*piece));
    char *id = piece->id;
    struct text public_id = reply_text(reply_at(work, 2));
    if (public_id.len != PUBLIC_ID || !copy_text(id, sizeof(piece->id), public_id) ||
        !copy_text(piece->stream, sizeof(piece->stream), reply_text(reply_at(work, 0))) ||
        !copy_text(piece->entry, sizeof(piece->entry), reply_text(reply_at(work, 1)))) {
        free(piece);
        return;
    }
    sender_key(piece->alert, (unsigned)reply_number(reply_at(work, 3)), "alert:", id);
    piece->revision = reply_number(reply_at(work, 5));
    store->upkeep.carrying++;
    append_all(store, piece, work);
    ask_near(store, piece, work);
    if (piece->waiting == 0)
        mark_done(store, piece);
}

static void on_taken(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)arg;
    store->upkeep.polling = false;
    if (status != STORE_OK)
        return;
    feed_swept(store, store->upkeep.sweep_began, reply_number(reply_at(reply, 1)));
    if (reply_number(reply_at(reply, 0)) == 1)
        store->upkeep.kicked = true;
    for (size_t i = 2; i < reply_count(reply); i++)
        carry(store, reply_at(reply, i));
}

void outbox_work(struct store *store, int64_t now)
{
    struct command command = {0};
    store->upkeep.polling = true;
    store->upkeep.kicked = false;
    command_function(&command, "nb_take", 0, 3);
    command_text(&command, store->node);
    command_number(&command, TAKE_MOST);
    command_number(&command, store->upkeep.first_tag++ % STORE_SENDER_TAGS);
    store->upkeep.sweep_began = now;
    store_send(store, &command, on_taken, NULL);
}
