/* A private Redis Cluster for a test: masters, and replicas of the first of them, on free ports of the
 * loopback (redis_server.h). */
#ifndef NEIGHBORS_TESTS_LIVE_REDIS_CLUSTER_H
#define NEIGHBORS_TESTS_LIVE_REDIS_CLUSTER_H

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/live/redis_server.h"

/* CLUSTER_QUICK: a timeout for a test in which somebody takes over. */
enum { CLUSTER_MOST = 7, CLUSTER_QUICK = 3000 };

struct redis_cluster {
    size_t masters, count;                     /* count: with the replicas, which come behind them */
    struct redis_server servers[CLUSTER_MOST]; /* replica n, from 0, is that of master n */
    redisContext *ask[CLUSTER_MOST];           /* a connection to each */
    char ids[CLUSTER_MOST][48];
    char url[64];
};

/* Starts it, with the slots in equal parts, and waits until all of it is up. False: it did not come up. */
bool redis_cluster_start(struct redis_cluster *cluster, size_t masters, size_t replicas)
    __attribute__((warn_unused_result));
void redis_cluster_stop(struct redis_cluster *cluster);

/* After how many ms without a word a node is held to be dead; REDIS_NODE_TIMEOUT unless told. Everybody who
 * runs is told, so nobody may stand still. */
void redis_cluster_set_timeout(struct redis_cluster *cluster, int milliseconds);

/* One master more, without slots, behind all others; and the last one, which has none any more, taken out of
 * the cluster and stopped. */
bool redis_cluster_add(struct redis_cluster *cluster) __attribute__((warn_unused_result));
bool redis_cluster_take_out(struct redis_cluster *cluster) __attribute__((warn_unused_result));

/* Starts a killed one again where it was, as a node of the same cluster. */
bool redis_cluster_restart(struct redis_cluster *cluster, size_t n) __attribute__((warn_unused_result));
/* Every server that runs says that all slots are served, and every replica that it has all; and no more hold
 * themselves to be masters than there are. Three minutes. */
bool redis_cluster_wait(struct redis_cluster *cluster) __attribute__((warn_unused_result));

/* Over a connection of its own: the answer of one server (freeReplyObject); NULL: none within 30 s, or an
 * error. */
redisReply *redis_cluster_ask(struct redis_cluster *cluster, size_t n, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 3, 4)));
/* The same for an answer that is a number, of a list how many; -1: none. */
long long redis_cluster_number(struct redis_cluster *cluster, size_t n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Which server has the slot, and which is that master's replica, as server `asked` sees it; the count when it
 * knows none. */
size_t redis_cluster_seen_owner(struct redis_cluster *cluster, size_t asked, uint16_t slot);
size_t redis_cluster_seen_replica(struct redis_cluster *cluster, size_t asked, size_t master);

/* Which server says of itself that it has the slot; the count when none does. */
size_t redis_cluster_owner(struct redis_cluster *cluster, uint16_t slot);

/* Its owner serves it no more and, as it is told to want them all, serves nothing at all; and takes it again.
 */
void redis_cluster_leave_slot(struct redis_cluster *cluster, uint16_t slot, size_t owner);
void redis_cluster_take_slot(struct redis_cluster *cluster, uint16_t slot, size_t owner);

/* The steps of a slot's move, as `redis-cli --cluster reshard` takes them: announced; its keys taken over;
 * told to the one that gets it; told to the one that had it. Each fails the test when it is refused. */
enum move_step { MOVE_ANNOUNCED, MOVE_KEYS, MOVE_TARGET_KNOWS, MOVE_DONE, MOVE_STEPS };
void redis_cluster_move(
    struct redis_cluster *cluster, uint16_t slot, size_t from, size_t to, enum move_step step);

#endif
