/* Stories of followers that were away or cut off: nothing they must know is passed over, and nothing that was
 * superseded is told as news. */
#include <string.h>

#include "tests/stories/follower_case.h"

static void the_cursor_does_not_pass_what_is_not_acknowledged(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    char start[64], after_first[64];
    moves(HERE, KIND_PERSON, 1);
    follows(ann, CELL, 1);
    snprintf(start, sizeof(start), "%s", stored_cursor("user/ann/phone", HERE));
    passes(1000);
    moves(HERE, KIND_PERSON, 1);
    snprintf(after_first, sizeof(after_first), "%llu-0.0", (unsigned long long)head_of(HERE).ms);
    passes(1000);
    moves(HERE, KIND_VEHICLE, 1);
    passes(10000);
    assert_string_equal(stored_cursor("user/ann/phone", HERE), start);
    acknowledges(ann, 2); /* the second one alone */
    passes(10000);
    assert_string_equal(stored_cursor("user/ann/phone", HERE), start);
    acknowledges(ann, 1);
    passes(10000);
    assert_string_not_equal(stored_cursor("user/ann/phone", HERE), start);
    assert_string_not_equal(stored_cursor("user/ann/phone", HERE), after_first);
}

static void a_session_goes_on_behind_what_was_acknowledged(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    moves(HERE, KIND_PERSON, 3);
    hears(ann, "activity PERSON 0 q1 #1 *");
    hears(ann, "activity PERSON 1 q1 #2 *");
    hears(ann, "activity PERSON 2 q1 #3 *");
    acknowledges(ann, 1);
    settle();
    breaks(ann);
    moves(HERE, KIND_VEHICLE, 1);
    ann = ann_returns(stays);
    hears(ann, "activity PERSON 1 q1 *");
    hears(ann, "activity PERSON 2 q1 *");
    hears(ann, "activity VEHICLE 0 q1 *");
    hears_nothing(ann);
}

static void who_returns_sees_the_latest_state_alone(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    breaks(ann);
    for (uint32_t r = 1; r <= 3; r++) {
        fire('a', r, true);
        fire('b', r, r < 3);
        appears(HERE, 'a', r, true);
        appears(HERE, 'b', r, r < 3);
    }
    ann = ann_returns(stays);
    hears(ann, "alert a r3 IN_FORCE q1 *");
    hears(ann, "alert b r3 ENDED q1 *");
    hears_nothing(ann);
}

static void what_is_in_force_is_not_lost_with_the_connection(void **state)
{
    (void)state;
    struct manner manner = stays;
    manner.receive_maximum = 1;
    struct client *ann = comes("user/ann", "phone", manner);
    for (char id = 'a'; id <= 'c'; id++) {
        fire(id, 1, true);
        appears(HERE, id, 1, true);
    }
    follows(ann, CELL, 1);
    hears(ann, "alert a r1 IN_FORCE q1 #1 retained *");
    acknowledges(ann, 1);
    hears(ann, "alert b r1 IN_FORCE q1 #2 retained *");
    breaks(ann); /* b is not acknowledged, c not even sent */
    ann = ann_returns(stays);
    int told = 0;
    for (const char *line; (line = next_heard(ann)); told++)
        assert_non_null(strstr(line, " r1 IN_FORCE q1"));
    assert_true(told >= 2);
    acknowledges(ann, 1);
    acknowledges(ann, 2);
    acknowledges(ann, 3);
    settle();
    breaks(ann);
    ann = ann_returns(stays);
    hears_nothing(ann);
}

static void nor_when_the_process_dies_after_suback(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    holds(CALL_LOAD);
    follows(ann, CELL, 1);
    holds(CALL_CLOSE); /* nothing more is written */
    breaks(ann);
    lets_go(CALL_LOAD);
    ann = ann_returns(stays);
    hears(ann, "alert a r1 IN_FORCE q1 *");
}

static void a_page_that_cannot_be_read_closes(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 0);
    breaks(ann);
    moves(HERE, KIND_PERSON, 1);
    will_answer(CALL_READ, STORE_FAILED);
    ann = ann_returns(stays);
    hears(ann, "DISCONNECT 0x80");
    assert_int_equal(calls(CALL_READ), 1);
    breaks(ann);
    ann = ann_returns(stays);
    hears(ann, "activity PERSON 0 *");
}

static void the_inbox_waits_for_its_owner(void **state)
{
    (void)state;
    enrolled("device/cam", "home", HERE_LEAF);
    struct manner manner = stays;
    manner.version = MQTT_3_1_1;
    struct client *cam = comes("device/cam", "c", manner);
    follows(cam, "nb/v1/json/inbox/refused", 1);
    holds(CALL_INBOX);
    publishes(cam, "nb/v1/alert", 1, 9, "{}");
    settle();
    breaks(cam);
    lets_go(CALL_INBOX);
    settle();
    cam = knocks("device/cam", "c", manner);
    hears(cam, "CONNACK 0x00 present");
    hears(cam, "refused nb/v1/alert #9 seq=0 0x87 topic: not for this role q1 *");
}

static void who_returns_while_others_stayed_sees_the_latest_state_alone(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    follows(comes("user/ann", "tablet", (struct manner){0}), CELL, 0); /* so that all of it is in memory */
    breaks(ann);
    for (uint32_t r = 1; r <= 3; r++) {
        fire('a', r, true);
        fire('b', r, r < 3);
        appears(HERE, 'a', r, true);
        appears(HERE, 'b', r, r < 3);
    }
    ann = ann_returns(stays);
    hears(ann, "alert a r3 IN_FORCE q1 *");
    hears(ann, "alert b r3 ENDED q1 *");
    hears_nothing(ann);
    assert_true(broker_counters(stage.broker)->items_superseded > 0);
}

static void what_an_agency_may_follow_no_longer_is_counted(void **state)
{
    (void)state;
    enrolled("agency/pd", "", "");
    struct client *pd = comes("agency/pd", "desk", stays);
    follows(pd, "nb/v1/cell/9qh/incident/#", 1); /* larger than what others may follow */
    follows(pd, CELL, 1);
    breaks(pd);
    trusted_within("agency/pd", HERE, (struct principal_record){0});
    hears(knocks("agency/pd", "desk", stays), "CONNACK 0x00 present");
    assert_int_equal(broker_counters(stage.broker)->filters_lost, 1);
    assert_int_equal(broker_counters(stage.broker)->subscriptions, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_cursor_does_not_pass_what_is_not_acknowledged),
        STORY(who_returns_while_others_stayed_sees_the_latest_state_alone),
        STORY(a_session_goes_on_behind_what_was_acknowledged),
        STORY(who_returns_sees_the_latest_state_alone),
        STORY(what_is_in_force_is_not_lost_with_the_connection),
        STORY(nor_when_the_process_dies_after_suback),
        STORY(a_page_that_cannot_be_read_closes),
        STORY(the_inbox_waits_for_its_owner),
        STORY(what_an_agency_may_follow_no_longer_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
