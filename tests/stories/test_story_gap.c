/* Stories of followers that were slow, or away until what they had not seen was trimmed: they read on, and
 * hear of a gap. */
#include <string.h>

#include "tests/stories/follower_case.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_slow_follower_leaves_the_ring_and_comes_back),
        STORY(a_page_goes_on_in_the_middle_of_an_entry),
        STORY(what_was_trimmed_is_a_gap),
        STORY(a_gap_has_the_topic_of_its_filter),
        STORY(a_slow_follower_is_overtaken_by_the_trimming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
