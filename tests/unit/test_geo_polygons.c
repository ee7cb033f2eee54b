/* Polygons in all their forms: what is refused and where, measures, and prepared shapes against unprepared
 * ones. */
#include "test_geo.h"

struct polygon_text {
    struct geo_point points[64];
    struct geo_ring rings[8];
    struct geo_polygon polygons[4];
    struct geo_shape shape;
};

/* Rings as "lat lon, lat lon; lat lon ..."; '|' begins a new polygon. */
static const struct geo_shape *read_polygons(struct polygon_text *to, const char *text)
{
    size_t points = 0, rings = 0, polygons = 1;
    memset(to, 0, sizeof *to);
    to->polygons[0].rings = to->rings;
    to->rings[0].points = to->points;
    for (;;) {
        char *end;
        to->points[points].lat = strtod(text, &end);
        to->points[points++].lon = strtod(end, &end);
        to->rings[rings].count++;
        if (*end == ';' || *end == '|' || *end == '\0') {
            to->polygons[polygons - 1].count++;
            to->rings[++rings].points = &to->points[points];
        }
        if (*end == '|')
            to->polygons[polygons++].rings = &to->rings[rings];
        if (*end == '\0')
            break;
        text = end + 1;
    }
    to->shape = (struct geo_shape){.kind = GEO_POLYGONS, .polygons = to->polygons, .polygon_count = polygons};
    return &to->shape;
}

