/* CONNECT and its answer CONNACK. CONNECT is where the version of a connection is learnt, so this file alone
 * also knows what to say to versions that this broker does not speak. */
#include "proto/mqtt_wire.h"

enum {
    FLAG_RESERVED = 0x01,
    FLAG_CLEAN_START = 0x02,
    FLAG_WILL = 0x04,
    FLAG_WILL_QOS = 0x18,
    FLAG_WILL_RETAIN = 0x20,
    FLAG_PASSWORD = 0x40,
    FLAG_USERNAME = 0x80
};

/* Leaves the level in out->version also when it is not one of ours, so that the refusal can be put in its
 * form. */
static bool read_version(struct mqtt_reader *in, bool padded, struct mqtt_connect *out)
{
    struct text name;
    uint8_t level;
    if (!mqtt_read_text(in, "protocol name", &name) || !mqtt_read_byte(in, "protocol version", &level))
        return false;
    bool ours = text_equal(name, TEXT("MQTT"));
    if (!ours && !text_equal(name, TEXT("MQIsdp"))) /* [MQTT-3.1.2-1] */
        return mqtt_refuse(in, REASON_UNSUPPORTED_VERSION, "protocol name", "MQTT");
    out->version = level;
    if (!ours || (level != MQTT_5 && level != MQTT_3_1_1)) /* [MQTT-3.1.2-2] */
        return mqtt_refuse(in, REASON_UNSUPPORTED_VERSION, "protocol version", "MQTT 5 or 3.1.1");
    in->version = level;
    if (padded && level == MQTT_5) /* [MQTT-1.5.5-1]; 3.1.1 has no such rule */
        return mqtt_malformed(in, "remaining length", "no longer than needed");
    return true;
}

static bool read_flags(struct mqtt_reader *in, struct mqtt_connect *out)
{
    uint8_t flags;
    if (!mqtt_read_byte(in, "connect flags", &flags))
        return false;
    out->clean_start = flags & FLAG_CLEAN_START;
    out->has_will = flags & FLAG_WILL;
    out->will_qos = (flags & FLAG_WILL_QOS) >> 3;
    out->will_retain = flags & FLAG_WILL_RETAIN;
    out->has_username = flags & FLAG_USERNAME;
    out->has_password = flags & FLAG_PASSWORD;
    if (flags & FLAG_RESERVED) /* [MQTT-3.1.2-3] */
        return mqtt_malformed(in, "connect flags", "reserved flag 0");
    if (!out->has_will && out->will_qos != 0) /* [MQTT-3.1.2-11] [MQTT-3.1.2-13] */
        return mqtt_malformed(in, "will QoS", "0 without a will");
    if (!out->has_will && out->will_retain) /* [MQTT-3.1.2-11] [MQTT-3.1.2-15] */
        return mqtt_malformed(in, "will retain", "0 without a will");
    if (out->will_qos == 3) /* [MQTT-3.1.2-14] */
        return mqtt_malformed(in, "will QoS", "0, 1 or 2");
    if (in->version == MQTT_3_1_1 && out->has_password && !out->has_username) /* 3.1.1: [MQTT-3.1.2-22] */
        return mqtt_malformed(in, "password", "only with a user name");
    return true;
}

static bool read_will(struct mqtt_reader *in, struct mqtt_connect *out)
{
    if (!mqtt_read_properties(in, MQTT_WILL, &out->will_properties) ||
        !mqtt_read_text(in, "will topic", &out->will_topic) || /* [MQTT-3.1.3-9]; 3.1.1: [MQTT-3.1.3-10] */
        !mqtt_read_binary(in, "will payload", &out->will_payload))
        return false;
    if (out->will_topic.len == 0) /* [MQTT-4.7.3-1] */
        return mqtt_refuse(in, REASON_BAD_TOPIC, "will topic", "at least one character");
    if (mqtt_has_wildcard(out->will_topic)) /* [MQTT-4.7.0-1]; 3.1.1: [MQTT-4.7.1-1] */
        return mqtt_refuse(in, REASON_BAD_TOPIC, "will topic", "no wildcards");
    return true;
}

static void nothing_yet(struct mqtt_connect *out)
{
    out->client_id = out->username = out->will_topic = (struct text){0};
    out->password = out->will_payload = (struct bytes){0};
    out->properties = out->will_properties = mqtt_no_properties;
}

bool mqtt_read_connect(struct mqtt_reader *in, bool padded, struct mqtt_connect *out)
{
    nothing_yet(out);
    if (!read_version(in, padded, out) || !read_flags(in, out) ||
        !mqtt_read_two(in, "keep alive", &out->keep_alive) ||
        !mqtt_read_properties(in, MQTT_CONNECT, &out->properties))
        return false;
    const struct mqtt_properties *properties = &out->properties;
    if (MQTT_HAS(properties, MQTT_AUTH_DATA) && !MQTT_HAS(properties, MQTT_AUTH_METHOD)) /* 3.1.2.11.10 */
        return mqtt_protocol_error(in, "authentication data", "only with an authentication method");
    /* The order is fixed by [MQTT-3.1.3-1], the client id's presence by [MQTT-3.1.3-3] and its form by
     * [MQTT-3.1.3-4]. */
    if (!mqtt_read_text(in, "client identifier", &out->client_id))
        return false;
    if (in->version == MQTT_3_1_1 && out->client_id.len == 0 && !out->clean_start) /* 3.1.1: [MQTT-3.1.3-8] */
        return mqtt_refuse(in, REASON_BAD_CLIENT_ID, "client identifier", "not empty without clean session");
    if (out->has_will && !read_will(in, out)) /* [MQTT-3.1.2-9] */
        return false;
    /* [MQTT-3.1.2-19] [MQTT-3.1.3-10]; 3.1.1: [MQTT-3.1.3-11] */
    if (out->has_username && !mqtt_read_text(in, "user name", &out->username))
        return false;
    return !out->has_password || mqtt_read_binary(in, "password", &out->password); /* [MQTT-3.1.2-21] */
}

bool mqtt_read_connack(struct mqtt_reader *in, struct mqtt_connack *out)
{
    uint8_t flags;
    if (!mqtt_read_byte(in, "acknowledge flags", &flags) || !mqtt_read_byte(in, "reason code", &out->reason))
        return false;
    if (flags & ~1) /* [MQTT-3.2.2-1] */
        return mqtt_malformed(in, "acknowledge flags", "reserved flags 0");
    out->session_present = flags;
    if (out->session_present && out->reason != 0) /* [MQTT-3.2.2-6]; 3.1.1: [MQTT-3.2.2-4] */
        return mqtt_protocol_error(in, "session present", "0 when refused");
    if (in->version == MQTT_5 && !mqtt_reason_known(MQTT_CONNACK, out->reason)) /* [MQTT-3.2.2-8] */
        return mqtt_protocol_error(in, "reason code", "listed for CONNACK");
    if (in->version != MQTT_5 && out->reason > 5) /* 3.1.1: table 3.1, others are reserved */
        return mqtt_protocol_error(in, "return code", "0 to 5");
    return mqtt_read_properties(in, MQTT_CONNACK, &out->properties);
}
