/* Which messages of the home's broker are done with although it may not know: what they led to is in the
 * spool, but their acknowledgement may have been lost with a process or a connection. It delivers those
 * again, under their old numbers and before anything else, when the session is resumed. */
#ifndef NEIGHBORS_EDGE_REDELIVERY_H
#define NEIGHBORS_EDGE_REDELIVERY_H

#include "bridge/edge/signal.h"

enum { REDELIVERY_MOST = 1024 }; /* twice what a turn reads */

struct redelivery {
    struct delivered {
        uint16_t number;
        uint16_t length; /* of the payload, modulo 65,536 */
        uint32_t digest; /* of topic and payload */
    } done[REDELIVERY_MOST];
    size_t count;
    bool turn_over; /* the next one that is noted begins a new turn */
    bool again;     /* at the beginning of a resumed session: what comes may be a repeat */
};

/* Notes a message of this turn. number: its packet id; 0 (QoS 0): nothing to note. */
void redelivery_note(struct redelivery *redelivery, const struct edge_message *message, unsigned number);
/* The turn's acknowledgements were written. Its messages stay noted until another turn has some. */
void redelivery_turn_over(struct redelivery *redelivery);

/* A connection begins. */
void redelivery_connected(struct redelivery *redelivery, bool resumed);
/* Whether the message is one of those that are done with. */
bool redelivery_is_done(struct redelivery *redelivery, const struct edge_message *message, unsigned number);

/* For keeping: what has to be written, and taking it back. */
struct bytes redelivery_bytes(const struct redelivery *redelivery);
void redelivery_restore(struct redelivery *redelivery, struct bytes bytes);

#endif
