/* What is known of places beside alerts: areas that geocodes name, and how many follow which cells. Part of
 * bridge/store.h, which says how calls are answered. */
#ifndef NEIGHBORS_BRIDGE_STORE_PLACES_H
#define NEIGHBORS_BRIDGE_STORE_PLACES_H

#include "bridge/store_basics.h"

/* Areas of geocodes, as the operator loaded them (bridge/geocodes.h): for each the encoded polygons
 * (neighbors.v1.MultiPolygon), len 0 for one that is not in the table. */
struct store_geocode {
    struct text scheme, code; /* "SAME", "006037" */
};
struct store_geocodes {
    enum store_status status;
    size_t count; /* as asked */
    const struct bytes *areas;
};
typedef void store_geocodes_done(void *arg, const struct store_geocodes *found);
void store_geocodes(struct store *store, const struct store_geocode *asked, size_t count,
    store_geocodes_done *done, void *arg);

/* How many followers this process has in each leaf cell, told each minute and forgotten after three; and, of
 * all processes, how many are in the given leaf cells. */
struct store_follower_count {
    char leaf[13];
    uint32_t followers;
};
void store_followers_tell(struct store *store, const struct store_follower_count *counts, size_t count);
typedef void store_followers_done(void *arg, enum store_status status, uint64_t followers);
void store_followers(
    struct store *store, const char (*leaves)[13], size_t count, store_followers_done *done, void *arg);

#endif
