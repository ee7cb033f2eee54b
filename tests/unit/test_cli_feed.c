/* What the live feed keeps in mind, and how it keeps strangers' text harmless. */
#include "cli/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/columns.h"

/* ---- seen ---- */

static bool alert_is_new(struct seen *seen, const char *id, uint32_t revision, uint8_t state)
{
    struct alert alert = {.public_id = text_of(id), .revision = revision, .state = state};
    struct feed_item item = {.kind = FEED_ALERT, .alert = &alert};
    return seen_is_new(seen, &item);
}

static bool activity_is_new(struct seen *seen, const char *channel, const char *cursor)
{
    struct feed_item item = {.kind = FEED_ACTIVITY, .channel = text_of(channel), .cursor = text_of(cursor)};
    return seen_is_new(seen, &item);
}

static void revisions_of_an_alert_only_rise(void **state)
{
    (void)state;
    struct seen *seen = calloc(1, sizeof *seen);
    assert_true(alert_is_new(seen, "a", 1, ALERT_IN_FORCE));
    assert_false(alert_is_new(seen, "a", 1, ALERT_IN_FORCE));
    assert_true(alert_is_new(seen, "b", 1, ALERT_IN_FORCE));
    assert_true(alert_is_new(seen, "a", 3, ALERT_IN_FORCE));
    assert_false(alert_is_new(seen, "a", 2, ALERT_IN_FORCE));
    assert_true(alert_is_new(seen, "a", 3, ALERT_ENDED));
    assert_false(alert_is_new(seen, "a", 3, ALERT_ENDED));
    assert_false(alert_is_new(seen, "a", 3, ALERT_IN_FORCE));
    seen_free(seen);
    free(seen);
}

static void hundreds_of_alerts_are_told_apart(void **state)
{
    (void)state;
    struct seen *seen = calloc(1, sizeof *seen);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 500; i++) {
            char id[16];
            snprintf(id, sizeof id, "alert-%d", i);
            assert_int_equal(alert_is_new(seen, id, 1, ALERT_IN_FORCE), round == 0);
        }
    seen_free(seen);
    free(seen);
}

static void activity_repeats_only_on_a_new_connection(void **state)
{
    (void)state;
    struct seen *seen = calloc(1, sizeof *seen);
    assert_true(activity_is_new(seen, "9qh1f", "c1"));
    assert_true(activity_is_new(seen, "9qh1f", "c1"));
    seen->connection++;
    assert_false(activity_is_new(seen, "9qh1f", "c1"));
    assert_true(activity_is_new(seen, "9qh1f", "c2"));
    seen_free(seen);
    free(seen);
}

static void each_channel_keeps_its_newest_cursor(void **state)
{
    (void)state;
    struct seen *seen = calloc(1, sizeof *seen);
    seen_note(seen, TEXT("9qh1f"), TEXT("one"));
    seen_note(seen, TEXT("9qh1"), TEXT("two"));
    seen_note(seen, TEXT("9qh1f"), TEXT("three"));
    seen_note(seen, TEXT(""), TEXT("four"));
    seen_note(seen, TEXT("9qh"), TEXT(""));
    assert_int_equal(seen->channel_count, 2);
    assert_string_equal(seen->channels[0].since, "9qh1f:three");
    assert_string_equal(seen->channels[1].since, "9qh1:two");
    seen_free(seen);
    free(seen);
}

/* ---- columns ---- */

static void what_steers_a_terminal_is_taken_out(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"two\nlines\tand\r", "two lines and "},
        {"\033[31mred\007", " [31mred "},
        {"\xc2\x9b"
         "31m",
            "31m"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"a\xe2\x80\xae"
         "b\xe2\x81\xa6"
         "c\xd8\x9c"
         "d",
            "abcd"},
        {"a\xe2\x80\xa8"
         "b",
            "ab"},
        {"\xe2\x80\x99", "\xe2\x80\x99"},
        {"\x7f", " "},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[COLUMN_TEXT];
        column_clean(text_of(cases[i].in), out);
        assert_string_equal(out, cases[i].out);
    }
}

static void long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    char in[2 * COLUMN_TEXT + 2], out[COLUMN_TEXT];
    for (size_t i = 0; i < COLUMN_TEXT; i++)
        memcpy(in + 1 + 2 * i, "\xc3\xa9", 3);
    for (int shift = 0; shift < 2; shift++) {
        in[shift] = 'x';
        column_clean(text_of(in + shift), out);
        size_t len = strlen(out);
        assert_true(len >= COLUMN_TEXT - 2);
        assert_int_equal((unsigned char)out[len - 1], 0xa9);
        memcpy(in + 1, "\xc3\xa9", 2);
    }
}

static void columns_are_padded_and_cut_by_characters(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t width;
        const char *out;
    } cases[] = {
        {"abc", 5, "abc  "},
        {"abc", 3, "abc"},
        {"abcd", 3, "ab…"},
        {"éé", 4, "éé  "},
        {"ééé", 2, "é…"},
        {"", 2, "  "},
        {"as it is", 0, "as it is"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[COLUMN_TEXT];
        column_fit(cases[i].in, cases[i].width, out);
        assert_string_equal(out, cases[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revisions_of_an_alert_only_rise),
        cmocka_unit_test(hundreds_of_alerts_are_told_apart),
        cmocka_unit_test(activity_repeats_only_on_a_new_connection),
        cmocka_unit_test(each_channel_keeps_its_newest_cursor),
        cmocka_unit_test(what_steers_a_terminal_is_taken_out),
        cmocka_unit_test(long_text_is_cut_at_a_character),
        cmocka_unit_test(columns_are_padded_and_cut_by_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
