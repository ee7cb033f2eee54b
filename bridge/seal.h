/* What the broker needs of cryptography, without its library: names that tell nothing, cursors that nobody
 * can read or make, digests. One secret of 32 bytes, the same in all processes of an installation, never in
 * Redis. */
#ifndef NEIGHBORS_BRIDGE_SEAL_H
#define NEIGHBORS_BRIDGE_SEAL_H

#include "bridge/store.h"

struct seal;

enum { SEAL_SECRET = 32, CURSOR_TEXT = 22 };

/* A seal from the secret (copied). Never NULL; out of memory ends the process. */
struct seal *seal_new(const uint8_t secret[SEAL_SECRET]);
void seal_free(struct seal *seal);

/* The public form of a sender's id: HMAC-SHA-256 of "<sender>" 0x00 "<id>", 12 bytes as lower-case hex, whose
 * last six bits are the sender's tag, hidden by a keyed digest of the bits before them. */
void seal_public_id(const struct seal *seal, struct text sender, struct text id, char out[PUBLIC_ID + 1]);
/* The sender's tag of a public id. False: it is none. */
bool seal_tag_of(const struct seal *seal, struct text public_id, uint8_t *sender_tag)
    __attribute__((warn_unused_result));
/* A keyed digest of a fine cell and a category (store_report). */
void seal_nearness(const struct seal *seal, uint64_t cell, uint8_t category, uint8_t out[STORE_TOKEN]);
/* The name of a code that somebody was given (bridge/verification.h), 16 bytes as lower-case hex. */
enum { SEAL_CODE = 32 };
void seal_code(const struct seal *seal, struct text code, char out[SEAL_CODE + 1]);
/* 0 to STORE_SENDER_TAGS - 1, from an HMAC of the sender. */
uint8_t seal_sender_tag(const struct seal *seal, struct text sender);
/* The first 16 bytes of the SHA-256 of the data. */
void seal_digest(struct bytes data, uint8_t out[16]);

/* A cursor as clients hold it: position and generation, one AES block, bound to the channel by a check that a
 * changed or foreign cursor fails; base64url without padding, CURSOR_TEXT characters and a NUL. */
void seal_cursor(const struct seal *seal, struct text channel, struct position_in_channel position,
    uint32_t generation, char out[CURSOR_TEXT + 1]);
/* False when it is no cursor of this channel. */
bool seal_cursor_open(const struct seal *seal, struct text channel, struct text cursor,
    struct position_in_channel *position, uint32_t *generation) __attribute__((warn_unused_result));

#endif
