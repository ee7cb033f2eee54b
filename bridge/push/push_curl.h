/* Sending of push messages with libcurl on a libev loop. */
#ifndef NEIGHBORS_BRIDGE_PUSH_CURL_H
#define NEIGHBORS_BRIDGE_PUSH_CURL_H

#include "bridge/push.h"

struct ev_loop;
struct push;

struct push_options {
    const char *key_file; /* PEM, P-256 */
    const char *contact;  /* whom a push service may ask: "mailto:…" or "https://…" */
    const char *hosts;    /* where messages may go (push_host.h) */
    const char *ca_file;  /* PEM: the authorities that push services are trusted by; "": the system's */
    int64_t timeout_ms;   /* from the first byte to the answer */
    int64_t (*now)(void); /* ms since 1970 */
};

/* What is wrong with the options, the key file among them; NULL: nothing. Static text. */
const char *push_options_fault(const struct push_options *options);

/* Texts of the options are not copied and must outlive it. NULL: *error is static text. */
struct push *push_new(struct ev_loop *loop, const struct push_options *options, const char **error);
struct push_service push_service_of(struct push *push);
/* Messages on their way are answered with PUSH_ENDING first. NULL is allowed. */
void push_free(struct push *push);

#endif
