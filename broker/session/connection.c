/* Bytes in, packets found, bytes out, ends. Whole packets are taken straight from what the transport read;
 * only an unfinished one is kept. While CONNECT or SUBSCRIBE waits for the store, or too many publications
 * do, the gate is shut: what arrives is kept, and the transport stops reading. */
#include "broker/session/connection_state.h"

#include <stdio.h>

#include "broker/session/deliver.h"
#include "broker/session/expiry.h"
#include "broker/session/ration.h"
#include "broker/session/will.h"
#include "broker/step/publication.h"

enum { CONNECT_MOST = 128 * 1024 };

/* Where it is counted while it is open. */
static uint64_t *open_count(const struct connection *connection)
{
    int door = connection->peer.websocket * DOOR_WEBSOCKET + connection->peer.encrypted;

    return &connection->broker->counters.open[door][connection->version < VERSIONS ? connection->version : 0];
}

void connection_speaks(struct connection *connection, uint8_t version)
{
    --*open_count(connection);
    connection->version = version;
    ++*open_count(connection);
}

struct connection *connection_new(struct broker *broker, struct transport *transport, const struct peer *peer)
{
    struct connection *connection = must_calloc(sizeof *connection);

    connection->broker = broker;
    connection->transport = transport;
    connection->peer = *peer;
    if (peer->certificate.len) {
        char *name = must_alloc(peer->certificate.len);
        connection->peer.certificate.data = memcpy(name, peer->certificate.data, peer->certificate.len);
    }
    if (peer->trail) {
        struct certificate_trail *trail = must_alloc(sizeof *trail);
        *trail = *peer->trail;
        connection->peer.trail = trail;
    }
    connection->accepted_at = connection->received_at = broker_now(broker);
    connection->maximum_packet = UINT32_MAX;
    connection->receive_maximum = 65535;
    connection->problem_info = true;
    TAILQ_INIT(&connection->publications);
    LIST_INSERT_HEAD(&broker->connections, connection, in_list);
    broker->connection_count++;
    broker->counters.connections++;
    ++*open_count(connection);
    return connection;
}

/* ---- in ---- */

/* A peer that asks without taking its answers is not read any further. Deliveries stop at max_outbound; the
 * room beyond it is for answers. */
static bool answers_wait(const struct connection *connection)
{
    return connection->output.pending > (size_t)2 * connection->broker->options.max_outbound;
}

static bool gate_open(const struct connection *connection)
{
    return connection->stage != STAGE_CLOSED && !connection->opening && !connection->subscribing &&
           !connection->rationed && connection->unanswered <= connection->broker->options.receive_maximum &&
           !answers_wait(connection);
}

bool connection_waits_for_us(const struct connection *connection)
{
    return connection->paused && !answers_wait(connection);
}

static void on_puback(struct connection *connection, const struct mqtt_ack *ack)
{
    session_acknowledge(connection->session, ack->packet_id);
}

static void on_disconnect(struct connection *connection, const struct mqtt_ack *ack)
{
    if (MQTT_HAS(&ack->properties, MQTT_SESSION_EXPIRY)) {
        /* [MQTT-3.1.2-24]: an expiry of 0 at CONNECT cannot be raised later. */
        if (connection->session->expiry_s == 0 && ack->properties.session_expiry != 0) {
            connection_end(connection, REASON_PROTOCOL_ERROR, "session expiry raised at disconnect");
            return;
        }
        uint32_t most = connection->broker->options.session_expiry_max_s;
        connection->session->expiry_s =
            ack->properties.session_expiry < most ? ack->properties.session_expiry : most;
    }
    /* Only a normal disconnection takes the will back [MQTT-3.1.2-10]. */
    connection_shut(connection, "client disconnected", ack->reason != REASON_OK);
}

static void on_packet(struct connection *connection, const struct mqtt_packet *packet)
{
    if (connection->stage == STAGE_AWAIT_CONNECT) {
        if (packet->type == MQTT_CONNECT)
            connection_on_connect(connection, &packet->connect);
        else /* [MQTT-3.1.0-1] */
            connection_end(connection, REASON_PROTOCOL_ERROR, "first packet is no CONNECT");
        return;
    }
    switch (packet->type) {
    case MQTT_PUBLISH:
        connection_on_publish(connection, &packet->publish);
        break;
    case MQTT_PUBACK:
        on_puback(connection, &packet->ack);
        break;
    case MQTT_PUBREL:
        connection_on_pubrel(connection, &packet->ack);
        break;
    case MQTT_SUBSCRIBE:
        connection_on_subscribe(connection, &packet->filters);
        break;
    case MQTT_UNSUBSCRIBE:
        connection_on_unsubscribe(connection, &packet->filters);
        break;
    case MQTT_PINGREQ: {
        struct mqtt_writer writer = {output_reserve(&connection->output, 2), 2, 0};
        mqtt_encode_ping(&writer, MQTT_PINGRESP);
        output_commit(&connection->output, writer.len);
        connection_wants_write(connection);
        break;
    }
    case MQTT_DISCONNECT:
        on_disconnect(connection, &packet->ack);
        break;
    default: /* PUBREC and PUBCOMP answer QoS 2, which is never sent; the rest a server does not receive */
        connection_end(connection, REASON_PROTOCOL_ERROR, "a packet that a client does not send");
    }
}

