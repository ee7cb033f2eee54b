/* The connection of the feed (store_feed_link.h). */
#include "bridge/store_feed_link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ = 32 * 1024 };
static const double SHORTEST_PAUSE = 0.05, LONGEST_PAUSE = 2.0;

static void schedule(struct feed_link *link)
{
    ev_timer_stop(link->store->loop, &link->retry);
    ev_timer_set(&link->retry, link->pause, 0.);
    ev_timer_start(link->store->loop, &link->retry);
    link->pause = link->pause * 2 < LONGEST_PAUSE ? link->pause * 2 : LONGEST_PAUSE;
}

static void let_go(struct feed_link *link)
{
    ev_io_stop(link->store->loop, &link->io);
    if (link->fd >= 0)
        close(link->fd);
    if (link->reader)
        redisReaderFree(link->reader);
    buffer_free(&link->out);
    link->fd = -1;
    link->reader = NULL;
    link->open = link->ready = false;
}

void feed_link_drop(struct feed_link *link, const char *why)
{
    if (link->fd < 0)
        return;
    if (link->ready)
        store_log(link->store, STORE_LOG_WARNING, "store_lost", "link=feed node=%s:%d why=\"%s\"",
            link->where->path ? link->where->path : link->where->host, link->where->port, why);
    let_go(link);
    link->events->lost(link);
    schedule(link);
}

/* ---- bytes ---- */

static void watch(struct feed_link *link, int events)
{
    if (ev_is_active(&link->io) && (link->io.events & (EV_READ | EV_WRITE)) == events)
        return;
    ev_io_stop(link->store->loop, &link->io);
    ev_io_set(&link->io, link->fd, events);
    ev_io_start(link->store->loop, &link->io);
}

static bool passes(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void write_some(struct feed_link *link)
{
    struct buffer *out = &link->out;
    ssize_t sent = send(link->fd, out->data, out->len, MSG_NOSIGNAL);
    if (sent < 0) {
        if (!passes(errno))
            feed_link_drop(link, strerror(errno));
        return;
    }
    out->len -= (size_t)sent;
    memmove(out->data, out->data + sent, out->len);
    if (out->len == 0)
        watch(link, EV_READ);
}

/* All whole messages that the reader has. Whoever hears one may drop the link. */
static void tell_whole(struct feed_link *link)
{
    while (link->reader) {
        void *reply = NULL;
        if (redisReaderGetReply(link->reader, &reply) != REDIS_OK) {
            feed_link_drop(link, link->reader->errstr);
            return;
        }
        if (!reply)
            return;
        link->events->heard(link, reply);
        freeReplyObject(reply);
    }
}

static void read_some(struct feed_link *link)
{
    char bytes[READ];
    ssize_t got = recv(link->fd, bytes, sizeof(bytes), 0);
    if (got > 0) {
        if (redisReaderFeed(link->reader, bytes, (size_t)got) == REDIS_OK)
            tell_whole(link);
        else
            feed_link_drop(link, link->reader->errstr);
    } else if (got == 0) {
        feed_link_drop(link, "closed");
    } else if (!passes(errno)) {
        feed_link_drop(link, strerror(errno));
    }
}

/* ---- opening ---- */

static void log_in(struct feed_link *link)
{
    const struct redis_url *where = &link->store->where;
    struct command command = {0};
    if (!where->password[0] && !where->user[0])
        return;
    command_begin(&command, where->user[0] ? 3 : 2);
    command_text(&command, "AUTH");
    if (where->user[0])
        command_text(&command, where->user);
    command_text(&command, where->password);
    feed_link_send(link, &command);
}

static void on_connected(struct feed_link *link)
{
    int error = 0;
    socklen_t len = sizeof(error);
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        feed_link_drop(link, strerror(error));
        return;
    }
    link->open = true;
    link->reader = redisReaderCreate();
    if (!link->reader)
        abort();
    watch(link, EV_READ);
    log_in(link); /* pub/sub knows no databases: there is none to select */
    link->events->opened(link);
}

static void on_io(struct ev_loop *loop, ev_io *io, int events)
{
    (void)loop;
    struct feed_link *link = io->data;
    if (!link->open) {
        on_connected(link);
        return;
    }
    if (events & EV_READ)
        read_some(link);
    if (link->open && link->out.len && (events & EV_WRITE))
        write_some(link);
}

union address {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_storage room;
};

/* The length of the address; 0 when there is none. */
static socklen_t find_address(const struct feed_link *link, union address *out)
{
    struct endpoint *where = link->where;
    if (where->path) {
        out->local = (struct sockaddr_un){.sun_family = AF_UNIX};
        if (strlen(where->path) >= sizeof(out->local.sun_path))
            return 0;
        strcpy(out->local.sun_path, where->path);
        return sizeof(out->local);
    }
    if (!endpoint_resolve(link->store, where))
        return 0;
    char port[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    snprintf(port, sizeof(port), "%d", where->port);
    if (getaddrinfo(where->address, port, &hints, &found) != 0)
        return 0;
    socklen_t len = found->ai_addrlen;
    memcpy(&out->room, found->ai_addr, len);
    freeaddrinfo(found);
    return len;
}

static void connect_now(struct feed_link *link)
{
    union address address;
    socklen_t len = find_address(link, &address);
    link->since = store_awake(link->store);
    if (len)
        link->fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0) {
        schedule(link);
        return;
    }
    if (address.any.sa_family != AF_UNIX)
        setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(link->fd, &address.any, len) == 0 || errno == EINPROGRESS)
        watch(link, EV_WRITE);
    else
        feed_link_drop(link, strerror(errno));
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    connect_now(timer->data);
}

void feed_link_start(struct feed_link *link, struct store *store, struct endpoint *where,
    const struct feed_link_events *events, void *arg)
{
    *link = (struct feed_link){
        .store = store, .events = events, .arg = arg, .where = where, .fd = -1, .pause = SHORTEST_PAUSE};
    ev_init(&link->io, on_io);
    link->io.data = link;
    ev_timer_init(&link->retry, on_retry, 0., 0.);
    link->retry.data = link;
    connect_now(link);
}

void feed_link_send(struct feed_link *link, struct command *command)
{
    if (link->open) {
        buffer_put(&link->out, command->bytes.data, command->bytes.len);
        watch(link, EV_READ | EV_WRITE);
    }
    command_free(command);
}

void feed_link_ready(struct feed_link *link)
{
    link->ready = true;
    link->pause = SHORTEST_PAUSE;
}

void feed_link_stop(struct feed_link *link)
{
    ev_timer_stop(link->store->loop, &link->retry);
    let_go(link);
}
