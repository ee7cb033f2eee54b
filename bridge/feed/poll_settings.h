/* The configuration of the poller; deploy/neighbors-poll.conf is a whole one. */
#ifndef NEIGHBORS_BRIDGE_FEED_POLL_SETTINGS_H
#define NEIGHBORS_BRIDGE_FEED_POLL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct poll_feed_settings {
    const char *url;
    const char *token_file; /* of the agency as which it is posted */
    int64_t interval_ms;
    bool allow_http;    /* the feed and what it links to may be http */
    bool allow_private; /* and may be at loopback and private addresses */
    bool by_id_alone;   /* an entry whose time of update changed is no new one */
};

struct poll_settings {
    const char *post;                          /* where alerts go: .../v1/alerts */
    const char *state;                         /* the file of what is remembered */
    int64_t backoff_first_ms, backoff_most_ms; /* after a failure, doubled with each */
    int64_t timeout_ms;                        /* of one exchange */
    size_t feed_most, document_most;           /* bytes */
    int redirects;
    int64_t kept_ms; /* how long what a feed no longer lists is remembered */
    size_t feed_count;
    struct poll_feed_settings *feeds;
    void *owned;
};

/* Reads the file. False: error names file, line and rule. poll_settings_free either way. */
bool poll_settings_read(const char *file, struct poll_settings *out, char *error, size_t size)
    __attribute__((warn_unused_result));
void poll_settings_free(struct poll_settings *settings);

#endif