static void refusals_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum geo_error lenient, strict;
        struct geo_place where;
    } cases[] = {
        {"0 0,0 9,9 9,9 0,0 0", GEO_OK, GEO_OK, {0, 0, 0}},
        {"0 0,0 9,9 9,9 0", GEO_RING_OPEN, GEO_RING_OPEN, {0, 0, 3}},
        {"0 0,0 9,0 0", GEO_RING_SHORT, GEO_RING_SHORT, {0, 0, 0}},
        {"0 0,0 9,99 9,9 0,0 0", GEO_BAD_LATITUDE, GEO_BAD_LATITUDE, {0, 0, 2}},
        {"0 0,0 9,9 9,9 0,0 0|1 1,1 2,2 2,1 1;1 1,1 -200,2 2,1 1", GEO_BAD_LONGITUDE, GEO_BAD_LONGITUDE,
            {1, 1, 1}},
        {"0 0,0 9,0 5,0 0", GEO_RING_FLAT, GEO_RING_FLAT, {0, 0, 0}},
        {"0 0,9 9,0 9,9 0,0 0", GEO_RING_FLAT, GEO_RING_FLAT,
            {0, 0, 0}}, /* both halves alike: no area left */
        {"0 0,9 9,1 9,9 0,0 0", GEO_OK, GEO_RING_CROSSES, {0, 0, 0}},
        {"0 0,0 9,9 9,9 0,0 0;2 2,2 5,12 5,2 2", GEO_OK, GEO_RING_CROSSES, {0, 0, 2}},
        {"0 0,0 9,9 9,9 0,0 0;12 2,12 5,15 5,12 2", GEO_OK, GEO_HOLE_OUTSIDE, {0, 1, 0}},
        {"0 0,0 9,9 9,9 0,0 0;0 0,3 3,3 5,0 0", GEO_OK, GEO_OK, {0, 0, 0}}, /* touching at a point passes */
        {"0 0,0 9,9 9,9 0,0 0;0 0,-3 3,-3 5,0 0", GEO_OK, GEO_HOLE_OUTSIDE, {0, 1, 0}},
        {"0 0,0 9,9 9,9 0,0 0;0 0,0 9,9 9,9 0,0 0", GEO_OK, GEO_OK, {0, 0, 0}},
        {"0 0,0 9,9 9,9 0,0 0|5 5,5 15,15 15,15 5,5 5", GEO_OK, GEO_OK, {0, 0, 0}}, /* polygons may overlap */
        {"0 170,10 -170,2 -170,10 170,0 170", GEO_OK, GEO_RING_CROSSES, {0, 0, 0}},
        {"80 0,80 120,80 -120,80 0;85 0,85 120,85 -120,85 0", GEO_OK, GEO_OK, {0, 0, 0}},
        {"80 0,80 120,80 -120,80 0;70 0,70 120,70 -120,70 0", GEO_OK, GEO_HOLE_OUTSIDE, {0, 1, 0}},
        {"-80 0,-80 120,-80 -120,-80 0;-85 9,-85 5,-86 7,-85 9", GEO_OK, GEO_OK, {0, 0, 0}},
        {"80 0,80 120,80 -120,81 0,80 120,80 -120,80 0", GEO_RING_WINDS, GEO_RING_WINDS, {0, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct polygon_text text;
        struct geo_place where;
        const struct geo_shape *shape = read_polygons(&text, cases[i].text);
        if (geo_shape_check(shape) != cases[i].lenient ||
            geo_shape_check_strict(shape, &where) != cases[i].strict ||
            where.polygon != cases[i].where.polygon || where.ring != cases[i].where.ring ||
            where.point != cases[i].where.point)
            fail_msg("%s: %s, %s at %zu %zu %zu", cases[i].text, geo_error_text(geo_shape_check(shape)),
                geo_error_text(geo_shape_check_strict(shape, &where)), where.polygon, where.ring,
                where.point);
        assert_int_equal(geo_shape_check_strict(shape, NULL), cases[i].strict);
    }
    struct geo_shape circle = {.kind = GEO_CIRCLE, .radius = 5};
    assert_int_equal(geo_shape_check_strict(&circle, NULL), GEO_OK);
}

static void too_many_polar_rings(void **state)
{
    (void)state;
    static const struct geo_point cap[] = {{85, 0}, {85, 120}, {85, -120}, {85, 0}};
    static const struct geo_ring ring = {cap, 4};
    struct geo_polygon polygons[20];
    for (int i = 0; i < 20; i++)
        polygons[i] = (struct geo_polygon){&ring, 1};
    struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = polygons, .polygon_count = 16};
    assert_int_equal(geo_shape_check(&shape), GEO_OK);
    assert_true(geo_shape_contains(&shape, (struct geo_point){89, 77}));
    shape.polygon_count = 20;
    assert_int_equal(geo_shape_check(&shape), GEO_RING_WINDS);
    assert_true(
        geo_shape_contains(&shape, (struct geo_point){89, 77})); /* unchecked, it is still safe to ask */
}

static const double square = GEO_EARTH_RADIUS * GEO_EARTH_RADIUS, globe = 4 * M_PI * square;

static void areas_and_boxes(void **state)
{
    (void)state;
    struct geo_shape shape = {.kind = GEO_POINT, .center = {5, 6}};
    struct geo_box box = geo_shape_box(&shape);
    assert_true(box.south == 5 && box.north == 5 && box.west == 6 && box.east == 6);
    assert_near(geo_shape_area(&shape), 0, 0);
    shape = (struct geo_shape){.kind = GEO_CIRCLE, .center = {0, 179.9}, .radius = 111195.08};
    assert_near(geo_shape_area(&shape), M_PI * shape.radius * shape.radius, 2e6);
    box = geo_shape_box(&shape);
    assert_near(box.east, 180.9, 1e-6);
    assert_near(box.west, 178.9, 1e-6);
    shape.center.lon = -179.9;
    box = geo_shape_box(&shape);
    assert_near(box.west, 179.1, 1e-6);
    shape.radius = GEO_EARTH_RADIUS * M_PI;
    assert_near(geo_shape_area(&shape), globe, 1);
    shape = (struct geo_shape){.kind = GEO_POLYGONS};
    box = geo_shape_box(&shape);
    assert_true(box.south == 0 && box.east == 0);
}

