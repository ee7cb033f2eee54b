/* TCP for real, on a core that echoes: back-pressure, the ends of connections, and how many an address has.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/live/net_client.h"
#include "tests/live/net_core.h"
#include "tests/live/net_fixture.h"

enum { BIG = 8 * 1024 * 1024 };

static void echoes(void **state)
{
    (void)state;
    int fd = client_connect(net.settings.mqtt_port);
    expect_text(fd, "hello \n");
    client_send(fd, "abc", 3);
    expect_text(fd, "abc");
    close(fd);
    expect_metric("connections", 0);
}

/* A slow reader: the kernel's buffers fill, the core pauses the sender, little waits, nothing is lost or
 * mixed up. */
static void holds_a_fast_sender_back(void **state)
{
    (void)state;
    int fd = client_connect(net.settings.mqtt_port);
    expect_text(fd, "hello \n");
    uint8_t *bytes = many_bytes(BIG), *back = malloc(BIG);
    size_t sent = 0, received = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (received < BIG) {
        ssize_t done = sent < BIG ? send(fd, bytes + sent, BIG - sent, MSG_NOSIGNAL) : -1;
        sent += done > 0 ? (size_t)done : 0;
        if (done < 0) {
            struct pollfd wait = {.fd = fd, .events = POLLIN};
            assert_int_equal(poll(&wait, 1, CLIENT_PATIENCE_S * 1000), 1);
            size_t left = BIG - received;
            done = recv(fd, back + received, left < 65536 ? left : 65536, 0);
            assert_true(done > 0);
            received += (size_t)done;
        }
    }
    assert_memory_equal(bytes, back, BIG);
    assert_in_range(
        client_metric(net.settings.metrics_port, "reads_behind_total"), 0, NET_CORE_ENOUGH + 512 * 1024);
    free(bytes);
    free(back);
    close(fd);
    expect_metric("connections", 0);
}

/* What was said before the close arrives, though the client has sent more that nobody reads. */
static void says_all_before_it_closes(void **state)
{
    (void)state;
    int fd = client_connect(net.settings.mqtt_port);
    expect_text(fd, "hello \n");
    size_t len = 100000;
    uint8_t *bytes = many_bytes(len), *back = malloc(len);
    memcpy(bytes + len - 5, "close", 5);
    client_send(fd, bytes, len);
    client_receive(fd, back, len);
    assert_memory_equal(bytes, back, len);
    client_expect_end(fd);
    client_send(fd, "too late", 8);
    close(fd);
    free(bytes);
    free(back);
    expect_metric("connections", 0);
}

static void a_reset_is_a_loss(void **state)
{
    (void)state;
    int64_t before = client_metric(net.settings.metrics_port, "connections_closed_protocol_total");
    int fd = client_connect(net.settings.mqtt_port);
    expect_text(fd, "hello \n");
    struct linger reset = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    close(fd);
    expect_metric("connections_closed_protocol_total", before + 1);
    expect_metric("connections", 0);
}

/* A peer that does not read what is said at the end is given a second, not more. */
static void a_peer_that_does_not_read_is_let_go(void **state)
{
    (void)state;
    int fd = client_connect(net.settings.mqtt_port);
    expect_text(fd, "hello \n");
    client_send(fd, "flood", 5);
    expect_metric("connections", 0);
    close(fd);
}

static void too_many_from_an_address(void **state)
{
    (void)state;
    int fds[NET_MOST_FROM_AN_ADDRESS];
    for (int i = 0; i < NET_MOST_FROM_AN_ADDRESS; i++) {
        fds[i] = client_connect(net.settings.mqtt_port);
        expect_text(fds[i], "hello \n");
    }
    int extra = client_connect(net.settings.mqtt_port);
    client_expect_gone(extra);
    close(extra);
    extra = client_connect(net.settings.http_port); /* the same limit for all listeners but the metrics' */
    client_expect_gone(extra);
    close(extra);
    assert_int_equal(client_metric(net.settings.metrics_port, "connections_refused_limit_total"), 2);
    for (int i = 0; i < NET_MOST_FROM_AN_ADDRESS; i++) {
        close(fds[i]);
    }
    expect_metric("connections", 0);
    int fd = client_connect(net.settings.mqtt_port);
    expect_text(fd, "hello \n");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echoes),
        cmocka_unit_test(holds_a_fast_sender_back),
        cmocka_unit_test(says_all_before_it_closes),
        cmocka_unit_test(a_reset_is_a_loss),
        cmocka_unit_test(a_peer_that_does_not_read_is_let_go),
        cmocka_unit_test(too_many_from_an_address),
    };
    return cmocka_run_group_tests(tests, net_start, net_stop);
}
