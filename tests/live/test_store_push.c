/* Push in the store, against a real Redis: subscriptions that are kept, found, renewed and forgotten, what is
 * noted for them and taken once, and that an alert leaves nothing where nobody is near. */
#include <stdlib.h>

#include "bridge/store_push.h"
#include "tests/live/store_alerts.h"

#define ONE "1111111111111111aaaaaaaa"
#define TWO "2222222222222222aaaaaaaa"
#define SAID "ssssssssssssssssssssssss"
#define DAY INT64_C(86400000)
enum { FOUND_MOST = 512, LEASE = 10000 };

/* ---- what the tests say and ask ---- */

struct status {
    bool done;
    enum store_status status;
    int64_t retry_after_ms;
};

static void on_status(void *arg, enum store_status status)
{
    *(struct status *)arg = (struct status){true, status, 0};
}

static enum store_status put(struct fixture *f, const char *id, const char *record, const char *channels)
{
    char list[8][13] = {""};
    struct status status = {0};
    struct store_push push = {.id = id,
        .record = {(const uint8_t *)record, strlen(record)},
        .channels = (const char(*)[13])list,
        .until = fixture_now() + 30 * DAY,
        .now = fixture_now(),
        .most = 2 * STORE_SENDER_TAGS};
    for (const char *at = channels; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        memcpy(list[push.channel_count++], at, len);
        at += len;
    }
    store_push_put(f->store, &push, on_status, &status);
    fixture_until(f, &status.done);
    return status.status;
}

static void forget(struct fixture *f, const char *id)
{
    struct status status = {0};
    store_push_remove(f->store, id, on_status, &status);
    fixture_until(f, &status.done);
    assert_int_equal(status.status, STORE_OK);
}

static struct found {
    bool done;
    size_t count;
    char ids[FOUND_MOST][PUBLIC_ID + 1], records[FOUND_MOST][32], next[PUBLIC_ID + 1];
} found;

static void on_near(void *arg, const struct store_push_near *near)
{
    (void)arg;
    assert_int_equal(near->status, STORE_OK);
    for (size_t i = 0; i < near->count; i++) {
        strcpy(found.ids[found.count], near->found[i].id);
        snprintf(found.records[found.count++], 32, "%.*s", (int)near->found[i].record.len,
            (const char *)near->found[i].record.data);
    }
    strcpy(found.next, near->next);
    found.done = true;
}

/* All that are found in a channel; how many. */
static size_t near(struct fixture *f, const char *channel)
{
    memset(&found, 0, sizeof found);
    do {
        found.done = false;
        store_push_near(f->store, channel, found.next, on_near, NULL);
        fixture_until(f, &found.done);
    } while (found.next[0]);
    return found.count;
}

static void want(struct fixture *f, const char *id, const char *alert, uint32_t revision, bool concerns)
{
    struct status status = {0};
    store_push_want(f->store, id, alert, revision, concerns, fixture_now(), on_status, &status);
    fixture_until(f, &status.done);
    assert_int_equal(status.status, STORE_OK);
}

/* What was taken last, copied. */
static struct taken {
    bool done, mine;
    size_t alert_count, notice_count;
    struct alert_notice alerts[16];
    size_t channel_counts[16];
    struct store_push_notice notices[64];
    char ids[64][PUBLIC_ID + 1], records[64][32];
} taken;

static void on_work(void *arg, const struct store_push_work *work)
{
    (void)arg;
    taken.mine = work->mine;
    for (size_t i = 0; i < work->alert_count; i++) {
        taken.alerts[taken.alert_count] = work->alerts[i].notice;
        taken.channel_counts[taken.alert_count++] = work->alerts[i].channel_count;
    }
    for (size_t i = 0; i < work->notice_count; i++) {
        size_t n = taken.notice_count++;
        taken.notices[n] = work->notices[i];
        strcpy(taken.ids[n], work->notices[i].id);
        taken.notices[n].id = taken.ids[n];
        snprintf(taken.records[n], 32, "%.*s", (int)work->notices[i].record.len,
            (const char *)work->notices[i].record.data);
    }
    taken.done = true;
}

static bool take_as(struct fixture *f, struct store *store, size_t room)
{
    memset(&taken, 0, sizeof taken);
    store_push_take(store, fixture_now(), LEASE, room, true, on_work, NULL);
    fixture_until(f, &taken.done);
    return taken.mine;
}

