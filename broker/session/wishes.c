/* Wishes as pure reckoning over the time of day: quiet hours and digests are both a moment until which things
 * wait. */
#include "broker/session/wishes.h"

#include <stdlib.h>
#include <strings.h>

#include "broker/core.h"

enum { MINUTE_MS = 60 * 1000, DAY_MINUTES = 24 * 60, WEEK_DAYS = 7 };

struct wishes {
    uint8_t least[CATEGORY_OTHER + 1]; /* by category; 0: any */
    uint8_t passes;                    /* severity that never waits */
    uint32_t digest_minutes;
    size_t quiet_count;
    struct daily_hours quiet[LIMIT_HOURS];
    struct local_time local;
    char language[LIMIT_LANGUAGE + 1];
};

static void copy_text(char *out, size_t room, struct text text)
{
    size_t len = text.len < room ? text.len : room - 1;
    if (len)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

struct wishes *wishes_new(const struct settings_message *settings, zone_clock *clock)
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
    local_time_init(&wishes->local, settings->time_zone, clock);
    copy_text(wishes->language, sizeof wishes->language, settings->language);
    return wishes;
}

void wishes_free(struct wishes *wishes)
{
    free(wishes);
}

/* ---- the time of day ---- */

/* The minute until which it is quiet; `minute` itself when it is not. Hours that follow upon each other are
 * one quiet; one that never ends is left after a week. */
static int64_t quiet_until(const struct wishes *wishes, int64_t minute)
{
    int64_t until = minute;
    for (bool longer = true; longer && until - minute < (int64_t)WEEK_DAYS * DAY_MINUTES;) {
        longer = false;
        for (size_t i = 0; i < wishes->quiet_count; i++) {
            int64_t end = hours_end(&wishes->quiet[i], until);
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
    int64_t minute = local_minutes(&wishes->local, now);
    return quiet_until(wishes, minute) > minute;
}

int64_t wishes_until(struct wishes *wishes, int64_t now)
{
    int64_t minute = local_minutes(&wishes->local, now), until = quiet_until(wishes, minute);
    if (until == minute && wishes->digest_minutes)
        until = minute - minute % wishes->digest_minutes + wishes->digest_minutes;
    return until == minute ? now : (until - wishes->local.offset) * MINUTE_MS;
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
