/* Wishes as pure reckoning over the time of day: quiet hours and digests are both a moment until which things
 * wait. */
#include "broker/session/wishes.h"

#include <stdlib.h>
#include <strings.h>

#include "broker/core.h"

enum { MINUTE_MS = 60 * 1000, DAY_MINUTES = 24 * 60, WEEK_DAYS = 7 };
/* Clocks are changed on quarters of an hour: so long what was learnt of a zone holds. */
static const int64_t offset_holds_ms = 15 * MINUTE_MS;

struct wishes {
    uint8_t least[CATEGORY_OTHER + 1]; /* by category; 0: any */
    uint8_t passes;                    /* severity that never waits */
    uint32_t digest_minutes;
    size_t quiet_count;
    struct daily_hours quiet[LIMIT_HOURS];
    wishes_clock *clock;
    int64_t offset_until;
    int offset; /* minutes, until then */
    char zone[LIMIT_ZONE + 1], language[LIMIT_LANGUAGE + 1];
};

static void copy_text(char *out, size_t room, struct text text)
{
    size_t len = text.len < room ? text.len : room - 1;
    if (len)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

struct wishes *wishes_new(const struct settings_message *settings, wishes_clock *clock)
{
    if (!settings->quiet_count && !settings->least_count && !settings->digest_minutes &&
        !settings->language.len)
        return NULL;
    struct wishes *wishes = must_calloc(sizeof *wishes);
    for (size_t i = 0; i < settings->least_count; i++) {
        const struct least_severity *least = &settings->least[i];
        for (int category = 1; !least->category && category <= CATEGORY_OTHER; category++)
            wishes->least[category] = wishes->least[category] ? wishes->least[category] : least->severity;
        if (least->category)
            wishes->least[least->category] = least->severity;
    }
    wishes->passes = settings->quiet_passes ? settings->quiet_passes : SEVERITY_EXTREME;
    wishes->digest_minutes = settings->digest_minutes;
    wishes->quiet_count = settings->quiet_count;
    if (settings->quiet_count)
        memcpy(wishes->quiet, settings->quiet, settings->quiet_count * sizeof *wishes->quiet);
    wishes->clock = clock;
    copy_text(wishes->zone, sizeof wishes->zone, settings->time_zone);
    copy_text(wishes->language, sizeof wishes->language, settings->language);
    return wishes;
}

void wishes_free(struct wishes *wishes)
{
    free(wishes);
}

/* ---- the time of day ---- */

/* Minutes since 1970 on the follower's own clock. */
static int64_t local_minutes(struct wishes *wishes, int64_t now)
{
    if (now >= wishes->offset_until || now < wishes->offset_until - offset_holds_ms) {
        if (!wishes->clock(wishes->zone, now, &wishes->offset))
            wishes->offset = 0;
        wishes->offset_until = now - now % offset_holds_ms + offset_holds_ms;
    }
    return now / MINUTE_MS + wishes->offset;
}

/* Monday is 0; 1970 began on a Thursday. */
static int weekday_of(int64_t day)
{
    return (int)((day + 3) % WEEK_DAYS);
}

/* The minute at which these hours end that `minute` lies in; 0: it lies in none. Hours that go past midnight
 * belong to the day on which they begin. */
static int64_t quiet_end(const struct daily_hours *hours, int64_t minute)
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

/* The minute until which it is quiet; `minute` itself when it is not. Hours that follow upon each other are
 * one quiet; one that never ends is left after a week. */
static int64_t quiet_until(const struct wishes *wishes, int64_t minute)
{
    int64_t until = minute;
    for (bool longer = true; longer && until - minute < (int64_t)WEEK_DAYS * DAY_MINUTES;) {
        longer = false;
        for (size_t i = 0; i < wishes->quiet_count; i++) {
            int64_t end = quiet_end(&wishes->quiet[i], until);
            if (end > until) {
                until = end;
                longer = true;
            }
        }
    }
    return until;
}

bool wishes_quiet(struct wishes *wishes, int64_t now)
{
    if (!wishes || !wishes->quiet_count)
        return false;
    int64_t minute = local_minutes(wishes, now);
    return quiet_until(wishes, minute) > minute;
}

int64_t wishes_until(struct wishes *wishes, int64_t now)
{
    int64_t minute = local_minutes(wishes, now), until = quiet_until(wishes, minute);
    if (until == minute && wishes->digest_minutes)
        until = minute - minute % wishes->digest_minutes + wishes->digest_minutes;
    return until == minute ? now : (until - wishes->offset) * MINUTE_MS;
}

/* ---- items ---- */

static enum wish now_or_later(struct wishes *wishes, int64_t now)
{
    return wishes->digest_minutes || wishes_quiet(wishes, now) ? WISH_LATER : WISH_NOW;
}

enum wish wishes_alert(struct wishes *wishes, int64_t now, uint8_t category, uint8_t severity, bool known)
{
    if (!wishes || known)
        return WISH_NOW;
    if (category <= CATEGORY_OTHER && severity < wishes->least[category])
        return WISH_NEVER;
    if (severity >= (wishes->quiet_count ? wishes->passes : SEVERITY_EXTREME))
        return WISH_NOW;
    return now_or_later(wishes, now);
}

enum wish wishes_activity(struct wishes *wishes, int64_t now)
{
    return wishes ? now_or_later(wishes, now) : WISH_NOW;
}

/* ---- language ---- */

/* How near the tag is to the wish: 0 is another language; each subtag that both begin with is nearer, and a
 * tag that says nothing beyond those is nearer than one that does. */
static int nearness(const char *wish, struct text tag)
{
    int shared = 0;
    size_t same = 0;
    for (size_t at = 0; at <= strlen(wish);) {
        size_t end = at + strcspn(wish + at, "-");
        if (end > tag.len || strncasecmp(wish, tag.data, end) != 0 || (end < tag.len && tag.data[end] != '-'))
            break;
        shared++;
        same = end;
        at = end + 1;
    }
    return shared ? 2 * shared + (same == tag.len) : 0;
}

size_t wishes_text(const struct wishes *wishes, const struct alert *alert)
{
    if (!wishes || !wishes->language[0])
        return 0;
    size_t best = 0;
    int nearest = nearness(wishes->language, alert->language);
    for (size_t i = 0; i < alert->text_count; i++) {
        int near = nearness(wishes->language, alert->texts[i].language);
        if (near > nearest) {
            nearest = near;
            best = 1 + i;
        }
    }
    return best;
}
