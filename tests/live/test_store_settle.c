/* A household is settled in steps, in a cluster as on one Redis: whoever dies between two of them is finished
 * by upkeep, whoever comes late does no harm, and what is withdrawn is withdrawn first. */
#include <stdlib.h>

#include "bridge/settle.h"
#include "bridge/sharing_index.h"
#include "bridge/store_household.h"
#include "bridge/store_verification.h"
#include "tests/live/store_fixture.h"

#define HERE "9qh1f5"
#define THERE "u4pruy"

static void digest_of(struct fixture *f, const char *leaf, char out[PLACE_DIGEST + 1])
{
    place_digest(f->places, "sharers", text_of(leaf), out);
}

static void anybody_may_ask(struct fixture *f)
{
    static const struct bytes words[] = {{(const uint8_t *)"HSET", 4},
        {(const uint8_t *)"nb:{h:h1}:settings", 18}, {(const uint8_t *)"footage", 7},
        {(const uint8_t *)"\0\377\377", 3}};
    freeReplyObject(redis_ask_words(&f->ask, words, 4));
}

/* The camera is there, and may be asked in the same cell. */
static void lives(struct fixture *f, const char *device, const char *leaf)
{
    char digest[PLACE_DIGEST + 1];
    digest_of(f, leaf, digest);
    assert_true(
        redis_tell(&f->ask,
            "HSET nb:{p:device/%s}:principal household h1 number 1 since 5 share 4 enrolled 1 region %02x "
            "leaf_digest %s askable_digest %s",
            device, (unsigned)sharing_region(leaf), digest, digest) &&
        redis_tell(&f->ask, "SADD nb:{h:h1}:members device/%s", device) &&
        redis_tell(&f->ask, "HSET nb:{h:h1}:household verified 1000"));
    anybody_may_ask(f);
}

/* One step of a settling; false: it is over. */
static bool step(struct fixture *f, struct settle *settle)
{
    struct command *commands;
    size_t count = settle_next(settle, &commands);
    redisReply **replies = calloc(count + 1, sizeof *replies);
    assert_non_null(replies);
    assert_true(redis_ask_all(&f->ask, commands, count, replies));
    if (count)
        settle_take(settle, replies);
    for (size_t i = 0; i < count; i++)
        freeReplyObject(replies[i]);
    free(replies);
    return count > 0;
}

static void settles(struct fixture *f)
{
    if (!sharing_index_refresh(&f->ask, "h1"))
        fail_msg("%s", f->ask.error);
}

static long long number_of(redisReply *reply)
{
    assert_non_null(reply);
    long long number = reply->integer;
    freeReplyObject(reply);
    return number;
}

/* In how many indexes of the cell the household stands: what it shares, that it counts, whom one may ask. */
static int stands(struct fixture *f, const char *leaf)
{
    char digest[PLACE_DIGEST + 1];
    unsigned region = sharing_region(leaf);
    digest_of(f, leaf, digest);
    return (int)(number_of(redis_ask(&f->ask, "HEXISTS nb:{r%02x}:share h1", region)) +
                 number_of(redis_ask(&f->ask, "ZCARD nb:{r%02x}:sharers:%s", region, digest)) +
                 number_of(redis_ask(&f->ask, "HEXISTS nb:{r%02x}:askable:%s h1", region, digest)));
}

static void notes(struct fixture *f, char note[SHARING_NOTE])
{
    assert_true(sharing_index_note(&f->ask, "h1", note));
}

/* The note is old enough to be seen to. */
static void is_left_behind(struct fixture *f, const char *entry)
{
    unsigned tag = hash_of("h1", 2) % UNSETTLED_TAGS;
    assert_int_equal(number_of(redis_ask(&f->ask, "ZADD nb:{u%02x}:unsettled XX CH 1 %s", tag, entry)), 1);
}

static long long noted(struct fixture *f)
{
    return number_of(
        redis_ask(&f->ask, "ZCARD nb:{u%02x}:unsettled", (unsigned)(hash_of("h1", 2) % UNSETTLED_TAGS)));
}

