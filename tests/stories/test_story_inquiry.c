/* Stories of those who ask without following: what is in force and happened at a place, from the same
 * channels and by the same shapes as a follower gets it; over what the store loses, and when it answers
 * nothing. */
#include <stdlib.h>
#include <string.h>

#include "broker/inquiry.h"
#include "tests/stories/stage.h"

/* What was answered, in words: "a r1, activity PERSON 9q8yyk complete". */
static struct heard {
    int count;
    char line[1024];
    char cursor[8][64];
    size_t cursor_count;
} heard;

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
    va_list list;
    size_t len = strlen(heard.line);
    va_start(list, format);
    vsnprintf(heard.line + len, sizeof heard.line - len, format, list);
    va_end(list);
}

static void answered(void *arg, const struct inquiry_answer *answer)
{
    assert_ptr_equal(arg, &heard);
    heard.count++;
    heard.line[0] = 0;
    for (size_t i = 0; i < answer->alert_count; i++)
        note("%c r%u, ", answer->alerts[i]->key.public_id[0], answer->alerts[i]->key.revision);
    size_t shown = answer->activity_count < 4 ? answer->activity_count : 4;
    for (size_t i = 0; i < shown; i++)
        note("%s, ", motion_kind_name(answer->activities[i].activity.kind));
    if (answer->activity_count > shown)
        note("%zu activities, ", answer->activity_count);
    note("%s", answer->failed ? "failed" : answer->complete ? "complete" : "not complete");
    heard.cursor_count = answer->cursor_count;
    for (size_t i = 0; i < answer->cursor_count && i < 8; i++)
        snprintf(heard.cursor[i], sizeof heard.cursor[i], "%.*s", (int)answer->cursors[i].cursor.len,
            answer->cursors[i].cursor.data);
}

static bool asks(const struct inquiry_question *question, struct refusal *refusal)
{
    return broker_inquire(stage.broker, question, answered, &heard, refusal);
}

static void asks_near(uint32_t metres, int64_t since, const char *cursor)
{
    struct refusal refusal = {0};
    struct channel_cursor behind = {TEXT(HERE), cursor ? text_of(cursor) : (struct text){0}};
    struct inquiry_question question = {.place = {.near = TEXT(HERE_LEAF), .metres = metres}, .since = since};
    if (cursor) {
        question.cursors = &behind;
        question.cursor_count = 1;
    }
    assert_true(asks(&question, &refusal));
}

static void asks_cell(const char *cell)
{
    struct refusal refusal = {0};
    struct text cells[] = {text_of(cell), text_of(cell)}; /* named twice, told once */
    assert_true(asks(&(struct inquiry_question){.place = {.cell_count = 2, .cells = cells}}, &refusal));
}

static void gets(const char *line)
{
    int before = heard.count;
    settle();
    assert_int_equal(heard.count, before + 1);
    assert_string_equal(heard.line, line);
}

static void fire(char id, uint32_t revision, const char *leaf, uint32_t radius_m, bool in_force)
{
    alert_is(id, revision, CATEGORY_FIRE, leaf, radius_m, in_force);
    appears(HERE, id, revision, in_force);
}

static int begin(void **state)
{
    heard = (struct heard){0};
    return stage_begin(state);
}

static void what_is_in_force_by_its_shape(void **state)
{
    (void)state;
    fire('a', 1, HERE_LEAF, 100, true);
    fire('b', 1, "9q8yy2", 50, true); /* in the same channel, kilometres away */
    fire('c', 1, HERE_LEAF, 100, true);
    fire('c', 2, HERE_LEAF, 100, false);
    asks_near(400, 0, NULL);
    gets("a r1, complete");
    asks_near(8000, 0, NULL);
    gets("a r1, b r1, complete");
    asks_cell("9q8yy2");
    gets("b r1, complete");
    asks_cell(HERE);
    gets("a r1, b r1, complete");
}

static void only_what_is_for_the_public(void **state)
{
    (void)state;
    for (int status = 0; status <= STATUS_DRAFT; status++) {
        struct alert alert = {.category = CATEGORY_FIRE,
            .sender_kind = SENDER_AGENCY,
            .status = (uint8_t)status,
            .headline = TEXT("x"),
            .place = {.kind = PLACE_POINT, .center = centre_of(HERE_LEAF)}};
        alert_says((char)('a' + status), 1, &alert, (struct beside){0}, true);
        appears(HERE, (char)('a' + status), 1, true);
    }
    asks_cell(HERE_LEAF);
    gets("a r1, b r1, complete"); /* not told, and Actual */
}

