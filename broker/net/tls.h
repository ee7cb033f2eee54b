/* TLS 1.2 and 1.3 as a filter of bytes: what was read from a socket goes in, clear text comes out, and the
 * other way round. OpenSSL sees no socket, so that TLS too reads and writes once a turn.
 *
 * Whose certificate is accepted: tls_trust.c. How a session is resumed: tls_ticket.c. */
#ifndef NEIGHBORS_BROKER_NET_TLS_H
#define NEIGHBORS_BROKER_NET_TLS_H

#include "broker/settings.h"
#include "broker/transport.h"

struct tls;
struct tls_session;

enum { TLS_ERROR = 256, TLS_SECRET = 32 };

/* The server's side as the settings tls_… say. secret: what the keys of session tickets are derived from, the
 * same in all processes of an installation; copied; NULL: no tickets. NULL: error says which file is wrong.
 */
struct tls *tls_new(const struct settings *settings, const uint8_t secret[TLS_SECRET], char error[TLS_ERROR]);
/* Reads the files anew. Sessions that are there keep what they have (tls_session_fault tells of whom they
 * should not); false: so do new ones. */
bool tls_reload(struct tls *tls, const struct settings *settings, char error[TLS_ERROR])
    __attribute__((warn_unused_result));
/* True when a file was changed since it was read last, or was tried. */
bool tls_files_changed(const struct tls *tls, const struct settings *settings);
/* When the server's certificate ends: ms since 1970. */
int64_t tls_certificate_ends(const struct tls *tls);
void tls_free(struct tls *tls);

/* What a session will carry: the name that ALPN (RFC 7301) has for it. */
enum tls_use { TLS_FOR_MQTT, TLS_FOR_HTTP };

/* A session with a client that just connected; NULL when there is no memory. */
struct tls_session *tls_session_new(struct tls *tls, enum tls_use use);
void tls_session_free(struct tls_session *session);

/* What the peer sent. It must stay until tls_read has said AGAIN, CLOSED or FAILED. */
void tls_feed(struct tls_session *session, const uint8_t *data, size_t len);

enum tls_status { TLS_MORE, TLS_AGAIN, TLS_CLOSED, TLS_FAILED };

/* Clear text of what was fed, and the handshake on the way. MORE: ask again; AGAIN: all is used. */
enum tls_status tls_read(struct tls_session *session, uint8_t *clear, size_t size, size_t *len)
    __attribute__((warn_unused_result));
/* Why it FAILED, as far as that is known: static text. */
const char *tls_failure(const struct tls_session *session);
/* Whose certificate was refused, when its name has the form of one; else "-". Lives as long as the session.
 */
const char *tls_refused_name(const struct tls_session *session);

/* The handshake is done; and it went on with a session of before. */
bool tls_established(const struct tls_session *session);
bool tls_resumed(const struct tls_session *session);
/* What the client's verified certificate says of it: peer's certificate, certificate_from, certificate_until
 * and trail, with the name in name[]; the trail lives as long as the session. Len 0: it has none. */
void tls_client(struct tls_session *session, char name[PEER_NAME], struct peer *peer);

/* Why a client's certificate that was accepted is so no longer, by the files as they were read last: static
 * text; NULL: it is, or there is none. */
const char *tls_trail_fault(const struct tls *tls, const struct certificate_trail *trail);
const char *tls_session_fault(struct tls_session *session);

/* Seals clear text; false when the session is beyond that. */
bool tls_write(struct tls_session *session, const uint8_t *clear, size_t len)
    __attribute__((warn_unused_result));
/* Says to the peer that nothing more will come. */
void tls_shutdown(struct tls_session *session);

/* What is to be sent to the peer, and how much of it was. */
struct bytes tls_output(const struct tls_session *session);
void tls_sent(struct tls_session *session, size_t len);

#endif
