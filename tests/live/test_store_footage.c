/* Footage requests in the store, against a real Redis: who is asked and who is not, how many requests there
 * may be, and what the index of whom to ask follows. The group runs twice: the second time against a cluster
 * of one, which refuses a step that touches several slots. */
#include <stdlib.h>

#include "bridge/store_footage_inside.h"
#include "tests/live/store_streets.h"

/* ---- who is asked ---- */

static void asks_whom_it_concerns_and_nobody_else(void **state)
{
    struct fixture *f = *state;
    street(f, 4);
    household(f, "east", area[2], (struct rules){"police", 1 << BURGLARY});
    moved(f, "east", area[2], FROM - 60000, 120000, 7); /* began before and lasted into it */
    opens(f, "user/east", "phone");
    static const struct {
        const char *name, *cell;
        struct rules rules;
        int64_t at;
        uint8_t number;
    } others[] = {
        {"far", "9qh1fzz", {"", 0xffff}, FROM, 7},
        {"early", "9qh1f00", {"", 0xffff}, FROM - 120000, 7},
        {"late", "9qh1f00", {"", 0xffff}, TO + 1000, 7},
        {"shed", "9qh1f00", {"", 0xffff}, FROM, 8}, /* another device of the same household */
        {"theft", "9qh1f00", {"", 1 << THEFT}, FROM, 7},
        {"sheriff", "9qh1f00", {"sheriff", 0xffff}, FROM, 7},
        {"never", "9qh1f00", {"police", 0}, FROM, 7},
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        char user[32];
        snprintf(user, sizeof(user), "user/%s", others[i].name);
        household(f, others[i].name, others[i].cell, others[i].rules);
        moved(f, others[i].name, others[i].cell, others[i].at, 1000, others[i].number);
        opens(f, user, "phone");
    }
    assert_int_equal(REQUEST(ID("1")).status, STORE_OK);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 1);
    assert_int_equal(on_inbox(f, "user/a", "phone", "footage-request", "BODYr\005cam-a"), 1);
    assert_int_equal(asked(f, "user/d"), 1);
    assert_int_equal(on_inbox(f, "user/east", "phone", "footage-request", "BODYr\010cam-east"), 1);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        char user[32];
        snprintf(user, sizeof(user), "user/%s", others[i].name);
        assert_int_equal(asked(f, user), 0);
    }
}

static void long_logs_are_looked_through(void **state)
{
    struct fixture *f = *state;
    street(f, 4);
    for (int i = 0; i < 2; i++) {
        household(f, i ? "hall" : "busy", area[0], ANYBODY);
        opens(f, i ? "user/hall" : "user/busy", "phone");
        for (int n = 0; n < 400; n++) /* of another device of the household */
            moved(f, i ? "hall" : "busy", area[0], FROM + n * 10000, 1000, 8);
    }
    moved(f, "busy", area[0], TO - 60000, 1000, 7); /* the last of all */
    household_since(f, "moved", area[0], ANYBODY, TO);
    opens(f, "user/moved", "phone");
    moved(f, "moved", area[0], FROM, 1000, 7); /* when it was elsewhere */
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(asked(f, "user/busy"), 1);
    assert_int_equal(asked(f, "user/hall"), 0);
    assert_int_equal(asked(f, "user/moved"), 0);
}

static void each_session_has_it_once_whenever_it_comes(void **state)
{
    struct fixture *f = *state;
    bool closed = false;
    street(f, 5);
    uint64_t generation = opens(f, "user/b", "tablet");
    store_session_close(
        f->store, session_of("user/b", "tablet"), generation, 3600, (struct bytes){0}, on_status, &closed);
    fixture_until(f, &closed);
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(on_inbox(f, "user/b", "tablet", "footage-request", "BODY"), 1); /* it was away */
    opens(f, "user/b", "tablet");
    opens(f, "user/b", "watch");
    opens(f, "user/b", "watch");
    UNTIL(f, on_inbox(f, "user/b", "watch", "footage-request", "BODY") == 1);
    passes(f, 1000);
    assert_int_equal(on_inbox(f, "user/b", "tablet", "footage-request", "BODY"), 1);
    assert_int_equal(on_inbox(f, "user/b", "watch", "footage-request", "BODY"), 1);
    assert_int_equal(asked(f, "user/b"), 1);
    fixture_set_now(fixture_now() + 25 * HOUR);
    opens(f, "user/b", "late");
    settles(f);
    assert_int_equal(on_inbox(f, "user/b", "late", "footage-request", "BODY"), 0);
}

static void who_does_not_follow_its_inbox_finds_it_there_later(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    store_board_leave(f->store, session_of("user/c", "phone"));
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(asked(f, "user/c"), 0);
    store_board_follow(f->store, session_of("user/c", "phone"), fixture_now());
    UNTIL(f, asked(f, "user/c") == 1);
}

static void fewer_than_k_means_nobody(void **state)
{
    struct fixture *f = *state;
    street(f, 4);
    opens(f, "agency/police", "desk");
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(asked(f, "user/a"), 0);
    answers(f, ID("1"), "a", 'x', "SEALED");
    assert_int_equal(in_redis(f, "SEALED"), 0);
    next_batch(f);
    assert_int_equal(given(f, NULL), 0);
}

