/* What a session is told before the entries of its channels (struct initial): alerts in force, and gaps. */
#ifndef NEIGHBORS_BROKER_SESSION_INITIAL_H
#define NEIGHBORS_BROKER_SESSION_INITIAL_H

#include "broker/session/session.h"

/* Queues the alerts in force that concern the follow, to be sent before anything else. */
void initial_queue_follow(struct session *session, struct follow *follow);
/* Queues the alerts in force in one channel for all follows of the session that it serves. */
void initial_queue_channel(struct session *session, struct link *link, enum initial_kind kind);
/* Queues a gap, for entries before the low-water mark of the link's channel may be missing, and what is in
 * force there. */
void initial_queue_gap(struct session *session, struct link *link);
/* True when the alert, in that revision or a newer one, is queued for the follow. */
bool initial_is_queued(
    const struct session *session, const struct follow *follow, const struct alert_notice *notice);

/* Sends what is queued; false when it must stop before the end: the session is woken when it can go on. */
bool initial_send(struct session *session);
/* Drops what is queued for the follow; NULL: for all. */
void initial_forget(struct session *session, const struct follow *follow);

#endif
