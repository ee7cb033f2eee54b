/* Sockets for real: TCP, TLS, WebSocket, HTTP and the limits, on a core that echoes (net_core.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/live/net_client.h"
#include "tests/live/net_core.h"

enum { BIG = 8 * 1024 * 1024, MOST_FROM_AN_ADDRESS = 40 };

static char directory[] = "/tmp/neighbors-net-XXXXXX";
static struct settings settings;
static pid_t server;

static void set_path(char **setting, const char *file)
{
    free(*setting);
    assert_true(asprintf(setting, "%s/%s", directory, file) > 0);
}

static void write_text(const char *file, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", directory, file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int start(void **state)
{
    (void)state;
    char portal[64];
    assert_non_null(mkdtemp(directory));
    snprintf(portal, sizeof(portal), "%s/portal", directory);
    assert_int_equal(mkdir(portal, 0700), 0);
    write_text("portal/index.html", "<p>the portal</p>");
    write_text("portal/.hidden.html", "hidden");
    write_text("secret.html", "a secret");
    make_certificate(directory, "server", "first");
    make_certificate(directory, "client", "user/ann");
    settings_default(&settings);
    settings.mqtt_port = free_port();
    settings.tls_port = free_port();
    settings.http_port = free_port();
    settings.metrics_port = free_port();
    settings.connect_timeout_ms = 500;
    settings.http_idle_s = 1;
    settings.max_connections_per_address = MOST_FROM_AN_ADDRESS;
    settings.accept_rate_per_address = 0;
    free(settings.tls_address);
    settings.tls_address = strdup("127.0.0.1");
    set_path(&settings.tls_certificate, "server.pem");
    set_path(&settings.tls_key, "server.key");
    set_path(&settings.tls_client_ca, "ca.pem");
    set_path(&settings.portal_directory, "portal");
    server = net_core_start(&settings);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    static const char *const files[] = {"server.pem", "server.key", "client.pem", "client.key", "ca.pem",
        "ca.key", "secret.html", "portal/index.html", "portal/.hidden.html", "portal"};
    net_core_stop(server);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
        assert_int_equal(remove(path), 0);
    }
    settings_free(&settings);
    return rmdir(directory);
}

static uint8_t *many_bytes(size_t len)
{
    uint8_t *bytes = malloc(len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(i * 31 + (i >> 11));
    }
    return bytes;
}

static void expect_text(int fd, const char *text)
{
    char got[256];
    client_receive(fd, got, strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

static int64_t seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Waits until a metric has this value; each look is a request, so nothing is slept away. */
static void expect_metric(const char *name, int64_t value)
{
    int64_t last = -1, deadline = seconds() + 10;
    while (last != value && seconds() < deadline) {
        last = client_metric(settings.metrics_port, name);
    }
    assert_int_equal(last, value);
}

/* ---- TCP ------------------------------------------------------------------------------------------- */

static void echoes(void **state)
{
    (void)state;
    int fd = client_connect(settings.mqtt_port);
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
    int fd = client_connect(settings.mqtt_port);
    expect_text(fd, "hello \n");
    uint8_t *bytes = many_bytes(BIG), *back = malloc(BIG);
    size_t sent = 0, received = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (received < BIG) {
        ssize_t done = sent < BIG ? send(fd, bytes + sent, BIG - sent, MSG_NOSIGNAL) : -1;
        sent += done > 0 ? (size_t)done : 0;
        if (done < 0) {
            struct pollfd wait = {.fd = fd, .events = POLLIN};
            assert_int_equal(poll(&wait, 1, 10000), 1);
            size_t left = BIG - received;
            done = recv(fd, back + received, left < 65536 ? left : 65536, 0);
            assert_true(done > 0);
            received += (size_t)done;
        }
    }
    assert_memory_equal(bytes, back, BIG);
    assert_in_range(
        client_metric(settings.metrics_port, "reads_behind_total"), 0, NET_CORE_ENOUGH + 512 * 1024);
    free(bytes);
    free(back);
    close(fd);
    expect_metric("connections", 0);
}

