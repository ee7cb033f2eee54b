/* The store when Redis fails, shown by motion against a real one: killed, frozen, with data or functions of
 * another version; and how it is reached. Once more in a cluster of one. */
#include <stdlib.h>

#include "tests/live/store_motions.h"

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
    assert_true(fixture_ask(f));
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
        TEST(an_address_is_read_whole),
        TEST(a_killed_redis_loses_and_doubles_nothing),
        TEST(a_frozen_redis_hits_the_deadline),
        TEST(data_of_another_layout_is_refused),
        TEST(the_functions_are_brought_along),
        TEST(what_waits_at_the_end_is_answered),
    };
    static const struct CMUnitTest in_a_cluster[] = {
        TEST(a_killed_redis_loses_and_doubles_nothing),
        TEST(a_frozen_redis_hits_the_deadline),
        TEST(data_of_another_layout_is_refused),
        TEST(the_functions_are_brought_along),
        TEST(what_waits_at_the_end_is_answered),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests(in_a_cluster, fixture_group_cluster, fixture_group_end);
}
