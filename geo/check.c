/* Whether a shape can be read at all, and with more care whether it means what it says. An area that cannot
 * be read is to be refused, never widened: so each refusal names its reason and its place. */
#include "geo/internal.h"

static const double half_round = M_PI * GEO_EARTH_RADIUS;

static enum geo_error check_ring(const struct geo_ring *ring, size_t *polar, size_t *point)
{
    *point = 0;
    if (ring->count < 4)
        return GEO_RING_SHORT;
    for (; *point < ring->count; ++*point) {
        enum geo_error error = geo_point_check(ring->points[*point]);
        if (error != GEO_OK)
            return error;
    }
    struct geo_point first = ring->points[0], last = ring->points[--*point];
    if (first.lat != last.lat || first.lon != last.lon)
        return GEO_RING_OPEN;
    *point = 0;
    bool north;
    int turns = geo_ring_turns(ring, &north);
    *polar += turns != 0;
    if (turns < -1 || turns > 1 || *polar > GEO_POLAR_POLYGONS)
        return GEO_RING_WINDS;
    return geo_ring_area(ring) > 0 ? GEO_OK : GEO_RING_FLAT;
}

static enum geo_error check_polygons(const struct geo_shape *shape, struct geo_place *where)
{
    size_t polar = 0;
    if (shape->polygon_count == 0)
        return GEO_BAD_RING;
    for (where->polygon = 0; where->polygon < shape->polygon_count; where->polygon++) {
        const struct geo_polygon *polygon = &shape->polygons[where->polygon];
        if (polygon->count == 0)
            return GEO_BAD_RING;
        for (where->ring = 0; where->ring < polygon->count; where->ring++) {
            enum geo_error error = check_ring(&polygon->rings[where->ring], &polar, &where->point);
            if (error != GEO_OK)
                return error;
        }
        where->ring = 0;
    }
    where->polygon = 0;
    return GEO_OK;
}

static enum geo_error check(const struct geo_shape *shape, struct geo_place *where)
{
    *where = (struct geo_place){0, 0, 0};
    if (shape->kind == GEO_POLYGONS)
        return check_polygons(shape, where);
    if (shape->kind == GEO_CIRCLE && !(shape->radius >= 0 && shape->radius <= half_round))
        return GEO_BAD_RADIUS;
    return geo_point_check(shape->center);
}

enum geo_error geo_shape_check(const struct geo_shape *shape)
{
    struct geo_place where;
    return check(shape, &where);
}

/* No edges cross, so that one point of a hole that is not on the outer ring speaks for all. */
static bool hole_within(const struct geo_ring *outer, const struct geo_ring *hole)
{
    for (size_t i = 0; i < hole->count; i++) {
        enum geo_side side = geo_ring_side(outer, hole->points[i]);
        if (side != GEO_PARTLY)
            return side == GEO_IN;
    }
    return true;
}

enum geo_error geo_shape_check_strict(const struct geo_shape *shape, struct geo_place *where)
{
    struct geo_place ignored;
    where = where != NULL ? where : &ignored;
    enum geo_error error = check(shape, where);
    if (error != GEO_OK || shape->kind != GEO_POLYGONS)
        return error;
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_index index;
    geo_index_build(shape, room, GEO_STACK_RUNS, &index);
    if (geo_index_crossing(&index, where))
        return GEO_RING_CROSSES;
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t j = 1; j < shape->polygons[i].count; j++)
            if (!hole_within(&shape->polygons[i].rings[0], &shape->polygons[i].rings[j])) {
                *where = (struct geo_place){i, j, 0};
                return GEO_HOLE_OUTSIDE;
            }
    return GEO_OK;
}