/* What was said before the close arrives, though the client has sent more that nobody reads. */
static void says_all_before_it_closes(void **state)
{
    (void)state;
    int fd = client_connect(settings.mqtt_port);
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
    int64_t before = client_metric(settings.metrics_port, "connections_closed_protocol_total");
    int fd = client_connect(settings.mqtt_port);
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
    int fd = client_connect(settings.mqtt_port);
    expect_text(fd, "hello \n");
    client_send(fd, "flood", 5);
    expect_metric("connections", 0);
    close(fd);
}

static void too_many_from_an_address(void **state)
{
    (void)state;
    int fds[MOST_FROM_AN_ADDRESS];
    for (int i = 0; i < MOST_FROM_AN_ADDRESS; i++) {
        fds[i] = client_connect(settings.mqtt_port);
        expect_text(fds[i], "hello \n");
    }
    int extra = client_connect(settings.mqtt_port);
    client_expect_gone(extra);
    close(extra);
    extra = client_connect(settings.http_port); /* the same limit for all listeners but the metrics' */
    client_expect_gone(extra);
    close(extra);
    assert_int_equal(client_metric(settings.metrics_port, "connections_refused_limit_total"), 2);
    for (int i = 0; i < MOST_FROM_AN_ADDRESS; i++) {
        close(fds[i]);
    }
    expect_metric("connections", 0);
    int fd = client_connect(settings.mqtt_port);
    expect_text(fd, "hello \n");
    close(fd);
}

/* ---- TLS ------------------------------------------------------------------------------------------- */