static void whoever_dies_is_finished(void **state)
{
    struct fixture *f = *state;
    enum { STEPS = 6 }; /* begin, read, write, withdraw, grant, end */
    UNTIL(f, f->available);
    for (int done = 0; done <= STEPS; done++) {
        char note[SHARING_NOTE], entry[SHARING_NOTE + 8];
        f->upkeep = false;
        lives(f, "cam", HERE);
        settles(f);
        assert_int_equal(stands(f, HERE), 3);
        assert_int_equal(stands(f, THERE), 0);
        notes(f, note);
        lives(f, "cam", THERE);
        struct settle *settle = settle_new(TEXT("h1"));
        for (int i = 0; i < done; i++)
            assert_true(step(f, settle));
        settle_free(settle);
        snprintf(entry, sizeof entry, "%s h1", note);
        is_left_behind(f, entry);
        f->store->settle.tag = hash_of("h1", 2) % UNSETTLED_TAGS; /* it is that one's turn */
        f->store->settle.due = 0;
        f->upkeep = true;
        UNTIL(f, noted(f) == 0);
        assert_int_equal(stands(f, HERE), 0);
        assert_int_equal(stands(f, THERE), 3);
        assert_int_equal(fixture_number(f, "SCARD nb:{h:h1}:leaves"), 1);
        assert_int_equal(fixture_number(f, "SCARD nb:{h:h1}:askable"), 1);
        assert_true(redis_tell(&f->ask, "HDEL nb:{p:device/cam}:principal verified"));
    }
    assert_int_equal(store_counters(f->store)->households_resettled, STEPS + 1);
}

/* One of them twice, as a look through all keys may find it. */
static void several_settle_side_by_side(void **state)
{
    struct fixture *f = *state;
    const struct text names[] = {TEXT("h1"), TEXT("nobody"), TEXT("h1")};
    UNTIL(f, f->available);
    f->upkeep = false;
    lives(f, "cam", HERE);
    if (!sharing_index_refresh_all(&f->ask, names, 3))
        fail_msg("%s", f->ask.error);
    assert_int_equal(stands(f, HERE), 3);
    assert_true(redis_tell(&f->ask, "SREM nb:{h:h1}:members device/cam"));
    if (!sharing_index_refresh_all(&f->ask, names, 3))
        fail_msg("%s", f->ask.error);
    assert_int_equal(stands(f, HERE), 0);
    assert_true(sharing_index_refresh_all(&f->ask, NULL, 0));
}

static void whoever_comes_late_does_no_harm(void **state)
{
    struct fixture *f = *state;
    UNTIL(f, f->available);
    for (int done = 1; done <= 4; done++) { /* as long as there is something to write */
        lives(f, "cam", HERE);
        struct settle *late = settle_new(TEXT("h1"));
        for (int i = 0; i < done; i++)
            assert_true(step(f, late));
        assert_true(redis_tell(&f->ask, "HSET nb:{p:device/cam}:principal revoked 1"));
        settles(f);
        assert_int_equal(stands(f, HERE), 0);
        while (step(f, late))
            ;
        assert_true(settle_done(late)); /* by the other one */
        settle_free(late);
        assert_int_equal(stands(f, HERE), 0);
        assert_int_equal(fixture_number(f, "EXISTS nb:{h:h1}:leaves nb:{h:h1}:askable"), 0);
        assert_true(redis_tell(&f->ask, "HDEL nb:{p:device/cam}:principal revoked"));
    }
    /* What was begun a minute ago is nothing any more, whatever the region had since. */
    assert_int_equal(
        number_of(redis_ask(&f->ask, "FCALL nb_settle_region 1 nb:{r00}:share h9 1 %s 1000 0 0 0 0", "4 1")),
        STORE_FENCED);
    assert_int_equal(fixture_number(f, "EXISTS nb:{r00}:share"), 0);
}

static void what_is_withdrawn_is_withdrawn_first(void **state)
{
    struct fixture *f = *state;
    UNTIL(f, f->available);
    lives(f, "cam", HERE);
    settles(f);
    lives(f, "cam", THERE);
    struct settle *settle = settle_new(TEXT("h1"));
    for (int i = 0; i < 4; i++)
        assert_true(step(f, settle));
    assert_int_equal(stands(f, HERE), 0);
    assert_int_equal(stands(f, THERE), 0);
    while (step(f, settle))
        ;
    assert_true(settle_done(settle));
    settle_free(settle);
    assert_int_equal(stands(f, THERE), 3);
}

