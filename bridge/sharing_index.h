/* What is derived of a household's settings and of who is enrolled in it: which households share, where, and
 * what, asked by the release of activity (k) and kept beside the channel, in the hash tag of its region: zset
 * nb:{rXX}:sharers:<digest>  household -> since when it is verified (ms); the leaf cell's digest hash
 * nb:{rXX}:share             household -> bits of the motion kinds that it shares, a blank, the version of
 * what it shares and whom an agency may ask for footage (scripts/askable.lua). XX is the region of a place:
 * FNV-1a (32 bits) of its geohash of 5 characters, modulo 256, two hexadecimal digits. */
#ifndef NEIGHBORS_BRIDGE_SHARING_INDEX_H
#define NEIGHBORS_BRIDGE_SHARING_INDEX_H

#include <stdint.h>

#include "bridge/redis_sync.h"

/* The region of a leaf cell, 0 to 255. */
uint8_t sharing_region(const char *leaf);

/* Brings the indexes in line with what the members of the household share now, and where they are (settle.h).
 * Doing it twice is harmless. False: redis->error. */
bool sharing_index_refresh(struct redis_sync *redis, const char *household)
    __attribute__((warn_unused_result));
/* The same of several households, side by side. False: some of them may be settled, others not. */
bool sharing_index_refresh_all(struct redis_sync *redis, const struct text *households, size_t count)
    __attribute__((warn_unused_result));

/* Before a change of a household or of its members, and when it is settled after it: so upkeep settles it
 * where who began did not come to that. note: room for SHARING_NOTE. False: redis->error. */
enum { SHARING_NOTE = 32 };
bool sharing_index_note(struct redis_sync *redis, const char *household, char note[SHARING_NOTE])
    __attribute__((warn_unused_result));
bool sharing_index_settled(struct redis_sync *redis, const char *household, const char *note)
    __attribute__((warn_unused_result));

#endif
