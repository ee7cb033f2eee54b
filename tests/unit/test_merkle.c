/* The Merkle tree: the published vectors of Certificate Transparency, and for every size up to 300 the
 * definitions of RFC 9162 written down naively. */
#include "bridge/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SIZES = 300 };

/* ---- vectors: the leaves and roots that Certificate Transparency's own tests publish ---- */

static const struct {
    const char *bytes;
    size_t len;
} leaves[] = {{"", 0}, {"\x00", 1}, {"\x10", 1}, {"\x20\x21", 2}, {"\x30\x31", 2}, {"\x40\x41\x42\x43", 4},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16}};
static const char *const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void expect_hash(const struct merkle_hash *hash, const char *hex)
{
    char text[2 * MERKLE_HASH + 1];
    for (size_t i = 0; i < MERKLE_HASH; i++)
        sprintf(text + 2 * i, "%02x", hash->bytes[i]);
    assert_string_equal(text, hex);
}

static struct merkle_hash vector_leaf(size_t i)
{
    struct merkle_hash hash;
    merkle_leaf((struct bytes){(const uint8_t *)leaves[i].bytes, leaves[i].len}, &hash);
    return hash;
}

static void has_the_published_roots(void **state)
{
    (void)state;
    struct merkle_peaks tree = {0};
    struct merkle_hash root;
    for (size_t size = 0; size <= 8; size++) {
        merkle_root(&tree, &root);
        expect_hash(&root, roots[size]);
        if (size < 8) {
            struct merkle_hash leaf = vector_leaf(size);
            merkle_append(&tree, &leaf, NULL, NULL);
        }
    }
}

/* ---- the definitions, naively ---- */

struct forest {
    struct merkle_hash leaves[SIZES], roots[SIZES + 1];
    struct merkle_hash nodes[16][SIZES]; /* as merkle_append told them */
    uint64_t told[16];
};

