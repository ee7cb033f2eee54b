/* What followers get: items of the feed, pages of its past, heartbeats. */
#ifndef NEIGHBORS_PROTO_MESSAGE_FEED_H
#define NEIGHBORS_PROTO_MESSAGE_FEED_H

#include "proto/message_alert.h"

/* Published activity: no device, no owner, no number or name of the activity; the time is a whole minute. */
struct activity {
    uint8_t kind, phase;
    int64_t at;
    uint8_t confidence;
};

struct gap {
    int64_t from, to;
};

enum feed_kind { FEED_ACTIVITY = 1, FEED_ALERT, FEED_GAP };
struct feed_item {
    struct text channel, cell, cursor;
    enum feed_kind kind;
    struct activity activity;
    const struct alert *alert;
    struct gap gap;
};

struct channel_cursor {
    struct text channel, cursor;
};
struct heartbeat {
    size_t cursor_count;
    struct channel_cursor *cursors;
    int64_t as_of;
    bool stale;
    uint64_t items_sent; /* on this connection */
};

struct history_page {
    size_t item_count;
    struct feed_item *items;
    int64_t from, to; /* what this page covers */
    bool complete;    /* nothing between from and to was trimmed or deleted */
    struct text next; /* page of the following call; empty: this was the last */
};

#endif
