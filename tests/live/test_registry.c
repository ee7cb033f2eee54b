/* The registry against a real Redis: what is written, what the sharing index makes of it, who is told. */
#include "bridge/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/reseal.h"
#include "bridge/sharing_index.h"
#include "bridge/store_inside.h"
#include "bridge/verification.h"
#include "tests/live/redis_server.h"

#define NOW INT64_C(1795000000500)
#define LEAF "9qh1f5"
#define OTHER_LEAF "9qh1f6" /* same region: same first five characters */
#define FAR_LEAF "u4pruy"

struct fixture {
    struct redis_server server;
    struct redis_sync redis;
    struct place_key *places;
};

static int start_redis(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_true(redis_server_start(&f->server));
    f->places = place_key_new((const uint8_t[PLACE_KEY_SECRET]){7});
    *state = f;
    return 0;
}

static int start_cluster(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->server.cluster = true;
    assert_true(redis_server_start(&f->server));
    f->places = place_key_new((const uint8_t[PLACE_KEY_SECRET]){7});
    *state = f;
    return 0;
}

static int stop_redis(void **state)
{
    struct fixture *f = *state;
    redis_server_stop(&f->server);
    place_key_free(f->places);
    free(f);
    return 0;
}

/* More than its users are elsewhere. */
static void open_patiently(struct redis_sync *redis, const char *url)
{
    assert_true(redis_sync_open(redis, url));
    assert_int_equal(redisSetTimeout(redis->context, (struct timeval){.tv_sec = 30}), REDIS_OK);
}

static int set_up(void **state)
{
    struct fixture *f = *state;
    open_patiently(&f->redis, f->server.url);
    assert_true(redis_tell(&f->redis, "FLUSHALL"));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    redis_sync_close(&f->redis);
    return 0;
}

/* ---- what Redis holds, as text ---- */

static void append(char *out, size_t size, const redisReply *reply)
{
    size_t len = strlen(out);
    if (reply->type == REDIS_REPLY_ARRAY)
        for (size_t i = 0; i < reply->elements; i++)
            append(out, size, reply->element[i]);
    else if (reply->type == REDIS_REPLY_INTEGER)
        snprintf(out + len, size - len, "%s%lld", len ? " " : "", reply->integer);
    else
        snprintf(out + len, size - len, "%s%s", len ? " " : "", reply->str ? reply->str : "(nil)");
}

static void assert_answer(struct fixture *f, const char *command, const char *expected)
{
    char answer[512] = "";
    redisReply *reply = redisCommand(f->redis.context, command);
    assert_non_null(reply);
    append(answer, sizeof answer, reply);
    freeReplyObject(reply);
    if (strcmp(answer, expected) != 0)
        fail_msg("%s\n  answers  %s\n  expected %s", command, answer, expected);
}

/* The command, of the region of the leaf cell in place of the "%02x" and of its digest in place of "%s". */
static void assert_in_region(struct fixture *f, const char *format, const char *leaf, const char *expected)
{
    char command[160], digest[PLACE_DIGEST + 1];
    place_digest(f->places, "sharers", text_of(leaf), digest);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(command, sizeof command, format, sharing_region(leaf), digest);
#pragma GCC diagnostic pop
    assert_answer(f, command, expected);
}

/* Where the principal is, was, and exactly. */
static void assert_places(struct fixture *f, const char *role, const char *id, const char *leaf,
    const char *fine, const char *former)
{
    struct enrolled known;
    assert_int_equal(registry_read(&f->redis, f->places, role, id, &known), REGISTRY_OK);
    assert_string_equal(known.place.leaf, leaf);
    assert_string_equal(known.place.fine, fine);
    assert_string_equal(known.former, former);
}

static struct enrolled enroll(struct fixture *f, struct enrolment enrolment)
{
    struct enrolled out;
    if (enrolment.now == 0)
        enrolment.now = NOW;
    if (registry_enroll(&f->redis, f->places, &enrolment, &out) != REGISTRY_OK)
        fail_msg("%s/%s: %s", enrolment.role, enrolment.id, f->redis.error);
    return out;
}

/* ---- tests ---- */

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

/* The fine cell is kept, and nothing of any place can be read without the key. */
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

