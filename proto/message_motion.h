/* What devices saw. */
#ifndef NEIGHBORS_PROTO_MESSAGE_MOTION_H
#define NEIGHBORS_PROTO_MESSAGE_MOTION_H

#include "proto/message_place.h"
#include "proto/refusal.h"

struct motion_event {
    uint64_t seq;
    struct text device; /* from an edge: the device's id */
    struct text activity_id;
    struct text first_device; /* from an edge: another that saw it first; empty: none */
    uint8_t phase;            /* enum phase */
    uint8_t kind;             /* enum motion_kind */
    uint8_t confidence;       /* 0 to 100 */
    bool has_position;
    struct position position;
    int64_t at, until; /* until 0: not told */
    struct bytes clip;
    struct refusal refusal; /* code other than OK: this event alone is bad, the others of the batch stand */
};

struct motion_batch {
    uint64_t session;
    size_t count; /* 1 to LIMIT_BATCH_EVENTS */
    struct motion_event *events;
};

#endif
