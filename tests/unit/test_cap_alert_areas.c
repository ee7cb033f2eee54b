/* Where a CAP document is meant: which codes are asked for, what is drawn, named, excluded, untangled, and
 * what is refused and told. */
#include "bridge/cap/alert_parts.h"
#include "tests/unit/test_cap_fixture.h"

static void plan_of(const char *document)
{
    if (!took(document))
        fail_msg("%s", refusal.rule);
}

static bool built(const struct cap_resolved *resolved)
{
    return cap_area_build(&plan, resolved, &arena, &place, &placed, &refusal);
}

/* The areas of one info, every code known. */
static bool placed_with(const char *areas)
{
    plan_of(arena_printf(&arena, CAP_HEAD CAP_INFO "%s</info></alert>", areas));
    return built(cap_squares(&plan, &arena));
}

/* One area that holds this. */
static bool placed_in_one(const char *parts)
{
    return placed_with(arena_printf(&arena, CAP_AREA "%s</area>", parts));
}

static bool covers(double lat, double lon)
{
    struct geo_polygon *polygons = arena_take(&arena, (place.polygon_count + 1) * sizeof *polygons);
    for (size_t i = 0; i < place.polygon_count; i++)
        polygons[i] = cap_geo_polygon(&place.polygons[i], &arena);
    struct geo_shape shape = {
        .kind = GEO_POLYGONS, .polygons = polygons, .polygon_count = place.polygon_count};
    assert_int_equal(place.kind, PLACE_POLYGONS);
    assert_int_equal(geo_shape_check(&shape), GEO_OK);
    return geo_shape_contains(&shape, (struct geo_point){lat, lon});
}

#define GEOCODE(scheme, value) "<geocode><valueName>" scheme "</valueName><value>" value "</value></geocode>"
#define POLYGON(points) "<polygon>" points "</polygon>"
#define CIRCLE(text) "<circle>" text "</circle>"
#define EXCLUDED(points) GEOCODE("EXCLUDE_POLYGON", points)
#define SQUARE "10,10 10,20 20,20 20,10 10,10"
#define INNER "12,12 12,14 14,14 14,12 12,12"

/* ---- codes ---- */

static void assert_code(size_t number, const char *scheme, const char *code)
{
    assert_true(number < plan.code_count);
    if (!text_equal(plan.codes[number].scheme, text_of(scheme)) ||
        !text_equal(plan.codes[number].code, text_of(code)))
        fail_msg("%.*s, wanted %s", (int)plan.codes[number].code.len, plan.codes[number].code.data, code);
}

static void codes(void **state)
{
    (void)state;
    assert_true(placed_in_one(GEOCODE("SAME", "006037") GEOCODE("FIPS6", "006037") GEOCODE("SAME", "106037")
            GEOCODE("FIPS6", "06059") GEOCODE("UGC", "CAC037") GEOCODE(" UGC ", " CAZ041 ") GEOCODE(
                "Forecast Region", "a1, b2\n c3") GEOCODE("WARNCELLID", "") GEOCODE("same", "006037")));
    assert_int_equal(plan.area_count, 1);
    assert_code(0, "SAME", "006037"); /* of two schemes, and of a part of the county */
    assert_code(1, "SAME", "006059");
    assert_code(2, "UGC", "CAC037");
    assert_code(3, "UGC", "CAZ041");
    assert_code(4, "Forecast Region", "a1, b2\n c3"); /* one code, or three */
    assert_code(5, "Forecast Region", "a1");
    assert_code(7, "Forecast Region", "c3");
    assert_code(8, "same", "006037"); /* names are case-sensitive */
    assert_int_equal(plan.code_count, 9);
    assert_int_equal(placed.refused_count, 0);
    assert_int_equal(placed.placed_count, 1);
}

