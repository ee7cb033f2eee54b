/* Residents' reports of the same thing in the store, against a real Redis: they become one alert, in whatever
 * order and however often they are sent, and each of their senders takes its own back. */
#include <stdlib.h>

#include "proto/message.h"
#include "tests/live/store_alerts.h"

/* Where a report lies in these tests: cells on a line, a letter each; a report is near what is one letter
 * away. The cell stands in another region for every fourth letter. */
static void token_of(uint8_t out[STORE_TOKEN], char cell)
{
    memset(out, 0, STORE_TOKEN);
    out[0] = (uint8_t)cell;
}

static const char *region_of(char cell)
{
    static const char *const regions[] = {"9qh1f", "9qh1g", "9qh1u", "9qh1v"};
    return regions[(cell - 'a') / 4 % 4];
}

struct tell {
    const char *id, *sender, *body;
    char cell;
    uint8_t tag, severity;
    int64_t expires;
    uint32_t limit, cell_limit;
    bool only_known;
};

/* A report with what it points to. */
struct reported {
    struct said said;
    struct store_report report;
    uint8_t near[3][STORE_TOKEN];
    char household[64];
    struct answer answer;
};

static void add_region(struct store_report *report, char cell)
{
    const char *region = region_of(cell);
    for (size_t i = 0; i < report->region_count; i++)
        if (strcmp(report->regions[i], region) == 0)
            return;
    strcpy(report->regions[report->region_count++], region);
}

static void begin_report(struct store *store, struct reported *r, struct tell t)
{
    const char *sender = t.sender ? t.sender : "user/ann";
    char cell = t.cell ? t.cell : 'a';
    memset(r, 0, sizeof(*r));
    snprintf(r->household, sizeof(r->household), "home of %s", sender);
    make_alert(&r->said, NEW(t.id, .body = t.body ? t.body : t.id, .area = t.id, .channels = region_of(cell),
                             .expires = t.expires,
                             .others = {.sender_tag = t.tag,
                                 .sender = text_of(sender),
                                 .client = TEXT("phone"),
                                 .household = text_of(r->household),
                                 .truth = TRUTH_UNVERIFIED,
                                 .severity = t.severity ? t.severity : SEVERITY_MODERATE,
                                 .limit = t.limit,
                                 .limit_window_ms = 3600000,
                                 .only_known = t.only_known}));
    r->report = (struct store_report){.alert = r->said.alert,
        .near_count = 3,
        .near = (const uint8_t(*)[STORE_TOKEN])r->near,
        .window_ms = 600000,
        .cell_limit = t.cell_limit,
        .category = 3,
        .cell_window_ms = 3600000};
    token_of(r->report.own, cell);
    add_region(&r->report, cell);
    for (int i = -1; i <= 1; i++) {
        token_of(r->near[i + 1], (char)(cell + i));
        if (cell + i >= 'a')
            add_region(&r->report, (char)(cell + i));
    }
    store_report(store, &r->report, on_answer, &r->answer);
    assert_false(r->answer.done);
}

static struct store_alert_result tell(struct fixture *f, struct tell t)
{
    struct reported reported;
    begin_report(f->store, &reported, t);
    fixture_until(f, &reported.answer.done);
    return reported.answer.result;
}

#define REPORT(id_, sender_, ...) ((struct tell){.id = id_, .sender = sender_, ##__VA_ARGS__})
#define BY(sender_, tag_) .others = {.sender = TEXT(sender_), .sender_tag = tag_}

#define expect_part(result_, status_, id_, revision_)                                                        \
    do {                                                                                                     \
        struct store_alert_result p_ = result_;                                                              \
        expect(p_, status_, id_, revision_);                                                                 \
        assert_true(p_.merged);                                                                              \
    } while (0)
#define expect_alone(result_, id_)                                                                           \
    do {                                                                                                     \
        struct store_alert_result p_ = result_;                                                              \
        expect(p_, STORE_OK, id_, 1);                                                                        \
        assert_false(p_.merged);                                                                             \
    } while (0)

static void expect_state(
    struct fixture *f, const char *id, uint32_t revision, uint32_t merged, uint8_t severity, const char *body)
{
    struct record record = load(f, id, 0);
    assert_int_equal(record.record.status, STORE_OK);
    assert_int_equal(record.record.revision, revision);
    assert_int_equal(record.record.merged, merged);
    assert_int_equal(record.record.severity, severity);
    assert_string_equal(record.body, body);
}

