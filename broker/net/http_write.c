/* Answers: written as the connection takes them, and what becomes of it afterwards. */
#include "broker/net/http_inside.h"

enum { HEADERS = 4096, CHUNK = 16 * 1024 };
enum { SLOWEST = 8 * 1024 }; /* bytes a second that a reader has to take, in the long run */

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

void http_part(struct http_request *request)
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
    http_part(request);
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

int http_writable(struct lws *wsi, struct http_request *request)
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
    size_t own = answer->file ? 0 : answer->len; /* what is shared by all costs nothing more */
    http->held += own;
    request->held += own;
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
