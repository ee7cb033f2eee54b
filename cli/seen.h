/* What a follower has had: the revision of each alert, so that repeats are dropped, and the newest cursor of
 * each channel, so that a new connection goes on from there. */
#ifndef NEIGHBORS_CLI_SEEN_H
#define NEIGHBORS_CLI_SEEN_H

#include "proto/message.h"

enum { SEEN_ACTIVITIES = 1024, SEEN_CURSOR = 64, SEEN_CHANNEL = 16 };

struct seen_alert {
    char public_id[64];
    uint32_t revision;
    uint8_t state;
};
struct seen_channel {
    char since[SEEN_CHANNEL + SEEN_CURSOR + 2]; /* "<channel>:<cursor>" */
    size_t channel_len;
};
/* An activity has no name but its cursor. */
struct seen_activity {
    char cursor[SEEN_CURSOR];
    uint32_t connection;
};
struct seen {
    size_t alert_count, alert_room;
    struct seen_alert *alerts;
    size_t channel_count, channel_room;
    struct seen_channel *channels;
    size_t activity_next;
    uint32_t connection; /* counts new connections: only what an earlier one brought can come again */
    struct seen_activity activities[SEEN_ACTIVITIES]; /* the newest ones */
};

/* True when the item is new; it is remembered then. Its cursor is noted either way. */
bool seen_is_new(struct seen *seen, const struct feed_item *item);
/* Notes how far a channel has been told. */
void seen_note(struct seen *seen, struct text channel, struct text cursor);
void seen_free(struct seen *seen);

#endif
