/* Lines to be drawn: the rings of an area in the plane of longitude and latitude. */
#ifndef NEIGHBORS_CLI_GEO_OUTLINE_H
#define NEIGHBORS_CLI_GEO_OUTLINE_H

#include "geo/geo.h"
#include "proto/arena.h"

/* A closed line without jumps: longitudes run on past 180 where the ring crosses the antimeridian; a ring
 * around a pole goes once round the globe and closes along the pole. Lives in the arena. */
struct geo_ring geo_outline_ring(struct geo_ring ring, struct arena *arena);
/* The line of a circle, by points at equal angles. Without points when there is none to draw: both poles lie
 * in it. */
struct geo_ring geo_outline_circle(struct geo_point center, double radius, struct arena *arena);

#endif
