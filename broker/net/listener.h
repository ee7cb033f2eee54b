/* A listening socket: accepts within limits and hands over. Processes share a port (SO_REUSEPORT). */
#ifndef NEIGHBORS_BROKER_NET_LISTENER_H
#define NEIGHBORS_BROKER_NET_LISTENER_H

#include <ev.h>
#include <netinet/in.h>

#include "broker/counters.h"
#include "broker/net/admission.h"
#include "broker/net/balancer.h"
#include "broker/transport.h"

/* Takes over an accepted, non-blocking socket. visitor: NULL when the listener knows no limits. */
typedef void listener_accepted(
    void *arg, int fd, const struct sockaddr_storage *address, struct visitor *visitor);

struct listener {
    ev_io io; /* fd -1: closed */
    struct ev_loop *loop;
    const int64_t *now;          /* ms, monotonic, of this turn */
    struct admission *admission; /* NULL: no limits */
    struct balancers *balancers; /* NULL: nobody is behind one */
    struct counters *counters;
    listener_accepted *accepted;
    void *arg;
};

enum { LISTENER_ERROR = 256 };

/* Listens. `listener` has its members but io set; it must not move afterwards. False: error says why not. */
bool listener_open(struct listener *listener, const char *address, int64_t port, int64_t backlog,
    char error[LISTENER_ERROR]) __attribute__((warn_unused_result));

/* Takes a socket that comes from `address`: hands it over, or closes it where there are enough. */
void listener_take(struct listener *listener, int fd, const struct sockaddr_storage *address);

/* Goes on accepting after the rate or the number of files stopped it; a few times a second. */
void listener_resume(struct listener *listener);

void listener_close(struct listener *listener);

/* "192.0.2.7" of a socket's address; an IPv4 address within IPv6 as IPv4. */
void address_text(const struct sockaddr_storage *address, char out[ADDRESS_TEXT]);

/* The same of the peer of a connected socket. visitor: who it is counted as; another than the peer is behind
 * a balancer, and is told as limits count it. NULL: nobody. */
void peer_address(int fd, const struct visitor *visitor, char out[ADDRESS_TEXT]);

#endif
