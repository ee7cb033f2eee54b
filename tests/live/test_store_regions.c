/* Motion of many regions in the store, each with a state of its own, against one Redis and a cluster: what of
 * a session's promises holds however its events are spread, and who releases what waits in a region. */
#include <stdlib.h>

#include "bridge/store_inside.h"
#include "tests/live/store_motions.h"

enum { PLACES = 3, WINDOW = 128 };
static const char *const places[PLACES] = {"9qh1f5", "dr5ru4", "u33dc1"};

static struct store_motion_result send_at(struct fixture *f, int place, uint64_t session, uint64_t number)
{
    struct batch batch;
    batch_of(&batch, session, &number, 1);
    snprintf(batch.motion.leaf, sizeof(batch.motion.leaf), "%s", places[place]);
    snprintf(batch.motion.channel, sizeof(batch.motion.channel), "%.5s", places[place]);
    return send_batch(f, &batch);
}

static void the_places_lie_in_different_regions(void **state)
{
    (void)state;
    for (int i = 0; i < PLACES; i++)
        for (int k = 0; k < i; k++)
            assert_int_not_equal(region_tag(places[i]), region_tag(places[k]));
}

/* A sender as the promise has it: its highest number minus the lowest unacknowledged stays below 128. Some
 * are sent late, some again; each always to the place where it happened. */
static void a_number_is_stored_once_wherever_the_others_went(void **state)
{
    struct fixture *f = *state;
    enum { ALL = 700, ROUNDS = 900 };
    int place[ALL + 1];
    bool stored[ALL + 1] = {false};
    uint64_t highest = 0, lowest = 1; /* all below are stored */
    size_t count = 0, again = 0;
    srandom(11);
    for (int n = 0; n <= ALL; n++)
        place[n] = (int)(random() % 16 ? random() % 2 : 2); /* the third is seldom heard of */
    for (int round = 0; round < ROUNDS && lowest <= ALL; round++) {
        uint64_t above = highest + 1 + (uint64_t)random() % 20, number = above;
        if (random() % 3 || above >= lowest + WINDOW || above > ALL)
            number = lowest + (uint64_t)random() % (highest >= lowest ? highest - lowest + 1 : 1);
        if (random() % 5 == 0)
            number = lowest; /* so that it goes on */
        if (number > ALL || number >= lowest + WINDOW)
            continue;
        struct store_motion_result result = send_at(f, place[number], 5, number);
        assert_int_equal(result.status, STORE_OK);
        assert_false(result.session_old);
        assert_int_equal(result.too_old, 0);
        assert_int_equal(result.repeated, stored[number]);
        again += stored[number];
        count += !stored[number];
        stored[number] = true;
        highest = number > highest ? number : highest;
        while (lowest <= ALL && stored[lowest])
            lowest++;
    }
    assert_true(again > 50 && count > 200);
    assert_int_equal(logged(f, NULL), count);
}

static void a_region_that_did_not_hear_of_a_session_takes_it_when_it_is_the_previous(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_at(f, 0, 5, 1).repeated, 0);
    assert_int_equal(send_at(f, 1, 8, 1).repeated, 0); /* there alone */
    assert_int_equal(send_at(f, 0, 9, 1).repeated, 0);
    struct store_motion_result result = send_at(f, 0, 8, 2);
    assert_false(result.session_old);
    assert_int_equal(result.repeated, 0);
    assert_int_equal(send_at(f, 0, 8, 2).repeated, 1);
    assert_int_equal(send_at(f, 0, 9, 1).repeated, 1);
    /* It is 8 that is the previous now, and 5 may have been heard of. */
    result = send_at(f, 0, 5, 1);
    assert_true(result.session_old);
    assert_int_equal(result.current_session, 9);
    assert_true(send_at(f, 0, 7, 1).session_old);
    /* Where only the newest was heard of, nothing of another can have been stored. */
    assert_int_equal(send_at(f, 2, 9, 2).repeated, 0);
    assert_int_equal(send_at(f, 2, 8, 3).repeated, 0);
    assert_int_equal(send_at(f, 2, 8, 3).repeated, 1);
    assert_true(send_at(f, 2, 5, 9).session_old);
    assert_int_equal(logged(f, NULL), 6);
}

