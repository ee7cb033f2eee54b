/* Times as CAP writes them, "2026-03-01T09:00:00-08:00" (rule R08): the instant and the zone are both kept.
 */
#include <stdio.h>

#include "bridge/cap/cap_inside.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, FARTHEST_ZONE = 14 * 60 };

/* `digits` digits at *at as a number, -1 when they are none. */
static int number(struct text text, size_t at, size_t digits)
{
    int value = 0;
    for (size_t i = at; i < at + digits; i++) {
        if (i >= text.len || text.data[i] < '0' || text.data[i] > '9')
            return -1;
        value = value * 10 + (text.data[i] - '0');
    }
    return value;
}

static bool is_at(struct text text, size_t at, char c)
{
    return at < text.len && text.data[at] == c;
}

static int days_in(int year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970 of the Gregorian calendar: years begin in March, so that the leap day is their last. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t years = month > 2 ? year : year - 1;
    int64_t in_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return years * 365 + years / 4 - years / 100 + years / 400 + in_year - 719468;
}

/* "2026-03-01T09:00:00" as seconds since 1970 on that clock. */
static bool read_clock(struct text text, int64_t *out)
{
    int year = number(text, 0, 4), month = number(text, 5, 2), day = number(text, 8, 2);
    int hour = number(text, 11, 2), minute = number(text, 14, 2), second = number(text, 17, 2);
    if (!is_at(text, 4, '-') || !is_at(text, 7, '-') || !is_at(text, 10, 'T') || !is_at(text, 13, ':') ||
        !is_at(text, 16, ':'))
        return false;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
        return false;
    bool midnight = hour == 24 && minute == 0 && second == 0; /* of the day's end: ISO 8601 has it */
    if (hour < 0 || minute < 0 || second < 0 || (hour > 23 && !midnight) || minute > 59 || second > 59)
        return false;
    *out = days_since_1970(year, month, day) * DAY + hour * HOUR + minute * MINUTE + second;
    return true;
}

bool cap_time_scan(struct text text, struct cap_time *out, bool *zulu, bool *fraction)
{
    int64_t clock;
    *out = (struct cap_time){.present = true};
    *zulu = *fraction = false;
    if (!read_clock(text, &clock))
        return false;
    size_t at = 19;
    if (is_at(text, at, '.')) {
        for (at++; at < text.len && number(text, at, 1) >= 0; at++)
            *fraction = true;
        if (!*fraction)
            return false;
    }
    if (is_at(text, at, 'Z') && at + 1 == text.len) {
        *zulu = true;
    } else {
        int hours = number(text, at + 1, 2), minutes = number(text, at + 4, 2);
        bool east = is_at(text, at, '+');
        if ((!east && !is_at(text, at, '-')) || !is_at(text, at + 3, ':') || at + 6 != text.len ||
            hours < 0 || minutes < 0 || minutes > 59 || hours * 60 + minutes > FARTHEST_ZONE)
            return false;
        int offset = hours * 60 + minutes;
        out->offset = (int16_t)(east ? offset : -offset);
        out->plus_zero = east && offset == 0;
    }
    out->at = (clock - (int64_t)out->offset * MINUTE) * 1000;
    return true;
}

bool cap_time_read(struct text text, struct cap_time *out)
{
    bool zulu, fraction;
    return cap_time_scan(text, out, &zulu, &fraction) && !zulu && !fraction;
}

/* The calendar day of days_since_1970. */
static void split_day(int64_t days, int *year, int *month, int *day)
{
    int64_t shifted = days + 719468, era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * years + years / 4 - years / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(years + era * 400 + (*month <= 2));
}

void cap_time_text(struct cap_time time, char out[CAP_TIME_TEXT])
{
    out[0] = '\0';
    if (!time.present)
        return;
    int64_t clock = time.at / 1000 - (time.at % 1000 < 0) + (int64_t)time.offset * MINUTE;
    int64_t days = clock / DAY - (clock % DAY < 0), second = clock - days * DAY;
    int year, month, day, zone = time.offset < 0 ? -time.offset : time.offset;
    split_day(days, &year, &month, &day);
    if (year < 1 || year > 9999 || zone > FARTHEST_ZONE)
        return;
    char text[96]; /* as much as the compiler thinks these numbers can take */
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", year, month, day,
        (int)(second / HOUR), (int)(second / MINUTE % 60), (int)(second % 60),
        time.offset > 0 || (time.offset == 0 && time.plus_zero) ? '+' : '-', zone / 60, zone % 60);
    memcpy(out, text, CAP_TIME_TEXT - 1);
    out[CAP_TIME_TEXT - 1] = '\0';
}
