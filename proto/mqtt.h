/* MQTT 5 and 3.1.1 control packets, both directions: bytes to structs and back. Pure: no I/O, no allocation,
 * no copies.
 *
 * Decoding works on what has arrived so far: it says how many more bytes are needed, points into the input,
 * and trusts no length. Numbers in brackets in the sources, [MQTT-x.y.z-n], are normative statements of the
 * OASIS standards "MQTT Version 5.0" (2019) and "MQTT Version 3.1.1" (2014). */
#ifndef NEIGHBORS_PROTO_MQTT_H
#define NEIGHBORS_PROTO_MQTT_H

#include "proto/bytes.h"
#include "proto/refusal.h"

enum mqtt_type {
    MQTT_CONNECT = 1,
    MQTT_CONNACK,
    MQTT_PUBLISH,
    MQTT_PUBACK,
    MQTT_PUBREC,
    MQTT_PUBREL,
    MQTT_PUBCOMP,
    MQTT_SUBSCRIBE,
    MQTT_SUBACK,
    MQTT_UNSUBSCRIBE,
    MQTT_UNSUBACK,
    MQTT_PINGREQ,
    MQTT_PINGRESP,
    MQTT_DISCONNECT,
    MQTT_AUTH
};
enum mqtt_version { MQTT_3_1_1 = 4, MQTT_5 = 5 };

enum mqtt_property {
    MQTT_PAYLOAD_FORMAT = 0x01,
    MQTT_MESSAGE_EXPIRY = 0x02,
    MQTT_CONTENT_TYPE = 0x03,
    MQTT_RESPONSE_TOPIC = 0x08,
    MQTT_CORRELATION_DATA = 0x09,
    MQTT_SUBSCRIPTION_ID = 0x0B,
    MQTT_SESSION_EXPIRY = 0x11,
    MQTT_ASSIGNED_CLIENT_ID = 0x12,
    MQTT_SERVER_KEEP_ALIVE = 0x13,
    MQTT_AUTH_METHOD = 0x15,
    MQTT_AUTH_DATA = 0x16,
    MQTT_REQUEST_PROBLEM_INFO = 0x17,
    MQTT_WILL_DELAY = 0x18,
    MQTT_REQUEST_RESPONSE_INFO = 0x19,
    MQTT_RESPONSE_INFO = 0x1A,
    MQTT_SERVER_REFERENCE = 0x1C,
    MQTT_REASON_STRING = 0x1F,
    MQTT_RECEIVE_MAXIMUM = 0x21,
    MQTT_TOPIC_ALIAS_MAXIMUM = 0x22,
    MQTT_TOPIC_ALIAS = 0x23,
    MQTT_MAXIMUM_QOS = 0x24,
    MQTT_RETAIN_AVAILABLE = 0x25,
    MQTT_USER_PROPERTY = 0x26,
    MQTT_MAXIMUM_PACKET_SIZE = 0x27,
    MQTT_WILDCARD_AVAILABLE = 0x28,
    MQTT_SUBSCRIPTION_ID_AVAILABLE = 0x29,
    MQTT_SHARED_AVAILABLE = 0x2A
};

/* The properties of a packet; `present` has bit n set for property n. Absent ones hold the standard's default
 * (maximum_packet_size then UINT32_MAX: no limit). */
struct mqtt_properties {
    uint64_t present;
    uint8_t payload_format, request_problem_info, request_response_info, maximum_qos, retain_available,
        wildcard_available, subscription_id_available, shared_available;
    uint16_t receive_maximum, topic_alias_maximum, topic_alias, server_keep_alive;
    uint32_t message_expiry, session_expiry, will_delay, maximum_packet_size;
    uint32_t subscription_ids[8]; /* at most one in SUBSCRIBE; a PUBLISH to a client may bear several: the
                                     first 8 */
    uint8_t subscription_id_count;
    struct text content_type, response_topic, assigned_client_id, auth_method, response_info,
        server_reference, reason_string;
    struct bytes correlation_data, auth_data;
    struct bytes raw; /* the whole property block: mqtt_user_property walks it */
};
#define MQTT_HAS(properties, property) (((properties)->present >> (property)) & 1)

/* Walks the user properties in order: *offset starts at 0; false when there are no more. */
bool mqtt_user_property(
    const struct mqtt_properties *properties, size_t *offset, struct text *name, struct text *value);

struct mqtt_connect {
    uint8_t version; /* enum mqtt_version */
    bool clean_start, has_will, will_retain, has_username, has_password;
    uint8_t will_qos;
    uint16_t keep_alive; /* seconds */
    struct mqtt_properties properties;
    struct text client_id, username;
    struct bytes password;
    struct mqtt_properties will_properties;
    struct text will_topic;
    struct bytes will_payload;
};
struct mqtt_connack {
    bool session_present;
    uint8_t reason; /* MQTT 5 reason code, or 3.1.1 return code */
    struct mqtt_properties properties;
};
struct mqtt_publish {
    bool dup, retain;
    uint8_t qos;
    uint16_t packet_id; /* 0 at QoS 0 */
    struct text topic;  /* may be empty with a topic alias */
    struct mqtt_properties properties;
    struct bytes payload;
};
/* PUBACK, PUBREC, PUBREL, PUBCOMP, and with packet_id 0 DISCONNECT and AUTH. */
struct mqtt_ack {
    uint16_t packet_id;
    uint8_t reason;
    struct mqtt_properties properties;
};
/* SUBSCRIBE, UNSUBSCRIBE (filters) and SUBACK, UNSUBACK (one reason code a byte in `list`). */
struct mqtt_filters {
    uint16_t packet_id;
    struct mqtt_properties properties;
    struct bytes list; /* checked already: mqtt_next_filter walks it */
    size_t count;
};
struct mqtt_filter {
    struct text filter;
    uint8_t qos;
    bool no_local, retain_as_published;
    uint8_t retain_handling;
};
/* Walks the filters of a SUBSCRIBE (subscribe true) or UNSUBSCRIBE: *offset starts at 0; false when there are
 * no more. */
