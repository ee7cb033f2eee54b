/* Wills that wait are few; they are kept in one list. A will goes the way of every publication, without a
 * connection. */
#include "broker/session/will.h"

#include "broker/kind/kind.h"
#include "broker/session/connection_state.h"

enum { WAITING_MOST = 4096, WAITING_MOST_OF_ONE = 64 };

struct will {
    TAILQ_ENTRY(will) in_waiting;
    struct known_principal *principal; /* held while it waits */
    char *session_name;
    char client[65];
    uint8_t version;
    int64_t due;
    uint32_t delay_s;
    struct mqtt_publish publish; /* its views point into data */
    char data[];
};

struct will *will_new(const struct mqtt_connect *connect)
{
    struct text topic = connect->will_topic, type = connect->will_properties.content_type;
    struct bytes payload = connect->will_payload;
    struct will *will;

    if (!connect->has_will)
        return NULL;
    will = must_calloc(sizeof *will + topic.len + payload.len + type.len);
    will->version = connect->version;
    will->delay_s = connect->version == MQTT_5 ? connect->will_properties.will_delay : 0;
    will->publish.retain = connect->will_retain;
    will->publish.topic = (struct text){will->data, topic.len};
    will->publish.payload = (struct bytes){(uint8_t *)will->data + topic.len, payload.len};
    will->publish.properties.content_type = (struct text){will->data + topic.len + payload.len, type.len};
    memcpy(will->data, topic.data, topic.len);
    if (payload.len)
        memcpy(will->data + topic.len, payload.data, payload.len);
    if (type.len)
        memcpy(will->data + topic.len + payload.len, type.data, type.len);
    return will;
}

void will_free(struct will *will)
{
    if (will)
        free(will->session_name);
    free(will);
}

static void publish(struct broker *broker, struct will *will)
{
    if (will->principal->load == PRINCIPAL_UNKNOWN) { /* revoked meanwhile */
        broker->counters.wills_dropped++;
        return;
    }
    struct publication *publication =
        publication_new(broker, NULL, will->principal, text_of(will->client), will->version, &will->publish);

    publication_begin(publication, &will->publish, will->publish.topic);
}

static void forget(struct broker *broker, struct will *will)
{
    TAILQ_REMOVE(&broker->wills, will, in_waiting);
    broker->will_count--;
    will->principal->wills--;
    principal_drop(broker, will->principal);
    will_free(will);
}

void will_due(struct broker *broker, struct will *will, const struct session *session)
{
    struct session_name name = session_name(session);
    struct known_principal *principal = session->principal;
    uint32_t delay = will->delay_s < session->expiry_s ? will->delay_s : session->expiry_s;
    enum publish_topic topic = topic_of(will->publish.topic);
    bool room = broker->will_count < WAITING_MOST && principal->wills < WAITING_MOST_OF_ONE;

    if (!kind_of(topic) || !kind_allows(topic, principal->role) || (delay && !room)) {
        broker->counters.wills_dropped++;
        will_free(will);
        return;
    }
    will->principal = principal;
    principal->holders++; /* the session holds it too */
    principal->wills++;
    memcpy(will->client, name.client.data, name.client.len);
    will->session_name = must_alloc(strlen(session->name) + 1);
    memcpy(will->session_name, session->name, strlen(session->name) + 1);
    will->due = broker_now(broker) + delay * INT64_C(1000);
    TAILQ_INSERT_TAIL(&broker->wills, will, in_waiting);
    broker->will_count++;
    if (delay == 0) {
        publish(broker, will);
        forget(broker, will);
    }
}

void will_settle(struct broker *broker, const char *session_name, bool ended)
{
    struct will *will, *next;

    for (will = TAILQ_FIRST(&broker->wills); will; will = next) {
        next = TAILQ_NEXT(will, in_waiting);
        if (strcmp(will->session_name, session_name) != 0)
            continue;
        if (ended)
            publish(broker, will);
        forget(broker, will);
    }
}

void wills_tick(struct broker *broker, int64_t now)
{
    struct will *will, *next;

    for (will = TAILQ_FIRST(&broker->wills); will; will = next) {
        next = TAILQ_NEXT(will, in_waiting);
        if (will->due > now)
            continue;
        publish(broker, will);
        forget(broker, will);
    }
}

void wills_clear(struct broker *broker)
{
    struct will *will;

    while ((will = TAILQ_FIRST(&broker->wills)))
        forget(broker, will);
}
