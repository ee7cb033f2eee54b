/* Bytes that are not as they should be, and bytes that come back as they were: truncated, mutated, padded,
 * too many parts, NUL within text; round trips through both encodings. */
#include <stdio.h>
#include <stdlib.h>

#include "proto/mqtt.h"
#include "tests/unit/test_codec.h"

/* One full message of each kind, every field set. */
static const struct {
    const char *name, *json;
} full[] = {
    {"motion_batch",
        "{\"version\":1,\"session\":\"1700000000000\",\"events\":[{\"seq\":\"7\",\"device\":\"cam-1\","
        "\"activityId\":"
        "\"x1\",\"phase\":\"END\",\"kind\":\"SOUND\",\"at\":\"1700000000001\",\"until\":\"1700000000002\","
        "\"confidence\":99,\"position\":{\"latE7\":-340687000,\"lonE7\":1180276000},\"clip\":\"AAEC/w==\"},"
        "{\"phase\":\"PULSE\",\"kind\":\"DOORBELL\",\"at\":\"5\"}]}"},
    {"published_alert",
        "{\"version\":1,\"senderAlertId\":\"a1\",\"msgType\":\"UPDATE\",\"references\":[\"a0\",\"b0\"],"
        "\"category\":"
        "\"lost_pet\",\"severity\":\"MINOR\",\"urgency\":\"PAST\",\"certainty\":\"LIKELY\",\"headline\":"
        "\"Gato "
        "perdido "
        "\xF0\x9F\x90\x88\",\"description\":\"a\\nb\",\"instruction\":\"c\",\"web\":\"https://example.org\","
        "\"language\":\"es-US\",\"place\":{\"polygons\":{\"polygons\":[{\"rings\":[{\"points\":[{\"latE7\":1,"
        "\"lonE7\":-2},{\"latE7\":3},{},{\"latE7\":1,\"lonE7\":-2}]}]}]}},\"effective\":\"1\",\"expires\":"
        "\"2\","
        "\"caseNumber\":\"18-4\",\"rewardOffer\":\"a camera\",\"publicId\":\"00ff\",\"revision\":3,\"state\":"
        "\"IN_FORCE\",\"senderKind\":\"AGENCY\",\"truth\":\"CONFIRMED\",\"merged\":4,\"senderName\":\"El "
        "Monte\",\"status\":\"TEST\",\"event\":\"Flood\",\"texts\":[{\"language\":\"es\",\"headline\":\"h\","
        "\"description\":\"d\",\"instruction\":\"i\",\"web\":\"w\",\"event\":\"e\"}],\"hasDocument\":true}"},
    {"history_query", "{\"version\":1,\"cells\":[\"9q5c\",\"9q5d\"],\"from\":\"1\",\"to\":\"2\",\"limit\":10,"
                      "\"page\":\"p\"}"},
    {"feed_item", "{\"version\":1,\"channel\":\"9q5cs\",\"cell\":\"9q5csy\",\"cursor\":\"c\",\"activity\":{"
                  "\"kind\":\"ANIMAL\","
                  "\"phase\":\"START\",\"at\":\"60000\",\"confidence\":4}}"},
    {"feed_item",
        "{\"version\":1,\"channel\":\"9q5cs\",\"alert\":{\"version\":1,\"msgType\":\"ALERT\",\"severity\":"
        "\"UNKNOWN\","
        "\"urgency\":\"UNKNOWN\",\"certainty\":\"UNKNOWN\",\"place\":{\"circle\":{\"center\":{\"latE7\":1},"
        "\"radiusM\":7}},\"publicId\":\"aa\"}}"},
    {"feed_item", "{\"version\":1,\"gap\":{}}"},
    {"heartbeat", "{\"version\":1,\"cursors\":[{\"channel\":\"9q5cs\",\"cursor\":\"c\"}],\"asOf\":\"17\","
                  "\"stale\":true,"
                  "\"itemsSent\":\"18446744073709551615\"}"},
    {"refused", "{\"version\":1,\"topic\":\"nb/v1/"
                "motion\",\"packetId\":9,\"seq\":\"3\",\"code\":153,\"field\":\"at\",\"rule\":"
                "\"required\",\"retryAfterS\":4}"},
    {"history_page", "{\"version\":1,\"items\":[{\"version\":1,\"gap\":{\"from\":\"1\",\"to\":\"2\"}}],"
                     "\"from\":\"1\",\"to\":\"2\","
                     "\"complete\":true,\"next\":\"n\"}"},
    {"witness", "{\"version\":1,\"publicId\":\"00ff\",\"remark\":\"me too\",\"at\":\"5\"}"},
    {"flag", "{\"version\":1,\"publicId\":\"00ff\",\"reason\":\"SPAM\",\"remark\":\"r\"}"},
    {"verdict", "{\"version\":1,\"publicId\":\"00ff\",\"revision\":2,\"decision\":\"CONFIRMED\",\"reason\":"
                "\"seen\",\"caseNumber\":\"7\"}"},
    {"moderation", "{\"version\":1,\"publicId\":\"00ff\",\"decision\":\"held\",\"reason\":\"r\",\"at\":\"5\","
                   "\"until\":\"6\"}"},
    {"forget", "{\"version\":1,\"devices\":[\"cam-1\"],\"from\":\"1\",\"to\":\"2\",\"alerts\":true,"
               "\"forgetId\":\"f1\"}"},
    {"deleted",
        "{\"version\":1,\"from\":\"1\",\"to\":\"2\",\"events\":\"3\",\"alerts\":\"4\",\"at\":\"5\","
        "\"signature\":\"AQID\","
        "\"forgetId\":\"f1\",\"principals\":6,\"backupDays\":7,\"keyId\":\"AQI=\",\"household\":\"h1\"}"},
    {"desk_query", "{\"version\":1,\"page\":\"50\"}"},
    {"export", "{\"version\":1,\"from\":\"1\",\"to\":\"2\",\"page\":\"l 0 -\"}"},
    {"settings",
        "{\"version\":1,\"sharing\":{\"rules\":[{\"device\":\"cam-1\",\"kinds\":[\"PERSON\",\"VEHICLE\"],"
        "\"hours\":[{\"fromMinute\":480,\"toMinute\":1080,\"weekdays\":127}]},{\"kinds\":[\"DOORBELL\"]}],"
        "\"timeZone\":\"Europe/"
        "Berlin\"},\"retentionDays\":3,\"quiet\":[{\"fromMinute\":1320,\"toMinute\":420,"
        "\"weekdays\":31}],\"quietPasses\":\"SEVERE\",\"footage\":{\"rules\":[{\"agency\":\"elmonte-pd\","
        "\"incidents\":[\"BURGLARY\",\"MISSING_PERSON\"]},{\"incidents\":[\"ARSON\"]}]},\"timeZone\":"
        "\"America/Los_Angeles\",\"least\":[{\"category\":\"crime\",\"severity\":\"MINOR\"}],"
        "\"digestMinutes\":30,\"language\":\"es-US\"}"},
    {"info",
        "{\"version\":1,\"channelPrecision\":5,\"leafPrecision\":6,\"radiiM\":[400,800],\"maxBatch\":64,"
        "\"maxFilters\":100,\"maxPacketBytes\":65536,\"durability\":\"always\",\"logPublicKey\":\"AQID\","
        "\"softwareVersion\":\"1.0\",\"pushPublicKey\":"
        "\"BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=\"}"},
    {"push_subscription",
        "{\"version\":1,\"endpoint\":\"https://push.example/x?y\",\"p256dh\":"
        "\"BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=\","
        "\"auth\":\"AAECAwQFBgcICQoLDA0ODw==\",\"places\":[{\"cell\":\"9q5csy\",\"metres\":1600},"
        "{\"cell\":\"9q5csz\",\"metres\":400}],\"categories\":[\"crime\",\"lost_pet\"],"
        "\"least\":[{\"category\":\"crime\",\"severity\":\"MINOR\"}],\"language\":\"es-US\"}"},
    {"push_notice",
        "{\"version\":1,\"publicId\":\"0123456789abcdef01234567\",\"revision\":2,\"state\":\"IN_FORCE\","
        "\"category\":\"crime\",\"severity\":\"SEVERE\",\"truth\":\"CONFIRMED\",\"headline\":\"h\","
        "\"senderName\":\"PD\",\"expires\":\"1790000000000\",\"cell\":\"9q5csy\"}"},
};
enum { FULL_COUNT = sizeof full / sizeof *full };

