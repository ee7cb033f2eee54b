/* A link's inside: between link.c, which connects and comes back, and link_arrivals.c, which takes what the
 * library tells, alone. */
#ifndef NEIGHBORS_CLIENT_LINK_INSIDE_H
#define NEIGHBORS_CLIENT_LINK_INSIDE_H

#include <mosquitto.h>

#include "bridge/client/link.h"

struct arrival; /* what a callback left for the end of the turn */

struct link {
    struct link_settings settings;
    struct link_hooks hooks;
    struct mosquitto *client; /* NULL while waiting */
    bool connected, lost;     /* the socket is through; the connection is of no more use */
    bool up, told_up, resumed;
    bool marked;           /* the next message is marked as delivered again */
    size_t subscribing;    /* subscriptions without an answer yet */
    struct lookup *lookup; /* of the host's name, before connecting */
    int64_t began, retry_at, pause;
    int64_t now;      /* of this turn */
    int64_t up_since; /* or when it was last */
    char trouble[160];
    int64_t trouble_told; /* 0: not yet */
    uint64_t large;       /* messages that were not read */
    size_t bytes;         /* of what arrived in this turn */
    struct arrival *first, **last;
};

void link_log(const struct link *link, const char *what);
/* The connection is of no more use. Says why (why NULL: what says it all); the same again only once an hour:
 * outages may be long. */
void link_give_up(struct link *link, const char *what, const char *why);

/* Sets the callbacks of a new client; its user data is the link. */
void link_listen(struct mosquitto *client);
/* Calls the hooks with what has come, and frees it. wall: of messages, ms. */
void link_hand_over(struct link *link, int64_t wall);

#endif
