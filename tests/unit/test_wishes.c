/* What followers wish: a line a case. Times are written as days and minutes on the clock of Los Angeles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bridge/zone.h"
#include "broker/session/wishes.h"

#define MINUTE INT64_C(60000)
#define HOURS(h, m) ((h)*60 + (m))
/* Monday 2026-11-23 00:00 in Los Angeles, where it is winter: 8 hours behind UTC. */
#define MONDAY INT64_C(1795420800000)
#define AT(day, h, m) (MONDAY + ((int64_t)(day)*1440 + HOURS(h, m)) * MINUTE)

enum { EVERY_DAY = 127, WORKDAYS = 31 };

static struct wishes *wish_for(struct settings_message settings)
{
    settings.time_zone = TEXT("America/Los_Angeles");
    return wishes_new(&settings, zone_offset);
}

static void test_nothing_wished(void **state)
{
    (void)state;
    assert_null(wish_for((struct settings_message){.retention_days = 3}));
    assert_int_equal(wishes_alert(NULL, 0, CATEGORY_CRIME, SEVERITY_UNKNOWN, false), WISH_NOW);
    assert_int_equal(wishes_activity(NULL, 0), WISH_NOW);
    struct alert alert = {.text_count = 0};
    assert_int_equal(wishes_text(NULL, &alert), 0);
    wishes_free(NULL);
}

