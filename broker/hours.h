/* Hours of the day that come again, on the clock of a time zone. */
#ifndef NEIGHBORS_BROKER_HOURS_H
#define NEIGHBORS_BROKER_HOURS_H

#include "proto/message.h"

/* Ahead of UTC in minutes, of a zone at a moment (bridge/zone.h). */
typedef bool zone_clock(const char *zone, int64_t at, int *minutes);

/* A zone's clock, with what was learnt of it last. */
struct local_time {
    zone_clock *clock;
    int64_t until; /* ms; the offset holds until then */
    int offset;    /* minutes ahead of UTC */
    char zone[LIMIT_ZONE + 1];
};
void local_time_init(struct local_time *local, struct text zone, zone_clock *clock);
/* Minutes since 1970 on that clock, at that moment (ms). Of a zone that is not known: UTC. */
int64_t local_minutes(struct local_time *local, int64_t at);

/* The minute at which these hours end that `minute` lies in; 0: it lies in none. Hours that go past midnight
 * belong to the day on which they begin; from and to alike are a whole day. */
int64_t hours_end(const struct daily_hours *hours, int64_t minute);

#endif
