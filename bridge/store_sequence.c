/* Acts become leaves of the public record (scripts/log.lua), in one process at a time: whoever has the lease
 * reads the cursors, then what waits behind them under the senders' tags, encodes and hashes it, and appends
 * leaves, nodes and cursors in one step, which compares that nobody did so before. What was not answered is
 * read again. */
#include "bridge/store_sequence.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/record_leaf.h"
#include "proto/codec.h"

static const double POLL = 0.5, POLL_TAGS = 1.,
                    AWAY = 1.;              /* POLL_TAGS: where each tag is a call of its own */
enum { TAKE_MOST = 256, TAKE_OF_TAG = 64 }; /* acts of a batch; of one tag asked alone */

const char sequence_key[] = "nb:{log}:tree";

void sequence_pause(struct sequence *sequence, double seconds)
{
    sequence->busy = false;
    sequence->due = store_clock() + seconds;
}

/* ---- an act as it is noted ---- */

static void take_field(struct noted_act *act, struct text name, const redisReply *value)
{
    const struct {
        const char *name;
        struct text *text;
    } texts[] = {{"what", &act->what}, {"by", &act->by}, {"officer", &act->officer}, {"alert", &act->subject},
        {"reason", &act->reason}, {"name", &act->name}, {"case", &act->case_number}, {"text", &act->text}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (text_equal(name, text_of(texts[i].name)))
            *texts[i].text = reply_text(value);
    }
    if (text_equal(name, TEXT("digest")))
        act->digest = reply_bytes(value);
    else if (text_equal(name, TEXT("revision")))
        act->revision = (uint32_t)reply_number(value);
    else if (text_equal(name, TEXT("at")))
        act->at = reply_number(value);
    else if (text_equal(name, TEXT("count")))
        act->count = (uint64_t)reply_number(value);
}

static bool is_readable(struct bytes encoded, struct arena *arena)
{
    struct log_leaf leaf;
    struct refusal refusal;
    return codec_decode_log_leaf(ENCODING_PROTOBUF, encoded, arena, &leaf, &refusal);
}

/* The encoded leaf; len 0: the act has none. What would make it unreadable is left out. */
static struct bytes leaf_of(const redisReply *fields, uint64_t index, struct arena *arena)
{
    struct noted_act act = {0};
    struct log_leaf leaf;
    for (size_t i = 0; i + 1 < reply_count(fields); i += 2)
        take_field(&act, reply_text(reply_at(fields, i)), reply_at(fields, i + 1));
    if (!record_leaf(&act, &leaf))
        return (struct bytes){0};
    leaf.index = index;
    struct bytes encoded = codec_encode_log_leaf(ENCODING_PROTOBUF, &leaf, arena);
    if (is_readable(encoded, arena))
        return encoded;
    leaf.agency_name = leaf.case_number = leaf.text = leaf.subject = (struct text){0};
    return codec_encode_log_leaf(ENCODING_PROTOBUF, &leaf, arena);
}

/* ---- a batch ---- */

struct batch {
    struct sequence *sequence;
    unsigned under_way;       /* calls for acts */
    bool heard;               /* one of them was answered; a tag that is not has nothing */
    struct merkle_peaks tree; /* behind it */
    size_t acts, tags, leaves, nodes;
    struct command tag_words, leaf_words, node_words; /* arguments, encoded */
};

/* An argument, encoded as Redis reads it, behind those before. */
static void put_word(struct command *words, const void *data, size_t len)
{
    command_bytes(words, data, len);
}

static void completed(void *arg, const struct merkle_position *at, const struct merkle_hash *hash)
{
    struct batch *batch = arg;
    command_number(&batch->node_words, at->level);
    command_number(&batch->node_words, (int64_t)at->index);
    put_word(&batch->node_words, hash->bytes, MERKLE_HASH);
    batch->nodes++;
}

