/* What a household wants forgotten is nowhere any more, on disk either, whatever dies meanwhile, while what
 * is another's stays: against one Redis, and a cluster that lets no step touch two tags. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_forget.h"
#include "proto/codec.h"
#include "tests/live/store_traces.h"

struct status {
    bool done;
    enum store_status status;
};

static void on_status(void *arg, enum store_status status)
{
    *(struct status *)arg = (struct status){true, status};
}

/* Of an entry of a log, each after its length in one byte. */
static size_t records_in(const redisReply *entry)
{
    const redisReply *log = entry->element[1]->element[1];
    size_t count = 0;
    for (size_t at = 0; at < log->len; at += 1 + (size_t)(uint8_t)log->str[at])
        count++;
    return count;
}

static size_t records(struct fixture *f, const char *household)
{
    size_t count = 0;
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{r*}:log:%s", household);
    for (size_t i = 0; keys && i < keys->elements; i++) {
        redisReply *entries = redis_ask(&f->ask, "XRANGE %s - +", keys->element[i]->str);
        for (size_t n = 0; n < entries->elements; n++)
            count += records_in(entries->element[n]);
        freeReplyObject(entries);
    }
    freeReplyObject(keys);
    return count;
}

/* ---- forgetting ---- */

static void forgets(struct fixture *f, const struct store_forget *what)
{
    struct status answer = {0};
    store_forget(f->store, what, on_status, &answer);
    fixture_until(f, &answer.done);
    assert_int_equal(answer.status, STORE_OK);
    f->upkeep = true;
    UNTIL(f, fixture_number(f, "EXISTS nb:{forget}:queue") == 0);
}

static void receipt_is(struct fixture *f, uint64_t events, uint32_t principals)
{
    redisReply *inbox = redis_ask(&f->ask, "XREVRANGE nb:{p:user/ann}:in:phone + - COUNT 1");
    assert_true(inbox && inbox->elements == 1);
    const redisReply *data = inbox->element[0]->element[1]->element[1];
    struct arena arena;
    struct deleted receipt;
    struct refusal refusal;
    arena_init(&arena, NULL, 0);
    assert_memory_equal(data->str + 8, "\7deleted", 8);
    struct bytes payload = {(const uint8_t *)data->str + 16, data->len - 16};
    assert_true(codec_decode_deleted(ENCODING_PROTOBUF, payload, &arena, &receipt, &refusal));
    assert_int_equal(receipt.events, events);
    assert_int_equal(receipt.principals, principals);
    assert_true(text_equal(receipt.forget_id, TEXT("f1")));
    arena_free(&arena);
    freeReplyObject(inbox);
}

static const struct store_forget by_ann = {.household = {"h1", 2},
    .by = {{"user/ann", 8}, {"phone", 5}},
    .to = INT64_MAX >> 12,
    .name = {"f1", 2},
    .now = START};

static void a_device_is_forgotten_and_nobody_else(void **state)
{
    struct fixture *f = *state;
    struct store_forget what = by_ann;
    a_household(f);
    what.device_count = 2;
    what.devices =
        (const struct text[]){TEXT("cam-1"), TEXT("cam-9")}; /* the second is no device of theirs */
    what.enrolment = true;
    forgets(f, &what);
    receipt_is(f, EVENTS, 1);
    assert_false(disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_int_equal(records(f, "h1"), EVENTS);
    assert_int_equal(records(f, "h2"), EVENTS);
    assert_int_equal(fixture_number(f, "EXISTS nb:{p:device/cam-1}:principal"), 0);
    assert_int_equal(
        fixture_number(f, "EXISTS nb:{p:device/cam-2}:principal nb:{p:device/cam-9}:principal"), 2);
    happens(f, "h1", 2, "SECOND-CAMERA", START); /* and it goes on */
    all_are_stored(f);
    assert_int_equal(records(f, "h1"), EVENTS + 1);
}

static void a_time_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct store_forget what = by_ann;
    a_household(f);
    what.from = START + 100;
    what.to = START + 199;
    forgets(f, &what);
    receipt_is(f, 200, 0);
    assert_int_equal(records(f, "h1"), 2 * EVENTS - 200);
    assert_int_equal(records(f, "h2"), EVENTS);
}

