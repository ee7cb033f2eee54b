/* Motion in the store, against a real Redis: repeats, sessions, merging, release, and what is kept when Redis
 * is killed or stands still. */
#include <stdlib.h>

#include "bridge/store_inside.h"
#include "tests/live/store_motions.h"

static void each_number_is_stored_once(void **state)
{
    struct fixture *f = *state;
    struct store_motion_result result = send_numbers(f, 5, NUMBERS(1, 2, 3));
    assert_int_equal(result.status, STORE_OK);
    assert_int_equal(result.repeated | result.too_old, 0);
    result = send_numbers(f, 5, NUMBERS(2, 3, 4));
    assert_int_equal(result.status, STORE_OK);
    assert_int_equal(result.repeated, 3);
    result = send_numbers(f, 5, NUMBERS(1, 2, 3, 4));
    assert_int_equal(result.repeated, 15);
    assert_int_equal(logged(f, NULL), 4);
    assert_int_equal(store_counters(f->store)->events_stored, 4);
    assert_int_equal(store_counters(f->store)->events_repeated, 6);
}

static void order_does_not_matter_within_the_window(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_numbers(f, 5, NUMBERS(10, 7, 130, 3)).repeated, 0);
    assert_int_equal(send_numbers(f, 5, NUMBERS(3, 7, 10, 130)).repeated, 15);
    assert_int_equal(send_numbers(f, 5, NUMBERS(2, 4, 129, 131, 132)).repeated, 0);
    assert_int_equal(send_numbers(f, 5, NUMBERS(4, 129, 131, 132, 7)).repeated, 31);
}

static void below_the_window_is_too_old_and_no_repeat(void **state)
{
    struct fixture *f = *state;
    (void)send_number(f, 5, 1);
    (void)send_number(f, 5, 300);
    /* 128 below the highest are known: 172 to 299. */
    struct store_motion_result result = send_numbers(f, 5, NUMBERS(171, 172, 1, 299, 300));
    assert_int_equal(result.too_old, 1 | 4);
    assert_int_equal(result.repeated, 16);
    assert_int_equal(logged(f, NULL), 4);
    result = send_numbers(f, 5, NUMBERS(172, 299, 173));
    assert_int_equal(result.repeated, 3);
}

static void long_runs_keep_the_whole_window(void **state)
{
    struct fixture *f = *state;
    for (uint64_t n = 1; n <= 400; n++)
        assert_int_equal(send_number(f, 5, n).repeated, 0);
    assert_int_equal(send_number(f, 5, 400 - 128).repeated, 1);
    assert_int_equal(send_number(f, 5, 400 - 129).too_old, 1);
    assert_int_equal(send_number(f, 5, 402).repeated, 0);
    assert_int_equal(send_number(f, 5, 401).repeated, 0);
    assert_int_equal(send_number(f, 5, 401).repeated, 1);
    assert_int_equal(send_number(f, 5, 403).repeated, 0);
    assert_int_equal(send_number(f, 5, 400).repeated, 1);
}

/* The same by chance: a plain model of what is known, against the store. */
static void the_window_agrees_with_a_model(void **state)
{
    struct fixture *f = *state;
    bool stored[1200] = {false};
    uint64_t highest = 0;
    srandom(7);
    for (int round = 0; round < 400; round++) {
        uint64_t numbers[16];
        size_t count = 1 + (size_t)random() % 16;
        uint64_t too_old = 0, repeated = 0;
        for (size_t i = 0; i < count; i++) {
            uint64_t around = highest + 6;
            numbers[i] =
                round % 3 ? around - (uint64_t)random() % (around < 150 ? around : 150) : highest + 1 + i;
            numbers[i] = numbers[i] ? numbers[i] : 1;
        }
        for (size_t i = 0; i < count; i++) {
            if (numbers[i] + 128 < highest)
                too_old |= UINT64_C(1) << i;
            else if (stored[numbers[i]])
                repeated |= UINT64_C(1) << i;
            else
                stored[numbers[i]] = true;
            highest = numbers[i] > highest ? numbers[i] : highest;
        }
        if (highest > 1100)
            break;
        struct store_motion_result result = send_numbers(f, 9, numbers, count);
        assert_int_equal(result.too_old, too_old);
        assert_int_equal(result.repeated, repeated);
    }
}

