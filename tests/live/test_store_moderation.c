/* What others say of an alert in the store, against a real Redis: witnesses, flags, appeals, verdicts, a
 * second officer's approval, and what is kept of it for the public record. */
#include <stdlib.h>

#include "bridge/moderation.h"
#include "proto/message.h"
#include "tests/live/store_alerts.h"

#define RESIDENT                                                                                             \
    .others = {.sender = TEXT("user/ann"),                                                                   \
        .client = TEXT("phone"),                                                                             \
        .household = TEXT("home-1"),                                                                         \
        .truth = TRUTH_UNVERIFIED}
#define AGENCY(officer_, ...)                                                                                \
    .others = {.sender = TEXT("agency/police"),                                                              \
        .client = TEXT("desk"),                                                                              \
        .officer = TEXT(officer_),                                                                           \
        .agency = true,                                                                                      \
        .truth = TRUTH_CONFIRMED,                                                                            \
        ##__VA_ARGS__}

static struct store_alert_result witness(struct fixture *f, const char *id, const char *household)
{
    struct answer answer = {0};
    struct store_witness said = {TAG, id, text_of(household), TEXT("I saw it"), fixture_now(), 3};
    store_witness(f->store, &said, on_answer, &answer);
    assert_false(answer.done);
    fixture_until(f, &answer.done);
    return answer.result;
}

struct flagged {
    bool done;
    enum store_status status;
    bool held;
    char sender[64], client[64];
};

static void on_flagged(void *arg, const struct store_flag_result *result)
{
    struct flagged *flagged = arg;
    assert_false(flagged->done);
    flagged->done = true;
    flagged->status = result->status;
    flagged->held = result->held;
    snprintf(
        flagged->sender, 64, "%.*s", (int)result->sender.len, result->sender.data ? result->sender.data : "");
    snprintf(
        flagged->client, 64, "%.*s", (int)result->client.len, result->client.data ? result->client.data : "");
}

static struct flagged flag(struct fixture *f, const char *id, const char *household, bool appeal)
{
    struct flagged flagged = {0};
    struct store_flag said = {.sender_tag = TAG,
        .public_id = id,
        .household = text_of(household),
        .reason = FLAG_SPAM,
        .remark = TEXT("why \"so\""),
        .now = fixture_now(),
        .enough = 3,
        .appeal = appeal};
    store_flag(f->store, &said, on_flagged, &flagged);
    assert_false(flagged.done);
    fixture_until(f, &flagged.done);
    return flagged;
}

struct judged {
    bool done;
    enum store_status status;
    uint32_t revision;
    char sender[64], client[64];
};

static void on_judged(void *arg, const struct store_verdict_result *result)
{
    struct judged *judged = arg;
    assert_false(judged->done);
    judged->done = true;
    judged->status = result->status;
    judged->revision = result->revision;
    snprintf(
        judged->sender, 64, "%.*s", (int)result->sender.len, result->sender.data ? result->sender.data : "");
    snprintf(
        judged->client, 64, "%.*s", (int)result->client.len, result->client.data ? result->client.data : "");
}

/* Each call is one of its own, by its time. */
static int64_t a_little_later(void)
{
    static int64_t calls;
    return fixture_now() + ++calls % 50;
}

static struct judged say_verdict(struct fixture *f, const struct store_verdict *said)
{
    struct judged judged = {0};
    store_verdict(f->store, said, on_judged, &judged);
    assert_false(judged.done);
    fixture_until(f, &judged.done);
    return judged;
}

static struct judged judge_as(
    struct fixture *f, const char *id, uint32_t revision, int decision, const char *by, const char *officer)
{
    struct store_verdict said = {TAG, id, revision, (uint8_t)decision, text_of(by), text_of(officer),
        TEXT("for a reason"), a_little_later()};
    return say_verdict(f, &said);
}

static struct judged judge(struct fixture *f, const char *id, uint32_t revision, int decision)
{
    return judge_as(f, id, revision, decision, "operator/op", "kim");
}

#define expect_verdict(judged_, status_, revision_)                                                          \
    do {                                                                                                     \
        struct judged j_ = judged_;                                                                          \
        assert_int_equal(j_.status, status_);                                                                \
        assert_int_equal(j_.revision, revision_);                                                            \
    } while (0)

static long long counted(struct fixture *f, const char *what)
{
    redisReply *reply = redis_ask(&f->ask, "HGET nb:{s11}:moderation %s", what);
    long long count = reply && reply->type == REDIS_REPLY_STRING ? atoll(reply->str) : 0;
    freeReplyObject(reply);
    return count;
}

/* ---- witnesses ---- */

static void enough_households_corroborate(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    expect(say(f, NEW(A, RESIDENT)), STORE_OK, A, 1);
    assert_int_equal(witness(f, B, "home-2").status, STORE_NOT_FOUND);
    expect(witness(f, A, "home-2"), STORE_OK, A, 1);
    expect(witness(f, A, "home-2"), STORE_REPEAT, A, 1);
    expect(witness(f, A, "home-1"), STORE_REPEAT, A, 1); /* its own */
    expect(witness(f, A, "home-3"), STORE_OK, A, 1);
    assert_int_equal(load(f, A, 0).record.truth, TRUTH_UNVERIFIED);
    expect(witness(f, A, "home-4"), STORE_OK, A, 2);
    expect(witness(f, A, "home-5"), STORE_OK, A, 2);
    struct record record = load(f, A, 2);
    assert_int_equal(record.record.truth, TRUTH_CORROBORATED);
    assert_string_equal(record.body, "body");
    assert_int_equal(record.record.expires, START + 60000);
    assert_int_equal(record.record.area_count, 1);
    assert_int_equal(load(f, A, 1).record.truth, TRUTH_UNVERIFIED);
    until_history(f, "c:9qh1f", "a1+ a2+");
    say(f, CANCEL(D, A));
    expect(witness(f, A, "home-5"), STORE_REPEAT, A, 3);
    expect(witness(f, A, "home-6"), STORE_ENDED, A, 3);
}

static void what_an_agency_says_stands_above_witnesses(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, RESIDENT));
    expect_verdict(judge_as(f, A, 1, VERDICT_REFUTED, "agency/police", "lee"), STORE_OK, 2);
    witness(f, A, "home-2");
    witness(f, A, "home-3");
    expect(witness(f, A, "home-4"), STORE_OK, A, 2);
    assert_int_equal(load(f, A, 0).record.truth, TRUTH_REFUTED);
    /* No update shakes it off. */
    expect(say(f, UPDATE(B, A, .body = "again", RESIDENT)), STORE_OK, A, 3);
    assert_int_equal(load(f, A, 0).record.truth, TRUTH_REFUTED);
    expect_verdict(judge_as(f, A, 1, VERDICT_CONFIRMED, "agency/police", "lee"), STORE_CONFLICT, 3);
    expect_verdict(judge_as(f, A, 3, VERDICT_CONFIRMED, "agency/police", "lee"), STORE_OK, 4);
    expect_verdict(judge_as(f, A, 3, VERDICT_CONFIRMED, "agency/police", "lee"), STORE_REPEAT, 4);
    assert_int_equal(load(f, A, 0).record.truth, TRUTH_CONFIRMED);
    /* What was confirmed was another text. */
    expect(say(f, UPDATE(C, A, .body = "other", RESIDENT)), STORE_OK, A, 5);
    assert_int_equal(load(f, A, 0).record.truth, TRUTH_CORROBORATED);
}

