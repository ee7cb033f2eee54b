/* Reckoning over the time of day, in whole minutes. */
#include "broker/hours.h"

enum { MINUTE_MS = 60 * 1000, DAY_MINUTES = 24 * 60, WEEK_DAYS = 7 };
/* Clocks are changed on quarters of an hour: so long what was learnt of a zone holds. */
static const int64_t offset_holds_ms = 15 * MINUTE_MS;

void local_time_init(struct local_time *local, struct text zone, zone_clock *clock)
{
    size_t len = zone.len < LIMIT_ZONE ? zone.len : LIMIT_ZONE;
    *local = (struct local_time){.clock = clock};
    if (len)
        memcpy(local->zone, zone.data, len);
}

int64_t local_minutes(struct local_time *local, int64_t at)
{
    if (at >= local->until || at < local->until - offset_holds_ms) {
        if (!local->clock(local->zone, at, &local->offset))
            local->offset = 0;
        local->until = at - at % offset_holds_ms + offset_holds_ms;
    }
    return at / MINUTE_MS + local->offset;
}

/* Monday is 0; 1970 began on a Thursday. */
static int weekday_of(int64_t day)
{
    return (int)((day + 3) % WEEK_DAYS);
}

int64_t hours_end(const struct daily_hours *hours, int64_t minute)
{
    int64_t today = minute / DAY_MINUTES;
    int length = hours->to_minute - hours->from_minute;
    if (length <= 0)
        length += DAY_MINUTES;
    for (int64_t day = today - 1; day <= today; day++) {
        int64_t begin = day * DAY_MINUTES + hours->from_minute;
        if ((hours->weekdays >> weekday_of(day) & 1) && minute >= begin && minute < begin + length)
            return begin + length;
    }
    return 0;
}
