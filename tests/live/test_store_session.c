/* Sessions, principals and inboxes in the store, against a real Redis. */
#include <stdlib.h>

#include "tests/live/store_fixture.h"

struct opened {
    bool done;
    struct session_record record;
    char subscriptions[64], cursors[64], wishes[64], household[64], name[64], ban_reason[64],
        jurisdiction[64], certificate[64];
    uint16_t qos2[8];
};

static void keep(char *out, size_t size, const void *data, size_t len)
{
    len = len < size ? len : size - 1;
    if (len)
        memcpy(out, data, len);
    out[len] = 0;
}

static void on_open(void *arg, const struct session_record *record)
{
    struct opened *opened = arg;
    assert_false(opened->done);
    opened->done = true;
    opened->record = *record;
    keep(opened->subscriptions, 64, record->subscriptions.data, record->subscriptions.len);
    keep(opened->cursors, 64, record->cursors.data, record->cursors.len);
    keep(opened->wishes, 64, record->wishes.data, record->wishes.len);
    keep(opened->ban_reason, 64, record->principal.ban_reason.data, record->principal.ban_reason.len);
    keep(opened->jurisdiction, 64, record->principal.jurisdiction.data, record->principal.jurisdiction.len);
    keep(opened->certificate, 64, record->principal.certificate.data, record->principal.certificate.len);
    keep(opened->household, 64, record->principal.household.data, record->principal.household.len);
    keep(opened->name, 64, record->principal.name.data, record->principal.name.len);
    for (size_t i = 0; i < record->qos2_count && i < 8; i++)
        opened->qos2[i] = record->qos2[i];
}

static const struct session_name ANN = {{"user/ann", 8}, {"phone/1", 7}};

static struct opened open_session(struct fixture *f, bool clean, uint32_t expiry_s)
{
    struct opened opened = {0};
    const struct store_opening how = {.name = ANN, .clean = clean, .expiry_s = expiry_s};
    store_session_open(f->store, &how, on_open, &opened);
    assert_false(opened.done);
    fixture_until(f, &opened.done);
    return opened;
}

struct status {
    bool done;
    enum store_status status;
};

static void on_status(void *arg, enum store_status status)
{
    struct status *kept = arg;
    assert_false(kept->done);
    *kept = (struct status){true, status};
}

static struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

static enum store_status save(
    struct fixture *f, uint64_t generation, const char *subscriptions, const char *cursors)
{
    struct status status = {0};
    store_session_save(
        f->store, ANN, generation, bytes_of(subscriptions), bytes_of(cursors), on_status, &status);
    fixture_until(f, &status.done);
    return status.status;
}

static enum store_status close_session(
    struct fixture *f, uint64_t generation, uint32_t expiry_s, const char *cursors)
{
    struct status status = {0};
    store_session_close(f->store, ANN, generation, expiry_s, bytes_of(cursors), on_status, &status);
    fixture_until(f, &status.done);
    return status.status;
}

static int open_enrolled(void **state)
{
    int failed = fixture_open(state);
    struct fixture *f = *state;
    char owner[PLACE_OWNER], place[PLACE_SEALED + 1], former[PLACE_SEALED + 1];
    if (failed)
        return failed;
    place_owner_principal(TEXT("user/ann"), "place", owner);
    place_seal(f->places, owner, TEXT("9qh1f5ab"), place);
    place_owner_principal(TEXT("user/ann"), "former", owner);
    place_seal(f->places, owner, TEXT("9qh1f5"), former);
    return !redis_tell(&f->ask,
        "HSET nb:{p:user/ann}:principal household home-7 name %s number 3 "
        "place %s former %s since 77 share 6 tokens_after 88",
        "Ann", place, former);
}

static void a_principal_is_found_as_it_was_enrolled(void **state)
{
    struct fixture *f = *state;
    struct opened opened = open_session(f, false, 60);
    assert_int_equal(opened.record.status, STORE_OK);
    const struct principal_record *ann = &opened.record.principal;
    assert_int_equal(ann->status, STORE_OK);
    assert_string_equal(opened.household, "home-7");
    assert_string_equal(opened.name, "Ann");
    assert_string_equal(ann->place, "9qh1f5ab");
    assert_string_equal(ann->former_place, "9qh1f5");
    assert_int_equal(ann->number, 3);
    assert_int_equal(ann->since, 77);
    assert_int_equal(ann->share, 6);
    assert_int_equal(ann->tokens_after, 88);
}

