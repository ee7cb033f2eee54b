/* Alerts in the store, against a real Redis: repeats, updates, cancels in any order, what channels get of it,
 * and the fence that keeps an old state from coming after a new one. */
#include <time.h>

#include "tests/live/store_alerts.h"

static void the_same_is_a_repeat_and_other_bytes_a_conflict(void **state)
{
    struct fixture *f = *state;
    expect(say(f, NEW(A)), STORE_OK, A, 1);
    expect(say(f, NEW(A)), STORE_REPEAT, A, 1);
    expect(say(f, NEW(A, .body = "other")), STORE_CONFLICT, A, 1);
    expect(say(f, UPDATE(B, A, .body = "two")), STORE_OK, A, 2);
    expect(say(f, UPDATE(B, A, .body = "two")), STORE_REPEAT, A, 2);
    expect(say(f, UPDATE(B, A, .body = "else")), STORE_CONFLICT, A, 2);
    expect(say(f, NEW(A)), STORE_REPEAT, A, 1);
    expect(say(f, UPDATE(C, B, .body = "three")), STORE_OK, A, 3);
    expect(say(f, CANCEL(D, C, .body = "four")), STORE_OK, A, 4);
    expect(say(f, CANCEL(D, C, .body = "four")), STORE_REPEAT, A, 4);
    expect(say(f, CANCEL(D, C, .body = "five")), STORE_CONFLICT, A, 4);
}

static void revisions_are_loaded_with_what_was_before(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, .body = "one", .area = "north"));
    say(f, UPDATE(B, A, .body = "two", .area = "north"));
    say(f, UPDATE(C, A, .body = "three", .area = "south"));
    say(f, CANCEL(D, A, .body = "four"));
    struct record record = load(f, A, 1);
    assert_int_equal(record.record.status, STORE_OK);
    assert_string_equal(record.body, "one");
    assert_int_equal(record.record.area_count, 0);
    assert_true(record.record.in_force);
    assert_int_equal(record.record.expires, START + 60000);
    assert_int_equal(record.record.at, START);
    record = load(f, A, 3);
    assert_string_equal(record.body, "three");
    assert_int_equal(record.record.area_count, 1);
    assert_string_equal(record.areas[0], "north");
    record = load(f, A, 4);
    assert_string_equal(record.body, "three");
    assert_false(record.record.in_force);
    assert_int_equal(record.record.revision, 4);
    assert_int_equal(record.record.area_count, 2);
    assert_string_equal(record.areas[1], "south");
    assert_int_equal(load(f, B, 1).record.status, STORE_NOT_FOUND);
}

static void only_the_newest_bodies_are_kept(void **state)
{
    struct fixture *f = *state;
    char id[PUBLIC_ID + 1], body[16];
    say(f, NEW(A, .body = "1"));
    for (int n = 2; n <= 80; n++) {
        snprintf(id, sizeof(id), "%024x", n);
        snprintf(body, sizeof(body), "%d", n);
        expect(say(f, UPDATE(id, A, .body = body)), STORE_OK, A, (uint32_t)n);
    }
    assert_string_equal(load(f, A, 80).body, "80");
    assert_string_equal(load(f, A, 17).body, "17");
    struct record record = load(f, A, 3);
    assert_int_equal(record.record.status, STORE_OK);
    assert_string_equal(record.body, "17");
    assert_false(record.record.in_force);
}

static void a_cancelled_alert_never_lives_however_late_it_comes(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    expect(say(f, CANCEL(D, A)), STORE_OK, A, 1);
    expect(say(f, NEW(A)), STORE_DEAD, A, 1);
    expect(say(f, NEW(A)), STORE_DEAD, A, 1);
    assert_int_equal(say(f, UPDATE(B, A)).status, STORE_DEAD);
    expect(say(f, NEW(C)), STORE_OK, C, 1);
    until_history(f, "c:9qh1f", "c1+");
    assert_int_equal(state_of(f, "c:9qh1f").state.alert_count, 1);
}

