/* What of motion is published, against a real Redis: who shares, how many households there must be,
 * cooldowns, and when it leaves. Once more in a cluster of one, which refuses a step that touches several
 * slots. */
#include "bridge/store_inside.h"
#include "tests/live/store_motions.h"

static void share(struct fixture *f, const char *household, const char *verified)
{
    /* 9qh1f's tag, as the registry makes it. */
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{*}:log:home-7");
    assert_true(keys && keys->elements == 1);
    char tag[16];
    memcpy(tag, keys->element[0]->str, 8);
    tag[8] = 0;
    freeReplyObject(keys);
    assert_true(redis_tell(&f->ask, "HSET %s:share %s 6", tag, household)); /* kinds 1 and 2 */
    char digest[PLACE_DIGEST + 1];
    place_digest(f->places, "sharers", TEXT("9qh1f5"), digest);
    assert_true(redis_tell(&f->ask, "ZADD %s:sharers:%s %s %s", tag, digest, verified, household));
}

static size_t published(struct fixture *f, uint8_t *out)
{
    size_t count = 0;
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{*}:ch:9qh1f");
    for (size_t k = 0; k < keys->elements; k++) {
        redisReply *entries = redis_ask(&f->ask, "XRANGE %s - +", keys->element[k]->str);
        for (size_t i = 0; i < entries->elements; i++) {
            const redisReply *pair = entries->element[i]->element[1];
            assert_string_equal(pair->element[0]->str, "a");
            assert_int_equal(pair->element[1]->len % ACTIVITY_RECORD, 0);
            assert_true(pair->element[1]->len <= 64 * ACTIVITY_RECORD);
            for (size_t at = 0; at < pair->element[1]->len; at += ACTIVITY_RECORD) {
                if (out)
                    out[count] = (uint8_t)pair->element[1]->str[at];
                count++;
            }
        }
        freeReplyObject(entries);
    }
    freeReplyObject(keys);
    return count;
}

static void what_is_shared_leaves_at_once(void **state)
{
    struct fixture *f = *state;
    f->options.release_households = 2;
    f->options.release_verified_ms = 1000;
    fixture_store(f);
    struct batch batch;
    batch_of(&batch, 5, NUMBERS(1, 2));
    publish_batch(&batch, 2);
    (void)send_batch(f, &batch);
    assert_int_equal(published(f, NULL), 0);
    assert_int_equal(store_counters(f->store)->activity_unshared, 2);
    share(f, "home-7", "5");
    batch_of(&batch, 5, NUMBERS(3));
    publish_batch(&batch, 2);
    (void)send_batch(f, &batch);
    assert_int_equal(published(f, NULL), 0);
    assert_int_equal(store_counters(f->store)->activity_below_k, 1);
    share(f, "home-8", "1699999999500"); /* not yet for a second */
    batch_of(&batch, 5, NUMBERS(4));
    publish_batch(&batch, 2);
    (void)send_batch(f, &batch);
    assert_int_equal(published(f, NULL), 0);
    share(f, "home-8", "1699999999000");
    batch_of(&batch, 5, NUMBERS(4, 5, 6));
    publish_batch(&batch, 2);
    batch.events[1].activity[2] = 0xf3; /* kind 3 is not shared */
    (void)send_batch(f, &batch);
    uint8_t seen[8];
    assert_int_equal(published(f, seen), 1);
    assert_int_equal(seen[0], 6);
    assert_int_equal(logged(f, NULL), 6);
}

/* One more event that may be published; how many more are. */
static size_t more_published(
    struct fixture *f, uint64_t number, uint8_t kind, uint16_t device, int64_t at, uint64_t version)
{
    struct batch batch;
    size_t before = published(f, NULL);
    batch_of(&batch, 5, NUMBERS(number));
    publish_batch(&batch, kind);
    batch.events[0].device = device;
    batch.events[0].at = at;
    batch.motion.sharing_version = version;
    (void)send_batch(f, &batch);
    return published(f, NULL) - before;
}

/* As enrolment says that something changed. */
static void sharing_changed(struct fixture *f)
{
    char key[KEY];
    region_key(key, "9qh1f", "sharing", TEXT(""));
    assert_true(redis_tell(&f->ask, "INCR %s", key));
}

