/* A wire: what TCP, TLS and WebSocket transports have in common, between libraries' callbacks and the core.
 * Callbacks only mark and queue; wires_flush and wires_reap, at the end of the turn, write and free. */
#ifndef NEIGHBORS_BROKER_NET_WIRE_H
#define NEIGHBORS_BROKER_NET_WIRE_H

#include <sys/queue.h>
#include <sys/types.h>

#include "broker/counters.h"
#include "broker/session/connection.h"

struct admission;
struct visitor;
struct wire;

enum wire_state {
    WIRE_SHAKING, /* not yet a connection: TLS handshake; a deadline */
    WIRE_OPEN,
    WIRE_CLOSING,   /* the core has closed it; output is still written; a deadline */
    WIRE_LINGERING, /* all is written and said; waits for the peer to have read it; the same deadline */
    WIRE_DEAD,      /* to be reaped */
};

/* What the kinds of wire do in their own way. */
struct wire_kind {
    /* Writes what can be written of the connection's output (then wire_sent), once. True: there is more, and
     * the peer took all that it was given. */
    bool (*flush)(struct wire *wire);
    void (*pause)(struct wire *wire, bool paused);
    /* A closing wire has nothing left to write: says goodbye in its way. False: it can be reaped at once. */
    bool (*finish)(struct wire *wire);
    /* Closes and frees. */
    void (*release)(struct wire *wire);
};

/* The reason of a wire that was not open by its deadline. */
extern const char wire_handshake_timeout[];

enum { WIRE_PIECES = 128 }; /* of one gathered write */

TAILQ_HEAD(wire_list, wire);
STAILQ_HEAD(wire_queue, wire);

/* All wires of a process. Lists with deadlines are in the order of their deadlines. */
struct wires {
    struct broker *broker;
    struct counters *counters;
    struct admission *admission;
    struct wire_list shaking, open, closing, dead;
    struct wire_queue output; /* wires with output */
    size_t count;
    bool wrote;  /* something was sent since the last flush */
    int64_t now; /* ms, monotonic, of this turn */
};

/* The first member of every kind of wire. Small: an idle follower costs no more than this and its connection.
 */
struct wire {
    struct transport transport;
    const struct wire_kind *kind;
    struct wires *wires;
    struct connection *connection; /* NULL while shaking */
    struct visitor *visitor;       /* its share of the limits */
    TAILQ_ENTRY(wire) place;
    STAILQ_ENTRY(wire) next_output;
    const char *reason; /* why it is closed: static text */
    int64_t deadline;   /* ms, monotonic, while shaking, closing, lingering */
    uint32_t discarded; /* bytes that came after the end */
    uint8_t state;      /* enum wire_state */
    bool queued;        /* in wires->output */
    bool blocked;       /* the peer takes nothing now: the kind queues it when it does */
    bool gone;          /* the peer is gone: write nothing */
};

void wires_init(struct wires *wires, struct broker *broker, struct admission *admission);

/* A new wire, shaking until `deadline`. visitor (may be NULL) is given back when it is reaped. */
void wire_init(struct wire *wire, struct wires *wires, const struct wire_kind *kind, struct visitor *visitor,
    int64_t deadline);

/* The wire can carry MQTT: makes the connection. */
void wire_open(struct wire *wire, const struct peer *peer);

/* The peer sent bytes; they go to the core if it still listens. */
void wire_receive(struct wire *wire, const uint8_t *data, size_t len);

/* The peer sent bytes to a wire that is CLOSING or LINGERING: who sends on and on is cut off. */
void wire_discard(struct wire *wire, size_t len);

/* There is something to write: flush will be called at the end of the turn. */
void wire_queue_output(struct wire *wire);

/* `len` bytes of the connection's output were given to the peer. */
void wire_sent(struct wire *wire, size_t len);

/* Copies the first pieces of the output together, at most `size` bytes; how many. For those who can send only
 * one. */
size_t wire_gather(const struct wire *wire, uint8_t *out, size_t size);

/* The peer is gone, or broke the protocol below MQTT: nothing can be written any more. */
void wire_lost(struct wire *wire, const char *reason);

/* Ends a wire in good order, as the core may too: what is queued is written first, for at most a second. */
void wire_close(struct wire *wire, const char *reason);

/* Writes what is queued. True: some wire may have more to write at once. */
bool wires_flush(struct wires *wires);

/* Ends what is past its deadline, and frees what is dead. */
void wires_reap(struct wires *wires);

/* Frees all wires as they are. */
void wires_free(struct wires *wires);

#endif