static void an_update_of_something_unknown_is_new_and_replaces_it(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    expect(say(f, UPDATE(B, A, .body = "two")), STORE_OK, B, 1);
    expect(say(f, NEW(A, .body = "one")), STORE_DEAD, B, 1);
    expect(say(f, UPDATE(C, A, .body = "three")), STORE_OK, B, 2);
    expect(say(f, UPDATE(B, A, .body = "two")), STORE_REPEAT, B, 1);
    until_history(f, "c:9qh1f", "b1+ b2+");
}

static void the_first_reference_goes_on_and_the_others_end(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A));
    say(f, NEW(B));
    expect(say(f, UPDATE(C, B " " A)), STORE_OK, B, 2);
    UNTIL(f, state_of(f, "c:9qh1f").state.alert_count == 1);
    UNTIL(f, strstr(history(f, "c:9qh1f"), "a2-") && strstr(history(f, "c:9qh1f"), "b2+"));
    /* What refers to the one that merged means the one that goes on. */
    expect(say(f, CANCEL(D, A)), STORE_OK, B, 3);
    UNTIL(f, state_of(f, "c:9qh1f").state.alert_count == 0);
}

static void a_land_has_the_alerts_of_its_channels(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9q*");
    follow(f, "c:dr*");
    f->upkeep = true;
    say(f, NEW(A, .channels = "9qh1f 9qh1g 9q"));
    until_history(f, "c:9q*", "a1+");
    say(f, UPDATE(B, A, .channels = "9qh1g dr5r"));
    until_history(f, "c:9q*", "a1+ a2+");
    until_history(f, "c:dr*", "a2+");
    say(f, UPDATE(C, A, .channels = "dr5r"));
    until_history(f, "c:9q*", "a1+ a2+ a3-");
    until_history(f, "c:dr*", "a2+ a3+");
}

static void channels_that_are_left_get_ended(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    follow(f, "c:9qh1g");
    follow(f, "c:9q");
    f->upkeep = true;
    say(f, NEW(A, .channels = "9qh1f 9q"));
    until_history(f, "c:9qh1f", "a1+");
    say(f, UPDATE(B, A, .channels = "9qh1g 9q"));
    until_history(f, "c:9qh1f", "a1+ a2-");
    until_history(f, "c:9qh1g", "a2+");
    until_history(f, "c:9q", "a1+ a2+");
    assert_int_equal(state_of(f, "c:9qh1f").state.alert_count, 0);
    struct opened opened = state_of(f, "c:9qh1g");
    assert_int_equal(opened.state.alert_count, 1);
    assert_string_equal(opened.alerts[0].public_id, A);
    assert_int_equal(opened.alerts[0].revision, 2);
    assert_true(opened.alerts[0].in_force);
    say(f, CANCEL(D, A));
    until_history(f, "c:9qh1f", "a1+ a2- a3-");
    until_history(f, "c:9qh1g", "a2+ a3-");
    until_history(f, "c:9q", "a1+ a2+ a3-");
}

static void every_state_reaches_followers_in_order(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    say(f, NEW(A));
    say(f, UPDATE(B, A));
    say(f, UPDATE(C, A, .channels = "9qh1g"));
    say(f, CANCEL(D, A));
    assert_string_equal(history(f, "c:9qh1f"), "");
    f->upkeep = true;
    until_history(f, "c:9qh1f", "a1+ a2+ a3- a4-");
    UNTIL(f, fixture_number(f, "XLEN nb:{s11}:first") + fixture_number(f, "XLEN nb:{s11}:outbox") == 0);
    assert_string_equal(history(f, "c:9qh1f"), "a1+ a2+ a3- a4-");
}

/* Whoever follows both channels must not see the second revision, in the one that it came to, before the
 * first. */
static void who_follows_several_channels_sees_revisions_in_their_order(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1c");
    follow(f, "c:9qh1f");
    say(f, NEW(A));
    say(f, UPDATE(B, A, .channels = "9qh1c 9qh1f"));
    f->upkeep = true;
    until_history(f, "c:9qh1f", "a1+ a2+");
    until_history(f, "c:9qh1c", "a2+");
    assert_int_equal(f->told_count, 3);
    assert_int_equal(f->told[0].alert.revision, 1);
}

