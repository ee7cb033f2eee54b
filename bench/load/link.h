/* MQTT connections of the load generator: many in one process, on epoll. A turn reads each readable
 * connection once, into one large buffer that all share, and writes each connection that has output once. */
#ifndef NEIGHBORS_BENCH_LINK_H
#define NEIGHBORS_BENCH_LINK_H

#include "proto/mqtt.h"

struct link;
struct loop {
    int epoll;
    uint8_t *scratch;   /* what is read, shared */
    struct link *dirty; /* those with output to write at the end of the turn */
    uint64_t now;       /* nanoseconds, monotonic, of the read that is looked at */
    size_t opening, ready, lost;
    uint64_t bytes_in, bytes_out;
    void *tls; /* OpenSSL's SSL_CTX: connections speak TLS; NULL: plain */
};

struct link_events {
    void (*ready)(struct link *link);
    void (*packet)(struct link *link, const struct mqtt_packet *packet);
    void (*written)(struct link *link); /* all output is with the kernel; may be NULL */
};

struct output_bytes {
    uint8_t *data;
    size_t len, room, sent;
};

enum link_state { LINK_NEW, LINK_CONNECTING, LINK_GREETING, LINK_READY, LINK_LOST };
struct link {
    struct loop *loop;
    int fd;
    void *tls; /* OpenSSL's SSL; NULL: plain */
    enum link_state state;
    bool dirty, waits_to_write;
    uint16_t receive_maximum; /* the server's */
    uint8_t *rest;            /* the beginning of a packet whose end has not come */
    size_t rest_len, rest_room;
    struct output_bytes out;
    struct link *next_dirty;
    const struct link_events *events;
    void *owner;
};

struct link_identity {
    const char *client, *user; /* user NULL: no credentials */
    struct bytes password;
};

uint64_t now_ns(void);
void loop_init(struct loop *loop);
/* Connections that are opened from now on speak TLS and trust the authorities in the file. */
void loop_use_tls(struct loop *loop, const char *authorities);
/* Waits until `until` (nanoseconds, monotonic) at most, serves what is ready, writes what is to be written.
 */
void loop_turn(struct loop *loop, uint64_t until);

/* Opens a connection to the IPv4 address and port; `ready` comes after its CONNACK. Failing ends the process
 * with a line on standard error. */
void link_open(struct link *link, const char *address, int port, const struct link_identity *identity);
/* Room for `most` bytes of output; link_wrote tells how many of them were used. */
uint8_t *link_reserve(struct link *link, size_t most);
void link_wrote(struct link *link, size_t used);
/* Subscribes to the filters at that QoS, under packet id 1. */
void link_subscribe(struct link *link, const char *const *filters, size_t count, uint8_t qos);
void link_acknowledge(struct link *link, uint16_t packet_id);
void link_ping(struct link *link);
/* Says DISCONNECT, writes it and closes. */
void link_close(struct link *link);

#endif
