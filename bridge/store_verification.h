/* What the broker asks of the codes that verify where a household lives (scripts/verification.lua). Part of
 * bridge/store.h. */
#ifndef NEIGHBORS_BRIDGE_STORE_VERIFICATION_H
#define NEIGHBORS_BRIDGE_STORE_VERIFICATION_H

#include "bridge/store.h"
#include "bridge/verification_code.h"

/* A household gives a code to a neighbor. LIMITED: `most` of its codes are open. OK, LIMITED, FAILED, GONE.
 */
struct store_invitation {
    const char *digest;    /* seal_code */
    struct text household; /* that invites */
    struct text by;        /* "user/ann" */
    struct text leaf;      /* where it lives: the other must be near; kept sealed */
    int64_t now, expires;
    unsigned most;
};
void store_invite(
    struct store *store, const struct store_invitation *invitation, store_status_done *done, void *arg);

/* What a code is, for that household. NOT_FOUND: not there, another's, used or over, which look alike;
 * LIMITED: too many were tried. */
struct store_code {
    enum store_status status; /* OK, NOT_FOUND, LIMITED, FAILED, GONE */
    uint32_t retry_s;         /* when LIMITED */
    enum verification_way way;
    char leaf[13]; /* where who gave it lives; "": it is not bound to a place */
};
typedef void store_code_done(void *arg, const struct store_code *code);
void store_code_look(struct store *store, const char *digest, struct text household, int64_t now,
    store_code_done *done, void *arg);

/* Uses the code: the household is verified since now, and its members are told to have changed
 * (store_events.principal_changed). OK, REPEAT (this household did before), NOT_FOUND, FAILED, GONE. */
void store_code_use(struct store *store, const char *digest, struct text household, int64_t now,
    store_status_done *done, void *arg);

#endif