static void an_alert_ends_by_itself_and_is_forgotten_later(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A, .expires = START + 1000));
    say(f, UPDATE(B, A, .expires = START + 2000));
    until_history(f, "c:9qh1f", "a1+ a2+");
    fixture_set_now(START + 2000);
    until_history(f, "c:9qh1f", "a1+ a2+ a3-");
    assert_int_equal(load(f, A, 3).record.status, STORE_OK);
    /* Expired is not final: an update lives again. */
    expect(say(f, UPDATE(C, B, .expires = START + 5000)), STORE_OK, A, 4);
    until_history(f, "c:9qh1f", "a1+ a2+ a3- a4+");
    fixture_set_now(START + 5000);
    until_history(f, "c:9qh1f", "a1+ a2+ a3- a4+ a5-");
    UNTIL(f, fixture_number(f, "XLEN nb:{s11}:first") == 0);
    fixture_set_now(START + 5000 + 3600000 - 1);
    UNTIL(f, store_as_of(f->store) == fixture_now());
    assert_int_equal(load(f, A, 5).record.status, STORE_OK);
    fixture_set_now(START + 5000 + 3600000);
    UNTIL(f, load(f, A, 5).record.status == STORE_NOT_FOUND);
    assert_int_equal(fixture_number(f, "KEYS nb:{s11}:al*"), 0);
    fixture_set_now(START + 5001 + 3600000);
    (void)state_of(f, "c:9qh1f");
    (void)state_of(f, "c:9q*");
    assert_int_equal(fixture_number(f, "KEYS nb:{*}:al:*"), 0);
}

/* A worker that took its entry, stood still, and goes on when the world has moved on. */
static void an_old_state_cannot_come_after_a_new_one(void **state)
{
    struct fixture *f = *state;
    uint8_t id[12] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A));
    say(f, CANCEL(D, A));
    until_history(f, "c:9qh1f", "a1+ a2-");
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{*}:al:9qh1f");
    assert_int_equal(keys->elements, 1);
    char packed[64], channel[64];
    snprintf(channel, sizeof(channel), "%.8s:ch:9qh1f", keys->element[0]->str);
    freeReplyObject(keys);
    memcpy(packed, id, 12);
    /* Sender's tag 17, from revision 1, one revision, until some time in 2023, in force there. */
    memcpy(packed + 12, "\21\0\0\0\1\1\0\0\1\213\317\345\150\0\61", 15);
    redisReply *reply = redisCommand(f->ask.context, "FCALL nb_append 1 %s %b", channel, packed, (size_t)27);
    assert_non_null(reply);
    assert_int_equal(reply->integer, 0);
    freeReplyObject(reply);
    assert_int_equal(state_of(f, "c:9qh1f").state.alert_count, 0);
    say(f, NEW(B));
    until_history(f, "c:9qh1f", "a1+ a2- b1+");
}

/* A process takes work and is gone; another claims it. */
static void work_that_was_left_is_claimed(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    say(f, NEW(A));
    redisReply *reply = redis_ask(&f->ask, "FCALL nb_take 1 nb:{s11}:outbox dead 16 0 0");
    assert_non_null(reply);
    assert_int_equal(reply->elements, 3 + 1);
    freeReplyObject(reply);
    assert_int_equal(fixture_number(f, "XLEN nb:{s11}:outbox"), 1);
    f->upkeep = true;
    until_history(f, "c:9qh1f", "a1+");
    UNTIL(f, fixture_number(f, "XLEN nb:{s11}:outbox") == 0);
}

static void as_of_waits_for_the_outbox(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    say(f, NEW(A));
    redisReply *reply = redis_ask(&f->ask, "FCALL nb_take 1 nb:{s11}:outbox dead 16 0 0");
    freeReplyObject(reply);
    fixture_set_now(START + 700);
    f->upkeep = true;
    UNTIL(f, store_as_of(f->store) != 0);
    assert_int_equal(store_as_of(f->store), START - 1);
    UNTIL(f, store_as_of(f->store) == START + 700);
    assert_string_equal(history(f, "c:9qh1f"), "a1+");
}

