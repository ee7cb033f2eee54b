/* Stories of senders: what is acknowledged, when, and what is said about what is refused. */
#include <stdlib.h>
#include <string.h>

#include "broker/core.h"
#include "broker/principal.h"
#include "tests/stories/stage.h"

static const char alert_here[] =
    "{\"version\":1,\"sender_alert_id\":\"x1\",\"msg_type\":\"ALERT\",\"category\":\"fire\",\"headline\":"
    "\"smoke\","
    "\"severity\":\"SEVERE\",\"urgency\":\"IMMEDIATE\",\"certainty\":\"OBSERVED\","
    "\"place\":{\"circle\":{\"center\":{\"lat_e7\":377700000,\"lon_e7\":-1224200000},\"radius_m\":100}}}";

static struct client *camera(struct manner manner)
{
    enrolled("device/cam", "home", HERE_LEAF);
    return comes("device/cam", "c", manner);
}

/* Three events at once: one is good, one names nobody's device, one lies far in the future. */
static void sees_a_mixture(struct client *edge, uint8_t qos, uint16_t packet_id)
{
    char json[1024];
    long long now = stage_now();
    snprintf(json, sizeof(json),
        "{\"version\":1,\"session\":\"5\",\"events\":["
        "{\"seq\":\"1\",\"device\":\"door\",\"phase\":\"PULSE\",\"kind\":\"PERSON\",\"at\":\"%lld\"},"
        "{\"seq\":\"2\",\"device\":\"nobody\",\"phase\":\"PULSE\",\"kind\":\"PERSON\",\"at\":\"%lld\"},"
        "{\"seq\":\"3\",\"device\":\"door\",\"phase\":\"PULSE\",\"kind\":\"PERSON\",\"at\":\"%lld\"}]}",
        now, now, now + 3600000);
    publishes(edge, "nb/v1/motion", qos, packet_id, json);
}

static struct client *edge_at_home(struct manner manner)
{
    enrolled("edge/hub", "home", "");
    enrolled("device/door", "home", HERE_LEAF);
    return comes("edge/hub", "e", manner);
}

static void acknowledgements_keep_their_order(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_MOTION);
    sees_motion(cam, 1, 1, NULL, 1);
    sees_motion(cam, 1, 2, NULL, 2);
    publishes(cam, "nb/v1/motion", 1, 3, "no json");
    answers(CALL_MOTION, 1, STORE_OK);
    hears_nothing(cam);
    answers(CALL_MOTION, 0, STORE_OK);
    hears(cam, "PUBACK 1 0x00*");
    hears(cam, "PUBACK 2 0x00*");
    hears(cam, "PUBACK 3 0x99*");
}

static void a_broken_connection_leaves_its_publications_to_the_store(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_MOTION);
    sees_motion(cam, 1, 1, NULL, 1);
    sees_motion(cam, 1, 2, NULL, 2);
    settle();
    breaks(cam);
    answers(CALL_MOTION, 1, STORE_OK);
    answers(CALL_MOTION, 0, STORE_FAILED);
    settle();
    assert_int_equal(broker_counters(stage.broker)->publishes_acknowledged, 1);
}

static void nothing_is_acknowledged_that_the_store_refused(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    will_answer(CALL_MOTION, STORE_FAILED);
    sees_motion(cam, 1, 1, NULL, 1);
    hears(cam, "DISCONNECT 0x80");
    is_closed(cam, "store failed");
    assert_int_equal(broker_counters(stage.broker)->connections_closed_store, 1);
    assert_int_equal(broker_counters(stage.broker)->connections_closed_protocol, 0);
    assert_int_equal(broker_counters(stage.broker)->kinds[TOPIC_MOTION].failed, 1);
}

static void while_the_store_is_away_the_gate_shuts(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.version = MQTT_3_1_1});
    goes_away(true);
    for (unsigned i = 1; i <= 40; i++)
        sees_motion(cam, 1, (uint16_t)i, NULL, i);
    hears_nothing(cam);
    assert_true(client_paused(cam));
    size_t asked = calls(CALL_MOTION);
    assert_in_range(asked, 10, 11);
    passes(7200000); /* nobody is blamed for what the store does */
    assert_false(client_closed(cam));
    goes_away(false);
    for (unsigned i = 1; i <= 40; i++) {
        char line[32];
        snprintf(line, sizeof(line), "PUBACK %u 0x00", i);
        hears(cam, line);
    }
    assert_false(client_paused(cam));
}

static void a_flood_without_acknowledgements_is_held_back_too(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_MOTION);
    for (unsigned i = 1; i <= 200; i++)
        sees_motion(cam, 0, 0, NULL, i);
    settle();
    assert_true(client_paused(cam));
    assert_in_range(waiting(CALL_MOTION), 10, 11);
    lets_go(CALL_MOTION);
    settle();
    assert_int_equal(calls(CALL_MOTION), 200);
}

