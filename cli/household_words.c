/* Words to rules: "[NAME=]WORD+WORD...[@HOURS]", parted by commas. "none" alone is no rule at all. */
#include "cli/household_words.h"

#include <string.h>

#include "cli/wishes.h"

enum { WORD_TEXT = 200 };

static bool complain(const struct invocation *invocation, const char *option, const char *word)
{
    cli_fail(invocation, EXIT_USAGE, "%s: \"%.60s\" has not the form that --help shows", option, word);
    return false;
}

/* "person+vehicle" as bits; "all", "none". 0 and false: a word is none of the list. */
static bool read_bits(const char *text, const char *(*name)(int), uint16_t *out)
{
    char list[WORD_TEXT], *rest = list;
    *out = 0;
    if (strlen(text) >= sizeof list)
        return false;
    strcpy(list, text);
    if (strcmp(text, "none") == 0)
        return true;
    for (int value = 1; strcmp(text, "all") == 0 && name(value); value++)
        *out |= (uint16_t)(1 << value);
    if (*out)
        return true;
    for (char *word; (word = strsep(&rest, "+")) != NULL;) {
        int value = cli_word(word, name);
        if (!value)
            return false;
        *out |= (uint16_t)(1 << value);
    }
    return true;
}

/* Takes the name before "=" off the word; "" when there is none. */
static struct text take_name(char **word)
{
    char *equals = strchr(*word, '=');
    if (!equals)
        return TEXT("");
    struct text name = {*word, (size_t)(equals - *word)};
    *word = equals + 1;
    return name;
}

static bool read_sharing(char *word, struct arena *arena, struct sharing_rule *out)
{
    out->device = take_name(&word);
    char *hours = strchr(word, '@');
    if (hours) {
        *hours = '\0';
        out->hour_count = 1;
        out->hours = arena_alloc(arena, sizeof *out->hours);
        if (!wishes_hours(hours + 1, out->hours))
            return false;
    }
    return read_bits(word, motion_kind_name, &out->kinds);
}

bool household_share_words(
    const struct invocation *invocation, const char *text, struct arena *arena, struct sharing_rules *out)
{
    char *rest = arena_copy(arena, text, strlen(text));
    *out = (struct sharing_rules){.rules = arena_alloc(arena, LIMIT_RULES * sizeof *out->rules)};
    if (strcmp(text, "none") == 0)
        return true;
    for (char *word; (word = strsep(&rest, ",")) != NULL; out->count++)
        if (out->count == LIMIT_RULES || !read_sharing(word, arena, &out->rules[out->count]))
            return complain(invocation, "--share", text);
    return true;
}

bool household_footage_words(
    const struct invocation *invocation, const char *text, struct arena *arena, struct footage_rules *out)
{
    char *rest = arena_copy(arena, text, strlen(text));
    *out = (struct footage_rules){.rules = arena_alloc(arena, LIMIT_RULES * sizeof *out->rules)};
    if (strcmp(text, "none") == 0)
        return true;
    for (char *word; (word = strsep(&rest, ",")) != NULL; out->count++) {
        if (out->count == LIMIT_RULES)
            return complain(invocation, "--footage", text);
        out->rules[out->count].agency = take_name(&word);
        if (!read_bits(word, incident_type_name, &out->rules[out->count].incidents))
            return complain(invocation, "--footage", text);
    }
    return true;
}
