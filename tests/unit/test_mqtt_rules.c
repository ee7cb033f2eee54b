/* What the MQTT decoder takes and what it refuses: one row a rule, written as the bytes on the wire. Every
 * row is also fed byte by byte, from a buffer that ends with what was fed, and must end the same way. */
#include "tests/unit/test_mqtt.h"

struct row {
    const char *what;
    uint8_t version;  /* of the connection; 0 before CONNECT */
    uint8_t code;     /* enum reason; REASON_OK: it is a good packet */
    const char *wire; /* in the notation of test_mqtt.h */
};

/* Decodes from memory that ends with the input, so that the sanitizer sees a read behind it. */
static enum mqtt_decode_result decode(
    uint8_t version, const uint8_t *data, size_t len, uint8_t *code, size_t *used)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    struct mqtt_packet packet;
    struct refusal refusal = {0};
    enum mqtt_decode_result result = mqtt_decode(version, LARGEST, copy, len, &packet, used, &refusal);
    *code = refusal.code;
    if (result == MQTT_BAD) {
        assert_non_null(refusal.field);
        assert_non_null(refusal.rule);
        assert_int_equal(*used, 0);
    }
    free(copy);
    return result;
}

static void check_row(const struct row *row)
{
    uint8_t data[WIRE_ROOM], code;
    size_t used, len = wire(row->wire, data);
    enum mqtt_decode_result whole = decode(row->version, data, len, &code, &used);
    enum mqtt_decode_result expected = row->code == REASON_OK ? MQTT_DECODED : MQTT_BAD;
    if (whole != expected || code != row->code || (whole == MQTT_DECODED && used != len))
        fail_msg("%s: result %d, code 0x%02x", row->what, whole, code);
    for (size_t fed = 0; fed < len; fed++) {
        enum mqtt_decode_result part = decode(row->version, data, fed, &code, &used);
        if (part == MQTT_BAD && code == row->code)
            break; /* what is wrong is known early */
        if (part != MQTT_NEED_MORE || (used != 0 && used != len && expected == MQTT_DECODED))
            fail_msg(
                "%s: after %zu bytes result %d, code 0x%02x, %zu used", row->what, fed, part, code, used);
    }
}

/* A good packet with a shorter declared length is never the whole of it, whatever else it is. */
static void check_truncations(const struct row *row)
{
    uint8_t data[WIRE_ROOM], code;
    size_t used, len = wire(row->wire, data);
    if (row->code != REASON_OK || data[1] >= 0x80)
        return;
    for (size_t shorter = 0; shorter < (size_t)data[1]; shorter++) {
        uint8_t cut[WIRE_ROOM];
        memcpy(cut, data, len);
        cut[1] = (uint8_t)shorter;
        enum mqtt_decode_result result = decode(row->version, cut, 2 + shorter, &code, &used);
        if (result == MQTT_NEED_MORE || (result == MQTT_DECODED && used != 2 + shorter))
            fail_msg("%s: cut to %zu: result %d", row->what, shorter, result);
        /* With the rest of the bytes behind it, it says the same: nothing reads past the declared length. */
        uint8_t code_then;
        assert_int_equal(decode(row->version, cut, len, &code_then, &used), result);
        assert_int_equal(code_then, code);
    }
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i]);
        check_truncations(&rows[i]);
    }
}
#define CHECK_ROWS(rows) check_rows((rows), sizeof(rows) / sizeof((rows)[0]))

#define OK REASON_OK
#define MALFORMED REASON_MALFORMED
#define PROTOCOL REASON_PROTOCOL_ERROR

