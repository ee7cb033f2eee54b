/* Conversions between degrees and the 1e-7 degrees of messages. What is kept is read back before it counts,
 * so that nobody keeps what the broker could not read. */
#include "cli/place.h"

#include "cli/cli.h"

/* ---- to shapes ---- */

static struct geo_point degrees(struct position position)
{
    return (struct geo_point){position.lat_e7 / 1e7, position.lon_e7 / 1e7};
}

static struct geo_ring ring_of(const struct ring *ring, struct arena *arena)
{
    struct geo_point *points = arena_alloc(arena, ring->count * sizeof *points);
    for (size_t i = 0; i < ring->count; i++)
        points[i] = degrees(ring->points[i]);
    return (struct geo_ring){points, ring->count};
}

struct geo_shape place_shape(const struct place *place, struct arena *arena)
{
    if (place->kind == PLACE_POINT)
        return (struct geo_shape){.kind = GEO_POINT, .center = degrees(place->center)};
    if (place->kind == PLACE_CIRCLE)
        return (struct geo_shape){
            .kind = GEO_CIRCLE, .center = degrees(place->center), .radius = place->radius_m};
    struct geo_polygon *polygons = arena_alloc(arena, place->polygon_count * sizeof *polygons);
    for (size_t i = 0; i < place->polygon_count; i++) {
        const struct polygon *polygon = &place->polygons[i];
        struct geo_ring *rings = arena_alloc(arena, polygon->count * sizeof *rings);
        for (size_t r = 0; r < polygon->count; r++)
            rings[r] = ring_of(&polygon->rings[r], arena);
        polygons[i] = (struct geo_polygon){rings, polygon->count};
    }
    return (struct geo_shape){
        .kind = GEO_POLYGONS, .polygons = polygons, .polygon_count = place->polygon_count};
}

/* ---- to places ---- */

static struct ring line_of(const struct geo_ring *ring, struct arena *arena)
{
    struct position *points = arena_alloc(arena, ring->count * sizeof *points);
    for (size_t i = 0; i < ring->count; i++)
        points[i] = cli_position(ring->points[i]);
    return (struct ring){ring->count, points};
}

struct place place_of_polygons(const struct geo_shape *shape, struct arena *arena)
{
    struct polygon *polygons = arena_alloc(arena, shape->polygon_count * sizeof *polygons);
    for (size_t i = 0; i < shape->polygon_count; i++) {
        const struct geo_polygon *polygon = &shape->polygons[i];
        struct ring *rings = arena_alloc(arena, polygon->count * sizeof *rings);
        for (size_t r = 0; r < polygon->count; r++)
            rings[r] = line_of(&polygon->rings[r], arena);
        polygons[i] = (struct polygon){polygon->count, rings};
    }
    return (struct place){
        .kind = PLACE_POLYGONS, .polygon_count = shape->polygon_count, .polygons = polygons};
}

/* ---- kept ---- */

bool place_keep(const struct geo_shape *polygons, struct arena *arena, struct bytes *out, const char **why)
{
    struct place place, back;
    struct refusal refusal;
    enum geo_error error = geo_shape_check(polygons);
    if (error == GEO_OK) {
        place = place_of_polygons(polygons, arena);
        *out = codec_encode_polygons(&place, arena);
        if (!codec_decode_polygons(*out, arena, &back, &refusal)) {
            *why = arena_printf(arena, "%s: %s", refusal.field, refusal.rule);
            return false;
        }
        struct geo_shape rounded = place_shape(&back, arena);
        error = geo_shape_check(&rounded);
    }
    *why = geo_error_text(error);
    return error == GEO_OK;
}

bool place_kept(struct bytes encoded, struct arena *arena, struct geo_shape *out)
{
    struct place place;
    struct refusal refusal;
    if (!codec_decode_polygons(encoded, arena, &place, &refusal))
        return false;
    *out = place_shape(&place, arena);
    return true;
}
