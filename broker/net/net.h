/* Bytes in and out: listeners, TCP, TLS, WebSocket, HTTP, all on one libev loop and one thread.
 *
 * The life of a wire: a listener accepts it (listener.c) within limits (admission.c); its bytes go to the
 * core (connection_receive) as they are read; what the core has to say is written once at the end of the turn
 * (net_turn); whoever closes it, it is only marked, and freed at the end of a turn. Who runs it calls
 *
 *     ev_run(loop, again ? EVRUN_NOWAIT : EVRUN_ONCE); again = net_turn(net);
 */
#ifndef NEIGHBORS_BROKER_NET_NET_H
#define NEIGHBORS_BROKER_NET_NET_H

#include "broker/broker.h"
#include "broker/metrics.h"
#include "broker/settings.h"

struct ev_loop;
struct http_route;
struct net;

enum { NET_ERROR = 320 };

struct net_options {
    struct ev_loop *loop;
    const struct settings *settings; /* of the process: they may change, net_reload tells when */
    struct broker *broker;
    struct store *store;
    const uint8_t *ticket_secret;    /* TLS_SECRET bytes (broker/net/tls.h), or NULL */
    const struct http_route *routes; /* of the HTTP listener, beside those of every process; may be NULL */
    struct board *board;
    struct process_state *state; /* of this process, on the board */
};

/* Opens all listeners. NULL: error says which could not be opened and why. Nothing in options is owned. */
struct net *net_new(const struct net_options *options, char error[NET_ERROR]);

/* The upkeep of a turn, in order; after ev_run. True: there may be more to do at once, do not wait for
 * events. */
bool net_turn(struct net *net) __attribute__((warn_unused_result));

/* The settings were read anew. A certificate that cannot be used is logged, and the former stays. Connections
 * by client certificates that are good no longer end. */
void net_reload(struct net *net);

/* Closes the listeners; connections stay. */
void net_stop_listening(struct net *net);

/* MQTT connections and HTTP requests that are still there. */
size_t net_connections(const struct net *net);

/* Closes everything. Before store_free and broker_free. */
void net_free(struct net *net);

#endif
