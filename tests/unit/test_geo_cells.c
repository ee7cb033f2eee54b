/* Cells: the published vectors, the edges of the globe, and laws that hold for every point. */
#include "test_geo.h"

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

static void public_vectors(void **state)
{
    (void)state;
    FILE *file = fopen("../shared/data/geo/geohash/encode.tsv", "r");
    if (file == NULL)
        skip();
    char line[200], hash[20], text[GEO_CELL_TEXT];
    struct geo_point point;
    unsigned long long number;
    int tried = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%19s %lf %lf %llx", hash, &point.lat, &point.lon, &number) != 4)
            continue;
        geo_cell cell;
        assert_int_equal(geo_encode(point, 12, &cell), GEO_OK);
        geo_format(cell, text);
        assert_string_equal(text, hash);
        assert_true(cell >> 4 == number >> 4);
        tried++;
    }
    fclose(file);
    assert_true(tried > 4000);
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
    struct chance chance = {1};
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
    struct chance chance = {2};
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_hashes), cmocka_unit_test(public_vectors),
        cmocka_unit_test(refusals), cmocka_unit_test(families), cmocka_unit_test(neighbor_cells),
        cmocka_unit_test(laws), cmocka_unit_test(same_as_definition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