static void a_truth_is_told_long_after_the_text(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, .body = "the text", RESIDENT));
    for (uint32_t n = 2; n < 150; n++)
        expect_verdict(judge(f, A, 0, n % 2 ? VERDICT_CONFIRMED : VERDICT_REFUTED), STORE_OK, n);
    struct record record = load(f, A, 0);
    assert_string_equal(record.body, "the text");
    assert_true(record.record.in_force);
    follow(f, "c:9qh1f");
    f->upkeep = true;
    UNTIL(f, state_of(f, "c:9qh1f").state.alert_count == 1);
}

/* ---- flags ---- */

static void three_households_hold_it_and_a_moderator_lets_it_out(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A, RESIDENT));
    until_history(f, "c:9qh1f", "a1+");
    assert_int_equal(flag(f, B, "home-2", false).status, STORE_NOT_FOUND);
    assert_int_equal(flag(f, A, "home-2", false).status, STORE_OK);
    assert_int_equal(flag(f, A, "home-2", false).status, STORE_REPEAT);
    assert_int_equal(flag(f, A, "home-1", false).status, STORE_REPEAT);
    assert_int_equal(flag(f, A, "home-1", true).status, STORE_ENDED); /* it is not held */
    assert_false(flag(f, A, "home-3", false).held);
    struct flagged flagged = flag(f, A, "home-4", false);
    assert_int_equal(flagged.status, STORE_OK);
    assert_true(flagged.held);
    assert_string_equal(flagged.sender, "user/ann");
    assert_string_equal(flagged.client, "phone");
    until_history(f, "c:9qh1f", "a1+ a2-");
    assert_true(load(f, A, 0).record.held);
    assert_false(load(f, A, 0).record.removed);
    assert_false(load(f, A, 0).record.pending);
    assert_int_equal(flag(f, A, "home-5", false).status, STORE_ENDED);
    assert_int_equal(fixture_number(f, "ZCARD nb:{s11}:held"), 1);

    assert_int_equal(flag(f, A, "home-9", true).status, STORE_NOT_FOUND);
    assert_int_equal(flag(f, A, "home-1", true).status, STORE_OK);
    assert_int_equal(flag(f, A, "home-1", true).status, STORE_REPEAT);
    assert_int_equal(fixture_number(f, "HEXISTS nb:{s11}:alert:" A " appeal"), 1);

    expect_verdict(judge(f, A, 1, VERDICT_RELEASED), STORE_CONFLICT, 2);
    struct judged released = judge(f, A, 2, VERDICT_RELEASED);
    expect_verdict(released, STORE_OK, 3);
    assert_string_equal(released.sender, "user/ann");
    expect_verdict(judge(f, A, 2, VERDICT_RELEASED), STORE_REPEAT, 3);
    until_history(f, "c:9qh1f", "a1+ a2- a3+");
    assert_int_equal(fixture_number(f, "ZCARD nb:{s11}:held"), 0);
    assert_string_equal(load(f, A, 0).body, "body");

    /* It takes as many other households to hold it again. */
    assert_int_equal(flag(f, A, "home-4", false).status, STORE_REPEAT);
    assert_false(flag(f, A, "home-5", false).held);
    assert_false(flag(f, A, "home-6", false).held);
    assert_true(flag(f, A, "home-7", false).held);
    until_history(f, "c:9qh1f", "a1+ a2- a3+ a4-");
    expect_verdict(judge(f, A, 0, VERDICT_REMOVED), STORE_OK, 5);
    expect_verdict(judge(f, A, 0, VERDICT_REMOVED), STORE_REPEAT, 5);
    assert_true(load(f, A, 1).record.removed);
    assert_false(load(f, A, 1).record.held);
    expect(say(f, UPDATE(B, A, .body = "again", RESIDENT)), STORE_DEAD, A, 5);
    expect_verdict(judge(f, A, 0, VERDICT_RELEASED), STORE_ENDED, 5);
    assert_false(load(f, A, 0).record.in_force);
    assert_int_equal(counted(f, "flagged"), 6);
    assert_int_equal(counted(f, "held"), 2);
    assert_int_equal(counted(f, "released"), 1);
    assert_int_equal(counted(f, "removed"), 1);
    assert_int_equal(counted(f, "appealed"), 1);
    assert_int_equal(fixture_number(f, "XLEN nb:{s11}:acts"), 5);
}

