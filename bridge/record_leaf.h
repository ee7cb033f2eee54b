/* What of an act becomes a leaf of the public record. Pure, and the one place that decides it: a leaf can
 * never be taken back, so nothing personal enters one. Residents, officers and operators by name, what
 * residents and moderators wrote, and texts that quote anybody stay with the act, where the desk reads them
 * and deletion reaches them. */
#ifndef NEIGHBORS_BRIDGE_RECORD_LEAF_H
#define NEIGHBORS_BRIDGE_RECORD_LEAF_H

#include "proto/message.h"

/* An act as scripts/act.lua notes it. Absent texts have len 0. */
struct noted_act {
    struct text what, by, officer, subject, reason, name, case_number, text;
    struct bytes digest;
    uint32_t revision;
    int64_t at; /* ms */
    uint64_t count;
};

/* The leaf of that act, without index; what it points to is the act's. False: it is none, because it is not
 * for the public, or was not done by who can do such. */
bool record_leaf(const struct noted_act *act, struct log_leaf *out) __attribute__((warn_unused_result));

#endif
