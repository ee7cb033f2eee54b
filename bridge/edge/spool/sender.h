/* Takes the spool's events to the broker, in order, in batches of up to 64; removes what the broker stored,
 * logs and removes what it refused for good, and sends again what it had no room for, after a pause. One
 * batch is on its way at a time: what comes after it cannot overtake it, whatever the broker answers, and the
 * 128 numbers that the broker can tell repeats by are never left. */
#ifndef NEIGHBORS_EDGE_SENDER_H
#define NEIGHBORS_EDGE_SENDER_H

#include "bridge/client/link.h"
#include "bridge/edge/settings/settings.h"
#include "bridge/edge/spool/spool.h"

struct sender {
    struct spool *spool;
    struct link *link;
    const struct edge_settings *settings; /* where devices are that were enrolled without a place */
    struct sent_batch {
        int message;
        uint64_t session;
        uint64_t numbers[LIMIT_BATCH_EVENTS];
        size_t count; /* 0: nothing is on its way */
    } batch;
    int64_t not_before;    /* monotonic ms */
    int64_t pause;         /* the next one, ms; 0: the first */
    int64_t refusals_told; /* lines in the log, of the minute that began */
    int64_t minute;        /* then, monotonic ms */
};

/* Publishes what waits, when nothing is on its way. */
void sender_turn(struct sender *sender, int64_t now);
/* The connection was lost: everything unacknowledged is sent again on the next one. */
void sender_lost(struct sender *sender);
/* now: monotonic, wall: since 1970; ms. */
void sender_acknowledged(
    struct sender *sender, const struct link_acknowledgement *acknowledgement, int64_t now, int64_t wall);

#endif
