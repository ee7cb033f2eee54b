/* libwebsockets on our loop: it gets accepted sockets from our listeners, so that their limits hold, and
 * calls back. Of one request after the other: its head is looked at (http_head.c), its body read
 * (http_body.c), its route asked (routes.c), its answer written (http_write.c), each in a bounded time
 * (http_watch.c).
 *
 * What libwebsockets 4.1 does, and these files keep to: while a request waits for its route, what follows on
 * the connection is not read (rx_flow_control), or the loop would spin on it; while an answer is written that
 * is not possible, so who sends on and does not read is cut off (http_watch.c). A pipelined request that has
 * a body would get its own head as the body: it is never begun, and the connection closed. */
#include "broker/net/http.h"

#include <ev.h>
#include <stdlib.h>

#include "broker/log.h"
#include "broker/net/admission.h"
#include "broker/net/http_inside.h"
#include "broker/net/listener.h"
#include "broker/net/portal.h"

enum { HEADER_POOL = 4096 };

#define WATCH_S 0.25

static void log_library(int level, const char *line)
{
    size_t len = strcspn(line, "\n");
    log_line(level == LLL_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "http", "text=\"%.*s\"", (int)len, line);
}

int64_t http_now(const struct http *http)
{
    return http->wires->now;
}

/* ---- as libwebsockets sees it ------------------------------------------------------------------- */

static void leave(struct guest *guest)
{
    guest->http->guests--;
    if (guest->visitor) {
        admission_leave(guest->http->wires->admission, guest->visitor, guest->http->wires->now);
    }
    free(guest->tunnelled);
    free(guest);
}

void http_peer(struct lws *wsi, struct peer *out)
{
    const struct guest *guest = lws_get_opaque_user_data(wsi);
    *out = (struct peer){0};
    if (guest && guest->tunnelled) {
        *out = *guest->tunnelled;
    } else {
        peer_address(lws_get_socket_fd(wsi), guest ? guest->visitor : NULL, out->address);
    }
}

static void closed(struct guest *guest)
{
    if (guest && guest->request) {
        struct http_request *request = guest->request;
        if (request->stage == HTTP_READING) {
            broker_counters(request->http->options->broker)->http_bodies_refused++;
        }
        http_part(request);
    }
}

static void destroyed(struct lws *wsi)
{
    struct guest *guest = lws_get_opaque_user_data(wsi);
    if (guest) {
        closed(guest);
        lws_set_opaque_user_data(wsi, NULL);
        guest->http->arriving = guest->http->arriving == guest ? NULL : guest->http->arriving;
        leave(guest);
    }
}

static bool may_upgrade(struct lws *wsi)
{
    const struct guest *guest = lws_get_opaque_user_data(wsi);
    return guest && !guest->metrics;
}

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    struct guest *guest = lws_get_opaque_user_data(wsi);
    struct http_request *request = guest ? guest->request : NULL;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return http_begin(wsi, guest, in, len);
    case LWS_CALLBACK_HTTP_BODY:
        return http_body_take(request, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_body_end(request);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return http_writable(wsi, request);
    case LWS_CALLBACK_CLOSED_HTTP:
        closed(guest);
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return may_upgrade(wsi) ? 0 : -1;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION: /* a WebSocket without the subprotocol mqtt */
        return -1;
    case LWS_CALLBACK_WSI_DESTROY:
        destroyed(wsi);
        return 0;
    default:
        return 0;
    }
}

/* libwebsockets 4.1 forgets to bring its timer on libev forward when a time-out comes nearer, but looks at
 * all of them whenever it is woken: without this its time-outs come up to half a minute late. */
static void nudge(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    const struct http *http = timer->data;
    if (http->guests > 0) {
        lws_cancel_service(http->context);
    }
}

/* ---- from begin to end --------------------------------------------------------------------------- */

static bool add_vhost(struct http *http)
{
    http->protocols[0] = (struct lws_protocols){.name = "http", .callback = http_callback};
    http->protocols[1] = (struct lws_protocols){.name = "mqtt",
        .callback = websocket_callback,
        .per_session_data_size = sizeof(struct websocket_slot),
        .rx_buffer_size = WEBSOCKET_FRAME,
        .user = &http->websockets};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = "neighbors",
        .protocols = http->protocols,
        .keepalive_timeout = (int)http->options->settings->http_idle_s,
        .timeout_secs_ah_idle = (unsigned)(http->options->settings->connect_timeout_ms / 1000 + 1),
        .server_string = "neighbors",
    };
    http->vhost = lws_create_vhost(http->context, &info);
    return http->vhost != NULL;
}

