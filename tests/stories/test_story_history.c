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

/* One item a page, over several channels that all bear the same alerts: each state once. */
static void an_alert_of_many_channels_comes_once_over_pages(void **state)
{
    (void)state;
    static const char cells[] = "\"" HERE "\",\"9q8yv\",\"9q8yt\"";
    struct client *ann = ann_with_inbox((struct manner){0});
    char line[400], next[64] = "", seen[64] = "";
    alert_is('a', 1, CATEGORY_FIRE, HERE_LEAF, 8000, true);
    alert_is('b', 1, CATEGORY_FIRE, HERE_LEAF, 8000, true);
    alert_is('a', 2, CATEGORY_FIRE, HERE_LEAF, 8000, false);
    appears(HERE, 'a', 1, true);
    passes(3);
    appears(HERE, 'b', 1, true);
    appears("9q8yv", 'a', 1, true);
    passes(3);
    appears("9q8yv", 'b', 1, true);
    appears("9q8yt", 'b', 1, true);
    passes(3);
    appears("9q8yt", 'a', 1, true);
    moves(HERE, KIND_PERSON, 1);
    appears(HERE, 'a', 2, false);
    appears("9q8yv", 'a', 2, false);
    for (int page = 0; page < 12; page++) {
        asks_for(ann, 1, cells, 1, next);
        snprintf(line, sizeof(line), "%s", next_heard(ann));
        hears(ann, "PUBACK 1 0x00");
        const char *alert = strstr(line, "alert "), *begins = strstr(line, "next=");
        if (alert)
            snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.4s ", alert + 6);
        if (!begins)
            break;
        sscanf(begins, "next=%63[^: ]", next);
    }
    assert_string_equal(seen, "a r1 b r1 a r2 ");
}

/* So many entries that not one reading finds all of what the pages before told. */
static void it_comes_once_however_busy_the_channels_are(void **state)
{
    (void)state;
    enum { BEFORE = 80, A_PAGE = BEFORE + 1 };
    struct client *ann = ann_with_inbox((struct manner){0});
    char line[400], next[64] = "";
    int items = 0;
    alert_is('a', 1, CATEGORY_FIRE, HERE_LEAF, 8000, true);
    for (int i = 0; i < BEFORE; i++) {
        passes(50);
        moves(HERE, KIND_PERSON, 1);
    }
    appears(HERE, 'a', 1, true); /* the last one of the first page */
    passes(3);
    moves(HERE, KIND_PERSON, 1);
    passes(3);
    appears("9q8yv", 'a', 1, true);
    for (int page = 0; page < 2; page++) {
        asks_for(ann, 1, "\"" HERE "\",\"9q8yv\"", A_PAGE, next);
        snprintf(line, sizeof(line), "%s", next_heard(ann));
        hears(ann, "PUBACK 1 0x00");
        items += atoi(line + 5);
        if (page == 0)
            sscanf(strstr(line, "next="), "next=%63[^: ]", next);
    }
    assert_null(strstr(line, "next="));
    assert_int_equal(items, A_PAGE + 1); /* and of both channels' alert one */
}

