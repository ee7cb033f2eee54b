/* The registry against a real Redis: who is enrolled, with what rights, and who is told. */
#include "bridge/reseal.h"
#include "bridge/verification.h"
#include "tests/live/registry_fixture.h"

static void a_device_is_written_whole(void **state)
{
    struct fixture *f = *state;
    struct enrolled out =
        enroll(f, (struct enrolment){.role = "device", .id = "cam-1", .household = "h1", .place = LEAF});
    assert_false(out.existed);
    assert_int_equal(out.number, 1);
    assert_true(out.issue_at == NOW / 1000 * 1000);
    assert_answer(f,
        "HMGET nb:{p:device/cam-1}:principal household name number since share tokens_after enrolled revoked",
        "h1  1 0 0 0 1795000000500 (nil)");
    assert_places(f, "device", "cam-1", LEAF, "", "");
    assert_answer(f, "HMGET nb:{h:h1}:household verified next", "(nil) 1");
    out = enroll(f, (struct enrolment){.role = "device", .id = "cam-2", .household = "h1"});
    assert_int_equal(out.number, 2);
    assert_string_equal(out.place.leaf, LEAF);
    out = enroll(f, (struct enrolment){.role = "device", .id = "cam-1", .now = NOW + 1});
    assert_true(out.existed);
    assert_int_equal(out.number, 1);
    assert_answer(f, "HMGET nb:{p:device/cam-1}:principal household number enrolled", "h1 1 1795000000500");
}

static void a_place_is_sealed(void **state)
{
    struct fixture *f = *state;
    struct enrolled out;
    struct place_key *other = place_key_new((const uint8_t[PLACE_KEY_SECRET]){8});
    char digest[PLACE_DIGEST + 1], expected[64];
    enroll(f, (struct enrolment){.role = "device", .id = "cam-1", .household = "h1", .place = LEAF "r7z"});
    assert_places(f, "device", "cam-1", LEAF, LEAF "r7", "");
    assert_int_equal(registry_read(&f->redis, other, "device", "cam-1", &out), REGISTRY_FAILED);
    assert_non_null(strstr(f->redis.error, "the secret is another installation's"));
    place_key_free(other);
    enroll(f, (struct enrolment){.role = "device", .id = "cam-2", .household = "h1"});
    assert_places(f, "device", "cam-2", LEAF, LEAF "r7", "");

    place_digest(f->places, "askable", TEXT(LEAF "r"), digest);
    assert_answer(f, "HGET nb:{p:device/cam-2}:principal askable_digest", digest);
    snprintf(expected, sizeof expected, "%02x", (unsigned)sharing_region(LEAF));
    assert_answer(f, "HGET nb:{p:device/cam-2}:principal region", expected);
    redisReply *all = redis_ask(&f->redis, "HGETALL nb:{h:h1}:household");
    for (size_t i = 0; all && i < all->elements; i++)
        assert_null(strstr(all->element[i]->str, LEAF));
    freeReplyObject(all);
}

static void a_node_has_a_list_of_devices(void **state)
{
    struct fixture *f = *state;
    enroll(f, (struct enrolment){.role = "node", .id = "city", .devices = "lamp-*,gate-1"});
    assert_answer(f, "HGET nb:{p:node/city}:principal devices", "lamp-*,gate-1");
    enroll(f, (struct enrolment){.role = "node", .id = "city"});
    assert_answer(f, "HGET nb:{p:node/city}:principal devices", "lamp-*,gate-1");
    enroll(f, (struct enrolment){.role = "node", .id = "city", .devices = "*"});
    assert_answer(f, "HGET nb:{p:node/city}:principal devices", "*");
}

static const char node_rule[] =
    "devices: a node speaks for some: names with a comma between, each may end in *";

