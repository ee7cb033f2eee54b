/* PUBLISH and PUBREL: topic aliases, QoS 2 packet ids, and the start of the way in. */
#include "broker/kind/kind.h"
#include "broker/session/connection_state.h"

/* ---- topic aliases ---- */

static struct topic_alias *find_alias(struct connection *connection, uint16_t alias)
{
    for (int i = 0; i < connection->alias_count; i++) {
        if (connection->aliases[i].alias == alias)
            return &connection->aliases[i];
    }
    return NULL;
}

static void set_alias(struct connection *connection, uint16_t alias, struct text topic)
{
    struct topic_alias *slot = find_alias(connection, alias);

    if (!slot) {
        connection->aliases = must_realloc(
            connection->aliases, (size_t)(connection->alias_count + 1) * sizeof *connection->aliases);
        slot = &connection->aliases[connection->alias_count++];
        *slot = (struct topic_alias){.alias = alias};
    }
    free(slot->topic);
    slot->topic = must_alloc(topic.len + 1);
    memcpy(slot->topic, topic.data, topic.len);
    slot->len = (uint16_t)topic.len;
}

/* The topic of a PUBLISH. False: the connection has been ended. */
static bool resolve_topic(
    struct connection *connection, const struct mqtt_publish *publish, struct text *topic)
{
    uint16_t alias = publish->properties.topic_alias;
    struct topic_alias *known;

    *topic = publish->topic;
    if (connection->version != MQTT_5 || !MQTT_HAS(&publish->properties, MQTT_TOPIC_ALIAS))
        return true;
    if (alias == 0 ||
        alias > connection->broker->options.topic_alias_maximum) { /* [MQTT-3.3.2-8], [MQTT-3.3.2-9] */
        connection_end(connection, REASON_BAD_TOPIC_ALIAS, "topic alias out of range");
        return false;
    }
    if (topic->len) {
        set_alias(connection, alias, *topic);
        return true;
    }
    known = find_alias(connection, alias);
    if (!known) {
        connection_end(connection, REASON_PROTOCOL_ERROR, "topic alias never set");
        return false;
    }
    *topic = (struct text){known->topic, known->len};
    return true;
}

/* ---- QoS 2 ---- */

bool qos2_has(const struct connection *connection, uint16_t packet_id)
{
    for (uint32_t i = 0; i < connection->qos2_count; i++) {
        if (connection->qos2[i] == packet_id)
            return true;
    }
    return false;
}

void qos2_add(struct connection *connection, uint16_t packet_id)
{
    if (qos2_has(connection, packet_id))
        return;
    if (connection->qos2_count == connection->qos2_room) {
        connection->qos2_room = connection->qos2_room ? connection->qos2_room * 2 : 4;
        connection->qos2 = must_realloc(connection->qos2, connection->qos2_room * sizeof *connection->qos2);
    }
    connection->qos2[connection->qos2_count++] = packet_id;
}

bool qos2_remove(struct connection *connection, uint16_t packet_id)
{
    for (uint32_t i = 0; i < connection->qos2_count; i++) {
        if (connection->qos2[i] == packet_id) {
            connection->qos2[i] = connection->qos2[--connection->qos2_count];
            return true;
        }
    }
    return false;
}

struct release {
    struct broker *broker;
    uint64_t generation;
    uint16_t packet_id;
    size_t len;
    char session[];
};

/* The store has forgotten the packet id: only now may it be used anew. */
static void released(void *arg, enum store_status status)
{
    struct release *release = arg;
    struct session *session;

    HASH_FIND(hh, release->broker->sessions, release->session, release->len, session);
    if (session && session->generation == release->generation && session->connection) {
        if (status == STORE_OK)
            connection_send_ack(session->connection, MQTT_PUBCOMP, release->packet_id, REASON_OK, NULL, 0);
        else
            connection_end(session->connection,
                status == STORE_FENCED ? REASON_TAKEN_OVER : REASON_UNSPECIFIED,
                status == STORE_FENCED ? "session taken over" : "store failed");
    }
    free(release);
}

void connection_on_pubrel(struct connection *connection, const struct mqtt_ack *ack)
{
    struct session *session = connection->session;

    if (!qos2_remove(connection, ack->packet_id)) {
        connection_send_ack(connection, MQTT_PUBCOMP, ack->packet_id, REASON_PACKET_ID_NOT_FOUND, NULL, 0);
        return;
    }
    size_t len = strlen(session->name);
    struct release *release = must_alloc(sizeof *release + len);
    *release = (struct release){connection->broker, session->generation, ack->packet_id, len};
    memcpy(release->session, session->name, len);
    store_qos2_release(connection->broker->store, session_name(session), session->generation, ack->packet_id,
        released, release);
}

/* True when the packet id is one that was received and not yet released: a repeat, to be answered alike. */
static bool is_repeat(struct connection *connection, const struct mqtt_publish *publish)
{
    struct publication *publication;

    if (publish->qos != 2)
        return false;
    if (qos2_has(connection, publish->packet_id)) {
        connection_send_ack(connection, MQTT_PUBREC, publish->packet_id, REASON_OK, NULL, 0);
        return true;
    }
    TAILQ_FOREACH(publication, &connection->publications, in_connection)
    {
        if (publication->qos == 2 && publication->packet_id == publish->packet_id)
            return true; /* its PUBREC is on the way */
    }
    return false;
}

/* ---- the start ---- */

static void keep_request(struct publication *publication, const struct mqtt_publish *publish)
{
    struct text topic = publish->properties.response_topic;
    struct bytes data = publish->properties.correlation_data;

    if (topic.len)
        publication->response_topic =
            (struct text){arena_copy(&publication->arena, topic.data, topic.len), topic.len};
    if (data.len)
        publication->correlation =
            (struct bytes){(uint8_t *)arena_copy(&publication->arena, data.data, data.len), data.len};
}

void connection_on_publish(struct connection *connection, const struct mqtt_publish *publish)
{
    struct broker *broker = connection->broker;
    struct publication *publication;
    struct text topic;

    broker->counters.publishes_received++;
    if (publish->properties.subscription_id_count && connection->version == MQTT_5) { /* [MQTT-3.3.4-6] */
        connection_end(connection, REASON_PROTOCOL_ERROR, "subscription identifier from a client");
        return;
    }
    if (!resolve_topic(connection, publish, &topic) || is_repeat(connection, publish))
        return;
    if (publish->qos && connection->version == MQTT_5 &&
        connection->unanswered_quality + connection->qos2_count >=
            broker->options.receive_maximum) { /* [MQTT-3.3.4-9] */
        connection_end(connection, REASON_RECEIVE_MAXIMUM_EXCEEDED, "receive maximum exceeded");
        return;
    }
    struct session *session = connection->session;
    publication = publication_new(
        broker, connection, session->principal, session_name(session).client, connection->version, publish);
    if (connection->version == MQTT_5)
        keep_request(publication, publish);
    publication_begin(publication, publish, topic);
}
