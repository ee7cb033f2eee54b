/* The life of publications: made at PUBLISH, freed after the acknowledgement, orphaned when the connection
 * goes first. */
#include "broker/step/publication.h"

#include "broker/kind/kind.h"

#include "broker/session/connection_state.h"

enum { SPARES = 1024 };

struct publication *publication_new(
    struct broker *broker, struct connection *connection, const struct mqtt_publish *publish)
{
    struct publication *publication = broker->spare;
    struct session_name name = session_name(connection->session);

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
    publication->principal = connection->session->principal;
    publication->principal->holders++;
    memcpy(publication->client, name.client.data, name.client.len);
    publication->version = connection->version;
    publication->qos = publish->qos;
    publication->packet_id = publish->packet_id;
    publication->payload = publish->payload;
    publication->content_type = publish->properties.content_type;
    connection->unanswered++;
    TAILQ_INSERT_TAIL(&connection->publications, publication, in_connection);
    return publication;
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
        for (size_t i = 0; i < publication->motion.count; i++)
            principal_drop(broker, publication->devices[i]);
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
