/* Shapes and their uniform covers, against slow ways that share no code with geo/: sampled points, a plain
 * winding test. */
#include "test_geo.h"

static const double round_earth = 2 * M_PI * GEO_EARTH_RADIUS;

static void distances(void **state)
{
    (void)state;
    const struct geo_point north = {90, 17}, here = {34.0686, -118.0276};
    assert_near(geo_distance(north, (struct geo_point){-90, 0}), round_earth / 2, 1e-6);
    assert_near(geo_distance(north, (struct geo_point){0, 99}), round_earth / 4, 1e-6);
    assert_near(
        geo_distance((struct geo_point){0, 179.5}, (struct geo_point){0, -179.5}), round_earth / 360, 1e-6);
    assert_near(geo_distance((struct geo_point){0, 0}, (struct geo_point){0, 180}), round_earth / 2, 1e-6);
    assert_near(geo_distance(here, here), 0, 0);
    assert_near(geo_distance(here, (struct geo_point){34.0686, -118.0276 + 1e-7}), 0.00921, 1e-5);
    /* Almost opposite: 1 cm off the antipode. */
    struct geo_point antipode = {-here.lat + 0.01 / GEO_EARTH_RADIUS * 180 / M_PI, here.lon + 180};
    assert_near(geo_distance(here, antipode), round_earth / 2 - 0.01, 1e-7);
}

/* Against the WGS 84 ellipsoid, as C. F. F. Karney's GeographicLib has it (the first three are examples of
 * its manual). */
static void near_the_ellipsoid(void **state)
{
    (void)state;
    static const struct {
        struct geo_point from, to;
        double metres;
    } known[] = {
        {{40.6, -73.8}, {51.6, -0.5}, 5551759.400},      /* New York, London */
        {{40.6, -73.8}, {1.4, 104}, 15347512.941},       /* New York, Singapore */
        {{-41.32, 174.81}, {40.96, -5.5}, 19959679.267}, /* Wellington, Salamanca */
        {{0, 0}, {1, 0}, 110574.389},                    /* where it is most */
        {{89, 0}, {90, 0}, 111693.865},
        {{0, 0}, {0, 1}, 111319.491},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_near(geo_distance(known[i].from, known[i].to), known[i].metres, 0.0057 * known[i].metres);
    double most = geo_distance(known[3].from, known[3].to) / known[3].metres - 1;
    assert_near(most, 0.0056, 0.0001);
}

/* ---- slow ways ---- */

static double wrap(double degrees)
{
    return remainder(degrees, 360);
}

/* Whether a point is inside a ring that neither winds nor is wider than 180 degrees: sum of angles, in the
 * plane. */
static bool slow_ring_holds(const struct geo_ring *ring, struct geo_point point)
{
    double sum = 0;
    for (size_t i = 1; i < ring->count; i++) {
        double base = wrap(ring->points[0].lon - point.lon);
        double ax = base + wrap(ring->points[i - 1].lon - ring->points[0].lon),
               ay = ring->points[i - 1].lat - point.lat;
        double bx = base + wrap(ring->points[i].lon - ring->points[0].lon),
               by = ring->points[i].lat - point.lat;
        sum += atan2(ax * by - ay * bx, ax * bx + ay * by);
    }
    return fabs(sum) > M_PI;
}

static double slow_edge_distance(struct geo_point a, struct geo_point b, struct geo_point point)
{
    double best = 1e9, span = wrap(b.lon - a.lon);
    for (int i = 0; i <= 20000; i++) {
        double t = i / 20000.0;
        best = fmin(best,
            geo_distance(point, (struct geo_point){a.lat + t * (b.lat - a.lat), wrap(a.lon + t * span)}));
    }
    return best;
}

/* ---- circles ---- */

static void circle_meets_cells(void **state)
{
    (void)state;
    struct chance chance = chance_of(3);
    for (long i = 0; i < rounds(3000); i++) {
        struct geo_shape circle = {.kind = GEO_CIRCLE, .center = chance_point(&chance)};
        if (i % 4 == 0)
            circle.center.lat = chance_between(&chance, 85, 90) * (i % 8 == 0 ? 1 : -1);
        circle.radius = exp(chance_between(&chance, 0, log(5e6)));
        /* A cell near the circle's rim, from fine to coarse. */
        double angle = chance_between(&chance, 0, 2 * M_PI),
               reach = circle.radius / GEO_EARTH_RADIUS * 180 / M_PI;
        struct geo_point near = {circle.center.lat + reach * sin(angle), 0};
        if (fabs(near.lat) > 90)
            near.lat = copysign(180, near.lat) - near.lat;
        near.lon =
            wrap(circle.center.lon + reach * cos(angle) / fmax(cos(circle.center.lat * M_PI / 180), 0.01));
        geo_cell cell;
        assert_int_equal(geo_encode(near, 1 + chance_below(&chance, 9), &cell), GEO_OK);
        bool touches = geo_shape_touches_cell(&circle, cell);
        struct geo_box box = geo_bounds(cell);
        double best = 1e9;
        for (int x = 0; x <= 100; x++)
            for (int y = 0; y <= 100; y += x == 0 || x == 100 ? 1 : 100) {
                struct geo_point point = {box.south + (box.north - box.south) * y / 100,
                    box.west + (box.east - box.west) * x / 100};
                best = fmin(best, geo_distance(circle.center, point));
            }
        bool inside = circle.center.lat >= box.south && circle.center.lat <= box.north &&
                      circle.center.lon >= box.west && circle.center.lon <= box.east;
        if (inside || best <= circle.radius)
            assert_true(touches);
        /* The samples stand at most this far from any border point. */
        double step = (box.north - box.south) * M_PI / 180 * GEO_EARTH_RADIUS / 100;
        if (!inside && best > circle.radius + step)
            assert_false(touches);
    }
}

static void circle_tangent(void **state)
{
    (void)state;
    /* The nearest point of a high cell lies on the inside of its meridian border, no corner: 80 N, 50 degrees
     * away. */
    geo_cell cell = cell_of("up");
    struct geo_box box = geo_bounds(cell);
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = {87, box.west - 40}};
    double corner = fmin(geo_distance(circle.center, (struct geo_point){box.north, box.west}),
        geo_distance(circle.center, (struct geo_point){box.south, box.west}));
    double nearest = slow_edge_distance(
        (struct geo_point){box.south, box.west}, (struct geo_point){box.north, box.west}, circle.center);
    assert_true(nearest < corner - 1000);
    circle.radius = nearest + 0.01;
    assert_true(geo_shape_touches_cell(&circle, cell));
    circle.radius = nearest - 0.5;
    assert_false(geo_shape_touches_cell(&circle, cell));
    assert_false(geo_shape_touches_cell(&circle, 0));
}

