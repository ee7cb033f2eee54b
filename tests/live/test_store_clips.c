/* Answers to footage requests in the store, against a real Redis: what the agency gets and when, what is
 * forgotten, how a case ends, and that whatever is cut off goes on, once. The group runs twice: the second
 * time against a cluster of one, which refuses a step that touches several slots. */
#include <stdlib.h>

#include "proto/codec.h"
#include "tests/live/store_streets.h"

/* Five households, the agency's desk, and its request 1, which has settled. */
static void a_street_is_asked(struct fixture *f)
{
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
}

/* ---- answers ---- */

static void what_is_shared_comes_with_the_batch(void **state)
{
    struct fixture *f = *state;
    a_street_is_asked(f);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    answers(f, ID("1"), "a", 'x', "SEALED-AGAIN"); /* in its place */
    answers(f, ID("1"), "c", 0, NULL);
    answers(f, ID("1"), "stranger", 'z', "SEALED-Z");
    settles(f);
    assert_int_equal(given(f, NULL), 0);
    next_batch(f);
    assert_int_equal(given(f, NULL), 2);
    assert_int_equal(given(f, "SEALED-AGAIN"), 1);
    assert_int_equal(given(f, "SEALED-B"), 1);
    answers(f, ID("1"), "a", 'x', "SEALED-LATE");
    answers(f, ID("1"), "d", 'w', "SEALED-D");
    next_batch(f);
    assert_int_equal(given(f, NULL), 3);
    assert_int_equal(given(f, "SEALED-D"), 1);
    assert_int_equal(in_redis(f, "SEALED-LATE"), 0);
    opens(f, "agency/police", "second");
    UNTIL(f, on_inbox(f, "agency/police", "second", "footage", "SEALED") == 3);
}

/* All that is in the agency's inbox, with the clock's readings in it. */
static size_t agency_view(struct fixture *f, char *out, size_t size)
{
    redisReply *reply = redisCommand(f->ask.context, "XRANGE nb:{p:agency/police}:in:desk - +");
    size_t len = 0;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *data = reply->element[i]->element[1]->element[1];
        assert_true(len + data->len <= size);
        memcpy(out + len, data->str, data->len);
        len += data->len;
    }
    freeReplyObject(reply);
    return len;
}

static size_t story(struct fixture *f, bool there, bool declines, char *out, size_t size)
{
    fixture_tell(f, "FLUSHDB");
    fixture_store(f);
    fixture_set_now(START);
    street(f, 5);
    if (there) {
        household(f, "more", area[1], ANYBODY);
        moved(f, "more", area[1], FROM, 1000, 7);
        opens(f, "user/more", "phone");
    }
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    if (there)
        answers(f, ID("1"), "more", declines ? 'z' : 0, NULL);
    next_batch(f);
    passes(f, 25 * HOUR);
    return agency_view(f, out, size);
}

static void the_agency_sees_the_same_whoever_is_silent(void **state)
{
    struct fixture *f = *state;
    static char views[3][4096];
    size_t declined = story(f, true, true, views[0], sizeof(views[0]));
    size_t ignored = story(f, true, false, views[1], sizeof(views[1]));
    size_t nobody = story(f, false, false, views[2], sizeof(views[2]));
    assert_true(declined > 0);
    assert_int_equal(declined, ignored);
    assert_int_equal(declined, nobody);
    assert_memory_equal(views[0], views[1], declined);
    assert_memory_equal(views[0], views[2], declined);
}

