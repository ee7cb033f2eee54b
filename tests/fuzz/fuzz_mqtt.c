/* Any bytes, as a connection of each version would get them: nothing is read or pointed to outside of the
 * packet, the verdict does not depend on what follows or on how the bytes arrive, and what the encoders make
 * of it reads the same. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/mqtt.h"

enum { LARGEST = 4096, MOST_PROPERTIES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
    if (!holds)
        abort();
}

struct input {
    const uint8_t *data;
    size_t len;
};

static void inside(const struct input *input, const void *at, size_t len)
{
    if (len > 0) {
        const uint8_t *start = at;
        require(start >= input->data && start + len <= input->data + input->len);
    }
}

static void text_inside(const struct input *input, struct text text)
{
    inside(input, text.data, text.len);
    require(mqtt_utf8_valid(text.data, text.len));
}

static void properties_inside(const struct input *input, const struct mqtt_properties *properties)
{
    const struct text texts[] = {properties->content_type, properties->response_topic,
        properties->assigned_client_id, properties->auth_method, properties->response_info,
        properties->server_reference, properties->reason_string};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        text_inside(input, texts[i]);
    inside(input, properties->correlation_data.data, properties->correlation_data.len);
    inside(input, properties->auth_data.data, properties->auth_data.len);
    inside(input, properties->raw.data, properties->raw.len);
    require(properties->subscription_id_count <= 8);
    require(properties->receive_maximum > 0 && properties->maximum_packet_size > 0);
    require(properties->payload_format <= 1 && properties->request_problem_info <= 1);
    size_t offset = 0, count = 0;
    struct text name, value;
    while (mqtt_user_property(properties, &offset, &name, &value)) {
        text_inside(input, name);
        text_inside(input, value);
        count++;
    }
    require((count > 0) == MQTT_HAS(properties, MQTT_USER_PROPERTY));
}

static void connect_inside(const struct input *input, const struct mqtt_connect *connect)
{
    require(connect->version == MQTT_5 || connect->version == MQTT_3_1_1);
    require(connect->will_qos <= 2);
    properties_inside(input, &connect->properties);
    properties_inside(input, &connect->will_properties);
    text_inside(input, connect->client_id);
    text_inside(input, connect->username);
    text_inside(input, connect->will_topic);
    inside(input, connect->password.data, connect->password.len);
    inside(input, connect->will_payload.data, connect->will_payload.len);
}

static void filters_inside(const struct input *input, const struct mqtt_filters *filters, enum mqtt_type type)
{
    require(filters->packet_id != 0);
    properties_inside(input, &filters->properties);
    inside(input, filters->list.data, filters->list.len);
    if (type != MQTT_SUBSCRIBE && type != MQTT_UNSUBSCRIBE)
        return;
    size_t offset = 0, count = 0;
    struct mqtt_filter filter;
    while (mqtt_next_filter(filters, type == MQTT_SUBSCRIBE, &offset, &filter)) {
        text_inside(input, filter.filter);
        require(filter.qos <= 2 && filter.retain_handling <= 2);
        count++;
    }
    require(count == filters->count && offset == filters->list.len && count > 0);
}

struct properties_out {
    struct mqtt_property_out all[MOST_PROPERTIES + 16];
    size_t count;
};

static void add(struct properties_out *out, const struct mqtt_properties *from, enum mqtt_property id,
    uint32_t value, struct text text)
{
    if (MQTT_HAS(from, id))
        out->all[out->count++] = (struct mqtt_property_out){.id = id, .value = value, .text = text};
}

/* What a program that passes a message on would write. */
static void properties_again(const struct mqtt_properties *from, struct properties_out *out)
{
    struct text none = {NULL, 0};
    struct text data = {(const char *)from->correlation_data.data, from->correlation_data.len};
    out->count = 0;
    add(out, from, MQTT_PAYLOAD_FORMAT, from->payload_format, none);
    add(out, from, MQTT_MESSAGE_EXPIRY, from->message_expiry, none);
    add(out, from, MQTT_TOPIC_ALIAS, from->topic_alias, none);
    add(out, from, MQTT_CONTENT_TYPE, 0, from->content_type);
    add(out, from, MQTT_RESPONSE_TOPIC, 0, from->response_topic);
    add(out, from, MQTT_REASON_STRING, 0, from->reason_string);
    add(out, from, MQTT_CORRELATION_DATA, 0, data);
    for (uint8_t i = 0; i < from->subscription_id_count; i++)
        add(out, from, MQTT_SUBSCRIPTION_ID, from->subscription_ids[i], none);
    size_t offset = 0;
    struct mqtt_property_out pair = {.id = MQTT_USER_PROPERTY};
    while (out->count < MOST_PROPERTIES && mqtt_user_property(from, &offset, &pair.name, &pair.text))
        out->all[out->count++] = pair;
}

static void same_properties(const struct mqtt_properties *a, const struct mqtt_properties *b)
{
    require(a->present == b->present);
    require(a->payload_format == b->payload_format && a->message_expiry == b->message_expiry);
    require(a->topic_alias == b->topic_alias && a->subscription_id_count == b->subscription_id_count);
    require(memcmp(a->subscription_ids, b->subscription_ids, 4 * a->subscription_id_count) == 0);
    require(text_equal(a->content_type, b->content_type) && text_equal(a->reason_string, b->reason_string));
    require(text_equal(a->response_topic, b->response_topic));
    require(bytes_equal(a->correlation_data, b->correlation_data));
}