static void who_changed_their_mind_is_not_asked(void **state)
{
    struct fixture *f = *state;
    street(f, 5);
    fixture_tell(f, "HSET nb:{h:b}:settings footage %b", "\0\0\0", (size_t)3);
    REQUEST(ID("1"));
    settles(f);
    assert_int_equal(asked(f, "user/a"), 1);
    assert_int_equal(asked(f, "user/b"), 0);
}

/* ---- limits ---- */

static void counts_requests_of_a_case_and_open_ones(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(REQUEST(ID("1")).status, STORE_OK);
    assert_int_equal(REQUEST(ID("1")).status, STORE_REPEAT);
    assert_int_equal(REQUEST(ID("1"), .digest = "another digest!!").status, STORE_CONFLICT);
    assert_int_equal(REQUEST(ID("2")).status, STORE_OK);
    struct store_footage_result third = REQUEST(ID("3"));
    assert_int_equal(third.status, STORE_LIMITED);
    assert_int_equal(third.limit, STORE_FOOTAGE_PER_CASE);
    struct store_footage_result open = REQUEST(ID("4"), .case_number = "case 2", .most_open = 2);
    assert_int_equal(open.status, STORE_LIMITED);
    assert_int_equal(open.limit, STORE_FOOTAGE_MOST_OPEN);
    assert_int_equal(open.retry_after_ms, 24 * HOUR);
    assert_int_equal(REQUEST(ID("5"), .case_number = "case 2").status, STORE_OK);
    assert_int_equal(fixture_number(f, "XLEN nb:{s05}:acts"), 3);
    passes(f, 25 * HOUR);
    assert_int_equal(REQUEST(ID("6"), .case_number = "case 3", .most_open = 1).status, STORE_OK);
    assert_int_equal(REQUEST(ID("7")).status, STORE_LIMITED); /* ended ones count for their case */
}

/* ---- two requests that are almost the same ---- */

static void almost_the_same_request_asks_the_same(void **state)
{
    struct fixture *f = *state;
    street(f, 6);
    household(f, "next", area[1], ANYBODY);
    moved(f, "next", area[1], FROM, 1000, 7);
    opens(f, "user/next", "phone");
    REQUEST(ID("1"), .cells = area, .cell_count = 1);
    settles(f);
    REQUEST(ID("2"), .cells = area, .cell_count = 2);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 2);
    assert_int_equal(asked(f, "user/next"), 0);
    answers(f, ID("2"), "next", 'x', "SEALED");
    assert_int_equal(in_redis(f, "SEALED"), 0);
    /* Not at the same hours; and of another agency's there is nothing to subtract. */
    REQUEST(ID("3"), .case_number = "case 2", .from = TO + 1, .to = TO + HOUR);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 2);
}

static void almost_nobody_stays_nobody(void **state)
{
    struct fixture *f = *state;
    street(f, 4);
    REQUEST(ID("1"), .cells = area, .cell_count = 1);
    settles(f);
    household(f, "next", area[1], ANYBODY);
    moved(f, "next", area[1], FROM, 1000, 7);
    opens(f, "user/next", "phone");
    REQUEST(ID("2"), .cells = area, .cell_count = 2);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 0);
    assert_int_equal(asked(f, "user/next"), 0);
}

static void what_differs_by_k_is_its_own(void **state)
{
    struct fixture *f = *state;
    char name[] = "v", user[] = "user/v";
    street(f, 5);
    for (char c = 'v'; c <= 'z'; c++) {
        name[0] = user[5] = c;
        household(f, name, area[1], ANYBODY);
        moved(f, name, area[1], FROM, 1000, 7);
        opens(f, user, "phone");
    }
    REQUEST(ID("1"), .cells = area, .cell_count = 1);
    settles(f);
    REQUEST(ID("2"), .cells = area, .cell_count = 2);
    settles(f);
    assert_int_equal(asked(f, "user/a"), 2);
    assert_int_equal(asked(f, "user/v"), 1);
}

/* ---- the index ---- */

static redisReply *index_entry(struct fixture *f, const char *cell)
{
    char region[3], digest[PLACE_DIGEST + 1];
    region_of(cell, region);
    place_digest(f->places, "askable", text_of(cell), digest);
    redisReply *reply = redisCommand(f->ask.context, "HGET nb:{r%s}:askable:%s a", region, digest);
    assert_non_null(reply);
    return reply;
}

static void settled(struct fixture *f)
{
    bool done = false;
    store_settle(f->store, TEXT("a"), on_status, &done);
    fixture_until(f, &done);
}

static void enrolled_at(struct fixture *f, const char *cell)
{
    char region[3], digest[PLACE_DIGEST + 1];
    region_of(cell, region);
    place_digest(f->places, "askable", text_of(cell), digest);
    fixture_tell(f,
        "HSET nb:{p:device/cam-a}:principal household a number 7 since 0 region %s askable_digest %s", region,
        digest);
    settled(f);
}

