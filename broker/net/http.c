/* libwebsockets on our loop: it gets accepted sockets from our listeners, so that their limits hold, and
 * calls back. */
#include "broker/net/http.h"

#include <ev.h>
#include <stdlib.h>

#include "broker/log.h"
#include "broker/net/admission.h"
#include "broker/net/portal.h"
#include "broker/net/routes.h"
#include "broker/net/websocket.h"

enum { HEADERS = 2048, CHUNK = 16 * 1024, HEADER_POOL = 4096, PATH = 1024 };

static int http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* What libwebsockets keeps for each HTTP connection: an answer that is being written. */
struct visit {
    char *body;
    size_t len, at;
    bool last; /* close afterwards */
};

/* One connection that we gave to libwebsockets. */
struct guest {
    struct http *http;
    struct visitor *visitor; /* its share of the limits; NULL: none */
    bool metrics;            /* it came to the metrics listener */
};

struct http {
    const struct net_options *options;
    struct wires *wires;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[3];
    struct websockets websockets;
    struct guest *arriving; /* being adopted */
    size_t guests;
    ev_timer nudge;
};

static void log_library(int level, const char *line)
{
    size_t len = strcspn(line, "\n");
    log_line(level == LLL_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "http", "%.*s", (int)len, line);
}

/* ---- answering --------------------------------------------------------------------------------- */