static struct bytes again(
    const char *name, enum encoding from, struct bytes in, enum encoding to, struct arena *arena)
{
    struct refusal refusal = {0};
    struct bytes out = {NULL, 0};
    if (!codec_entry_of(name)->again(from, in, to, arena, &out, &refusal))
        fail_msg("%s: %s: %s", name, refusal.field, refusal.rule);
    return out;
}

static void test_round_trips(void **state)
{
    (void)state;
    for (size_t i = 0; i < FULL_COUNT; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct bytes json = bytes_of(full[i].json), protobuf, back;
        protobuf = again(full[i].name, ENCODING_JSON, json, ENCODING_PROTOBUF, &arena);
        assert_int_equal(protobuf.data[0], 0x08);
        back = again(full[i].name, ENCODING_PROTOBUF, protobuf, ENCODING_PROTOBUF, &arena);
        assert_true(bytes_equal(back, protobuf));
        back = again(full[i].name, ENCODING_PROTOBUF, protobuf, ENCODING_JSON, &arena);
        assert_string_equal((const char *)back.data, full[i].json);
        back = again(full[i].name, ENCODING_JSON, json, ENCODING_JSON, &arena);
        assert_string_equal((const char *)back.data, full[i].json);
        arena_free(&arena);
    }
}

/* Decodes a copy that ends exactly where the bytes do, so that the sanitizer sees a read behind them. */
static bool decodes(const char *name, enum encoding encoding, struct bytes in)
{
    uint8_t *copy = malloc(in.len ? in.len : 1);
    assert_non_null(copy);
    if (in.len)
        memcpy(copy, in.data, in.len);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct refusal refusal = {0};
    struct bytes out;
    bool good = codec_entry_of(name)->again(
        encoding, (struct bytes){copy, in.len}, ENCODING_JSON, &arena, &out, &refusal);
    if (!good) {
        assert_int_equal(refusal.code, REASON_BAD_PAYLOAD);
        assert_non_null(refusal.field);
        assert_non_null(refusal.rule);
        assert_true(mqtt_utf8_valid(refusal.field, strlen(refusal.field)));
    }
    assert_true(arena.total <= 80 * in.len + 256 * 1024);
    arena_free(&arena);
    free(copy);
    return good;
}

