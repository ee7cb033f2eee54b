/* What the library tells in its callbacks is noted there, and handed over at the end of the turn. */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/allocate.h"
#include "bridge/client/link_inside.h"

enum { MOST_REFUSED = 16 * 1024 }; /* bytes of refusals kept of an acknowledgement */

/* What a callback left for the end of the turn. */
struct arrival {
    struct arrival *next;
    bool acknowledgement, subscribed, retain, again;
    int message; /* its number */
    unsigned reason, retry_after_s;
    char *text, *refused; /* acknowledgement */
    char *topic;          /* message */
    size_t size;
    uint8_t payload[];
};

/* ---- callbacks: note and return ------------------------------------------------------------------------ */

static void keep(struct link *link, struct arrival *arrival)
{
    *link->last = arrival;
    link->last = &arrival->next;
}

static void on_connect(
    struct mosquitto *client, void *arg, int reason, int flags, const mosquitto_property *properties)
{
    struct link *link = arg;
    (void)client, (void)properties;
    link->up = reason == 0;
    link->resumed = flags & 1; /* session present */
    if (reason)
        link_give_up(link, "connection refused",
            link->settings.mqtt5 ? mosquitto_reason_string(reason) : mosquitto_connack_string(reason));
}

static void on_disconnect(
    struct mosquitto *client, void *arg, int reason, const mosquitto_property *properties)
{
    struct link *link = arg;
    (void)client, (void)properties;
    if (reason && !link->lost)
        link_give_up(link, "connection lost",
            link->settings.mqtt5 && reason >= 0x80 ? mosquitto_reason_string(reason)
                                                   : mosquitto_strerror(reason));
    link->lost = true;
}

/* The library tells what is marked as a repeat in its log alone, before it hands the message over. */
static void on_log(struct mosquitto *client, void *arg, int level, const char *text)
{
    static const char received[] = "received PUBLISH (d";
    struct link *link = arg;
    const char *found = strstr(text, received);
    (void)client, (void)level;
    if (found)
        link->marked = found[sizeof(received) - 1] == '1';
}

static void on_message(struct mosquitto *client, void *arg, const struct mosquitto_message *message)
{
    struct link *link = arg;
    (void)client;
    size_t size = message->payloadlen > 0 ? (size_t)message->payloadlen : 0;
    if (size > (link->settings.most_payload ? link->settings.most_payload : LINK_MOST_PAYLOAD)) {
        link->large++;
        return;
    }
    struct arrival *arrival = client_alloc(sizeof(*arrival) + size);
    arrival->retain = message->retain;
    arrival->again = link->marked;
    arrival->message = message->qos ? message->mid : 0;
    arrival->topic = strdup(message->topic);
    arrival->size = size;
    if (size)
        memcpy(arrival->payload, message->payload, size);
    link->bytes += size;
    keep(link, arrival);
}

static void on_subscribe(struct mosquitto *client, void *arg, int message, int count, const int *granted)
{
    struct link *link = arg;
    (void)message;
    for (int i = 0; i < count; i++)
        if (granted[i] >= 0x80)
            link_log(link, "a subscription was refused");
    if (link->subscribing > 0 && --link->subscribing == 0) {
        struct arrival *arrival = client_alloc(sizeof(*arrival));
        arrival->subscribed = true;
        mosquitto_log_callback_set(client, NULL);
        link->marked = false;
        keep(link, arrival);
        link_log(link, "subscribed");
    }
}

/* The user properties `refused` as lines, and retry-after. */
static void read_user_properties(struct arrival *arrival, const mosquitto_property *properties)
{
    char *name, *value, *lines = client_alloc(MOST_REFUSED);
    size_t used = 0;
    bool skip = false;
    while ((properties = mosquitto_property_read_string_pair(
                properties, MQTT_PROP_USER_PROPERTY, &name, &value, skip))) {
        if (strcmp(name, "refused") == 0 && used + strlen(value) + 2 < MOST_REFUSED)
            used += (size_t)snprintf(lines + used, MOST_REFUSED - used, "%s\n", value);
        else if (strcmp(name, "retry-after") == 0)
            arrival->retry_after_s = (unsigned)strtoul(value, NULL, 10);
        free(name);
        free(value);
        skip = true;
    }
    arrival->refused = lines;
}

static void on_publish(
    struct mosquitto *client, void *arg, int message, int reason, const mosquitto_property *properties)
{
    (void)client;
    struct arrival *arrival = client_alloc(sizeof(*arrival));
    arrival->acknowledgement = true;
    arrival->message = message;
    arrival->reason = (unsigned)reason;
    mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &arrival->text, false);
    if (properties)
        read_user_properties(arrival, properties);
    keep(arg, arrival);
}

void link_listen(struct mosquitto *client)
{
    mosquitto_log_callback_set(client, on_log);
    mosquitto_connect_v5_callback_set(client, on_connect);
    mosquitto_disconnect_v5_callback_set(client, on_disconnect);
    mosquitto_message_callback_set(client, on_message);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_publish_v5_callback_set(client, on_publish);
}

/* ---- the end of the turn
 * ------------------------------------------------------------------------------------------ */

static void hand_over(const struct link *link, const struct arrival *arrival, int64_t wall)
{
    if (arrival->subscribed) {
        if (link->hooks.subscribed)
            link->hooks.subscribed(link->hooks.arg);
    } else if (arrival->acknowledgement && link->hooks.acknowledged) {
        const struct link_acknowledgement acknowledgement = {.message = arrival->message,
            .reason = arrival->reason,
            .retry_after_s = arrival->retry_after_s,
            .text = arrival->text ? arrival->text : "",
            .refused = arrival->refused ? arrival->refused : ""};
        link->hooks.acknowledged(link->hooks.arg, &acknowledgement);
    } else if (!arrival->acknowledgement && link->hooks.message) {
        const struct link_message message = {.topic = text_of(arrival->topic),
            .payload = {arrival->payload, arrival->size},
            .retain = arrival->retain,
            .again = arrival->again,
            .at = wall};
        link->hooks.message(link->hooks.arg, &message, (unsigned)arrival->message);
    }
}

void link_hand_over(struct link *link, int64_t wall)
{
    while (link->first) {
        struct arrival *arrival = link->first;
        link->first = arrival->next;
        hand_over(link, arrival, wall);
        free(arrival->text);
        free(arrival->refused);
        free(arrival->topic);
        free(arrival);
    }
    link->last = &link->first;
    link->bytes = 0;
}
