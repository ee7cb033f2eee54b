/* Residents' reports of the same thing in the store, against a real Redis: they become one alert, in whatever
 * order and however often they are sent. */
#include <stdlib.h>

#include "bridge/store_inside.h"
#include "tests/live/store_reports.h"

/* ---- what merges ---- */

static void reports_of_the_same_thing_become_one(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    expect_alone(tell(f, REPORT(A, "user/ann", .cell = 'a')), A);
    expect_part(tell(f, REPORT(B, "user/bob", .cell = 'b', .tag = 3)), STORE_OK, A, 2);
    expect_state(f, A, 2, 2, SEVERITY_MODERATE, A);
    expect_part(
        tell(f, REPORT(C, "user/cid", .cell = 'a', .tag = 5, .severity = SEVERITY_SEVERE)), STORE_OK, A, 3);
    expect_state(f, A, 3, 3, SEVERITY_SEVERE, A);
    assert_int_equal(load(f, A, 1).record.merged, 1);
    assert_int_equal(load(f, A, 1).record.severity, SEVERITY_MODERATE);
    expect_part(tell(f, REPORT(D, "user/dan", .tag = 9, .severity = SEVERITY_MINOR)), STORE_OK, A, 4);
    expect_state(f, A, 4, 4, SEVERITY_SEVERE, A);
    assert_int_equal(load_of(f, 3, B, 0).record.status, STORE_NOT_FOUND);
    until_history(f, "c:9qh1f", "a1+ a2+ a3+ a4+");
    assert_int_equal(state_of(f, "c:9qh1f").state.alert_count, 1);
}

static void what_is_far_late_ones_own_or_over_stands_alone(void **state)
{
    struct fixture *f = *state;
    expect_alone(tell(f, REPORT(A, "user/ann", .cell = 'a', .expires = START + 3600000)), A);
    expect_alone(tell(f, REPORT(B, "user/bob", .cell = 'c', .tag = 3)), B);
    expect_alone(tell(f, REPORT(C, "user/ann", .cell = 'a')), C);
    /* One's second report in the same incident neither. */
    expect_part(tell(f, REPORT(ID("7"), "user/eve", .cell = 'a', .tag = 9)), STORE_OK, A, 2);
    fixture_set_now(START + 1);
    expect_part(tell(f, REPORT(ID("8"), "user/eve", .cell = 'a', .tag = 9)), STORE_OK, C, 2);
    expect_alone(tell(f, REPORT(ID("9"), "user/eve", .cell = 'a', .tag = 9)), ID("9"));
    fixture_set_now(START + 600002);
    expect_alone(tell(f, REPORT(D, "user/dan", .cell = 'a', .tag = 5, .expires = START + 3600000)), D);
    say(f, CANCEL(E, D, BY("user/dan", 5)));
    expect_alone(tell(f, REPORT(F, "user/fay", .cell = 'a', .tag = 6, .expires = START + 3600000)), F);
}

static void regions_and_tags_do_not_part_them(void **state)
{
    struct fixture *f = *state;
    expect_alone(tell(f, REPORT(A, "user/ann", .cell = 'd', .tag = 1)), A);
    expect_part(tell(f, REPORT(B, "user/bob", .cell = 'e', .tag = 2)), STORE_OK, A, 2);
    expect_alone(tell(f, REPORT(C, "user/cid", .cell = 'i', .tag = 3)), C);
    expect_part(tell(f, REPORT(D, "user/dan", .cell = 'h', .tag = 3)), STORE_OK, C, 2);
}

static void another_category_or_an_agency_is_another_thing(void **state)
{
    struct fixture *f = *state;
    expect_alone(tell(f, REPORT(A, "user/ann")), A);
    say(f, NEW(B, .others = {.sender = TEXT("agency/police"), .agency = true}));
    /* A token holds the category, so another category has others. */
    expect_alone(tell(f, REPORT(C, "user/cid", .cell = 'p')), C);
}

static void of_many_at_once_one_is_left(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 12 };
    struct store *other = fixture_other_store(f, "other");
    static struct reported reports[MANY];
    char ids[MANY][PUBLIC_ID + 1], senders[MANY][16];
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%024x", (i * 7 + 3) % MANY + 1);
        snprintf(senders[i], sizeof(senders[i]), "user/u%d", i);
        begin_report(i % 2 ? other : f->store, &reports[i],
            REPORT(ids[i], senders[i], .cell = i % 3 ? 'd' : 'e', .tag = (uint8_t)(1 + i)));
    }
    for (int i = 0; i < MANY; i++)
        UNTIL(f, reports[i].answer.done);
    int alone = 0;
    struct record record = {0};
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(reports[i].answer.result.status, STORE_OK);
        if (reports[i].answer.result.merged)
            continue;
        alone++;
        record = load_of(f, (uint8_t)(1 + i), ids[i], 0);
    }
    assert_int_equal(alone, 1);
    assert_int_equal(record.record.merged, MANY);
    store_free(other);
}

