/* From the home's broker into the spool: what its messages mean, and that it is written before they are
 * acknowledged. */
#ifndef NEIGHBORS_EDGE_INTAKE_H
#define NEIGHBORS_EDGE_INTAKE_H

#include "bridge/client/link.h"
#include "bridge/edge/intake/redelivery.h"
#include "bridge/edge/intake/seen.h"
#include "bridge/edge/settings/settings.h"
#include "bridge/edge/spool/spool.h"

struct intake {
    const struct edge_settings *settings;
    struct spool *spool;
    struct link *home; /* the caller's; set before the first turn */
    struct edge_translator translator;
    struct pending *first, **last; /* what the turn has to write */
    struct redelivery redelivery;
    struct seen seen;
    uint64_t messages; /* since the start */
    bool stuck;        /* the spool cannot be written: nothing is read until it can */
    int64_t retry_at;  /* monotonic ms */
};

/* Takes back what the spool remembers. settings and spool must outlive it. */
bool intake_open(struct intake *intake, const struct edge_settings *settings, struct spool *spool)
    __attribute__((warn_unused_result));
void intake_close(struct intake *intake);

/* What the link to the home's broker calls. */
struct link_hooks intake_hooks(struct intake *intake);

/* Writes what the turn brought, and what silence ended. now: monotonic, wall: since 1970; ms. After it the
 * turn's messages may be acknowledged, unless it is stuck. */
void intake_turn(struct intake *intake, int64_t now, int64_t wall);

#endif
