/* What the parts of the poller share. */
#ifndef NEIGHBORS_BRIDGE_FEED_POLLER_INSIDE_H
#define NEIGHBORS_BRIDGE_FEED_POLLER_INSIDE_H

#include "bridge/feed/poll_state.h"
#include "bridge/feed/poller.h"

/* What is known of a feed in this process alone. */
struct followed {
    const struct poll_feed_settings *settings;
    int post_failures;
    int64_t post_due; /* until then nothing of it is posted */
};

struct poller {
    const struct poll_settings *settings;
    poller_tell *tell;
    void *arg;
    volatile sig_atomic_t *stop;
    struct poll_state *state;
    struct followed *feeds;
};

/* Milliseconds since 1970: exchanges take time, and what comes after them is reckoned from their end. */
int64_t poller_clock(void);
bool poller_stopped(const struct poller *poller);
/* poller_backoff by the settings. */
int64_t poller_wait(const struct poller *poller, int failures, int64_t asked_ms);
/* Tells it, addresses without their query. */
void poller_say(const struct poller *poller, const char *feed, const char *entry, struct poller_event event);
/* True for statuses that mean no for good, rather than for a while. */
bool poller_is_final(long status);

/* Posts the document of an entry and notes what became of it. False: the state failed. */
bool poller_post(struct poller *poller, struct followed *followed, const struct poll_entry *entry,
    struct arena *arena) __attribute__((warn_unused_result));

#endif