/* The whole value when the table has it, else its parts. */
static void several_codes(void **state)
{
    struct cap_resolved none[4] = {{0, NULL}};
    (void)state;
    assert_true(placed_in_one(GEOCODE("X", "a b c")));
    assert_int_equal(plan.code_count, 4);
    assert_int_equal(place.polygon_count, 1);
    const struct cap_resolved *all = cap_squares(&plan, &arena);
    none[2] = all[2];
    assert_true(built(none));
    assert_int_equal(place.polygon_count, 1);
    assert_int_equal(placed.refused_count, 1); /* what is not known is told, what is known is placed */
    assert_string_equal(placed.refused[0].field, "info[0].area[0]");
    assert_string_equal(
        placed.refused[0].rule, "R40: no area is known for X a, X c; its other codes are placed");
    none[2] = (struct cap_resolved){0, NULL};
    assert_false(built(none));
    assert_string_equal(refusal.rule, "R40: no area is known for X a, X b, X c");
}

/* An area once, however many languages repeat it. */
static void repeated(void **state)
{
    (void)state;
    plan_of(CAP_HEAD CAP_INFO CAP_AREA POLYGON(SQUARE) "</area>" CAP_AREA GEOCODE(
        "SAME", "006037") "</area></info>" CAP_INFO CAP_AREA
            GEOCODE("SAME", "006037") "</area><area><areaDesc>b</areaDesc>" POLYGON(
                "10,10 10,20  20,20 20,10 10,10") "</area>" CAP_AREA GEOCODE("SAME", "006059") CAP_TAIL);
    assert_int_equal(plan.area_count, 3);
    assert_int_equal(plan.areas[2].info, 1);
    assert_int_equal(plan.areas[2].area, 2);
    assert_int_equal(plan.code_count, 2);
}

/* R42: a block beside its county means the block. */
static void drawn_prevails(void **state)
{
    (void)state;
    assert_true(placed_in_one(POLYGON(SQUARE) GEOCODE("SAME", "006037")));
    assert_int_equal(plan.code_count, 0);
    assert_int_equal(place.polygon_count, 1);
    assert_true(covers(15, 15) && !covers(0.0005, 0.0005));
    assert_true(placed_in_one(CIRCLE("1,1 2") GEOCODE("SAME", "006037")));
    assert_int_equal(plan.code_count, 0);
    assert_int_equal(place.kind, PLACE_CIRCLE);
    /* But another area is another matter. */
    assert_true(placed_with(CAP_AREA POLYGON(SQUARE) "</area>" CAP_AREA GEOCODE("SAME", "006037") "</area>"));
    assert_int_equal(place.polygon_count, 2);
    assert_true(covers(15, 15) && covers(0.0005, 0.0005));
}

/* ---- circles and polygons ---- */

static void circles(void **state)
{
    (void)state;
    assert_true(placed_in_one(CIRCLE("34.0768,-118.0316 1.5")));
    assert_int_equal(place.kind, PLACE_CIRCLE);
    assert_int_equal(place.center.lat_e7, 340768000);
    assert_int_equal(place.radius_m, 1500);
    assert_true(placed_in_one(CIRCLE("34.0768,-118.0316 0.0")));
    assert_int_equal(place.kind, PLACE_POINT);
    assert_int_equal(place.center.lon_e7, -1180316000);
    assert_true(placed_in_one(CIRCLE("1,1 0.0001"))); /* less than a metre is one: never a point */
    assert_int_equal(place.radius_m, 1);
    assert_true(placed_with(CAP_AREA CIRCLE("1,1 2") "</area>" CAP_AREA CIRCLE("1.0,1 2.00") "</area>"));
    assert_int_equal(place.kind, PLACE_CIRCLE); /* twice the same */
    /* Two are polygons that hold them, and hardly more. */
    assert_true(placed_in_one(CIRCLE("10,10 100") CIRCLE("20,20 5")));
    assert_int_equal(place.polygon_count, 2);
    assert_true(covers(10, 10) && covers(10 + 99.9 / 111.2, 10) && !covers(10 + 101 / 111.2, 10));
    assert_true(covers(20, 20) && !covers(15, 15));
    /* A point beside others is its leaf cell, unless it lies in one. */
    assert_true(placed_in_one(POLYGON(SQUARE) CIRCLE("15,15 0")));
    assert_int_equal(place.polygon_count, 1);
    assert_true(placed_in_one(POLYGON(SQUARE) CIRCLE("30,30 0")));
    assert_int_equal(place.polygon_count, 2);
    assert_true(covers(30, 30) && !covers(30.1, 30));
    /* Beyond what an alert's circle may be it is drawn, and beyond what can be drawn it is refused. */
    assert_true(placed_in_one(CIRCLE("10,10 600")));
    assert_int_equal(place.kind, PLACE_POLYGONS);
    assert_true(covers(10 + 599 / 111.2, 10) && !covers(10 + 610 / 111.2, 10));
    assert_false(placed_in_one(CIRCLE("10,10 20000")));
    assert_memory_equal(refusal.rule, "R43", 3);
    assert_string_equal(refusal.field, "info[0].area[0].circle[0]");
    assert_true(placed_in_one(CIRCLE("90,0 0")));
    assert_int_equal(place.kind, PLACE_POINT);
    assert_true(placed_in_one(CIRCLE("0,180 10") CIRCLE("0,-180 0")));
    assert_true(
        covers(0, 180) && covers(0, -179.95) && covers(0, 179.95) && !covers(0, 179.5) && !covers(0, 0));
}

