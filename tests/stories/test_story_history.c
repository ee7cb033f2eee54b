/* Stories of who asks for the past: pages over several channels, in order, and never more than can be held.
 */
#include <stdlib.h>
#include <string.h>

#include "broker/core.h"
#include "tests/stories/stage.h"

static int begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "", "");
    return 0;
}

static struct client *ann_with_inbox(struct manner manner)
{
    struct client *ann = comes("user/ann", "phone", manner);
    follows(ann, "nb/v1/inbox/#", 0);
    return ann;
}

static void asks_for(
    struct client *ann, uint16_t packet_id, const char *cells, unsigned limit, const char *page)
{
    char json[512];
    snprintf(json, sizeof(json),
        "{\"version\":1,\"cells\":[%s],\"from\":\"1\",\"to\":\"%lld\",\"limit\":%u,\"page\":\"%s\"}", cells,
        (long long)stage_now() + 1, limit, page);
    publishes_with(ann, "nb/v1/history", 1, packet_id, json,
        (struct extras){.response_topic = "nb/v1/inbox/reply/past", .correlation = "q7"});
}

static void fire(char id, uint32_t revision, bool in_force)
{
    alert_is(id, revision, CATEGORY_FIRE, HERE_LEAF, 100, in_force);
    appears(HERE, id, revision, in_force);
}

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

static void pages_follow_each_other(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    char line[400], next[64] = "";
    int seen = 0;
    for (int i = 0; i < 7; i++) {
        passes(1000);
        moves(i % 2 ? HERE : "9q8yv", KIND_PERSON, 1);
    }
    for (int page = 0; page < 10; page++) {
        asks_for(ann, 1, "\"" HERE "\",\"9q8yv\"", 2, next);
        snprintf(line, sizeof(line), "%s", next_heard(ann));
        hears(ann, "PUBACK 1 0x00");
        seen += atoi(line + 5);
        const char *begins = strstr(line, "next=");
        if (!begins)
            break;
        sscanf(begins, "next=%63[^: ]", next);
    }
    assert_int_equal(seen, 7);
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

static void a_crowded_entry_fits(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    char next[64] = "";
    int seen = 0;
    moves(HERE, KIND_PERSON, 1200); /* in a page that is shorter than the entry */
    moves("9q8yv", KIND_ANIMAL, 3); /* at the same position of another channel */
    for (int page = 0; page < 9; page++) {
        asks_for(ann, 1, "\"" HERE "\",\"9q8yv\"", 300, next);
        const char *line = next_heard(ann);
        if (strncmp(line, "page ", 5) != 0)
            fail_msg("heard: %s", line);
        seen += atoi(line + 5);
        const char *begins = strstr(line, "next=");
        if (begins)
            sscanf(begins, "next=%63[^: ]", next);
        hears(ann, "PUBACK 1 0x00");
        if (!begins)
            break;
    }
    assert_int_equal(seen, 1203);
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

static void a_page_is_no_larger_than_the_client_takes(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){.maximum_packet = 1000});
    char next[64] = "";
    int seen = 0;
    for (int i = 0; i < 40; i++) {
        passes(100);
        moves(HERE, KIND_PERSON, 1);
    }
    for (int page = 0; page < 40; page++) {
        asks_for(ann, 1, "\"" HERE "\"", 0, next);
        const char *line = next_heard(ann);
        assert_non_null(line);
        if (strncmp(line, "page ", 5) != 0)
            fail_msg("heard: %s", line);
        assert_true(atoi(line + 5) > 0);
        seen += atoi(line + 5);
        const char *begins = strstr(line, "next=");
        if (begins)
            sscanf(begins, "next=%63[^: ]", next);
        hears(ann, "PUBACK 1 0x00");
        if (!begins)
            break;
    }
    assert_int_equal(seen, 40);
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
#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(the_past_in_order_over_channels),
        STORY(pages_follow_each_other),
        STORY(the_same_state_is_told_once),
        STORY(a_crowded_entry_fits),
        STORY(what_was_trimmed_is_not_called_complete),
        STORY(a_page_is_no_larger_than_the_client_takes),
        STORY(an_item_that_is_too_large_is_left_out),
        STORY(who_has_no_inbox_for_it_is_told),
        STORY(strange_questions),
        STORY(many_questions_at_once_are_too_many),
        STORY(the_asker_leaves_while_it_is_read),
        STORY(a_failure_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