static void fixed_header(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"type 0 [2.1.2]", 5, MALFORMED, "00 00"},
        {"AUTH is reserved in 3.1.1", 4, MALFORMED, "F0 00"},
        {"first packet not CONNECT [MQTT-3.1.0-1]", 0, PROTOCOL, "C0 00"},
        {"HTTP", 0, PROTOCOL, "'GET / HTTP/1.1'"},
        {"second CONNECT [MQTT-3.1.0-2]", 5, PROTOCOL, "10 ~ \"MQTT\" 05 02 0000 00 \"a\""},
        {"second CONNECT, 3.1.1", 4, PROTOCOL, "10 ~ \"MQTT\" 04 02 0000 \"a\""},
        {"remaining length of 5 bytes", 5, MALFORMED, "30 80 80 80 80 01"},
        {"remaining length of 5 bytes, 3.1.1", 4, MALFORMED, "30 80 80 80 80 01"},
        {"remaining length of 5 bytes, CONNECT", 0, MALFORMED, "10 80 80 80 80 01"},
        {"padded remaining length [MQTT-1.5.5-1]", 5, MALFORMED, "C0 80 00"},
        {"padded remaining length, 3.1.1 has no rule", 4, OK, "C0 80 00"},
        {"padded CONNECT of 5", 0, MALFORMED, "10 8E 00 \"MQTT\" 05 02 0000 00 \"a\""},
        {"padded CONNECT of 3.1.1", 0, OK, "10 8D 00 \"MQTT\" 04 02 0000 \"a\""},
        {"PINGREQ", 5, OK, "C0 00"},
        {"PINGREQ 3.1.1", 4, OK, "C0 00"},
        {"PINGRESP", 5, OK, "D0 00"},
        {"PINGREQ flags [MQTT-2.1.3-1]", 5, MALFORMED, "C1 00"},
        {"PINGREQ with a payload", 5, MALFORMED, "C0 01 00"},
        {"PINGRESP with a payload, 3.1.1", 4, MALFORMED, "D0 01 00"},
    };
    CHECK_ROWS(rows);
}

/* Table 2-2: every first byte, in every version. */
static void reserved_flags(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        unsigned type = first >> 4, flags = first & 15, qos = flags >> 1 & 3;
        bool wants_two = type == MQTT_PUBREL || type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE;
        bool flags_good =
            type == MQTT_PUBLISH ? qos != 3 && !(flags & 8 && qos == 0) : flags == (wants_two ? 2 : 0);
        for (uint8_t version = 4; version <= 5; version++) {
            bool good = flags_good && type >= 2 && (type < 15 || version == 5);
            uint8_t byte = (uint8_t)first, code;
            size_t used;
            enum mqtt_decode_result result = decode(version, &byte, 1, &code, &used);
            assert_int_equal(result, good ? MQTT_NEED_MORE : MQTT_BAD);
            if (type != MQTT_CONNECT && !good)
                assert_int_equal(code, REASON_MALFORMED);
        }
        uint8_t byte = (uint8_t)first, code;
        size_t used;
        assert_int_equal(decode(0, &byte, 1, &code, &used), first == 0x10 ? MQTT_NEED_MORE : MQTT_BAD);
    }
}