static void polygons(void **state)
{
    (void)state;
    assert_true(placed_in_one(POLYGON(SQUARE) POLYGON("30,30 30,40 40,40 40,30 30,30") POLYGON(SQUARE)));
    assert_int_equal(place.polygon_count, 2);
    assert_true(covers(15, 15) && covers(35, 35) && !covers(25, 25));
    /* Over the antimeridian: the short way, never around the globe. */
    assert_true(placed_in_one(POLYGON("50,179 50,-179 52,-179 52,179 50,179")));
    assert_true(covers(51, 179.5) && covers(51, -179.5) && !covers(51, 0) && !covers(51, 178));
    /* A ring of one point is a point. */
    plan_of(CAP_HEAD CAP_INFO CAP_AREA POLYGON("34.1,-118 34.2,-118 34.15,-117.9 34.1,-118") CAP_TAIL);
    assert_true(built(NULL));
    assert_true(covers(34.15, -117.98));
}

/* Rings that cross themselves: every point that they surround, also twice. */
static void tangled(void **state)
{
    (void)state;
    assert_true(placed_in_one(POLYGON("0,0 10,10 10,0 0,10 0,0"))); /* an hourglass */
    assert_int_equal(place.polygon_count, 2);
    assert_true(covers(1, 5) && covers(9, 5) && !covers(5, 1) && !covers(5, 9));
    /* A star of five: its middle, surrounded twice, too. */
    assert_true(placed_in_one(POLYGON("10,0 -8.09,5.88 3.09,-9.51 3.09,9.51 -8.09,-5.88 10,0")));
    assert_true(covers(0, 0) && covers(8, 0) && covers(-6, 4.5) && !covers(8, 5));
    /* An eight whose loops cancel each other out. */
    assert_true(placed_in_one(POLYGON("0,0 10,10 10,0 0,10 0,0")));
    assert_true(covers(1, 5));
}

/* ---- exclusions ---- */

static void excluded(void **state)
{
    (void)state;
    assert_true(placed_in_one(POLYGON(SQUARE) EXCLUDED(INNER)));
    assert_int_equal(place.polygon_count, 1);
    assert_int_equal(place.polygons[0].count, 2);
    assert_true(covers(11, 11) && !covers(13, 13) && covers(19, 19));
    assert_int_equal(plan.code_count, 0);
    /* Elsewhere: nothing to take out. The last point twice, as DWD says it. */
    assert_true(placed_in_one(POLYGON(SQUARE) EXCLUDED("30,30 30,31 31,31 30,30 30,30")));
    assert_int_equal(place.polygons[0].count, 1);
    /* One within another is no land in a lake. */
    assert_true(placed_in_one(
        POLYGON(SQUARE) EXCLUDED(INNER) EXCLUDED("12.5,12.5 12.5,13.5 13.5,13.5 12.5,12.5") EXCLUDED(INNER)));
    assert_int_equal(place.polygons[0].count, 2);
    assert_true(!covers(13.2, 13.4));
    /* From a circle, and from what a code names. */
    assert_true(placed_in_one(CIRCLE("13,13 400") EXCLUDED(INNER)));
    assert_true(covers(11, 11) && !covers(13, 13));
    assert_true(placed_in_one(
        GEOCODE("SAME", "006037") EXCLUDED("0.0002,0.0002 0.0002,0.0004 0.0004,0.0004 0.0002,0.0002")));
    assert_true(covers(0.0001, 0.0001) && !covers(0.0002501, 0.0003));
    /* From this area alone. */
    assert_true(
        placed_with(CAP_AREA POLYGON(SQUARE) EXCLUDED(INNER) "</area>" CAP_AREA POLYGON(INNER) "</area>"));
    assert_true(covers(13, 13));
}

