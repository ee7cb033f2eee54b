/* Stories of what an alert is for, and of what becomes of it: exercises, tests and drafts reach those who
 * name them and nobody else; whoever had an alert learns every change of it, also when it is of another
 * class, category or place afterwards. */
#include <stdlib.h>
#include <string.h>

#include "tests/stories/stage.h"

static int begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "", "");
    return 0;
}

static struct alert an_alert(enum category category, enum alert_status status)
{
    return (struct alert){.category = (uint8_t)category,
        .status = (uint8_t)status,
        .sender_kind = SENDER_AGENCY,
        .headline = TEXT("something happened"),
        .language = TEXT("en"),
        .effective = stage_now(),
        .expires = stage_now() + 86400000,
        .place = {.kind = PLACE_CIRCLE, .center = centre_of(HERE_LEAF), .radius_m = 100}};
}

static void happens_as(char id, uint32_t revision, const struct alert *alert, bool in_force)
{
    alert_says(id, revision, alert, (struct beside){0}, in_force);
    appears(HERE, id, revision, in_force);
}

static void happens(char id, uint32_t revision, enum alert_status status, bool in_force)
{
    struct alert alert = an_alert(CATEGORY_FIRE, status);
    happens_as(id, revision, &alert, in_force);
}

static struct client *follower(const char *client_id, const char *filter)
{
    struct client *client = comes("user/ann", client_id, (struct manner){0});
    follows(client, filter, 0);
    return client;
}

/* ---- classes ---- */

/* A line a filter: which of the alerts a (actual), e (exercise), s (system), t (test), d (draft) it gets,
 * live and, in force already, at subscribing. */
static const struct {
    const char *filter, *gets;
} filters[] = {
    {"nb/v1/near/" HERE_LEAF "/400/#", "a"},
    {"nb/v1/near/" HERE_LEAF "/400/+/+/+", "a"},
    {"nb/v1/near/" HERE_LEAF "/400/+/fire/+", "a"},
    {"nb/v1/near/" HERE_LEAF "/400/+/+/eeeeeeeeeeeeeeeeeeeeeeee", ""},
    {"nb/v1/near/" HERE_LEAF "/400/area/#", "a"},
    {"nb/v1/near/" HERE_LEAF "/400/incident/#", ""},
    {"nb/v1/near/" HERE_LEAF "/400/activity/#", ""},
    {"nb/v1/near/" HERE_LEAF "/400/exercise/#", "e"},
    {"nb/v1/near/" HERE_LEAF "/400/exercise/fire/+", "e"},
    {"nb/v1/near/" HERE_LEAF "/400/exercise/crime/+", ""},
    {"nb/v1/near/" HERE_LEAF "/400/exercise/+/eeeeeeeeeeeeeeeeeeeeeeee", "e"},
    {"nb/v1/near/" HERE_LEAF "/400/system/#", "s"},
    {"nb/v1/near/" HERE_LEAF "/400/test/#", "t"},
    {"nb/v1/near/" HERE_LEAF "/400/draft/#", "d"},
    {"nb/v1/cell/" HERE "/#", "a"},
    {"nb/v1/cell/" HERE "/+/+/+", "a"},
    {"nb/v1/cell/" HERE "/test/#", "t"},
    {"nb/v1/cell/" HERE_LEAF "/draft/+/+", "d"},
    {"nb/v1/json/near/" HERE_LEAF "/400/#", "a"},
    {"nb/v1/json/near/" HERE_LEAF "/400/exercise/#", "e"},
    {"nb/v1/json/cell/" HERE "/+/fire/+", "a"},
    {"nb/v1/json/cell/" HERE "/system/#", "s"},
};
enum { FILTERS = sizeof(filters) / sizeof(filters[0]) };

static const struct {
    char id;
    enum alert_status status;
    const char *item_class;
} alerts[] = {{'a', STATUS_ACTUAL, "area"}, {'e', STATUS_EXERCISE, "exercise"},
    {'s', STATUS_SYSTEM, "system"}, {'t', STATUS_TEST, "test"}, {'d', STATUS_DRAFT, "draft"}};

