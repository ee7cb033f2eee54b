/* What a household decides, against a real Redis: what it shares counts at once, what is too old goes, and
 * what it wants forgotten is nowhere any more, on disk either, while what is another's stays. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bridge/store_forget.h"
#include "bridge/store_household.h"
#include "proto/codec.h"
#include "tests/live/store_alerts.h"

enum { DAY_MS = 86400000, RECORD_FIXED = 18 };
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

struct status {
    bool done;
    enum store_status status;
};

static void on_status(void *arg, enum store_status status)
{
    *(struct status *)arg = (struct status){true, status};
}

static void on_motion(void *arg, const struct store_motion_result *result)
{
    *(struct status *)arg = (struct status){true, result->status};
}

/* An event of the household's device of that number, whose activity id is the marker, under that version of
 * what is shared; shared: it may be published. */
static void happens(struct fixture *f, const char *household, uint8_t number, const char *marker, int64_t at,
    uint64_t version, bool shared)
{
    uint8_t record[RECORD_FIXED + LIMIT_ID] = {KIND_PERSON | PHASE_START << 4, 90, number};
    size_t len = strlen(marker);
    for (int i = 0; i < 6; i++)
        record[6 + i] = (uint8_t)(at >> 8 * i);
    record[16] = (uint8_t)len;
    memcpy(record + 17, marker, len);
    struct store_motion_event event = {.record = {record, RECORD_FIXED + len},
        .publish = shared,
        .activity = {0, 0, KIND_PERSON | PHASE_START << 4},
        .device = number,
        .at = at};
    struct store_motion motion = {.sender = TEXT("edge/home"),
        .instance = TEXT("1"),
        .household = text_of(household),
        .sharing_version = version,
        .channel = "9qh1f",
        .leaf = "9qh1f5",
        .count = 1,
        .events = &event};
    struct status answer = {0};
    store_motion(f->store, &motion, on_motion, &answer);
    fixture_until(f, &answer.done);
    assert_int_equal(answer.status, STORE_OK);
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

static void decides(struct fixture *f, const struct household_change *change)
{
    struct status answer = {0};
    store_household_change(f->store, change, on_status, &answer);
    fixture_until(f, &answer.done);
    assert_int_equal(answer.status, STORE_OK);
}

/* ---- settings ---- */

struct told_settings {
    bool done;
    struct household_settings settings;
    char agency[LIMIT_ID + 1], device[LIMIT_ID + 1], zone[LIMIT_ZONE + 1];
    uint16_t kinds, incidents;
    struct daily_hours hours;
};

static void on_settings(void *arg, const struct household_settings *settings)
{
    struct told_settings *told = arg;
    told->done = true;
    told->settings = *settings;
    if (settings->sharing.count == 1) {
        const struct sharing_rule *rule = &settings->sharing.rules[0];
        snprintf(told->device, sizeof told->device, "%.*s", (int)rule->device.len, rule->device.data);
        snprintf(told->zone, sizeof told->zone, "%.*s", (int)settings->sharing.time_zone.len,
            settings->sharing.time_zone.data);
        told->kinds = rule->kinds;
        told->hours = rule->hour_count ? rule->hours[0] : (struct daily_hours){0};
    }
    if (settings->footage.count == 1) {
        const struct footage_rule *rule = &settings->footage.rules[0];
        snprintf(told->agency, sizeof told->agency, "%.*s", (int)rule->agency.len, rule->agency.data);
        told->incidents = rule->incidents;
    }
}

static void settings_are_read_as_they_were_written(void **state)
{
    struct fixture *f = *state;
    struct daily_hours hours = {480, 1080, 31};
    struct sharing_rule sharing = {TEXT("cam-1"), 1 << KIND_PERSON, 1, &hours};
    struct footage_rule footage = {TEXT("pd"), 1 << INCIDENT_THEFT};
    struct told_settings told = {0};
    store_household_settings(f->store, TEXT("h1"), on_settings, &told);
    fixture_until(f, &told.done);
    assert_false(told.settings.has_sharing || told.settings.has_footage || told.settings.retention_days);
    decides(f, &(struct household_change){.household = TEXT("h1"),
                   .sharing = &(struct sharing_rules){1, &sharing, TEXT("Europe/Berlin")}});
    decides(f,
        &(struct household_change){
            .household = TEXT("h1"), .retention_days = 7, .footage = &(struct footage_rules){1, &footage}});
    told.done = false;
    store_household_settings(f->store, TEXT("h1"), on_settings, &told);
    fixture_until(f, &told.done);
    assert_true(told.settings.has_sharing && told.settings.has_footage);
    assert_int_equal(told.settings.retention_days, 7);
    assert_string_equal(told.device, "cam-1");
    assert_string_equal(told.zone, "Europe/Berlin");
    assert_int_equal(told.kinds, 1 << KIND_PERSON);
    assert_memory_equal(&told.hours, &hours, sizeof hours);
    assert_string_equal(told.agency, "pd");
    assert_int_equal(told.incidents, 1 << INCIDENT_THEFT);
}

/* ---- retention ---- */

static size_t records(struct fixture *f, const char *household)
{
    size_t count = 0;
    redisReply *keys = redis_ask(&f->ask, "KEYS nb:{r*}:log:%s", household);
    for (size_t i = 0; keys && i < keys->elements; i++) {
        redisReply *len = redis_ask(&f->ask, "XLEN %s", keys->element[i]->str);
        count += (size_t)len->integer;
        freeReplyObject(len);
    }
    freeReplyObject(keys);
    return count;
}

/* Who has just begun trims at once. */
static void trims(struct fixture *f)
{
    assert_true(redis_tell(&f->ask, "DEL nb:lease:trim"));
    fixture_store(f);
    f->upkeep = true;
    UNTIL(f, fixture_number(f, "EXISTS nb:lease:trim") == 1);
}

static void a_log_keeps_what_its_household_chose_and_no_more(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 300; i++) {
        happens(f, "h1", 1, "one", START, 0, false);
        happens(f, "h2", 1, "two", START, 0, false);
    }
    decides(f, &(struct household_change){.household = TEXT("h1"), .retention_days = 3});
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    int64_t now = real.tv_sec * INT64_C(1000);
    fixture_set_now(now + 4 * (int64_t)DAY_MS); /* Redis' own clock names the entries */
    trims(f);
    UNTIL(f, records(f, "h1") == 0);
    assert_int_equal(records(f, "h2"), 300);
    fixture_set_now(now + 61 * (int64_t)DAY_MS);
    trims(f);
    UNTIL(f, records(f, "h2") == 0);
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
    for (int i = 0; i < 700; i++) {
        happens(f, "h1", 1, "FIRST-CAMERA", START + i, 0, false);
        happens(f, "h1", 2, "SECOND-CAMERA", START + i, 0, false);
        happens(f, "h2", 1, "THE-NEIGHBORS", START + i, 0, false);
    }
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
    receipt_is(f, 700, 1);
    assert_false(disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_int_equal(records(f, "h1"), 700);
    assert_int_equal(records(f, "h2"), 700);
    assert_int_equal(fixture_number(f, "EXISTS nb:{p:device/cam-1}:principal"), 0);
    assert_int_equal(
        fixture_number(f, "EXISTS nb:{p:device/cam-2}:principal nb:{p:device/cam-9}:principal"), 2);
    happens(f, "h1", 2, "SECOND-CAMERA", START, 0, false); /* and it goes on */
    assert_int_equal(records(f, "h1"), 701);
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
    assert_int_equal(records(f, "h1"), 1200);
    assert_int_equal(records(f, "h2"), 700);
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
    receipt_is(f, 1400, 3);
    assert_false(disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_false(disk_has(f->redis.folder, "SECOND-CAMERA"));
    assert_int_equal(records(f, "h1"), 0);
    assert_int_equal(fixture_number(f, "EXISTS nb:{h:h1}:members nb:{h:h1}:household nb:{h:h1}:settings"), 0);
    assert_int_equal(
        fixture_number(f, "EXISTS nb:{p:device/cam-1}:principal nb:{p:device/cam-2}:principal"), 0);
    assert_int_equal(records(f, "h2"), 700);
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
    assert_int_equal(records(f, "h1"), 1400);
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
    receipt_is(f, 1400, 3);
    assert_false(disk_has(f->redis.folder, "FIRST-CAMERA"));
    assert_int_equal(records(f, "h2"), 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings_are_read_as_they_were_written),
        TEST(a_log_keeps_what_its_household_chose_and_no_more),
        TEST(a_device_is_forgotten_and_nobody_else),
        TEST(a_time_is_forgotten),
        TEST(a_household_is_forgotten_on_disk_too),
        TEST(what_somebody_said_is_forgotten_and_its_followers_learn_that_it_ended),
        TEST(forgetting_goes_on_after_redis_was_killed),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
}
