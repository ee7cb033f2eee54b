/* libwebsockets on our loop: it gets accepted sockets from our listeners, so that their limits hold, and
 * calls back. Of one request after the other: its head is looked at, its body read (http_body.c), its route
 * asked, its answer written.
 *
 * What libwebsockets 4.1 does, and this file keeps to: while a request waits for its route, what follows on
 * the connection is not read (rx_flow_control), or the loop would spin on it; while an answer is written that
 * is not possible, so who sends on and does not read is cut off (crowded). A pipelined request that has a
 * body would get its own head as the body: it is never begun, and the connection closed (pipelined). */
#include "broker/net/http.h"

#include <ev.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "broker/log.h"
#include "broker/net/admission.h"
#include "broker/net/http_inside.h"
#include "broker/net/portal.h"
#include "broker/net/websocket.h"

enum { HEADERS = 4096, CHUNK = 16 * 1024, HEADER_POOL = 4096, PATH = 1024, VALUE = 4096 };
enum { SLOWEST = 8 * 1024 }; /* bytes a second that a reader has to take, in the long run */

#define WATCH_S 0.25

static void log_library(int level, const char *line)
{
    size_t len = strcspn(line, "\n");
    log_line(level == LLL_ERR ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "http", "%.*s", (int)len, line);
}

static struct counters *counters_of(const struct http *http)
{
    return broker_counters(http->options->broker);
}

/* ---- writing ------------------------------------------------------------------------------------ */

static bool add_further(struct lws *wsi, const struct http_answer *answer, uint8_t **p, uint8_t *end)
{
    for (size_t i = 0; i < answer->further_count; i++) {
        const char *value = answer->further[i].value;
        if (lws_add_http_header_by_name(wsi, (const uint8_t *)answer->further[i].name, (const uint8_t *)value,
                (int)strlen(value), p, end)) {
            return false;
        }
    }
    return true;
}

static bool add_status(struct lws *wsi, const struct http_answer *answer, uint8_t **p, uint8_t *end)
{
    if (answer->status == 304 || answer->status == 204) { /* these have neither body nor length */
        return lws_add_http_header_status(wsi, (unsigned)answer->status, p, end) == 0;
    }
    return lws_add_http_common_headers(wsi, (unsigned)answer->status,
               answer->type ? answer->type : "text/plain", answer->len, p, end) == 0;
}

static bool write_head(struct lws *wsi, const struct http_request *request)
{
    const struct http_answer *answer = &request->answer;
    uint8_t buffer[LWS_PRE + HEADERS], *start = buffer + LWS_PRE, *p = start,
                                       *end = buffer + sizeof(buffer) - 1;
    return add_status(wsi, answer, &p, end) &&
           !lws_add_http_header_by_name(
               wsi, (const uint8_t *)"x-content-type-options:", (const uint8_t *)"nosniff", 7, &p, end) &&
           add_further(wsi, answer, &p, end) &&
           (!answer->close || !lws_add_http_header_by_token(
                                  wsi, WSI_TOKEN_CONNECTION, (const uint8_t *)"close", 5, &p, end)) &&
           !lws_finalize_write_http_header(wsi, start, &p, end);
}

static void count_answer(const struct http_request *request)
{
    unsigned of = request->route ? request->route->counted : HTTP_ELSEWHERE;
    unsigned hundreds = (unsigned)request->answer.status / 100;
    request->http->options->state->http[of][hundreds < HTTP_STATUSES ? hundreds : 0]++;
}

/* The request and its connection part: what the route may still say of it is dropped. */
static void part(struct http_request *request)
{
    struct guest *guest = lws_get_opaque_user_data(request->wsi);
    LIST_REMOVE(request, in_list);
    http_body_drop(request);
    request->http->held -= request->held;
    guest->request = NULL;
    request->http = NULL;
    request->net = NULL;
    request->wsi = NULL;
    if (!request->owed) {
        http_request_free(request);
    }
}