static void who_says_to_be_elsewhere_does_not_count(void **state)
{
    struct fixture *f = *state;
    UNTIL(f, f->available);
    lives(f, "cam", HERE);
    assert_true(redis_tell(&f->ask, "HSET nb:{p:device/cam}:principal household h2"));
    settles(f);
    assert_int_equal(stands(f, HERE), 0);
    assert_int_equal(fixture_number(f, "HEXISTS nb:{p:device/cam}:principal verified"), 0);
}

/* ---- by the broker ---- */

static void on_done(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    *(bool *)arg = true;
}

struct found {
    bool done, has_sharing;
    uint64_t version;
    int64_t verified;
};

static void on_principal(void *arg, const struct principal_record *record)
{
    *(struct found *)arg =
        (struct found){true, record->has_sharing, record->sharing_version, record->verified};
}

static struct found found(struct fixture *f)
{
    struct found found = {0};
    store_principal(f->store, TEXT("device/cam"), on_principal, &found);
    fixture_until(f, &found.done);
    return found;
}

static void a_decision_counts_before_it_is_answered(void **state)
{
    struct fixture *f = *state;
    struct sharing_rule nothing = {TEXT("cam"), 0, 0, NULL};
    bool done = false;
    UNTIL(f, f->available && fixture_number(f, "PUBLISH nb:principals user/nobody") == 1);
    lives(f, "cam", HERE);
    settles(f);
    assert_int_equal(found(f).version, 1);
    assert_int_equal(found(f).verified, 1000);
    struct household_change change = {
        .household = TEXT("h1"), .sharing = &(struct sharing_rules){1, &nothing, TEXT("Europe/Berlin")}};
    store_household_change(f->store, &change, on_done, &done);
    fixture_until(f, &done);
    assert_int_equal(stands(f, HERE), 1); /* may be asked, and shares nothing */
    assert_true(found(f).has_sharing);
    assert_int_equal(found(f).version, 2);
    UNTIL(f, strcmp(f->changed, "device/cam") == 0);
    UNTIL(f, noted(f) == 0);
}

static void on_code(void *arg, const struct store_code *code)
{
    assert_int_equal(code->status, STORE_OK);
    *(bool *)arg = true;
}

static void on_status(void *arg, enum store_status status)
{
    *(int *)arg = (int)status + 1;
}

static int uses(struct fixture *f)
{
    int status = 0;
    store_code_use(f->store, "00ff", TEXT("h1"), START, on_status, &status);
    UNTIL(f, status > 0);
    return status - 1;
}

/* Who claimed a code and died claims it again; what was verified by it counts since it was claimed first. */
static void a_code_is_used_to_the_end(void **state)
{
    struct fixture *f = *state;
    bool begun = false, looked = false;
    UNTIL(f, f->available);
    lives(f, "cam", HERE);
    struct store_invitation invitation = {.digest = "00ff",
        .household = TEXT("h2"),
        .by = TEXT("user/bob"),
        .leaf = TEXT(HERE),
        .now = START,
        .expires = INT64_C(4000000000000),
        .most = 1};
    store_invite(f->store, &invitation, on_done, &begun);
    fixture_until(f, &begun);
    store_code_look(f->store, "00ff", TEXT("h1"), START, on_code, &looked);
    fixture_until(f, &looked);
    assert_true(redis_tell(&f->ask, "FCALL nb_code_claim 1 nb:{code:00ff}:code h1 7000"));
    assert_int_equal(uses(f), STORE_OK);
    assert_int_equal(found(f).verified, 7000);
    UNTIL(f, fixture_number(f, "HEXISTS nb:{code:00ff}:code done") == 1);
    assert_int_equal(uses(f), STORE_REPEAT);
    assert_int_equal(fixture_number(f, "EXISTS nb:{h:h1}:attempts"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whoever_dies_is_finished),
        TEST(several_settle_side_by_side),
        TEST(whoever_comes_late_does_no_harm),
        TEST(what_is_withdrawn_is_withdrawn_first),
        TEST(who_says_to_be_elsewhere_does_not_count),
        TEST(a_decision_counts_before_it_is_answered),
        TEST(a_code_is_used_to_the_end),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests(tests, fixture_group_cluster, fixture_group_end);
}
