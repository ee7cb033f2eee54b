/* Where an alert is or was, by its public id, as the store keeps it (scripts/alert.lua): for the operator.
 * Blocking; the broker never includes this. Nothing of what it says or where exactly it is: channels are
 * cells of some kilometres. */
#ifndef NEIGHBORS_BRIDGE_ALERT_TRACE_H
#define NEIGHBORS_BRIDGE_ALERT_TRACE_H

#include "bridge/redis_sync.h"
#include "proto/arena.h"

struct trace_revision {
    uint32_t revision;
    int64_t at;       /* ms; when it was stored */
    const char *what; /* "new", "updated", "held" …; static text (alert_trace.c lists them) */
    bool in_force;
    bool carried;       /* all its channels have it */
    int64_t deliveries; /* PUBLISHes to connected clients, told by each process every two seconds */
    const char
        *channels; /* geohashes with a blank between two; "": in force nowhere, or not known any more */
};

/* Texts are NUL-terminated, "" when there is nothing; all in the arena. */
struct alert_trace {
    const char *public_id; /* of the alert; another one than was asked for when that is part of it or of its
                              messages */
    const char *relation;  /* how what was asked for stands to it: "" it is the alert itself, "message of",
                              "part of" */
    const char *into;      /* the alert that its sender let go on in its place */
    const char *sender, *officer;
    const char *state;            /* "in force", "expired", "ended", "held", "waiting"; static text */
    uint32_t revision, carried;   /* the newest, and the newest that all its channels have; 0: none */
    int64_t received, expires;    /* ms; received 0: not known any more */
    int64_t held_since;           /* ms; 0: it is not held */
    uint32_t waits_as;            /* the revision that something that is kept back is to be; 0: nothing is */
    int64_t waits_since;          /* ms */
    uint32_t reports;             /* of how many senders it is made */
    bool removed, before_it_came; /* before_it_came: it was cancelled before it was there */
    const char *channels;         /* all that it ever reached */
    size_t revision_count;        /* the newest 64, oldest first */
    struct trace_revision *revisions;
};

/* *found: there is one. False: redis->error. */
bool alert_trace(struct redis_sync *redis, const char *public_id, struct arena *arena,
    struct alert_trace *out, bool *found) __attribute__((warn_unused_result));

#endif
