/* One MQTT connection (libmosquitto) that keeps coming back: after a loss it waits, longer each time up to a
 * minute and never in step with others, and connects anew with a client of its own, so that nothing of the
 * old connection is sent by the library behind our back. Never calls a hook from inside a callback of the
 * library. */
#ifndef NEIGHBORS_CLIENT_LINK_H
#define NEIGHBORS_CLIENT_LINK_H

#include "bridge/client/message.h"

struct link;

enum { LINK_MOST_PAYLOAD = 64 * 1024 };

struct link_settings {
    const char *name; /* for the log: "home", "broker" */
    const char *host; /* an address, or a name */
    int port;
    const char *ca, *cert, *key; /* files; ca may be a folder as `openssl rehash` makes it; NULL: no TLS */
    const char *username, *password; /* NULL: none */
    const char *client_id;
    bool mqtt5;                    /* else 3.1.1 */
    bool durable;                  /* the session outlives the connection */
    bool late_acknowledgement;     /* what was received is acknowledged at link_flush, not before */
    uint32_t session_s;            /* mqtt5 and durable: how long the session outlives the connection */
    size_t most_payload;           /* larger messages are not read; 0: LINK_MOST_PAYLOAD */
    const char *will_topic, *will; /* said by the broker, retained, when we are gone; NULL: nothing */
};

/* The acknowledgement of a publish. Views, for the call. */
struct link_acknowledgement {
    int message;            /* as link_publish gave it */
    unsigned reason;        /* MQTT 5 reason code; 0 with 3.1.1 */
    unsigned retry_after_s; /* user property retry-after; 0: none */
    const char *text;       /* reason string; "" when there is none */
    const char *refused;    /* user properties `refused`, a line each; "" when there are none */
};

struct link_hooks {
    void *arg;
    void (*up)(void *arg, bool resumed); /* resumed: the session of before goes on */
    void (*subscribed)(void *arg);       /* every subscription was answered */
    void (*down)(
        void *arg); /* a connection that was up is lost: nothing in flight on it will be acknowledged */
    /* number: its packet id; 0: QoS 0. */
    void (*message)(void *arg, const struct link_message *message, unsigned number);
    void (*acknowledged)(void *arg, const struct link_acknowledgement *acknowledgement);
};

/* The settings' texts must outlive the link. Hooks that are NULL are not called. */
struct link *link_new(const struct link_settings *settings, const struct link_hooks *hooks);
/* finish: writes what waits and says goodbye; else the connection is cut, and what was received and not
 * acknowledged will come again. */
void link_free(struct link *link, bool finish);

/* What poll has to watch (fd -1: nothing now), and after how many ms link_turn wants to be called at the
 * latest. */
int link_poll(struct link *link, short *events, int64_t now);
int link_descriptor(const struct link *link);

/* Does what poll found to be ready and what is due, then calls the hooks. now: monotonic ms; wall: of
 * arriving messages. */
void link_turn(struct link *link, short ready, int64_t now, int64_t wall);
/* Writes what waits. */
void link_flush(struct link *link);
/* All of a turn for who has nothing else to do: waits until the link has work, at most so many ms, and does
 * it. also: a descriptor that ends the waiting when it can be read (-1: none); then true, and nothing was
 * done. */
bool link_wait(struct link *link, int64_t most, int also);

bool link_is_up(const struct link *link);
/* Since when it is up, or was last (0: never), monotonic ms. */
int64_t link_since(const struct link *link);
/* How many messages were larger than most_payload, and so were not read. */
uint64_t link_large(const struct link *link);
/* What went wrong last; "" while it is up. */
const char *link_trouble(const struct link *link);
/* QoS 1. The message's number, unique within the connection, or -1: not sent. */
int link_publish(struct link *link, const char *topic, const char *content_type, struct bytes payload);
/* The same without a content type, as 3.1.1 has none; retain: the broker keeps it for who comes later. */
int link_tell(struct link *link, const char *topic, struct bytes payload, bool retain);
/* Gives the connection up: nothing more is acknowledged on it, and what was not comes again on the next one.
 */
void link_cut(struct link *link);
bool link_subscribe(struct link *link, const char *filter) __attribute__((warn_unused_result));

#endif
