/* Polygons against GEOS, which shares no code with geo/: points, cells, circles' centers, validity, covers;
 * away from the antimeridian and the poles, which GEOS' plane does not know. Random and adversarial: slivers,
 * combs, specks, continents, corners on the lines of the grid. */
#include "test_geo.h"

#include <geos_c.h>

enum { POINTS = 60, MAX_CELLS = 4000 };

static GEOSContextHandle_t geos;

static GEOSGeometry *geos_ring(const struct geo_ring *ring)
{
    GEOSCoordSequence *sequence = GEOSCoordSeq_create_r(geos, (unsigned)ring->count, 2);
    for (unsigned i = 0; i < ring->count; i++)
        GEOSCoordSeq_setXY_r(geos, sequence, i, ring->points[i].lon, ring->points[i].lat);
    return GEOSGeom_createLinearRing_r(geos, sequence);
}

static GEOSGeometry *geos_polygon(const struct geo_polygon *polygon)
{
    GEOSGeometry *holes[4];
    for (size_t i = 1; i < polygon->count; i++)
        holes[i - 1] = geos_ring(&polygon->rings[i]);
    return GEOSGeom_createPolygon_r(geos, geos_ring(&polygon->rings[0]), holes, (unsigned)polygon->count - 1);
}

static GEOSGeometry *geos_point(struct geo_point point)
{
    return GEOSGeom_createPointFromXY_r(geos, point.lon, point.lat);
}

static GEOSGeometry *geos_box(struct geo_box box)
{
    return GEOSGeom_createRectangle_r(geos, box.west, box.south, box.east, box.north);
}

/* ---- shapes that are hard ---- */

struct hard {
    struct geo_point points[3][POINTS + 1];
    struct geo_ring rings[3];
    struct geo_polygon polygons[2];
    struct geo_shape shape;
};

/* A ring around a center whose rays do not cross; flat makes a sliver of it. */
static void star(struct chance *chance, struct geo_ring *ring, struct geo_point *points,
    struct geo_point center, double size, double flat, int count)
{
    double turn = chance_between(chance, 0, M_PI), s = sin(turn), c = cos(turn);
    for (int i = 0; i < count; i++) {
        double angle = 2 * M_PI * i / count, ray = size * chance_between(chance, 0.4, 1);
        double x = ray * cos(angle), y = ray * sin(angle) * flat;
        points[i] = (struct geo_point){center.lat + x * s + y * c, center.lon + x * c - y * s};
    }
    points[count] = points[0];
    *ring = (struct geo_ring){points, (size_t)count + 1};
}

static double to_grid(double value, double step)
{
    return round(value / step) * step;
}

static void make_hard(struct chance *chance, long i, struct hard *hard)
{
    struct geo_point center = {chance_between(chance, -60, 60), chance_between(chance, -140, 140)};
    double size = exp(chance_between(chance, log(1e-6), log(25))), flat = i % 4 == 1 ? 1e-5 : 1;
    int count = 3 + chance_below(chance, POINTS - 3);
    star(chance, &hard->rings[0], hard->points[0], center, size, flat, count);
    star(chance, &hard->rings[1], hard->points[1], center, size * 0.2, flat, 3 + chance_below(chance, 9));
    center.lat += size * 1.5;
    star(chance, &hard->rings[2], hard->points[2], center, size * 0.7, 1, 3 + chance_below(chance, 9));
    for (int j = 0; i % 5 == 2 && j < count; j++) { /* corners on lines of the grid of precision 6 */
        hard->points[0][j].lat = to_grid(hard->points[0][j].lat, 180.0 / (1 << 15));
        hard->points[0][j].lon = to_grid(hard->points[0][j].lon, 360.0 / (1 << 15));
    }
    hard->points[0][count] = hard->points[0][0];
    hard->polygons[0] = (struct geo_polygon){hard->rings, i % 3 == 0 ? 2 : 1};
    hard->polygons[1] = (struct geo_polygon){hard->rings + 2, 1};
    hard->shape = (struct geo_shape){
        .kind = GEO_POLYGONS, .polygons = hard->polygons, .polygon_count = i % 7 == 0 ? 2 : 1};
}

/* Within this many degrees of a border rounding may decide either way. */
static bool doubtful(const GEOSGeometry *border, const GEOSGeometry *other)
{
    double distance;
    return GEOSDistance_r(geos, border, other, &distance) == 0 || distance < 3e-12;
}

