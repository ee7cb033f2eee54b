/* What others say of an alert in the store, against a real Redis: witnesses, flags, appeals, verdicts, and
 * what is kept of it for the public record and the moderator's desk. */
#include <stdlib.h>

#include "bridge/moderation.h"
#include "bridge/store_record.h"
#include "tests/live/store_opinions.h"

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
        TAG, A, 2, VERDICT_RELEASED, TEXT("operator/op"), TEXT("kim"), TEXT("why"), START, {0}, {0}};
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
    assert_true(redis_tell(&f->ask, "ZADD nb:{banned}:until 1000 user/eve 3000 user/ann 2000 user/bob"));
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/bob}:principal ban_reason %s", "spam, again"));
    assert_true(moderation_bans(&f->ask, 1000, &arena, &bans, &count));
    assert_int_equal(count, 2);
    assert_string_equal(bans[0].principal, "user/bob");
    assert_string_equal(bans[0].reason, "spam, again");
    assert_int_equal(bans[0].until, 2000);
    assert_string_equal(bans[1].principal, "user/ann");
    arena_free(&arena);
}

static void on_record(void *arg, enum store_status status)
{
    *(bool *)arg = status == STORE_OK;
}

static void what_is_no_verdict_is_on_record_too(void **state)
{
    struct fixture *f = *state;
    const struct store_act act = {.sender_tag = 0x11,
        .what = "refused",
        .by = TEXT("agency/pd"),
        .officer = TEXT("lee"),
        .subject = TEXT("Alert Actual Public a,b,c"),
        .reason = TEXT("R45: there is none"),
        .now = 5000};
    bool kept = false;
    store_act(f->store, &act, on_record, &kept);
    fixture_until(f, &kept);
    assert_int_equal(fixture_number(f, "HINCRBY nb:{s11}:moderation refused 0"), 1);
    assert_int_equal(fixture_number(f, "XLEN nb:{s11}:acts"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

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
        TEST(what_is_no_verdict_is_on_record_too),
    };
    return cmocka_run_group_tests(tests, fixture_group, fixture_group_end) +
           cmocka_run_group_tests(tests, fixture_group_cluster, fixture_group_end);
}