static void an_update_of_what_is_held_waits_with_it(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A, RESIDENT));
    for (int n = 2; n < 5; n++)
        flag(f, A, (char[]){'h', (char)('0' + n), 0}, false);
    expect(say(f, UPDATE(B, A, .body = "milder", RESIDENT)), STORE_OK, A, 3);
    expect(say(f, UPDATE(B, A, .body = "milder", RESIDENT)), STORE_REPEAT, A, 3);
    until_history(f, "c:9qh1f", "a1+ a2-");
    assert_string_equal(load(f, A, 0).body, "body");
    struct record waits = load(f, A, STORE_WAITING);
    assert_string_equal(waits.body, "milder");
    assert_true(waits.record.held);
    expect_verdict(judge(f, A, 2, VERDICT_RELEASED), STORE_OK, 3);
    until_history(f, "c:9qh1f", "a1+ a2- a3+");
    assert_string_equal(load(f, A, 0).body, "milder");
    assert_int_equal(load(f, A, STORE_WAITING).record.status, STORE_NOT_FOUND);
}

/* As when the connection was lost before the answer. */
static void the_same_call_sent_again_is_answered_as_before(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, RESIDENT));
    flag(f, A, "home-2", false);
    flag(f, A, "home-3", false);
    assert_true(flag(f, A, "home-4", false).held);
    struct flagged flagged = flag(f, A, "home-4", false);
    assert_int_equal(flagged.status, STORE_OK);
    assert_true(flagged.held);
    assert_string_equal(flagged.sender, "user/ann");
    assert_int_equal(flag(f, A, "home-3", false).status, STORE_REPEAT);
    struct store_verdict said = {
        TAG, A, 2, VERDICT_RELEASED, TEXT("operator/op"), TEXT("kim"), TEXT("why"), START};
    expect_verdict(say_verdict(f, &said), STORE_OK, 3);
    expect_verdict(say_verdict(f, &said), STORE_OK, 3);
    assert_int_equal(counted(f, "held"), 1);
    assert_int_equal(counted(f, "flagged"), 3);
    assert_int_equal(counted(f, "released"), 1);
    assert_int_equal(fixture_number(f, "XLEN nb:{s11}:acts"), 2);
    assert_int_equal(load(f, A, 0).record.revision, 3);
}

