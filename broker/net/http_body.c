/* Bodies of requests: announced by Content-Length, within a limit and a time, whole in memory before the
 * route sees them. */
#include <stdlib.h>
#include <strings.h>

#include "broker/net/http_inside.h"

bool http_body_announced(struct lws *wsi)
{
    char length[24];
    int len = lws_hdr_copy(wsi, length, sizeof(length), WSI_TOKEN_HTTP_CONTENT_LENGTH);
    bool none = len > 0 && strspn(length, "0") == (size_t)len;
    return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0 || (len != 0 && !none) ||
           lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI) > 0 ||
           lws_hdr_total_length(wsi, WSI_TOKEN_PUT_URI) > 0 ||
           lws_hdr_total_length(wsi, WSI_TOKEN_PATCH_URI) > 0;
}

/* The announced length; -1: none, -2: not readable. */
static long long announced_length(struct lws *wsi)
{
    char length[20];
    int len = lws_hdr_copy(wsi, length, sizeof(length), WSI_TOKEN_HTTP_CONTENT_LENGTH);
    if (len == 0) {
        return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) == 0 ? -1 : -2;
    }
    if (len < 0 || len > 18 || strspn(length, "0123456789") != (size_t)len) {
        return -2;
    }
    return atoll(length);
}

static bool refuse(struct http_request *request, int status, const char *field, const char *rule)
{
    request->wants_close = true;
    broker_counters(request->http->options->broker)->http_bodies_refused++;
    http_refuse(request, status, field, rule);
    return false;
}

bool http_body_begin(struct http_request *request)
{
    struct lws *wsi = request->wsi;
    bool wanted = request->route && request->route->method == HTTP_POST;
    long long length = announced_length(wsi), most = request->net->settings->http_body_max;
    if (wanted && request->route->body_most && (long long)request->route->body_most < most) {
        most = (long long)request->route->body_most;
    }
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
        return refuse(request, 411, "transfer-encoding", "send a content-length");
    }
    if (length == -2) {
        return refuse(request, 400, "content-length", "must be one number");
    }
    if (length == -1) {
        /* libwebsockets expects a body of these methods even so: the connection is not used again. */
        request->wants_close = http_body_announced(wsi);
        return !wanted || refuse(request, 411, "content-length", "required");
    }
    request->body_size = (size_t)length;
    request->wants_close = length > 0 && !wanted;
    if (wanted && length > most) {
        return refuse(request, 413, "content-length", "more than is taken here");
    }
    return true;
}

/* False: it was refused. */
static bool go_ahead(struct http_request *request)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uint8_t buffer[LWS_PRE + sizeof(line)];
    char expected[32], version[12];
    int len = lws_hdr_copy(request->wsi, expected, sizeof(expected), WSI_TOKEN_HTTP_EXPECT);
    if (len == 0 || lws_hdr_copy(request->wsi, version, sizeof(version), WSI_TOKEN_HTTP) <= 0 ||
        strcmp(version, "HTTP/1.0") == 0) {
        return true;
    }
    if (len < 0 || strcasecmp(expected, "100-continue") != 0) {
        http_refuse(request, 417, "expect", "100-continue");
        return false;
    }
    memcpy(buffer + LWS_PRE, line, sizeof(line) - 1);
    /* What cannot be written is found out with the answer. */
    (void)lws_write(request->wsi, buffer + LWS_PRE, sizeof(line) - 1, LWS_WRITE_HTTP_HEADERS_CONTINUATION);
    return true;
}

void http_body_expect(struct http_request *request)
{
    struct http *http = request->http;
    request->stage = HTTP_READING;
    request->deadline = http_now(http) + http->options->settings->http_body_ms;
    if (!go_ahead(request)) {
        http_ready(request);
        return;
    }
    request->body = malloc(request->body_size + 1);
    if (!request->body) {
        abort();
    }
    request->held += request->body_size;
    http->held += request->body_size;
}

int http_body_take(struct http_request *request, const void *data, size_t len)
{
    if (!request || len == 0) {
        return 0;
    }
    size_t room = request->body_size - request->body_len;
    size_t taken = len < room ? len : room;
    if (request->stage == HTTP_READING && request->body) {
        memcpy(request->body + request->body_len, data, taken);
    }
    request->body_len += taken;
    return 0;
}

int http_body_end(struct http_request *request)
{
    if (!request) {
        return 0;
    }
    if (request->stage == HTTP_DRAINING) {
        return -1;
    }
    if (request->stage == HTTP_READING && request->body) {
        http_serve(request);
    }
    return 0;
}

bool http_body_missing(const struct http_request *request)
{
    return request->body_len < request->body_size;
}

void http_body_drop(struct http_request *request)
{
    if (request->body) {
        free(request->body);
        request->body = NULL;
        request->held -= request->body_size;
        request->http->held -= request->body_size;
    }
}
