/* Stories of what the store tells late, anew, or not at all: seams, a process that lags, a backup that comes
 * back. Nobody is told an old state for it. */
#include "tests/stories/follower_case.h"

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
    const struct CMUnitTest tests[] = {
        STORY(a_process_that_was_frozen_tells_no_old_state),
        STORY(a_process_that_lags_sends_nobody_back),
        STORY(another_generation_tells_no_old_state),
        STORY(another_generation_reads_a_minute_back),
        STORY(a_seam_costs_a_connected_follower_nothing),
        STORY(a_late_state_after_a_seam_is_not_believed_over_what_came_since),
        STORY(a_backup_comes_back_under_a_connected_follower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