static void test_truncated_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < FULL_COUNT; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct bytes json = bytes_of(full[i].json);
        struct bytes protobuf = again(full[i].name, ENCODING_JSON, json, ENCODING_PROTOBUF, &arena);
        for (size_t len = 0; len < protobuf.len; len++)
            (void)decodes(full[i].name, ENCODING_PROTOBUF, (struct bytes){protobuf.data, len});
        for (size_t len = 0; len < json.len; len++)
            assert_false(decodes(full[i].name, ENCODING_JSON, (struct bytes){json.data, len}));
        arena_free(&arena);
    }
}

static void test_random_changes(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252;
    for (size_t i = 0; i < FULL_COUNT; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct bytes json = bytes_of(full[i].json);
        struct bytes protobuf = again(full[i].name, ENCODING_JSON, json, ENCODING_PROTOBUF, &arena);
        for (int round = 0; round < 4000; round++) {
            enum encoding encoding = round % 2 ? ENCODING_JSON : ENCODING_PROTOBUF;
            struct bytes good = round % 2 ? json : protobuf;
            uint8_t changed[2048];
            assert_true(good.len <= sizeof changed);
            memcpy(changed, good.data, good.len);
            for (int change = 0; change <= round % 5; change++) {
                random ^= random << 13, random ^= random >> 7, random ^= random << 17;
                changed[random % good.len] = (uint8_t)(random >> 32);
            }
            (void)decodes(full[i].name, encoding, (struct bytes){changed, good.len});
        }
        arena_free(&arena);
    }
}

