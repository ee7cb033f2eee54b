/* Stories of who asks for the past: what it hears, over several channels in order, and what is refused. */
#include "tests/stories/history_case.h"

static void the_past_in_order_over_channels(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    fire('a', 1, true);
    passes(1000);
    moves("9q8yv", KIND_PERSON, 1);
    passes(1000);
    moves(HERE, KIND_VEHICLE, 1);
    asks_for(ann, 1, "\"" HERE "\",\"9q8yv\"", 0, "");
    hears(ann, "page 3 complete: alert a r1 IN_FORCE, activity PERSON 0, activity VEHICLE 0 q0 for=q7 "
               "nb/v1/inbox/reply/past");
    hears(ann, "PUBACK 1 0x00");
}

static void the_same_state_is_told_once(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    fire('a', 1, true);
    appears("9q8yv", 'a', 1, true);
    fire('a', 2, false);
    asks_for(ann, 1, "\"" HERE "\",\"9q8yv\"", 0, "");
    hears(ann, "page 2 complete: alert a r1 IN_FORCE, alert a r2 ENDED *");
}

static void what_was_trimmed_is_not_called_complete(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    moves(HERE, KIND_PERSON, 1);
    trimmed(HERE);
    passes(1000);
    moves(HERE, KIND_VEHICLE, 1);
    asks_for(ann, 1, "\"" HERE "\"", 0, "");
    hears(ann, "page 1: activity VEHICLE 0 *");
}

static void an_item_that_is_too_large_is_left_out(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){.maximum_packet = 400});
    fire('a', 1, true);
    moves(HERE, KIND_PERSON, 1);
    asks_for(ann, 1, "\"" HERE "\"", 0, "");
    hears(ann, "page 1: activity PERSON 0 *"); /* not complete */
    hears(ann, "PUBACK 1 0x00");
}

/* A city's channel and the wide ones above it. */
static void alerts_of_wide_channels_are_part_of_it(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    static const char *const channels[] = {"9q", "9q8", "9q8y"};
    for (size_t i = 0; i < 3; i++) {
        alert_is((char)('a' + i), 1, CATEGORY_WEATHER, HERE_LEAF, 50000, true);
        appears(channels[i], (char)('a' + i), 1, true);
        passes(10);
    }
    alert_is('d', 1, CATEGORY_WEATHER, AWAY_LEAF, 100, true); /* in a wide channel, and not here */
    appears("9q", 'd', 1, true);
    asks_for(ann, 1, "\"" HERE_LEAF "\"", 0, "");
    hears(ann, "page 3 complete: alert a r1 IN_FORCE, alert b r1 IN_FORCE, alert c r1 IN_FORCE *");
    hears(ann, "PUBACK 1 0x00");
    publishes_with(ann, "nb/v1/history", 1, 2, "{\"nearCell\":\"" HERE_LEAF "\",\"metres\":400}",
        (struct extras){.response_topic = "nb/v1/inbox/reply/past"});
    hears(ann, "page 3 complete: alert a *");
}

static void what_is_gone_is_not_called_complete(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    moves(HERE, KIND_PERSON, 1);
    appears(HERE, 'z', 1, true); /* the store has no such alert any more */
    asks_for(ann, 1, "\"" HERE "\"", 0, "");
    hears(ann, "page 1: activity PERSON 0 *");
}

static void exercises_are_for_those_who_ask_for_them(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    struct alert alert = {.category = CATEGORY_FIRE,
        .status = STATUS_EXERCISE,
        .sender_kind = SENDER_AGENCY,
        .headline = TEXT("an exercise"),
        .effective = stage_now(),
        .expires = stage_now() + 3600000,
        .place = {.kind = PLACE_CIRCLE, .center = centre_of(HERE_LEAF), .radius_m = 100}};
    alert_says('a', 1, &alert, (struct beside){0}, true);
    appears(HERE, 'a', 1, true);
    fire('b', 1, true);
    moves(HERE, KIND_PERSON, 1);
    asks_for(ann, 1, "\"" HERE "\"", 0, "");
    hears(ann, "page 2 complete: alert b r1 IN_FORCE, activity PERSON 0 *");
    hears(ann, "PUBACK 1 0x00");
    publishes(ann, "nb/v1/history", 1, 2, "{\"cells\":[\"" HERE "\"],\"class\":\"exercise\"}");
    hears(ann, "page 1 complete: alert a r1 IN_FORCE EXERCISE *");
    hears(ann, "PUBACK 2 0x00");
    publishes(ann, "nb/v1/history", 1, 3, "{\"cells\":[\"" HERE "\"],\"class\":\"activity\"}");
    hears(ann, "page 1 complete: activity PERSON 0 *");
    hears(ann, "PUBACK 3 0x00");
    publishes(ann, "nb/v1/history", 1, 4, "{\"cells\":[\"" HERE "\"],\"class\":\"+\"}");
    hears(ann, "PUBACK 4 0x99 \"class: *");
}

static void who_has_no_inbox_for_it_is_told(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    follows(ann, "nb/v1/inbox/refused", 0);
    asks_for(ann, 1, "\"" HERE "\"", 0, "");
    hears(ann, "PUBACK 1 0x83 \"topic: subscribe to nb/v1/inbox/# first*");
}

static void strange_questions(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    asks_for(ann, 1, "", 0, "");
    hears(ann, "PUBACK 1 0x99 \"*");
    asks_for(ann, 2, "\"" HERE "\"", 0, "AAAAAAAAAAAAAAAAAAAAAA");
    hears(ann, "PUBACK 2 0x99 \"page: *");
    asks_for(ann, 3, "\"9q\"", 0, "");
    hears(ann, "PUBACK 3 0x87*");
}

static void many_questions_at_once_are_too_many(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    holds(CALL_READ);
    for (uint16_t id = 1; id <= 6; id++)
        asks_for(ann, id, "\"" HERE "\"", 0, "");
    settle();
    assert_int_equal(waiting(CALL_READ), 4);
    lets_go(CALL_READ);
    for (int i = 0; i < 4; i++) {
        hears(ann, "page 0*");
        hears(ann, "PUBACK * 0x00");
    }
    hears(ann, "PUBACK 5 0x97 \"*\" retry-after=1");
    hears(ann, "PUBACK 6 0x97*");
}

static void the_asker_leaves_while_it_is_read(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    fire('a', 1, true);
    holds(CALL_READ);
    asks_for(ann, 1, "\"" HERE "\"", 0, "");
    settle();
    breaks(ann);
    holds(CALL_LOAD);
    lets_go(CALL_READ);
    settle();
    stage_strike(); /* with an alert that is still to be loaded for it */
}

static void a_failure_is_no_answer(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    fire('a', 1, true);
    will_answer(CALL_READ, STORE_FAILED);
    asks_for(ann, 1, "\"" HERE "\",\"9q8yv\"", 0, "");
    hears(ann, "DISCONNECT 0x80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_past_in_order_over_channels),
        STORY(the_same_state_is_told_once),
        STORY(what_was_trimmed_is_not_called_complete),
        STORY(an_item_that_is_too_large_is_left_out),
        STORY(alerts_of_wide_channels_are_part_of_it),
        STORY(what_is_gone_is_not_called_complete),
        STORY(exercises_are_for_those_who_ask_for_them),
        STORY(who_has_no_inbox_for_it_is_told),
        STORY(strange_questions),
        STORY(many_questions_at_once_are_too_many),
        STORY(the_asker_leaves_while_it_is_read),
        STORY(a_failure_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
