/* Clients for the tests of sockets: blocking, with a deadline on every wait; TLS and WebSocket by hand. */
#ifndef NEIGHBORS_TESTS_LIVE_NET_CLIENT_H
#define NEIGHBORS_TESTS_LIVE_NET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_PATIENCE_S = 60 };

/* A TCP port of the loopback that is the program's as long as it runs (held_port.h). */
int64_t client_port(void);

/* A connected socket whose reads and writes fail after CLIENT_PATIENCE_S. */
int client_connect(int64_t port);
void client_send(int fd, const void *data, size_t len);
/* Reads exactly len bytes. */
void client_receive(int fd, void *data, size_t len);
/* The peer has closed in good order: no byte, no reset. */
void client_expect_end(int fd);
/* The peer closes, well or not, within the deadline. */
void client_expect_gone(int fd);

/* Sends an HTTP request as it is and reads the whole answer, until the peer closes or the content-length is
 * reached. */
void client_http(int64_t port, const char *request, char *answer, size_t size);
/* The value of a metric on the metrics listener, -1 when it has none. */
int64_t client_metric(int64_t port, const char *name);

/* Asks for a WebSocket; the status of the answer, 0 when the peer just closes. */
int websocket_upgrade(int fd, const char *path, const char *subprotocol);
/* One masked frame of this opcode. */
void websocket_send(int fd, int opcode, bool last, const void *data, size_t len);
/* Reads a frame's head: opcode and payload length. */
int websocket_head(int fd, size_t *len);

/* Writes a certificate signed by the files' authority ("DIR/ca.pem", made when there is none) as
 * DIR/<file>.pem and DIR/<file>.key. */
void make_certificate(const char *directory, const char *file, const char *common_name);

#endif
