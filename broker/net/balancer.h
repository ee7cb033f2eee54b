/* Connections that come by way of a TCP balancer: each begins with a header that says from where it comes
 * (PROXY protocol of HAProxy, version 2), so that limits and log know who is behind the balancer. */
#ifndef NEIGHBORS_BROKER_NET_BALANCER_H
#define NEIGHBORS_BROKER_NET_BALANCER_H

#include <ev.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct balancers;
struct listener;

enum { BALANCERS_MOST = 32, BALANCER_HEADER_MOST = 536 };

/* The address that the header of `len` bytes tells, as it was when it tells none: the balancer speaks for
 * itself (LOCAL) or does not know (UNSPEC). What it tells beside that (TLVs) is passed over. Returns how many
 * bytes the header has; 0: more are needed to know; -1: it is none. */
int balancer_header(const uint8_t *data, size_t len, struct sockaddr_storage *address);

/* addresses: with a space between. NULL: one of them is none, or there are too many. patience_ms: how long a
 * header may take. */
struct balancers *balancers_new(struct ev_loop *loop, const char *addresses, int64_t patience_ms);
/* Closes what has not told yet from where it comes. NULL is allowed. */
void balancers_free(struct balancers *balancers);

/* Whether that address, whatever its port, is one of theirs. */
bool balancers_have(const struct balancers *balancers, const struct sockaddr_storage *address);

/* Takes over an accepted, non-blocking socket of a balancer at that address; gives it to listener_take when
 * its header is read, closes it when that is none or does not come. */
void balancers_await(
    struct balancers *balancers, struct listener *listener, int fd, const struct sockaddr_storage *address);

#endif
