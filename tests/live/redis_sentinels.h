/* A real Redis, its replica and three sentinels on the loopback, for a test. */
#ifndef NEIGHBORS_TESTS_LIVE_REDIS_SENTINELS_H
#define NEIGHBORS_TESTS_LIVE_REDIS_SENTINELS_H

#include "tests/live/redis_server.h"

struct redis_sentinels {
    struct redis_server master, replica, sentinels[3];
    char url[256];
};

/* Starts them and waits until the sentinels know of all, and the replica has everything. A minute without a
 * word, and the master is held to be dead: a busy machine is no reason. */
bool redis_sentinels_start(struct redis_sentinels *all) __attribute__((warn_unused_result));
/* From now on a second without a word is enough. */
bool redis_sentinels_watch_closely(const struct redis_sentinels *all) __attribute__((warn_unused_result));
void redis_sentinels_stop(struct redis_sentinels *all);

#endif
