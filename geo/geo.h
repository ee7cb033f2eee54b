/* Cells, covers, shapes, distances: the geography that decides who is warned. Pure functions: no I/O, no
 * allocation, no state; the caller owns every input and output, and nothing keeps a pointer unless it says
 * so. Degrees are WGS 84, metres are on the sphere of GEO_EARTH_RADIUS. What is not said to be NULL may not
 * be. On an error outputs stay as they were, unless it says otherwise.
 *
 *     struct geo_point home = {34.0686, -118.0276};
 *     geo_cell cell, cells[64];
 *     char text[GEO_CELL_TEXT];
 *     if (geo_encode(home, 6, &cell) == GEO_OK)
 *         geo_format(cell, text);                                     "9qh1f1": the cell that home is in
 *     struct geo_shape near = {.kind = GEO_CIRCLE, .center = home, .radius = 2000};
 *     struct geo_cover cover;
 *     if (geo_cover_mixed(&near, (struct geo_limits){5, 7, 64}, cells, &cover) == GEO_OK)
 *         ...                              cells[0] to cells[cover.count - 1] hold all that is within 2 km
 */
#ifndef NEIGHBORS_GEO_H
#define NEIGHBORS_GEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Mean radius R1 = (2a + b) / 3 of WGS 84, in metres (H. Moritz, Geodetic Reference System 1980, J. Geodesy
 * 74, 2000). */
#define GEO_EARTH_RADIUS 6371008.8

enum geo_error {
    GEO_OK = 0,
    GEO_BAD_LATITUDE,  /* not within -90..90, or no number */
    GEO_BAD_LONGITUDE, /* not within -180..180, or no number */
    GEO_BAD_PRECISION, /* not within 1..12, or the coarsest finer than the finest */
    GEO_BAD_CHARACTER, /* none of a geohash's 32 */
    GEO_BAD_LENGTH,    /* not 1 to 12 characters */
    GEO_BAD_RADIUS,    /* below 0, above half the circumference, or no number */
    GEO_NO_ROOM,       /* more cells than there is room for */
    GEO_BAD_RING,      /* a shape without polygons, or a polygon without rings */
    GEO_RING_SHORT,    /* fewer than 4 points, the repeated first included */
    GEO_RING_OPEN,     /* the last point is not the first */
    GEO_RING_FLAT,     /* encloses no area */
    GEO_RING_WINDS,    /* goes round the globe more than once, or more than 16 rings go round it */
    GEO_BAD_COUNT,     /* not within 1..GEO_COVER_CELLS */
    GEO_RING_CROSSES,  /* edges of one polygon cross */
    GEO_HOLE_OUTSIDE,  /* a hole that is not in its polygon */
    GEO_ERROR_COUNT
};
/* One sentence for an error; a constant, also for numbers that are none. */
const char *geo_error_text(enum geo_error error);

struct geo_point {
    double lat, lon; /* degrees, -90..90 and -180..180; the pole is one point by whatever longitude */
};
/* All between two parallels and, eastward from west to east, two meridians, borders included. In degrees. */
struct geo_box {
    double south, west, north, east;
};

/* ---- cells ---- */

/* A geohash (G. Niemeyer, geohash.org, 2008) names a cell of latitude and longitude: the globe is 32 cells, a
 * character each (8 columns, 4 rows); each further character names one of the 32 parts of the cell before it.
 * Its precision is the number of characters. At the equator a cell of precision 4 is 39 by 20 km, of 5 4.9 by
 * 4.9 km, of 6 1.2 by 0.6 km, of 7 153 by 153 m, of 8 38 by 19 m; to the poles its width shrinks with the
 * cosine of the latitude. Places near each other mostly, not always, share the first characters. As a number:
 * the characters' bits from the top, 5 each, and the precision in the lowest 4. Ordered as numbers, cells of
 * one precision follow the curve that the geohash draws over the globe (G. M. Morton's, 1966). 0 is no cell.
 */
typedef uint64_t geo_cell;
enum { GEO_MAX_PRECISION = 12, GEO_CELL_TEXT = 13 };

/* 1 to 12; 0 for no cell. */
int geo_precision(geo_cell cell);
/* True for a number that is a cell: precision 1 to 12 and no bit beyond it. The functions below are meant for
 * such and for 0; others give no crash, and nothing of use. */
bool geo_valid(geo_cell cell);
/* The cell of that precision that holds the point; one on a line between cells belongs to the cell north or
 * east of it, 90 and 180 to the last cell before. GEO_BAD_LATITUDE, GEO_BAD_LONGITUDE, GEO_BAD_PRECISION. */
enum geo_error geo_encode(struct geo_point point, int precision, geo_cell *out)
    __attribute__((warn_unused_result));