/* ---- what merges ---- */

static void reports_of_the_same_thing_become_one(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    expect_alone(tell(f, REPORT(A, "user/ann", .cell = 'a')), A);
    expect_part(tell(f, REPORT(B, "user/bob", .cell = 'b', .tag = 3)), STORE_OK, A, 2);
    expect_state(f, A, 2, 2, SEVERITY_MODERATE, A);
    expect_part(
        tell(f, REPORT(C, "user/cid", .cell = 'a', .tag = 5, .severity = SEVERITY_SEVERE)), STORE_OK, A, 3);
    expect_state(f, A, 3, 3, SEVERITY_SEVERE, A);
    assert_int_equal(load(f, A, 1).record.merged, 1);
    assert_int_equal(load(f, A, 1).record.severity, SEVERITY_MODERATE);
    expect_part(tell(f, REPORT(D, "user/dan", .tag = 9, .severity = SEVERITY_MINOR)), STORE_OK, A, 4);
    expect_state(f, A, 4, 4, SEVERITY_SEVERE, A);
    assert_int_equal(load_of(f, 3, B, 0).record.status, STORE_NOT_FOUND);
    until_history(f, "c:9qh1f", "a1+ a2+ a3+ a4+");
    assert_int_equal(state_of(f, "c:9qh1f").state.alert_count, 1);
}

static void what_is_far_late_ones_own_or_over_stands_alone(void **state)
{
    struct fixture *f = *state;
    expect_alone(tell(f, REPORT(A, "user/ann", .cell = 'a', .expires = START + 3600000)), A);
    expect_alone(tell(f, REPORT(B, "user/bob", .cell = 'c', .tag = 3)), B);
    expect_alone(tell(f, REPORT(C, "user/ann", .cell = 'a')), C);
    /* One's second report in the same incident neither. */
    expect_part(tell(f, REPORT(ID("7"), "user/eve", .cell = 'a', .tag = 9)), STORE_OK, A, 2);
    fixture_set_now(START + 1);
    expect_part(tell(f, REPORT(ID("8"), "user/eve", .cell = 'a', .tag = 9)), STORE_OK, C, 2);
    expect_alone(tell(f, REPORT(ID("9"), "user/eve", .cell = 'a', .tag = 9)), ID("9"));
    fixture_set_now(START + 600002);
    expect_alone(tell(f, REPORT(D, "user/dan", .cell = 'a', .tag = 5, .expires = START + 3600000)), D);
    say(f, CANCEL(E, D, BY("user/dan", 5)));
    expect_alone(tell(f, REPORT(F, "user/fay", .cell = 'a', .tag = 6, .expires = START + 3600000)), F);
}

static void regions_and_tags_do_not_part_them(void **state)
{
    struct fixture *f = *state;
    expect_alone(tell(f, REPORT(A, "user/ann", .cell = 'd', .tag = 1)), A);
    expect_part(tell(f, REPORT(B, "user/bob", .cell = 'e', .tag = 2)), STORE_OK, A, 2);
    expect_alone(tell(f, REPORT(C, "user/cid", .cell = 'i', .tag = 3)), C);
    expect_part(tell(f, REPORT(D, "user/dan", .cell = 'h', .tag = 3)), STORE_OK, C, 2);
}

static void another_category_or_an_agency_is_another_thing(void **state)
{
    struct fixture *f = *state;
    expect_alone(tell(f, REPORT(A, "user/ann")), A);
    say(f, NEW(B, .others = {.sender = TEXT("agency/police"), .agency = true}));
    /* A token holds the category, so another category has others. */
    expect_alone(tell(f, REPORT(C, "user/cid", .cell = 'p')), C);
}

static void of_many_at_once_one_is_left(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 12 };
    struct store *other = fixture_other_store(f, "other");
    static struct reported reports[MANY];
    char ids[MANY][PUBLIC_ID + 1], senders[MANY][16];
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%024x", (i * 7 + 3) % MANY + 1);
        snprintf(senders[i], sizeof(senders[i]), "user/u%d", i);
        begin_report(i % 2 ? other : f->store, &reports[i],
            REPORT(ids[i], senders[i], .cell = i % 3 ? 'd' : 'e', .tag = (uint8_t)(1 + i)));
    }
    for (int i = 0; i < MANY; i++)
        UNTIL(f, reports[i].answer.done);
    int alone = 0;
    struct record record = {0};
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(reports[i].answer.result.status, STORE_OK);
        if (reports[i].answer.result.merged)
            continue;
        alone++;
        record = load_of(f, (uint8_t)(1 + i), ids[i], 0);
    }
    assert_int_equal(alone, 1);
    assert_int_equal(record.record.merged, MANY);
    store_free(other);
}