static void add_act(struct batch *batch, const redisReply *fields)
{
    struct arena arena;
    struct merkle_hash hash;
    arena_init(&arena, NULL, 0);
    struct bytes leaf = leaf_of(fields, batch->tree.size, &arena);
    batch->acts++;
    if (leaf.len) {
        put_word(&batch->leaf_words, leaf.data, leaf.len);
        batch->leaves++;
        merkle_leaf(leaf, &hash);
        merkle_append(&batch->tree, &hash, completed, batch);
    }
    arena_free(&arena);
}

/* What there is no room for stays for the next batch. */
static void add_tag(struct batch *batch, unsigned tag, const redisReply *acts)
{
    const char *cursor = batch->sequence->cursors[tag];
    size_t count = reply_count(acts);
    char name[8];
    if (!count || batch->acts + count > TAKE_MOST)
        return;
    for (size_t i = 0; i < count; i++)
        add_act(batch, reply_at(reply_at(acts, i), 1));
    struct text last = reply_text(reply_at(reply_at(acts, count - 1), 0));
    put_word(&batch->tag_words, name, (size_t)snprintf(name, sizeof name, "s%02x", tag));
    put_word(&batch->tag_words, cursor, strlen(cursor));
    put_word(&batch->tag_words, last.data, last.len);
    batch->tags++;
}

static void batch_free(struct batch *batch)
{
    command_free(&batch->tag_words);
    command_free(&batch->leaf_words);
    command_free(&batch->node_words);
    free(batch);
}

static void count_leaves(struct store *store, uint64_t leaves, const redisReply *reply)
{
    if (reply_number(reply) == STORE_OK)
        store->counters.log_leaves += leaves;
}

static void on_appended(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct batch *batch = arg;
    struct sequence *sequence = batch->sequence;
    if (status == STORE_OK && reply_number(reply) == STORE_OK) {
        sequence->tree = batch->tree;
    } else {
        sequence->trusted = false;
    }
    sequence_pause(sequence, status == STORE_OK ? 0. : AWAY);
    batch_free(batch);
}

static void append(struct batch *batch)
{
    struct sequence *sequence = batch->sequence;
    struct command command = {0};
    size_t arguments = 5 + 3 * batch->tags + batch->leaves + 3 * batch->nodes;
    command_function(&command, "nb_log_append", 1, arguments);
    command_text(&command, sequence_key);
    command_text(&command, sequence->store->node);
    command_number(&command, SEQUENCE_LEASE_MS);
    command_number(&command, (int64_t)sequence->tree.size);
    command_number(&command, (int64_t)batch->tags);
    command_join(&command, &batch->tag_words);
    command_number(&command, (int64_t)batch->leaves);
    command_join(&command, &batch->leaf_words);
    command_join(&command, &batch->node_words);
    command.count = count_leaves;
    command.number = batch->leaves;
    store_send(sequence->store, &command, on_appended, batch);
}

/* ---- what waits ---- */

/* A call for acts of `count` tags, from `tag` on. */
struct reading {
    struct batch *batch;
    unsigned tag, count;
};

static void batch_read(struct batch *batch)
{
    struct sequence *sequence = batch->sequence;
    struct store *store = sequence->store;
    bool heard = batch->heard;
    if (batch->acts) {
        append(batch);
        return;
    }
    batch_free(batch);
    if (!heard)
        sequence_pause(sequence, AWAY);
    else if (store->options.log_key && store_clock() >= sequence->sign_due)
        head_upkeep(sequence);
    else
        sequence_pause(sequence, store_spans_tags(store) ? POLL : POLL_TAGS);
}

static void on_acts(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct reading *reading = arg;
    struct batch *batch = reading->batch;
    batch->heard = batch->heard || status == STORE_OK;
    for (size_t i = 0; status == STORE_OK && i + 1 < reply_count(reply); i += 2) {
        uint64_t at = (uint64_t)reply_number(reply_at(reply, i));
        if (at < reading->count)
            add_tag(batch, (reading->tag + (unsigned)at) % STORE_SENDER_TAGS, reply_at(reply, i + 1));
    }
    free(reading);
    if (--batch->under_way == 0)
        batch_read(batch);
}

