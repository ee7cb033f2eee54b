/* Shapes against points, circles and boxes: one switch over the kinds of shape for each question. */
#include "geo/internal.h"

static const double half_round = M_PI * GEO_EARTH_RADIUS;

/* ---- prepared ---- */

/* Beyond this a circle's cells are asked one by one. */
static const double plain_radius = 5e6;

static void prepare_circle(const struct geo_shape *shape, struct geo_prepared *out)
{
    if (geo_shape_check(shape) != GEO_OK) { /* touches no cell, so that covers end */
        out->box = (struct geo_box){0, 0, 0, 0};
        out->circle.sin_lat = out->circle.cos_lat = out->circle.widest_lat = 0;
        out->circle.reach = out->circle.core = out->circle.widest = -1;
        out->circle.plain = true;
        return;
    }
    double lat = shape->center.lat * GEO_RADIANS, angle = shape->radius / GEO_EARTH_RADIUS;
    double more = sin((angle + GEO_SLACK_METRES / GEO_EARTH_RADIUS) / 2);
    double less = sin((angle - GEO_SLACK_METRES / GEO_EARTH_RADIUS) / 2);
    out->box = geo_circle_box(shape->center, shape->radius);
    out->circle.sin_lat = sin(lat);
    out->circle.cos_lat = cos(lat);
    out->circle.reach = more * more;
    out->circle.core = less > 0 ? less * less : -1;
    out->circle.plain = shape->radius <= plain_radius;
    out->circle.widest = -1;
    /* The pole, the center and the place where a meridian touches the circle have a right angle there. In
     * distances from the pole: near it a sine of the latitude is 1. */
    double width = sin(angle + GEO_SLACK_METRES / GEO_EARTH_RADIUS) / out->circle.cos_lat;
    if (width < 1) {
        double half = sin(asin(width) / 2), from_pole = (90 - fabs(shape->center.lat)) * GEO_RADIANS;
        from_pole = atan(tan(from_pole) * sqrt(1 - width * width)) / GEO_RADIANS;
        out->circle.widest_lat = copysign(90 - from_pole, shape->center.lat);
        out->circle.widest = half * half;
    }
}

void geo_prepare_in(
    const struct geo_shape *shape, struct geo_run *room, size_t capacity, struct geo_prepared *out)
{
    out->shape = shape;
    if (shape->kind == GEO_POLYGONS)
        geo_index_build(shape, room, capacity, &out->index);
    else if (shape->kind == GEO_CIRCLE)
        prepare_circle(shape, out);
}

enum { PREPARED_RUN = 4 };

size_t geo_prepared_size(const struct geo_shape *shape)
{
    size_t runs = shape->kind == GEO_POLYGONS ? geo_index_size(shape, PREPARED_RUN) : 0;
    return sizeof(struct geo_prepared) + runs * sizeof(struct geo_run);
}

struct geo_prepared *geo_prepare(const struct geo_shape *shape, void *memory, size_t size)
{
    struct geo_prepared *prepared = memory;
    if (size < geo_prepared_size(shape))
        return NULL;
    geo_prepare_in(shape, (struct geo_run *)(prepared + 1),
        (size - sizeof *prepared) / sizeof(struct geo_run), prepared);
    return prepared;
}

/* ---- questions ---- */

static bool box_has_point(struct geo_box box, struct geo_point point)
{
    if (point.lat < box.south || point.lat > box.north)
        return false;
    for (int turn = -360; turn <= 360; turn += 360)
        if (point.lon + turn >= box.west && point.lon + turn <= box.east)
            return true;
    return fabs(point.lat) == 90; /* a pole has every longitude */
}

static enum geo_side circle_side(const struct geo_prepared *prepared, struct geo_box box)
{
    const struct geo_shape *circle = prepared->shape;
    if (!geo_boxes_touch(&prepared->box, &box) ||
        geo_box_distance(box, circle->center) > circle->radius + GEO_SLACK_METRES)
        return GEO_OUT;
    return geo_box_farthest(box, circle->center) <= circle->radius - GEO_SLACK_METRES ? GEO_IN : GEO_PARTLY;
}

static enum geo_side polygons_side(const struct geo_prepared *prepared, struct geo_box box)
{
    if (geo_index_border_touches(&prepared->index, box))
        return GEO_PARTLY;
    struct geo_point center = {(box.south + box.north) / 2, geo_wrap((box.west + box.east) / 2)};
    return geo_index_holds(&prepared->index, center) ? GEO_IN : GEO_OUT;
}

enum geo_side geo_box_side(const struct geo_prepared *prepared, struct geo_box box)
{
    switch (prepared->shape->kind) {
    case GEO_POINT:
        return box_has_point(box, prepared->shape->center) ? GEO_PARTLY : GEO_OUT;
    case GEO_CIRCLE:
        return circle_side(prepared, box);
    case GEO_POLYGONS:
        return polygons_side(prepared, box);
    }
    return GEO_OUT;
}

