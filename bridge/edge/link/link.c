/* libmosquitto on our own poll loop. What the library does that its documentation does not say, and how this
 * file deals with it: it acknowledges before the message callback, unless it believes that a thread writes
 * (late_acknowledgement); a refused TCP connection raises no error, so SO_ERROR is asked; with TLS a writable
 * socket must be read too; what is delivered again it tells in its log alone; it closes the socket by itself,
 * so the descriptor is asked anew each turn; it resends what an earlier connection left, so each connection
 * has a client of its own. */
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "bridge/edge/allocate.h"
#include "bridge/edge/link/link.h"
#include "bridge/edge/link/lookup.h"

enum {
    KEEP_ALIVE_S = 30,
    CONNECT_MS = 15 * 1000, /* until CONNACK */
    STABLE_MS = 10 * 1000,  /* up so long: the next pause is the first one again */
    FIRST_PAUSE_MS = 250,
    LONGEST_PAUSE_MS = 60 * 1000,
    LOOKUP_MS = 50,                 /* between two looks whether the name was found */
    TELL_AGAIN_MS = 60 * 60 * 1000, /* the same trouble */
    MOST_PACKETS = 512,             /* read in a turn */
    MOST_BYTES = 256 * 1024,        /* of payload read in a turn, and one packet more */
    MOST_REFUSED = 16 * 1024,       /* bytes of refusals kept of an acknowledgement */
};

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

struct link {
    struct link_settings settings;
    struct link_hooks hooks;
    struct mosquitto *client; /* NULL while waiting */
    bool connected, lost;     /* the socket is through; the connection is of no more use */
    bool up, told_up, resumed;
    bool marked;           /* the next message is marked as delivered again */
    size_t subscribing;    /* subscriptions without an answer yet */
    struct lookup *lookup; /* of the host's name, before connecting */
    int64_t began, retry_at, pause;
    int64_t now;      /* of this turn */
    int64_t up_since; /* or when it was last */
    char trouble[160];
    int64_t trouble_told; /* 0: not yet */
    size_t bytes;         /* of what arrived in this turn */
    struct arrival *first, **last;
};

struct link *link_new(const struct link_settings *settings, const struct link_hooks *hooks)
{
    struct link *link = edge_alloc(sizeof(*link));
    link->settings = *settings;
    link->hooks = *hooks;
    link->last = &link->first;
    link->pause = FIRST_PAUSE_MS;
    mosquitto_lib_init();
    return link;
}

static void log_link(const struct link *link, const char *what)
{
    fprintf(stderr, "neighbors-edge: %s: %s\n", link->settings.name, what);
}

/* The connection is of no more use. Says why; the same again only once an hour: outages may be long. */
static void give_up(struct link *link, const char *what, const char *why)
{
    char text[sizeof(link->trouble)];
    snprintf(text, sizeof(text), "%s%s%s", what, why ? ": " : "", why ? why : "");
    link->lost = true;
    if (strcmp(text, link->trouble) == 0 && link->trouble_told + TELL_AGAIN_MS > link->now)
        return;
    memcpy(link->trouble, text, sizeof(text));
    link->trouble_told = link->now;
    log_link(link, text);
}

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
        give_up(link, "connection refused",
            link->settings.mqtt5 ? mosquitto_reason_string(reason) : mosquitto_connack_string(reason));
}

static void on_disconnect(
    struct mosquitto *client, void *arg, int reason, const mosquitto_property *properties)
{
    struct link *link = arg;
    (void)client, (void)properties;
    if (reason && !link->lost)
        give_up(link, "connection lost",
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
    if (size > (link->settings.most_payload ? link->settings.most_payload : EDGE_MOST_PAYLOAD))
        return;
    struct arrival *arrival = edge_alloc(sizeof(*arrival) + size);
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
            log_link(link, "a subscription was refused");
    if (link->subscribing > 0 && --link->subscribing == 0) {
        struct arrival *arrival = edge_alloc(sizeof(*arrival));
        arrival->subscribed = true;
        mosquitto_log_callback_set(client, NULL);
        link->marked = false;
        keep(link, arrival);
        log_link(link, "subscribed");
    }
}

/* The user properties `refused` as lines, and retry-after. */
static void read_user_properties(struct arrival *arrival, const mosquitto_property *properties)
{
    char *name, *value, *lines = edge_alloc(MOST_REFUSED);
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
    struct arrival *arrival = edge_alloc(sizeof(*arrival));
    arrival->acknowledgement = true;
    arrival->message = message;
    arrival->reason = (unsigned)reason;
    mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &arrival->text, false);
    if (properties)
        read_user_properties(arrival, properties);
    keep(arg, arrival);
}

/* ---- arrivals ------------------------------------------------------------------------------------------ */

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
        const struct edge_message message = {.topic = text_of(arrival->topic),
            .payload = {arrival->payload, arrival->size},
            .retain = arrival->retain,
            .again = arrival->again,
            .at = wall};
        link->hooks.message(link->hooks.arg, &message, (unsigned)arrival->message);
    }
}

