/* Stories of followers who want quiet hours or a digest: what waits comes as it is then, and nothing that was
 * shown goes uncorrected, over reconnections and crashes too. */
#include "broker/core.h"
#include "broker/session/session.h"
#include "tests/stories/wishes_case.h"

/* ---- quiet hours ---- */

static void only_extreme_passes_quiet_hours(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{" QUIET "}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    happens('b', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    moves(HERE, KIND_PERSON, 2);
    hears_nothing(ann);
    happens('c', 1, CATEGORY_FIRE, SEVERITY_EXTREME, true);
    hears(ann, "alert c r1 IN_FORCE EXTREME q1 *");
    happens('b', 2, CATEGORY_FIRE, SEVERITY_MODERATE, true);
    happens('d', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    happens('d', 2, CATEGORY_FIRE, SEVERITY_MINOR, false);
    moves(HERE, KIND_VEHICLE, 1);
    passes(6 * MINUTE);
    hears_nothing(ann);
    passes(MINUTE); /* 22:20:20 */
    hears(ann, "alert a r1 IN_FORCE SEVERE q1 #2 nb/*");
    hears(ann, "alert b r2 IN_FORCE MODERATE q1 #3 nb/*"); /* the latest state alone; d ended unseen */
    hears(ann, "activity PERSON 0 *");
    hears(ann, "activity PERSON 1 *");
    hears(ann, "activity VEHICLE 0 *");
    hears_nothing(ann);
    moves(HERE, KIND_ANIMAL, 1);
    hears(ann, "activity ANIMAL *");
    happens('b', 3, CATEGORY_FIRE, SEVERITY_MODERATE, false);
    hears(ann, "alert b r3 ENDED *");
}

static void corrections_of_what_was_shown_come_at_night(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    happens('b', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears(ann, "alert a r1 *");
    hears(ann, "alert b r1 *");
    wishes(ann, "{" QUIET "}");
    happens('a', 2, CATEGORY_FIRE, SEVERITY_MINOR, true);
    hears(ann, "alert a r2 IN_FORCE MINOR *");
    happens('a', 3, CATEGORY_FIRE, SEVERITY_MINOR, false);
    hears(ann, "alert a r3 ENDED *");
    happens('c', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears_nothing(ann);
    breaks(ann); /* the phone comes and goes, and knows b all the same */
    ann = ann_returns();
    forgets(ann);
    happens('b', 2, CATEGORY_FIRE, SEVERITY_SEVERE, false);
    hears(ann, "alert b r2 ENDED *");
}

static void a_lower_mark_may_pass(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{" QUIET ",\"quietPasses\":\"SEVERE\"}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_MODERATE, true);
    hears_nothing(ann);
    happens('b', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears(ann, "alert b *");
}

static void hours_are_those_of_the_zone(void **state)
{
    (void)state;
    /* 14:13 in Los Angeles: quiet from 14:10 to 14:20 there. */
    struct client *ann =
        ann_comes("{\"quiet\":[{\"fromMinute\":850,\"toMinute\":860}],\"timeZone\":\"America/Los_Angeles\"}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears_nothing(ann);
    passes(7 * MINUTE);
    hears(ann, "alert a r1 *");
}

/* At 22:30 UTC it becomes 23:30 there, and a quiet until 23:20 is over. */
static bool clock_that_is_put_forward(const char *zone, int64_t at, int *minutes)
{
    (void)zone;
    *minutes = at < INT64_C(1700001000000) ? 0 : 60;
    return true;
}

static void a_quiet_ends_when_clocks_are_put_forward(void **state)
{
    (void)state;
    stage.options.zone_clock = clock_that_is_put_forward;
    stage_restart();
    enrolled("user/ann", "", "");
    struct client *ann = ann_comes("{\"quiet\":[{\"fromMinute\":1330,\"toMinute\":1400}]}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    passes(16 * MINUTE);
    hears_nothing(ann);
    pings(ann);
    hears(ann, "PINGRESP");
    passes(16 * MINUTE); /* a quarter of an hour late at most */
    hears(ann, "alert a r1 *");
}

static void what_waits_survives_a_crash(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{" QUIET "}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    moves(HERE, KIND_PERSON, 1);
    happens('c', 1, CATEGORY_FIRE, SEVERITY_EXTREME, true);
    hears(ann, "alert c r1 *");
    acknowledges(ann, 1);
    passes(10000); /* cursors are stored */
    process_dies(ann);
    ann = ann_returns();
    hears_nothing(ann); /* c is known, the others wait */
    happens('c', 2, CATEGORY_FIRE, SEVERITY_MINOR, false);
    hears(ann, "alert c r2 ENDED *");
    passes(7 * MINUTE);
    hears(ann, "alert a r1 *");
    hears(ann, "activity PERSON 0 *");
    hears_nothing(ann);
}

static void what_waits_comes_to_who_was_away_when_it_was_due(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{" QUIET "}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    happens('b', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    moves(HERE, KIND_PERSON, 1);
    hears_nothing(ann);
    breaks(ann);
    happens('b', 2, CATEGORY_FIRE, SEVERITY_SEVERE, false);
    moves(HERE, KIND_VEHICLE, 1);
    passes(10 * MINUTE);
    ann = ann_returns();
    hears(ann, "alert a r1 *");
    hears(ann, "activity PERSON 0 *");
    hears(ann, "activity VEHICLE 0 *");
    passes(2000);
    hears_nothing(ann);
}

static void what_was_not_acknowledged_comes_again_though_it_is_quiet(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears(ann, "alert a r1 *");
    wishes(ann, "{" QUIET "}");
    happens('a', 2, CATEGORY_FIRE, SEVERITY_SEVERE, false);
    hears(ann, "alert a r2 ENDED *");
    breaks(ann);
    ann = ann_returns();
    hears(ann, "alert a r2 ENDED *"); /* what follows is known, so the first state is passed over */
    hears_nothing(ann);
    acknowledges(ann, 1);
    breaks(ann);
    ann = ann_returns();
    hears_nothing(ann);
}

/* Released, and not acknowledged when the process dies. */
static void what_was_let_go_is_not_lost(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{" QUIET "}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    moves(HERE, KIND_PERSON, 1);
    happens('c', 1, CATEGORY_FIRE, SEVERITY_EXTREME, true);
    hears(ann, "alert c r1 *"); /* not acknowledged until the end: it does not hide what waited before it */
    passes(7 * MINUTE);
    hears(ann, "alert a r1 *");
    hears(ann, "activity PERSON 0 *");
    passes(10000);
    process_dies(ann);
    ann = ann_returns();
    hears(ann, "alert a r1 *");
    hears(ann, "alert c r1 *");
    hears(ann, "activity PERSON 0 *");
    hears_nothing(ann);
}

static void a_long_night_is_read_from_the_store(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{" QUIET "}");
    for (int i = 0; i < 100; i++) /* the ring has room for 16 */
        moves(HERE, KIND_PERSON, 1);
    hears_nothing(ann);
    passes(7 * MINUTE);
    for (uint16_t i = 0; i < 100; i++)
        hears(ann, "activity PERSON 0 *");
    hears_nothing(ann);
    assert_true(broker_counters(stage.broker)->reads_behind > 0);
}

static void a_slow_follower_gets_what_waited_in_order(void **state)
{
    (void)state;
    struct client *ann =
        comes("user/ann", "phone", (struct manner){.goes_on = true, .expiry_s = 600, .receive_maximum = 1});
    follows(ann, CELL, 1);
    wishes(ann, "{" QUIET "}");
    moves(HERE, KIND_PERSON, 1);
    moves(HERE, KIND_VEHICLE, 1);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    passes(7 * MINUTE);
    hears(ann, "alert a r1 IN_FORCE SEVERE q1 #1 *");
    moves(HERE, KIND_ANIMAL, 1); /* news behind what still waits for its turn */
    happens('a', 2, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears_nothing(ann);
    acknowledges(ann, 1);
    hears(ann, "activity PERSON 0 q1 #2 *");
    acknowledges(ann, 2);
    hears(ann, "activity VEHICLE 0 q1 #3 *");
    acknowledges(ann, 3);
    hears(ann, "activity ANIMAL 0 q1 #4 *");
    acknowledges(ann, 4);
    hears(ann, "alert a r2 *");
    hears_nothing(ann);
}

static void the_trimming_of_what_waits_is_a_gap(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{" QUIET "}");
    moves(HERE, KIND_PERSON, 1);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    settle();
    for (int i = 0; i < 20; i++)
        moves(HERE, KIND_VEHICLE, 1);
    settle();
    trimmed(HERE);
    passes(7 * MINUTE);
    hears(ann, "alert a r1 *");
    hears(ann, "gap *");
    hears(ann, "alert a r1 * retained *"); /* with what is in force, as after every gap */
    moves(HERE, KIND_ANIMAL, 1);
    hears(ann, "activity ANIMAL *");
    hears_nothing(ann);
}

static void quiet_is_no_lag(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{" QUIET "}");
    char start[64];
    snprintf(start, sizeof(start), "%s", stored_cursor("user/ann/phone", HERE));
    follows(ann, "nb/v1/inbox/#", 0);
    passes(1000);
    moves(HERE, KIND_PERSON, 1);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    passes(10000);
    assert_string_equal(stored_cursor("user/ann/phone", HERE), start); /* it stays before what waits */
    proves(stage_now() + 40000);
    passes(30000);
    hears(ann, "heartbeat cursors=* sent=0 q0 *"); /* not stale */
}

static void without_wishes_cursors_are_kept_as_they_were(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, CELL, 1);
    wishes(ann, "{}");
    assert_false(stage.broker->sessions->holding != NULL);
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    hears(ann, "alert a r1 *");
}

/* ---- digest ---- */

static void a_digest_comes_together(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{\"digestMinutes\":5}"); /* 22:15, 22:20 … */
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    happens('b', 1, CATEGORY_FIRE, SEVERITY_EXTREME, true);
    hears(ann, "alert b r1 *");
    moves(HERE, KIND_PERSON, 1);
    passes(MINUTE);
    happens('a', 2, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    happens('c', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    hears_nothing(ann);
    passes(MINUTE); /* 22:15:20 */
    hears(ann, "alert a r2 *");
    hears(ann, "alert c r1 *");
    hears(ann, "activity PERSON 0 *");
    moves(HERE, KIND_VEHICLE, 1);
    happens('d', 1, CATEGORY_FIRE, SEVERITY_MINOR, true);
    happens('a', 3, CATEGORY_FIRE, SEVERITY_SEVERE, false);
    hears(ann, "alert a r3 ENDED *");
    hears_nothing(ann);
    passes(5 * MINUTE);
    hears(ann, "alert d r1 *");
    hears(ann, "activity VEHICLE 0 *");
    passes(6 * MINUTE);
    hears_nothing(ann);
}

static void a_digest_waits_for_the_end_of_quiet(void **state)
{
    (void)state;
    struct client *ann =
        ann_comes("{\"digestMinutes\":5,\"quiet\":[{\"fromMinute\":1334,\"toMinute\":1338}]}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true); /* due at 22:15, when it is quiet from 22:14 */
    passes(3 * MINUTE);
    hears_nothing(ann);
    passes(2 * MINUTE); /* 22:18 */
    hears(ann, "alert a r1 *");
}

static void who_comes_too_seldom_for_a_digest_gets_it_all_the_same(void **state)
{
    (void)state;
    struct client *ann = ann_comes("{\"digestMinutes\":5}");
    happens('a', 1, CATEGORY_FIRE, SEVERITY_SEVERE, true);
    moves(HERE, KIND_PERSON, 1);
    hears_nothing(ann);
    breaks(ann);
    passes(3 * MINUTE); /* past 22:15 */
    ann = ann_returns();
    passes(2000);
    hears(ann, "alert a r1 *");
    hears(ann, "activity PERSON 0 *");
}

int main(void)
{
    static const struct CMUnitTest stories[] = {
        STORY(only_extreme_passes_quiet_hours),
        STORY(corrections_of_what_was_shown_come_at_night),
        STORY(a_lower_mark_may_pass),
        STORY(hours_are_those_of_the_zone),
        STORY(a_quiet_ends_when_clocks_are_put_forward),
        STORY(what_waits_survives_a_crash),
        STORY(what_waits_comes_to_who_was_away_when_it_was_due),
        STORY(what_was_not_acknowledged_comes_again_though_it_is_quiet),
        STORY(what_was_let_go_is_not_lost),
        STORY(a_long_night_is_read_from_the_store),
        STORY(a_slow_follower_gets_what_waited_in_order),
        STORY(the_trimming_of_what_waits_is_a_gap),
        STORY(quiet_is_no_lag),
        STORY(without_wishes_cursors_are_kept_as_they_were),
        STORY(a_digest_comes_together),
        STORY(a_digest_waits_for_the_end_of_quiet),
        STORY(who_comes_too_seldom_for_a_digest_gets_it_all_the_same),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