static SSL_CTX *client_context(bool with_certificate, int version)
{
    char path[256], key[256];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    snprintf(path, sizeof(path), "%s/ca.pem", directory);
    assert_int_equal(SSL_CTX_load_verify_file(context, path), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_min_proto_version(context, version);
    if (with_certificate) {
        snprintf(path, sizeof(path), "%s/client.pem", directory);
        snprintf(key, sizeof(key), "%s/client.key", directory);
        assert_int_equal(SSL_CTX_use_certificate_file(context, path, SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM), 1);
    }
    return context;
}

static SSL *client_tls(SSL_CTX *context, int *fd)
{
    SSL *ssl = SSL_new(context);
    *fd = client_connect(settings.tls_port);
    SSL_set_fd(ssl, *fd);
    return ssl;
}

static void expect_tls_text(SSL *ssl, const char *text)
{
    char got[256];
    for (size_t at = 0; at < strlen(text);) {
        int len = SSL_read(ssl, got + at, (int)(strlen(text) - at));
        assert_true(len > 0);
        at += (size_t)len;
    }
    assert_memory_equal(got, text, strlen(text));
}

static void tls_carries(bool with_certificate, int version, const char *greeting)
{
    int fd;
    SSL_CTX *context = client_context(with_certificate, version);
    SSL *ssl = client_tls(context, &fd);
    assert_int_equal(SSL_connect(ssl), 1);
    expect_tls_text(ssl, greeting);
    size_t len = 300000;
    uint8_t *bytes = many_bytes(len), *back = malloc(len);
    for (size_t sent = 0, received = 0; received < len;) {
        size_t part = len - sent < 50000 ? len - sent : 50000;
        if (part > 0) {
            assert_int_equal(SSL_write(ssl, bytes + sent, (int)part), (int)part);
            sent += part;
        }
        while (received < sent) {
            int got = SSL_read(ssl, back + received, (int)(sent - received));
            assert_true(got > 0);
            received += (size_t)got;
        }
    }
    assert_memory_equal(bytes, back, len);
    assert_int_equal(SSL_write(ssl, "close", 5), 5);
    expect_tls_text(ssl, "close");
    char byte;
    assert_int_equal(SSL_read(ssl, &byte, 1), 0);
    assert_int_equal(
        SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN); /* a truncated stream would say otherwise */
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    free(bytes);
    free(back);
    expect_metric("connections", 0);
}

static void tls_with_and_without_certificate(void **state)
{
    (void)state;
    tls_carries(false, TLS1_3_VERSION, "hello \n");
    tls_carries(true, TLS1_3_VERSION, "hello user/ann\n");
    tls_carries(true, TLS1_2_VERSION, "hello user/ann\n");
}

static void tls_refuses(void **state)
{
    (void)state;
    int fd;
    SSL_CTX *context = client_context(false, TLS1_3_VERSION);
    SSL *ssl = client_tls(context, &fd);
    SSL_set_alpn_protos(ssl, (const unsigned char *)"\x02h2", 3);
    assert_true(SSL_connect(ssl) <= 0);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    fd = client_connect(settings.tls_port); /* no TLS at all */
    client_send(fd, "GET / HTTP/1.1\r\n\r\n", 18);
    client_expect_gone(fd);
    close(fd);
    fd = client_connect(settings.tls_port); /* nothing at all: the connect time-out */
    client_expect_gone(fd);
    close(fd);
    expect_metric("connections", 0);
}

static void peer_name(SSL *ssl, char name[64])
{
    X509_NAME_get_text_by_NID(
        X509_get_subject_name(SSL_get0_peer_certificate(ssl)), NID_commonName, name, 64);
}

static void reload_takes_a_new_certificate(void **state)
{
    (void)state;
    int old_fd, fd;
    char name[64] = "";
    SSL_CTX *context = client_context(true, TLS1_3_VERSION);
    SSL *old = client_tls(context, &old_fd);
    assert_int_equal(SSL_connect(old), 1);
    peer_name(old, name);
    assert_string_equal(name, "first");
    make_certificate(directory, "server", "second");
    assert_int_equal(kill(server, SIGHUP), 0);
    for (int tries = 0; tries < 1000 && strcmp(name, "second") != 0; tries++) {
        SSL *fresh = client_tls(context, &fd);
        assert_int_equal(SSL_connect(fresh), 1);
        peer_name(fresh, name);
        SSL_free(fresh);
        close(fd);
    }
    assert_string_equal(name, "second");
    expect_tls_text(old, "hello user/ann\n");
    assert_int_equal(SSL_write(old, "still here", 10), 10);
    expect_tls_text(old, "still here");
    SSL_free(old);
    close(old_fd);
    SSL_CTX_free(context);
    expect_metric("connections", 0);
}

/* ---- WebSocket --------------------------------------------------------------------------------------- */

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
    int fd = client_connect(settings.http_port);
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
        int fd = client_connect(cases[i].metrics ? settings.metrics_port : settings.http_port);
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

/* ---- HTTP -------------------------------------------------------------------------------------------- */

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
        client_http(cases[i].metrics ? settings.metrics_port : settings.http_port, cases[i].request, answer,
            sizeof(answer));
        if (strncmp(answer + 9, cases[i].status, 3) != 0 || !strstr(answer, cases[i].within)) {
            print_error("%s->\n%s\n", cases[i].request, answer);
        }
        assert_memory_equal(answer + 9, cases[i].status, 3);
        assert_non_null(strstr(answer, cases[i].within));
    }
}

static void http_requests_follow_each_other(void **state)
{
    (void)state;
    int fd = client_connect(settings.http_port);
    for (int i = 0; i < 3; i++) {
        char answer[512];
        static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
        size_t len = 0;
        client_send(fd, request, sizeof(request) - 1);
        do {
            client_receive(fd, answer + len, 1);
            answer[++len] = '\0';
        } while (!strstr(answer, "\r\n\r\n"));
        assert_memory_equal(answer, "HTTP/1.1 503", 12);
    }
    client_expect_gone(fd); /* http_idle_s */
    close(fd);
    fd = client_connect(settings.http_port); /* who says nothing is let go too */
    client_expect_gone(fd);
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
        cmocka_unit_test(tls_with_and_without_certificate),
        cmocka_unit_test(tls_refuses),
        cmocka_unit_test(reload_takes_a_new_certificate),
        cmocka_unit_test(websocket_carries),
        cmocka_unit_test(websocket_text_closes),
        cmocka_unit_test(websocket_only_where_it_belongs),
        cmocka_unit_test(websocket_peer_vanishes),
        cmocka_unit_test(http_answers),
        cmocka_unit_test(http_requests_follow_each_other),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
