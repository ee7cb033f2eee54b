/* Where an agency may alert: decoded once, with an index over its edges, in one arena; and whether a shape
 * lies in it. */
#include "broker/jurisdiction.h"

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

enum { CELLS_MOST = 50000, START_CELLS = 64, COARSE = 5, FINE = 7 };
static const double rounded_m = 10;

enum answer { INSIDE, OUTSIDE, TOO_MANY };

struct question {
    const struct geo_prepared *within, *shape;
    int finest;
    size_t cells; /* looked at so far */
};

static enum answer cell_lies(struct question *question, geo_cell cell)
{
    geo_cell children[32];
    enum geo_side side;

    if (++question->cells > CELLS_MOST)
        return TOO_MANY;
    if (!geo_prepared_touches_cell(question->shape, cell))
        return INSIDE;
    side = geo_prepared_side(question->within, cell);
    if (side != GEO_PARTLY)
        return side == GEO_IN ? INSIDE : OUTSIDE;
    if (geo_precision(cell) >= question->finest)
        return INSIDE;
    for (int i = geo_children(cell, children); i-- > 0;) {
        enum answer answer = cell_lies(question, children[i]);
        if (answer != INSIDE)
            return answer;
    }
    return INSIDE;
}

static bool cells_inside(const struct geo_prepared *within, const struct geo_prepared *shape)
{
    geo_cell start[START_CELLS];
    size_t count = 0;
    int precision = COARSE;

    while (geo_prepared_cover_uniform(shape, precision, start, START_CELLS, &count) != GEO_OK) {
        if (--precision == 0)
            return false;
    }
    for (int finest = FINE; finest >= COARSE; finest--) {
        struct question question = {within, shape, finest, 0};
        enum answer answer = INSIDE;
        for (size_t i = 0; i < count && answer == INSIDE; i++)
            answer = cell_lies(&question, start[i]);
        if (answer != TOO_MANY)
            return answer == INSIDE;
    }
    return false;
}

static bool corners_inside(const struct geo_prepared *within, const struct geo_shape *shape)
{
    if (shape->kind != GEO_POLYGONS)
        return geo_prepared_distance(within, shape->center) <= rounded_m;
    for (size_t i = 0; i < shape->polygon_count; i++) {
        const struct geo_ring *outline = &shape->polygons[i].rings[0];
        for (size_t p = 0; p < outline->count; p++) {
            if (!geo_prepared_contains(within, outline->points[p]) &&
                geo_prepared_distance(within, outline->points[p]) > rounded_m)
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
    return corners_inside(jurisdiction->prepared, shape) && cells_inside(jurisdiction->prepared, prepared);
}
