/* The form in which a session's filters and cursors are kept in the store. */
#ifndef NEIGHBORS_BROKER_SESSION_SAVED_H
#define NEIGHBORS_BROKER_SESSION_SAVED_H

#include "broker/session/session.h"
#include "proto/arena.h"

/* In the arena. Never empty: data is not NULL even when there is no filter or link. */
struct bytes saved_subscriptions(const struct session *session, struct arena *arena);
struct bytes saved_cursors(const struct session *session, struct arena *arena);
/* Follows what was stored, from where it was stored. What is no longer readable is left out and logged. */
void saved_restore(struct session *session, struct bytes subscriptions, struct bytes cursors);

#endif
