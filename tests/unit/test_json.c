/* The proto3 JSON mapping itself: names, numbers, base64, enums, oneofs, null, and what is refused. */
#include <stdio.h>
#include <stdlib.h>

#include "proto/codec_memory.h"
#include "proto/json.h"
#include "tests/unit/test_codec.h"

static ProtobufCMessage *read(const char *json, const ProtobufCMessageDescriptor *descriptor,
    struct arena *arena, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    struct codec_memory memory;
    codec_memory_init(&memory, arena, strlen(json));
    *refusal = (struct refusal){0};
    return json_to_message(bytes_of(json), descriptor, &memory, &reading);
}

struct json_case {
    const ProtobufCMessageDescriptor *descriptor;
    const char *in, *out; /* out: as it is written again; NULL: refused */
    const char *field, *rule;
};
#define BATCH &neighbors__v1__motion_batch__descriptor
#define ALERT &neighbors__v1__alert__descriptor
#define INFO &neighbors__v1__info__descriptor
#define BEAT &neighbors__v1__heartbeat__descriptor
#define SETTINGS &neighbors__v1__settings__descriptor

static const struct json_case cases[] = {
    {BATCH, "{}", "{}", NULL, NULL},
    {BATCH, "\xEF\xBB\xBF {\"session\": 5 } ", "{\"session\":\"5\"}", NULL, NULL},
    {ALERT, "{\"sender_alert_id\":\"a\"}", "{\"senderAlertId\":\"a\"}", NULL, NULL},
    {ALERT, "{\"senderAlertId\":\"a\",\"sender_alert_id\":\"b\"}", NULL, "sender_alert_id", "given once"},
    {ALERT, "{\"headline\":\"a\",\"headline\":\"b\"}", NULL, "payload", "each field given once"},
    {ALERT, "{\"sender_alertId\":\"a\"}", NULL, "sender_alertId", "no field of this message"},
    {ALERT, "{\"SenderAlertId\":\"a\"}", NULL, "SenderAlertId", "no field of this message"},
    {ALERT, "{\"place\":{\"circle\":{\"radius\":1}}}", NULL, "place.circle.radius",
        "no field of this message"},
    {ALERT, "{\"\xC3\xA4 \":1}", NULL, "???", "no field of this message"},
    {ALERT, "{\"\":1}", NULL, "?", "no field of this message"},
    {ALERT, "{\"headline\":null,\"place\":null,\"references\":null}", "{}", NULL, NULL},
    {ALERT, "{\"place\":{\"point\":null,\"circle\":{}}}", "{\"place\":{\"circle\":{}}}", NULL, NULL},
    {ALERT, "{\"place\":{\"point\":{},\"circle\":{}}}", NULL, "place.circle", "only one"},
    {ALERT, "{\"place\":{\"point\":{\"latE7\":\"12\",\"lonE7\":-1.5e2}}}",
        "{\"place\":{\"point\":{\"latE7\":12,\"lonE7\":-150}}}", NULL, NULL},
    {ALERT, "{\"references\":[null]}", NULL, "references[0]", "text"},
    {ALERT, "{\"references\":[\"a\",7]}", NULL, "references[1]", "text"},
    {ALERT, "{\"references\":\"a\"}", NULL, "references", "a list"},
    {ALERT, "{\"place\":[]}", NULL, "place", "an object"},
    {ALERT, "{\"headline\":{}}", NULL, "headline", "text"},
    {ALERT, "{\"headline\":\"a\\u0000b\"}", NULL, "payload", "without NUL"},
    {ALERT, "{\"headline\":\"\xFF\"}", NULL, "payload", "UTF-8"},
    {ALERT, "{\"headline\":\"\\ud800\"}", NULL, "payload", "JSON"},
    {ALERT, "{\"headline\":\"\\ud83d\\udc08\"}", "{\"headline\":\"\xF0\x9F\x90\x88\"}", NULL, NULL},
    {ALERT, "{\"category\":\"lost_pet\"}", "{\"category\":\"lost_pet\"}", NULL, NULL},
    {ALERT, "{\"category\":7}", "{\"category\":\"lost_pet\"}", NULL, NULL},
    {ALERT, "{\"category\":77}", "{\"category\":77}", NULL, NULL},
    {ALERT, "{\"category\":\"LOST_PET\"}", NULL, "category", "one of crime, safety, suspicious"},
    {ALERT, "{\"category\":true}", NULL, "category", "one of crime, safety, suspicious"},
    {ALERT, "{\"category\":{}}", NULL, "category", "one of crime, safety, suspicious"},
    {ALERT, "{\"category\":1.5}", NULL, "category", "one of crime, safety, suspicious"},
    {ALERT, "{\"category\":4294967296}", NULL, "category", "one of crime, safety, suspicious"},
    {ALERT, "{\"category\":\"7\"}", NULL, "category", "one of crime, safety, suspicious"},
    {ALERT, "{\"category\":7.0}", "{\"category\":\"lost_pet\"}", NULL, NULL},
    {ALERT, "{\"category\":\"UNSPECIFIED\"}", "{}", NULL, NULL},
    {ALERT, "{\"revision\":4294967295}", "{\"revision\":4294967295}", NULL, NULL},
    {ALERT, "{\"revision\":4294967296}", NULL, "revision", "within 32 bits"},
    {ALERT, "{\"revision\":-1}", NULL, "revision", "not negative"},
    {ALERT, "{\"revision\":1.5}", NULL, "revision", "a whole number"},
    {ALERT, "{\"revision\":\"\"}", NULL, "revision", "a whole number"},
    {ALERT, "{\"revision\":\" 1\"}", NULL, "revision", "a whole number"},
    {ALERT, "{\"revision\":\"1x\"}", NULL, "revision", "a whole number"},
    {ALERT, "{\"revision\":\"1e3\"}", "{\"revision\":1000}", NULL, NULL},
    {ALERT, "{\"revision\":\"1e999\"}", NULL, "revision", "a whole number"},
    {ALERT, "{\"place\":{\"point\":{\"latE7\":-2147483648}}}",
        "{\"place\":{\"point\":{\"latE7\":-2147483648}}}", NULL, NULL},
    {ALERT, "{\"place\":{\"point\":{\"latE7\":2147483648}}}", NULL, "place.point.lat_e7", "within 32 bits"},
    {ALERT, "{\"expires\":\"-9223372036854775808\"}", "{\"expires\":\"-9223372036854775808\"}", NULL, NULL},
    {ALERT, "{\"expires\":\"9223372036854775808\"}", NULL, "expires", "within 64 bits"},
    {ALERT, "{\"expires\":99999999999999999999}", NULL, "payload", "within 64 bits"},
    {BATCH, "{\"session\":\"18446744073709551615\"}", "{\"session\":\"18446744073709551615\"}", NULL, NULL},
    {BATCH, "{\"session\":\"18446744073709551616\"}", NULL, "session", "a whole number"},
    {BATCH, "{\"events\":[{},{\"at\":\"soon\"}]}", NULL, "events[1].at", "a whole number"},
    {BATCH, "{\"events\":[{\"clip\":\"-_8\"}]}", "{\"events\":[{\"clip\":\"+/8=\"}]}", NULL, NULL},
    {BATCH, "{\"events\":[{\"clip\":\"a\"}]}", NULL, "events[0].clip", "base64"},
    {BATCH, "{\"events\":[{\"clip\":\"ab!d\"}]}", NULL, "events[0].clip", "base64"},
    {BATCH, "{\"events\":[{\"clip\":\"====\"}]}", NULL, "events[0].clip", "base64"},
    {BATCH, "{\"events\":[{\"clip\":\"\"}]}", "{\"events\":[{}]}", NULL, NULL},
    {BATCH, "[]", NULL, "payload", "an object"},
    {BATCH, "", NULL, "payload", "JSON"},
    {BATCH, "{} x", NULL, "payload", "JSON (line 1"},
    {BATCH, "{'session':1}", NULL, "payload", "JSON"},
    {BATCH, "{\"session\":1,}", NULL, "payload", "JSON"},
    {BATCH, "{\"events\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", NULL, "payload", "less deep"},
    {BEAT, "{\"stale\":true}", "{\"stale\":true}", NULL, NULL},
    {BEAT, "{\"stale\":false}", "{}", NULL, NULL},
    {BEAT, "{\"stale\":\"true\"}", NULL, "stale", "true or false"},
    {INFO, "{\"radiiM\":[400,\"800\"]}", "{\"radiiM\":[400,800]}", NULL, NULL},
    {INFO, "{\"radiiM\":[]}", "{}", NULL, NULL},
    {SETTINGS, "{\"sharing\":{\"rules\":[{\"kinds\":[\"PERSON\",3,0]}]}}",
        "{\"sharing\":{\"rules\":[{\"kinds\":[\"PERSON\",\"VEHICLE\",\"UNSPECIFIED\"]}]}}", NULL, NULL},
};

