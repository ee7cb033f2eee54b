/* Stories of how much a follower takes at a time: its window, its largest packet. */
#include <string.h>

#include "tests/stories/follower_case.h"

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
    fire('a', 1, true);
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
    fire('a', 1, true);
    appears(HERE, 'a', 1, true);
    moves(HERE, KIND_PERSON, 1);
    hears(ann, "activity PERSON 0 q1 *");
    assert_int_equal(broker_counters(stage.broker)->items_too_large, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_full_window_waits_for_acknowledgements),
        STORY(a_window_smaller_than_what_is_followed),
        STORY(a_follow_that_ends_in_the_middle_of_an_item),
        STORY(what_is_too_large_is_left_out_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
