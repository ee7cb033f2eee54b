/* The life of publications: made at PUBLISH, freed after the acknowledgement, orphaned when the connection
 * goes first. */
#include "broker/step/publication.h"

#include "broker/kind/kind.h"

#include "broker/session/connection_state.h"

enum { SPARES = 1024 };

struct publication *publication_new(struct broker *broker, struct connection *connection,
    struct known_principal *principal, struct text client, uint8_t version,
    const struct mqtt_publish *publish)
{
    struct publication *publication = broker->spare;

    if (publication) {
        broker->spare = TAILQ_NEXT(publication, in_connection);
        broker->spare_count--;
    } else {
        publication = must_alloc(sizeof *publication);
    }
    memset(publication, 0, offsetof(struct publication, room));
    arena_init(&publication->arena, publication->room, sizeof publication->room);
    publication->broker = broker;
    publication->connection = connection;
    publication->principal = principal;
    principal->holders++;
    memcpy(publication->client, client.data, client.len);
    publication->version = version;
    publication->qos = publish->qos;
    publication->packet_id = publish->packet_id;
    publication->payload = publish->payload;
    publication->content_type = publish->properties.content_type;
    if (!connection)
        return publication;
    publication->generation = connection->session->generation;
    if (connection->officer)
        memcpy(publication->officer, connection->officer, sizeof publication->officer);
    connection->unanswered++;
    connection->unanswered_quality += publish->qos > 0;
    TAILQ_INSERT_TAIL(&connection->publications, publication, in_connection);
    return publication;
}

void publication_received(struct publication *publication, struct text topic)
{
    struct broker *broker = publication->broker;

    publication->topic = topic_of(topic);
    publication->received_at = turn_now(broker);
    broker->counters.kinds[counted_as(publication->topic)].received++;
}

void publication_begin(struct publication *publication, const struct mqtt_publish *publish, struct text topic)
{
    publication->retain = publish->retain;
    publication_received(publication, topic);
    pipeline_run(publication);
}

void publication_orphan(struct publication *publication)
{
    publication->connection = NULL;
    if (publication->done)
        publication_free(publication);
}

void publication_free(struct publication *publication)
{
    struct broker *broker = publication->broker;

    if (publication->kind && publication->kind->release)
        publication->kind->release(publication);
    if (publication->devices) {
        for (size_t i = 0; i < publication->motion.count; i++) {
            principal_drop(broker, publication->devices[i]);
            principal_drop(broker, publication->firsts[i]);
        }
    }
    principal_drop(broker, publication->principal);
    arena_free(&publication->arena);
    if (broker->spare_count == SPARES) {
        free(publication);
        return;
    }
    publication->in_connection.tqe_next = broker->spare;
    broker->spare = publication;
    broker->spare_count++;
}
