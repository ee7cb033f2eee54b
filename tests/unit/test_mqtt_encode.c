/* What the MQTT encoders write: the exact bytes where the standard leaves no choice, what the decoder reads
 * back of the rest, and that nothing is written where there is no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/mqtt.h"

enum { ROOM = 4096 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct mqtt_property_out two_properties[] = {
    {MQTT_REASON_STRING, 0, {NULL, 0}, {"why", 3}},
    {MQTT_USER_PROPERTY, 0, {"retry-after", 11}, {"5", 1}},
};

static void assert_wire(const struct mqtt_writer *w, const char *bytes, size_t len)
{
    assert_int_equal(w->len, len);
    assert_memory_equal(w->data, bytes, len);
}
#define ASSERT_WIRE(w, literal) assert_wire((w), (literal), sizeof(literal) - 1)

/* The one packet in the writer, read back whole. */
static struct mqtt_packet read_back(const struct mqtt_writer *w, uint8_t version)
{
    struct mqtt_packet packet;
    struct refusal refusal = {0};
    size_t used;
    assert_true(w->len <= w->size);
    assert_int_equal(mqtt_decode(version, ROOM, w->data, w->len, &packet, &used, &refusal), MQTT_DECODED);
    assert_int_equal(used, w->len);
    return packet;
}

static void acknowledgements(void **state)
{
    (void)state;
    uint8_t data[ROOM];
    struct mqtt_writer w = {data, sizeof(data), 0};
    mqtt_encode_ack(&w, 5, MQTT_PUBACK, 0x1234, REASON_OK, NULL, 0);
    ASSERT_WIRE(&w, "\x40\x02\x12\x34");
    w.len = 0;
    mqtt_encode_ack(&w, 5, MQTT_PUBACK, 0x1234, REASON_NOT_ALLOWED, NULL, 0);
    ASSERT_WIRE(&w, "\x40\x03\x12\x34\x87");
    w.len = 0;
    mqtt_encode_ack(&w, 5, MQTT_PUBREC, 1, REASON_OK, two_properties, 1);
    ASSERT_WIRE(&w, "\x50\x0A\x00\x01\x00\x06\x1F\x00\x03why");
    w.len = 0;
    mqtt_encode_ack(&w, 5, MQTT_PUBREL, 1, REASON_PACKET_ID_NOT_FOUND, NULL, 0);
    ASSERT_WIRE(&w, "\x62\x03\x00\x01\x92");
    w.len = 0;
    mqtt_encode_ack(&w, 4, MQTT_PUBREL, 1, REASON_PACKET_ID_NOT_FOUND, two_properties, 2);
    mqtt_encode_ack(&w, 4, MQTT_PUBCOMP, 2, REASON_OK, NULL, 0);
    ASSERT_WIRE(&w, "\x62\x02\x00\x01\x70\x02\x00\x02");
    w.len = 0;
    mqtt_encode_ack(&w, 5, MQTT_DISCONNECT, 0, REASON_OK, NULL, 0);
    mqtt_encode_ack(&w, 5, MQTT_DISCONNECT, 0, REASON_TAKEN_OVER, NULL, 0);
    mqtt_encode_ack(&w, 4, MQTT_DISCONNECT, 0, REASON_TAKEN_OVER, NULL, 0);
    ASSERT_WIRE(&w, "\xE0\x00\xE0\x01\x8E\xE0\x00");
    w.len = 0;
    mqtt_encode_ack(&w, 4, MQTT_AUTH, 0, 0x18, NULL, 0);
    ASSERT_WIRE(&w, "");
    mqtt_encode_ack(
        &w, 5, MQTT_AUTH, 0, 0x18, &(struct mqtt_property_out){.id = MQTT_AUTH_METHOD, .text = TEXT("m")}, 1);
    ASSERT_WIRE(&w, "\xF0\x06\x18\x04\x15\x00\x01m");
    w.len = 0;
    mqtt_encode_ping(&w, MQTT_PINGREQ);
    mqtt_encode_ping(&w, MQTT_PINGRESP);
    ASSERT_WIRE(&w, "\xC0\x00\xD0\x00");

    w.len = 0;
    mqtt_encode_ack(&w, 5, MQTT_PUBACK, 7, REASON_QUOTA_EXCEEDED, two_properties, 2);
    struct mqtt_packet packet = read_back(&w, 5);
    assert_int_equal(packet.ack.packet_id, 7);
    assert_int_equal(packet.ack.reason, REASON_QUOTA_EXCEEDED);
    assert_true(text_equal(packet.ack.properties.reason_string, TEXT("why")));
    size_t offset = 0;
    struct text name, value;
    assert_true(mqtt_user_property(&packet.ack.properties, &offset, &name, &value));
    assert_true(text_equal(name, TEXT("retry-after")) && text_equal(value, TEXT("5")));
}

