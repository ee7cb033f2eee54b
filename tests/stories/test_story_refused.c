/* Stories of senders of whom something is refused: who may not, which events of a batch, and how each hears
 * why. */
#include <string.h>

#include "broker/core.h"
#include "broker/principal.h"
#include "tests/stories/publish_case.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
