/* Stories of wills: due, delayed, cancelled, dropped. */
#include <string.h>

#include "broker/core.h"
#include "tests/stories/stage.h"

static const char motion[] =
    "{\"version\":1,\"events\":[{\"phase\":\"PULSE\",\"kind\":\"SOUND\",\"at\":\"1700000001000\"}]}";

static struct manner with_will(uint32_t delay_s, bool goes_on)
{
    return (struct manner){.will_topic = "nb/v1/motion",
        .will_payload = {(const uint8_t *)motion, sizeof(motion) - 1},
        .will_delay_s = delay_s,
        .goes_on = goes_on,
        .expiry_s = 600};
}

static int begin(void **state)
{
    stage_begin(state);
    enrolled("device/cam", "home", HERE_LEAF);
    enrolled("user/ann", "", "");
    return 0;
}

static void a_will_is_published_when_the_connection_breaks(void **state)
{
    (void)state;
    breaks(comes("device/cam", "c", with_will(0, true)));
    assert_int_equal(calls(CALL_MOTION), 1);
    was_called(CALL_MOTION, "device/cam " HERE "*");
}

static void not_when_the_client_takes_its_leave(void **state)
{
    (void)state;
    disconnects(comes("device/cam", "c", with_will(0, true)), 0);
    assert_int_equal(calls(CALL_MOTION), 0);
}

static void but_when_it_says_so_or_tells_an_error(void **state)
{
    (void)state;
    disconnects(comes("device/cam", "c", with_will(0, true)), REASON_DISCONNECT_WITH_WILL);
    assert_int_equal(calls(CALL_MOTION), 1);
    disconnects(comes("device/cam", "d", with_will(0, true)), REASON_UNSPECIFIED);
    assert_int_equal(calls(CALL_MOTION), 2);
}

static void a_delayed_will_waits(void **state)
{
    (void)state;
    breaks(comes("device/cam", "c", with_will(30, true)));
    passes(29000);
    assert_int_equal(calls(CALL_MOTION), 0);
    passes(2000);
    assert_int_equal(calls(CALL_MOTION), 1);
}

static void who_comes_back_in_time_takes_it_back(void **state)
{
    (void)state;
    breaks(comes("device/cam", "c", with_will(30, true)));
    passes(10000);
    comes("device/cam", "c", with_will(30, true));
    passes(60000);
    assert_int_equal(calls(CALL_MOTION), 0);
}

static void a_new_session_ends_the_old_one_with_its_will(void **state)
{
    (void)state;
    breaks(comes("device/cam", "c", with_will(30, true)));
    passes(10000);
    comes("device/cam", "c", with_will(30, false));
    settle();
    assert_int_equal(calls(CALL_MOTION), 1);
}

static void what_may_not_be_published_is_dropped_when_due(void **state)
{
    (void)state;
    breaks(comes("user/ann", "phone", with_will(0, true)));
    assert_int_equal(calls(CALL_MOTION), 0);
    assert_int_equal(broker_counters(stage.broker)->wills_dropped, 1);
}

static void wills_that_wait_are_bounded(void **state)
{
    (void)state;
    char id[16];
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof(id), "c%d", i);
        breaks(comes("device/cam", id, with_will(500, true)));
        if (i % 40 == 39) { /* the stage keeps so many sessions */
            passes(1000);
            sessions_forgotten();
        }
    }
    size_t waiting_wills = broker_counters(stage.broker)->wills_dropped;
    assert_int_equal(waiting_wills, 300 - 64); /* of one sender */
}

int main(void)
{
#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(a_will_is_published_when_the_connection_breaks),
        STORY(not_when_the_client_takes_its_leave),
        STORY(but_when_it_says_so_or_tells_an_error),
        STORY(a_delayed_will_waits),
        STORY(who_comes_back_in_time_takes_it_back),
        STORY(a_new_session_ends_the_old_one_with_its_will),
        STORY(what_may_not_be_published_is_dropped_when_due),
        STORY(wills_that_wait_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
