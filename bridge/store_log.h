/* The public record as it is read: leaves of an append-only Merkle tree and its newest signed head. Acts
 * become leaves and heads are signed by upkeep (store_sequence.c), in one process at a time; the log key is
 * in the options of the store. */
#ifndef NEIGHBORS_BRIDGE_STORE_LOG_H
#define NEIGHBORS_BRIDGE_STORE_LOG_H

#include "bridge/merkle.h"
#include "bridge/store.h"

enum { STORE_LOG_PAGE = 512 }; /* leaves, or nodes, asked for at once */

/* What every answer says of the tree. */
struct store_log_state {
    enum store_status status; /* OK, FAILED, GONE */
    uint64_t size;            /* leaves now; those beyond the head's size are not signed yet */
    struct bytes head;        /* neighbors.v1.TreeHead, protobuf; len 0: none was signed yet */
};

struct store_log_nodes {
    struct store_log_state state;
    bool complete; /* all are there */
    size_t count;
    const struct merkle_hash *nodes; /* as asked; of one that is not there 0 */
};
typedef void store_log_nodes_done(void *arg, const struct store_log_nodes *found);
/* Nodes by their positions, with the state; none: the state alone. At most STORE_LOG_PAGE. */
void store_log_nodes(struct store *store, const struct merkle_position *positions, size_t count,
    store_log_nodes_done *done, void *arg);

struct store_log_leaf {
    struct bytes leaf;       /* neighbors.v1.LogLeaf, protobuf; len 0: it is not there */
    bool hashed;             /* `hash` is there */
    struct merkle_hash hash; /* that the tree has of it */
};
struct store_log_leaves {
    struct store_log_state state;
    size_t count; /* those from `from` on that the tree has */
    const struct store_log_leaf *leaves;
};
typedef void store_log_leaves_done(void *arg, const struct store_log_leaves *found);
/* At most STORE_LOG_PAGE. */
void store_log_leaves(
    struct store *store, uint64_t from, size_t count, store_log_leaves_done *done, void *arg);

#endif
