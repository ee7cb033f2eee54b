/* What the files of the MQTT decoder and encoder share: reading with bounds, and the table of properties.
 * Nobody outside proto/mqtt*.c includes this. */
#ifndef NEIGHBORS_PROTO_MQTT_WIRE_H
#define NEIGHBORS_PROTO_MQTT_WIRE_H

#include "proto/mqtt.h"

/* The part of a packet that is not read yet. Nothing reads behind `end`, the packet's own end, whatever
 * follows it. */
struct mqtt_reader {
    const uint8_t *at, *end;
    uint8_t version;
    struct refusal *refusal;
};

/* Always false, so that a check can refuse and return in one line. */
static inline bool mqtt_refuse(struct mqtt_reader *in, uint8_t code, const char *field, const char *rule)
{
    *in->refusal = (struct refusal){code, field, rule, 0};
    return false;
}

static inline bool mqtt_malformed(struct mqtt_reader *in, const char *field, const char *rule)
{
    return mqtt_refuse(in, REASON_MALFORMED, field, rule);
}

static inline bool mqtt_protocol_error(struct mqtt_reader *in, const char *field, const char *rule)
{
    return mqtt_refuse(in, REASON_PROTOCOL_ERROR, field, rule);
}

static inline size_t mqtt_left(const struct mqtt_reader *in)
{
    return (size_t)(in->end - in->at);
}

static inline bool mqtt_room(struct mqtt_reader *in, size_t wanted, const char *field)
{
    return mqtt_left(in) >= wanted || mqtt_malformed(in, field, "inside the packet's length");
}

static inline bool mqtt_read_byte(struct mqtt_reader *in, const char *field, uint8_t *value)
{
    if (!mqtt_room(in, 1, field))
        return false;
    *value = *in->at++;
    return true;
}

static inline bool mqtt_read_two(struct mqtt_reader *in, const char *field, uint16_t *value)
{
    if (!mqtt_room(in, 2, field))
        return false;
    *value = (uint16_t)(in->at[0] << 8 | in->at[1]);
    in->at += 2;
    return true;
}

static inline bool mqtt_read_four(struct mqtt_reader *in, const char *field, uint32_t *value)
{
    if (!mqtt_room(in, 4, field))
        return false;
    *value = (uint32_t)in->at[0] << 24 | (uint32_t)in->at[1] << 16 | (uint32_t)in->at[2] << 8 | in->at[3];
    in->at += 4;
    return true;
}

static inline bool mqtt_read_binary(struct mqtt_reader *in, const char *field, struct bytes *value)
{
    uint16_t len;
    if (!mqtt_read_two(in, field, &len) || !mqtt_room(in, len, field))
        return false;
    *value = (struct bytes){in->at, len};
    in->at += len;
    return true;
}

/* Version 5: [MQTT-1.5.4-1] [MQTT-1.5.4-2]; 3.1.1: [MQTT-1.5.3-1] [MQTT-1.5.3-2]. */
static inline bool mqtt_read_text(struct mqtt_reader *in, const char *field, struct text *value)
{
    struct bytes raw;
    if (!mqtt_read_binary(in, field, &raw))
        return false;
    *value = (struct text){(const char *)raw.data, raw.len};
    return mqtt_utf8_valid(value->data, value->len) ||
           mqtt_malformed(in, field, "well-formed UTF-8 without U+0000");
}

/* Packet identifiers are never 0: [MQTT-2.2.1-3] [MQTT-2.2.1-4] [MQTT-2.2.1-5] [MQTT-2.2.1-6]; 3.1.1:
 * [MQTT-2.3.1-1]. */
static inline bool mqtt_read_packet_id(struct mqtt_reader *in, uint16_t *packet_id)
{
    if (!mqtt_read_two(in, "packet identifier", packet_id))
        return false;
    return *packet_id != 0 || mqtt_protocol_error(in, "packet identifier", "not 0");
}

/* A variable byte integer: at most 4 bytes, and no longer than needed [MQTT-1.5.5-1]. */
bool mqtt_read_variable(struct mqtt_reader *in, const char *field, uint32_t *value)
    __attribute__((warn_unused_result));

/* True when a '+' or '#' is in the text. */
bool mqtt_has_wildcard(struct text text);

enum mqtt_property_type {
    MQTT_TYPE_NONE,
    MQTT_TYPE_BYTE,
    MQTT_TYPE_TWO,
    MQTT_TYPE_FOUR,
    MQTT_TYPE_VARIABLE,
    MQTT_TYPE_TEXT,
    MQTT_TYPE_BINARY,
    MQTT_TYPE_PAIR
};
/* How a property's value is written; NONE for a number that is no property. */
enum mqtt_property_type mqtt_property_type(uint8_t id);

/* What `properties` holds when a packet has none. */
extern const struct mqtt_properties mqtt_no_properties;

/* A will has properties of its own, told apart from its CONNECT's by this number, which is no packet type. */
enum { MQTT_WILL = 0 };

/* Reads the property length and the properties behind it. place: an enum mqtt_type, or MQTT_WILL.
 * A version other than 5 has none: then only the defaults are set. */
bool mqtt_read_properties(struct mqtt_reader *in, int place, struct mqtt_properties *out)
    __attribute__((warn_unused_result));

/* True when MQTT 5 lists the reason code for that type of packet. */
bool mqtt_reason_known(enum mqtt_type type, uint8_t reason);

/* The packets that have files of their own. Each reads from behind the fixed header; the caller checks that
 * nothing is left over. padded: the remaining length was longer than needed, which 3.1.1 lets pass. */
bool mqtt_read_connect(struct mqtt_reader *in, bool padded, struct mqtt_connect *out)
    __attribute__((warn_unused_result));
bool mqtt_read_connack(struct mqtt_reader *in, struct mqtt_connack *out) __attribute__((warn_unused_result));
bool mqtt_read_filters(struct mqtt_reader *in, enum mqtt_type type, struct mqtt_filters *out)
    __attribute__((warn_unused_result));
bool mqtt_read_codes(struct mqtt_reader *in, enum mqtt_type type, struct mqtt_filters *out)
    __attribute__((warn_unused_result));

#endif