static void hears_those(struct client *client, const char *gets, const char *how)
{
    char line[160];
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
        if (!strchr(gets, alerts[i].id))
            continue;
        snprintf(line, sizeof(line), "alert %c r* %s */%s/fire/%c*", alerts[i].id, how, alerts[i].item_class,
            alerts[i].id);
        hears(client, line);
    }
    hears_nothing(client);
}

static void only_who_names_a_class_gets_what_is_not_actual(void **state)
{
    (void)state;
    for (size_t f = 0; f < FILTERS; f++) {
        struct client *ann = follower("phone", filters[f].filter);
        for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
            happens(alerts[i].id, (uint32_t)(2 * f + 1), alerts[i].status, true);
        hears_those(ann, filters[f].gets, "IN_FORCE");
        for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
            happens(alerts[i].id, (uint32_t)(2 * f + 2), alerts[i].status, false);
        hears_those(ann, filters[f].gets, "ENDED");
        breaks(ann);
    }
}

static void the_same_of_what_is_in_force(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
        happens(alerts[i].id, 1, alerts[i].status, true);
    for (size_t f = 0; f < FILTERS; f++) {
        struct client *ann = follower("phone", filters[f].filter);
        hears_those(ann, filters[f].gets, "IN_FORCE*retained");
        breaks(ann);
    }
}

static void an_alert_without_a_status_is_actual(void **state)
{
    (void)state;
    struct client *ann = follower("phone", "nb/v1/cell/" HERE "/#");
    happens('a', 1, 0, true);
    hears(ann, "alert a r1 IN_FORCE en=* q0 nb/v1/cell/" HERE "/area/fire/*");
}

/* The public learns that it ended, and nothing of the exercise that it became. */
static void what_becomes_an_exercise_ends_for_the_public(void **state)
{
    (void)state;
    struct client *ann = follower("phone", "nb/v1/cell/" HERE "/#");
    struct client *chief = follower("desk", "nb/v1/cell/" HERE "/exercise/#");
    happens('a', 1, STATUS_ACTUAL, true);
    hears(ann, "alert a r1 IN_FORCE ACTUAL en=something happened *");
    happens('a', 2, STATUS_EXERCISE, true);
    hears(ann, "alert a r2 ENDED q0 nb/v1/cell/" HERE "/area/fire/*");
    hears(chief, "alert a r2 IN_FORCE EXERCISE en=something happened *");
    happens('a', 3, STATUS_EXERCISE, false);
    hears(ann, "alert a r3 ENDED q0 nb/v1/cell/" HERE "/area/fire/*");
    hears(chief, "alert a r3 ENDED EXERCISE en=something happened q0 nb/v1/cell/" HERE "/exercise/fire/*");
    happens('b', 1, STATUS_DRAFT, true);
    hears_nothing(ann);
    happens('b', 2, STATUS_ACTUAL, true);
    hears(ann, "alert b r2 IN_FORCE ACTUAL *");
    hears_nothing(chief);
}

/* ---- what stands beside the body ---- */

static void what_others_said_is_in_every_copy(void **state)
{
    (void)state;
    struct client *ann = follower("phone", "nb/v1/cell/" HERE "/#");
    struct client *ben = follower("tablet", "nb/v1/json/near/" HERE_LEAF "/400/#");
    struct alert alert = an_alert(CATEGORY_FIRE, 0);
    alert.sender_kind = SENDER_USER;
    alert.truth = TRUTH_UNVERIFIED;
    alert.severity = SEVERITY_MINOR;
    alert.merged = 1;
    static const struct {
        struct beside beside;
        bool in_force;
        const char *words;
    } states[] = {
        {{0}, true, "IN_FORCE MINOR UNVERIFIED"},
        {{.merged = 3, .severity = SEVERITY_SEVERE}, true, "IN_FORCE SEVERE UNVERIFIED x3"},
        {{.truth = TRUTH_CORROBORATED, .merged = 3, .severity = SEVERITY_SEVERE}, true,
            "IN_FORCE SEVERE CORROBORATED x3"},
        {{.truth = TRUTH_CONFIRMED, .merged = 2, .has_document = true}, true,
            "IN_FORCE MINOR CONFIRMED x2 document"},
        {{.truth = TRUTH_REFUTED}, true, "IN_FORCE MINOR REFUTED"},
        {{.truth = TRUTH_REFUTED, .has_document = true}, false, "ENDED MINOR REFUTED document"},
    };
    char line[128];
    for (uint32_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        alert_says('a', i + 1, &alert, states[i].beside, states[i].in_force);
        appears(HERE, 'a', i + 1, states[i].in_force);
        snprintf(line, sizeof(line), "alert a r%u %s en=something happened q0 *", i + 1, states[i].words);
        hears(ann, line);
        hears(ben, line);
    }
    alert_says('b', 1, &alert, states[2].beside, true);
    appears(HERE, 'b', 1, true);
    struct client *cat = follower("watch", "nb/v1/cell/" HERE "/#");
    hears(cat, "alert b r1 IN_FORCE SEVERE CORROBORATED x3 en=something happened q0 retained *");
}

