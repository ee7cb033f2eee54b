/* One client of TLS after the other: bench_handshake PORT CA.crt full|resumed COUNT PID. Prints what the
 * server's process (user and system) used for each handshake, in microseconds, and how many there were a
 * second. */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static SSL_SESSION *ticket, *former;

static int keep(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(former);
    former = ticket; /* until the next: its address must not be the next one's */
    ticket = session;
    return 1;
}

static double now(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) {
        perror("bench_handshake: clock");
        exit(2);
    }
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void shake(SSL_CTX *context, int port, bool resumed)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char byte;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SSL *ssl = SSL_new(context);
    if (fd < 0 || !ssl || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 || SSL_set_fd(ssl, fd) != 1 ||
        (resumed && ticket && SSL_set_session(ssl, ticket) != 1) || SSL_connect(ssl) != 1) {
        fprintf(stderr, "bench_handshake: no handshake\n");
        exit(2);
    }
    if (resumed && ticket && !SSL_session_reused(ssl)) {
        fprintf(stderr, "bench_handshake: not resumed\n");
        exit(2);
    }
    SSL_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
    SSL_SESSION *before = ticket;
    while (
        ticket == before && SSL_read(ssl, &byte, 1) <= 0 && SSL_get_error(ssl, -1) == SSL_ERROR_WANT_READ) {
    }
    (void)SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: bench_handshake PORT CA.crt full|resumed COUNT PID\n");
        return 2;
    }
    clockid_t server;
    bool resumed = strcmp(argv[3], "resumed") == 0;
    int port = atoi(argv[1]), count = atoi(argv[4]);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context || SSL_CTX_load_verify_file(context, argv[2]) != 1 ||
        clock_getcpuclockid(atoi(argv[5]), &server) != 0) {
        fprintf(stderr, "bench_handshake: cannot begin\n");
        return 2;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep);
    for (int i = 0; i < 20; i++)
        shake(context, port, resumed);
    double began = now(CLOCK_MONOTONIC), used = now(server);
    for (int i = 0; i < count; i++)
        shake(context, port, resumed);
    used = now(server) - used;
    printf("{\"us_each\":%.2f,\"per_s\":%.1f,\"per_core_s\":%.1f}\n", used * 1e6 / count,
        count / (now(CLOCK_MONOTONIC) - began), count / used);
    return 0;
}
