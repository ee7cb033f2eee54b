/* TLS before HTTP and WebSocket: opened here, as for MQTT, and led in clear text through a pair of local
 * sockets to libwebsockets. So one piece of code judges certificates, resumes sessions and reloads files, and
 * what http.c knows of plain sockets holds for these too. */
#ifndef NEIGHBORS_BROKER_NET_TUNNEL_H
#define NEIGHBORS_BROKER_NET_TUNNEL_H

#include <ev.h>
#include <netinet/in.h>
#include <sys/queue.h>

#include "broker/net/wire.h"

struct http;
struct tls;
struct tunnel;

enum { TUNNEL_BUFFER = 64 * 1024 };

TAILQ_HEAD(tunnel_list, tunnel);

/* What all tunnels of a process share. */
struct tunnels {
    struct ev_loop *loop;
    struct wires *wires; /* for its time, counters, limits */
    struct http *http;
    struct tls *tls;
    int64_t shake_ms;        /* for a handshake */
    uint8_t *buffer, *clear; /* TUNNEL_BUFFER bytes each */
    /* All but the open ones in the order of their deadlines. */
    struct tunnel_list shaking, open, barred, closing;
};

void tunnels_init(struct tunnels *tunnels);

/* Takes over an accepted socket; listener_accepted with struct tunnels. */
void tunnel_accepted(void *tunnels, int fd, const struct sockaddr_storage *address, struct visitor *visitor);

/* Ends those whose client's certificate is good no longer: nothing more is taken from them, and what is still
 * said to them has a second. */
void tunnels_recheck(struct tunnels *tunnels);

/* Ends what is past its deadline; a few times a second. */
void tunnels_tick(struct tunnels *tunnels);

/* Ends all. */
void tunnels_free(struct tunnels *tunnels);

#endif