static void what_was_cancelled_can_be_removed_too(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, RESIDENT));
    say(f, CANCEL(D, A));
    expect_verdict(judge(f, A, 0, VERDICT_REMOVED), STORE_OK, 3);
    assert_true(load(f, A, 0).record.removed);
    /* What never came has no words. */
    say(f, CANCEL(E, B));
    assert_int_equal(judge(f, B, 0, VERDICT_REMOVED).status, STORE_ENDED);
}

static void what_has_expired_is_not_let_out(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, .expires = START + 1000, RESIDENT));
    for (int n = 2; n < 5; n++)
        flag(f, A, (char[]){'h', (char)('0' + n), 0}, false);
    fixture_set_now(START + 1000);
    expect_verdict(judge(f, A, 0, VERDICT_RELEASED), STORE_ENDED, 2);
    assert_int_equal(fixture_number(f, "ZCARD nb:{s11}:held"), 0);
    assert_false(load(f, A, 0).record.held);
}

static void its_sender_may_withdraw_what_is_held(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, RESIDENT));
    for (int n = 2; n < 5; n++)
        flag(f, A, (char[]){'h', (char)('0' + n), 0}, false);
    expect(say(f, CANCEL(D, A)), STORE_OK, A, 2);
    assert_int_equal(fixture_number(f, "ZCARD nb:{s11}:held"), 0);
    expect_verdict(judge(f, A, 0, VERDICT_RELEASED), STORE_ENDED, 2);
}

static void an_agencys_alert_is_not_held_by_flags(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, AGENCY("lee")));
    for (int n = 2; n < 9; n++)
        assert_false(flag(f, A, (char[]){'h', (char)('0' + n), 0}, false).held);
    assert_true(load(f, A, 0).record.in_force);
}

/* ---- a second officer ---- */

static void nothing_is_told_until_a_second_officer_approves(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    struct store_alert_result result = say(f, NEW(A, AGENCY("lee", .approval = true)));
    expect(result, STORE_OK, A, 1);
    assert_true(result.pending);
    result = say(f, NEW(A, AGENCY("lee", .approval = true)));
    expect(result, STORE_REPEAT, A, 1);
    assert_true(result.pending);
    struct record record = load(f, A, 0);
    assert_int_equal(record.record.status, STORE_OK);
    assert_true(record.record.pending);
    assert_false(record.record.in_force);
    assert_string_equal(record.officer, "lee");
    assert_string_equal(record.sender, "agency/police");
    assert_int_equal(witness(f, A, "home-2").status, STORE_NOT_FOUND);
    assert_int_equal(flag(f, A, "home-2", false).status, STORE_NOT_FOUND);
    assert_int_equal(judge_as(f, A, 0, VERDICT_CONFIRMED, "agency/police", "kim").status, STORE_NOT_FOUND);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "lee").status, STORE_REVOKED);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/fire", "kim").status, STORE_REVOKED);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "").status, STORE_REVOKED);
    assert_int_equal(judge_as(f, A, 2, VERDICT_APPROVED, "agency/police", "kim").status, STORE_CONFLICT);
    UNTIL(f, store_as_of(f->store) == fixture_now());
    assert_string_equal(history(f, "c:9qh1f"), "");
    expect_verdict(judge_as(f, A, 1, VERDICT_APPROVED, "agency/police", "kim"), STORE_OK, 1);
    expect_verdict(judge_as(f, A, 1, VERDICT_APPROVED, "agency/police", "kim"), STORE_REPEAT, 1);
    until_history(f, "c:9qh1f", "a1+");
    record = load(f, A, 0);
    assert_true(record.record.in_force);
    assert_false(record.record.pending);
    assert_false(say(f, NEW(A, AGENCY("lee", .approval = true))).pending);
    assert_int_equal(counted(f, "approved"), 1);
}

