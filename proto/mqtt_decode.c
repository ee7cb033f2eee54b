/* From bytes to a packet: the fixed header, which says how long a packet is and whether it is worth waiting
 * for, then the packets themselves. PUBLISH and PUBACK come a hundred thousand times a second and are here;
 * CONNECT and the packets with lists have files of their own.
 *
 * A packet's declared length bounds every read in it, and what it does not use up makes it malformed. What
 * depends on who speaks (a server never gets a CONNACK) or on what was agreed (topic aliases, quotas) is the
 * caller's. */
#include "proto/mqtt_wire.h"

/* Section 2.1: the first byte and the remaining length. */
struct header {
    enum mqtt_type type;
    uint8_t flags;
    bool padded; /* the remaining length has more bytes than it needs */
    size_t len;  /* of the header; 0: more bytes are needed to know */
    size_t remaining;
};

static bool check_flags(struct mqtt_reader *in, enum mqtt_type type, uint8_t flags)
{
    if (type == MQTT_PUBLISH) {
        uint8_t qos = flags >> 1 & 3;
        if (qos == 3) /* [MQTT-3.3.1-4] */
            return mqtt_malformed(in, "QoS", "0, 1 or 2");
        if (qos == 0 && flags & 8) /* [MQTT-3.3.1-2] */
            return mqtt_malformed(in, "DUP", "0 at QoS 0");
        return true;
    }
    /* [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] */
    uint8_t wanted = type == MQTT_PUBREL || type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE ? 2 : 0;
    /* [MQTT-2.1.3-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1]; 3.1.1: [MQTT-2.2.2-1] [MQTT-2.2.2-2] */
    return flags == wanted || mqtt_malformed(in, "fixed header", "reserved flags as listed");
}

static bool check_first_byte(struct mqtt_reader *in, const struct header *header)
{
    if (in->version == 0 && header->type != MQTT_CONNECT) /* [MQTT-3.1.0-1] */
        return mqtt_protocol_error(in, "packet type", "CONNECT first");
    if (in->version != 0 && header->type == MQTT_CONNECT) /* [MQTT-3.1.0-2] */
        return mqtt_protocol_error(in, "packet type", "CONNECT only once");
    if (header->type == 0 || (header->type == MQTT_AUTH && in->version != MQTT_5)) /* 2.1.2; 3.1.1: 2.2.1 */
        return mqtt_malformed(in, "packet type", "not reserved");
    return check_flags(in, header->type, header->flags);
}

static bool read_header(
    struct mqtt_reader *in, size_t maximum, const uint8_t *data, size_t len, struct header *out)
{
    *out = (struct header){.type = (enum mqtt_type)(data[0] >> 4), .flags = data[0] & 0x0F};
    if (!check_first_byte(in, out))
        return false;
    for (size_t i = 1; i <= 4 && i < len; i++) {
        out->remaining |= (size_t)(data[i] & 0x7F) << (7 * (i - 1));
        if (!(data[i] & 0x80)) {
            out->len = 1 + i;
            out->padded = data[i] == 0 && i > 1;
            break;
        }
        if (i == 4) /* 1.5.5; 3.1.1: 2.2.3 */
            return mqtt_malformed(in, "remaining length", "at most 4 bytes");
    }
    if (out->len == 0)
        return true;
    if (out->padded && in->version == MQTT_5) /* [MQTT-1.5.5-1] */
        return mqtt_malformed(in, "remaining length", "no longer than needed");
    if (out->len + out->remaining > maximum) /* [MQTT-3.2.2-15]; known before the packet itself arrives */
        return mqtt_refuse(
            in, REASON_PACKET_TOO_LARGE, "remaining length", "at most the maximum packet size");
    return true;
}

static bool read_publish(struct mqtt_reader *in, uint8_t flags, struct mqtt_publish *out)
{
    out->dup = flags & 8;
    out->qos = flags >> 1 & 3;
    out->retain = flags & 1;
    out->packet_id = 0;                            /* [MQTT-2.2.1-2]; 3.1.1: [MQTT-2.3.1-5] */
    if (!mqtt_read_text(in, "topic", &out->topic)) /* [MQTT-3.3.2-1] */
        return false;
    if (mqtt_has_wildcard(out->topic)) /* [MQTT-3.3.2-2] [MQTT-4.7.0-1]; 3.1.1: [MQTT-3.3.2-2] */
        return mqtt_refuse(in, REASON_BAD_TOPIC, "topic", "no wildcards");
    if (out->qos > 0 && !mqtt_read_packet_id(in, &out->packet_id))
        return false;
    if (!mqtt_read_properties(in, MQTT_PUBLISH, &out->properties))
        return false;
    /* 3.3.2.1 and [MQTT-4.7.3-1] */
    if (out->topic.len == 0 && !MQTT_HAS(&out->properties, MQTT_TOPIC_ALIAS))
        return mqtt_protocol_error(in, "topic", "not empty without a topic alias");
    out->payload = (struct bytes){in->at, mqtt_left(in)};
    in->at = in->end;
    return true;
}

