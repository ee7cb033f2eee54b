/* Connections on epoll, level-triggered. A connection that broke is counted in loop->lost: a measurement with
 * lost connections says so and is none. */
#include "bench/load/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SCRATCH = 1 << 18, EVENTS = 512, KEEP_ALIVE_S = 600 };

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(2);
}

void loop_init(struct loop *loop)
{
    *loop = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC), .scratch = malloc(SCRATCH), .now = now_ns()};
    if (loop->epoll < 0 || !loop->scratch)
        die("epoll");
}

void loop_use_tls(struct loop *loop, const char *authorities)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_file(context, authorities) != 1)
        die(authorities);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1); /* one call of the kernel for many records */
    loop->tls = context;
}

/* ---- TLS, or none ---- */

/* As send and recv: -1 with EAGAIN when it has to wait. */
static ssize_t from_tls(const struct link *link, int result)
{
    int why = result > 0 ? SSL_ERROR_NONE : SSL_get_error(link->tls, result);
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return result > 0 ? result : -1;
}

static ssize_t send_some(struct link *link, const uint8_t *data, size_t len)
{
    return link->tls ? from_tls(link, SSL_write(link->tls, data, (int)len))
                     : send(link->fd, data, len, MSG_NOSIGNAL);
}

static ssize_t receive_some(struct link *link, uint8_t *data, size_t room)
{
    if (!link->tls)
        return recv(link->fd, data, room, 0);
    ssize_t len = 0, got = 1;
    while (got > 0 && (size_t)len < room) { /* a record at a time: the rest of what came would be forgotten */
        got = from_tls(link, SSL_read(link->tls, data + len, (int)(room - (size_t)len)));
        len += got > 0 ? got : 0;
    }
    return len > 0 ? len : got;
}

/* ---- output ---- */

uint8_t *link_reserve(struct link *link, size_t most)
{
    struct output_bytes *out = &link->out;

    if (out->len + most > out->room) {
        out->room = (out->len + most) * 2;
        out->data = realloc(out->data, out->room);
        if (!out->data)
            die("memory");
    }
    return out->data + out->len;
}

void link_wrote(struct link *link, size_t used)
{
    link->out.len += used;
    if (link->dirty)
        return;
    link->dirty = true;
    link->next_dirty = link->loop->dirty;
    link->loop->dirty = link;
}

static void watch(struct link *link, bool writing)
{
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = link};

    if (epoll_ctl(link->loop->epoll, EPOLL_CTL_MOD, link->fd, &event) < 0)
        die("epoll_ctl");
    link->waits_to_write = writing;
}

static void lose(struct link *link, const char *why)
{
    if (link->state == LINK_LOST)
        return;
    if (link->loop->lost++ == 0)
        fprintf(stderr, "%s: connection lost: %s\n", program_invocation_short_name, why);
    if (link->state == LINK_READY)
        link->loop->ready--;
    else
        link->loop->opening--;
    link->state = LINK_LOST;
    close(link->fd);
    SSL_free(link->tls);
    link->tls = NULL;
}

static void flush(struct link *link)
{
    struct output_bytes *out = &link->out;

    if (link->state == LINK_CONNECTING || link->state == LINK_LOST)
        return;
    while (out->sent < out->len) {
        ssize_t wrote = send_some(link, out->data + out->sent, out->len - out->sent);
        if (wrote < 0 && errno == EAGAIN) {
            if (link->tls && !SSL_is_init_finished(link->tls)) {
                if (link->waits_to_write)
                    watch(link, false); /* what it waits for is to be read */
                return;
            }
            if (!link->waits_to_write)
                watch(link, true);
            return;
        }
        if (wrote < 0) {
            lose(link, strerror(errno));
            return;
        }
        out->sent += (size_t)wrote;
        link->loop->bytes_out += (uint64_t)wrote;
    }
    out->sent = out->len = 0;
    if (link->waits_to_write)
        watch(link, false);
    if (link->events->written && link->state == LINK_READY)
        link->events->written(link);
}

static void flush_all(struct loop *loop)
{
    struct link *link = loop->dirty;

    loop->dirty = NULL;
    while (link) {
        struct link *next = link->next_dirty;
        link->dirty = false;
        flush(link);
        link = next;
    }
}

/* ---- input ---- */

static void handle(struct link *link, const struct mqtt_packet *packet)
{
    if (link->state == LINK_READY) {
        link->events->packet(link, packet);
        return;
    }
    if (packet->type != MQTT_CONNACK || packet->connack.reason != 0) {
        fprintf(stderr, "%s: CONNECT refused with 0x%02x\n", program_invocation_short_name,
            packet->connack.reason);
        exit(2);
    }
    link->receive_maximum =
        packet->connack.properties.receive_maximum ? packet->connack.properties.receive_maximum : 65535;
    link->state = LINK_READY;
    link->loop->opening--;
    link->loop->ready++;
    link->events->ready(link);
}

/* Gives every whole packet to its handler; returns how many bytes they took. */
static size_t parse(struct link *link, const uint8_t *data, size_t len)
{
    size_t at = 0, used = 0;
    struct mqtt_packet packet;
    struct refusal refusal;

    while (at < len && link->state != LINK_LOST) {
        enum mqtt_decode_result result =
            mqtt_decode(MQTT_5, SCRATCH, data + at, len - at, &packet, &used, &refusal);
        if (result == MQTT_NEED_MORE)
            break;
        if (result == MQTT_BAD) {
            lose(link, refusal.rule);
            break;
        }
        handle(link, &packet);
        at += used;
    }
    return at;
}

