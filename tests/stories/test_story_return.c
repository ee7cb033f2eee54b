/* Stories of followers that were away, slow or cut off: nothing they must know is passed over, and nothing
 * that was superseded is told as news. */
#include <stdlib.h>
#include <string.h>

#include "broker/session/session.h"
#include "tests/stories/stage.h"

#define CELL "nb/v1/cell/" HERE "/#"

static const struct manner stays = {.goes_on = true, .expiry_s = 600};

static int begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "", "");
    return 0;
}

static void fire(char id, uint32_t revision, bool in_force)
{
    alert_is(id, revision, CATEGORY_FIRE, HERE_LEAF, 100, in_force);
}

static struct client *ann_returns(struct manner manner)
{
    struct client *ann = knocks("user/ann", "phone", manner);
    hears(ann, "CONNACK 0x00 present");
    return ann;
}

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

static void a_slow_follower_leaves_the_ring_and_comes_back(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.receive_maximum = 1});
    follows(ann, CELL, 1);
    moves(HERE, KIND_PERSON, 1);
    hears(ann, "activity PERSON 0 q1 #1 *");
    for (uint32_t r = 1; r <= 30; r++) { /* the ring has room for 16 */
        fire('a', r, true);
        fire('b', r, r < 30);
        appears(HERE, 'a', r, true);
        appears(HERE, 'b', r, r < 30);
    }
    hears_nothing(ann);
    acknowledges(ann, 1);
    hears(ann, "alert a r30 IN_FORCE q1 #2 *");
    acknowledges(ann, 2);
    hears(ann, "alert b r30 ENDED q1 #3 *");
    acknowledges(ann, 3);
    hears_nothing(ann);
    assert_true(broker_counters(stage.broker)->reads_behind > 0);
    assert_true(broker_counters(stage.broker)->items_superseded > 0);
    moves(HERE, KIND_VEHICLE, 1);
    hears(ann, "activity VEHICLE 0 *");
}

static void a_page_goes_on_in_the_middle_of_an_entry(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.receive_maximum = 1});
    follows(ann, CELL, 1);
    moves(HERE, KIND_PERSON, 3);
    hears(ann, "activity PERSON 0 q1 #1 *");
    for (int i = 0; i < 40; i++)
        moves(HERE, KIND_ANIMAL, 1);
    settle();
    acknowledges(ann, 1);
    hears(ann, "activity PERSON 1 q1 #2 *");
    acknowledges(ann, 2);
    hears(ann, "activity PERSON 2 q1 #3 *");
    for (uint16_t id = 3; id < 43; id++) {
        acknowledges(ann, id);
        hears(ann, "activity ANIMAL 0 *");
    }
    hears_nothing(ann);
}

static void what_was_trimmed_is_a_gap(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    follows(ann, CELL, 1);
    hears(ann, "alert a r1 IN_FORCE q1 #1 retained *");
    acknowledges(ann, 1);
    settle();
    breaks(ann);
    passes(5000);
    fire('b', 1, true);
    appears(HERE, 'b', 1, true);
    moves(HERE, KIND_PERSON, 1);
    trimmed(HERE);
    passes(1000);
    moves(HERE, KIND_VEHICLE, 1);
    ann = ann_returns(stays);
    hears(ann, "gap q1 #1 nb/v1/cell/" HERE "/activity/-/-");
    hears(ann, "alert a r1 IN_FORCE q1 #2 retained *");
    hears(ann, "alert b r1 IN_FORCE q1 #3 retained *");
    hears(ann, "activity VEHICLE 0 q1 *");
    hears_nothing(ann);
    assert_int_equal(broker_counters(stage.broker)->gaps, 1);
    breaks(ann); /* nothing of it was acknowledged */
    ann = ann_returns(stays);
    hears(ann, "gap *");
    hears(ann, "alert a r1 *");
    hears(ann, "alert b r1 *");
    hears(ann, "activity VEHICLE *");
}

static void a_gap_has_the_topic_of_its_filter(void **state)
{
    (void)state;
    static const char filter[] = "nb/v1/cell/" HERE "/incident/fire/+";
    struct client *ann = comes("user/ann", "phone", stays);
    moves(HERE, KIND_PERSON, 1);
    follows(ann, filter, 0);
    breaks(ann);
    passes(1000);
    moves(HERE, KIND_PERSON, 1);
    trimmed(HERE);
    ann = ann_returns(stays);
    hears(ann, "gap q0 nb/v1/cell/" HERE "/incident/fire/-");
}

static void a_slow_follower_is_overtaken_by_the_trimming(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.receive_maximum = 1});
    follows(ann, CELL, 1);
    moves(HERE, KIND_PERSON, 1);
    hears(ann, "activity PERSON 0 q1 #1 *");
    for (int i = 0; i < 100; i++)
        moves(HERE, KIND_ANIMAL, 1);
    settle();
    trimmed(HERE);
    passes(1000);
    moves(HERE, KIND_VEHICLE, 1);
    uint16_t id = 1;
    const char *line;
    do { /* the page that was read already */
        acknowledges(ann, id++);
        line = next_heard(ann);
        assert_non_null(line);
    } while (strstr(line, "activity ANIMAL"));
    assert_int_equal(strncmp(line, "gap ", 4), 0);
    acknowledges(ann, id);
    hears(ann, "activity VEHICLE 0 *");
    hears_nothing(ann);
}

