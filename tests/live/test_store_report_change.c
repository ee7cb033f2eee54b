/* Residents' reports that became one alert, against a real Redis: each of their senders changes its own and
 * takes it back, and whatever they tell at once, every report is counted once. */
#include <stdlib.h>

#include "tests/live/store_reports.h"

/* ---- taking back, changing ---- */

static void each_sender_takes_its_own_back(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    tell(f, REPORT(A, "user/ann"));
    tell(f, REPORT(B, "user/bob", .tag = 3, .severity = SEVERITY_EXTREME));
    tell(f, REPORT(C, "user/cid", .tag = 5, .severity = SEVERITY_MINOR));
    expect_state(f, A, 3, 3, SEVERITY_EXTREME, A);
    /* Nobody takes back another's. */
    assert_int_equal(say(f, CANCEL(ID("1"), B, BY("user/cid", 5))).merged, false);
    expect_state(f, A, 3, 3, SEVERITY_EXTREME, A);
    expect_part(say(f, CANCEL(ID("2"), B, BY("user/bob", 3))), STORE_OK, A, 4);
    expect_part(say(f, CANCEL(ID("2"), B, BY("user/bob", 3))), STORE_REPEAT, A, 4);
    expect_state(f, A, 4, 2, SEVERITY_MODERATE, A);
    /* It does not come back. */
    assert_int_equal(tell(f, REPORT(B, "user/bob", .tag = 3)).status, STORE_DEAD);
    /* The one that began goes: the next one's body takes its place. */
    expect(say(f, CANCEL(ID("3"), A, BY("user/ann", TAG))), STORE_OK, A, 5);
    expect_state(f, A, 5, 1, SEVERITY_MINOR, C);
    assert_string_equal(load(f, A, 0).sender, "user/cid");
    assert_true(load(f, A, 0).record.in_force);
    assert_int_equal(say(f, UPDATE(ID("4"), A, .body = "back", BY("user/ann", TAG))).status, STORE_DEAD);
    expect_part(say(f, CANCEL(ID("5"), C, BY("user/cid", 5))), STORE_OK, A, 6);
    assert_false(load(f, A, 0).record.in_force);
    until_history(f, "c:9qh1f", "a1+ a2+ a3+ a4+ a5+ a6-");
}

static void each_sender_changes_its_own(void **state)
{
    struct fixture *f = *state;
    tell(f, REPORT(A, "user/ann"));
    tell(f, REPORT(B, "user/bob", .tag = 3));
    expect_part(
        say(f, UPDATE(C, B, .body = "worse",
                   .others = {.sender = TEXT("user/bob"), .sender_tag = 3, .severity = SEVERITY_EXTREME})),
        STORE_OK, A, 3);
    expect_state(f, A, 3, 2, SEVERITY_EXTREME, A);
    expect_part(
        say(f, UPDATE(C, B, .body = "worse",
                   .others = {.sender = TEXT("user/bob"), .sender_tag = 3, .severity = SEVERITY_EXTREME})),
        STORE_REPEAT, A, 3);
    /* The first one's update does not hide it. */
    expect(say(f, UPDATE(D, A, .body = "milder",
                      .others = {.sender = TEXT("user/ann"), .severity = SEVERITY_MINOR})),
        STORE_OK, A, 4);
    expect_state(f, A, 4, 2, SEVERITY_EXTREME, "milder");
    /* What refers to the update means the part. */
    expect_part(say(f, CANCEL(E, C, BY("user/bob", 3))), STORE_OK, A, 5);
    expect_state(f, A, 5, 1, SEVERITY_MINOR, "milder");
    assert_int_equal(say(f, UPDATE(F, C, .body = "again", BY("user/bob", 3))).status, STORE_DEAD);
}

