/* What the broker asks of invitations (bridge/invitation.h, scripts/invitation.lua). Part of bridge/store.h.
 */
#ifndef NEIGHBORS_BRIDGE_STORE_INVITATION_H
#define NEIGHBORS_BRIDGE_STORE_INVITATION_H

#include "bridge/store.h"

/* What the code gives. NOT_FOUND: not there, over, or taken by somebody else, which look alike; LIMITED: that
 * address, or all together, tried too many. */
struct store_invited {
    enum store_status status; /* OK, NOT_FOUND, LIMITED, FAILED, GONE */
    uint32_t retry_s;         /* when LIMITED */
    struct bytes given;       /* JSON, for the call; when OK */
};
typedef void store_invited_done(void *arg, const struct store_invited *invited);

/* Takes it. digest: seal_code of the code; address: a digest of who asks; nonce: chosen by who asks, 16 to 64
 * bytes: who gives the same may take it again for an hour. now: ms since 1970. */
struct store_invitation_ask {
    const char *digest, *address;
    struct text nonce;
    int64_t now;
};
void store_invitation_take(
    struct store *store, const struct store_invitation_ask *ask, store_invited_done *done, void *arg);

#endif