static void the_receive_maximum_is_kept(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_MOTION);
    for (unsigned i = 1; i <= 11; i++)
        sees_motion(cam, 1, (uint16_t)i, NULL, i);
    hears(cam, "DISCONNECT 0x93");
}

static void unknown_foreign_and_revoked_devices_are_refused_alike(void **state)
{
    (void)state;
    static const char *const devices[] = {"nobody", "theirs", "gone"};
    struct client *edge = edge_at_home((struct manner){0});
    char first[256] = "";
    enrolled("device/theirs", "next door", HERE_LEAF);
    enrolled("device/gone", "home", HERE_LEAF);
    revoked("device/gone");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++) {
            sees_motion(edge, 1, 7, devices[i], 1);
            const char *line = next_heard(edge);
            assert_non_null(line);
            if (!first[0])
                snprintf(first, sizeof(first), "%s", line);
            assert_string_equal(line, first);
        }
    }
    assert_non_null(strstr(first, "PUBACK 7 0x87 \"events[0].device: not a device of yours\""));
    sees_motion(edge, 1, 8, "door", 2);
    hears(edge, "PUBACK 8 0x00*");
}

static void a_failure_is_not_taken_for_an_unknown_device(void **state)
{
    (void)state;
    struct client *edge = edge_at_home((struct manner){0});
    will_answer(CALL_PRINCIPAL, STORE_FAILED);
    sees_motion(edge, 1, 1, "door", 1);
    hears(edge, "DISCONNECT 0x80");
    breaks(edge);
    edge = comes("edge/hub", "e", (struct manner){0});
    sees_motion(edge, 1, 1, "door", 1);
    hears(edge, "PUBACK 1 0x00*");
}

static void a_failure_is_not_taken_for_a_revocation(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    will_answer(CALL_PRINCIPAL, STORE_FAILED);
    enrolled("device/cam", "home", HERE_LEAF);
    settle();
    assert_false(client_closed(cam));
    sees_motion(cam, 1, 1, NULL, 1);
    hears(cam, "PUBACK 1 0x00*");
}

static void what_was_missed_of_principals_is_asked_after_the_store_was_away(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    holds(CALL_PRINCIPAL);
    revoked("device/cam"); /* told … */
    lets_go(CALL_PRINCIPAL);
    is_closed(cam, "revoked");
    enrolled("device/cam", "home", HERE_LEAF);
    cam = comes("device/cam", "c", (struct manner){0});
    goes_away(true);
    revoked_untold("device/cam"); /* … and not */
    goes_away(false);
    is_closed(cam, "revoked");
}

static void guessed_names_leave_nothing_behind(void **state)
{
    (void)state;
    struct client *people[80];
    struct client *edge = edge_at_home((struct manner){0});
    char name[32];
    for (unsigned i = 0; i < 40; i++) { /* the first that are known here stay */
        snprintf(name, sizeof(name), "user/u%u", i);
        enrolled(name, "", "");
        people[i] = comes(name, "p", (struct manner){0});
    }
    for (unsigned i = 0; i < 6000; i++) {
        snprintf(name, sizeof(name), "guess%u", i);
        sees_motion(edge, 1, 1, name, 1);
        hears(edge, "PUBACK 1 0x87*");
        forgets(edge);
    }
    assert_false(client_closed(people[0]));
    assert_in_range(HASH_COUNT(stage.broker->principals), 1, 4096 + 100);
}

static void a_mixed_batch_stores_the_good_and_names_the_bad(void **state)
{
    (void)state;
    struct client *edge = edge_at_home((struct manner){0});
    sees_a_mixture(edge, 1, 4);
    hears(edge, "PUBACK 4 0x00 refused=2 135 events?1].device: not a device of yours "
                "refused=3 153 events?2].at: lies in the future: check the clock");
    was_called(CALL_MOTION, "edge/hub " HERE " " HERE_LEAF " session=5 1 q2=0");
    assert_int_equal(broker_counters(stage.broker)->events_refused, 2);
}

static void what_a_small_packet_cannot_say_is_in_the_inbox_before(void **state)
{
    (void)state;
    struct client *edge = edge_at_home((struct manner){.maximum_packet = 100});
    follows(edge, "nb/v1/inbox/#", 1);
    holds(CALL_INBOX);
    sees_a_mixture(edge, 1, 4);
    hears_nothing(edge);
    assert_int_equal(waiting(CALL_INBOX), 2);
    answers(CALL_INBOX, 0, STORE_OK);
    hears(edge, "refused nb/v1/motion #4 seq=2 0x87 *");
    hears_nothing(edge);
    answers(CALL_INBOX, 0, STORE_OK);
    hears(edge, "PUBACK 4 0x00*");
    hears(edge, "refused nb/v1/motion #4 seq=3 0x99 *");
}

