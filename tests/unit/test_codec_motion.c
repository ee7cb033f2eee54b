/* Motion: the rules of an event and of a batch, in both encodings; a bad event stands alone. */
#include "tests/unit/test_codec.h"

/* An event of a batch; good by itself. */
#define EVENT(fields) "{\"events\":[{" fields "}]}"
#define GOOD "\"phase\":\"START\",\"kind\":\"PERSON\",\"at\":1700000000000"

static void test_motion(void **state)
{
    (void)state;
    static const struct codec_case cases[] = {
        {EVENT(GOOD), NULL, NULL},
        {"{\"version\":1,\"session\":\"1700000000000\",\"events\":[{\"seq\":\"7\",\"device\":\"Cam_1.a-b\","
         "\"activityId\":\"1718987129.3-x y\",\"phase\":3,\"kind\":7,\"at\":\"1\",\"until\":\"1\","
         "\"confidence\":100,\"position\":{\"latE7\":900000000,\"lonE7\":-1800000000},\"clip\":\"AAEC\"}]}",
            NULL, NULL},
        {"{}", "events", "at least 1"},
        {"{\"events\":[]}", "events", "at least 1"},
        {"{\"session\":\"9007199254740992\",\"events\":[{" GOOD "}]}", "session", "9007199254740991"},
        {"{\"session\":\"9007199254740991\",\"events\":[{" GOOD "}]}", NULL, NULL},
        {EVENT("\"kind\":1,\"at\":1"), "events[0].phase", "required"},
        {EVENT("\"phase\":5,\"kind\":1,\"at\":1"), "events[0].phase", "one of START, UPDATE, END, PULSE"},
        {EVENT("\"phase\":-1,\"kind\":1,\"at\":1"), "events[0].phase", "one of"},
        {EVENT("\"phase\":1,\"at\":1"), "events[0].kind", "required"},
        {EVENT("\"phase\":1,\"kind\":8,\"at\":1"), "events[0].kind", "one of MOTION, PERSON, VEHICLE"},
        {EVENT("\"phase\":1,\"kind\":1"), "events[0].at", "required"},
        {EVENT("\"phase\":1,\"kind\":1,\"at\":-1"), "events[0].at", "a whole number from 0"},
        {EVENT("\"phase\":1,\"kind\":1,\"at\":\"9007199254740992\""), "events[0].at",
            "a whole number from 0"},
        {EVENT(GOOD ",\"until\":1699999999999"), "events[0].until", "not before at"},
        {EVENT(GOOD ",\"until\":-5"), "events[0].until", "a whole number from 0"},
        {EVENT(GOOD ",\"seq\":9007199254740992"), "events[0].seq", "a whole number from 0"},
        {EVENT(GOOD ",\"confidence\":101"), "events[0].confidence", "between 0 and 100"},
        {EVENT(GOOD ",\"device\":\"a/b\""), "events[0].device", "letters, digits"},
        {EVENT(GOOD ",\"device\":\"K\xC3\xBC"
                    "che\""),
            "events[0].device", "letters, digits"},
        {EVENT(GOOD ",\"device\":\"" X64 "\""), NULL, NULL},
        {EVENT(GOOD ",\"device\":\"" X64 "x\""), "events[0].device", "at most 64 bytes"},
        {EVENT(GOOD ",\"activityId\":\"" X64 "x\""), "events[0].activity_id", "at most 64 bytes"},
        {EVENT(GOOD ",\"firstDevice\":\"" X64 "x\""), "events[0].first_device", "at most 64 bytes"},
        {EVENT(GOOD ",\"activityId\":\"a\\u0001\""), "events[0].activity_id", "no control characters"},
        {EVENT(GOOD ",\"clip\":\"" X64 X64 X8 X8 X8 X8 X8 "xxxx\""), "events[0].clip", "at most 128 bytes"},
        {EVENT(GOOD ",\"position\":{}"), NULL, NULL},
        {EVENT(GOOD ",\"position\":{\"latE7\":900000001}"), "events[0].position.lat_e7",
            "between -900000000 and 900000000"},
        {EVENT(GOOD ",\"position\":{\"lon_e7\":-1800000001}"), "events[0].position.lon_e7",
            "between -1800000000 and 1800000000"},
    };
    TRY("motion_batch", cases);
}

static void test_a_bad_event_stands_alone(void **state)
{
    (void)state;
    static const char json[] =
        "{\"session\":5,\"events\":[{\"seq\":1," GOOD "},{\"seq\":2,\"phase\":\"END\"},"
        "{\"seq\":3," GOOD "},{\"seq\":4," GOOD ",\"position\":{\"latE7\":2000000000}}]}";
    for (enum encoding encoding = ENCODING_PROTOBUF; encoding <= ENCODING_JSON; encoding++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct bytes payload = encoding == ENCODING_JSON
                                   ? bytes_of(json)
                                   : protobuf_of(json, &neighbors__v1__motion_batch__descriptor, &arena);
        struct motion_batch batch;
        struct refusal refusal = {0};
        assert_true(codec_decode_motion_batch(encoding, payload, &arena, &batch, &refusal));
        assert_int_equal(batch.session, 5);
        assert_int_equal(batch.count, 4);
        assert_int_equal(batch.events[0].refusal.code, REASON_OK);
        assert_int_equal(batch.events[1].refusal.code, REASON_BAD_PAYLOAD);
        assert_int_equal(batch.events[1].seq, 2);
        assert_string_equal(batch.events[1].refusal.field, "events[1].kind");
        assert_string_equal(batch.events[1].refusal.rule, "required");
        assert_int_equal(batch.events[2].refusal.code, REASON_OK);
        assert_int_equal(batch.events[2].seq, 3);
        assert_string_equal(batch.events[3].refusal.field, "events[3].position.lat_e7");
        arena_free(&arena);
    }
}

