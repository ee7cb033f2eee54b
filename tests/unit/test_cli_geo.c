/* `neighbors geo`: what it prints of cells and areas, and how it draws them. */
#include <jansson.h>

#include "tests/unit/cli_case.h"

static const struct command_case cases[] = {
    {"geo encode 57.64911,10.40744 --precision 11", 0, "=u4pruydqqvj\n"},
    {"geo encode 34.0522,-118.2437", 0, "=9q5ctr\n"},
    {"geo encode -33.86,151.2", 0, "=r3gx2e\n"},
    {"geo encode -33.86,151.2 --json", 0, "={\"cell\":\"r3gx2e\"}\n"},
    {"geo encode 91,0", 1, "the latitude"},
    {"geo encode 1", 2, "is not LATITUDE,LONGITUDE"},
    {"geo encode 1,1 --precision 13", 2, "a whole number from 1 to 12"},
    {"geo decode ezs42", 0, "42.60498046875,-5.60302734375"},
    {"geo decode ezs42 --json", 0, "\"south\":42.5830078125"},
    {"geo decode eaz", 1, "eaz: "},
    {"geo neighbors s", 0, ""},
    {"geo parent ezs42", 0, "=ezs4\n"},
    {"geo parent ezs42 --precision 1", 0, "=e\n"},
    {"geo parent ezs42 --precision 6", 2, "a whole number from 1 to 5"},
    {"geo parent e", 1, "no coarser cells"},
    {"geo children ezs42", 0, "ezs420\nezs421\n"},
    {"geo children ezs42ezs42zz", 1, "no finer cells"},
    {"geo ancestor ezs42 ezs4z ezk", 0, "=ez\n"},
    {"geo ancestor ezs42 9", 1, "no cell contains all of them"},
    {"geo ancestor ezs42", 2, "two geohashes or more"},
    {"geo contains 9q5 34.05,-118.24", 0, "=in\n"},
    {"geo contains 9q5ct 9q5", 0, "=partly\n"},
    {"geo contains 9q5ct 9q8 --json", 0, "={\"what\":\"9q8\",\"side\":\"out\"}\n"},
    {"geo contains --circle 34.05,-118.24,2000 9q5ctr", 0, "=in\n"},
    {"geo contains --circle 34.05,-118.24,2000 9q5ct", 0, "=partly\n"},
    {"geo contains --circle -33.86,151.2,2000 -33.9,151.2", 0, "=out\n"},
    {"geo contains 9q5", 2, "say a geohash or an area"},
    {"geo concerned --circle 34,-118,300 -", 0, "="},
    {"geo concerned --circle 34,-118,300 - <<'END'\n# who\n34.01,-118,800 "
     "ann\n34.01,-118,811.7\n34.01,-118,812 "
     "ben\n\n34,-117,9\nEND\n",
        0, "=34.01,-118,812 ben\n"},
    {"geo concerned --circle 34,-118,300 --json - <<'END'\n\n34,-118,0\nEND\n", 0,
        "={\"line\":2,\"lat\":34.0,\"lon\":-118.0,\"metres\":0.0,\"text\":\"34,-118,0\"}\n"},
    {"geo concerned --circle 34,-118,300 - <<'END'\n34,-118\nEND\n", 2, "\"34,-118\" is not LAT,LON,METRES"},
    {"geo concerned --circle 34,-118,300 - <<'END'\n34,-118,5m\nEND\n", 2, "is not LAT,LON,METRES"},
    {"geo concerned --circle 34,-118,300 - <<'END'\n34,-118,-1\nEND\n", 1, "34,-118,-1: the radius"},
    {"geo concerned --circle 34,-118,300 /nonexistent", 1, "/nonexistent: No such file"},
    {"geo concerned /dev/null", 2, "say an area"},
    {"geo contains 9q5 91,0", 1, "the latitude"},
    {"geo contains 9q5 1,1x", 2, "is not LATITUDE,LONGITUDE"},
    {"geo distance -33.86,151.2 -33.86,151.2", 0, "=0.000\n"},
    {"geo distance 0,0 -- -1,0", 0, "=111195.080\n"},
    {"geo distance -1,0 0,0 --json", 0, "{\"metres\":111195.0"},
    {"geo distance --circle 0,0,1000 1,0", 0, "=110195.080\n"},
    {"geo distance 0,0", 2, "two places"},
    {"geo area s", 0, "south 0 west 0 north 45 east 45\n"},
    {"geo area --circle 0,0,1000", 0, "3141592.6"},
    {"geo area --circle 0,0,1000 --json", 0, "{\"area\":3141592.6"},
    {"geo area", 2, "say one geohash"},
    {"geo check --circle 1,1,1", 0, "=1,1,1: ok\n"},
    {"geo check --circle 1,181,1", 1, "1,181,1: the longitude"},
    {"geo check --circle 1,181,1 --json", 1, "\"ok\":false"},
    {"geo check", 2, "say one area"},
    {"geo cover --circle 34.05,-118.24,800 --max 5", 0, "=9q5ct\n"},
    {"geo cover --circle 34.05,-118.24,800 --max 5 --json", 0,
        "{\"cell\":\"9q5ct\",\"side\":\"partly\",\"cover\":{\"cells\":1,\"area\":"},
    {"geo cover --circle 34.05,-118.24,800 --max 5 --json", 0, "\"forced\":false"},
    {"geo cover --circle 34.05,-118.24,2000 --max 7 --json", 0, "\"forced\":true"},
    {"geo cover --circle 34.05,-118.24,2000 --interior --cells 1", 0, "=9q5ctj\n"},
    {"geo cover --circle 34.05,-118.24,2 --interior", 0, "="},
    {"geo cover --circle 34.05,-118.24,9000 --min 7 --max 7 --cells 60000 | wc -l", 0, "=13431\n"},
    {"geo cover --circle 34.05,-118.24,9000 --max 8 --cells 60000 | wc -l", 0, "=1024\n"},
    {"geo show --circle 34.05,-118.24,800 --svg /nonexistent/picture", 1, "No such file"},
    {"geo show --circle 34.05,-118.24,800 --svg /dev/full", 1, "cannot be written"},
    {"geo show", 2, "say one area"},
    {"geo cover --circle 34.05,-118.24,8000 --min 6 --cells 10", 1,
        "takes more than 10 cells of precision 6"},
    {"geo cover --circle 34.05,-118.24,-1", 1, "34.05,-118.24,-1: "},
    {"geo cover --circle 34.05,-118.24,9 --polygon x", 2, "--circle LAT,LON,METRES or --polygon FILE"},
    {"geo cover --polygon /nonexistent", 1, "No such file"},
    {"geo cover --polygon - < /dev/null", 1, "-:1: "},
    {"geo cover --circle 34.05,-118.24", 2, "--circle has the form"},
    {"geo cover", 2, "--circle LAT,LON,METRES"},
    {"geo cover --circle 1,1,100 --min 6 --max 5", 2, "--min is finer than --max"},
};

