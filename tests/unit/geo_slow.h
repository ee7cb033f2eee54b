/* What geo/ says, found out slowly by ways that share no code with it: polygons unrolled into a plane, cells
 * by halving the globe, edges clipped by boxes, circles by chords in space. */
#ifndef GEO_SLOW_H
#define GEO_SLOW_H

#include "geo_hard.h"

/* Within this many degrees, and metres, of a border rounding may decide either way. */
extern const double doubt, doubt_metres;

/* ---- polygons ---- */

/* A ring in the plane: longitudes run on past 180; one that goes round a pole is led along that pole. */
struct plane_ring {
    double x[CORNERS + 4], y[CORNERS + 4];
    int edges, border; /* the first `border` edges are the ring's own */
    double pole;       /* 90 or -90 when it goes round that one, else 0 */
};

struct plane {
    struct plane_ring rings[RINGS];
    int polygon_of[RINGS], count;
    bool north, south; /* a corner is at that pole, which has every longitude */
};

void flatten(const struct geo_shape *shape, struct plane *out);
/* 1 inside, 0 outside, -1 too near a border to say. */
int plane_holds(const struct plane *plane, struct geo_point point);

/* ---- cells ---- */

/* Its sides, by halving the globe for each bit of its text. */
struct geo_box slow_bounds(geo_cell cell);
struct geo_box grown(struct geo_box box, double by);
/* Whether one of the boxes has the point. */
bool covered(const struct geo_box *boxes, size_t count, struct geo_point point);
/* The stretch of an edge that is in a box, from `turn` degrees aside. */
bool edge_in_box(const struct plane_ring *ring, int i, const struct geo_box *box, double turn, double t[2]);
bool border_in_box(const struct plane *plane, const struct geo_box *box);

/* ---- circles ---- */

struct vector {
    long double x, y, z;
};

struct vector vector_of(struct geo_point point);
/* Metres, by the chord through the globe. */
double chord_distance(struct vector a, struct vector b);
/* The point some metres away in some direction. */
struct geo_point moved(struct geo_point from, double metres, double bearing);
bool circle_touches(const struct geo_shape *circle, const struct geo_box *box);

#endif
