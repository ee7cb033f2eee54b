/* Two buckets an identity, and the connections that wait for them to fill. */
#include "broker/session/ration.h"

#include <math.h>

#include "broker/principal.h"
#include "broker/session/connection_state.h"

/* In packets that cost as much: an answer that the store keeps; to follow a place, or no more. One SUBSCRIBE
 * costs at most this part of a second's worth, so that none of them silences its identity for long. */
enum { STORED_ANSWER = 50, FILTER = 10, SUBSCRIBE_PART = 4 };

/* Read on with this part of a second's worth, not packet by packet. Whoever did not use that up within this
 * time floods no more. */
enum { RESUME_PART = 10, FLOOD_OVER_MS = 1000 };

static double filled(double level, int64_t elapsed_ms, uint32_t rate)
{
    level += (double)elapsed_ms * rate / 1000;
    return level < rate ? level : rate;
}

static void fill(struct ration *ration, const struct broker_options *options, int64_t now)
{
    int64_t elapsed = ration->at && now > ration->at ? now - ration->at : 0;

    if (!ration->at) {
        ration->packets = options->packets_second;
        ration->bytes = options->bytes_second;
    }
    ration->packets = filled(ration->packets, elapsed, options->packets_second);
    ration->bytes = filled(ration->bytes, elapsed, options->bytes_second);
    ration->at = now;
}

/* At least one part of `parts` of a second's worth is there, of what is limited at all. */
static bool holds(const struct ration *ration, const struct broker_options *options, double parts)
{
    return (!options->packets_second || ration->packets >= options->packets_second / parts) &&
           (!options->bytes_second || ration->bytes >= options->bytes_second / parts);
}

/* The client cannot send more of these than it has acknowledgements for. */
static bool paced(const struct mqtt_packet *packet)
{
    return packet->type == MQTT_PUBLISH && packet->publish.qos > 0;
}

/* There is one for each packet of ours. */
static bool answers(const struct mqtt_packet *packet)
{
    return packet->type == MQTT_PUBACK || packet->type == MQTT_PUBREL;
}

static void cut(struct connection *connection)
{
    connection->broker->counters.connections_closed_flood++;
    log_line(LOG_LEVEL_WARNING, "flood", "peer=%s principal=%.*s why=\"cut: it kept sending above its rate\"",
        connection->peer.address, (int)connection->session->principal_len, connection->session->name);
    connection_end(connection, REASON_MESSAGE_RATE_TOO_HIGH,
        "message rate too high: packets_second or bytes_second of this broker");
}

/* The connection is read no more until there is enough again. */
static void slow_down(struct connection *connection, bool flooding)
{
    struct broker *broker = connection->broker;

    if (flooding && !connection->flooding_since)
        connection->flooding_since = broker_now(broker);
    if (connection->rationed)
        return;
    connection->rationed = true;
    TAILQ_INSERT_TAIL(&broker->rationed, connection, in_rationed);
    broker->counters.connections_slowed++;
}

/* NULL: nothing is counted. */
static struct ration *ration_of(const struct connection *connection)
{
    const struct broker_options *options = &connection->broker->options;
    bool limited = options->packets_second || options->bytes_second;

    return limited && connection->session ? &connection->session->principal->ration : NULL;
}

static double cost_of(const struct mqtt_packet *packet, const struct broker_options *options)
{
    double most = (double)options->packets_second / SUBSCRIBE_PART, cost;

    if (packet->type != MQTT_SUBSCRIBE && packet->type != MQTT_UNSUBSCRIBE)
        return 1;
    cost = 1 + (double)packet->filters.count * FILTER;
    return cost < most ? cost : most;
}

void ration_count(struct connection *connection, const struct mqtt_packet *packet, size_t len)
{
    const struct broker_options *options = &connection->broker->options;
    struct ration *ration = ration_of(connection);

    if (!ration || answers(packet))
        return;
    int64_t now = broker_now(connection->broker);
    if (ration->at != now)
        fill(ration, options, now);
    if (connection->flooding_since && now - connection->read_on_at >= FLOOD_OVER_MS)
        connection->flooding_since = 0;
    ration->packets -= cost_of(packet, options);
    ration->bytes -= (double)len;
    if (!holds(ration, options, INFINITY))
        slow_down(connection, !paced(packet));
}

void ration_charge(struct connection *connection, bool flooding)
{
    struct ration *ration = ration_of(connection);

    if (!ration || connection->stage == STAGE_CLOSED)
        return;
    ration->packets -= STORED_ANSWER;
    if (!holds(ration, &connection->broker->options, INFINITY))
        slow_down(connection, flooding);
}

/* When at least a second's worth is there again. */
static uint32_t seconds_until_full(double level, uint32_t rate)
{
    return rate ? 1 + (uint32_t)((rate - level) / rate) : 1;
}

const char *ration_post(struct broker *broker, struct text name, size_t len, uint32_t *seconds)
{
    const struct broker_options *options = &broker->options;
    struct known_principal *principal = principal_hold(broker, name);
    struct ration *ration = &principal->ration;
    const char *limit = NULL;

    fill(ration, options, broker_now(broker));
    if (options->packets_second && ration->packets < 0) {
        limit = "packets_second";
        *seconds = seconds_until_full(ration->packets, options->packets_second);
    } else if (options->bytes_second && ration->bytes < 0) {
        limit = "bytes_second";
        *seconds = seconds_until_full(ration->bytes, options->bytes_second);
    } else {
        ration->packets -= 1;
        ration->bytes -= (double)len;
    }
    principal_drop(broker, principal);
    return limit;
}

static void read_on(struct connection *connection, int64_t now)
{
    ration_forget(connection);
    if (connection->flooding_since &&
        now - connection->flooding_since >= connection->broker->options.flood_ms) {
        cut(connection);
        return;
    }
    connection->read_on_at = now;
    connection_resume(connection);
}

void rations_turn(struct broker *broker)
{
    struct connection *connection, *next;
    int64_t now = broker_now(broker);

    for (connection = TAILQ_FIRST(&broker->rationed); connection; connection = next) {
        next = TAILQ_NEXT(connection, in_rationed);
        struct ration *ration = &connection->session->principal->ration;
        fill(ration, &broker->options, now);
        if (holds(ration, &broker->options, RESUME_PART))
            read_on(connection, now);
    }
}

void ration_forget(struct connection *connection)
{
    if (!connection->rationed)
        return;
    connection->rationed = false;
    TAILQ_REMOVE(&connection->broker->rationed, connection, in_rationed);
}
