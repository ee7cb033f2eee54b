/* The properties of MQTT 5 (section 2.2.2) as one table: what a property's value is, which packets may bear
 * it, whether it may come twice, and where in struct mqtt_properties it goes. */
#include "proto/mqtt_wire.h"

/* Which packets, as bits of enum mqtt_type. */
#define IN(type) (1u << (type))
#define EVERY_ACK (IN(MQTT_PUBACK) | IN(MQTT_PUBREC) | IN(MQTT_PUBREL) | IN(MQTT_PUBCOMP))
#define EVERY_END (IN(MQTT_SUBACK) | IN(MQTT_UNSUBACK) | IN(MQTT_DISCONNECT) | IN(MQTT_AUTH))
#define MESSAGE (IN(MQTT_PUBLISH) | IN(MQTT_WILL))
#define BOTH_CONNECTS (IN(MQTT_CONNECT) | IN(MQTT_CONNACK))
#define EVERY_ONE                                                                                            \
    (BOTH_CONNECTS | MESSAGE | EVERY_ACK | EVERY_END | IN(MQTT_SUBSCRIBE) | IN(MQTT_UNSUBSCRIBE))

struct row {
    const char *name;
    uint8_t type; /* enum mqtt_property_type */
    bool never_zero;
    uint16_t packets; /* where it may be */
    uint16_t repeats; /* where it may be more than once */
    uint16_t offset;  /* of its member in struct mqtt_properties */
};
#define MEMBER(name) offsetof(struct mqtt_properties, name)

/* clang-format off */
static const struct row rows[] = {
    [MQTT_PAYLOAD_FORMAT] = {"payload format indicator", MQTT_TYPE_BYTE, false, MESSAGE, 0, MEMBER(payload_format)},
    [MQTT_MESSAGE_EXPIRY] = {"message expiry interval", MQTT_TYPE_FOUR, false, MESSAGE, 0, MEMBER(message_expiry)},
    [MQTT_CONTENT_TYPE] = {"content type", MQTT_TYPE_TEXT, false, MESSAGE, 0, MEMBER(content_type)},
    [MQTT_RESPONSE_TOPIC] = {"response topic", MQTT_TYPE_TEXT, false, MESSAGE, 0, MEMBER(response_topic)},
    [MQTT_CORRELATION_DATA] = {"correlation data", MQTT_TYPE_BINARY, false, MESSAGE, 0, MEMBER(correlation_data)},
    [MQTT_SUBSCRIPTION_ID] = {"subscription identifier", MQTT_TYPE_VARIABLE, true,
        IN(MQTT_PUBLISH) | IN(MQTT_SUBSCRIBE), IN(MQTT_PUBLISH), MEMBER(subscription_ids)},
    [MQTT_SESSION_EXPIRY] = {"session expiry interval", MQTT_TYPE_FOUR, false,
        BOTH_CONNECTS | IN(MQTT_DISCONNECT), 0, MEMBER(session_expiry)},
    [MQTT_ASSIGNED_CLIENT_ID] = {"assigned client identifier", MQTT_TYPE_TEXT, false, IN(MQTT_CONNACK), 0,
        MEMBER(assigned_client_id)},
    [MQTT_SERVER_KEEP_ALIVE] = {"server keep alive", MQTT_TYPE_TWO, false, IN(MQTT_CONNACK), 0,
        MEMBER(server_keep_alive)},
    [MQTT_AUTH_METHOD] = {"authentication method", MQTT_TYPE_TEXT, false, BOTH_CONNECTS | IN(MQTT_AUTH), 0,
        MEMBER(auth_method)},
    [MQTT_AUTH_DATA] = {"authentication data", MQTT_TYPE_BINARY, false, BOTH_CONNECTS | IN(MQTT_AUTH), 0,
        MEMBER(auth_data)},
    [MQTT_REQUEST_PROBLEM_INFO] = {"request problem information", MQTT_TYPE_BYTE, false, IN(MQTT_CONNECT), 0,
        MEMBER(request_problem_info)},
    [MQTT_WILL_DELAY] = {"will delay interval", MQTT_TYPE_FOUR, false, IN(MQTT_WILL), 0, MEMBER(will_delay)},
    [MQTT_REQUEST_RESPONSE_INFO] = {"request response information", MQTT_TYPE_BYTE, false, IN(MQTT_CONNECT), 0,
        MEMBER(request_response_info)},
    [MQTT_RESPONSE_INFO] = {"response information", MQTT_TYPE_TEXT, false, IN(MQTT_CONNACK), 0,
        MEMBER(response_info)},
    [MQTT_SERVER_REFERENCE] = {"server reference", MQTT_TYPE_TEXT, false,
        IN(MQTT_CONNACK) | IN(MQTT_DISCONNECT), 0, MEMBER(server_reference)},
    [MQTT_REASON_STRING] = {"reason string", MQTT_TYPE_TEXT, false, IN(MQTT_CONNACK) | EVERY_ACK | EVERY_END, 0,
        MEMBER(reason_string)},
    [MQTT_RECEIVE_MAXIMUM] = {"receive maximum", MQTT_TYPE_TWO, true, BOTH_CONNECTS, 0, MEMBER(receive_maximum)},
    [MQTT_TOPIC_ALIAS_MAXIMUM] = {"topic alias maximum", MQTT_TYPE_TWO, false, BOTH_CONNECTS, 0,
        MEMBER(topic_alias_maximum)},
    [MQTT_TOPIC_ALIAS] = {"topic alias", MQTT_TYPE_TWO, true, IN(MQTT_PUBLISH), 0, MEMBER(topic_alias)},
    [MQTT_MAXIMUM_QOS] = {"maximum QoS", MQTT_TYPE_BYTE, false, IN(MQTT_CONNACK), 0, MEMBER(maximum_qos)},
    [MQTT_RETAIN_AVAILABLE] = {"retain available", MQTT_TYPE_BYTE, false, IN(MQTT_CONNACK), 0,
        MEMBER(retain_available)},
    [MQTT_USER_PROPERTY] = {"user property", MQTT_TYPE_PAIR, false, EVERY_ONE, EVERY_ONE, 0},
    [MQTT_MAXIMUM_PACKET_SIZE] = {"maximum packet size", MQTT_TYPE_FOUR, true, BOTH_CONNECTS, 0,
        MEMBER(maximum_packet_size)},
    [MQTT_WILDCARD_AVAILABLE] = {"wildcard subscription available", MQTT_TYPE_BYTE, false, IN(MQTT_CONNACK), 0,
        MEMBER(wildcard_available)},
    [MQTT_SUBSCRIPTION_ID_AVAILABLE] = {"subscription identifiers available", MQTT_TYPE_BYTE, false,
        IN(MQTT_CONNACK), 0, MEMBER(subscription_id_available)},
    [MQTT_SHARED_AVAILABLE] = {"shared subscription available", MQTT_TYPE_BYTE, false, IN(MQTT_CONNACK), 0,
        MEMBER(shared_available)},
};
/* clang-format on */

