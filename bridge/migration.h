/* Data of the layout before (bridge/store_layout.h) becomes data of this one, in place, in one Redis. The
 * caller has seen to it that nobody else is at work. It may be done again: what is done is not done twice,
 * and who died half-way left nb:layout at a value with which no neighborsd starts. */
#ifndef NEIGHBORS_BRIDGE_MIGRATION_H
#define NEIGHBORS_BRIDGE_MIGRATION_H

#include "bridge/redis_sync.h"

enum migration_state {
    MIGRATION_FAILED,  /* redis->error */
    MIGRATION_EMPTY,   /* there is no data */
    MIGRATION_UNKNOWN, /* neither of this layout nor of the one before; `layout` tells */
    MIGRATION_NONE,    /* of this layout already */
    MIGRATION_DUE,     /* of the layout before */
    MIGRATION_HALF,    /* somebody began to bring it along */
};

struct migration {
    char layout[32];       /* as nb:layout has it */
    uint64_t senders;      /* whose numbering was carried to the regions of their events */
    uint64_t senders_gone; /* nothing of theirs is stored any more: theirs was dropped */
    uint64_t packets;      /* of QoS 2, stored and not released */
    uint64_t households;   /* settled anew */
    uint64_t regions;      /* where somebody shares */
    uint64_t codes;        /* used ones, marked as done */
    uint64_t forgets;      /* plans of what is to be forgotten, which go on */
    uint64_t renamed;      /* lists and tables that have another key now */
    uint64_t leases;       /* dropped */
};

/* What is there. */
enum migration_state migration_look(struct redis_sync *redis, struct migration *out);

/* Brings it along, or with `dry` counts what would be and changes nothing. out: what migration_look filled.
 * False: redis->error; it may be done again. */
bool migration_run(struct redis_sync *redis, bool dry, struct migration *out)
    __attribute__((warn_unused_result));

/* Whether a neighborsd is connected: it listens to nb:sessions as long as it runs. 1 yes, 0 no, -1:
 * redis->error. */
int migration_in_use(struct redis_sync *redis);

#endif
