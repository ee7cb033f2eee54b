/* Shapes against points, circles and boxes: one switch over the kinds of shape for each question. */
#include "geo/internal.h"

static const double half_round = M_PI * GEO_EARTH_RADIUS;

static enum geo_error check_ring(const struct geo_ring *ring, size_t *polar)
{
    if (ring->count < 4)
        return GEO_RING_SHORT;
    for (size_t i = 0; i < ring->count; i++) {
        enum geo_error error = geo_point_check(ring->points[i]);
        if (error != GEO_OK)
            return error;
    }
    struct geo_point first = ring->points[0], last = ring->points[ring->count - 1];
    if (first.lat != last.lat || first.lon != last.lon)
        return GEO_RING_OPEN;
    struct geo_ring_sum sum = geo_ring_measure(ring);
    *polar += sum.turns != 0;
    if (sum.turns < -1 || sum.turns > 1 || *polar > GEO_POLAR_POLYGONS)
        return GEO_RING_WINDS;
    return sum.area > 0 ? GEO_OK : GEO_RING_FLAT;
}

enum geo_error geo_shape_check(const struct geo_shape *shape)
{
    if (shape->kind != GEO_POLYGONS) {
        if (shape->kind == GEO_CIRCLE && !(shape->radius >= 0 && shape->radius <= half_round))
            return GEO_BAD_RADIUS;
        return geo_point_check(shape->center);
    }
    if (shape->polygon_count == 0)
        return GEO_BAD_RING;
    size_t polar = 0;
    for (size_t i = 0; i < shape->polygon_count; i++) {
        const struct geo_polygon *polygon = &shape->polygons[i];
        enum geo_error error = polygon->count == 0 ? GEO_BAD_RING : GEO_OK;
        for (size_t j = 0; j < polygon->count && error == GEO_OK; j++)
            error = check_ring(&polygon->rings[j], &polar);
        if (error != GEO_OK)
            return error;
    }
    return GEO_OK;
}

void geo_query_begin(
    const struct geo_shape *shape, struct geo_run *room, size_t capacity, struct geo_query *query)
{
    query->shape = shape;
    if (shape->kind == GEO_POLYGONS)
        geo_index_build(shape, room, capacity, &query->index);
    else if (shape->kind == GEO_CIRCLE)
        query->circle_box = geo_circle_box(shape->center, shape->radius);
}

static bool box_has_point(struct geo_box box, struct geo_point point)
{
    if (point.lat < box.south || point.lat > box.north)
        return false;
    for (int turn = -360; turn <= 360; turn += 360)
        if (point.lon + turn >= box.west && point.lon + turn <= box.east)
            return true;
    return fabs(point.lat) == 90; /* a pole has every longitude */
}

static enum geo_side circle_side(const struct geo_query *query, struct geo_box box)
{
    const struct geo_shape *circle = query->shape;
    if (!geo_boxes_touch(query->circle_box, box) ||
        geo_box_distance(box, circle->center) > circle->radius + GEO_SLACK_METRES)
        return GEO_OUT;
    return geo_box_farthest(box, circle->center) <= circle->radius - GEO_SLACK_METRES ? GEO_IN : GEO_PARTLY;
}

static enum geo_side polygons_side(const struct geo_query *query, struct geo_box box)
{
    if (geo_index_border_touches(&query->index, box))
        return GEO_PARTLY;
    struct geo_point center = {(box.south + box.north) / 2, geo_wrap((box.west + box.east) / 2)};
    return geo_index_holds(&query->index, center) ? GEO_IN : GEO_OUT;
}

enum geo_side geo_query_side(const struct geo_query *query, struct geo_box box)
{
    switch (query->shape->kind) {
    case GEO_POINT:
        return box_has_point(box, query->shape->center) ? GEO_PARTLY : GEO_OUT;
    case GEO_CIRCLE:
        return circle_side(query, box);
    case GEO_POLYGONS:
        return polygons_side(query, box);
    }
    return GEO_OUT;
}

double geo_query_distance(const struct geo_query *query, struct geo_point point, double enough)
{
    const struct geo_shape *shape = query->shape;
    if (shape->kind != GEO_POLYGONS) {
        double radius = shape->kind == GEO_CIRCLE ? shape->radius : 0;
        return fmax(geo_distance(shape->center, point) - radius, 0);
    }
    if (geo_index_holds(&query->index, point))
        return 0;
    return geo_index_border_distance(&query->index, point, enough);
}

bool geo_shape_touches_cell(const struct geo_shape *shape, geo_cell cell)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_query query;
    if (cell == 0)
        return false;
    geo_query_begin(shape, room, GEO_STACK_RUNS, &query);
    return geo_query_side(&query, geo_bounds(cell)) != GEO_OUT;
}

bool geo_shape_touches_circle(const struct geo_shape *shape, struct geo_point center, double radius)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_query query;
    geo_query_begin(shape, room, GEO_STACK_RUNS, &query);
    return geo_query_distance(&query, center, radius + 2 * GEO_SLACK_METRES) <= radius + GEO_SLACK_METRES;
}

double geo_shape_distance(const struct geo_shape *shape, struct geo_point point)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_query query;
    geo_query_begin(shape, room, GEO_STACK_RUNS, &query);
    return geo_query_distance(&query, point, half_round);
}