static void expect(
    const char *name, enum encoding encoding, struct bytes in, const char *field, const char *rule)
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct refusal refusal = {0};
    struct bytes out;
    assert_false(codec_entry_of(name)->again(encoding, in, encoding, &arena, &out, &refusal));
    assert_int_equal(refusal.code, REASON_BAD_PAYLOAD);
    assert_string_equal(refusal.field, field);
    if (!strstr(refusal.rule, rule))
        fail_msg("expected %s, not %s", rule, refusal.rule);
    arena_free(&arena);
}
#define RAW(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static void test_protobuf_that_is_refused(void **state)
{
    (void)state;
    expect("motion_batch", ENCODING_PROTOBUF, RAW(""), "version", "1");
    expect("motion_batch", ENCODING_PROTOBUF, RAW("\x08\x02\x1a\x00"), "version", "1");
    expect("motion_batch", ENCODING_PROTOBUF, RAW("\x08\x01\x1a\x7f"), "payload", "protobuf");
    expect("motion_batch", ENCODING_PROTOBUF, RAW("\x08\x01\x1a\xff\xff\xff\xff\x7f"), "payload", "protobuf");
    expect("motion_batch", ENCODING_PROTOBUF, RAW("\x08\x01\x1b\x1c"), "payload", "protobuf"); /* group */
    expect("motion_batch", ENCODING_PROTOBUF, RAW("\x08\x01\x18\x05"), "payload",
        "protobuf"); /* wrong wire type */
    /* device "a", NUL, "b"; then NUL in the headline and within a nested place's sibling */
    expect("motion_batch", ENCODING_PROTOBUF,
        RAW("\x08\x01\x1a\x0b\x12\x03"
            "a\0b\x20\x01\x28\x01\x30\x05"),
        "events[0].device", "letters, digits");
    expect("alert", ENCODING_PROTOBUF,
        RAW("\x08\x01\x4a\x02"
            "a\0"),
        "headline", "without NUL");
    /* not UTF-8: a lone continuation byte, a surrogate */
    expect("alert", ENCODING_PROTOBUF,
        RAW("\x08\x01\x4a\x02"
            "a\x80"),
        "headline", "UTF-8");
    expect("alert", ENCODING_PROTOBUF, RAW("\x08\x01\x4a\x03\xED\xA0\x80"), "headline", "UTF-8");
}

static void test_unknown_fields_of_protobuf_are_ignored(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    /* field 100 varint, field 101 bytes with a NUL, within batch and event */
    struct bytes in =
        RAW("\x08\x01\xa0\x06\x07\xaa\x06\x02x\0\x1a\x0b\x20\x01\x28\x01\x30\x05\xaa\x06\x02y\0");
    struct bytes out = again("motion_batch", ENCODING_PROTOBUF, in, ENCODING_JSON, &arena);
    assert_string_equal((const char *)out.data,
        "{\"version\":1,\"events\":[{\"phase\":\"START\",\"kind\":\"MOTION\",\"at\":\"5\"}]}");
    arena_free(&arena);
}