/* The codes that MQTT 5 lists for each packet (table 2-6); 0 is listed for all of them. */
static struct bytes listed_codes(enum mqtt_type type)
{
    static const uint8_t connack[] = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C,
        0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F};
    static const uint8_t received[] = {0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99};
    static const uint8_t released[] = {0x92};
    static const uint8_t suback[] = {0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2};
    static const uint8_t unsuback[] = {0x11, 0x80, 0x83, 0x87, 0x8F, 0x91};
    static const uint8_t disconnect[] = {0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F,
        0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2};
    static const uint8_t auth[] = {0x18, 0x19};
#define CODES(list) ((struct bytes){(list), sizeof(list)})
    switch (type) {
    case MQTT_CONNACK:
        return CODES(connack);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
        return CODES(received);
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        return CODES(released);
    case MQTT_SUBACK:
        return CODES(suback);
    case MQTT_UNSUBACK:
        return CODES(unsuback);
    case MQTT_DISCONNECT:
        return CODES(disconnect);
    case MQTT_AUTH:
        return CODES(auth);
    default:
        return (struct bytes){NULL, 0};
    }
#undef CODES
}

bool mqtt_reason_known(enum mqtt_type type, uint8_t reason)
{
    struct bytes codes = listed_codes(type);
    return reason == 0 || (codes.len > 0 && memchr(codes.data, reason, codes.len) != NULL);
}

/* PUBACK to PUBCOMP: a packet identifier, and in version 5 a reason and properties unless they say nothing.
 * DISCONNECT and AUTH are the same without the packet identifier. */
static bool read_ack(struct mqtt_reader *in, enum mqtt_type type, struct mqtt_ack *out)
{
    bool acknowledges = type != MQTT_DISCONNECT && type != MQTT_AUTH;
    out->packet_id = 0;
    out->reason = REASON_OK;
    out->properties = mqtt_no_properties;
    if (acknowledges && !mqtt_read_packet_id(in, &out->packet_id))
        return false;
    if (in->version != MQTT_5 ||
        in->at == in->end) /* 3.4.2.1, 3.14.2.1, 3.15.2.1: the reason may be left out */
        return true;
    if (!mqtt_read_byte(in, "reason code", &out->reason))
        return false;
    /* [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-3.14.2-1] [MQTT-3.15.2-1] */
    if (!mqtt_reason_known(type, out->reason))
        return mqtt_protocol_error(in, "reason code", "listed for this packet");
    if (in->at == in->end && type != MQTT_AUTH) /* 3.4.2.2.1, 3.14.2.2.1: the properties may be left out */
        return true;
    if (!mqtt_read_properties(in, (int)type, &out->properties))
        return false;
    if (type == MQTT_AUTH && !MQTT_HAS(&out->properties, MQTT_AUTH_METHOD)) /* 3.15.2.2.2 */
        return mqtt_protocol_error(in, "authentication method", "not left out");
    return true;
}

static bool read_body(struct mqtt_reader *in, const struct header *header, struct mqtt_packet *out)
{
    switch (header->type) {
    case MQTT_CONNECT:
        return mqtt_read_connect(in, header->padded, &out->connect);
    case MQTT_CONNACK:
        return mqtt_read_connack(in, &out->connack);
    case MQTT_PUBLISH:
        return read_publish(in, header->flags, &out->publish);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
    case MQTT_DISCONNECT:
    case MQTT_AUTH:
        return read_ack(in, header->type, &out->ack);
    case MQTT_SUBSCRIBE:
    case MQTT_UNSUBSCRIBE:
        return mqtt_read_filters(in, header->type, &out->filters);
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        return mqtt_read_codes(in, header->type, &out->filters);
    case MQTT_PINGREQ:
    case MQTT_PINGRESP:
        return true;
    }
    return mqtt_malformed(in, "packet type", "not reserved");
}

enum mqtt_decode_result mqtt_decode(uint8_t version, size_t maximum, const uint8_t *data, size_t len,
    struct mqtt_packet *out, size_t *used, struct refusal *refusal)
{
    *used = 0;
    if (len == 0)
        return MQTT_NEED_MORE;
    struct mqtt_reader in = {data, data, version, refusal};
    struct header header;
    out->type = (enum mqtt_type)(data[0] >> 4);
    if (out->type == MQTT_CONNECT)
        out->connect.version = 0;
    if (!read_header(&in, maximum, data, len, &header))
        return MQTT_BAD;
    if (header.len == 0)
        return MQTT_NEED_MORE;
    size_t whole = header.len + header.remaining;
    if (len < whole) {
        *used = whole;
        return MQTT_NEED_MORE;
    }
    in.at = data + header.len;
    in.end = data + whole;
    if (!read_body(&in, &header, out))
        return MQTT_BAD;
    if (in.at != in.end) {
        (void)mqtt_malformed(&in, "remaining length", "nothing behind the last field");
        return MQTT_BAD;
    }
    *used = whole;
    return MQTT_DECODED;
}
