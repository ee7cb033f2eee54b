/* What the indexes of each region must say of a household (bridge/sharing_index.h), from what it allows, who
 * is in it, and where they are: a pure function, so that whoever brings the indexes in line, the broker or
 * the command line, says the same. */
#ifndef NEIGHBORS_BRIDGE_SHARING_PLAN_H
#define NEIGHBORS_BRIDGE_SHARING_PLAN_H

#include <stdint.h>

#include "proto/arena.h"
#include "proto/bytes.h"

/* A member, as nb:{p:<role>/<id>}:principal has it. */
struct sharing_member {
    struct text name;                                /* "<role>/<id>" */
    struct text region, leaf_digest, askable_digest; /* "": none */
    uint32_t share;                                  /* mask of motion kinds, as it was enrolled */
    uint16_t number;
    uint64_t since;   /* ms */
    int64_t verified; /* ms: what it bears of its household's */
    bool here;        /* it is this household's, by its own account, and not revoked */
};

struct sharing_household {
    struct text name;
    bool has_rules;                /* false: what enrolment says of each member holds */
    struct bytes sharing, footage; /* packed (bridge/store_household.h) */
    size_t member_count;
    struct sharing_member *members;
    size_t leaf_count, askable_count; /* "<XX>:<digest>": where it stands in the indexes now */
    struct text *leaves, *askable;
};

/* A cell of one of the two indexes. */
struct sharing_cell {
    struct text digest;
    bool askable;         /* of which index */
    bool before, after;   /* where the household stands, and where it is to stand */
    struct bytes devices; /* of askable, after: what is to stand there */
};
struct sharing_region {
    char tag[3];    /* two hexadecimal digits */
    uint32_t kinds; /* mask of what is shared there; 0: nothing */
    bool before;    /* the household stands there now: something may be withdrawn */
    size_t cell_count;
    struct sharing_cell *cells;
};
struct sharing_plan {
    struct text shared; /* all that is shared, and where, in one text: another one when that changes */
    size_t region_count;
    struct sharing_region *regions;
};

/* Everything of the plan lies in the arena or in what was given. False: the rules cannot be read. */
bool sharing_plan_make(const struct sharing_household *household, struct arena *arena,
    struct sharing_plan *out) __attribute__((warn_unused_result));

#endif
