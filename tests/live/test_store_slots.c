/* What is done with alerts keeps to one slot of a cluster in each step: against a Redis that refuses a
 * function which touches keys of several. */
#include <time.h>

#include "bridge/invitation.h"
#include "bridge/store_agency.h"
#include "bridge/store_board.h"
#include "bridge/store_cells.h"
#include "bridge/store_desk.h"
#include "bridge/store_invitation.h"
#include "bridge/store_verification.h"
#include "proto/message.h"
#include "tests/live/store_alerts.h"

#define AGENCY .others = {.sender = TEXT("agency/police"), .officer = TEXT("lee"), .agency = true}
#define ANN                                                                                                  \
    .others = {.sender = TEXT("user/ann"), .household = TEXT("h1"), .limit = 9, .limit_window_ms = 1000}
#define BOB .others = {.sender = TEXT("user/bob"), .household = TEXT("h2"), .sender_tag = 3}

/* A report that is near every other; its own region is not the others'. */
static struct store_alert_result report(struct fixture *f, struct say s, const char *own, const char *other)
{
    static const uint8_t near[2][STORE_TOKEN] = {{1}, {2}};
    struct said said;
    struct answer answer = {0};
    make_alert(&said, s);
    struct store_report told = {.alert = said.alert,
        .region_count = 2,
        .near_count = 2,
        .near = near,
        .window_ms = 60000,
        .cell_limit = 9,
        .category = 1,
        .cell_window_ms = 60000};
    strcpy(told.regions[0], own);
    strcpy(told.regions[1], other);
    memcpy(told.own, near[own[4] == 'f'], STORE_TOKEN);
    store_report(f->store, &told, on_answer, &answer);
    fixture_until(f, &answer.done);
    return answer.result;
}

