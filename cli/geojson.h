/* The polygons of a GeoJSON file (RFC 7946) as a shape, and shapes and cells as GeoJSON. */
#ifndef NEIGHBORS_CLI_GEOJSON_H
#define NEIGHBORS_CLI_GEOJSON_H

#include <jansson.h>

#include "geo/geo.h"
#include "proto/arena.h"

enum { GEOJSON_ERROR = 200 };

/* Reads every Polygon and MultiPolygon of the file, also within features and collections, as one shape that
 * lives in the arena; "-" reads standard input. False: error says what is wrong and where. */
bool geojson_read(const char *path, struct arena *arena, struct geo_shape *out, char error[GEOJSON_ERROR])
    __attribute__((warn_unused_result));
/* The same of an object at hand. NULL, or what is wrong with it (a constant). */
const char *geojson_take(const json_t *object, struct arena *arena, struct geo_shape *out)
    __attribute__((warn_unused_result));

/* The geometry of a cell; of a circle, by many points, or of polygons. Null for a circle around both poles.
 */
json_t *geojson_cell(geo_cell cell);
json_t *geojson_area(const struct geo_shape *shape, struct arena *arena);

#endif
