/* What store_motion gathers of one turn, between bridge/store_motion.c and bridge/store_motion_pack.c alone.
 */
#ifndef NEIGHBORS_BRIDGE_STORE_SECTION_H
#define NEIGHBORS_BRIDGE_STORE_SECTION_H

#include "bridge/store_inside.h"

enum { CALL_EVENTS = 64 };

/* One store_motion call within a section: its events are [first, first + count). */
struct member {
    struct member *next;
    store_motion_done *done;
    void *arg;
    unsigned first, count;
};

/* The events of a section that lie in one leaf cell and belong into one household's log. */
struct group {
    struct group *next;
    char channel[13], leaf[13];
    uint64_t version; /* of what the household shares */
    uint16_t kinds;
    unsigned count, published;
    uint8_t indexes[CALL_EVENTS]; /* of the events in the section */
    char publish[CALL_EVENTS];    /* '1' or '0' */
    struct buffer household, log, records;
};

struct section {
    struct section *next, **slot; /* slot: where it is found while more may join it; NULL: nowhere */
    struct buffer names;          /* sender, NUL, instance */
    size_t sender_len;
    uint64_t session;
    uint8_t region; /* tag of all its groups */
    uint16_t qos2_packet;
    uint64_t generation, born; /* of the packet's session: now, and as it began */
    bool once;                 /* numbers are digests of the records */
    struct group *groups, *last_group;
    struct member *members, *last_member;
    unsigned count, group_count;
    uint64_t numbers[CALL_EVENTS];
};

/* The session that the events came by. */
struct session_name section_session(const struct section *section);
/* What a call begins with: how and when activity may leave. */
void motion_pack_head(const struct store *store, struct buffer *out);
void motion_pack_section(struct store *store, struct buffer *out, const struct section *section);

#endif
