/* Clients for the tests of sockets. */
#include "tests/live/net_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/live/held_port.h"

static struct sockaddr_in loopback(int64_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int64_t client_port(void)
{
    int fd, port = held_port(&fd);
    assert_int_not_equal(port, 0);
    return port;
}

int client_connect(int64_t port)
{
    struct sockaddr_in address = loopback(port);
    struct timeval deadline = {.tv_sec = CLIENT_PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* With a deadline on the socket even a stop and a continuation end a call with EINTR. */
static ssize_t client_read(int fd, void *data, size_t len)
{
    return TEMP_FAILURE_RETRY(recv(fd, data, len, 0));
}

void client_send(int fd, const void *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t sent = TEMP_FAILURE_RETRY(send(fd, (const char *)data + at, len - at, MSG_NOSIGNAL));
        assert_true(sent > 0);
        at += (size_t)sent;
    }
}

void client_receive(int fd, void *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = client_read(fd, (char *)data + at, len - at);
        assert_true(got > 0);
        at += (size_t)got;
    }
}

void client_expect_end(int fd)
{
    char byte;
    assert_int_equal(client_read(fd, &byte, 1), 0);
}

void client_expect_gone(int fd)
{
    char bytes[256];
    ssize_t got;
    while ((got = client_read(fd, bytes, sizeof(bytes))) > 0) {
    }
    assert_true(got == 0 || errno == ECONNRESET);
}

/* To HEAD the head is all. */
static bool answer_is_whole(const char *request, const char *answer, size_t len)
{
    const char *body = strstr(answer, "\r\n\r\n"), *length = strstr(answer, "content-length: ");
    if (strncmp(request, "HEAD ", 5) == 0)
        return body;
    return body && length && len >= (size_t)(body + 4 - answer) + strtoul(length + 16, NULL, 10);
}

void client_http(int64_t port, const char *request, char *answer, size_t size)
{
    int fd = client_connect(port);
    size_t len = 0;
    client_send(fd, request, strlen(request));
    answer[0] = '\0';
    while (len < size - 1 && !answer_is_whole(request, answer, len)) {
        ssize_t got = client_read(fd, answer + len, size - 1 - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        answer[len] = '\0';
    }
    close(fd);
}

int64_t client_metric(int64_t port, const char *name)
{
    static char page[64 * 1024];
    char start[128];
    client_http(port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", page, sizeof(page));
    snprintf(start, sizeof(start), "\nneighbors_%s{", name);
    const char *line = strstr(page, start);
    const char *value = line ? strchr(line, ' ') : NULL;
    return value ? strtoll(value, NULL, 10) : -1;
}

/* ---- WebSocket ------------------------------------------------------------------------------------ */

int websocket_upgrade(int fd, const char *path, const char *subprotocol)
{
    char request[512], answer[1024] = "";
    snprintf(request, sizeof(request),
        "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s\r\n",
        path, subprotocol ? "Sec-WebSocket-Protocol: " : "", subprotocol ? subprotocol : "",
        subprotocol ? "\r\n" : "");
    client_send(fd, request, strlen(request));
    for (size_t len = 0; len < sizeof(answer) - 1 && !strstr(answer, "\r\n\r\n"); len++) {
        if (client_read(fd, answer + len, 1) != 1) { /* a byte at a time: frames may follow at once */
            break;
        }
    }
    int status = 0;
    return sscanf(answer, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

void websocket_send(int fd, int opcode, bool last, const void *data, size_t len)
{
    static const uint8_t mask[4] = {1, 2, 3, 4};
    uint8_t head[14] = {(uint8_t)((last ? 0x80 : 0) | opcode)};
    size_t at = 2;
    if (len < 126) {
        head[1] = (uint8_t)(0x80 | len);
    } else {
        head[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++) {
            head[at++] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
        }
    }
    memcpy(head + at, mask, 4);
    uint8_t *masked = malloc(len + 1);
    for (size_t i = 0; i < len; i++) {
        masked[i] = ((const uint8_t *)data)[i] ^ mask[i % 4];
    }
    client_send(fd, head, at + 4);
    client_send(fd, masked, len);
    free(masked);
}

int websocket_head(int fd, size_t *len)
{
    uint8_t head[2], more[8];
    client_receive(fd, head, 2);
    size_t count = head[1] == 126 ? 2 : head[1] == 127 ? 8 : 0;
    client_receive(fd, more, count);
    *len = count ? 0 : head[1];
    for (size_t i = 0; i < count; i++) {
        *len = *len << 8 | more[i];
    }
    return head[0] & 15;
}

/* ---- certificates ---------------------------------------------------------------------------------- */

static void write_files(const char *directory, const char *file, X509 *certificate, EVP_PKEY *key)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s.pem", directory, file);
    FILE *out = fopen(path, "w");
    assert_int_equal(PEM_write_X509(out, certificate), 1);
    fclose(out);
    snprintf(path, sizeof(path), "%s/%s.key", directory, file);
    out = fopen(path, "w");
    fchmod(fileno(out), 0600);
    assert_int_equal(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(out);
}

static X509 *certify(const char *common_name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    static long serial;
    X509 *certificate = X509_new();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
        (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer : certificate));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer : certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *basic =
        X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
    X509_add_ext(certificate, basic, -1);
    X509_EXTENSION_free(basic);
    assert_true(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
    return certificate;
}

static bool load_authority(const char *directory, X509 **certificate, EVP_PKEY **key)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/ca.pem", directory);
    FILE *in = fopen(path, "r");
    if (!in) {
        return false;
    }
    *certificate = PEM_read_X509(in, NULL, NULL, NULL);
    fclose(in);
    snprintf(path, sizeof(path), "%s/ca.key", directory);
    in = fopen(path, "r");
    *key = PEM_read_PrivateKey(in, NULL, NULL, NULL);
    fclose(in);
    return true;
}

void make_certificate(const char *directory, const char *file, const char *common_name)
{
    X509 *authority;
    EVP_PKEY *authority_key;
    if (!load_authority(directory, &authority, &authority_key)) {
        authority_key = EVP_EC_gen("P-256");
        authority = certify("authority", authority_key, NULL, authority_key);
        write_files(directory, "ca", authority, authority_key);
    }
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = certify(common_name, key, authority, authority_key);
    write_files(directory, file, certificate, key);
    X509_free(certificate);
    X509_free(authority);
    EVP_PKEY_free(key);
    EVP_PKEY_free(authority_key);
}
