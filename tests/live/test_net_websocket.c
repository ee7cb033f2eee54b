/* MQTT in WebSocket for real, on a core that echoes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/live/net_client.h"
#include "tests/live/net_fixture.h"

static void websocket_receive(int fd, uint8_t *back, size_t len)
{
    for (size_t at = 0, part; at < len; at += part) {
        assert_int_equal(websocket_head(fd, &part), 2);
        assert_true(part <= len - at);
        client_receive(fd, back + at, part);
    }
}

static int websocket_connect(void)
{
    uint8_t greeting[7];
    int fd = client_connect(net.settings.http_port);
    assert_int_equal(websocket_upgrade(fd, "/mqtt", "mqtt"), 101);
    websocket_receive(fd, greeting, sizeof(greeting));
    assert_memory_equal(greeting, "hello \n", 7);
    return fd;
}

static void websocket_carries(void **state)
{
    (void)state;
    int fd = websocket_connect();
    size_t len = 200000, status_len;
    uint8_t *bytes = many_bytes(len), *back = malloc(len), status[2];
    websocket_send(fd, 2, true, bytes, 1);
    websocket_send(fd, 2, false, bytes + 1, 9); /* in pieces, as a message may be */
    websocket_send(fd, 0, true, bytes + 10, len - 10);
    websocket_receive(fd, back, len);
    assert_memory_equal(bytes, back, len);
    websocket_send(fd, 9, true, "ping", 4);
    assert_int_equal(websocket_head(fd, &status_len), 10);
    client_receive(fd, back, status_len);
    websocket_send(fd, 2, true, "close", 5);
    websocket_receive(fd, back, 5);
    assert_int_equal(websocket_head(fd, &status_len), 8);
    assert_int_equal(status_len, 2);
    client_receive(fd, status, 2);
    assert_int_equal(status[0] << 8 | status[1], 1000);
    close(fd);
    free(bytes);
    free(back);
    expect_metric("connections", 0);
}

static void websocket_text_closes(void **state)
{
    (void)state;
    size_t len;
    uint8_t status[2];
    int fd = websocket_connect();
    websocket_send(fd, 1, true, "text", 4);
    assert_int_equal(websocket_head(fd, &len), 8);
    client_receive(fd, status, 2);
    assert_int_equal(status[0] << 8 | status[1], 1003);
    close(fd);
    expect_metric("connections", 0);
}

static void websocket_only_where_it_belongs(void **state)
{
    (void)state;
    static const struct {
        bool metrics;
        const char *path, *subprotocol;
    } cases[] = {{false, "/", "mqtt"}, {false, "/mqtt2", "mqtt"}, {false, "/mqtt", NULL},
        {false, "/mqtt", "chat"}, {true, "/mqtt", "mqtt"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = client_connect(cases[i].metrics ? net.settings.metrics_port : net.settings.http_port);
        assert_int_not_equal(websocket_upgrade(fd, cases[i].path, cases[i].subprotocol), 101);
        close(fd);
    }
}

static void websocket_peer_vanishes(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = websocket_connect();
        websocket_send(fd, 2, true, "some bytes", 10);
        close(fd);
    }
    expect_metric("connections", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(websocket_carries),
        cmocka_unit_test(websocket_text_closes),
        cmocka_unit_test(websocket_only_where_it_belongs),
        cmocka_unit_test(websocket_peer_vanishes),
    };
    return cmocka_run_group_tests(tests, net_start, net_stop);
}
