/* The broker's only memory: what it asks of the log behind it (Redis, by bridge/store_redis.c), in the
 * broker's own verbs.
 *
 * Every call that takes a completion answers it exactly once, never inside the call itself, in a later turn
 * of the loop. While the store is away the call waits and is sent again when the store is back: an answer is
 * always the store's own word. Only store_free answers what is left with STORE_GONE. Whoever may vanish
 * before the answer holds a small object that outlives it. Views in arguments are copied before the call
 * returns; views in answers live until the completion returns. Times are milliseconds since 1970 UTC. One
 * thread.
 *
 * What it is asked stands in the headers that this one includes, one for each thing that is asked about. What
 * few need has headers beside it: footage, tips, households, the public record, push. */
#ifndef NEIGHBORS_BRIDGE_STORE_H
#define NEIGHBORS_BRIDGE_STORE_H

#include "bridge/store_alert.h"
#include "bridge/store_basics.h"
#include "bridge/store_channel.h"
#include "bridge/store_counters.h"
#include "bridge/store_moderation.h"
#include "bridge/store_motion.h"
#include "bridge/store_places.h"
#include "bridge/store_principal.h"
#include "bridge/store_session.h"

/* What the store tells without being asked. Called from the loop, never inside a store_ call. */
struct store_events {
    void *arg;
    /* An entry of a followed channel, in order. */
    void (*entry)(void *arg, struct text channel, const struct channel_entry *entry);
    /* A followed channel could not be followed without a hole and was read anew up to `head`: what lies
     * between is to be read with store_channel_read. */
    void (*seam)(void *arg, struct text channel, struct position_in_channel head);
    /* Somebody opened this session with a newer generation. Only a hint: fencing does not depend on it. */
    void (*taken_over)(void *arg, struct session_name name, uint64_t generation);
    /* A principal was changed or revoked: drop what you remember of it. */
    void (*principal_changed)(void *arg, struct text principal);
    /* For a while nothing was heard: any of them may have been. */
    void (*changes_missed)(void *arg);
    /* This process has carried an alert's revisions up to this one to all channels that it ever reached;
     * in_force: it is so in some of them. May be NULL. */
    void (*carried)(void *arg, const char *public_id, uint32_t revision, size_t channel_count, bool in_force);
    /* The store went away, or is back. */
    void (*available)(void *arg, bool available);
};

/* The time up to which every entry of the followed channels has been told: the sending time of the last probe
 * that came back behind them, bounded by the oldest outbox entry not yet served. 0: nothing proved yet. */
int64_t store_as_of(const struct store *store);

/* ---- a turn ---- */

/* Does a share of the work that waits: serves outboxes (corrections first), ends what has expired, releases
 * pending activity that is due, trims channels. Each is atomic and may be done by any process at any time;
 * leases only save doing it twice. Called each turn; spends at most about a millisecond of the store's time a
 * call and returns at once. */
void store_upkeep(struct store *store, int64_t now);

/* Sends what this turn gathered; the last thing of each turn. */
void store_flush(struct store *store);

/* Ends it: what waits is answered with STORE_GONE from within this call, and its connections close. */
void store_free(struct store *store);

#endif