static void watch(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    http_watch(timer->data);
}

static void start_timer(
    struct http *http, ev_timer *timer, double seconds, void (*callback)(struct ev_loop *, ev_timer *, int))
{
    ev_timer_init(timer, callback, seconds, seconds);
    timer->data = http;
    ev_timer_start(http->options->loop, timer);
}

struct http *http_new(const struct net_options *options, struct wires *wires)
{
    struct http *http = calloc(1, sizeof(*http));
    uint8_t *frame = malloc(LWS_PRE + WEBSOCKET_FRAME);
    if (!http || !frame) {
        abort();
    }
    http->options = options;
    http->wires = wires;
    http->websockets = (struct websockets){wires, frame};
    LIST_INIT(&http->requests);
    http->portal = portal_new();
    start_timer(http, &http->nudge, 1., nudge);
    start_timer(http, &http->watch, WATCH_S, watch);
    void *loops[] = {options->loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .max_http_header_pool = HEADER_POOL,
        .timeout_secs = (unsigned)(options->settings->connect_timeout_ms / 1000 + 1),
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .user = http,
    };
    lws_set_log_level(LLL_ERR | LLL_WARN, log_library);
    http->context = lws_create_context(&info);
    if (!http->context || !add_vhost(http)) {
        http_free(http);
        return NULL;
    }
    return http;
}

static void adopt(struct http *http, const struct guest *about, int fd)
{
    struct guest *guest = malloc(sizeof(*guest));
    if (!guest) {
        abort();
    }
    *guest = *about;
    guest->http = http;
    http->guests++;
    lws_adopt_desc_t socket = {
        .vh = http->vhost, .type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET, .fd = {.sockfd = fd}, .opaque = guest};
    http->arriving = guest;
    if (!lws_adopt_descriptor_vhost_via_info(&socket) && http->arriving) {
        leave(guest); /* it never became a connection whose end we would hear of */
    }
    http->arriving = NULL;
}

void http_accepted(void *http, int fd, const struct sockaddr_storage *address, struct visitor *visitor)
{
    (void)address;
    adopt(http, &(struct guest){.visitor = visitor}, fd);
}

/* The peer, and behind it its name and its certificate's trail. */
static struct peer *copy_peer(const struct peer *peer)
{
    struct peer *copy = malloc(sizeof(*copy) + sizeof(*peer->trail) + peer->certificate.len);
    if (!copy) {
        abort();
    }
    *copy = *peer;
    struct certificate_trail *trail = (struct certificate_trail *)(copy + 1);
    if (peer->trail) {
        *trail = *peer->trail;
        copy->trail = trail;
    }
    if (peer->certificate.len) {
        copy->certificate.data = memcpy(trail + 1, peer->certificate.data, peer->certificate.len);
    }
    return copy;
}

void http_accepted_tunnel(void *http, int fd, const struct peer *peer, struct visitor *visitor)
{
    adopt(http, &(struct guest){.visitor = visitor, .tunnelled = copy_peer(peer)}, fd);
}

void http_accepted_metrics(
    void *http, int fd, const struct sockaddr_storage *address, struct visitor *visitor)
{
    (void)address;
    adopt(http, &(struct guest){.visitor = visitor, .metrics = true}, fd);
}

size_t http_unanswered(const struct http *http)
{
    const struct http_request *request;
    size_t count = 0;
    LIST_FOREACH(request, &http->requests, in_list)
    {
        count += request->stage == HTTP_WORKING || request->stage == HTTP_ANSWERED ||
                 request->stage == HTTP_WRITING;
    }
    return count;
}

void http_free(struct http *http)
{
    if (http) {
        ev_timer_stop(http->options->loop, &http->nudge);
        ev_timer_stop(http->options->loop, &http->watch);
        if (http->context) {
            lws_context_destroy(http->context);
        }
        portal_free(http->portal);
        free(http->websockets.frame);
        free(http);
    }
}
