/* An invitation: the operator has enrolled a household, and it takes what was made for it (names, tokens, the
 * authority's certificate) by giving back a code that is good once. Redis has the code's keyed digest, and
 * the rest sealed. Begun here, blocking, by the command line; given out by the broker
 * (bridge/store_invitation.h). */
#ifndef NEIGHBORS_BRIDGE_INVITATION_H
#define NEIGHBORS_BRIDGE_INVITATION_H

#include "bridge/place_seal.h"
#include "bridge/registry.h"
#include "bridge/seal.h"
#include "bridge/verification_code.h"

enum { INVITATION_MOST = 16384 }; /* bytes of what is given */

/* Whose the sealed bytes are (place_seal_bytes). */
void invitation_owner(const char *digest, char out[PLACE_OWNER]);

/* Begins: the code to be handed on. given: JSON, at most INVITATION_MOST bytes; expires: ms since 1970. */
enum registry_result invitation_begin(struct redis_sync *redis, const struct seal *seal,
    const struct place_key *key, struct bytes given, int64_t expires, char code[VERIFICATION_CODE + 1])
    __attribute__((warn_unused_result));

#endif
