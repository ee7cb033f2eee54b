/* Which messages of the home's broker are done with although it may not know: what they led to is in the
 * spool, but their acknowledgement may have been lost with a process or a connection. When the session is
 * resumed it delivers those again, under their old numbers and marked as repeats (DUP). */
#ifndef NEIGHBORS_EDGE_REDELIVERY_H
#define NEIGHBORS_EDGE_REDELIVERY_H

#include "bridge/edge/mapping/signal.h"

enum { REDELIVERY_MOST = 512 }; /* what a turn reads */

struct redelivery {
    struct delivered {
        uint16_t number;
        uint16_t length;     /* of the payload, modulo 65,536 */
        uint32_t digest;     /* of topic and payload */
    } done[REDELIVERY_MOST]; /* a ring */
    size_t count, next;
};

/* Notes a message as done with, in the place of the oldest. number: its packet id; 0 (QoS 0): nothing to
 * note. */
void redelivery_note(struct redelivery *redelivery, const struct link_message *message, unsigned number);
/* Whether a message that is marked as a repeat is one of them. */
bool redelivery_is_done(
    const struct redelivery *redelivery, const struct link_message *message, unsigned number);

/* For keeping: what has to be written, and taking it back. */
struct bytes redelivery_bytes(const struct redelivery *redelivery);
void redelivery_restore(struct redelivery *redelivery, struct bytes bytes);

#endif