/* The store computes the keys of a region by itself. */
static void the_store_looks_where_the_index_is(void **state)
{
    (void)state;
    static const char *const leaves[] = {LEAF, OTHER_LEAF, FAR_LEAF, "000000", "zzzzzz", "s00twy"};
    for (size_t i = 0; i < sizeof leaves / sizeof *leaves; i++) {
        char expected[64], key[KEY];
        snprintf(expected, sizeof expected, "nb:{r%02x}:share", sharing_region(leaves[i]));
        region_key(key, leaves[i], "share", (struct text){NULL, 0});
        assert_string_equal(key, expected);
    }
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

static void sharing_stands_in_the_index(void **state)
{
    struct fixture *f = *state;
    struct enrolment cam = {.role = "device",
        .id = "cam-1",
        .household = "h1",
        .place = LEAF,
        .share_given = true,
        .share = 1 << 2 | 1 << 3};
    enroll(f, cam);
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "12 1");
    assert_in_region(f, "ZCARD nb:{r%02x}:sharers:%s", LEAF, "0");
    cam.verified = NOW - 1000;
    enroll(f, cam);
    assert_in_region(f, "ZRANGE nb:{r%02x}:sharers:%s 0 -1 WITHSCORES", LEAF, "h1 1794999999500");

    enroll(f,
        (struct enrolment){.role = "edge", .id = "e1", .household = "h1", .share_given = true, .share = 2});
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "14 2");

    cam.share = 0;
    enroll(f, cam);
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "2 3");
    enroll(f, (struct enrolment){.role = "edge", .id = "e1", .share_given = true, .share = 0});
    assert_in_region(f, "EXISTS nb:{r%02x}:share", LEAF, "0");
    assert_in_region(f, "EXISTS nb:{r%02x}:sharers:%s", LEAF, "0");
    assert_answer(f, "EXISTS nb:{h:h1}:leaves", "0");
}

static void moving_keeps_the_former_place(void **state)
{
    struct fixture *f = *state;
    struct enrolment cam = {.role = "device",
        .id = "cam-1",
        .household = "h1",
        .place = LEAF,
        .share_given = true,
        .share = 2,
        .verified = 1000};
    enroll(f, cam);
    cam.place = OTHER_LEAF;
    cam.now = NOW + 5;
    enroll(f, cam);
    assert_places(f, "device", "cam-1", OTHER_LEAF, "", LEAF);
    assert_answer(f, "HGET nb:{p:device/cam-1}:principal since", "1795000000505");
    assert_in_region(f, "EXISTS nb:{r%02x}:sharers:%s", LEAF, "0");
    assert_in_region(f, "ZSCORE nb:{r%02x}:sharers:%s h1", OTHER_LEAF, "1000");
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "2 2");
    cam.place = FAR_LEAF;
    cam.now = NOW + 9;
    enroll(f, cam);
    assert_in_region(f, "EXISTS nb:{r%02x}:share", LEAF, "0");
    assert_in_region(f, "ZSCORE nb:{r%02x}:sharers:%s h1", FAR_LEAF, "1000");
    enroll(f, cam);
    assert_places(f, "device", "cam-1", FAR_LEAF, "", OTHER_LEAF);
    assert_answer(f, "HGET nb:{p:device/cam-1}:principal since", "1795000000509");
}

static void changing_households_takes_all_along(void **state)
{
    struct fixture *f = *state;
    enroll(f, (struct enrolment){.role = "device",
                  .id = "a",
                  .household = "h1",
                  .place = LEAF,
                  .share_given = true,
                  .share = 2,
                  .verified = 1000});
    enroll(f, (struct enrolment){
                  .role = "device", .id = "b", .household = "h2", .place = FAR_LEAF, .verified = 2000});
    struct enrolled out = enroll(f, (struct enrolment){.role = "device", .id = "a", .household = "h2"});
    assert_int_equal(out.number, 2);
    assert_string_equal(out.place.leaf, FAR_LEAF);
    assert_string_equal(out.former, LEAF);
    assert_in_region(f, "EXISTS nb:{r%02x}:share", LEAF, "0");
    assert_in_region(f, "ZSCORE nb:{r%02x}:sharers:%s h2", FAR_LEAF, "2000");
    assert_answer(f, "EXISTS nb:{h:h1}:members nb:{h:h1}:lock", "0");
    assert_answer(f, "EXISTS nb:{h:h2}:lock", "0");
}

