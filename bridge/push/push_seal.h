/* Encryption of a push message (RFC 8291, in the form of RFC 8188): from a key made for the one message to
 * the key of the browser, so that the push service cannot read it. */
#ifndef NEIGHBORS_BRIDGE_PUSH_SEAL_H
#define NEIGHBORS_BRIDGE_PUSH_SEAL_H

#include <openssl/evp.h>

#include "bridge/push.h"
#include "proto/message.h"

enum {
    PUSH_SALT = 16,
    PUSH_SEAL_HEAD = PUSH_SALT + 4 + 1 + PUSH_PUBLIC_KEY, /* salt, record size, the sender's key */
    PUSH_SEAL_EXTRA = PUSH_SEAL_HEAD + 1 + 16,            /* bytes that a sealed payload is longer */
    PUSH_BODY = PUSH_PAYLOAD + PUSH_SEAL_EXTRA,           /* 2048 */
};

/* What must be new for each message; a test gives that of the standard. */
struct push_once {
    EVP_PKEY *key; /* a key of P-256 */
    uint8_t salt[PUSH_SALT];
};

/* A point of P-256 as a key; NULL when it is none. */
EVP_PKEY *push_seal_point(struct bytes uncompressed);
/* The point of a key of P-256, uncompressed. */
bool push_seal_public(const EVP_PKEY *key, uint8_t out[PUSH_PUBLIC_KEY]) __attribute__((warn_unused_result));

/* Seals the payload, filled up with zeros to `padded` bytes (not less than payload.len), into out, which has
 * room for padded + PUSH_SEAL_EXTRA. auth: PUSH_AUTH bytes. once NULL: new ones are made. False: to is no key
 * of P-256; running out of memory ends the process. */
bool push_seal(struct bytes to, const uint8_t *auth, struct bytes payload, size_t padded,
    const struct push_once *once, uint8_t *out) __attribute__((warn_unused_result));

#endif
