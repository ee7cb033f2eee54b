/* Stories of connected followers: what they are told first, what then, and what not. */
#include <string.h>

#include "broker/session/session.h"
#include "tests/stories/follower_case.h"

#define COARSE "9q8y" /* a channel above HERE */

static void in_force_first_then_live(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    follows(ann, NEAR "#", 0);
    hears(ann, "alert a r1 IN_FORCE q0 retained " NEAR "incident/fire/aaaa*");
    moves(HERE, KIND_PERSON, 2);
    hears(ann, "activity PERSON 0 q0 " NEAR "activity/person/-");
    hears(ann, "activity PERSON 1 q0 *");
    fire('a', 2, true);
    appears(HERE, 'a', 2, true);
    hears(ann, "alert a r2 IN_FORCE q0 " NEAR "*");
    hears_nothing(ann);
}

static void once_over_all_channels_and_only_upwards(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, NEAR "#", 0);
    for (uint32_t r = 1; r <= 3; r++)
        fire('a', r, true);
    appears(COARSE, 'a', 1, true);
    appears(COARSE, 'a', 2, true);
    hears(ann, "alert a r1 *");
    hears(ann, "alert a r2 *");
    appears(HERE, 'a', 1, true);
    appears(HERE, 'a', 2, true);
    appears(HERE, 'a', 3, true);
    hears(ann, "alert a r3 *");
    appears(COARSE, 'a', 3, true);
    hears_nothing(ann);
    assert_int_equal(broker_counters(stage.broker)->items_repeated, 3);
}

/* Two masters tell of two channels, each in its own time: what one of them tells late is older than its end.
 */
static void no_state_comes_after_its_end_in_another_channel(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, NEAR "#", 0);
    fire('a', 1, true);
    alert_is('a', 2, CATEGORY_FIRE, HERE_LEAF, 100, false);
    appears(COARSE, 'a', 2, false);
    hears(ann, "alert a r2 ENDED *");
    appears(HERE, 'a', 1, true);
    appears(HERE, 'a', 2, false);
    hears_nothing(ann);
    assert_int_equal(broker_counters(stage.broker)->items_repeated, 2);
}

static void nor_to_who_has_wishes(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    struct alert alert = {.category = CATEGORY_FIRE,
        .sender_kind = SENDER_AGENCY,
        .severity = SEVERITY_EXTREME,
        .headline = TEXT("fire"),
        .language = TEXT("en"),
        .effective = stage_now(),
        .expires = stage_now() + 86400000,
        .place = {.kind = PLACE_CIRCLE, .center = centre_of(HERE_LEAF), .radius_m = 100}};
    follows(ann, NEAR "#", 0);
    publishes(ann, "nb/v1/settings", 1, 9, "{\"least\":[{\"severity\":\"SEVERE\"}]}");
    hears(ann, "PUBACK 9 0x00");
    for (uint32_t r = 1; r <= 3; r++)
        alert_says('a', r, &alert, (struct beside){0}, r != 2);
    appears(COARSE, 'a', 2, false);
    appears(HERE, 'a', 1, true);
    hears_nothing(ann); /* of its end neither: it never was there */
    appears(HERE, 'a', 2, false);
    hears_nothing(ann);
    appears(HERE, 'a', 3, true);
    hears(ann, "alert a r3 IN_FORCE *");
}

static void revisions_rise_after_any_number_of_alerts(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    stage.options.ring_items = 16;
    follows(ann, "nb/v1/cell/" HERE "/#", 0);
    struct session *session = stage.broker->sessions;
    struct alert_object alert = {0};
    memset(alert.key.public_id, 'a', PUBLIC_ID);
    for (uint32_t n = 0; n < 3100; n++) { /* more than is remembered of this connection */
        snprintf(alert.key.public_id, sizeof(alert.key.public_id), "%024u", n);
        alert.key.revision = 2;
        assert_true(session_show(session, session->follows, &alert, false, false));
        /* those of late are never told an older state again */
        snprintf(alert.key.public_id, sizeof(alert.key.public_id), "%024u", n < 1000 ? 0 : n - 1000);
        alert.key.revision = 1;
        assert_false(session_show(session, session->follows, &alert, false, false));
    }
}

static void what_moves_away_ends_here(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, NEAR "#", 0);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    hears(ann, "alert a r1 IN_FORCE *");
    alert_is('a', 2, CATEGORY_FIRE, AWAY_LEAF, 100, true);
    appears(HERE, 'a', 2, false);
    appears(AWAY, 'a', 2, true);
    hears(ann, "alert a r2 ENDED *");
    alert_is('a', 3, CATEGORY_FIRE, AWAY_LEAF, 100, false);
    appears(HERE, 'a', 3, false);
    hears(ann, "alert a r3 ENDED *"); /* harmless */
}

