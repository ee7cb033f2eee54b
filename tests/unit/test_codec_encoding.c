/* Which encoding a payload is taken to be in, and the names of the closed lists against the schema. */
#include "tests/unit/test_codec.h"

#define RAW(literal)                                                                                         \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static void test_encoding(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        struct bytes payload;
        int encoding; /* 0: refused */
    } cases[] = {
        {"application/x-protobuf", RAW("{"), ENCODING_PROTOBUF},
        {"application/json", RAW("\x08\x01"), ENCODING_JSON},
        {"Application/JSON; charset=utf-8", RAW(""), ENCODING_JSON},
        {"application/json ; charset=utf-8", RAW(""), ENCODING_JSON},
        {"application/cap+xml", RAW("<"), ENCODING_CAP},
        {"text/plain", RAW("{}"), 0},
        {"application/jsonx", RAW("{}"), 0},
        {"", RAW("\x08\x01\x12"), ENCODING_PROTOBUF},
        {"", RAW("{}"), ENCODING_JSON},
        {"", RAW(" \r\n\t{}"), ENCODING_JSON},
        {"", RAW("\xEF\xBB\xBF{}"), ENCODING_JSON},
        {"", RAW("\xEF\xBB\xBF\n {}"), ENCODING_JSON},
        {"", RAW("<?xml"), ENCODING_CAP},
        {"", RAW("\xEF\xBB\xBF <alert"), ENCODING_CAP},
        {"", RAW("\xFE\xFF\0<\0?"), ENCODING_CAP},
        {"", RAW("\xFF\xFE<\0?\0"), ENCODING_CAP},
        {"", RAW("\xFF\xFE\n\0 \0<\0"), ENCODING_CAP},
        {"", RAW("\0<\0a"), ENCODING_CAP},
        {"", RAW("<\0a\0"), ENCODING_CAP},
        {"", RAW("\xFE\xFF\0{"), 0},
        {"", RAW("\xFF\xFE{\0"), 0},
        {"", RAW(""), 0},
        {"", RAW("   "), 0},
        {"", RAW("\xEF\xBB\xBF"), 0},
        {"", RAW("\xEF\xBB"), 0},
        {"", RAW("\0"), 0},
        {"", RAW("[1]"), 0},
        {"", RAW("hello"), 0},
        {"", RAW("\x12\x00"), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct refusal refusal = {0};
        enum encoding encoding =
            codec_encoding_of(text_of(cases[i].content_type), cases[i].payload, &refusal);
        if ((int)encoding != cases[i].encoding)
            fail_msg("case %zu: %d, not %d", i, (int)encoding, cases[i].encoding);
        assert_int_equal(refusal.code, cases[i].encoding ? REASON_OK : REASON_BAD_PAYLOAD);
        if (!cases[i].encoding)
            assert_string_equal(refusal.field, cases[i].content_type[0] ? "content type" : "payload");
    }
}

/* Finds the enum of a field. */
static const ProtobufCEnumDescriptor *enum_of(const ProtobufCMessageDescriptor *message, const char *field)
{
    return protobuf_c_message_descriptor_get_field_by_name(message, field)->descriptor;
}

static void test_names_are_those_of_the_schema(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *alert = &neighbors__v1__alert__descriptor;
    const ProtobufCMessageDescriptor *event =
        protobuf_c_message_descriptor_get_field_by_name(&neighbors__v1__motion_batch__descriptor, "events")
            ->descriptor;
    const struct {
        const ProtobufCEnumDescriptor *descriptor;
        const char *(*name_of)(int value);
        int (*value_of)(struct text name);
    } lists[] = {
        {enum_of(alert, "category"), category_name, category_of},
        {enum_of(alert, "severity"), severity_name, NULL},
        {enum_of(alert, "urgency"), urgency_name, NULL},
        {enum_of(alert, "certainty"), certainty_name, NULL},
        {enum_of(alert, "msg_type"), msg_type_name, NULL},
        {enum_of(alert, "state"), alert_state_name, NULL},
        {enum_of(alert, "sender_kind"), sender_kind_name, NULL},
        {enum_of(alert, "truth"), truth_name, NULL},
        {enum_of(alert, "status"), alert_status_name, NULL},
        {enum_of(&neighbors__v1__flag__descriptor, "reason"), flag_reason_name, NULL},
        {enum_of(&neighbors__v1__verdict__descriptor, "decision"), verdict_decision_name, NULL},
        {enum_of(&neighbors__v1__footage_request__descriptor, "incident"), incident_type_name, NULL},
        {enum_of(&neighbors__v1__resolve__descriptor, "outcome"), case_outcome_name, NULL},
        {enum_of(&neighbors__v1__clip_answer__descriptor, "decision"), footage_decision_name, NULL},
        {enum_of(event, "phase"), phase_name, NULL},
        {enum_of(event, "kind"), motion_kind_name, NULL},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        int count = (int)lists[i].descriptor->n_values;
        assert_null(lists[i].name_of(0));
        assert_null(lists[i].name_of(-1));
        assert_null(lists[i].name_of(count));
        for (int value = 1; value < count; value++) {
            const char *name = lists[i].name_of(value);
            assert_string_equal(name, protobuf_c_enum_descriptor_get_value(lists[i].descriptor, value)->name);
            if (lists[i].value_of)
                assert_int_equal(lists[i].value_of(text_of(name)), value);
        }
        if (lists[i].value_of)
            assert_int_equal(lists[i].value_of(TEXT("UNSPECIFIED")), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_names_are_those_of_the_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
