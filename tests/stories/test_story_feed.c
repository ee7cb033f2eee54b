/* Stories of connected followers: what they are told first, what then, and what not. */
#include <stdlib.h>
#include <string.h>

#include "broker/session/session.h"
#include "tests/stories/stage.h"

#define NEAR "nb/v1/near/" HERE_LEAF "/400/"
#define COARSE "9q8y" /* a channel above HERE */

static const struct manner stays = {.goes_on = true, .expiry_s = 600};

static int begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "", "");
    return 0;
}

static void fire_here(char id, uint32_t revision)
{
    alert_is(id, revision, CATEGORY_FIRE, HERE_LEAF, 100, true);
}

static void suback_waits_for_the_channels_and_the_store(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    fire_here('a', 1);
    appears(HERE, 'a', 1, true);
    holds(CALL_FOLLOW);
    holds(CALL_SAVE);
    subscribes_with(ann, 1, NEAR "#", 1, NULL);
    hears_nothing(ann);
    assert_int_equal(calls(CALL_SAVE), 0);
    lets_go(CALL_FOLLOW);
    settle();
    fire_here('b', 1);
    appears(HERE, 'b', 1, true);
    hears_nothing(ann);
    was_called(CALL_SAVE, "user/ann/phone subscriptions cursors");
    answers(CALL_SAVE, 0, STORE_OK);
    hears(ann, "SUBACK 1 0x01");
    hears(ann, "alert a r1 IN_FORCE q1 #1 retained *");
    hears(ann, "alert b r1 IN_FORCE q1 #2 retained *");
    hears_nothing(ann); /* b is in force and is new: once */
}

static void in_force_first_then_live(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    fire_here('a', 1);
    appears(HERE, 'a', 1, true);
    follows(ann, NEAR "#", 0);
    hears(ann, "alert a r1 IN_FORCE q0 retained " NEAR "incident/fire/aaaa*");
    moves(HERE, KIND_PERSON, 2);
    hears(ann, "activity PERSON 0 q0 " NEAR "activity/person/-");
    hears(ann, "activity PERSON 1 q0 *");
    fire_here('a', 2);
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
        fire_here('a', r);
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
    fire_here('a', 1);
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
    fire_here('a', 1);
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
    fire_here('a', 1);
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
    fire_here('a', 1);
    fire_here('b', 1);
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
    fire_here('a', 1);
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
    fire_here('a', 1);
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

static void a_full_window_waits_for_acknowledgements(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.receive_maximum = 2});
    follows(ann, NEAR "#", 1);
    moves(HERE, KIND_PERSON, 4);
    hears(ann, "activity PERSON 0 q1 #1 *");
    hears(ann, "activity PERSON 1 q1 #2 *");
    hears_nothing(ann);
    acknowledges(ann, 1);
    hears(ann, "activity PERSON 2 q1 #3 *");
    hears_nothing(ann);
    acknowledges(ann, 2);
    hears(ann, "activity PERSON 3 q1 #4 *");
}

static void a_window_smaller_than_what_is_followed(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.receive_maximum = 1});
    follows(ann, NEAR "#", 1);
    follows(ann, "nb/v1/cell/" HERE "/#", 1);
    follows(ann, "nb/v1/json/cell/" HERE "/#", 1);
    moves(HERE, KIND_PERSON, 2);
    uint16_t id = 1;
    for (int item = 0; item < 2; item++) {
        int told = 0;
        for (const char *line; told < 3 && (line = next_heard(ann)); told++) {
            assert_non_null(strstr(line, item ? "activity PERSON 1 q1" : "activity PERSON 0 q1"));
            hears_nothing(ann);
            acknowledges(ann, id++);
        }
        assert_int_equal(told, 3);
    }
    fire_here('a', 1);
    appears(HERE, 'a', 1, true);
    for (int told = 0; told < 3; told++) {
        hears(ann, "alert a r1 IN_FORCE *");
        acknowledges(ann, id++);
    }
    hears_nothing(ann);
}

static void a_follow_that_ends_in_the_middle_of_an_item(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.receive_maximum = 1});
    follows(ann, "nb/v1/cell/" HERE "/#", 1);
    follows(ann, "nb/v1/json/cell/" HERE "/#", 1);
    follows(ann, NEAR "#", 1);
    moves(HERE, KIND_PERSON, 1);
    hears(ann, "activity PERSON 0 q1 #1 *");
    unsubscribes(ann, 1, "nb/v1/json/cell/" HERE "/#");
    hears(ann, "UNSUBACK 1 0x00");
    acknowledges(ann, 1);
    hears(ann, "activity PERSON 0 q1 #2 *");
    unsubscribes(ann, 2, "nb/v1/cell/" HERE "/#");
    unsubscribes(ann, 3, NEAR "#");
    hears(ann, "UNSUBACK 2 0x00");
    hears(ann, "UNSUBACK 3 0x00");
    acknowledges(ann, 2);
    settle();
    assert_false(is_followed(HERE));
}

static void what_is_too_large_is_left_out_and_counted(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.maximum_packet = 150});
    follows(ann, NEAR "#", 1);
    fire_here('a', 1);
    appears(HERE, 'a', 1, true);
    moves(HERE, KIND_PERSON, 1);
    hears(ann, "activity PERSON 0 q1 *");
    assert_int_equal(broker_counters(stage.broker)->items_too_large, 1);
}

/* Who may take no packet so large sees at the next heartbeat that one is missing. */
static void a_heartbeat_counts_what_was_too_large(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.maximum_packet = 190});
    follows(ann, "nb/v1/inbox/#", 0);
    follows(ann, "nb/v1/cell/" HERE "/#", 1);
    fire_here('a', 1);
    appears(HERE, 'a', 1, true);
    passes(30500);
    hears(ann, "heartbeat * sent=1 q0 nb/v1/inbox/heartbeat");
    assert_int_equal(broker_counters(stage.broker)->items_too_large, 1);
}

