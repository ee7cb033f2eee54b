/* What a household decides, against a real Redis: what it shares counts at once, and what is too old
 * goes. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
    assert_int_equal(told.hours.from_minute, hours.from_minute);
    assert_int_equal(told.hours.to_minute, hours.to_minute);
    assert_int_equal(told.hours.weekdays, hours.weekdays);
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
    assert_true(redis_tell(&f->ask, "DEL nb:{r00}:lease:trim"));
    fixture_store(f);
    f->upkeep = true;
    UNTIL(f, fixture_number(f, "EXISTS nb:{r00}:lease:trim") == 1);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(settings_are_read_as_they_were_written),
        TEST(a_log_keeps_what_its_household_chose_and_no_more),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests(tests, fixture_group_cluster, fixture_group_end);
}
