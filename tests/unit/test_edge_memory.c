/* The rules by which a message becomes an event: only news, only what is shared, never a replay, every end of
 * what was told, and the time that can be believed. */
#include "tests/unit/test_edge.h"

#include "bridge/edge/memory/memory_parts.h"

static const int64_t now = INT64_C(1767225600000);

static bool say(struct bench *bench, const char *topic, const char *payload, int64_t at)
{
    return bench_bytes(
        bench, text_of(topic), (struct bytes){(const uint8_t *)payload, strlen(payload)}, false, at);
}

static bool replay(struct bench *bench, const char *topic, const char *payload, int64_t at)
{
    return bench_bytes(
        bench, text_of(topic), (struct bytes){(const uint8_t *)payload, strlen(payload)}, true, at);
}

/* A message of frigate/events; times in ms. */
static void track(struct bench *bench, const char *type, const char *id, const char *label, int64_t start,
    int64_t end, int64_t at)
{
    char payload[512], ended[32] = "null";
    if (end)
        snprintf(ended, sizeof(ended), "%.3f", (double)end / 1000.0);
    snprintf(payload, sizeof(payload),
        "{\"type\":\"%s\",\"before\":null,\"after\":{\"id\":\"%s\",\"camera\":\"porch\",\"label\":\"%s\","
        "\"false_positive\":false,\"stationary\":false,\"start_time\":%.3f,\"end_time\":%s,\"top_score\":0.5}"
        "}",
        type, id, label, (double)start / 1000.0, ended);
    say(bench, "frigate/events", payload, at);
}

static void test_only_a_change_is_news(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    say(&bench, "neolink/yard/status/motion", "off", now);
    say(&bench, "neolink/yard/status/motion", "on", now + 1);
    say(&bench, "neolink/yard/status/motion", "on", now + 2);
    say(&bench, "neolink/yard/status/motion", "unknown", now + 3);
    say(&bench, "neolink/yard/status/motion", "off", now + 4);
    say(&bench, "neolink/yard/status/motion", "off", now + 5);
    bench_expect(&bench, "2 START MOTION yard; 5 END MOTION yard");
    assert_int_equal(bench.last.at, now + 1);
    assert_int_equal(bench.last.until, now + 4);
    bench_close(&bench);
}

static void test_a_replay_is_remembered_and_not_told(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    replay(&bench, "neolink/yard/status/motion", "on", now);
    say(&bench, "neolink/yard/status/motion", "on", now + 1);
    say(&bench, "neolink/yard/status/motion", "off", now + 2);
    bench_expect(&bench, "");
    say(&bench, "neolink/yard/status/motion", "on", now + 3);
    replay(&bench, "neolink/yard/status/motion", "off", now + 4);
    say(&bench, "neolink/yard/status/motion", "on", now + 5);
    bench_expect(&bench, "1 START MOTION yard; 3 START MOTION yard");
    bench_close(&bench);
}

static void test_the_first_word_of_a_stranger(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, false);
    say(&bench, "neolink/yard/status/motion", "on", now); /* since when? */
    say(&bench, "neolink/yard/status/motion", "off", now + 1);
    say(&bench, "neolink/yard/status/motion", "on", now + 2);
    bench_expect(&bench, "3 START MOTION yard");
    track(&bench, "update", "old", "person", now - 60000, 0, now);
    track(&bench, "new", "a", "car", now - 60000, 0, now);
    bench_expect(&bench, "2 START VEHICLE porch");
    bench_close(&bench);
    bench_open(&bench, false);
    track(&bench, "update", "fresh", "person", now - 2000, 0, now);
    bench_expect(&bench, "1 START PERSON porch");
    bench_close(&bench);
}

static void test_two_tracks_are_one_visit(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    track(&bench, "new", "a", "person", now, 0, now);
    track(&bench, "new", "b", "person", now, 0, now);
    track(&bench, "end", "a", "person", now, now + 5000, now + 5000);
    track(&bench, "end", "b", "person", now, now + 9000, now + 9000);
    track(&bench, "new", "a", "person", now, 0, now + 9500); /* delivered again by the home's broker */
    track(&bench, "end", "a", "person", now, now + 5000, now + 9500);
    bench_expect(&bench, "1 START PERSON porch; 4 END PERSON porch");
    assert_string_equal(bench.last.activity_id, "a");
    assert_int_equal(bench.last.until, now + 9000);
    assert_int_equal(bench.last.confidence, 50);
    bench_close(&bench);
}