static void test_least_severity(void **state)
{
    (void)state;
    struct least_severity least[] = {{CATEGORY_CRIME, SEVERITY_SEVERE}, {0, SEVERITY_MODERATE}};
    struct wishes *wishes = wish_for((struct settings_message){.least_count = 2, .least = least});
    static const struct {
        uint8_t category, severity;
        bool known;
        enum wish expected;
    } cases[] = {
        {CATEGORY_CRIME, SEVERITY_MODERATE, false, WISH_NEVER},
        {CATEGORY_CRIME, SEVERITY_SEVERE, false, WISH_NOW},
        {CATEGORY_CRIME, SEVERITY_UNKNOWN, true, WISH_NOW}, /* a correction of what was shown */
        {CATEGORY_FIRE, SEVERITY_MINOR, false, WISH_NEVER},
        {CATEGORY_FIRE, SEVERITY_MODERATE, false, WISH_NOW},
        {CATEGORY_OTHER, SEVERITY_UNKNOWN, false, WISH_NEVER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(
            wishes_alert(wishes, AT(0, 12, 0), cases[i].category, cases[i].severity, cases[i].known),
            cases[i].expected);
    assert_int_equal(wishes_activity(wishes, AT(0, 12, 0)), WISH_NOW);
    wishes_free(wishes);
}

static void test_quiet_hours(void **state)
{
    (void)state;
    /* Nights, and the siesta on workdays; the night's second half is a row of its own. */
    struct daily_hours quiet[] = {{HOURS(22, 0), HOURS(3, 0), EVERY_DAY},
        {HOURS(3, 0), HOURS(7, 30), EVERY_DAY}, {HOURS(13, 0), HOURS(14, 0), WORKDAYS}};
    struct wishes *wishes = wish_for((struct settings_message){.quiet_count = 3, .quiet = quiet});
    static const struct {
        int64_t at;
        uint8_t severity;
        enum wish expected;
        int64_t until;
    } cases[] = {
        {AT(0, 12, 59), SEVERITY_MINOR, WISH_NOW, AT(0, 12, 59)},
        {AT(0, 13, 0), SEVERITY_MINOR, WISH_LATER, AT(0, 14, 0)},
        {AT(0, 13, 59), SEVERITY_SEVERE, WISH_LATER, AT(0, 14, 0)},
        {AT(0, 13, 59), SEVERITY_EXTREME, WISH_NOW, AT(0, 14, 0)},
        {AT(0, 14, 0), SEVERITY_MINOR, WISH_NOW, AT(0, 14, 0)},
        {AT(5, 13, 30), SEVERITY_MINOR, WISH_NOW, AT(5, 13, 30)}, /* Saturday */
        {AT(0, 22, 0), SEVERITY_MINOR, WISH_LATER, AT(1, 7, 30)},
        {AT(1, 1, 0), SEVERITY_MINOR, WISH_LATER, AT(1, 7, 30)},
        {AT(1, 7, 29), SEVERITY_MINOR, WISH_LATER, AT(1, 7, 30)},
        {AT(1, 7, 30), SEVERITY_MINOR, WISH_NOW, AT(1, 7, 30)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            wishes_alert(wishes, cases[i].at, CATEGORY_FIRE, cases[i].severity, false), cases[i].expected);
        assert_int_equal(wishes_until(wishes, cases[i].at), cases[i].until);
        if (cases[i].severity < SEVERITY_EXTREME)
            assert_int_equal(wishes_activity(wishes, cases[i].at), cases[i].expected);
    }
    wishes_free(wishes);
}

static void test_what_passes_is_chosen(void **state)
{
    (void)state;
    struct daily_hours always = {0, 0, EVERY_DAY};
    struct wishes *wishes = wish_for(
        (struct settings_message){.quiet_count = 1, .quiet = &always, .quiet_passes = SEVERITY_SEVERE});
    assert_int_equal(wishes_alert(wishes, AT(0, 9, 0), CATEGORY_FIRE, SEVERITY_SEVERE, false), WISH_NOW);
    assert_int_equal(wishes_alert(wishes, AT(0, 9, 0), CATEGORY_FIRE, SEVERITY_MODERATE, false), WISH_LATER);
    assert_true(
        wishes_until(wishes, AT(0, 9, 0)) >= AT(7, 0, 0)); /* it never ends: looked at again in a week */
    wishes_free(wishes);
}

static void test_the_clocks_change(void **state)
{
    (void)state;
    struct daily_hours night = {HOURS(22, 0), HOURS(7, 0), EVERY_DAY};
    struct wishes *wishes = wish_for((struct settings_message){.quiet_count = 1, .quiet = &night});
    /* 2027-03-14: at 10:00 UTC the clocks of Los Angeles go from 2 to 3. 7:00 is 15:00 UTC before, 14:00
     * after. */
    const int64_t day = INT64_C(1804982400000); /* that day, 00:00 UTC */
    assert_int_equal(wishes_activity(wishes, day + 13 * 60 * MINUTE + 59 * MINUTE), WISH_LATER);
    assert_int_equal(wishes_activity(wishes, day + 14 * 60 * MINUTE), WISH_NOW);
    assert_int_equal(wishes_activity(wishes, day - 24 * 60 * MINUTE + 14 * 60 * MINUTE), WISH_LATER);
    wishes_free(wishes);
}

static void test_digest(void **state)
{
    (void)state;
    struct wishes *wishes = wish_for((struct settings_message){.digest_minutes = 30});
    assert_int_equal(wishes_alert(wishes, AT(0, 9, 10), CATEGORY_FIRE, SEVERITY_SEVERE, false), WISH_LATER);
    assert_int_equal(wishes_alert(wishes, AT(0, 9, 10), CATEGORY_FIRE, SEVERITY_EXTREME, false), WISH_NOW);
    assert_int_equal(wishes_alert(wishes, AT(0, 9, 10), CATEGORY_FIRE, SEVERITY_MINOR, true), WISH_NOW);
    assert_int_equal(wishes_until(wishes, AT(0, 9, 10) + 1234), AT(0, 9, 30));
    assert_int_equal(wishes_until(wishes, AT(0, 9, 30)), AT(0, 10, 0));
    wishes_free(wishes);
}

static void test_language(void **state)
{
    (void)state;
    struct alert_text texts[] = {{.language = TEXT("es-US")}, {.language = TEXT("zh-Hant")},
        {.language = TEXT("es")}, {.language = TEXT("esu")}};
    struct alert alert = {.language = TEXT("en-US"), .text_count = 4, .texts = texts};
    static const struct {
        const char *wish;
        size_t expected;
    } cases[] = {{"en", 0}, {"EN-us", 0}, {"es-us", 1}, {"es", 3}, {"es-MX", 3}, {"zh", 2}, {"zh-Hant-TW", 2},
        {"fr", 0}, {"esu", 4}, {"e", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wishes *wishes = wish_for((struct settings_message){.language = text_of(cases[i].wish)});
        assert_int_equal(wishes_text(wishes, &alert), cases[i].expected);
        wishes_free(wishes);
    }
}

static void test_zones(void **state)
{
    (void)state;
    int minutes = 7;
    assert_true(zone_offset("", MONDAY, &minutes));
    assert_int_equal(minutes, 0);
    assert_true(zone_offset("Asia/Kathmandu", MONDAY, &minutes));
    assert_int_equal(minutes, 345);
    assert_true(zone_offset("America/Los_Angeles", MONDAY, &minutes));
    assert_int_equal(minutes, -480);
    static const char *const none[] = {
        "Nowhere/At_All", "../etc/passwd", "/etc/passwd", "America", "Etc/GMT+99"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(zone_offset(none[i], MONDAY, &minutes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_wished),
        cmocka_unit_test(test_least_severity),
        cmocka_unit_test(test_quiet_hours),
        cmocka_unit_test(test_what_passes_is_chosen),
        cmocka_unit_test(test_the_clocks_change),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