static void connect_5(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"plain", 0, OK, "10 ~ \"MQTT\" 05 02 003C 00 \"a\""},
        {"empty client id [MQTT-3.1.3-6]", 0, OK, "10 ~ \"MQTT\" 05 00 0000 00 \"\""},
        {"user name, password", 0, OK, "10 ~ \"MQTT\" 05 C2 0000 00 \"a\" \"u\" 0001 FF"},
        {"password alone", 0, OK, "10 ~ \"MQTT\" 05 42 0000 00 \"a\" \"p\""},
        {"will", 0, OK, "10 ~ \"MQTT\" 05 2E 0000 00 \"a\" 00 \"t\" \"x\""},
        {"will with properties", 0, OK,
            "10 ~ \"MQTT\" 05 06 0000 00 \"a\" ( 18 00000005 01 01 02 00000001 03 \"c\" 08 \"r\" 09 \"d\" 26 "
            "\"k\" \"v\" ) \"t\" \"x\""},
        {"all properties", 0, OK,
            "10 ~ \"MQTT\" 05 02 0000 ( 11 0000000A 21 0014 27 00000100 22 0005 19 01 17 00 26 \"k\" \"v\" "
            "26 \"k\" \"v\" 15 \"m\" 16 \"d\" ) \"a\""},
        {"reserved flag [MQTT-3.1.2-3]", 0, MALFORMED, "10 ~ \"MQTT\" 05 03 0000 00 \"a\""},
        {"will QoS without will [MQTT-3.1.2-13]", 0, MALFORMED, "10 ~ \"MQTT\" 05 0A 0000 00 \"a\""},
        {"will retain without will [MQTT-3.1.2-15]", 0, MALFORMED, "10 ~ \"MQTT\" 05 22 0000 00 \"a\""},
        {"will QoS 3 [MQTT-3.1.2-14]", 0, MALFORMED, "10 ~ \"MQTT\" 05 1E 0000 00 \"a\" 00 \"t\" \"x\""},
        {"will topic with wildcard [MQTT-4.7.0-1]", 0, REASON_BAD_TOPIC,
            "10 ~ \"MQTT\" 05 06 0000 00 \"a\" 00 \"t/#\" \"x\""},
        {"empty will topic [MQTT-4.7.3-1]", 0, REASON_BAD_TOPIC,
            "10 ~ \"MQTT\" 05 06 0000 00 \"a\" 00 \"\" \"x\""},
        {"will topic not UTF-8 [MQTT-3.1.3-9]", 0, MALFORMED,
            "10 ~ \"MQTT\" 05 06 0000 00 \"a\" 00 0001 FF \"x\""},
        {"will flag without a will [MQTT-3.1.2-9]", 0, MALFORMED, "10 ~ \"MQTT\" 05 06 0000 00 \"a\""},
        {"will without will flag", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 00 \"a\" 00 \"t\" \"x\""},
        {"no user name [MQTT-3.1.2-19]", 0, MALFORMED, "10 ~ \"MQTT\" 05 82 0000 00 \"a\""},
        {"no password [MQTT-3.1.2-21]", 0, MALFORMED, "10 ~ \"MQTT\" 05 C2 0000 00 \"a\" \"u\""},
        {"user name without flag [MQTT-3.1.2-18]", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 00 \"a\" \"u\""},
        {"user name not UTF-8 [MQTT-3.1.3-10]", 0, MALFORMED, "10 ~ \"MQTT\" 05 82 0000 00 \"a\" 0002 C080"},
        {"client id not UTF-8 [MQTT-3.1.3-4]", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 00 0003 EDA080"},
        {"client id with U+0000 [MQTT-1.5.4-2]", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 00 0001 00"},
        {"no client id [MQTT-3.1.3-3]", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 00"},
        {"no property length", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000"},
        {"property length past the end", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 7F \"a\""},
        {"padded property length [MQTT-1.5.5-1]", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 8000 \"a\""},
        {"property length of 5 bytes", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 8080808001 \"a\""},
        {"property cut off by the property length", 0, MALFORMED,
            "10 ~ \"MQTT\" 05 02 0000 04 11 000000 0A \"a\""},
        {"receive maximum 0 [3.1.2.11.3]", 0, PROTOCOL, "10 ~ \"MQTT\" 05 02 0000 03 21 0000 \"a\""},
        {"maximum packet size 0 [3.1.2.11.4]", 0, PROTOCOL, "10 ~ \"MQTT\" 05 02 0000 05 27 00000000 \"a\""},
        {"request response information 2", 0, PROTOCOL, "10 ~ \"MQTT\" 05 02 0000 02 19 02 \"a\""},
        {"request problem information 2", 0, PROTOCOL, "10 ~ \"MQTT\" 05 02 0000 02 17 02 \"a\""},
        {"session expiry twice", 0, PROTOCOL, "10 ~ \"MQTT\" 05 02 0000 0A 11 00000001 11 00000001 \"a\""},
        {"receive maximum twice", 0, PROTOCOL, "10 ~ \"MQTT\" 05 02 0000 06 21 0001 21 0001 \"a\""},
        {"data without method [3.1.2.11.10]", 0, PROTOCOL, "10 ~ \"MQTT\" 05 02 0000 04 16 \"d\" \"a\""},
        {"topic alias in CONNECT [2.2.2.2]", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 03 23 0001 \"a\""},
        {"will delay outside the will", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 05 18 00000001 \"a\""},
        {"session expiry in the will", 0, MALFORMED,
            "10 ~ \"MQTT\" 05 06 0000 00 \"a\" 05 11 00000001 \"t\" \"x\""},
        {"will payload format 2", 0, PROTOCOL, "10 ~ \"MQTT\" 05 06 0000 00 \"a\" 02 01 02 \"t\" \"x\""},
        {"will delay twice", 0, PROTOCOL,
            "10 ~ \"MQTT\" 05 06 0000 00 \"a\" 0A 18 00000001 18 00000001 \"t\" \"x\""},
        {"unknown property", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 02 7F 00 \"a\""},
        {"property of two bytes", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 03 8001 00 \"a\""},
        {"user property not UTF-8 [MQTT-1.5.7-1]", 0, MALFORMED,
            "10 ~ \"MQTT\" 05 02 0000 07 26 \"k\" 0001 FF \"a\""},
        {"something behind it", 0, MALFORMED, "10 ~ \"MQTT\" 05 02 0000 00 \"a\" 00"},
    };
    CHECK_ROWS(rows);
}

static void connect_3_1_1(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"plain", 0, OK, "10 ~ \"MQTT\" 04 02 003C \"a\""},
        {"will, user name, password", 0, OK, "10 ~ \"MQTT\" 04 F6 0000 \"a\" \"t\" \"x\" \"u\" \"p\""},
        {"user name alone", 0, OK, "10 ~ \"MQTT\" 04 82 0000 \"a\" \"u\""},
        {"empty client id, clean [MQTT-3.1.3-7]", 0, OK, "10 ~ \"MQTT\" 04 02 0000 \"\""},
        {"empty client id, not clean [MQTT-3.1.3-8]", 0, REASON_BAD_CLIENT_ID,
            "10 ~ \"MQTT\" 04 00 0000 \"\""},
        {"password alone [MQTT-3.1.2-22]", 0, MALFORMED, "10 ~ \"MQTT\" 04 42 0000 \"a\" \"p\""},
        {"reserved flag [MQTT-3.1.2-3]", 0, MALFORMED, "10 ~ \"MQTT\" 04 03 0000 \"a\""},
        {"will QoS without will [MQTT-3.1.2-13]", 0, MALFORMED, "10 ~ \"MQTT\" 04 12 0000 \"a\""},
        {"will retain without will [MQTT-3.1.2-15]", 0, MALFORMED, "10 ~ \"MQTT\" 04 22 0000 \"a\""},
        {"will QoS 3 [MQTT-3.1.2-14]", 0, MALFORMED, "10 ~ \"MQTT\" 04 1E 0000 \"a\" \"t\" \"x\""},
        {"will topic with wildcard", 0, REASON_BAD_TOPIC, "10 ~ \"MQTT\" 04 06 0000 \"a\" \"+\" \"x\""},
        {"client id not UTF-8 [MQTT-1.5.3-1]", 0, MALFORMED, "10 ~ \"MQTT\" 04 02 0000 0001 80"},
        {"client id with U+0000 [MQTT-1.5.3-2]", 0, MALFORMED, "10 ~ \"MQTT\" 04 02 0000 0001 00"},
        {"something behind it", 0, MALFORMED, "10 ~ \"MQTT\" 04 02 0000 \"a\" 00"},
        {"nothing in it", 0, MALFORMED, "10 00"},
    };
    CHECK_ROWS(rows);
}