/* What was taken first, to be kept: of the subscription ONE. */
static struct store_push_notice first_taken(void)
{
    struct store_push_notice notice = taken.notices[0];
    assert_string_equal(notice.id, ONE);
    notice.id = ONE;
    return notice;
}

/* How many notices are due now, as "a1 b2": the beginning of the alert and the revision. */
static const char *due(struct fixture *f)
{
    static char words[256];
    words[0] = '\0';
    assert_true(take_as(f, f->store, 32));
    for (size_t i = 0; i < taken.notice_count; i++)
        sprintf(words + strlen(words), "%s%c%u", i ? " " : "", taken.notices[i].public_id[0],
            taken.notices[i].revision);
    return words;
}

static int push_open(void **state)
{
    if (fixture_open(state) != 0)
        return -1;
    struct fixture *f = *state;
    f->options.push = true;
    fixture_store(f);
    UNTIL(f, f->available);
    return 0;
}

/* ---- subscriptions ---- */

static void is_found_where_it_is(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(put(f, ONE, "one", "9qh1f 9qh1g 9qh"), STORE_OK);
    assert_int_equal(put(f, TWO, "two", "9qh1g"), STORE_OK);
    assert_int_equal(near(f, "9qh1f"), 1);
    assert_string_equal(found.ids[0], ONE);
    assert_string_equal(found.records[0], "one");
    assert_int_equal(near(f, "9qh1g"), 2);
    assert_int_equal(near(f, "9qh"), 1);
    assert_int_equal(near(f, "9qh1h"), 0);
    assert_int_equal(put(f, ONE, "moved", "9qh1h 9qh"), STORE_OK);
    assert_int_equal(near(f, "9qh1f"), 0);
    assert_int_equal(near(f, "9qh1h"), 1);
    assert_string_equal(found.records[0], "moved");
    forget(f, ONE);
    assert_int_equal(near(f, "9qh1h"), 0);
    assert_int_equal(near(f, "9qh"), 0);
    forget(f, ONE); /* again */
    forget(f, TWO);
    assert_int_equal(fixture_number(f, "EXISTS nb:{s11}:push:" ONE), 0);
}

static void pages_miss_nobody(void **state)
{
    struct fixture *f = *state;
    char id[PUBLIC_ID + 1];
    for (unsigned i = 0; i < 150; i++) {
        snprintf(id, sizeof id, "%02x%022x", i % 64, i);
        assert_int_equal(put(f, id, "r", "9qh1f"), i / 64 < 2 ? STORE_OK : STORE_LIMITED);
    }
    assert_int_equal(near(f, "9qh1f"), 128);
    for (size_t i = 1; i < found.count; i++)
        assert_true(strcmp(found.ids[i - 1], found.ids[i]) < 0);
}

static void ends_when_it_is_not_renewed(void **state)
{
    struct fixture *f = *state;
    put(f, ONE, "one", "9qh1f");
    long long left = fixture_number(f, "PTTL nb:{s11}:push:" ONE);
    assert_true(left > 29 * DAY && left <= 30 * DAY);
    want(f, ONE, A, 1, true);
    assert_int_equal(fixture_number(f, "PEXPIRE nb:{s11}:push:" ONE " 1"), 1);
    UNTIL(f, fixture_number(f, "EXISTS nb:{s11}:push:" ONE) == 0);
    assert_int_equal(near(f, "9qh1f"), 0);
    assert_string_equal(due(f), "");
    assert_int_equal(fixture_number(f, "EXISTS nb:{s11}:push_out"), 0);
}

static void on_counted(void *arg, enum store_status status, int64_t retry_after_ms)
{
    *(struct status *)arg = (struct status){true, status, retry_after_ms};
}

/* The day that it is by Redis' clock. */
static int64_t today(struct fixture *f)
{
    redisReply *time = redis_ask(&f->ask, "TIME");
    assert_non_null(time);
    int64_t day = strtoll(time->element[0]->str, NULL, 10) / (DAY / 1000);
    freeReplyObject(time);
    return day;
}

/* The answers to one more than may be. */
static void says(struct fixture *f, int64_t day, struct status answers[4])
{
    char who[32];
    snprintf(who, sizeof who, "push/%lld", (long long)day);
    for (unsigned i = 0; i < 4; i++) {
        answers[i] = (struct status){0};
        store_push_count(f->store, text_of(who), 3, on_counted, &answers[i]);
        fixture_until(f, &answers[i].done);
    }
}