static struct mqtt_packet read_back(const struct mqtt_writer *w, uint8_t version, size_t room)
{
    struct mqtt_packet packet;
    struct refusal refusal;
    size_t used;
    require(w->len <= w->size);
    require(mqtt_decode(version, room, w->data, w->len, &packet, &used, &refusal) == MQTT_DECODED);
    require(used == w->len);
    return packet;
}

static void publish_again(uint8_t version, const struct mqtt_publish *publish)
{
    uint8_t data[2 * LARGEST];
    struct mqtt_writer w = {data, sizeof(data), 0};
    struct properties_out properties;
    properties_again(&publish->properties, &properties);
    mqtt_encode_publish_head(&w, version, publish, publish->payload.len, properties.all, properties.count);
    require(w.len + publish->payload.len <= sizeof(data));
    if (publish->payload.len > 0)
        memcpy(data + w.len, publish->payload.data, publish->payload.len);
    w.len += publish->payload.len;
    struct mqtt_packet again = read_back(&w, version, sizeof(data));
    require(again.type == MQTT_PUBLISH && again.publish.dup == publish->dup);
    require(again.publish.retain == publish->retain && again.publish.qos == publish->qos);
    require(again.publish.packet_id == publish->packet_id && text_equal(again.publish.topic, publish->topic));
    require(bytes_equal(again.publish.payload, publish->payload));
    same_properties(&again.publish.properties, &publish->properties);
}

static void ack_again(uint8_t version, enum mqtt_type type, const struct mqtt_ack *ack)
{
    if (type == MQTT_DISCONNECT || type == MQTT_AUTH)
        return;
    uint8_t data[2 * LARGEST];
    struct mqtt_writer w = {data, sizeof(data), 0};
    struct properties_out properties;
    properties_again(&ack->properties, &properties);
    mqtt_encode_ack(&w, version, type, ack->packet_id, ack->reason, properties.all, properties.count);
    struct mqtt_packet again = read_back(&w, version, sizeof(data));
    require(again.type == type && again.ack.packet_id == ack->packet_id && again.ack.reason == ack->reason);
    same_properties(&again.ack.properties, &ack->properties);
}

static void check_packet(uint8_t version, const struct input *input, const struct mqtt_packet *packet)
{
    switch (packet->type) {
    case MQTT_CONNECT:
        require(version == 0);
        connect_inside(input, &packet->connect);
        break;
    case MQTT_CONNACK:
        properties_inside(input, &packet->connack.properties);
        break;
    case MQTT_PUBLISH:
        text_inside(input, packet->publish.topic);
        require((packet->publish.packet_id != 0) == (packet->publish.qos != 0));
        properties_inside(input, &packet->publish.properties);
        inside(input, packet->publish.payload.data, packet->publish.payload.len);
        publish_again(version, &packet->publish);
        break;
    case MQTT_SUBSCRIBE:
    case MQTT_SUBACK:
    case MQTT_UNSUBSCRIBE:
    case MQTT_UNSUBACK:
        filters_inside(input, &packet->filters, packet->type);
        break;
    case MQTT_PINGREQ:
    case MQTT_PINGRESP:
        break;
    default:
        properties_inside(input, &packet->ack.properties);
        ack_again(version, packet->type, &packet->ack);
    }
}

/* The same bytes in memory that ends with them: a read too far is a crash, and a part never says more than
 * the whole. */
static void feed(
    uint8_t version, const uint8_t *data, size_t len, enum mqtt_decode_result whole, uint8_t code)
{
    uint8_t *copy = malloc(len ? len : 1);
    require(copy != NULL);
    if (len > 0)
        memcpy(copy, data, len);
    struct mqtt_packet packet;
    struct refusal refusal = {0};
    size_t used;
    enum mqtt_decode_result part = mqtt_decode(version, LARGEST, copy, len, &packet, &used, &refusal);
    require(part == MQTT_NEED_MORE || (part == MQTT_BAD && whole == MQTT_BAD && refusal.code == code));
    free(copy);
}

static void decode(uint8_t version, const uint8_t *data, size_t len)
{
    struct mqtt_packet packet;
    memset(&packet, 0xA5, sizeof(packet));
    struct refusal refusal = {0};
    size_t used;
    enum mqtt_decode_result result = mqtt_decode(version, LARGEST, data, len, &packet, &used, &refusal);
    size_t packet_len = result == MQTT_DECODED ? used : len;
    if (result == MQTT_DECODED) {
        require(used >= 2 && used <= len && used <= LARGEST);
        check_packet(version, &(struct input){data, used}, &packet);
    } else if (result == MQTT_NEED_MORE) {
        require(used == 0 || (used > len && used <= LARGEST));
    } else {
        require(used == 0 && refusal.code >= 0x80 && refusal.field && refusal.rule);
    }
    size_t step = packet_len / 16 + 1;
    for (size_t fed = 0; fed < packet_len; fed += step)
        feed(version, data, fed, result, refusal.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t versions[] = {0, MQTT_3_1_1, MQTT_5};
    for (size_t i = 0; i < sizeof(versions); i++)
        decode(versions[i], data, len);
    return 0;
}
