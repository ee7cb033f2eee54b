/* What the files of the registry share among themselves. False: redis->error. */
#ifndef NEIGHBORS_BRIDGE_REGISTRY_INSIDE_H
#define NEIGHBORS_BRIDGE_REGISTRY_INSIDE_H

#include "bridge/registry.h"

/* The lock of a household, for who changes it or its members. */
bool registry_lock(struct redis_sync *redis, const char *household) __attribute__((warn_unused_result));
bool registry_unlock(struct redis_sync *redis, const char *household) __attribute__((warn_unused_result));
/* Brings the indexes in line with the household and its members. */
bool registry_settle(struct redis_sync *redis, const char *household) __attribute__((warn_unused_result));
bool registry_household_place(struct redis_sync *redis, const struct place_key *places, const char *household,
    struct registry_place *out) __attribute__((warn_unused_result));
bool registry_write_household_place(struct redis_sync *redis, const struct place_key *places,
    const char *household, const struct registry_place *place) __attribute__((warn_unused_result));

#endif
