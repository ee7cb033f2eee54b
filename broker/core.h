/* The inside of the broker, for the files of broker/ alone.
 *
 * The life of one message, inward: connection_receive finds a whole PUBLISH and makes a publication of it
 * (step/publication.h); the pipeline takes it through the steps decode, authorize, locate, store
 * (step/pipeline.c has the table); the store answers; acknowledge writes PUBACK or PUBREC in the order in
 * which the publications came. Outward: the store tells an entry of a followed channel (session/channel.c
 * keeps the newest in a ring); broker_turn takes each link of that channel on (session/deliver.c), matches
 * the entry with the session's followed places (session/place.c), and puts a PUBLISH into the connection's
 * output. A session's queue is a cursor a channel. */
#ifndef NEIGHBORS_BROKER_CORE_H
#define NEIGHBORS_BROKER_CORE_H

#include <stdlib.h>
#include <sys/queue.h>

#include "broker/broker.h"
#include "broker/log.h"
#include "geo/geo.h"

struct channel;
struct connection;
struct followed_place;
struct session;
struct publication;
struct alert_object;
struct inquiry;
struct known_principal;

LIST_HEAD(connection_list, connection);
TAILQ_HEAD(session_queue, session);
TAILQ_HEAD(channel_queue, channel);
TAILQ_HEAD(publication_list, publication);
TAILQ_HEAD(will_list, will);
TAILQ_HEAD(inquiry_list, inquiry);
TAILQ_HEAD(principal_list, known_principal);
TAILQ_HEAD(rationed_list, connection);

/* Those whose credentials end (session/expiry.h). */
struct expiries {
    struct connection **due; /* the first is due first */
    size_t count, room;
};

struct broker {
    struct broker_options options;
    const struct seal *seal;
    struct store *store;
    struct counters counters;

    struct connection_list connections;
    struct connection *tick_next; /* where the scan for time-outs goes on */
    size_t connection_count;
    struct expiries expiries;
    struct rationed_list rationed; /* that sent too much, and are not read now */
    int64_t tick_at;               /* ms of the last scan step */
    int64_t awake_at;              /* ms: when the process went on that stood still, or the clock was set */

    struct session *sessions; /* by name: connected here */
    struct channel *channels; /* by name: followed here */
    uint64_t channel_serial, alert_serial, client_serial;
    size_t alerts_taken_back;              /* of the alerts in memory: by moderation */
    struct followed_place *places;         /* by name: followed here */
    struct alert_object *alerts;           /* by public id and revision: loaded */
    struct known_principal *principals;    /* by name: of sessions, and devices that edges speak for */
    struct principal_list idle_principals; /* those that nobody holds */
    size_t idle_principal_count;
    bool principals_stale;     /* the store failed to tell of some */
    int64_t followers_told_at; /* ms: when the store was told last how many follow where */

    struct channel_queue dirty; /* channels with entries that their links have not seen */
    struct session_queue pump;  /* sessions that may go on */
    size_t pump_count;
    struct session_queue waiting;                 /* sessions that wait for an alert to be loaded */
    struct channel_queue waiting_channels;        /* channels whose newest entry does */
    struct publication_list waiting_publications; /* likewise */
    struct publication_list posts;                /* that begin with the next turn (broker/post.h) */
    struct inquiry_list waiting_inquiries;        /* likewise (broker/inquiry.h) */
    size_t inquiry_count;
    struct alert_object *delivered; /* lately: whose deliveries are still to be told (session/delivered.h) */
    int64_t delivered_told_at;      /* ms */
    unsigned delivered_count;       /* in the list */
    struct alert_object **agency_alerts; /* in force when somebody asked last; held */
    size_t agency_count;
    int64_t agency_changed; /* ms: since when it is these; 0: nobody asked */
    size_t will_count;
    struct will_list wills; /* whose delay is not over */
    struct pushes *pushes;  /* push_inside.h; NULL: push is not offered */
    int64_t turn_at;        /* ms: when it was asked first in this turn; 0: it was not yet (turn_now) */
    bool alerts_failed;     /* some could not be loaded */
    bool store_available;
    bool draining;
    struct publication *spare; /* freed publications, to be used again */
    size_t spare_count;
};

static inline int64_t broker_now(const struct broker *broker)
{
    return broker->options.now();
}

/* The same for what counts durations alone: the clock is read once a turn. */
static inline int64_t turn_now(struct broker *broker)
{
    if (!broker->turn_at)
        broker->turn_at = broker_now(broker);
    return broker->turn_at;
}

/* malloc and friends that end the process with a line in the log when there is no memory. */
void *must_alloc(size_t size);
void *must_calloc(size_t size);
void *must_realloc(void *old, size_t size);

/* Tells a principal's role from "<role>/<id>"; 0 when the name is not well formed. Bits, for masks of roles.
 */
enum role {
    ROLE_DEVICE = 1,
    ROLE_EDGE = 2,
    ROLE_USER = 4,
    ROLE_AGENCY = 8,
    ROLE_OPERATOR = 16,
    ROLE_NODE = 32
};
enum role role_of(struct text principal);

/* The order of positions in a channel: index 0 means the whole entry, so it lies behind every other index of
 * it. */
int position_order(struct position_in_channel a, struct position_in_channel b);

#endif