static void keep_rest(struct link *link, const uint8_t *data, size_t len)
{
    if (len > link->rest_room) {
        link->rest_room = len * 2;
        free(link->rest);
        link->rest = malloc(link->rest_room);
        if (!link->rest)
            die("memory");
    }
    if (len)
        memcpy(link->rest, data, len);
    link->rest_len = len;
}

static void read_once(struct link *link)
{
    uint8_t *scratch = link->loop->scratch;
    size_t before = link->rest_len;

    if (before)
        memcpy(scratch, link->rest, before);
    ssize_t got = receive_some(link, scratch + before, SCRATCH - before);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        lose(link, got == 0 ? "closed by the server" : strerror(errno));
        return;
    }
    link->loop->now = now_ns();
    link->loop->bytes_in += (uint64_t)got;
    size_t len = before + (size_t)got;
    size_t used = parse(link, scratch, len);
    keep_rest(link, scratch + used, len - used);
}

static void serve(struct link *link, uint32_t what)
{
    if (link->state == LINK_LOST)
        return;
    if (link->state == LINK_CONNECTING && what & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            lose(link, strerror(error));
            return;
        }
        link->state = LINK_GREETING;
    }
    if (what & (EPOLLIN | EPOLLHUP | EPOLLERR) && link->state != LINK_CONNECTING)
        read_once(link);
    bool shaken = link->tls && link->state == LINK_GREETING; /* the handshake may let output go now */
    if ((what & EPOLLOUT || shaken) && link->state != LINK_LOST)
        flush(link);
}

void loop_turn(struct loop *loop, uint64_t until)
{
    struct epoll_event events[EVENTS];

    flush_all(loop);
    uint64_t now = now_ns(), wait = until > now ? until - now : 0;
    struct timespec timeout = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
    int count = epoll_pwait2(loop->epoll, events, EVENTS, &timeout, NULL);

    if (count < 0 && errno != EINTR)
        die("epoll_pwait2");
    loop->now = now_ns();
    for (int i = 0; i < count; i++)
        serve(events[i].data.ptr, events[i].events);
    flush_all(loop);
}

/* ---- saying something ---- */

static void say_connect(struct link *link, const struct link_identity *identity)
{
    struct mqtt_connect connect = {.version = MQTT_5,
        .clean_start = true,
        .keep_alive = KEEP_ALIVE_S,
        .client_id = text_of(identity->client),
        .has_username = identity->user != NULL,
        .has_password = identity->user != NULL,
        .username = text_of(identity->user),
        .password = identity->password};
    struct mqtt_writer writer = {link_reserve(link, 2048), 2048, 0};

    mqtt_encode_connect(&writer, &connect, NULL, 0);
    link_wrote(link, writer.len);
}

void link_open(struct link *link, const char *address, int port, const struct link_identity *identity)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = link};
    int on = 1;

    link->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
        die("socket");
    setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(link->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
        die("connect");
    if (epoll_ctl(link->loop->epoll, EPOLL_CTL_ADD, link->fd, &event) < 0)
        die("epoll_ctl");
    if (link->loop->tls) {
        link->tls = SSL_new(link->loop->tls);
        if (!link->tls || SSL_set_fd(link->tls, link->fd) != 1)
            die("TLS");
        SSL_set_connect_state(link->tls);
    }
    link->state = LINK_CONNECTING;
    link->waits_to_write = true;
    link->loop->opening++;
    say_connect(link, identity);
}

void link_subscribe(struct link *link, const char *const *filters, size_t count, uint8_t qos)
{
    enum { MOST = 64 };
    struct mqtt_filter list[MOST];
    struct mqtt_writer writer = {link_reserve(link, 65536), 65536, 0};

    for (size_t i = 0; i < count && i < MOST; i++)
        list[i] = (struct mqtt_filter){.filter = text_of(filters[i]), .qos = qos};
    mqtt_encode_subscribe(&writer, MQTT_5, 1, list, count < MOST ? count : MOST, NULL, 0);
    link_wrote(link, writer.len);
}

void link_acknowledge(struct link *link, uint16_t packet_id)
{
    struct mqtt_writer writer = {link_reserve(link, 8), 8, 0};

    mqtt_encode_ack(&writer, MQTT_5, MQTT_PUBACK, packet_id, 0, NULL, 0);
    link_wrote(link, writer.len);
}

void link_ping(struct link *link)
{
    struct mqtt_writer writer = {link_reserve(link, 2), 2, 0};

    mqtt_encode_ping(&writer, MQTT_PINGREQ);
    link_wrote(link, writer.len);
}

void link_close(struct link *link)
{
    if (link->state != LINK_READY)
        return;
    struct mqtt_writer writer = {link_reserve(link, 8), 8, 0};
    mqtt_encode_ack(&writer, MQTT_5, MQTT_DISCONNECT, 0, 0, NULL, 0);
    link_wrote(link, writer.len);
    flush(link);
    link->loop->ready--;
    link->state = LINK_LOST;
    close(link->fd);
    SSL_free(link->tls);
    link->tls = NULL;
    free(link->rest);
    free(link->out.data);
    link->rest = link->out.data = NULL;
}