static void each_call_ends_as_it_should(void **state)
{
    (void)state;
    assert_cases(cases, sizeof cases / sizeof *cases);
}

/* ---- polygons ---- */

#define SQUARE "[[[10.41,57.64],[10.43,57.64],[10.43,57.65],[10.41,57.65],[10.41,57.64]]]"

static void polygons_are_read_wherever_geojson_has_them(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int code;
        const char *output;
    } files[] = {
        {"{\"type\":\"Polygon\",\"coordinates\":" SQUARE "}", 0, "u4pru\n"},
        {"{\"type\":\"MultiPolygon\",\"coordinates\":[" SQUARE "]}", 0, "u4pru\n"},
        {"{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":"
         "{\"type\":\"Polygon\",\"coordinates\":" SQUARE "}}]}",
            0, "u4pru\n"},
        {"{\"type\":\"Point\",\"coordinates\":[10.41,57.64]}", 1, "only polygons can be covered"},
        {"{\"type\":\"FeatureCollection\",\"features\":[]}", 1, "there is no polygon in it"},
        {"{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3]]]}", 1, "a position is an array"},
        {"{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[3,4],[1,2]]]}", 1, "-: "},
        {"[]", 1, "this is not GeoJSON"},
        {"{", 1, "-:2: "},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char arguments[600], output[OUTPUT];
        snprintf(
            arguments, sizeof arguments, "geo cover --max 5 --polygon - <<'END'\n%s\nEND\n", files[i].json);
        int code = run(arguments, output);
        if (code != files[i].code || !strstr(output, files[i].output))
            fail_msg("%s\n  ended with %d and said: %s", files[i].json, code, output);
    }
}