static void ask_for_acts(struct batch *batch, unsigned tag, unsigned count, int most)
{
    struct command command = {0};
    struct reading *reading = store_alloc(sizeof *reading);
    *reading = (struct reading){batch, tag, count};
    command_function(&command, "nb_log_acts", count, 1 + count);
    for (unsigned i = 0; i < count; i++) {
        char key[KEY];
        sender_key(key, (tag + i) % STORE_SENDER_TAGS, "acts", "");
        command_text(&command, key);
    }
    command_number(&command, most);
    for (unsigned i = 0; i < count; i++)
        command_text(&command, batch->sequence->cursors[(tag + i) % STORE_SENDER_TAGS]);
    store_send(batch->sequence->store, &command, on_acts, reading);
}

/* All tags, each time beginning with another, so that none is always the last. */
static void read_acts(struct sequence *sequence)
{
    struct batch *batch = store_alloc(sizeof *batch);
    unsigned first = sequence->first_tag++ % STORE_SENDER_TAGS;
    bool spans = store_spans_tags(sequence->store);
    batch->sequence = sequence;
    batch->tree = sequence->tree;
    batch->under_way = spans ? 1 : STORE_SENDER_TAGS;
    if (spans)
        ask_for_acts(batch, first, STORE_SENDER_TAGS, TAKE_MOST);
    for (unsigned i = 0; !spans && i < STORE_SENDER_TAGS; i++)
        ask_for_acts(batch, first + i, 1, TAKE_OF_TAG);
}

/* ---- a look ---- */

static void lost(struct sequence *sequence, double seconds)
{
    sequence->trusted = false;
    memset(&sequence->audit, 0, sizeof sequence->audit);
    sequence_pause(sequence, seconds);
}

static void take_cursors(struct sequence *sequence, const redisReply *list)
{
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag++)
        strcpy(sequence->cursors[tag], "0-0");
    for (size_t i = 0; i + 1 < reply_count(list); i += 2) {
        struct text name = reply_text(reply_at(list, i)), cursor = reply_text(reply_at(list, i + 1));
        unsigned tag = name.len == 3 ? (unsigned)strtoul(name.data + 1, NULL, 16) : STORE_SENDER_TAGS;
        if (tag < STORE_SENDER_TAGS && cursor.len < sizeof sequence->cursors[tag])
            memcpy(sequence->cursors[tag], cursor.data, cursor.len + 1); /* hiredis ends it with a NUL */
    }
}

static void on_taken(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct sequence *sequence = arg;
    int64_t size = reply_number(reply_at(reply, 0));
    if (status != STORE_OK || size < 0) {
        lost(sequence, status == STORE_OK ? (double)reply_number(reply_at(reply, 1)) / 1000. : AWAY);
        return;
    }
    if (!head_take(&sequence->told, reply_bytes(reply_at(reply, 1)))) {
        head_broken(sequence, "the head in Redis cannot be read");
        return;
    }
    take_cursors(sequence, reply_at(reply, 2));
    if (!sequence->trusted || sequence->tree.size != (uint64_t)size)
        head_prove(sequence, (uint64_t)size, false);
    else
        read_acts(sequence);
}

void sequence_work(struct store *store, int64_t now)
{
    struct command command = {0};
    if (!store->sequence) {
        store->sequence = store_alloc(sizeof *store->sequence);
        store->sequence->store = store;
    }
    struct sequence *sequence = store->sequence;
    sequence->now = now;
    if (sequence->busy || store_clock() < sequence->due)
        return;
    sequence->busy = true;
    command_function(&command, "nb_log_take", 1, 2);
    command_text(&command, sequence_key);
    command_text(&command, store->node);
    command_number(&command, SEQUENCE_LEASE_MS);
    store_send(store, &command, on_taken, sequence);
}

void sequence_free(struct store *store)
{
    if (!store->sequence)
        return;
    buffer_free(&store->sequence->kept.encoded);
    buffer_free(&store->sequence->told.encoded);
    free(store->sequence);
}
