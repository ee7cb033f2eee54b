/* What all parts of the store's contract speak of: the store, its answers, places in channels, and how
 * channels are named. Whoever calls the store includes bridge/store.h, which says how calls are answered. */
#ifndef NEIGHBORS_BRIDGE_STORE_BASICS_H
#define NEIGHBORS_BRIDGE_STORE_BASICS_H

#include "proto/bytes.h"

struct store;

enum store_status {
    STORE_OK = 0,
    STORE_GONE,      /* the process is ending; nothing is known of the call */
    STORE_FENCED,    /* the session belongs to somebody newer: close */
    STORE_NOT_FOUND, /* no such principal, alert or channel entry */
    STORE_REVOKED,   /* the principal was revoked */
    STORE_CONFLICT,  /* the same alert id with other bytes */
    STORE_REPEAT,    /* the same alert with the same bytes: stored already */
    STORE_DEAD,      /* the alert was cancelled before it came: stored as ended */
    STORE_FAILED,    /* the store refuses the call itself (out of memory, wrong version): logged there */
    STORE_LIMITED,   /* over a limit: nothing was stored */
    STORE_ENDED,     /* the alert is no longer in force */
    STORE_WITHDRAWN, /* the principal is there, and the token is void */
};

typedef void store_status_done(void *arg, enum store_status status);

/* A place in a channel: after the entry <ms>-<seq> and the first `index` items of it. All 0: before
 * everything. */
struct position_in_channel {
    uint64_t ms;
    uint32_t seq;
    uint32_t index;
};

/* -1, 0, 1 as a is before, at, behind b. */
int position_compare(struct position_in_channel a, struct position_in_channel b);

/* A channel's name: "c:<geohash>" (a neighborhood; precision 2 to 5), "i:<role>/<id>/<client id>" (the inbox
 * of a session). The store makes its keys of it. At most CHANNEL_NAME bytes. */
enum { CHANNEL_NAME = 160 };

enum { STORE_REGION_TAGS = 256, STORE_SENDER_TAGS = 64, PUBLIC_ID = 24, STORE_COVER = 64 };

#endif