/* Calls the cover and holds each cell around it against the predicate. */
static size_t checked_cover(const struct geo_shape *shape, int precision)
{
    static geo_cell cells[20000];
    size_t count;
    assert_int_equal(geo_cover_uniform(shape, precision, cells, 20000, &count), GEO_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(geo_precision(cells[i]) == precision && (i == 0 || cells[i - 1] < cells[i]));
        assert_true(geo_shape_touches_cell(shape, cells[i]));
        geo_cell near[8];
        int near_count = geo_neighbors(cells[i], near);
        for (int j = 0; j < near_count; j++) {
            size_t low = 0, high = count;
            while (low < high)
                *(cells[(low + high) / 2] < near[j] ? &low : &high) =
                    (low + high) / 2 + (cells[(low + high) / 2] < near[j]);
            bool listed = low < count && cells[low] == near[j];
            assert_int_equal(listed, geo_shape_touches_cell(shape, near[j]));
        }
    }
    return count;
}

static void circle_covers(void **state)
{
    (void)state;
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = {34.0686, -118.0276}, .radius = 2000};
    assert_true(checked_cover(&circle, 5) >= 1);
    size_t count = checked_cover(&circle, 7);
    assert_true(count > 600 && count < 1000); /* 12.6 km^2 in cells of 127 by 153 m, and the rim */
    circle.center = (struct geo_point){-17, 180};
    size_t east = checked_cover(&circle, 6);
    circle.center.lon = -180;
    assert_int_equal(checked_cover(&circle, 6), east);
    circle.center = (struct geo_point){90, 33};
    circle.radius = 30000;
    assert_int_equal(checked_cover(&circle, 3), 256);
    circle.center = (struct geo_point){-89.9, 33};
    assert_int_equal(checked_cover(&circle, 3), 256);
    circle.radius = 0;
    circle.center = (struct geo_point){0, 0};
    assert_int_equal(checked_cover(&circle, 6), 4);
    circle.center = (struct geo_point){34.0686, -118.0276};
    assert_int_equal(checked_cover(&circle, 12), 1);
    struct geo_shape point = {.kind = GEO_POINT, .center = {0, 180}};
    assert_int_equal(checked_cover(&point, 6), 4);
    point.center = (struct geo_point){90, 0};
    assert_int_equal(checked_cover(&point, 1), 8);
    point.center = (struct geo_point){1, 1};
    assert_int_equal(checked_cover(&point, 8), 1);
}