static void the_revoked_share_nothing_and_their_tokens_are_void(void **state)
{
    struct fixture *f = *state;
    struct enrolment cam = {.role = "device",
        .id = "cam-1",
        .household = "h1",
        .place = LEAF,
        .share_given = true,
        .share = 2,
        .verified = 1000};
    int64_t first = enroll(f, cam).issue_at;
    assert_int_equal(registry_revoke(&f->redis, "device", "cam-1", NOW + 1), REGISTRY_OK);
    assert_answer(f, "HGET nb:{p:device/cam-1}:principal revoked", "1795000000501");
    assert_in_region(f, "EXISTS nb:{r%02x}:share", LEAF, "0");
    assert_int_equal(registry_revoke(&f->redis, "device", "cam-2", NOW + 1), REGISTRY_NOT_FOUND);

    struct enrolled again = enroll(f, cam);
    assert_true(again.tokens_after > first);
    assert_true(again.issue_at >= again.tokens_after);
    assert_answer(f, "HEXISTS nb:{p:device/cam-1}:principal revoked", "0");
    assert_in_region(f, "HGET nb:{r%02x}:share h1", LEAF, "2 3");

    assert_int_equal(registry_revoke(&f->redis, "device", "cam-1", NOW + 2), REGISTRY_OK);
    struct enrolled third = enroll(f, cam);
    assert_true(third.tokens_after > again.issue_at);
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

static void each_member_bears_when_its_household_was_verified(void **state)
{
    struct fixture *f = *state;
    enroll(f, (struct enrolment){.role = "user", .id = "ann", .household = "h1"});
    assert_answer(f, "HGET nb:{p:user/ann}:principal verified", "0");
    enroll(f, (struct enrolment){.role = "user", .id = "bob", .household = "h1", .verified = 1000});
    assert_answer(f, "HGET nb:{p:user/ann}:principal verified", "1000");
    assert_answer(f, "HGET nb:{p:user/bob}:principal verified", "1000");
    enroll(f, (struct enrolment){.role = "user", .id = "eve", .household = "h1"});
    assert_answer(f, "HGET nb:{p:user/eve}:principal verified", "1000");
    enroll(f, (struct enrolment){.role = "user", .id = "eve", .household = "h2"});
    assert_answer(f, "HGET nb:{p:user/eve}:principal verified", "0");
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

/* Two commands of the same time: none of them hides the other's note. */
static void each_change_has_a_note_of_its_own(void **state)
{
    struct fixture *f = *state;
    char one[SHARING_NOTE], other[SHARING_NOTE], count[64];
    snprintf(count, sizeof count, "ZCARD nb:{u%02x}:unsettled", (unsigned)(hash_of("h1", 2) % 16));
    assert_true(sharing_index_note(&f->redis, "h1", one) && sharing_index_note(&f->redis, "h1", other));
    enroll(f, (struct enrolment){.role = "user", .id = "ann", .household = "h1"});
    assert_answer(f, count, "2");
    assert_true(sharing_index_settled(&f->redis, "h1", one));
    assert_answer(f, count, "1");
    assert_true(sharing_index_settled(&f->redis, "h1", other));
    assert_answer(f, count, "0");
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

/* Two requests of one agency, a tag alone: who claimed the code says it again until it is done. */
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

/* Whoever dies before all is done repeats it; another household gets nothing. */
static void one_household_takes_a_device(void **state)
{
    struct fixture *f = *state;
    struct seal *seal = seal_new((const uint8_t[SEAL_SECRET]){7});
    struct verification_found found;
    char text[VERIFICATION_CODE + 1];
    struct verification handover = {
        .way = VERIFICATION_HANDOVER, .by = "device/cam", .now = NOW, .expires = INT64_C(4000000000000)};
    unsigned wanted = 1U << VERIFICATION_HANDOVER;
    assert_int_equal(verification_begin(&f->redis, seal, &handover, text), REGISTRY_OK);
    struct text code = text_of(text);
    for (int i = 0; i < 2; i++)
        assert_int_equal(verification_redeem(&f->redis, seal, "h1", code, wanted, NOW, &found), REGISTRY_OK);
    assert_int_equal(verification_redeem(&f->redis, seal, "h2", code, wanted, NOW, &found), REGISTRY_REFUSED);
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
#define LIVE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LIVE(a_device_is_written_whole),
        LIVE(a_place_is_sealed),
        LIVE(a_node_has_a_list_of_devices),
        LIVE(what_breaks_a_rule_is_not_written),
        LIVE(sharing_stands_in_the_index),
        LIVE(moving_keeps_the_former_place),
        LIVE(changing_households_takes_all_along),
        LIVE(the_revoked_share_nothing_and_their_tokens_are_void),
        LIVE(changes_are_announced),
        LIVE(trust_is_an_agency_s_and_stays_until_it_is_changed),
        LIVE(each_member_bears_when_its_household_was_verified),
        LIVE(a_ban_has_a_reason_and_an_end),
        LIVE(each_change_has_a_note_of_its_own),
        LIVE(what_fails_among_several_is_told),
        LIVE(one_request_joins_by_a_code),
        LIVE(one_household_takes_a_device),
        LIVE(places_go_over_to_another_secret),
        cmocka_unit_test(the_store_looks_where_the_index_is),
        cmocka_unit_test(an_absent_redis_is_named),
    };
    return cmocka_run_group_tests(tests, start_redis, stop_redis) +
           cmocka_run_group_tests(tests, start_cluster, stop_redis);
}