static void another_generation_reads_a_minute_back(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    passes(1000);
    moves(HERE, KIND_ANIMAL, 1);
    passes(100000);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    moves(HERE, KIND_PERSON, 1);
    follows(ann, CELL, 0);
    hears(ann, "alert a r1 *");
    breaks(ann);
    passes(1000);
    moves(HERE, KIND_VEHICLE, 1);
    restored(HERE, 1);
    passes(1000);
    moves(HERE, KIND_PACKAGE, 1);
    ann = ann_returns(stays);
    hears(ann, "alert a r1 IN_FORCE q0 retained *");
    hears(ann, "activity PERSON 0 *");
    hears(ann, "activity PACKAGE 0 *");
    hears_nothing(ann);
}

static void a_seam_costs_a_connected_follower_nothing(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, CELL, 0);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    hears(ann, "alert a r1 *");
    for (uint32_t r = 2; r <= 4; r++) { /* while the feed was cut */
        fire('a', r, r < 4);
        appears_untold(HERE, 'a', r, r < 4);
    }
    seam(HERE);
    fire('b', 1, true);
    appears(HERE, 'b', 1, true);
    hears(ann, "alert a r2 IN_FORCE *"); /* every state, since it never left */
    hears(ann, "alert a r3 IN_FORCE *");
    hears(ann, "alert a r4 ENDED *");
    hears(ann, "alert b r1 IN_FORCE *");
    hears_nothing(ann);
}

static void a_late_state_after_a_seam_is_not_believed_over_what_came_since(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, CELL, 0);
    fire('a', 1, true);
    fire('a', 2, false);
    fire('b', 1, true);
    appears(HERE, 'a', 1, true);
    holds(CALL_STATE);
    appears_untold(HERE, 'b', 1, true);
    seam(HERE);
    state_is_taken(HERE); /* the store looks now … */
    appears(HERE, 'a', 2, false);
    answers(CALL_STATE, 0, STORE_OK); /* … and answers after it told of a's end */
    forgets(ann);
    struct client *bob = comes("user/ann", "tablet", (struct manner){0});
    follows(bob, CELL, 0);
    hears(bob, "alert b r1 IN_FORCE q0 retained *");
    hears_nothing(bob);
}

static void a_backup_comes_back_under_a_connected_follower(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, CELL, 0);
    passes(1000);
    moves(HERE, KIND_PERSON, 1);
    passes(100000);
    moves(HERE, KIND_ANIMAL, 1);
    hears(ann, "activity PERSON 0 *");
    hears(ann, "activity ANIMAL 0 *");
    restored(HERE, 1); /* up to the person */
    appears_behind(HERE, 50000, KIND_VEHICLE);
    seam(HERE);
    hears(ann, "activity VEHICLE 0 *");
    appears_behind(HERE, 40000, KIND_PACKAGE);
    hears(ann, "activity PACKAGE 0 *");
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

static void since_a_cursor(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, CELL, 0);
    moves(HERE, KIND_PERSON, 2);
    hears(ann, "activity PERSON 0 *");
    char cursor[80];
    snprintf(cursor, sizeof(cursor), "%s", cursor_of(ann, HERE));
    hears(ann, "activity PERSON 1 *");
    disconnects(ann, 0);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    moves(HERE, KIND_VEHICLE, 1);
    ann = comes("user/ann", "phone", (struct manner){0});
    subscribes_with(ann, 1, CELL, 0, cursor);
    hears(ann, "SUBACK 1 0x00");
    hears(ann, "alert a r1 IN_FORCE q0 retained *"); /* in force first */
    const char *line = next_heard(ann);
    if (strstr(line, "PERSON 1"))
        line = next_heard(ann);
    assert_non_null(strstr(line, "activity VEHICLE"));
    hears_nothing(ann);
}

static void since_anothers_cursor(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, CELL, 0);
    moves(HERE, KIND_PERSON, 1);
    hears(ann, "activity PERSON 0 *");
    char foreign[80];
    snprintf(foreign, sizeof(foreign), "%s%s", AWAY, strchr(cursor_of(ann, HERE), ':'));
    moves(AWAY, KIND_ANIMAL, 1);
    struct client *bob = comes("user/ann", "tablet", (struct manner){0});
    subscribes_with(bob, 1, "nb/v1/cell/" AWAY "/#", 0, foreign);
    hears(bob, "SUBACK 1 0x00 \"since: *");
    hears_nothing(bob);
    subscribes_with(bob, 2, CELL, 0, "9q8yy:nonsense");
    hears(bob, "SUBACK 2 0x00 \"since: *");
    hears_nothing(bob);
    subscribes_with(bob, 3, "nb/v1/cell/9q8yv/#", 0, "nonsense");
    hears(bob, "SUBACK 3 0x00 \"since: *");
    moves(HERE, KIND_VEHICLE, 1);
    hears(bob, "activity VEHICLE 0 *");
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

