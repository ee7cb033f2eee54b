/* Wires over TCP. The watcher looks for room to write only while the kernel's buffer is full. Bytes are read
 * inside the loop's callbacks and written only from wires_flush. */
#include "broker/net/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/net/admission.h"
#include "broker/net/listener.h"
#include "broker/net/tls.h"
#include "broker/net/tls_tell.h"

struct socket {
    struct wire wire;
    ev_io io;                /* io.data is the struct sockets */
    struct tls_session *tls; /* NULL: plain */
    bool paused;
    bool ended; /* the peer will send no more */
};

static struct sockets *shared(const struct socket *socket)
{
    return socket->io.data;
}

/* Watches for what the socket is interested in now. */
static void watch(struct socket *socket)
{
    struct ev_loop *loop = shared(socket)->loop;
    bool reads = !socket->paused && !socket->ended;
    int events = (reads ? EV_READ : 0) | (socket->wire.blocked ? EV_WRITE : 0);
    if ((socket->io.events & (EV_READ | EV_WRITE)) == events && ev_is_active(&socket->io) == (events != 0)) {
        return;
    }
    ev_io_stop(loop, &socket->io);
    ev_io_set(&socket->io, socket->io.fd, events);
    if (events) {
        ev_io_start(loop, &socket->io);
    }
}

static void block(struct socket *socket, bool blocked)
{
    socket->wire.blocked = blocked;
    watch(socket);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Sends pieces at once; how much the kernel took. Blocks the wire when that was not all. */
static size_t send_pieces(struct socket *socket, struct iovec *pieces, int count, size_t len)
{
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    /* One piece is the usual case of a follower, and the plain call costs the kernel less. */
    ssize_t sent = count == 1 ? send(socket->io.fd, pieces->iov_base, pieces->iov_len, MSG_NOSIGNAL)
                              : sendmsg(socket->io.fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        wire_lost(&socket->wire, strerrordesc_np(errno));
        return 0;
    }
    size_t taken = sent < 0 ? 0 : (size_t)sent;
    if (taken < len) {
        block(socket, true);
    }
    return taken;
}

static bool flush_plain(struct wire *wire)
{
    struct socket *socket = (struct socket *)wire;
    struct iovec pieces[WIRE_PIECES];
    int count = wire->connection ? connection_output(wire->connection, pieces, WIRE_PIECES) : 0;
    if (count == 0) {
        return false;
    }
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += pieces[i].iov_len;
    }
    size_t sent = send_pieces(socket, pieces, count, len);
    if (sent > 0) {
        wire_sent(wire, sent);
    }
    return sent == len && connection_pending(wire->connection) > 0;
}

static void send_sealed(struct socket *socket)
{
    struct bytes output = tls_output(socket->tls);
    if (output.len > 0) {
        struct iovec piece = {(void *)output.data, output.len};
        tls_sent(socket->tls, send_pieces(socket, &piece, 1, output.len));
    }
}

static bool flush_tls(struct wire *wire)
{
    struct socket *socket = (struct socket *)wire;
    /* What was sealed before and is still here goes first; nothing is sealed behind what the kernel does not
     * take. */
    if (wire->connection && tls_output(socket->tls).len < SOCKET_CLEAR) {
        size_t len = wire_gather(wire, shared(socket)->clear_buffer, SOCKET_CLEAR);
        if (len > 0 && !tls_write(socket->tls, shared(socket)->clear_buffer, len)) {
            wire_lost(wire, tls_failure(socket->tls));
            return false;
        }
        if (len > 0) {
            wire_sent(wire, len);
        }
    }
    send_sealed(socket);
    return !wire->blocked && !wire->gone && wire->connection && connection_pending(wire->connection) > 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void open_secure(struct socket *socket)
{
    struct peer peer = {.encrypted = true};
    char name[PEER_NAME];
    peer_address(socket->io.fd, socket->wire.visitor, peer.address);
    tls_tell_established(socket->tls, socket->wire.wires->counters);
    const char *fault = tls_session_fault(socket->tls); /* the files may have changed in the handshake */
    if (fault) {
        tls_tell_refused(
            socket->tls, socket->io.fd, socket->wire.visitor, fault, socket->wire.wires->counters);
        wire_close(&socket->wire, fault);
        return;
    }
    tls_client(socket->tls, name, &peer);
    wire_open(&socket->wire, &peer);
}

static void tls_ended(struct socket *socket, enum tls_status status)
{
    struct wire *wire = &socket->wire;
    const char *reason = status == TLS_CLOSED ? "closed by peer" : tls_failure(socket->tls);
    if (status == TLS_FAILED || wire->state == WIRE_SHAKING) {
        tls_tell_refused(socket->tls, socket->io.fd, socket->wire.visitor, reason, wire->wires->counters);
        wire->wires->counters->connections_closed_protocol++;
    }
    if (wire->state == WIRE_SHAKING) {
        wire_close(wire, reason); /* so that the alert that says why is written */
    } else {
        wire_lost(wire, reason);
    }
}

static void receive_tls(struct socket *socket, const uint8_t *data, size_t len)
{
    struct wire *wire = &socket->wire;
    enum tls_status status = TLS_MORE;
    tls_feed(socket->tls, data, len);
    while (status == TLS_MORE) {
        size_t clear = 0;
        status = tls_read(socket->tls, shared(socket)->clear_buffer, SOCKET_CLEAR, &clear);
        if (wire->state == WIRE_SHAKING && tls_established(socket->tls)) {
            open_secure(socket);
        }
        if (clear > 0) {
            wire_receive(wire, shared(socket)->clear_buffer, clear);
        }
    }
    if (status != TLS_AGAIN) {
        tls_ended(socket, status);
    } else if (tls_output(socket->tls).len > 0) {
        wire_queue_output(wire);
    }
}

static void end_of_input(struct socket *socket)
{
    socket->ended = true;
    watch(socket);
    if (socket->wire.state == WIRE_SHAKING) {
        tls_tell_refused(socket->tls, socket->io.fd, socket->wire.visitor, "closed in the handshake",
            socket->wire.wires->counters);
    }
    if (socket->wire.state != WIRE_CLOSING) {
        wire_lost(&socket->wire, "closed by peer");
    }
}

static void read_once(struct socket *socket)
{
    struct wire *wire = &socket->wire;
    uint8_t *buffer = shared(socket)->read_buffer;
    ssize_t len = read(socket->io.fd, buffer, SOCKET_READ);
    if (len == 0) {
        end_of_input(socket);
    } else if (len < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            wire_lost(wire, strerrordesc_np(errno));
        }
    } else if (wire->state == WIRE_CLOSING || wire->state == WIRE_LINGERING) {
        wire_discard(wire, (size_t)len);
    } else if (socket->tls) {
        receive_tls(socket, buffer, (size_t)len);
    } else {
        wire_receive(wire, buffer, (size_t)len);
    }
}

