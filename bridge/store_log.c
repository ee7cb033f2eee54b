/* The public record as it is read (scripts/log.lua). */
#include "bridge/store_log.h"

#include <assert.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

static const char tree_key[] = "nb:{log}:tree";

static bool take_hash(struct bytes bytes, struct merkle_hash *out)
{
    if (bytes.len != MERKLE_HASH)
        return false;
    memcpy(out->bytes, bytes.data, MERKLE_HASH);
    return true;
}

static void take_state(struct store_log_state *state, enum store_status status, const redisReply *reply)
{
    *state = (struct store_log_state){.status = status,
        .size = (uint64_t)reply_number(reply_at(reply, 0)),
        .head = reply_bytes(reply_at(reply, 1))};
}

/* ---- nodes ---- */

struct nodes_call {
    store_log_nodes_done *done;
    void *arg;
    size_t count;
};

static void on_nodes(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct nodes_call *call = arg;
    struct merkle_hash *nodes = store_alloc((call->count + 1) * sizeof *nodes);
    struct store_log_nodes found = {.complete = true, .count = call->count, .nodes = nodes};
    take_state(&found.state, status, reply);
    for (size_t i = 0; i < call->count; i++)
        found.complete &= take_hash(reply_bytes(reply_at(reply, i + 2)), &nodes[i]);
    call->done(call->arg, &found);
    free(nodes);
    free(call);
}

void store_log_nodes(struct store *store, const struct merkle_position *positions, size_t count,
    store_log_nodes_done *done, void *arg)
{
    struct command command = {0};
    struct nodes_call *call = store_alloc(sizeof *call);
    assert(count <= STORE_LOG_PAGE);
    *call = (struct nodes_call){done, arg, count};
    command_function(&command, "nb_log_nodes", 1, 2 * count);
    command_text(&command, tree_key);
    for (size_t i = 0; i < count; i++) {
        command_number(&command, positions[i].level);
        command_number(&command, (int64_t)positions[i].index);
    }
    store_send(store, &command, on_nodes, call);
}

/* ---- leaves ---- */

struct leaves_call {
    store_log_leaves_done *done;
    void *arg;
};

static void on_leaves(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct leaves_call *call = arg;
    size_t count = reply_count(reply) > 2 ? (reply_count(reply) - 2) / 2 : 0;
    struct store_log_leaf *leaves = store_alloc((count + 1) * sizeof *leaves);
    struct store_log_leaves found = {.count = count, .leaves = leaves};
    take_state(&found.state, status, reply);
    for (size_t i = 0; i < count; i++) {
        leaves[i].leaf = reply_bytes(reply_at(reply, 2 * i + 2));
        leaves[i].hashed = take_hash(reply_bytes(reply_at(reply, 2 * i + 3)), &leaves[i].hash);
    }
    call->done(call->arg, &found);
    free(leaves);
    free(call);
}

void store_log_leaves(
    struct store *store, uint64_t from, size_t count, store_log_leaves_done *done, void *arg)
{
    struct command command = {0};
    struct leaves_call *call = store_alloc(sizeof *call);
    assert(count <= STORE_LOG_PAGE);
    *call = (struct leaves_call){done, arg};
    command_function(&command, "nb_log_leaves", 1, 2);
    command_text(&command, tree_key);
    command_number(&command, (int64_t)from);
    command_number(&command, (int64_t)count);
    store_send(store, &command, on_leaves, call);
}
