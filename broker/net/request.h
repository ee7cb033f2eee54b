/* One HTTP request, its body and its answer, and the table of routes. A route answers at once or in a later
 * turn; its request outlives the connection: when that ends first, what the route answers is dropped. */
#ifndef NEIGHBORS_BROKER_NET_REQUEST_H
#define NEIGHBORS_BROKER_NET_REQUEST_H

#include <sys/queue.h>

#include "broker/net/net.h"
#include "broker/transport.h"
#include "proto/arena.h"

struct admission;
struct http;
struct lws;
struct portal_content;
struct visitor;

enum http_method { HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_OPTIONS = 8, HTTP_OTHER = 16 };

enum http_stage {
    HTTP_READING,  /* its body */
    HTTP_WORKING,  /* the route has it */
    HTTP_ANSWERED, /* its answer is whole */
    HTTP_WRITING,
    HTTP_DRAINING, /* answered before its body was read: what comes of it is dropped, then it is closed */
};

enum { HTTP_FURTHER = 16, HTTP_ARGUMENTS = 8 };

struct http_answer {
    int status;       /* 0: not answered */
    const char *type; /* content type, static text; NULL: no body */
    char *body;       /* made with malloc, owned, or in `file`; NULL: none */
    size_t len;
    struct portal_content *file; /* held, the body is in it; NULL: none */
    size_t further_count; /* headers: name with a colon, in lower case, and value; in the arena or static */
    struct {
        const char *name, *value;
    } further[HTTP_FURTHER];
    bool close; /* the connection, afterwards */
};

struct http_request;

/* A row of the table. A path that ends in '/' stands for all below it. A route of POST gets the whole body.
 */
struct http_route {
    const char *path;
    enum http_method method; /* GET (with HEAD), or POST */
    enum http_counted counted;
    size_t body_most; /* bytes; 0: as http_body_max says */
    bool open;        /* public: pages of other origins may read it, and it is rationed by address */
    /* Looks at the headers, before any body is read; may answer. NULL: nothing to look at. */
    void (*look)(struct http_request *request);
    /* Answers by http_done, now or later, once. */
    void (*serve)(struct http_request *request);
};

struct http_request {
    LIST_ENTRY(http_request) in_list; /* of those that have a connection */
    struct http *http;                /* this and the next two are NULL when it has no connection any more */
    const struct net_options *net;
    struct lws *wsi;
    const struct http_route *route;
    enum http_method method;
    enum http_stage stage;
    bool owed;        /* the route has still to call http_done */
    bool wants_close; /* the connection cannot go on behind this request */
    bool watched;     /* its answer was being written already when looked at last */
    int64_t deadline; /* ms, monotonic; of the stage */

    /* What was asked, in the arena; absent text has len 0. */
    struct text path, rest; /* decoded, without query; what is behind the route's path */
    struct text arguments[HTTP_ARGUMENTS];
    size_t argument_count;
    struct text address; /* whose it is, as limits count addresses (admission.h); of open routes */
    struct text authorization, content_type, host, if_none_match, if_modified_since, accept_encoding;

    size_t body_len, body_size; /* of those announced, those that came */
    uint8_t *body;              /* NULL: none */
    size_t held;                /* bytes counted against http_memory */

    struct http_answer answer;
    size_t written;

    struct peer peer; /* who asks; its certificate's name is in the arena */

    struct credential credential; /* of routes that ask for one */
    void *job;                    /* of the route */
    struct arena arena;
};

/* The value of a query argument: true when it is there. */
bool http_argument(const struct http_request *request, const char *name, struct text *out);

/* A header of the answer. name: static, lower case, with its colon. */
void http_header(struct http_request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The answer's body: `body` is made with malloc and taken over. type: static text. */
void http_answer_bytes(struct http_request *request, int status, const char *type, char *body, size_t len);

/* The answer is a file of the portal, in the form that the client prefers, with what a browser may do with
 * it; or 304. Takes over the hold on it. */
void http_answer_file(struct http_request *request, struct portal_content *file);

/* Makes the answer an error: {code, field, rule, text}. */
void http_refuse(struct http_request *request, int status, const char *field, const char *rule);
/* The same with a Retry-After. */
void http_refuse_for(
    struct http_request *request, int status, const char *field, const char *rule, uint32_t seconds);

/* The answer is whole. May be called inside the route or in any later turn; the request may be gone
 * afterwards. */
void http_done(struct http_request *request);

/* The route will answer in a later turn, within `ms` (the setting http_idle_s when it does not say); else it
 * is 503, with the text that nothing is known. */
void http_within(struct http_request *request, int64_t ms);
/* False: nobody waits for the answer any more. What was asked of the request is then not to be looked at:
 * http_done alone is called. */
bool http_waiting(const struct http_request *request);

/* True when the client has what the answer would be: makes it 304. etag: as sent, with its quotes. changed:
 * ms, 0 when not known. Sets both headers. */
bool http_unchanged(struct http_request *request, const char *etag, int64_t changed);

/* For the engine (http.c). */
struct http_request *http_request_new(struct http *http, const struct net_options *net, struct lws *wsi);
void http_request_free(struct http_request *request);
/* The engine's part of http_done: writes the answer of a request that has a connection. */
void http_ready(struct http_request *request);

/* The route of a path and method; NULL when there is none: *allowed (bits of enum http_method) then says what
 * the path has. HEAD finds GET's. */
const struct http_route *route_find(
    const struct http_route *routes, const char *path, enum http_method method, unsigned *allowed);

/* What every process serves: the health, and the metrics listener's pages. The rows end with path NULL. */
extern const struct http_route routes_health[], routes_metrics[];
/* What neighborsd serves (routes.c). */
extern const struct http_route routes_public[];

#endif