static void sessions_follow_each_other(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_number(f, 5, 1).repeated, 0);
    assert_int_equal(send_number(f, 8, 1).repeated, 0);
    assert_int_equal(send_number(f, 5, 1).repeated, 1);
    assert_int_equal(send_number(f, 5, 2).repeated, 0);
    assert_int_equal(send_number(f, 8, 1).repeated, 1);
    assert_int_equal(send_number(f, 9, 1).repeated, 0);
    struct store_motion_result result = send_number(f, 5, 3);
    assert_true(result.session_old);
    assert_int_equal(result.current_session, 9);
    assert_int_equal(result.status, STORE_OK);
    assert_false(send_number(f, 8, 2).session_old);
    assert_true(send_number(f, 7, 1).session_old);
    assert_int_equal(logged(f, "e3"), 0);
}

static void another_instance_or_sender_has_its_own_numbers(void **state)
{
    struct fixture *f = *state;
    struct batch batch;
    batch_of(&batch, 5, NUMBERS(1));
    (void)send_batch(f, &batch);
    batch.motion.instance =
        TEXT("a client id that is much longer than what would fit into a packed field of a hash");
    assert_int_equal(send_batch(f, &batch).repeated, 0);
    assert_int_equal(send_batch(f, &batch).repeated, 1);
    batch.motion.sender = TEXT("device/cam-2");
    assert_int_equal(send_batch(f, &batch).repeated, 0);
}

static void without_a_number_everything_is_stored(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_number(f, 0, 0).repeated, 0);
    assert_int_equal(send_number(f, 0, 0).repeated, 0);
    assert_int_equal(logged(f, NULL), 2);
    struct store_motion_result result = send_numbers(f, 5, NUMBERS(0, 1, 0, 1));
    assert_int_equal(result.repeated, 8);
    assert_int_equal(logged(f, NULL), 5);
}

/* As a node says it of a device: what is known is the record itself, as far as the last 64. */
static void without_numbers_a_record_may_be_known(void **state)
{
    struct fixture *f = *state;
    struct batch batch;
    uint64_t numbers[MOST];
    for (uint64_t i = 0; i < MOST; i++)
        numbers[i] = i;
    batch_of(&batch, 0, numbers, MOST);
    for (size_t i = 0; i < MOST; i++)
        batch.events[i].seq = 0;
    batch.motion.once = true;
    assert_int_equal(send_batch(f, &batch).repeated, 0);
    assert_int_equal(send_batch(f, &batch).repeated, UINT64_MAX);
    assert_int_equal(logged(f, NULL), MOST);
    /* Twice in one batch is once. */
    struct store_motion_event again[] = {
        batch.events[5], {.record = {(const uint8_t *)"new", 3}}, {.record = {(const uint8_t *)"new", 3}}};
    batch.motion.events = again;
    batch.motion.count = 3;
    assert_int_equal(send_batch(f, &batch).repeated, 1 | 4);
    assert_int_equal(logged(f, "new"), 1);
    /* The oldest made room for it, and of another sender nothing is known. */
    again[0] = batch.events[0];
    assert_int_equal(send_batch(f, &batch).repeated, 2 | 4);
    batch.motion.sender = TEXT("device/cam-2");
    assert_int_equal(send_batch(f, &batch).repeated, 4);
}

static void one_turn_makes_one_entry(void **state)
{
    struct fixture *f = *state;
    struct batch batches[6];
    struct answer answers[6] = {0};
    bool *last = &answers[5].done;
    for (uint64_t i = 0; i < 6; i++) {
        uint64_t number = i < 5 ? i + 1 : 2;
        batch_of(&batches[i], 5, &number, 1);
        store_motion(f->store, &batches[i].motion, on_batch, &answers[i]);
    }
    fixture_until(f, last);
    for (int i = 0; i < 6; i++)
        assert_int_equal(answers[i].result.repeated, i == 5);
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{*}:log:home-7");
    redisReply *len = redis_ask(&f->ask, "XLEN %s", keys->element[0]->str);
    assert_int_equal(len->integer, 1);
    freeReplyObject(keys);
    freeReplyObject(len);
    assert_int_equal(logged(f, NULL), 5);
}

static void many_in_one_turn_are_all_answered(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 3000 };
    struct answer *answers = calloc(COUNT, sizeof(*answers));
    for (uint64_t i = 0; i < COUNT; i++) {
        struct batch batch;
        uint64_t number = i / 30 + 1;
        char sender[32];
        snprintf(sender, sizeof(sender), "device/cam-%d", (int)(i % 30));
        batch_of(&batch, 5, &number, 1);
        batch.motion.sender = text_of(sender);
        store_motion(f->store, &batch.motion, on_batch, &answers[i]);
    }
    UNTIL(f, store_counters(f->store)->events_stored == COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_true(answers[i].done && answers[i].result.status == STORE_OK && !answers[i].result.repeated);
    assert_int_equal(logged(f, NULL), COUNT);
    free(answers);
}

