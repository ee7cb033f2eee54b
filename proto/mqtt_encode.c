/* From fields to bytes. A packet begins with its length, so each encoder first adds up, then writes; the
 * writer drops what has no room and goes on counting. Callers pass what the standard allows: no text above
 * 65,535 bytes, no property that the packet may not bear. */
#include "proto/mqtt_wire.h"

#include <assert.h>

enum { LARGEST_REMAINING = 268435455 };

static void put(struct mqtt_writer *w, const void *data, size_t len)
{
    if (w->len < w->size && len > 0) {
        size_t room = w->size - w->len;
        memcpy(w->data + w->len, data, len < room ? len : room);
    }
    w->len += len;
}

static void put_byte(struct mqtt_writer *w, unsigned value)
{
    if (w->len < w->size)
        w->data[w->len] = (uint8_t)value;
    w->len++;
}

static void put_two(struct mqtt_writer *w, unsigned value)
{
    put_byte(w, value >> 8);
    put_byte(w, value);
}

static void put_four(struct mqtt_writer *w, uint32_t value)
{
    put_two(w, value >> 16);
    put_two(w, value);
}

/* Never longer than needed [MQTT-1.5.5-1]. */
static void put_variable(struct mqtt_writer *w, size_t value)
{
    for (; value > 0x7F; value >>= 7)
        put_byte(w, (unsigned)(value & 0x7F) | 0x80);
    put_byte(w, (unsigned)value);
}

