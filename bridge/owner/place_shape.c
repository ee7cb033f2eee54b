/* From the 1e-7 degrees of messages to degrees. */
#include "bridge/owner/place_shape.h"

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