/* The answer is written, or needs no more. */
static int finish(struct lws *wsi, struct http_request *request)
{
    bool unread = http_body_missing(request), last = request->answer.close;
    if (last && unread && request->stage != HTTP_DRAINING) {
        /* Closed at once, what the client still sends would make its system drop our answer. */
        request->stage = HTTP_DRAINING;
        request->deadline = http_now(request->http) + HTTP_DRAIN_MS;
        return 0;
    }
    part(request);
    if (last) {
        return -1;
    }
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int write_body(struct lws *wsi, struct http_request *request)
{
    const struct http_answer *answer = &request->answer;
    size_t len = request->method == HTTP_HEAD ? 0 : answer->len;
    size_t left = len - request->written, now = left < CHUNK ? left : CHUNK;
    uint8_t buffer[LWS_PRE + CHUNK];
    if (left == 0) {
        return finish(wsi, request);
    }
    memcpy(buffer + LWS_PRE, answer->body + request->written, now);
    enum lws_write_protocol kind = now == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP;
    if (lws_write(wsi, buffer + LWS_PRE, now, kind) < (int)now) {
        return -1;
    }
    request->written += now;
    lws_callback_on_writable(wsi); /* behind the last part too: finish only when all of it is taken */
    return 0;
}

static int writable(struct lws *wsi, struct http_request *request)
{
    if (request && request->stage == HTTP_WRITING) {
        return write_body(wsi, request);
    }
    if (!request || request->stage != HTTP_ANSWERED) {
        return 0; /* woken for no reason of ours */
    }
    request->stage = HTTP_WRITING;
    count_answer(request);
    if (!write_head(wsi, request)) {
        return -1;
    }
    lws_callback_on_writable(wsi);
    return 0;
}

/* An answer has time by its length; nobody keeps it by reading one byte a minute. */
void http_ready(struct http_request *request)
{
    struct http *http = request->http;
    struct http_answer *answer = &request->answer;
    http_body_drop(request);
    request->stage = HTTP_ANSWERED;
    answer->close = request->wants_close || http_body_missing(request);
    http->held += answer->len;
    request->held += answer->len;
    request->deadline = http_now(http) + http->options->settings->http_idle_s * 1000 +
                        (int64_t)(answer->len / SLOWEST) * 1000;
    if (request->route && request->route->open) {
        http_header(request, "access-control-allow-origin:", "*");
    }
    lws_set_timeout(request->wsi, NO_PENDING_TIMEOUT, 0); /* our own deadline holds */
    lws_rx_flow_control(request->wsi, 1);                 /* else libwebsockets does not write either */
    lws_callback_on_writable(request->wsi);
}

bool http_waiting(const struct http_request *request)
{
    return request->wsi && request->stage == HTTP_WORKING;
}

void http_within(struct http_request *request, int64_t ms)
{
    request->deadline = http_now(request->http) + ms;
}

/* ---- the head of a request ------------------------------------------------------------------------ */

static enum http_method method_of(int method)
{
    /* in the order of libwebsockets */
    static const enum http_method methods[] = {
        HTTP_GET, HTTP_POST, HTTP_OPTIONS, HTTP_OTHER, HTTP_OTHER, HTTP_OTHER, HTTP_OTHER, HTTP_HEAD};
    return method >= 0 && method < (int)(sizeof(methods) / sizeof(methods[0])) ? methods[method] : HTTP_OTHER;
}

static struct text header(struct http_request *request, enum lws_token_indexes which)
{
    char value[VALUE];
    int len = lws_hdr_copy(request->wsi, value, sizeof(value), which);
    if (len <= 0) {
        return (struct text){0};
    }
    return (struct text){arena_copy(&request->arena, value, (size_t)len), (size_t)len};
}

static void take_headers(struct http_request *request)
{
    request->authorization = header(request, WSI_TOKEN_HTTP_AUTHORIZATION);
    request->content_type = header(request, WSI_TOKEN_HTTP_CONTENT_TYPE);
    request->host = header(request, WSI_TOKEN_HOST);
    request->if_none_match = header(request, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    request->if_modified_since = header(request, WSI_TOKEN_HTTP_IF_MODIFIED_SINCE);
    for (int i = 0; i < HTTP_ARGUMENTS; i++) {
        char value[VALUE];
        int len = lws_hdr_copy_fragment(request->wsi, value, sizeof(value), WSI_TOKEN_HTTP_URI_ARGS, i);
        if (len < 0) {
            break;
        }
        request->arguments[request->argument_count++] =
            (struct text){arena_copy(&request->arena, value, (size_t)len), (size_t)len};
    }
}

static void allow(struct http_request *request, unsigned allowed)
{
    http_header(request, "allow:", "%s%s%s", allowed & HTTP_GET ? "GET, HEAD" : "",
        allowed & HTTP_POST ? (allowed & HTTP_GET ? ", POST" : "POST") : "",
        allowed & HTTP_OPTIONS ? ", OPTIONS" : "");
}

/* What pages of other origins ask before they send JSON. */
static void answer_options(struct http_request *request, unsigned allowed)
{
    http_answer_bytes(request, 204, NULL, NULL, 0);
    allow(request, allowed);
    if (allowed & HTTP_OPTIONS) {
        http_header(request, "access-control-allow-origin:", "*");
        http_header(request, "access-control-allow-methods:", "GET, HEAD, POST");
        http_header(request, "access-control-allow-headers:", "content-type");
        http_header(request, "access-control-max-age:", "86400");
    }
}

static const struct http_route *find_route(
    const struct http *http, bool metrics, const char *path, enum http_method method, unsigned *allowed)
{
    if (metrics) {
        return route_find(routes_metrics, path, method, allowed);
    }
    const struct http_route *route = route_find(routes_health, path, method, allowed);
    return route ? route : route_find(http->options->routes, path, method, allowed);
}

/* What needs no route: it is refused as a whole. */
static void answer_stranger(struct http_request *request, unsigned allowed)
{
    if (allowed && request->method == HTTP_OPTIONS) {
        answer_options(request, allowed);
    } else if (allowed) {
        http_refuse(request, 405, "method", "not served at this path");
        allow(request, allowed);
    } else {
        http_refuse(request, 404, "path", "there is nothing at this path");
    }
}

/* True when the address has asked too often. */
static bool rationed(struct http_request *request, const struct guest *guest)
{
    struct http *http = request->http;
    if (!request->route->open || !guest->visitor ||
        admission_ask(http->wires->admission, guest->visitor, http->wires->now)) {
        return false;
    }
    counters_of(http)->http_rationed++;
    http_refuse_for(request, 429, "rate", "too many requests from this address", 1);
    return true;
}

static void begin_route(struct http_request *request, const struct guest *guest)
{
    struct http *http = request->http;
    size_t path = strlen(request->route->path);
    request->rest = (struct text){request->path.data + path, request->path.len - path};
    if (!http_body_begin(request) || rationed(request, guest)) {
        http_ready(request);
        return;
    }
    if (http->held + request->body_size > (size_t)http->options->settings->http_memory) {
        http_refuse_for(request, 503, "memory", "too much is on its way already", 1);
    } else if (request->route->look) {
        request->route->look(request);
    }
    if (request->answer.status) {
        http_ready(request);
    } else if (request->route->method == HTTP_POST) {
        http_body_expect(request);
    } else {
        http_serve(request);
    }
}

/* The route answers, within the time that it asks for. */
void http_serve(struct http_request *request)
{
    lws_rx_flow_control(request->wsi, 0); /* what comes behind it has to wait */
    lws_set_timeout(request->wsi, NO_PENDING_TIMEOUT, 0);
    request->stage = HTTP_WORKING;
    request->deadline = http_now(request->http) + request->http->options->settings->http_idle_s * 1000;
    request->owed = true;
    request->route->serve(request);
}

/* A file of the portal: libwebsockets writes it by itself. */
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

static bool find_file(const struct http *http, const char *path, char file[PATH_MAX], const char **type)
{
    const char *directory = http->options->settings->portal_directory;
    return directory[0] && portal_file(directory, path, file, type);
}

/* True when the client has sent more than this head already, or another one may have: libwebsockets says only
 * that somebody has. */
static bool pipelined(struct lws *wsi)
{
    return lws_service_adjust_timeout(lws_get_context(wsi), 1, 0) == 0;
}

static struct http_request *begin_request(struct lws *wsi, struct guest *guest, enum http_method method)
{
    struct http *http = guest->http;
    struct http_request *request = http_request_new(http, http->options, wsi);
    request->method = method;
    request->deadline = INT64_MAX;
    guest->request = request;
    LIST_INSERT_HEAD(&http->requests, request, in_list);
    return request;
}

static int begin(struct lws *wsi, struct guest *guest, const char *path, size_t len)
{
    char *asked, copy[PATH], file[PATH_MAX];
    const char *type;
    int asked_len, number = lws_http_get_uri_and_method(wsi, &asked, &asked_len);
    unsigned allowed = 0;
    bool body = http_body_announced(wsi);
    if (number < 0 || guest->request || (guest->served && body && pipelined(wsi))) {
        return -1;
    }
    guest->served = true;
    enum http_method method = method_of(number);
    bool fits = len < sizeof(copy) && !memchr(path, 0, len);
    memcpy(copy, path, fits ? len : 0);
    copy[fits ? len : 0] = '\0';
    const struct http_route *route = find_route(guest->http, guest->metrics, copy, method, &allowed);
    bool portal = !route && !allowed && !guest->metrics && find_file(guest->http, copy, file, &type);
    if (portal && (method & (HTTP_GET | HTTP_HEAD)) && !body) {
        return send_file(wsi, file, type);
    }
    struct http_request *request = begin_request(wsi, guest, method);
    request->path = (struct text){arena_copy(&request->arena, copy, strlen(copy)), strlen(copy)};
    request->route = route;
    if (route) {
        take_headers(request);
        begin_route(request, guest);
        return 0;
    }
    if (!fits) {
        http_refuse(request, 414, "path", "at most 1023 bytes");
    } else if (!http_body_begin(request)) {
        /* refused as such */
    } else {
        answer_stranger(request, portal ? HTTP_GET | HTTP_HEAD : allowed);
    }
    http_ready(request);
    return 0;
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

static void closed(struct guest *guest)
{
    if (guest && guest->request) {
        struct http_request *request = guest->request;
        if (request->stage == HTTP_READING) {
            counters_of(request->http)->http_bodies_refused++;
        }
        part(request);
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
        return begin(wsi, guest, in, len);
    case LWS_CALLBACK_HTTP_BODY:
        return http_body_take(request, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_body_end(request);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return writable(wsi, request);
    case LWS_CALLBACK_HTTP_FILE_COMPLETION:
        return lws_http_transaction_completed(wsi) ? -1 : 0;
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

/* ---- time ------------------------------------------------------------------------------------------ */

int64_t http_now(const struct http *http)
{
    return http->wires->now;
}

/* True when its client has sent more already and is slow to read the answer: until it does, the loop would
 * find something to read on it each turn, which nobody may. */
static bool crowded(const struct http_request *request)
{
    int waiting = 0;
    if (ioctl(lws_get_socket_fd(request->wsi), FIONREAD, &waiting) == 0 && waiting > 0) {
        return true;
    }
    lws_rx_flow_control(request->wsi, 0);
    bool others = pipelined(request->wsi);
    lws_rx_flow_control(request->wsi, 1);
    return !others && pipelined(request->wsi);
}

static void cut_off(struct http_request *request)
{
    request->deadline = INT64_MAX;
    lws_set_timeout(request->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* A request whose stage has lasted too long. */
static void overdue(struct http_request *request)
{
    struct counters *counters = counters_of(request->http);
    counters->http_timeouts += request->stage != HTTP_DRAINING;
    if (request->stage == HTTP_READING) {
        counters->http_bodies_refused++;
        http_refuse(request, 408, "body", "did not come in time");
        http_ready(request);
    } else if (request->stage == HTTP_WORKING) {
        http_refuse_for(request, 503, "store",
            "did not answer in time: nothing is known of this request; what is sent again is not stored "
            "twice",
            5);
        http_ready(request);
    } else {
        cut_off(request);
    }
}

static void watch(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    const struct http *http = timer->data;
    struct http_request *next, *request = LIST_FIRST(&http->requests);
    for (; request; request = next) {
        next = LIST_NEXT(request, in_list);
        if (request->deadline <= http_now(http)) {
            overdue(request);
        } else if (request->stage == HTTP_READING) {
            lws_set_timeout(request->wsi, NO_PENDING_TIMEOUT, 0); /* it sets one for each piece */
        } else if (request->stage == HTTP_WRITING && request->watched && crowded(request)) {
            cut_off(request);
        }
        request->watched = request->stage == HTTP_WRITING;
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

static void adopt(struct http *http, bool metrics, int fd, struct visitor *visitor)
{
    struct guest *guest = malloc(sizeof(*guest));
    if (!guest) {
        abort();
    }
    *guest = (struct guest){.http = http, .visitor = visitor, .metrics = metrics};
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
        ev_timer_stop(http->options->loop, &http->watch);
        if (http->context) {
            lws_context_destroy(http->context);
        }
        free(http->websockets.frame);
        free(http);
    }
}
