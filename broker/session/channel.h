/* The channels that sessions here follow: their newest entries in a ring, and the links of the sessions to
 * them. */
#ifndef NEIGHBORS_BROKER_SESSION_CHANNEL_H
#define NEIGHBORS_BROKER_SESSION_CHANNEL_H

#include "broker/session/entry.h"

LIST_HEAD(link_list, link);

/* What of that which is in force in a channel is still to be told. */
enum in_force_due {
    DUE_NOTHING,
    DUE_UNSHOWN, /* what the session does not remember to have shown; all, when it does not remember that */
    DUE_ALL,
};

/* In a channel's cell, behind its letters: the land, "9q*", which has the notices of all alerts in the
 * channels of a cell of precision 2 and below it. Nothing else is in it. For agencies; a household follows
 * its own few channels. */
enum { CHANNEL_LAND = 16 };

/* A session's place in a channel: its cursor. A follower has half a dozen, more of its memory than anything
 * else. */
struct link {
    LIST_ENTRY(link) of_channel;
    struct link *next; /* of the session */
    struct channel *channel;
    struct session *session;
    struct position_in_channel sent;   /* everything up to here was sent or does not concern the session */
    struct position_in_channel missed; /* entries up to here came while the session was away, or slow */
    struct link_held *held;            /* activity that waits (session/hold.h); NULL: none ever did */
    uint32_t generation;
    /* Not 0: the item behind `sent` was sent to the follows whose serial is above this. */
    uint32_t resume : 27;
    enum in_force_due in_force_due : 2;
    bool alerts_wait : 1; /* what is in force here and was not shown comes later (session/hold.h) */
    bool fresh : 1;       /* no cursor yet: takes the head when the channel is LIVE */
    bool stayed : 1;      /* it followed while its channel was unsettled: only what it had passed is missed */
    bool settled : 1;     /* `sent` was held against the channel's head, low-water mark and generation */
};

enum channel_life { CHANNEL_OPENING, CHANNEL_LIVE };

struct channel {
    UT_hash_handle hh;
    enum channel_life life;
    uint64_t serial;
    geo_cell cell; /* 0 for an inbox */
    uint32_t generation;
    struct position_in_channel floor; /* the ring has everything behind this */
    struct position_in_channel head;  /* of the newest entry that was told */
    struct position_in_channel low;
    struct entry **ring;
    uint32_t ring_first, ring_count, ring_room;
    size_t notice_count, notice_room;
    struct alert_notice *notices; /* in force at head */
    uint32_t asking; /* answers to come of what is in force: until then notices may be behind head */
    struct link_list links;
    enum channel_queued {
        CHANNEL_IDLE,
        CHANNEL_DIRTY,
        CHANNEL_WAITING
    } queued; /* in broker->dirty or waiting_channels */
    TAILQ_ENTRY(channel) in_queue;
    char name[];
};

/* A process that was frozen has not read yet what happened meanwhile: whoever comes to it is told what is in
 * force by the store, and not from memory. Asks for that, when what is known of the channel may be old. */
void channel_ask_when_stale(struct broker *broker, struct channel *channel);
/* The channel, followed; opened when nobody here followed it yet. Sessions that wait for it go on when it is
 * LIVE. */
struct channel *channel_open(struct broker *broker, struct text name);
/* NULL when nobody here follows it. */
struct channel *channel_find(struct broker *broker, struct text name);

/* Adds a link of the session, `sent` as given. */
struct link *link_new(struct channel *channel, struct session *session, struct position_in_channel sent);
/* Everything up to the position was sent or does not concern the session. */
static inline void link_move(struct link *link, struct position_in_channel sent)
{
    link->sent = sent;
    link->resume = 0;
}
/* Takes the link away; the channel is followed no more with its last link. */
void link_free(struct broker *broker, struct link *link);

/* The first entry of the ring behind the position. NULL: none; *behind is then true when the ring no longer
 * reaches back. */
struct entry *channel_next(const struct channel *channel, struct position_in_channel after, bool *behind);

/* True when the alert of this entry has a newer state in the channel. */
bool channel_supersedes(const struct channel *channel, const struct entry *entry);

/* As clients name it in cursors: the geohash; of a land with a * behind it. */
struct text channel_public_name(const struct channel *channel);

/* It has something for its followers: broker_turn wakes them. Once, however often it is said. */
void channel_mark_dirty(struct broker *broker, struct channel *channel);

/* What the store tells (store_events). */
void channel_on_entry(void *broker, struct text name, const struct channel_entry *entry);
void channel_on_seam(void *broker, struct text name, struct position_in_channel head);

#endif