static void connack(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"accepted", 5, OK, "20 03 00 00 00"},
        {"session present", 5, OK, "20 03 01 00 00"},
        {"refused", 5, OK, "20 03 00 87 00"},
        {"all properties", 5, OK,
            "20 ~ 00 00 ( 11 00000001 21 0001 24 01 25 00 27 00000001 12 \"a\" 22 0001 1F \"r\" 26 \"k\" "
            "\"v\" 28 00 29 00 2A 00 13 0001 1A \"i\" 1C \"s\" 15 \"m\" 16 \"d\" )"},
        {"reserved flags [MQTT-3.2.2-1]", 5, MALFORMED, "20 03 02 00 00"},
        {"session present, refused [MQTT-3.2.2-6]", 5, PROTOCOL, "20 03 01 87 00"},
        {"unlisted reason [MQTT-3.2.2-8]", 5, PROTOCOL, "20 03 00 01 00"},
        {"maximum QoS 2", 5, PROTOCOL, "20 05 00 00 02 24 02"},
        {"receive maximum 0", 5, PROTOCOL, "20 06 00 00 03 21 0000"},
        {"shared available 2", 5, PROTOCOL, "20 05 00 00 02 2A 02"},
        {"request problem information in it", 5, MALFORMED, "20 05 00 00 02 17 01"},
        {"no property length", 5, MALFORMED, "20 02 00 00"},
        {"3.1.1", 4, OK, "20 02 01 00"},
        {"3.1.1 refused", 4, OK, "20 02 00 05"},
        {"3.1.1 reserved code", 4, PROTOCOL, "20 02 00 06"},
        {"3.1.1 reserved flags", 4, MALFORMED, "20 02 80 00"},
        {"3.1.1 session present, refused [MQTT-3.2.2-4]", 4, PROTOCOL, "20 02 01 02"},
        {"3.1.1 with something behind it", 4, MALFORMED, "20 03 00 00 00"},
    };
    CHECK_ROWS(rows);
}

