/* The wire below a connection, as the core of the broker sees it: something that takes bytes and can be
 * closed. broker/net implements it over TCP, TLS and WebSocket; a test scripts it. */
#ifndef NEIGHBORS_BROKER_TRANSPORT_H
#define NEIGHBORS_BROKER_TRANSPORT_H

#include "proto/bytes.h"

struct transport;

struct transport_ops {
    /* There is output in the connection's queue (broker/session/connection.h). The transport writes it at the
     * end of the turn, and goes on as the peer takes it. May be called often; never writes, frees or calls
     * back inside. */
    void (*wants_write)(struct transport *t);
    /* Stop (true) or go on (false) reading from the peer. Bytes that were read already are kept for later. */
    void (*pause)(struct transport *t, bool paused);
    /* The connection is finished: write what is queued (for at most a second), close, and reap at the end of
     * a later turn. reason is static text for log and counter. After this the transport calls the connection
     * no more, except connection_free, once. */
    void (*close)(struct transport *t, const char *reason);
};

/* The first member of every transport. */
struct transport {
    const struct transport_ops *ops;
};

/* A verified client certificate and those above it, by which it is known again when some are revoked while
 * the connection is open; what the keys are, the transport knows (broker/net/tls_trail.c). */
enum { TRAIL_MOST = 8 };
struct certificate_trail {
    uint64_t authority;                /* at its end */
    uint64_t certificates[TRAIL_MOST]; /* the client's first */
    uint32_t count;
};

enum { PEER_NAME = 160, ADDRESS_TEXT = 46 /* the longest IPv6 address and its NUL */ };

/* What the transport knows of its peer. */
struct peer {
    char address[ADDRESS_TEXT]; /* for limits and log: "192.0.2.7"; never a port */
    bool encrypted, websocket;
    /* Of a verified client certificate its common name, "<role>/<id>", and from when until when it is good
     * (ms since 1970); len 0: none. */
    struct text certificate;
    int64_t certificate_from, certificate_until;
    const struct certificate_trail *trail; /* of the certificate; NULL: there is none */
};

#endif
