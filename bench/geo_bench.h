/* What the programs of the geography's measurements share: bench_geo is geo.c, geo_real.c and geo_each.c. */
#ifndef NEIGHBORS_BENCH_GEO_BENCH_H
#define NEIGHBORS_BENCH_GEO_BENCH_H

#include "geo/geo.h"

/* The polygons of the GeoJSON file's feature that has the most points; they live as long as the program.
 * False when there is no such file. */
bool bench_geo_largest(const char *path, struct geo_shape *out);

/* A row for each public function of geo.h: what one call takes, alone. `city` is the polygon that is asked.
 */
void bench_geo_each(const struct geo_shape *city, int rounds, bool json);

#endif