/* A page ends within an entry, at whose very position another channel bore an alert. */
static void it_comes_once_beside_an_entry_that_is_told_in_parts(void **state)
{
    (void)state;
    static const char cells[] = "\"" HERE "\",\"9q8yv\"";
    struct client *ann = ann_with_inbox((struct manner){0});
    char next[64] = "";
    fire('a', 1, true);
    moves("9q8yv", KIND_PERSON, 3);
    appears("9q8yv", 'a', 1, true);
    asks_for(ann, 1, cells, 2, "");
    const char *line = next_heard(ann);
    assert_non_null(strstr(line, ": alert a r1 IN_FORCE, activity PERSON 0"));
    sscanf(strstr(line, "next="), "next=%63[^: ]", next);
    hears(ann, "PUBACK 1 0x00");
    asks_for(ann, 1, cells, 5, next);
    hears(ann, "page 2 complete: activity PERSON 1, activity PERSON 2 *");
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

/* Pages of a query without an end: what was read so far is what a page covers. */
static void asks_on(struct client *ann, unsigned limit, const char *page)
{
    char json[256];
    snprintf(json, sizeof(json), "{\"cells\":[\"" HERE "\"],\"limit\":%u,\"page\":\"%s\"}", limit, page);
    publishes_with(
        ann, "nb/v1/history", 1, 1, json, (struct extras){.response_topic = "nb/v1/inbox/reply/past"});
}

static void a_page_says_what_it_covers(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    char next[64] = "";
    int64_t begin = stage_now();
    moves(HERE, KIND_PERSON, 1);
    passes(1000);
    moves(HERE, KIND_VEHICLE, 1);
    passes(1000);
    asks_on(ann, 1, "");
    const char *line = next_heard(ann);
    assert_int_equal(strncmp(line, "page 1 complete next=", 21), 0);
    sscanf(strstr(line, "next="), "next=%63[^: ]", next);
    hears(ann, "PUBACK 1 0x00");
    assert_int_equal(page_told.from, 0);
    assert_int_equal(page_told.to, begin);
    trimmed(HERE); /* the vehicle was not read yet */
    passes(1000);
    moves(HERE, KIND_ANIMAL, 1);
    asks_on(ann, 10, next);
    hears(ann, "page 1: activity ANIMAL *");
    hears(ann, "PUBACK 1 0x00");
    assert_int_equal(page_told.from, begin);
    assert_int_equal(page_told.to, stage_now());
}

static void what_lies_before_a_page_may_be_trimmed(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    char next[64] = "";
    moves(HERE, KIND_PERSON, 1);
    passes(1000);
    moves(HERE, KIND_VEHICLE, 1);
    asks_on(ann, 1, "");
    const char *line = next_heard(ann);
    sscanf(strstr(line, "next="), "next=%63[^: ]", next);
    hears(ann, "PUBACK 1 0x00");
    asks_on(ann, 1, next);
    hears(ann, "page 1 complete: activity VEHICLE *");
    hears(ann, "PUBACK 1 0x00");
    first_trimmed(HERE, 1);
    asks_on(ann, 1, next);
    hears(ann, "page 1 complete: activity VEHICLE *");
    hears(ann, "PUBACK 1 0x00");
    asks_on(ann, 1, "");
    hears(ann, "page 1: activity VEHICLE *");
}

static void pages_belong_to_their_question(void **state)
{
    (void)state;
    struct client *ann = ann_with_inbox((struct manner){0});
    char next[64] = "", json[256];
    moves(HERE, KIND_PERSON, 3);
    asks_on(ann, 1, "");
    sscanf(strstr(next_heard(ann), "next="), "next=%63[^: ]", next);
    hears(ann, "PUBACK 1 0x00");
    asks_on(ann, 2, next); /* how many a page has may change */
    hears(ann, "page 2 complete: *");
    hears(ann, "PUBACK 1 0x00");
    asks_for(ann, 2, "\"" HERE "\",\"9q8yv\"", 0, next);
    hears(ann, "PUBACK 2 0x99 \"page: not a page of this history\"");
    snprintf(json, sizeof(json), "{\"cells\":[\"" HERE "\"],\"class\":\"area\",\"page\":\"%s\"}", next);
    publishes(ann, "nb/v1/history", 1, 3, json);
    hears(ann, "PUBACK 3 0x99 \"page: not a page of this history\"");
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
#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(the_past_in_order_over_channels),
        STORY(pages_follow_each_other),
        STORY(the_same_state_is_told_once),
        STORY(a_crowded_entry_fits),
        STORY(what_was_trimmed_is_not_called_complete),
        STORY(a_page_is_no_larger_than_the_client_takes),
        STORY(an_item_that_is_too_large_is_left_out),
        STORY(an_alert_of_many_channels_comes_once_over_pages),
        STORY(it_comes_once_however_busy_the_channels_are),
        STORY(it_comes_once_beside_an_entry_that_is_told_in_parts),
        STORY(alerts_of_wide_channels_are_part_of_it),
        STORY(a_page_says_what_it_covers),
        STORY(what_lies_before_a_page_may_be_trimmed),
        STORY(pages_belong_to_their_question),
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
