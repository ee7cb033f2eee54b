/* Topic patterns: what they fit, and that the filters made of them are exact and fit what the pattern fits.
 */
#include "tests/unit/test_edge.h"

static void test_patterns_fit(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *prefix, *topic, *device, *kind; /* device NULL: must not fit */
    } cases[] = {
        {"{p}/{dev}/motion", "frigate", "frigate/porch/motion", "porch", ""},
        {"{p}/{dev}/motion", "a/b", "a/b/porch/motion", "porch", ""},
        {"{p}/{dev}/motion", "frigate", "frigate/porch/motion/state", NULL, NULL},
        {"{p}/{dev}/motion", "frigate", "frigate2/porch/motion", NULL, NULL},
        {"{p}/{dev}/motion", "frigate", "frigate//motion", NULL, NULL},
        {"{p}/{dev}/motion", "frigate", "frigate", NULL, NULL},
        {"{p}/{dev}/audio/{_!all,state}", "frigate", "frigate/porch/audio/all", NULL, NULL},
        {"{p}/{dev}/audio/{_!all,state}", "frigate", "frigate/porch/audio/allow", "porch", ""},
        {"{p}/{dev}_zone_{_}_object_detected_{kind}/state", "v",
            "v/porch_zone_drive_object_detected_person/state", "porch", "person"},
        {"{p}/{dev}_recorder/state", "v", "v/my_recorder_recorder/state", "my_recorder", ""},
        {"{p}/{dev}_recorder/state", "v", "v/_recorder/state", NULL, NULL},
        {"{p}/{dev+}", "zigbee2mqtt", "zigbee2mqtt/hall/pir 1", "hall/pir 1", ""},
        {"{dev+}/onvif-ej/Motion/{_+}", "", "a/b/onvif-ej/Motion/&1/2", "a/b", ""},
        {"{dev+}/onvif-ej/Motion/{_+}", "", "a/b/onvif-ej/Motion", NULL, NULL},
        {"{dev}/binary_sensor/{dev}/state", "", "node/binary_sensor/pir/state", "node/pir", ""},
        {"/motion/{dev}", "", "/motion/drive", "drive", ""},
        {"/motion/{dev}", "", "motion/drive", NULL, NULL},
        {"{p}/events", NULL, "house/two/events", "", ""},
        {"{p}/events", NULL, "events", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct edge_captures captures;
        bool fits = edge_topic_match(cases[i].pattern, cases[i].prefix, text_of(cases[i].topic), &captures);
        if (fits != (cases[i].device != NULL))
            fail_msg("%s and %s: %d", cases[i].pattern, cases[i].topic, fits);
        if (fits) {
            assert_string_equal(captures.device, cases[i].device);
            assert_string_equal(captures.kind, cases[i].kind);
        }
    }
}

static void test_a_name_too_long_does_not_fit(void **state)
{
    (void)state;
    char topic[400];
    struct edge_captures captures;
    memset(topic, 'x', sizeof(topic));
    memcpy(topic, "frigate/", 8);
    memcpy(topic + sizeof(topic) - 8, "/motion", 8);
    assert_false(edge_topic_match("{p}/{dev}/motion", "frigate", text_of(topic), &captures));
}

static void append_filter(void *arg, const char *filter)
{
    char *all = arg;
    size_t used = strlen(all);
    snprintf(all + used, 512 - used, "%s%s", used ? " " : "", filter);
}

static void test_filters_are_exact(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *prefix, *device, *filters;
    } cases[] = {
        {"{p}/reviews", "frigate", "porch", "frigate/reviews"},
        {"{p}/{dev}/motion", "frigate", "porch", "frigate/porch/motion"},
        {"{p}/{_}/camera/{dev}/motion/state", "ring", "0a", "ring/+/camera/0a/motion/state"},
        {"{p}/{dev+}", "zigbee/1", "hall/pir", "zigbee/1/hall/pir"},
        {"{dev}/binary_sensor/{dev}/state", "", "node/pir", "node/binary_sensor/pir/state"},
        {"{p}/{dev}_object_detected_{kind}/state", "v", "porch", "v/+/state"},
        {"a/{dev}/b/{_+}", "", "c", "a/c/b/+ a/c/b/+/+ a/c/b/+/+/+"},
        {"stat/{dev}/PIR{_}", "", "hall", "stat/hall/+"},
        {"{dev+}/binary_sensor/{dev}/state", "", "home/node/pir", "home/node/binary_sensor/pir/state"},
        {"{dev+}/binary_sensor/{dev}/state", "", "node/pir", "node/binary_sensor/pir/state"},
        {"{dev+}/tele/SENSOR", "", "home/shed", "home/shed/tele/SENSOR"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char filters[512] = "";
        assert_true(
            edge_topic_filters(cases[i].pattern, cases[i].prefix, cases[i].device, append_filter, filters));
        assert_string_equal(filters, cases[i].filters);
    }
    char none[512] = "";
    assert_false(edge_topic_filters("{dev+}/binary_sensor/{dev}/state", "", "pir", append_filter, none));
    assert_false(edge_topic_filters("{p}/{dev}", "p", "#", append_filter, none));
    assert_false(edge_topic_filters("{p}/{dev}", "p", "a+", append_filter, none));
    assert_false(edge_topic_filters("{p}/{dev}", "#", "a", append_filter, none));
    assert_string_equal(none, "");
}

/* No row ever asks for everything. */
static void test_no_row_listens_to_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < edge_row_count; i++) {
        char filters[512] = "";
        const struct edge_map *map = edge_map_of(text_of(edge_rows[i].map));
        assert_non_null(map);
        if (edge_topic_filters(edge_rows[i].topic, map->prefix, "some-camera", append_filter, filters))
            assert_null(strchr(filters, '#'));
        assert_true(edge_rows[i].kind || edge_rows[i].kind_from);
        assert_true(edge_rows[i].always || edge_rows[i].phase_from || edge_rows[i].shape == SHAPE_TEXT);
    }
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum motion_kind kind;
    } kinds[] = {{"person", KIND_PERSON}, {"person-verified", KIND_PERSON}, {"Human", KIND_PERSON},
        {"bicycle", KIND_VEHICLE}, {"ups", KIND_PACKAGE}, {"press", KIND_DOORBELL}, {"alrmBark", KIND_SOUND},
        {"cat", KIND_ANIMAL}, {"umbrella", 0}, {"", 0}, {"per", 0}, {"person people", 0}, {"-verified", 0}};
    static const struct {
        const char *name;
        enum motion_kind kind;
    } names[] = {{"driveway_motion", KIND_MOTION}, {"driveway_person_occupancy", KIND_PERSON},
        {"front_doorbell_motion", KIND_MOTION}, {"porch_motion_2", KIND_MOTION}, {"porch_motion_battery", 0},
        {"front_door", 0}, {"hall_pir", KIND_MOTION}, {"motion", KIND_MOTION},
        {"camera_motion/porch", KIND_MOTION}, {"hall/lamp", 0}, {"", 0}, {"_", 0},
        {"porch_person_detected", KIND_PERSON}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        assert_int_equal(edge_kind_of(text_of(kinds[i].word)), kinds[i].kind);
    static const char zeros[] = "\0\0person";
    for (size_t length = 1; length < sizeof(zeros); length++)
        assert_int_equal(edge_kind_of((struct text){zeros, length}), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(edge_kind_of_name(names[i].name), names[i].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns_fit),
        cmocka_unit_test(test_a_name_too_long_does_not_fit),
        cmocka_unit_test(test_filters_are_exact),
        cmocka_unit_test(test_no_row_listens_to_all),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
