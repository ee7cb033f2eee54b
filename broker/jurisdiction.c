/* Where an agency may alert: decoded once, with an index over its edges, in one arena; and whether a shape
 * lies in it. */
#include "broker/jurisdiction.h"

#include <math.h>

#include "broker/core.h"
#include "proto/codec.h"

struct jurisdiction {
    struct arena arena;
    struct bytes encoded;
    struct geo_shape shape;
    struct geo_prepared *prepared;
};

static struct geo_ring ring_of(const struct ring *ring, struct arena *arena)
{
    struct geo_point *points = arena_take(arena, ring->count * sizeof *points);
    for (size_t i = 0; i < ring->count; i++)
        points[i] = (struct geo_point){ring->points[i].lat_e7 / 1e7, ring->points[i].lon_e7 / 1e7};
    return (struct geo_ring){points, ring->count};
}

static struct geo_shape shape_of(const struct place *place, struct arena *arena)
{
    struct geo_polygon *polygons = arena_take(arena, place->polygon_count * sizeof *polygons);
    for (size_t i = 0; i < place->polygon_count; i++) {
        const struct polygon *polygon = &place->polygons[i];
        struct geo_ring *rings = arena_take(arena, polygon->count * sizeof *rings);
        for (size_t r = 0; r < polygon->count; r++)
            rings[r] = ring_of(&polygon->rings[r], arena);
        polygons[i] = (struct geo_polygon){rings, polygon->count};
    }
    return (struct geo_shape){
        .kind = GEO_POLYGONS, .polygons = polygons, .polygon_count = place->polygon_count};
}

/* What the decoder made is dropped with the arena that it was made in. */
static void read_shape(struct jurisdiction *jurisdiction)
{
    struct arena decoding;
    struct place place;
    struct refusal refusal = {0};
    arena_init(&decoding, NULL, 0);
    jurisdiction->shape = (struct geo_shape){.kind = GEO_POLYGONS};
    if (codec_decode_polygons(jurisdiction->encoded, &decoding, &place, &refusal)) {
        struct geo_shape shape = shape_of(&place, &jurisdiction->arena);
        if (geo_shape_check(&shape) == GEO_OK)
            jurisdiction->shape = shape;
    }
    arena_free(&decoding);
}

struct jurisdiction *jurisdiction_new(struct bytes encoded)
{
    struct jurisdiction *jurisdiction = must_calloc(sizeof *jurisdiction);
    arena_init(&jurisdiction->arena, NULL, 0);
    jurisdiction->encoded = (struct bytes){
        (const uint8_t *)arena_copy(&jurisdiction->arena, encoded.data, encoded.len), encoded.len};
    read_shape(jurisdiction);
    size_t size = geo_prepared_size(&jurisdiction->shape);
    jurisdiction->prepared = geo_prepare(&jurisdiction->shape, arena_take(&jurisdiction->arena, size), size);
    return jurisdiction;
}

void jurisdiction_free(struct jurisdiction *jurisdiction)
{
    if (!jurisdiction)
        return;
    arena_free(&jurisdiction->arena);
    free(jurisdiction);
}

bool jurisdiction_is(const struct jurisdiction *jurisdiction, struct bytes encoded)
{
    return jurisdiction && jurisdiction->encoded.len == encoded.len &&
           memcmp(jurisdiction->encoded.data, encoded.data, encoded.len) == 0;
}

const struct geo_shape *jurisdiction_shape(const struct jurisdiction *jurisdiction)
{
    return jurisdiction ? &jurisdiction->shape : NULL;
}

const struct geo_prepared *jurisdiction_prepared(const struct jurisdiction *jurisdiction)
{
    return jurisdiction ? jurisdiction->prepared : NULL;
}

/* ---- is a shape inside ---- */

enum { CELLS_MOST = 20000, COARSE = 5, FINE = 6, FINE_CIRCLE = 7, POINTS_MOST = 2000 };
static const double rounded_m = 10, step_m = 150;