/* Sessions come and go; what waits of the current and the previous one is sent to any place, again and again.
 */
static void of_two_sessions_nothing_is_refused_and_nothing_doubled(void **state)
{
    struct fixture *f = *state;
    enum { SESSIONS = 12, NUMBERS_EACH = 8 };
    bool stored[SESSIONS + 1][NUMBERS_EACH + 1] = {{false}};
    size_t count = 0;
    srandom(3);
    for (uint64_t session = 1; session <= SESSIONS; session++) {
        for (int i = 0; i < 40; i++) {
            uint64_t which = session > 1 && random() % 3 == 0 ? session - 1 : session;
            uint64_t number = 1 + (uint64_t)random() % NUMBERS_EACH;
            int place = (int)((which * 7 + number * number) % PLACES);
            struct store_motion_result result = send_at(f, place, which, number);
            assert_false(result.session_old);
            assert_int_equal(result.too_old, 0);
            assert_int_equal(result.repeated, stored[which][number]);
            count += !stored[which][number];
            stored[which][number] = true;
        }
    }
    assert_int_equal(logged(f, NULL), count);
}

static void without_numbers_each_region_knows_its_last_records(void **state)
{
    struct fixture *f = *state;
    struct batch batch;
    batch_of(&batch, 0, NUMBERS(0));
    batch.motion.once = true;
    assert_int_equal(send_batch(f, &batch).repeated, 0);
    strcpy(batch.motion.channel, "dr5ru");
    strcpy(batch.motion.leaf, "dr5ru4");
    assert_int_equal(send_batch(f, &batch).repeated, 0);
    assert_int_equal(send_batch(f, &batch).repeated, 1);
}

/* Numbers of a section that went to several regions at once are one a region; an answer finds its caller. */
static void one_turn_may_be_of_many_regions(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 900 };
    struct answer *answers = calloc(COUNT, sizeof(*answers));
    for (int round = 0; round < 2; round++) {
        memset(answers, 0, COUNT * sizeof(*answers));
        for (uint64_t i = 0; i < COUNT; i++) {
            struct batch batch;
            char sender[32];
            uint64_t number = i / 30 + 1;
            snprintf(sender, sizeof(sender), "device/cam-%d", (int)(i % 30));
            batch_of(&batch, 5, &number, 1);
            batch.motion.sender = text_of(sender);
            snprintf(batch.motion.leaf, sizeof(batch.motion.leaf), "%s", places[i % 7 % PLACES]);
            snprintf(batch.motion.channel, sizeof(batch.motion.channel), "%.5s", places[i % 7 % PLACES]);
            store_motion(f->store, &batch.motion, on_batch, &answers[i]);
        }
        for (int i = 0; i < COUNT; i++) {
            fixture_until(f, &answers[i].done);
            assert_int_equal(answers[i].result.status, STORE_OK);
            assert_int_equal(answers[i].result.repeated, round);
        }
    }
    assert_int_equal(logged(f, NULL), COUNT);
    free(answers);
}

/* ---- release ---- */

static void shares(struct fixture *f, const char *leaf)
{
    char key[KEY], digest[PLACE_DIGEST + 1];
    place_digest(f->places, "sharers", text_of(leaf), digest);
    region_key(key, leaf, "share", TEXT(""));
    assert_true(redis_tell(&f->ask, "HSET %s home-7 6", key));
    region_key(key, leaf, "sharers:", text_of(digest));
    assert_true(redis_tell(&f->ask, "ZADD %s 5 home-7", key));
}

static void wait_for_release(
    struct store *store, struct fixture *f, int place, const uint64_t *numbers, size_t count)
{
    struct batch batch;
    struct answer answer = {0};
    batch_of(&batch, 5, numbers, count);
    publish_batch(&batch, 1);
    snprintf(batch.motion.leaf, sizeof(batch.motion.leaf), "%s", places[place]);
    snprintf(batch.motion.channel, sizeof(batch.motion.channel), "%.5s", places[place]);
    store_motion(store, &batch.motion, on_batch, &answer);
    fixture_until(f, &answer.done);
    assert_int_equal(answer.result.repeated, 0);
}