static void ready(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    struct socket *socket = (struct socket *)((char *)io - offsetof(struct socket, io));
    if (socket->wire.gone) {
        ev_io_stop(loop, io); /* dead, reaped at the end of the turn */
        return;
    }
    if (events & EV_WRITE) {
        block(socket, false);
        wire_queue_output(&socket->wire);
    }
    if (events & EV_READ) {
        read_once(socket);
    }
}

/* ---- from accept to the end -------------------------------------------------------------------- */

static void pause_reading(struct wire *wire, bool paused)
{
    struct socket *socket = (struct socket *)wire;
    socket->paused = paused;
    watch(socket);
}

static bool finish(struct wire *wire)
{
    struct socket *socket = (struct socket *)wire;
    if (socket->tls) {
        tls_shutdown(socket->tls);
        send_sealed(socket);
    }
    if (wire->gone || socket->ended) {
        return false;
    }
    (void)shutdown(socket->io.fd, SHUT_WR);
    wire->blocked = false;
    pause_reading(wire, false);
    return true;
}

static void release(struct wire *wire)
{
    struct socket *socket = (struct socket *)wire;
    if (socket->tls && wire->reason == wire_handshake_timeout) {
        tls_tell_refused(
            socket->tls, socket->io.fd, socket->wire.visitor, wire->reason, wire->wires->counters);
    }
    ev_io_stop(shared(socket)->loop, &socket->io);
    tls_session_free(socket->tls);
    close(socket->io.fd);
    free(socket);
}

static const struct wire_kind plain_kind = {flush_plain, pause_reading, finish, release};
static const struct wire_kind tls_kind = {flush_tls, pause_reading, finish, release};

static struct socket *socket_new(
    struct sockets *sockets, int fd, const struct wire_kind *kind, struct visitor *visitor)
{
    struct socket *socket = calloc(1, sizeof(*socket));
    if (!socket) {
        abort();
    }
    wire_init(
        &socket->wire, sockets->wires, kind, visitor, sockets->wires->now + sockets->connect_timeout_ms);
    ev_io_init(&socket->io, ready, fd, EV_READ);
    socket->io.data = sockets;
    ev_io_start(sockets->loop, &socket->io);
    return socket;
}

void socket_accepted(void *arg, int fd, const struct sockaddr_storage *address, struct visitor *visitor)
{
    struct socket *socket = socket_new(arg, fd, &plain_kind, visitor);
    struct peer peer = {.encrypted = false};
    address_text(address, peer.address);
    wire_open(&socket->wire, &peer);
}

void socket_accepted_tls(void *arg, int fd, const struct sockaddr_storage *address, struct visitor *visitor)
{
    struct sockets *sockets = arg;
    struct socket *socket = socket_new(sockets, fd, &tls_kind, visitor);
    (void)address;
    socket->tls = tls_session_new(sockets->tls, TLS_FOR_MQTT);
    if (!socket->tls) {
        wire_lost(&socket->wire, "out of memory");
    }
}
