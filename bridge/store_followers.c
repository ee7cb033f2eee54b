/* How many follow where, told by each process and added up: scripts/followers.lua. Told and asked in pieces,
 * so that no single step takes long. */
#include <stdlib.h>

#include "bridge/store_inside.h"

enum { PIECE = 512 };

static const char nodes_key[] = "nb:{followers}:nodes", node_prefix[] = "nb:{followers}:n:";

/* ---- telling ---- */

static void on_told(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)arg;
    (void)status;
    (void)reply;
}

static void put_node_key(struct command *command, const struct store *store, const char *prefix)
{
    struct buffer key = {0};
    buffer_put(&key, prefix, strlen(prefix));
    buffer_put(&key, store->node, strlen(store->node));
    command_bytes(command, key.data, key.len);
    buffer_free(&key);
}

/* One follower alone in a leaf cell may follow where they live. */
static void put_leaf(struct command *command, const struct store *store, const char *leaf)
{
    char digest[PLACE_DIGEST + 1];
    place_digest(store->options.places, "followers", text_of(leaf), digest);
    command_text(command, digest);
}

static void tell_piece(
    struct store *store, const struct store_follower_count *counts, size_t count, bool first)
{
    struct command command = {0};
    command_function(&command, "nb_followers_put", 1, 1 + 2 * count);
    put_node_key(&command, store, "nb:{followers}:next:");
    command_number(&command, first);
    for (size_t i = 0; i < count; i++) {
        put_leaf(&command, store, counts[i].leaf);
        command_number(&command, counts[i].followers);
    }
    store_send(store, &command, on_told, NULL);
}

void store_followers_tell(struct store *store, const struct store_follower_count *counts, size_t count)
{
    struct command command = {0};
    size_t at = 0;
    do {
        size_t piece = count - at < PIECE ? count - at : PIECE;
        tell_piece(store, piece ? counts + at : NULL, piece, at == 0);
        at += piece;
    } while (at < count);
    command_function(&command, "nb_followers_told", 3, 1);
    put_node_key(&command, store, "nb:{followers}:next:");
    put_node_key(&command, store, node_prefix);
    command_text(&command, nodes_key);
    command_text(&command, store->node);
    store_send(store, &command, on_told, NULL);
}

/* ---- asking ---- */

struct followers_call {
    store_followers_done *done;
    void *arg;
    enum store_status status;
    size_t left; /* pieces not yet answered */
    uint64_t followers;
};

static void on_counted(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct followers_call *call = arg;
    if (status != STORE_OK)
        call->status = status;
    call->followers += (uint64_t)reply_number(reply);
    if (--call->left)
        return;
    call->done(call->arg, call->status, call->followers);
    free(call);
}

void store_followers(
    struct store *store, const char (*leaves)[13], size_t count, store_followers_done *done, void *arg)
{
    struct followers_call *call = store_alloc(sizeof(*call));
    size_t at = 0;
    *call = (struct followers_call){.done = done, .arg = arg};
    do {
        struct command command = {0};
        size_t piece = count - at < PIECE ? count - at : PIECE;
        command_function(&command, "nb_followers", 2, piece);
        command_text(&command, nodes_key);
        command_text(&command, node_prefix);
        for (size_t i = 0; i < piece; i++)
            put_leaf(&command, store, leaves[at + i]);
        call->left++;
        store_send(store, &command, on_counted, call);
        at += piece;
    } while (at < count);
}