bool mqtt_next_filter(
    const struct mqtt_filters *filters, bool subscribe, size_t *offset, struct mqtt_filter *filter);

struct mqtt_packet {
    enum mqtt_type type;
    union {
        struct mqtt_connect connect;
        struct mqtt_connack connack;
        struct mqtt_publish publish;
        struct mqtt_ack ack;
        struct mqtt_filters filters;
    };
};

enum mqtt_decode_result { MQTT_DECODED, MQTT_NEED_MORE, MQTT_BAD };

/* Decodes the packet at the start of data. version: that of the connection, 0 before CONNECT. maximum: the
 * largest packet that is accepted, in bytes. On MQTT_DECODED *used is the packet's length. On MQTT_NEED_MORE
 * *used is the length that the packet will have, or 0 when even that is not known yet. On MQTT_BAD *refusal
 * says the reason code and the rule, and *used is 0; after a bad CONNECT out->connect.version is set when it
 * could be read (else 0). All views point into data.
 *
 * Rules that need more than the packet are the caller's: who may send a type at all, subscription identifiers
 * in a client's PUBLISH [MQTT-3.3.4-6], session expiry in a server's DISCONNECT [MQTT-3.14.2-2], topic
 * aliases above the agreed maximum, the authentication method that AUTH must repeat, and filters that are not
 * legal (topic.h). */
enum mqtt_decode_result mqtt_decode(uint8_t version, size_t maximum, const uint8_t *data, size_t len,
    struct mqtt_packet *out, size_t *used, struct refusal *refusal) __attribute__((warn_unused_result));

/* Where encoders write. They write nothing behind data + size; `len` counts on, so that a caller that finds
 * len > size knows how much room is needed. */
struct mqtt_writer {
    uint8_t *data;
    size_t size, len;
};

/* A property to write. value for numbers; text for strings and binary data; name and text for a user
 * property. */
struct mqtt_property_out {
    enum mqtt_property id;
    uint32_t value;
    struct text name, text;
};

/* Each appends one whole packet: texts and binary data of at most 65,535 bytes, a packet of at most
 * 268,435,460. A CONNECT bears connect->will_properties.raw as its will's properties, as it stands. A
 * CONNACK's reason may be MQTT 5's for both versions: 3.1.1 then gets its nearest return code. Session
 * present is 0 with every reason but 0. For version 3.1.1 properties are left out, and reason codes where
 * that version has none. */
void mqtt_encode_connect(struct mqtt_writer *w, const struct mqtt_connect *connect,
    const struct mqtt_property_out *properties, size_t count);
void mqtt_encode_connack(struct mqtt_writer *w, uint8_t version, bool session_present, uint8_t reason,
    const struct mqtt_property_out *properties, size_t count);
/* All of a PUBLISH but its payload of payload_len bytes, which the caller appends or sends behind it. */
void mqtt_encode_publish_head(struct mqtt_writer *w, uint8_t version, const struct mqtt_publish *publish,
    size_t payload_len, const struct mqtt_property_out *properties, size_t count);
/* PUBACK, PUBREC, PUBREL, PUBCOMP, DISCONNECT, AUTH, as short as the standard allows. */
void mqtt_encode_ack(struct mqtt_writer *w, uint8_t version, enum mqtt_type type, uint16_t packet_id,
    uint8_t reason, const struct mqtt_property_out *properties, size_t count);
void mqtt_encode_subscribe(struct mqtt_writer *w, uint8_t version, uint16_t packet_id,
    const struct mqtt_filter *filters, size_t filter_count, const struct mqtt_property_out *properties,
    size_t count);
void mqtt_encode_unsubscribe(struct mqtt_writer *w, uint8_t version, uint16_t packet_id,
    const struct text *filters, size_t filter_count, const struct mqtt_property_out *properties,
    size_t count);
/* SUBACK or UNSUBACK. Codes are MQTT 5's; for 3.1.1 codes above 0x7F become 0x80 and UNSUBACK has none. */
void mqtt_encode_suback(struct mqtt_writer *w, uint8_t version, enum mqtt_type type, uint16_t packet_id,
    const uint8_t *codes, size_t code_count);
/* The same with properties: a reason string, user properties. */
void mqtt_encode_suback_with(struct mqtt_writer *w, uint8_t version, enum mqtt_type type, uint16_t packet_id,
    const uint8_t *codes, size_t code_count, const struct mqtt_property_out *properties, size_t count);
/* PINGREQ or PINGRESP. */
void mqtt_encode_ping(struct mqtt_writer *w, enum mqtt_type type);

/* UTF-8 as [MQTT-1.5.4-1] and [MQTT-1.5.4-2] demand: no surrogates, no overlong forms, no U+0000. */
bool mqtt_utf8_valid(const char *data, size_t len);

#endif
