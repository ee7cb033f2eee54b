/* How the edge is, as JSON: what `neighbors-edge status` shows. Of the home it tells names of devices, so it
 * is for the owner alone. */
#ifndef NEIGHBORS_EDGE_REPORT_H
#define NEIGHBORS_EDGE_REPORT_H

#include "bridge/edge/back/back.h"
#include "bridge/edge/intake/intake.h"

struct report_sources {
    const struct edge_settings *settings;
    const struct intake *intake;
    struct spool *spool;
    const struct link *home, *broker;
    const struct back *back; /* NULL: there is no way back */
    int64_t started, wall;   /* since 1970, ms */
    int64_t now;             /* monotonic, ms */
};

/* One object, to be freed. `healthy` is true when both brokers are connected, the spool can be written and
 * nothing has waited for 5 minutes; else `reasons` says what is not as it should be. */
char *report_running(const struct report_sources *sources);
/* The same of a spool that no edge has open: not healthy. */
char *report_stopped(const char *spool_file, const struct spool_totals *totals, int64_t wall);

/* For people, on standard output. false: it is no report. */
bool report_print(const char *json, int64_t wall) __attribute__((warn_unused_result));
/* Whether it says healthy. */
bool report_is_healthy(const char *json);

#endif