static void test_mapping(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct json_case *c = &cases[i];
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct refusal refusal;
        ProtobufCMessage *message = read(c->in, c->descriptor, &arena, &refusal);
        if (c->out && !message)
            fail_msg("%s was refused: %s: %s", c->in, refusal.field, refusal.rule);
        if (c->out)
            assert_string_equal((const char *)json_from_message(message, &arena).data, c->out);
        if (!c->out && message)
            fail_msg("%s was taken", c->in);
        if (!c->out && (strcmp(refusal.field, c->field) != 0 || !strstr(refusal.rule, c->rule)))
            fail_msg(
                "%s: expected %s: %s, not %s: %s", c->in, c->field, c->rule, refusal.field, refusal.rule);
        arena_free(&arena);
    }
}

/* The events of a batch, each alone; what they hold is told by their written form. */
static void test_each_alone(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out, *field[2], *rule[2]; /* out NULL: field and rule of [0] refuse the whole */
    } lists[] = {
        {"{\"events\":[{\"seq\":1},{\"seq\":2}]}", "{\"events\":[{\"seq\":\"1\"},{\"seq\":\"2\"}]}", {0},
            {0}},
        {"{\"events\":[{\"at\":\"soon\",\"seq\":1},{\"seq\":2}],\"session\":3}",
            "{\"session\":\"3\",\"events\":[{\"seq\":\"1\"},{\"seq\":\"2\"}]}", {"events[0].at", NULL},
            {"a whole number", NULL}},
        {"{\"events\":[null,7]}", "{\"events\":[{},{}]}", {"events[0]", "events[1]"},
            {"an object", "an object"}},
        {"{\"events\":[{\"a\":1,\"b\":2,\"at\":[]},{\"position\":{\"latE7\":1,\"x\":1},\"seq\":5}]}",
            "{\"events\":[{},{\"seq\":\"5\"}]}", {"events[0].a", "events[1].position.x"},
            {"no field of this message", "no field of this message"}},
        {"{\"events\":[{\"activityId\":\"a\",\"activity_id\":\"b\",\"seq\":4}]}",
            "{\"events\":[{\"seq\":\"4\",\"activityId\":\"a\"}]}", {"events[0].activity_id", NULL},
            {"given once", NULL}},
        {"{\"events\":[{\"at\":{}},{}],\"session\":\"x\"}", NULL, {"session", NULL},
            {"a whole number", NULL}},
        {"{\"events\":{}}", NULL, {"events", NULL}, {"a list", NULL}},
        {"{\"events\":[{},{},{}]}", NULL, {"events", NULL}, {"at most 2", NULL}},
        {"{\"events\":[{}],\"nosuch\":1}", NULL, {"nosuch", NULL}, {"no field of this message", NULL}},
        {"{\"events\":[{]}", NULL, {"payload", NULL}, {"JSON", NULL}},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct refusal whole = {0}, refusals[2] = {{0}};
        struct codec_reading reading = {&arena, &whole};
        struct codec_memory memory;
        struct json_each_alone events = {"events", 2, refusals};
        codec_memory_init(&memory, &arena, strlen(lists[i].in));
        ProtobufCMessage *message =
            json_to_message_each_alone(bytes_of(lists[i].in), BATCH, &memory, &reading, &events);
        if (!lists[i].out) {
            assert_null(message);
            assert_string_equal(whole.field, lists[i].field[0]);
            assert_non_null(strstr(whole.rule, lists[i].rule[0]));
        } else {
            assert_non_null(message);
            assert_int_equal(whole.code, REASON_OK);
            assert_string_equal((const char *)json_from_message(message, &arena).data, lists[i].out);
        }
        for (size_t n = 0; lists[i].out && n < 2; n++) {
            assert_int_equal(refusals[n].code, lists[i].field[n] ? REASON_BAD_PAYLOAD : REASON_OK);
            if (!lists[i].field[n])
                continue;
            assert_string_equal(refusals[n].field, lists[i].field[n]);
            assert_string_equal(refusals[n].rule, lists[i].rule[n]);
        }
        arena_free(&arena);
    }
}

