/* Events of motion, stored once. Part of bridge/store.h, which says how calls are answered. */
#ifndef NEIGHBORS_BRIDGE_STORE_MOTION_H
#define NEIGHBORS_BRIDGE_STORE_MOTION_H

#include "bridge/store_channel.h"

struct store_motion_event {
    uint64_t seq;                      /* 0: not numbered */
    struct bytes record;               /* for the household's log, opaque, at most 255 bytes */
    bool publish;                      /* may wait for publication, as sharing and k allow then */
    uint8_t activity[ACTIVITY_RECORD]; /* what would be published */
    uint16_t device;                   /* number of its device in the household, and when it happened (ms): */
    int64_t at;                        /* two of one device within its cooldown are published as one */
};
/* Events of one sender that lie in one channel of precision 5, of one session. An event that is sent again
 * has the same channel: what was stored is known in the channel's region. */
struct store_motion {
    struct text sender;   /* "edge/home-7" */
    struct text instance; /* client id */
    uint64_t session;
    uint16_t
        qos2_packet; /* not 0: the packet id that PUBREL will release; its second coming stores nothing */
    uint64_t
        generation; /* with qos2_packet: of the session whose id it is; FENCED when somebody newer has it */
    bool once;      /* nothing is numbered: an event of which the record is among the sender's last 64 is a
                       repeat */
    struct text household;    /* whose log */
    uint64_t sharing_version; /* of what the household shares, under which `publish` was judged: under another
                                 one nothing of it is published any more */
    char channel[13];         /* geohash of the channel */
    char leaf[13];            /* geohash of the leaf cell, whose sharing households count for k */
    size_t count;             /* 1 to 64 */
    const struct store_motion_event *events;
};
struct store_motion_result {
    enum store_status status; /* OK, FENCED, FAILED or GONE */
    bool session_old;         /* the region heard of two newer sessions: nothing was stored */
    uint64_t current_session; /* of this sender and instance, when session_old */
    uint64_t too_old;         /* bit n: events[n] lies below the window; not stored */
    uint64_t repeated;        /* bit n: events[n] was stored before; nothing done */
};
typedef void store_motion_done(void *arg, const struct store_motion_result *result);

/* Stores the events in one atomic step with their repeat check: the household's log, and for events with
 * `publish` the pending set (or the channel at once, when the release delay is 0). Calls of one turn travel
 * together. */
void store_motion(struct store *store, const struct store_motion *motion, store_motion_done *done, void *arg);

#endif