static void no_room(void **state)
{
    (void)state;
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = {50, 10}, .radius = 3e6};
    geo_cell cells[100];
    size_t count;
    assert_int_equal(geo_cover_uniform(&circle, 12, cells, 100, &count), GEO_NO_ROOM);
    assert_true(count > 100);
    assert_int_equal(geo_cover_uniform(&circle, 1, cells, 0, &count), GEO_NO_ROOM);
    assert_int_equal(count, 1);
    assert_int_equal(geo_cover_uniform(&circle, 0, cells, 100, &count), GEO_BAD_PRECISION);
    assert_int_equal(geo_cover_uniform(&circle, 13, cells, 100, &count), GEO_BAD_PRECISION);
}

/* ---- polygons ---- */

#define RING(...)                                                                                            \
    {                                                                                                        \
        (const struct geo_point[]){__VA_ARGS__},                                                             \
            sizeof((const struct geo_point[]){__VA_ARGS__}) / sizeof(struct geo_point)                       \
    }
#define POLYGON(...)                                                                                         \
    {                                                                                                        \
        .kind = GEO_POLYGONS, .polygon_count = 1, .polygons = (const struct geo_polygon[])                   \
        {                                                                                                    \
            {                                                                                                \
                (const struct geo_ring[]){__VA_ARGS__},                                                      \
                    sizeof((const struct geo_ring[]){__VA_ARGS__}) / sizeof(struct geo_ring)                 \
            }                                                                                                \
        }                                                                                                    \
    }

static bool holds(const struct geo_shape *shape, double lat, double lon)
{
    return geo_shape_distance(shape, (struct geo_point){lat, lon}) == 0;
}

static void polygon_with_hole(void **state)
{
    (void)state;
    const struct geo_shape square = POLYGON(RING({10, 10}, {10, 20}, {20, 20}, {20, 10}, {10, 10}),
        RING({14, 14}, {14, 16}, {16, 16}, {16, 14}, {14, 14}));
    assert_int_equal(geo_shape_check(&square), GEO_OK);
    assert_true(
        holds(&square, 12, 12) && holds(&square, 10, 10) && holds(&square, 15, 10) && holds(&square, 20, 13));
    assert_true(holds(&square, 14, 15)); /* on the border of the hole */
    assert_false(holds(&square, 15, 15) || holds(&square, 9.999999, 12) || holds(&square, 15, 20.000001));
    assert_near(geo_shape_distance(&square, (struct geo_point){15, 15}),
        geo_distance((struct geo_point){15, 15}, (struct geo_point){15, 16}), 500);
    assert_false(geo_shape_touches_circle(&square, (struct geo_point){15, 15}, 90000));
    assert_true(geo_shape_touches_circle(&square, (struct geo_point){15, 15}, 112000));
    assert_true(geo_shape_touches_circle(&square, (struct geo_point){12, 12}, 0));
    double degree = round_earth / 360;
    assert_true(geo_shape_touches_circle(&square, (struct geo_point){21, 15}, degree));
    assert_false(geo_shape_touches_circle(&square, (struct geo_point){21, 15}, degree - 0.001));
    checked_cover(&square, 4);
}

static void over_the_antimeridian(void **state)
{
    (void)state;
    const struct geo_shape fiji = POLYGON(RING({-19, 177}, {-19, -178}, {-16, -178}, {-16, 177}, {-19, 177}),
        RING({-18, 179.5}, {-18, -179.5}, {-17, -179.5}, {-17, 179.5}, {-18, 179.5}));
    assert_int_equal(geo_shape_check(&fiji), GEO_OK);
    assert_true(holds(&fiji, -16.5, 180) && holds(&fiji, -16.5, -180) && holds(&fiji, -17.5, 178) &&
                holds(&fiji, -17.5, -178.5));
    assert_false(holds(&fiji, -17.5, 180) || holds(&fiji, -17.5, -180) || holds(&fiji, -17.5, -179.9) ||
                 holds(&fiji, -17.5, 0));
    const struct geo_shape same = POLYGON(RING({-19, -3}, {-19, 2}, {-16, 2}, {-16, -3}, {-19, -3}),
        RING({-18, -0.5}, {-18, 0.5}, {-17, 0.5}, {-17, -0.5}, {-18, -0.5}));
    for (int precision = 1; precision <= 4; precision++)
        assert_int_equal(checked_cover(&fiji, precision), checked_cover(&same, precision));
}