/* Base 32 text (digits and letters without a, i, l, o), either case, 1 to 12 characters; needs no NUL.
 * GEO_BAD_LENGTH, GEO_BAD_CHARACTER. */
enum geo_error geo_parse(const char *text, size_t len, geo_cell *out) __attribute__((warn_unused_result));
/* Writes the lower-case geohash and a NUL; returns its length. "" for no cell. */
size_t geo_format(geo_cell cell, char out[GEO_CELL_TEXT]);
/* The cell's sides, exactly, and its middle, in degrees; of no cell, the globe's. */
struct geo_box geo_bounds(geo_cell cell);
struct geo_point geo_center(geo_cell cell);
/* How far a point of the cell may be from its center: half its height and half its width, in degrees. */
struct geo_point geo_error(geo_cell cell);
/* The ancestor of that precision; the cell itself when it is as coarse; 0 when precision is below 1. */
geo_cell geo_parent(geo_cell cell, int precision);
/* The 32 cells of the next precision, along the curve; returns 32, or 0 for precision 12 and no cell. */
int geo_children(geo_cell cell, geo_cell out[32]);
/* The eight neighbors, clockwise from the north, across the antimeridian; at a pole the five that there are.
 * Returns how many; 0 for no cell. */
int geo_neighbors(geo_cell cell, geo_cell out[8]);
/* True when b lies in a (a cell contains itself). */
bool geo_contains(geo_cell a, geo_cell b);
/* The finest cell that contains both; 0 when their first characters differ or one is no cell. */
geo_cell geo_common_ancestor(geo_cell a, geo_cell b);
/* Square metres of the cell (0 for no cell), and of any box, on the sphere (Archimedes: a zone's area goes
 * with its height). */
double geo_cell_area(geo_cell cell);
double geo_box_area(struct geo_box box);
/* geo_encode for an array, and geo_center for an array, many times faster. A point out of range gives 0, a
 * number that is no cell gives NAN, a precision out of range 0 throughout. Returns how many were good. `out`
 * has room for `count`. */
size_t geo_encode_many(const struct geo_point *points, size_t count, int precision, geo_cell *out);
size_t geo_decode_many(const geo_cell *cells, size_t count, struct geo_point *out);

/* ---- distance ---- */

/* Great-circle distance in metres, by the haversine (R. W. Sinnott, Virtues of the Haversine, Sky & Telescope
 * 68, 1984). On the sphere it is exact to rounding (1e-8 m); against the WGS 84 ellipsoid it is off by up to
 * 0.56 % (most along a meridian at the equator). */
double geo_distance(struct geo_point a, struct geo_point b);

/* ---- shapes ---- */
enum geo_shape_kind { GEO_POINT, GEO_CIRCLE, GEO_POLYGONS };
/* A ring of a polygon: first point = last, at least 4 points, either direction (RFC 7946, 3.1.6;
 * CAP 1.2, 3.2.4). Edges are straight in latitude and longitude, as GeoJSON (RFC 7946, 3.1.1) and CAP mean
 * them, no great circles; one of more than 180 degrees of longitude goes the other, shorter way round, over
 * the antimeridian. A ring that goes once round the globe holds the pole on its smaller side (by mean
 * latitude). */
struct geo_ring {
    const struct geo_point *points;
    size_t count;
};
struct geo_polygon {
    const struct geo_ring *rings; /* the outer one, then holes */
    size_t count;
};
/* Borders belong to the shape, those of holes too: nobody on the line goes unwarned. Where polygons overlap,
 * all of them hold; where a polygon crosses itself, what an odd number of its lines surrounds (the rule of M.
 * Shimrat, Algorithm 112, CACM 5, 1962). */
struct geo_shape {
    enum geo_shape_kind kind;
    struct geo_point center; /* POINT, CIRCLE */
    double radius;           /* CIRCLE: metres on the sphere, 0 to half round */
    const struct geo_polygon *polygons;
    size_t polygon_count;
};
/* GEO_OK, or what is wrong with it: GEO_BAD_LATITUDE, GEO_BAD_LONGITUDE, GEO_BAD_RADIUS, GEO_BAD_RING, or a
 * GEO_RING_... but CROSSES. The questions below are meant for shapes that pass; others are safe to ask about
 * (no read beyond what they point to, an end in time), but the answers mean nothing. */
enum geo_error geo_shape_check(const struct geo_shape *shape) __attribute__((warn_unused_result));
/* The same, and stricter: also that no edges of a polygon cross each other and that its holes lie in it (a
 * ring that only touches itself or another passes): GEO_RING_CROSSES, GEO_HOLE_OUTSIDE. After OGC Simple
 * Features (06-103r4, 6.1.11), which forbids more ways to touch. *where, which may be NULL, says what is
 * wrong where (zeros for GEO_OK); after GEO_RING_CROSSES `point` is the first of an edge that is crossed.
 * Takes 2 ms for a city's 5,600 points, 50 ms for 41,000, more for a hostile border; geo_shape_check 1 ms for
 * 41,000. */