static void publish(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"QoS 0", 5, OK, "30 ~ \"t\" 00 'x'"},
        {"QoS 0 retained, no payload", 5, OK, "31 ~ \"t\" 00"},
        {"QoS 1", 5, OK, "32 ~ \"t\" 0001 00 'x'"},
        {"QoS 2 again", 5, OK, "3C ~ \"t\" FFFF 00 'x'"},
        {"topic alias alone", 5, OK, "30 ~ \"\" 03 23 0001 'x'"},
        {"all properties", 5, OK,
            "30 ~ \"t\" 24 01 01 02 00000001 23 0001 08 \"r\" 09 \"d\" 26 \"k\" \"v\" 0B 01 0B FFFFFF7F 03 "
            "\"c\" 'x'"},
        {"many subscription identifiers", 5, OK,
            "30 ~ \"t\" 14 0B01 0B02 0B03 0B04 0B05 0B06 0B07 0B08 0B09 0B0A 'x'"},
        {"payload of any bytes", 5, OK, "30 ~ \"t\" 00 00 FF C0"},
        {"QoS 3 [MQTT-3.3.1-4]", 5, MALFORMED, "36 ~ \"t\" 0001 00"},
        {"DUP at QoS 0 [MQTT-3.3.1-2]", 5, MALFORMED, "38 ~ \"t\" 00"},
        {"packet identifier 0 [MQTT-2.2.1-3]", 5, PROTOCOL, "32 ~ \"t\" 0000 00"},
        {"no packet identifier", 5, MALFORMED, "32 ~ \"t\""},
        {"topic with + [MQTT-3.3.2-2]", 5, REASON_BAD_TOPIC, "30 ~ \"a/+/b\" 00"},
        {"topic with # [MQTT-3.3.2-2]", 5, REASON_BAD_TOPIC, "30 ~ \"nb/v1/motion/#\" 00"},
        {"topic not UTF-8 [MQTT-3.3.2-1]", 5, MALFORMED, "30 ~ 0001 FF 00"},
        {"empty topic without alias [3.3.2.1]", 5, PROTOCOL, "30 ~ \"\" 00"},
        {"topic longer than the packet", 5, MALFORMED, "30 ~ 0009 't' 00"},
        {"no topic", 5, MALFORMED, "30 00"},
        {"no property length", 5, MALFORMED, "30 ~ \"t\""},
        {"topic alias 0 [MQTT-3.3.2-8]", 5, REASON_BAD_TOPIC_ALIAS, "30 ~ \"t\" 03 23 0000"},
        {"topic alias twice", 5, PROTOCOL, "30 ~ \"t\" 06 23 0001 23 0001"},
        {"payload format 2", 5, PROTOCOL, "30 ~ \"t\" 02 01 02"},
        {"payload format twice", 5, PROTOCOL, "30 ~ \"t\" 04 01 01 01 01"},
        {"message expiry twice", 5, PROTOCOL, "30 ~ \"t\" 0A 02 00000001 02 00000001"},
        {"content type twice", 5, PROTOCOL, "30 ~ \"t\" 08 03 \"a\" 03 \"a\""},
        {"content type not UTF-8 [MQTT-3.3.2-19]", 5, MALFORMED, "30 ~ \"t\" 04 03 0001 FF"},
        {"correlation data twice", 5, PROTOCOL, "30 ~ \"t\" 08 09 \"a\" 09 \"a\""},
        {"response topic twice", 5, PROTOCOL, "30 ~ \"t\" 08 08 \"a\" 08 \"a\""},
        {"response topic with wildcard [MQTT-3.3.2-14]", 5, PROTOCOL, "30 ~ \"t\" 04 08 \"+\""},
        {"response topic empty [MQTT-4.7.3-1]", 5, PROTOCOL, "30 ~ \"t\" 03 08 \"\""},
        {"response topic not UTF-8 [MQTT-3.3.2-13]", 5, MALFORMED, "30 ~ \"t\" 04 08 0001 FF"},
        {"subscription identifier 0", 5, PROTOCOL, "30 ~ \"t\" 02 0B 00"},
        {"subscription identifier of 5 bytes", 5, MALFORMED, "30 ~ \"t\" 06 0B 8080808001"},
        {"session expiry in it", 5, MALFORMED, "30 ~ \"t\" 05 11 00000001"},
        {"reason string in it", 5, MALFORMED, "30 ~ \"t\" 04 1F \"r\""},
        {"3.1.1", 4, OK, "30 ~ \"t\" 'x'"},
        {"3.1.1 QoS 2", 4, OK, "34 ~ \"t\" 0001"},
        {"3.1.1 QoS 3 [MQTT-3.3.1-4]", 4, MALFORMED, "36 ~ \"t\" 0001"},
        {"3.1.1 DUP at QoS 0 [MQTT-3.3.1-2]", 4, MALFORMED, "38 ~ \"t\""},
        {"3.1.1 packet identifier 0 [MQTT-2.3.1-1]", 4, PROTOCOL, "32 ~ \"t\" 0000"},
        {"3.1.1 empty topic [MQTT-4.7.3-1]", 4, PROTOCOL, "30 ~ \"\" 'x'"},
        {"3.1.1 topic with wildcard [MQTT-3.3.2-2]", 4, REASON_BAD_TOPIC, "30 ~ \"#\" 'x'"},
        {"3.1.1 topic with U+0000 [MQTT-1.5.3-2]", 4, MALFORMED, "30 ~ 0002 4100 'x'"},
    };
    CHECK_ROWS(rows);
}