static void a_packet_of_qos_2_is_stored_once_until_released(void **state)
{
    struct fixture *f = *state;
    struct batch batch;
    batch_of(&batch, 0, NUMBERS(0, 0));
    batch.motion.qos2_packet = 77;
    batch.motion.generation = 98;
    assert_true(redis_tell(&f->ask, "HSET nb:{p:device/cam-1}:s:cam-1 gen 98"));
    assert_int_equal(send_batch(f, &batch).repeated, 0);
    assert_int_equal(send_batch(f, &batch).repeated, 3);
    assert_int_equal(logged(f, NULL), 2);
    assert_int_equal(fixture_number(f, "HLEN nb:{p:device/cam-1}:q2:cam-1"), 1);
    /* Somebody newer has the session. */
    assert_true(redis_tell(&f->ask, "HSET nb:{p:device/cam-1}:s:cam-1 gen 100"));
    batch.motion.qos2_packet = 78;
    batch.motion.generation = 99;
    assert_int_equal(send_batch(f, &batch).status, STORE_FENCED);
    assert_int_equal(logged(f, NULL), 2);
    batch.motion.generation = 100;
    assert_int_equal(send_batch(f, &batch).status, STORE_OK);
    assert_int_equal(logged(f, NULL), 4);
    char *instance = calloc(1, UINT16_MAX + 1);
    memset(instance, 'x', UINT16_MAX);
    assert_true(redis_tell(&f->ask, "HSET nb:{p:device/cam-1}:s:%s gen 100", instance));
    batch.motion.instance = (struct text){instance, UINT16_MAX};
    assert_int_equal(send_batch(f, &batch).repeated, 0);
    assert_int_equal(send_batch(f, &batch).repeated, 3);
    free(instance);
    /* A session that ended meanwhile keeps nothing, and none of it begins anew. */
    batch.motion.instance = TEXT("gone");
    assert_int_equal(send_batch(f, &batch).repeated, 0);
    assert_int_equal(fixture_number(f, "EXISTS nb:{p:device/cam-1}:q2:gone"), 0);
}

/* ---- publishing ---- */

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
        fixture_until(f, &answers[39].done);
        for (int i = 0; i < 40; i++)
            assert_int_equal(answers[i].result.repeated, round);
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

/* ---- when Redis fails ---- */

/* Calls keep going while Redis is killed and comes back; every one is answered, and every number is there
 * once. */
static void a_killed_redis_loses_and_doubles_nothing(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 2000, TURNS = 10 };
    struct answer *answers = calloc(COUNT, sizeof(*answers));
    UNTIL(f, f->available);
    for (uint64_t i = 0; i < COUNT; i++) {
        struct batch batch;
        uint64_t number = i + 1;
        batch_of(&batch, 5, &number, 1);
        store_motion(f->store, &batch.motion, on_batch, &answers[i]);
        if (i % (COUNT / TURNS) == COUNT / TURNS - 1) {
            store_flush(f->store);
            ev_run(f->loop, EVRUN_NOWAIT);
        }
        if (i == COUNT / 2)
            redis_server_kill(&f->redis);
    }
    UNTIL(f, !f->available);
    assert_true(redis_server_restart(&f->redis));
    for (int i = 0; i < COUNT; i++)
        fixture_until(f, &answers[i].done);
    redis_sync_close(&f->ask);
    assert_true(redis_sync_open(&f->ask, f->redis.url));
    assert_int_equal(logged(f, NULL), COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(answers[i].result.status, STORE_OK);
    assert_true(store_counters(f->store)->retries > 0);
    assert_int_equal(store_counters(f->store)->waiting, 0);
    free(answers);
}

static void a_frozen_redis_hits_the_deadline(void **state)
{
    struct fixture *f = *state;
    struct answer answers[2] = {0};
    struct batch batch;
    f->options.deadline_ms = 200;
    fixture_store(f);
    UNTIL(f, f->available);
    redis_server_freeze(&f->redis);
    batch_of(&batch, 5, NUMBERS(1));
    store_motion(f->store, &batch.motion, on_batch, &answers[0]);
    UNTIL(f, store_counters(f->store)->deadline_misses > 1);
    UNTIL(f, !f->available);
    batch_of(&batch, 5, NUMBERS(2));
    store_motion(f->store, &batch.motion, on_batch, &answers[1]);
    assert_false(answers[0].done);
    redis_server_thaw(&f->redis);
    fixture_until(f, &answers[0].done);
    fixture_until(f, &answers[1].done);
    assert_int_equal(logged(f, NULL), 2);
    assert_int_equal(logged(f, "e1"), 1);
}

