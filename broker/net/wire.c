/* What the kinds of wire have in common: states, the queue of output, closing in good order, reaping. Nothing
 * is freed outside wires_reap and wires_free. */
#include "broker/net/wire.h"

#include "broker/broker.h"
#include "broker/log.h"
#include "broker/net/admission.h"

/* What a peer sends on to a closed one is read, since unread bytes would make the kernel take back what we
 * said; but not without end. */
/* What is still read of a peer that was told the end: more than the packet that it was just sending, or it
 * would lose the reason to a reset; and not without end. */
enum { CLOSE_MS = 1000, DISCARD_MOST = 8 * 1024 * 1024 };

const char wire_handshake_timeout[] = "handshake timeout";

static struct wire *wire_of(struct transport *transport)
{
    return (struct wire *)transport; /* its first member */
}

static struct wire_list *list_of(struct wire *wire)
{
    switch ((enum wire_state)wire->state) {
    case WIRE_SHAKING:
        return &wire->wires->shaking;
    case WIRE_OPEN:
        return &wire->wires->open;
    case WIRE_CLOSING:
    case WIRE_LINGERING:
        return &wire->wires->closing;
    default:
        return &wire->wires->dead;
    }
}

static void move_to(struct wire *wire, enum wire_state state)
{
    TAILQ_REMOVE(list_of(wire), wire, place);
    wire->state = (uint8_t)state;
    TAILQ_INSERT_TAIL(list_of(wire), wire, place);
}

static void wants_write(struct transport *transport)
{
    wire_queue_output(wire_of(transport));
}

static void pause_reading(struct transport *transport, bool paused)
{
    struct wire *wire = wire_of(transport);
    if (wire->state == WIRE_OPEN) {
        wire->kind->pause(wire, paused);
    }
}

static void close_transport(struct transport *transport, const char *reason)
{
    wire_close(wire_of(transport), reason);
}

static const struct transport_ops wire_ops = {wants_write, pause_reading, close_transport};

void wires_init(struct wires *wires, struct broker *broker, struct admission *admission)
{
    *wires = (struct wires){.broker = broker, .counters = broker_counters(broker), .admission = admission};
    TAILQ_INIT(&wires->shaking);
    TAILQ_INIT(&wires->open);
    TAILQ_INIT(&wires->closing);
    TAILQ_INIT(&wires->dead);
    STAILQ_INIT(&wires->output);
}

void wire_init(struct wire *wire, struct wires *wires, const struct wire_kind *kind, struct visitor *visitor,
    int64_t deadline)
{
    *wire = (struct wire){
        .transport = {&wire_ops},
        .kind = kind,
        .wires = wires,
        .visitor = visitor,
        .deadline = deadline,
        .state = WIRE_SHAKING,
    };
    TAILQ_INSERT_TAIL(&wires->shaking, wire, place);
    wires->count++;
    wires->counters->connections_accepted++;
}

void wire_open(struct wire *wire, const struct peer *peer)
{
    move_to(wire, WIRE_OPEN);
    wire->connection = connection_new(wire->wires->broker, &wire->transport, peer);
}

void wire_receive(struct wire *wire, const uint8_t *data, size_t len)
{
    if (wire->state == WIRE_OPEN) {
        connection_receive(wire->connection, data, len);
    } else if (wire->state == WIRE_CLOSING || wire->state == WIRE_LINGERING) {
        wire_discard(wire, len);
    }
}

void wire_discard(struct wire *wire, size_t len)
{
    wire->discarded += (uint32_t)len; /* at most what is read at once */
    if (wire->discarded > DISCARD_MOST) {
        wire_lost(wire, wire->reason);
    }
}

void wire_queue_output(struct wire *wire)
{
    if (!wire->queued && !wire->blocked && !wire->gone) {
        wire->queued = true;
        STAILQ_INSERT_TAIL(&wire->wires->output, wire, next_output);
    }
}

void wire_sent(struct wire *wire, size_t len)
{
    wire->wires->wrote = true;
    connection_sent(wire->connection, len);
}