/* A place that was written by another hand, or moved from another's record, is none. */
static void a_place_that_does_not_open_is_none(void **state)
{
    struct fixture *f = *state;
    redisReply *former = redis_ask(&f->ask, "HGET nb:{p:user/ann}:principal former");
    assert_non_null(former);
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:principal place %s former 9qh1f5", former->str));
    freeReplyObject(former);
    struct opened opened = open_session(f, false, 60);
    assert_int_equal(opened.record.status, STORE_OK);
    assert_string_equal(opened.record.principal.place, "");
    assert_string_equal(opened.record.principal.former_place, "");
}

static void what_is_followed_is_sealed(void **state)
{
    struct fixture *f = *state;
    static const char followed[] = "nb/v1/near/9qh1f5/1600/#";
    struct opened opened = open_session(f, false, 60);
    assert_int_equal(save(f, opened.record.generation, followed, "cursors"), STORE_OK);
    redisReply *stored = redis_ask(&f->ask, "HGET nb:{p:user/ann}:s:phone/1 subs");
    assert_non_null(stored);
    assert_int_equal(stored->len, strlen(followed) + PLACE_SEAL_EXTRA);
    assert_null(memmem(stored->str, stored->len, "9qh1f", 5));
    freeReplyObject(stored);
    opened = open_session(f, false, 60);
    assert_string_equal(opened.subscriptions, followed);
}

static void what_was_not_enrolled_is_nothing(void **state)
{
    struct fixture *f = *state;
    struct opened opened = open_session(f, false, 60);
    const struct principal_record *ann = &opened.record.principal;
    assert_true(ann->verified == 0 && ann->banned_until == 0 && !ann->must_sign && !ann->no_approval &&
                !ann->forgiving);
    assert_true(ann->ban_reason.len == 0 && ann->jurisdiction.len == 0 && ann->certificate.len == 0);
}

static void trust_and_limits_are_found(void **state)
{
    struct fixture *f = *state;
    assert_true(redis_tell(&f->ask,
        "HSET nb:{p:user/ann}:principal verified 1795000000123 banned_until 1795000000999 ban_reason %s "
        "jurisdiction %s certificate %s must_sign 1 no_approval 1 forgiving 1",
        "spam, three times", "polygons", "PEM"));
    struct opened opened = open_session(f, false, 60);
    const struct principal_record *ann = &opened.record.principal;
    assert_true(ann->verified == INT64_C(1795000000123));
    assert_true(ann->banned_until == INT64_C(1795000000999));
    assert_string_equal(opened.ban_reason, "spam, three times");
    assert_string_equal(opened.jurisdiction, "polygons");
    assert_string_equal(opened.certificate, "PEM");
    assert_true(ann->must_sign);
    assert_true(ann->no_approval);
    assert_true(ann->forgiving);
}

static enum store_status wish(struct fixture *f, uint64_t generation, struct bytes wishes)
{
    struct status status = {0};
    store_session_wishes(f->store, ANN, generation, wishes, on_status, &status);
    fixture_until(f, &status.done);
    return status.status;
}

static void wishes_stay_with_the_session(void **state)
{
    struct fixture *f = *state;
    struct opened first = open_session(f, false, 60);
    assert_string_equal(first.wishes, "");
    assert_int_equal(wish(f, first.record.generation, bytes_of("quiet")), STORE_OK);
    assert_int_equal(save(f, first.record.generation, "subs", "cursors"), STORE_OK);
    struct opened second = open_session(f, false, 60);
    assert_string_equal(second.wishes, "quiet");
    assert_string_equal(second.subscriptions, "subs");
    assert_int_equal(wish(f, first.record.generation, bytes_of("old")), STORE_FENCED);
    assert_int_equal(wish(f, second.record.generation, bytes_of(NULL)), STORE_OK);
    assert_string_equal(open_session(f, false, 60).wishes, "");
    struct opened third = open_session(f, false, 60);
    assert_int_equal(wish(f, third.record.generation, bytes_of("loud")), STORE_OK);
    assert_string_equal(open_session(f, true, 60).wishes, "");
}