static void the_index_follows_what_is_decided(void **state)
{
    struct fixture *f = *state;
    UNTIL(f, f->available);
    household(f, "a", area[0], ANYBODY);
    redisReply *wanted = index_entry(f, area[0]);
    fixture_tell(f, "DEL nb:{r00}:none");
    enrolled_at(f, area[0]);
    redisReply *got = index_entry(f, area[0]);
    assert_int_equal(got->len, wanted->len);
    assert_memory_equal(got->str, wanted->str, wanted->len);
    freeReplyObject(got);
    freeReplyObject(wanted);
    enrolled_at(f, area[2]); /* moved */
    wanted = index_entry(f, area[0]);
    assert_int_equal(wanted->type, REDIS_REPLY_NIL);
    freeReplyObject(wanted);
    got = index_entry(f, area[2]);
    assert_int_equal(got->type, REDIS_REPLY_STRING);
    freeReplyObject(got);
    fixture_tell(f, "HSET nb:{h:a}:settings footage %b", "\0\0\0", (size_t)3); /* nobody may ask any more */
    settled(f);
    got = index_entry(f, area[2]);
    assert_int_equal(got->type, REDIS_REPLY_NIL);
    freeReplyObject(got);
    assert_int_equal(fixture_number(f, "EXISTS nb:{h:a}:askable"), 0);
}

/* ---- a Redis that dies while a large cell is looked through ---- */

struct matched {
    bool done;
    enum store_status status;
};

static void on_matched(struct store *store, void *arg, enum store_status status,
    const struct footage_household *households, size_t count)
{
    (void)store;
    (void)households;
    assert_int_equal(count, 0);
    *(struct matched *)arg = (struct matched){true, status};
}

/* So many that nobody may ask. */
static void crowd(struct fixture *f, const char *cell, int count)
{
    char region[3], digest[PLACE_DIGEST + 1];
    region_of(cell, region);
    place_digest(f->places, "askable", text_of(cell), digest);
    fixture_tell(f, "MULTI");
    for (int i = 0; i < count; i++)
        redisAppendCommand(
            f->ask.context, "HSET nb:{r%s}:askable:%s crowd-%d %b", region, digest, i, "\0\0", (size_t)2);
    for (int i = 0; i < count; i++) {
        void *reply = NULL;
        assert_int_equal(redisGetReply(f->ask.context, &reply), REDIS_OK);
        freeReplyObject(reply);
    }
    fixture_tell(f, "EXEC");
}

static long pages_told(struct fixture *f)
{
    redisReply *stats = redisCommand(f->ask.context, "INFO commandstats");
    assert_non_null(stats);
    const char *at = strstr(stats->str, "cmdstat_hscan:calls=");
    long pages = at ? strtol(strchr(at, '=') + 1, NULL, 10) : 0;
    freeReplyObject(stats);
    return pages;
}

/* Its heir has other cursors: who goes on with one would leave some out, and say that nobody was. */
static void a_match_is_not_gone_on_with_at_another_redis(void **state)
{
    enum { CROWD = 12000 };
    struct fixture *f = *state;
    struct matched matched = {0};
    UNTIL(f, f->available);
    crowd(f, area[0], CROWD);
    fixture_tell(f, "CONFIG RESETSTAT");
    footage_match(f->store,
        &(struct footage_query){
            .agency = TEXT("police"), .from = FROM, .to = TO, .cell_count = 1, .cells = area},
        on_matched, &matched);
    UNTIL(f, pages_told(f) >= 2);
    assert_false(matched.done);
    redis_sync_close(&f->ask);
    redis_server_kill(&f->redis);
    assert_true(redis_server_restart(&f->redis));
    assert_true(fixture_ask(f));
    fixture_until(f, &matched.done);
    assert_int_equal(matched.status, STORE_FAILED);
    matched.done = false;
    footage_match(f->store,
        &(struct footage_query){
            .agency = TEXT("police"), .from = FROM, .to = TO, .cell_count = 1, .cells = area},
        on_matched, &matched);
    fixture_until(f, &matched.done);
    assert_int_equal(matched.status, STORE_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, footage_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(asks_whom_it_concerns_and_nobody_else),
        TEST(long_logs_are_looked_through),
        TEST(each_session_has_it_once_whenever_it_comes),
        TEST(who_does_not_follow_its_inbox_finds_it_there_later),
        TEST(fewer_than_k_means_nobody),
        TEST(who_changed_their_mind_is_not_asked),
        TEST(counts_requests_of_a_case_and_open_ones),
        TEST(almost_the_same_request_asks_the_same),
        TEST(almost_nobody_stays_nobody),
        TEST(what_differs_by_k_is_its_own),
        TEST(the_index_follows_what_is_decided),
        TEST(a_match_is_not_gone_on_with_at_another_redis),
    };
    const struct CMUnitTest slots[] = {
        TEST(asks_whom_it_concerns_and_nobody_else),
        TEST(the_index_follows_what_is_decided),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name("slots", slots, fixture_group_cluster, fixture_group_end);
}
