/* What the files of geo/ share and nobody else needs: the grid under the cells, boxes on the sphere, and the
 * index over a polygon's edges. Longitudes of boxes here may run past 180 (a box over the antimeridian is
 * west 179, east 181). */
#ifndef NEIGHBORS_GEO_INTERNAL_H
#define NEIGHBORS_GEO_INTERNAL_H

#include "geo/geo.h"
#include <math.h>

/* Predicates err by this much towards "touches": 1e-7 m on the sphere, 1e-12 degrees (as much) in the plane.
 * Rounding in doubles stays a hundred times below. */
#define GEO_SLACK_METRES 1e-7
#define GEO_SLACK_DEGREES 1e-12
#define GEO_RADIANS (M_PI / 180.0)

/* Unlike fmin and fmax without care for NAN, and one instruction. */
static inline double geo_min(double a, double b)
{
    return a < b ? a : b;
}

static inline double geo_max(double a, double b)
{
    return a > b ? a : b;
}

/* ---- the grid: 2^30 columns by 2^30 rows; every line is exact in a double ---- */
enum { GEO_GRID_BITS = 30, GEO_CURVE_BITS = 60 };
/* Interleaves column (upper bit of each pair) and row into the 60 bits of the curve, and back. */
uint64_t geo_curve(uint32_t column, uint32_t row);
void geo_uncurve(uint64_t curve, uint32_t *column, uint32_t *row);
/* The box of the first `bits` bits (0 to 60) of a place on the curve. */
struct geo_box geo_curve_box(uint64_t curve, int bits);
/* The two ways of geo_encode_many and geo_decode_many, for precision 1 to 12; the fast one only when
 * geo_fast_bits(). */
bool geo_fast_bits(void);
size_t geo_encode_many_portable(const struct geo_point *points, size_t count, int precision, geo_cell *out);
size_t geo_encode_many_fast(const struct geo_point *points, size_t count, int precision, geo_cell *out);
size_t geo_decode_many_portable(const geo_cell *cells, size_t count, struct geo_point *out);
size_t geo_decode_many_fast(const geo_cell *cells, size_t count, struct geo_point *out);
/* geo_encode for a point and precision that are known to be good. */
geo_cell geo_cell_at(struct geo_point point, int precision);
/* GEO_OK when the point is finite and within -90..90, -180..180. */
enum geo_error geo_point_check(struct geo_point point) __attribute__((warn_unused_result));

/* ---- the sphere ---- */
/* Degrees brought into -180..180 (180 stays what it is). The argument lies within -540..540. */
static inline double geo_wrap(double degrees)
{
    return degrees > 180 ? degrees - 360 : degrees < -180 ? degrees + 360 : degrees;
}
/* Metres from the point to the nearest, and to the farthest, point of a box; the box is at most 360 degrees
 * wide. */
double geo_box_distance(struct geo_box box, struct geo_point point);
double geo_box_farthest(struct geo_box box, struct geo_point point);
/* Bounds for the two that need no trigonometry: `nearest` at most and `farthest` at least the truth, by about
 * 1 in 300; 0 and infinite for what is more than 5 degrees away. `cosine` is that of the point's latitude. */
struct geo_about {
    double nearest, farthest;
};
/* What is farther in latitude and in longitude is farther; the cosine of a latitude differs from another's by
 * no more than the latitudes do; and up to 0.1 the sine of half an angle is half the angle but for 1 in 2000.
 */