/* An eighth of the globe; caps; a small square metre for metre. */
static void areas_of_polygons(void **state)
{
    (void)state;
    struct polygon_text text;
    assert_near(geo_shape_area(read_polygons(&text, "0 0,0 90,90 90,90 0,0 0")), globe / 8, 1);
    double cap = 2 * M_PI * square * (1 - sin(85 * M_PI / 180));
    assert_near(geo_shape_area(read_polygons(&text, "85 0,85 120,85 -120,85 0")), cap, 1);
    assert_near(geo_shape_area(read_polygons(&text, "-85 0,-85 -120,-85 120,-85 0")), cap, 1);
    assert_near(geo_shape_area(read_polygons(&text, "85 0,85 120,85 -120,85 0;86 0,86 120,86 -120,86 0")),
        2 * M_PI * square * (sin(86 * M_PI / 180) - sin(85 * M_PI / 180)), 1);
    double metre = 180 / M_PI / GEO_EARTH_RADIUS;
    struct geo_point tiny[] = {{34, -118}, {34 + 10 * metre, -118}, {34 + 10 * metre, -118 + 10 * metre},
        {34, -118 + 10 * metre}, {34, -118}};
    const struct geo_ring ring = {tiny, 5};
    const struct geo_polygon polygon = {&ring, 1};
    struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &polygon, .polygon_count = 1};
    assert_near(geo_shape_area(&shape), 100 * cos(34 * M_PI / 180), 1e-3);
}

static void boxes_of_polygons(void **state)
{
    (void)state;
    struct polygon_text text;
    struct geo_box box = geo_shape_box(
        read_polygons(&text, "-19 177,-19 -178,-16 -178,-16 177,-19 177|-20 178,-20 179,-19 179,-20 178"));
    assert_true(box.south == -20 && box.north == -16);
    assert_near(box.west, 177, 1e-11);
    assert_near(box.east, 182, 1e-11);
    box = geo_shape_box(read_polygons(&text, "80 0,85 120,80 -120,80 0"));
    assert_true(box.south == 80 && box.north == 90 && box.east - box.west == 360);
    box = geo_shape_box(read_polygons(&text, "-80 0,-85 120,-80 -120,-80 0"));
    assert_true(box.south == -90 && box.north == -80 && box.east - box.west == 360);
}

static void all_cells_of_a_precision_make_the_globe(void **state)
{
    (void)state;
    geo_cell children[32];
    double sum = 0;
    for (int i = 0; i < 32; i++) {
        geo_cell cell = (uint64_t)i << 59 | 1;
        sum += geo_cell_area(cell);
        double inner = 0;
        assert_int_equal(geo_children(cell, children), 32);
        for (int j = 0; j < 32; j++) {
            assert_true(geo_contains(cell, children[j]) && (j == 0 || children[j - 1] < children[j]));
            inner += geo_cell_area(children[j]);
        }
        assert_near(inner, geo_cell_area(cell), 1);
    }
    assert_near(sum, globe, 10);
    assert_near(geo_cell_area(0), 0, 0);
}

static void circle_around(void **state)
{
    (void)state;
    static const char *const texts[] = {"0 0,0 9,9 9,9 0,0 0", "-19 177,-19 -178,-16 -178,-16 177,-19 177",
        "80 0,85 120,80 -120,80 0", "-80 0,-85 120,-80 -120,-80 0",
        "-80 -170,80 -170,80 -10,-80 -10,-80 -170"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct polygon_text text;
        const struct geo_shape *shape = read_polygons(&text, texts[i]);
        struct geo_point center;
        double radius;
        geo_shape_around(shape, &center, &radius);
        const struct geo_ring *ring = &shape->polygons[0].rings[0];
        for (size_t j = 1; j < ring->count; j++)
            for (int k = 0; k <= 100; k++) {
                struct geo_point a = ring->points[j - 1], b = ring->points[j];
                struct geo_point at = {a.lat + (b.lat - a.lat) * k / 100,
                    remainder(a.lon + remainder(b.lon - a.lon, 360) * k / 100, 360)};
                assert_true(geo_distance(center, at) <= radius);
            }
    }
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = {1, 2}, .radius = 3};
    struct geo_point center;
    double radius;
    geo_shape_around(&circle, &center, &radius);
    assert_true(center.lat == 1 && center.lon == 2 && radius == 3);
    circle.kind = GEO_POINT;
    geo_shape_around(&circle, &center, &radius);
    assert_true(center.lat == 1 && radius == 0);
}