static size_t variable_size(size_t value)
{
    return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

static void put_text(struct mqtt_writer *w, struct text text)
{
    assert(text.len <= UINT16_MAX);
    put_two(w, (unsigned)text.len);
    put(w, text.data, text.len);
}

static void put_binary(struct mqtt_writer *w, struct bytes bytes)
{
    put_text(w, (struct text){(const char *)bytes.data, bytes.len});
}

static void put_header(struct mqtt_writer *w, enum mqtt_type type, unsigned flags, size_t remaining)
{
    assert(remaining <= LARGEST_REMAINING);
    put_byte(w, (unsigned)type << 4 | flags);
    put_variable(w, remaining);
}

static bool has_properties(uint8_t version)
{
    return version >= MQTT_5;
}

static size_t property_size(const struct mqtt_property_out *property)
{
    switch (mqtt_property_type((uint8_t)property->id)) {
    case MQTT_TYPE_BYTE:
        return 1 + 1;
    case MQTT_TYPE_TWO:
        return 1 + 2;
    case MQTT_TYPE_FOUR:
        return 1 + 4;
    case MQTT_TYPE_VARIABLE:
        return 1 + variable_size(property->value);
    case MQTT_TYPE_TEXT:
    case MQTT_TYPE_BINARY:
        return 1 + 2 + property->text.len;
    case MQTT_TYPE_PAIR:
        return 1 + 2 + property->name.len + 2 + property->text.len;
    case MQTT_TYPE_NONE:
        break;
    }
    return 0;
}

static void put_property(struct mqtt_writer *w, const struct mqtt_property_out *property)
{
    enum mqtt_property_type type = mqtt_property_type((uint8_t)property->id);
    if (type == MQTT_TYPE_NONE)
        return;
    put_byte(w, property->id);
    switch (type) {
    case MQTT_TYPE_BYTE:
        put_byte(w, property->value);
        break;
    case MQTT_TYPE_TWO:
        put_two(w, property->value);
        break;
    case MQTT_TYPE_FOUR:
        put_four(w, property->value);
        break;
    case MQTT_TYPE_VARIABLE:
        put_variable(w, property->value);
        break;
    case MQTT_TYPE_PAIR:
        put_text(w, property->name);
        put_text(w, property->text);
        break;
    case MQTT_TYPE_TEXT:
    case MQTT_TYPE_BINARY:
    case MQTT_TYPE_NONE:
        put_text(w, property->text);
        break;
    }
}

/* A packet's properties and how many bytes they take, without their length's own. */
struct block {
    const struct mqtt_property_out *properties;
    size_t count, size;
};

static struct block block_of(const struct mqtt_property_out *properties, size_t count)
{
    struct block block = {properties, count, 0};
    for (size_t i = 0; i < count; i++)
        block.size += property_size(&properties[i]);
    return block;
}

/* The bytes of a block with its length; none before version 5. */
static size_t block_size(uint8_t version, const struct block *block)
{
    return has_properties(version) ? variable_size(block->size) + block->size : 0;
}

static void put_block(struct mqtt_writer *w, uint8_t version, const struct block *block)
{
    if (!has_properties(version))
        return;
    put_variable(w, block->size); /* [MQTT-2.2.2-1] */
    for (size_t i = 0; i < block->count; i++)
        put_property(w, &block->properties[i]);
}

static unsigned connect_flags(const struct mqtt_connect *connect)
{
    unsigned flags = (unsigned)connect->clean_start << 1 | (unsigned)connect->has_will << 2;
    if (connect->has_will)
        flags |= (unsigned)connect->will_qos << 3 | (unsigned)connect->will_retain << 5;
    return flags | (unsigned)connect->has_password << 6 | (unsigned)connect->has_username << 7;
}

void mqtt_encode_connect(struct mqtt_writer *w, const struct mqtt_connect *connect,
    const struct mqtt_property_out *properties, size_t count)
{
    struct block block = block_of(properties, count);
    bool will_block = connect->has_will && has_properties(connect->version);
    struct bytes will = connect->will_properties.raw;
    size_t remaining = 10 + block_size(connect->version, &block) + 2 + connect->client_id.len;
    if (will_block)
        remaining += variable_size(will.len) + will.len;
    if (connect->has_will)
        remaining += 2 + connect->will_topic.len + 2 + connect->will_payload.len;
    if (connect->has_username)
        remaining += 2 + connect->username.len;
    if (connect->has_password)
        remaining += 2 + connect->password.len;
    put_header(w, MQTT_CONNECT, 0, remaining);
    put_text(w, TEXT("MQTT"));
    put_byte(w, connect->version);
    put_byte(w, connect_flags(connect));
    put_two(w, connect->keep_alive);
    put_block(w, connect->version, &block);
    put_text(w, connect->client_id); /* [MQTT-3.1.3-1] has the order */
    if (will_block) {
        put_variable(w, will.len);
        put(w, will.data, will.len);
    }
    if (connect->has_will) {
        put_text(w, connect->will_topic);
        put_binary(w, connect->will_payload);
    }
    if (connect->has_username)
        put_text(w, connect->username);
    if (connect->has_password)
        put_binary(w, connect->password);
}

/* The return code of 3.1.1 (its table 3.1) that comes nearest to a reason of MQTT 5. */
static uint8_t return_code(uint8_t reason)
{
    switch (reason) {
    case REASON_UNSUPPORTED_VERSION:
        return 1;
    case REASON_BAD_CLIENT_ID:
        return 2;
    case REASON_BAD_CREDENTIALS:
        return 4;
    case REASON_NOT_ALLOWED:
    case REASON_BAD_AUTHENTICATION_METHOD:
        return 5;
    default:
        return reason < 0x80 ? reason : 3;
    }
}

void mqtt_encode_connack(struct mqtt_writer *w, uint8_t version, bool session_present, uint8_t reason,
    const struct mqtt_property_out *properties, size_t count)
{
    struct block block = block_of(properties, count);
    put_header(w, MQTT_CONNACK, 0, 2 + block_size(version, &block));
    put_byte(w, session_present && reason == 0); /* [MQTT-3.2.2-6]; 3.1.1: [MQTT-3.2.2-4] */
    put_byte(w, has_properties(version) ? reason : return_code(reason));
    put_block(w, version, &block);
}

void mqtt_encode_publish_head(struct mqtt_writer *w, uint8_t version, const struct mqtt_publish *publish,
    size_t payload_len, const struct mqtt_property_out *properties, size_t count)
{
    struct block block = block_of(properties, count);
    unsigned qos = publish->qos;
    unsigned dup = publish->dup && qos > 0; /* [MQTT-3.3.1-2] */
    size_t remaining = 2 + publish->topic.len + (qos > 0 ? 2 : 0) + block_size(version, &block) + payload_len;
    put_header(w, MQTT_PUBLISH, dup << 3 | qos << 1 | publish->retain, remaining);
    put_text(w, publish->topic);
    if (qos > 0) /* [MQTT-2.2.1-2] */
        put_two(w, publish->packet_id);
    put_block(w, version, &block);
}

void mqtt_encode_ack(struct mqtt_writer *w, uint8_t version, enum mqtt_type type, uint16_t packet_id,
    uint8_t reason, const struct mqtt_property_out *properties, size_t count)
{
    bool acknowledges = type != MQTT_DISCONNECT && type != MQTT_AUTH;
    if (type == MQTT_AUTH && !has_properties(version))
        return; /* 3.1.1 has no such packet */
    struct block block = block_of(properties, count);
    bool with_reason = has_properties(version) && (reason != REASON_OK || block.size > 0);
    bool with_block = with_reason && (block.size > 0 || type == MQTT_AUTH);
    size_t remaining = (acknowledges ? 2 : 0) + with_reason + (with_block ? block_size(version, &block) : 0);
    put_header(w, type, type == MQTT_PUBREL ? 2 : 0, remaining); /* [MQTT-3.6.1-1] */
    if (acknowledges)
        put_two(w, packet_id);
    if (with_reason)
        put_byte(w, reason);
    if (with_block)
        put_block(w, version, &block);
}

static unsigned options_of(uint8_t version, const struct mqtt_filter *filter)
{
    if (!has_properties(version))
        return filter->qos;
    return filter->qos | (unsigned)filter->no_local << 2 | (unsigned)filter->retain_as_published << 3 |
           (unsigned)filter->retain_handling << 4;
}

void mqtt_encode_subscribe(struct mqtt_writer *w, uint8_t version, uint16_t packet_id,
    const struct mqtt_filter *filters, size_t filter_count, const struct mqtt_property_out *properties,
    size_t count)
{
    struct block block = block_of(properties, count);
    size_t remaining = 2 + block_size(version, &block);
    for (size_t i = 0; i < filter_count; i++)
        remaining += 2 + filters[i].filter.len + 1;
    put_header(w, MQTT_SUBSCRIBE, 2, remaining); /* [MQTT-3.8.1-1] */
    put_two(w, packet_id);
    put_block(w, version, &block);
    for (size_t i = 0; i < filter_count; i++) {
        put_text(w, filters[i].filter);
        put_byte(w, options_of(version, &filters[i]));
    }
}

void mqtt_encode_unsubscribe(struct mqtt_writer *w, uint8_t version, uint16_t packet_id,
    const struct text *filters, size_t filter_count, const struct mqtt_property_out *properties, size_t count)
{
    struct block block = block_of(properties, count);
    size_t remaining = 2 + block_size(version, &block);
    for (size_t i = 0; i < filter_count; i++)
        remaining += 2 + filters[i].len;
    put_header(w, MQTT_UNSUBSCRIBE, 2, remaining); /* [MQTT-3.10.1-1] */
    put_two(w, packet_id);
    put_block(w, version, &block);
    for (size_t i = 0; i < filter_count; i++)
        put_text(w, filters[i]);
}

void mqtt_encode_suback_with(struct mqtt_writer *w, uint8_t version, enum mqtt_type type, uint16_t packet_id,
    const uint8_t *codes, size_t code_count, const struct mqtt_property_out *properties, size_t count)
{
    struct block block = block_of(properties, count);
    bool five = has_properties(version);
    if (!five && type == MQTT_UNSUBACK)
        code_count = 0;
    put_header(w, type, 0, 2 + block_size(version, &block) + code_count);
    put_two(w, packet_id);
    put_block(w, version, &block); /* [MQTT-2.2.2-1] */
    for (size_t i = 0; i < code_count; i++)
        put_byte(w, !five && codes[i] > 0x7F ? 0x80 : codes[i]); /* 3.1.1: [MQTT-3.9.3-2] */
}

void mqtt_encode_suback(struct mqtt_writer *w, uint8_t version, enum mqtt_type type, uint16_t packet_id,
    const uint8_t *codes, size_t code_count)
{
    mqtt_encode_suback_with(w, version, type, packet_id, codes, code_count, NULL, 0);
}

void mqtt_encode_ping(struct mqtt_writer *w, enum mqtt_type type)
{
    put_header(w, type, 0, 0);
}
