/* Time: what lasts too long is answered so, or cut off. */
#include <sys/ioctl.h>

#include "broker/net/http_inside.h"

/* True when its client has sent more already and is slow to read the answer: until it does, the loop would
 * find something to read on it each turn, which nobody may. */
static bool crowded(const struct http_request *request)
{
    int waiting = 0;
    if (ioctl(lws_get_socket_fd(request->wsi), FIONREAD, &waiting) == 0 && waiting > 0) {
        return true;
    }
    lws_rx_flow_control(request->wsi, 0);
    bool others = http_pipelined(request->wsi);
    lws_rx_flow_control(request->wsi, 1);
    return !others && http_pipelined(request->wsi);
}

static void cut_off(struct http_request *request)
{
    request->deadline = INT64_MAX;
    lws_set_timeout(request->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* A request whose stage has lasted too long. */
static void overdue(struct http_request *request)
{
    struct counters *counters = broker_counters(request->http->options->broker);
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

void http_watch(struct http *http)
{
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
