/* One change of an alert is carried from its outbox to the channels (scripts/channel.lua), and marked as done
 * when every channel has it. */
#include <stdlib.h>

#include "bridge/store_push_inside.h"
#include "proto/arena.h"

enum { APPEND_CHANNELS = 64, WORK_HEAD = 7 };

/* Where it goes. */
struct target {
    char key[KEY];
    const char *flags; /* '1' or '0' a revision: in force there */
};
struct targets {
    struct target *list;
    size_t count, revisions;
    struct arena arena;
};

/* One taken entry, until all its channels have it. */
struct piece {
    char stream[KEY], alert[KEY], entry[48];
    int64_t first, revision, next; /* the oldest that is carried, the newest, and the next to be appended */
    int64_t until;
    unsigned tag;
    char id[PUBLIC_ID + 1];
    struct targets targets;
    unsigned waiting; /* for so many answers */
    size_t channel_count;
    bool failed, near; /* near: it may concern push subscriptions */
    bool in_force;     /* by its newest revision, in some channel */
};

static void on_done(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)reply;
    const struct piece *piece = arg;
    if (status == STORE_OK && store->events.carried)
        store->events.carried(
            store->events.arg, piece->id, (uint32_t)piece->revision, piece->channel_count, piece->in_force);
    store->outbox.carrying--;
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
    command.any_order = true;
    store_send(store, &command, on_done, piece);
}

static void append_step(struct store *store, struct piece *piece);

/* One of the answers came; with the last one of the newest revision it is done. */
static void go_on(struct store *store, struct piece *piece, enum store_status status)
{
    piece->failed = piece->failed || status != STORE_OK;
    if (--piece->waiting > 0)
        return;
    if (!piece->failed && piece->targets.count && piece->next <= piece->revision) {
        append_step(store, piece);
        return;
    }
    arena_free(&piece->targets.arena);
    if (!piece->failed) {
        mark_done(store, piece);
        return;
    }
    store->outbox.carrying--;
    free(piece);
}

static void count_appended(struct store *store, uint64_t number, const redisReply *reply)
{
    (void)number;
    store->counters.alerts_appended += (uint64_t)reply_number(reply);
}

static void on_appended(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)reply;
    go_on(store, arg, status);
}

