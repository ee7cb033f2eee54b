/* Who sends push messages (RFC 8292, VAPID): a key of P-256 that the browser's subscription is bound to, and
 * for each push service a token by it that says whom its operator may ask. */
#ifndef NEIGHBORS_BRIDGE_PUSH_KEY_H
#define NEIGHBORS_BRIDGE_PUSH_KEY_H

#include "proto/message.h"

struct push_key;

enum { PUSH_AUTHORIZATION = 1024, PUSH_TOKEN_S = 12 * 3600 };

/* Reads a PEM file with a private key of P-256; whoever else may read the file, it is refused. NULL: *error
 * is static text. */
struct push_key *push_key_load(const char *path, const char **error);
/* NULL is allowed. */
void push_key_free(struct push_key *key);
/* Uncompressed; lives as long as the key. */
struct bytes push_key_public(const struct push_key *key);

/* The header's value, "vapid t=<token>, k=<key>": for that origin ("https://push.example"), good for
 * PUSH_TOKEN_S from now_s (seconds since 1970) on. contact: "mailto:…" or "https://…". False: they are too
 * long together. */
bool push_key_authorization(const struct push_key *key, const char *origin, const char *contact,
    int64_t now_s, char out[PUSH_AUTHORIZATION]) __attribute__((warn_unused_result));

#endif
