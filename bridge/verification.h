/* How a household's place becomes known to be real. Whatever way the operator chose, it is the same three
 * steps: somebody begins, a code comes out and reaches the household by that way, and whoever gives the code
 * back is done. A code is used once, ends by itself, is known to Redis by a keyed digest alone, and a
 * household may try ten an hour. scripts/verification.lua does each step at once; here it is asked blocking,
 * for the command line.
 */
#ifndef NEIGHBORS_BRIDGE_VERIFICATION_H
#define NEIGHBORS_BRIDGE_VERIFICATION_H

#include "bridge/registry.h"
#include "bridge/seal.h"
#include "bridge/verification_code.h"

struct verification {
    enum verification_way way;
    const char *household; /* whose alone it is; NULL: whoever is near */
    const char *by;        /* who gives it: "operator", "agency/fire-1", "user/ann", of a device its name */
    int64_t now, expires;  /* ms */
};
/* Begins: the code to be handed on. */
enum registry_result verification_begin(struct redis_sync *redis, const struct seal *seal,
    const struct verification *verification, char code[VERIFICATION_CODE + 1])
    __attribute__((warn_unused_result));

/* What a code is for. */
struct verification_found {
    enum verification_way way;
    char by[REGISTRY_ID + 16];
};
/* Gives the code back for a household: it is used from now on, and unless it hands a device over, the
 * household is verified since now, as all its members learn. REFUSED: the code is not good for it, or too
 * many were tried. wanted: the ways that are accepted, bit n: way n. */
enum registry_result verification_redeem(struct redis_sync *redis, const struct seal *seal,
    const char *household, struct text code, unsigned wanted, int64_t now, struct verification_found *out)
    __attribute__((warn_unused_result));

/* An agency's code to join, VERIFICATION_JOIN: first it is claimed for one request (whose public key has that
 * digest), then the certificate is signed and enrolled, then it is done. Of requests that come at once one
 * claims it. Whoever dies in between says the same request again; REFUSED: the code is not good for the
 * owner, another request used it, this one has joined already, or too many were tried. */
enum registry_result verification_join(struct redis_sync *redis, const struct seal *seal, const char *owner,
    struct text code, const char *request, int64_t now) __attribute__((warn_unused_result));
enum registry_result verification_joined(struct redis_sync *redis, const struct seal *seal, const char *owner,
    struct text code) __attribute__((warn_unused_result));

#endif