static void acknowledgements(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"PUBACK", 5, OK, "40 02 0001"},
        {"PUBACK with reason", 5, OK, "40 03 0001 10"},
        {"PUBACK with empty properties", 5, OK, "40 04 0001 00 00"},
        {"PUBACK with properties", 5, OK, "40 ~ 0001 99 0B 1F \"r\" 26 \"k\" \"v\""},
        {"PUBREC", 5, OK, "50 03 0001 97"},
        {"PUBREL", 5, OK, "62 03 0001 92"},
        {"PUBCOMP", 5, OK, "70 03 0001 92"},
        {"PUBREL flags [MQTT-3.6.1-1]", 5, MALFORMED, "60 02 0001"},
        {"PUBACK flags [MQTT-2.1.3-1]", 5, MALFORMED, "42 02 0001"},
        {"PUBACK of 0 [MQTT-2.2.1-5]", 5, PROTOCOL, "40 02 0000"},
        {"PUBACK without packet identifier", 5, MALFORMED, "40 01 00"},
        {"PUBACK of an unlisted reason [MQTT-3.4.2-1]", 5, PROTOCOL, "40 03 0001 01"},
        {"PUBREC of an unlisted reason [MQTT-3.5.2-1]", 5, PROTOCOL, "50 03 0001 92"},
        {"PUBREL of an unlisted reason [MQTT-3.6.2-1]", 5, PROTOCOL, "62 03 0001 80"},
        {"PUBCOMP of an unlisted reason [MQTT-3.7.2-1]", 5, PROTOCOL, "70 03 0001 10"},
        {"PUBACK with two reason strings", 5, PROTOCOL, "40 ~ 0001 00 08 1F \"r\" 1F \"r\""},
        {"PUBACK with a topic alias", 5, MALFORMED, "40 ~ 0001 00 03 23 0001"},
        {"PUBACK with something behind it", 5, MALFORMED, "40 05 0001 00 00 00"},
        {"3.1.1 PUBACK", 4, OK, "40 02 0001"},
        {"3.1.1 PUBREC", 4, OK, "50 02 0001"},
        {"3.1.1 PUBREL", 4, OK, "62 02 0001"},
        {"3.1.1 PUBCOMP", 4, OK, "70 02 0001"},
        {"3.1.1 PUBACK with a reason", 4, MALFORMED, "40 03 0001 00"},
        {"3.1.1 PUBREL flags [MQTT-3.6.1-1]", 4, MALFORMED, "60 02 0001"},
        {"3.1.1 PUBACK of 0", 4, PROTOCOL, "40 02 0000"},
        {"DISCONNECT", 5, OK, "E0 00"},
        {"DISCONNECT with will", 5, OK, "E0 01 04"},
        {"DISCONNECT with properties", 5, OK, "E0 ~ 8E 14 11 00000001 1F \"r\" 1C \"s\" 26 \"k\" \"v\""},
        {"DISCONNECT of an unlisted reason [MQTT-3.14.2-1]", 5, PROTOCOL, "E0 01 01"},
        {"DISCONNECT flags [MQTT-3.14.1-1]", 5, MALFORMED, "E1 00"},
        {"DISCONNECT with a receive maximum", 5, MALFORMED, "E0 ~ 00 03 21 0001"},
        {"3.1.1 DISCONNECT", 4, OK, "E0 00"},
        {"3.1.1 DISCONNECT with a reason", 4, MALFORMED, "E0 01 00"},
        {"3.1.1 DISCONNECT flags [MQTT-3.14.1-1]", 4, MALFORMED, "E2 00"},
        {"AUTH", 5, OK, "F0 ~ 18 08 15 \"m\" 16 \"d\""},
        {"AUTH that says nothing [3.15.2.1]", 5, OK, "F0 00"},
        {"AUTH without properties", 5, MALFORMED, "F0 01 18"},
        {"AUTH without method [3.15.2.2.2]", 5, PROTOCOL, "F0 02 18 00"},
        {"AUTH with two methods", 5, PROTOCOL, "F0 ~ 18 08 15 \"m\" 15 \"m\""},
        {"AUTH of an unlisted reason [MQTT-3.15.2-1]", 5, PROTOCOL, "F0 ~ 80 04 15 \"m\""},
        {"AUTH flags [MQTT-3.15.1-1]", 5, MALFORMED, "F1 00"},
    };
    CHECK_ROWS(rows);
}