static void refuses_what_touches_several_slots(void **state)
{
    struct fixture *f = *state;
    UNTIL(f, f->available); /* the functions are there */
    redisReply *reply = redisCommand(
        f->ask.context, "EVAL %s 1 nb:{s00}:outbox", "#!lua\nreturn redis.call('XLEN', 'nb:{s01}:outbox')");
    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static void alerts_keep_to_their_senders(void **state)
{
    struct fixture *f = *state;
    expect(say(f, NEW(A, AGENCY)), STORE_OK, A, 1);
    expect(say(f, UPDATE(B, A, .body = "two", AGENCY)), STORE_OK, A, 2);
    expect(say(f, UPDATE(C, D, .body = "new", AGENCY)), STORE_OK, C, 1);
    expect(say(f, UPDATE(E, A " " C, .body = "both", AGENCY)), STORE_OK, A, 3);
    expect(say(f, CANCEL(F, A, AGENCY)), STORE_OK, A, 4);
    expect(say(f, CANCEL(ID("1"), ID("2"), AGENCY)), STORE_OK, ID("2"), 1);
    assert_int_equal(load(f, A, 0).record.status, STORE_OK);
    expect(say(f, NEW(ID("3"), ANN)), STORE_OK, ID("3"), 1);
}

static void on_list(void *arg, const struct store_alert_list *list)
{
    assert_int_equal(list->status, STORE_OK);
    assert_int_equal(list->count, 1);
    *(bool *)arg = true;
}

static void on_document(void *arg, const struct store_document *document)
{
    assert_int_equal(document->status, STORE_NOT_FOUND);
    *(bool *)arg = true;
}

static void lists_and_documents_are_asked_a_tag_at_a_time(void **state)
{
    struct fixture *f = *state;
    bool listed = false, found = false;
    say(f, NEW(A, AGENCY));
    store_agency_alerts(f->store, on_list, &listed);
    fixture_until(f, &listed);
    store_alert_document(f->store, TAG, A, on_document, &found);
    fixture_until(f, &found);
}

static void reports_step_from_tag_to_tag(void **state)
{
    struct fixture *f = *state;
    expect(report(f, NEW(A, ANN), "9qh1f", "9qh1g"), STORE_OK, A, 1);
    struct store_alert_result result = report(f, NEW(B, BOB), "9qh1g", "9qh1f");
    expect(result, STORE_OK, A, 2);
    assert_true(result.merged);
    expect(report(f, NEW(B, BOB), "9qh1g", "9qh1f"), STORE_REPEAT, A, 2);
    expect(say(f, UPDATE(C, B, .body = "more", BOB)), STORE_OK, A, 2);
    expect(say(f, UPDATE(E, A, .body = "more", ANN)), STORE_OK, A, 3);
    expect(say(f, CANCEL(D, B, BOB)), STORE_OK, A, 4);
    expect(say(f, CANCEL(F, A, ANN)), STORE_OK, A, 5);
}

static void on_flagged(void *arg, const struct store_flag_result *result)
{
    assert_int_equal(result->status, STORE_OK);
    assert_true(result->held);
    *(bool *)arg = true;
}

static void on_judged(void *arg, const struct store_verdict_result *result)
{
    assert_int_equal(result->status, STORE_OK);
    *(bool *)arg = true;
}

static void judge(struct fixture *f, const char *id, uint8_t decision, const char *by)
{
    bool judged = false;
    struct store_verdict said = {.sender_tag = TAG,
        .public_id = id,
        .decision = decision,
        .by = text_of(by),
        .officer = TEXT("kim"),
        .now = fixture_now()};
    store_verdict(f->store, &said, on_judged, &judged);
    fixture_until(f, &judged);
}

static void what_others_say_is_kept_beside_the_alert(void **state)
{
    struct fixture *f = *state;
    struct answer answer = {0};
    bool flagged = false;
    say(f, NEW(A, ANN));
    struct store_witness witness = {TAG, A, TEXT("h3"), TEXT(""), fixture_now(), 1};
    store_witness(f->store, &witness, on_answer, &answer);
    fixture_until(f, &answer.done);
    expect(answer.result, STORE_OK, A, 2);
    struct store_flag flag = {.sender_tag = TAG, .public_id = A, .household = TEXT("h4"), .enough = 1};
    store_flag(f->store, &flag, on_flagged, &flagged);
    fixture_until(f, &flagged);
    judge(f, A, VERDICT_RELEASED, "operator/op");
    judge(f, A, VERDICT_REFUTED, "agency/police");
    judge(f, A, VERDICT_REMOVED, "operator/op");
    say(f,
        NEW(B,
            .others = {
                .sender = TEXT("agency/police"), .officer = TEXT("lee"), .agency = true, .approval = true}));
    judge(f, B, VERDICT_APPROVED, "agency/police");
}

static void on_followers(void *arg, enum store_status status, uint64_t followers)
{
    assert_int_equal(status, STORE_OK);
    assert_int_equal(followers, 4);
    *(bool *)arg = true;
}

static void followers_are_counted_in_one_place(void **state)
{
    struct fixture *f = *state;
    static const struct store_follower_count here[] = {{"9qh1f0", 3}, {"9qh2g0", 1}};
    static const char leaves[2][13] = {"9qh1f0", "9qh2g0"};
    bool counted = false;
    store_followers_tell(f->store, here, 2);
    store_followers(f->store, leaves, 2, on_followers, &counted);
    fixture_until(f, &counted);
}

/* ---- upkeep ---- */

static void put_old(struct fixture *f, const char *key, int days)
{
    assert_true(
        redis_tell(&f->ask, "XADD %s %lld-0 e old", key, (long long)(START - days * INT64_C(86400000))));
}

static void channels_and_logs_are_trimmed_a_tag_at_a_time(void **state)
{
    struct fixture *f = *state;
    put_old(f, "nb:{r01}:ch:9qh1f", 2);
    put_old(f, "nb:{r01}:ch:9qh1f", 0);
    put_old(f, "nb:{r02}:log:h1", 4);
    put_old(f, "nb:{r02}:log:h1", 2);
    put_old(f, "nb:{r03}:log:h1", 4);
    put_old(f, "nb:{r04}:log:h2", 59);
    put_old(f, "nb:{r04}:log:h3", 61);
    assert_true(redis_tell(&f->ask, "HSET nb:{h:h1}:settings retention 3"));
    f->upkeep = true;
    UNTIL(f, store_counters(f->store)->entries_trimmed == 4);
    assert_int_equal(fixture_number(f, "XLEN nb:{r01}:ch:9qh1f"), 1);
    assert_int_equal(fixture_number(f, "XLEN nb:{r02}:log:h1"), 1);
    assert_int_equal(fixture_number(f, "XLEN nb:{r04}:log:h2"), 1);
    assert_int_equal(fixture_number(f, "EXISTS nb:{r03}:log:h1"), 0);
    assert_int_equal(fixture_number(f, "EXISTS nb:{r04}:log:h3"), 0);
    assert_int_equal(fixture_number(f, "HEXISTS nb:{r01}:lo:9qh1f low"), 1);
}

static void who_is_refused_a_lease_is_told_for_how_long(void **state)
{
    struct fixture *f = *state;
    UNTIL(f, f->available);
    assert_true(redis_tell(&f->ask, "SET nb:{s12}:lease:expiry other PX 60000"));
    redisReply *answer = redis_ask(&f->ask, "FCALL nb_expire 1 nb:{s12}:expiry test 0 0 0");
    assert_int_equal(answer->elements, 2);
    assert_int_equal(answer->element[0]->integer, -1);
    assert_in_range(answer->element[1]->integer, 1, 60000);
    freeReplyObject(answer);
    answer = redis_ask(&f->ask, "FCALL nb_expire 1 nb:{s12}:expiry other 0 0 0");
    assert_int_equal(answer->element[0]->integer, 0);
    freeReplyObject(answer);
}

static bool has_lease(struct fixture *f, const char *lease)
{
    redisReply *holder = redis_ask(&f->ask, "GET %s", lease);
    bool has = holder && holder->str && strcmp(holder->str, "test") == 0;
    freeReplyObject(holder);
    return has;
}

/* Another has the leases and is killed: whoever asked and was refused takes over when they end. */
static void leases_change_hands_after_their_holders_death(void **state)
{
    struct fixture *f = *state;
    static const char *const leases[] = {"nb:{s11}:lease:expiry", "nb:{r00}:lease:trim"};
    say(f, NEW(A, .expires = START + 1000));
    put_old(f, "nb:{r01}:ch:9qh1f", 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(redis_tell(&f->ask, "SET %s dead PX 2000", leases[i]));
    fixture_set_now(START + 1000);
    f->upkeep = true;
    UNTIL(f, !load(f, A, 0).record.in_force);
    UNTIL(f, store_counters(f->store)->entries_trimmed == 1);
    UNTIL(f, has_lease(f, leases[0])); /* who stood still for long has to ask again */
}

static void on_desk(void *arg, const struct store_desk *part)
{
    assert_int_equal(part->status, STORE_OK);
    assert_int_equal(part->alert_count, 1);
    *(bool *)arg = true;
}

static void an_agency_has_a_desk(void **state)
{
    struct fixture *f = *state;
    bool told = false;
    expect(say(f, NEW(A, AGENCY)), STORE_OK, A, 1);
    store_desk(f->store, TAG, TEXT("agency/police"), TEXT(""), fixture_now(), on_desk, &told);
    fixture_until(f, &told);
}

static void on_invited(void *arg, const struct store_invited *invited)
{
    assert_int_equal(invited->status, STORE_OK);
    assert_true(invited->given.len > 0);
    *(bool *)arg = true;
}

static void an_invitation_is_taken(void **state)
{
    struct fixture *f = *state;
    struct seal *seal = seal_new((const uint8_t[SEAL_SECRET]){3});
    char code[VERIFICATION_CODE + 1], digest[SEAL_CODE + 1];
    bool taken = false;
    int64_t now = time(NULL) * INT64_C(1000); /* by Redis' clock it ends */
    UNTIL(f, f->available);                   /* the functions are there */
    if (invitation_begin(&f->ask, seal, f->places, (struct bytes){(const uint8_t *)"{}", 2}, now + 60000,
            code) != REGISTRY_OK)
        fail_msg("%s", f->ask.error);
    seal_code(seal, text_of(code), digest);
    struct store_invitation_ask ask = {
        .digest = digest, .address = "address", .nonce = TEXT("nonce-nonce-nonce"), .now = now};
    store_invitation_take(f->store, &ask, on_invited, &taken);
    fixture_until(f, &taken);
    seal_free(seal);
}

static void on_status(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    *(bool *)arg = true;
}

static void on_agencies(void *arg, const struct store_agencies *agencies)
{
    assert_int_equal(agencies->status, STORE_OK);
    assert_int_equal(agencies->count, 0);
    *(bool *)arg = true;
}

static void on_cells(void *arg, const struct store_cells_result *result)
{
    assert_int_equal(result->status, STORE_OK);
    assert_int_equal(result->count, 1);
    assert_int_equal(result->granted[0], '1');
    *(bool *)arg = true;
}

static void on_code(void *arg, const struct store_code *code)
{
    assert_int_equal(code->status, STORE_OK);
    *(bool *)arg = true;
}

static void what_concerns_somebody_is_asked_under_their_tag(void **state)
{
    struct fixture *f = *state;
    const struct store_cell cell = {"9qh1f5", 1};
    const struct store_cells cells = {.who = TEXT("user/ann"), .limit = 9, .count = 1, .cells = &cell};
    bool done[3] = {false};
    assert_true(redis_tell(&f->ask, "HSET nb:{p:agency/police}:principal household ''"));
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:s:phone box 1"));
    store_agencies(f->store, on_agencies, &done[0]);
    store_drilled(f->store, TEXT("agency/police"), START, on_status, &done[1]);
    store_cells(f->store, &cells, on_cells, &done[2]);
    store_board_leave(f->store, (struct session_name){TEXT("user/ann"), TEXT("phone")});
    UNTIL(f, done[0] && done[1] && done[2]);
    UNTIL(f, fixture_number(f, "EXISTS nb:{p:user/ann}:s:phone") == 0);
}

static void a_neighbor_verifies_a_household(void **state)
{
    struct fixture *f = *state;
    int64_t now = time(NULL) * INT64_C(1000); /* by Redis' clock it ends */
    const char digest[] = "0123456789abcdef0123456789abcdef";
    const struct store_invitation invitation = {.digest = digest,
        .household = TEXT("h1"),
        .by = TEXT("user/ann"),
        .leaf = TEXT("9qh1f5"),
        .now = now,
        .expires = now + 60000,
        .most = 3};
    bool invited = false, known = false, used = false;
    assert_true(redis_tell(&f->ask, "SADD nb:{h:h2}:members user/bob"));
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/bob}:principal household h2 enrolled 1"));
    store_invite(f->store, &invitation, on_status, &invited);
    fixture_until(f, &invited);
    store_code_look(f->store, digest, TEXT("h2"), now, on_code, &known);
    fixture_until(f, &known);
    store_code_use(f->store, digest, TEXT("h2"), now, on_status, &used);
    fixture_until(f, &used);
    UNTIL(f, fixture_number(f, "HEXISTS nb:{code:0123456789abcdef0123456789abcdef}:code done") == 1);
    assert_true(fixture_number(f, "HSTRLEN nb:{h:h2}:household verified") > 0);
    /* What somebody who died had begun to settle is settled by another. */
    assert_true(redis_tell(&f->ask, "ZADD nb:{u00}:unsettled 1 %s", "note h2"));
    f->upkeep = true;
    UNTIL(f, fixture_number(f, "EXISTS nb:{u00}:unsettled") == 0);
    UNTIL(f, fixture_number(f, "HEXISTS nb:{h:h2}:household settled") == 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(refuses_what_touches_several_slots),
        TEST(alerts_keep_to_their_senders),
        TEST(lists_and_documents_are_asked_a_tag_at_a_time),
        TEST(reports_step_from_tag_to_tag),
        TEST(what_others_say_is_kept_beside_the_alert),
        TEST(followers_are_counted_in_one_place),
        TEST(an_agency_has_a_desk),
        TEST(what_concerns_somebody_is_asked_under_their_tag),
        TEST(a_neighbor_verifies_a_household),
        TEST(an_invitation_is_taken),
        TEST(channels_and_logs_are_trimmed_a_tag_at_a_time),
        TEST(who_is_refused_a_lease_is_told_for_how_long),
        TEST(leases_change_hands_after_their_holders_death),
    };
    return cmocka_run_group_tests(tests, fixture_group_cluster, fixture_group_end);
}
