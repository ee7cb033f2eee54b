/* What the registry revokes, and what the store then lets in and keeps: one client of two, all of somebody,
 * and a user that is enrolled by coming. */
#include <stdlib.h>

#include "bridge/registry_instance.h"
#include "bridge/store_inside.h"
#include "tests/live/store_fixture.h"

struct opened {
    bool done;
    enum store_status status;
    uint64_t generation;
    size_t barred;
    char name[65];
    bool revoked;
    int64_t tokens_after;
};

static void on_open(void *arg, const struct session_record *record)
{
    struct opened *opened = arg;
    *opened = (struct opened){.done = true, .status = record->status, .generation = record->generation};
    opened->barred = record->principal.instance_count;
    if (opened->barred == 0)
        return;
    const struct store_instance *first = record->principal.instances;
    snprintf(opened->name, sizeof opened->name, "%.*s", (int)first->name.len, first->name.data);
    opened->revoked = first->revoked;
    opened->tokens_after = first->tokens_after;
}

static struct opened open_as(
    struct fixture *f, const char *principal, const char *client, int64_t issued, bool may_join)
{
    struct opened opened = {0};
    const struct store_opening how = {.name = {text_of(principal), text_of(client)},
        .expiry_s = 600,
        .token_issued = issued,
        .may_join = may_join};
    store_session_open(f->store, &how, on_open, &opened);
    fixture_until(f, &opened.done);
    return opened;
}

static void on_status(void *arg, enum store_status status)
{
    assert_int_equal(status, STORE_OK);
    *(bool *)arg = true;
}

static void tell_inbox(struct fixture *f, const char *principal, const char *client)
{
    bool done = false;
    store_inbox(f->store, (struct session_name){text_of(principal), text_of(client)}, TEXT("refused"),
        (struct bytes){(const uint8_t *)"x", 1}, on_status, &done);
    fixture_until(f, &done);
}

static int enrolled(void **state)
{
    int failed = fixture_open(state);
    struct fixture *f = *state;
    struct enrolled known;
    const struct enrolment ann = {.role = "user", .id = "ann", .household = "home-7", .now = START};
    return failed || registry_enroll(&f->ask, f->places, &ann, &known) != REGISTRY_OK;
}

#define KEYS(f, pattern) keys_of(f, "nb:{p:user/ann}:" pattern)

static size_t keys_of(struct fixture *f, const char *pattern)
{
    redisReply *found = redis_ask(&f->ask, "KEYS %s", pattern);
    assert_non_null(found);
    size_t count = found->elements;
    freeReplyObject(found);
    return count;
}

static void a_withdrawn_token_opens_nothing_and_fences_nobody(void **state)
{
    struct fixture *f = *state;
    struct opened good = open_as(f, "user/ann", "phone", START, false);
    assert_int_equal(good.status, STORE_OK);
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:principal tokens_after %lld", (long long)START));
    assert_int_equal(open_as(f, "user/ann", "phone", START - 1, false).status, STORE_WITHDRAWN);
    redisReply *held = redis_ask(&f->ask, "HGET nb:{p:user/ann}:s:phone gen");
    assert_int_equal(strtoull(held->str, NULL, 10), good.generation);
    freeReplyObject(held);
    assert_int_equal(open_as(f, "user/ann", "phone", START, false).status, STORE_OK);
    assert_int_equal(open_as(f, "user/ann", "phone", 0, false).status, STORE_OK); /* by certificate */
}

static void one_client_of_two_is_revoked(void **state)
{
    struct fixture *f = *state;
    int64_t issue_at = START;
    bool bound = false;
    assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", "one", &issue_at), REGISTRY_OK);
    assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", "two", &issue_at), REGISTRY_OK);
    assert_true(issue_at == START);
    assert_int_equal(open_as(f, "user/ann", "one", START, false).status, STORE_OK);
    assert_int_equal(open_as(f, "user/ann", "two", START, false).barred, 0);
    tell_inbox(f, "user/ann", "one");
    tell_inbox(f, "user/ann", "two");
    assert_int_equal(KEYS(f, "*:two"), 2); /* session, inbox */

    f->changed[0] = 0;
    assert_int_equal(
        registry_revoke_instance(&f->ask, "user", "ann", "two", START + 400, &bound), REGISTRY_OK);
    assert_true(bound);
    UNTIL(f, strcmp(f->changed, "user/ann") == 0);
    assert_int_equal(KEYS(f, "*:two"), 0);
    assert_int_equal(KEYS(f, "*:one"), 2);
    tell_inbox(f, "user/ann", "two"); /* for whom nothing is kept */
    assert_int_equal(KEYS(f, "*:two"), 0);
    assert_int_equal(open_as(f, "user/ann", "two", START + 100000, false).status, STORE_REVOKED);
    assert_int_equal(open_as(f, "user/ann", "two", 0, false).status, STORE_REVOKED);
    struct opened one = open_as(f, "user/ann", "one", START, false);
    assert_int_equal(one.status, STORE_OK);
    assert_int_equal(one.barred, 1);
    assert_string_equal(one.name, "two");
    assert_true(one.revoked);
    assert_true(one.tokens_after == START + 1000);

    /* Enrolled again: the next second's tokens count, and are told so. */
    issue_at = START;
    assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", "two", &issue_at), REGISTRY_OK);
    assert_true(issue_at == START + 1000);
    assert_int_equal(open_as(f, "user/ann", "two", START, false).status, STORE_WITHDRAWN);
    struct opened two = open_as(f, "user/ann", "two", issue_at, false);
    assert_int_equal(two.status, STORE_OK);
    assert_false(two.revoked);
    assert_true(two.tokens_after == START + 1000);
}

