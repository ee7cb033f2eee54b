/* Health and metrics. */
#include <stdlib.h>
#include <time.h>

#include "broker/net/answer.h"

static bool store_up(const struct http_request *request)
{
    const struct store *store = request->net->store;
    return store && store_counters(store)->available;
}

static void serve_health(struct http_request *request)
{
    http_answer_bytes(request, store_up(request) ? 200 : 503, NULL, NULL, 0);
    http_done(request);
}

/* Whichever process looks after it says when the public record is not what was signed. */
static bool record_broken(const struct http_request *request)
{
    const struct net_options *net = request->net;
    bool broken = false;
    board_publish(net->state, broker_counters(net->broker), net->store);
    for (size_t i = 0; i < net->board->count; i++) {
        broken |= net->board->processes[i].store.log_broken != 0;
    }
    return broken;
}

static void serve_dependencies(struct http_request *request)
{
    bool up = store_up(request);
    const char *durability = request->net->store ? store_durability(request->net->store) : "unknown";
    const char *record = record_broken(request) ? "changed" : "whole";
    int64_t skew = state_clock_skew(request->net->state);
    bool in_step = llabs(skew) <= CLOCK_SKEW_MS;
    json_t *dependencies =
        json_pack("{s:s, s:s, s:s, s:s, s:I}", "store", up ? "up" : "down", "durability", durability,
            "record", record, "clock", in_step ? "in step" : "skewed", "clock_ahead_ms", (json_int_t)skew);
    answer_json(request, up && in_step ? 200 : 503, dependencies);
    http_done(request);
}

/* Whether clients may be sent here: no word on what is wrong elsewhere, which another process would share. */
static void serve_readiness(struct http_request *request)
{
    const char *why = !atomic_load(&request->net->state->ready) ? "stopping"
                      : !store_up(request)                      ? "no store"
                                                                : NULL;
    answer_json(request, why ? 503 : 200, json_pack("{s:s}", "status", why ? why : "ready"));
    http_done(request);
}

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void serve_metrics(struct http_request *request)
{
    const struct net_options *net = request->net;
    board_publish(net->state, broker_counters(net->broker), net->store);
    char *page = metrics_page(net->board, wall_clock_ms());
    http_answer_bytes(
        request, 200, "text/plain; version=0.0.4; charset=utf-8", page, page ? strlen(page) : 0);
    http_done(request);
}

const struct http_route routes_health[] = {
    {.path = "/healthz", .method = HTTP_GET, .counted = HTTP_HEALTH, .serve = serve_health},
    {0},
};

const struct http_route routes_metrics[] = {
    {.path = "/metrics", .method = HTTP_GET, .counted = HTTP_METRICS, .serve = serve_metrics},
    {.path = "/healthz", .method = HTTP_GET, .counted = HTTP_HEALTH, .serve = serve_dependencies},
    {.path = "/readyz", .method = HTTP_GET, .counted = HTTP_HEALTH, .serve = serve_readiness},
    {0},
};
