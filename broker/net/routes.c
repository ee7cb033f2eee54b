/* The HTTP routes and what they answer. */
#include "broker/net/routes.h"

#include <stdlib.h>

static const char json[] = "application/json";

static void answer_text(struct http_request *request, const char *type, char *body)
{
    if (!body) {
        abort();
    }
    request->type = type;
    request->body = body;
    request->len = strlen(body);
}

static const char *text_of_status(int status)
{
    switch (status) {
    case 404:
        return "not found";
    case 411:
        return "length required";
    default:
        return "refused";
    }
}

void http_refuse(struct http_request *request, int status, const char *field, const char *rule)
{
    char *body = NULL;
    if (asprintf(&body, "{\"code\":%d,\"field\":\"%s\",\"rule\":\"%s\",\"text\":\"%s\"}\n", status, field,
            rule, text_of_status(status)) < 0) {
        abort();
    }
    request->status = status;
    answer_text(request, json, body);
}

static bool store_up(const struct http_request *request)
{
    const struct store *store = request->net->store;
    return store && store_counters(store)->available;
}

static void answer_health(struct http_request *request)
{
    request->status = store_up(request) ? 200 : 503;
}

static void answer_dependencies(struct http_request *request)
{
    char *body = NULL;
    bool up = store_up(request);
    const char *durability = request->net->store ? store_durability(request->net->store) : "unknown";
    if (asprintf(&body, "{\"store\":\"%s\",\"durability\":\"%s\"}\n", up ? "up" : "down", durability) < 0) {
        abort();
    }
    request->status = up ? 200 : 503;
    answer_text(request, json, body);
}

static void answer_metrics(struct http_request *request)
{
    const struct net_options *net = request->net;
    board_publish(net->state, broker_counters(net->broker), net->store);
    answer_text(request, "text/plain; version=0.0.4; charset=utf-8", metrics_page(net->board));
}

static const struct http_route routes[] = {
    {"GET", "/healthz", answer_health},
    {NULL, NULL, NULL},
};

static const struct http_route metrics_routes[] = {
    {"GET", "/metrics", answer_metrics},
    {"GET", "/healthz", answer_dependencies},
    {NULL, NULL, NULL},
};

const struct http_route *route_find(bool metrics, const char *method, const char *path)
{
    method = strcmp(method, "HEAD") == 0 ? "GET" : method;
    for (const struct http_route *route = metrics ? metrics_routes : routes; route->path; route++) {
        if (strcmp(route->method, method) == 0 && strcmp(route->path, path) == 0) {
            return route;
        }
    }
    return NULL;
}