struct geo_place {
    size_t polygon, ring, point; /* each counted from 0 */
};
enum geo_error geo_shape_check_strict(const struct geo_shape *shape, struct geo_place *where)
    __attribute__((warn_unused_result));

/* Questions to a shape. Each takes 60 kB of stack and time in proportion to the shape's points: for many
 * questions see geo_prepare. "Touches" errs by up to 1e-7 m towards true, "in" towards not. */
/* True when the cell and the shape have a point in common (borders count). Never false for a cell that is
 * touched: where rounding leaves a doubt of up to 1e-7 m, it is true. False for no cell. */
bool geo_shape_touches_cell(const struct geo_shape *shape, geo_cell cell);
/* How a cell lies: GEO_OUT when it is not touched, GEO_IN when all of it is in the shape, in all other cases,
 * and where a border of one of several polygons crosses it, GEO_PARTLY. */
enum geo_side { GEO_OUT, GEO_PARTLY, GEO_IN };
enum geo_side geo_shape_side(const struct geo_shape *shape, geo_cell cell);
/* True when the circle (radius in metres) and the shape have a point in common. */
bool geo_shape_touches_circle(const struct geo_shape *shape, struct geo_point center, double radius);
/* True when the point is in the shape or on its border. */
bool geo_shape_contains(const struct geo_shape *shape, struct geo_point point);
/* Metres from the point to the nearest point of the shape, along a great circle; 0 inside. */
double geo_shape_distance(const struct geo_shape *shape, struct geo_point point);
/* Square metres on the sphere, between the edges as they are (the integral of the latitude's sine along each;
 * compare R. G. Chamberlain, W. H. Duquette, Some Algorithms for Polygons on a Sphere, JPL 07-03, 2007);
 * polygons are summed, also where they overlap, and holes taken off. */
double geo_shape_area(const struct geo_shape *shape);
/* The smallest box around it, but for 1e-12 degrees. East passes 180 when it goes over the antimeridian; 360
 * wide when a pole is inside. Without any ring all zero. */
struct geo_box geo_shape_box(const struct geo_shape *shape);
/* A circle that holds the shape, seldom the smallest; its radius in metres. */
void geo_shape_around(const struct geo_shape *shape, struct geo_point *center, double *radius);

/* ---- a shape with an index over its edges, for many questions ---- */
/* Lives in the memory that the caller gives it (nothing to free) and points to the shape, which must outlive
 * it unchanged, with its points. */
struct geo_prepared;
/* How many bytes it takes: about 20 a point, and 2 kB. */
size_t geo_prepared_size(const struct geo_shape *shape);
/* memory is aligned as malloc does. NULL when size is below geo_prepared_size. A tree of boxes over runs of
 * edges (after A. Guttman, R-Trees, SIGMOD 1984, in the order of the ring). */
struct geo_prepared *geo_prepare(const struct geo_shape *shape, void *memory, size_t size);
/* The questions above, about as fast for 41,000 points as for 40: half a microsecond, the distance some tens.
 */
bool geo_prepared_touches_cell(const struct geo_prepared *shape, geo_cell cell);
enum geo_side geo_prepared_side(const struct geo_prepared *shape, geo_cell cell);
bool geo_prepared_touches_circle(const struct geo_prepared *shape, struct geo_point center, double radius);
bool geo_prepared_contains(const struct geo_prepared *shape, struct geo_point point);
double geo_prepared_distance(const struct geo_prepared *shape, struct geo_point point);
/* True when the line from a to b, or from b to a, is one of its edges, number for number: so are the borders
 * that two areas of one map share. False for points and circles. */
bool geo_prepared_has_edge(const struct geo_prepared *shape, struct geo_point a, struct geo_point b);
/* *holds: whether the shape touches each cell of that precision that `part` touches, so that no point of
 * `part` is farther from the shape than the corners of a cell from each other. Looks at no more than `most`
 * cells, larger ones included, 32 at a time. GEO_BAD_PRECISION, or GEO_NO_ROOM when that is not enough:
 * choose a coarser precision. */
enum geo_error geo_prepared_holds_cells(const struct geo_prepared *shape, const struct geo_prepared *part,
    int precision, size_t most, bool *holds) __attribute__((warn_unused_result));

/* ---- covers ---- */
/* All cells of one precision that the shape touches, each once, ordered along the curve. `out` has room for
 * `capacity`; *count says how many there are. GEO_BAD_PRECISION (*count is 0), or GEO_NO_ROOM when there are
 * more than capacity (*count is more than capacity, out holds nothing useful): choose a coarser precision. */
