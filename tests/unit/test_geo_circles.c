/* The set of circles against a scan over all of them, while circles come and go. */
#include "test_geo.h"

enum { MANY = 3000, CORNERS = 700 };

struct member {
    struct geo_circle circle;
    bool in, found;
};

struct finding {
    size_t count, stop_after;
};

static bool note(void *context, struct geo_circle *circle)
{
    struct finding *finding = context;
    struct member *member = (struct member *)circle;
    assert_false(member->found);
    member->found = true;
    return ++finding->count != finding->stop_after;
}

static void find_and_compare(struct geo_circles *set, struct member *members, const struct geo_shape *shape)
{
    size_t size = geo_prepared_size(shape), in = 0;
    void *memory = malloc(size);
    assert_non_null(memory);
    const struct geo_prepared *prepared = geo_prepare(shape, memory, size);
    struct finding finding = {0, 0};
    assert_true(geo_circles_find(set, prepared, note, &finding));
    for (int i = 0; i < MANY; i++) {
        struct member *member = &members[i];
        bool expected =
            member->in && geo_prepared_touches_circle(prepared, member->circle.center, member->circle.radius);
        assert_int_equal(member->found, expected);
        member->found = false;
        in += member->in;
    }
    assert_int_equal(set->count, in);
    size_t stops[] = {1, finding.count / 2, finding.count};
    for (int i = 0; finding.count > 1 && i < 3; i++) {
        struct finding some = {0, stops[i]};
        assert_false(geo_circles_find(set, prepared, note, &some));
        assert_int_equal(some.count, stops[i]);
        for (int j = 0; j < MANY; j++)
            members[j].found = false;
    }
    free(memory);
}

static struct geo_ring star(
    struct chance *chance, struct geo_point *points, struct geo_point around, double reach, int count)
{
    for (int i = 0; i < count; i++) {
        double ray = reach * chance_between(chance, 0.5, 1), angle = 2 * M_PI * i / count;
        points[i].lat = fmin(fmax(around.lat + ray * sin(angle), -90), 90);
        points[i].lon = remainder(around.lon + ray * cos(angle), 360);
    }
    points[count] = points[0];
    return (struct geo_ring){points, (size_t)count + 1};
}

static void ask(struct chance *chance, struct geo_circles *set, struct member *members,
    struct geo_point around, double size)
{
    struct geo_shape shape = {
        .kind = GEO_CIRCLE, .center = around, .radius = exp(chance_between(chance, 3, 14))};
    find_and_compare(set, members, &shape);
    shape.kind = GEO_POINT;
    find_and_compare(set, members, &shape);
    static struct geo_point points[2][CORNERS + 1];
    static const int corners[] = {8, 40, CORNERS};
    int count = corners[chance_below(chance, 3)];
    double reach = size * chance_between(chance, 0.01, count > 8 ? 4 : 1.2);
    const struct geo_ring rings[] = {
        star(chance, points[0], around, reach, count), star(chance, points[1], around, reach / 3, count)};
    const struct geo_polygon polygons[] = {{rings, 1 + (size_t)chance_below(chance, 2)}, {rings + 1, 1}};
    const struct geo_shape stars = {.kind = GEO_POLYGONS,
        .polygons = polygons,
        .polygon_count = polygons[0].count == 1 ? 1 + (size_t)chance_below(chance, 2) : 1};
    find_and_compare(set, members, &stars);
}

static void come_and_go(void **state)
{
    (void)state;
    static const double radii[] = {0, 400, 800, 1600, 3200, 8000, 150, 1e6, 2e7};
    static const struct geo_point centers[] = {{34, -118}, {0, 180}, {89.5, 0}, {-60, -179.9}};
    struct chance chance = chance_of(12);
    static struct member members[MANY];
    for (size_t c = 0; c < sizeof centers / sizeof *centers; c++) {
        struct geo_circles set = {0};
        double size = c == 2 ? 0.5 : 2;
        memset(members, 0, sizeof members);
        for (long i = 0; i < rounds(30000); i++) {
            struct member *member = &members[chance_below(&chance, i % 3 == 0 ? MANY : MANY / 20)];
            if (member->in) {
                geo_circles_remove(&set, &member->circle);
                member->in = false;
                continue;
            }
            struct geo_point center = {centers[c].lat + chance_between(&chance, -size, size),
                remainder(centers[c].lon + chance_between(&chance, -size, size), 360)};
            if (i % 5 == 0)
                center = centers[c];
            if (i % 15 == 0) /* centimetres aside: it may be the same place of the curve */
                center.lat -= 1e-7 * chance_between(&chance, 0, 1);
            geo_cell leaf;
            assert_int_equal(geo_encode(center, 6, &leaf), GEO_OK);
            member->circle.center = i % 2 == 0 ? geo_center(leaf) : center;
            member->circle.radius = radii[chance_below(&chance, i % 50 == 0 ? 9 : 6)];
            assert_int_equal(geo_circles_add(&set, &member->circle), GEO_OK);
            member->in = true;
            if (i % 128 < 2)
                ask(&chance, &set, members, center, size);
        }
        for (int i = 0; i < MANY; i++)
            if (members[i].in)
                geo_circles_remove(&set, &members[i].circle);
        assert_int_equal(set.count, 0);
        for (int i = 0; i < GEO_RADIUS_CLASSES; i++)
            assert_true(set.classes[i].leaf == NULL && set.classes[i].fork == NULL);
    }
}

