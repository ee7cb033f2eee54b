#include "bridge/registry_place.h"

#include <stdio.h>

#include "bridge/sharing_index.h"

void registry_place_from(struct registry_place *out, const char *geohash)
{
    *out = (struct registry_place){0};
    if (!geohash)
        return;
    snprintf(out->leaf, sizeof out->leaf, "%.*s", REGISTRY_LEAF, geohash);
    if (strlen(geohash) >= REGISTRY_FINE)
        snprintf(out->fine, sizeof out->fine, "%.*s", REGISTRY_FINE, geohash);
}

void registry_place_seal_principal(const struct place_key *key, const char *role, const char *id,
    const struct registry_place *place, struct registry_place_fields *out)
{
    char name[PLACE_OWNER], owner[PLACE_OWNER];
    *out = (struct registry_place_fields){0};
    snprintf(name, sizeof name, "%.16s/%.64s", role, id);
    place_owner_principal(text_of(name), "place", owner);
    place_seal(key, owner, text_of(place->leaf), out->place);
    place_owner_principal(text_of(name), "fine", owner);
    place_seal(key, owner, text_of(place->fine), out->fine);
    if (*place->leaf) {
        snprintf(out->region, sizeof out->region, "%02x", (unsigned)sharing_region(place->leaf));
        place_digest(key, "sharers", text_of(place->leaf), out->leaf_digest);
    }
    if (*place->fine)
        place_digest(key, "askable", (struct text){place->fine, REGISTRY_ASKABLE}, out->askable_digest);
}