static void test_only_what_is_shared(void **state)
{
    (void)state;
    static const char motion[] = "ring/l/camera/c/motion/state",
                      attributes[] = "ring/l/camera/c/motion/attributes";
    struct bench bench;
    bench_open(&bench, true);
    bench.kinds = 1U << KIND_PERSON;
    say(&bench, motion, "ON", now);
    bench_expect(&bench, "");
    say(&bench, attributes, "{\"personDetected\":true}", now + 1);
    say(&bench, motion, "OFF", now + 2);
    bench_expect(&bench, "1 START PERSON c; 2 END PERSON c");
    say(&bench, motion, "ON", now + 3);
    say(&bench, attributes, "{\"personDetected\":false}", now + 4);
    say(&bench, motion, "OFF", now + 5);
    say(&bench, attributes, "{\"personDetected\":true}", now + 6); /* of what is over */
    bench_expect(&bench, "");
    bench.kinds = 1U << KIND_MOTION; /* what became a person is not told, its end is */
    say(&bench, motion, "ON", now + 7);
    say(&bench, attributes, "{\"personDetected\":true}", now + 8);
    say(&bench, motion, "OFF", now + 9);
    bench_expect(&bench, "1 START MOTION c; 3 END MOTION c");
    bench.kinds = 0;
    bench.listed = "another";
    say(&bench, motion, "ON", now + 10);
    bench_expect(&bench, "");
    bench_close(&bench);
}

static void test_silence_ends(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    say(&bench, "BlueIris/yard/Status", "{\"type\":\"MOTION_A\",\"trigger\":\"ON\"}", now);
    say(&bench, "zigbee2mqtt/hall", "{\"occupancy\":true}", now);
    edge_memory_expire(bench.translator.memory, now + 299000);
    bench_expect(&bench, "1 START MOTION yard; 2 START MOTION hall");
    edge_memory_expire(bench.translator.memory, now + 300000);
    bench_expect(&bench, "0 END MOTION hall; 0 END MOTION yard");
    /* Blue Iris may never tell an end: its next word is a new start. Zigbee only says the old again. */
    say(&bench, "BlueIris/yard/Status", "{\"type\":\"MOTION_A\",\"trigger\":\"ON\"}", now + 400000);
    say(&bench, "zigbee2mqtt/hall", "{\"occupancy\":true}", now + 400000);
    bench_expect(&bench, "1 START MOTION yard");
    say(&bench, "zigbee2mqtt/hall", "{\"occupancy\":false}", now + 500000);
    say(&bench, "zigbee2mqtt/hall", "{\"occupancy\":true}", now + 500001);
    bench_expect(&bench, "2 START MOTION hall");
    bench_close(&bench);
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        int64_t device, at;
    } cases[] = {
        {now - 1000, now - 1000},
        {now - 600000, now - 600000},
        {now - 600001, now}, /* too long ago to be believed */
        {now + 5000, now + 5000},
        {now + 5001, now},
        {0, now},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench;
        bench_open(&bench, true);
        track(&bench, "new", "a", "person", cases[i].device, 0, now);
        assert_int_equal(bench.last.at, cases[i].at);
        bench_close(&bench);
    }
    struct bench bench;
    bench_open(&bench, true);
    say(&bench, "zigbee2mqtt/a", "{\"occupancy\":true,\"last_seen\":\"2026-01-01T01:59:59.250+02:00\"}", now);
    assert_int_equal(bench.last.at, now - 750);
    say(&bench, "zigbee2mqtt/b", "{\"occupancy\":true,\"last_seen\":\"2025-12-31T23:59:58\"}",
        now); /* no zone */
    assert_int_equal(bench.last.at, now);
    say(&bench, "zigbee2mqtt/c", "{\"occupancy\":true,\"last_seen\":1767225599001}", now);
    assert_int_equal(bench.last.at, now - 999);
    bench_close(&bench);
}

struct saved {
    char map[32], device[EDGE_NAME], json[8192];
    int count;
};

static void save(void *arg, const char *map, const char *device, const char *json)
{
    struct saved *saved = arg;
    snprintf(saved->map, sizeof(saved->map), "%s", map);
    snprintf(saved->device, sizeof(saved->device), "%s", device);
    snprintf(saved->json, sizeof(saved->json), "%s", json);
    saved->count++;
}

static void test_memory_outlives_the_process(void **state)
{
    (void)state;
    struct bench bench;
    struct saved saved = {.count = 0};
    bench_open(&bench, false);
    track(&bench, "new", "a", "person", now, 0, now);
    track(&bench, "end", "a", "person", now, now + 1, now + 1);
    track(&bench, "new", "b", "person", now, 0, now);
    edge_memory_changed(bench.translator.memory, save, &saved);
    edge_memory_changed(bench.translator.memory, save, &saved);
    assert_int_equal(saved.count, 1);
    bench_close(&bench);
    bench_open(&bench, false);
    edge_memory_restore(bench.translator.memory, saved.map, saved.device, saved.json, now);
    edge_memory_restore(bench.translator.memory, "frigate", "x", "{\"rank\":", now);
    track(&bench, "new", "a", "person", now, 0, now);
    track(&bench, "update", "b", "person", now, 0, now);
    track(&bench, "end", "b", "person", now, now + 2, now + 2);
    bench_expect(&bench, "3 END PERSON porch");
    assert_string_equal(bench.last.activity_id, "b");
    bench_close(&bench);
}