static void says_so_much_a_day(void **state)
{
    struct fixture *f = *state;
    struct status answers[4];
    int64_t day;
    do {
        day = today(f);
        says(f, day, answers);
    } while (day != today(f)); /* it was midnight */
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(answers[i].status, STORE_OK);
    assert_int_equal(answers[3].status, STORE_LIMITED);
    assert_true(answers[3].retry_after_ms > 0 && answers[3].retry_after_ms <= DAY);
}

/* ---- notices ---- */

static void is_told_once_and_what_becomes_of_it(void **state)
{
    struct fixture *f = *state;
    put(f, ONE, "one", "9qh1f");
    want(f, ONE, A, 1, true);
    want(f, ONE, A, 1, true); /* in another channel */
    assert_string_equal(due(f), "a1");
    assert_string_equal(taken.ids[0], ONE);
    assert_string_equal(taken.records[0], "one");
    assert_int_equal(taken.notices[0].told, 0);
    assert_string_equal(taken.notices[0].said, "");
    struct store_push_notice notice = first_taken();
    assert_string_equal(due(f), ""); /* it is taken */
    store_push_finish(f->store, &notice, 1, STORE_PUSH_TOLD, SAID, fixture_now());
    want(f, ONE, A, 1, true); /* looked at again */
    fixture_set_now(fixture_now() + 2 * LEASE);
    assert_string_equal(due(f), "");
    want(f, ONE, A, 2, false); /* it ended, or concerns it no more */
    assert_string_equal(due(f), "a2");
    assert_int_equal(taken.notices[0].told, 1);
    assert_string_equal(taken.notices[0].said, SAID);
    notice = first_taken();
    store_push_finish(f->store, &notice, 2, STORE_PUSH_ENDED, "", fixture_now());
    want(f, ONE, A, 3, false);
    assert_string_equal(due(f), "");
}

static void what_was_not_told_yet_and_ended_is_not_told(void **state)
{
    struct fixture *f = *state;
    put(f, ONE, "one", "9qh1f");
    want(f, ONE, A, 1, true);
    want(f, ONE, A, 2, false);
    want(f, ONE, B, 1, false);
    assert_string_equal(due(f), "");
}

static void revisions_merge_and_none_is_lost(void **state)
{
    struct fixture *f = *state;
    put(f, ONE, "one", "9qh1f");
    want(f, ONE, A, 1, true);
    assert_string_equal(due(f), "a1");
    struct store_push_notice notice = first_taken();
    want(f, ONE, A, 2, true); /* while the first is on its way */
    want(f, ONE, A, 3, true);
    assert_string_equal(due(f), "");
    store_push_finish(f->store, &notice, 1, STORE_PUSH_TOLD, SAID, fixture_now());
    assert_string_equal(due(f), "a3");
    assert_int_equal(taken.notices[0].told, 1);
}

static void who_takes_it_and_dies_leaves_it_to_another(void **state)
{
    struct fixture *f = *state;
    struct store *other = fixture_other_store(f, "other");
    put(f, ONE, "one", "9qh1f");
    want(f, ONE, A, 1, true);
    assert_string_equal(due(f), "a1");
    assert_true(redis_tell(&f->ask, "SET nb:{s00}:lease:push test")); /* however long this test takes */
    assert_false(take_as(f, other, 32));                              /* one process does it */
    fixture_set_now(fixture_now() + LEASE + 1);
    assert_true(redis_tell(&f->ask, "PEXPIRE nb:{s00}:lease:push 300"));
    UNTIL(f, take_as(f, other, 32)); /* when its lease is over */
    assert_int_equal(taken.notice_count, 1);
    store_free(other);
}

static void is_tried_again_when_it_is_time(void **state)
{
    struct fixture *f = *state;
    put(f, ONE, "one", "9qh1f");
    want(f, ONE, A, 1, true);
    assert_string_equal(due(f), "a1");
    struct store_push_notice notice = first_taken();
    store_push_later(f->store, &notice, fixture_now() + 60000);
    want(f, ONE, A, 2, true); /* hastens nothing */
    fixture_set_now(fixture_now() + 59000);
    assert_string_equal(due(f), "");
    fixture_set_now(fixture_now() + 1000);
    assert_string_equal(due(f), "a2");
    assert_int_equal(taken.notices[0].tries, 1);
    forget(f, ONE); /* its notices go with it */
    fixture_set_now(fixture_now() + 2 * LEASE);
    assert_string_equal(due(f), "");
    assert_int_equal(fixture_number(f, "EXISTS nb:{s11}:push_out"), 0);
}