static void on_near(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct piece *piece = arg;
    piece->near = piece->near || reply_number(reply) > 0;
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

static void put_head(struct buffer *packed, const struct piece *piece, int64_t from, int64_t count)
{
    uint8_t id[ID_BYTES];
    hex_to_bytes(id, piece->id, ID_BYTES);
    buffer_put(packed, id, sizeof(id));
    buffer_number(packed, piece->tag, 1);
    buffer_number(packed, (uint64_t)from, 4);
    buffer_number(packed, (uint64_t)count, 1);
    buffer_number(packed, (uint64_t)piece->until, 8);
}

/* ---- the channels ---- */

enum { LAND_LETTERS = 2 };

static void add_target(struct targets *targets, const char *geohash, struct text flags)
{
    struct target *target = &targets->list[targets->count];
    if (flags.len != targets->revisions)
        return;
    region_key(target->key, geohash, "ch:", text_of(geohash));
    target->flags = arena_copy(&targets->arena, flags.data, flags.len);
    targets->count++;
}

static bool same_land(struct text a, struct text b)
{
    return a.len >= LAND_LETTERS && b.len >= LAND_LETTERS && memcmp(a.data, b.data, LAND_LETTERS) == 0;
}

/* In force in the land when it is in force in one of its channels; flags is as long as theirs. */
static void add_flags(char *flags, size_t len, struct text more)
{
    for (size_t i = 0; i < len && i < more.len; i++)
        flags[i] = flags[i] == '1' || more.data[i] == '1' ? '1' : '0';
}

/* The land of the channel at this place, "9q*", unless it was named before: for who follows a cell that has
 * too many channels. */
static void add_land(struct targets *targets, const redisReply *work, size_t at)
{
    struct text channel = reply_text(reply_at(work, at)), flags = reply_text(reply_at(work, at + 1));
    char land[LAND_LETTERS + 2];
    size_t before = WORK_HEAD;
    while (before < at && !same_land(reply_text(reply_at(work, before)), channel))
        before += 2;
    if (before < at || channel.len < LAND_LETTERS)
        return;
    char *all = arena_copy(&targets->arena, flags.data, flags.len);
    for (size_t next = at + 2; next + 1 < reply_count(work); next += 2) {
        if (same_land(reply_text(reply_at(work, next)), channel))
            add_flags(all, flags.len, reply_text(reply_at(work, next + 1)));
    }
    snprintf(land, sizeof(land), "%.*s*", LAND_LETTERS, channel.data);
    add_target(targets, land, (struct text){all, flags.len});
}

static int compare_targets(const void *a, const void *b)
{
    return strcmp(((const struct target *)a)->key, ((const struct target *)b)->key);
}

/* In one call the channels come as the alert reached them, so that who follows several sees its revisions in
 * their order; in a cluster those of one tag stand together. */
static void find_targets(struct store *store, struct piece *piece, const redisReply *work)
{
    struct targets *targets = &piece->targets;
    size_t count = reply_count(work);
    arena_init(&targets->arena, NULL, 0);
    targets->revisions = (size_t)(piece->revision - piece->first + 1);
    targets->list = arena_alloc(&targets->arena, (count + 1) * sizeof(*targets->list));
    for (size_t at = WORK_HEAD; at + 1 < count; at += 2) {
        char geohash[13];
        if (copy_text(geohash, sizeof(geohash), reply_text(reply_at(work, at))))
            add_target(targets, geohash, reply_text(reply_at(work, at + 1)));
        add_land(targets, work, at);
    }
    if (!store_spans_tags(store))
        qsort(targets->list, targets->count, sizeof(*targets->list), compare_targets);
}

static void append_some(struct store *store, struct piece *piece, const struct target *list, size_t count,
    int64_t from, int64_t revisions)
{
    struct command command = {0};
    struct buffer packed = {0};
    command_function(&command, "nb_append", count, 1);
    put_head(&packed, piece, from, revisions);
    for (size_t i = 0; i < count; i++) {
        command_text(&command, list[i].key);
        buffer_put(&packed, list[i].flags + (from - piece->first), (size_t)revisions);
    }
    command_bytes(&command, packed.data, packed.len);
    buffer_free(&packed);
    piece->waiting++;
    command.any_order = true; /* a channel takes what is newer than what it has */
    command.count = count_appended;
    store_send(store, &command, on_appended, piece);
}

/* So many channels a call; in a cluster those of one tag, and one revision after the other: nothing else
 * would keep their order for who follows several. */
static void append_step(struct store *store, struct piece *piece)
{
    const struct target *list = piece->targets.list;
    int64_t from = piece->next, revisions = store_spans_tags(store) ? piece->revision - from + 1 : 1;
    piece->next += revisions;
    for (size_t at = 0, next; at < piece->targets.count; at = next) {
        next = at + 1;
        while (next < piece->targets.count && next - at < APPEND_CHANNELS &&
               one_call(store, list[at].key, list[next].key))
            next++;
        append_some(store, piece, list + at, next - at, from, revisions);
    }
}

/* ---- push subscriptions ---- */

static int compare_keys(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void ask_some(struct store *store, struct piece *piece, const char (*keys)[KEY], size_t count)
{
    struct command command = {0};
    command_begin(&command, 1 + count);
    command_text(&command, "EXISTS");
    for (size_t i = 0; i < count; i++)
        command_text(&command, keys[i]);
    piece->waiting++;
    command.any_order = command.reads = true;
    store_send(store, &command, on_near, piece);
}

/* Asks whether any push subscription is near one of its channels: all that an alert costs that concerns none.
 */
static void ask_near(struct store *store, struct piece *piece, const redisReply *work)
{
    size_t count = reply_count(work) > WORK_HEAD ? (reply_count(work) - WORK_HEAD) / 2 : 0;
    if (!store->options.push || count == 0)
        return;
    char(*keys)[KEY] = store_alloc(count * sizeof(*keys));
    for (size_t i = 0; i < count; i++) {
        char geohash[13] = "";
        uint8_t digest[PUSH_DIGEST];
        (void)copy_text(geohash, sizeof(geohash), reply_text(reply_at(work, WORK_HEAD + 2 * i)));
        push_at_key(store, geohash, keys[i], digest);
    }
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t at = 0, next; at < count; at = next) {
        next = at + 1;
        while (next < count && one_call(store, keys[at], keys[next]))
            next++;
        ask_some(store, piece, (const char(*)[KEY])keys + at, next - at);
    }
    free(keys);
}

static void count_channels(struct piece *piece, const redisReply *work)
{
    for (size_t at = WORK_HEAD; at + 1 < reply_count(work); at += 2) {
        struct text flags = reply_text(reply_at(work, at + 1));
        piece->channel_count++;
        piece->in_force = piece->in_force || (flags.len && flags.data[flags.len - 1] == '1');
    }
}

void outbox_carry(struct store *store, const redisReply *work)
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
    piece->tag = (unsigned)reply_number(reply_at(work, 3));
    piece->first = piece->next = reply_number(reply_at(work, 4));
    piece->revision = reply_number(reply_at(work, 5));
    piece->until = reply_number(reply_at(work, 6));
    sender_key(piece->alert, piece->tag, "alert:", id);
    count_channels(piece, work);
    store->outbox.carrying++;
    bool before = calls_are_upkeep(store, true); /* one that is not carried is taken again */
    piece->waiting = 1;                          /* until everything is asked */
    find_targets(store, piece, work);
    append_step(store, piece);
    ask_near(store, piece, work);
    go_on(store, piece, STORE_OK);
    calls_are_upkeep(store, before);
}