static void a_household_is_forgotten_on_disk_too(void **state)
{
    struct fixture *f = *state;
    struct store_forget what = by_ann;
    a_household(f);
    what.account = true;
    assert_true(redis_tell(&f->ask, "SAVE"));
    assert_true(disk_has(f->redis.folder, "SECOND-CAMERA"));
    forgets(f, &what);
    receipt_is(f, 2 * EVENTS, 3);
    assert_false(disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_false(disk_has(f->redis.folder, "SECOND-CAMERA"));
    assert_int_equal(records(f, "h1"), 0);
    assert_int_equal(fixture_number(f, "EXISTS nb:{h:h1}:members nb:{h:h1}:household nb:{h:h1}:settings"), 0);
    assert_int_equal(
        fixture_number(f, "EXISTS nb:{p:device/cam-1}:principal nb:{p:device/cam-2}:principal"), 0);
    assert_int_equal(records(f, "h2"), EVENTS);
    assert_true(disk_has(f->redis.folder, "THE-NEIGHBORS"));
}

static void what_somebody_said_is_forgotten_and_its_followers_learn_that_it_ended(void **state)
{
    struct fixture *f = *state;
    struct store_forget what = by_ann;
    const struct store_alert by_her = {
        .sender = TEXT("user/ann"), .household = TEXT("h1"), .client = TEXT("phone")};
    const struct store_alert by_another = {.sender = TEXT("user/zoe"), .household = TEXT("h2")};
    a_household(f);
    expect(say(f, NEW(A, .channels = "9qh1f", .body = "HER-WORDS", .area = "there",
                      .expires = START + 1000000, .others = by_her)),
        STORE_OK, A, 1);
    expect(say(f, NEW(B, .channels = "9qh1f", .body = "OTHERS-WORDS", .area = "here",
                      .expires = START + 1000000, .others = by_another)),
        STORE_OK, B, 1);
    assert_true(redis_tell(&f->ask, "HSET nb:{s11}:seen:" B " h1 HER-REMARK h2 THEIR-REMARK"));
    assert_true(redis_tell(&f->ask, "HSET nb:{s12}:tip:t1 sender user/ann agency agency/pd d1 HER-TIP"));
    assert_true(redis_tell(&f->ask, "ZADD nb:{s12}:tips:user/ann 1 t1"));
    follow(f, "c:9qh1f");
    what.alerts = true;
    what.from = what.to = 1; /* of the events none */
    forgets(f, &what);
    until_history(f, "c:9qh1f", "a1+ b1+ a2-");
    assert_string_equal(load(f, A, 0).body, "there");
    assert_string_equal(load(f, A, 0).sender, "");
    assert_string_equal(load(f, B, 0).body, "OTHERS-WORDS");
    assert_false(disk_has(f->redis.folder, "HER-WORDS"));
    assert_false(disk_has(f->redis.folder, "HER-REMARK"));
    assert_false(disk_has(f->redis.folder, "HER-TIP"));
    assert_true(disk_has(f->redis.folder, "THEIR-REMARK"));
    assert_true(disk_has(f->redis.folder, "OTHERS-WORDS"));
    assert_int_equal(records(f, "h1"), 2 * EVENTS);
}

static void forgetting_goes_on_after_redis_was_killed(void **state)
{
    struct fixture *f = *state;
    struct store_forget what = by_ann;
    struct status answer = {0};
    a_household(f);
    what.account = true;
    store_forget(f->store, &what, on_status, &answer);
    fixture_until(f, &answer.done);
    redis_sync_close(&f->ask);
    redis_server_kill(&f->redis);
    assert_true(redis_server_restart(&f->redis));
    assert_true(fixture_ask(f));
    f->upkeep = true;
    UNTIL(f, fixture_number(f, "EXISTS nb:{forget}:queue") == 0);
    receipt_is(f, 2 * EVENTS, 3);
    assert_false(disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_int_equal(records(f, "h2"), EVENTS);
}

/* ---- what waits for publication ---- */

static bool reply_has(const redisReply *reply, const char *text)
{
    bool found = reply->str && memmem(reply->str, reply->len, text, strlen(text));
    for (size_t i = 0; !found && i < reply->elements; i++)
        found = reply_has(reply->element[i], text);
    return found;
}

enum { WAITS = 1200, A_CALL = 500, LEAVE = 20, MEMBER = 8 + 8 + 2 + 3 + 2 + 1 + 5, ONE_WAITS = 14 };

/* Element n of the pending list, as motion.lua has it: window n, of the household, one record of its
 * device 1, "<n>" at START. */
static void waits(struct fixture *f, unsigned n, const char *household)
{
    uint8_t member[MEMBER + ONE_WAITS] = {0};
    uint32_t at = (uint32_t)(START / 1000);
    for (int i = 0; i < 4; i++)
        member[4 + i] = (uint8_t)(n >> 8 * (3 - i));
    memcpy(member + 18, "\2__\1x\0059qc5f", MEMBER - 18);
    memcpy(member + 19, household, 2);
    snprintf((char *)member + MEMBER, 8, "%u", n);
    member[MEMBER + 9] = 1;
    for (int i = 0; i < 4; i++)
        member[MEMBER + 10 + i] = (uint8_t)(at >> 8 * (3 - i));
    redisAppendCommand(f->ask.context, "RPUSH nb:{r07}:pend %b", member, sizeof(member));
}

static void all_wait(struct fixture *f, size_t count)
{
    for (; count; count--) {
        void *reply = NULL;
        assert_int_equal(redisGetReply(f->ask.context, &reply), REDIS_OK);
        assert_int_equal(((redisReply *)reply)->type, REDIS_REPLY_INTEGER);
        freeReplyObject(reply);
    }
}

/* One step for region r07, as nb_forget_regions is called; true when it is done. */
static bool forgets_some(struct fixture *f)
{
    redisReply *answer = redis_ask(
        &f->ask, "FCALL nb_forget_regions 1 nb:{r07}:log:h1 1:1 h1 1 %s 0 9999999999999 0 7 0", "1");
    if (!answer || answer->elements != 2)
        fail_msg("%s", f->ask.error);
    bool done = answer->element[0]->integer == 1;
    freeReplyObject(answer);
    return done;
}

/* However long the list is, a call looks at so many of it; meanwhile others leave in front, and come
 * behind. */
static void what_waits_is_forgotten_a_page_at_a_time(void **state)
{
    struct fixture *f = *state;
    unsigned calls = 1, next = WAITS, first = 0;
    UNTIL(f, f->available); /* the functions are there */
    for (unsigned n = 0; n < WAITS; n++)
        waits(f, n, n % 2 ? "h1" : "h2");
    all_wait(f, WAITS);
    for (; !forgets_some(f); calls++) {
        assert_true(redis_tell(&f->ask, "LTRIM nb:{r07}:pend %d -1", (int)LEAVE));
        first += LEAVE;
        for (int i = 0; i < 2 * A_CALL; i++)
            waits(f, next++, "h2");
        all_wait(f, 2 * A_CALL);
    }
    assert_in_range(calls, WAITS / A_CALL, 2 * WAITS / A_CALL);
    redisReply *list = redis_ask(&f->ask, "LRANGE nb:{r07}:pend 0 -1");
    assert_int_equal(list->elements, next - first);
    for (unsigned i = 0; i < list->elements; i++) {
        const redisReply *member = list->element[i];
        unsigned n = first + i;
        char number[8];
        snprintf(number, sizeof(number), "%u", n);
        assert_int_equal((uint8_t)member->str[7] | (uint8_t)member->str[6] << 8, n);
        assert_null(memmem(member->str, member->len, "h1", 2));
        if (n % 2 && n < WAITS)
            assert_int_equal(member->len, 21);
        else
            assert_string_equal(member->str + MEMBER, number);
    }
    freeReplyObject(list);
}

/* What has no record left is released as nothing; what is another's, as ever. */
static void what_waits_of_a_device_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct store_forget what = by_ann;
    enrolled(f, "h1", "device/cam-1", 1);
    enrolled(f, "h1", "user/ann", 0);
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:s:phone gen 1 expiry 3600"));
    for (unsigned n = 0; n < WAITS; n++)
        waits(f, n, n % 3 ? "h1" : "h2");
    all_wait(f, WAITS);
    what.device_count = 1;
    what.devices = (const struct text[]){TEXT("cam-1")};
    forgets(f, &what);
    redisReply *list = redis_ask(&f->ask, "LRANGE nb:{r07}:pend 0 -1");
    assert_int_equal(list->elements, WAITS);
    assert_false(reply_has(list, "h1"));
    freeReplyObject(list);
    f->options.release_delay_ms = 1000;
    fixture_store(f);
    UNTIL(f, fixture_number(f, "EXISTS nb:{r07}:pend") == 0);
    UNTIL(f, store_counters(f->store)->activity_released == WAITS / 3);
}

/* ---- nothing is left ---- */

/* NULL: it is no more. */
static redisReply *value_of(struct fixture *f, const char *key)
{
    static const char *const reads[][2] = {{"hash", "HGETALL %s"}, {"set", "SMEMBERS %s"},
        {"string", "GET %s"}, {"zset", "ZRANGE %s 0 -1"}, {"list", "LRANGE %s 0 -1"},
        {"stream", "XRANGE %s - +"}};
    redisReply *type = redis_ask(&f->ask, "TYPE %s", key), *value = NULL;
    bool gone = !strcmp(type->str, "none"); /* its time was over */
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        if (!strcmp(type->str, reads[i][0]))
            value = redisCommand(f->ask.context, reads[i][1], key);
    }
    freeReplyObject(type);
    assert_true(gone || value);
    return value;
}