static void hand_over_all(struct link *link, int64_t wall)
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

/* ---- connecting ---------------------------------------------------------------------------------------- */

/* A folder is asked for the one certificate that is needed; a file is read whole, and all that browsers trust
 * is 4 MB. */
static bool trust(struct mosquitto *client, const struct link_settings *settings)
{
    struct stat about;
    bool folder = stat(settings->ca, &about) == 0 && S_ISDIR(about.st_mode);
    return mosquitto_tls_set(client, folder ? NULL : settings->ca, folder ? settings->ca : NULL,
               settings->cert, settings->key, NULL) == MOSQ_ERR_SUCCESS;
}

static bool set_up_client(struct link *link)
{
    const struct link_settings *settings = &link->settings;
    struct mosquitto *client = link->client;
    int version = settings->mqtt5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311;
    if (mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, version) != MOSQ_ERR_SUCCESS ||
        mosquitto_username_pw_set(client, settings->username, settings->password) != MOSQ_ERR_SUCCESS)
        return false;
    if (settings->ca && !trust(client, settings))
        return false;
    if (settings->will_topic && mosquitto_will_set(client, settings->will_topic, (int)strlen(settings->will),
                                    settings->will, 1, true) != MOSQ_ERR_SUCCESS)
        return false;
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_max_inflight_messages_set(client, 0);
    if (settings->late_acknowledgement)
        mosquitto_threaded_set(client, true);
    mosquitto_log_callback_set(client, on_log);
    mosquitto_connect_v5_callback_set(client, on_connect);
    mosquitto_disconnect_v5_callback_set(client, on_disconnect);
    mosquitto_message_callback_set(client, on_message);
    mosquitto_subscribe_callback_set(client, on_subscribe);
    mosquitto_publish_v5_callback_set(client, on_publish);
    return true;
}

/* With a port that is none the library keeps the properties for connect_async, and does nothing else. */
static void ask_for_session(struct link *link)
{
    mosquitto_property *properties = NULL;
    if (mosquitto_property_add_int32(
            &properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, link->settings.session_s) == MOSQ_ERR_SUCCESS)
        mosquitto_connect_bind_v5(link->client, link->settings.host, -1, KEEP_ALIVE_S, NULL, properties);
    mosquitto_property_free_all(&properties);
}

static void begin(struct link *link)
{
    link->began = link->now;
    link->connected = link->up = link->lost = link->told_up = false;
    link->subscribing = 0;
    link->marked = false;
    link->client = mosquitto_new(link->settings.client_id, !link->settings.durable, link);
    if (link->client == NULL || !set_up_client(link)) {
        give_up(link, "cannot prepare the connection", "are the certificate files readable?");
        return;
    }
    if (link->settings.session_s)
        ask_for_session(link);
    int result =
        mosquitto_connect_async(link->client, link->settings.host, link->settings.port, KEEP_ALIVE_S);
    if (result != MOSQ_ERR_SUCCESS && result != MOSQ_ERR_CONN_PENDING)
        give_up(
            link, "cannot connect", result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result));
}

/* Longer each time, and somewhere between a half and one and a half of it: edges that lost their broker
 * together must not come back together. */
static void plan_retry(struct link *link)
{
    link->retry_at = link->now + link->pause / 2 + arc4random_uniform((uint32_t)link->pause);
    link->pause = link->pause * 2 < LONGEST_PAUSE_MS ? link->pause * 2 : LONGEST_PAUSE_MS;
}

/* Looks the name up first: libmosquitto would hold up everything while it asks a resolver that is away. */
static void look_up_and_begin(struct link *link)
{
    if (link->lookup == NULL)
        link->lookup = lookup_new(link->settings.host);
    enum lookup_state state = link->lookup ? lookup_look(link->lookup) : LOOKUP_FOUND;
    if (state == LOOKUP_PENDING)
        return;
    if (state == LOOKUP_FAILED) {
        give_up(link, "cannot find the host", lookup_error(link->lookup));
        plan_retry(link);
        link->lost = false; /* there was no connection */
    }
    lookup_free(link->lookup);
    link->lookup = NULL;
    if (state == LOOKUP_FOUND)
        begin(link);
}

/* The client is gone for good; a new one is made when the pause is over. */
static void drop(struct link *link)
{
    if (link->up && link->now - link->began >= STABLE_MS)
        link->pause = FIRST_PAUSE_MS;
    mosquitto_destroy(link->client);
    link->client = NULL;
    plan_retry(link);
    link->up = link->lost = false;
    if (link->told_up)
        link->up_since = link->now;
    if (link->told_up && link->hooks.down)
        link->hooks.down(link->hooks.arg);
    link->told_up = false;
}

/* true when the TCP connection is through. */
static bool is_through(struct link *link)
{
    int error = 0;
    socklen_t size = sizeof(error);
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof(peer);
    int fd = mosquitto_socket(link->client);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error) {
        give_up(link, "cannot connect", strerror(error));
        return false;
    }
    return getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0;
}

