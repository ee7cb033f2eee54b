/* The drill of an agency: before it may alert anybody, a test alert of its own must have come back to it: it
 * was delivered to a follower of the same agency, which acknowledged it. That shows that what it sends is
 * taken, stored, carried and delivered, and that it can hear. */
#ifndef NEIGHBORS_BROKER_SESSION_DRILL_H
#define NEIGHBORS_BROKER_SESSION_DRILL_H

#include "broker/session/session.h"

struct alert_object;

/* An alert was just sent at QoS 1: remembered when it is the drill of who follows. */
void drill_sent(struct session *session, const struct alert_object *alert);
/* A message was acknowledged: when it was the drill, the agency is drilled, and told so on its inbox
 * (reply/moderation, decision "drilled"). */
void drill_acknowledged(struct session *session, uint16_t packet_id);

#endif