static void what_breaks_a_rule_is_not_written(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct enrolment enrolment;
        const char *rule;
    } cases[] = {
        {{.role = "camera", .id = "x"}, "role: device, edge, user, agency, operator or node"},
        {{.role = "device", .id = ""}, "id: 1 to 64 characters of A-Z a-z 0-9 . _ -"},
        {{.role = "device", .id = "a}b"}, "id: 1 to 64 characters of A-Z a-z 0-9 . _ -"},
        {{.role = "device", .id = "a"}, "household: a device and an edge belong to one"},
        {{.role = "device", .id = "a", .household = "{h}"},
            "household: 1 to 64 characters of A-Z a-z 0-9 . _ -"},
        {{.role = "agency", .id = "a"}, "name: an agency has a public name"},
        {{.role = "agency", .id = "a", .name = "A", .household = "h"},
            "household: only devices, edges and users have one"},
        {{.role = "user", .id = "a", .household = "h", .share_given = true, .share = 2},
            "share: only a device or an edge has something to share"},
        {{.role = "node", .id = "a", .household = "h", .devices = "*"},
            "household: only devices, edges and users have one"},
        {{.role = "node", .id = "a"}, node_rule},
        {{.role = "node", .id = "a", .devices = "lamp-*,"}, node_rule},
        {{.role = "node", .id = "a", .devices = "la*mp"}, node_rule},
        {{.role = "node", .id = "a", .devices = "a b"}, node_rule},
        {{.role = "user", .id = "a", .devices = "*"}, node_rule},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct enrolled out;
        assert_int_equal(registry_enroll(&f->redis, f->places, &cases[i].enrolment, &out), REGISTRY_REFUSED);
        assert_string_equal(f->redis.error, cases[i].rule);
    }
    assert_answer(f, "DBSIZE", "0");
}

static void changes_are_announced(void **state)
{
    struct fixture *f = *state;
    struct redis_sync listener;
    redisReply *reply;
    open_patiently(&listener, f->server.url);
    assert_true(redis_tell(&listener, "SUBSCRIBE nb:principals"));
    enroll(f, (struct enrolment){.role = "agency", .id = "lapd", .name = "Police of Los Angeles"});
    assert_int_equal(redisGetReply(listener.context, (void **)&reply), REDIS_OK);
    assert_string_equal(reply->element[2]->str, "agency/lapd");
    freeReplyObject(reply);
    assert_int_equal(registry_revoke(&f->redis, "agency", "lapd", NOW), REGISTRY_OK);
    assert_int_equal(redisGetReply(listener.context, (void **)&reply), REDIS_OK);
    assert_string_equal(reply->element[2]->str, "agency/lapd");
    freeReplyObject(reply);
    redis_sync_close(&listener);
    assert_answer(f, "HGET nb:{p:agency/lapd}:principal name", "Police of Los Angeles");
}

static void trust_is_an_agency_s_and_stays_until_it_is_changed(void **state)
{
    struct fixture *f = *state;
    static const uint8_t area[] = {0x0a, 0x00, 0x0a, 0x01}, pem[] = "PEM";
    struct registry_trust trust = {.jurisdiction = {area, sizeof area},
        .certificate = {pem, 3},
        .must_sign = REGISTRY_YES,
        .no_approval = REGISTRY_YES,
        .forgiving = REGISTRY_NO};
    struct enrolment lapd = {
        .role = "agency", .id = "lapd", .name = "Police of Los Angeles", .trust = &trust, .now = NOW};
    enroll(f, lapd);
    assert_answer(f,
        "HMGET nb:{p:agency/lapd}:principal certificate must_sign no_approval forgiving verified",
        "PEM 1 1 (nil) 0");
    redisReply *reply = redis_ask(&f->redis, "HGET nb:{p:agency/lapd}:principal jurisdiction");
    assert_non_null(reply);
    assert_int_equal(reply->len, sizeof area);
    assert_memory_equal(reply->str, area, sizeof area);
    freeReplyObject(reply);

    trust = (struct registry_trust){.certificate = {pem, 0}, .no_approval = REGISTRY_NO};
    enroll(f, lapd);
    assert_answer(f, "HMGET nb:{p:agency/lapd}:principal certificate must_sign no_approval", "(nil) 1 (nil)");
    assert_answer(f, "HEXISTS nb:{p:agency/lapd}:principal jurisdiction", "1");

    struct enrolled out;
    trust = (struct registry_trust){.must_sign = REGISTRY_YES};
    assert_int_equal(registry_enroll(&f->redis, f->places, &lapd, &out), REGISTRY_REFUSED);
    assert_string_equal(f->redis.error, "must_sign: needs the certificate that signatures verify with");
    trust.certificate = (struct bytes){pem, 3};
    enroll(f, lapd);
    trust.certificate = (struct bytes){0};
    enroll(f, lapd);
    struct enrolment user = {.role = "user", .id = "ann", .trust = &trust, .now = NOW};
    assert_int_equal(registry_enroll(&f->redis, f->places, &user, &out), REGISTRY_REFUSED);
    assert_answer(f, "EXISTS nb:{p:user/ann}:principal", "0");
}