static void nor_without_problem_information(void **state)
{
    (void)state;
    struct client *edge = edge_at_home((struct manner){.no_problem_info = true});
    follows(edge, "nb/v1/inbox/#", 1);
    sees_a_mixture(edge, 1, 4);
    hears(edge, "PUBACK 4 0x00*");
    hears(edge, "refused nb/v1/motion #4 seq=2 0x87 events?1].device: not a device of yours q1 #1 *");
    hears(
        edge, "refused nb/v1/motion #4 seq=3 0x99 events?2].at: lies in the future: check the clock q1 #2 *");
}

static void the_older_version_reads_its_inbox_before_the_acknowledgement(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.version = MQTT_3_1_1});
    follows(cam, "nb/v1/inbox/refused", 1);
    holds(CALL_INBOX);
    publishes(cam, "nb/v1/alert", 1, 9, alert_here);
    hears_nothing(cam);
    answers(CALL_INBOX, 0, STORE_OK);
    hears(cam, "PUBACK 9 0x00*");
    hears(cam, "refused nb/v1/alert #9 seq=0 0x87 topic: not for this role q1 *");
    will_answer(CALL_INBOX, STORE_FAILED); /* it would take the acknowledgement for a yes */
    lets_go(CALL_INBOX);
    publishes(cam, "nb/v1/alert", 1, 10, alert_here);
    hears_nothing(cam);
    is_closed(cam, "store failed");
}

static void what_the_store_finds_too_old_is_said(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    motion_verdict(true, 6, 0);
    sees_motion(cam, 1, 1, NULL, 1);
    hears(cam, "PUBACK 1 0x83 \"session: older than*6\"");
    motion_verdict(false, 0, 1);
    sees_motion(cam, 1, 2, NULL, 2);
    hears(cam, "PUBACK 2 0x83 \"events?0].seq: too old*\"");
    assert_int_equal(broker_counters(stage.broker)->events_refused, 2);
}

static void exactly_once(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.goes_on = true, .expiry_s = 600});
    holds(CALL_MOTION);
    sees_motion(cam, 2, 5, NULL, 1);
    sees_motion(cam, 2, 5, NULL, 1); /* the same before its PUBREC: one answer */
    assert_int_equal(calls(CALL_MOTION), 1);
    answers(CALL_MOTION, 0, STORE_OK);
    hears(cam, "PUBREC 5 0x00");
    hears_nothing(cam);
    sees_motion(cam, 2, 5, NULL, 1);
    hears(cam, "PUBREC 5 0x00");
    breaks(cam);
    cam = knocks("device/cam", "c", (struct manner){.goes_on = true, .expiry_s = 600});
    hears(cam, "CONNACK 0x00 present");
    sees_motion(cam, 2, 5, NULL, 1);
    hears(cam, "PUBREC 5 0x00");
    assert_int_equal(calls(CALL_MOTION), 1);
    holds(CALL_RELEASE);
    releases(cam, 5);
    hears_nothing(cam);
    answers(CALL_RELEASE, 0, STORE_OK);
    hears(cam, "PUBCOMP 5 0x00");
    releases(cam, 5);
    hears(cam, "PUBCOMP 5 0x92");
    sees_motion(cam, 2, 5, NULL, 2);
    assert_int_equal(calls(CALL_MOTION), 2);
}

static void a_packet_id_is_not_free_before_the_store_forgot_it(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.goes_on = true, .expiry_s = 600});
    sees_motion(cam, 2, 5, NULL, 1);
    hears(cam, "PUBREC 5 0x00");
    will_answer(CALL_RELEASE, STORE_FAILED);
    releases(cam, 5);
    hears(cam, "DISCONNECT 0x80");
}

static void what_is_too_old_at_quality_2_frees_no_packet_id_in_secret(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.goes_on = true, .expiry_s = 600});
    motion_verdict(false, 0, 1);
    sees_motion(cam, 2, 5, NULL, 1); /* the store has the packet id: it must be released */
    hears(cam, "PUBREC 5 0x00 refused=1 131*");
    releases(cam, 5);
    hears(cam, "PUBCOMP 5 0x00");
}

static void a_packet_id_of_a_lost_session_is_not_stored(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.goes_on = true, .expiry_s = 600});
    holds(CALL_MOTION);
    sees_motion(cam, 2, 5, NULL, 1);
    answers(CALL_MOTION, 0, STORE_FENCED);
    hears(cam, "DISCONNECT 0x8e");
}

static void all_packet_ids_of_the_older_version_may_be_under_way(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.version = MQTT_3_1_1});
    holds(CALL_MOTION); /* refused before the store: what counts is the list */
    for (uint32_t id = 1; id <= 40000; id++) {
        publishes(cam, "nb/v1/nothing", 2, (uint16_t)id, "{}");
        if (id % 4 == 0)
            forgets(cam);
    }
    forgets(cam);
    assert_false(client_closed(cam));
    releases(cam, 39999);
    hears(cam, "PUBCOMP 39999 0x00");
}

