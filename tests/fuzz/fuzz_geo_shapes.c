/* Any bytes as a shape: every question is safe to ask, and of a shape that passes the check the answers agree
 * with each other. */
#include "tests/fuzz/fuzz_geo.h"

void fuzz_geo_shape_check(struct fuzz_input *in);
void fuzz_geo_shape_check_strict(struct fuzz_input *in);
void fuzz_geo_shape_touches_cell(struct fuzz_input *in);
void fuzz_geo_shape_side(struct fuzz_input *in);
void fuzz_geo_shape_touches_circle(struct fuzz_input *in);
void fuzz_geo_shape_contains(struct fuzz_input *in);
void fuzz_geo_shape_distance(struct fuzz_input *in);
void fuzz_geo_shape_area(struct fuzz_input *in);
void fuzz_geo_shape_box(struct fuzz_input *in);
void fuzz_geo_shape_around(struct fuzz_input *in);

/* ---- is it a shape ---- */

static void hold_to_its_rules(const struct geo_shape *shape)
{
    if (shape->kind != GEO_POLYGONS) {
        require(fuzz_on_globe(shape->center));
        require(shape->kind == GEO_POINT || (shape->radius >= 0 && shape->radius <= fuzz_half_round));
        return;
    }
    for (size_t i = 0; i < shape->polygon_count; i++) {
        require(shape->polygons[i].count > 0);
        for (size_t j = 0; j < shape->polygons[i].count; j++) {
            const struct geo_ring *ring = &shape->polygons[i].rings[j];
            require(ring->count >= 4);
            const struct geo_point *first = ring->points, *last = ring->points + ring->count - 1;
            require(first->lat == last->lat && first->lon == last->lon);
            for (size_t k = 0; k < ring->count; k++)
                require(fuzz_on_globe(ring->points[k]));
        }
    }
}

void fuzz_geo_shape_check(struct fuzz_input *in)
{
    struct fuzz_shape fuzz;
    bool good = fuzz_shape(in, &fuzz);
    enum geo_error error = geo_shape_check(&fuzz.shape);
    require((error == GEO_OK) == good && error < GEO_ERROR_COUNT);
    if (good)
        hold_to_its_rules(&fuzz.shape);
}

void fuzz_geo_shape_check_strict(struct fuzz_input *in)
{
    struct fuzz_shape fuzz;
    bool good = fuzz_shape(in, &fuzz);
    struct geo_place where = {9999, 9999, 9999};
    enum geo_error error = geo_shape_check_strict(&fuzz.shape, &where);
    require(geo_shape_check_strict(&fuzz.shape, NULL) == error);
    require(good || error == geo_shape_check(&fuzz.shape));
    require(!good || error == GEO_OK || error == GEO_RING_CROSSES || error == GEO_HOLE_OUTSIDE);
    if (error == GEO_OK || fuzz.shape.kind != GEO_POLYGONS)
        return;
    require(where.polygon < fuzz.shape.polygon_count);
    const struct geo_polygon *polygon = &fuzz.shape.polygons[where.polygon];
    require(where.ring < polygon->count || (polygon->count == 0 && where.ring == 0));
    require(
        where.ring >= polygon->count || where.point == 0 || where.point < polygon->rings[where.ring].count);
}

/* ---- against cells and circles ---- */

void fuzz_geo_shape_touches_cell(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    bool touches = geo_shape_touches_cell(ask.shape, ask.cell);
    require(touches == (geo_shape_side(ask.shape, ask.cell) != GEO_OUT));
    /* The point's own cell is touched when the point is inside (a point shape is held to the cell without any
     * slack). */
    if (ask.good && ask.shape->kind != GEO_POINT && geo_shape_contains(ask.shape, ask.point))
        require(touches);
    require(!geo_shape_touches_cell(ask.shape, 0));
}

void fuzz_geo_shape_side(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    enum geo_side side = geo_shape_side(ask.shape, ask.cell);
    if (!ask.good || side == GEO_PARTLY)
        return;
    struct geo_box box = geo_bounds(ask.cell);
    const struct geo_point points[] = {geo_center(ask.cell), ask.point, {box.south, box.west},
        {box.south, box.east}, {box.north, box.west}, {box.north, box.east}};
    for (size_t i = 0; i < sizeof points / sizeof *points && side == GEO_IN; i++)
        require(geo_shape_contains(ask.shape, points[i]));
    if (side == GEO_OUT && ask.shape->kind != GEO_POINT)
        require(!geo_shape_contains(ask.shape, points[0]) && !geo_shape_contains(ask.shape, points[1]));
}

void fuzz_geo_shape_touches_circle(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    bool touches = geo_shape_touches_circle(ask.shape, ask.point, ask.radius);
    if (!ask.good)
        return;
    double distance = geo_shape_distance(ask.shape, ask.point);
    require(fabs(ask.radius - distance) < 1e-6 || touches == (ask.radius > distance));
}

/* ---- against points ---- */

void fuzz_geo_shape_contains(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    bool contains = geo_shape_contains(ask.shape, ask.point);
    if (!ask.good)
        return;
    require(!contains || geo_shape_distance(ask.shape, ask.point) <= 2e-7);
    struct geo_point on =
        ask.shape->kind == GEO_POLYGONS ? ask.shape->polygons[0].rings[0].points[0] : ask.shape->center;
    require(geo_shape_contains(ask.shape, on));
}

void fuzz_geo_shape_distance(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    struct geo_point other = fuzz_point(in, ask.fuzz.style);
    double distance = geo_shape_distance(ask.shape, ask.point);
    if (!ask.good || !fuzz_on_globe(other))
        return;
    require(distance >= 0 && distance <= fuzz_half_round + 1e-6);
    double from_other = geo_shape_distance(ask.shape, other);
    require(fabs(distance - from_other) <= geo_distance(ask.point, other) + 1e-6);
}

/* ---- measures ---- */

void fuzz_geo_shape_area(struct fuzz_input *in)
{
    struct fuzz_shape fuzz;
    bool good = fuzz_shape(in, &fuzz);
    double area = geo_shape_area(&fuzz.shape);
    if (!good)
        return;
    require(isfinite(area));
    if (fuzz.shape.kind != GEO_POLYGONS)
        require(area >= 0 && area <= 4 * M_PI * GEO_EARTH_RADIUS * GEO_EARTH_RADIUS * (1 + 1e-12));
    if (fuzz.shape.kind == GEO_POLYGONS && fuzz.shape.polygon_count == 1 && fuzz.polygons[0].count == 1)
        require(area > 0);
}

void fuzz_geo_shape_box(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    struct geo_box box = geo_shape_box(ask.shape);
    if (!ask.good)
        return;
    require(box.south <= box.north && box.west <= box.east && box.east - box.west <= 360 + 1e-9);
    require(box.south >= -90 - 1e-9 && box.north <= 90 + 1e-9);
    if (geo_shape_contains(ask.shape, ask.point))
        require(fuzz_in_box(box, ask.point, 1e-9));
}

void fuzz_geo_shape_around(struct fuzz_input *in)
{
    struct fuzz_question ask;
    struct geo_point center;
    double radius;
    fuzz_question(in, &ask);
    geo_shape_around(ask.shape, &center, &radius);
    if (!ask.good)
        return;
    require(fuzz_on_globe(center) && radius >= 0 && radius <= fuzz_half_round);
    if (geo_shape_contains(ask.shape, ask.point))
        require(geo_distance(center, ask.point) <= radius + 1e-6);
}
