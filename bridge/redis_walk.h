/* A walk over all keys of all masters, by SCAN. A cursor of SCAN is good for one run of one Redis, and finds
 * what stays there. So the walk looks at the masters before and behind: at their runs and, in a cluster, at
 * what each says of its slots. One that is another by then, or has other slots, is walked through anew, until
 * nothing changed; so what is done to keys may be done again. */
#ifndef NEIGHBORS_BRIDGE_REDIS_WALK_H
#define NEIGHBORS_BRIDGE_REDIS_WALK_H

#include "bridge/redis_sync.h"

/* Takes keys (an array of strings), each perhaps more than once. False ends the walk: redis->error, or what
 * the caller knows of. */
typedef bool redis_walk_take(void *arg, const redisReply *keys);

/* Calls `take` with every key that is there all the time and matches the pattern, about `page` at once.
 * False: `take` said so, or redis->error: also when slots are on the move and stay so for 15 s, and when the
 * masters changed in each of eight turns. Then it may be done again. */
bool redis_walk(struct redis_sync *redis, const char *pattern, int page, redis_walk_take *take, void *arg)
    __attribute__((warn_unused_result));

#endif