static void subscribe(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"one filter", 5, OK, "82 ~ 0001 00 \"a/#\" 01"},
        {"all options", 5, OK, "82 ~ 0001 00 \"a\" 2E \"b\" 10"},
        {"a filter for SUBACK to refuse", 5, OK, "82 ~ 0001 00 \"a#/b\" 01 \"\" 00"},
        {"properties", 5, OK, "82 ~ 0001 10 0B FFFFFF7F 26 \"ab\" \"cdef\" \"a\" 00"},
        {"shared", 5, OK, "82 ~ 0001 00 \"$share/g/a\" 01"},
        {"flags [MQTT-3.8.1-1]", 5, MALFORMED, "80 ~ 0001 00 \"a\" 00"},
        {"packet identifier 0 [MQTT-2.2.1-3]", 5, PROTOCOL, "82 ~ 0000 00 \"a\" 00"},
        {"no filter [MQTT-3.8.3-2]", 5, PROTOCOL, "82 ~ 0001 00"},
        {"filter not UTF-8 [MQTT-3.8.3-1]", 5, MALFORMED, "82 ~ 0001 00 0001 FF 00"},
        {"no options", 5, MALFORMED, "82 ~ 0001 00 \"a\""},
        {"reserved options [MQTT-3.8.3-5]", 5, MALFORMED, "82 ~ 0001 00 \"a\" 40"},
        {"reserved options in the second", 5, MALFORMED, "82 ~ 0001 00 \"a\" 00 \"b\" 80"},
        {"QoS 3 [3.8.3.1]", 5, PROTOCOL, "82 ~ 0001 00 \"a\" 03"},
        {"retain handling 3 [3.8.3.1]", 5, PROTOCOL, "82 ~ 0001 00 \"a\" 30"},
        {"no local and shared [MQTT-3.8.3-4]", 5, PROTOCOL, "82 ~ 0001 00 \"$share/g/a\" 04"},
        {"subscription identifier 0", 5, PROTOCOL, "82 ~ 0001 02 0B 00 \"a\" 00"},
        {"subscription identifier twice", 5, PROTOCOL, "82 ~ 0001 04 0B01 0B02 \"a\" 00"},
        {"padded subscription identifier", 5, MALFORMED, "82 ~ 0001 03 0B 8100 \"a\" 00"},
        {"topic alias in it", 5, MALFORMED, "82 ~ 0001 03 23 0001 \"a\" 00"},
        {"3.1.1", 4, OK, "82 ~ 0001 \"a\" 02 \"b\" 00"},
        {"3.1.1 flags [MQTT-3.8.1-1]", 4, MALFORMED, "83 ~ 0001 \"a\" 00"},
        {"3.1.1 no filter [MQTT-3.8.3-3]", 4, PROTOCOL, "82 ~ 0001"},
        {"3.1.1 QoS 3 [MQTT-3-8.3-4]", 4, MALFORMED, "82 ~ 0001 \"a\" 03"},
        {"3.1.1 reserved bits [MQTT-3-8.3-4]", 4, MALFORMED, "82 ~ 0001 \"a\" 04"},
        {"3.1.1 packet identifier 0 [MQTT-2.3.1-1]", 4, PROTOCOL, "82 ~ 0000 \"a\" 00"},
        {"UNSUBSCRIBE", 5, OK, "A2 ~ 0001 07 26 \"k\" \"v\" \"a\" \"b/#\""},
        {"UNSUBSCRIBE flags [MQTT-3.10.1-1]", 5, MALFORMED, "A0 ~ 0001 00 \"a\""},
        {"UNSUBSCRIBE of nothing [MQTT-3.10.3-2]", 5, PROTOCOL, "A2 ~ 0001 00"},
        {"UNSUBSCRIBE not UTF-8 [MQTT-3.10.3-1]", 5, MALFORMED, "A2 ~ 0001 00 0002 C1BF"},
        {"UNSUBSCRIBE of 0", 5, PROTOCOL, "A2 ~ 0000 00 \"a\""},
        {"UNSUBSCRIBE with a subscription identifier", 5, MALFORMED, "A2 ~ 0001 02 0B 01 \"a\""},
        {"UNSUBSCRIBE cut off", 5, MALFORMED, "A2 ~ 0001 00 \"a\" 00"},
        {"3.1.1 UNSUBSCRIBE", 4, OK, "A2 ~ 0001 \"a\""},
        {"3.1.1 UNSUBSCRIBE of nothing [MQTT-3.10.3-2]", 4, PROTOCOL, "A2 ~ 0001"},
        {"SUBACK", 5, OK, "90 ~ 0001 00 00 01 02 87 8F 9E"},
        {"SUBACK with properties", 5, OK, "90 ~ 0001 0B 1F \"r\" 26 \"k\" \"v\" 01"},
        {"SUBACK of nothing [MQTT-3.8.4-6]", 5, PROTOCOL, "90 ~ 0001 00"},
        {"SUBACK of an unlisted reason [MQTT-3.9.3-2]", 5, PROTOCOL, "90 ~ 0001 00 03"},
        {"3.1.1 SUBACK", 4, OK, "90 ~ 0001 00 01 02 80"},
        {"3.1.1 SUBACK of another code [MQTT-3.9.3-2]", 4, PROTOCOL, "90 ~ 0001 87"},
        {"UNSUBACK", 5, OK, "B0 ~ 0001 00 00 11"},
        {"UNSUBACK of an unlisted reason [MQTT-3.11.3-2]", 5, PROTOCOL, "B0 ~ 0001 00 01"},
        {"3.1.1 UNSUBACK", 4, OK, "B0 02 0001"},
        {"3.1.1 UNSUBACK with a code", 4, MALFORMED, "B0 03 0001 00"},
    };
    CHECK_ROWS(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_header),
        cmocka_unit_test(reserved_flags),
        cmocka_unit_test(connect_5),
        cmocka_unit_test(connect_3_1_1),
        cmocka_unit_test(connack),
        cmocka_unit_test(publish),
        cmocka_unit_test(acknowledgements),
        cmocka_unit_test(subscribe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
