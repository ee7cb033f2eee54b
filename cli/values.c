/* The values of options: places, numbers, times, words of closed lists. */
#include <errno.h>
#include <math.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cli/cli.h"

#define SECOND_MS INT64_C(1000)

static bool complain(
    const struct invocation *invocation, const char *name, const char *text, const char *form)
{
    cli_fail(invocation, EXIT_USAGE, "%s: \"%.100s\" is not %s", name, text, form);
    return false;
}

bool cli_point(const struct invocation *invocation, const char *name, const char *text, struct geo_point *out)
{
    char *comma, *end;
    out->lat = strtod(text, &comma);
    if (comma == text || *comma != ',')
        return complain(
            invocation, name, text, "a place; say LATITUDE,LONGITUDE in degrees, such as 34.0522,-118.2437");
    out->lon = strtod(comma + 1, &end);
    geo_cell cell;
    if (end == comma + 1 || *end != '\0' || !isfinite(out->lat) || !isfinite(out->lon) ||
        geo_encode(*out, LEAF_PRECISION, &cell) != GEO_OK)
        return complain(invocation, name, text, "a place on the globe; say LATITUDE,LONGITUDE in degrees");
    return true;
}

bool cli_number(const struct invocation *invocation, const char *name, const char *text, int64_t least,
    int64_t most, int64_t *out)
{
    char *end, form[80];
    errno = 0;
    *out = strtoll(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0 && *out >= least && *out <= most)
        return true;
    snprintf(form, sizeof form, "a whole number from %lld to %lld", (long long)least, (long long)most);
    return complain(invocation, name, text, form);
}

/* Seconds in a unit; 0: no unit. */
static int64_t unit_of(char letter)
{
    return letter == 's'   ? 1
           : letter == 'm' ? 60
           : letter == 'h' ? 3600
           : letter == 'd' ? 86400
           : letter == 'w' ? 604800
                           : 0;
}

static bool read_span(const char *text, int64_t *out)
{
    char *end;
    long number = strtol(text, &end, 10);
    int64_t unit = end == text ? 0 : unit_of(*end);
    if (unit == 0 || end[1] != '\0' || number < 0 || number > 1000000)
        return false;
    *out = number * unit * SECOND_MS;
    return true;
}

bool cli_span(const struct invocation *invocation, const char *name, const char *text, int64_t *out)
{
    return read_span(text, out) ||
           complain(invocation, name, text, "a length of time such as 90s, 30m, 2h, 7d");
}

/* "", "Z", "+01:00": seconds east of Greenwich. */
static bool read_offset(const char *text, int64_t *out)
{
    int hours, minutes, used = 0;
    *out = 0;
    if (*text == '\0' || strcmp(text, "Z") == 0)
        return true;
    if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
        text[1 + used])
        return false;
    *out = (*text == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

static bool read_date(const char *text, int64_t *out)
{
    struct tm when = {0};
    int64_t offset;
    const char *rest = strptime(text, "%Y-%m-%d", &when);
    if (rest && *rest == 'T')
        rest = strptime(rest + 1, "%H:%M:%S", &when);
    if (!rest || !read_offset(rest, &offset))
        return false;
    *out = (timegm(&when) - offset) * SECOND_MS;
    return true;
}

static bool read_number_of_ms(const char *text, int64_t *out)
{
    char *end;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && *out > 9999;
}

bool cli_time(const struct invocation *invocation, const char *name, const char *text, int64_t *out)
{
    int64_t span;
    bool relative = (*text == '+' || *text == '-') && read_span(text + 1, &span);
    if (strcmp(text, "now") == 0)
        *out = cli_now();
    else if (relative)
        *out = cli_now() + (*text == '-' ? -span : span);
    else if (!read_number_of_ms(text, out) && !read_date(text, out))
        return complain(invocation, name, text, "a time; say now, -2h, 2026-11-24 or 2026-11-24T14:00:00Z");
    return true;
}

static void encode(struct geo_point point, int precision, char out[GEO_CELL_TEXT])
{
    geo_cell cell = 0;
    if (geo_encode(point, precision, &cell) != GEO_OK)
        cell = 0;
    geo_format(cell, out);
}

void cli_leaf(struct geo_point point, char out[GEO_CELL_TEXT])
{
    encode(point, LEAF_PRECISION, out);
}

void cli_fine(struct geo_point point, char out[GEO_CELL_TEXT])
{
    encode(point, FINE_PRECISION, out);
}

struct position cli_position(struct geo_point point)
{
    return (struct position){(int32_t)lround(point.lat * 1e7), (int32_t)lround(point.lon * 1e7)};
}

int64_t cli_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND_MS + now.tv_nsec / 1000000;
}

int cli_word(const char *text, const char *(*name)(int))
{
    for (int value = 1; name(value); value++)
        if (strcasecmp(text, name(value)) == 0)
            return value;
    return 0;
}

bool cli_word_of(const struct invocation *invocation, const char *option, const char *text,
    const char *(*name)(int), uint8_t *out)
{
    if (!text)
        return true;
    *out = (uint8_t)cli_word(text, name);
    if (*out == 0)
        cli_fail(
            invocation, EXIT_USAGE, "%s: \"%.60s\" is not one of the words that --help lists", option, text);
    return *out != 0;
}

void cli_make_id(char out[CLI_ID])
{
    unsigned char random[3];
    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    snprintf(out, CLI_ID, "cli-%lld-%02x%02x%02x", (long long)cli_now(), random[0], random[1], random[2]);
}