static void excluded_wrongly(void **state)
{
    static const char *const wrong[] = {POLYGON(SQUARE)
                                            EXCLUDED("5,5 5,15 15,15 15,5 5,5"),   /* over the border */
        POLYGON(SQUARE) EXCLUDED("12,12 14,14 14,12 12,14 12,12"),                 /* tangled */
        POLYGON(SQUARE) EXCLUDED(INNER) EXCLUDED("13,13 13,15 15,15 15,13 13,13"), /* each other */
        POLYGON(SQUARE) EXCLUDED("12,12 12,14 14,14"), POLYGON(SQUARE) EXCLUDED("012345"),
        POLYGON(SQUARE) EXCLUDED("12,12 12,14 14,14 14,200 12,12"), POLYGON(SQUARE) EXCLUDED(""),
        POLYGON(SQUARE) EXCLUDED("5,5 5,25 25,25 25,5 5,5"), /* nothing is left */
        EXCLUDED(INNER)};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bool taken = placed_in_one(wrong[i]);
        if (taken && place.kind != PLACE_NONE)
            fail_msg("%s", wrong[i]);
        if (!taken)
            assert_true(strncmp(refusal.rule, "R43", 3) == 0 || strncmp(refusal.rule, "R36", 3) == 0);
    }
    /* Another area stays, and the sender is told. */
    assert_true(placed_with(CAP_AREA POLYGON(SQUARE) EXCLUDED(
        "5,5 5,15 15,15 15,5 5,5") "</area>" CAP_AREA POLYGON("30,30 30,40 40,40 30,30") "</area>"));
    assert_int_equal(place.polygon_count, 1);
    assert_int_equal(placed.placed_count, 1);
    assert_int_equal(placed.refused_count, 1);
    assert_string_equal(placed.refused[0].field, "info[0].area[0]");
}

/* ---- what cannot be placed ---- */

static void unplaced(void **state)
{
    (void)state;
    assert_true(placed_in_one("")); /* described alone: for nobody, and told */
    assert_int_equal(place.kind, PLACE_NONE);
    assert_int_equal(placed.refused_count, 1);
    assert_memory_equal(placed.refused[0].rule, "R36", 3);
    plan_of(CAP_HEAD CAP_INFO "</info></alert>");
    assert_true(built(NULL));
    assert_int_equal(place.kind, PLACE_NONE);
    assert_int_equal(placed.refused_count, 0);
    struct cap_resolved unknown = {0, NULL};
    plan_of(CAP_HEAD CAP_INFO CAP_AREA GEOCODE("SAME", "000000") CAP_TAIL);
    assert_false(built(&unknown));
    assert_string_equal(refusal.rule, "R40: no area is known for SAME 000000");
    /* More than is told one by one. */
    char *many = arena_take(&arena, 100000), *to = many;
    for (int i = 0; i < 100; i++)
        to += sprintf(to, "<area><areaDesc>%d</areaDesc>" GEOCODE("X", "%d") "</area>", i, i);
    plan_of(arena_printf(&arena, CAP_HEAD CAP_INFO "%s" CAP_AREA POLYGON(SQUARE) CAP_TAIL, many));
    assert_true(built(arena_alloc(&arena, 100 * sizeof unknown)));
    assert_int_equal(place.polygon_count, 1);
    assert_int_equal(placed.refused_count, CAP_AREA_REFUSALS);
    assert_string_equal(placed.refused[CAP_AREA_REFUSALS - 1].rule, "R40: 37 more cannot be placed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes),
        cmocka_unit_test(several_codes),
        cmocka_unit_test(repeated),
        cmocka_unit_test(drawn_prevails),
        cmocka_unit_test(circles),
        cmocka_unit_test(polygons),
        cmocka_unit_test(tangled),
        cmocka_unit_test(excluded),
        cmocka_unit_test(excluded_wrongly),
        cmocka_unit_test(unplaced),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