static void ask(
    struct chance *chance, const struct geo_shape *shape, const GEOSGeometry *theirs, size_t *asked)
{
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(geos, theirs);
    GEOSGeometry *border = GEOSBoundary_r(geos, theirs);
    struct geo_box box = geo_shape_box(shape);
    double margin = (box.north - box.south + box.east - box.west) / 8 + 1e-9;
    for (int i = 0; i < 12; i++) {
        struct geo_point point = {chance_between(chance, box.south - margin, box.north + margin),
            chance_between(chance, box.west - margin, box.east + margin)};
        if (fabs(point.lat) > 90)
            continue;
        GEOSGeometry *at = geos_point(point);
        bool inside = GEOSPreparedIntersects_r(geos, prepared, at) == 1;
        if (inside != geo_shape_contains(shape, point) && !doubtful(border, at))
            fail_msg("contains %.17g %.17g: GEOS says %d", point.lat, point.lon, inside);
        GEOSGeom_destroy_r(geos, at);

        geo_cell cell;
        assert_int_equal(geo_encode(point, 1 + chance_below(chance, 11), &cell), GEO_OK);
        GEOSGeometry *square = geos_box(geo_bounds(cell));
        bool touched = GEOSPreparedIntersects_r(geos, prepared, square) == 1;
        bool within = touched && GEOSPreparedCovers_r(geos, prepared, square) == 1;
        enum geo_side side = geo_shape_side(shape, cell);
        if (touched && side == GEO_OUT)
            fail_msg("a touched cell is out: %llx", (unsigned long long)cell);
        if (!touched && side != GEO_OUT && !doubtful(border, square))
            fail_msg("a cell that is not touched is not out: %llx", (unsigned long long)cell);
        assert_true(within || side != GEO_IN);
        GEOSGeom_destroy_r(geos, square);
        ++*asked;
    }
    GEOSGeom_destroy_r(geos, border);
    GEOSPreparedGeom_destroy_r(geos, prepared);
}

/* What GEOS finds of the shape outside the cover: nothing. And each cell is touched. */
static void check_cover(const struct geo_shape *shape, const GEOSGeometry *theirs)
{
    geo_cell cells[MAX_CELLS];
    size_t count = 0;
    struct geo_cover cover;
    if (geo_cover_mixed(shape, (struct geo_limits){1, 9, 100}, cells, &cover) != GEO_OK)
        fail_msg("no cover");
    count = cover.count;
    GEOSGeometry *boxes[100];
    for (size_t i = 0; i < count; i++) {
        struct geo_box box = geo_bounds(cells[i]);
        boxes[i] = geos_box(box);
        /* Points on shared lines are lost to the doubles of GEOS' overlay: a hair more. */
        box.south -= 1e-9, box.west -= 1e-9, box.north += 1e-9, box.east += 1e-9;
        GEOSGeometry *grown = geos_box(box);
        assert_int_equal(GEOSIntersects_r(geos, theirs, grown), 1);
        GEOSGeom_destroy_r(geos, boxes[i]);
        boxes[i] = grown;
    }
    GEOSGeometry *all = GEOSGeom_createCollection_r(geos, GEOS_MULTIPOLYGON, boxes, (unsigned)count);
    GEOSGeometry *one = GEOSUnaryUnion_r(geos, all), *left = GEOSDifference_r(geos, theirs, one);
    assert_non_null(left);
    assert_int_equal(GEOSisEmpty_r(geos, left), 1);
    GEOSGeom_destroy_r(geos, left);
    GEOSGeom_destroy_r(geos, one);
    GEOSGeom_destroy_r(geos, all);
}

static void same_as_geos(void **state)
{
    (void)state;
    struct chance chance = chance_of(20);
    size_t asked = 0;
    for (long i = 0; i < rounds(8000); i++) {
        struct hard hard;
        make_hard(&chance, i, &hard);
        GEOSGeometry *parts[2];
        for (size_t j = 0; j < hard.shape.polygon_count; j++)
            parts[j] = geos_polygon(&hard.polygons[j]);
        bool valid = GEOSisValid_r(geos, parts[0]) == 1;
        GEOSGeometry *theirs =
            hard.shape.polygon_count == 1 ? parts[0] : GEOSUnion_r(geos, parts[0], parts[1]);
        if (valid && theirs != NULL && geo_shape_check(&hard.shape) == GEO_OK) {
            ask(&chance, &hard.shape, theirs, &asked);
            if (i % 8 == 0)
                check_cover(&hard.shape, theirs);
        }
        if (hard.shape.polygon_count == 2) {
            GEOSGeom_destroy_r(geos, theirs);
            GEOSGeom_destroy_r(geos, parts[1]);
        }
        GEOSGeom_destroy_r(geos, parts[0]);
    }
    assert_true(asked > (size_t)rounds(8000) * 6);
}

/* Each cell that the part touches, held against the whole by GEOS: a hair larger it is touched when all are
 * said to be, and one that is a hair smaller is not when not. */