static void a_ban_has_a_reason_and_an_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(registry_ban(&f->redis, "user", "ann", NOW, "spam"), REGISTRY_NOT_FOUND);
    enroll(f, (struct enrolment){.role = "user", .id = "ann"});
    assert_int_equal(registry_ban(&f->redis, "user", "ann", NOW, ""), REGISTRY_REFUSED);
    assert_answer(f, "EXISTS nb:{banned}:until", "0");
    assert_int_equal(registry_ban(&f->redis, "user", "ann", NOW, "spam, three times"), REGISTRY_OK);
    assert_answer(
        f, "HMGET nb:{p:user/ann}:principal banned_until ban_reason", "1795000000500 spam, three times");
    assert_answer(f, "ZRANGE nb:{banned}:until 0 -1", "user/ann");
    enroll(f, (struct enrolment){.role = "user", .id = "ann"});
    assert_answer(f, "HEXISTS nb:{p:user/ann}:principal banned_until", "1");
    assert_int_equal(registry_ban(&f->redis, "user", "ann", 0, ""), REGISTRY_OK);
    assert_answer(f, "HEXISTS nb:{p:user/ann}:principal banned_until", "0");
    assert_answer(f, "EXISTS nb:{banned}:until", "0");
}

static void what_fails_among_several_is_told(void **state)
{
    struct fixture *f = *state;
    assert_true(redis_tell(&f->redis, "SET nb:{x}:text a"));
    redis_begin(&f->redis);
    assert_true(redis_tell(&f->redis, "SADD nb:{x}:text b"));
    assert_true(redis_tell(&f->redis, "SADD nb:{x}:set b"));
    assert_false(redis_commit(&f->redis));
    assert_non_null(strstr(f->redis.error, "WRONGTYPE"));
    redis_begin(&f->redis);
    assert_true(redis_tell(&f->redis, "SADD nb:{x}:set c"));
    assert_true(redis_commit(&f->redis));
}

static void one_request_joins_by_a_code(void **state)
{
    struct fixture *f = *state;
    struct seal *seal = seal_new((const uint8_t[SEAL_SECRET]){7});
    char text[VERIFICATION_CODE + 1];
    struct verification join = {.way = VERIFICATION_JOIN,
        .household = "agency/fire",
        .by = "operator",
        .now = NOW,
        .expires = INT64_C(4000000000000)};
    assert_int_equal(verification_begin(&f->redis, seal, &join, text), REGISTRY_OK);
    struct text code = text_of(text);
    assert_int_equal(verification_join(&f->redis, seal, "agency/police", code, "one", NOW), REGISTRY_REFUSED);
    assert_int_equal(verification_join(&f->redis, seal, "agency/fire", code, "one", NOW), REGISTRY_OK);
    assert_int_equal(verification_join(&f->redis, seal, "agency/fire", code, "other", NOW), REGISTRY_REFUSED);
    assert_non_null(strstr(f->redis.error, "another request has used it"));
    assert_int_equal(verification_join(&f->redis, seal, "agency/fire", code, "one", NOW + 9), REGISTRY_OK);
    assert_int_equal(verification_joined(&f->redis, seal, "agency/fire", code), REGISTRY_OK);
    assert_int_equal(verification_join(&f->redis, seal, "agency/fire", code, "one", NOW), REGISTRY_REFUSED);
    assert_non_null(strstr(f->redis.error, "has joined already"));
    assert_int_equal(verification_join(&f->redis, seal, "agency/fire", code, "other", NOW), REGISTRY_REFUSED);
    seal_free(seal);
}