/* ---- prepared ---- */

static void compare_prepared(struct chance *chance, const struct geo_shape *shape, int questions)
{
    size_t size = geo_prepared_size(shape);
    void *memory = malloc(size);
    assert_non_null(memory);
    assert_null(geo_prepare(shape, memory, size - 1));
    const struct geo_prepared *prepared = geo_prepare(shape, memory, size);
    assert_non_null(prepared);
    struct geo_box box = geo_shape_box(shape);
    double margin = (box.north - box.south) / 3 + 1e-6;
    for (int i = 0; i < questions; i++) {
        struct geo_point point = {
            fmin(fmax(chance_between(chance, box.south - margin, box.north + margin), -90), 90),
            remainder(chance_between(chance, box.west - margin, box.east + margin), 360)};
        double distance = geo_shape_distance(shape, point),
               radius = distance * chance_between(chance, 0.5, 1.5);
        assert_near(geo_prepared_distance(prepared, point), distance, 2e-7);
        assert_int_equal(geo_prepared_contains(prepared, point), geo_shape_contains(shape, point));
        assert_int_equal(geo_prepared_contains(prepared, point), distance == 0);
        assert_int_equal(geo_prepared_touches_circle(prepared, point, radius), radius >= distance);
        geo_cell cell;
        assert_int_equal(geo_encode(point, 2 + chance_below(chance, 8), &cell), GEO_OK);
        enum geo_side side = geo_shape_side(shape, cell);
        assert_int_equal(geo_prepared_side(prepared, cell), side);
        assert_int_equal(geo_prepared_touches_cell(prepared, cell), side != GEO_OUT);
    }
    assert_int_equal(geo_prepared_side(prepared, 0), GEO_OUT);
    free(memory);
}

static void prepared_is_the_same(void **state)
{
    (void)state;
    struct chance chance = chance_of(10);
    for (long i = 0; i < rounds(60); i++) {
        static struct geo_point points[3][5001];
        struct geo_ring rings[3];
        struct geo_polygon polygons[2] = {{rings, 2}, {rings + 2, 1}};
        struct geo_point center = {chance_between(&chance, -60, 60), chance_between(&chance, -180, 180)};
        int count = i % 10 == 0 ? 5000 : 3 + chance_below(&chance, 200);
        for (int j = 0; j < 3; j++) {
            rings[j] = (struct geo_ring){points[j], (size_t)count + 1};
            double size = j == 0 ? 2 : j == 1 ? 0.5 : 1.5;
            for (int k = 0; k < count; k++) {
                double angle = 2 * M_PI * k / count, ray = size * chance_between(&chance, 0.7, 1);
                points[j][k] = (struct geo_point){center.lat + ray * sin(angle) + (j == 2 ? 2 : 0),
                    remainder(center.lon + ray * cos(angle), 360)};
            }
            points[j][count] = points[j][0];
        }
        const struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = polygons, .polygon_count = 2};
        compare_prepared(&chance, &shape, 60);
    }
    const struct geo_shape circle = {.kind = GEO_CIRCLE, .center = {40, 179.9}, .radius = 20000};
    compare_prepared(&chance, &circle, 500);
    const struct geo_shape point = {.kind = GEO_POINT, .center = {40, 179.9}};
    compare_prepared(&chance, &point, 500);
}

/* Squares with square holes on a lattice, so many that on the stack their rings must share runs of the index;
 * among them caps around both poles, one with a hole. What holds a point is known without any search. */
