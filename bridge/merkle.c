/* RFC 9162, section 2.1, on OpenSSL's SHA-256. Trees are walked down from the root, from the largest power of
 * two below the size, as the RFC defines them. */
#include "bridge/merkle.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { LEAF_PREFIX = 0x00, NODE_PREFIX = 0x01 };

static void must(bool done)
{
    if (!done)
        abort();
}

bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->bytes, b->bytes, MERKLE_HASH) == 0;
}

/* ---- hashes ---- */

static void hash_with(uint8_t prefix, struct bytes data, struct merkle_hash *out)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
         EVP_DigestUpdate(context, &prefix, 1) == 1 && EVP_DigestUpdate(context, data.data, data.len) == 1 &&
         EVP_DigestFinal_ex(context, out->bytes, NULL) == 1);
    EVP_MD_CTX_free(context);
}

void merkle_leaf(struct bytes leaf, struct merkle_hash *out)
{
    hash_with(LEAF_PREFIX, leaf, out);
}

void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *out)
{
    uint8_t both[2 * MERKLE_HASH];
    memcpy(both, left->bytes, MERKLE_HASH);
    memcpy(both + MERKLE_HASH, right->bytes, MERKLE_HASH);
    hash_with(NODE_PREFIX, (struct bytes){both, sizeof both}, out);
}

/* ---- a tree that grows ---- */

void merkle_append(
    struct merkle_peaks *tree, const struct merkle_hash *leaf, merkle_completed *completed, void *arg)
{
    struct merkle_position at = {0, tree->size};
    struct merkle_hash hash = *leaf;
    if (completed)
        completed(arg, &at, &hash);
    for (; tree->size >> at.level & 1; completed ? completed(arg, &at, &hash) : (void)0) {
        struct merkle_hash right = hash;
        merkle_node(&tree->peaks[at.level], &right, &hash);
        at.level++;
        at.index >>= 1;
    }
    tree->peaks[at.level] = hash;
    tree->size++;
}

void merkle_root(const struct merkle_peaks *tree, struct merkle_hash *out)
{
    bool any = false;
    if (tree->size == 0)
        must(EVP_Digest("", 0, out->bytes, NULL, EVP_sha256(), NULL) == 1);
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        struct merkle_hash right = *out;
        if (!(tree->size >> level & 1))
            continue;
        if (any)
            merkle_node(&tree->peaks[level], &right, out);
        else
            *out = tree->peaks[level];
        any = true;
    }
}

/* ---- plans ---- */