enum geo_error geo_cover_uniform(const struct geo_shape *shape, int precision, geo_cell *out, size_t capacity,
    size_t *count) __attribute__((warn_unused_result));

enum { GEO_COVER_CELLS = 1024 };
struct geo_limits {
    int coarsest, finest; /* precisions, 1 to 12 */
    size_t cells;         /* at most that many, 1 to GEO_COVER_CELLS */
};
struct geo_cover {
    size_t count; /* cells written */
    double area;  /* of all of them, square metres; geo_shape_area tells the excess */
    bool forced;  /* with more cells it would have been smaller (an interior cover: larger) */
};
/* At most limits.cells cells of mixed precision, disjoint, ordered along the curve, that together hold every
 * point of the shape; each of them is touched by it; their area is the least that can be had, or close to it
 * (the knapsack over a tree: G. Cho, D. X. Shaw, A Depth-First Dynamic Programming Algorithm for the Tree
 * Knapsack Problem, INFORMS J. Computing 9, 1997). `out` has room for limits.cells. Takes half a megabyte of
 * stack. GEO_BAD_PRECISION, GEO_BAD_COUNT, or GEO_NO_ROOM when even the coarsest precision needs more; *cover
 * is zero then. */
enum geo_error geo_cover_mixed(const struct geo_shape *shape, struct geo_limits limits, geo_cell *out,
    struct geo_cover *cover) __attribute__((warn_unused_result));
/* The limits.cells largest cells that lie wholly in the shape, disjoint, ordered along the curve; may be
 * none. `out` has room for limits.cells. GEO_BAD_PRECISION, GEO_BAD_COUNT. */
enum geo_error geo_cover_interior(const struct geo_shape *shape, struct geo_limits limits, geo_cell *out,
    struct geo_cover *cover) __attribute__((warn_unused_result));
/* The same three for a prepared shape. */
enum geo_error geo_prepared_cover_uniform(const struct geo_prepared *shape, int precision, geo_cell *out,
    size_t capacity, size_t *count) __attribute__((warn_unused_result));
enum geo_error geo_prepared_cover_mixed(const struct geo_prepared *shape, struct geo_limits limits,
    geo_cell *out, struct geo_cover *cover) __attribute__((warn_unused_result));
enum geo_error geo_prepared_cover_interior(const struct geo_prepared *shape, struct geo_limits limits,
    geo_cell *out, struct geo_cover *cover) __attribute__((warn_unused_result));

/* ---- many circles, to be asked which of them a shape touches ---- */
/* Followers are circles, an alert is the shape that asks. Or alerts are put in by the circles around them
 * (geo_shape_around), a follower asks with his own, and geo_shape_touches_circle decides about each alert
 * found. Time goes with what is found, not with what is there. The set is a tree over the curve (a crit-bit
 * tree, D. J. Bernstein, cr.yp.to/critbit.html; PATRICIA, D. R. Morrison, J. ACM 15, 1968) of which each
 * circle brings its own fork. */
struct geo_fork {
    struct geo_branch {
        struct geo_circle *leaf; /* one of the two is NULL */
        struct geo_fork *fork;
    } branch[2];
    uint64_t start;     /* of the stretch of the curve below */
    int bits;           /* by which the stretch is given: 0 to 59 */
    double least, most; /* radius of the circles below, or beyond */
};
/* The caller owns it, sets center and radius before it is added and lets all alone while it is in; it stays
 * where it is in memory. To get from it to what it stands for, make it the first member of that. */
struct geo_circle {
    struct geo_point center;
    double radius; /* metres */
    /* geo's own: */
    uint64_t curve;
    struct geo_circle *next, *previous; /* at the same place of the curve; the first has no previous */
    struct geo_fork fork;
};
enum { GEO_RADIUS_CLASSES = 18 };
/* All zero is an empty set. */
struct geo_circles {
    struct geo_branch classes[GEO_RADIUS_CLASSES]; /* radius below 200 m, 400 m, 800 m ... */
    size_t count;
};
/* GEO_OK, or what is wrong with the circle, which then is not in the set: GEO_BAD_LATITUDE,
 * GEO_BAD_LONGITUDE, GEO_BAD_RADIUS. A circle may be in one set at a time. */
enum geo_error geo_circles_add(struct geo_circles *set, struct geo_circle *circle)
    __attribute__((warn_unused_result));
/* The circle must be in the set. */
void geo_circles_remove(struct geo_circles *set, struct geo_circle *circle);
/* Called for each circle found; the set must not change meanwhile. False ends the search. */
typedef bool (*geo_visit)(void *context, struct geo_circle *circle);
/* Visits the circles that the shape touches, each once, in no order; `context` is handed on and may be NULL.
 * False when a visit ended it. */
bool geo_circles_find(
    const struct geo_circles *set, const struct geo_prepared *shape, geo_visit visit, void *context);

#endif
