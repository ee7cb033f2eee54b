/* The promise of a cover over a great many hard shapes: every point of the shape is in it, each of its cells
 * is touched, and what an interior cover holds is inside. Held against ways that share no code with geo/.
 *
 *   build/test_geo_promise [SHAPES]
 *
 * tries 10,000 shapes unless told, a million in some minutes; NEIGHBORS_GEO_SEED=N gives others. */
#include "geo_slow.h"

enum { CELLS = 1024, LEAST_PRINTED = 10 };

static long shapes_asked = 10000;

static struct {
    long shapes, points, cells, inner, violations;
} seen;

static void violation(long number, const char *what, struct geo_point at)
{
    if (seen.violations++ < LEAST_PRINTED)
        print_error("shape %ld: %s at %.17g %.17g\n", number, what, at.lat, at.lon);
}

struct cover {
    struct geo_cell_list {
        geo_cell cells[CELLS];
        struct geo_box boxes[CELLS];
        size_t count;
    } outer, inner;
    struct plane plane;
    const struct geo_shape *shape;
    long number;
};

static void want_covered(const struct cover *cover, struct geo_point point, const char *what)
{
    seen.points++;
    if (!covered(cover->outer.boxes, cover->outer.count, point))
        violation(cover->number, what, point);
}

/* Every place of an edge, not only its ends: the stretches that the cells hold leave no gap. */
static void want_edge_covered(const struct cover *cover, const struct plane_ring *ring, int edge)
{
    double at = 0;
    for (bool moving = true; moving && at < 1;) {
        moving = false;
        for (size_t i = 0; i < cover->outer.count; i++) {
            struct geo_box box = grown(cover->outer.boxes[i], doubt / 10);
            for (int turn = -720; turn <= 720; turn += 360) {
                double t[2];
                if (edge_in_box(ring, edge, &box, turn, t) && t[0] <= at && t[1] > at)
                    at = t[1], moving = true;
            }
        }
    }
    seen.points++;
    if (at < 1)
        violation(cover->number, "an edge is not covered",
            placed(ring->y[edge] + at * (ring->y[edge + 1] - ring->y[edge]),
                ring->x[edge] + at * (ring->x[edge + 1] - ring->x[edge])));
}

/* Between two places of the border, so that slivers are hit too, or between it and the pole that it goes
 * round. */
static struct geo_point some_point(struct chance *chance, const struct plane_ring *ring)
{
    int a = chance_below(chance, ring->border), b = chance_below(chance, ring->border);
    double t = chance_between(chance, 0, 1);
    if (ring->pole != 0 && chance_below(chance, 2) == 0)
        return placed(ring->y[a] + t * (ring->pole - ring->y[a]), chance_between(chance, -180, 180));
    return placed(ring->y[a] + t * (ring->y[b] - ring->y[a]), ring->x[a] + t * (ring->x[b] - ring->x[a]));
}

static void check_polygons(struct chance *chance, const struct cover *cover)
{
    const struct plane *plane = &cover->plane;
    for (int i = 0; i < plane->count; i++)
        for (int j = 0; j < plane->rings[i].border; j++) {
            want_edge_covered(cover, &plane->rings[i], j);
            want_covered(
                cover, placed(plane->rings[i].y[j], plane->rings[i].x[j]), "a corner is not covered");
        }
    for (int i = 0; i < 16; i++) {
        struct geo_point point = some_point(chance, &plane->rings[chance_below(chance, plane->count)]);
        int holds = plane_holds(plane, point);
        if (holds == 1)
            want_covered(cover, point, "a point inside is not covered");
        if (holds >= 0 && geo_shape_contains(cover->shape, point) != holds)
            violation(cover->number, "contains is wrong", point);
    }
    for (int i = 0; i < 8 && (plane->north || plane->south); i++)
        want_covered(cover, (struct geo_point){plane->north ? 90 : -90, chance_between(chance, -180, 180)},
            "a pole is not covered");
}

static void check_circle(struct chance *chance, const struct cover *cover)
{
    const struct geo_shape *circle = cover->shape;
    want_covered(cover, circle->center, "the center is not covered");
    for (int i = 0; i < 32; i++) {
        double part = i < 20 ? 1 - 1e-12 : sqrt(chance_between(chance, 0, 1));
        double bearing = i < 8 ? i * M_PI / 4 : chance_between(chance, 0, 2 * M_PI);
        struct geo_point point = moved(circle->center, circle->radius * part, bearing);
        double distance = chord_distance(vector_of(circle->center), vector_of(point));
        if (distance <= circle->radius)
            want_covered(cover, point, "a point of the circle is not covered");
        if (fabs(distance - circle->radius) > doubt_metres &&
            geo_shape_contains(circle, point) != (distance <= circle->radius))
            violation(cover->number, "contains is wrong", point);
    }
}