static void many_alerts_reach_many_channels_once(void **state)
{
    struct fixture *f = *state;
    char id[PUBLIC_ID + 1];
    follow(f, "c:9qh1f");
    follow(f, "c:9qh1g");
    struct store *other = fixture_other_store(f, "other");
    f->upkeep = true;
    for (int n = 0; n < 60; n++) {
        snprintf(id, sizeof(id), "%024x", n + 1);
        assert_int_equal(say(f, NEW(id, .channels = "9qh1f 9qh1g")).status, STORE_OK);
        store_upkeep(other, fixture_now());
    }
    UNTIL(f, fixture_number(f, "XLEN nb:{s11}:outbox") == 0);
    UNTIL(f, f->told_count == 120);
    assert_int_equal(state_of(f, "c:9qh1f").state.alert_count, 60);
    store_free(other);
}

static void deliveries_are_counted_by_revision(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, .channels = "9qh1f"));
    say(f, UPDATE(B, A, .channels = "9qh1f"));
    store_alert_delivered(f->store, TAG, A, 1, 3);
    store_alert_delivered(f->store, TAG, A, 2, 5);
    store_alert_delivered(f->store, TAG, A, 2, 2);
    store_alert_delivered(f->store, TAG, C, 1, 9);
    UNTIL(f, store_counters(f->store)->waiting == 0);
    redisReply *counts = redis_ask(&f->ask, "HMGET nb:{s11}:alert:%s d1 d2", A);
    assert_non_null(counts);
    assert_string_equal(counts->element[0]->str, "3");
    assert_string_equal(counts->element[1]->str, "7");
    freeReplyObject(counts);
    assert_int_equal(fixture_number(f, "EXISTS nb:{s11}:alert:" C), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

static int64_t real_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* It ends what is over by Redis' clock too, and nothing else. */
static void a_process_whose_clock_is_ahead_ends_nothing_early(void **state)
{
    struct fixture *f = *state;
    int64_t now = real_now();
    fixture_set_now(now + 600000);
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A, .expires = now + 300000));
    say(f, NEW(B, .expires = now - 1000));
    until_history(f, "c:9qh1f", "a1+ b1+ b2-");
    now = real_now();
    say(f, NEW(C, .expires = now + 1000));
    until_history(f, "c:9qh1f", "a1+ b1+ b2- c1+ c2-");
    assert_true(real_now() >= now + 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_same_is_a_repeat_and_other_bytes_a_conflict),
        TEST(revisions_are_loaded_with_what_was_before),
        TEST(only_the_newest_bodies_are_kept),
        TEST(a_cancelled_alert_never_lives_however_late_it_comes),
        TEST(an_update_of_something_unknown_is_new_and_replaces_it),
        TEST(the_first_reference_goes_on_and_the_others_end),
        TEST(a_land_has_the_alerts_of_its_channels),
        TEST(channels_that_are_left_get_ended),
        TEST(every_state_reaches_followers_in_order),
        TEST(who_follows_several_channels_sees_revisions_in_their_order),
        TEST(an_alert_ends_by_itself_and_is_forgotten_later),
        TEST(a_process_whose_clock_is_ahead_ends_nothing_early),
        TEST(an_old_state_cannot_come_after_a_new_one),
        TEST(work_that_was_left_is_claimed),
        TEST(as_of_waits_for_the_outbox),
        TEST(many_alerts_reach_many_channels_once),
        TEST(deliveries_are_counted_by_revision),
    };
    /* What is carried from tag to tag. */
    const struct CMUnitTest slots[] = {
        TEST(a_land_has_the_alerts_of_its_channels),
        TEST(channels_that_are_left_get_ended),
        TEST(every_state_reaches_followers_in_order),
        TEST(who_follows_several_channels_sees_revisions_in_their_order),
        TEST(an_alert_ends_by_itself_and_is_forgotten_later),
        TEST(a_process_whose_clock_is_ahead_ends_nothing_early),
        TEST(an_old_state_cannot_come_after_a_new_one),
        TEST(as_of_waits_for_the_outbox),
        TEST(many_alerts_reach_many_channels_once),
        TEST(deliveries_are_counted_by_revision),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name("slots", slots, fixture_group_cluster, fixture_group_end);
}