static void what_changes_its_category_ends_for_the_filter(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    struct client *bob = comes("user/ann", "tablet", (struct manner){0});
    follows(ann, NEAR "incident/fire/+", 0);
    follows(bob, NEAR "incident/hazard/+", 0);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    hears(ann, "alert a r1 IN_FORCE *");
    hears_nothing(bob);
    alert_is('a', 2, CATEGORY_HAZARD, HERE_LEAF, 100, true);
    appears(HERE, 'a', 2, true);
    hears(ann, "alert a r2 ENDED q0 " NEAR "incident/fire/*");
    hears(bob, "alert a r2 IN_FORCE q0 " NEAR "incident/hazard/*");
}

static void it_ends_however_often_it_moved_before(void **state)
{
    (void)state;
    char leaf[8];
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, NEAR "#", 0);
    for (uint32_t r = 1; r <= 80; r++) { /* along the coast, and here at last */
        snprintf(leaf, sizeof(leaf), "9q%c%c00", "bcfg"[r / 20 % 4], "0123456789bcdefghjkm"[r % 20]);
        alert_is('a', r, CATEGORY_MISSING, r == 80 ? HERE_LEAF : leaf, 100, true);
    }
    appears(HERE, 'a', 80, true);
    hears(ann, "alert a r80 IN_FORCE *");
    alert_is('a', 81, CATEGORY_MISSING, AWAY_LEAF, 100, true);
    appears(HERE, 'a', 81, false);
    hears(ann, "alert a r81 ENDED *");
}

static void a_late_second_answer_changes_nothing(void **state)
{
    (void)state;
    stage.options.ring_items = 1;
    stage_restart();
    enrolled("user/ann", "", "");
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, NEAR "#", 0);
    fire('a', 1, true);
    fire('b', 1, true);
    holds(CALL_LOAD);
    appears(HERE, 'a', 1, true);
    appears(HERE, 'b', 1, true); /* a leaves the ring while it is loaded */
    appears(HERE, 'a', 1, true); /* and is asked for again */
    assert_int_equal(waiting(CALL_LOAD), 3);
    answers(CALL_LOAD, 0, STORE_OK);
    answers(CALL_LOAD, 1, STORE_OK);
    answers(CALL_LOAD, 0, STORE_OK);
    struct alert_object *alert;
    for (alert = stage.broker->alerts; alert; alert = alert->hh.next)
        assert_true(alert->face_count <= 1);
    lets_go(CALL_LOAD);
    forgets(ann);
    alert_is('a', 2, CATEGORY_FIRE, HERE_LEAF, 100, false);
    appears(HERE, 'a', 2, false);
    hears(ann, "alert a r2 ENDED *");
}

static void an_alert_that_cannot_be_loaded_now_is_loaded_later(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, NEAR "#", 0);
    fire('a', 1, true);
    will_answer(CALL_LOAD, STORE_FAILED);
    appears(HERE, 'a', 1, true);
    hears_nothing(ann);
    passes(2000);
    hears(ann, "alert a r1 IN_FORCE *");
}

static void an_alert_that_was_deleted_is_passed_over(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, NEAR "#", 0);
    appears(HERE, 'z', 1, true);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    hears(ann, "alert a r1 *");
    assert_int_equal(broker_counters(stage.broker)->alerts_gone, 1);
}

static void an_alert_without_a_category_is_told_as_other(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, NEAR "#", 0);
    alert_is('a', 1, 0, HERE_LEAF, 100, true);
    appears(HERE, 'a', 1, true);
    hears(ann, "alert a r1 IN_FORCE q0 " NEAR "incident/other/*");
    moves(HERE, 0, 1); /* what an unknown kind is cannot be said */
    hears_nothing(ann);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(in_force_first_then_live),
        STORY(once_over_all_channels_and_only_upwards),
        STORY(no_state_comes_after_its_end_in_another_channel),
        STORY(nor_to_who_has_wishes),
        STORY(revisions_rise_after_any_number_of_alerts),
        STORY(what_moves_away_ends_here),
        STORY(what_changes_its_category_ends_for_the_filter),
        STORY(it_ends_however_often_it_moved_before),
        STORY(a_late_second_answer_changes_nothing),
        STORY(an_alert_that_cannot_be_loaded_now_is_loaded_later),
        STORY(an_alert_that_was_deleted_is_passed_over),
        STORY(an_alert_without_a_category_is_told_as_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
