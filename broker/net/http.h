/* HTTP and WebSocket on libwebsockets, on our loop, behind our listeners: MQTT at /mqtt (websocket.h), the
 * routes (routes.c), the portal's files, and the metrics listener. Everything else is a 404 in JSON. */
#ifndef NEIGHBORS_BROKER_NET_HTTP_H
#define NEIGHBORS_BROKER_NET_HTTP_H

#include <netinet/in.h>

#include "broker/net/net.h"

struct http;
struct peer;
struct visitor;
struct wires;

/* NULL when libwebsockets cannot be started. Nothing is owned. */
struct http *http_new(const struct net_options *options, struct wires *wires);

/* Take over an accepted socket; listener_accepted with struct http. */
void http_accepted(void *http, int fd, const struct sockaddr_storage *address, struct visitor *visitor);
void http_accepted_metrics(
    void *http, int fd, const struct sockaddr_storage *address, struct visitor *visitor);

/* Takes over the plain side of a tunnel from TLS (tunnel.h). peer: who is at its other end; copied. */
void http_accepted_tunnel(void *http, int fd, const struct peer *peer, struct visitor *visitor);

/* Requests that are not answered to the end. */
size_t http_unanswered(const struct http *http);

/* Closes all its connections, WebSocket wires too. http may be NULL. */
void http_free(struct http *http);

#endif
