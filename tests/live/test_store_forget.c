/* What a household wants forgotten is nowhere any more, on disk either, whatever dies meanwhile, while what
 * is another's stays: against one Redis, and a cluster that lets no step touch two tags. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_export.h"
#include "bridge/store_forget.h"
#include "proto/codec.h"
#include "tests/live/store_alerts.h"

enum { RECORD_FIXED = 18, EVENTS = 1200 };
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

struct status {
    bool done;
    enum store_status status;
};

static void on_status(void *arg, enum store_status status)
{
    *(struct status *)arg = (struct status){true, status};
}

static size_t sent; /* events, of which nobody has heard yet */

/* An event of the household's device of that number, whose activity id is the marker; logs are in two
 * regions. */
static void happens(struct fixture *f, const char *household, uint8_t number, const char *marker, int64_t at)
{
    uint8_t record[1 + RECORD_FIXED + LIMIT_ID] = {0, KIND_PERSON | PHASE_START << 4, 90, number};
    size_t len = strlen(marker);
    for (int i = 0; i < 6; i++)
        record[7 + i] = (uint8_t)(at >> 8 * i);
    record[17] = (uint8_t)len;
    memcpy(record + 18, marker, len);
    record[0] = (uint8_t)(RECORD_FIXED + len);
    redisAppendCommand(f->ask.context, "XADD nb:{r%s}:log:%s * e %b", at % 2 ? "9c" : "07", household, record,
        (size_t)1 + RECORD_FIXED + len);
    sent++;
}

static void all_are_stored(struct fixture *f)
{
    for (; sent; sent--) {
        void *reply = NULL;
        assert_int_equal(redisGetReply(f->ask.context, &reply), REDIS_OK);
        assert_int_equal(((redisReply *)reply)->type, REDIS_REPLY_STRING);
        freeReplyObject(reply);
    }
}

static void enrolled(struct fixture *f, const char *household, const char *name, int number)
{
    char digest[PLACE_DIGEST + 1];
    place_digest(f->places, "sharers", TEXT("9qh1f5"), digest);
    assert_true(
        redis_tell(&f->ask,
            "HSET nb:{p:%s}:principal household %s number %d share 4 enrolled 1 region %s leaf_digest %s",
            name, household, number, "9c", digest) &&
        redis_tell(&f->ask, "SADD nb:{h:%s}:members %s", household, name) &&
        redis_tell(&f->ask, "HSET nb:{h:%s}:household verified 1", household));
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

/* True when a file of the folder, or of one in it, holds the text. */
static bool disk_has(const char *folder, const char *text)
{
    bool found = false;
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *file; !found && (file = readdir(files));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        if (file->d_name[0] == '.' || file->d_type == DT_SOCK)
            continue;
        if (file->d_type == DT_DIR) {
            found = disk_has(path, text);
            continue;
        }
        FILE *in = fopen(path, "r");
        if (!in) /* renamed meanwhile */
            continue;
        fseek(in, 0, SEEK_END);
        size_t size = (size_t)ftell(in);
        rewind(in);
        char *bytes = malloc(size + 1);
        size = fread(bytes, 1, size, in);
        found = memmem(bytes, size, text, strlen(text)) != NULL;
        free(bytes);
        fclose(in);
    }
    closedir(files);
    return found;
}

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

static void a_household(struct fixture *f)
{
    enrolled(f, "h1", "device/cam-1", 1);
    enrolled(f, "h1", "device/cam-2", 2);
    enrolled(f, "h1", "user/ann", 0);
    enrolled(f, "h2", "device/cam-9", 1);
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:s:phone gen 1 expiry 3600"));
    assert_true(redis_tell(&f->ask, "SADD nb:{p:user/ann}:clients phone"));
    for (int i = 0; i < EVENTS; i++) {
        happens(f, "h1", 1, "FIRST-CAMERA", START + i);
        happens(f, "h1", 2, "SECOND-CAMERA", START + i);
        happens(f, "h2", 1, "THE-NEIGHBORS", START + i);
    }
    all_are_stored(f);
    assert_true(disk_has(f->redis.folder, "FIRST-CAMERA"));
}

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
    assert_true(redis_sync_open(&f->ask, f->redis.url));
    f->upkeep = true;
    UNTIL(f, fixture_number(f, "EXISTS nb:{forget}:queue") == 0);
    receipt_is(f, 2 * EVENTS, 3);
    assert_false(disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_int_equal(records(f, "h2"), EVENTS);
}

