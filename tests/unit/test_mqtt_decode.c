/* What the MQTT decoder makes of good packets, and what it says of a CONNECT that it cannot serve and of a
 * packet that is too large. */
#include "tests/unit/test_mqtt.h"

static void other_versions(void **state)
{
    (void)state;
    static const struct {
        const char *wire;
        uint8_t code, version;
    } rows[] = {
        {"10 ~ \"MQIsdp\" 03 02 003C \"a\"", REASON_UNSUPPORTED_VERSION, 3},
        {"10 ~ \"MQIsdp\" 04 02 003C \"a\"", REASON_UNSUPPORTED_VERSION, 4},
        {"10 ~ \"MQTT\" 03 02 003C \"a\"", REASON_UNSUPPORTED_VERSION, 3},
        {"10 ~ \"MQTT\" 06 02 003C 00 \"a\"", REASON_UNSUPPORTED_VERSION, 6},
        {"10 ~ \"MQTT\" 84 02 003C \"a\"", REASON_UNSUPPORTED_VERSION, 0x84},
        {"10 ~ \"MQTT\" FF", REASON_UNSUPPORTED_VERSION, 0xFF},
        {"10 ~ \"mqtt\" 05 02 003C 00 \"a\"", REASON_UNSUPPORTED_VERSION, 0},
        {"10 ~ \"MQTTX\" 05 02 003C 00 \"a\"", REASON_UNSUPPORTED_VERSION, 0},
        {"10 ~ \"\" 05 02 003C 00 \"a\"", REASON_UNSUPPORTED_VERSION, 0},
        {"10 ~ \"MQTT\"", REASON_MALFORMED, 0},
        {"10 ~ 0004 'MQ'", REASON_MALFORMED, 0},
        {"10 ~ \"MQTT\" 05 03 003C 00 \"a\"", REASON_MALFORMED, 5},
        {"10 ~ \"MQTT\" 04 00 003C \"\"", REASON_BAD_CLIENT_ID, 4},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t data[WIRE_ROOM];
        size_t used, len = wire(rows[i].wire, data);
        struct mqtt_packet packet;
        struct refusal refusal = {0};
        memset(&packet, 0xA5, sizeof(packet));
        assert_int_equal(mqtt_decode(0, LARGEST, data, len, &packet, &used, &refusal), MQTT_BAD);
        assert_int_equal(refusal.code, rows[i].code);
        assert_int_equal(packet.type, MQTT_CONNECT);
        assert_int_equal(packet.connect.version, rows[i].version);
    }
}

/* 0x95 as soon as the length can be read, long before the packet is there. */
static void too_large(void **state)
{
    (void)state;
    static const uint8_t head[] = {0x30, 0x80, 0x10, 0x00}; /* 3 + 2048 bytes */
    for (uint8_t version = 4; version <= 5; version++) {
        struct mqtt_packet packet;
        struct refusal refusal = {0};
        size_t used;
        assert_int_equal(mqtt_decode(version, 2050, head, 2, &packet, &used, &refusal), MQTT_NEED_MORE);
        assert_int_equal(used, 0);
        assert_int_equal(mqtt_decode(version, 2050, head, 3, &packet, &used, &refusal), MQTT_BAD);
        assert_int_equal(refusal.code, REASON_PACKET_TOO_LARGE);
        assert_int_equal(mqtt_decode(version, 2051, head, 3, &packet, &used, &refusal), MQTT_NEED_MORE);
        assert_int_equal(used, 2051);
    }
    static const uint8_t connect[] = {0x10, 0xFF, 0xFF, 0xFF, 0x7F};
    struct mqtt_packet packet;
    struct refusal refusal = {0};
    size_t used;
    assert_int_equal(mqtt_decode(0, LARGEST, connect, 5, &packet, &used, &refusal), MQTT_BAD);
    assert_int_equal(refusal.code, REASON_PACKET_TOO_LARGE);
    assert_int_equal(packet.connect.version, 0);
    assert_int_equal(mqtt_decode(0, 268435460, connect, 5, &packet, &used, &refusal), MQTT_NEED_MORE);
    assert_int_equal(used, 268435460);
}

static void decode_good(uint8_t version, const char *notation, uint8_t *data, struct mqtt_packet *packet)
{
    struct refusal refusal;
    size_t used, len = wire(notation, data);
    memset(packet, 0xA5, sizeof(*packet)); /* so that nothing is right by luck */
    assert_int_equal(mqtt_decode(version, LARGEST, data, len, packet, &used, &refusal), MQTT_DECODED);
    assert_int_equal(used, len);
}

static void assert_text(struct text text, const char *expected)
{
    assert_true(text_equal(text, text_of(expected)));
}

