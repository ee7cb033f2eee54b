/* What was sent to a client at QoS 1 and is not acknowledged yet, in the order of sending. Packet ids are
 * given in order, and the span from the oldest to the newest stays below the window, so that no id is in use
 * twice. */
#ifndef NEIGHBORS_BROKER_SESSION_INFLIGHT_H
#define NEIGHBORS_BROKER_SESSION_INFLIGHT_H

#include "bridge/store.h"

struct link;

struct inflight_message {
    uint16_t packet_id;                /* 0: acknowledged, behind an older one that is not */
    struct link *link;                 /* NULL: not from a channel, or the link is gone */
    struct position_in_channel before; /* where the link's cursor stays until this is acknowledged */
    bool in_force;      /* an alert that was in force already: the cursor does not say it again */
    uint64_t shown_key; /* of an alert, as the session remembers it; else 0 */
};

struct inflight {
    struct inflight_message *messages; /* a ring */
    uint16_t first, count, room;
    uint16_t window; /* the most that may be unacknowledged; below 65535 */
    uint16_t last_id;
};

/* Room for `more`. */
bool inflight_fits(const struct inflight *inflight, int more);
/* Remembers a message (copied) and gives it its packet id; call inflight_fits first. */
uint16_t inflight_add(struct inflight *inflight, const struct inflight_message *message);
/* True when an alert that was in force already is among those of the link. */
bool inflight_has_in_force(const struct inflight *inflight, const struct link *link);
/* True when that alert is among those not acknowledged. */
bool inflight_has_alert(const struct inflight *inflight, uint64_t shown_key);
/* An acknowledgement; false when the packet id is not one of these. */
bool inflight_acknowledge(struct inflight *inflight, uint16_t packet_id);
/* The cursor of a link up to which all is acknowledged: `sent` when nothing of it is in flight. */
struct position_in_channel inflight_cursor(
    const struct inflight *inflight, const struct link *link, struct position_in_channel sent);
/* The link is gone. */
void inflight_forget(struct inflight *inflight, const struct link *link);
void inflight_free(struct inflight *inflight);

#endif