/* ---- repeats, and what was left half-done ---- */

static void a_part_is_told_again_without_counting(void **state)
{
    struct fixture *f = *state;
    tell(f, REPORT(A, "user/ann"));
    tell(f, REPORT(B, "user/bob", .tag = 3));
    expect_part(tell(f, REPORT(B, "user/bob", .tag = 3)), STORE_REPEAT, A, 2);
    assert_int_equal(tell(f, REPORT(B, "user/bob", .tag = 3, .body = "other")).status, STORE_CONFLICT);
    expect(tell(f, REPORT(A, "user/ann")), STORE_REPEAT, A, 1);
    expect_state(f, A, 2, 2, SEVERITY_MODERATE, A);
    fixture_set_now(START + 70000);
    expect_part(tell(f, REPORT(B, "user/bob", .tag = 3, .only_known = true)), STORE_REPEAT, A, 2);
    assert_int_equal(tell(f, REPORT(C, "user/bob", .tag = 3, .only_known = true)).status, STORE_ENDED);
    assert_int_equal(load_of(f, 3, C, 0).record.status, STORE_NOT_FOUND);
}

/* B is to be a part of A; and is, when there is a revision. */
static void note_part(struct fixture *f, uint8_t revision)
{
    uint8_t alias[45] = A; /* the alert, the report's digest, the revision, the alert's tag */
    memcpy(alias + 24, B, 15);
    memcpy(alias + 40, "\0\0\0\0\21", 5);
    alias[43] = revision;
    fixture_tell(f, "SET nb:{s03}:alias:" B " %b", alias, sizeof(alias));
}

/* What a process leaves that is gone between noting whose part the report is and making it one. */
static void leave_intent(struct fixture *f)
{
    note_part(f, 0);
}

static void what_was_to_be_a_part_becomes_one_later(void **state)
{
    struct fixture *f = *state;
    tell(f, REPORT(A, "user/ann"));
    leave_intent(f);
    expect_part(tell(f, REPORT(B, "user/bob", .tag = 3)), STORE_OK, A, 2);
    expect_part(tell(f, REPORT(B, "user/bob", .tag = 3)), STORE_REPEAT, A, 2);
    expect_state(f, A, 2, 2, SEVERITY_MODERATE, A);
}

static void what_was_to_be_a_part_of_what_is_gone_stands_alone(void **state)
{
    struct fixture *f = *state;
    leave_intent(f);
    tell(f, REPORT(A, "user/ann"));
    say(f, CANCEL(D, A, BY("user/ann", TAG)));
    expect_alone(tell(f, REPORT(B, "user/bob", .tag = 3)), B);
    expect(tell(f, REPORT(B, "user/bob", .tag = 3)), STORE_REPEAT, B, 1);
}

/* One left itself where others look, and its process was gone before it was stored. */
static void one_that_never_came_keeps_nobody(void **state)
{
    struct fixture *f = *state;
    struct reported lost;
    struct store *silent = fixture_other_store(f, "silent");
    begin_report(silent, &lost, REPORT(A, "user/ann"));
    UNTIL(f, fixture_number(f, "KEYS nb:{*}:near:*") == 1);
    store_free(silent);
    fixture_number(f, "DEL nb:{s11}:alert:" A);
    expect_alone(tell(f, REPORT(B, "user/bob", .tag = 3)), B);
    /* It comes again, and is part of the other. */
    expect_part(tell(f, REPORT(A, "user/ann")), STORE_OK, B, 2);
}

static redisReply *near_key(struct fixture *f)
{
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{*}:near:*");
    assert_non_null(keys);
    assert_int_equal(keys->elements, 1);
    return keys;
}

/* Whom it saw became part of one that it did not see: that one was left where others look behind its look. */
static void who_was_waited_for_may_be_part_of_another(void **state)
{
    struct fixture *f = *state;
    struct reported slow, report;
    struct store *silent = fixture_other_store(f, "silent");
    tell(f, REPORT(A, "user/ann"));
    redisReply *keys = near_key(f);
    const char *near = keys->element[0]->str;
    redisReply *unseen = redis_ask(&f->ask, "GETDEL %s", near);
    assert_int_equal(unseen->type, REDIS_REPLY_STRING);
    begin_report(silent, &slow, REPORT(B, "user/bob", .tag = 3));
    UNTIL(f, fixture_number(f, "KEYS nb:{*}:near:*") == 1);
    store_free(silent);
    fixture_number(f, "DEL nb:{s03}:alert:" B);
    begin_report(f->store, &report, REPORT(C, "user/cid", .tag = 5));
    UNTIL(f, f->store->late_reports);
    fixture_tell(f, "APPEND %s %b", near, unseen->str, (size_t)unseen->len);
    note_part(f, 2);
    UNTIL(f, report.answer.done);
    expect_part(report.answer.result, STORE_OK, A, 2);
    freeReplyObject(unseen);
    freeReplyObject(keys);
}