/* The other way round: alerts are in the set by the circles around them, a new follower asks with his own,
 * and each alert found is asked exactly. */
enum { ALERTS = 400 };

struct alert {
    struct geo_circle around;
    struct geo_point points[41];
    struct geo_ring ring;
    struct geo_polygon polygon;
    struct geo_shape shape;
    bool found;
};

static bool note_alert(void *context, struct geo_circle *circle)
{
    struct alert *alert = (struct alert *)circle;
    const struct geo_shape *follower = context;
    assert_false(alert->found);
    alert->found = geo_shape_touches_circle(&alert->shape, follower->center, follower->radius);
    return true;
}

static void make_alert(struct chance *chance, int i, struct alert *alert)
{
    struct geo_point center = {
        chance_between(chance, 30, 36), remainder(chance_between(chance, 176, 184), 360)};
    if (i % 50 == 0)
        center.lat = 89;
    alert->shape = (struct geo_shape){
        .kind = GEO_CIRCLE, .center = center, .radius = exp(chance_between(chance, 0, 11))};
    if (i % 2 == 0) {
        alert->ring = star(chance, alert->points, center, exp(chance_between(chance, -8, 1)), 40);
        alert->polygon = (struct geo_polygon){&alert->ring, 1};
        alert->shape =
            (struct geo_shape){.kind = GEO_POLYGONS, .polygons = &alert->polygon, .polygon_count = 1};
    }
    geo_shape_around(&alert->shape, &alert->around.center, &alert->around.radius);
}

static void alerts_for_a_new_follower(void **state)
{
    (void)state;
    static struct alert alerts[ALERTS];
    struct geo_circles set = {0};
    struct chance chance = chance_of(16);
    for (int i = 0; i < ALERTS; i++) {
        make_alert(&chance, i, &alerts[i]);
        assert_int_equal(geo_circles_add(&set, &alerts[i].around), GEO_OK);
    }
    size_t concerned = 0;
    for (long i = 0; i < rounds(200); i++) {
        struct geo_shape follower = {.kind = GEO_CIRCLE, .radius = 400 << chance_below(&chance, 5)};
        follower.center =
            (struct geo_point){chance_between(&chance, i % 20 == 0 ? 86 : 30, i % 20 == 0 ? 90 : 36),
                remainder(chance_between(&chance, 176, 184), 360)};
        uint64_t memory[128];
        const struct geo_prepared *prepared = geo_prepare(&follower, memory, sizeof memory);
        assert_non_null(prepared);
        assert_true(geo_circles_find(&set, prepared, note_alert, &follower));
        for (int j = 0; j < ALERTS; j++) {
            bool expected = geo_shape_distance(&alerts[j].shape, follower.center) <= follower.radius;
            assert_int_equal(alerts[j].found, expected);
            concerned += expected;
            alerts[j].found = false;
        }
    }
    assert_true(concerned > (size_t)rounds(200));
}

static void refusals(void **state)
{
    (void)state;
    struct geo_circles set = {0};
    struct geo_circle circle = {.center = {91, 0}, .radius = 5};
    assert_int_equal(geo_circles_add(&set, &circle), GEO_BAD_LATITUDE);
    circle.center.lat = 0;
    circle.radius = -5;
    assert_int_equal(geo_circles_add(&set, &circle), GEO_BAD_RADIUS);
    assert_int_equal(set.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(come_and_go),
        cmocka_unit_test(alerts_for_a_new_follower), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