static void connack(void **state)
{
    (void)state;
    static const struct {
        uint8_t reason, return_code;
    } codes[] = {{REASON_OK, 0}, {REASON_UNSUPPORTED_VERSION, 1}, {REASON_BAD_CLIENT_ID, 2},
        {REASON_SERVER_UNAVAILABLE, 3}, {REASON_SERVER_BUSY, 3}, {REASON_BAD_CREDENTIALS, 4},
        {REASON_NOT_ALLOWED, 5}, {REASON_BAD_AUTHENTICATION_METHOD, 5}, {2, 2}};
    uint8_t data[ROOM];
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct mqtt_writer w = {data, sizeof(data), 0};
        mqtt_encode_connack(&w, 4, true, codes[i].reason, two_properties, 2);
        uint8_t expected[] = {0x20, 2, codes[i].reason == 0, codes[i].return_code};
        assert_wire(&w, (const char *)expected, sizeof(expected));
    }
    static const struct mqtt_property_out properties[] = {
        {MQTT_SESSION_EXPIRY, 86400, {NULL, 0}, {NULL, 0}},
        {MQTT_RECEIVE_MAXIMUM, 100, {NULL, 0}, {NULL, 0}},
        {MQTT_SHARED_AVAILABLE, 0, {NULL, 0}, {NULL, 0}},
        {MQTT_ASSIGNED_CLIENT_ID, 0, {NULL, 0}, {"c1", 2}},
        {MQTT_AUTH_DATA, 0, {NULL, 0}, {"\0\xFF", 2}},
    };
    struct mqtt_writer w = {data, sizeof(data), 0};
    mqtt_encode_connack(&w, 5, true, REASON_OK, properties, COUNT(properties));
    struct mqtt_packet packet = read_back(&w, 5);
    assert_true(packet.connack.session_present);
    assert_int_equal(packet.connack.properties.session_expiry, 86400);
    assert_int_equal(packet.connack.properties.receive_maximum, 100);
    assert_int_equal(packet.connack.properties.shared_available, 0);
    assert_true(text_equal(packet.connack.properties.assigned_client_id, TEXT("c1")));
    assert_int_equal(packet.connack.properties.auth_data.len, 2);
    w.len = 0;
    mqtt_encode_connack(&w, 5, true, REASON_NOT_ALLOWED, NULL, 0);
    ASSERT_WIRE(&w, "\x20\x03\x00\x87\x00");
}

static struct mqtt_connect sample_connect(uint8_t version)
{
    struct mqtt_connect connect = {.version = version,
        .clean_start = true,
        .has_will = true,
        .will_retain = true,
        .has_username = true,
        .has_password = true,
        .will_qos = 1,
        .keep_alive = 30};
    connect.client_id = TEXT("phone");
    connect.will_topic = TEXT("gone");
    connect.will_payload = (struct bytes){(const uint8_t *)"bye", 3};
    connect.will_properties.raw = (struct bytes){(const uint8_t *)"\x18\0\0\0\x09", 5};
    connect.username = TEXT("user/1");
    connect.password = (struct bytes){(const uint8_t *)"\xFF\0", 2};
    return connect;
}

static void connect_round_trip(void **state)
{
    (void)state;
    static const struct mqtt_property_out properties[] = {
        {MQTT_MAXIMUM_PACKET_SIZE, 1000, {NULL, 0}, {NULL, 0}},
        {MQTT_REQUEST_PROBLEM_INFO, 0, {NULL, 0}, {NULL, 0}},
    };
    for (uint8_t version = 4; version <= 5; version++) {
        uint8_t data[ROOM];
        struct mqtt_writer w = {data, sizeof(data), 0};
        struct mqtt_connect sent = sample_connect(version);
        mqtt_encode_connect(&w, &sent, properties, COUNT(properties));
        struct mqtt_packet packet = read_back(&w, 0);
        const struct mqtt_connect *got = &packet.connect;
        assert_int_equal(got->version, version);
        assert_true(got->clean_start && got->has_will && got->will_retain);
        assert_int_equal(got->will_qos, 1);
        assert_int_equal(got->keep_alive, 30);
        assert_true(text_equal(got->client_id, sent.client_id) && text_equal(got->username, sent.username));
        assert_true(text_equal(got->will_topic, sent.will_topic));
        assert_true(
            bytes_equal(got->will_payload, sent.will_payload) && bytes_equal(got->password, sent.password));
        assert_int_equal(got->properties.maximum_packet_size, version == 5 ? 1000 : UINT32_MAX);
        assert_int_equal(got->will_properties.will_delay, version == 5 ? 9 : 0);
    }
    uint8_t data[ROOM];
    struct mqtt_writer w = {data, sizeof(data), 0};
    struct mqtt_connect bare = {.version = 4, .client_id = TEXT("a"), .clean_start = true};
    mqtt_encode_connect(&w, &bare, NULL, 0);
    ASSERT_WIRE(&w, "\x10\x0D\x00\x04MQTT\x04\x02\x00\x00\x00\x01"
                    "a");
}