/* How many keys have the text in their name or value, but for those with `but` in their name. */
static int keys_with(struct fixture *f, const char *text, const char *but)
{
    int count = 0;
    redisReply *keys = redis_ask(&f->ask, "KEYS *");
    for (size_t i = 0; i < keys->elements; i++) {
        const char *key = keys->element[i]->str;
        if (strstr(key, but))
            continue;
        redisReply *value = value_of(f, key);
        if (!value)
            continue;
        bool has = strstr(key, text) || reply_has(value, text);
        if (has && getenv("STORE_LOG"))
            fprintf(stderr, "%s has %s\n", key, text);
        count += has;
        freeReplyObject(value);
    }
    freeReplyObject(keys);
    return count;
}

static void nothing_is_left_of_who_goes(void **state)
{
    struct fixture *f = *state;
    struct store_forget what = by_ann;
    a_household(f);
    enrolled(f, "h2", "user/zoe", 0);
    traces(f, "h1", "cam-1", "ann");
    traces(f, "h2", "cam-9", "zoe");
    int others = keys_with(f, "cam-9", "nothing") + keys_with(f, "zoe", "nothing");
    what.account = true;
    forgets(f, &what);
    receipt_is(f, 2 * EVENTS, 3);
    assert_int_equal(keys_with(f, "cam-1", "nothing"), 0);
    assert_int_equal(keys_with(f, "ann", "{p:user/ann}"), 0); /* who fetches the receipt */
    assert_int_equal(fixture_number(f, "EXISTS nb:{p:user/ann}:board nb:{p:user/ann}:boxes "
                                       "nb:{p:user/ann}:cells nb:{p:user/ann}:instances"),
        0);
    /* The receipt; and that none of a message's name comes again. */
    assert_int_equal(keys_with(f, "h1", "{p:agency/pd}:down"), 1);
    assert_int_equal(fixture_number(f, "HEXISTS nb:{p:agency/pd}:board 1h1"), 0);
    assert_int_equal(keys_with(f, "cam-9", "nothing") + keys_with(f, "zoe", "nothing"), others);
    assert_int_equal(records(f, "h2"), EVENTS);
}