static void assert_defaults(const struct mqtt_properties *properties)
{
    assert_true(properties->present == 0);
    assert_int_equal(properties->request_problem_info, 1);
    assert_int_equal(properties->request_response_info, 0);
    assert_int_equal(properties->maximum_qos, 2);
    assert_int_equal(properties->retain_available, 1);
    assert_int_equal(properties->wildcard_available, 1);
    assert_int_equal(properties->subscription_id_available, 1);
    assert_int_equal(properties->shared_available, 1);
    assert_int_equal(properties->receive_maximum, 65535);
    assert_int_equal(properties->topic_alias_maximum, 0);
    assert_int_equal(properties->session_expiry, 0);
    assert_int_equal(properties->maximum_packet_size, UINT32_MAX);
    assert_int_equal(properties->subscription_id_count, 0);
    assert_int_equal(properties->content_type.len, 0);
    assert_int_equal(properties->correlation_data.len, 0);
}

static void values_of_connect(void **state)
{
    (void)state;
    uint8_t data[WIRE_ROOM];
    struct mqtt_packet packet;
    const struct mqtt_connect *connect = &packet.connect;
    decode_good(0, "10 ~ \"MQTT\" 05 02 003C 00 \"id\"", data, &packet);
    assert_int_equal(packet.type, MQTT_CONNECT);
    assert_int_equal(connect->version, 5);
    assert_int_equal(connect->keep_alive, 60);
    assert_true(connect->clean_start);
    assert_false(connect->has_will || connect->has_username || connect->has_password || connect->will_retain);
    assert_text(connect->client_id, "id");
    assert_int_equal(connect->username.len + connect->password.len + connect->will_topic.len, 0);
    assert_defaults(&connect->properties);
    assert_defaults(&connect->will_properties);

    decode_good(0,
        "10 ~ \"MQTT\" 05 F4 0000 ( 11 0000000A 21 0014 27 00000100 22 0005 19 01 17 00 26 \"k\" \"v\" 15 "
        "\"m\" 16 \"d\" 26 00000000 )"
        " \"a\" 0A 18 00000005 02 00000007 \"t\" \"x\" \"u\" \"p\"",
        data, &packet);
    assert_false(connect->clean_start);
    assert_true(connect->has_will && connect->will_retain && connect->has_username && connect->has_password);
    assert_int_equal(connect->will_qos, 2);
    assert_int_equal(connect->properties.session_expiry, 10);
    assert_int_equal(connect->properties.receive_maximum, 20);
    assert_int_equal(connect->properties.maximum_packet_size, 256);
    assert_int_equal(connect->properties.topic_alias_maximum, 5);
    assert_int_equal(connect->properties.request_response_info, 1);
    assert_int_equal(connect->properties.request_problem_info, 0);
    assert_text(connect->properties.auth_method, "m");
    assert_int_equal(connect->properties.auth_data.len, 1);
    assert_int_equal(connect->will_properties.will_delay, 5);
    assert_int_equal(connect->will_properties.message_expiry, 7);
    assert_text(connect->will_topic, "t");
    assert_memory_equal(connect->will_payload.data, "x", 1);
    assert_text(connect->username, "u");
    assert_memory_equal(connect->password.data, "p", 1);

    size_t offset = 0;
    struct text name, value;
    assert_true(mqtt_user_property(&connect->properties, &offset, &name, &value));
    assert_text(name, "k");
    assert_text(value, "v");
    assert_true(mqtt_user_property(&connect->properties, &offset, &name, &value));
    assert_int_equal(name.len + value.len, 0);
    assert_false(mqtt_user_property(&connect->properties, &offset, &name, &value));
    assert_false(mqtt_user_property(&connect->properties, &offset, &name, &value));
}

static void values_of_publish(void **state)
{
    (void)state;
    uint8_t data[WIRE_ROOM];
    struct mqtt_packet packet;
    const struct mqtt_publish *publish = &packet.publish;
    decode_good(4, "3B ~ \"nb/v1/motion\" 1234 'payload'", data, &packet);
    assert_int_equal(packet.type, MQTT_PUBLISH);
    assert_true(publish->dup && publish->retain);
    assert_int_equal(publish->qos, 1);
    assert_int_equal(publish->packet_id, 0x1234);
    assert_text(publish->topic, "nb/v1/motion");
    assert_int_equal(publish->payload.len, 7);
    assert_memory_equal(publish->payload.data, "payload", 7);
    assert_defaults(&publish->properties);

    decode_good(5,
        "30 ~ \"\" 2C 01 01 02 00000009 23 0003 08 \"r\" 09 \"d\" 03 \"c\" 0B01 0B02 0B03 0B04 0B05 0B06 "
        "0B07 0B08 0B09 0BFFFF03",
        data, &packet);
    const struct mqtt_properties *properties = &publish->properties;
    assert_int_equal(publish->packet_id, 0);
    assert_int_equal(publish->payload.len, 0);
    assert_int_equal(properties->payload_format, 1);
    assert_int_equal(properties->message_expiry, 9);
    assert_int_equal(properties->topic_alias, 3);
    assert_text(properties->response_topic, "r");
    assert_text(properties->content_type, "c");
    assert_int_equal(properties->subscription_id_count, 8);
    assert_int_equal(properties->subscription_ids[7], 8);
    assert_true(MQTT_HAS(properties, MQTT_SUBSCRIPTION_ID));
    assert_false(MQTT_HAS(properties, MQTT_USER_PROPERTY));
    assert_int_equal(properties->receive_maximum, 65535);
}