/* An element with very many wrong members costs no more than they do in the payload. */
static void test_each_alone_is_bounded(void **state)
{
    (void)state;
    enum { MEMBERS = 20000 };
    char *json = malloc(MEMBERS * 10 + 100);
    assert_non_null(json);
    size_t len = (size_t)sprintf(json, "{\"events\":[{\"seq\":9");
    for (int i = 0; i < MEMBERS; i++)
        len += (size_t)sprintf(json + len, ",\"%x\":1", i);
    sprintf(json + len, "}]}");
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct refusal whole = {0}, refusals[2] = {{0}};
    struct codec_reading reading = {&arena, &whole};
    struct codec_memory memory;
    struct json_each_alone events = {"events", 2, refusals};
    codec_memory_init(&memory, &arena, strlen(json));
    assert_non_null(json_to_message_each_alone(bytes_of(json), BATCH, &memory, &reading, &events));
    assert_string_equal(refusals[0].field, "events[0].0");
    assert_true(arena.total < 65536);
    arena_free(&arena);
    free(json);
}

static void test_base64_of_every_length(void **state)
{
    (void)state;
    uint8_t data[100], back[128];
    char text[160];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37 + 250);
    for (size_t len = 0; len <= sizeof data; len++) {
        size_t written = json_base64_write(data, len, text), read_len = 0;
        assert_int_equal(written, (len + 2) / 3 * 4);
        assert_true(json_base64_read(text, written, back, &read_len));
        assert_int_equal(read_len, len);
        assert_memory_equal(back, data, len);
        while (written && text[written - 1] == '=')
            written--;
        assert_true(json_base64_read(text, written, back, &read_len));
        assert_int_equal(read_len, len);
    }
}

static void test_field_names(void **state)
{
    (void)state;
    char name[16];
    json_field_name("lat_e7", name, sizeof name);
    assert_string_equal(name, "latE7");
    json_field_name("retry_after_s", name, sizeof name);
    assert_string_equal(name, "retryAfterS");
    json_field_name("a_very_long_name_indeed", name, sizeof name);
    assert_string_equal(name, "aVeryLongNameIn");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mapping),
        cmocka_unit_test(test_each_alone),
        cmocka_unit_test(test_each_alone_is_bounded),
        cmocka_unit_test(test_base64_of_every_length),
        cmocka_unit_test(test_field_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
