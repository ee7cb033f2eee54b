/* What the programs of the geography's measurements share: bench_geo is geo.c, geo_others.c, geo_real.c and
 * geo_each.c. */
#ifndef NEIGHBORS_BENCH_GEO_BENCH_H
#define NEIGHBORS_BENCH_GEO_BENCH_H

#include "geo/geo.h"

enum { POINTS = 1000000 };

struct inputs {
    struct geo_point *points, *back;
    geo_cell *cells;
    struct geo_circle *followers;
    struct geo_circles set;
    struct geo_shape real_city, real_county; /* without points: the files are not there */
    struct geo_shape city,
        large; /* around the metropolis, of as many points as Los Angeles has, and of BORDER points */
    struct geo_prepared *prepared_city, *prepared_large;
    size_t found;
};

/* All of in->points to in->cells of precision 6, and all of in->cells to in->back, as others do it. */
void bench_encode_bit_by_bit(struct inputs *in);
void bench_decode_bit_by_bit(struct inputs *in);
void bench_encode_as_redis(struct inputs *in);
void bench_decode_as_redis(struct inputs *in);

/* The polygons of the GeoJSON file's feature that has the most points; they live as long as the program.
 * False when there is no such file. */
bool bench_geo_largest(const char *path, struct geo_shape *out);

/* A row for each public function of geo.h: what one call takes, alone. `city` is the polygon that is asked.
 */
void bench_geo_each(const struct geo_shape *city, int rounds, bool json);

#endif
