/* A place as messages carry it, as a shape that the geography knows. */
#ifndef NEIGHBORS_OWNER_PLACE_SHAPE_H
#define NEIGHBORS_OWNER_PLACE_SHAPE_H

#include "geo/geo.h"
#include "proto/arena.h"
#include "proto/message.h"

/* The shape of a place that was read (not PLACE_NONE). Its points are in the arena. */
struct geo_shape place_shape(const struct place *place, struct arena *arena);

#endif