static void a_reader_who_does_not_read_is_not_written_to_for_ever(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){.keep_alive = 60});
    stalls(cam);
    for (unsigned i = 0; i < 2000000 && !client_paused(cam); i++)
        pings(cam);
    assert_true(client_paused(cam));
    assert_true(client_waiting_bytes(cam) < 3000000);
    passes(100000); /* and does not stay */
    is_closed(cam, "*");
}

static void aliases_are_the_connections_own(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    publishes_with(cam, "nb/v1/alert", 1, 1, "{}", (struct extras){.alias = 4});
    hears(cam, "PUBACK 1 0x87*");
    publishes_with(cam, "", 1, 2, "{}", (struct extras){.alias = 4});
    hears(cam, "PUBACK 2 0x87*");
    publishes_with(cam, "", 1, 3, "{}", (struct extras){.alias = 3});
    hears(cam, "DISCONNECT 0x82");
}

static void nothing_is_retained(void **state)
{
    (void)state;
    struct client *cam = camera((struct manner){0});
    publishes_with(cam, "nb/v1/motion", 1, 1, "{}", (struct extras){.retain = true});
    hears(cam, "PUBACK 1 0x99 \"retain: must not be set\"");
}

static void an_alert_is_acknowledged_when_it_is_stored(void **state)
{
    (void)state;
    enrolled("user/ann", "", "");
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    holds(CALL_ALERT);
    publishes(ann, "nb/v1/alert", 1, 1, alert_here);
    hears_nothing(ann);
    answers(CALL_ALERT, 0, STORE_OK);
    hears(ann, "PUBACK 1 0x00*");
    publishes(ann, "nb/v1/alert", 1, 2, alert_here);
    answers(CALL_ALERT, 0, STORE_REPEAT);
    hears(ann, "PUBACK 2 0x00*");
    publishes(ann, "nb/v1/alert", 1, 3, alert_here);
    answers(CALL_ALERT, 0, STORE_CONFLICT);
    hears(ann, "PUBACK 3 0x83 \"sender_alert_id: *\"");
    publishes(ann, "nb/v1/alert", 1, 4, alert_here);
    answers(CALL_ALERT, 0, STORE_DEAD);
    hears(ann, "PUBACK 4 0x00*");
}

static void the_end_answers_everybody(void **state)
{
    (void)state;
    struct client *edge = edge_at_home((struct manner){0});
    holds(CALL_PRINCIPAL);
    holds(CALL_MOTION);
    sees_motion(edge, 1, 1, "door", 1);
    lets_go(CALL_PRINCIPAL);
    settle();
    holds(CALL_PRINCIPAL);
    sees_motion(edge, 1, 2, "unheard of", 1);
    settle();
    stage_strike(); /* with a store that is still to answer both */
}

int main(void)
{
#define STORY(story) cmocka_unit_test_setup_teardown(story, stage_begin, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(acknowledgements_keep_their_order),
        STORY(a_broken_connection_leaves_its_publications_to_the_store),
        STORY(nothing_is_acknowledged_that_the_store_refused),
        STORY(while_the_store_is_away_the_gate_shuts),
        STORY(a_flood_without_acknowledgements_is_held_back_too),
        STORY(the_receive_maximum_is_kept),
        STORY(unknown_foreign_and_revoked_devices_are_refused_alike),
        STORY(a_failure_is_not_taken_for_an_unknown_device),
        STORY(a_failure_is_not_taken_for_a_revocation),
        STORY(what_was_missed_of_principals_is_asked_after_the_store_was_away),
        STORY(guessed_names_leave_nothing_behind),
        STORY(a_mixed_batch_stores_the_good_and_names_the_bad),
        STORY(what_a_small_packet_cannot_say_is_in_the_inbox_before),
        STORY(nor_without_problem_information),
        STORY(the_older_version_reads_its_inbox_before_the_acknowledgement),
        STORY(what_the_store_finds_too_old_is_said),
        STORY(exactly_once),
        STORY(a_packet_id_is_not_free_before_the_store_forgot_it),
        STORY(what_is_too_old_at_quality_2_frees_no_packet_id_in_secret),
        STORY(a_packet_id_of_a_lost_session_is_not_stored),
        STORY(all_packet_ids_of_the_older_version_may_be_under_way),
        STORY(a_reader_who_does_not_read_is_not_written_to_for_ever),
        STORY(aliases_are_the_connections_own),
        STORY(nothing_is_retained),
        STORY(an_alert_is_acknowledged_when_it_is_stored),
        STORY(the_end_answers_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
