/* A private Redis Cluster for a test: masters, and replicas of the first of them, on free ports of the
 * loopback (redis_server.h). */
#ifndef NEIGHBORS_TESTS_LIVE_REDIS_CLUSTER_H
#define NEIGHBORS_TESTS_LIVE_REDIS_CLUSTER_H

#include <hiredis/hiredis.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/live/redis_server.h"

enum { CLUSTER_MOST = 6, CLUSTER_TIMEOUT = 3000 };

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

/* After how many ms without a word a node is held to be dead; CLUSTER_TIMEOUT unless told. */
void redis_cluster_set_timeout(struct redis_cluster *cluster, int milliseconds);

/* Which server says of itself that it has the slot; the count when none does. */
size_t redis_cluster_owner(struct redis_cluster *cluster, uint16_t slot);

/* Its owner serves it no more, and so, by Redis' default, serves nothing at all; and takes it again. */
void redis_cluster_leave_slot(struct redis_cluster *cluster, uint16_t slot, size_t owner);
void redis_cluster_take_slot(struct redis_cluster *cluster, uint16_t slot, size_t owner);

/* The steps of a slot's move, as `redis-cli --cluster reshard` takes them: announced; its keys taken over;
 * told to the one that gets it; told to the one that had it. Each fails the test when it is refused. */
enum move_step { MOVE_ANNOUNCED, MOVE_KEYS, MOVE_TARGET_KNOWS, MOVE_DONE, MOVE_STEPS };
void redis_cluster_move(
    struct redis_cluster *cluster, uint16_t slot, size_t from, size_t to, enum move_step step);

#endif
