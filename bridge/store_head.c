/* Heads of the public record. Before one is signed, the tree is held against the last one that was: the nodes
 * must prove that it goes on with that, and the leaves must hash to it. A leaf that was rewritten, dropped or
 * moved, or nodes that were, end the signing until they are as they were. What was signed is remembered here
 * too, so that a head that is taken back in Redis does not help. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/log_succession.h"
#include "bridge/store_sequence.h"
#include "proto/codec.h"

enum { PAGES_MOST = 64 }; /* of leaves that are looked at before a head is signed, once all were */

void head_broken(struct sequence *sequence, const char *format, ...)
{
    struct store *store = sequence->store;
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    store_log(store, STORE_LOG_ERROR, "record_broken",
        "text=\"the public record was changed behind our back: %s; no head is signed\"", text);
    store->counters.log_broken = 1;
    sequence->trusted = false;
    memset(&sequence->audit, 0, sizeof sequence->audit);
    double interval = (double)store->options.tree_head_ms / 1000.;
    sequence_pause(sequence, interval > 1. ? interval : 1.);
}

/* ---- heads ---- */

bool head_take(struct known_head *out, struct bytes encoded)
{
    struct arena arena;
    struct tree_head head;
    struct refusal refusal;
    if (out->encoded.len == encoded.len &&
        (!encoded.len || !memcmp(out->encoded.data, encoded.data, encoded.len)))
        return true;
    buffer_free(&out->encoded);
    *out = (struct known_head){0};
    if (!encoded.len)
        return true;
    arena_init(&arena, NULL, 0);
    bool readable = codec_decode_tree_head(ENCODING_PROTOBUF, encoded, &arena, &head, &refusal);
    if (readable) {
        buffer_put(&out->encoded, encoded.data, encoded.len);
        out->size = head.size;
        memcpy(out->root.bytes, head.root_hash.data, MERKLE_HASH);
    }
    arena_free(&arena);
    return readable;
}

static struct bytes bytes_of(const struct known_head *head)
{
    return (struct bytes){head->encoded.data, head->encoded.len};
}

/* ---- the nodes ---- */

static bool goes_on(const struct known_head *head, const struct merkle_plan *plan,
    const struct merkle_hash *nodes, uint64_t size, const struct merkle_hash *root)
{
    struct merkle_hash path[MERKLE_PATH];
    if (!head->encoded.len)
        return true;
    merkle_fold(plan, nodes, path);
    return merkle_check_consistency(head->size, &head->root, size, root, path, plan->part_count);
}

static bool same_root(const struct merkle_peaks *tree, const struct merkle_hash *root)
{
    struct merkle_hash own;
    merkle_root(tree, &own);
    return merkle_equal(&own, root);
}

static void sign(struct sequence *sequence);

static void on_proof(void *arg, const struct store_log_nodes *found)
{
    struct sequence *sequence = arg;
    const struct merkle_hash *nodes = found->nodes;
    struct merkle_peaks tree;
    struct merkle_hash root;
    if (found->state.status != STORE_OK) {
        sequence->trusted = false;
        sequence_pause(sequence, 1.);
        return;
    }
    uint64_t size = found->state.size;
    if (size != sequence->planned) { /* it grew meanwhile */
        sequence->trusted = false;
        sequence_pause(sequence, 0.);
        return;
    }
    merkle_take_peaks(size, nodes, &tree);
    merkle_root(&tree, &root);
    size_t kept = sequence->peaks.node_count, told = kept + sequence->from_kept.node_count;
    if (!found->complete)
        head_broken(sequence, "nodes of the tree of %" PRIu64 " leaves are missing", size);
    else if (!goes_on(&sequence->kept, &sequence->from_kept, nodes + kept, size, &root))
        head_broken(
            sequence, "the tree does not go on with the head of %" PRIu64 " leaves", sequence->kept.size);
    else if (!goes_on(&sequence->told, &sequence->from_told, nodes + told, size, &root))
        head_broken(sequence, "the tree does not go on with the head in Redis, of %" PRIu64 " leaves",
            sequence->told.size);
    else if (sequence->then_sign && !same_root(&sequence->tree, &root))
        head_broken(
            sequence, "nodes of the tree of %" PRIu64 " leaves are not those that were written", size);
    else if (!head_take(&sequence->kept, bytes_of(&sequence->told)))
        head_broken(sequence, "the head in Redis cannot be read");
    else if (sequence->then_sign) {
        sign(sequence);
    } else {
        sequence->tree = tree;
        sequence->trusted = true;
        sequence_pause(sequence, 0.);
    }
}

