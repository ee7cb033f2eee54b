/* The installation's own certificate authority, in the folder of the keys: ca.key and ca.crt, issued (a line
 * for each client certificate: serial number, from and until in ms, name), and ca.crl, what of it is revoked.
 */
#ifndef NEIGHBORS_CLI_AUTHORITY_H
#define NEIGHBORS_CLI_AUTHORITY_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cli/cli.h"

enum {
    AUTHORITY_DAYS = 3650,
    SERVER_DAYS = 825,
    AUTHORITY_PATH = COMMAND_FIELD + 40,
    AUTHORITY_NAMES = 2048
};

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

/* A file in the folder of the keys. */
void authority_path(const struct invocation *invocation, const char *file, char out[AUTHORITY_PATH]);

/* A new one, in memory. False: no memory. */
bool authority_make(struct authority *out) __attribute__((warn_unused_result));
/* The one in the folder. quiet: no complaint. EXIT_DONE, or the code after the complaint. */
enum exit_code authority_open(const struct invocation *invocation, bool quiet, struct authority *out)
    __attribute__((warn_unused_result));
void authority_close(struct authority *authority);

/* "DNS:localhost,IP:127.0.0.1,..." with further names, which have commas between; false when one cannot be a
 * name. */
bool authority_names(const char *further, char out[AUTHORITY_NAMES]) __attribute__((warn_unused_result));
/* The broker's certificate for those names; NULL when it cannot be made. */
X509 *authority_server(const struct authority *authority, EVP_PKEY *key, const char *names, int64_t days);

/* Whether the certificate in that file is for that name or address; true also when it cannot be read. */
bool authority_is_for(const char *path, const char *host);

/* The digest of the key in KEYS/server.crt, "sha256//" and base64, as curl's --pinnedpubkey takes it; "" when
 * there is none. */
enum { AUTHORITY_PIN = 56 };
void authority_pin(const struct invocation *invocation, char out[AUTHORITY_PIN]);

/* Writes BASE.key (mode 0600) and BASE.crt. replace: in place of what is there, each whole or not at all;
 * else nothing is overwritten. errno tells. */
bool authority_write(const char *base, EVP_PKEY *key, X509 *certificate, bool replace)
    __attribute__((warn_unused_result));

/* Makes a key and a certificate for "<role>/<id>", good from and until then (ms), as BASE.key and BASE.crt in
 * place of what is there, and notes it. EXIT_DONE, or the code after the complaint. */
enum exit_code authority_issue(const struct invocation *invocation, const struct authority *authority,
    const char *name, int64_t from, int64_t until, const char *base) __attribute__((warn_unused_result));

/* The same for a key that its owner keeps: BASE.crt alone is written, and *certificate is the caller's. */
enum exit_code authority_sign(const struct invocation *invocation, const struct authority *authority,
    EVP_PKEY *public_key, const char *name, int64_t from, int64_t until, const char *base, X509 **certificate)
    __attribute__((warn_unused_result));

/* One line of what was issued. */
struct issued {
    char serial[64], name[160];
    int64_t from, until; /* ms */
    bool revoked;
};
typedef void issued_handler(void *arg, const struct issued *issued);
/* Tells all that was issued, the oldest first. False: a file cannot be read. */
bool authority_issued(const struct invocation *invocation, issued_handler *handler, void *arg)
    __attribute__((warn_unused_result));

/* Puts on the list what `wanted` says of a line of issued, or one certificate (not NULL) that need not be in
 * there. *count: how many are new on it. With none and no list yet, writes an empty list. */
enum exit_code authority_revoke(const struct invocation *invocation, const struct authority *authority,
    bool (*wanted)(void *arg, const struct issued *issued), void *arg, const X509 *certificate, int *count)
    __attribute__((warn_unused_result));

#endif
