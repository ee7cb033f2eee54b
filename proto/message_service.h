/* What clients ask and what the broker says of itself. */
#ifndef NEIGHBORS_PROTO_MESSAGE_SERVICE_H
#define NEIGHBORS_PROTO_MESSAGE_SERVICE_H

#include "proto/bytes.h"

struct history_query {
    struct text near_cell; /* with metres: the circle around that leaf cell's centre */
    uint32_t metres;
    size_t cell_count;
    struct text *cells; /* or these cells */
    int64_t from, to;
    uint32_t limit;         /* items a page; 0: the most */
    struct text page;       /* opaque, from the page before; empty: the first */
    struct text item_class; /* one alone; empty: activity, incident and area */
};

/* What came on a topic was refused after the acknowledgement could not say it whole. */
struct refused {
    struct text topic;
    uint32_t packet_id;
    uint64_t seq; /* of the event in a batch; 0: the whole message */
    uint8_t code;
    struct text field, rule;
    uint32_t retry_after_s; /* seconds; 0: not a matter of time */
};

struct info {
    uint32_t channel_precision, leaf_precision;
    size_t radius_count;
    uint32_t *radii_m;
    uint32_t max_batch, max_filters, max_packet_bytes;
    struct text durability; /* "always", "everysec", "replicas", ... as Redis is found */
    struct bytes log_public_key;
    struct bytes push_public_key; /* PUSH_PUBLIC_KEY bytes; len 0: no push */
    struct text version;
};

#endif