/* ---- alerts ---- */

static bool is_carried(struct fixture *f)
{
    return fixture_number(f, "EXISTS nb:{s11}:outbox nb:{s11}:first") == 0 ||
           fixture_number(f, "XLEN nb:{s11}:outbox") + fixture_number(f, "XLEN nb:{s11}:first") == 0;
}

static void an_alert_is_noted_where_somebody_is_near(void **state)
{
    struct fixture *f = *state;
    f->upkeep = true;
    put(f, ONE, "one", "9qh1f");
    say(f, NEW(B, .channels = "9qh1z")); /* nobody is there */
    say(f, NEW(A, .channels = "9qh1f 9qh1g"));
    UNTIL(f, (take_as(f, f->store, 0), taken.alert_count > 0));
    assert_int_equal(taken.alert_count, 1);
    assert_string_equal(taken.alerts[0].public_id, A);
    assert_int_equal(taken.alerts[0].revision, 1);
    assert_int_equal(taken.alerts[0].sender_tag, TAG);
    assert_int_equal(taken.channel_counts[0], 2);
    struct alert_notice first = taken.alerts[0];
    say(f, UPDATE(C, A, .channels = "9qh1g", .body = "two"));
    UNTIL(f, is_carried(f));
    store_push_looked(f->store, &first, fixture_now());
    UNTIL(f, (take_as(f, f->store, 0), taken.alert_count > 0)); /* there is a newer one */
    assert_int_equal(taken.alerts[0].revision, 2);
    store_push_looked(f->store, &taken.alerts[0], fixture_now());
    UNTIL(f, fixture_number(f, "EXISTS nb:{s11}:push_due") == 0);
    forget(f, ONE);
    say(f, UPDATE(D, A, .channels = "9qh1f", .body = "three"));
    UNTIL(f, is_carried(f));
    assert_int_equal(fixture_number(f, "EXISTS nb:{s11}:push_due"), 0);
}

/* What somebody finds on the disk. */
static void nothing_is_in_plain(void **state)
{
    struct fixture *f = *state;
    put(f, ONE, "https://push.example/secret", "9qh1f");
    want(f, ONE, A, 1, true);
    redisReply *keys = redis_ask(&f->ask, "KEYS *push*");
    assert_true(keys->elements >= 3);
    for (size_t i = 0; i < keys->elements; i++)
        assert_null(strstr(keys->element[i]->str, "9qh1f"));
    freeReplyObject(keys);
    redisReply *all = redis_ask(&f->ask, "HGETALL nb:{s11}:push:" ONE);
    static const uint8_t alert[] = {0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa};
    for (size_t i = 0; i < all->elements; i++) {
        assert_null(memmem(all->element[i]->str, all->element[i]->len, "secret", 6));
        assert_null(memmem(all->element[i]->str, all->element[i]->len, alert, sizeof alert));
    }
    freeReplyObject(all);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, push_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_found_where_it_is),
        TEST(pages_miss_nobody),
        TEST(ends_when_it_is_not_renewed),
        TEST(says_so_much_a_day),
        TEST(is_told_once_and_what_becomes_of_it),
        TEST(what_was_not_told_yet_and_ended_is_not_told),
        TEST(revisions_merge_and_none_is_lost),
        TEST(who_takes_it_and_dies_leaves_it_to_another),
        TEST(is_tried_again_when_it_is_time),
        TEST(an_alert_is_noted_where_somebody_is_near),
        TEST(nothing_is_in_plain),
    };
    /* Each step keeps to one slot. */
    const struct CMUnitTest slots[] = {
        TEST(is_found_where_it_is),
        TEST(pages_miss_nobody),
        TEST(says_so_much_a_day),
        TEST(is_told_once_and_what_becomes_of_it),
        TEST(revisions_merge_and_none_is_lost),
        TEST(is_tried_again_when_it_is_time),
        TEST(an_alert_is_noted_where_somebody_is_near),
        TEST(nothing_is_in_plain),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed + cmocka_run_group_tests_name("slots", slots, fixture_group_cluster, fixture_group_end);
}
