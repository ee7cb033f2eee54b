/* Whether a shape lies in another: shared edges against all edges one by one, and the cells that only one of
 * two touches against each cell by itself. */
#include "test_geo.h"

enum { POINTS = 40, MANY = 2000 };

struct star {
    struct geo_point points[2][POINTS + 1];
    struct geo_ring rings[2];
    struct geo_polygon polygon;
    struct geo_shape shape;
};

static void draw_ring(
    struct chance *chance, struct star *star, int ring, struct geo_point center, double size)
{
    int count = 3 + chance_below(chance, POINTS - 3);
    for (int i = 0; i < count; i++) {
        double angle = 2 * M_PI * i / count, ray = size * chance_between(chance, 0.5, 1);
        double lon = center.lon + ray * cos(angle);
        star->points[ring][i] = (struct geo_point){center.lat + ray * sin(angle), lon > 180    ? lon - 360
                                                                                  : lon < -180 ? lon + 360
                                                                                               : lon};
    }
    star->points[ring][count] = star->points[ring][0];
    star->rings[ring] = (struct geo_ring){star->points[ring], (size_t)count + 1};
}

static void draw(struct chance *chance, struct star *star, struct geo_point center, double size, int rings)
{
    draw_ring(chance, star, 0, center, size);
    draw_ring(chance, star, 1, center, size * 0.3);
    star->polygon = (struct geo_polygon){star->rings, (size_t)rings};
    star->shape = (struct geo_shape){.kind = GEO_POLYGONS, .polygons = &star->polygon, .polygon_count = 1};
    assert_int_equal(geo_shape_check(&star->shape), GEO_OK);
}

static struct geo_prepared *prepare(const struct geo_shape *shape)
{
    size_t size = geo_prepared_size(shape);
    struct geo_prepared *prepared = geo_prepare(shape, malloc(size), size);
    assert_non_null(prepared);
    return prepared;
}

static bool one_of(const struct star *star, struct geo_point a, struct geo_point b)
{
    for (size_t r = 0; r < star->polygon.count; r++)
        for (size_t i = 1; i < star->rings[r].count; i++) {
            struct geo_point from = star->points[r][i - 1], to = star->points[r][i];
            if ((from.lat == a.lat && from.lon == a.lon && to.lat == b.lat && to.lon == b.lon) ||
                (from.lat == b.lat && from.lon == b.lon && to.lat == a.lat && to.lon == a.lon))
                return true;
        }
    return false;
}

/* All pairs of corners: neighbors are edges, others are none. Every other shape lies over the antimeridian.
 */
static void edges_are_known_by_their_ends(void **state)
{
    (void)state;
    struct chance chance = chance_of(30);
    for (long i = 0; i < rounds(200); i++) {
        struct star star;
        struct geo_point center = {
            chance_between(&chance, -70, 70), i % 2 ? 180 : chance_between(&chance, -170, 170)};
        draw(&chance, &star, center, exp(chance_between(&chance, log(1e-4), log(5))), 1 + (int)(i % 3 == 0));
        struct geo_prepared *prepared = prepare(&star.shape);
        for (size_t r = 0; r < star.polygon.count; r++)
            for (size_t j = 0; j < star.rings[r].count; j++)
                for (size_t k = 0; k < star.rings[0].count; k++) {
                    struct geo_point a = star.points[r][j], b = star.points[0][k];
                    assert_int_equal(geo_prepared_has_edge(prepared, a, b), one_of(&star, a, b));
                }
        for (size_t r = 0; r < star.polygon.count; r++)
            for (size_t j = 1; j < star.rings[r].count; j++) {
                struct geo_point a = star.points[r][j - 1], b = star.points[r][j];
                assert_true(geo_prepared_has_edge(prepared, a, b));
                assert_true(geo_prepared_has_edge(prepared, b, a));
                b.lat = nextafter(b.lat, 100);
                assert_int_equal(geo_prepared_has_edge(prepared, a, b), one_of(&star, a, b));
            }
        free(prepared);
    }
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = {1, 2}, .radius = 100};
    struct geo_prepared *prepared = prepare(&circle);
    assert_false(geo_prepared_has_edge(prepared, circle.center, circle.center));
    free(prepared);
}

static bool touches_all_of(const struct geo_shape *whole, const struct geo_shape *part, int precision)
{
    static geo_cell cells[MANY];
    size_t count;
    assert_int_equal(geo_cover_uniform(part, precision, cells, MANY, &count), GEO_OK);
    for (size_t i = 0; i < count; i++)
        if (!geo_shape_touches_cell(whole, cells[i]))
            return false;
    return true;
}

static struct geo_shape round_part(struct chance *chance, struct geo_point at, double size)
{
    bool point = chance_below(chance, 3) == 0;
    return (struct geo_shape){
        .kind = point ? GEO_POINT : GEO_CIRCLE, .center = at, .radius = point ? 0 : size * 50000};
}

static void cells_of_the_part_are_the_wholes(void **state)
{
    (void)state;
    struct chance chance = chance_of(31);
    int held = 0, asked = 0;
    for (long i = 0; i < rounds(3000); i++) {
        struct star whole, part;
        struct geo_point center = {
            chance_between(&chance, -70, 70), i % 4 ? chance_between(&chance, -175, 175) : 180};
        double size = chance_between(&chance, 0.1, 0.3), smaller = size * chance_between(&chance, 0.02, 0.7);
        draw(&chance, &whole, center, size, 1 + (int)(i % 5 == 0));
        center.lat += chance_between(&chance, -0.5, 0.5) * size;
        center.lon -= chance_between(&chance, 0, 0.5) * size;
        draw(&chance, &part, center, smaller, 1);
        struct geo_shape other = i % 3 ? part.shape : round_part(&chance, center, smaller);
        struct geo_prepared *in = prepare(&whole.shape), *of = prepare(&other);
        for (int precision = 3; precision <= 5; precision++) {
            bool holds = false, expected = touches_all_of(&whole.shape, &other, precision);
            assert_int_equal(geo_prepared_holds_cells(in, of, precision, 100000, &holds), GEO_OK);
            assert_int_equal(holds, expected);
            held += holds;
            asked++;
        }
        bool holds = false;
        assert_int_equal(geo_prepared_holds_cells(in, in, 6, 1000000, &holds), GEO_OK);
        assert_true(holds);
        free(in);
        free(of);
    }
    assert_true(held > asked / 10 && held < asked * 9 / 10);
}

static void too_many_cells_are_no_answer(void **state)
{
    (void)state;
    struct chance chance = chance_of(32);
    struct star star;
    draw(&chance, &star, (struct geo_point){40, 10}, 1, 1);
    struct geo_prepared *prepared = prepare(&star.shape);
    for (int answer = 0; answer <= 1; answer++) {
        bool holds = answer;
        assert_int_equal(geo_prepared_holds_cells(prepared, prepared, 0, 1000, &holds), GEO_BAD_PRECISION);
        assert_int_equal(geo_prepared_holds_cells(prepared, prepared, 13, 1000, &holds), GEO_BAD_PRECISION);
        assert_int_equal(geo_prepared_holds_cells(prepared, prepared, 6, 31, &holds), GEO_NO_ROOM);
        assert_int_equal(geo_prepared_holds_cells(prepared, prepared, 12, 5000, &holds), GEO_NO_ROOM);
        assert_int_equal(holds, answer);
    }
    free(prepared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(edges_are_known_by_their_ends),
        cmocka_unit_test(cells_of_the_part_are_the_wholes), cmocka_unit_test(too_many_cells_are_no_answer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
