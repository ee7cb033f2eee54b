/* A tunnel has two sides, the client's socket and ours to libwebsockets. Each side is read only while the
 * other one takes what came: at most one buffer waits in each direction. */
#include "broker/net/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/log.h"
#include "broker/net/admission.h"
#include "broker/net/http.h"
#include "broker/net/listener.h"
#include "broker/net/tls_tell.h"

enum { CLOSE_MS = 1000 };

struct tunnel {
    TAILQ_ENTRY(tunnel) place;
    struct tunnels *all;
    struct tunnel_list *list;
    ev_io outer, inner; /* inner: fd -1 while shaking and when it was closed */
    struct tls_session *tls;
    struct visitor *visitor;    /* while shaking; then libwebsockets' guest has it */
    char address[ADDRESS_TEXT]; /* its peer's, from then on */
    int64_t deadline;           /* ms, monotonic; unless it is open */
    uint8_t *waiting;           /* clear text that the inner side has not taken; owned; NULL: none */
    size_t waiting_at, waiting_len;
};

static void move_to(struct tunnel *tunnel, struct tunnel_list *list)
{
    if (tunnel->list) {
        TAILQ_REMOVE(tunnel->list, tunnel, place);
    }
    tunnel->list = list;
    TAILQ_INSERT_TAIL(list, tunnel, place);
}

static bool is_shaking(const struct tunnel *tunnel)
{
    return tunnel->list == &tunnel->all->shaking;
}

static void tell_refused(const struct tunnel *tunnel, const char *reason)
{
    tls_tell_refused(tunnel->tls, tunnel->outer.fd, tunnel->visitor, reason, tunnel->all->wires->counters);
}

static void close_inner(struct tunnel *tunnel)
{
    if (tunnel->inner.fd >= 0) {
        ev_io_stop(tunnel->all->loop, &tunnel->inner);
        close(tunnel->inner.fd);
        tunnel->inner.fd = -1;
    }
}

/* Ends both sides at once. The tunnel is gone afterwards. */
static void end(struct tunnel *tunnel)
{
    TAILQ_REMOVE(tunnel->list, tunnel, place);
    if (tunnel->visitor) {
        admission_leave(tunnel->all->wires->admission, tunnel->visitor, tunnel->all->wires->now);
    }
    close_inner(tunnel);
    ev_io_stop(tunnel->all->loop, &tunnel->outer);
    close(tunnel->outer.fd);
    tls_session_free(tunnel->tls);
    free(tunnel->waiting);
    free(tunnel);
}

/* ---- what each side waits for ---- */

static void watch(struct tunnel *tunnel, ev_io *io, int events)
{
    if (io->fd < 0 || ((io->events & (EV_READ | EV_WRITE)) == events && ev_is_active(io) == (events != 0))) {
        return;
    }
    ev_io_stop(tunnel->all->loop, io);
    ev_io_set(io, io->fd, events);
    if (events) {
        ev_io_start(tunnel->all->loop, io);
    }
}

static void watch_both(struct tunnel *tunnel)
{
    bool unsent = tls_output(tunnel->tls).len > 0, untaken = tunnel->waiting != NULL;
    watch(tunnel, &tunnel->outer, (untaken ? 0 : EV_READ) | (unsent ? EV_WRITE : 0));
    watch(tunnel, &tunnel->inner, (unsent ? 0 : EV_READ) | (untaken ? EV_WRITE : 0));
}

/* ---- outward ---- */

/* False: the client is gone. */
static bool send_sealed(struct tunnel *tunnel)
{
    struct bytes output = tls_output(tunnel->tls);
    if (output.len == 0) {
        return true;
    }
    ssize_t sent = send(tunnel->outer.fd, output.data, output.len, MSG_NOSIGNAL);
    if (sent > 0) {
        tls_sent(tunnel->tls, (size_t)sent);
    }
    return sent >= 0 || errno == EAGAIN || errno == EINTR;
}

/* Says goodbye, and waits a while for the client to have read it. Whether the tunnel is still there. */
static bool finish(struct tunnel *tunnel)
{
    close_inner(tunnel);
    tls_shutdown(tunnel->tls);
    if (!send_sealed(tunnel)) {
        end(tunnel);
        return false;
    }
    if (tls_output(tunnel->tls).len == 0) {
        (void)shutdown(tunnel->outer.fd, SHUT_WR);
    }
    tunnel->deadline = tunnel->all->wires->now + CLOSE_MS;
    move_to(tunnel, &tunnel->all->closing);
    free(tunnel->waiting);
    tunnel->waiting = NULL;
    watch_both(tunnel);
    return true;
}