static void the_former_revision_stays_in_force_while_an_update_waits(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    follow(f, "c:9qh1g");
    f->upkeep = true;
    say(f, NEW(A, .body = "one", AGENCY("lee")));
    say(f, NEW(E, .body = "five", AGENCY("lee")));
    struct store_alert_result result =
        say(f, UPDATE(B, A " " E, .body = "two", .channels = "9qh1g", AGENCY("lee", .approval = true)));
    expect(result, STORE_OK, A, 2);
    assert_true(result.pending);
    struct record record = load(f, A, 0);
    assert_string_equal(record.body, "one");
    assert_true(record.record.in_force);
    assert_true(record.record.pending);
    assert_string_equal(load(f, A, STORE_WAITING).body, "two");
    /* A later one takes its place. */
    expect(say(f, UPDATE(C, B " " E, .body = "three", .channels = "9qh1g", AGENCY("kim", .approval = true))),
        STORE_OK, A, 2);
    UNTIL(f, store_as_of(f->store) == fixture_now() && strlen(history(f, "c:9qh1f")) == 7);
    assert_string_equal(history(f, "c:9qh1g"), "");
    assert_int_equal(judge_as(f, A, 2, VERDICT_APPROVED, "agency/police", "kim").status, STORE_REVOKED);
    expect_verdict(judge_as(f, A, 2, VERDICT_APPROVED, "agency/police", "lee"), STORE_OK, 2);
    until_history(f, "c:9qh1g", "a2+");
    UNTIL(f, strstr(history(f, "c:9qh1f"), "a2-") && strstr(history(f, "c:9qh1f"), "e2-"));
    assert_string_equal(load(f, A, 0).body, "three");
}

static void a_cancel_waits_for_nobody(void **state)
{
    struct fixture *f = *state;
    follow(f, "c:9qh1f");
    f->upkeep = true;
    say(f, NEW(A, AGENCY("lee", .approval = true)));
    assert_int_equal(say(f, CANCEL(D, A, AGENCY("lee", .approval = true))).status, STORE_OK);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "kim").status, STORE_ENDED);
    assert_int_equal(load(f, A, 0).record.status, STORE_NOT_FOUND);
    say(f, NEW(B, .body = "one", AGENCY("lee")));
    say(f, UPDATE(C, B, .body = "two", AGENCY("lee", .approval = true)));
    expect(say(f, CANCEL(E, C)), STORE_OK, B, 2);
    until_history(f, "c:9qh1f", "b1+ b2-");
    assert_int_equal(judge_as(f, B, 0, VERDICT_APPROVED, "agency/police", "kim").status, STORE_ENDED);
    assert_int_equal(fixture_number(f, "KEYS nb:{s11}:wait:*"), 0);
}

static void an_update_that_needs_no_approval_replaces_what_waits(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, .body = "one", AGENCY("lee", .approval = true)));
    struct store_alert_result result = say(f, UPDATE(B, A, .body = "two", AGENCY("lee")));
    expect(result, STORE_OK, A, 1);
    assert_false(result.pending);
    assert_string_equal(load(f, A, 0).body, "two");
    expect_verdict(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "kim"), STORE_REPEAT, 1);
    assert_string_equal(load(f, A, 0).body, "two");
}