/* ---- the turn ------------------------------------------------------------------------------------------ */

int link_descriptor(const struct link *link)
{
    return link->client ? mosquitto_socket(link->client) : -1;
}

int link_poll(struct link *link, short *events, int64_t now)
{
    if (link->client == NULL) {
        *events = 0;
        if (link->lookup)
            return LOOKUP_MS;
        return link->retry_at > now ? (int)(link->retry_at - now) : 0;
    }
    *events = POLLIN;
    if (!link->connected || mosquitto_want_write(link->client))
        *events |= POLLOUT;
    return 1000;
}

static void check(struct link *link, int result)
{
    if (result != MOSQ_ERR_SUCCESS && !link->lost)
        give_up(
            link, "connection lost", result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result));
}

static bool more_waits(const struct link *link)
{
    int bytes = 0;
    if (link->settings.ca) {
        const SSL *tls = mosquitto_ssl_get(link->client);
        if (tls && SSL_pending(tls) > 0)
            return true;
    }
    return ioctl(mosquitto_socket(link->client), FIONREAD, &bytes) == 0 && bytes > 0;
}

/* What has come, so that a turn's messages share one commit of the spool. */
static void read_all(struct link *link)
{
    int packets = 0;
    do
        check(link, mosquitto_loop_read(link->client, 1));
    while (!link->lost && ++packets < MOST_PACKETS && link->bytes < MOST_BYTES && more_waits(link));
}

static void serve(struct link *link, short ready)
{
    bool tls = link->settings.ca != NULL;
    if (!link->connected && ready)
        link->connected = is_through(link);
    if (link->connected && (ready & POLLOUT) && !link->lost)
        check(link, mosquitto_loop_write(link->client, 1));
    if (link->connected && (ready & (POLLIN | POLLERR | POLLHUP | (tls ? POLLOUT : 0))) && !link->lost)
        read_all(link);
    if (!link->lost)
        check(link, mosquitto_loop_misc(link->client));
    if (!link->up && !link->lost && link->now - link->began > CONNECT_MS)
        give_up(link, "no answer", NULL);
}

void link_turn(struct link *link, short ready, int64_t now, int64_t wall)
{
    link->now = now;
    if (link->client)
        serve(link, ready);
    else if (now >= link->retry_at)
        look_up_and_begin(link);
    if (link->up && !link->told_up && !link->lost) {
        link->told_up = true;
        link->up_since = now;
        link->trouble[0] = 0;
        log_link(link, "connected");
        if (link->hooks.up)
            link->hooks.up(link->hooks.arg, link->resumed);
    }
    hand_over_all(link, wall);
    if (link->lost)
        drop(link);
}

void link_flush(struct link *link)
{
    if (link->client && link->connected && !link->lost && mosquitto_want_write(link->client))
        check(link, mosquitto_loop_write(link->client, 1));
}

void link_free(struct link *link, bool finish)
{
    if (link->client && finish) {
        mosquitto_disconnect(link->client);
        mosquitto_loop_write(link->client, 1);
    }
    if (link->client)
        mosquitto_destroy(link->client);
    lookup_free(link->lookup);
    link->hooks = (struct link_hooks){.arg = NULL};
    hand_over_all(link, 0);
    free(link);
    mosquitto_lib_cleanup();
}

bool link_is_up(const struct link *link)
{
    return link->up && !link->lost;
}

int64_t link_since(const struct link *link)
{
    return link->up_since;
}

const char *link_trouble(const struct link *link)
{
    return link_is_up(link) ? "" : link->trouble;
}

int link_publish(struct link *link, const char *topic, const char *content_type, struct bytes payload)
{
    mosquitto_property *properties = NULL;
    int message = -1;
    if (mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE, content_type) != MOSQ_ERR_SUCCESS)
        return -1;
    int result = mosquitto_publish_v5(
        link->client, &message, topic, (int)payload.len, payload.data, 1, false, properties);
    mosquitto_property_free_all(&properties);
    if (result == MOSQ_ERR_SUCCESS)
        return message;
    /* What the library has taken all the same goes with its client. */
    give_up(link, "cannot publish", mosquitto_strerror(result));
    return -1;
}

int link_tell(struct link *link, const char *topic, struct bytes payload, bool retain)
{
    int message = -1;
    int result = mosquitto_publish(
        link->client, &message, topic, (int)payload.len, payload.len ? payload.data : NULL, 1, retain);
    if (result == MOSQ_ERR_SUCCESS)
        return message;
    give_up(link, "cannot publish", mosquitto_strerror(result));
    return -1;
}

void link_cut(struct link *link)
{
    link->lost = link->client != NULL;
}

bool link_subscribe(struct link *link, const char *filter)
{
    bool sent = mosquitto_subscribe(link->client, NULL, filter, 1) == MOSQ_ERR_SUCCESS;
    link->subscribing += sent;
    return sent;
}
