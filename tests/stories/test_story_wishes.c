/* Stories of followers with wishes: the severity that they ask for at least, their language, and what is
 * refused. */
#include "tests/stories/wishes_case.h"

/* ---- minimum severity ---- */

static void lesser_alerts_of_a_category_do_not_come(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{\"least\":[{\"category\":\"crime\",\"severity\":\"SEVERE\"},"
                                   "{\"severity\":\"MODERATE\"}]}");
    assert_true(has_wishes("user/ann/phone"));
    happens('a', 1, CATEGORY_CRIME, SEVERITY_MODERATE, true);
    hears_nothing(ann);
    happens('b', 1, CATEGORY_CRIME, SEVERITY_SEVERE, true);
    hears(ann, "alert b r1 IN_FORCE SEVERE q1 *");
    happens('c', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    hears_nothing(ann);
    happens('d', 1, CATEGORY_FIRE, SEVERITY_MODERATE, true);
    hears(ann, "alert d r1 *");
    moves(HERE, KIND_PERSON, 1);
    hears(ann, "activity PERSON *");
    hears_nothing(ann);
}

static void an_alert_that_becomes_severe_comes_then(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{\"least\":[{\"severity\":\"SEVERE\"}]}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    hears_nothing(ann);
    happens('a', 2, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears(ann, "alert a r2 IN_FORCE SEVERE q1 *");
    happens('a', 3, CATEGORY_FIRE, SEVERITY_MINOR, true); /* a correction of what was shown */
    hears(ann, "alert a r3 IN_FORCE MINOR q1 *");
    happens('a', 4, CATEGORY_FIRE, SEVERITY_MINOR, false);
    hears(ann, "alert a r4 ENDED MINOR q1 *");
    happens('b', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    happens('b', 2, CATEGORY_FIRE, SEVERITY_MINOR, false); /* never shown */
    hears_nothing(ann);
}

static void severity_is_what_the_store_tells_beside_the_body(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{\"least\":[{\"severity\":\"SEVERE\"}]}");
    struct alert alert = an_alert(CATEGORY_FIRE, SEVERITY_MINOR);
    alert_says('a', 1, &alert, (struct beside){0}, true);
    appears(HERE, 'a', 1, true);
    hears_nothing(ann);
    alert_says('a', 2, &alert, (struct beside){.severity = SEVERITY_EXTREME, .merged = 2}, true);
    appears(HERE, 'a', 2, true);
    hears(ann, "alert a r2 IN_FORCE EXTREME x2 q1 *");
}

static void what_is_in_force_is_chosen_too(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    happens('b', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    wishes(ann, "{\"least\":[{\"severity\":\"SEVERE\"}]}");
    follows(ann, CELL, 1);
    hears(ann, "alert b r1 IN_FORCE SEVERE q1 #1 retained *");
    hears_nothing(ann);
}

static void wishing_less_shows_what_was_left_out(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{\"least\":[{\"severity\":\"SEVERE\"}]}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    happens('b', 1, CATEGORY_FIRE, SEVERITY_MODERATE, true);
    happens('c', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears(ann, "alert c *");
    hears_nothing(ann);
    wishes(ann, "{\"least\":[{\"severity\":\"MODERATE\"}]}");
    hears(ann, "alert b r1 IN_FORCE MODERATE q1 #2 nb/*");
    hears_nothing(ann);
    wishes(ann, "{}");
    hears(ann, "alert a r1 IN_FORCE MINOR q1 #3 nb/*");
    hears_nothing(ann);
    happens('d', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    hears(ann, "alert d *");
}

/* ---- language ---- */

static void each_gets_its_language(void **state)
{
    (void)state;
    struct alert_text texts[] = {{.language = TEXT("es-US"), .headline = TEXT("fuego")},
        {.language = TEXT("de"), .headline = TEXT("Feuer")}};
    struct alert alert = an_alert(CATEGORY_FIRE, SEVERITY_SEVERE);
    alert.language = TEXT("en-US");
    alert.headline = TEXT("fire");
    alert.texts = texts;
    alert.text_count = 2;
    static const struct {
        const char *wish, *heard;
    } cases[] = {{"{}", "en-US=fire +es-US=fuego +de=Feuer"},
        {"{\"language\":\"de-AT\"}", "de=Feuer +es-US=fuego +en-US=fire"},
        {"{\"language\":\"ES\"}", "es-US=fuego +en-US=fire +de=Feuer"},
        {"{\"language\":\"fr\"}", "en-US=fire +es-US=fuego +de=Feuer"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char name[16], line[128];
        snprintf(name, sizeof(name), "phone%zu", i);
        struct client *ann = comes("user/ann", name, stays);
        follows(ann, CELL, 0);
        follows(ann, "nb/v1/json/cell/" HERE "/#", 0);
        wishes(ann, cases[i].wish);
        char id = (char)('a' + i);
        alert_says(id, 1, &alert, (struct beside){0}, true);
        appears(HERE, id, 1, true);
        snprintf(line, sizeof(line), "alert %c r1 IN_FORCE SEVERE %s q0 nb/v1/json/*", id, cases[i].heard);
        hears(ann, line);
        snprintf(line, sizeof(line), "alert %c r1 IN_FORCE SEVERE %s q0 nb/v1/cell/*", id, cases[i].heard);
        hears(ann, line);
        alert_says(id, 2, &alert, (struct beside){0}, false);
        appears(HERE, id, 2, false);
        snprintf(line, sizeof(line), "alert %c r2 ENDED SEVERE %s q0 *", id, cases[i].heard);
        hears(ann, line);
        breaks(ann);
    }
}

/* ---- what is refused ---- */

static void wishes_that_break_a_rule_name_it(void **state)
{
    (void)state;
    static const struct {
        const char *json, *answer;
    } cases[] = {
        {"{\"timeZone\":\"Mars/Olympus\"}", "PUBACK 9 0x99 \"time_zone: *"},
        {"{\"timeZone\":\"../etc/passwd\"}", "PUBACK 9 0x99 \"time_zone: *"},
        {"{\"quiet\":[{\"fromMinute\":1440,\"toMinute\":3}]}",
            "PUBACK 9 0x99 \"quiet*from_minute: 0 to 1439*"},
        {"{\"least\":[{\"category\":\"noise\",\"severity\":\"MINOR\"}]}", "PUBACK 9 0x99 \"*category*"},
        {"{\"least\":[{\"category\":\"fire\",\"severity\":\"HUGE\"}]}", "PUBACK 9 0x99 \"*severity*"},
        {"{\"least\":[{\"category\":\"fire\"}]}", "PUBACK 9 0x99 \"least*severity: required*"},
        {"{\"digestMinutes\":3}", "PUBACK 9 0x99 \"digest_minutes: *"},
        {"{\"retentionDays\":2}", "PUBACK 9 0x99 \"retention_days: one of 1, 3, 7*"},
        {"{\"retentionDays\":3}", "PUBACK 9 0x87 \"household: *"},
    };
    struct client *ann = comes("user/ann", "phone", stays);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        publishes(ann, "nb/v1/settings", 1, 9, cases[i].json);
        hears(ann, cases[i].answer);
    }
    assert_int_equal(calls(CALL_WISHES), 0);
    struct client *fire = comes("agency/fire", "desk", stays);
    publishes(fire, "nb/v1/settings", 1, 9, "{}");
    hears(fire, "PUBACK 9 0x87*");
}

static void wishes_are_acknowledged_when_they_are_stored(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    holds(CALL_WISHES);
    publishes(ann, "nb/v1/settings", 1, 9, "{\"least\":[{\"severity\":\"SEVERE\"}]}");
    hears_nothing(ann);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    hears(ann, "alert a *");
    answers(CALL_WISHES, 0, STORE_OK);
    hears(ann, "PUBACK 9 0x00");
    happens('b', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    hears_nothing(ann);
    publishes(ann, "nb/v1/settings", 1, 10, "{}"); /* the connection is gone when the answer comes */
    settle();
    breaks(ann);
    answers(CALL_WISHES, 0, STORE_OK);
    ann = comes("user/ann", "phone", (struct manner){.expiry_s = 600}); /* a new session wishes nothing */
    assert_false(has_wishes("user/ann/phone"));
}

static void wishes_belong_to_one_client(void **state)
{
    (void)state;
    struct client *phone = ann_comes("{\"least\":[{\"severity\":\"SEVERE\"}]}");
    struct client *tablet = comes("user/ann", "tablet", stays);
    follows(tablet, CELL, 1);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    hears(tablet, "alert a *");
    hears_nothing(phone);
}

int main(void)
{
    static const struct CMUnitTest stories[] = {
        STORY(lesser_alerts_of_a_category_do_not_come),
        STORY(an_alert_that_becomes_severe_comes_then),
        STORY(severity_is_what_the_store_tells_beside_the_body),
        STORY(what_is_in_force_is_chosen_too),
        STORY(wishing_less_shows_what_was_left_out),
        STORY(each_gets_its_language),
        STORY(wishes_that_break_a_rule_name_it),
        STORY(wishes_are_acknowledged_when_they_are_stored),
        STORY(wishes_belong_to_one_client),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