static inline struct geo_about geo_box_about(struct geo_box box, struct geo_point point, double cosine)
{
    double south = box.south - point.lat, north = box.north - point.lat,
           west = geo_wrap(box.west - point.lon);
    double east = west + (box.east - box.west), far_lat = geo_max(-south, north),
           far_lon = geo_max(-west, east);
    if (far_lat > 5 || far_lon > 5)
        return (struct geo_about){0, HUGE_VAL};
    double gap_lat = geo_max(geo_max(south, -north), 0) * GEO_RADIANS;
    double gap_lon = geo_max(geo_max(west, -east), 0) * GEO_RADIANS;
    far_lat = geo_max(far_lat, geo_max(south, -north)) * GEO_RADIANS;
    far_lon = geo_max(far_lon, geo_max(west, -east)) * GEO_RADIANS;
    double less = cosine * geo_max(cosine - far_lat, 0) * gap_lon * gap_lon,
           more = (cosine + far_lat) * far_lon;
    return (struct geo_about){GEO_EARTH_RADIUS * sqrt((gap_lat * gap_lat + less) * 0.999),
        GEO_EARTH_RADIUS * sqrt(far_lat * far_lat + more * more)};
}
/* The smallest box that holds a circle; east may pass 180, a pole inside makes it 360 degrees wide. */
struct geo_box geo_circle_box(struct geo_point center, double radius);
/* True when two boxes overlap or touch, also 360 degrees apart. */
static inline bool geo_boxes_touch(const struct geo_box *a, const struct geo_box *b)
{
    const double slack = GEO_SLACK_DEGREES;
    if (a->south > b->north + slack || a->north < b->south - slack)
        return false;
    if (a->west <= b->east + slack && a->east >= b->west - slack)
        return true;
    /* A turn apart: only when one of them reaches the antimeridian. */
    return a->west + 360 <= b->east + slack || a->east - 360 >= b->west - slack;
}

/* ---- edges ---- */
/* Longitude from a to b the shorter way, in degrees; exactly 180 as drawn. */
static inline double geo_edge_span(struct geo_point a, struct geo_point b)
{
    return geo_wrap(b.lon - a.lon);
}
/* Metres from the point to the edge, right to GEO_SLACK_METRES when it is below `enough`, else no less than
 * `enough`. */
double geo_edge_distance(struct geo_point a, struct geo_point b, struct geo_point point, double enough);
/* Bounds for that distance, `nearest` below and `farthest` above it, by a few in 1000 and without
 * trigonometry; as geo_box_about has them. */
struct geo_about geo_edge_about(
    struct geo_point a, struct geo_point b, struct geo_point point, double cosine);
bool geo_edge_touches_box(struct geo_point a, struct geo_point b, struct geo_box box);
/* How the edge meets the meridian north of the point. */
enum geo_crossing { GEO_NO_CROSSING, GEO_CROSSES, GEO_ON_EDGE };
enum geo_crossing geo_edge_crosses_north(struct geo_point a, struct geo_point b, struct geo_point point);
/* How often a ring goes round the globe: 0, or 1 and -1 for one that holds a pole, *north then says which. */
int geo_ring_turns(const struct geo_ring *ring, bool *north);
/* GEO_PARTLY: on the ring. */
enum geo_side geo_ring_side(const struct geo_ring *ring, struct geo_point point);
/* True when two edges cross between their ends. */
bool geo_edges_cross(struct geo_point a, struct geo_point b, struct geo_point c, struct geo_point d);
/* Square metres on the inner side of a ring; 0 when it encloses nothing. */
double geo_ring_area(const struct geo_ring *ring);

/* ---- the index over a shape's edges ---- */
/* The levels are as many as GEO_FAN^(GEO_LEVELS - 1) runs have, more than any memory holds: the last is one
 * box. */
enum { GEO_FAN = 8, GEO_LEVELS = 12, GEO_STACK_RUNS = 1024, GEO_POLAR_POLYGONS = 16 };
/* Consecutive edges of a shape, in the order of polygons, rings, points; may span rings and polygons. */
struct geo_run {
    struct geo_box box;
    uint32_t polygon, ring, point, edges; /* where it begins and how many they are */
    bool ends_north; /* the polygon that ends with this run holds the north pole, so that its inside is
                        flipped; the box is the globe then */
};
/* Runs, and over them boxes of GEO_FAN runs each, of GEO_FAN such boxes, and so on: all in one array of the
 * caller. */
struct geo_index {
    const struct geo_shape *shape;
    struct geo_run *runs;
    size_t count[GEO_LEVELS], start[GEO_LEVELS];
    int levels;
    bool north_vertex, south_vertex; /* a ring has a point at that pole: there all longitudes are one place */
    bool polar;                      /* a ring goes round a pole */
};
/* How many runs an index of that shape takes with `edges` edges a run. */
size_t geo_index_size(const struct geo_shape *shape, size_t edges);
/* Builds it in room for at most `capacity` (at least GEO_STACK_RUNS) runs, as fine as that allows. */
void geo_index_build(
    const struct geo_shape *shape, struct geo_run *room, size_t capacity, struct geo_index *index);
