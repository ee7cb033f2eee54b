/* Connections by when their credentials end, so that the one that is due first is found at once. */
#ifndef NEIGHBORS_BROKER_SESSION_EXPIRY_H
#define NEIGHBORS_BROKER_SESSION_EXPIRY_H

#include "broker/core.h"

/* The connection ends at `at` (ms), or when it is told to earlier; once a connection. */
void expiry_add(struct broker *broker, struct connection *connection, int64_t at);
/* A connection that is freed; one that was never added is passed over. */
void expiry_drop(struct broker *broker, struct connection *connection);
/* Ends those that are due. */
void expiry_tick(struct broker *broker, int64_t now);

#endif