static void publish(void **state)
{
    (void)state;
    static const struct mqtt_property_out properties[] = {
        {MQTT_SUBSCRIPTION_ID, 268435455, {NULL, 0}, {NULL, 0}},
        {MQTT_SUBSCRIPTION_ID, 3, {NULL, 0}, {NULL, 0}},
        {MQTT_MESSAGE_EXPIRY, 60, {NULL, 0}, {NULL, 0}},
        {MQTT_CONTENT_TYPE, 0, {NULL, 0}, {"application/json", 16}},
    };
    static const size_t payloads[] = {0, 1, 100, 127, 128, 3000};
    for (size_t i = 0; i < COUNT(payloads) * 6; i++) {
        uint8_t data[ROOM], version = 4 + i % 2, qos = (uint8_t)(i / 2 % 3);
        size_t payload_len = payloads[i / 6];
        struct mqtt_writer w = {data, sizeof(data), 0};
        struct mqtt_publish sent = {
            .dup = true, .retain = true, .qos = qos, .packet_id = 513, .topic = TEXT("nb/v1/x")};
        mqtt_encode_publish_head(&w, version, &sent, payload_len, properties, COUNT(properties));
        memset(data + w.len, 'p', payload_len);
        w.len += payload_len;
        struct mqtt_packet packet = read_back(&w, version);
        const struct mqtt_publish *got = &packet.publish;
        assert_int_equal(got->dup, qos > 0); /* [MQTT-3.3.1-2] */
        assert_true(got->retain);
        assert_int_equal(got->qos, qos);
        assert_int_equal(got->packet_id, qos > 0 ? 513 : 0);
        assert_true(text_equal(got->topic, sent.topic));
        assert_int_equal(got->payload.len, payload_len);
        assert_int_equal(got->properties.subscription_id_count, version == 5 ? 2 : 0);
        if (version == 5) {
            assert_int_equal(got->properties.subscription_ids[0], 268435455);
            assert_int_equal(got->properties.message_expiry, 60);
            assert_true(text_equal(got->properties.content_type, TEXT("application/json")));
        }
    }
}