static void places_go_over_to_another_secret(void **state)
{
    struct fixture *f = *state;
    struct place_key *next = place_key_new((const uint8_t[PLACE_KEY_SECRET]){8});
    struct reseal done;
    struct enrolled known;
    char digest[PLACE_DIGEST + 1], ask[128];
    enroll(f, (struct enrolment){.role = "device",
                  .id = "cam",
                  .household = "h1",
                  .place = LEAF "ab",
                  .share_given = true,
                  .share = 2,
                  .verified = 5});
    enroll(f, (struct enrolment){.role = "user", .id = "nobody"});
    for (int again = 0; again < 2; again++) {
        assert_true(reseal_run(&f->redis, f->places, next, &done));
        assert_int_equal(done.principals, 1);
        assert_int_equal(done.households, 1);
        assert_int_equal(done.unreadable, 0);
        assert_int_equal(registry_read(&f->redis, next, "device", "cam", &known), REGISTRY_OK);
        assert_string_equal(known.place.fine, LEAF "ab");
        assert_int_equal(registry_read(&f->redis, f->places, "device", "cam", &known), REGISTRY_FAILED);
        place_digest(next, "sharers", TEXT(LEAF), digest);
        snprintf(ask, sizeof ask, "ZCARD nb:{r%02x}:sharers:%s", (unsigned)sharing_region(LEAF), digest);
        assert_answer(f, ask, "1");
        place_digest(f->places, "sharers", TEXT(LEAF), digest);
        snprintf(ask, sizeof ask, "EXISTS nb:{r%02x}:sharers:%s", (unsigned)sharing_region(LEAF), digest);
        assert_answer(f, ask, "0");
    }
    assert_true(reseal_run(&f->redis, f->places, f->places, &done));
    assert_int_equal(done.unreadable, 2);
    place_key_free(next);
}

static void an_absent_redis_is_named(void **state)
{
    (void)state;
    struct redis_sync redis;
    assert_false(redis_sync_open(&redis, "unix:/nowhere/redis.sock"));
    assert_string_equal(redis.error, "cannot reach Redis at /nowhere/redis.sock: No such file or directory");
    redis_sync_close(&redis);
    static const char *const bad[] = {"http://x", "redis://", "redis://h:port", "redis://h:1/x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(redis_sync_open(&redis, bad[i]));
        assert_non_null(strstr(redis.error, "has the form"));
        redis_sync_close(&redis);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIVE(a_device_is_written_whole),
        LIVE(a_place_is_sealed),
        LIVE(a_node_has_a_list_of_devices),
        LIVE(what_breaks_a_rule_is_not_written),
        LIVE(changes_are_announced),
        LIVE(trust_is_an_agency_s_and_stays_until_it_is_changed),
        LIVE(a_ban_has_a_reason_and_an_end),
        LIVE(what_fails_among_several_is_told),
        LIVE(one_request_joins_by_a_code),
        LIVE(places_go_over_to_another_secret),
        cmocka_unit_test(an_absent_redis_is_named),
    };
    return cmocka_run_group_tests(tests, start_redis, stop_redis) +
           cmocka_run_group_tests(tests, start_cluster, stop_redis);
}
