/* What the poller remembers over restarts, in one SQLite file: of each feed its validators and when it is
 * due, of each entry whether its document is wanted, is held until it is posted, or is done with. */
#ifndef NEIGHBORS_BRIDGE_FEED_POLL_STATE_H
#define NEIGHBORS_BRIDGE_FEED_POLL_STATE_H

#include "bridge/feed/feed_read.h"

struct poll_state;

enum { POLL_VALIDATOR = 512 };

/* NULL: error says why. */
struct poll_state *poll_state_open(const char *file, char *error, size_t size);
void poll_state_close(struct poll_state *state);

/* Of a feed, by its address. All 0 when it is new. */
struct poll_feed {
    char etag[POLL_VALIDATOR], modified[POLL_VALIDATOR];
    int64_t due;  /* ms */
    int failures; /* in a row */
};
bool poll_state_feed(struct poll_state *state, const char *feed, struct poll_feed *out)
    __attribute__((warn_unused_result));
/* When it is due next, after so many failures in a row. */
bool poll_state_due(struct poll_state *state, const char *feed, int64_t due, int failures)
    __attribute__((warn_unused_result));

/* A feed as it was read at `now`, in one transaction: its validators, and its entries that are new (by id
 * and, unless by_id_alone, time of update; those without an id by address, or by their bytes). *fresh: how
 * many. What the feed has not listed for kept_ms is
 * forgotten, but for what is held. */
struct poll_reading {
    const char *etag, *modified;
    const struct feed_content *content;
    bool by_id_alone;
    int64_t now, due, kept_ms;
};
bool poll_state_read(struct poll_state *state, const char *feed, const struct poll_reading *reading,
    size_t *fresh) __attribute__((warn_unused_result));

/* The oldest entry of the feed whose document is wanted, or is held and not posted, and which is due. Texts
 * and bytes live in the arena. *found is false when there is none; *next is then when one will be, or 0. */
enum poll_stage { POLL_WANTED = 0, POLL_HELD = 1, POLL_DONE = 2 };
struct poll_entry {
    int64_t number;
    const char *id, *address;
    struct bytes document;
    int tries;
};
bool poll_state_entry(struct poll_state *state, const char *feed, enum poll_stage stage, int64_t now,
    struct arena *arena, struct poll_entry *out, bool *found, int64_t *next)
    __attribute__((warn_unused_result));

/* The wanted document came. *known: the feed had the same bytes under another entry, so that it is done with.
 */
bool poll_state_hold(struct poll_state *state, const char *feed, int64_t number, struct bytes document,
    bool *known) __attribute__((warn_unused_result));
/* It did not work: once more at `due`. */
bool poll_state_again(struct poll_state *state, int64_t number, int64_t due)
    __attribute__((warn_unused_result));
/* Posted, refused, or no use: never again. */
bool poll_state_done(struct poll_state *state, int64_t number) __attribute__((warn_unused_result));

/* What went wrong last. */
const char *poll_state_error(struct poll_state *state);

#endif
