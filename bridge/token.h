/* Who speaks: tokens, JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), made by the command line at
 * enrolment, checked by the broker in process. Claims: sub "<role>/<id>", iat, exp (seconds since 1970), and
 * officer, who acts for an agency (may be absent). */
#ifndef NEIGHBORS_BRIDGE_TOKEN_H
#define NEIGHBORS_BRIDGE_TOKEN_H

#include "proto/bytes.h"

struct token_key;

/* Reads a PEM file with an Ed25519 private key (to sign and check) or public key (to check). NULL with *error
 * set to a static or owned-by-nobody text that names what is wrong. */
struct token_key *token_key_load(const char *path, const char **error);
/* Makes a new key pair and writes it as PEM: private (mode 0600) and public. False: *error. */
bool token_key_make(const char *private_path, const char *public_path, const char **error)
    __attribute__((warn_unused_result));
void token_key_free(struct token_key *key);

enum { TOKEN_TEXT = 512, TOKEN_OFFICER = 64 };
/* Signs a token for "<role>/<id>"; lives ttl_s seconds from now_ms. officer: 1 to TOKEN_OFFICER of
 * A-Za-z0-9._-; len 0: not told. False when the key cannot sign, or a name is not of that form. */
bool token_sign(const struct token_key *key, struct text subject, struct text officer, int64_t now_ms,
    int64_t ttl_s, char out[TOKEN_TEXT]) __attribute__((warn_unused_result));

struct token_claims {
    char subject[160];
    char officer[TOKEN_OFFICER + 1]; /* "": not told */
    int64_t issued_at, expires_at;   /* milliseconds since 1970 */
};
/* Checks signature, form and times (60 s of clock skew allowed). False: *error is static text for the
 * operator's log. */
bool token_check(const struct token_key *key, struct bytes token, int64_t now_ms, struct token_claims *out,
    const char **error) __attribute__((warn_unused_result));

#endif