/* As a home has it, where cameras see the same visitor. */
static void open_home(struct bench *bench)
{
    bench_open(bench, true);
    bench->translator.memory->hooks.together_ms = 30000;
    bench->translator.memory->hooks.hold_off_ms = 60000;
}

static void test_one_visitor_outlives_the_process(void **state)
{
    (void)state;
    struct bench bench;
    struct saved saved = {.count = 0};
    open_home(&bench);
    say(&bench, "neolink/gate/status/motion", "on", now);
    edge_memory_changed(bench.translator.memory, save, &saved);
    say(&bench, "wyzebridge/porch/motion", "1", now + 30000); /* of another publisher */
    bench_expect(&bench, "1 START MOTION gate; 2 UPDATE MOTION porch");
    assert_string_equal(bench.last.first_device, "gate");
    edge_memory_changed(bench.translator.memory, save, &saved);
    bench_close(&bench);
    open_home(&bench);
    edge_memory_restore(bench.translator.memory, saved.map, saved.device, saved.json, now + 31000);
    say(&bench, "wyzebridge/porch/motion", "2", now + 32000);
    bench_expect(&bench, "1 END MOTION porch");
    assert_string_equal(bench.last.first_device, "gate");
    assert_string_equal(bench.last.first_map, "reolink");
    bench_close(&bench);
}

static void test_who_comes_later_is_another(void **state)
{
    (void)state;
    struct bench bench;
    open_home(&bench);
    say(&bench, "neolink/gate/status/motion", "on", now);
    say(&bench, "wyzebridge/porch/motion", "1", now + 30001);
    bench_expect(&bench, "1 START MOTION gate; 2 START MOTION porch");
    assert_null(bench.last.first_device);
    bench_close(&bench);
    open_home(&bench); /* one clock tells that the second was long before, and comes late */
    track(&bench, "new", "a", "person", now, 0, now);
    say(&bench, "frigate/events",
        "{\"type\":\"new\",\"after\":{\"id\":\"b\",\"camera\":\"yard\",\"label\":\"person\",\"start_time\":"
        "1767225500}}",
        now + 1000);
    bench_expect(&bench, "1 START PERSON porch; 2 START PERSON yard");
    bench_close(&bench);
    open_home(&bench); /* a street where somebody always walks begins anew now and then */
    for (int i = 0; i < 45; i++) {
        say(&bench, "neolink/gate/status/motion", "on", now + i * 20000);
        say(&bench, "neolink/gate/status/motion", "off", now + i * 20000 + 1000);
    }
    size_t starts = 0;
    for (const char *at = bench.told; (at = strstr(at, "START")); at++)
        starts++;
    assert_int_equal(starts, 2);
    bench_close(&bench);
}

static void test_a_replayed_end_is_told_by_the_timer(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    say(&bench, "neolink/gate/status/motion", "on", now);
    replay(&bench, "neolink/gate/status/motion", "off", now + 1000);
    bench_expect(&bench, "1 START MOTION gate");
    edge_memory_expire(bench.translator.memory, now + 2000);
    bench_expect(&bench, "0 END MOTION gate");
    edge_memory_expire(bench.translator.memory, now + 3000);
    bench_expect(&bench, "");
    bench_close(&bench);
}

static void test_memory_is_bounded(void **state)
{
    (void)state;
    struct bench bench;
    char text[64];
    bench_open(&bench, true);
    for (int i = 0; i < EDGE_MOST_DEVICES + 3; i++) {
        snprintf(text, sizeof(text), "neolink/cam%d/status/motion", i);
        say(&bench, text, "off", now);
    }
    struct edge_memory_counts counts = edge_memory_count(bench.translator.memory);
    assert_int_equal(counts.devices, 3);
    bench_close(&bench);
    bench_open(&bench, true);
    for (int i = 0; i <= EDGE_MOST_ACTIVITIES; i++) { /* parked cars: each is one, and its end is told */
        snprintf(text, sizeof(text), "car%d", i);
        track(&bench, "new", text, "car", now, 0, now);
        char parked[256];
        snprintf(parked, sizeof(parked),
            "{\"type\":\"update\",\"after\":{\"id\":\"%s\",\"camera\":\"porch\",\"label\":\"car\","
            "\"stationary\":true}}",
            text);
        say(&bench, "frigate/events", parked, now + i);
    }
    counts = edge_memory_count(bench.translator.memory);
    assert_int_equal(counts.activities, 1);
    assert_non_null(strstr(bench.told, "END VEHICLE porch"));
    bench_close(&bench);
    bench_open(&bench, true);
    for (int i = 0; i < EDGE_MOST_SOURCES + 2; i++) {
        snprintf(text, sizeof(text), "track%d", i);
        track(&bench, "new", text, "person", now, 0, now);
    }
    assert_int_equal(edge_memory_count(bench.translator.memory).sources, 2);
    bench_expect(&bench, "1 START PERSON porch");
    bench_close(&bench);
}

