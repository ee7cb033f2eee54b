/* Notices to browsers without a connection, in the broker's own verbs: an encrypted message is handed to the
 * push service that the browser chose (RFC 8030). One thread; what is asked is answered exactly once, never
 * inside the call itself, in a later turn of the loop. */
#ifndef NEIGHBORS_BRIDGE_PUSH_H
#define NEIGHBORS_BRIDGE_PUSH_H

#include "proto/bytes.h"

enum {
    PUSH_PAYLOAD = 1945, /* bytes of the longest payload; every message is as long as one of these */
    PUSH_TOPIC = 32,     /* characters */
};

enum push_urgency { PUSH_NORMAL, PUSH_HIGH };

struct push_message {
    struct text endpoint;      /* that `allows` allowed when it came */
    struct bytes p256dh, auth; /* the browser's: PUSH_PUBLIC_KEY and PUSH_AUTH bytes (message.h) */
    struct bytes payload;      /* in plain, at most PUSH_PAYLOAD bytes */
    uint32_t ttl_s;            /* the service keeps it so long for a browser that is away */
    enum push_urgency urgency;
    char topic[PUSH_TOPIC + 1]; /* A-Za-z0-9_-: the service keeps the newest of a topic alone */
};

enum push_outcome {
    PUSH_TAKEN,  /* by the service */
    PUSH_GONE,   /* there is no such subscription any more */
    PUSH_LATER,  /* the service did not answer, is ill, or wants less: try again */
    PUSH_NEVER,  /* the service refuses this message, or no connection may go there */
    PUSH_ENDING, /* the process is ending: nothing is known */
};
enum { PUSH_OUTCOMES = PUSH_ENDING + 1 };
/* retry_after_ms: LATER, as the service told; 0: not told. */
typedef void push_done(void *arg, enum push_outcome outcome, int64_t retry_after_ms);

/* Who sends; a table of functions, so that the core knows no library. */
struct push_service {
    void *arg;
    struct bytes public_key; /* PUSH_PUBLIC_KEY bytes, told to clients; lives as long as the service */
    /* Whether messages may go to that endpoint and be sealed to that key. False: *field and *rule say why;
     * static. */
    bool (*allows)(
        void *arg, struct text endpoint, struct bytes p256dh, const char **field, const char **rule);
    /* Seals the message, signs for who sends it, and sends it. Views are copied before the call returns. */
    void (*send)(void *arg, const struct push_message *message, push_done *done, void *done_arg);
};

#endif