/* A megabyte of a few bytes again and again, where each costs far more when unpacked. */
static void test_many_parts_in_bounded_memory(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum encoding encoding;
        struct bytes head, part, tail;
    } cases[] = {
        {"motion_batch", ENCODING_PROTOBUF, RAW("\x08\x01"), RAW("\x1a\x00"), RAW("")},
        {"motion_batch", ENCODING_PROTOBUF, RAW("\x08\x01"), RAW("\xa0\x06\x01"), RAW("")},
        {"motion_batch", ENCODING_PROTOBUF, RAW("\x08\x01"), RAW("\x12\x00"), RAW("")},
        {"alert", ENCODING_PROTOBUF, RAW("\x08\x01"), RAW("\x22\x01x"), RAW("")},
        {"alert", ENCODING_PROTOBUF, RAW("\x08\x01"), RAW("\x72\x04\x1a\x02\x0a\x00"), RAW("")},
        {"history_page", ENCODING_PROTOBUF, RAW("\x08\x01"), RAW("\x12\x00"), RAW("")},
        {"info", ENCODING_PROTOBUF, RAW("\x08\x01"), RAW("\x20\x01"), RAW("")},
        {"motion_batch", ENCODING_JSON, RAW("{\"events\":["), RAW("{},"), RAW("{}]}")},
        {"motion_batch", ENCODING_JSON, RAW("{\"events\":["), RAW("0,"), RAW("0]}")},
        {"motion_batch", ENCODING_JSON, RAW("{\"events\":"), RAW("["), RAW("")},
        {"alert", ENCODING_JSON, RAW("{\"references\":["), RAW("\"\","), RAW("\"\"]}")},
        {"info", ENCODING_JSON, RAW("{\"radiiM\":["), RAW("1,"), RAW("1]}")},
        {"info", ENCODING_JSON, RAW("{\"durability\":\""), RAW("\\u00e4"), RAW("\"}")},
    };
    enum { MEGABYTE = 1 << 20 };
    uint8_t *payload = malloc(MEGABYTE);
    assert_non_null(payload);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memcpy(payload, cases[i].head.data, cases[i].head.len);
        size_t len = cases[i].head.len;
        while (len + cases[i].part.len + cases[i].tail.len <= MEGABYTE) {
            memcpy(payload + len, cases[i].part.data, cases[i].part.len);
            len += cases[i].part.len;
        }
        memcpy(payload + len, cases[i].tail.data, cases[i].tail.len);
        len += cases[i].tail.len;
        assert_false(decodes(cases[i].name, cases[i].encoding, (struct bytes){payload, len}));
    }
    free(payload);
}

/* The largest area that is allowed is taken, one point more is not. */
static void test_largest_area(void **state)
{
    (void)state;
    enum { EACH = LIMIT_POINTS / 4 };
    for (size_t more = 0; more <= 1; more++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct ring rings[4];
        for (size_t r = 0; r < 4; r++) {
            size_t count = EACH + (r == 3 ? more : 0);
            rings[r] = (struct ring){count, arena_alloc(&arena, count * sizeof(struct position))};
            for (size_t p = 1; p + 1 < count; p++)
                rings[r].points[p] = (struct position){(int32_t)(340000000 + p), -1180000000};
        }
        struct polygon polygon = {4, rings};
        struct alert out, in = {.sender_alert_id = TEXT("a"),
                              .category = CATEGORY_WEATHER,
                              .headline = TEXT("h"),
                              .place = {.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = &polygon}};
        for (enum encoding encoding = ENCODING_PROTOBUF; encoding <= ENCODING_JSON; encoding++) {
            struct refusal refusal = {0};
            struct bytes payload = codec_encode_alert(encoding, &in, &arena);
            bool taken = codec_decode_alert(encoding, payload, &arena, &out, &refusal);
            if (!more && !taken)
                fail_msg("%s: %s", refusal.field, refusal.rule);
            assert_int_equal(taken, !more);
            if (more)
                assert_string_equal(refusal.field, "place.polygons.polygons[0].rings[3].points");
        }
        arena_free(&arena);
    }
}

static void test_neither_protobuf_nor_json(void **state)
{
    (void)state;
    expect("alert", ENCODING_CAP, RAW("<alert/>"), "payload", "protobuf or JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_truncated_at_every_byte),
        cmocka_unit_test(test_random_changes),
        cmocka_unit_test(test_protobuf_that_is_refused),
        cmocka_unit_test(test_unknown_fields_of_protobuf_are_ignored),
        cmocka_unit_test(test_many_parts_in_bounded_memory),
        cmocka_unit_test(test_largest_area),
        cmocka_unit_test(test_neither_protobuf_nor_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
