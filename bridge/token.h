/* Who speaks: tokens, JSON Web Tokens (RFC 7519) signed with Ed25519 (EdDSA, RFC 8037) or ECDSA on P-256
 * (ES256, RFC 7518), checked by the broker in process.
 *
 * Ours are made by the command line at enrolment. Claims: sub "<role>/<id>", iat, exp (seconds since 1970),
 * and maybe officer (who acts for an agency), instance (the only client id that may use it), nbf.
 *
 * Those of an OpenID provider speak for users alone. Their iss and aud must be as the operator says; the id
 * is made of one claim: the prefix, and then the claim's bytes, of which A-Z a-z 0-9 . - stay as they are and
 * any other becomes _ and its two hexadecimal digits ("ann@example.org" is ann_40example.org). Two users
 * never get the same id. */
#ifndef NEIGHBORS_BRIDGE_TOKEN_H
#define NEIGHBORS_BRIDGE_TOKEN_H

#include "proto/bytes.h"

enum {
    TOKEN_TEXT = 640,  /* room for one that is made here */
    TOKEN_MOST = 8192, /* the longest that is read */
    TOKEN_NAME = 64,   /* of an officer, an instance */
    TOKEN_ERROR = 320,
};

/* ---- signing ---- */

struct token_key;
enum token_algorithm { TOKEN_EDDSA, TOKEN_ES256 };

/* Reads the private key of a PEM file, which others may not read. NULL with *error set to a static text that
 * names what is wrong. */
struct token_key *token_key_load(const char *path, const char **error);
void token_key_free(struct token_key *key);

/* Makes a new key pair and writes it as PEM: private (mode 0600) and public. Nothing is written over. False:
 * *error. */
bool token_key_make(enum token_algorithm algorithm, const char *private_path, const char *public_path,
    const char **error) __attribute__((warn_unused_result));

/* Makes a new pair in place of the one before. The public file gets the new key first, so that its tokens are
 * accepted before the first is signed, and keeps those before until `keep_until`, or as long as a rotation
 * before said (seconds since 1970; not after `now_s`: dropped now); then the private file is replaced. *kept:
 * how many public keys were kept. False: *error; what was there still works. */
bool token_key_rotate(enum token_algorithm algorithm, const char *private_path, const char *public_path,
    int64_t now_s, int64_t keep_until, int *kept, const char **error) __attribute__((warn_unused_result));

/* What a token says. Names: 1 to TOKEN_NAME of A-Za-z0-9._-; len 0: not told. */
struct token_grant {
    struct text subject; /* "<role>/<id>" */
    struct text officer;
    struct text instance;
    int64_t now_ms, ttl_s;
};
/* False when the key cannot sign, or a name is not of that form. */
bool token_sign(const struct token_key *key, const struct token_grant *grant, char out[TOKEN_TEXT])
    __attribute__((warn_unused_result));

/* ---- checking ---- */

/* Whose tokens count: the keys in a file of our own and, when provider_keys is not "", those of a provider.
 * A file is PEM with one key or several, or a JSON Web Key Set (RFC 7517; keys for other algorithms are
 * passed over). */
struct token_sources {
    const char *own_keys;
    const char *provider_keys, *issuer, *audience;
    const char *claim;  /* which names the user */
    const char *prefix; /* of the ids of its users */
};
struct token_trust;

/* Reads the files. NULL: error names the file and what is wrong with it, its modes among them. */
struct token_trust *token_trust_load(const struct token_sources *sources, char error[TOKEN_ERROR]);
void token_trust_free(struct token_trust *trust);

struct token_claims {
    char subject[160];
    char officer[TOKEN_NAME + 1];              /* "": not told */
    char instance[TOKEN_NAME + 1];             /* "": any */
    int64_t issued_at, not_before, expires_at; /* milliseconds since 1970 */
    uint64_t key;                              /* which key it was, under which rules; never 0 */
    bool of_provider;
};
/* Checks signature, form and times: it must not have expired, and may be issued a minute ahead of our clock.
 * False: *error is static text for the operator's log. */
bool token_check(const struct token_trust *trust, struct bytes token, int64_t now_ms,
    struct token_claims *out, const char **error) __attribute__((warn_unused_result));

/* Whether tokens by that key still count. */
bool token_trust_has(const struct token_trust *trust, uint64_t key) __attribute__((warn_unused_result));

#endif