static bool geos_touches_all(
    const GEOSPreparedGeometry *whole, const geo_cell *cells, size_t count, double more)
{
    bool all = true;
    for (size_t i = 0; i < count && all; i++) {
        struct geo_box box = geo_bounds(cells[i]);
        box.south -= more, box.west -= more, box.north += more, box.east += more;
        GEOSGeometry *square = geos_box(box);
        all = GEOSPreparedIntersects_r(geos, whole, square) == 1;
        GEOSGeom_destroy_r(geos, square);
    }
    return all;
}

static void check_held(const struct geo_shape *whole, const struct geo_shape *part,
    const GEOSGeometry *theirs, const GEOSGeometry *their_part, int held[2])
{
    geo_cell cells[MAX_CELLS];
    size_t count;
    bool holds = false;
    char memory[2][1 << 14] __attribute__((aligned(16)));
    const struct geo_prepared *in = geo_prepare(whole, memory[0], sizeof memory[0]);
    const struct geo_prepared *of = geo_prepare(part, memory[1], sizeof memory[1]);
    const GEOSPreparedGeometry *prepared = GEOSPrepare_r(geos, theirs);
    bool covers = GEOSPreparedCovers_r(geos, prepared, their_part) == 1;
    assert_true(in != NULL && of != NULL);
    for (int precision = 1; precision <= 7; precision++) {
        if (geo_prepared_cover_uniform(of, precision, cells, 500, &count) != GEO_OK)
            continue;
        assert_int_equal(geo_prepared_holds_cells(in, of, precision, 100000, &holds), GEO_OK);
        assert_true(holds || !covers);
        assert_true(geos_touches_all(prepared, cells, count, holds ? 1e-9 : -1e-9) == holds);
        held[holds]++;
    }
    GEOSPreparedGeom_destroy_r(geos, prepared);
}

static void cells_beyond(void **state)
{
    (void)state;
    struct chance chance = chance_of(22);
    int held[2] = {0, 0};
    for (long i = 0; i < rounds(1000); i++) {
        struct geo_point points[2][POINTS + 1],
            center = {chance_between(&chance, -60, 60), chance_between(&chance, -140, 140)};
        struct geo_ring rings[2];
        double size = exp(chance_between(&chance, log(0.01), log(20)));
        star(&chance, &rings[0], points[0], center, size, 1, 3 + chance_below(&chance, POINTS - 3));
        center.lat += chance_between(&chance, -0.6, 0.6) * size;
        star(&chance, &rings[1], points[1], center, size * chance_between(&chance, 0.1, 0.6), 1, 7);
        const struct geo_polygon whole = {&rings[0], 1}, part = {&rings[1], 1};
        const struct geo_shape shapes[] = {{.kind = GEO_POLYGONS, .polygons = &whole, .polygon_count = 1},
            {.kind = GEO_POLYGONS, .polygons = &part, .polygon_count = 1}};
        GEOSGeometry *theirs = geos_polygon(&whole), *their_part = geos_polygon(&part);
        check_held(&shapes[0], &shapes[1], theirs, their_part, held);
        GEOSGeom_destroy_r(geos, theirs);
        GEOSGeom_destroy_r(geos, their_part);
    }
    assert_true(held[0] > rounds(1000) / 4 && held[1] > rounds(1000) / 4);
}

static void validity(void **state)
{
    (void)state;
    struct chance chance = chance_of(21);
    int crossed = 0;
    for (long i = 0; i < rounds(6000); i++) {
        struct geo_point points[3][POINTS + 1], center = {chance_between(&chance, -60, 60), 0};
        struct geo_ring rings[3];
        int ring_count = 1 + chance_below(&chance, 2);
        for (int j = 0; j < ring_count; j++) {
            int count = 3 + chance_below(&chance, 6);
            star(&chance, &rings[j], points[j], center, j == 0 ? 10 : 7, 1, count);
            if (i % 2 == 0) { /* two corners change places */
                struct geo_point kept = points[j][1];
                points[j][1] = points[j][2];
                points[j][2] = kept;
            }
            center.lon += 1;
        }
        const struct geo_polygon polygon = {rings, (size_t)ring_count};
        const struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &polygon, .polygon_count = 1};
        GEOSGeometry *theirs = geos_polygon(&polygon);
        enum geo_error error = geo_shape_check_strict(&shape, NULL);
        assert_int_equal(error == GEO_OK, GEOSisValid_r(geos, theirs) == 1);
        crossed += error == GEO_RING_CROSSES;
        GEOSGeom_destroy_r(geos, theirs);
    }
    assert_true(crossed > rounds(6000) / 5);
}

static void silent(const char *message, void *context)
{
    (void)message;
    (void)context;
}

int main(void)
{
    geos = GEOS_init_r();
    GEOSContext_setNoticeMessageHandler_r(geos, silent, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_geos), cmocka_unit_test(cells_beyond), cmocka_unit_test(validity)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    GEOS_finish_r(geos);
    return failed;
}