static void with_release(struct fixture *f)
{
    f->options.release_delay_ms = 1000;
    f->options.release_households = 1;
    fixture_store(f);
    for (int i = 0; i < PLACES; i++)
        shares(f, places[i]);
}

static void each_region_is_released_by_who_has_its_lease(void **state)
{
    struct fixture *f = *state;
    char lease[KEY], ask[KEY + 16];
    with_release(f);
    region_key(lease, places[1], "lease:release", TEXT(""));
    snprintf(ask, sizeof(ask), "EXISTS %s", lease);
    for (int i = 0; i < PLACES; i++)
        wait_for_release(f->store, f, i, NUMBERS(1, 2));
    assert_true(redis_tell(&f->ask, "SET %s somebody", lease));
    fixture_set_now(START + 5000);
    f->upkeep = true;
    UNTIL(f, store_counters(f->store)->activity_released == 4);
    assert_true(redis_tell(&f->ask, "PEXPIRE %s 300", lease));
    UNTIL(f, store_counters(f->store)->activity_released == 6 || fixture_number(f, ask) == 0);
    UNTIL(f, store_counters(f->store)->activity_released == 6);
    assert_int_equal(fixture_number(f, "KEYS nb:{r*}:pend"), 0);
}

static void what_a_process_that_is_gone_left_is_found(void **state)
{
    struct fixture *f = *state;
    with_release(f);
    f->upkeep = true;
    UNTIL(f, store_counters(f->store)->available);
    struct store *gone = fixture_other_store(f, "gone");
    wait_for_release(gone, f, 2, NUMBERS(1, 2, 3));
    store_free(gone);
    fixture_set_now(START + 5000);
    UNTIL(f, store_counters(f->store)->activity_released == 3);
}

/* More than one call takes, in regions beside each other. */
static void a_crowd_leaves_in_many_calls_and_each_once(void **state)
{
    struct fixture *f = *state;
    enum { BATCHES = 24 };
    with_release(f);
    for (uint64_t b = 0; b < BATCHES; b++) {
        uint64_t numbers[MOST];
        for (uint64_t i = 0; i < MOST; i++)
            numbers[i] = b / PLACES * MOST + i + 1;
        wait_for_release(f->store, f, (int)(b % PLACES), numbers, MOST);
    }
    fixture_set_now(START + 5000);
    f->upkeep = true;
    UNTIL(f, store_counters(f->store)->activity_released >= BATCHES * MOST);
    UNTIL(f, f->store->release.in_flight == 0 && f->store->release.due == 0);
    assert_int_equal(store_counters(f->store)->activity_released, BATCHES * MOST);
    assert_int_equal(f->store->release.deep, 0);
    assert_int_equal(fixture_number(f, "KEYS nb:{r*}:pend"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_places_lie_in_different_regions), TEST(a_number_is_stored_once_wherever_the_others_went),
        TEST(a_region_that_did_not_hear_of_a_session_takes_it_when_it_is_the_previous),
        TEST(of_two_sessions_nothing_is_refused_and_nothing_doubled),
        TEST(without_numbers_each_region_knows_its_last_records), TEST(one_turn_may_be_of_many_regions),
        TEST(each_region_is_released_by_who_has_its_lease), TEST(a_crowd_leaves_in_many_calls_and_each_once),
        TEST(what_a_process_that_is_gone_left_is_found), /* in a cluster alone: it takes a sweep's time */
    };
    enum { COUNT = sizeof(tests) / sizeof(tests[0]) };
    struct CMUnitTest of_one_redis[COUNT - 1];
    memcpy(of_one_redis, tests, sizeof(of_one_redis));
    return cmocka_run_group_tests(of_one_redis, fixture_group, fixture_group_end) +
           cmocka_run_group_tests(tests, fixture_group_cluster, fixture_group_end);
}
