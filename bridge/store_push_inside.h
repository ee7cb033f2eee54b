/* What the files of push in the store share among themselves (store_push.c, store_push_take.c,
 * store_push_work.c); nobody else includes this. */
#ifndef NEIGHBORS_BRIDGE_STORE_PUSH_INSIDE_H
#define NEIGHBORS_BRIDGE_STORE_PUSH_INSIDE_H

#include "bridge/store_inside.h"
#include "proto/arena.h"

enum { PUSH_OWNER = 64, PUSH_DIGEST = PLACE_DIGEST / 2, PUSH_NAME = ID_BYTES + PLACE_SEAL_EXTRA };

/* Whose a sealed part of a subscription is: "record", "alert". */
void push_owner(const char *id, const char *part, char out[PUSH_OWNER]);
/* The key of a subscription, under a tag by its id. */
void push_key(const char *id, char out[KEY]);
/* The key by which subscriptions are found that an alert in the channel may concern, and its digest. */
void push_at_key(const struct store *store, const char *channel, char out[KEY], uint8_t digest[PUSH_DIGEST]);
void push_at_digest_key(const uint8_t digest[PUSH_DIGEST], char out[KEY]);
/* A subscription's record, opened, in the arena; len 0 when it is of another secret. */
struct bytes push_open_record(
    const struct store *store, const char *id, struct bytes sealed, struct arena *arena);
/* That one is found there no more. */
void push_unindex(struct store *store, const char *key, const char *id);

#endif