static void around_a_pole(void **state)
{
    (void)state;
    const struct geo_shape caps[] = {
        POLYGON(RING({85, -180}, {85, -90}, {85, 0}, {85, 90}, {85, 180}, {90, 180}, {90, -180}, {85, -180})),
        POLYGON(RING({85, 0}, {85, 120}, {85, -120}, {85, 0})),
        POLYGON(RING({85, 0}, {85, -120}, {85, 120}, {85, 0})),
    };
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        assert_int_equal(geo_shape_check(&caps[i]), GEO_OK);
        assert_true(holds(&caps[i], 90, 0) && holds(&caps[i], 90, 77) && holds(&caps[i], 86, -179) &&
                    holds(&caps[i], 85, 33));
        assert_false(holds(&caps[i], 84.9, 0) || holds(&caps[i], -89, 0));
        for (int lon = -180; lon <= 180; lon += 30) /* also just opposite of corners */
            assert_true(holds(&caps[i], 86, lon) && !holds(&caps[i], 84, lon));
        assert_true(geo_shape_touches_cell(&caps[i], cell_of("b")) &&
                    geo_shape_touches_cell(&caps[i], cell_of("up")));
        assert_int_equal(checked_cover(&caps[i], 1), 8);
        assert_int_equal(
            checked_cover(&caps[i], 3), 256 * 4); /* 85 lies within the fourth row from the pole */
    }
    const struct geo_shape south = POLYGON(RING({-80, 0}, {-85, 120}, {-80, -120}, {-80, 0}));
    assert_true(
        holds(&south, -90, 5) && holds(&south, -88, 120) && !holds(&south, -79, 0) && !holds(&south, 89, 0));
    const struct geo_shape ring =
        POLYGON(RING({80, 0}, {80, 120}, {80, -120}, {80, 0}), RING({85, 0}, {85, -120}, {85, 120}, {85, 0}));
    assert_true(holds(&ring, 82, 50) && holds(&ring, 85, 50) && !holds(&ring, 86, 50) &&
                !holds(&ring, 90, 0) && !holds(&ring, 79, 0));
    const struct geo_shape dart = POLYGON(RING({-80, 10}, {-80, 20}, {-90, 15}, {-80, 10}));
    assert_true(geo_shape_touches_cell(&dart, cell_of("0")) && !geo_shape_touches_cell(&dart, cell_of("2")));
    assert_true(checked_cover(&dart, 2) >= 32);
    /* A wedge that ends in the pole touches every cell at the pole, and no other cell of the far side. */
    const struct geo_shape wedge = POLYGON(RING({80, 10}, {80, 20}, {90, 15}, {80, 10}));
    assert_true(
        geo_shape_touches_cell(&wedge, cell_of("bpb")) && !geo_shape_touches_cell(&wedge, cell_of("bp0")));
    /* The pole is one point, by whatever longitude it is named. */
    for (int lon = -180; lon <= 180; lon += 45) {
        assert_true(geo_shape_contains(&wedge, (struct geo_point){90, lon}) && holds(&wedge, 90, lon));
        assert_true(geo_shape_contains(&dart, (struct geo_point){-90, lon}) && holds(&dart, -90, lon));
        assert_false(geo_shape_contains(&wedge, (struct geo_point){-90, lon}));
    }
}