static void leaves_the_index(struct fixture *f, const char *household)
{
    char digest[PLACE_DIGEST + 1];
    place_digest(f->places, "sharers", TEXT("9qh1f5"), digest);
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{r*}:sharers:%s", digest);
    assert_true(keys && keys->elements == 1);
    assert_true(redis_tell(&f->ask, "ZREM %s %s", keys->element[0]->str, household));
    freeReplyObject(keys);
    sharing_changed(f);
}

static void joins_the_index(struct fixture *f, const char *household)
{
    share(f, household, "5");
    sharing_changed(f);
}

/* With k = 2 and one more to begin. */
static void activity_begins_above_k_and_ends_below_it(void **state)
{
    struct fixture *f = *state;
    f->options.release_households = 2;
    f->options.release_hysteresis = 1;
    fixture_store(f);
    assert_int_equal(more_published(f, 1, 1, 1, START, 0), 0); /* so that there is a log */
    joins_the_index(f, "home-7");
    joins_the_index(f, "home-8");
    assert_int_equal(more_published(f, 2, 1, 1, START, 0), 0);
    joins_the_index(f, "home-9");
    assert_int_equal(more_published(f, 3, 1, 1, START, 0), 1);
    leaves_the_index(f, "home-9");
    assert_int_equal(more_published(f, 4, 1, 1, START, 0), 1);
    leaves_the_index(f, "home-8");
    assert_int_equal(more_published(f, 5, 1, 1, START, 0), 0);
    joins_the_index(f, "home-8");
    assert_int_equal(more_published(f, 6, 1, 1, START, 0), 0);
    joins_the_index(f, "home-9");
    assert_int_equal(more_published(f, 7, 1, 1, START, 0), 1);
}

static void two_of_a_device_and_kind_within_its_cooldown_are_one(void **state)
{
    struct fixture *f = *state;
    f->options.cooldown_ms = 60000;
    fixture_store(f);
    (void)more_published(f, 1, 1, 1, START, 0);
    joins_the_index(f, "home-7");
    assert_int_equal(more_published(f, 2, 1, 1, START, 0), 1);
    assert_int_equal(more_published(f, 3, 1, 1, START + 59999, 0), 0);
    assert_int_equal(store_counters(f->store)->activity_merged, 1);
    assert_int_equal(more_published(f, 4, 2, 1, START + 1000, 0), 1); /* another kind */
    assert_int_equal(more_published(f, 5, 1, 2, START + 1000, 0), 1); /* another device */
    assert_int_equal(more_published(f, 6, 1, 1, START + 60000, 0), 1);
    fixture_store(f); /* what was published is known to all, and after a restart */
    assert_int_equal(more_published(f, 7, 1, 1, START + 61000, 0), 0);
    assert_int_equal(logged(f, NULL), 7);
    f->options.release_delay_ms = 1000; /* nor does it matter that it waited */
    fixture_store(f);
    (void)more_published(f, 8, 1, 1, START + 62000, 0);
    (void)more_published(f, 9, 1, 1, START + 200000, 0);
    (void)more_published(f, 10, 1, 1, START + 200000, 0);
    size_t before = published(f, NULL);
    fixture_set_now(START + 5000);
    f->upkeep = true;
    UNTIL(f, store_counters(f->store)->activity_merged == 2);
    assert_int_equal(published(f, NULL) - before, 1);
}

/* One event of each household, in one call. */
static void send_at_once(
    struct fixture *f, const char *const *households, uint64_t count, uint64_t number, int64_t at)
{
    struct answer answers[4] = {0};
    for (uint64_t i = 0; i < count; i++) {
        struct batch batch;
        batch_of(&batch, 5, NUMBERS(number + i));
        batch.motion.household = text_of(households[i]);
        publish_batch(&batch, 1);
        batch.events[0].device = 1;
        batch.events[0].at = at;
        store_motion(f->store, &batch.motion, on_batch, &answers[i]);
    }
    fixture_until(f, &answers[count - 1].done);
}