static bool cell_touched(const struct cover *cover, const struct geo_box *box)
{
    if (cover->shape->kind == GEO_CIRCLE)
        return circle_touches(cover->shape, box);
    struct geo_box about = grown(*box, doubt);
    struct geo_point middle = {(box->south + box->north) / 2, (box->west + box->east) / 2};
    return border_in_box(&cover->plane, &about) || plane_holds(&cover->plane, middle) != 0 ||
           (cover->plane.north && box->north == 90) || (cover->plane.south && box->south == -90);
}

static bool cell_inside(const struct cover *cover, const struct geo_box *box)
{
    const struct geo_point points[] = {{box->south, box->west}, {box->south, box->east},
        {box->north, box->west}, {box->north, box->east},
        {(box->south + box->north) / 2, (box->west + box->east) / 2}};
    struct vector center = vector_of(cover->shape->center);
    if (cover->shape->kind == GEO_CIRCLE) {
        for (int i = 0; i < 5; i++)
            if (chord_distance(center, vector_of(points[i])) > cover->shape->radius)
                return false;
        return true;
    }
    struct geo_box within = grown(*box, -doubt);
    return plane_holds(&cover->plane, points[4]) == 1 && !border_in_box(&cover->plane, &within);
}

static void check_cells(const struct cover *cover)
{
    seen.cells += (long)cover->outer.count;
    seen.inner += (long)cover->inner.count;
    for (size_t i = 0; i < cover->outer.count; i++)
        if (!cell_touched(cover, &cover->outer.boxes[i]))
            violation(cover->number, "a cell is not touched", geo_center(cover->outer.cells[i]));
    for (size_t i = 0; i < cover->inner.count; i++)
        if (!cell_inside(cover, &cover->inner.boxes[i]))
            violation(cover->number, "a cell is not inside", geo_center(cover->inner.cells[i]));
}

static void look_up_boxes(struct geo_cell_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->boxes[i] = slow_bounds(list->cells[i]);
}

/* Covers of one precision in turn with mixed ones; false: no room for that, which another test looks at. */
static bool take_covers(struct chance *chance, struct cover *cover)
{
    struct geo_cover outer, inner;
    struct geo_limits limits = {1 + chance_below(chance, 4), 0, 1 + (size_t)chance_below(chance, 64)};
    limits.finest = limits.coarsest + chance_below(chance, 9);
    if (chance_below(chance, 2) == 0)
        limits.coarsest = 1, limits.cells = 32 + (size_t)chance_below(chance, 40);
    if (chance_below(chance, 8) == 0) {
        if (geo_cover_uniform(cover->shape, limits.finest, cover->outer.cells, 200, &cover->outer.count) !=
            GEO_OK)
            return false;
    } else {
        if (geo_cover_mixed(cover->shape, limits, cover->outer.cells, &outer) != GEO_OK)
            return false;
        cover->outer.count = outer.count;
    }
    limits.cells = 1 + (size_t)chance_below(chance, 32);
    assert_int_equal(geo_cover_interior(cover->shape, limits, cover->inner.cells, &inner), GEO_OK);
    cover->inner.count = inner.count;
    look_up_boxes(&cover->outer);
    look_up_boxes(&cover->inner);
    return true;
}

static void covers_keep_their_promise(void **state)
{
    (void)state;
    static struct hard hard;
    static struct cover cover;
    struct chance chance = chance_of(30);
    for (long i = 0; seen.shapes < shapes_asked; i++) {
        make_hard(&chance, i, &hard);
        cover.shape = &hard.shape;
        cover.number = i;
        if (geo_shape_check(&hard.shape) != GEO_OK || !take_covers(&chance, &cover))
            continue;
        seen.shapes++;
        if (hard.shape.kind == GEO_CIRCLE) {
            check_circle(&chance, &cover);
        } else {
            flatten(&hard.shape, &cover.plane);
            check_polygons(&chance, &cover);
        }
        check_cells(&cover);
        assert_true(i < 2 * shapes_asked + 100);
    }
    print_message(
        "%ld shapes, %ld points and edges, %ld cells that cover, %ld cells inside: %ld violations\n",
        seen.shapes, seen.points, seen.cells, seen.inner, seen.violations);
    assert_int_equal(seen.violations, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(covers_keep_their_promise)};
    shapes_asked = argc > 1 ? atol(argv[1]) : rounds(shapes_asked);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