static void the_latest_end_of_all_holds(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    tell(f, REPORT(A, "user/ann", .expires = START + 1000));
    tell(f, REPORT(B, "user/bob", .tag = 3, .expires = START + 2000));
    fixture_set_now(START + 1000);
    UNTIL(f, store_as_of(f->store) == fixture_now());
    assert_true(load(f, A, 0).record.in_force);
    fixture_set_now(START + 2000);
    until_history(f, "c:9qh1f", "a1+ a2+ a3-");
    /* An update of a part lives again. */
    expect_part(
        say(f, UPDATE(C, B, .body = "still", .expires = START + 5000, BY("user/bob", 3))), STORE_OK, A, 4);
    until_history(f, "c:9qh1f", "a1+ a2+ a3- a4+");
    fixture_set_now(START + 5000);
    until_history(f, "c:9qh1f", "a1+ a2+ a3- a4+ a5-");
    UNTIL(f, fixture_number(f, "XLEN nb:{s11}:first") == 0);
    fixture_set_now(START + 5000 + 3600000);
    UNTIL(f, fixture_number(f, "KEYS nb:{s03}:al*") + fixture_number(f, "KEYS nb:{s11}:[ap]*") == 0);
}

struct settled {
    bool done;
    enum store_status status;
    bool held;
};

static void on_flagged(void *arg, const struct store_flag_result *result)
{
    *(struct settled *)arg = (struct settled){true, result->status, result->held};
}

static void on_judged(void *arg, const struct store_verdict_result *result)
{
    *(struct settled *)arg = (struct settled){true, result->status, false};
}

static struct settled flag(struct fixture *f, const char *household)
{
    struct settled settled = {0};
    struct store_flag said = {.sender_tag = TAG,
        .public_id = A,
        .household = text_of(household),
        .reason = FLAG_SPAM,
        .now = fixture_now(),
        .enough = 1};
    store_flag(f->store, &said, on_flagged, &settled);
    fixture_until(f, &settled.done);
    return settled;
}

static void what_is_held_goes_on_with_what_is_left_of_it(void **state)
{
    struct fixture *f = *state;
    struct settled settled = {0};
    tell(f, REPORT(A, "user/ann"));
    tell(f, REPORT(B, "user/bob", .tag = 3, .severity = SEVERITY_SEVERE));
    tell(f, REPORT(C, "user/cid", .tag = 5));
    assert_int_equal(flag(f, "home of user/bob").status, STORE_REPEAT); /* its own */
    assert_true(flag(f, "elsewhere").held);
    expect_alone(tell(f, REPORT(D, "user/dan", .tag = 7)), D);
    expect(say(f, CANCEL(E, A, BY("user/ann", TAG))), STORE_OK, A, 4);
    struct store_verdict said = {.sender_tag = TAG,
        .public_id = A,
        .decision = VERDICT_RELEASED,
        .by = TEXT("operator/op"),
        .now = fixture_now()};
    store_verdict(f->store, &said, on_judged, &settled);
    fixture_until(f, &settled.done);
    assert_int_equal(settled.status, STORE_OK);
    expect_state(f, A, 5, 2, SEVERITY_SEVERE, B);
    assert_true(load(f, A, 0).record.in_force);
}

/* ---- whatever happens ---- */

enum { NEIGHBORS = 40, AT_ONCE = 8, ROUNDS = 60 };

/* One report as its sender knows it. */
struct known {
    char id[PUBLIC_ID + 1], sender[16], message[PUBLIC_ID + 1], body[16];
    enum { UNTOLD, TOLD, WITHDRAWN } state;
    uint8_t severity;
    int within; /* whose alert it is in; its own number: its own */
    struct reported reported;
    struct said said;
    struct answer answer;
};

