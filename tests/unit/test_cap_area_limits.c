/* Areas made to hurt: what they cost is bounded, and what an alert cannot have is refused. */
#include <math.h>

#include "tests/unit/test_cap_fixture.h"

/* The plan of a document with one area that holds `parts`. */
static void plan_of(const char *parts)
{
    assert_true(took(arena_printf(&arena, CAP_HEAD CAP_INFO CAP_AREA "%s" CAP_TAIL, parts)));
}

static bool built(void)
{
    return cap_area_build(&plan, NULL, &arena, &place, &placed, &refusal);
}

/* A star of so many corners that crosses itself at each step, or a ring that does not. */
static char *put_ring(char *to, size_t corners, double radius, double lat, double lon, bool star)
{
    for (size_t i = 0; i <= corners; i++) {
        double turn =
            2 * M_PI * (double)(i % corners * (star ? corners / 2 - 1 : 1) % corners) / (double)corners;
        to += sprintf(to, "%s%.5f,%.5f", i ? " " : "", lat + radius * sin(turn), lon + radius * cos(turn));
    }
    return to;
}

static char *put_excluded(char *to, size_t corners, double radius, double lat, double lon)
{
    to += sprintf(to, "<geocode><valueName>EXCLUDE_POLYGON</valueName><value>");
    to = put_ring(to, corners, radius, lat, lon, false);
    return to + sprintf(to, "</value></geocode>");
}

static char *put_polygon(char *to, size_t corners, double radius, double lat, double lon, bool star)
{
    to = put_ring(to + sprintf(to, "<polygon>"), corners, radius, lat, lon, star);
    return to + sprintf(to, "</polygon>");
}

enum { HOSTILE = 8 };

static void put_hostile(char *to, int which)
{
    switch (which) {
    case 0: /* more corners than are untangled */
        put_polygon(to, 41001, 5, 10, 10, true);
        break;
    case 1:
        for (int i = 0; i < 32; i++)
            to = put_polygon(to, 1999, 5, 10 + i, 10, true);
        break;
    case 2:
        for (int i = 0; i < 1000; i++)
            to = put_polygon(to, 61, 5, 10 + i % 50, i % 170, true);
        break;
    case 3:
        for (int i = 0; i < 30000; i++)
            to += sprintf(to, "<circle>%d.%03d,%d.5 900</circle>", i % 60, i % 1000, i % 170);
        break;
    case 4: /* none of which can be drawn */
        for (int i = 0; i < 30000; i++)
            to += sprintf(to, "<circle>%d.%03d,%d.5 900</circle>", 83 + i % 6, i % 1000, i % 170);
        break;
    case 5: /* nested */
        to = put_polygon(to, 3000, 9, 10, 10, false);
        for (int i = 0; i < 63; i++)
            to = put_excluded(to, 250, 8 - i * .1, 10, 10);
        break;
    case 6:
        for (int i = 0; i < 1000; i++)
            to = put_polygon(to, 60, 5 + i * .001, 10, 10, false);
        for (int i = 0; i < 63; i++)
            to = put_excluded(to, 200, .2, 8 + i / 8 * .5, 8 + i % 8 * .5);
        break;
    default:
        to = put_polygon(to, 40000, 9, 10, 10, false);
        for (int i = 0; i < 60; i++)
            to = put_excluded(to, 100, .2, 8 + i / 8 * .5, 8 + i % 8 * .5);
    }
}

static void hostile(void **state)
{
    (void)state;
    for (int i = 0; i < HOSTILE; i++) {
        char *parts = arena_take(&arena, CAP_BYTES_MAX);
        put_hostile(parts, i);
        plan_of(parts);
        size_t before_bytes = arena.total;
        double before = cap_cpu_ms();
        bool taken = built();
        double took = cap_cpu_ms() - before;
        size_t bytes = arena.total - before_bytes;
        cap_assert_bounded(arena_printf(&arena, "areas %d", i), took);
        if (bytes > 64 * 1024 * 1024)
            fail_msg("%d: %zu bytes, %s", i, bytes, taken ? "taken" : refusal.rule);
    }
}

/* So many that an alert cannot have them. */
static void too_many(void **state)
{
    char *parts = arena_take(&arena, CAP_BYTES_MAX), *to = parts;
    (void)state;
    for (int i = 0; i <= LIMIT_POLYGONS; i++) {
        if (i == LIMIT_POLYGONS) {
            plan_of(parts);
            assert_true(built());
        }
        to = put_polygon(to, 4, 1, i * .05, 10, false);
    }
    assert_int_equal(place.polygon_count, LIMIT_POLYGONS);
    plan_of(parts);
    assert_false(built());
    assert_memory_equal(refusal.rule, "R05", 3);
    put_polygon(parts, LIMIT_POINTS, 50, 10, 10, false);
    plan_of(parts);
    assert_false(built());
    assert_memory_equal(refusal.rule, "R05", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile),
        cmocka_unit_test(too_many),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
