/* Shapes on which covers may fail: slivers, combs, rings round a pole or across the 180th meridian, with
 * holes, that cross themselves, down to a millimetre and up to continents; and circles. */
#ifndef GEO_HARD_H
#define GEO_HARD_H

#include "test_geo.h"

enum { CORNERS = 48, RINGS = 3 };

struct hard {
    struct geo_point points[RINGS][CORNERS + 1];
    struct geo_ring rings[RINGS];
    struct geo_polygon polygons[2];
    struct geo_shape shape;
};

/* The shape of that number, into hard, which it points into; not all pass geo_shape_check. */
void make_hard(struct chance *chance, long number, struct hard *hard);

/* A point, brought onto the globe. */
struct geo_point placed(double lat, double lon);

#endif