enum { SIDE = 60 };

static bool lattice_holds(struct geo_point point)
{
    if (fabs(point.lat) > 80)
        return !(point.lat > 85 && point.lat < 86);
    double x = point.lon * 10 - floor(point.lon * 10), y = point.lat * 10 - floor(point.lat * 10);
    bool in_lattice = point.lat > 0 && point.lat < SIDE / 10.0 && point.lon > 0 && point.lon < SIDE / 10.0;
    return in_lattice && x < 0.6 && y < 0.6 && !(x > 0.2 && x < 0.4 && y > 0.2 && y < 0.4);
}

static struct geo_ring lattice_ring(struct geo_point *points, double lat, double lon, double size)
{
    const struct geo_point corners[] = {
        {lat, lon}, {lat, lon + size}, {lat + size, lon + size}, {lat + size, lon}, {lat, lon}};
    memcpy(points, corners, sizeof corners);
    return (struct geo_ring){points, 5};
}

static void rings_that_share_runs(void **state)
{
    (void)state;
    static struct geo_point points[2 * SIDE * SIDE][5];
    static struct geo_ring rings[2 * SIDE * SIDE];
    static struct geo_polygon polygons[SIDE * SIDE + 3];
    static const struct geo_point caps[4][4] = {{{80, 0}, {80, 120}, {80, -120}, {80, 0}},
        {{85, 0}, {85, 120}, {85, -120}, {85, 0}}, {{86, 0}, {86, -120}, {86, 120}, {86, 0}},
        {{-80, 0}, {-80, 120}, {-80, -120}, {-80, 0}}};
    static const struct geo_ring cap_rings[] = {{caps[0], 4}, {caps[1], 4}, {caps[2], 4}, {caps[3], 4}};
    size_t count = 0;
    for (int i = 0; i < SIDE * SIDE; i++) {
        double lat = i / SIDE / 10.0, lon = i % SIDE / 10.0;
        rings[2 * i] = lattice_ring(points[2 * i], lat, lon, 0.06);
        rings[2 * i + 1] = lattice_ring(points[2 * i + 1], lat + 0.02, lon + 0.02, 0.02);
        polygons[count++] = (struct geo_polygon){rings + 2 * i, 2};
        if (i == 1000) {
            polygons[count++] = (struct geo_polygon){cap_rings, 2};
            polygons[count++] = (struct geo_polygon){cap_rings + 2, 1};
        }
    }
    polygons[count++] = (struct geo_polygon){cap_rings + 3, 1};
    const struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = polygons, .polygon_count = count};
    assert_int_equal(geo_shape_check(&shape), GEO_OK);
    struct chance chance = chance_of(14);
    compare_prepared(&chance, &shape, 100);
    for (long i = 0; i < rounds(400); i++) {
        struct geo_point point = {
            chance_between(&chance, -1, SIDE / 10.0 + 1), chance_between(&chance, -1, SIDE / 10.0 + 1)};
        if (i % 4 == 0)
            point = (struct geo_point){
                copysign(chance_between(&chance, 79, 90), i % 8 - 1), chance_between(&chance, -180, 180)};
        bool holds = lattice_holds(point);
        assert_int_equal(geo_shape_contains(&shape, point), holds);
        assert_int_equal(geo_shape_distance(&shape, point) == 0, holds);
        assert_int_equal(geo_shape_touches_circle(&shape, point, 0), holds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(refusals_say_where),
        cmocka_unit_test(too_many_polar_rings), cmocka_unit_test(areas_and_boxes),
        cmocka_unit_test(areas_of_polygons), cmocka_unit_test(boxes_of_polygons),
        cmocka_unit_test(all_cells_of_a_precision_make_the_globe), cmocka_unit_test(circle_around),
        cmocka_unit_test(prepared_is_the_same), cmocka_unit_test(rings_that_share_runs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