/* The first edge that crosses another of the same polygon. */
bool geo_index_crossing(const struct geo_index *index, struct geo_place *where);
/* True when the point is in or on one of the polygons. */
bool geo_index_holds(const struct geo_index *index, struct geo_point point);
bool geo_index_border_touches(const struct geo_index *index, struct geo_box box);
/* True when a border is nearer than the radius. */
bool geo_index_border_within(const struct geo_index *index, struct geo_point point, double radius);
/* The box in equal parts, at most 32: those that a border touches, a bit each, row by row from the
 * south-west. */
uint32_t geo_index_border_mask(const struct geo_index *index, struct geo_box box, int columns, int rows);
/* The smallest box around all of it. */
struct geo_box geo_index_box(const struct geo_index *index);
/* Metres to the nearest border, but no less than `enough` when that is farther. */
double geo_index_border_distance(const struct geo_index *index, struct geo_point point, double enough);

/* The branches of an index that matter near a place. */
enum { GEO_VIEW = 40 };
struct geo_view {
    int count;
    struct geo_node {
        uint32_t number, level;
    } nodes[GEO_VIEW];
};
struct geo_disc {
    struct geo_point center;
    double cosine, radius; /* of the center's latitude; metres, may be infinite */
};
/* All of the index. */
struct geo_view geo_view_of(const struct geo_index *index);
/* True when the border surely comes nearer than `least` to each point of the disc. Else `to` gets what of
 * `from` may come within `most` of one of them, and *crossed says whether any of it may be in the disc. */
bool geo_view_narrow(const struct geo_index *index, const struct geo_view *from, const struct geo_disc *disc,
    double least, double most, struct geo_view *to, bool *crossed);
/* geo_index_border_within, of what is in view. */
bool geo_view_within(
    const struct geo_index *index, const struct geo_view *view, struct geo_point point, double radius);

/* ---- a shape, made ready for many questions ---- */
struct geo_prepared {
    const struct geo_shape *shape;
    struct geo_index index; /* POLYGONS */
    struct geo_box box;     /* CIRCLE: around it */
    struct {
        double sin_lat, cos_lat;
        double reach, core; /* haversines of the radius, a slack more and less; core < 0: nothing is inside */
        double widest_lat,
            widest; /* where it is widest, in degrees, and the haversine of half its width there */
        bool plain; /* small enough for the above */
    } circle;
};
/* An index over polygons goes in `room`; other shapes need none. */
void geo_prepare_in(
    const struct geo_shape *shape, struct geo_run *room, size_t capacity, struct geo_prepared *out);
struct geo_box geo_prepared_box(const struct geo_prepared *shape);
/* A box and the shape: GEO_OUT when they have no point in common, GEO_IN when all of the box is surely in it.
 */
enum geo_side geo_box_side(const struct geo_prepared *shape, struct geo_box box);

/* The children of a cell (0: the 32 coarsest cells), a bit each, lowest first along the curve: those that the
 * shape touches and, among them, those wholly in it. */
struct geo_brood {
    uint32_t touched, inside;
};
/* The row of a child, from the south; and the children of a row. See deal_row in brood.c. */
static inline int geo_child_row(geo_cell parent, int i)
{
    return (parent & 1) == 0 ? (i >> 2 & 2) | (i >> 1 & 1) : (i >> 2 & 4) | (i >> 1 & 2) | (i & 1);
}

uint32_t geo_brood_row(geo_cell parent, int row);
struct geo_brood geo_brood_of(const struct geo_prepared *shape, geo_cell parent);
/* The finest cell, but of no more than that precision, in which all that the shape touches lies; 0 when it
 * takes more than one, as over the antimeridian and at the poles. */
geo_cell geo_root_of(const struct geo_prepared *shape, int precision);
static inline geo_cell geo_child(geo_cell parent, int i)
{
    return (parent + 1) | (uint64_t)i << (59 - 5 * (int)(parent & 15));
}

/* ---- covers ---- */
enum geo_error geo_limits_check(struct geo_limits limits) __attribute__((warn_unused_result));

#endif