/* Whoever is at work is gone after so many calls, once more after one more: what it had sent may be done. */
static void it_is_finished_whoever_dies(void **state)
{
    struct fixture *f = *state;
    struct store_forget what = by_ann;
    struct status answer = {0};
    a_household(f);
    traces(f, "h1", "cam-1", "ann");
    what.account = true;
    store_forget(f->store, &what, on_status, &answer);
    fixture_until(f, &answer.done);
    f->upkeep = true;
    unsigned most = 1, more = f->redis.cluster ? 40 : 1; /* there each tag is a call */
    for (; fixture_number(f, "EXISTS nb:{forget}:queue") == 1; most += more) {
        assert_true(most < 200 * more);
        fixture_store(f);
        UNTIL(f, store_counters(f->store)->calls >= most || !fixture_number(f, "EXISTS nb:{forget}:queue"));
    }
    receipt_is(f, 2 * EVENTS, 3);
    assert_int_equal(keys_with(f, "cam-1", "nothing"), 0);
    assert_int_equal(records(f, "h2"), EVENTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_device_is_forgotten_and_nobody_else),
        TEST(a_time_is_forgotten),
        TEST(a_household_is_forgotten_on_disk_too),
        TEST(what_somebody_said_is_forgotten_and_its_followers_learn_that_it_ended),
        TEST(what_waits_is_forgotten_a_page_at_a_time),
        TEST(what_waits_of_a_device_is_forgotten),
        TEST(nothing_is_left_of_who_goes),
        TEST(it_is_finished_whoever_dies),
        TEST(forgetting_goes_on_after_redis_was_killed),
    };
    const struct CMUnitTest in_a_cluster[] = {
        TEST(a_time_is_forgotten),
        TEST(nothing_is_left_of_who_goes),
        TEST(it_is_finished_whoever_dies),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name(
                        "in_a_cluster", in_a_cluster, fixture_group_cluster, fixture_group_end);
}
