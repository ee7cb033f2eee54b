/* Sessions: opened in one step with whose they are, saved under their generation, and their inboxes. Part of
 * bridge/store.h, which says how calls are answered. */
#ifndef NEIGHBORS_BRIDGE_STORE_SESSION_H
#define NEIGHBORS_BRIDGE_STORE_SESSION_H

#include "bridge/store_principal.h"

struct session_name {
    struct text principal; /* "user/ann" */
    struct text client;    /* client id, any bytes but NUL */
};
/* How a session is opened. */
struct store_opening {
    struct session_name name;
    bool clean;
    uint32_t expiry_s;
    int64_t token_issued; /* ms; 0: none. One that the principal, or this client of it, does not count any
                             more opens nothing */
    bool may_join;        /* a user that is not known is enrolled */
};
struct session_record {
    enum store_status status; /* OK, or of the principal: NOT_FOUND, REVOKED, WITHDRAWN; FAILED, GONE */
    struct principal_record principal;
    bool present;               /* a session was there and goes on */
    uint64_t generation;        /* of this opening: fences all later writes */
    struct bytes subscriptions; /* as stored; empty when not present */
    struct bytes wishes;        /* likewise */
    struct bytes cursors;
    bool closed;       /* with these cursors: whoever had it did nothing after them */
    size_t qos2_count; /* packet ids that were stored and not yet released */
    const uint16_t *qos2;
};
typedef void store_session_done(void *arg, const struct session_record *record);

/* Opens the session: raises its generation (whoever held it is fenced, and told by store_events.taken_over),
 * drops what was there when clean or when it expired, and loads the principal, all in one step. For who is
 * revoked (or that client of it), or comes with a withdrawn token, nothing is opened and nobody fenced. */
void store_session_open(
    struct store *store, const struct store_opening *opening, store_session_done *done, void *arg);

/* Writes subscriptions (data NULL: leave as they are) and cursors (likewise). OK, FENCED, FAILED or GONE.
 * done may be NULL. */
void store_session_save(struct store *store, struct session_name name, uint64_t generation,
    struct bytes subscriptions, struct bytes cursors, store_status_done *done, void *arg);

/* Writes what the session's client wishes of its deliveries (opaque). OK, FENCED, FAILED or GONE. */
void store_session_wishes(struct store *store, struct session_name name, uint64_t generation,
    struct bytes wishes, store_status_done *done, void *arg);

/* The connection ended: the session lives expiry_s more seconds (0: ends now). */
void store_session_close(struct store *store, struct session_name name, uint64_t generation,
    uint32_t expiry_s, struct bytes cursors, store_status_done *done, void *arg);

/* PUBREL came: when it is answered, the packet id, written by store_motion, may be used anew. */
void store_qos2_release(struct store *store, struct session_name name, uint64_t generation,
    uint16_t packet_id, store_status_done *done, void *arg);

/* Appends to the inbox of a session, so that it is found there after a reconnection too. */
void store_inbox(struct store *store, struct session_name name, struct text topic_suffix,
    struct bytes payload, store_status_done *done, void *arg);

#endif
