/* Listening sockets: options, accepting in portions, and standing still when the rate or the kernel says so.
 */
#include "broker/net/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/log.h"

enum { ACCEPTED_A_TURN = 64 }; /* so that those who are connected are not kept waiting */

void address_text(const struct sockaddr_storage *address, char out[ADDRESS_TEXT])
{
    const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
    const char *text = NULL;
    if (address->ss_family == AF_INET) {
        text = inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out, ADDRESS_TEXT);
    } else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(six)) {
        text = inet_ntop(AF_INET, six->s6_addr + 12, out, ADDRESS_TEXT);
    } else if (address->ss_family == AF_INET6) {
        text = inet_ntop(AF_INET6, six, out, ADDRESS_TEXT);
    }
    if (!text) {
        snprintf(out, ADDRESS_TEXT, "unknown");
    }
}

void peer_address(int fd, const struct visitor *visitor, char out[ADDRESS_TEXT])
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    (void)getpeername(fd, (struct sockaddr *)&address, &len);
    if (visitor) {
        admission_address(visitor, &address);
    }
    address_text(&address, out);
}

/* False: there are enough connections from there, or in all. */
static bool admit(struct listener *listener, const struct sockaddr_storage *address, struct visitor **visitor)
{
    if (!listener->admission) {
        return true;
    }
    enum admission_verdict verdict = admission_enter(listener->admission, address, *listener->now, visitor);
    if (verdict == ADMISSION_WELCOME) {
        return true;
    }
    char text[ADDRESS_TEXT];
    address_text(address, text);
    log_line(LOG_LEVEL_WARNING, "connection_refused", "address=%s limit=%s", text,
        verdict == ADMISSION_TOO_MANY ? "max_connections" : "address");
    listener->counters->connections_refused_limit++;
    return false;
}

void listener_take(struct listener *listener, int fd, const struct sockaddr_storage *address)
{
    struct visitor *visitor = NULL;
    if (admit(listener, address, &visitor)) {
        listener->accepted(listener->arg, fd, address, visitor);
    } else {
        close(fd);
    }
}

static bool accept_one(struct listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    int fd = accept4(listener->io.fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log_line(LOG_LEVEL_ERROR, "accept", "error=\"%s\"", strerrordesc_np(errno));
            ev_io_stop(listener->loop, &listener->io);
        }
        return errno == ECONNABORTED || errno == EINTR;
    }
    if (listener->balancers && balancers_have(listener->balancers, &address)) {
        balancers_await(listener->balancers, listener, fd, &address);
    } else {
        listener_take(listener, fd, &address);
    }
    return true;
}

static void readable(struct ev_loop *loop, ev_io *io, int events)
{
    (void)events;
    struct listener *listener = io->data;
    size_t allowed = ACCEPTED_A_TURN;
    if (listener->admission) {
        size_t allowance = admission_allowance(listener->admission, *listener->now);
        allowed = allowance < allowed ? allowance : allowed;
        if (allowance == 0) {
            ev_io_stop(loop, io);
        }
    }
    while (allowed > 0 && accept_one(listener)) {
        allowed--;
    }
}

void listener_resume(struct listener *listener)
{
    if (listener->io.fd >= 0 && !ev_is_active(&listener->io)) {
        ev_io_start(listener->loop, &listener->io);
    }
}

void listener_close(struct listener *listener)
{
    if (listener->io.fd >= 0) {
        ev_io_stop(listener->loop, &listener->io);
        close(listener->io.fd);
        listener->io.fd = -1;
    }
}

static int open_socket(const struct addrinfo *where, int backlog)
{
    int on = 1, off = 0;
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (where->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    /* Accepted sockets inherit TCP_NODELAY from the listener: one call less for each. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) ||
        bind(fd, where->ai_addr, where->ai_addrlen) || listen(fd, backlog)) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

bool listener_open(
    struct listener *listener, const char *address, int64_t port, int64_t backlog, char error[LISTENER_ERROR])
{
    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *where = NULL;
    char service[16];
    snprintf(service, sizeof(service), "%d", (int)port);
    ev_init(&listener->io, readable);
    listener->io.fd = -1;
    listener->io.data = listener;
    int failed = getaddrinfo(address, service, &hints, &where);
    if (failed) {
        snprintf(error, LISTENER_ERROR, "%.100s port %d: %s", address, (int)port, gai_strerror(failed));
        return false;
    }
    int fd = open_socket(where, (int)backlog);
    if (fd < 0) {
        snprintf(error, LISTENER_ERROR, "%.100s port %d: %s", address, (int)port, strerrordesc_np(errno));
    } else {
        ev_io_set(&listener->io, fd, EV_READ);
        ev_io_start(listener->loop, &listener->io);
    }
    freeaddrinfo(where);
    return fd >= 0;
}
