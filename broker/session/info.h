/* What the broker says about itself and about the feed: nb/v1/info and the heartbeat. */
#ifndef NEIGHBORS_BROKER_SESSION_INFO_H
#define NEIGHBORS_BROKER_SESSION_INFO_H

#include "broker/session/session.h"

/* Sends nb/v1/info, retained, to a new subscription. */
void info_send(struct session *session, const struct subscription *subscription);
/* Sends a heartbeat to each follow of the session's inbox. */
void heartbeat_send(struct session *session);
/* Sends a payload made for one session to <its inbox>/<suffix>, where it is subscribed to; encode gives it in
 * an encoding. Used for what is not kept: heartbeats, replies. Returns how many follows got it. */
int inbox_send(struct session *session, struct text suffix, struct bytes correlation, uint8_t qos,
    struct bytes (*encode)(const void *message, bool json, struct arena *arena), const void *message);

#endif
