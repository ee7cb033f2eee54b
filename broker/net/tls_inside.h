/* Between the files of TLS. */
#ifndef NEIGHBORS_BROKER_NET_TLS_INSIDE_H
#define NEIGHBORS_BROKER_NET_TLS_INSIDE_H

#include <openssl/ssl.h>
#include <sys/stat.h>

#include "broker/net/tls.h"

enum { TRUST_DIGEST = 32, TLS_FILES = 4 };

/* ---- tickets (tls_ticket.c) ---- */

/* The keys of one hour. */
struct ticket_key {
    int64_t hour; /* since 1970; 0: none */
    uint8_t name[16], cipher[32], mac[32];
};

/* The keys in use: of the former hour, this one, and the next, which another machine's clock may have. */
struct tickets {
    uint8_t secret[TLS_SECRET];
    struct ticket_key keys[3];
};

/* What decides whether a ticket is any good is in SSL_get_app_data, a struct tls_session. */
void tickets_use(SSL_CTX *context);

/* ---- trust (tls_trust.c) ---- */

/* Loads whose certificates are accepted and which of them are revoked; the digest is of both files. False:
 * error. */
bool trust_load(SSL_CTX *context, const struct settings *settings, uint8_t digest[TRUST_DIGEST],
    char error[TLS_ERROR]) __attribute__((warn_unused_result));

/* ---- who is known again (tls_trail.c) ---- */

/* Ascending. */
struct key_set {
    uint64_t *keys;
    size_t count, room;
};

/* Takes the trail of a session whose handshake is done. */
void trail_take(struct tls_session *session);
/* Takes authorities and lists of revoked certificates from the context; forgets them. */
void trail_use(struct tls *tls);
void trail_forget(struct tls *tls);

/* False, with error: "<setting>: <path>: <why>". */
bool tls_refuse(char error[TLS_ERROR], const char *setting, const char *path, const char *why);
/* OpenSSL's oldest error as text; forgets all. */
const char *tls_library_error(void);

/* ---- sessions (tls.c) ---- */

struct tls {
    SSL_CTX *context;
    BIO_METHOD *method;
    uint8_t trust[TRUST_DIGEST];         /* of context */
    struct key_set authorities, revoked; /* of context too */
    struct timespec seen[TLS_FILES];     /* when each file was changed last */
    bool resumes;
    struct tickets tickets;
};

struct tls_session {
    SSL *ssl;
    struct tls *tls;
    enum tls_use use;
    bool broken;                 /* the client did what no client may */
    const char *why;             /* it failed; static text; NULL: OpenSSL knows */
    uint8_t trust[TRUST_DIGEST]; /* as in tls when it began */
    struct certificate_trail trail;
    const uint8_t *input; /* fed and not yet used */
    size_t input_len;
    uint8_t *output;
    size_t output_at, output_len, output_size; /* [at, len) waits */
    char refused[PEER_NAME];
};

#endif
