/* Between the files of http: connections, and the requests on them. */
#ifndef NEIGHBORS_BROKER_NET_HTTP_INSIDE_H
#define NEIGHBORS_BROKER_NET_HTTP_INSIDE_H

#include <ev.h>
#include <libwebsockets.h>

#include "broker/net/request.h"
#include "broker/net/websocket.h"

/* How long we listen to a client that was refused before its body was read, so that it hears why. */
enum { HTTP_DRAIN_MS = 2000 };

LIST_HEAD(request_list, http_request);

struct http {
    const struct net_options *options;
    struct wires *wires;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct lws_protocols protocols[3];
    struct websockets websockets;
    struct guest *arriving; /* being adopted */
    size_t guests;
    struct request_list requests; /* that have a connection */
    size_t held;                  /* bytes of bodies and answers */
    struct portal *portal;
    ev_timer nudge, watch;
};

/* One connection that we gave to libwebsockets. */
struct guest {
    struct http *http;
    struct visitor *visitor;      /* its share of the limits; NULL: none */
    struct peer *tunnelled;       /* owned; who is at the other end of its tunnel; NULL: it has none */
    bool metrics;                 /* it came to the metrics listener */
    bool served;                  /* it had a request before */
    struct http_request *request; /* NULL: none now */
};

/* Who is at the other end. The certificate's name lives as long as the guest. */
void http_peer(struct lws *wsi, struct peer *out);

/* ms, monotonic, of this turn. */
int64_t http_now(const struct http *http);

/* ---- heads (http_head.c) ---- */

/* A request has come. Returned to libwebsockets. */
int http_begin(struct lws *wsi, struct guest *guest, const char *path, size_t len);
/* The request is whole: asks its route. */
void http_serve(struct http_request *request);
/* True when the client has sent more than was served, or another one may have: libwebsockets says only that
 * somebody has whose reading is not stopped. */
bool http_pipelined(struct lws *wsi);

/* ---- answers (http_write.c) ---- */

/* The connection takes bytes. Returned to libwebsockets. */
int http_writable(struct lws *wsi, struct http_request *request);
/* The request and its connection part: what the route may still say of it is dropped. */
void http_part(struct http_request *request);

/* ---- time (http_watch.c) ---- */

/* Ends what has lasted too long; a few times a second. */
void http_watch(struct http *http);

/* ---- bodies (http_body.c) ---- */

/* True when libwebsockets will read a body of this request. */
bool http_body_announced(struct lws *wsi);
/* Looks at what is said of the body; false: the request is answered with a refusal. */
bool http_body_begin(struct http_request *request) __attribute__((warn_unused_result));
/* Reads it: http_serve follows when it is there. Or refuses. */
void http_body_expect(struct http_request *request);
/* What libwebsockets calls back: bytes came, all came. Returned to it. */
int http_body_take(struct http_request *request, const void *data, size_t len);
int http_body_end(struct http_request *request);
/* Some of the announced body has not come. */
bool http_body_missing(const struct http_request *request);
/* Frees it. */
void http_body_drop(struct http_request *request);

#endif