/* The largest power of two below n, which is at least 2. */
static uint64_t split(uint64_t n)
{
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* A part of the plan: the tree over the leaves from `begin` to before `end`, whose beginning is a multiple of
 * the power of two that is not below its size. */
static void add_tree(struct merkle_plan *plan, uint64_t begin, uint64_t end)
{
    size_t part = plan->part_count++;
    plan->parts[part].first = (uint8_t)plan->node_count;
    while (begin < end) {
        unsigned level = 63 - (unsigned)__builtin_clzll(end - begin);
        plan->nodes[plan->node_count++] = (struct merkle_position){(uint8_t)level, begin >> level};
        begin += UINT64_C(1) << level;
    }
    plan->parts[part].count = (uint8_t)(plan->node_count - plan->parts[part].first);
}

/* The RFC lists a path from the leaf upwards; the walk goes down. */
static void turn_around(struct merkle_plan *plan)
{
    for (size_t i = 0; i < plan->part_count / 2; i++) {
        size_t other = plan->part_count - 1 - i;
        uint8_t first = plan->parts[i].first, count = plan->parts[i].count;
        plan->parts[i] = plan->parts[other];
        plan->parts[other].first = first;
        plan->parts[other].count = count;
    }
}

void merkle_plan_peaks(uint64_t size, struct merkle_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    add_tree(plan, 0, size);
    plan->part_count = 0;
}

void merkle_take_peaks(uint64_t size, const struct merkle_hash *nodes, struct merkle_peaks *out)
{
    memset(out, 0, sizeof *out);
    out->size = size;
    for (int level = MERKLE_LEVELS - 1; level >= 0; level--) {
        if (size >> level & 1)
            out->peaks[level] = *nodes++;
    }
}

bool merkle_plan_inclusion(uint64_t leaf, uint64_t size, struct merkle_plan *plan)
{
    uint64_t begin = 0, end = size;
    memset(plan, 0, sizeof *plan);
    if (leaf >= size || size >> (MERKLE_LEVELS - 1))
        return false;
    while (end - begin > 1) {
        uint64_t middle = begin + split(end - begin);
        if (leaf < middle) {
            add_tree(plan, middle, end);
            end = middle;
        } else {
            add_tree(plan, begin, middle);
            begin = middle;
        }
    }
    turn_around(plan);
    return true;
}

bool merkle_plan_consistency(uint64_t from, uint64_t to, struct merkle_plan *plan)
{
    uint64_t begin = 0, end = to;
    bool known = true; /* SUBPROOF's b: the tree at hand is the one that the verifier remembers */
    memset(plan, 0, sizeof *plan);
    if (from == 0 || from > to || to >> (MERKLE_LEVELS - 1))
        return false;
    while (from != end) {
        uint64_t middle = begin + split(end - begin);
        if (from <= middle) {
            add_tree(plan, middle, end);
            end = middle;
        } else {
            add_tree(plan, begin, middle);
            begin = middle;
            known = false;
        }
    }
    if (!known)
        add_tree(plan, begin, end);
    turn_around(plan);
    return true;
}

void merkle_fold(
    const struct merkle_plan *plan, const struct merkle_hash *nodes, struct merkle_hash path[MERKLE_PATH])
{
    for (size_t part = 0; part < plan->part_count; part++) {
        size_t first = plan->parts[part].first, at = first + plan->parts[part].count - 1;
        struct merkle_hash hash = nodes[at];
        while (at-- > first) {
            struct merkle_hash right = hash;
            merkle_node(&nodes[at], &right, &hash);
        }
        path[part] = hash;
    }
}

/* ---- checks ---- */

bool merkle_check_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
    const struct merkle_hash *path, size_t count, const struct merkle_hash *root)
{
    uint64_t fn = index, sn = size - 1;
    struct merkle_hash hash = *leaf;
    if (index >= size)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct merkle_hash before = hash;
        if (sn == 0)
            return false;
        if (fn & 1 || fn == sn) {
            merkle_node(&path[i], &before, &hash);
            for (; !(fn & 1) && fn; sn >>= 1)
                fn >>= 1;
        } else {
            merkle_node(&before, &path[i], &hash);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && merkle_equal(&hash, root);
}

bool merkle_check_consistency(uint64_t from, const struct merkle_hash *from_root, uint64_t to,
    const struct merkle_hash *to_root, const struct merkle_hash *path, size_t count)
{
    if (from == 0 || from == to)
        return count == 0 && (from == 0 || merkle_equal(from_root, to_root));
    /* When from is a power of two its root is the first hash, and was left out. */
    bool whole = (from & (from - 1)) == 0;
    if (from > to || (!whole && count == 0))
        return false;
    uint64_t fn = from - 1, sn = to - 1;
    for (; fn & 1; sn >>= 1)
        fn >>= 1;
    struct merkle_hash fr = whole ? *from_root : path[0], sr = fr;
    for (size_t i = whole ? 0 : 1; i < count; i++) {
        struct merkle_hash before = sr;
        if (sn == 0)
            return false;
        if (fn & 1 || fn == sn) {
            struct merkle_hash old = fr;
            merkle_node(&path[i], &old, &fr);
            merkle_node(&path[i], &before, &sr);
            for (; !(fn & 1) && fn; sn >>= 1)
                fn >>= 1;
        } else {
            merkle_node(&before, &path[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && merkle_equal(&fr, from_root) && merkle_equal(&sr, to_root);
}
