/* Stories of QoS 2: once, whoever repeats what, and no packet id is free too early. */
#include "tests/stories/publish_case.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(exactly_once),
        STORY(a_packet_id_is_not_free_before_the_store_forgot_it),
        STORY(what_is_too_old_at_quality_2_frees_no_packet_id_in_secret),
        STORY(a_packet_id_of_a_lost_session_is_not_stored),
        STORY(all_packet_ids_of_the_older_version_may_be_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