static void filters_are_refused_by_their_reasons(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *answer;
    } cases[] = {
        {"#", "SUBACK 1 0x87 \"filters*"},
        {"$SYS/#", "SUBACK 1 0x87 \"filters*"},
        {"$share/g/nb/v1/near/9q8yyk/400/#", "SUBACK 1 0x9e \"filters*"},
        {"nb/v1/near/9q8yyk/401/#", "SUBACK 1 0x8f \"filters*"},
        {"nb/v1/cell/9q8/#", "SUBACK 1 0x87 \"filters*"},
        {"nb/v1/near/+/400/#", "SUBACK 1 0x87 \"filters*"},
        {"nb/v1/near/9q8yyk/400/#", "SUBACK 1 0x00"},
    };
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    struct client *old = comes("user/ann", "old", (struct manner){.version = MQTT_3_1_1});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        subscribes_with(ann, 1, cases[i].filter, 0, NULL);
        hears(ann, cases[i].answer);
        subscribes_with(old, 1, cases[i].filter, 0, NULL);
        hears(old, cases[i].answer[11] == '0' ? "SUBACK 1 0x00" : "SUBACK 1 0x80");
    }
}

static void too_many_filters(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    char filter[64];
    for (int i = 0; i < 20; i++) {
        snprintf(filter, sizeof(filter), "nb/v1/inbox/reply/%d", i);
        follows(ann, filter, 0);
    }
    subscribes_with(ann, 1, "nb/v1/inbox/tip", 0, NULL);
    hears(ann, "SUBACK 1 0x97 \"filters*");
    subscribes_with(ann, 2, "nb/v1/inbox/reply/3", 1, NULL); /* one that is there is only replaced */
    hears(ann, "SUBACK 2 0x01");
}

static void a_channel_that_cannot_be_followed_closes(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    struct client *tablet = comes("user/ann", "tablet", (struct manner){0});
    holds(CALL_FOLLOW);
    subscribes_with(ann, 1, "nb/v1/inbox/#", 0, NULL);
    subscribes_with(tablet, 1, "nb/v1/inbox/#", 0, NULL);
    answers(CALL_FOLLOW, 0, STORE_FAILED);
    hears(ann, "DISCONNECT 0x80");
    hears_nothing(tablet);
    breaks(ann);
    lets_go(CALL_FOLLOW);
    hears(tablet, "SUBACK 1 0x00");
}

static void retain_handling(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    fire_here('a', 1);
    appears(HERE, 'a', 1, true);
    subscribes_with(ann, 1, NEAR "#", 2 << 4, NULL);
    hears(ann, "SUBACK 1 0x00");
    subscribes_with(ann, 2, NEAR "#", 1 << 4, NULL); /* it was there */
    hears(ann, "SUBACK 2 0x00");
    hears_nothing(ann);
    subscribes_with(ann, 3, NEAR "#", 0, NULL);
    hears(ann, "SUBACK 3 0x00");
    hears(ann, "alert a r1 IN_FORCE q0 retained *");
    subscribes_with(ann, 4, NEAR "#", 0, NULL); /* again, though it was shown */
    hears(ann, "SUBACK 4 0x00");
    hears(ann, "alert a r1 IN_FORCE q0 retained *");
}

static void a_heartbeat_proves_silence(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.receive_maximum = 1});
    follows(ann, "nb/v1/inbox/#", 1);
    follows(ann, "nb/v1/cell/" HERE "/#", 1);
    proves(stage_now() + 29000);
    passes(30500);
    hears(ann, "heartbeat cursors=4 sent=0 q0 nb/v1/inbox/heartbeat");
    passes(30000); /* nothing was proved since */
    hears(ann, "heartbeat cursors=4 sent=* stale q0 *");
    proves(stage_now() + 29000);
    moves(HERE, KIND_PERSON, 2); /* one of which waits for the window */
    passes(30000);
    hears(ann, "activity PERSON 0 *");
    hears(ann, "heartbeat * stale q0 *");
}

static void who_does_not_read_gets_no_heartbeats_to_keep(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, "nb/v1/inbox/#", 0);
    follows(ann, "nb/v1/cell/" HERE "/#", 0);
    stalls(ann);
    for (int i = 0; i < 40; i++) {
        moves(HERE, KIND_PERSON, 64);
        settle();
    }
    size_t most = client_waiting_bytes(ann);
    assert_true(most < 2 * 65536);
    for (int i = 0; i < 2000; i++) {
        passes(31000);
        if (client_closed(ann))
            break;
        pings(ann);
    }
    assert_true(client_waiting_bytes(ann) < most + 20000);
}

static void info_is_told(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, "nb/v1/info", 1);
    hears(ann, "info story q0 retained nb/v1/info");
}

int main(void)
{
#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(suback_waits_for_the_channels_and_the_store),
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
        STORY(a_full_window_waits_for_acknowledgements),
        STORY(a_window_smaller_than_what_is_followed),
        STORY(a_follow_that_ends_in_the_middle_of_an_item),
        STORY(what_is_too_large_is_left_out_and_counted),
        STORY(a_heartbeat_counts_what_was_too_large),
        STORY(filters_are_refused_by_their_reasons),
        STORY(too_many_filters),
        STORY(a_channel_that_cannot_be_followed_closes),
        STORY(retain_handling),
        STORY(a_heartbeat_proves_silence),
        STORY(who_does_not_read_gets_no_heartbeats_to_keep),
        STORY(info_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