static void what_waits_expires(void **state)
{
    struct fixture *f = *state;
    f->upkeep = true;
    say(f, NEW(A, .expires = START + 1000, AGENCY("lee", .approval = true)));
    say(f, NEW(B, .expires = START + 500, .body = "one", AGENCY("lee")));
    say(f, UPDATE(C, B, .expires = START + 2000, .body = "two", AGENCY("lee", .approval = true)));
    fixture_set_now(START + 1000);
    assert_int_equal(judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "kim").status, STORE_ENDED);
    UNTIL(f, load(f, A, 0).record.status == STORE_NOT_FOUND);
    /* What ended meanwhile lives again with its update. */
    UNTIL(f, !load(f, B, 0).record.in_force);
    assert_true(load(f, B, 0).record.pending);
    expect_verdict(judge_as(f, B, 0, VERDICT_APPROVED, "agency/police", "kim"), STORE_OK, 3);
    say(f, NEW(D, .expires = START + 3000, AGENCY("lee", .approval = true)));
    fixture_set_now(START + 3000);
    UNTIL(f, fixture_number(f, "KEYS nb:{s11}:wait:*") == 0);
    fixture_set_now(START + 3000 + 3600000);
    UNTIL(f, fixture_number(f, "KEYS nb:{s11}:alert:*") == 0);
    /* The acts and their counts stay, and the outboxes, empty. */
    assert_int_equal(fixture_number(f, "KEYS nb:{s11}:*"), 4);
}

/* ---- lists, documents, limits ---- */

struct listed {
    bool done;
    enum store_status status;
    size_t count;
    char text[512];
};

static void on_listed(void *arg, const struct store_alert_list *list)
{
    struct listed *listed = arg;
    listed->done = true;
    listed->status = list->status;
    listed->count = list->count;
    listed->text[0] = 0;
    for (size_t i = 0; i < list->count && i < 16; i++)
        snprintf(listed->text + strlen(listed->text), sizeof(listed->text) - strlen(listed->text),
            "%s%c%u@%u", i ? " " : "", list->alerts[i].public_id[0], list->alerts[i].revision,
            list->alerts[i].sender_tag);
}

static const char *listed(struct fixture *f)
{
    static struct listed list;
    list.done = false;
    store_agency_alerts(f->store, on_listed, &list);
    fixture_until(f, &list.done);
    assert_int_equal(list.status, STORE_OK);
    return list.text;
}

static void agencies_alerts_in_force_are_listed(void **state)
{
    struct fixture *f = *state;
    f->upkeep = true;
    assert_string_equal(listed(f), "");
    say(f, NEW(A, AGENCY("lee", .sender_tag = 40)));
    fixture_set_now(START + 1);
    say(f, NEW(B, .expires = START + 500, AGENCY("lee", .sender_tag = 3)));
    say(f, NEW(C, RESIDENT));
    say(f, NEW(D, AGENCY("lee", .approval = true)));
    assert_string_equal(listed(f), "a1@40 b1@3");
    fixture_set_now(START + 2);
    say(f, UPDATE(E, A, .body = "two", AGENCY("lee", .sender_tag = 40)));
    assert_string_equal(listed(f), "b1@3 a2@40");
    /* What is told to nobody any more, an exercise, is not listed. */
    say(f, NEW(ID("7"), AGENCY("lee")));
    assert_string_equal(listed(f), "b1@3 71@17 a2@40");
    say(f, UPDATE(ID("8"), ID("7"), .body = "two", .others = {.sender = TEXT("agency/police")}));
    assert_string_equal(listed(f), "b1@3 a2@40");
    fixture_set_now(START + 500);
    UNTIL(f, strcmp(listed(f), "a2@40") == 0);
    say(f, CANCEL(F, A, .others = {.sender_tag = 40}));
    assert_string_equal(listed(f), "");
}

struct paper {
    bool done;
    struct store_document document;
    char text[64], type[64];
};

static void on_paper(void *arg, const struct store_document *found)
{
    struct paper *paper = arg;
    paper->done = true;
    paper->document = *found;
    snprintf(paper->text, 64, "%.*s", (int)found->document.len,
        found->document.data ? (const char *)found->document.data : "");
    snprintf(paper->type, 64, "%.*s", (int)found->type.len, found->type.data ? found->type.data : "");
}

static struct paper paper_of(struct fixture *f, const char *id)
{
    struct paper paper = {0};
    store_alert_document(f->store, TAG, id, on_paper, &paper);
    fixture_until(f, &paper.done);
    return paper;
}

#define DOCUMENT(text_)                                                                                      \
    .document = {(const uint8_t *)text_, sizeof(text_) - 1}, .document_type = TEXT("application/cap+xml")

