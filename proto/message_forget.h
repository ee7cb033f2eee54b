/* What a resident wants deleted, and the receipt for it. */
#ifndef NEIGHBORS_PROTO_MESSAGE_FORGET_H
#define NEIGHBORS_PROTO_MESSAGE_FORGET_H

#include "proto/bytes.h"

struct forget {
    size_t device_count; /* 0: every device; at most LIMIT_DEVICES */
    struct text *devices;
    int64_t from, to; /* 0: no bound */
    bool alerts, account, enrolment;
    struct text forget_id;
};

/* The receipt. */
struct deleted {
    int64_t from, to, at;
    uint64_t events, alerts;
    uint32_t principals, backup_days;
    struct text forget_id, household;
    struct bytes key_id, signature; /* signature len 0: not signed yet */
};

#endif
