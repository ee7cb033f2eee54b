/* Words to settings. Lists are parted by commas. */
#include "cli/wishes.h"

#include <string.h>
#include <strings.h>

enum { LIST_TEXT = 400, MINUTE_MS = 60 * 1000, DAY_MINUTES = 1440 };

static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
enum { DAYS = sizeof days / sizeof *days };

static bool complain(const struct invocation *invocation, const char *option, const char *word)
{
    cli_fail(invocation, EXIT_USAGE, "%s: \"%.60s\" has not the form that --help shows", option, word);
    return false;
}

/* ---- least severities ---- */

static bool read_least_one(const struct invocation *invocation, char *word, struct settings_message *out)
{
    char *equals = strchr(word, '=');
    struct least_severity *place = &out->least[out->least_count];
    if (out->least_count == LIMIT_LEAST)
        return complain(invocation, "--least", word);
    if (equals)
        *equals = '\0';
    if ((equals && !cli_word_of(invocation, "--least", word, category_name, &place->category)) ||
        !cli_word_of(invocation, "--least", equals ? equals + 1 : word, severity_name, &place->severity))
        return false;
    out->least_count++;
    return true;
}

/* ---- quiet hours ---- */

static int day_of(const char *text, size_t len)
{
    for (int day = 0; day < DAYS; day++)
        if (len == 3 && strncasecmp(text, days[day], 3) == 0)
            return day;
    return -1;
}

/* "mon-fri" or "sun" as bits; past Sunday it goes on at Monday. */
static bool read_days(const char *text, uint8_t *out)
{
    size_t len = strcspn(text, "-");
    int from = day_of(text, len), to = text[len] ? day_of(text + len + 1, strlen(text + len + 1)) : from;
    if (from < 0 || to < 0)
        return false;
    *out = (uint8_t)(1 << from);
    for (int day = from; day != to; day = (day + 1) % DAYS)
        *out |= (uint8_t)(1 << (day + 1) % DAYS);
    return true;
}

bool wishes_hours(const char *text, struct daily_hours *out)
{
    int from_hour, from_minute, to_hour, to_minute, used = 0;
    *out = (struct daily_hours){0};
    if (sscanf(text, "%2d:%2d-%2d:%2d%n", &from_hour, &from_minute, &to_hour, &to_minute, &used) != 4)
        return false;
    int from = from_hour * 60 + from_minute, to = to_hour * 60 + to_minute;
    bool in_a_day = from_hour >= 0 && to_hour >= 0 && from_minute >= 0 && to_minute >= 0 &&
                    from_minute < 60 && to_minute < 60 && from < DAY_MINUTES && to <= DAY_MINUTES;
    bool has_days = text[used] == '@';
    if (!in_a_day || (text[used] && !has_days) || (has_days && !read_days(text + used + 1, &out->weekdays)))
        return false;
    out->from_minute = (uint16_t)from;
    out->to_minute = (uint16_t)(to % DAY_MINUTES);
    return true;
}

static bool read_hours_one(const struct invocation *invocation, char *word, struct settings_message *out)
{
    if (out->quiet_count == LIMIT_HOURS || !wishes_hours(word, &out->quiet[out->quiet_count]))
        return complain(invocation, "--quiet", word);
    out->quiet_count++;
    return true;
}

/* ---- all ---- */

static bool read_list(const struct invocation *invocation, const char *option, const char *text,
    bool (*one)(const struct invocation *, char *, struct settings_message *), struct settings_message *out)
{
    char list[LIST_TEXT], *rest = list;
    if (!text)
        return true;
    if (strlen(text) >= sizeof list)
        return complain(invocation, option, text);
    strcpy(list, text);
    for (char *word; (word = strsep(&rest, ",")) != NULL;)
        if (!one(invocation, word, out))
            return false;
    return true;
}

bool wishes_given(const struct wish_words *words)
{
    return words->least || words->quiet || words->passes || words->digest || words->language ||
           words->time_zone;
}

bool wishes_read(const struct invocation *invocation, const struct wish_words *words, struct arena *arena,
    struct settings_message *out)
{
    int64_t digest = 0;
    *out = (struct settings_message){.language = text_of(words->language),
        .time_zone = text_of(words->time_zone),
        .least = arena_alloc(arena, LIMIT_LEAST * sizeof *out->least),
        .quiet = arena_alloc(arena, LIMIT_HOURS * sizeof *out->quiet)};
    if (!read_list(invocation, "--least", words->least, read_least_one, out) ||
        !read_list(invocation, "--quiet", words->quiet, read_hours_one, out) ||
        !cli_word_of(invocation, "--quiet-passes", words->passes, severity_name, &out->quiet_passes) ||
        (words->digest && !cli_span(invocation, "--digest", words->digest, &digest)))
        return false;
    out->digest_minutes = (uint32_t)(digest / MINUTE_MS);
    return !words->digest || digest % MINUTE_MS == 0 || complain(invocation, "--digest", words->digest);
}
