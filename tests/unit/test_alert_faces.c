/* Which faces of an alert a followed place touches: faces with an index say what those without say. */
#include <math.h>
#include <string.h>

#include "broker/session/place.h"
#include "proto/arena.h"
#include "tests/unit/test_geo.h"

enum { PLACES = 300, MOST_POINTS = 20000 };

/* A star around the middle of a city: its border comes and goes many times over the places below. */
static struct geo_shape star(size_t corners, struct arena *arena)
{
    struct geo_point *points = arena_alloc(arena, (corners + 1) * sizeof *points);
    struct geo_ring *ring = arena_alloc(arena, sizeof *ring);
    struct geo_polygon *polygon = arena_alloc(arena, sizeof *polygon);
    struct chance chance = chance_of(corners);

    for (size_t i = 0; i < corners; i++) {
        double angle = 2 * M_PI * (double)i / (double)corners, reach = chance_between(&chance, 0.1, 0.3);
        points[i] = (struct geo_point){34.05 + reach * cos(angle), -118.24 + reach * sin(angle)};
    }
    points[corners] = points[0];
    *ring = (struct geo_ring){points, corners + 1};
    *polygon = (struct geo_polygon){ring, 1};
    return (struct geo_shape){.kind = GEO_POLYGONS, .polygons = polygon, .polygon_count = 1};
}

static struct followed_place place_somewhere(struct chance *chance)
{
    static const uint32_t lengths[] = {400, 800, 1600, 3200, 8000};
    struct geo_point point = {chance_between(chance, 33.6, 34.5), chance_between(chance, -118.7, -117.8)};
    struct followed_place place = {.kind = chance_below(chance, 2) ? FOLLOW_NEAR : FOLLOW_CELL};
    int precision = place.kind == FOLLOW_NEAR ? 6 : 4 + chance_below(chance, 3);

    assert_int_equal(geo_encode(point, precision, &place.cell), GEO_OK);
    place.center = geo_center(place.cell);
    place.metres = lengths[chance_below(chance, 5)];
    return place;
}

/* The alert's face 0 has no index, face 1 may have one. */
static void assert_both_ways_agree(size_t corners, bool prepared)
{
    struct arena arena;
    struct chance chance = chance_of(7);
    size_t touched = 0;

    arena_init(&arena, NULL, 0);
    struct alert_face faces[2] = {{.shape = star(corners, &arena)}, {.shape = star(corners, &arena)}};
    struct alert_object alert = {.serial = 1, .face_count = 2, .faces = faces};
    alert_face_prepare(&faces[1], &arena);
    assert_int_equal(faces[1].prepared != NULL, prepared);
    for (size_t i = 0; i < PLACES; i++) {
        struct followed_place place = place_somewhere(&chance);
        uint64_t found = place_alert_faces(&place, &alert);
        if (found != 0 && found != 3)
            fail_msg("place %zu, %zu corners: faces %llx", i, corners, (unsigned long long)found);
        touched += found == 3;
    }
    assert_in_range(touched, PLACES / 20, PLACES * 19 / 20);
    arena_free(&arena);
}

static void faces_of_any_size_are_touched_alike(void **state)
{
    (void)state;
    assert_both_ways_agree(5, false);
    assert_both_ways_agree(62, false);
    assert_both_ways_agree(63, true);
    assert_both_ways_agree(500, true);
    assert_both_ways_agree(MOST_POINTS, true);
}

static void circles_and_points_need_no_index(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct alert_face face = {.shape = {.kind = GEO_CIRCLE, .center = {34.05, -118.24}, .radius = 800}};
    alert_face_prepare(&face, &arena);
    assert_null(face.prepared);
    assert_true(alert_face_touches_circle(&face, (struct geo_point){34.05, -118.23}, 400));
    assert_false(alert_face_touches_circle(&face, (struct geo_point){34.05, -118.22}, 400));
    assert_true(alert_face_touches_cell(&face, cell_of("9q5ct")));
    assert_false(alert_face_touches_cell(&face, cell_of("9q8yy")));
    face.shape = (struct geo_shape){.kind = GEO_POINT, .center = {34.05, -118.24}};
    alert_face_prepare(&face, &arena);
    assert_null(face.prepared);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faces_of_any_size_are_touched_alike),
        cmocka_unit_test(circles_and_points_need_no_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
