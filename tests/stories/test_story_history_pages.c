/* Stories of the past page by page: each state once, never more than can be held, and each page says what it
 * covers. */
#include <stdlib.h>
#include <string.h>

#include "tests/stories/history_case.h"

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
        if (!goes_on(line, next))
            break;
    }
    assert_int_equal(seen, 7);
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
        bool more = goes_on(line, next);
        hears(ann, "PUBACK 1 0x00");
        if (!more)
            break;
    }
    assert_int_equal(seen, 1203);
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
        bool more = goes_on(line, next);
        hears(ann, "PUBACK 1 0x00");
        if (!more)
            break;
    }
    assert_int_equal(seen, 40);
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
        const char *alert = strstr(line, "alert ");
        if (alert)
            snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%.4s ", alert + 6);
        if (!goes_on(line, next))
            break;
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
            assert_true(goes_on(line, next));
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
    assert_true(goes_on(line, next));
    hears(ann, "PUBACK 1 0x00");
    asks_for(ann, 1, cells, 5, next);
    hears(ann, "page 2 complete: activity PERSON 1, activity PERSON 2 *");
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
    assert_true(goes_on(line, next));
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
    assert_true(goes_on(line, next));
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
    assert_true(goes_on(next_heard(ann), next));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(pages_follow_each_other),
        STORY(a_crowded_entry_fits),
        STORY(a_page_is_no_larger_than_the_client_takes),
        STORY(an_alert_of_many_channels_comes_once_over_pages),
        STORY(it_comes_once_however_busy_the_channels_are),
        STORY(it_comes_once_beside_an_entry_that_is_told_in_parts),
        STORY(a_page_says_what_it_covers),
        STORY(what_lies_before_a_page_may_be_trimmed),
        STORY(pages_belong_to_their_question),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
