/* An agency's jurisdiction, from the bytes of the registry to what is asked of it; and those bytes. */
#include "broker/jurisdiction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/codec.h"

#define DEGREE 10000000

/* A square of half a degree, by its south-west corner. */
static struct polygon square(struct arena *arena, int lat, int lon)
{
    struct position corners[] = {{lat, lon}, {lat, lon + DEGREE / 2}, {lat + DEGREE / 2, lon + DEGREE / 2},
        {lat + DEGREE / 2, lon}, {lat, lon}};
    struct ring *ring = arena_alloc(arena, sizeof *ring);
    *ring = (struct ring){5, arena_alloc(arena, sizeof corners)};
    memcpy(ring->points, corners, sizeof corners);
    return (struct polygon){1, ring};
}

static struct bytes islands(struct arena *arena, size_t count)
{
    struct place place = {.kind = PLACE_POLYGONS, .polygon_count = count};
    place.polygons = arena_alloc(arena, count * sizeof *place.polygons);
    for (size_t i = 0; i < count; i++)
        place.polygons[i] = square(arena, (int)(i / 300) * DEGREE, (int)(i % 300) * (DEGREE / 2));
    return codec_encode_polygons(&place, arena);
}

static void what_was_kept_is_asked(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct bytes encoded = islands(&arena, 1);
    struct jurisdiction *jurisdiction = jurisdiction_new(encoded);
    assert_int_equal(jurisdiction_shape(jurisdiction)->polygon_count, 1);
    const struct geo_prepared *prepared = jurisdiction_prepared(jurisdiction);
    assert_true(geo_prepared_contains(prepared, (struct geo_point){0.25, 0.25}));
    assert_false(geo_prepared_contains(prepared, (struct geo_point){0.75, 0.25}));
    assert_true(jurisdiction_is(jurisdiction, encoded));
    struct bytes other = islands(&arena, 2);
    assert_false(jurisdiction_is(jurisdiction, other));
    assert_false(jurisdiction_is(NULL, other));
    assert_null(jurisdiction_shape(NULL));
    assert_null(jurisdiction_prepared(NULL));
    jurisdiction_free(jurisdiction);
    jurisdiction_free(NULL);
    arena_free(&arena);
}

static void of_what_cannot_be_read_nothing_is_inside(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct bytes good = islands(&arena, 2);
    for (size_t len = 1; len < good.len; len++) {
        struct jurisdiction *cut = jurisdiction_new((struct bytes){good.data, len});
        geo_cell cell = 0;
        assert_non_null(jurisdiction_shape(cut));
        if (jurisdiction_shape(cut)->polygon_count == 0) {
            assert_int_equal(geo_encode((struct geo_point){0.25, 0.25}, 6, &cell), GEO_OK);
            assert_false(geo_prepared_contains(jurisdiction_prepared(cut), (struct geo_point){0.25, 0.25}));
            assert_int_equal(geo_prepared_side(jurisdiction_prepared(cut), cell), GEO_OUT);
            assert_int_equal(geo_shape_side(jurisdiction_shape(cut), cell), GEO_OUT);
        }
        jurisdiction_free(cut);
    }
    arena_free(&arena);
}

static void polygons_come_back_and_add_up(void **state)
{
    (void)state;
    struct arena arena;
    struct place place;
    struct refusal refusal = {0};
    arena_init(&arena, NULL, 0);
    struct bytes many = islands(&arena, LIMIT_KEPT_POLYGONS);
    assert_true(codec_decode_polygons(many, &arena, &place, &refusal));
    assert_int_equal(place.polygon_count, LIMIT_KEPT_POLYGONS);
    struct bytes again = codec_encode_polygons(&place, &arena);
    assert_int_equal(again.len, many.len);
    assert_memory_equal(again.data, many.data, many.len);
    struct bytes too_many = islands(&arena, LIMIT_KEPT_POLYGONS + 1);
    assert_false(codec_decode_polygons(too_many, &arena, &place, &refusal));
    assert_string_equal(refusal.rule, "at most 4096");
    /* The bytes of two places, one behind the other, are both. */
    struct bytes one = islands(&arena, 1), two = islands(&arena, 2);
    uint8_t *both = arena_alloc(&arena, one.len + two.len);
    memcpy(both, one.data, one.len);
    memcpy(both + one.len, two.data, two.len);
    assert_true(codec_decode_polygons((struct bytes){both, one.len + two.len}, &arena, &place, &refusal));
    assert_int_equal(place.polygon_count, 3);
    assert_false(codec_decode_polygons((struct bytes){NULL, 0}, &arena, &place, &refusal));
    arena_free(&arena);
}

static bool holds(const struct jurisdiction *jurisdiction, const struct geo_shape *shape)
{
    size_t size = geo_prepared_size(shape);
    void *memory = malloc(size);
    bool held = jurisdiction_holds(jurisdiction, shape, geo_prepare(shape, memory, size));
    free(memory);
    return held;
}

/* A rectangle by its sides, in degrees. */
static bool holds_box(
    const struct jurisdiction *jurisdiction, double south, double west, double north, double east)
{
    struct geo_point corners[] = {{south, west}, {south, east}, {north, east}, {north, west}, {south, west}};
    struct geo_ring ring = {corners, 5};
    struct geo_polygon polygon = {&ring, 1};
    struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &polygon, .polygon_count = 1};
    return holds(jurisdiction, &shape);
}