/* What only JSON can get wrong. The number is told wherever it could be read. */
static void test_a_bad_event_of_json_stands_alone(void **state)
{
    (void)state;
    static const struct {
        const char *event;
        uint64_t seq;
        const char *field, *rule;
    } cases[] = {
        {"{\"seq\":2,\"phase\":\"START\",\"kind\":true,\"at\":1}", 2, "events[1].kind",
            "one of MOTION, PERSON"},
        {"{\"phase\":\"START\",\"kind\":\"CAR\",\"at\":1,\"seq\":\"2\"}", 2, "events[1].kind",
            "one of MOTION, PERSON"},
        {"{" GOOD ",\"colour\":\"red\",\"seq\":2}", 2, "events[1].colour", "no field of this message"},
        {"{" GOOD ",\"confidence\":4294967296,\"seq\":2}", 2, "events[1].confidence", "within 32 bits"},
        {"{" GOOD ",\"confidence\":-1,\"seq\":2}", 2, "events[1].confidence", "not negative"},
        {"{" GOOD ",\"position\":{\"latE7\":\"north\"},\"seq\":2}", 2, "events[1].position.lat_e7",
            "a whole number"},
        {"{" GOOD ",\"position\":7,\"seq\":2}", 2, "events[1].position", "an object"},
        {"{" GOOD ",\"clip\":\"?\",\"seq\":2}", 2, "events[1].clip", "base64"},
        {"{" GOOD ",\"device\":5,\"seq\":2}", 2, "events[1].device", "text"},
        {"{" GOOD ",\"device\":5,\"seq\":{}}", 0, "events[1].device", "text"},
        {"{" GOOD ",\"seq\":\"two\"}", 0, "events[1].seq", "a whole number"},
        {"{" GOOD ",\"seq\":-2}", 0, "events[1].seq", "a whole number, not negative"},
        {"null", 0, "events[1]", "an object"},
        {"[]", 0, "events[1]", "an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        const char *json = arena_printf(
            &arena, "{\"events\":[{\"seq\":1," GOOD "},%s,{\"seq\":3," GOOD "}]}", cases[i].event);
        struct motion_batch batch;
        struct refusal refusal = {0};
        if (!codec_decode_motion_batch(ENCODING_JSON, bytes_of(json), &arena, &batch, &refusal))
            fail_msg("%s: %s: %s", json, refusal.field, refusal.rule);
        assert_int_equal(batch.count, 3);
        const struct motion_event *events = batch.events;
        assert_int_equal(events[0].refusal.code | events[2].refusal.code, REASON_OK);
        assert_int_equal(events[0].seq, 1);
        assert_int_equal(events[2].seq, 3);
        assert_int_equal(events[2].kind, KIND_PERSON);
        assert_int_equal(events[1].refusal.code, REASON_BAD_PAYLOAD);
        assert_int_equal(events[1].seq, cases[i].seq);
        assert_string_equal(events[1].refusal.field, cases[i].field);
        if (!strstr(events[1].refusal.rule, cases[i].rule))
            fail_msg("%s: expected %s, not %s", json, cases[i].rule, events[1].refusal.rule);
        arena_free(&arena);
    }
}

static void test_a_bad_batch_of_json_falls_whole(void **state)
{
    (void)state;
    static const struct codec_case cases[] = {
        {"{\"events\":[{" GOOD "}],\"session\":true}", "session", "a whole number"},
        {"{\"version\":2,\"events\":[{\"at\":[]}]}", "version", "1"},
        {"{\"events\":[{" GOOD "}],\"colour\":1}", "colour", "no field of this message"},
        {"{\"events\":true}", "events", "a list"},
        {"{\"events\":[]}", "events", "at least 1"},
        {"{\"events\":null}", "events", "at least 1"},
        {"{\"events\":[{" GOOD "},{]}", "payload", "JSON (line 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct motion_batch batch;
        struct refusal refusal = {0};
        assert_false(
            codec_decode_motion_batch(ENCODING_JSON, bytes_of(cases[i].json), &arena, &batch, &refusal));
        assert_string_equal(refusal.field, cases[i].field);
        assert_non_null(strstr(refusal.rule, cases[i].rule));
        arena_free(&arena);
    }
}

static void test_batch_size(void **state)
{
    (void)state;
    for (size_t count = 64; count <= 65; count++) {
        struct motion_event events[65];
        for (size_t i = 0; i < count; i++)
            events[i] =
                (struct motion_event){.seq = i + 1, .phase = PHASE_PULSE, .kind = KIND_DOORBELL, .at = 1};
        struct motion_batch in = {1, count, events}, out;
        for (enum encoding encoding = ENCODING_PROTOBUF; encoding <= ENCODING_JSON; encoding++) {
            struct arena arena;
            arena_init(&arena, NULL, 0);
            struct refusal refusal = {0};
            struct bytes payload = codec_encode_motion_batch(encoding, &in, &arena);
            assert_int_equal(
                codec_decode_motion_batch(encoding, payload, &arena, &out, &refusal), count == 64);
            if (count == 65)
                assert_string_equal(refusal.field, "events");
            arena_free(&arena);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_motion),
        cmocka_unit_test(test_a_bad_event_stands_alone),
        cmocka_unit_test(test_a_bad_event_of_json_stands_alone),
        cmocka_unit_test(test_a_bad_batch_of_json_falls_whole),
        cmocka_unit_test(test_batch_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
