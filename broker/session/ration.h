/* How much one identity may send to this process: so many packets and bytes a second, over all its
 * connections together, and a second's worth at once. Whoever sends more is not read for a while, so that TCP
 * slows it down. Publications that wait for their acknowledgement are only slowed, since the receive maximum
 * bounds them; whoever keeps sending anything else above the rate is cut. What is posted over HTTP is
 * refused. */
#ifndef NEIGHBORS_BROKER_SESSION_RATION_H
#define NEIGHBORS_BROKER_SESSION_RATION_H

#include "broker/core.h"

struct mqtt_packet;

/* Of an identity, in struct known_principal; all 0: nothing was sent yet. */
struct ration {
    double packets, bytes; /* how much of a second's worth is left; below 0: overdrawn */
    int64_t at;            /* ms: as of when; 0: full */
};

/* Counts a packet of `len` bytes that came, before it is looked at. */
void ration_count(struct connection *connection, const struct mqtt_packet *packet, size_t len);
/* Counts an answer that the store has to keep, which costs as much as many packets. flooding: it was no
 * publication that waits for its acknowledgement. */
void ration_charge(struct connection *connection, bool flooding);
/* Counts what an identity posts over HTTP. NULL: within its rate; else the setting that it is above, nothing
 * is counted, and *seconds is when it may come again. */
const char *ration_post(struct broker *broker, struct text name, size_t len, uint32_t *seconds)
    __attribute__((warn_unused_result));
/* Reads on from those that have waited long enough, or cuts them. Once a turn, outside of all packets. */
void rations_turn(struct broker *broker);
/* The connection ends. */
void ration_forget(struct connection *connection);

#endif