/* Also when what comes first in a call is one with what an epoch before published. */
static void what_cooldowns_need_is_kept_for_a_time(void **state)
{
    struct fixture *f = *state;
    static const char *const households[] = {"home-7", "home-8"};
    f->options.cooldown_ms = 60000;
    fixture_store(f);
    (void)more_published(f, 1, 1, 1, START, 0);
    joins_the_index(f, "home-7");
    joins_the_index(f, "home-8");
    assert_int_equal(more_published(f, 2, 1, 1, START, 0), 1);
    fixture_set_now(START + cooldown_epoch(&f->options));
    send_at_once(f, households, 2, 3, START + 1000);
    assert_int_equal(store_counters(f->store)->activity_merged, 1);
    assert_int_equal(published(f, NULL), 2);
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{r*}:cool:*");
    assert_true(keys && keys->elements == 2);
    for (size_t i = 0; i < keys->elements; i++) {
        char command[KEY + 8];
        snprintf(command, sizeof(command), "TTL %s", keys->element[i]->str);
        assert_in_range(fixture_number(f, command), 1, 2 * cooldown_epoch(&f->options) / 1000);
    }
    freeReplyObject(keys);
}

static void what_was_judged_under_other_rules_is_not_published(void **state)
{
    struct fixture *f = *state;
    (void)more_published(f, 1, 1, 1, START, 0);
    joins_the_index(f, "home-7");
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{r*}:share");
    assert_true(keys && keys->elements == 1);
    const struct bytes words[] = {{(const uint8_t *)"HSET", 4},
        {(const uint8_t *)keys->element[0]->str, keys->element[0]->len}, {(const uint8_t *)"home-7", 6},
        {(const uint8_t *)"6 3", 3}};
    redisReply *set = redis_ask_words(&f->ask, words, 4);
    assert_non_null(set);
    freeReplyObject(set);
    freeReplyObject(keys);
    sharing_changed(f);
    assert_int_equal(more_published(f, 2, 1, 1, START, 2), 0);
    assert_int_equal(more_published(f, 3, 1, 1, START, 4), 0);
    assert_int_equal(more_published(f, 4, 1, 1, START, 3), 1);
}

/* What is known of sharing is kept only until enrolment says that it changed. */
static void a_change_of_sharing_counts_at_once(void **state)
{
    struct fixture *f = *state;
    struct batch batch;
    sharing_changed(f);
    batch_of(&batch, 5, NUMBERS(1));
    publish_batch(&batch, 1);
    for (uint64_t n = 1; n <= 6; n++) {
        bool on = n == 2 || n == 3 || n == 6;
        batch.events[0].seq = n;
        if (n == 2)
            share(f, "home-7", "5");
        if (n == 4)
            assert_true(redis_tell(&f->ask, "FLUSHALL"));
        if (n == 5)
            sharing_changed(f);
        if (n == 6)
            share(f, "home-7", "5");
        if (n == 2 || n == 6)
            sharing_changed(f);
        size_t before = published(f, NULL);
        (void)send_batch(f, &batch);
        assert_int_equal(published(f, NULL) - before, on);
    }
}

/* An edge with devices in several channels and households, its numbers mixed among them, in one turn. */
static void one_sender_may_be_in_many_places(void **state)
{
    struct fixture *f = *state;
    static const char *const places[] = {"9qh1f5", "9qh1f7", "dr5ru4", "9qh1f5"};
    static const char *const households[] = {"home-1", "home-1", "home-2", "home-3"};
    for (int round = 0; round < 2; round++) {
        struct answer answers[40] = {0};
        for (uint64_t i = 0; i < 40; i++) {
            struct batch batch;
            uint64_t number = i + 1;
            batch_of(&batch, 5, &number, 1);
            snprintf(batch.motion.leaf, sizeof(batch.motion.leaf), "%s", places[i % 4]);
            snprintf(batch.motion.channel, sizeof(batch.motion.channel), "%.5s", places[i % 4]);
            batch.motion.household = text_of(households[i % 4]);
            publish_batch(&batch, 1);
            batch.events[0].publish = i % 8 != 3;
            store_motion(f->store, &batch.motion, on_batch, &answers[i]);
        }
        for (int i = 0; i < 40; i++) { /* a place is a call of its own in a cluster */
            fixture_until(f, &answers[i].done);
            assert_int_equal(answers[i].result.repeated, round);
        }
    }
    assert_int_equal(fixture_number(f, "KEYS nb:{*}:log:home-1"), 1);
    assert_int_equal(fixture_number(f, "KEYS nb:{*}:log:home-2"), 1);
    assert_int_equal(fixture_number(f, "KEYS nb:{*}:seq:*"), 2); /* one a region */
    assert_int_equal(store_counters(f->store)->events_stored, 40);
    assert_int_equal(store_counters(f->store)->activity_unshared, 35);
    assert_int_equal(store_counters(f->store)->calls, f->redis.cluster ? 4 : 2);
}

