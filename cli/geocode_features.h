/* Codes and areas out of GeoJSON files, as public bodies offer them. */
#ifndef NEIGHBORS_CLI_GEOCODE_FEATURES_H
#define NEIGHBORS_CLI_GEOCODE_FEATURES_H

#include "bridge/geocodes.h"

enum { GEOCODE_COMPLAINT = 400 };

/* What was read so far. */
struct geocode_features {
    const char *scheme;
    const char *property; /* the code; NULL: by what the scheme's public files are known to call it */
    struct arena *arena;
    size_t read; /* features */
    size_t count, room;
    struct geocode_area *areas; /* in the arena */
};

/* Reads a FeatureCollection, or one Feature. False: complaint names file, feature and rule. */
bool geocode_features_read(struct geocode_features *features, const char *path,
    char complaint[GEOCODE_COMPLAINT]) __attribute__((warn_unused_result));

/* Several features of one code become one area of all their polygons. False: such an area is too large;
 * complaint names the code. */
bool geocode_features_unite(struct geocode_features *features, char complaint[GEOCODE_COMPLAINT])
    __attribute__((warn_unused_result));

#endif
