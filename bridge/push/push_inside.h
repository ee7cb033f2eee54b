/* What the files of sending share among themselves; nobody else includes this. */
#ifndef NEIGHBORS_BRIDGE_PUSH_INSIDE_H
#define NEIGHBORS_BRIDGE_PUSH_INSIDE_H

#include <curl/curl.h>
#include <ev.h>
#include <sys/queue.h>

#include "bridge/push/push_curl.h"
#include "bridge/push/push_host.h"
#include "bridge/push/push_key.h"
#include "bridge/push/push_seal.h"

enum { SERVICES = 64 };

/* One push service: the token that it is shown, and whether it is ill. */
struct service {
    char origin[PUSH_ORIGIN];
    char authorization[PUSH_AUTHORIZATION];
    int64_t token_until; /* ms */
    unsigned failures;   /* one after the other */
    int64_t ill_until;   /* ms: nothing is asked of it before */
    unsigned in_flight;  /* messages on their way to it */
    int64_t used;        /* ms: for who makes room */
};

/* One message on its way. */
struct sending {
    TAILQ_ENTRY(sending) in_list; /* of those on their way, or of those that are answered soon */
    struct push *push;
    struct service *service;
    CURL *curl; /* NULL: nothing was sent */
    struct curl_slist *headers;
    uint8_t body[PUSH_BODY];
    size_t answered; /* bytes */
    bool exact;      /* its address may be a private one */
    bool forbidden;  /* its address is a private one */
    push_done *done;
    void *arg;
    enum push_outcome outcome; /* of one that is answered soon */
    int64_t retry_after_ms;
};
TAILQ_HEAD(sending_list, sending);

struct push {
    struct push_options options;
    struct push_key *key;
    struct ev_loop *loop;
    CURLM *multi;
    ev_timer timer; /* libcurl's */
    ev_timer soon;
    struct sending_list sent, known; /* on their way; whose outcome is known */
    struct service services[SERVICES];
    size_t service_count;
};

/* ---- push_service.c ---- */
/* The service at that origin, with a token that is good for a while; NULL: there is no room, or the token is
 * too long. */
struct service *push_service_at(struct push *push, const char *origin);
/* For how many ms nothing is to be asked of it; 0: it may be. */
int64_t push_service_pause(const struct push *push, const struct service *service);
/* It answered, or did not. */
void push_service_heard(struct push *push, struct service *service, bool well);

/* ---- push_request.c ---- */
/* Fills the handle. False: the payload cannot be sealed to that key, or is too long. */
bool push_request_fill(struct sending *sending, const struct push_message *message, const char *endpoint)
    __attribute__((warn_unused_result));
/* What became of it. */
void push_request_read(struct sending *sending, CURLcode result);

#endif
