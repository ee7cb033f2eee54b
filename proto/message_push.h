/* What is to be told to a browser while it has no connection, and what it is told. */
#ifndef NEIGHBORS_PROTO_MESSAGE_PUSH_H
#define NEIGHBORS_PROTO_MESSAGE_PUSH_H

#include "proto/message_household.h"

struct push_place {
    struct text cell; /* a leaf cell */
    uint32_t metres;  /* one of topic_radii */
};
struct push_subscription {
    struct text endpoint;
    struct bytes p256dh, auth; /* PUSH_PUBLIC_KEY and PUSH_AUTH bytes; none with remove */
    size_t place_count;        /* 1 to LIMIT_PUSH_PLACES; 0 with remove */
    struct push_place *places;
    uint16_t categories; /* bit n: enum category n; 0: all */
    size_t least_count;  /* at most LIMIT_LEAST */
    struct least_severity *least;
    struct text language;
    bool remove;
};

struct push_notice {
    struct text public_id, headline, sender_name, cell;
    uint32_t revision;
    uint8_t state, category, severity, truth;
    int64_t expires;
};

#endif