static void who_is_not_known_cannot_be_revoked(void **state)
{
    struct fixture *f = *state;
    bool bound = true;
    assert_int_equal(
        registry_revoke_instance(&f->ask, "user", "bob", "one", START, &bound), REGISTRY_NOT_FOUND);
    assert_int_equal(
        registry_revoke_instance(&f->ask, "user", "ann", "one", START, &bound), REGISTRY_NOT_FOUND);
    assert_int_equal(
        registry_revoke_instance(&f->ask, "user", "ann", "a b", START, &bound), REGISTRY_NOT_FOUND);
    (void)open_as(f, "user/ann", "one", START, false);
    assert_int_equal(registry_revoke_instance(&f->ask, "user", "ann", "one", START, &bound), REGISTRY_OK);
    assert_false(bound);
}

static void instances_are_bounded(void **state)
{
    struct fixture *f = *state;
    int64_t issue_at = START;
    char name[80] = "";
    for (int i = 0; i < REGISTRY_INSTANCES; i++) {
        snprintf(name, sizeof name, "phone-%d", i);
        assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", name, &issue_at), REGISTRY_OK);
    }
    assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", name, &issue_at), REGISTRY_OK);
    assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", "more", &issue_at), REGISTRY_REFUSED);
    memset(name, 'x', 65);
    assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", name, &issue_at), REGISTRY_REFUSED);
    assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", "a/b", &issue_at), REGISTRY_REFUSED);
}

/* Client ids of any bytes, sessions and inboxes without one: all of it goes, and comes back empty. */
static void all_of_somebody_is_dropped(void **state)
{
    struct fixture *f = *state;
    static const char *const clients[] = {"phone", "a b/c}:s:d", "\x01\xff{x}", "~0123"};
    struct enrolled known;
    int64_t issue_at = START;
    assert_int_equal(registry_enroll_instance(&f->ask, "user", "ann", "phone", &issue_at), REGISTRY_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(open_as(f, "user/ann", clients[i], START, false).status, STORE_OK);
    tell_inbox(f, "user/ann", "http");
    assert_true(redis_tell(&f->ask, "HSET nb:{p:user/ann}:q2:phone 7 r"));
    assert_int_equal(fixture_number(f, "SCARD nb:{p:user/ann}:clients"), 5);
    assert_int_equal(registry_revoke(&f->ask, "user", "ann", START + 1), REGISTRY_OK);
    assert_int_equal(KEYS(f, "*"), 2); /* principal, instances */
    assert_int_equal(open_as(f, "user/ann", "phone", 0, false).status, STORE_REVOKED);
    tell_inbox(f, "user/ann", "phone");
    assert_int_equal(KEYS(f, "*"), 2);
    const struct enrolment again = {.role = "user", .id = "ann", .now = START + 2};
    assert_int_equal(registry_enroll(&f->ask, f->places, &again, &known), REGISTRY_OK);
    assert_int_equal(KEYS(f, "*"), 1);
    assert_int_equal(open_as(f, "user/ann", "phone", known.issue_at, false).barred, 0);
}

/* Those that are gone are found and forgotten, a few with each new one. */
static void the_list_of_clients_stays_small(void **state)
{
    struct fixture *f = *state;
    char name[32];
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof name, "auto-%d", i);
        (void)open_as(f, "user/ann", name, START, false);
        assert_true(redis_tell(&f->ask, "DEL nb:{p:user/ann}:s:%s", name)); /* as time does */
    }
    assert_in_range(fixture_number(f, "SCARD nb:{p:user/ann}:clients"), 1, 50);
    struct opened last = open_as(f, "user/ann", "last", START, false);
    bool closed = false;
    store_session_close(f->store, (struct session_name){TEXT("user/ann"), TEXT("last")}, last.generation, 0,
        (struct bytes){0}, on_status, &closed);
    fixture_until(f, &closed);
    assert_int_equal(fixture_number(f, "SISMEMBER nb:{p:user/ann}:clients last"), 0);
}

static void a_user_is_enrolled_by_coming_where_that_is_wanted(void **state)
{
    struct fixture *f = *state;
    struct enrolled known;
    assert_int_equal(open_as(f, "user/oidc-bob", "phone", START, false).status, STORE_NOT_FOUND);
    assert_int_equal(open_as(f, "operator/oidc-bob", "phone", START, true).status, STORE_NOT_FOUND);
    assert_int_equal(keys_of(f, "nb:{p:*bob}:*"), 0);
    assert_int_equal(open_as(f, "user/oidc-bob", "phone", START, true).status, STORE_OK);
    assert_int_equal(registry_read(&f->ask, NULL, "user", "oidc-bob", &known), REGISTRY_OK);
    assert_string_equal(known.household, "");
    assert_int_equal(registry_revoke(&f->ask, "user", "oidc-bob", START), REGISTRY_OK);
    assert_int_equal(open_as(f, "user/oidc-bob", "phone", START, true).status, STORE_REVOKED);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, enrolled, fixture_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_withdrawn_token_opens_nothing_and_fences_nobody),
        CASE(one_client_of_two_is_revoked),
        CASE(who_is_not_known_cannot_be_revoked),
        CASE(instances_are_bounded),
        CASE(all_of_somebody_is_dropped),
        CASE(the_list_of_clients_stays_small),
        CASE(a_user_is_enrolled_by_coming_where_that_is_wanted),
    };
    int failed = cmocka_run_group_tests(tests, fixture_group, fixture_group_end);
    return failed +
           cmocka_run_group_tests_name("in_a_cluster", tests, fixture_group_cluster, fixture_group_end);
}