static void test_discovery_is_bounded(void **state)
{
    (void)state;
    struct bench bench;
    char topic[96], payload[96];
    bench_open(&bench, true);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < EDGE_MOST_LEARNED + 5; i++) {
            snprintf(topic, sizeof(topic), "homeassistant/binary_sensor/s%d/config", i);
            snprintf(payload, sizeof(payload), "{\"dev_cla\":\"motion\",\"stat_t\":\"s/%d\"}", i);
            replay(&bench, topic, payload, now);
        }
    assert_int_equal(edge_learned_count(bench.translator.learned), EDGE_MOST_LEARNED);
    say(&bench, "s/7", "ON", now);
    bench.told[0] = 0;
    replay(&bench, "homeassistant/binary_sensor/s7/config", "", now);
    say(&bench, "s/7", "OFF", now);
    bench_expect(&bench, "");
    assert_int_equal(edge_learned_count(bench.translator.learned), EDGE_MOST_LEARNED - 1);
    bench_close(&bench);
}

static void test_what_is_no_message_does_no_harm(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, true);
    char *large = malloc(EDGE_MOST_PAYLOAD + 1);
    memset(large, ' ', EDGE_MOST_PAYLOAD + 1);
    memcpy(large, "ON", 2);
    assert_false(bench_bytes(&bench, TEXT("frigate/porch/motion"),
        (struct bytes){(uint8_t *)large, EDGE_MOST_PAYLOAD + 1}, false, now));
    assert_true(bench_bytes(&bench, TEXT("frigate/porch/motion"),
        (struct bytes){(uint8_t *)large, EDGE_MOST_PAYLOAD}, false, now));
    bench_expect(&bench, "2 START MOTION porch");
    memset(large, '[', EDGE_MOST_PAYLOAD);
    assert_false(bench_bytes(
        &bench, TEXT("frigate/events"), (struct bytes){(uint8_t *)large, EDGE_MOST_PAYLOAD}, false, now));
    free(large);
    static const char *const payloads[] = {"", "null", "[]", "{}", "{\"type\":\"new\"}",
        "{\"type\":\"new\",\"after\":[]}", "{\"type\":[],\"after\":{\"camera\":\"a\",\"id\":\"b\"}}",
        "{\"type\":\"new\",\"after\":{\"camera\":7e400}}",
        "{\"type\":\"new\",\"after\":{\"camera\":\"a\\u0000b\",\"id\":\"c\",\"label\":\"person\"}}",
        "\xff\xfe", "{\"type\""};
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
        say(&bench, "frigate/events", payloads[i], now);
    say(&bench, "", "ON", now);
    say(&bench, "/////", "ON", now);
    bench_expect(&bench, "");
    bench_close(&bench);
}

static void test_names_become_legal(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"front door", "front_door"}, {"a/b", "a.b"}, {"", "_"},
        {"K\xc3\xbc"
         "che",
            "K__che"},
        {"Az09._-", "Az09._-"}};
    char legal[LIMIT_ID + 1], name[EDGE_NAME];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        edge_legal_id(cases[i][0], legal);
        assert_string_equal(legal, cases[i][1]);
    }
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    edge_legal_id(name, legal);
    assert_int_equal(strlen(legal), LIMIT_ID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_a_change_is_news),
        cmocka_unit_test(test_a_replay_is_remembered_and_not_told),
        cmocka_unit_test(test_the_first_word_of_a_stranger),
        cmocka_unit_test(test_two_tracks_are_one_visit),
        cmocka_unit_test(test_only_what_is_shared),
        cmocka_unit_test(test_silence_ends),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_memory_outlives_the_process),
        cmocka_unit_test(test_one_visitor_outlives_the_process),
        cmocka_unit_test(test_who_comes_later_is_another),
        cmocka_unit_test(test_a_replayed_end_is_told_by_the_timer),
        cmocka_unit_test(test_memory_is_bounded),
        cmocka_unit_test(test_discovery_is_bounded),
        cmocka_unit_test(test_what_is_no_message_does_no_harm),
        cmocka_unit_test(test_names_become_legal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
