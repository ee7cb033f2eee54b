/* Where in Redis a command of a blocking conversation goes: the one Redis, the master that the sentinels
 * name, or the master of a cluster that has the slot. Part of bridge/redis_sync.h; nobody else includes this.
 */
#ifndef NEIGHBORS_BRIDGE_REDIS_ROUTE_H
#define NEIGHBORS_BRIDGE_REDIS_ROUTE_H

#include "bridge/redis_sync.h"
#include "bridge/redis_url.h"
#include "bridge/store_inside.h"

enum { ROUTE_SLOTS = 16384 };

struct redis_node {
    char host[REDIS_URL_HOST]; /* "": the socket of the address */
    int port;
    redisContext *context; /* NULL: not connected */
    unsigned connections;  /* that were made: whether this one is still that of before */
    bool wrote;            /* of what is asked together: something that replicas are to have */
};

struct redis_route {
    struct redis_url where;
    struct redis_node **nodes; /* that were ever heard of; they stay */
    size_t node_count;
    struct redis_node *first;              /* takes what has no key */
    struct redis_node *slots[ROUTE_SLOTS]; /* of a cluster; NULL: not known */
    bool stale;                            /* who has what is to be asked anew */
};

/* Takes the address and connects. False: redis->error, and another try may succeed. */
bool route_open(struct redis_sync *redis, const struct redis_url *where) __attribute__((warn_unused_result));
void route_close(struct redis_sync *redis);

/* The node that has the command's slot, connected; NULL: redis->error, and another try may succeed. */
struct redis_node *route_node(struct redis_sync *redis, const struct command *command);
/* "MOVED <slot> <host>:<port>" was answered by that node. */
void route_moved(struct redis_sync *redis, const struct redis_node *from, const char *error);
/* The connection is of no use any more; who has what is asked anew. */
void route_lost(struct redis_sync *redis, struct redis_node *node);

#endif
