/* The HTTP routes: a row each. A new route is one line here and one function. */
#ifndef NEIGHBORS_BROKER_NET_ROUTES_H
#define NEIGHBORS_BROKER_NET_ROUTES_H

#include "broker/net/net.h"

/* One request and its answer. */
struct http_request {
    const struct net_options *net;
    const char *path; /* as asked, decoded, without query */
    int status;       /* of the answer; 200 unless the route changes it */
    const char *type; /* its content type: static text; NULL: no body */
    char *body;       /* made with malloc; freed by whoever calls; NULL: none */
    size_t len;
};

struct http_route {
    const char *method, *path;
    void (*answer)(struct http_request *request);
};

/* The route, NULL when there is none. HEAD finds GET's. `metrics` tells which listener was asked. */
const struct http_route *route_find(bool metrics, const char *method, const char *path);

/* Makes the answer an error: {code, field, rule, text}. All are static text. */
void http_refuse(struct http_request *request, int status, const char *field, const char *rule);

#endif