static void who_is_not_enrolled_or_was_revoked_opens_nothing(void **state)
{
    struct fixture *f = *state;
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:principal revoked 5"));
    assert_int_equal(open_session(f, false, 60).record.status, STORE_REVOKED);
    assert_true(redis_tell(&f->ask, "DEL nb:{p:user/ann}:principal"));
    assert_int_equal(open_session(f, false, 60).record.status, STORE_NOT_FOUND);
    assert_int_equal(fixture_number(f, "KEYS nb:{p:user/ann}:*"), 0);
}

static void a_session_goes_on_where_it_was(void **state)
{
    struct fixture *f = *state;
    struct opened first = open_session(f, false, 60);
    assert_false(first.record.present);
    assert_int_equal(save(f, first.record.generation, "subs", "cursors 1"), STORE_OK);
    assert_int_equal(save(f, first.record.generation, NULL, "cursors 2"), STORE_OK);
    assert_int_equal(close_session(f, first.record.generation, 60, NULL), STORE_OK);
    struct opened second = open_session(f, false, 60);
    assert_true(second.record.present);
    assert_string_equal(second.subscriptions, "subs");
    assert_string_equal(second.cursors, "cursors 2");
    assert_true(second.record.generation > first.record.generation);
    struct opened third = open_session(f, true, 60);
    assert_false(third.record.present);
    assert_string_equal(third.subscriptions, "");
    assert_true(third.record.generation > second.record.generation);
}

static void the_former_holder_is_fenced_and_told(void **state)
{
    struct fixture *f = *state;
    UNTIL(f, fixture_number(f, "PUBSUB CHANNELS nb:sessions") == 1); /* who listens is told */
    struct opened first = open_session(f, false, 60);
    struct opened second = open_session(f, false, 60);
    assert_int_equal(save(f, first.record.generation, "old", NULL), STORE_FENCED);
    assert_int_equal(close_session(f, first.record.generation, 0, "old"), STORE_FENCED);
    assert_int_equal(save(f, second.record.generation, "new", NULL), STORE_OK);
    UNTIL(f, f->taken_generation == second.record.generation);
    assert_string_equal(f->taken_over, "user/ann phone/1");
    /* Also over a session that ended in between. */
    assert_int_equal(close_session(f, second.record.generation, 0, NULL), STORE_OK);
    struct opened third = open_session(f, false, 60);
    assert_false(third.record.present);
    assert_true(third.record.generation > second.record.generation);
    assert_int_equal(save(f, second.record.generation, "old", NULL), STORE_FENCED);
}

static void a_clock_that_was_set_back_makes_no_session_older(void **state)
{
    static const uint64_t hours = UINT64_C(3) * 3600 * 1000000;
    struct fixture *f = *state;
    uint64_t ahead = open_session(f, false, 60).record.generation + hours;
    assert_true(redis_tell(
        &f->ask, "HSET nb:{p:user/ann}:s:phone/1 gen %llu", (unsigned long long)ahead)); /* as it was then */
    uint64_t then = open_session(f, false, 60).record.generation;
    assert_true(then > ahead);
    assert_int_equal(close_session(f, then, 0, NULL), STORE_OK);
    struct opened now = open_session(f, false, 60);
    assert_false(now.record.present);
    assert_true(now.record.generation > then);
}

static void what_is_closed_expires(void **state)
{
    struct fixture *f = *state;
    struct opened opened = open_session(f, false, 500);
    assert_true(fixture_number(f, "TTL nb:{p:user/ann}:s:phone/1") > 500);
    assert_int_equal(close_session(f, opened.record.generation, 500, "c"), STORE_OK);
    assert_in_range(fixture_number(f, "TTL nb:{p:user/ann}:s:phone/1"), 1, 500);
    opened = open_session(f, false, UINT32_MAX);
    assert_true(opened.record.present);
    assert_int_equal(close_session(f, opened.record.generation, UINT32_MAX, NULL), STORE_OK);
    assert_int_equal(fixture_number(f, "TTL nb:{p:user/ann}:s:phone/1"), -1);
    opened = open_session(f, false, 500);
    assert_string_equal(opened.cursors, "c");
    assert_int_equal(close_session(f, opened.record.generation, 0, NULL), STORE_OK);
    assert_int_equal(fixture_number(f, "EXISTS nb:{p:user/ann}:s:phone/1"), 0);
}

