/* One try of a command of a blocking conversation, at one node: sent, answered, and had by as many replicas
 * as the address asks for. Part of bridge/redis_sync.h; nobody else includes this. */
#ifndef NEIGHBORS_BRIDGE_REDIS_TRY_H
#define NEIGHBORS_BRIDGE_REDIS_TRY_H

#include "bridge/redis_route.h"

/* What came of it. redis->error says more of whatever was not answered. */
enum try_outcome {
    TRY_ANSWERED,
    TRY_REFUSED,   /* an error that stays */
    TRY_ELSEWHERE, /* another master has the slot */
    TRY_NOT_NOW,   /* a slot moves, a master is away or takes over */
    TRY_UNLOADED,  /* our functions are not there */
    TRY_UNCOPIED,  /* done, but too few replicas have it */
    TRY_DISPLACED, /* done, by a master that is one no more: whether its heir has it nobody knows */
    TRY_LOST,      /* no answer */
    TRY_UNREACHED  /* not sent */
};

/* *out (freeReplyObject) is the answer where it was ANSWERED or UNCOPIED, of several together the last. */
enum try_outcome try_once(
    struct redis_sync *redis, struct redis_node *node, const struct command *command, redisReply **out);
/* Asks the node once more whether the replicas have what this connection wrote: ANSWERED when they do. Who
 * calls it tells of LOST (route_lost). */
enum try_outcome try_copies(struct redis_sync *redis, struct redis_node *node);

/* Sends all that can be, and behind it to each node that takes writes one question whether its replicas have
 * them; nodes[i] is where each went, NULL where it could not be sent. */
void try_send_all(
    struct redis_sync *redis, const struct command *commands, size_t count, struct redis_node **nodes);
/* Takes the answers that are good into replies (freeReplyObject), those to writes when the replicas have
 * them; the others stay as they are. redis->error is of the first that failed. */
void try_take_all(struct redis_sync *redis, const struct command *commands, size_t count,
    struct redis_node **nodes, redisReply **replies);

#endif