const struct mqtt_properties mqtt_no_properties = {
    .request_problem_info = 1,
    .maximum_qos = 2,
    .retain_available = 1,
    .wildcard_available = 1,
    .subscription_id_available = 1,
    .shared_available = 1,
    .receive_maximum = UINT16_MAX,
    .maximum_packet_size = UINT32_MAX,
};

enum mqtt_property_type mqtt_property_type(uint8_t id)
{
    return id < sizeof(rows) / sizeof(rows[0]) ? (enum mqtt_property_type)rows[id].type : MQTT_TYPE_NONE;
}

bool mqtt_read_variable(struct mqtt_reader *in, const char *field, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t byte;
        if (!mqtt_read_byte(in, field, &byte))
            return false;
        *value |= (uint32_t)(byte & 0x7F) << (7 * i);
        if (byte & 0x80)
            continue;
        return byte != 0 || i == 0 || mqtt_malformed(in, field, "no longer than needed"); /* [MQTT-1.5.5-1] */
    }
    return mqtt_malformed(in, field, "at most 4 bytes"); /* 1.5.5 */
}

/* More than fit are checked and dropped: only a server's PUBLISH has many. */
static void keep_subscription_id(struct mqtt_properties *out, uint32_t id)
{
    if (out->subscription_id_count < sizeof(out->subscription_ids) / sizeof(out->subscription_ids[0]))
        out->subscription_ids[out->subscription_id_count++] = id;
}