static void act(struct store *store, struct known *k, int number, unsigned dice, unsigned round)
{
    enum store_alert_act change = dice % 3 ? STORE_ALERT_UPDATE : STORE_ALERT_CANCEL;
    k->answer = (struct answer){0};
    if (k->state == UNTOLD) {
        k->severity = (uint8_t)(SEVERITY_MINOR + dice % 4);
        begin_report(store, &k->reported,
            REPORT(k->id, k->sender, .cell = number % 2 ? 'd' : 'e', .tag = (uint8_t)(1 + number),
                .severity = k->severity));
        k->state = TOLD;
        return;
    }
    snprintf(k->message, sizeof(k->message), "%012x%012x", round + 1, (unsigned)number + 1);
    snprintf(k->body, sizeof(k->body), "%u %d", round, number);
    if (change == STORE_ALERT_UPDATE)
        k->severity = (uint8_t)(SEVERITY_MINOR + dice / 3 % 4);
    else
        k->state = WITHDRAWN;
    make_alert(&k->said,
        (struct say){.act = change,
            .id = k->message,
            .references = k->id,
            .body = k->body,
            .others = {
                .sender = text_of(k->sender), .sender_tag = (uint8_t)(1 + number), .severity = k->severity}});
    store_alert(store, &k->said.alert, on_answer, &k->answer);
}

static void hear(struct fixture *f, struct known *all, int number)
{
    struct known *k = &all[number];
    if (!k->reported.answer.done || (k->message[0] && !k->answer.done))
        UNTIL(f, k->reported.answer.done && (!k->message[0] || k->answer.done));
    const struct store_alert_result *result = &k->reported.answer.result;
    assert_true(result->status == STORE_OK || result->status == STORE_REPEAT);
    k->within = number;
    for (int i = 0; i < NEIGHBORS; i++)
        if (strcmp(all[i].id, result->public_id) == 0)
            k->within = i;
    if (k->message[0])
        assert_true(k->answer.result.status == STORE_OK || k->answer.result.status == STORE_REPEAT);
}

/* Every report that was not withdrawn is in force, in one alert and counted once, and none hides a worse
 * severity. */
static void check(struct fixture *f, const struct known *all)
{
    for (int lead = 0; lead < NEIGHBORS; lead++) {
        unsigned merged = 0;
        uint8_t worst = 0;
        for (int i = 0; i < NEIGHBORS; i++) {
            if (all[i].state != TOLD || all[i].within != lead)
                continue;
            merged++;
            worst = all[i].severity > worst ? all[i].severity : worst;
        }
        struct record record = load_of(f, (uint8_t)(1 + lead), all[lead].id, 0);
        if (merged == 0) {
            assert_false(record.record.in_force);
            continue;
        }
        assert_true(record.record.in_force);
        assert_int_equal(record.record.merged, merged);
        assert_int_equal(record.record.severity, worst);
    }
}

static void whatever_is_told_at_once_every_report_is_counted_once(void **state)
{
    struct fixture *f = *state;
    static struct known all[NEIGHBORS];
    struct store *other = fixture_other_store(f, "other");
    unsigned random = 20260101;
    memset(all, 0, sizeof(all));
    for (int i = 0; i < NEIGHBORS; i++) {
        snprintf(all[i].id, sizeof(all[i].id), "%024x", i + 1);
        snprintf(all[i].sender, sizeof(all[i].sender), "user/u%d", i);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        int chosen[AT_ONCE];
        size_t count = 0;
        for (int n = 0; n < AT_ONCE; n++) {
            random = random * 1103515245 + 12345;
            int number = (int)(random >> 16) % NEIGHBORS;
            bool again = all[number].state == WITHDRAWN;
            for (size_t i = 0; i < count; i++)
                again = again || chosen[i] == number;
            if (again)
                continue;
            chosen[count++] = number;
            act(random & 0x10000 ? other : f->store, &all[number], number, random >> 20, round);
        }
        store_flush(f->store);
        store_flush(other);
        if (round % 7 == 3)
            assert_true(redis_tell(&f->ask, "CLIENT KILL TYPE normal SKIPME yes"));
        for (size_t i = 0; i < count; i++)
            hear(f, all, chosen[i]);
        check(f, all);
    }
    store_free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_sender_takes_its_own_back),
        TEST(each_sender_changes_its_own),
        TEST(the_latest_end_of_all_holds),
        TEST(what_is_held_goes_on_with_what_is_left_of_it),
        TEST(whatever_is_told_at_once_every_report_is_counted_once),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
}
