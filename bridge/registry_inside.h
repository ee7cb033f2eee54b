/* What the files of the registry share among themselves. False: redis->error. */
#ifndef NEIGHBORS_BRIDGE_REGISTRY_INSIDE_H
#define NEIGHBORS_BRIDGE_REGISTRY_INSIDE_H

#include "bridge/registry.h"
#include "bridge/sharing_index.h"

/* The lock of a household, for who changes it or its members. */
bool registry_lock(struct redis_sync *redis, const char *household) __attribute__((warn_unused_result));
bool registry_unlock(struct redis_sync *redis, const char *household) __attribute__((warn_unused_result));
/* Takes the lock, and notes that the household is to be settled, for who comes after whoever dies here. */
bool registry_hold(struct redis_sync *redis, const char *household, char note[SHARING_NOTE])
    __attribute__((warn_unused_result));
/* And lets it go; the note stays where it was not settled. */
bool registry_let_go(struct redis_sync *redis, const char *household, const char *note, bool settled)
    __attribute__((warn_unused_result));
/* Brings the indexes in line with the household and its members; "": there is none. */
bool registry_settle(struct redis_sync *redis, const char *household) __attribute__((warn_unused_result));
bool registry_household_place(struct redis_sync *redis, const struct place_key *places, const char *household,
    struct registry_place *out) __attribute__((warn_unused_result));
bool registry_write_household_place(struct redis_sync *redis, const struct place_key *places,
    const char *household, const struct registry_place *place) __attribute__((warn_unused_result));

/* What is sealed for that owner (bridge/place_seal.h). */
bool registry_open_field(struct redis_sync *redis, const struct place_key *places, const char *owner,
    const char *sealed, char out[PLACE_GEOHASH + 1]) __attribute__((warn_unused_result));

#endif
