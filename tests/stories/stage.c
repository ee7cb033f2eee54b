/* The broker on the stage: its clock, its clients, and the turns. */
#include "tests/stories/stage.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "bridge/seal.h"
#include "bridge/zone.h"
#include "broker/log.h"
#include "broker/session/connection.h"

enum { LINES = 4096, LINE = 512, START = 1700000000 };

struct client {
    struct transport transport;
    struct client *next;
    struct connection *connection; /* NULL: broken */
    char address[16];
    uint8_t version;
    bool stalled, paused, closed;
    char why[64];
    uint8_t *bytes; /* received and not yet a packet */
    size_t len;
    uint8_t *view; /* all that was received, with its times */
    size_t view_len;
    char *lines[LINES];
    size_t heard, told;
    char cursors[8][2][32]; /* channel, cursor */
};

struct stage stage;
static int64_t now_ms;
static uint64_t gone_key;

int64_t stage_now(void)
{
    return now_ms;
}

/* ---- the broker ---- */

/* What a password is here. */
struct told_token {
    int64_t issued, ends;
    uint64_t key;
    char officer[65], instance[65];
};

static bool check_token(
    void *arg, struct text username, struct bytes password, struct credential *out, const char **why)
{
    (void)arg;
    struct told_token token;
    *why = "bad token";
    if (password.len != sizeof token || username.len >= sizeof out->name)
        return false;
    memcpy(&token, password.data, sizeof token);
    *out = (struct credential){.issued_at = token.issued, .expires_at = token.ends, .key = token.key};
    memcpy(out->officer, token.officer, sizeof out->officer);
    memcpy(out->instance, token.instance, sizeof out->instance);
    memcpy(out->name, username.data, username.len);
    return true;
}

static bool credential_stands(void *arg, uint64_t key)
{
    (void)arg;
    return key != gone_key;
}

void key_goes(uint64_t key)
{
    gone_key = key;
    broker_recheck(stage.broker);
    settle();
}

static void build(void)
{
    stage.broker = broker_new(&stage.options, stage.seal);
    struct store_events events = broker_store_events(stage.broker);
    stage.store = stage_store_new(&events);
    broker_use_store(stage.broker, stage.store);
    stage.ended = false;
}

int stage_begin(void **state)
{
    static const uint8_t secret[SEAL_SECRET] = {7};
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    now_ms = INT64_C(1000) * START;
    gone_key = 0;
    stage = (struct stage){.seal = seal_new(secret)};
    stage.options = (struct broker_options){.version = "story",
        .channel_precision = 5,
        .leaf_precision = 6,
        .maximum_packet = 1 << 20,
        .receive_maximum = 10,
        .topic_alias_maximum = 4,
        .session_expiry_max_s = 86400,
        .max_filters = 20,
        .max_outbound = 65536,
        .connect_timeout_ms = 5000,
        .keep_alive_max_s = 1200,
        .heartbeat_ms = 30000,
        .cursor_save_ms = 2000,
        .ring_items = 16,
        .clock_past_ms = 86400000,
        .clock_future_ms = 60000,
        .merge_ms = 600000,
        .witnesses_enough = 3,
        .flags_enough = 3,
        .verification_ways = 14,
        .approval_km2 = 5000,
        .check_token = check_token,
        .credential_stands = credential_stands,
        .now = stage_now,
        .zone_clock = zone_offset};
    build();
    return 0;
}

static void client_free(struct client *client)
{
    if (client->connection)
        connection_free(client->connection);
    for (size_t i = 0; i < client->heard; i++)
        free(client->lines[i]);
    free(client->bytes);
    free(client->view);
    free(client);
}

void stage_strike(void)
{
    while (stage.clients) {
        struct client *client = stage.clients;
        stage.clients = client->next;
        client_free(client);
    }
    if (stage.ended)
        return;
    stage.ended = true;
    store_free(stage.store);
    broker_free(stage.broker);
}

int stage_end(void **state)
{
    (void)state;
    stage_strike();
    seal_free(stage.seal);
    return 0;
}

void stage_restart(void)
{
    stage_strike();
    build();
}

/* ---- turns ---- */