static void of_an_alert_its_newest_revision(void **state)
{
    (void)state;
    alert_is('a', 1, CATEGORY_FIRE, HERE_LEAF, 100, true);
    alert_is('a', 2, CATEGORY_FIRE, "9q8yy2", 50, true);
    appears("9q8y", 'a', 1, true); /* the coarse channel is behind */
    appears(HERE, 'a', 2, true);
    asks_near(400, 0, NULL);
    gets("complete");
    asks_cell("9q8yy2");
    gets("a r2, complete");
}

static void activity_and_what_came_since(void **state)
{
    (void)state;
    moves(HERE, KIND_PERSON, 1);
    passes(10000);
    int64_t now = stage_now();
    moves(HERE, KIND_VEHICLE, 2);
    asks_near(8000, 1, NULL);
    gets("PERSON, VEHICLE, VEHICLE, complete");
    char cursor[64];
    assert_true(heard.cursor_count >= 1);
    asks_near(8000, now, NULL);
    gets("VEHICLE, VEHICLE, complete");
    asks_cell(HERE);
    settle();
    assert_int_equal(heard.cursor_count, 1);
    snprintf(cursor, sizeof cursor, "%s", heard.cursor[0]);
    asks_near(8000, 1, cursor);
    gets("complete");
    moves(HERE, KIND_ANIMAL, 1);
    asks_near(8000, 1, cursor);
    gets("ANIMAL, complete");
}

static void what_is_too_much_comes_with_the_next_question(void **state)
{
    (void)state;
    struct refusal refusal = {0};
    struct text cell = TEXT(HERE);
    char cursor[64];
    moves(HERE, KIND_PERSON, INQUIRY_ACTIVITIES + 7);
    asks_cell(HERE);
    gets("PERSON, PERSON, PERSON, PERSON, 2000 activities, not complete");
    snprintf(cursor, sizeof cursor, "%s", heard.cursor[0]);
    struct channel_cursor behind = {TEXT(HERE), text_of(cursor)};
    struct inquiry_question question = {
        .place = {.cell_count = 1, .cells = &cell}, .cursor_count = 1, .cursors = &behind};
    assert_true(asks(&question, &refusal));
    gets("PERSON, PERSON, PERSON, PERSON, 7 activities, complete");
}

static void what_was_trimmed_is_no_secret(void **state)
{
    (void)state;
    moves(HERE, KIND_PERSON, 1);
    trimmed(HERE);
    moves(HERE, KIND_VEHICLE, 1);
    asks_near(8000, 1, NULL);
    gets("VEHICLE, not complete");
    asks_near(8000, stage_now() + 1, NULL);
    gets("complete");
}

static void a_cursor_of_before_the_backup_tells_again(void **state)
{
    (void)state;
    char cursor[64];
    moves(HERE, KIND_PERSON, 1);
    moves(HERE, KIND_VEHICLE, 1);
    asks_cell(HERE);
    settle();
    snprintf(cursor, sizeof cursor, "%s", heard.cursor[0]);
    restored(HERE, 1);
    asks_near(8000, 1, cursor);
    gets("PERSON, complete");
}

static void the_store_fails(void **state)
{
    (void)state;
    fire('a', 1, HERE_LEAF, 100, true);
    will_answer(CALL_STATE, STORE_FAILED);
    asks_near(400, 0, NULL);
    gets("failed");
    will_answer(CALL_READ, STORE_FAILED);
    asks_near(400, 0, NULL);
    gets("failed");
    will_answer(CALL_LOAD, STORE_FAILED); /* it is loaded again */
    asks_near(400, 0, NULL);
    settle();
    passes(2000);
    assert_string_equal(heard.line, "a r1, complete");
    assert_int_equal(heard.count, 3);
}