static uint64_t below(uint64_t n)
{
    uint64_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

static struct merkle_hash naive_root(const struct merkle_hash *d, uint64_t n)
{
    if (n == 1)
        return d[0];
    uint64_t k = below(n);
    struct merkle_hash left = naive_root(d, k), right = naive_root(d + k, n - k), both;
    merkle_node(&left, &right, &both);
    return both;
}

static size_t naive_path(uint64_t m, const struct merkle_hash *d, uint64_t n, struct merkle_hash *out)
{
    if (n == 1)
        return 0;
    uint64_t k = below(n);
    bool left = m < k;
    size_t count = left ? naive_path(m, d, k, out) : naive_path(m - k, d + k, n - k, out);
    out[count] = left ? naive_root(d + k, n - k) : naive_root(d, k);
    return count + 1;
}

static size_t naive_subproof(
    uint64_t m, const struct merkle_hash *d, uint64_t n, bool known, struct merkle_hash *out)
{
    if (m == n) {
        if (!known)
            out[0] = naive_root(d, n);
        return !known;
    }
    uint64_t k = below(n);
    bool left = m <= k;
    size_t count =
        left ? naive_subproof(m, d, k, known, out) : naive_subproof(m - k, d + k, n - k, false, out);
    out[count] = left ? naive_root(d + k, n - k) : naive_root(d, k);
    return count + 1;
}

static void take_node(void *arg, const struct merkle_position *at, const struct merkle_hash *hash)
{
    struct forest *forest = arg;
    assert_true(at->level < 16);
    assert_int_equal(at->index, forest->told[at->level]++); /* each once, in order */
    forest->nodes[at->level][at->index] = *hash;
}

static int grow(void **state)
{
    struct forest *forest = calloc(1, sizeof *forest);
    struct merkle_peaks tree = {0};
    for (unsigned i = 0; i < SIZES; i++) {
        uint8_t bytes[2] = {(uint8_t)(i >> 8), (uint8_t)i};
        merkle_leaf((struct bytes){bytes, sizeof bytes}, &forest->leaves[i]);
        merkle_root(&tree, &forest->roots[i]);
        merkle_append(&tree, &forest->leaves[i], take_node, forest);
    }
    merkle_root(&tree, &forest->roots[SIZES]);
    *state = forest;
    return 0;
}

static int fell(void **state)
{
    free(*state);
    return 0;
}

/* A plan's nodes, none of which may be incomplete. */
static void read_nodes(
    const struct forest *forest, const struct merkle_plan *plan, uint64_t size, struct merkle_hash *out)
{
    assert_true(plan->node_count <= sizeof plan->nodes / sizeof *plan->nodes);
    for (size_t i = 0; i < plan->node_count; i++) {
        struct merkle_position at = plan->nodes[i];
        assert_true((at.index + 1) << at.level <= size);
        out[i] = forest->nodes[at.level][at.index];
    }
}

static size_t read_path(const struct forest *forest, const struct merkle_plan *plan, uint64_t size,
    struct merkle_hash path[MERKLE_PATH])
{
    struct merkle_hash nodes[2 * MERKLE_PATH];
    read_nodes(forest, plan, size, nodes);
    merkle_fold(plan, nodes, path);
    return plan->part_count;
}

static void roots_are_those_of_the_definition(void **state)
{
    const struct forest *forest = *state;
    struct merkle_plan plan;
    struct merkle_hash nodes[2 * MERKLE_PATH], root;
    struct merkle_peaks tree;
    for (uint64_t size = 1; size <= SIZES; size++) {
        struct merkle_hash naive = naive_root(forest->leaves, size);
        assert_true(merkle_equal(&naive, &forest->roots[size]));
        merkle_plan_peaks(size, &plan);
        read_nodes(forest, &plan, size, nodes);
        merkle_take_peaks(size, nodes, &tree);
        merkle_root(&tree, &root);
        assert_true(merkle_equal(&naive, &root));
        assert_int_equal(tree.size, size);
    }
}

static void every_leaf_is_proved_in_every_tree(void **state)
{
    const struct forest *forest = *state;
    struct merkle_plan plan;
    struct merkle_hash path[MERKLE_PATH], naive[MERKLE_PATH];
    for (uint64_t size = 1; size <= SIZES; size++) {
        for (uint64_t leaf = 0; leaf<size; leaf += size> 70 && leaf + 9 < size ? 7 : 1) {
            assert_true(merkle_plan_inclusion(leaf, size, &plan));
            size_t count = read_path(forest, &plan, size, path);
            assert_int_equal(count, naive_path(leaf, forest->leaves, size, naive));
            assert_memory_equal(path, naive, count * sizeof *path);
            const struct merkle_hash *hash = &forest->leaves[leaf], *root = &forest->roots[size];
            assert_true(merkle_check_inclusion(hash, leaf, size, path, count, root));
            assert_false(merkle_check_inclusion(hash, leaf + 1, size, path, count, root));
            assert_false(
                merkle_check_inclusion(&forest->leaves[(leaf + 1) % SIZES], leaf, size, path, count, root));
            assert_false(merkle_check_inclusion(hash, leaf, size, path, count, &forest->roots[size - 1]));
            assert_false(count && merkle_check_inclusion(hash, leaf, size, path, count - 1, root));
        }
        assert_false(merkle_plan_inclusion(size, size, &plan));
    }
}

static void every_tree_goes_on_with_every_smaller_one(void **state)
{
    const struct forest *forest = *state;
    struct merkle_plan plan;
    struct merkle_hash path[MERKLE_PATH], naive[MERKLE_PATH];
    for (uint64_t to = 1; to <= SIZES; to++) {
        for (uint64_t from = 1; from <= to; from += to > 70 && from + 30 < to ? 29 : 1) {
            const struct merkle_hash *before = &forest->roots[from], *after = &forest->roots[to];
            assert_true(merkle_plan_consistency(from, to, &plan));
            size_t count = read_path(forest, &plan, to, path);
            assert_int_equal(count, naive_subproof(from, forest->leaves, to, true, naive));
            assert_memory_equal(path, naive, count * sizeof *path);
            assert_true(merkle_check_consistency(from, before, to, after, path, count));
            assert_false(merkle_check_consistency(from, &forest->roots[from - 1], to, after, path, count));
            assert_false(merkle_check_consistency(from, before, to, &forest->roots[to - 1], path, count));
            assert_false(count && merkle_check_consistency(from, before, to, after, path, count - 1));
            assert_false(from < to && merkle_check_consistency(to, after, from, before, path, count));
        }
        assert_true(merkle_check_consistency(0, &forest->roots[0], to, &forest->roots[to], NULL, 0));
        assert_false(merkle_plan_consistency(0, to, &plan));
        assert_false(merkle_plan_consistency(to + 1, to, &plan));
    }
}

/* A path of the published tree: leaf 0 of 8, and from 6 leaves to 8. */
static void has_the_published_proofs(void **state)
{
    (void)state;
    static const char *const inclusion[] = {
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"};
    static const char *const consistency[] = {
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"};
    struct forest *forest = calloc(1, sizeof *forest);
    struct merkle_peaks tree = {0};
    struct merkle_plan plan;
    struct merkle_hash path[MERKLE_PATH];
    for (size_t i = 0; i < 8; i++) {
        struct merkle_hash leaf = vector_leaf(i);
        merkle_append(&tree, &leaf, take_node, forest);
    }
    assert_true(merkle_plan_inclusion(0, 8, &plan));
    assert_int_equal(read_path(forest, &plan, 8, path), 3);
    for (size_t i = 0; i < 3; i++)
        expect_hash(&path[i], inclusion[i]);
    assert_true(merkle_plan_consistency(6, 8, &plan));
    assert_int_equal(read_path(forest, &plan, 8, path), 3);
    for (size_t i = 0; i < 3; i++)
        expect_hash(&path[i], consistency[i]);
    free(forest);
}

/* No read beyond what a proof of the largest tree can have. */
static void proofs_of_the_largest_trees_have_room(void **state)
{
    (void)state;
    struct merkle_plan plan;
    uint64_t most = (UINT64_C(1) << (MERKLE_LEVELS - 1)) - 1;
    for (unsigned shift = 0; shift < MERKLE_LEVELS - 1; shift++) {
        assert_true(merkle_plan_inclusion(most >> shift ? (most >> shift) - 1 : 0, most, &plan));
        assert_true(plan.part_count <= MERKLE_PATH && plan.node_count <= 2 * MERKLE_PATH);
        assert_true(merkle_plan_consistency(most >> shift, most, &plan));
        assert_true(plan.part_count <= MERKLE_PATH && plan.node_count <= 2 * MERKLE_PATH);
    }
    assert_false(merkle_plan_inclusion(0, most + 1, &plan));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_published_roots),
        cmocka_unit_test(has_the_published_proofs),
        cmocka_unit_test_setup_teardown(roots_are_those_of_the_definition, grow, fell),
        cmocka_unit_test_setup_teardown(every_leaf_is_proved_in_every_tree, grow, fell),
        cmocka_unit_test_setup_teardown(every_tree_goes_on_with_every_smaller_one, grow, fell),
        cmocka_unit_test(proofs_of_the_largest_trees_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