/* ---- repeats, and what was left half-done ---- */

static void a_part_is_told_again_without_counting(void **state)
{
    struct fixture *f = *state;
    tell(f, REPORT(A, "user/ann"));
    tell(f, REPORT(B, "user/bob", .tag = 3));
    expect_part(tell(f, REPORT(B, "user/bob", .tag = 3)), STORE_REPEAT, A, 2);
    assert_int_equal(tell(f, REPORT(B, "user/bob", .tag = 3, .body = "other")).status, STORE_CONFLICT);
    expect(tell(f, REPORT(A, "user/ann")), STORE_REPEAT, A, 1);
    expect_state(f, A, 2, 2, SEVERITY_MODERATE, A);
    fixture_set_now(START + 70000);
    expect_part(tell(f, REPORT(B, "user/bob", .tag = 3, .only_known = true)), STORE_REPEAT, A, 2);
    assert_int_equal(tell(f, REPORT(C, "user/bob", .tag = 3, .only_known = true)).status, STORE_ENDED);
    assert_int_equal(load_of(f, 3, C, 0).record.status, STORE_NOT_FOUND);
}

/* What a process leaves that is gone between noting whose part the report is and making it one. */
static void leave_intent(struct fixture *f)
{
    uint8_t alias[45] = A; /* the alert, the report's digest, no revision yet, the alert's tag */
    memcpy(alias + 24, B, 15);
    memcpy(alias + 40, "\0\0\0\0\21", 5);
    redisReply *reply = redisCommand(f->ask.context, "SET nb:{s03}:alias:" B " %b", alias, sizeof(alias));
    assert_non_null(reply);
    freeReplyObject(reply);
}

static void what_was_to_be_a_part_becomes_one_later(void **state)
{
    struct fixture *f = *state;
    tell(f, REPORT(A, "user/ann"));
    leave_intent(f);
    expect_part(tell(f, REPORT(B, "user/bob", .tag = 3)), STORE_OK, A, 2);
    expect_part(tell(f, REPORT(B, "user/bob", .tag = 3)), STORE_REPEAT, A, 2);
    expect_state(f, A, 2, 2, SEVERITY_MODERATE, A);
}

static void what_was_to_be_a_part_of_what_is_gone_stands_alone(void **state)
{
    struct fixture *f = *state;
    leave_intent(f);
    tell(f, REPORT(A, "user/ann"));
    say(f, CANCEL(D, A, BY("user/ann", TAG)));
    expect_alone(tell(f, REPORT(B, "user/bob", .tag = 3)), B);
    expect(tell(f, REPORT(B, "user/bob", .tag = 3)), STORE_REPEAT, B, 1);
}

/* One left itself where others look, and its process was gone before it was stored. */
static void one_that_never_came_keeps_nobody(void **state)
{
    struct fixture *f = *state;
    struct reported lost;
    struct store *silent = fixture_other_store(f, "silent");
    begin_report(silent, &lost, REPORT(A, "user/ann"));
    UNTIL(f, fixture_number(f, "KEYS nb:{*}:near:*") == 1);
    store_free(silent);
    fixture_number(f, "DEL nb:{s11}:alert:" A);
    expect_alone(tell(f, REPORT(B, "user/bob", .tag = 3)), B);
    /* It comes again, and is part of the other. */
    expect_part(tell(f, REPORT(A, "user/ann")), STORE_OK, B, 2);
}

static void a_lost_connection_loses_and_doubles_none(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 20 };
    static struct reported reports[MANY];
    char ids[MANY][PUBLIC_ID + 1], senders[MANY][16];
    f->upkeep = true;
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%024x", i + 1);
        snprintf(senders[i], sizeof(senders[i]), "user/u%d", i);
        begin_report(f->store, &reports[i], REPORT(ids[i], senders[i], .tag = (uint8_t)(1 + i)));
        store_flush(f->store);
        if (i % 4 == 3)
            assert_true(redis_tell(&f->ask, "CLIENT KILL TYPE normal SKIPME yes"));
    }
    for (int i = 0; i < MANY; i++)
        UNTIL(f, reports[i].answer.done);
    unsigned alone = 0, parts = 0;
    for (int i = 0; i < MANY; i++) {
        enum store_status status = reports[i].answer.result.status;
        assert_true(status == STORE_OK || status == STORE_REPEAT);
        if (reports[i].answer.result.merged)
            continue;
        alone++;
        parts += load_of(f, (uint8_t)(1 + i), ids[i], 0).record.merged;
    }
    assert_int_equal(alone, 1);
    assert_int_equal(parts, MANY);
}

