/* How far somebody may see: which places a session may follow and a question may ask for, and for how many
 * new cells a place counts. Nobody follows the whole land (DESIGN, Privacy). */
#ifndef NEIGHBORS_BROKER_SESSION_REACH_H
#define NEIGHBORS_BROKER_SESSION_REACH_H

#include "bridge/store_cells.h"
#include "broker/principal.h"
#include "proto/topic.h"

enum reach {
    REACH_FREE,    /* the own inbox, the info; an agency's own land */
    REACH_COUNTED, /* as one of a day's new cells */
    REACH_REFUSED, /* the refusal says why */
};

/* Whether that principal may follow what the filter names. */
enum reach reach_of(const struct broker *broker, const struct known_principal *who,
    const struct follow_filter *filter, struct refusal *refusal);

/* The cell that a followed place is counted as. */
struct store_cell reach_cell(const struct broker *broker, const char *geohash);

/* Seconds until the next day of UTC begins, when there are new cells again. */
uint32_t reach_day_ends_s(int64_t now);

/* The rule of a refusal: "at most 64 new cells a day: again in 3600 s". */
enum { REACH_RULE = 80 };
void reach_rule(char out[REACH_RULE], uint32_t limit, int64_t now);

#endif
