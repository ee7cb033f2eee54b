/* The head of a request: who has to answer it, whether it is answered at once. */
#include "broker/net/admission.h"
#include "broker/net/http_inside.h"
#include "broker/net/portal.h"

enum { PATH = 1024, VALUE = 4096 };

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
    http_peer(request->wsi, &request->peer);
    struct text *name = &request->peer.certificate;
    name->data = name->len ? arena_copy(&request->arena, name->data, name->len) : NULL;
    request->peer.trail = NULL; /* the tunnel ends when it must */
    request->authorization = header(request, WSI_TOKEN_HTTP_AUTHORIZATION);
    request->content_type = header(request, WSI_TOKEN_HTTP_CONTENT_TYPE);
    request->host = header(request, WSI_TOKEN_HOST);
    request->if_none_match = header(request, WSI_TOKEN_HTTP_IF_NONE_MATCH);
    request->if_modified_since = header(request, WSI_TOKEN_HTTP_IF_MODIFIED_SINCE);
    request->accept_encoding = header(request, WSI_TOKEN_HTTP_ACCEPT_ENCODING);
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

static void take_address(struct http_request *request, const struct guest *guest)
{
    if (request->route->open && guest->visitor) {
        char *name = arena_alloc(&request->arena, ADMISSION_NAME);
        admission_name(guest->visitor, name);
        request->address = text_of(name);
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
    broker_counters(http->options->broker)->http_rationed++;
    http_refuse_for(request, 429, "rate", "too many requests from this address", 1);
    return true;
}

static void begin_route(struct http_request *request, const struct guest *guest)
{
    struct http *http = request->http;
    size_t path = strlen(request->route->path);
    request->rest = (struct text){request->path.data + path, request->path.len - path};
    take_address(request, guest);
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

/* NULL: no file of the portal is meant. */
static struct portal_content *find_portal_file(const struct http *http, const char *path)
{
    const char *directory = http->options->settings->portal_directory;
    return directory[0] ? portal_find(http->portal, directory, path) : NULL;
}

bool http_pipelined(struct lws *wsi)
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

/* What no route answers: a file of the portal, or a refusal. Takes over the hold on the file; NULL: there is
 * none. */
static void begin_file(struct http_request *request, struct portal_content *file, bool fits, unsigned allowed)
{
    bool wanted = file && (request->method & (HTTP_GET | HTTP_HEAD));
    if (!fits) {
        http_refuse(request, 414, "path", "at most 1023 bytes");
    } else if (!http_body_begin(request)) {
        /* refused as such */
    } else if (wanted) {
        take_headers(request);
        http_answer_file(request, file);
        file = NULL;
    } else {
        answer_stranger(request, file ? HTTP_GET | HTTP_HEAD : allowed);
    }
    if (file) {
        portal_release(file);
    }
    http_ready(request);
}

int http_begin(struct lws *wsi, struct guest *guest, const char *path, size_t len)
{
    char *asked, copy[PATH];
    int asked_len, number = lws_http_get_uri_and_method(wsi, &asked, &asked_len);
    unsigned allowed = 0;
    if (number < 0 || guest->request || (guest->served && http_body_announced(wsi) && http_pipelined(wsi))) {
        return -1;
    }
    guest->served = true;
    bool fits = len < sizeof(copy) && !memchr(path, 0, len);
    memcpy(copy, path, fits ? len : 0);
    copy[fits ? len : 0] = '\0';
    struct http_request *request = begin_request(wsi, guest, method_of(number));
    request->path = (struct text){arena_copy(&request->arena, copy, strlen(copy)), strlen(copy)};
    request->route = find_route(guest->http, guest->metrics, copy, request->method, &allowed);
    if (request->route) {
        take_headers(request);
        begin_route(request, guest);
    } else {
        bool portal = !allowed && !guest->metrics;
        begin_file(request, portal ? find_portal_file(guest->http, copy) : NULL, fits, allowed);
    }
    return 0;
}
