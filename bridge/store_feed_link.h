/* A connection on which Redis tells what is published, for store_feed.c alone. hiredis' asynchronous one
 * knows no sharded channels, so this reads the socket itself; hiredis' reader takes the messages out of what
 * came. It comes back by itself, after pauses as those of store_link.c. */
#ifndef NEIGHBORS_BRIDGE_STORE_FEED_LINK_H
#define NEIGHBORS_BRIDGE_STORE_FEED_LINK_H

#include "bridge/store_inside.h"

struct feed_link;
/* Told of a link. In each of them it may be dropped. */
struct feed_link_events {
    void (*opened)(struct feed_link *link); /* connected, and AUTH is sent if the address asks for it */
    void (*heard)(struct feed_link *link, const redisReply *reply); /* whatever came, errors too */
    void (*lost)(struct feed_link *link); /* also for each try in vain; what was not sent is gone */
};

struct feed_link {
    struct store *store; /* for its loop, log, user and password */
    const struct feed_link_events *events;
    void *arg;
    struct endpoint *where; /* not owned */
    int fd;                 /* -1: waits for `retry` */
    ev_io io;
    ev_timer retry;
    double pause, since; /* seconds until the next try; store_awake at the last */
    bool open, ready;    /* connected; proved to work */
    redisReader *reader;
    struct buffer out;
};

/* Begins to connect. `where` outlives the link. */
void feed_link_start(struct feed_link *link, struct store *store, struct endpoint *where,
    const struct feed_link_events *events, void *arg);
/* Sends it; takes the command's bytes. Dropped while there is no connection. */
void feed_link_send(struct feed_link *link, struct command *command);
/* It works: its loss is to be told in the log, and the next try comes after a short pause. */
void feed_link_ready(struct feed_link *link);
/* Gives the connection up and tries a new one after the pause. */
void feed_link_drop(struct feed_link *link, const char *why);
/* Ends it for good, without telling. */
void feed_link_stop(struct feed_link *link);

#endif
