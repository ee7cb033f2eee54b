/* HTTP for real, on a core that echoes: the portal's files, health, metrics, and what is no request. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/live/net_client.h"
#include "tests/live/net_fixture.h"

static void http_answers(void **state)
{
    (void)state;
    static const struct {
        bool metrics;
        const char *request, *status, *within;
    } cases[] = {
        {false, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "200", "<p>the portal</p>"},
        {false, "GET /index.html HTTP/1.0\r\n\r\n", "200", "<p>the portal</p>"},
        {false, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "503", "content-length: 0"},
        {false, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "503", "content-length: 0"},
        {false, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "404", "\"field\":\"path\""},
        {false, "GET /missing HTTP/1.1\r\nHost: x\r\n\r\n", "404", "\"code\":404"},
        {false, "GET /../secret.html HTTP/1.1\r\nHost: x\r\n\r\n", "404", "\"code\":404"},
        {false, "GET /%2e%2e/secret.html HTTP/1.1\r\nHost: x\r\n\r\n", "404", "\"code\":404"},
        {false, "GET /.hidden.html HTTP/1.1\r\nHost: x\r\n\r\n", "404", "\"code\":404"},
        {false, "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", "405", "allow: GET, HEAD"},
        {false, "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405", "allow: GET, HEAD"},
        {false, "HEAD /index.html HTTP/1.1\r\nHost: x\r\n\r\n", "200", "content-length: "},
        {false, "POST /v1/none HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", "404",
            "\"field\":\"path\""},
        {false, "POST /v1/none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            "411", "\"code\":411"},
        {true, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "503", "\"store\":\"down\""},
        {true, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200", "# TYPE neighbors_connections gauge"},
        {true, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404", "\"code\":404"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static char answer[64 * 1024];
        client_http(cases[i].metrics ? net.settings.metrics_port : net.settings.http_port, cases[i].request,
            answer, sizeof(answer));
        if (strncmp(answer + 9, cases[i].status, 3) != 0 || !strstr(answer, cases[i].within)) {
            print_error("%s->\n%s\n", cases[i].request, answer);
        }
        assert_memory_equal(answer + 9, cases[i].status, 3);
        assert_non_null(strstr(answer, cases[i].within));
    }
}

static void ask_on(int fd)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[512];
    size_t len = 0;
    client_send(fd, request, sizeof(request) - 1);
    do {
        client_receive(fd, answer + len, 1);
        answer[++len] = '\0';
    } while (!strstr(answer, "\r\n\r\n"));
    assert_memory_equal(answer, "HTTP/1.1 503", 12);
}

static void http_requests_follow_each_other(void **state)
{
    (void)state;
    int fd = client_connect(net.settings.http_port);
    for (int i = 0; i < 3; i++)
        ask_on(fd);
    close(fd);
}

static void who_asks_nothing_more_is_let_go(void **state)
{
    (void)state;
    int fd = client_connect(net.settings.http_port);
    ask_on(fd);
    client_expect_gone(fd);
    close(fd);
}

static void who_says_nothing_is_let_go(void **state)
{
    (void)state;
    int fd = client_connect(net.settings.http_port);
    client_expect_gone(fd);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(http_answers),
        cmocka_unit_test(http_requests_follow_each_other),
    };
    const struct CMUnitTest idle[] = {cmocka_unit_test(who_asks_nothing_more_is_let_go)};
    const struct CMUnitTest not_greeted[] = {cmocka_unit_test(who_says_nothing_is_let_go)};
    return cmocka_run_group_tests(tests, net_start, net_stop) +
           cmocka_run_group_tests(idle, net_start_that_is_idle, net_stop) +
           cmocka_run_group_tests(not_greeted, net_start_that_is_not_greeted, net_stop);
}
