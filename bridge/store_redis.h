/* The store on Redis 7, one, a cluster, or behind sentinels (bridge/store.h says what it does;
 * bridge/scripts/ has the functions that Redis runs). */
#ifndef NEIGHBORS_BRIDGE_STORE_REDIS_H
#define NEIGHBORS_BRIDGE_STORE_REDIS_H

#include "bridge/place_seal.h"
#include "bridge/store.h"

struct ev_loop;
struct log_key;

struct store_redis_options {
    const char *url;              /* bridge/redis_url.h has its form */
    const char *node;             /* this process' name among all, stable over restarts */
    int64_t release_delay_ms;     /* activity leaves in windows of this length; 0: at once */
    int64_t release_households;   /* k: sharing households in a leaf cell for its activity to be published */
    int64_t release_hysteresis;   /* so many more must share before it begins; it ends below k */
    int64_t cooldown_ms;          /* two items of a device and kind within this time are one; 0: never */
    int64_t release_verified_ms;  /* a household counts when it was verified this long ago */
    int64_t absence_ms;           /* the longest absence served: tombstones outlive `expires` by it */
    int64_t retention_days;       /* of a household's log, when it did not choose itself; 0: 60 */
    int64_t backup_days;          /* told in receipts of what was deleted */
    int64_t channel_retention_ms; /* activity older than this is trimmed from channels */
    int channel_precision,
        leaf_precision; /* held against what this Redis was first started with; 0: 5 and 6 */
    int64_t clock_past_ms,
        clock_future_ms;            /* an event may be told that late, or bear a time that far ahead */
    int64_t footage_households;     /* k: fewer whom a footage request concerns, and nobody is asked */
    int64_t footage_batch_ms;       /* what was shared is given out at whole multiples of this */
    int64_t deadline_ms;            /* a command that is not answered for so long means a new connection */
    int64_t upkeep_patience_ms;     /* for so long upkeep waits for a master of several; 0: a second */
    bool push;                      /* what changes near push subscriptions is noted for them */
    const struct place_key *places; /* opens and names places; outlives the store */
    int64_t (*now)(void);           /* milliseconds since 1970; a test may move it */
    /* Signs the heads of the public record (bridge/log_key.h), so often; not owned; NULL: none is signed. */
    const struct log_key *log_key;
    int64_t tree_head_ms;
    /* Takes log lines: level 0 error, 1 warning, 2 information; text "key=value …". NULL: standard error. */
    void (*log)(int level, const char *event, const char *text);
};

/* A store on `loop` that connects on its own, again and again. The options are copied. Never NULL. */
struct store *store_redis_new(
    struct ev_loop *loop, const struct store_redis_options *options, const struct store_events *events);

#endif
