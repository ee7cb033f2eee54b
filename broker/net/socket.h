/* Wires over TCP sockets, plain or with TLS. One read into a buffer that all share, when the socket is
 * readable; one gathered write at the end of the turn. */
#ifndef NEIGHBORS_BROKER_NET_SOCKET_H
#define NEIGHBORS_BROKER_NET_SOCKET_H

#include <ev.h>
#include <netinet/in.h>

#include "broker/net/wire.h"

struct tls;

enum { SOCKET_READ = 256 * 1024, SOCKET_CLEAR = 64 * 1024 };

/* What all sockets of a process share. */
struct sockets {
    struct ev_loop *loop;
    struct wires *wires;
    struct tls *tls; /* NULL: none */
    int64_t connect_timeout_ms;
    uint8_t *read_buffer;  /* SOCKET_READ bytes */
    uint8_t *clear_buffer; /* SOCKET_CLEAR bytes: what TLS opened, or will seal */
};

/* Take over an accepted socket; listener_accepted with struct sockets. */
void socket_accepted(void *sockets, int fd, const struct sockaddr_storage *address, struct visitor *visitor);
void socket_accepted_tls(
    void *sockets, int fd, const struct sockaddr_storage *address, struct visitor *visitor);

#endif