static void pending_activity_leaves_shuffled_when_due(void **state)
{
    struct fixture *f = *state;
    f->options.release_delay_ms = 10000;
    f->options.release_households = 1;
    fixture_store(f);
    struct batch batch;
    uint64_t numbers[MOST];
    for (uint64_t i = 0; i < MOST; i++)
        numbers[i] = i + 1;
    batch_of(&batch, 5, numbers, MOST);
    publish_batch(&batch, 1);
    (void)send_batch(f, &batch);
    share(f, "home-7", "5");
    for (uint64_t i = 0; i < MOST; i++)
        numbers[i] = i + 1 + MOST;
    batch_of(&batch, 5, numbers, MOST);
    publish_batch(&batch, 1);
    (void)send_batch(f, &batch);
    assert_int_equal(published(f, NULL), 0);
    f->upkeep = true;
    batch_of(&batch, 5, NUMBERS(2 * MOST + 1));
    (void)send_batch(f, &batch); /* answered behind the first look at what waits */
    assert_int_equal(published(f, NULL), 0);
    assert_int_equal(fixture_number(f, "KEYS nb:{*}:lease:release"), 0);
    fixture_set_now(START + 10000);
    UNTIL(f, store_counters(f->store)->activity_released == 2 * MOST);
    uint8_t seen[2 * MOST];
    bool once[2 * MOST + 1] = {false}, shuffled = false;
    assert_int_equal(published(f, seen), 2 * MOST);
    for (int i = 0; i < 2 * MOST; i++) {
        assert_false(once[seen[i]]);
        once[seen[i]] = true;
        shuffled = shuffled || (i > 0 && seen[i] < seen[i - 1] && i % MOST);
    }
    assert_true(shuffled);
    assert_int_equal(fixture_number(f, "KEYS nb:{*}:pend"), 0);
}

static void sharing_is_looked_at_when_it_leaves(void **state)
{
    struct fixture *f = *state;
    f->options.release_delay_ms = 10000;
    f->options.release_households = 2;
    fixture_store(f);
    struct batch batch;
    batch_of(&batch, 5, NUMBERS(1, 2, 3));
    publish_batch(&batch, 1);
    (void)send_batch(f, &batch);
    share(f, "home-7", "5");
    batch_of(&batch, 5, NUMBERS(4));
    publish_batch(&batch, 4);
    (void)send_batch(f, &batch);
    fixture_set_now(START + 20000);
    f->upkeep = true;
    UNTIL(f, store_counters(f->store)->activity_below_k == 3);
    UNTIL(f, store_counters(f->store)->activity_unshared == 1);
    assert_int_equal(published(f, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(what_is_shared_leaves_at_once),
        TEST(a_change_of_sharing_counts_at_once),
        TEST(activity_begins_above_k_and_ends_below_it),
        TEST(two_of_a_device_and_kind_within_its_cooldown_are_one),
        TEST(what_cooldowns_need_is_kept_for_a_time),
        TEST(what_was_judged_under_other_rules_is_not_published),
        TEST(one_sender_may_be_in_many_places),
        TEST(pending_activity_leaves_shuffled_when_due),
        TEST(sharing_is_looked_at_when_it_leaves),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests_name("in_a_cluster", tests, fixture_group_cluster, fixture_group_end);
}
