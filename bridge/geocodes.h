/* The operator's table of geocodes: what the command line writes into Redis and the broker asks
 * (store_geocodes). Blocking; the broker never includes this.
 *
 * Keys: hash nb:{geocodes}:<scheme>, code -> polygons (neighbors.v1.MultiPolygon); set
 * nb:{geocode-schemes}:names. */
#ifndef NEIGHBORS_BRIDGE_GEOCODES_H
#define NEIGHBORS_BRIDGE_GEOCODES_H

#include "bridge/redis_sync.h"
#include "proto/arena.h"

enum { GEOCODES_SCHEME = 64, GEOCODES_CODE = 64 };

/* One code and its area, encoded. */
struct geocode_area {
    struct text code;
    struct bytes polygons;
};
struct geocodes_written {
    size_t added, changed, same;
};

/* True for the name of a scheme: 1 to GEOCODES_SCHEME printable characters without blanks; and for a code of
 * it: of SAME six digits, of UGC two letters, C or Z, and three digits, of others 1 to GEOCODES_CODE
 * printable characters without blanks. */
bool geocodes_scheme_valid(const char *scheme);
bool geocodes_code_valid(const char *scheme, struct text code);

/* Writes areas, each whole or not at all, over what was there; each code at most once. False: redis->error,
 * and what was written until then is counted. */
bool geocodes_write(struct redis_sync *redis, const char *scheme, const struct geocode_area *areas,
    size_t count, struct geocodes_written *out) __attribute__((warn_unused_result));

/* The area of a code as it stands in the table, len 0 when it does not. False: redis->error. */
bool geocodes_read(struct redis_sync *redis, const char *scheme, const char *code, struct arena *arena,
    struct bytes *out) __attribute__((warn_unused_result));

/* Names in the arena, sorted: of the schemes that have codes, or of a scheme's codes. False: redis->error. */
struct geocodes_names {
    size_t count;
    const char **names;
};
bool geocodes_schemes(struct redis_sync *redis, struct arena *arena, struct geocodes_names *out)
    __attribute__((warn_unused_result));
bool geocodes_codes(struct redis_sync *redis, const char *scheme, struct arena *arena,
    struct geocodes_names *out) __attribute__((warn_unused_result));

#endif