static bool holds_circle(const struct jurisdiction *jurisdiction, double lat, double lon, double radius)
{
    struct geo_shape shape = {.kind = GEO_CIRCLE, .center = {lat, lon}, .radius = radius};
    return holds(jurisdiction, &shape);
}

/* Two squares side by side, 0 to 0.5 north, 0 to 1 east, and the third row's first: 1 to 1.5 north. */
static void what_sticks_out_is_not_inside(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct jurisdiction *jurisdiction = jurisdiction_new(islands(&arena, 301));
    assert_true(holds_box(jurisdiction, 0.1, 0.1, 0.2, 0.2));
    assert_true(holds_box(jurisdiction, 0, 0, 0.5, 0.5));     /* the border itself */
    assert_true(holds_box(jurisdiction, 0.1, 0.1, 0.4, 0.9)); /* over the line between two of its parts */
    assert_true(holds_box(jurisdiction, 0, 0, 0.50005, 0.5)); /* 6 m out: rounded */
    assert_false(holds_box(jurisdiction, 0, 0, 0.5005, 0.5)); /* 55 m out: a corner is */
    assert_false(
        holds_box(jurisdiction, 0.1, 0.1, 1.2, 0.2)); /* corners inside, and what is between is not */
    assert_false(holds_box(jurisdiction, 0.6, 0.1, 0.9, 0.2));
    assert_false(holds_box(jurisdiction, 0.49, 0.1, 1.01, 0.2));
    assert_false(holds_box(jurisdiction, -1, -1, 2, 2)); /* around it */
    assert_true(holds_circle(jurisdiction, 0.25, 0.25, 0));
    assert_true(holds_circle(jurisdiction, 0.25, 0.25, 27000));
    assert_false(holds_circle(jurisdiction, 0.25, 0.25, 28500));
    assert_false(holds_circle(jurisdiction, 0.75, 0.25, 100));
    assert_true(holds_circle(NULL, 80, 80, 500000));
    jurisdiction_free(jurisdiction);
    struct jurisdiction *nowhere = jurisdiction_new((struct bytes){(const uint8_t *)"x", 1});
    assert_false(holds_circle(nowhere, 0.25, 0.25, 0));
    jurisdiction_free(nowhere);
    arena_free(&arena);
}

/* 0 to 0.5 north and east, but for a hole from its middle to 0.25 and `hole` more. */
static struct jurisdiction *with_hole(struct arena *arena, int hole)
{
    int from = DEGREE / 4, to = from + hole;
    struct position corners[] = {{from, from}, {to, from}, {to, to}, {from, to}, {from, from}};
    struct polygon outer = square(arena, 0, 0);
    struct ring *rings = arena_alloc(arena, 2 * sizeof *rings);
    rings[0] = outer.rings[0];
    rings[1] = (struct ring){5, arena_alloc(arena, sizeof corners)};
    memcpy(rings[1].points, corners, sizeof corners);
    struct polygon polygon = {2, rings};
    struct place place = {.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = &polygon};
    return jurisdiction_new(codec_encode_polygons(&place, arena));
}

/* All edges are the jurisdiction's own, and yet what they surround is not: the cells tell. */
static void edges_alone_are_not_enough(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct jurisdiction *jurisdiction = with_hole(&arena, DEGREE / 10);
    assert_true(holds(jurisdiction, jurisdiction_shape(jurisdiction)));
    assert_false(holds_box(jurisdiction, 0, 0, 0.5, 0.5));
    assert_false(holds_box(jurisdiction, 0.25, 0.25, 0.35, 0.35)); /* the hole */
    assert_true(holds_box(jurisdiction, 0, 0, 0.25, 0.5));         /* along it */
    assert_false(holds_box(jurisdiction, 0.25, 0.2, 0.35, 0.4));   /* over it */
    jurisdiction_free(jurisdiction);
    jurisdiction = with_hole(&arena, DEGREE / 500);
    assert_true(holds_box(jurisdiction, 0, 0, 0.5, 0.5)); /* a gap of 220 m is no larger than a cell */
    jurisdiction_free(jurisdiction);
    arena_free(&arena);
}

/* Over the antimeridian, on shared edges and beside them. */
static void the_antimeridian_is_no_border(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct position corners[] = {{0, 179 * DEGREE}, {0, -179 * DEGREE}, {DEGREE, -179 * DEGREE},
        {DEGREE, 179 * DEGREE}, {0, 179 * DEGREE}};
    struct ring ring = {5, corners};
    struct polygon polygon = {1, &ring};
    struct place place = {.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = &polygon};
    struct jurisdiction *jurisdiction = jurisdiction_new(codec_encode_polygons(&place, &arena));
    assert_true(holds(jurisdiction, jurisdiction_shape(jurisdiction)));
    assert_true(holds_box(jurisdiction, 0.1, 179.2, 0.9, -179.2));
    assert_true(holds_box(jurisdiction, 0, 179, 0.5, 179.5));
    assert_false(holds_box(jurisdiction, 0, 178.9, 1, -179));
    assert_false(holds_box(jurisdiction, 0.1, 179.2, 1.1, -179.2));
    jurisdiction_free(jurisdiction);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_kept_is_asked),
        cmocka_unit_test(of_what_cannot_be_read_nothing_is_inside),
        cmocka_unit_test(polygons_come_back_and_add_up),
        cmocka_unit_test(what_sticks_out_is_not_inside),
        cmocka_unit_test(edges_alone_are_not_enough),
        cmocka_unit_test(the_antimeridian_is_no_border),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