enum geo_side geo_prepared_side(const struct geo_prepared *shape, geo_cell cell)
{
    return cell == 0 ? GEO_OUT : geo_box_side(shape, geo_bounds(cell));
}

bool geo_prepared_touches_cell(const struct geo_prepared *shape, geo_cell cell)
{
    return geo_prepared_side(shape, cell) != GEO_OUT;
}

static double round_distance(const struct geo_shape *shape, struct geo_point point)
{
    double radius = shape->kind == GEO_CIRCLE ? shape->radius : 0;
    return geo_max(geo_distance(shape->center, point) - radius, 0);
}

bool geo_prepared_touches_circle(const struct geo_prepared *shape, struct geo_point center, double radius)
{
    if (shape->shape->kind != GEO_POLYGONS)
        return round_distance(shape->shape, center) <= radius + GEO_SLACK_METRES;
    return geo_index_border_within(&shape->index, center, radius + GEO_SLACK_METRES) ||
           geo_index_holds(&shape->index, center);
}

bool geo_prepared_contains(const struct geo_prepared *shape, struct geo_point point)
{
    if (shape->shape->kind != GEO_POLYGONS)
        return geo_prepared_touches_circle(shape, point, 0);
    return geo_index_holds(&shape->index, point);
}

double geo_prepared_distance(const struct geo_prepared *shape, struct geo_point point)
{
    if (shape->shape->kind != GEO_POLYGONS)
        return round_distance(shape->shape, point);
    if (geo_index_holds(&shape->index, point))
        return 0;
    return geo_index_border_distance(&shape->index, point, half_round);
}

/* ---- the same, unprepared ---- */

bool geo_shape_touches_cell(const struct geo_shape *shape, geo_cell cell)
{
    return geo_shape_side(shape, cell) != GEO_OUT;
}

enum geo_side geo_shape_side(const struct geo_shape *shape, geo_cell cell)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_prepared prepared;
    geo_prepare_in(shape, room, GEO_STACK_RUNS, &prepared);
    return geo_prepared_side(&prepared, cell);
}

bool geo_shape_touches_circle(const struct geo_shape *shape, struct geo_point center, double radius)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_prepared prepared;
    geo_prepare_in(shape, room, GEO_STACK_RUNS, &prepared);
    return geo_prepared_touches_circle(&prepared, center, radius);
}

bool geo_shape_contains(const struct geo_shape *shape, struct geo_point point)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_prepared prepared;
    geo_prepare_in(shape, room, GEO_STACK_RUNS, &prepared);
    return geo_prepared_contains(&prepared, point);
}

double geo_shape_distance(const struct geo_shape *shape, struct geo_point point)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_prepared prepared;
    geo_prepare_in(shape, room, GEO_STACK_RUNS, &prepared);
    return geo_prepared_distance(&prepared, point);
}

/* ---- measures ---- */

void geo_shape_around(const struct geo_shape *shape, struct geo_point *center, double *radius)
{
    struct geo_box box = geo_shape_box(shape);
    *center = shape->center;
    *radius = shape->kind == GEO_CIRCLE ? shape->radius : 0;
    if (shape->kind != GEO_POLYGONS)
        return;
    *center = (struct geo_point){(box.south + box.north) / 2, geo_wrap((box.west + box.east) / 2)};
    if (box.east - box.west >= 360) /* around the pole that is nearer */
        center->lat = box.south + box.north > 0 ? 90 : -90;
    *radius = geo_min(geo_box_farthest(box, *center) + GEO_SLACK_METRES, half_round);
}

double geo_shape_area(const struct geo_shape *shape)
{
    if (shape->kind == GEO_POINT)
        return 0;
    if (shape->kind == GEO_CIRCLE) {
        double half = sin(shape->radius / GEO_EARTH_RADIUS / 2);
        return 4 * M_PI * GEO_EARTH_RADIUS * GEO_EARTH_RADIUS * half * half;
    }
    double area = 0;
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t j = 0; j < shape->polygons[i].count; j++)
            area += geo_ring_area(&shape->polygons[i].rings[j]) * (j == 0 ? 1 : -1);
    return area;
}

struct geo_box geo_prepared_box(const struct geo_prepared *shape)
{
    struct geo_point center = shape->shape->center;
    if (shape->shape->kind == GEO_POLYGONS)
        return geo_index_box(&shape->index);
    if (shape->shape->kind == GEO_CIRCLE)
        return shape->box;
    return (struct geo_box){center.lat, center.lon, center.lat, center.lon};
}

struct geo_box geo_shape_box(const struct geo_shape *shape)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_prepared prepared;
    geo_prepare_in(shape, room, GEO_STACK_RUNS, &prepared);
    return geo_prepared_box(&prepared);
}
