/* Motion in the store, against a real Redis: repeats, sessions, and what comes in one turn. Once more in a
 * cluster of one, which refuses a step that touches several slots. */
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    static const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests_name("in_a_cluster", tests, fixture_group_cluster, fixture_group_end);
}