static void carry_outward(struct tunnel *tunnel)
{
    uint8_t *buffer = tunnel->all->buffer;
    ssize_t len = recv(tunnel->inner.fd, buffer, TUNNEL_BUFFER, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (len <= 0) {
        (void)finish(tunnel);
    } else if (!tls_write(tunnel->tls, buffer, (size_t)len) || !send_sealed(tunnel)) {
        end(tunnel);
    } else {
        watch_both(tunnel);
    }
}

/* ---- inward ---- */

static void keep(struct tunnel *tunnel, const uint8_t *data, size_t len)
{
    uint8_t *more = realloc(tunnel->waiting, tunnel->waiting_len + len);
    if (!more) {
        abort();
    }
    tunnel->waiting_at = tunnel->waiting ? tunnel->waiting_at : 0;
    memcpy(more + tunnel->waiting_len, data, len);
    tunnel->waiting = more;
    tunnel->waiting_len += len;
}

static void give_inward(struct tunnel *tunnel, const uint8_t *data, size_t len)
{
    ssize_t sent = 0;
    if (tunnel->inner.fd < 0) {
        return;
    }
    if (!tunnel->waiting) {
        tunnel->waiting_len = 0;
        sent = send(tunnel->inner.fd, data, len, MSG_NOSIGNAL);
        sent = sent < 0 ? 0 : sent; /* why, the reading of that side will tell */
    }
    if ((size_t)sent < len) {
        keep(tunnel, data + sent, len - (size_t)sent);
    }
}

static void give_waiting(struct tunnel *tunnel)
{
    ssize_t sent = send(tunnel->inner.fd, tunnel->waiting + tunnel->waiting_at,
        tunnel->waiting_len - tunnel->waiting_at, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        (void)finish(tunnel);
        return;
    }
    tunnel->waiting_at += sent > 0 ? (size_t)sent : 0;
    if (tunnel->waiting_at == tunnel->waiting_len) {
        free(tunnel->waiting);
        tunnel->waiting = NULL;
    }
    watch_both(tunnel);
}

static void inner_ready(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    struct tunnel *tunnel = (struct tunnel *)((char *)io - offsetof(struct tunnel, inner));
    if (events & EV_WRITE && tunnel->waiting) {
        give_waiting(tunnel);
    } else if (events & EV_READ) {
        carry_outward(tunnel);
    }
}

/* The handshake is done: the other side is made. False: it cannot be. */
static bool open_inner(struct tunnel *tunnel)
{
    struct peer peer = {.encrypted = true};
    char name[PEER_NAME];
    int pair[2];
    const char *fault = tls_session_fault(tunnel->tls); /* the files may have changed in the handshake */
    if (fault) {
        tell_refused(tunnel, fault);
        return false;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair)) {
        log_line(LOG_LEVEL_ERROR, "tunnel", "error=\"%s\"", strerrordesc_np(errno));
        return false;
    }
    peer_address(tunnel->outer.fd, tunnel->visitor, tunnel->address);
    memcpy(peer.address, tunnel->address, sizeof(peer.address));
    tls_client(tunnel->tls, name, &peer);
    tls_tell_established(tunnel->tls, tunnel->all->wires->counters);
    ev_io_init(&tunnel->inner, inner_ready, pair[0], EV_READ);
    move_to(tunnel, &tunnel->all->open);
    struct visitor *visitor = tunnel->visitor;
    tunnel->visitor = NULL;
    http_accepted_tunnel(tunnel->all->http, pair[1], &peer, visitor);
    return true;
}

static void shaking_failed(struct tunnel *tunnel, enum tls_status status)
{
    tell_refused(tunnel, status == TLS_CLOSED ? "closed in the handshake" : tls_failure(tunnel->tls));
    (void)finish(tunnel); /* so that the alert that says why is written */
}

static void open_bytes(struct tunnel *tunnel, uint8_t *sealed, size_t len)
{
    uint8_t *clear = tunnel->all->clear;
    enum tls_status status = TLS_MORE;
    tls_feed(tunnel->tls, sealed, len);
    while (status == TLS_MORE) {
        size_t got = 0;
        status = tls_read(tunnel->tls, clear, TUNNEL_BUFFER, &got);
        if (is_shaking(tunnel) && tls_established(tunnel->tls) && !open_inner(tunnel)) {
            end(tunnel);
            return;
        }
        if (got > 0) {
            give_inward(tunnel, clear, got);
        }
    }
    if (status != TLS_AGAIN && is_shaking(tunnel)) {
        shaking_failed(tunnel, status);
    } else if (status == TLS_FAILED) {
        tell_refused(tunnel, tls_failure(tunnel->tls));
        end(tunnel);
    } else if (!send_sealed(tunnel)) {
        end(tunnel);
    } else if (status == TLS_CLOSED && tunnel->inner.fd >= 0) {
        (void)shutdown(tunnel->inner.fd, SHUT_WR); /* what it answers is still carried */
        watch_both(tunnel);
    } else {
        watch_both(tunnel);
    }
}