static void the_newest_document_is_kept_as_it_came(void **state)
{
    struct fixture *f = *state;
    say(f, NEW(A, AGENCY("lee")));
    assert_int_equal(paper_of(f, A).document.status, STORE_NOT_FOUND);
    assert_false(load(f, A, 0).record.has_document);
    fixture_set_now(START + 10);
    say(f, UPDATE(B, A, .body = "two", AGENCY("lee", DOCUMENT("<alert>\r\n \xff</alert>"))));
    say(f, UPDATE(C, A, .body = "three", AGENCY("lee")));
    struct paper paper = paper_of(f, A);
    assert_int_equal(paper.document.status, STORE_OK);
    assert_string_equal(paper.text, "<alert>\r\n \xff</alert>");
    assert_string_equal(paper.type, "application/cap+xml");
    assert_int_equal(paper.document.revision, 2);
    assert_int_equal(paper.document.at, START + 10);
    assert_true(paper.document.in_force);
    assert_true(load(f, A, 0).record.has_document);
    /* What waits is not told. */
    say(f, UPDATE(D, A, .body = "four", AGENCY("lee", .approval = true, DOCUMENT("<later/>"))));
    assert_int_equal(paper_of(f, A).document.revision, 2);
    judge_as(f, A, 0, VERDICT_APPROVED, "agency/police", "kim");
    assert_string_equal(paper_of(f, A).text, "<later/>");
    say(f, CANCEL(E, A, AGENCY("lee", DOCUMENT("<cancel/>"))));
    paper = paper_of(f, A);
    assert_string_equal(paper.text, "<cancel/>");
    assert_int_equal(paper.document.revision, 5);
    assert_false(paper.document.in_force);
}

#define LIMITED_TO(most) .others = {.sender = TEXT("user/ann"), .limit = most, .limit_window_ms = 60000}