static void subscriptions(void **state)
{
    (void)state;
    static const struct mqtt_filter filters[] = {
        {{"a/#", 3}, 1, true, true, 2},
        {{"b", 1}, 2, false, false, 0},
    };
    static const struct text names[] = {{"a/#", 3}, {"b", 1}};
    static const struct mqtt_property_out since = {MQTT_USER_PROPERTY, 0, {"since", 5}, {"c:1", 3}};
    for (uint8_t version = 4; version <= 5; version++) {
        uint8_t data[ROOM];
        struct mqtt_writer w = {data, sizeof(data), 0};
        mqtt_encode_subscribe(&w, version, 9, filters, 2, &since, 1);
        struct mqtt_packet packet = read_back(&w, version);
        struct mqtt_filter got;
        size_t offset = 0;
        assert_int_equal(packet.filters.count, 2);
        assert_true(mqtt_next_filter(&packet.filters, true, &offset, &got));
        assert_true(text_equal(got.filter, names[0]));
        assert_int_equal(got.qos, 1);
        assert_int_equal(got.no_local, version == 5);
        assert_int_equal(got.retain_handling, version == 5 ? 2 : 0);

        w.len = 0;
        mqtt_encode_unsubscribe(&w, version, 10, names, 2, &since, 1);
        packet = read_back(&w, version);
        assert_int_equal(packet.type, MQTT_UNSUBSCRIBE);
        assert_int_equal(packet.filters.count, 2);
    }
    static const uint8_t codes[] = {0x01, 0x87, 0x8F};
    static const uint8_t gone[] = {0x00, 0x11};
    uint8_t data[ROOM];
    struct mqtt_writer w = {data, sizeof(data), 0};
    mqtt_encode_suback(&w, 5, MQTT_SUBACK, 9, codes, 3);
    ASSERT_WIRE(&w, "\x90\x06\x00\x09\x00\x01\x87\x8F");
    w.len = 0;
    mqtt_encode_suback(&w, 4, MQTT_SUBACK, 9, codes, 3);
    ASSERT_WIRE(&w, "\x90\x05\x00\x09\x01\x80\x80");
    w.len = 0;
    mqtt_encode_suback(&w, 5, MQTT_UNSUBACK, 9, gone, 2);
    mqtt_encode_suback(&w, 4, MQTT_UNSUBACK, 9, gone, 2);
    ASSERT_WIRE(&w, "\xB0\x05\x00\x09\x00\x00\x11\xB0\x02\x00\x09");
    w.len = 0;
    mqtt_encode_suback_with(&w, 5, MQTT_SUBACK, 9, codes, 3, two_properties, 1);
    ASSERT_WIRE(&w, "\x90\x0C\x00\x09\x06\x1F\x00\x03why\x01\x87\x8F");
    w.len = 0;
    mqtt_encode_suback_with(&w, 5, MQTT_UNSUBACK, 9, gone, 2, two_properties, 1);
    ASSERT_WIRE(&w, "\xB0\x0B\x00\x09\x06\x1F\x00\x03why\x00\x11");
    w.len = 0;
    mqtt_encode_suback_with(&w, 4, MQTT_SUBACK, 9, codes, 3, two_properties, 2);
    mqtt_encode_suback_with(&w, 4, MQTT_UNSUBACK, 9, gone, 2, two_properties, 2);
    ASSERT_WIRE(&w, "\x90\x05\x00\x09\x01\x80\x80\xB0\x02\x00\x09");
    w.len = 0;
    mqtt_encode_suback_with(&w, 5, MQTT_SUBACK, 9, codes, 3, two_properties, 2);
    struct mqtt_packet packet = read_back(&w, 5);
    assert_int_equal(packet.filters.count, 3);
    assert_memory_equal(packet.filters.list.data, codes, 3);
    assert_true(text_equal(packet.filters.properties.reason_string, TEXT("why")));
}

/* One of each packet, for the room that they need. */
static void write_all(struct mqtt_writer *w, uint8_t version)
{
    static const struct mqtt_filter filter = {{"a/#", 3}, 1, false, false, 0};
    static const uint8_t codes[] = {0, 1};
    struct mqtt_connect connect = sample_connect(version);
    struct mqtt_publish message = {.qos = 1, .packet_id = 1, .topic = TEXT("nb/v1/motion")};
    mqtt_encode_connect(w, &connect, two_properties + 1, 1);
    mqtt_encode_connack(w, version, false, REASON_OK, two_properties, 2);
    mqtt_encode_publish_head(w, version, &message, 0, two_properties + 1, 1);
    mqtt_encode_ack(w, version, MQTT_PUBACK, 1, REASON_BAD_PAYLOAD, two_properties, 2);
    mqtt_encode_subscribe(w, version, 2, &filter, 1, two_properties + 1, 1);
    mqtt_encode_unsubscribe(w, version, 3, &filter.filter, 1, two_properties + 1, 1);
    mqtt_encode_suback(w, version, MQTT_SUBACK, 2, codes, 2);
    mqtt_encode_suback_with(w, version, MQTT_SUBACK, 2, codes, 2, two_properties, 2);
    mqtt_encode_ping(w, MQTT_PINGRESP);
}

static void no_room(void **state)
{
    (void)state;
    for (uint8_t version = 4; version <= 5; version++) {
        uint8_t all[ROOM];
        struct mqtt_writer enough = {all, sizeof(all), 0};
        write_all(&enough, version);
        assert_true(enough.len < sizeof(all));
        for (size_t size = 0; size <= enough.len; size++) {
            uint8_t *some = malloc(size + 1);
            assert_non_null(some);
            some[size] = 0xA5;
            struct mqtt_writer w = {size ? some : NULL, size, 0};
            write_all(&w, version);
            assert_int_equal(w.len, enough.len);
            assert_int_equal(w.size, size);
            assert_memory_equal(some, all, size);
            assert_int_equal(some[size], 0xA5);
            free(some);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledgements),
        cmocka_unit_test(connack),
        cmocka_unit_test(connect_round_trip),
        cmocka_unit_test(publish),
        cmocka_unit_test(subscriptions),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