static const char *method_name(int method)
{
    static const char *const names[] = {
        "GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "HEAD"};
    return method >= 0 && method < (int)(sizeof(names) / sizeof(names[0])) ? names[method] : "";
}

static int finish(struct lws *wsi, struct visit *visit)
{
    free(visit->body);
    bool last = visit->last;
    *visit = (struct visit){0};
    return last || lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int write_head(struct lws *wsi, const struct http_request *request, bool last)
{
    static const char nosniff[] = "nosniff";
    uint8_t buffer[LWS_PRE + HEADERS], *start = buffer + LWS_PRE, *p = start,
                                       *end = buffer + sizeof(buffer) - 1;
    if (lws_add_http_common_headers(wsi, (unsigned)request->status,
            request->type ? request->type : "text/plain", request->len, &p, end) ||
        lws_add_http_header_by_name(wsi, (const uint8_t *)"x-content-type-options:", (const uint8_t *)nosniff,
            sizeof(nosniff) - 1, &p, end) ||
        (last &&
            lws_add_http_header_by_token(wsi, WSI_TOKEN_CONNECTION, (const uint8_t *)"close", 5, &p, end)) ||
        lws_finalize_write_http_header(wsi, start, &p, end)) {
        return -1;
    }
    return 0;
}

static int write_body(struct lws *wsi, struct visit *visit)
{
    uint8_t buffer[LWS_PRE + CHUNK];
    if (!visit->body) {
        return 0;
    }
    size_t left = visit->len - visit->at, part = left < CHUNK ? left : CHUNK;
    memcpy(buffer + LWS_PRE, visit->body + visit->at, part);
    enum lws_write_protocol kind = part == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP;
    if (lws_write(wsi, buffer + LWS_PRE, part, kind) < (int)part) {
        return -1;
    }
    visit->at += part;
    if (visit->at == visit->len) {
        return finish(wsi, visit);
    }
    lws_callback_on_writable(wsi);
    return 0;
}

/* Writes the answer's head; its body follows as the connection takes it. A request with a body is never read
 * here: the connection is closed behind the answer. */
static int send_answer(struct lws *wsi, struct visit *visit, struct http_request *request, int method)
{
    bool last = method != LWSHUMETH_GET && method != LWSHUMETH_HEAD;
    *visit = (struct visit){.last = last};
    if (write_head(wsi, request, last)) {
        free(request->body);
        return -1;
    }
    if (request->len == 0 || method == LWSHUMETH_HEAD) {
        free(request->body);
        return finish(wsi, visit);
    }
    visit->body = request->body;
    visit->len = request->len;
    lws_callback_on_writable(wsi);
    return 0;
}

static int send_file(struct lws *wsi, const char *file, const char *type)
{
    static const char headers[] =
        "x-content-type-options: nosniff\x0d\x0areferrer-policy: no-referrer\x0d\x0a"
        "cache-control: no-cache\x0d\x0a";
    int sent = lws_serve_http_file(wsi, file, type, headers, sizeof(headers) - 1);
    if (sent < 0) {
        return -1;
    }
    return sent > 0 && lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int answer(struct lws *wsi, struct visit *visit, const char *path, size_t path_len)
{
    const struct guest *guest = lws_get_opaque_user_data(wsi);
    const struct net_options *net = guest->http->options;
    struct http_request request = {.net = net, .status = 200};
    char *asked, copy[PATH], file[PATH_MAX];
    const char *type;
    int asked_len, method = lws_http_get_uri_and_method(wsi, &asked, &asked_len);
    bool readable = method == LWSHUMETH_GET || method == LWSHUMETH_HEAD;
    if (path_len >= sizeof(copy) || method < 0) {
        return -1;
    }
    memcpy(copy, path, path_len);
    copy[path_len] = '\0';
    request.path = copy;
    const struct http_route *route = route_find(guest->metrics, method_name(method), copy);
    if (!readable && lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        http_refuse(&request, 411, "transfer-encoding", "send a content-length");
    } else if (route) {
        route->answer(&request);
    } else if (method == LWSHUMETH_GET && !guest->metrics && net->settings->portal_directory[0] &&
               portal_file(net->settings->portal_directory, copy, file, &type)) {
        return send_file(wsi, file, type);
    } else {
        http_refuse(&request, 404, "path", "there is nothing at this path for this method");
    }
    return send_answer(wsi, visit, &request, method);
}

/* ---- as libwebsockets sees it ------------------------------------------------------------------- */

static void leave(struct guest *guest)
{
    guest->http->guests--;
    if (guest->visitor) {
        admission_leave(guest->http->wires->admission, guest->visitor, guest->http->wires->now);
    }
    free(guest);
}

static void destroyed(struct lws *wsi)
{
    struct guest *guest = lws_get_opaque_user_data(wsi);
    if (guest) {
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
    struct visit *visit = user;
    switch (reason) {
    case LWS_CALLBACK_HTTP:
        return answer(wsi, visit, in, len);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return write_body(wsi, visit);
    case LWS_CALLBACK_HTTP_FILE_COMPLETION:
        return lws_http_transaction_completed(wsi) ? -1 : 0;
    case LWS_CALLBACK_CLOSED_HTTP:
        if (visit) {
            free(visit->body);
            *visit = (struct visit){0};
        }
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

/* ---- from begin to end --------------------------------------------------------------------------- */

static bool add_vhost(struct http *http)
{
    http->protocols[0] = (struct lws_protocols){
        .name = "http", .callback = http_callback, .per_session_data_size = sizeof(struct visit)};
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
    ev_timer_init(&http->nudge, nudge, 1., 1.);
    http->nudge.data = http;
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
    ev_timer_start(options->loop, &http->nudge);
    return http;
}

static void adopt(struct http *http, bool metrics, int fd, struct visitor *visitor)
{
    struct guest *guest = malloc(sizeof(*guest));
    if (!guest) {
        abort();
    }
    *guest = (struct guest){http, visitor, metrics};
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
    adopt(http, false, fd, visitor);
}

void http_accepted_metrics(
    void *http, int fd, const struct sockaddr_storage *address, struct visitor *visitor)
{
    (void)address;
    adopt(http, true, fd, visitor);
}

void http_free(struct http *http)
{
    if (http) {
        ev_timer_stop(http->options->loop, &http->nudge);
        if (http->context) {
            lws_context_destroy(http->context);
        }
        free(http->websockets.frame);
        free(http);
    }
}
