/* Channels: what stands in one, following it, reading it. Part of bridge/store.h, which says how calls are
 * answered. */
#ifndef NEIGHBORS_BRIDGE_STORE_CHANNEL_H
#define NEIGHBORS_BRIDGE_STORE_CHANNEL_H

#include "bridge/store_basics.h"

enum entry_kind {
    ENTRY_ACTIVITY = 'a', /* items of ACTIVITY_RECORD bytes each, in shuffled order */
    ENTRY_ALERT = 'x',    /* one alert changed: struct alert_notice */
    ENTRY_INBOX =
        'i', /* data: one byte length of the topic suffix, the suffix ("refused"), the payload as stored */
};
enum { ACTIVITY_RECORD = 8 };

struct alert_notice {
    char public_id[PUBLIC_ID + 1]; /* lower-case hex */
    uint32_t revision;
    uint8_t sender_tag;
    bool in_force; /* still in force here: the revision's cover reaches this channel */
};

struct channel_entry {
    struct position_in_channel position; /* of the entry: index 0 */
    enum entry_kind kind;
    struct bytes data;         /* ACTIVITY, INBOX */
    struct alert_notice alert; /* ALERT */
};

/* ---- following and reading ---- */

/* Follows a channel: from the completion on, store_events.entry tells every entry behind `head`, in order,
 * none missing. in_force: the alerts in force here at that very moment. A second follow of a followed channel
 * is a mistake. */
struct channel_state {
    enum store_status status;
    struct position_in_channel head; /* of the last entry */
    struct position_in_channel low;  /* low-water mark: entries at or before it may be gone */
    uint32_t generation;             /* raised when a replica is promoted or a backup restored */
    size_t alert_count;
    const struct alert_notice *alerts; /* in force */
};
typedef void store_channel_done(void *arg, const struct channel_state *state);
void store_follow(struct store *store, struct text channel, store_channel_done *done, void *arg);

/* Follows no more. Entries of it may still come in this turn. */
void store_unfollow(struct store *store, struct text channel);

/* The state in force and the head of a followed or not followed channel, in one step. */
void store_channel_state(struct store *store, struct text channel, store_channel_done *done, void *arg);

/* Entries behind `after` (an entry of which items are left counts), at most `most`, oldest first, and where
 * they end. */
struct channel_page {
    enum store_status status;
    struct position_in_channel low;
    uint32_t generation;
    size_t count;
    const struct channel_entry *entries;
    bool more; /* there are entries behind the last one */
};
typedef void store_page_done(void *arg, const struct channel_page *page);
void store_channel_read(struct store *store, struct text channel, struct position_in_channel after,
    size_t most, store_page_done *done, void *arg);

#endif