static void values_of_lists(void **state)
{
    (void)state;
    uint8_t data[WIRE_ROOM];
    struct mqtt_packet packet;
    struct mqtt_filter filter;
    size_t offset = 0;
    decode_good(5, "82 ~ 0007 02 0B 05 \"a\" 2E \"\" 10", data, &packet);
    assert_int_equal(packet.filters.packet_id, 7);
    assert_int_equal(packet.filters.count, 2);
    assert_int_equal(packet.filters.properties.subscription_ids[0], 5);
    assert_true(mqtt_next_filter(&packet.filters, true, &offset, &filter));
    assert_text(filter.filter, "a");
    assert_int_equal(filter.qos, 2);
    assert_true(filter.no_local && filter.retain_as_published);
    assert_int_equal(filter.retain_handling, 2);
    assert_true(mqtt_next_filter(&packet.filters, true, &offset, &filter));
    assert_int_equal(filter.filter.len, 0);
    assert_int_equal(filter.qos, 0);
    assert_int_equal(filter.retain_handling, 1);
    assert_false(mqtt_next_filter(&packet.filters, true, &offset, &filter));

    offset = 0;
    decode_good(4, "A2 ~ 0008 \"ab\" \"c\"", data, &packet);
    assert_int_equal(packet.filters.count, 2);
    assert_true(mqtt_next_filter(&packet.filters, false, &offset, &filter));
    assert_text(filter.filter, "ab");
    assert_true(mqtt_next_filter(&packet.filters, false, &offset, &filter));
    assert_text(filter.filter, "c");
    assert_false(mqtt_next_filter(&packet.filters, false, &offset, &filter));

    decode_good(5, "90 ~ 0009 00 01 87", data, &packet);
    assert_int_equal(packet.filters.count, 2);
    assert_int_equal(packet.filters.list.data[1], 0x87);
}

static void values_of_acknowledgements(void **state)
{
    (void)state;
    uint8_t data[WIRE_ROOM];
    struct mqtt_packet packet;
    decode_good(5, "40 02 0102", data, &packet);
    assert_int_equal(packet.ack.packet_id, 0x0102);
    assert_int_equal(packet.ack.reason, 0);
    assert_defaults(&packet.ack.properties);
    decode_good(5, "E0 ~ 04 05 11 00000064", data, &packet);
    assert_int_equal(packet.ack.packet_id, 0);
    assert_int_equal(packet.ack.reason, 4);
    assert_true(MQTT_HAS(&packet.ack.properties, MQTT_SESSION_EXPIRY));
    assert_int_equal(packet.ack.properties.session_expiry, 100);
    decode_good(4, "E0 00", data, &packet);
    assert_defaults(&packet.ack.properties);
}

/* Two packets at once: the first is decoded and the second left alone. */
static void one_at_a_time(void **state)
{
    (void)state;
    static const uint8_t data[] = {0xC0, 0x00, 0x40, 0x02, 0x00, 0x05};
    struct mqtt_packet packet;
    struct refusal refusal;
    size_t used;
    assert_int_equal(mqtt_decode(5, LARGEST, data, sizeof(data), &packet, &used, &refusal), MQTT_DECODED);
    assert_int_equal(used, 2);
    assert_int_equal(packet.type, MQTT_PINGREQ);
    assert_int_equal(
        mqtt_decode(5, LARGEST, data + 2, sizeof(data) - 2, &packet, &used, &refusal), MQTT_DECODED);
    assert_int_equal(packet.ack.packet_id, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_versions),
        cmocka_unit_test(too_large),
        cmocka_unit_test(values_of_connect),
        cmocka_unit_test(values_of_publish),
        cmocka_unit_test(values_of_lists),
        cmocka_unit_test(values_of_acknowledgements),
        cmocka_unit_test(one_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