static bool cells_inside(const struct geo_prepared *within, const struct geo_prepared *shape, int fine)
{
    bool holds = false;

    for (int finest = fine; finest >= COARSE; finest--) {
        if (geo_prepared_holds_cells(within, shape, finest, CELLS_MOST, &holds) == GEO_OK)
            return holds;
    }
    return false;
}

/* A walk over the outlines, and how the cell of precision COARSE lies that it came through last: one that is
 * inside answers for all of its points. */
struct outline_walk {
    const struct geo_prepared *within;
    const struct geo_shape *shape;
    double step; /* 0: not worked out yet */
    geo_cell cell;
    enum geo_side side;
};

static bool point_inside(struct outline_walk *walk, struct geo_point point)
{
    geo_cell cell;

    if (geo_encode(point, COARSE, &cell) == GEO_OK && cell != walk->cell) {
        walk->cell = cell;
        walk->side = geo_prepared_side(walk->within, cell);
    }
    return walk->side == GEO_IN || geo_prepared_touches_circle(walk->within, point, rounded_m);
}

/* The end of an edge from a, on the same side of the antimeridian; latitude and longitude go straight. */
static struct geo_point beside(struct geo_point a, struct geo_point b)
{
    if (b.lon - a.lon > 180)
        b.lon -= 360;
    else if (b.lon - a.lon < -180)
        b.lon += 360;
    return b;
}

static double length_of(const struct geo_shape *shape)
{
    double length = 0;

    for (size_t i = 0; i < shape->polygon_count; i++) {
        const struct geo_ring *outline = &shape->polygons[i].rings[0];
        for (size_t p = 1; p < outline->count; p++)
            length += geo_distance(outline->points[p - 1], outline->points[p]);
    }
    return length;
}

static double step_along(const struct geo_shape *shape)
{
    double step = length_of(shape) / POINTS_MOST;

    return step > step_m ? step : step_m;
}

/* An edge of the jurisdiction's own needs no steps: of a county that is one's own, or of one's state, that is
 * all edges or many. */
static bool edge_inside(struct outline_walk *walk, struct geo_point a, struct geo_point b)
{
    if (geo_prepared_has_edge(walk->within, a, b))
        return true;
    if (walk->step == 0)
        walk->step = step_along(walk->shape);
    double steps = ceil(geo_distance(a, b) / walk->step);
    b = beside(a, b);
    for (double i = 1; i <= steps; i++) {
        struct geo_point point = {a.lat + (b.lat - a.lat) * i / steps, a.lon + (b.lon - a.lon) * i / steps};
        point.lon += point.lon > 180 ? -360 : point.lon < -180 ? 360 : 0;
        if (!point_inside(walk, point))
            return false;
    }
    return true;
}

static bool outlines_inside(const struct geo_prepared *within, const struct geo_shape *shape)
{
    struct outline_walk walk = {.within = within, .shape = shape};

    if (shape->kind != GEO_POLYGONS)
        return point_inside(&walk, shape->center);
    for (size_t i = 0; i < shape->polygon_count; i++) {
        const struct geo_ring *outline = &shape->polygons[i].rings[0];
        for (size_t p = 1; p < outline->count; p++) {
            if (!edge_inside(&walk, outline->points[p - 1], outline->points[p]))
                return false;
        }
    }
    return true;
}

bool jurisdiction_holds(const struct jurisdiction *jurisdiction, const struct geo_shape *shape,
    const struct geo_prepared *prepared)
{
    if (!jurisdiction)
        return true;
    if (jurisdiction->shape.polygon_count == 0)
        return false;
    return outlines_inside(jurisdiction->prepared, shape) &&
           cells_inside(jurisdiction->prepared, prepared, shape->kind == GEO_POLYGONS ? FINE : FINE_CIRCLE);
}