/* Held after flags, and removed by a moderator: its words are not repeated while that is said. */
static void what_moderation_takes_back_is_told_bare(void **state)
{
    (void)state;
    struct client *ann = follower("phone", "nb/v1/cell/" HERE "/#");
    follows(ann, "nb/v1/inbox/#", 0);
    struct alert alert = an_alert(CATEGORY_SUSPICIOUS, 0);
    happens_as('a', 1, &alert, true);
    hears(ann, "alert a r1 IN_FORCE en=something happened *");
    alert_says('a', 2, &alert, (struct beside){.held = true}, false);
    appears(HERE, 'a', 2, false);
    hears(ann, "alert a r2 ENDED q0 nb/v1/cell/" HERE "/area/suspicious/*");
    publishes(ann, "nb/v1/history", 1, 1, "{\"cells\":[\"" HERE "\"]}");
    hears(ann, "page 2 complete: alert a r1 ENDED, alert a r2 ENDED q0 *");
    hears(ann, "PUBACK 1 0x00");
    happens_as('a', 3, &alert, true); /* released */
    hears(ann, "alert a r3 IN_FORCE en=something happened *");
    publishes(ann, "nb/v1/history", 1, 2, "{\"cells\":[\"" HERE "\"]}");
    hears(ann, "page 3 complete: alert a r1 IN_FORCE en=*, alert a r2 ENDED en=*, alert a r3 IN_FORCE en=*");
    hears(ann, "PUBACK 2 0x00");
    alert_says('a', 4, &alert, (struct beside){.removed = true}, false);
    appears(HERE, 'a', 4, false);
    hears(ann, "alert a r4 ENDED q0 *");
    struct client *ben = follower("tablet", "nb/v1/inbox/#");
    publishes(ben, "nb/v1/history", 1, 1, "{\"cells\":[\"" HERE "\"]}");
    hears(
        ben, "page 4 complete: alert a r1 ENDED, alert a r2 ENDED, alert a r3 ENDED, alert a r4 ENDED q0 *");
}

/* ---- corrections ---- */

static void every_state_in_order_to_who_keeps_up(void **state)
{
    (void)state;
    struct client *ann = follower("phone", "nb/v1/cell/" HERE "/#");
    char line[64];
    for (uint32_t revision = 1; revision <= 40; revision++) /* more than the ring holds, in one turn */
        happens('a', revision, STATUS_ACTUAL, revision < 40);
    for (uint32_t revision = 1; revision <= 40; revision++) {
        snprintf(line, sizeof(line), "alert a r%u %s *", revision, revision < 40 ? "IN_FORCE" : "ENDED");
        hears(ann, line);
    }
    hears_nothing(ann);
}