static void end(struct connection *connection, uint8_t reason, const char *why, const char *told);

static void on_malformed(
    struct connection *connection, const struct mqtt_packet *packet, const struct refusal *refusal)
{
    char told[160];

    log_line(LOG_LEVEL_INFO, "packet_refused", "peer=%s field=\"%s\" rule=\"%s\"", connection->peer.address,
        refusal->field, refusal->rule);
    if (connection->stage == STAGE_AWAIT_CONNECT)
        connection_refuse_connect(connection, packet->connect.version, refusal);
    else {
        snprintf(told, sizeof told, "%s: %s", refusal->field, refusal->rule);
        end(connection, refusal->code, "packet refused", told);
    }
}

/* Who has not said yet who it is gets no more room than a CONNECT with a will of any size needs. */
static uint32_t largest_packet(const struct connection *connection)
{
    uint32_t most = connection->broker->options.maximum_packet;

    return connection->stage == STAGE_AWAIT_CONNECT && most > CONNECT_MOST ? CONNECT_MOST : most;
}

/* Takes whole packets from the data; returns how many bytes were taken. */
static size_t take_packets(struct connection *connection, const uint8_t *data, size_t len)
{
    size_t taken = 0;

    while (taken < len && gate_open(connection)) {
        struct mqtt_packet packet;
        struct refusal refusal;
        size_t used;

        packet.connect.version = 0;
        enum mqtt_decode_result result = mqtt_decode(connection->version, largest_packet(connection),
            data + taken, len - taken, &packet, &used, &refusal);
        if (result == MQTT_NEED_MORE)
            break;
        if (result == MQTT_BAD) {
            on_malformed(connection, &packet, &refusal);
            break;
        }
        taken += used;
        ration_count(connection, &packet, used);
        on_packet(connection, &packet);
    }
    return taken;
}

static void keep(struct connection *connection, const uint8_t *data, size_t len)
{
    if (connection->kept_len + len > connection->kept_room) {
        connection->kept_room = (connection->kept_len + len) * 3 / 2;
        connection->kept = must_realloc(connection->kept, connection->kept_room);
    }
    memcpy(connection->kept + connection->kept_len, data, len);
    connection->kept_len += len;
}

static void drop_kept(struct connection *connection, size_t taken)
{
    connection->kept_len -= taken;
    if (connection->kept_len == 0) {
        free(connection->kept);
        connection->kept = NULL;
        connection->kept_room = 0;
    } else if (taken) {
        memmove(connection->kept, connection->kept + taken, connection->kept_len);
    }
}

static void adjust_pause(struct connection *connection)
{
    bool pause = !gate_open(connection);

    if (connection->stage == STAGE_CLOSED || pause == connection->paused)
        return;
    connection->paused = pause;
    connection->transport->ops->pause(connection->transport, pause);
}

void connection_receive(struct connection *connection, const uint8_t *data, size_t len)
{
    connection->broker->counters.bytes_received += len;
    connection->received_at = broker_now(connection->broker);
    if (connection->stage == STAGE_CLOSED)
        return;
    connection->parsing = true;
    if (connection->kept_len) {
        keep(connection, data, len);
        drop_kept(connection, take_packets(connection, connection->kept, connection->kept_len));
    } else {
        size_t taken = take_packets(connection, data, len);
        if (taken < len && connection->stage != STAGE_CLOSED)
            keep(connection, data + taken, len - taken);
    }
    connection->parsing = false;
    adjust_pause(connection);
}

void connection_resume(struct connection *connection)
{
    if (connection->stage == STAGE_CLOSED || connection->parsing ||
        (!connection->paused && !connection->kept_len))
        return;
    connection->parsing = true;
    if (connection->kept_len)
        drop_kept(connection, take_packets(connection, connection->kept, connection->kept_len));
    connection->parsing = false;
    adjust_pause(connection);
}

/* ---- out ---- */

uint8_t connection_version(const struct connection *connection)
{
    return connection->version;
}

uint32_t connection_maximum_packet(const struct connection *connection)
{
    return connection->maximum_packet;
}

struct output *connection_out(struct connection *connection)
{
    return &connection->output;
}

void connection_wants_write(struct connection *connection)
{
    connection->transport->ops->wants_write(connection->transport);
}

int connection_output(struct connection *connection, struct iovec *pieces, int capacity)
{
    return output_pieces(&connection->output, pieces, capacity);
}

