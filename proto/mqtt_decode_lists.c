/* The packets that end in a list: SUBSCRIBE and UNSUBSCRIBE with filters, SUBACK and UNSUBACK with reason
 * codes. The list is checked whole and handed on as bytes; mqtt_next_filter reads it again, one filter at a
 * time. Whether a filter is one that can be followed is for SUBACK to say, filter by filter: see topic.h. */
#include "proto/mqtt_wire.h"

enum {
    OPTION_QOS = 0x03,
    OPTION_NO_LOCAL = 0x04,
    OPTION_RETAIN_AS_PUBLISHED = 0x08,
    OPTION_RETAIN_HANDLING = 0x30,
    OPTION_RESERVED = 0xC0,
    OPTION_RESERVED_3_1_1 = 0xFC
};

static bool is_shared(struct text filter)
{
    struct text prefix = TEXT("$share/");
    return filter.len >= prefix.len && memcmp(filter.data, prefix.data, prefix.len) == 0;
}

static void split_options(uint8_t options, struct mqtt_filter *out)
{
    out->qos = options & OPTION_QOS;
    out->no_local = options & OPTION_NO_LOCAL;
    out->retain_as_published = options & OPTION_RETAIN_AS_PUBLISHED;
    out->retain_handling = (options & OPTION_RETAIN_HANDLING) >> 4;
}

static bool read_options(struct mqtt_reader *in, struct text filter)
{
    uint8_t options;
    if (!mqtt_read_byte(in, "subscription options", &options))
        return false;
    struct mqtt_filter parts;
    split_options(options, &parts);
    if (in->version != MQTT_5) {
        if (options & OPTION_RESERVED_3_1_1 || parts.qos == 3) /* 3.1.1: [MQTT-3-8.3-4] */
            return mqtt_malformed(in, "requested QoS", "0, 1 or 2");
        return true;
    }
    if (options & OPTION_RESERVED) /* [MQTT-3.8.3-5] */
        return mqtt_malformed(in, "subscription options", "reserved bits 0");
    if (parts.qos == 3) /* 3.8.3.1 */
        return mqtt_protocol_error(in, "maximum QoS", "0, 1 or 2");
    if (parts.retain_handling == 3) /* 3.8.3.1 */
        return mqtt_protocol_error(in, "retain handling", "0, 1 or 2");
    if (parts.no_local && is_shared(filter)) /* [MQTT-3.8.3-4] */
        return mqtt_protocol_error(in, "no local", "not on a shared subscription");
    return true;
}

bool mqtt_read_filters(struct mqtt_reader *in, enum mqtt_type type, struct mqtt_filters *out)
{
    if (!mqtt_read_packet_id(in, &out->packet_id) || !mqtt_read_properties(in, (int)type, &out->properties))
        return false;
    out->list = (struct bytes){in->at, mqtt_left(in)};
    out->count = 0;
    /* [MQTT-3.8.3-2] [MQTT-3.10.3-2]; 3.1.1: [MQTT-3.8.3-3] [MQTT-3.10.3-2] */
    if (out->list.len == 0)
        return mqtt_protocol_error(in, "topic filter", "at least one");
    while (in->at < in->end) {
        struct text filter;
        if (!mqtt_read_text(in, "topic filter", &filter)) /* [MQTT-3.8.3-1] [MQTT-3.10.3-1] */
            return false;
        if (type == MQTT_SUBSCRIBE && !read_options(in, filter))
            return false;
        out->count++;
    }
    return true;
}

bool mqtt_next_filter(
    const struct mqtt_filters *filters, bool subscribe, size_t *offset, struct mqtt_filter *filter)
{
    size_t left = filters->list.len - *offset;
    if (*offset >= filters->list.len || left < 2)
        return false;
    const uint8_t *at = filters->list.data + *offset;
    size_t len = (size_t)(at[0] << 8 | at[1]);
    size_t whole = 2 + len + subscribe;
    if (left < whole)
        return false;
    split_options(subscribe ? at[2 + len] : 0, filter);
    filter->filter = (struct text){(const char *)at + 2, len};
    *offset += whole;
    return true;
}

bool mqtt_read_codes(struct mqtt_reader *in, enum mqtt_type type, struct mqtt_filters *out)
{
    if (!mqtt_read_packet_id(in, &out->packet_id) || !mqtt_read_properties(in, (int)type, &out->properties))
        return false;
    out->list = (struct bytes){in->at, mqtt_left(in)};
    out->count = out->list.len;
    if (in->version != MQTT_5 && type == MQTT_UNSUBACK)
        return true; /* it has no payload; what is left over is refused with the rest of them */
    in->at = in->end;
    if (out->count == 0) /* [MQTT-3.8.4-6]; one for each filter, and no packet without a filter */
        return mqtt_protocol_error(in, "reason code", "at least one");
    for (size_t i = 0; i < out->count; i++) {
        uint8_t code = out->list.data[i];
        bool known = in->version == MQTT_5 ? mqtt_reason_known(type, code) : code <= 2 || code == 0x80;
        if (!known) /* [MQTT-3.9.3-2] [MQTT-3.11.3-2]; 3.1.1: [MQTT-3.9.3-2] */
            return mqtt_protocol_error(in, "reason code", "listed for this packet");
    }
    return true;
}