/* ---- nothing is left ---- */

static bool reply_has(const redisReply *reply, const char *text)
{
    bool found = reply->str && memmem(reply->str, reply->len, text, strlen(text));
    for (size_t i = 0; !found && i < reply->elements; i++)
        found = reply_has(reply->element[i], text);
    return found;
}

static redisReply *value_of(struct fixture *f, const char *key)
{
    static const char *const reads[][2] = {{"hash", "HGETALL %s"}, {"set", "SMEMBERS %s"},
        {"string", "GET %s"}, {"zset", "ZRANGE %s 0 -1"}, {"list", "LRANGE %s 0 -1"},
        {"stream", "XRANGE %s - +"}};
    redisReply *type = redis_ask(&f->ask, "TYPE %s", key), *value = NULL;
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        if (!strcmp(type->str, reads[i][0]))
            value = redisCommand(f->ask.context, reads[i][1], key);
    }
    freeReplyObject(type);
    assert_non_null(value);
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
        bool has = strstr(key, text) || reply_has(value, text);
        if (has && getenv("STORE_LOG"))
            fprintf(stderr, "%s has %s\n", key, text);
        count += has;
        freeReplyObject(value);
    }
    freeReplyObject(keys);
    return count;
}

/* As redisCommand has it. */
static void tell(struct fixture *f, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(f->ask.context, format, arguments);
    va_end(arguments);
    assert_true(reply && reply->type != REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

/* What is anywhere of the household HOME, its camera and its resident. */
static void traces(struct fixture *f, const char *home, const char *camera, const char *resident)
{
    char clip[64] = "s-since--delete-";
    size_t len = 17;
    clip[len++] = (char)strlen(home);
    memcpy(clip + len, home, strlen(home));
    len += strlen(home);
    tell(f, "HSET nb:{r10}:cool:%lld %s/%b 1", (long long)(fixture_now() / 600000), home,
        "\0\1"
        "1",
        (size_t)3);
    tell(f, "HSET nb:{r11}:seq:0a device/%s%bclient state", camera, "\0", (size_t)1);
    tell(f, "HSET nb:{r11}:once:ff device/%s%bclient state", camera, "\0", (size_t)1);
    tell(f, "SADD nb:{p:device/%s}:clients client", camera);
    tell(f, "HSET nb:{p:device/%s}:s:client gen 1 expiry 9", camera);
    tell(f, "HSET nb:{r12}:q2:device/%s/client 7 1", camera);
    tell(f, "HSET nb:{p:user/%s}:board note said-to-%s", resident, resident);
    tell(f, "SADD nb:{p:user/%s}:boxes phone", resident);
    tell(f, "HSET nb:{p:user/%s}:cells a 1", resident);
    tell(f, "HSET nb:{p:user/%s}:instances phone 0", resident);
    tell(f, "HSET nb:{h:%s}:settings version 1", home);
    tell(f, "ZADD nb:{s03}:tips:user/%s 1 talk-%s", resident, resident);
    tell(f, "HSET nb:{s03}:tip:talk-%s sender user/%s agency agency/pd claim x d1%s a d2%s b", resident,
        resident, home, home);
    tell(f, "HSET nb:{p:agency/pd}:board 1%s %b", home, "0000000000000000tip", (size_t)19);
    tell(f, "ZADD nb:{s03}:limit:user/%s 1 a", resident);
    tell(f, "ZADD nb:{s04}:footage_due 1 request");
    tell(f, "HSET nb:{s04}:footage:request until 1 settled asked agency agency/pd case 1 to 1 stage over");
    tell(f, "SADD nb:{s04}:asked:request %s", home);
    tell(f, "HSET nb:{s04}:ask:request %s x", home);
    tell(f, "HSET nb:{s04}:clips:request clip-%s %b", home, clip, len);
    tell(f, "HSET nb:{s11}:flags:" B " %s 1", home);
    tell(f, "ZADD nb:{s11}:tombs 99999999999999 " B);
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

/* ---- what is held is handed out ---- */

struct held {
    bool done;
    char next[STORE_EXPORT_PAGE];
    size_t events, principals, devices, alerts, tips, clips, flags, inbox;
    bool settings;
};

static void count_note(struct held *held, struct text what)
{
    held->tips += text_equal(what, TEXT("tip"));
    held->clips += text_equal(what, TEXT("footage-answer"));
    held->flags += text_equal(what, TEXT("flag"));
    held->inbox += text_equal(what, TEXT("inbox"));
}

static void on_page(void *arg, const struct store_export *page)
{
    struct held *held = arg;
    assert_int_equal(page->status, STORE_OK);
    assert_true(page->next.len < STORE_EXPORT_PAGE);
    snprintf(
        held->next, sizeof held->next, "%.*s", (int)page->next.len, page->next.data ? page->next.data : "");
    held->events += page->event_count; /* here each is an entry of its own */
    held->principals += page->principal_count;
    held->devices = page->device_count;
    held->alerts += page->alert_count;
    held->settings = held->settings || page->has_settings;
    for (size_t i = 0; i < page->note_count; i++)
        count_note(held, page->notes[i].what);
    held->done = true;
}

static void what_is_held_is_handed_out_whole(void **state)
{
    struct fixture *f = *state;
    const struct store_alert hers = {
        .sender = TEXT("user/ann"), .household = TEXT("h1"), .client = TEXT("phone")};
    struct held held = {0};
    a_household(f);
    traces(f, "h1", "cam-1", "ann");
    traces(f, "h2", "cam-9", "zoe");
    tell(f, "XADD nb:{p:user/ann}:in:phone * i %b", "8letters\5helloworld", (size_t)19);
    expect(say(f, NEW(A, .channels = "9qh1f", .expires = START + 1000000, .others = hers)), STORE_OK, A, 1);
    for (int i = 0; i < 300; i++) /* more than one call looks at */
        tell(f, "ZADD nb:{s20}:tombs %d %024d", i / 7, i);
    tell(f, "HSET nb:{s20}:seen:%024d h1 %b", 299, "12 me too", (size_t)9);
    do {
        char page[STORE_EXPORT_PAGE];
        strcpy(page, held.next);
        held.done = false;
        store_export(f->store, TEXT("h1"), text_of(page), on_page, &held);
        fixture_until(f, &held.done);
    } while (held.next[0]);
    assert_int_equal(held.events, 2 * EVENTS);
    assert_int_equal(held.principals, 3);
    assert_int_equal(held.devices, 2);
    assert_true(held.settings);
    assert_int_equal(held.alerts, 1);
    assert_int_equal(held.tips, 1);
    assert_int_equal(held.clips, 1);
    assert_int_equal(held.flags, 1);
    assert_int_equal(held.inbox, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_device_is_forgotten_and_nobody_else),
        TEST(a_time_is_forgotten),
        TEST(a_household_is_forgotten_on_disk_too),
        TEST(what_somebody_said_is_forgotten_and_its_followers_learn_that_it_ended),
        TEST(what_is_held_is_handed_out_whole),
        TEST(nothing_is_left_of_who_goes),
        TEST(it_is_finished_whoever_dies),
        TEST(forgetting_goes_on_after_redis_was_killed),
    };
    const struct CMUnitTest in_a_cluster[] = {
        TEST(a_time_is_forgotten),
        TEST(what_is_held_is_handed_out_whole),
        TEST(nothing_is_left_of_who_goes),
        TEST(it_is_finished_whoever_dies),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name(
                        "in_a_cluster", in_a_cluster, fixture_group_cluster, fixture_group_end);
}
