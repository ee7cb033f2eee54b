/* The rules on a resident's words, a line of alert_rules.tsv each. */
#include "broker/kind/alert_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { COLUMNS = 5 };

static bool split(char *line, char *column[COLUMNS])
{
    line[strcspn(line, "\n")] = 0;
    for (int i = 0; i < COLUMNS; i++)
        column[i] = strsep(&line, "\t");
    return column[COLUMNS - 1] && !line;
}

/* The words that the table has for the rules. */
static const char *in_the_rule(const char *word)
{
    if (strcmp(word, "looks") == 0)
        return "only what somebody looks like";
    if (strcmp(word, "needed") == 0)
        return "needed here";
    if (strcmp(word, "solo") == 0)
        return "solo dice";
    if (strcmp(word, "falta") == 0)
        return "hace falta";
    if (strcmp(word, "unseen") == 0)
        return "cannot be seen";
    fail_msg("no such rule: %s", word);
    return NULL;
}

static void check(unsigned number, char *column[COLUMNS])
{
    struct alert alert = {.category = (uint8_t)category_of(text_of(column[0])),
        .language = text_of(column[1]),
        .headline = text_of(column[2]),
        .description = text_of(column[3])};
    struct refusal refusal = {0};
    char got[64] = "ok", *rule = strchr(column[4], ' ');
    if (!alert.category)
        fail_msg("line %u: no category %s", number, column[0]);
    if (!alert_rules_pass(&alert, &refusal))
        snprintf(got, sizeof(got), "%s", refusal.field);
    if (rule)
        *rule++ = 0;
    if (strcmp(got, column[4]) != 0)
        fail_msg("line %u: %s / %s: %s (%s), expected %s", number, column[2], column[3], got,
            refusal.rule ? refusal.rule : "", column[4]);
    if (rule && !strstr(refusal.rule, in_the_rule(rule)))
        fail_msg("line %u: %s, expected: %s", number, refusal.rule, rule);
    if (rule)
        assert_int_equal(refusal.code, REASON_BAD_PAYLOAD);
}

static void test_each_line(void **state)
{
    FILE *file = fopen(RULES_TSV, "re");
    char line[1024], *column[COLUMNS];
    unsigned number = 0, cases = 0;
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        number++;
        if (line[0] == '#')
            continue;
        if (!split(line, column))
            fail_msg("line %u: not five columns", number);
        check(number, column);
        cases++;
    }
    fclose(file);
    assert_true(cases > 40);
}

/* Whatever the bytes are, the rules read no further than the text. */
static void test_texts_may_end_anywhere(void **state)
{
    static const char text[] = "Ñandú \xE2\x80\xAE \xC3 x \xEF\xBB\xBF";
    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        char *exact = malloc(len ? len : 1);
        struct refusal refusal = {0};
        memcpy(exact, text, len);
        struct alert alert = {
            .category = CATEGORY_OTHER, .headline = {exact, len}, .description = {exact, len}};
        if (!alert_rules_pass(&alert, &refusal))
            assert_non_null(refusal.rule);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_line),
        cmocka_unit_test(test_texts_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