static void packet_ids_wait_for_their_release(void **state)
{
    struct fixture *f = *state;
    struct opened opened = open_session(f, false, 60);
    /* Three may be in two regions, and two are. */
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:q2:phone/1 7 05 8 05 65535 05fe"));
    assert_true(redis_tell(&f->ask, "HSET nb:{r05}:q2:user/ann/phone/1 gen 1 born %llu 7 in",
        (unsigned long long)opened.record.generation));
    assert_true(redis_tell(&f->ask, "HSET nb:{rfe}:q2:user/ann/phone/1 gen 1 born %llu 65535 in 8 other",
        (unsigned long long)opened.record.generation));
    opened = open_session(f, false, 60);
    assert_int_equal(opened.record.qos2_count, 2);
    assert_int_equal(opened.qos2[0] + opened.qos2[1], 7 + 65535);
    assert_int_equal(fixture_number(f, "HLEN nb:{p:user/ann}:q2:phone/1"), 2);
    struct status status = {0};
    store_qos2_release(f->store, ANN, opened.record.generation, 7, on_status, &status);
    fixture_until(f, &status.done);
    assert_int_equal(status.status, STORE_OK);
    assert_int_equal(fixture_number(f, "HEXISTS nb:{r05}:q2:user/ann/phone/1 7"), 0);
    assert_int_equal(open_session(f, false, 60).record.qos2_count, 1);
    /* What begins anew has none, and names none. */
    assert_int_equal(open_session(f, true, 60).record.qos2_count, 0);
    assert_int_equal(fixture_number(f, "EXISTS nb:{p:user/ann}:q2:phone/1"), 0);
}

static void on_state(void *arg, const struct channel_state *state)
{
    assert_int_equal(state->status, STORE_OK);
    *(bool *)arg = true;
}

static void on_page(void *arg, const struct channel_page *page)
{
    assert_int_equal(page->status, STORE_OK);
    *(struct channel_page *)arg = *page;
    ((struct channel_page *)arg)->more = true;
}

static void the_inbox_is_told_and_kept(void **state)
{
    struct fixture *f = *state;
    bool followed = false;
    (void)open_session(f, false, 60);
    store_follow(f->store, TEXT("i:user/ann/phone/1"), on_state, &followed);
    fixture_until(f, &followed);
    struct status status = {0};
    store_inbox(f->store, ANN, TEXT("refused"), bytes_of("payload"), on_status, &status);
    fixture_until(f, &status.done);
    assert_int_equal(status.status, STORE_OK);
    UNTIL(f, f->told_count == 1);
    assert_string_equal(f->told[0].channel, "i:user/ann/phone/1");
    assert_int_equal(f->told[0].kind, ENTRY_INBOX);
    assert_memory_equal(f->told[0].data, "\7refusedpayload", 15);
    assert_int_equal(f->told[0].len, 15);
    for (int i = 0; i < 1250; i++)
        store_inbox(f->store, ANN, TEXT("refused"), bytes_of("x"), NULL, NULL);
    UNTIL(f, f->told_count == 1251);
    assert_in_range(fixture_number(f, "XLEN nb:{p:user/ann}:in:phone/1"), 1000, 1100);
    struct channel_page page = {0};
    store_channel_read(
        f->store, TEXT("i:user/ann/phone/1"), (struct position_in_channel){0}, 1, on_page, &page);
    fixture_until(f, &page.more);
    assert_true(page.low.ms > 0);
}

static void a_changed_principal_is_told(void **state)
{
    struct fixture *f = *state;
    (void)open_session(f, false, 60);
    UNTIL(f, fixture_number(f, "PUBLISH nb:principals user/ann") == 1);
    UNTIL(f, strcmp(f->changed, "user/ann") == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_enrolled, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_principal_is_found_as_it_was_enrolled),
        TEST(a_place_that_does_not_open_is_none),
        TEST(what_is_followed_is_sealed),
        TEST(what_was_not_enrolled_is_nothing),
        TEST(trust_and_limits_are_found),
        TEST(wishes_stay_with_the_session),
        TEST(who_is_not_enrolled_or_was_revoked_opens_nothing),
        TEST(a_session_goes_on_where_it_was),
        TEST(the_former_holder_is_fenced_and_told),
        TEST(a_clock_that_was_set_back_makes_no_session_older),
        TEST(what_is_closed_expires),
        TEST(packet_ids_wait_for_their_release),
        TEST(the_inbox_is_told_and_kept),
        TEST(a_changed_principal_is_told),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed +
           cmocka_run_group_tests_name("in_a_cluster", tests, fixture_group_cluster, fixture_group_end);
}