static void what_is_wrong_with_a_polygon_is_told_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *rings;
        const char *output;
    } files[] = {
        {"[[0,0],[2,0],[2,2],[0,2],[0,0]]", "-: ok\n"},
        {"[[0,0],[2,0],[2,2],[0,2]]", "-: polygon 1, ring 1, point 4 at 2,0: the last point"},
        {"[[0,0],[2,91],[2,2],[0,0]]", "-: polygon 1, ring 1, point 2 at 91,2: the latitude"},
        {"[[0,0],[3,2],[3,0],[0,1],[0,0]]", "-: polygon 1, ring 1, point 1 at 0,0: the edges"},
        {"[[0,0],[2,0],[2,2],[0,2],[0,0]],[[5,5],[6,5],[6,6],[5,5]]",
            "-: polygon 1, ring 2, point 1 at 5,5: a hole"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char arguments[400], output[OUTPUT];
        snprintf(arguments, sizeof arguments,
            "geo check --polygon - <<'END'\n{\"type\":\"Polygon\",\"coordinates\":[%s]}\nEND\n",
            files[i].rings);
        int code = run(arguments, output);
        if (code != (i > 0) || !strstr(output, files[i].output))
            fail_msg("%s\n  ended with %d and said: %s", files[i].rings, code, output);
    }
}

/* ---- geo show ---- */

static void an_area_is_shown_as_geojson(void **state)
{
    (void)state;
    char output[OUTPUT];
    const char *cell, *side, *geometry;
    double lat, excess;
    int forced;
    assert_int_equal(run("geo show --circle 34.05,-118.24,800 --max 5", output), 0);
    json_t *root = json_loads(output, 0, NULL), *features = json_object_get(root, "features");
    assert_string_equal(json_string_value(json_object_get(root, "type")), "FeatureCollection");
    assert_int_equal(json_array_size(features), 2);
    assert_int_equal(
        json_unpack(json_array_get(features, 0), "{s:{s:s, s:s}, s:{s:s, s:[[[F, F]]]}}", "properties",
            "cell", &cell, "side", &side, "geometry", "type", &geometry, "coordinates", &excess, &lat),
        0);
    assert_string_equal(cell, "9q5ct");
    assert_string_equal(side, "partly");
    assert_string_equal(geometry, "Polygon");
    assert_int_equal(json_unpack(json_array_get(features, 1), "{s:{s:{s:F}, s:{s:F, s:b}}}", "properties",
                         "circle", "lat", &lat, "cover", "excess", &excess, "forced", &forced),
        0);
    assert_true(lat == 34.05 && excess > 0 && !forced);
    json_decref(root);
}

static size_t times(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        count++;
    return count;
}

/* Each cell of the cover is in the picture, whatever lies where. */
static void an_area_is_drawn(void **state)
{
    (void)state;
    static const char *const shapes[] = {"--circle 34.05,-118.24,2000",
        "--circle 34.05,-118.24,2000 --interior", "--circle 89,10,300000 --max 2",
        "--circle -89,-180,300000 --max 2", "--circle -17,179.99,3000 --max 5",
        "--circle 0,0,20000000 --max 1", "--circle 34.05,-118.24,0"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char arguments[200], output[OUTPUT], cells[OUTPUT];
        snprintf(arguments, sizeof arguments, "geo show %s --svg -", shapes[i]);
        assert_int_equal(run(arguments, output), 0);
        snprintf(arguments, sizeof arguments, "geo cover %s", shapes[i]);
        assert_int_equal(run(arguments, cells), 0);
        assert_int_equal(strncmp(output, "<svg ", 5), 0);
        assert_string_equal(output + strlen(output) - 7, "</svg>\n");
        assert_int_equal(times(output, "<rect class="), times(cells, "\n"));
        assert_int_equal(times(output, "<path class=\"area\""), 1);
        assert_null(strstr(output, "nan"));
        assert_null(strstr(output, "inf"));
        assert_int_equal(times(output, "<text"), times(output, "</text>"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_ends_as_it_should),
        cmocka_unit_test(polygons_are_read_wherever_geojson_has_them),
        cmocka_unit_test(what_is_wrong_with_a_polygon_is_told_with_its_place),
        cmocka_unit_test(an_area_is_shown_as_geojson),
        cmocka_unit_test(an_area_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
