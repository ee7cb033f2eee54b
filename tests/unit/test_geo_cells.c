/* Cells: the published vectors, the edges of the globe, and laws that hold for every point. */
#include "test_geo.h"

#include "geo/internal.h"

static void known_hashes(void **state)
{
    (void)state;
    static const struct {
        double lat, lon;
        const char *hash;
    } known[] = {
        {57.64911, 10.40744, "u4pruydqqvj"}, /* the example of the geohash article */
        {42.605, -5.603, "ezs42"},
        {34.0686, -118.0276, "9qh1"},
        {0, 0, "s00000000000"},
        {-90, -180, "000000000000"},
        {90, 180, "zzzzzzzzzzzz"},
        {-1e-20, -1e-20, "7zzzzzzzzzzz"}, /* -1e-20 + 90 rounds to 90: still the lower cell */
        {90, -180, "bpbpbpbpbpbp"},
        {-90, 180, "pbpbpbpbpbpb"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        geo_cell cell;
        char text[GEO_CELL_TEXT];
        int precision = (int)strlen(known[i].hash);
        assert_int_equal(
            geo_encode((struct geo_point){known[i].lat, known[i].lon}, precision, &cell), GEO_OK);
        assert_int_equal(geo_format(cell, text), precision);
        assert_string_equal(text, known[i].hash);
        assert_int_equal(geo_precision(cell), precision);
        assert_true(cell_of(known[i].hash) == cell);
    }
}

static void refusals(void **state)
{
    (void)state;
    geo_cell cell = 7;
    assert_int_equal(geo_encode((struct geo_point){90.0000001, 0}, 6, &cell), GEO_BAD_LATITUDE);
    assert_int_equal(geo_encode((struct geo_point){NAN, 0}, 6, &cell), GEO_BAD_LATITUDE);
    assert_int_equal(geo_encode((struct geo_point){0, -180.0000001}, 6, &cell), GEO_BAD_LONGITUDE);
    assert_int_equal(geo_encode((struct geo_point){0, INFINITY}, 6, &cell), GEO_BAD_LONGITUDE);
    assert_int_equal(geo_encode((struct geo_point){0, 0}, 0, &cell), GEO_BAD_PRECISION);
    assert_int_equal(geo_encode((struct geo_point){0, 0}, 13, &cell), GEO_BAD_PRECISION);
    assert_int_equal(geo_parse("", 0, &cell), GEO_BAD_LENGTH);
    assert_int_equal(geo_parse("0123456789bcd", 13, &cell), GEO_BAD_LENGTH);
    for (const char *bad = "ailo AILO-\xff@[`{"; *bad != '\0'; bad++)
        assert_int_equal(geo_parse(bad, 1, &cell), GEO_BAD_CHARACTER);
    assert_int_equal(geo_parse("9q\0h", 4, &cell), GEO_BAD_CHARACTER);
    assert_true(cell == 7);
    for (int error = 0; error < GEO_ERROR_COUNT; error++)
        assert_true(strlen(geo_error_text((enum geo_error)error)) > 5);
    assert_string_equal(geo_error_text((enum geo_error)999), "an unknown error");
    char text[GEO_CELL_TEXT] = "x";
    assert_int_equal(geo_format(0, text), 0);
    assert_string_equal(text, "");
    assert_int_equal(geo_format(~UINT64_C(0), text), 0); /* 15 is no precision */
}

static void families(void **state)
{
    (void)state;
    geo_cell cell = cell_of("9QH1F5");
    assert_true(cell == cell_of("9qh1f5"));
    assert_true(geo_parent(cell, 5) == cell_of("9qh1f"));
    assert_true(geo_parent(cell, 1) == cell_of("9"));
    assert_true(geo_parent(cell, 6) == cell && geo_parent(cell, 12) == cell);
    assert_true(geo_parent(cell, 0) == 0 && geo_parent(cell, -1) == 0 && geo_parent(0, 3) == 0);
    assert_true(geo_contains(cell_of("9qh1"), cell) && geo_contains(cell, cell));
    assert_false(geo_contains(cell, cell_of("9qh1")));
    assert_false(geo_contains(cell_of("9qh2"), cell));
    assert_false(geo_contains(0, cell) || geo_contains(cell, 0) || geo_contains(0, 0));
    assert_true(cell_of("9qh1f4") < cell && cell < cell_of("9qh1f6"));
}

static void check_neighbors(const char *hash, const char *expected)
{
    geo_cell cells[8];
    char text[8 * GEO_CELL_TEXT] = "", one[GEO_CELL_TEXT];
    int count = geo_neighbors(cell_of(hash), cells);
    for (int i = 0; i < count; i++) {
        geo_format(cells[i], one);
        strcat(strcat(text, i > 0 ? " " : ""), one);
    }
    assert_string_equal(text, expected);
}

static void neighbor_cells(void **state)
{
    (void)state;
    check_neighbors("dqcjq", "dqcjw dqcjx dqcjr dqcjp dqcjn dqcjj dqcjm dqcjt");
    check_neighbors("z", "b 8 x w y"); /* the corner at 90, 180: over the antimeridian, not over the pole */
    check_neighbors("0", "2 3 1 p r");
    check_neighbors("bp", "br bq bn zy zz");
    geo_cell cells[8];
    assert_int_equal(geo_neighbors(0, cells), 0);
    assert_int_equal(geo_neighbors(15, cells), 0);
}

static void laws(void **state)
{
    (void)state;
    struct chance chance = chance_of(1);
    for (long i = 0; i < rounds(100000); i++) {
        struct geo_point point = chance_point(&chance);
        int precision = 1 + chance_below(&chance, GEO_MAX_PRECISION);
        geo_cell cell, again;
        char text[GEO_CELL_TEXT];
        assert_int_equal(geo_encode(point, precision, &cell), GEO_OK);
        struct geo_box box = geo_bounds(cell);
        assert_true(
            box.south <= point.lat && point.lat < box.north && box.west <= point.lon && point.lon < box.east);
        assert_int_equal(geo_encode((struct geo_point){box.south, box.west}, precision, &again), GEO_OK);
        assert_true(again == cell);
        assert_int_equal(geo_encode(geo_center(cell), precision, &again), GEO_OK);
        assert_true(again == cell);
        assert_int_equal(geo_parse(text, geo_format(cell, text), &again), GEO_OK);
        assert_true(again == cell);
        assert_int_equal(geo_encode(point, 12, &again), GEO_OK);
        assert_true(geo_parent(again, precision) == cell && geo_contains(cell, again));

        geo_cell near[8], back[8];
        int count = geo_neighbors(cell, near);
        assert_int_equal(count, box.north == 90 || box.south == -90 ? 5 : 8);
        for (int j = 0; j < count; j++) {
            int found = 0, back_count = geo_neighbors(near[j], back);
            for (int k = 0; k < back_count; k++)
                found += back[k] == cell;
            assert_int_equal(found, 1);
        }
    }
}

/* The definition itself: halve, and say which half. */
static geo_cell bit_by_bit(struct geo_point point, int precision)
{
    double south = -90, north = 90, west = -180, east = 180;
    geo_cell cell = (uint64_t)precision;
    for (int i = 0; i < 5 * precision; i++) {
        double *low = i % 2 == 0 ? &west : &south, *high = i % 2 == 0 ? &east : &north;
        double middle = (*low + *high) / 2, value = i % 2 == 0 ? point.lon : point.lat;
        if (value >= middle)
            cell |= UINT64_C(1) << (63 - i);
        *(value >= middle ? low : high) = middle;
    }
    return cell;
}

static void same_as_definition(void **state)
{
    (void)state;
    struct chance chance = chance_of(2);
    for (long i = 0; i < rounds(100000); i++) {
        struct geo_point point = chance_point(&chance);
        if (i % 2 == 0) { /* on and beside the lines of the grid */
            point.lat = ldexp(round(ldexp(point.lat / 180, 10 + i % 21)), -(int)(10 + i % 21)) * 180;
            point.lon = ldexp(round(ldexp(point.lon / 360, 10 + i % 21)), -(int)(10 + i % 21)) * 360;
            if (i % 4 == 0) {
                point.lat = nextafter(point.lat, i % 8 == 0 ? -90 : 90);
                point.lon = nextafter(point.lon, i % 16 < 8 ? -180 : 180);
            }
        }
        geo_cell cell;
        int precision = 1 + (int)(i % 12);
        assert_int_equal(geo_encode(point, precision, &cell), GEO_OK);
        assert_true(cell == bit_by_bit(point, precision));
    }
}

/* Both ways of the arrays give what the single functions give, bit for bit, also beside the lines of the
 * grid. */
static void arrays(void **state)
{
    (void)state;
    enum { MANY = 1001 };
    static struct geo_point points[MANY], back[2][MANY];
    static geo_cell cells[2][MANY];
    struct chance chance = chance_of(3);
    for (long round = 0; round < rounds(100); round++) {
        int precision = 1 + (int)(round % 12);
        size_t good = 0;
        for (int i = 0; i < MANY; i++) {
            points[i] = chance_point(&chance);
            if (i % 4 == 0) {
                points[i].lat = nextafter(rint(points[i].lat * 64 / 45) * 45 / 64, i % 8 == 0 ? -90 : 0);
                points[i].lon = rint(points[i].lon * 32 / 45) * 45 / 32;
            }
            if (i % 50 == 7)
                points[i].lat = i % 100 == 7 ? NAN : 90.0001;
            if (i % 50 == 8)
                points[i].lon = i % 100 == 8 ? -HUGE_VAL : 180;
            geo_cell cell;
            good += geo_encode(points[i], precision, &cell) == GEO_OK;
        }
        assert_int_equal(geo_encode_many_portable(points, MANY, precision, cells[0]), good);
        assert_int_equal(geo_encode_many(points, MANY, precision, cells[1]), good);
        for (int i = 0; i < MANY; i++) {
            geo_cell cell = 0;
            if (geo_encode(points[i], precision, &cell) != GEO_OK)
                cell = 0;
            assert_true(cells[0][i] == cell && cells[1][i] == cell);
        }
        assert_int_equal(geo_decode_many_portable(cells[0], MANY, back[0]), good);
        assert_int_equal(geo_decode_many(cells[0], MANY, back[1]), good);
        for (int i = 0; i < MANY; i++) {
            struct geo_point center = geo_center(cells[0][i]);
            bool same = back[0][i].lat == center.lat && back[1][i].lat == center.lat &&
                        back[0][i].lon == center.lon && back[1][i].lon == center.lon;
            assert_true(cells[0][i] == 0 ? isnan(back[0][i].lat) && isnan(back[1][i].lon) : same);
        }
    }
    assert_int_equal(geo_encode_many(points, 1, 0, cells[0]), 0);
    assert_int_equal(geo_encode_many(points, 1, 13, cells[0]), 0);
    assert_true(cells[0][0] == 0);
    if (!geo_fast_bits())
        print_message("no AVX2 and BMI2 here: the portable way was tried twice\n");
}

static void kin(void **state)
{
    (void)state;
    assert_true(geo_common_ancestor(cell_of("9qh1f5"), cell_of("9qh1g")) == cell_of("9qh1"));
    assert_true(geo_common_ancestor(cell_of("9qh1"), cell_of("9qh1g")) == cell_of("9qh1"));
    assert_true(geo_common_ancestor(cell_of("9qh1"), cell_of("9qh1")) == cell_of("9qh1"));
    assert_true(geo_common_ancestor(cell_of("9qh1"), cell_of("8qh1")) == 0);
    assert_true(geo_common_ancestor(cell_of("9qh1"), 0) == 0);
    geo_cell children[32];
    assert_int_equal(geo_children(0, children), 0);
    assert_int_equal(geo_children(cell_of("9qh1f59qh1f5"), children), 0);
    assert_int_equal(geo_children(cell_of("9qh1"), children), 32);
    assert_true(children[0] == cell_of("9qh10") && children[31] == cell_of("9qh1z"));
    struct geo_point error = geo_error(cell_of("ezs42")); /* the example of the geohash article: 0.022 each */
    assert_near(error.lat, 0.02197265625, 0);
    assert_near(error.lon, 0.02197265625, 0);
    static const geo_cell bad[] = {
        0, 13, 15, ~UINT64_C(0), 1 | UINT64_C(1) << 58, 12 | UINT64_C(1) << 63 | 1};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(geo_valid(bad[i]));
    assert_true(geo_valid(1) && geo_valid(~UINT64_C(0) << 4 | 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_hashes), cmocka_unit_test(refusals),
        cmocka_unit_test(families), cmocka_unit_test(neighbor_cells), cmocka_unit_test(laws),
        cmocka_unit_test(arrays), cmocka_unit_test(kin), cmocka_unit_test(same_as_definition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