static void bad_shapes(void **state)
{
    (void)state;
    const struct geo_shape open = POLYGON(RING({1, 1}, {1, 2}, {2, 2}, {2, 1})),
                           thin = POLYGON(RING({1, 1}, {1, 2}, {1, 1}));
    const struct geo_shape flat = POLYGON(RING({1, 1}, {2, 2}, {3, 3}, {2, 2}, {1, 1}));
    const struct geo_shape lat = POLYGON(RING({1, 1}, {91, 2}, {2, 2}, {1, 1})),
                           lon = POLYGON(RING({1, 1}, {1, 181}, {2, 2}, {1, 1}));
    const struct geo_shape winds =
        POLYGON(RING({80, 0}, {80, 120}, {80, -120}, {81, 0}, {80, 120}, {80, -120}, {80, 0}));
    assert_int_equal(geo_shape_check(&open), GEO_RING_OPEN);
    assert_int_equal(geo_shape_check(&thin), GEO_RING_SHORT);
    assert_int_equal(geo_shape_check(&flat), GEO_RING_FLAT);
    assert_int_equal(geo_shape_check(&lat), GEO_BAD_LATITUDE);
    assert_int_equal(geo_shape_check(&lon), GEO_BAD_LONGITUDE);
    assert_int_equal(geo_shape_check(&winds), GEO_RING_WINDS);
    struct geo_shape none = {.kind = GEO_POLYGONS}, empty = {.kind = GEO_POLYGONS,
                                                        .polygons = &(struct geo_polygon){NULL, 0},
                                                        .polygon_count = 1};
    assert_int_equal(geo_shape_check(&none), GEO_BAD_RING);
    assert_int_equal(geo_shape_check(&empty), GEO_BAD_RING);
    assert_false(geo_shape_touches_cell(&none, cell_of("s")) || geo_shape_touches_cell(&empty, cell_of("s")));
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = {1, 1}, .radius = -1};
    assert_int_equal(geo_shape_check(&circle), GEO_BAD_RADIUS);
    circle.radius = NAN;
    assert_int_equal(geo_shape_check(&circle), GEO_BAD_RADIUS);
    circle.radius = 3e7;
    assert_int_equal(geo_shape_check(&circle), GEO_BAD_RADIUS);
    circle.radius = 0;
    assert_int_equal(geo_shape_check(&circle), GEO_OK);
    circle.kind = (enum geo_shape_kind)9; /* no shape: asked all the same, it touches nothing */
    assert_false(geo_shape_touches_cell(&circle, cell_of("s")));
    circle.kind = GEO_CIRCLE;
    circle.center.lat = 100;
    assert_int_equal(geo_shape_check(&circle), GEO_BAD_LATITUDE);
}

/* A star around a place: rays of random length, so that it never crosses itself. */
static void make_star(
    struct chance *chance, struct geo_point center, double size, struct geo_point *points, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double angle = 2 * M_PI * (double)i / (double)count, ray = size * chance_between(chance, 0.3, 1);
        points[i].lat = fmin(fmax(center.lat + ray * sin(angle), -90), 90);
        points[i].lon = wrap(center.lon + ray * cos(angle));
    }
    points[count] = points[0];
}

static void random_polygons(void **state)
{
    (void)state;
    struct chance chance = chance_of(4);
    for (long i = 0; i < rounds(3000); i++) {
        struct geo_point points[40],
            center = {chance_between(&chance, -70, 70), chance_between(&chance, -180, 180)};
        size_t count = 3 + (size_t)chance_below(&chance, 30);
        double size = exp(chance_between(&chance, log(1e-4), log(15)));
        if (i % 3 == 0)
            center.lon = i % 2 == 0 ? 180 : -180;
        make_star(&chance, center, size, points, count);
        const struct geo_ring ring = {points, count + 1};
        const struct geo_polygon polygon = {&ring, 1};
        const struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &polygon, .polygon_count = 1};
        assert_int_equal(geo_shape_check(&shape), GEO_OK);
        for (int j = 0; j < 30; j++) {
            struct geo_point point = {center.lat + chance_between(&chance, -size, size),
                wrap(center.lon + chance_between(&chance, -size, size))};
            bool inside = slow_ring_holds(&ring, point);
            assert_int_equal(geo_shape_distance(&shape, point) == 0, inside);
            geo_cell cell;
            assert_int_equal(geo_encode(point, 1 + chance_below(&chance, 9), &cell), GEO_OK);
            assert_true(!inside || geo_shape_touches_cell(&shape, cell));
        }
        for (size_t j = 0; j < count; j++) { /* the corners and what lies between them count as inside */
            double t = chance_between(&chance, 0, 1);
            struct geo_point on = {points[j].lat + t * (points[j + 1].lat - points[j].lat),
                wrap(points[j].lon + t * wrap(points[j + 1].lon - points[j].lon))};
            assert_true(geo_shape_distance(&shape, on) == 0 && geo_shape_distance(&shape, points[j]) == 0);
        }
    }
}

