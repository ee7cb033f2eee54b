/* From degrees to the 1e-7 degrees of messages. What is kept is read back before it counts,
 * so that nobody keeps what the broker could not read. */
#include "cli/place.h"

#include "cli/cli.h"

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