void connection_sent(struct connection *connection, size_t len)
{
    connection->broker->counters.bytes_sent += len;
    output_sent(&connection->output, len);
    if (connection->session && connection->session->blocked &&
        connection->output.pending <= connection->broker->options.max_outbound / 2)
        deliver_wake(connection->session);
    if (connection->paused && connection->output.pending <= connection->broker->options.max_outbound)
        connection_resume(connection);
}

size_t connection_pending(const struct connection *connection)
{
    return connection->output.pending;
}

void connection_send_ack(struct connection *connection, enum mqtt_type type, uint16_t packet_id,
    uint8_t reason, const struct mqtt_property_out *properties, size_t count)
{
    size_t size = 64;

    for (size_t i = 0; i < count; i++)
        size += properties[i].name.len + properties[i].text.len + 8;
    struct mqtt_writer writer = {output_reserve(&connection->output, size), size, 0};
    mqtt_encode_ack(&writer, connection->version, type, packet_id, reason, properties, count);
    output_commit(&connection->output, writer.len);
    connection_wants_write(connection);
}

/* ---- ends ---- */

void connection_shut(struct connection *connection, const char *why, bool with_will)
{
    if (connection->stage == STAGE_CLOSED)
        return;
    connection->stage = STAGE_CLOSED;
    ration_forget(connection);
    if (connection->session) {
        if (connection->will && with_will)
            will_due(connection->broker, connection->will, connection->session);
        else
            will_free(connection->will);
        connection->will = NULL;
        connection->session->connection = NULL;
        session_close(connection->session);
        connection->session = NULL;
    }
    connection->transport->ops->close(connection->transport, why);
}

/* DISCONNECT with a reason string, where the client takes packets of that size [MQTT-3.14.2-3]. */
static void say_disconnect(struct connection *connection, uint8_t reason, const char *told)
{
    struct mqtt_property_out why = {.id = MQTT_REASON_STRING, .text = text_of(told)};
    size_t count = strlen(told) + 16 <= connection->maximum_packet;

    connection_send_ack(connection, MQTT_DISCONNECT, 0, reason, &why, count);
}

static void end(struct connection *connection, uint8_t reason, const char *why, const char *told)
{
    if (connection->stage == STAGE_CLOSED)
        return;
    if (reason == REASON_TAKEN_OVER)
        connection->broker->counters.connections_taken_over++;
    else if (reason == REASON_KEEP_ALIVE_TIMEOUT)
        connection->broker->counters.connections_closed_timeout++;
    else if (reason == REASON_UNSPECIFIED)
        connection->broker->counters.connections_closed_store++;
    else if (reason != REASON_SHUTTING_DOWN && reason != REASON_NOT_ALLOWED &&
             reason != REASON_MESSAGE_RATE_TOO_HIGH) /* counted by itself */
        connection->broker->counters.connections_closed_protocol++;
    if (connection->version == MQTT_5 && connection->stage == STAGE_UP)
        say_disconnect(connection, reason, told);
    connection_shut(connection, why, true);
}

void connection_end(struct connection *connection, uint8_t reason, const char *why)
{
    end(connection, reason, why, why);
}

void connection_bar(struct connection *connection, const char *why)
{
    if (connection->stage == STAGE_CLOSED)
        return;
    struct text name =
        connection->session ? text_of(connection->session->principal->name) : connection->peer.certificate;
    if (name.len)
        log_line(LOG_LEVEL_INFO, "connection_barred", "principal=%.*s peer=%s why=\"%s\"", (int)name.len,
            name.data, connection->peer.address, why);
    connection->broker->counters.connections_barred++;
    connection->broker->counters.wills_dropped += connection->will != NULL;
    will_free(connection->will);
    connection->will = NULL;
    end(connection, REASON_NOT_ALLOWED, why, why);
}

void connection_lost(struct connection *connection, const char *reason)
{
    connection_shut(connection, reason, true);
}

void connection_free(struct connection *connection)
{
    struct broker *broker = connection->broker;
    struct publication *publication;

    connection_shut(connection, "transport gone", true);
    while ((publication = TAILQ_FIRST(&connection->publications))) {
        TAILQ_REMOVE(&connection->publications, publication, in_connection);
        publication_orphan(publication);
    }
    expiry_drop(broker, connection);
    if (connection->opening)
        opening_abandon(connection->opening);
    if (connection->subscribing)
        subscribing_abandon(connection->subscribing);
    if (broker->tick_next == connection)
        broker->tick_next = LIST_NEXT(connection, in_list);
    LIST_REMOVE(connection, in_list);
    broker->connection_count--;
    broker->counters.connections--;
    --*open_count(connection);
    output_clear(&connection->output);
    for (int i = 0; i < connection->alias_count; i++)
        free(connection->aliases[i].topic);
    free(connection->aliases);
    will_free(connection->will);
    free(connection->qos2);
    free(connection->officer);
    free((char *)connection->peer.certificate.data);
    free((struct certificate_trail *)connection->peer.trail);
    free(connection->kept);
    free(connection);
}