static void alerts_are_waited_for(void **state)
{
    (void)state;
    holds(CALL_LOAD);
    fire('a', 1, HERE_LEAF, 100, true);
    fire('b', 1, HERE_LEAF, 100, true);
    asks_near(400, 0, NULL);
    asks_near(400, 0, NULL);
    settle();
    assert_int_equal(heard.count, 0);
    assert_int_equal(waiting(CALL_LOAD), 2); /* once for both who asked */
    answers(CALL_LOAD, 1, STORE_OK);
    settle();
    assert_int_equal(heard.count, 0);
    answers(CALL_LOAD, 0, STORE_NOT_FOUND);
    settle();
    assert_int_equal(heard.count, 2);
    assert_string_equal(heard.line, "b r1, complete");
}

static void the_process_ends_before_the_answer(void **state)
{
    (void)state;
    fire('a', 1, HERE_LEAF, 100, true);
    holds(CALL_LOAD);
    asks_near(400, 0, NULL);
    settle();
    holds(CALL_STATE);
    asks_near(400, 0, NULL);
    settle();
    stage_strike();
    assert_int_equal(heard.count, 2);
    assert_string_equal(heard.line, "failed");
}

static void questions_that_break_a_rule(void **state)
{
    (void)state;
    struct text many[INQUIRY_CELLS + 1], wide[20];
    static const char alphabet[] = "0123456789bcdefghjkmnp";
    static char names[20][5];
    for (size_t i = 0; i < INQUIRY_CELLS + 1; i++)
        many[i] = TEXT(HERE);
    for (size_t i = 0; i < 20; i++) {
        snprintf(names[i], sizeof names[i], "9q8%c", alphabet[i]);
        wide[i] = text_of(names[i]);
    }
    struct channel_cursor foreign = {TEXT(HERE), TEXT("AAAAAAAAAAAAAAAAAAAAAA")};
    struct text here = TEXT(HERE), coarse = TEXT("9q8"), evil = TEXT("9q8yy/#"), odd = TEXT("9q8ya");
    const struct inquiry_question questions[] = {{.since = 1}, {.place = {.near = TEXT(HERE), .metres = 400}},
        {.place = {.near = TEXT(HERE_LEAF), .metres = 401}},
        {.place = {.near = TEXT("9q8yy/"), .metres = 400}},
        {.place = {.near = TEXT(HERE_LEAF), .metres = 400, .cell_count = 1, .cells = &here}},
        {.place = {.cell_count = INQUIRY_CELLS + 1, .cells = many}},
        {.place = {.cell_count = 20, .cells = wide}}, {.place = {.cell_count = 1, .cells = &coarse}},
        {.place = {.cell_count = 1, .cells = &evil}}, {.place = {.cell_count = 1, .cells = &odd}},
        {.place = {.cell_count = 1, .cells = &here}, .cursor_count = 1, .cursors = &foreign}};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        struct refusal refusal = {0};
        assert_false(asks(&questions[i], &refusal));
        assert_int_equal(refusal.code, REASON_BAD_PAYLOAD);
        assert_true(refusal.field && *refusal.field && refusal.rule && *refusal.rule);
    }
    settle();
    assert_int_equal(heard.count, 0);
    assert_int_equal(calls(CALL_STATE), 0);
}

static void so_many_at_once(void **state)
{
    (void)state;
    struct refusal refusal = {0};
    struct text here = TEXT(HERE);
    struct inquiry_question question = {.place = {.cell_count = 1, .cells = &here}};
    int taken = 0;
    holds(CALL_STATE);
    while (taken < 1000 && asks(&question, &refusal))
        taken++;
    assert_int_equal(taken, 64);
    assert_int_equal(refusal.code, REASON_QUOTA_EXCEEDED);
    assert_true(refusal.retry_after_s > 0);
    lets_go(CALL_STATE);
    settle();
    assert_int_equal(heard.count, taken);
    assert_true(asks(&question, &refusal));
    settle();
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(what_is_in_force_by_its_shape),
        STORY(only_what_is_for_the_public),
        STORY(of_an_alert_its_newest_revision),
        STORY(activity_and_what_came_since),
        STORY(what_is_too_much_comes_with_the_next_question),
        STORY(what_was_trimmed_is_no_secret),
        STORY(a_cursor_of_before_the_backup_tells_again),
        STORY(the_store_fails),
        STORY(alerts_are_waited_for),
        STORY(the_process_ends_before_the_answer),
        STORY(questions_that_break_a_rule),
        STORY(so_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
