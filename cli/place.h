/* Places as messages carry them, made of shapes as the geography knows them (the other way:
 * bridge/owner/place_shape.h); and polygons as the registry and the table of geocodes keep them. */
#ifndef NEIGHBORS_CLI_PLACE_H
#define NEIGHBORS_CLI_PLACE_H

#include "bridge/owner/place_shape.h"
#include "proto/codec.h"

struct place place_of_polygons(const struct geo_shape *polygons, struct arena *arena);

/* Polygons encoded (neighbors.v1.MultiPolygon), in the arena. False: *why says what is wrong with them, as a
 * constant or in the arena. */
bool place_keep(const struct geo_shape *polygons, struct arena *arena, struct bytes *out, const char **why)
    __attribute__((warn_unused_result));
/* The other way. False: they cannot be read. */
bool place_kept(struct bytes encoded, struct arena *arena, struct geo_shape *out)
    __attribute__((warn_unused_result));

#endif
