/* Posts: what comes over HTTP takes the steps of every publication, and its answer goes to a function. */
#include "broker/post.h"

#include <fnmatch.h>

#include "tests/stories/stage.h"

static struct answer {
    unsigned count;
    bool failed;
    struct refusal refusal;
    char words[200];
} answer;

static void posted(void *arg, const struct publication *publication)
{
    struct answer *out = arg;
    out->count++;
    out->failed = !publication;
    if (!publication)
        return;
    out->refusal = publication->refusal;
    if (publication->refusal.code)
        snprintf(out->words, sizeof(out->words), "0x%02X %s: %s", publication->refusal.code,
            publication->refusal.field, publication->refusal.rule);
    else
        snprintf(out->words, sizeof(out->words), "taken r%u", publication->outcome.revision);
}

static const char lamp[] =
    "{\"version\":1,\"senderAlertId\":\"lamp-1\",\"msgType\":\"ALERT\",\"category\":\"hazard\","
    "\"headline\":\"Street light "
    "out\",\"expires\":1700003600000,\"place\":{\"point\":{\"latE7\":377749000,\"lonE7\":-1224194000}}}";

static void posts_as(struct credential who, const char *topic, const char *json)
{
    struct broker_post post = {.credential = who,
        .topic = topic,
        .content_type = TEXT("application/json"),
        .payload = {(const uint8_t *)json, strlen(json)}};
    unsigned before = answer.count;
    broker_post(stage.broker, &post, posted, &answer);
    assert_int_equal(answer.count, before); /* never inside the call */
}

static void posts(const char *name, const char *topic, const char *json)
{
    struct credential who = {.issued_at = stage_now() - 1000};
    snprintf(who.name, sizeof(who.name), "%s", name);
    posts_as(who, topic, json);
}

static void is_told(const char *pattern)
{
    settle();
    assert_int_equal(answer.count, 1);
    answer.count = 0;
    assert_false(answer.failed);
    if (fnmatch(pattern, answer.words, FNM_NOESCAPE) != 0)
        fail_msg("told:     %s\nexpected: %s", answer.words, pattern);
}

static void test_a_post_is_stored_and_told_its_public_id(void **state)
{
    (void)state;
    enrolled("agency/pd", "", "");
    posts("agency/pd", "nb/v1/alert", lamp);
    is_told("taken *");
    was_called(CALL_ALERT, "act=1 channels=1 references=0 listed");
    assert_int_equal(calls(CALL_INBOX), 0);
}

static void test_a_bad_post_is_told_field_and_rule(void **state)
{
    (void)state;
    enrolled("agency/pd", "", "");
    posts("agency/pd", "nb/v1/alert", "{\"version\":1}");
    is_told("0x99 *: *");
    posts("agency/pd", "nb/v1/nothing", lamp);
    is_told("0x87 topic: not one that can be published to");
    posts("agency/pd", "nb/v1/motion", lamp);
    is_told("0x87 topic: not for this role");
    assert_int_equal(calls(CALL_ALERT), 0);
    assert_int_equal(calls(CALL_INBOX), 0);
}

static void test_who_is_not_let_in_at_connect_posts_nothing(void **state)
{
    struct credential old = {.name = "agency/pd", .issued_at = stage_now() - 1000};
    struct credential over = {.name = "agency/pd", .issued_at = 1, .expires_at = stage_now() - 1};
    (void)state;
    posts("agency/nobody", "nb/v1/alert", lamp);
    is_told("0x87 credential: not authorized");
    posts("no name", "nb/v1/alert", lamp);
    is_told("0x87 credential: not authorized");
    enrolled("agency/pd", "", "");
    posts_as(over, "nb/v1/alert", lamp);
    is_told("0x87 credential: the token has expired");
    tokens_withdrawn("agency/pd", stage_now());
    posts_as(old, "nb/v1/alert", lamp);
    is_told("0x87 credential: the token was withdrawn");
    old.issued_at = 0; /* by certificate */
    posts_as(old, "nb/v1/alert", lamp);
    is_told("taken *");
    const struct store_instance lost[] = {{.name = TEXT("desk-2"), .revoked = true}};
    trusted("agency/pd", (struct principal_record){.instance_count = 1, .instances = lost});
    posts_as((struct credential){.name = "agency/pd", .issued_at = stage_now(), .instance = "desk-2"},
        "nb/v1/alert", lamp);
    is_told("0x87 credential: the token was withdrawn");
    posts_as((struct credential){.name = "agency/pd", .issued_at = stage_now(), .instance = "desk-1"},
        "nb/v1/alert", lamp);
    is_told("taken *");
    key_goes(7);
    posts_as(
        (struct credential){.name = "agency/pd", .issued_at = stage_now(), .key = 7}, "nb/v1/alert", lamp);
    is_told("0x87 credential: the token was withdrawn");
    revoked("agency/pd");
    posts("agency/pd", "nb/v1/alert", lamp);
    is_told("0x87 credential: not authorized");
    assert_int_equal(calls(CALL_ALERT), 2);
}

