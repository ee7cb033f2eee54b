/* One exchange over HTTP, blocking, with bounds on everything. */
#ifndef NEIGHBORS_BRIDGE_FEED_FETCH_H
#define NEIGHBORS_BRIDGE_FEED_FETCH_H

#include <signal.h>

#include "proto/arena.h"

struct fetch_request {
    const char *url;
    bool allow_http;             /* else https alone, also after redirects */
    bool allow_private;          /* else no loopback, link-local or private address */
    const char *ca;              /* a file of the authorities to trust; NULL: the system's */
    int redirects;               /* at most */
    int timeout_ms;              /* of all of it */
    size_t most;                 /* bytes of the body, unpacked */
    const char *etag;            /* If-None-Match; or NULL */
    const char *modified;        /* If-Modified-Since, as it was told; or NULL */
    bool post;                   /* else GET */
    const char *token;           /* POST: Authorization: Bearer; or NULL */
    const char *type;            /* POST: of the body */
    struct bytes body;           /* POST */
    volatile sig_atomic_t *stop; /* not 0: give up at once; or NULL */
};

enum { FETCH_HEADER = 512, FETCH_ERROR = 256 };
struct fetch_answer {
    long status;             /* HTTP's; 0: there was none */
    struct bytes body;       /* in the arena, with a NUL behind it */
    const char *url;         /* that answered, after redirects; in the arena */
    char etag[FETCH_HEADER]; /* "" when not told */
    char modified[FETCH_HEADER];
    int64_t retry_after_ms;  /* 0: not told */
    char error[FETCH_ERROR]; /* why there is no status, without the address */
};

/* Once a process, before all others, and after them. */
void fetch_begin(void);
void fetch_end(void);

/* True for http on this machine, where nobody on the way reads along: 127.0.0.1, [::1], localhost. */
bool fetch_is_local(const char *url);

/* True when an answer came whole, whatever its status. */
bool fetch(const struct fetch_request *request, struct arena *arena, struct fetch_answer *out)
    __attribute__((warn_unused_result));

#endif
