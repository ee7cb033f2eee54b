/* TLS 1.2 and 1.3 as a filter of bytes: what was read from a socket goes in, clear text comes out, and the
 * other way round. OpenSSL sees no socket, so that TLS too reads and writes once a turn. */
#ifndef NEIGHBORS_BROKER_NET_TLS_H
#define NEIGHBORS_BROKER_NET_TLS_H

#include "broker/settings.h"

struct tls;
struct tls_session;

enum { TLS_ERROR = 256, TLS_COMMON_NAME = 160 };

/* The server's side as tls_certificate, tls_key and tls_client_ca say. NULL: error says which file is wrong.
 */
struct tls *tls_new(const struct settings *settings, char error[TLS_ERROR]);
/* Reads the files anew. Sessions that are there keep what they have; false: so do new ones. */
bool tls_reload(struct tls *tls, const struct settings *settings, char error[TLS_ERROR])
    __attribute__((warn_unused_result));
void tls_free(struct tls *tls);

/* A session with a client that just connected; NULL when there is no memory. */
struct tls_session *tls_session_new(struct tls *tls);
void tls_session_free(struct tls_session *session);

/* What the peer sent. It must stay until tls_read has said AGAIN, CLOSED or FAILED. */
void tls_feed(struct tls_session *session, const uint8_t *data, size_t len);

enum tls_status { TLS_MORE, TLS_AGAIN, TLS_CLOSED, TLS_FAILED };

/* Clear text of what was fed, and the handshake on the way. MORE: ask again; AGAIN: all is used. */
enum tls_status tls_read(struct tls_session *session, uint8_t *clear, size_t size, size_t *len)
    __attribute__((warn_unused_result));
/* Why it FAILED: static text. */
const char *tls_failure(void);

/* The handshake is done. */
bool tls_established(const struct tls_session *session);
/* The common name of the client's verified certificate; its length, 0 when there is none. */
size_t tls_common_name(const struct tls_session *session, char out[TLS_COMMON_NAME]);

/* Seals clear text; false when the session is beyond that. */
bool tls_write(struct tls_session *session, const uint8_t *clear, size_t len)
    __attribute__((warn_unused_result));
/* Says to the peer that nothing more will come. */
void tls_shutdown(struct tls_session *session);

/* What is to be sent to the peer, and how much of it was. */
struct bytes tls_output(const struct tls_session *session);
void tls_sent(struct tls_session *session, size_t len);

#endif