static void a_lost_connection_loses_and_doubles_none(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 20 };
    static struct reported reports[MANY];
    char ids[MANY][PUBLIC_ID + 1], senders[MANY][16];
    f->upkeep = true;
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%024x", i + 1);
        snprintf(senders[i], sizeof(senders[i]), "user/u%d", i);
        begin_report(f->store, &reports[i], REPORT(ids[i], senders[i], .tag = (uint8_t)(1 + i)));
        store_flush(f->store);
        if (i % 4 == 3)
            assert_true(redis_tell(&f->ask, "CLIENT KILL TYPE normal SKIPME yes"));
    }
    for (int i = 0; i < MANY; i++)
        UNTIL(f, reports[i].answer.done);
    unsigned alone = 0, parts = 0;
    for (int i = 0; i < MANY; i++) {
        enum store_status status = reports[i].answer.result.status;
        assert_true(status == STORE_OK || status == STORE_REPEAT);
        if (reports[i].answer.result.merged)
            continue;
        alone++;
        parts += load_of(f, (uint8_t)(1 + i), ids[i], 0).record.merged;
    }
    assert_int_equal(alone, 1);
    assert_int_equal(parts, MANY);
}

static void a_killed_redis_loses_and_doubles_none(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 12 };
    static struct reported reports[MANY];
    char ids[MANY][PUBLIC_ID + 1], senders[MANY][16];
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%024x", i + 1);
        snprintf(senders[i], sizeof(senders[i]), "user/u%d", i);
        begin_report(f->store, &reports[i],
            REPORT(ids[i], senders[i], .cell = i % 2 ? 'd' : 'e', .tag = (uint8_t)(1 + i)));
        if (i == 2)
            UNTIL(f, reports[0].answer.done); /* the others are on their way */
    }
    store_flush(f->store);
    redis_server_kill(&f->redis);
    assert_true(redis_server_restart(&f->redis));
    for (int i = 0; i < MANY; i++)
        UNTIL(f, reports[i].answer.done);
    unsigned parts = 0;
    for (int i = 0; i < MANY; i++)
        if (!reports[i].answer.result.merged)
            parts += load_of(f, (uint8_t)(1 + i), ids[i], 0).record.merged;
    assert_int_equal(parts, MANY);
}

/* ---- limits ---- */

static void senders_and_cells_are_limited(void **state)
{
    struct fixture *f = *state;
    expect_alone(tell(f, REPORT(A, "user/ann", .cell = 'a', .limit = 1, .cell_limit = 2)), A);
    struct store_alert_result result = tell(f, REPORT(B, "user/ann", .cell = 'c', .limit = 1));
    assert_int_equal(result.status, STORE_LIMITED);
    assert_int_equal(result.retry_after_ms, 3600000);
    expect(tell(f, REPORT(A, "user/ann", .cell = 'a', .limit = 1)), STORE_REPEAT, A, 1);

    fixture_set_now(START + 1000);
    expect_alone(tell(f, REPORT(C, "user/cid", .cell = 'c', .tag = 3, .cell_limit = 2)), C);
    result = tell(f, REPORT(D, "user/dan", .cell = 'c', .tag = 5, .cell_limit = 2));
    assert_int_equal(result.status, STORE_LIMITED);
    assert_int_equal(result.retry_after_ms, 3599000);
    assert_int_equal(load_of(f, 5, D, 0).record.status, STORE_NOT_FOUND);
    expect(tell(f, REPORT(C, "user/cid", .cell = 'c', .tag = 3, .cell_limit = 2)), STORE_REPEAT, C, 1);
    expect(say(f, CANCEL(E, C, BY("user/cid", 3))), STORE_OK, C, 2);
    expect_alone(tell(f, REPORT(F, "user/fay", .cell = 'f', .tag = 6, .cell_limit = 2)), F);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reports_of_the_same_thing_become_one),
        TEST(what_is_far_late_ones_own_or_over_stands_alone),
        TEST(regions_and_tags_do_not_part_them),
        TEST(another_category_or_an_agency_is_another_thing),
        TEST(of_many_at_once_one_is_left),
        TEST(a_part_is_told_again_without_counting),
        TEST(what_was_to_be_a_part_becomes_one_later),
        TEST(what_was_to_be_a_part_of_what_is_gone_stands_alone),
        TEST(one_that_never_came_keeps_nobody),
        TEST(who_was_waited_for_may_be_part_of_another),
        TEST(a_lost_connection_loses_and_doubles_none),
        TEST(a_killed_redis_loses_and_doubles_none),
        TEST(senders_and_cells_are_limited),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
}
