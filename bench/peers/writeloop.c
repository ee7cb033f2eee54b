/* bench_writeloop: the floor of a fan-out. It speaks just enough MQTT 5 for the load generator to connect and
 * subscribe, and copies each PUBLISH to every subscriber, one write a socket, with no work beside. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/mqtt.h"

enum { ROOM = 65536, SOCKETS = 65536 };

struct server {
    int epoll;
    size_t subscriber_count;
    int subscribers[SOCKETS];
    uint8_t in[ROOM], out[ROOM];
};

static void say(struct server *server, int fd, const struct mqtt_writer *writer)
{
    if (send(fd, server->out, writer->len, MSG_NOSIGNAL) < 0)
        perror("bench_writeloop: send");
}

/* The bytes are the same for all; QoS 1 and packet id 1 are free again before the next comes. */
static void copy_to_all(struct server *server, const struct mqtt_publish *publish)
{
    struct mqtt_writer writer = {server->out, ROOM, 0};
    struct mqtt_publish copy = {.qos = 1, .packet_id = 1, .topic = publish->topic};

    mqtt_encode_publish_head(&writer, MQTT_5, &copy, publish->payload.len, NULL, 0);
    memcpy(server->out + writer.len, publish->payload.data, publish->payload.len);
    writer.len += publish->payload.len;
    for (size_t i = 0; i < server->subscriber_count; i++)
        say(server, server->subscribers[i], &writer);
}

static void handle(struct server *server, int fd, const struct mqtt_packet *packet)
{
    struct mqtt_writer writer = {server->out, ROOM, 0};
    static const uint8_t granted = 1;

    switch (packet->type) {
    case MQTT_CONNECT:
        mqtt_encode_connack(&writer, MQTT_5, false, 0, NULL, 0);
        say(server, fd, &writer);
        break;
    case MQTT_SUBSCRIBE:
        mqtt_encode_suback(&writer, MQTT_5, MQTT_SUBACK, packet->filters.packet_id, &granted, 1);
        say(server, fd, &writer);
        server->subscribers[server->subscriber_count++] = fd;
        break;
    case MQTT_PUBLISH:
        copy_to_all(server, &packet->publish);
        mqtt_encode_ack(&writer, MQTT_5, MQTT_PUBACK, packet->publish.packet_id, 0, NULL, 0);
        say(server, fd, &writer);
        break;
    default:
        break;
    }
}

static void serve(struct server *server, int fd)
{
    ssize_t got = recv(fd, server->in, ROOM, 0);
    size_t at = 0, used = 0;
    struct mqtt_packet packet;
    struct refusal refusal;

    if (got <= 0) {
        close(fd);
        for (size_t i = 0; i < server->subscriber_count; i++)
            if (server->subscribers[i] == fd)
                server->subscribers[i] = server->subscribers[--server->subscriber_count];
        return;
    }
    while (at < (size_t)got) {
        /* Only a CONNECT, the first of a connection, begins with its type and no flags. */
        uint8_t version = server->in[at] == MQTT_CONNECT << 4 ? 0 : MQTT_5;
        if (mqtt_decode(version, ROOM, server->in + at, (size_t)got - at, &packet, &used, &refusal) !=
            MQTT_DECODED)
            break;
        handle(server, fd, &packet);
        at += used;
    }
}

static void add(struct server *server, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fd >= SOCKETS || epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        close(fd);
}

int main(int argc, char **argv)
{
    struct server *server = calloc(1, sizeof *server);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event events[512];
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (!server || argc != 2) {
        fprintf(stderr, "usage: bench_writeloop PORT\n");
        return 2;
    }
    at.sin_port = htons((uint16_t)atoi(argv[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 4096) < 0) {
        perror("bench_writeloop");
        return 1;
    }
    add(server, listener);
    for (;;) {
        int count = epoll_wait(server->epoll, events, 512, -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.fd == listener)
                add(server, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
            else
                serve(server, events[i].data.fd);
        }
    }
}