static void hear(struct client *client, const uint8_t *data, size_t len)
{
    size_t at = 0;
    client->view = realloc(client->view, client->view_len + sizeof(now_ms) + len);
    memcpy(client->view + client->view_len, &now_ms, sizeof(now_ms));
    memcpy(client->view + client->view_len + sizeof(now_ms), data, len);
    client->view_len += sizeof(now_ms) + len;
    client->bytes = realloc(client->bytes, client->len + len);
    memcpy(client->bytes + client->len, data, len);
    client->len += len;
    while (at < client->len) {
        struct mqtt_packet packet;
        struct refusal refusal;
        size_t used;
        char line[LINE], cursor[64] = "";
        enum mqtt_decode_result result = mqtt_decode(
            client->version, 1 << 24, client->bytes + at, client->len - at, &packet, &used, &refusal);
        if (result == MQTT_NEED_MORE)
            break;
        if (result == MQTT_BAD)
            fail_msg("the broker wrote a bad packet: %s: %s", refusal.field, refusal.rule);
        packet_words(&packet, line, sizeof(line), cursor);
        assert_true(client->heard < LINES);
        client->lines[client->heard++] = strdup(line);
        char *colon = strchr(cursor, ':');
        for (size_t i = 0; colon && i < 8; i++) {
            size_t channel = (size_t)(colon - cursor);
            if (client->cursors[i][0][0] && (strlen(client->cursors[i][0]) != channel ||
                                                strncmp(client->cursors[i][0], cursor, channel) != 0))
                continue;
            snprintf(client->cursors[i][0], 32, "%.*s", (int)channel, cursor);
            snprintf(client->cursors[i][1], 32, "%s", colon + 1);
            break;
        }
        at += used;
    }
    client->len -= at;
    memmove(client->bytes, client->bytes + at, client->len);
}

static bool take_output(struct client *client)
{
    struct iovec pieces[16];
    bool any = false;
    int count;
    while (client->connection && !client->stalled &&
           (count = connection_output(client->connection, pieces, 16)) > 0) {
        size_t len = 0;
        for (int i = 0; i < count; i++) {
            hear(client, pieces[i].iov_base, pieces[i].iov_len);
            len += pieces[i].iov_len;
        }
        connection_sent(client->connection, len);
        any = true;
    }
    return any;
}

void settle(void)
{
    /* What goes on in the broker without an answer or output is done within a few turns. */
    for (int quiet = 0; quiet < 4; quiet++) {
        if (stage_store_answer(stage.store))
            quiet = 0;
        broker_turn(stage.broker);
        for (struct client *client = stage.clients; client; client = client->next) {
            if (take_output(client))
                quiet = 0;
        }
    }
}

void passes(int64_t ms)
{
    settle();
    while (ms > 0) {
        int64_t step = ms < 1000 ? ms : 1000;
        now_ms += step;
        ms -= step;
        settle();
    }
}

/* ---- the transport ---- */

static void wants_write(struct transport *transport)
{
    (void)transport;
}

static void pause_reading(struct transport *transport, bool paused)
{
    ((struct client *)transport)->paused = paused;
}

static void close_transport(struct transport *transport, const char *reason)
{
    struct client *client = (struct client *)transport;
    assert_false(client->closed);
    client->closed = true;
    snprintf(client->why, sizeof(client->why), "%s", reason);
}

static const struct transport_ops ops = {wants_write, pause_reading, close_transport};

/* ---- clients ---- */

static struct client *dials_as(const char *certificate)
{
    struct client *client = calloc(1, sizeof(*client));
    struct peer peer = {
        .address = "192.0.2.7", .encrypted = certificate != NULL, .certificate = text_of(certificate)};
    client->transport.ops = &ops;
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
        token.issued = now_ms - 1000;
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
        about, seq, (long long)now_ms);
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

const char *next_heard(struct client *client)
{
    settle();
    return client->told < client->heard ? client->lines[client->told++] : NULL;
}

void hears(struct client *client, const char *pattern)
{
    const char *line = next_heard(client);
    if (!line)
        fail_msg("heard nothing%s%s\nexpected: %s", client->closed ? "; closed: " : "", client->why, pattern);
    if (fnmatch(pattern, line, FNM_NOESCAPE) != 0)
        fail_msg("heard:    %s\nexpected: %s", line, pattern);
}

void hears_nothing(struct client *client)
{
    const char *line = next_heard(client);
    if (line)
        fail_msg("heard: %s\nexpected nothing", line);
}

void forgets(struct client *client)
{
    settle();
    while (client->heard > 0)
        free(client->lines[--client->heard]);
    client->told = 0;
}

void is_closed(struct client *client, const char *why_pattern)
{
    settle();
    assert_true(client->closed);
    if (fnmatch(why_pattern, client->why, 0) != 0)
        fail_msg("closed:   %s\nexpected: %s", client->why, why_pattern);
}

bool client_closed(const struct client *client)
{
    return client->closed;
}

bool client_paused(const struct client *client)
{
    return client->paused;
}

size_t client_waiting_bytes(const struct client *client)
{
    return connection_pending(client->connection);
}

struct bytes client_view(const struct client *client)
{
    return (struct bytes){client->view, client->view_len};
}

const char *cursor_of(struct client *client, const char *channel)
{
    static char words[80];
    for (size_t i = 0; i < 8; i++) {
        if (strcmp(client->cursors[i][0], channel) != 0)
            continue;
        snprintf(words, sizeof(words), "%s:%s", channel, client->cursors[i][1]);
        return words;
    }
    fail_msg("no cursor of %s was heard", channel);
    return NULL;
}