static void unsubscribed_while_it_reads(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 0);
    follows(ann, "nb/v1/cell/" AWAY "/#", 0);
    breaks(ann);
    moves(HERE, KIND_PERSON, 1);
    moves(AWAY, KIND_ANIMAL, 1);
    holds(CALL_READ);
    ann = ann_returns(stays);
    unsubscribes(ann, 1, CELL);
    hears(ann, "UNSUBACK 1 0x00");
    unsubscribes(ann, 2, "nb/v1/cell/" AWAY "/#");
    hears(ann, "UNSUBACK 2 0x00");
    lets_go(CALL_READ);
    hears_nothing(ann);
    follows(ann, CELL, 0);
    moves(HERE, KIND_VEHICLE, 1);
    hears(ann, "activity VEHICLE 0 *");
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

static void a_process_that_was_frozen_tells_no_old_state(void **state)
{
    (void)state;
    enrolled("user/bob", "", "");
    struct client *bob = comes("user/bob", "phone", stays);
    follows(bob, CELL, 1);
    fire('a', 2, true);
    appears(HERE, 'a', 2, true);
    hears(bob, "alert a r2 IN_FORCE q1 *");
    proves(stage_now());
    passes(4000);
    fire('a', 3, false);
    appears_untold(HERE, 'a', 3, false);
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    hears_nothing(ann);
    proves(stage_now());
    fire('b', 1, true);
    appears(HERE, 'b', 1, true);
    hears(ann, "alert b r1 IN_FORCE q1 *");
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

static void another_generation_tells_no_old_state(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    struct client *tablet = comes("user/ann", "tablet", (struct manner){0});
    follows(ann, CELL, 1);
    follows(tablet, CELL, 0);
    breaks(ann);
    for (uint32_t r = 1; r <= 3; r++) {
        fire('a', r, r < 3);
        appears(HERE, 'a', r, r < 3);
    }
    ann = ann_returns(stays);
    hears(ann, "alert a r3 ENDED q1 #1 *");
    acknowledges(ann, 1);
    settle();
    breaks(ann);
    restored(HERE, 0);
    fire('b', 1, true);
    fire('b', 2, true);
    appears_untold(HERE, 'b', 1, true);
    appears_untold(HERE, 'b', 2, true);
    forgets(tablet);
    seam(HERE);
    hears(tablet, "alert b r2 IN_FORCE q0 retained *");
    hears_nothing(tablet);
    ann = ann_returns(stays);
    hears(ann, "alert b r2 IN_FORCE q1 *");
    hears(ann, "alert a r3 ENDED q1 *");
    hears_nothing(ann);
}

/* A process may hear later than another of what is in a channel: who saw it there does not see it again here.
 */
static void a_process_that_lags_sends_nobody_back(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    follows(comes("user/ann", "tablet", (struct manner){0}), CELL, 0);
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    hears(ann, "alert a r1 IN_FORCE q1 #1 *");
    acknowledges(ann, 1);
    settle();
    breaks(ann);
    passes(1000);
    fire('a', 2, true);
    appears_untold(HERE, 'a', 2, true);
    passes(1000);
    fire('a', 3, false);
    appears_untold(HERE, 'a', 3, false);
    shown_elsewhere("user/ann/phone", HERE);
    ann = ann_returns(stays);
    hears_nothing(ann);
    seam(HERE);
    hears_nothing(ann);
    fire('b', 1, true);
    appears(HERE, 'b', 1, true);
    hears(ann, "alert b r1 IN_FORCE q1 *");
    hears_nothing(ann);
}

int main(void)
{
#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(the_cursor_does_not_pass_what_is_not_acknowledged),
        STORY(a_process_that_was_frozen_tells_no_old_state),
        STORY(a_process_that_lags_sends_nobody_back),
        STORY(who_returns_while_others_stayed_sees_the_latest_state_alone),
        STORY(another_generation_tells_no_old_state),
        STORY(a_session_goes_on_behind_what_was_acknowledged),
        STORY(who_returns_sees_the_latest_state_alone),
        STORY(a_slow_follower_leaves_the_ring_and_comes_back),
        STORY(a_page_goes_on_in_the_middle_of_an_entry),
        STORY(what_was_trimmed_is_a_gap),
        STORY(a_gap_has_the_topic_of_its_filter),
        STORY(a_slow_follower_is_overtaken_by_the_trimming),
        STORY(another_generation_reads_a_minute_back),
        STORY(a_seam_costs_a_connected_follower_nothing),
        STORY(a_late_state_after_a_seam_is_not_believed_over_what_came_since),
        STORY(a_backup_comes_back_under_a_connected_follower),
        STORY(what_is_in_force_is_not_lost_with_the_connection),
        STORY(nor_when_the_process_dies_after_suback),
        STORY(since_a_cursor),
        STORY(since_anothers_cursor),
        STORY(a_page_that_cannot_be_read_closes),
        STORY(unsubscribed_while_it_reads),
        STORY(the_inbox_waits_for_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
