/* Takes the spool's events to the broker, in order, in batches of up to 64, never more than 127 numbers
 * unacknowledged; removes what the broker stored, logs and removes what it refused for good, and sends again
 * what it had no room for. */
#ifndef NEIGHBORS_EDGE_SENDER_H
#define NEIGHBORS_EDGE_SENDER_H

#include "bridge/edge/link.h"
#include "bridge/edge/spool.h"

enum { SENDER_WINDOW = 127 };

struct sender {
    struct spool *spool;
    struct link *link;
    struct sent_batch {
        int message;
        uint64_t from, to;
    } in_flight[SENDER_WINDOW];
    size_t in_flight_count;
    uint64_t sent;      /* the highest number sent on this connection */
    bool again;         /* begin anew at the lowest number once nothing is in flight */
    int64_t not_before; /* monotonic ms */
};

/* Publishes what the window allows. */
void sender_turn(struct sender *sender, int64_t now);
/* The connection was lost: everything unacknowledged is sent again on the next one. */
void sender_lost(struct sender *sender);
void sender_acknowledged(
    struct sender *sender, const struct link_acknowledgement *acknowledgement, int64_t now);

#endif