/* A place that shrinks and grows again, and a category that changes, with an old revision that matched. */
static void whoever_matched_once_learns_that_it_left(void **state)
{
    (void)state;
    struct client *near = follower("near", "nb/v1/near/" HERE_LEAF "/400/#");
    struct client *fire = follower("fire", "nb/v1/cell/" HERE "/area/fire/#");
    struct alert alert = an_alert(CATEGORY_FIRE, 0);
    alert.place.radius_m = 3000;
    happens_as('a', 1, &alert, true);
    hears(near, "alert a r1 IN_FORCE *");
    hears(fire, "alert a r1 IN_FORCE *");
    alert.place.center = centre_of("9q8yym"); /* beside it, and too small to reach */
    alert.place.radius_m = 1;
    happens_as('a', 2, &alert, true);
    hears(near, "alert a r2 ENDED en=* q0 nb/v1/near/" HERE_LEAF "/400/area/fire/*");
    hears(fire, "alert a r2 IN_FORCE *");
    alert.category = CATEGORY_HAZARD;
    happens_as('a', 3, &alert, true);
    hears(near, "alert a r3 ENDED *"); /* of one that ended before: harmless */
    hears(fire, "alert a r3 ENDED en=* q0 nb/v1/cell/" HERE "/area/fire/*");
    alert.place.center = centre_of(HERE_LEAF);
    alert.place.radius_m = 100;
    happens_as('a', 4, &alert, true);
    hears(near, "alert a r4 IN_FORCE en=* q0 nb/v1/near/" HERE_LEAF "/400/area/hazard/*");
    hears(fire, "alert a r4 ENDED *");
    happens_as('a', 5, &alert, false);
    hears(near, "alert a r5 ENDED *");
    hears(fire, "alert a r5 ENDED *");
}

/* The same with wishes: what ended or was never shown is not told, what was shown is corrected at once. */
static void whoever_matched_once_learns_it_with_wishes_too(void **state)
{
    (void)state;
    struct client *ann = follower("phone", "nb/v1/near/" HERE_LEAF "/400/#");
    publishes(ann, "nb/v1/settings", 1, 9, "{\"least\":[{\"severity\":\"SEVERE\"}],\"digestMinutes\":60}");
    hears(ann, "PUBACK 9 0x00");
    struct alert alert = an_alert(CATEGORY_FIRE, 0);
    alert.severity = SEVERITY_EXTREME;
    happens_as('a', 1, &alert, true);
    hears(ann, "alert a r1 IN_FORCE EXTREME *");
    alert.severity = SEVERITY_MINOR;
    happens_as('a', 2, &alert, true);
    hears(ann, "alert a r2 IN_FORCE MINOR *");
    alert.category = CATEGORY_HAZARD;
    happens_as('a', 3, &alert, true);
    hears(ann, "alert a r3 IN_FORCE MINOR *");
    alert.place.center = centre_of("9q8yym");
    alert.place.radius_m = 1;
    happens_as('a', 4, &alert, true);
    hears(ann, "alert a r4 ENDED MINOR *");
    happens('b', 1, STATUS_ACTUAL, true);
    happens('b', 2, STATUS_EXERCISE, true);
    happens('b', 3, STATUS_EXERCISE, false);
    hears_nothing(ann);
}

/* Away over all of it: one that returns learns the end alone, whatever it was last. */
static void who_was_away_learns_the_end(void **state)
{
    (void)state;
    const struct manner stays = {.goes_on = true, .expiry_s = 600};
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, "nb/v1/near/" HERE_LEAF "/400/+/fire/#", 1);
    struct alert alert = an_alert(CATEGORY_FIRE, 0);
    happens_as('a', 1, &alert, true);
    hears(ann, "alert a r1 IN_FORCE *");
    acknowledges(ann, 1);
    settle();
    breaks(ann);
    alert.category = CATEGORY_HAZARD;
    happens_as('a', 2, &alert, true);
    alert.place.center = centre_of("9q8yym");
    alert.place.radius_m = 1;
    happens_as('a', 3, &alert, true);
    alert.status = STATUS_TEST;
    happens_as('a', 4, &alert, true);
    ann = knocks("user/ann", "phone", stays);
    hears(ann, "CONNACK 0x00 present");
    hears(ann, "alert a r4 ENDED q1 #1 nb/v1/near/" HERE_LEAF "/400/area/fire/*");
    hears_nothing(ann);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, stage_end)

int main(void)
{
    static const struct CMUnitTest stories[] = {
        STORY(only_who_names_a_class_gets_what_is_not_actual),
        STORY(the_same_of_what_is_in_force),
        STORY(an_alert_without_a_status_is_actual),
        STORY(what_becomes_an_exercise_ends_for_the_public),
        STORY(what_others_said_is_in_every_copy),
        STORY(what_moderation_takes_back_is_told_bare),
        STORY(every_state_in_order_to_who_keeps_up),
        STORY(whoever_matched_once_learns_that_it_left),
        STORY(whoever_matched_once_learns_it_with_wishes_too),
        STORY(who_was_away_learns_the_end),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