static bool plan_from(const struct known_head *head, uint64_t size, struct merkle_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    return head->size == 0 || merkle_plan_consistency(head->size, size, plan);
}

/* By the key in use, or one of before that gave its word for it. */
static bool own_head(const struct sequence *sequence)
{
    const struct log_key *key = sequence->store->options.log_key;
    struct log_public keys;
    struct arena arena;
    struct tree_head head;
    struct refusal refusal;
    if (!key || !sequence->told.encoded.len)
        return true;
    log_key_public(key, keys.key);
    keys.formers = *log_key_formers(key);
    arena_init(&arena, NULL, 0);
    bool own =
        codec_decode_tree_head(ENCODING_PROTOBUF, bytes_of(&sequence->told), &arena, &head, &refusal) &&
        log_public_signer(&keys, &head) != NULL;
    arena_free(&arena);
    return own;
}

void head_prove(struct sequence *sequence, uint64_t size, bool then_sign)
{
    const struct known_head *kept = &sequence->kept, *told = &sequence->told;
    struct merkle_position nodes[STORE_LOG_PAGE];
    size_t count = 0;
    merkle_plan_peaks(size, &sequence->peaks);
    sequence->then_sign = then_sign;
    sequence->planned = size;
    if (kept->size > told->size)
        head_broken(sequence, "the head in Redis is of %" PRIu64 " leaves, %" PRIu64 " were signed",
            told->size, kept->size);
    else if (!own_head(sequence))
        head_broken(sequence, "the head in Redis was not signed with this key");
    else if (!plan_from(kept, size, &sequence->from_kept) || !plan_from(told, size, &sequence->from_told))
        head_broken(sequence, "%" PRIu64 " leaves were signed, %" PRIu64 " are there", told->size, size);
    else {
        const struct merkle_plan *plans[] = {&sequence->peaks, &sequence->from_kept, &sequence->from_told};
        for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
            memcpy(nodes + count, plans[i]->nodes, plans[i]->node_count * sizeof *nodes);
            count += plans[i]->node_count;
        }
        store_log_nodes(sequence->store, nodes, count, on_proof, sequence);
    }
}

/* ---- the leaves ---- */

static void audit_begin(struct sequence *sequence)
{
    sequence->audit.begun = true;
    sequence->audit.tree = (struct merkle_peaks){0};
    if (sequence->told.encoded.len) {
        sequence->audit.goal = sequence->told.size;
        sequence->audit.root = sequence->told.root;
    } else {
        sequence->audit.goal = sequence->tree.size;
        merkle_root(&sequence->tree, &sequence->audit.root);
    }
}

/* What is wrong with the leaf; NULL: nothing. */
static const char *fault_of(const struct store_log_leaf *leaf, struct merkle_hash *hash)
{
    if (!leaf->leaf.len)
        return "is missing";
    merkle_leaf(leaf->leaf, hash);
    if (!leaf->hashed)
        return "has no hash in the tree";
    return merkle_equal(hash, &leaf->hash) ? NULL : "was rewritten";
}

static void audit_page(struct sequence *sequence);