static void a_sender_is_limited_but_not_its_repeats_and_cancels(void **state)
{
    struct fixture *f = *state;
    expect(say(f, NEW(A, LIMITED_TO(2))), STORE_OK, A, 1);
    fixture_set_now(START + 1000);
    expect(say(f, NEW(B, LIMITED_TO(2))), STORE_OK, B, 1);
    fixture_set_now(START + 2000);
    struct store_alert_result result = say(f, NEW(C, LIMITED_TO(2)));
    assert_int_equal(result.status, STORE_LIMITED);
    assert_int_equal(result.retry_after_ms, 58000);
    assert_int_equal(load(f, C, 0).record.status, STORE_NOT_FOUND);
    expect(say(f, NEW(B, LIMITED_TO(2))), STORE_REPEAT, B, 1);
    expect(say(f, UPDATE(D, B, .body = "two", LIMITED_TO(2))), STORE_OK, B, 2);
    assert_int_equal(say(f, UPDATE(E, C, .body = "new", LIMITED_TO(2))).status, STORE_LIMITED);
    expect(say(f, CANCEL(F, B, LIMITED_TO(2))), STORE_OK, B, 3);
    assert_int_equal(
        say(f, NEW(C, .others = {.sender = TEXT("user/bob"), .limit = 2, .limit_window_ms = 60000})).status,
        STORE_OK);
    fixture_set_now(START + 60000);
    expect(say(f, NEW(E, .expires = START + 90000, LIMITED_TO(2))), STORE_OK, E, 1);
    assert_int_equal(say(f, NEW(ID("9"), .expires = START + 90000, LIMITED_TO(2))).status, STORE_LIMITED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

/* ---- the operator's desk ---- */

static int64_t count_of(const struct moderation_count *counts, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(counts[i].what, what) == 0)
            return counts[i].count;
    return 0;
}

static void the_desk_sees_what_is_held_and_what_was_done(void **state)
{
    struct fixture *f = *state;
    struct arena arena;
    struct moderated *held;
    struct moderation_case found;
    struct moderation_count *counts;
    size_t count;
    bool there;
    arena_init(&arena, NULL, 0);
    assert_true(moderation_held(&f->ask, &arena, &held, &count) && count == 0);

    expect(say(f, NEW(A, RESIDENT)), STORE_OK, A, 1);
    expect(say(f, NEW(B, RESIDENT)), STORE_OK, B, 1);
    for (const char *const *home = (const char *const[]){"home-2", "home-3", "home-4", NULL}; *home; home++)
        assert_int_equal(flag(f, A, *home, false).status, STORE_OK);
    assert_int_equal(flag(f, A, "home-1", true).status, STORE_OK);
    assert_true(moderation_held(&f->ask, &arena, &held, &count));
    assert_int_equal(count, 1);
    assert_string_equal(held[0].public_id, A);
    assert_string_equal(held[0].sender, "user/ann");
    assert_string_equal(held[0].appeal, "why \"so\"");
    assert_true(held[0].held && held[0].since == fixture_now() && held[0].appealed == fixture_now());
    assert_int_equal(held[0].flag_count, 3);
    assert_int_equal(held[0].body.len, 4);
    assert_memory_equal(held[0].body.data, "body", 4);

    assert_int_equal(judge(f, A, 0, VERDICT_REMOVED).status, STORE_OK);
    assert_true(moderation_held(&f->ask, &arena, &held, &count) && count == 0);
    assert_true(moderation_case(&f->ask, A, &arena, &found, &there) && there);
    assert_true(found.alert.removed && !found.alert.held);
    assert_int_equal(found.flag_count, 3);
    assert_int_equal(found.flags[0].reason, FLAG_SPAM);
    assert_string_equal(found.flags[0].remark, "why \"so\"");
    assert_int_equal(found.act_count, 3);
    assert_string_equal(found.acts[0].what, "held");
    assert_string_equal(found.acts[1].what, "appealed");
    assert_string_equal(found.acts[2].what, "removed");
    assert_string_equal(found.acts[2].by, "operator/op");
    assert_string_equal(found.acts[2].reason, "for a reason");
    assert_true(moderation_case(&f->ask, C, &arena, &found, &there) && !there);

    assert_true(moderation_note(&f->ask, "banned", "operator/op", "user/ann", "spam, again", fixture_now()));
    assert_true(moderation_counts(&f->ask, &arena, &counts, &count));
    assert_int_equal(count_of(counts, count, "flagged"), 3);
    assert_int_equal(count_of(counts, count, "held"), 1);
    assert_int_equal(count_of(counts, count, "removed"), 1);
    assert_int_equal(count_of(counts, count, "banned"), 1);
    arena_free(&arena);
}

static void the_desk_sees_bans_that_hold(void **state)
{
    struct fixture *f = *state;
    struct arena arena;
    struct moderation_ban *bans;
    size_t count;
    arena_init(&arena, NULL, 0);
    assert_true(redis_tell(&f->ask, "ZADD nb:banned 1000 user/eve 3000 user/ann 2000 user/bob"));
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/bob}:principal ban_reason %s", "spam, again"));
    assert_true(moderation_bans(&f->ask, 1000, &arena, &bans, &count));
    assert_int_equal(count, 2);
    assert_string_equal(bans[0].principal, "user/bob");
    assert_string_equal(bans[0].reason, "spam, again");
    assert_int_equal(bans[0].until, 2000);
    assert_string_equal(bans[1].principal, "user/ann");
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(enough_households_corroborate),
        TEST(the_desk_sees_what_is_held_and_what_was_done),
        TEST(the_desk_sees_bans_that_hold),
        TEST(what_an_agency_says_stands_above_witnesses),
        TEST(a_truth_is_told_long_after_the_text),
        TEST(three_households_hold_it_and_a_moderator_lets_it_out),
        TEST(an_update_of_what_is_held_waits_with_it),
        TEST(the_same_call_sent_again_is_answered_as_before),
        TEST(what_was_cancelled_can_be_removed_too),
        TEST(what_has_expired_is_not_let_out),
        TEST(its_sender_may_withdraw_what_is_held),
        TEST(an_agencys_alert_is_not_held_by_flags),
        TEST(nothing_is_told_until_a_second_officer_approves),
        TEST(the_former_revision_stays_in_force_while_an_update_waits),
        TEST(a_cancel_waits_for_nobody),
        TEST(an_update_that_needs_no_approval_replaces_what_waits),
        TEST(what_waits_expires),
        TEST(agencies_alerts_in_force_are_listed),
        TEST(the_newest_document_is_kept_as_it_came),
        TEST(a_sender_is_limited_but_not_its_repeats_and_cancels),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
}