static void data_of_another_layout_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_true(redis_tell(&f->ask, "SET nb:layout 999"));
    fixture_store(f);
    assert_int_equal(send_number(f, 5, 1).status, STORE_FAILED);
    assert_true(redis_tell(&f->ask, "DEL nb:layout"));
    UNTIL(f, f->available);
    assert_int_equal(send_number(f, 5, 1).status, STORE_OK);
    assert_string_equal(store_durability(f->store), "always");
}

static void an_address_is_read_whole(void **state)
{
    struct fixture *f = *state;
    char url[128];
    f->options.url = url;
    assert_true(redis_tell(&f->ask, "CONFIG SET requirepass a@b:c/d"));
    snprintf(url, sizeof(url), "redis://:a@b:c/d@localhost:%d/2", f->redis.port);
    fixture_store(f);
    assert_int_equal(send_number(f, 5, 1).status, STORE_OK);
    assert_int_equal(fixture_number(f, "DBSIZE"), 0);
    assert_true(redis_tell(&f->ask, "CONFIG SET requirepass %s", ""));
    snprintf(url, sizeof(url), "unix:%s/redis.sock", f->redis.folder);
    fixture_store(f);
    assert_int_equal(send_number(f, 5, 1).repeated, 0);
    assert_int_equal(send_number(f, 5, 1).repeated, 1);
}

/* Another version of the functions is there, or none: the store brings its own. */
static void the_functions_are_brought_along(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(send_number(f, 5, 1).status, STORE_OK);
    assert_true(redis_tell(&f->ask, "FUNCTION FLUSH"));
    assert_int_equal(send_number(f, 5, 2).status, STORE_OK);
    assert_true(redis_tell(&f->ask, "FUNCTION LOAD REPLACE %s",
        "#!lua name=neighbors\nredis.register_function('nb_version', function() return 'other' end)"));
    fixture_store(f);
    assert_int_equal(send_number(f, 5, 2).repeated, 1);
    assert_int_equal(logged(f, NULL), 2);
}

static void what_waits_at_the_end_is_answered(void **state)
{
    struct fixture *f = *state;
    struct answer answers[2] = {0};
    struct batch batch;
    UNTIL(f, f->available);
    batch_of(&batch, 5, NUMBERS(1));
    store_motion(f->store, &batch.motion, on_batch, &answers[0]);
    store_flush(f->store);
    store_motion(f->store, &batch.motion, on_batch, &answers[1]);
    fixture_store(f);
    assert_int_equal(answers[0].result.status, STORE_GONE);
    assert_int_equal(answers[1].result.status, STORE_GONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        /* of one Redis alone */
        TEST(an_address_is_read_whole),
        /* of a cluster too */
        TEST(each_number_is_stored_once),
        TEST(order_does_not_matter_within_the_window),
        TEST(below_the_window_is_too_old_and_no_repeat),
        TEST(long_runs_keep_the_whole_window),
        TEST(the_window_agrees_with_a_model),
        TEST(sessions_follow_each_other),
        TEST(another_instance_or_sender_has_its_own_numbers),
        TEST(without_a_number_everything_is_stored),
        TEST(without_numbers_a_record_may_be_known),
        TEST(one_turn_makes_one_entry),
        TEST(many_in_one_turn_are_all_answered),
        TEST(a_packet_of_qos_2_is_stored_once_until_released),
        TEST(what_is_shared_leaves_at_once),
        TEST(a_change_of_sharing_counts_at_once),
        TEST(activity_begins_above_k_and_ends_below_it),
        TEST(two_of_a_device_and_kind_within_its_cooldown_are_one),
        TEST(what_was_judged_under_other_rules_is_not_published),
        TEST(one_sender_may_be_in_many_places),
        TEST(pending_activity_leaves_shuffled_when_due),
        TEST(sharing_is_looked_at_when_it_leaves),
        TEST(a_killed_redis_loses_and_doubles_nothing),
        TEST(a_frozen_redis_hits_the_deadline),
        TEST(data_of_another_layout_is_refused),
        TEST(the_functions_are_brought_along),
        TEST(what_waits_at_the_end_is_answered),
    };
    enum { COUNT = sizeof(tests) / sizeof(tests[0]) };
    struct CMUnitTest in_a_cluster[COUNT - 1];
    memcpy(in_a_cluster, tests + 1, sizeof(in_a_cluster));
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests(in_a_cluster, fixture_group_cluster, fixture_group_end);
}
