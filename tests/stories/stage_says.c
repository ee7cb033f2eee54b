/* What clients on the stage say and do. */
#include <stdlib.h>

#include "tests/stories/stage_client.h"

static struct client *dials_as(const char *certificate)
{
    struct client *client = calloc(1, sizeof(*client));
    struct peer peer = {
        .address = "192.0.2.7", .encrypted = certificate != NULL, .certificate = text_of(certificate)};
    client->transport.ops = &stage_transport;
    client->version = MQTT_5;
    client->next = stage.clients;
    stage.clients = client;
    client->connection = connection_new(stage.broker, &client->transport, &peer);
    return client;
}

void says(struct client *client, const void *data, size_t len)
{
    assert_non_null(client->connection);
    if (!client->closed)
        connection_receive(client->connection, data, len);
}

struct client *dials(void)
{
    return dials_as(NULL);
}

/* Encodes twice: once to know the length. */
#define SAY(client, call)                                                                                    \
    do {                                                                                                     \
        struct mqtt_writer w_ = {NULL, 0, 0}, *w = &w_;                                                      \
        call;                                                                                                \
        uint8_t *room_ = malloc(w_.len);                                                                     \
        w_ = (struct mqtt_writer){room_, w_.len, 0};                                                         \
        call;                                                                                                \
        says(client, room_, w_.len);                                                                         \
        free(room_);                                                                                         \
    } while (0)

static void say_connect(
    struct client *client, const char *name, const char *client_id, const struct manner *manner)
{
    struct told_token token;
    uint8_t delay[5] = {MQTT_WILL_DELAY, (uint8_t)(manner->will_delay_s >> 24),
        (uint8_t)(manner->will_delay_s >> 16), (uint8_t)(manner->will_delay_s >> 8),
        (uint8_t)manner->will_delay_s};
    struct mqtt_connect connect = {.version = client->version,
        .clean_start = !manner->goes_on,
        .keep_alive = manner->keep_alive,
        .client_id = text_of(client_id)};
    struct mqtt_property_out properties[4];
    size_t count = 0;
    if (!manner->certificate) {
        connect.has_username = connect.has_password = true;
        connect.username = text_of(name);
        memset(&token, 0, sizeof token);
        token.issued = stage_now() - 1000;
        token.ends = manner->token_ends;
        token.key = manner->token_key;
        snprintf(token.officer, sizeof token.officer, "%s", manner->officer ? manner->officer : "");
        snprintf(token.instance, sizeof token.instance, "%s", manner->instance ? manner->instance : "");
        connect.password = (struct bytes){(uint8_t *)&token, sizeof token};
    }
    if (manner->will_topic) {
        connect.has_will = true;
        connect.will_topic = text_of(manner->will_topic);
        connect.will_payload = manner->will_payload;
        if (manner->will_delay_s)
            connect.will_properties.raw = (struct bytes){delay, sizeof(delay)};
    }
    if (manner->expiry_s)
        properties[count++] =
            (struct mqtt_property_out){.id = MQTT_SESSION_EXPIRY, .value = manner->expiry_s};
    if (manner->receive_maximum)
        properties[count++] =
            (struct mqtt_property_out){.id = MQTT_RECEIVE_MAXIMUM, .value = manner->receive_maximum};
    if (manner->maximum_packet)
        properties[count++] =
            (struct mqtt_property_out){.id = MQTT_MAXIMUM_PACKET_SIZE, .value = manner->maximum_packet};
    if (manner->no_problem_info)
        properties[count++] = (struct mqtt_property_out){.id = MQTT_REQUEST_PROBLEM_INFO, .value = 0};
    SAY(client, mqtt_encode_connect(w, &connect, properties, count));
}

struct client *knocks(const char *name, const char *client_id, struct manner manner)
{
    struct client *client = dials_as(manner.certificate);
    client->version = manner.version ? manner.version : MQTT_5;
    say_connect(client, name, client_id, &manner);
    return client;
}

struct client *comes(const char *name, const char *client_id, struct manner manner)
{
    struct client *client = knocks(name, client_id, manner);
    hears(client, "CONNACK 0x00*");
    return client;
}

