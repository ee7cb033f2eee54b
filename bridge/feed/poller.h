/* Follows public feeds and posts each CAP document that they offer, once, as a configured agency. What a feed
 * no longer lists is not cancelled by that: an alert ends by its own Cancel, or expires. One thread;
 * exchanges are made one after the other, so that a slow server holds the others up for at most the time-out.
 */
#ifndef NEIGHBORS_BRIDGE_FEED_POLLER_H
#define NEIGHBORS_BRIDGE_FEED_POLLER_H

#include <signal.h>

#include "bridge/feed/poll_settings.h"

struct poller;

/* What happened, for the log. Addresses are told without their query: it may hold a key. */
enum poller_what {
    POLLER_READ,         /* a feed came: entries, fresh, left_out */
    POLLER_UNCHANGED,    /* a feed is as before (304) */
    POLLER_FEED_FAILED,  /* tried again later */
    POLLER_FETCH_FAILED, /* a linked document: tried again later */
    POLLER_NO_DOCUMENT,  /* what is linked is gone, or is no CAP document: left out for good */
    POLLER_POSTED,       /* stored by the broker (201) */
    POLLER_REPEATED,     /* the broker had it already */
    POLLER_REFUSED,      /* never tried again: text has the broker's field and rule */
    POLLER_POST_FAILED,  /* tried again later */
    POLLER_STATE_FAILED, /* the file of what is remembered cannot be used: text */
};
const char *poller_what_name(enum poller_what what);
struct poller_event {
    enum poller_what what;
    const char *feed, *entry; /* addresses without query, or the feed's name of the entry; "" */
    long status;              /* of HTTP; 0: none */
    size_t entries, fresh, left_out;
    int64_t again_ms; /* of failures: from now */
    const char *text; /* "" or why */
};
typedef void poller_tell(void *arg, const struct poller_event *event);

/* settings must outlive it. stop: when it is not 0 the exchange at hand ends at once. NULL: error. */
struct poller *poller_open(const struct poll_settings *settings, poller_tell *tell, void *arg,
    volatile sig_atomic_t *stop, char *error, size_t size);
void poller_close(struct poller *poller);

/* Does what is due at `now` (ms since 1970), a bounded part of it, and returns when there is more to do,
 * which may be now. */
int64_t poller_turn(struct poller *poller, int64_t now);

/* How long to wait after so many failures in a row: doubled each time, up to the most, with a random part
 * between a half and the whole of it; never below what the server asked for (0: nothing), which counts up to
 * a day. */
int64_t poller_backoff(const struct poll_settings *settings, int failures, int64_t asked_ms, uint32_t random);

#endif
