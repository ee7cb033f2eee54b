/* The Merkle tree of the public record: hashing, proofs and their checks as RFC 9162 (Certificate
 * Transparency 2.0), section 2.1, with SHA-256 says them. Pure: where hashes are kept is not known here, so a
 * proof is first a plan of the nodes that it takes, and is folded when they were read.
 *
 * A node (level, index) is the root of the complete subtree over the leaves from index * 2^level on, 2^level
 * of them; level 0 are the leaves' hashes. Once all its leaves are there it never changes, so that a tree of
 * n leaves is kept as its complete nodes alone, and any proof takes about 2 log n of them. */
#ifndef NEIGHBORS_BRIDGE_MERKLE_H
#define NEIGHBORS_BRIDGE_MERKLE_H

#include "proto/bytes.h"

enum { MERKLE_HASH = 32, MERKLE_LEVELS = 54 /* sizes are below 2^53 */, MERKLE_PATH = 2 * MERKLE_LEVELS };

struct merkle_hash {
    uint8_t bytes[MERKLE_HASH];
};
bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/* Section 2.1.1: of a leaf SHA-256(0x00 || leaf), of a node SHA-256(0x01 || left || right). */
void merkle_leaf(struct bytes leaf, struct merkle_hash *out);
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *out);

/* What a tree must remember to grow: peaks[n] is the root of its complete subtree of 2^n leaves, for each bit
 * n of `size`. All 0: the empty tree. */
struct merkle_peaks {
    uint64_t size;
    struct merkle_hash peaks[MERKLE_LEVELS];
};
struct merkle_position {
    uint8_t level;
    uint64_t index;
};
/* Told of each node that a leaf completes, from its own (level 0) upwards. */
typedef void merkle_completed(
    void *arg, const struct merkle_position *position, const struct merkle_hash *hash);
/* completed may be NULL. */
void merkle_append(
    struct merkle_peaks *tree, const struct merkle_hash *leaf, merkle_completed *completed, void *arg);
/* MTH of section 2.1.1; of the empty tree SHA-256 of nothing. */
void merkle_root(const struct merkle_peaks *tree, struct merkle_hash *out);

/* The nodes that a proof takes: each of its hashes is folded from the nodes first to first + count - 1. */
struct merkle_plan {
    size_t part_count, node_count;
    struct {
        uint8_t first, count;
    } parts[MERKLE_PATH];
    struct merkle_position nodes[2 * MERKLE_PATH];
};
/* The peaks of a tree of `size` leaves, the largest first; no parts. */
void merkle_plan_peaks(uint64_t size, struct merkle_plan *plan);
/* PATH of section 2.1.3.1. False: there is no such leaf. */
bool merkle_plan_inclusion(uint64_t leaf, uint64_t size, struct merkle_plan *plan)
    __attribute__((warn_unused_result));
/* PROOF of section 2.1.4.1, from >= 1. False: from is larger than to, or 0. */
bool merkle_plan_consistency(uint64_t from, uint64_t to, struct merkle_plan *plan)
    __attribute__((warn_unused_result));
/* The peaks out of what was planned by merkle_plan_peaks. */
void merkle_take_peaks(uint64_t size, const struct merkle_hash *nodes, struct merkle_peaks *out);
/* The proof out of the nodes, in the plan's order; path has room for part_count hashes. */
void merkle_fold(
    const struct merkle_plan *plan, const struct merkle_hash *nodes, struct merkle_hash path[MERKLE_PATH]);

/* Section 2.1.3.2. */
bool merkle_check_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
    const struct merkle_hash *path, size_t count, const struct merkle_hash *root)
    __attribute__((warn_unused_result));
/* Section 2.1.4.2. from 0 is the empty tree, which every tree goes on with; of equal sizes the roots decide.
 */
bool merkle_check_consistency(uint64_t from, const struct merkle_hash *from_root, uint64_t to,
    const struct merkle_hash *to_root, const struct merkle_hash *path, size_t count)
    __attribute__((warn_unused_result));

#endif
