/* What others have published: geohashes of a reference implementation, the boundaries and areas of real
 * cities and counties, a polygon that is slow to cover. They are not ours to ship; where ../shared/data is
 * not at hand, this test is skipped. */
#include "test_geo.h"

#include "cli/geojson.h"

static FILE *open_or_skip(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        skip();
    return file;
}

/* 4,096 vectors of python-geohash, as github.com/mmcloughlin/geohash has them: text, place, number. */
static void geohashes(void **state)
{
    (void)state;
    FILE *file = open_or_skip("../shared/data/geo/geohash/encode.tsv");
    char line[200], hash[20], text[GEO_CELL_TEXT];
    struct geo_point point;
    unsigned long long number;
    int tried = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        geo_cell cell, part;
        if (sscanf(line, "%19s %lf %lf %llx", hash, &point.lat, &point.lon, &number) != 4)
            continue;
        assert_int_equal(geo_encode(point, 12, &cell), GEO_OK);
        geo_format(cell, text);
        assert_string_equal(text, hash);
        assert_true(cell >> 4 == number >> 4);
        struct geo_point center = geo_center(cell_of(hash)), error = geo_error(cell);
        assert_near(center.lat, point.lat, error.lat);
        assert_near(center.lon, point.lon, error.lon);
        for (int precision = 1; precision < 12; precision++) {
            assert_int_equal(geo_encode(point, precision, &part), GEO_OK);
            assert_int_equal(geo_format(part, text), precision);
            assert_true(strncmp(text, hash, (size_t)precision) == 0 && geo_parent(cell, precision) == part);
        }
        tried++;
    }
    fclose(file);
    assert_int_equal(tried, 4096);
}

/* ---- boundaries ---- */

static bool covered(const geo_cell *cells, size_t count, struct geo_point point)
{
    for (size_t i = 0; i < count; i++) {
        struct geo_box box = geo_bounds(cells[i]);
        if (point.lat >= box.south && point.lat <= box.north && point.lon >= box.west &&
            point.lon <= box.east)
            return true;
    }
    return false;
}

/* Every corner of the border is in the cover, and what is wholly inside holds none. */
static void corners_are_covered(const struct geo_shape *shape)
{
    geo_cell cells[64], inner[64];
    struct geo_cover cover, within;
    assert_int_equal(geo_cover_mixed(shape, (struct geo_limits){1, 8, 64}, cells, &cover), GEO_OK);
    assert_int_equal(geo_cover_interior(shape, (struct geo_limits){1, 8, 64}, inner, &within), GEO_OK);
    assert_true(within.area <= geo_shape_area(shape) * (1 + 1e-9) &&
                geo_shape_area(shape) <= cover.area * (1 + 1e-9));
    for (size_t i = 0; i < cover.count; i++)
        assert_true(geo_shape_touches_cell(shape, cells[i]));
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t j = 0; j < shape->polygons[i].count; j++)
            for (size_t k = 0; k < shape->polygons[i].rings[j].count; k++)
                assert_true(covered(cells, cover.count, shape->polygons[i].rings[j].points[k]));
}

static void prepared_agrees(struct chance *chance, const struct geo_shape *shape)
{
    size_t size = geo_prepared_size(shape);
    void *memory = malloc(size);
    const struct geo_prepared *prepared = geo_prepare(shape, memory, size);
    struct geo_box box = geo_shape_box(shape);
    for (int i = 0; i < 20; i++) {
        struct geo_point point = {
            chance_between(chance, box.south, box.north), chance_between(chance, box.west, box.east)};
        double distance = geo_shape_distance(shape, point),
               radius = distance * chance_between(chance, 0.5, 1.5);
        geo_cell cell;
        point.lon = remainder(point.lon, 360);
        assert_int_equal(geo_encode(point, 4 + chance_below(chance, 5), &cell), GEO_OK);
        assert_near(geo_prepared_distance(prepared, point), distance, 2e-7);
        assert_int_equal(geo_prepared_contains(prepared, point), distance == 0);
        assert_int_equal(geo_shape_contains(shape, point), distance == 0);
        assert_int_equal(geo_prepared_touches_circle(prepared, point, radius), radius >= distance);
        assert_int_equal(geo_prepared_side(prepared, cell), geo_shape_side(shape, cell));
    }
    free(memory);
}

/* Of the Census' cities the file also says how large they are: the sphere's areas differ from the ellipsoid's
 * by less than 1 in 100. */
static void take_feature(const json_t *feature)
{
    struct chance chance = chance_of(11);
    struct arena arena = {0};
    struct geo_shape shape;
    const json_t *properties = json_object_get(feature, "properties");
    assert_null(geojson_take(feature, &arena, &shape));
    assert_int_equal(geo_shape_check(&shape), GEO_OK);
    corners_are_covered(&shape);
    prepared_agrees(&chance, &shape);
    double land = json_number_value(json_object_get(properties, "ALAND"));
    double water = json_number_value(json_object_get(properties, "AWATER"));
    if (land > 0)
        assert_near(geo_shape_area(&shape), land + water, 0.01 * (land + water));
    arena_free(&arena);
}

static int take_features(const char *path)
{
    fclose(open_or_skip(path));
    json_t *file = json_load_file(path, 0, NULL);
    const json_t *features = json_object_get(file, "features");
    int count = (int)json_array_size(features);
    for (int i = 0; i < count; i++)
        take_feature(json_array_get(features, (size_t)i));
    json_decref(file);
    return count;
}

static void cities(void **state)
{
    (void)state;
    assert_int_equal(take_features("../shared/data/geo/boundaries/la-county-88-cities.geojson"), 88);
}

static void counties(void **state)
{
    (void)state;
    assert_int_equal(
        take_features("../shared/data/geo/boundaries/california-counties-click_that_hood.geojson"), 58);
}

static void geocodes(void **state)
{
    (void)state;
    assert_int_equal(take_features("../shared/data/geo/geocodes/same-california.geojson"), 67);
    assert_int_equal(take_features("../shared/data/geo/geocodes/ugc-california.geojson"), 299);
}

/* The line as a whole is no JSON ("rows":?), its geometry is. */
static void slow_to_cover(void **state)
{
    (void)state;
    static char line[1 << 16];
    FILE *file = open_or_skip("../shared/data/geo/geohash/geohash-poly-slowshape.ldj");
    assert_non_null(fgets(line, sizeof line, file));
    fclose(file);
    const char *geometry = strstr(line, "\"geometry\":");
    assert_non_null(geometry);
    json_t *feature = json_loads(geometry + strlen("\"geometry\":"), JSON_DISABLE_EOF_CHECK, NULL);
    take_feature(feature);
    json_decref(feature);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(geohashes), cmocka_unit_test(cities),
        cmocka_unit_test(counties), cmocka_unit_test(geocodes), cmocka_unit_test(slow_to_cover)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