void publishes_with(struct client *client, const char *topic, uint8_t qos, uint16_t packet_id,
    const char *json, struct extras extras)
{
    struct mqtt_publish publish = {.dup = extras.dup,
        .retain = extras.retain,
        .qos = qos,
        .packet_id = packet_id,
        .topic = text_of(topic)};
    struct mqtt_property_out properties[3];
    size_t count = 0;
    if (extras.response_topic)
        properties[count++] =
            (struct mqtt_property_out){.id = MQTT_RESPONSE_TOPIC, .text = text_of(extras.response_topic)};
    if (extras.correlation)
        properties[count++] =
            (struct mqtt_property_out){.id = MQTT_CORRELATION_DATA, .text = text_of(extras.correlation)};
    if (extras.alias)
        properties[count++] = (struct mqtt_property_out){.id = MQTT_TOPIC_ALIAS, .value = extras.alias};
    struct mqtt_writer w = {NULL, 0, 0};
    mqtt_encode_publish_head(&w, client->version, &publish, strlen(json), properties, count);
    size_t head = w.len;
    uint8_t *room = malloc(head + strlen(json));
    w = (struct mqtt_writer){room, head, 0};
    mqtt_encode_publish_head(&w, client->version, &publish, strlen(json), properties, count);
    memcpy(room + head, json, strlen(json));
    says(client, room, head + strlen(json));
    free(room);
}

void publishes(struct client *client, const char *topic, uint8_t qos, uint16_t packet_id, const char *json)
{
    publishes_with(client, topic, qos, packet_id, json, (struct extras){0});
}

void sees_motion(struct client *client, uint8_t qos, uint16_t packet_id, const char *device, unsigned seq)
{
    char json[512], about[100] = "";
    if (device)
        snprintf(about, sizeof(about), "\"device\":\"%s\",", device);
    snprintf(json, sizeof(json),
        "{\"version\":1,\"session\":\"5\",\"events\":[{%s\"seq\":\"%u\",\"phase\":\"PULSE\",\"kind\":"
        "\"PERSON\","
        "\"at\":\"%lld\",\"confidence\":80}]}",
        about, seq, (long long)stage_now());
    publishes(client, "nb/v1/motion", qos, packet_id, json);
}

void acknowledges(struct client *client, uint16_t packet_id)
{
    SAY(client, mqtt_encode_ack(w, client->version, MQTT_PUBACK, packet_id, 0, NULL, 0));
}

void releases(struct client *client, uint16_t packet_id)
{
    SAY(client, mqtt_encode_ack(w, client->version, MQTT_PUBREL, packet_id, 0, NULL, 0));
}

void subscribes_with(
    struct client *client, uint16_t packet_id, const char *filter, uint8_t options, const char *since)
{
    struct mqtt_filter one = {.filter = text_of(filter),
        .qos = options & 3,
        .no_local = options >> 2 & 1,
        .retain_as_published = options >> 3 & 1,
        .retain_handling = options >> 4 & 3};
    struct mqtt_property_out property = {
        .id = MQTT_USER_PROPERTY, .name = TEXT("since"), .text = text_of(since)};
    SAY(client, mqtt_encode_subscribe(w, client->version, packet_id, &one, 1, &property, since ? 1 : 0));
}

void follows(struct client *client, const char *filter, uint8_t qos)
{
    subscribes_with(client, 900, filter, qos, NULL);
    hears(client, qos ? "SUBACK 900 0x01" : "SUBACK 900 0x00");
}

void unsubscribes(struct client *client, uint16_t packet_id, const char *filter)
{
    struct text text = text_of(filter);
    SAY(client, mqtt_encode_unsubscribe(w, client->version, packet_id, &text, 1, NULL, 0));
}

void pings(struct client *client)
{
    SAY(client, mqtt_encode_ping(w, MQTT_PINGREQ));
}

void disconnects(struct client *client, uint8_t reason)
{
    SAY(client, mqtt_encode_ack(w, client->version, MQTT_DISCONNECT, 0, reason, NULL, 0));
    settle();
}

void breaks(struct client *client)
{
    if (!client->closed)
        connection_lost(client->connection, "broken");
    connection_free(client->connection);
    client->connection = NULL;
    settle();
}

void stalls(struct client *client)
{
    settle();
    client->stalled = true;
}

void reads_on(struct client *client)
{
    client->stalled = false;
    settle();
}