/* Reads the value to its member. *number is the value of a number, 1 for all else. */
static bool read_value(
    struct mqtt_reader *in, const struct row *row, struct mqtt_properties *out, uint32_t *number)
{
    void *member = (char *)out + row->offset;
    struct text name, value;
    *number = 1;
    switch ((enum mqtt_property_type)row->type) {
    case MQTT_TYPE_BYTE:
        if (!mqtt_read_byte(in, row->name, member))
            return false;
        *number = *(uint8_t *)member;
        /* Every byte of MQTT 5 is a flag (3.1.2.11.6, 3.1.2.11.7, 3.2.2.3.4 and so on). */
        return *number <= 1 || mqtt_protocol_error(in, row->name, "0 or 1");
    case MQTT_TYPE_TWO:
        if (!mqtt_read_two(in, row->name, member))
            return false;
        *number = *(uint16_t *)member;
        return true;
    case MQTT_TYPE_FOUR:
        if (!mqtt_read_four(in, row->name, member))
            return false;
        *number = *(uint32_t *)member;
        return true;
    case MQTT_TYPE_VARIABLE:
        if (!mqtt_read_variable(in, row->name, number))
            return false;
        keep_subscription_id(out, *number);
        return true;
    case MQTT_TYPE_TEXT:
        return mqtt_read_text(in, row->name, member);
    case MQTT_TYPE_BINARY:
        return mqtt_read_binary(in, row->name, member);
    case MQTT_TYPE_PAIR: /* [MQTT-1.5.7-1] */
        return mqtt_read_text(in, row->name, &name) && mqtt_read_text(in, row->name, &value);
    case MQTT_TYPE_NONE:
        break;
    }
    return mqtt_malformed(in, "properties", "known identifiers");
}

/* What a value may be, beyond its type. */
static bool check_value(struct mqtt_reader *in, uint8_t id, const struct row *row,
    const struct mqtt_properties *out, uint32_t number)
{
    if (row->never_zero && number == 0) {
        /* 3.1.2.11.3, 3.1.2.11.4, 3.8.2.1.2; an alias has a code of its own [MQTT-3.3.2-8]. */
        uint8_t code = id == MQTT_TOPIC_ALIAS ? REASON_BAD_TOPIC_ALIAS : REASON_PROTOCOL_ERROR;
        return mqtt_refuse(in, code, row->name, "not 0");
    }
    if (id == MQTT_RESPONSE_TOPIC) {
        if (out->response_topic.len == 0) /* [MQTT-4.7.3-1] */
            return mqtt_protocol_error(in, row->name, "at least one character");
        if (mqtt_has_wildcard(out->response_topic)) /* [MQTT-3.3.2-14] */
            return mqtt_protocol_error(in, row->name, "no wildcards");
    }
    return true;
}

static bool read_property(struct mqtt_reader *in, int place, struct mqtt_properties *out)
{
    /* All identifiers of MQTT 5 have one byte; a longer one is none of them. */
    uint8_t id;
    if (!mqtt_read_byte(in, "properties", &id))
        return false;
    if (mqtt_property_type(id) == MQTT_TYPE_NONE) /* 2.2.2.2 */
        return mqtt_malformed(in, "properties", "known identifiers");
    const struct row *row = &rows[id];
    if (!(row->packets & IN(place))) /* 2.2.2.2 */
        return mqtt_malformed(in, row->name, "not in this packet");
    if (MQTT_HAS(out, id) && !(row->repeats & IN(place))) /* each property's own section */
        return mqtt_protocol_error(in, row->name, "at most once");
    uint32_t number;
    if (!read_value(in, row, out, &number) || !check_value(in, id, row, out, number))
        return false;
    out->present |= UINT64_C(1) << id;
    return true;
}

bool mqtt_read_properties(struct mqtt_reader *in, int place, struct mqtt_properties *out)
{
    *out = mqtt_no_properties;
    if (in->version != MQTT_5)
        return true;
    uint32_t len;
    if (!mqtt_read_variable(in, "property length", &len) || !mqtt_room(in, len, "property length"))
        return false;
    struct mqtt_reader block = *in;
    block.end = in->at + len;
    in->at = block.end;
    out->raw = (struct bytes){block.at, len};
    while (block.at < block.end) {
        if (!read_property(&block, place, out))
            return false;
    }
    return true;
}

bool mqtt_user_property(
    const struct mqtt_properties *properties, size_t *offset, struct text *name, struct text *value)
{
    if (!MQTT_HAS(properties, MQTT_USER_PROPERTY) || *offset >= properties->raw.len)
        return false;
    struct refusal refusal;
    struct mqtt_properties ignored;
    struct mqtt_reader in = {
        properties->raw.data + *offset, properties->raw.data + properties->raw.len, MQTT_5, &refusal};
    bool found = false;
    while (!found && in.at < in.end) {
        uint8_t id = *in.at++;
        uint32_t number;
        ignored.subscription_id_count = 0;
        if (id == MQTT_USER_PROPERTY)
            found = mqtt_read_text(&in, "name", name) && mqtt_read_text(&in, "value", value);
        else if (mqtt_property_type(id) == MQTT_TYPE_NONE || !read_value(&in, &rows[id], &ignored, &number))
            in.at = in.end; /* cannot be: the block was checked when it was decoded */
    }
    *offset = (size_t)(in.at - properties->raw.data);
    return found;
}
