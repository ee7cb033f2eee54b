/* libmosquitto on our own poll loop. What the library does that its documentation does not say, and how these
 * files deal with it: it acknowledges before the message callback, unless it believes that a thread writes
 * (late_acknowledgement); a refused TCP connection raises no error, so SO_ERROR is asked; with TLS a writable
 * socket must be read too; what is delivered again it tells in its log alone; it closes the socket by itself,
 * so the descriptor is asked anew each turn; it resends what an earlier connection left, so each connection
 * has a client of its own. */
#include <errno.h>
#include <mqtt_protocol.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "bridge/client/allocate.h"
#include "bridge/client/clock.h"
#include "bridge/client/link_inside.h"
#include "bridge/client/lookup.h"

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
};

struct link *link_new(const struct link_settings *settings, const struct link_hooks *hooks)
{
    struct link *link = client_alloc(sizeof(*link));
    link->settings = *settings;
    link->hooks = *hooks;
    link->last = &link->first;
    link->pause = FIRST_PAUSE_MS;
    mosquitto_lib_init();
    return link;
}

void link_log(const struct link *link, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, link->settings.name, what);
}

void link_give_up(struct link *link, const char *what, const char *why)
{
    char text[sizeof(link->trouble)];
    snprintf(text, sizeof(text), "%s%s%s", what, why ? ": " : "", why ? why : "");
    link->lost = true;
    if (strcmp(text, link->trouble) == 0 && link->trouble_told + TELL_AGAIN_MS > link->now)
        return;
    memcpy(link->trouble, text, sizeof(text));
    link->trouble_told = link->now;
    link_log(link, text);
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
    link_listen(client);
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
        link_give_up(link, "cannot prepare the connection", "are the certificate files readable?");
        return;
    }
    if (link->settings.session_s)
        ask_for_session(link);
    int result =
        mosquitto_connect_async(link->client, link->settings.host, link->settings.port, KEEP_ALIVE_S);
    if (result != MOSQ_ERR_SUCCESS && result != MOSQ_ERR_CONN_PENDING)
        link_give_up(
            link, "cannot connect", result == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(result));
}

/* Longer each time, and somewhere between a half and one and a half of it: clients that lost their broker
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
        link_give_up(link, "cannot find the host", lookup_error(link->lookup));
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
        link_give_up(link, "cannot connect", strerror(error));
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
        link_give_up(
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
        link_give_up(link, "no answer", NULL);
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
        link_log(link, "connected");
        if (link->hooks.up)
            link->hooks.up(link->hooks.arg, link->resumed);
    }
    link_hand_over(link, wall);
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
    link_hand_over(link, 0);
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

uint64_t link_large(const struct link *link)
{
    return link->large;
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
    link_give_up(link, "cannot publish", mosquitto_strerror(result));
    return -1;
}

int link_tell(struct link *link, const char *topic, struct bytes payload, bool retain)
{
    int message = -1;
    int result = mosquitto_publish(
        link->client, &message, topic, (int)payload.len, payload.len ? payload.data : NULL, 1, retain);
    if (result == MOSQ_ERR_SUCCESS)
        return message;
    link_give_up(link, "cannot publish", mosquitto_strerror(result));
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

bool link_wait(struct link *link, int64_t most, int also)
{
    struct pollfd polled[2] = {{.fd = -1}, {.fd = also, .events = POLLIN}};
    int wait = link_poll(link, &polled[0].events, clock_steady());
    polled[0].fd = link_descriptor(link);
    if (poll(polled, 2, wait > most ? (int)most : wait) < 0)
        return false;
    if (polled[1].revents)
        return true;
    link_turn(link, polled[0].revents, clock_steady(), clock_wall());
    link_flush(link);
    return false;
}