static void audit_step(struct sequence *sequence)
{
    bool over = sequence->audit.tree.size == sequence->audit.goal;
    if (over) {
        struct merkle_hash root;
        merkle_root(&sequence->audit.tree, &root);
        if (!merkle_equal(&root, &sequence->audit.root)) {
            head_broken(sequence, "the first %" PRIu64 " leaves are not those that were signed",
                sequence->audit.goal);
            return;
        }
        sequence->audit.begun = false;
        sequence->audit.passed = true;
    }
    if (!over && sequence->audit.pages < PAGES_MOST)
        audit_page(sequence);
    else if (sequence->audit.passed)
        head_prove(sequence, sequence->tree.size, true);
    else
        sequence_pause(sequence, 0.); /* the lease is renewed, then it goes on */
}

static void on_page(void *arg, const struct store_log_leaves *found)
{
    struct sequence *sequence = arg;
    struct merkle_peaks *tree = &sequence->audit.tree;
    struct merkle_hash hash;
    if (found->state.status != STORE_OK) {
        sequence->trusted = false;
        sequence_pause(sequence, 1.);
        return;
    }
    for (size_t i = 0; i < found->count && tree->size < sequence->audit.goal; i++) {
        const char *fault = fault_of(&found->leaves[i], &hash);
        if (fault) {
            head_broken(sequence, "leaf %" PRIu64 " %s", tree->size, fault);
            return;
        }
        merkle_append(tree, &hash, NULL, NULL);
    }
    sequence->audit.pages++;
    if (found->count == 0)
        head_broken(sequence, "%" PRIu64 " leaves were signed, %" PRIu64 " are there", sequence->audit.goal,
            found->state.size);
    else
        audit_step(sequence);
}

static void audit_page(struct sequence *sequence)
{
    store_log_leaves(sequence->store, sequence->audit.tree.size, STORE_LOG_PAGE, on_page, sequence);
}

void head_upkeep(struct sequence *sequence)
{
    sequence->audit.pages = 0;
    if (!sequence->audit.begun)
        audit_begin(sequence);
    audit_step(sequence);
}

/* ---- signing ---- */

struct signing {
    struct sequence *sequence;
    struct buffer head;
};

static void count_head(struct store *store, uint64_t number, const redisReply *reply)
{
    store->counters.log_heads += reply_number(reply) == STORE_OK ? number : 0;
}

static void on_signed(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    struct signing *signing = arg;
    struct sequence *sequence = signing->sequence;
    bool done = status == STORE_OK && reply_number(reply) == STORE_OK &&
                head_take(&sequence->kept, (struct bytes){signing->head.data, signing->head.len});
    buffer_free(&signing->head);
    free(signing);
    if (!done) {
        sequence->trusted = false;
        sequence_pause(sequence, 1.);
        return;
    }
    if (store->counters.log_broken)
        store_log(
            store, STORE_LOG_WARNING, "record_whole", "text=\"the public record is again as it was signed\"");
    store->counters.log_broken = 0;
    sequence->sign_due = store_clock() + (double)store->options.tree_head_ms / 1000.;
    sequence_pause(sequence, 0.);
}

static void sign(struct sequence *sequence)
{
    struct store *store = sequence->store;
    struct command command = {0};
    struct merkle_hash root;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    merkle_root(&sequence->tree, &root);
    struct bytes head =
        log_key_sign_head(store->options.log_key, sequence->tree.size, sequence->now, root.bytes, &arena);
    command_function(&command, "nb_log_sign", 1, 4);
    command_text(&command, sequence_key);
    command_text(&command, store->node);
    command_number(&command, SEQUENCE_LEASE_MS);
    command_bytes(&command, sequence->told.encoded.data, sequence->told.encoded.len);
    command_bytes(&command, head.data, head.len);
    struct signing *signing = store_alloc(sizeof *signing);
    signing->sequence = sequence;
    buffer_put(&signing->head, head.data, head.len);
    arena_free(&arena);
    command.count = count_head;
    command.number = 1;
    store_send(store, &command, on_signed, signing);
}