size_t wire_gather(const struct wire *wire, uint8_t *out, size_t size)
{
    struct iovec pieces[WIRE_PIECES];
    int count = connection_output(wire->connection, pieces, WIRE_PIECES);
    size_t len = 0;
    for (int i = 0; i < count && len < size; i++) {
        size_t room = size - len, part = pieces[i].iov_len < room ? pieces[i].iov_len : room;
        memcpy(out + len, pieces[i].iov_base, part);
        len += part;
    }
    return len;
}

void wire_lost(struct wire *wire, const char *reason)
{
    bool told = wire->state != WIRE_OPEN;
    wire->gone = true;
    if (wire->state != WIRE_DEAD) {
        wire->reason = wire->reason ? wire->reason : reason;
        move_to(wire, WIRE_DEAD);
    }
    if (!told) {
        connection_lost(wire->connection, reason);
    }
}

void wire_close(struct wire *wire, const char *reason)
{
    if (wire->state != WIRE_SHAKING && wire->state != WIRE_OPEN) {
        return;
    }
    wire->reason = reason;
    wire->deadline = wire->wires->now + CLOSE_MS;
    wire->kind->pause(wire, false); /* to see when the peer is gone */
    move_to(wire, WIRE_CLOSING);
    wire_queue_output(wire);
}

static bool all_written(const struct wire *wire)
{
    return !wire->queued && !wire->blocked &&
           (!wire->connection || connection_pending(wire->connection) == 0);
}

bool wires_flush(struct wires *wires)
{
    bool more = false;
    struct wire_queue output = STAILQ_HEAD_INITIALIZER(output);
    STAILQ_CONCAT(&output, &wires->output);
    while (!STAILQ_EMPTY(&output)) {
        struct wire *wire = STAILQ_FIRST(&output);
        STAILQ_REMOVE_HEAD(&output, next_output);
        wire->queued = false;
        if (!wire->gone && wire->kind->flush(wire)) {
            more = true;
            wire_queue_output(wire);
        }
        if (wire->state == WIRE_CLOSING && all_written(wire)) {
            move_to(wire, wire->kind->finish(wire) ? WIRE_LINGERING : WIRE_DEAD);
        }
    }
    more = more || wires->wrote; /* who has sent may have more to say */
    wires->wrote = false;
    return more;
}

static void reap(struct wire *wire)
{
    struct wires *wires = wire->wires;
    TAILQ_REMOVE(&wires->dead, wire, place);
    log_line(LOG_LEVEL_DEBUG, "connection_closed", "reason=\"%s\"", wire->reason ? wire->reason : "none");
    wire->gone = true; /* nothing that is said from here on is queued */
    if (wire->connection) {
        connection_free(wire->connection);
    }
    if (wire->visitor) {
        admission_leave(wires->admission, wire->visitor, wires->now);
    }
    wires->count--;
    wire->kind->release(wire);
}

static void end_overdue(struct wires *wires)
{
    struct wire *wire;
    while ((wire = TAILQ_FIRST(&wires->shaking)) && wire->deadline <= wires->now) {
        wires->counters->connections_closed_timeout++;
        wire_lost(wire, wire_handshake_timeout);
    }
    while ((wire = TAILQ_FIRST(&wires->closing)) && wire->deadline <= wires->now) {
        wire_lost(wire, wire->reason);
    }
}

void wires_reap(struct wires *wires)
{
    end_overdue(wires);
    struct wire *wire, *next;
    for (wire = TAILQ_FIRST(&wires->dead); wire; wire = next) {
        next = TAILQ_NEXT(wire, place);
        if (!wire->queued) { /* else the next flush takes it out of the queue first */
            reap(wire);
        }
    }
}

static void free_list(struct wire_list *list)
{
    struct wire *wire;
    while ((wire = TAILQ_FIRST(list))) {
        move_to(wire, WIRE_DEAD);
        reap(wire);
    }
}

void wires_free(struct wires *wires)
{
    STAILQ_INIT(&wires->output);
    free_list(&wires->shaking);
    free_list(&wires->open);
    free_list(&wires->closing);
    struct wire *wire;
    while ((wire = TAILQ_FIRST(&wires->dead))) {
        reap(wire);
    }
}
