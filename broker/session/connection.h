/* One MQTT connection: what the peer says, packet by packet, and the bytes that it is to get.
 *
 * The life of a connection: connection_new at accept; connection_receive for what was read; the transport
 * sends what connection_output shows; connection_tick once a second; connection_free, once, when the
 * transport is gone. */
#ifndef NEIGHBORS_BROKER_SESSION_CONNECTION_H
#define NEIGHBORS_BROKER_SESSION_CONNECTION_H

#include <sys/uio.h>

#include "broker/transport.h"

struct broker;
struct connection;

/* A connection on `transport` (not owned; it must outlive the connection). peer is copied. Never NULL. */
struct connection *connection_new(
    struct broker *broker, struct transport *transport, const struct peer *peer);

/* Takes `len` bytes that the peer sent, in any pieces; all of them are used or kept inside before it returns.
 * May ask the transport to pause, write or close. */
void connection_receive(struct connection *connection, const uint8_t *data, size_t len);

/* Fills at most `capacity` pieces with what is to be sent next, in order; returns how many. The pieces stay
 * valid until connection_sent or any other call on the connection. 0: nothing waits. */
int connection_output(struct connection *connection, struct iovec *pieces, int capacity);

/* `len` bytes of the output have been given to the peer. */
void connection_sent(struct connection *connection, size_t len);

/* Bytes that wait to be sent. */
size_t connection_pending(const struct connection *connection);

/* The peer is gone (closed, reset, or timed out) without DISCONNECT; reason is static text. The transport
 * calls connection_free afterwards. */
void connection_lost(struct connection *connection, const char *reason);

/* Ends the connection's part in everything and frees it. */
void connection_free(struct connection *connection);

#endif