static void a_killed_redis_loses_and_doubles_none(void **state)
{
    struct fixture *f = *state;
    enum { MANY = 12 };
    static struct reported reports[MANY];
    char ids[MANY][PUBLIC_ID + 1], senders[MANY][16];
    for (int i = 0; i < MANY; i++) {
        snprintf(ids[i], sizeof(ids[i]), "%024x", i + 1);
        snprintf(senders[i], sizeof(senders[i]), "user/u%d", i);
        begin_report(f->store, &reports[i],
            REPORT(ids[i], senders[i], .cell = i % 2 ? 'd' : 'e', .tag = (uint8_t)(1 + i)));
        if (i == 2)
            UNTIL(f, reports[0].answer.done); /* the others are on their way */
    }
    store_flush(f->store);
    redis_server_kill(&f->redis);
    assert_true(redis_server_restart(&f->redis));
    for (int i = 0; i < MANY; i++)
        UNTIL(f, reports[i].answer.done);
    unsigned parts = 0;
    for (int i = 0; i < MANY; i++)
        if (!reports[i].answer.result.merged)
            parts += load_of(f, (uint8_t)(1 + i), ids[i], 0).record.merged;
    assert_int_equal(parts, MANY);
}

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

/* ---- limits ---- */

static void senders_and_cells_are_limited(void **state)
{
    struct fixture *f = *state;
    expect_alone(tell(f, REPORT(A, "user/ann", .cell = 'a', .limit = 1, .cell_limit = 2)), A);
    struct store_alert_result result = tell(f, REPORT(B, "user/ann", .cell = 'c', .limit = 1));
    assert_int_equal(result.status, STORE_LIMITED);
    assert_int_equal(result.retry_after_ms, 3600000);
    expect(tell(f, REPORT(A, "user/ann", .cell = 'a', .limit = 1)), STORE_REPEAT, A, 1);

    fixture_set_now(START + 1000);
    expect_alone(tell(f, REPORT(C, "user/cid", .cell = 'c', .tag = 3, .cell_limit = 2)), C);
    result = tell(f, REPORT(D, "user/dan", .cell = 'c', .tag = 5, .cell_limit = 2));
    assert_int_equal(result.status, STORE_LIMITED);
    assert_int_equal(result.retry_after_ms, 3599000);
    assert_int_equal(load_of(f, 5, D, 0).record.status, STORE_NOT_FOUND);
    expect(tell(f, REPORT(C, "user/cid", .cell = 'c', .tag = 3, .cell_limit = 2)), STORE_REPEAT, C, 1);
    expect(say(f, CANCEL(E, C, BY("user/cid", 3))), STORE_OK, C, 2);
    expect_alone(tell(f, REPORT(F, "user/fay", .cell = 'f', .tag = 6, .cell_limit = 2)), F);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reports_of_the_same_thing_become_one),
        TEST(what_is_far_late_ones_own_or_over_stands_alone),
        TEST(regions_and_tags_do_not_part_them),
        TEST(another_category_or_an_agency_is_another_thing),
        TEST(of_many_at_once_one_is_left),
        TEST(a_part_is_told_again_without_counting),
        TEST(what_was_to_be_a_part_becomes_one_later),
        TEST(what_was_to_be_a_part_of_what_is_gone_stands_alone),
        TEST(one_that_never_came_keeps_nobody),
        TEST(a_lost_connection_loses_and_doubles_none),
        TEST(a_killed_redis_loses_and_doubles_none),
        TEST(each_sender_takes_its_own_back),
        TEST(each_sender_changes_its_own),
        TEST(the_latest_end_of_all_holds),
        TEST(what_is_held_goes_on_with_what_is_left_of_it),
        TEST(whatever_is_told_at_once_every_report_is_counted_once),
        TEST(senders_and_cells_are_limited),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
}
