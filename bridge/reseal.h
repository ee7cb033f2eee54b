/* Another secret for an installation: what Redis holds of places (registry and sessions) is opened with the
 * former one and sealed with the next, in place. What is named by digests follows: households are settled
 * anew. What cannot be brought along is dropped, for the former secret would go on opening it: subscriptions
 * of browsers, open codes and invitations, which cells somebody followed lately. The caller has seen to it
 * that nobody else is at work. It may be done again: what is sealed with the next secret already stays as it
 * is. */
#ifndef NEIGHBORS_BRIDGE_RESEAL_H
#define NEIGHBORS_BRIDGE_RESEAL_H

#include "bridge/place_seal.h"
#include "bridge/redis_sync.h"

struct reseal {
    uint64_t principals, households, sessions;
    uint64_t unreadable; /* by neither secret: left as it is */
    uint64_t dropped;    /* keys */
};

/* False: redis->error; it may be done again. */
bool reseal_run(struct redis_sync *redis, const struct place_key *former, const struct place_key *next,
    struct reseal *out) __attribute__((warn_unused_result));

#endif