/* An edge that winds around a pole near by is short, though it turns far. */
static void distance_to_an_edge_around_a_pole(void **state)
{
    (void)state;
    const struct geo_point from = {-89.9972, -118}, to = {-90, -180}, point = {-89.3, -180};
    const struct geo_shape shape = POLYGON(RING(from, to, {-90, -173}, from));
    assert_int_equal(geo_shape_check(&shape), GEO_OK);
    double nearest = round_earth;
    for (int i = 0; i <= 100000; i++) {
        double t = i / 100000., lat = from.lat + t * (to.lat - from.lat),
               lon = from.lon + t * (to.lon - from.lon);
        nearest = fmin(nearest, geo_distance((struct geo_point){lat, lon}, point));
    }
    assert_near(geo_shape_distance(&shape, point), nearest, 1e-5);
}

static void edge_distances(void **state)
{
    (void)state;
    struct chance chance = chance_of(5);
    for (long i = 0; i < rounds(300); i++) {
        struct geo_point a = chance_point(&chance), b = chance_point(&chance), c = chance_point(&chance);
        if (i % 2 == 0) { /* high up, where edges bend most */
            a.lat = chance_between(&chance, 80, 90);
            b.lat = chance_between(&chance, 80, 90);
        }
        const struct geo_point points[] = {a, b, c, a};
        const struct geo_ring ring = {points, 4};
        const struct geo_polygon polygon = {&ring, 1};
        const struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &polygon, .polygon_count = 1};
        struct geo_point point = chance_point(&chance);
        if (i % 4 == 0)
            point.lat = chance_between(&chance, 80, 90);
        double distance = geo_shape_distance(&shape, point);
        double slow = fmin(slow_edge_distance(a, b, point),
            fmin(slow_edge_distance(b, c, point), slow_edge_distance(c, a, point)));
        assert_true(distance == 0 || (distance <= slow + 1e-6 && distance > slow - 600));
        assert_true(geo_shape_touches_circle(&shape, point, distance));
        if (distance > 1)
            assert_false(geo_shape_touches_circle(&shape, point, distance - 0.01));
    }
}

static void large_polygon(void **state)
{
    (void)state;
    enum { count = 41000 };
    static struct geo_point points[count + 1];
    struct chance chance = chance_of(6);
    for (int i = 0; i < count; i++) {
        double angle = 2 * M_PI * i / count, ray = 0.5 + 0.1 * sin(9 * angle) + 0.02 * sin(301 * angle);
        points[i] = (struct geo_point){34 + ray * sin(angle), -118 + ray * cos(angle)};
    }
    points[count] = points[0];
    const struct geo_ring ring = {points, count + 1};
    const struct geo_polygon polygon = {&ring, 1};
    const struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &polygon, .polygon_count = 1};
    assert_int_equal(geo_shape_check(&shape), GEO_OK);
    static geo_cell cells[20000];
    size_t cell_count;
    assert_int_equal(geo_cover_uniform(&shape, 6, cells, 20000, &cell_count), GEO_OK);
    for (int i = 0; i < 2000; i++) {
        struct geo_point point = {
            34 + chance_between(&chance, -0.7, 0.7), -118 + chance_between(&chance, -0.7, 0.7)};
        bool listed = false;
        geo_cell cell;
        assert_int_equal(geo_encode(point, 6, &cell), GEO_OK);
        for (size_t j = 0; j < cell_count; j++)
            listed |= cells[j] == cell;
        if (i < 300)
            assert_int_equal(listed, geo_shape_touches_cell(&shape, cell));
        double angle = atan2(point.lat - 34, point.lon + 118),
               ray = 0.5 + 0.1 * sin(9 * angle) + 0.02 * sin(301 * angle);
        double from = hypot(point.lat - 34, point.lon + 118);
        if (from < ray - 0.001)
            assert_true(listed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances), cmocka_unit_test(near_the_ellipsoid),
        cmocka_unit_test(circle_meets_cells), cmocka_unit_test(circle_tangent),
        cmocka_unit_test(circle_covers), cmocka_unit_test(no_room), cmocka_unit_test(polygon_with_hole),
        cmocka_unit_test(over_the_antimeridian), cmocka_unit_test(around_a_pole),
        cmocka_unit_test(bad_shapes), cmocka_unit_test(random_polygons), cmocka_unit_test(edge_distances),
        cmocka_unit_test(distance_to_an_edge_around_a_pole), cmocka_unit_test(large_polygon)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