static void carry_inward(struct tunnel *tunnel)
{
    uint8_t *buffer = tunnel->all->buffer;
    ssize_t len = recv(tunnel->outer.fd, buffer, TUNNEL_BUFFER, 0);
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (len <= 0) {
        if (is_shaking(tunnel)) {
            tell_refused(tunnel, "closed in the handshake");
        }
        end(tunnel);
    } else if (is_shaking(tunnel) || tunnel->list == &tunnel->all->open) {
        open_bytes(tunnel, buffer, (size_t)len);
    }
}

static void outer_ready(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    struct tunnel *tunnel = (struct tunnel *)((char *)io - offsetof(struct tunnel, outer));
    if (events & EV_WRITE) {
        if (!send_sealed(tunnel)) {
            end(tunnel);
            return;
        }
        if (tunnel->list == &tunnel->all->closing && tls_output(tunnel->tls).len == 0) {
            (void)shutdown(tunnel->outer.fd, SHUT_WR);
        }
        watch_both(tunnel);
    }
    if (events & EV_READ) {
        carry_inward(tunnel);
    }
}

/* ---- from accept to the end ---- */

void tunnels_init(struct tunnels *tunnels)
{
    TAILQ_INIT(&tunnels->shaking);
    TAILQ_INIT(&tunnels->open);
    TAILQ_INIT(&tunnels->barred);
    TAILQ_INIT(&tunnels->closing);
}

void tunnel_accepted(void *arg, int fd, const struct sockaddr_storage *address, struct visitor *visitor)
{
    (void)address;
    struct tunnels *all = arg;
    struct tunnel *tunnel = calloc(1, sizeof(*tunnel));
    struct tls_session *session = tunnel ? tls_session_new(all->tls, TLS_FOR_HTTP) : NULL;
    if (!session) {
        abort();
    }
    tunnel->all = all;
    tunnel->tls = session;
    tunnel->visitor = visitor;
    tunnel->deadline = all->wires->now + all->shake_ms;
    tunnel->inner.fd = -1;
    ev_io_init(&tunnel->outer, outer_ready, fd, EV_READ);
    ev_io_start(all->loop, &tunnel->outer);
    move_to(tunnel, &all->shaking);
}

static void bar(struct tunnel *tunnel, const char *why)
{
    struct peer peer;
    char name[PEER_NAME];
    tls_client(tunnel->tls, name, &peer);
    log_line(LOG_LEVEL_INFO, "tls_barred", "peer=%s certificate=\"%.*s\" why=\"%s\"", tunnel->address,
        (int)peer.certificate.len, peer.certificate.data, why);
    tunnel->all->wires->counters->tls_barred++;
    free(tunnel->waiting);
    tunnel->waiting = NULL;
    tunnel->deadline = tunnel->all->wires->now + CLOSE_MS;
    move_to(tunnel, &tunnel->all->barred);
    watch_both(tunnel);
}

void tunnels_recheck(struct tunnels *tunnels)
{
    struct tunnel *tunnel, *next;
    for (tunnel = TAILQ_FIRST(&tunnels->open); tunnel; tunnel = next) {
        next = TAILQ_NEXT(tunnel, place);
        const char *why = tls_session_fault(tunnel->tls);
        if (why) {
            bar(tunnel, why);
        }
    }
}

void tunnels_tick(struct tunnels *tunnels)
{
    struct tunnel *tunnel;
    int64_t now = tunnels->wires->now;
    while ((tunnel = TAILQ_FIRST(&tunnels->shaking)) && tunnel->deadline <= now) {
        tunnels->wires->counters->connections_closed_timeout++;
        tell_refused(tunnel, wire_handshake_timeout);
        end(tunnel);
    }
    while ((tunnel = TAILQ_FIRST(&tunnels->barred)) && tunnel->deadline <= now) {
        (void)finish(tunnel);
    }
    while ((tunnel = TAILQ_FIRST(&tunnels->closing)) && tunnel->deadline <= now) {
        end(tunnel);
    }
}

void tunnels_free(struct tunnels *tunnels)
{
    struct tunnel_list *lists[] = {&tunnels->shaking, &tunnels->open, &tunnels->barred, &tunnels->closing};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        while (!TAILQ_EMPTY(lists[i])) {
            end(TAILQ_FIRST(lists[i]));
        }
    }
}
