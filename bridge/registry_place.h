/* Places of the registry as Redis holds them: sealed, with the digests that indexes name their cells by. */
#ifndef NEIGHBORS_BRIDGE_REGISTRY_PLACE_H
#define NEIGHBORS_BRIDGE_REGISTRY_PLACE_H

#include "bridge/place_seal.h"

enum { REGISTRY_LEAF = 6, REGISTRY_ASKABLE = 7, REGISTRY_FINE = 8, REGISTRY_REGION_TEXT = 3 };

/* What is known of where somebody is. fine is "" or a longer geohash within leaf. */
struct registry_place {
    char leaf[PLACE_GEOHASH + 1], fine[PLACE_GEOHASH + 1];
};

/* From a geohash as it was given: its first REGISTRY_LEAF characters, and as the fine one its first
 * REGISTRY_FINE when it has so many. NULL gives none. */
void registry_place_from(struct registry_place *out, const char *geohash);

/* The fields of a hash that hold it. Each is "" when there is nothing to hold. */
struct registry_place_fields {
    char place[PLACE_SEALED + 1], fine[PLACE_SEALED + 1];
    char region[REGISTRY_REGION_TEXT];     /* two hexadecimal digits: sharing_region */
    char leaf_digest[PLACE_DIGEST + 1];    /* purpose "sharers" */
    char askable_digest[PLACE_DIGEST + 1]; /* purpose "askable", of the cell of REGISTRY_ASKABLE */
};
void registry_place_seal_principal(const struct place_key *key, const char *role, const char *id,
    const struct registry_place *place, struct registry_place_fields *out);

#endif
