/* What others say about an alert, by its public id, and what its sender is told of it. */
#ifndef NEIGHBORS_PROTO_MESSAGE_JUDGE_H
#define NEIGHBORS_PROTO_MESSAGE_JUDGE_H

#include "proto/bytes.h"

struct witness {
    struct text public_id, remark;
    int64_t at; /* 0: not told */
};
struct flag {
    struct text public_id, remark;
    uint8_t reason; /* enum flag_reason */
};
struct verdict {
    struct text public_id, reason, case_number;
    uint32_t revision; /* 0: whichever is in force */
    uint8_t decision;  /* enum verdict_decision */
};

/* What became of an alert, told to its sender. */
struct moderation {
    struct text public_id, decision, reason;
    int64_t at, until;
};

#endif