static void what_is_withdrawn_is_forgotten(void **state)
{
    struct fixture *f = *state;
    a_street_is_asked(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    answers(f, ID("1"), "a", 'x', NULL);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    answers(f, ID("1"), "c", 'z', "SEALED-C");
    assert_int_equal(in_redis(f, "SEALED-A"), 0);
    next_batch(f);
    assert_int_equal(given(f, NULL), 2); /* of A it never hears */
    answers(f, ID("1"), "a", 'y', NULL); /* not its own */
    answers(f, ID("1"), "b", 'y', NULL);
    settles(f);
    assert_int_equal(in_redis(f, "SEALED-B"), 0); /* at once; the agency hears of it with the batch */
    assert_int_equal(given(f, NULL), 1);
    assert_int_equal(given(f, "SEALED-C"), 1);
    next_batch(f);
    assert_int_equal(given(f, NULL), 2);
    assert_int_equal(given(f, ID("y")), 1);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    next_batch(f);
    assert_int_equal(given(f, NULL), 2);
    assert_int_equal(in_redis(f, "SEALED-B"), 0);
}

static void what_has_expired_is_forgotten(void **state)
{
    struct fixture *f = *state;
    a_street_is_asked(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    next_batch(f);
    assert_int_equal(given(f, "SEALED-A"), 1);
    passes(f, 48 * HOUR);
    assert_int_equal(given(f, NULL), 0);
    assert_int_equal(in_redis(f, "SEALED-A"), 0);
    passes(f, 50 * 24 * HOUR);
    assert_int_equal(fixture_number(f, "EXISTS nb:{s05}:footage:" ID("1")), 0);
    assert_int_equal(fixture_number(f, "EXISTS nb:{s05}:asked:" ID("1")), 0);
    assert_int_equal(fixture_number(f, "ZCARD nb:{s05}:footage_due"), 0);
}

static long long left_after_forgetting(struct fixture *f, const char *name)
{
    char command[160];
    snprintf(command, sizeof(command),
        "FCALL nb_footage_forget 1 nb:{s05}:footage:" ID("1") " " ID("1") " %s %lld", name,
        (long long)fixture_now());
    return fixture_number(f, command);
}

static void a_household_that_is_forgotten_takes_its_clips_along(void **state)
{
    struct fixture *f = *state;
    a_street_is_asked(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    next_batch(f);
    answers(f, ID("1"), "a", 'y', "SEALED-MORE");
    assert_int_equal(left_after_forgetting(f, "a"), 1);
    settles(f);
    assert_int_equal(left_after_forgetting(f, "a"), 0);
    assert_int_equal(in_redis(f, "SEALED"), 0);
    assert_int_equal(fixture_number(f, "SISMEMBER nb:{s05}:asked:" ID("1") " a"), 0);
    next_batch(f);
    assert_int_equal(given(f, NULL), 1); /* that it was withdrawn */
    assert_int_equal(given(f, ID("x")), 1);
}

static void after_its_end_nothing_is_taken(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"), .open_for = HOUR);
    settles(f);
    passes(f, HOUR);
    answers(f, ID("1"), "a", 'x', "SEALED-A"); /* the last batch is still to come */
    next_batch(f);
    assert_int_equal(given(f, "SEALED-A"), 1);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    assert_int_equal(in_redis(f, "SEALED-B"), 0);
    answers(f, ID("1"), "a", 'x', NULL); /* a withdrawal is */
    next_batch(f);
    assert_int_equal(in_redis(f, "SEALED-A"), 0);
    assert_int_equal(given(f, ID("x")), 1);
}

/* ---- the end of a case ---- */

struct resolved {
    bool done;
    enum store_status status;
};

static void on_resolved(void *arg, enum store_status status)
{
    *(struct resolved *)arg = (struct resolved){true, status};
}

static enum store_status resolves(struct fixture *f, const char *case_number, const char *id)
{
    struct resolved resolved = {0};
    char ids[1][PUBLIC_ID + 1] = {{0}};
    if (id)
        memcpy(ids[0], id, PUBLIC_ID);
    struct store_resolve resolve = {.agency_tag = TAG,
        .agency = TEXT("agency/police"),
        .officer = TEXT("lee"),
        .case_number = text_of(case_number),
        .outcome = OUTCOME_SOLVED,
        .request_count = id != NULL,
        .request_ids = (const char(*)[PUBLIC_ID + 1]) ids,
        .now = fixture_now()};
    store_resolve(f->store, &resolve, on_resolved, &resolved);
    fixture_until(f, &resolved.done);
    return resolved.status;
}

static void a_closed_case_ends_its_requests(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    REQUEST(ID("2"), .case_number = "case 2");
    settles(f);
    answers(f, ID("1"), "a", 'x', "SEALED-A");
    assert_int_equal(resolves(f, "case 1", ID("2")), STORE_NOT_FOUND);
    assert_int_equal(resolves(f, "case 1", NULL), STORE_OK);
    assert_int_equal(resolves(f, "case 1", NULL), STORE_REPEAT);
    assert_int_equal(resolves(f, "case 9", NULL), STORE_OK);
    settles(f);
    assert_int_equal(on_inbox(f, "user/a", "phone", "footage-request", ID("1")), 1); /* that it ended */
    assert_int_equal(asked(f, "user/a"), 1);                                         /* the other one */
    opens(f, "user/a", "tablet");
    UNTIL(f, on_inbox(f, "user/a", "tablet", "footage-request", NULL) == 2);
    assert_int_equal(on_inbox(f, "user/a", "tablet", "footage-request", "BODY"), 1);
    next_batch(f);
    assert_int_equal(given(f, "SEALED-A"), 1);
    answers(f, ID("1"), "b", 'y', "SEALED-B");
    assert_int_equal(in_redis(f, "SEALED-B"), 0);
}

/* ---- what is cut off ---- */

/* Turns so often, or until all is done. True when it was done. */
static bool turns(struct fixture *f, int count)
{
    for (int i = 0; i < count && !at_rest(f); i++) {
        store_upkeep(f->store, fixture_now());
        store_flush(f->store);
        ev_run(f->loop, EVRUN_ONCE);
    }
    return at_rest(f);
}

/* Another process takes up what this one left, when its claim is over. */
static void dies(struct fixture *f)
{
    fixture_store(f);
    UNTIL(f, f->available);
    fixture_set_now(fixture_now() + CLAIM_MS);
}

static void whatever_is_cut_off_goes_on_once(void **state)
{
    struct fixture *f = *state;
    bool whole = false;
    for (int cut = 1; !whole; cut += 1 + cut / 2) {
        fixture_tell(f, "FLUSHDB");
        fixture_store(f);
        fixture_set_now(START);
        street(f, 20);
        opens(f, "agency/police", "desk");
        f->upkeep = false;
        REQUEST(ID("1"));
        f->upkeep = true;
        whole = turns(f, cut);
        dies(f);
        settles(f);
        for (char c = 'a'; c < 'a' + 20; c++) {
            char user[] = {'u', 's', 'e', 'r', '/', c, 0};
            assert_int_equal(asked(f, user), 1);
        }
        f->upkeep = false;
        for (char c = 'a'; c < 'a' + 20; c++)
            answers(f, ID("1"), (char[]){c, 0}, c, "SEALED");
        fixture_set_now(fixture_now() + BATCH_MS);
        whole = turns(f, cut) && whole;
        f->upkeep = true;
        dies(f);
        settles(f);
        assert_int_equal(given(f, "SEALED"), 20);
        assert_int_equal(given(f, NULL), 20);
        f->upkeep = false;
        answers(f, ID("1"), "a", 'a', NULL);
        whole = turns(f, cut) && whole;
        f->upkeep = true;
        dies(f);
        next_batch(f);
        assert_int_equal(given(f, "SEALED"), 19);
        assert_int_equal(given(f, NULL), 20);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, footage_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_shared_comes_with_the_batch),
        TEST(the_agency_sees_the_same_whoever_is_silent),
        TEST(what_is_withdrawn_is_forgotten),
        TEST(what_has_expired_is_forgotten),
        TEST(a_household_that_is_forgotten_takes_its_clips_along),
        TEST(after_its_end_nothing_is_taken),
        TEST(a_closed_case_ends_its_requests),
        TEST(whatever_is_cut_off_goes_on_once),
    };
    const struct CMUnitTest slots[] = {
        TEST(what_is_withdrawn_is_forgotten),
        TEST(a_household_that_is_forgotten_takes_its_clips_along),
        TEST(a_closed_case_ends_its_requests),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name("slots", slots, fixture_group_cluster, fixture_group_end);
}
