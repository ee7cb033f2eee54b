/* TLS for real, on a core that echoes: certificates of clients, what is refused, new keys while it runs. */
#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/live/net_client.h"
#include "tests/live/net_fixture.h"

static SSL_CTX *client_context(bool with_certificate, int version)
{
    char path[256], key[256];
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    snprintf(path, sizeof(path), "%s/ca.pem", net.directory);
    assert_int_equal(SSL_CTX_load_verify_file(context, path), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_min_proto_version(context, version);
    if (with_certificate) {
        snprintf(path, sizeof(path), "%s/client.pem", net.directory);
        snprintf(key, sizeof(key), "%s/client.key", net.directory);
        assert_int_equal(SSL_CTX_use_certificate_file(context, path, SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM), 1);
    }
    return context;
}

static SSL *client_tls(SSL_CTX *context, int *fd)
{
    SSL *ssl = SSL_new(context);
    *fd = client_connect(net.settings.tls_port);
    SSL_set_fd(ssl, *fd);
    return ssl;
}

/* A stop and a continuation end a call with EINTR (net_client.c). */
#define UNINTERRUPTED(call)                                                                                  \
    ({                                                                                                       \
        int done_;                                                                                           \
        do {                                                                                                 \
            errno = 0;                                                                                       \
            done_ = (call);                                                                                  \
        } while (done_ < 0 && errno == EINTR);                                                               \
        done_;                                                                                               \
    })

static int tls_connect(SSL *ssl)
{
    return UNINTERRUPTED(SSL_connect(ssl));
}

static int tls_read(SSL *ssl, void *data, int len)
{
    return UNINTERRUPTED(SSL_read(ssl, data, len));
}

static int tls_write(SSL *ssl, const void *data, int len)
{
    return UNINTERRUPTED(SSL_write(ssl, data, len));
}

static void expect_tls_text(SSL *ssl, const char *text)
{
    char got[256];
    for (size_t at = 0; at < strlen(text);) {
        int len = tls_read(ssl, got + at, (int)(strlen(text) - at));
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
    assert_int_equal(tls_connect(ssl), 1);
    expect_tls_text(ssl, greeting);
    size_t len = 300000;
    uint8_t *bytes = many_bytes(len), *back = malloc(len);
    for (size_t sent = 0, received = 0; received < len;) {
        size_t part = len - sent < 50000 ? len - sent : 50000;
        if (part > 0) {
            assert_int_equal(tls_write(ssl, bytes + sent, (int)part), (int)part);
            sent += part;
        }
        while (received < sent) {
            int got = tls_read(ssl, back + received, (int)(sent - received));
            assert_true(got > 0);
            received += (size_t)got;
        }
    }
    assert_memory_equal(bytes, back, len);
    assert_int_equal(tls_write(ssl, "close", 5), 5);
    expect_tls_text(ssl, "close");
    char byte;
    assert_int_equal(tls_read(ssl, &byte, 1), 0);
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
    assert_true(tls_connect(ssl) <= 0);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    fd = client_connect(net.settings.tls_port); /* no TLS at all */
    client_send(fd, "GET / HTTP/1.1\r\n\r\n", 18);
    client_expect_gone(fd);
    close(fd);
    expect_metric("connections", 0);
}

static void who_says_nothing_is_let_go(void **state)
{
    (void)state;
    int fd = client_connect(net.settings.tls_port);
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
    assert_int_equal(tls_connect(old), 1);
    peer_name(old, name);
    assert_string_equal(name, "first");
    make_certificate(net.directory, "server", "second");
    assert_int_equal(kill(net.server, SIGHUP), 0);
    int64_t until = net_seconds() + CLIENT_PATIENCE_S;
    while (strcmp(name, "second") != 0 && net_seconds() < until) {
        SSL *fresh = client_tls(context, &fd);
        assert_int_equal(tls_connect(fresh), 1);
        peer_name(fresh, name);
        SSL_free(fresh);
        close(fd);
    }
    assert_string_equal(name, "second");
    expect_tls_text(old, "hello user/ann\n");
    assert_int_equal(tls_write(old, "still here", 10), 10);
    expect_tls_text(old, "still here");
    SSL_free(old);
    close(old_fd);
    SSL_CTX_free(context);
    expect_metric("connections", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls_with_and_without_certificate),
        cmocka_unit_test(tls_refuses),
        cmocka_unit_test(reload_takes_a_new_certificate),
    };
    const struct CMUnitTest not_greeted[] = {cmocka_unit_test(who_says_nothing_is_let_go)};
    return cmocka_run_group_tests(tests, net_start, net_stop) +
           cmocka_run_group_tests(not_greeted, net_start_that_is_not_greeted, net_stop);
}