static void test_a_post_waits_for_who_it_is_from_and_for_the_store(void **state)
{
    (void)state;
    enrolled("agency/pd", "", "");
    holds(CALL_PRINCIPAL);
    holds(CALL_ALERT);
    posts("agency/pd", "nb/v1/alert", lamp);
    settle();
    assert_int_equal(answer.count, 0);
    answers(CALL_PRINCIPAL, 0, STORE_OK);
    settle();
    assert_int_equal(answer.count, 0);
    answers(CALL_ALERT, 0, STORE_OK);
    is_told("taken *");
}

static void is_told_nothing_is_known(void)
{
    settle();
    assert_int_equal(answer.count, 1);
    answer.count = 0;
    assert_true(answer.failed);
}

static void test_a_post_whose_store_fails_is_told_that_nothing_is_known(void **state)
{
    (void)state;
    enrolled("agency/pd", "", "");
    will_answer(CALL_ALERT, STORE_FAILED);
    posts("agency/pd", "nb/v1/alert", lamp);
    is_told_nothing_is_known();
    will_answer(CALL_PRINCIPAL, STORE_FAILED);
    posts("agency/unknown", "nb/v1/alert", lamp);
    is_told_nothing_is_known();
}

static void test_posts_that_are_on_their_way_at_the_end_are_answered(void **state)
{
    (void)state;
    enrolled("agency/pd", "", "");
    holds(CALL_ALERT);
    posts("agency/pd", "nb/v1/alert", lamp);
    settle();
    posts("agency/pd", "nb/v1/alert", lamp); /* no turn comes any more */
    stage_strike();
    assert_int_equal(answer.count, 2);
    assert_true(answer.failed);
}

static void test_a_post_is_counted_with_its_kind_and_took_as_long_as_it_did(void **state)
{
    (void)state;
    const struct kind_counters *alerts = &broker_counters(stage.broker)->kinds[TOPIC_ALERT];
    enrolled("agency/pd", "", "");
    holds(CALL_ALERT);
    posts("agency/pd", "nb/v1/alert", lamp);
    settle();
    assert_int_equal(alerts->received, 1);
    passes(3000);
    answers(CALL_ALERT, 0, STORE_OK);
    is_told("taken *");
    assert_int_equal(alerts->stored.sum_ms, 3000);
    posts("agency/pd", "nb/v1/alert", "{\"version\":1}");
    is_told("0x99 *: *");
    assert_int_equal(alerts->received, 2);
    assert_int_equal(alerts->refused, 1);
}

static int begins(void **state)
{
    answer = (struct answer){0};
    return stage_begin(state);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begins, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_a_post_is_stored_and_told_its_public_id),
        STORY(test_a_bad_post_is_told_field_and_rule),
        STORY(test_who_is_not_let_in_at_connect_posts_nothing),
        STORY(test_a_post_waits_for_who_it_is_from_and_for_the_store),
        STORY(test_a_post_whose_store_fails_is_told_that_nothing_is_known),
        STORY(test_posts_that_are_on_their_way_at_the_end_are_answered),
        STORY(test_a_post_is_counted_with_its_kind_and_took_as_long_as_it_did),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
