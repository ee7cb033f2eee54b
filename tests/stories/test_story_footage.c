/* An agency asks, owners share, decline, say nothing, take back: what each of them sees of it. */
#include "bridge/seal_cms.h"

#include <fnmatch.h>

#include "tests/stories/footage_case.h"

static struct arena arena;
static struct recipient keys;
static struct client *lee, *ann;
static char request_id[PUBLIC_ID + 1];

static int begins(void **state)
{
    stage_begin(state);
    arena_init(&arena, NULL, 0);
    keys = recipient_new("EC", &arena);
    stage.options.keep_alive_max_s = 65535;
    stage_restart();
    lee = detective("agency/pd", "lee", keys.certificate);
    ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    askable("home-ann", "user/ann/phone", "cam-door");
    for (int i = 1; i < STAGE_K; i++) {
        char name[20];
        snprintf(name, sizeof(name), "home-%d", i);
        askable(name, "", "cam");
    }
    return 0;
}

static int ends(void **state)
{
    arena_free(&arena);
    return stage_end(state);
}

static void is_asked(void)
{
    asks(lee, 1, (struct asking){0});
    learns_request(lee, request_id);
    hears(ann, "request BURGLARY 24-1187 from Police to cam-door q1 #1 nb/v1/inbox/footage-request");
    acknowledges(ann, 1);
}

static struct bytes sealed_to_police(const char *words)
{
    struct bytes der, sealed;
    const char *why;
    assert_true(seal_cms_certificate(keys.certificate, &arena, &der, &why));
    assert_true(
        seal_cms_seal(der, (struct bytes){(const uint8_t *)words, strlen(words)}, &arena, &sealed, &why));
    return sealed;
}

/* The next thing of interest: heartbeats are not. */
static void hears_next(struct client *client, const char *pattern)
{
    const char *line;
    do
        line = next_heard(client);
    while (line && strstr(line, "heartbeat"));
    if (!line || fnmatch(pattern, line, FNM_NOESCAPE) != 0)
        fail_msg("heard:    %s\nexpected: %s", line ? line : "nothing", pattern);
}

static void hears_no_more(struct client *client)
{
    const char *line;
    while ((line = next_heard(client))) {
        if (!strstr(line, "heartbeat"))
            fail_msg("heard: %s\nexpected nothing", line);
    }
}

static void next_batch(void)
{
    passes(STAGE_BATCH_MS - stage_now() % STAGE_BATCH_MS + 1000);
}

static void test_what_is_shared_comes_with_the_next_batch_and_opens(void **state)
{
    (void)state;
    struct bytes sealed = sealed_to_police("north"), opened;
    const char *why;
    is_asked();
    hears_nothing(lee); /* "sent", and nothing more */
    answers_request(ann, 1, request_id, FOOTAGE_SHARE, "clip-1", sealed);
    hears(ann, "PUBACK 1 0x00");
    was_called(CALL_FOOTAGE_ANSWER, "home-ann clips=1");
    hears_nothing(lee);
    next_batch();
    hears_next(lee, "footage 24-1187 of * bytes q1 #1 nb/v1/inbox/footage");
    hears_no_more(lee);
    struct bytes view = client_view(lee);
    const uint8_t *found = memmem(view.data, view.len, sealed.data, sealed.len);
    assert_non_null(found);
    assert_true(seal_cms_open((struct bytes){found, sealed.len}, keys.key, &arena, &opened, &why));
    assert_memory_equal(opened.data, "north", 5);
    assert_null(memmem(view.data, view.len, "clip-1", 6)); /* the owner's own name for it */
    assert_null(memmem(view.data, view.len, "home-ann", 8));
    assert_int_equal(clip_bytes_kept(), 0);
}

static void test_what_is_taken_back_is_forgotten_and_the_agency_told(void **state)
{
    (void)state;
    is_asked();
    answers_request(ann, 1, request_id, FOOTAGE_SHARE, "clip-1", sealed_to_police("north"));
    answers_request(ann, 2, request_id, FOOTAGE_SHARE, "clip-2", sealed_to_police("south"));
    settle();
    assert_true(clip_bytes_kept() > 0);
    answers_request(ann, 3, request_id, FOOTAGE_WITHDRAW, "clip-2", (struct bytes){0});
    settle();
    next_batch();
    hears_next(lee, "footage 24-1187 of * bytes *");
    hears_no_more(lee); /* of clip-2 nothing was told */
    answers_request(ann, 4, request_id, FOOTAGE_WITHDRAW, "clip-1", (struct bytes){0});
    settle();
    assert_int_equal(clip_bytes_kept(), 0);
    hears_no_more(lee);
    next_batch();
    hears_next(lee, "footage 24-1187 withdrawn of 0 bytes *");
}

static void test_whatever_is_answered_is_acknowledged_alike(void **state)
{
    static const char nobody[] = "000000000000000000000000";
    (void)state;
    is_asked();
    struct client *ben = neighbor("user/ben", "home-ben", HERE_LEAF); /* who was not asked */
    answers_request(ann, 1, request_id, FOOTAGE_DECLINE, "clip-1", (struct bytes){0});
    hears(ann, "PUBACK 1 0x00");
    was_called(CALL_FOOTAGE_ANSWER, "home-ann clips=0");
    answers_request(ann, 2, request_id, 0, "", (struct bytes){0});
    hears(ann, "PUBACK 2 0x00");
    was_called(CALL_FOOTAGE_ANSWER, "home-ann clips=0");
    answers_request(ben, 1, request_id, FOOTAGE_SHARE, "clip-1", sealed_to_police("x"));
    hears(ben, "PUBACK 1 0x00");
    answers_request(ben, 2, nobody, FOOTAGE_SHARE, "clip-1", sealed_to_police("x"));
    hears(ben, "PUBACK 2 0x00");
    answers_request(ben, 3, "nothing-of-ours", FOOTAGE_SHARE, "clip-1", sealed_to_police("x"));
    hears(ben, "PUBACK 3 0x00");
    assert_int_equal(clip_bytes_kept(), 0);
    next_batch();
    hears_no_more(lee);
}

static void test_what_is_no_answer_is_refused(void **state)
{
    (void)state;
    is_asked();
    answers_request(ann, 1, request_id, FOOTAGE_SHARE, "clip-1", (struct bytes){(const uint8_t *)"north", 5});
    hears(ann, "PUBACK 1 0x99*clips?0?.sealed: CMS EnvelopedData in DER*");
    publishes(ann, "nb/v1/footage-answer", 1, 2, "{\"version\":1,\"requestId\":\"00\"}");
    hears(ann, "PUBACK 2 0x99*payload: exactly 65536 bytes*");
    enrolled("user/eve", "", "");
    struct client *eve = comes("user/eve", "phone", (struct manner){0});
    answers_request(eve, 1, request_id, FOOTAGE_DECLINE, "clip-1", (struct bytes){0});
    hears(eve, "PUBACK 1 0x87*sender: belongs to no household*");
    answers_request(lee, 2, request_id, FOOTAGE_DECLINE, "clip-1", (struct bytes){0});
    hears(lee, "PUBACK 2 0x87*");
    assert_int_equal(calls(CALL_FOOTAGE_ANSWER), 0);
}

static void test_a_closed_case_ends_its_requests(void **state)
{
    (void)state;
    is_asked();
    publishes(lee, "nb/v1/resolve", 1, 2,
        "{\"version\":1,\"caseNumber\":\"24-1187\",\"outcome\":\"SOLVED\",\"remark\":\"found\"}");
    hears(lee, "PUBACK 2 0x00");
    was_called(CALL_RESOLVE, "agency/pd 24-1187 SOLVED by=lee: found");
    hears(ann, "request ended q1 #2 nb/v1/inbox/footage-request");
    answers_request(ann, 1, request_id, FOOTAGE_SHARE, "clip-1", sealed_to_police("late"));
    hears(ann, "PUBACK 1 0x00");
    assert_int_equal(clip_bytes_kept(), 0);
    publishes(
        lee, "nb/v1/resolve", 1, 3, "{\"version\":1,\"caseNumber\":\"24-1187\",\"outcome\":\"SOLVED\"}");
    hears(lee, "PUBACK 3 0x00");
    hears_nothing(ann);
    publishes(lee, "nb/v1/resolve", 1, 4,
        "{\"version\":1,\"caseNumber\":\"24-1\",\"outcome\":\"SOLVED\",\"requestIds\":[\"00\"]}");
    hears(lee, "PUBACK 4 0x99*request_ids?0?: not the id of a request*");
    char json[200];
    snprintf(json, sizeof(json),
        "{\"version\":1,\"caseNumber\":\"24-1\",\"outcome\":\"SOLVED\",\"requestIds\":[\"%s\"]}", request_id);
    publishes(lee, "nb/v1/resolve", 1, 5, json);
    hears(lee, "PUBACK 5 0x83*request_ids: one of them is no request of this case*");
    struct client *nameless = comes("agency/pd", "desk", (struct manner){0});
    publishes(nameless, "nb/v1/resolve", 1, 1, json);
    hears(nameless, "PUBACK 1 0x87*officer: needed*");
}

static void test_a_request_waits_for_the_end_of_quiet_hours_and_other_things_pass_it(void **state)
{
    /* The stage begins at 22:13:20 UTC. */
    struct moderation moderation = {.decision = TEXT("held"), .reason = TEXT("first"), .at = 1};
    (void)state;
    publishes(ann, "nb/v1/settings", 1, 1,
        "{\"version\":1,\"quiet\":[{\"fromMinute\":1320,\"toMinute\":1380}],\"timeZone\":\"UTC\"}");
    hears(ann, "PUBACK 1 0x00");
    asks(lee, 1, (struct asking){0});
    hears(lee, "PUBACK 1 0x00*");
    inbox_gets("user/ann/phone", "reply/moderation",
        codec_encode_moderation(ENCODING_PROTOBUF, &moderation, &arena));
    hears(ann, "moderation held: first q1 #1*");
    acknowledges(ann, 1);
    passes(46 * 60 * 1000);
    hears_no_more(ann);
    passes(60 * 1000);
    hears_next(ann, "request BURGLARY * q1 #2 nb/v1/inbox/footage-request");
    acknowledges(ann, 2);
    hears_no_more(ann); /* the other is not told again */
    moderation.reason = TEXT("second");
    inbox_gets("user/ann/phone", "reply/moderation",
        codec_encode_moderation(ENCODING_PROTOBUF, &moderation, &arena));
    hears_next(ann, "moderation held: second q1 #3*");
}

static void test_an_owner_reads_json_as_well(void **state)
{
    (void)state;
    follows(ann, "nb/v1/json/inbox/footage-request", 0);
    asks(lee, 1, (struct asking){0});
    hears(ann, "request BURGLARY 24-1187 from Police to cam-door q0 nb/v1/json/inbox/footage-request");
    hears(ann, "request BURGLARY 24-1187 from Police to cam-door q1 #1 nb/v1/inbox/footage-request");
}

int main(void)
{
#define STORY(name) cmocka_unit_test_setup_teardown(name, begins, ends)
    const struct CMUnitTest tests[] = {
        STORY(test_what_is_shared_comes_with_the_next_batch_and_opens),
        STORY(test_what_is_taken_back_is_forgotten_and_the_agency_told),
        STORY(test_whatever_is_answered_is_acknowledged_alike),
        STORY(test_what_is_no_answer_is_refused),
        STORY(test_a_closed_case_ends_its_requests),
        STORY(test_a_request_waits_for_the_end_of_quiet_hours_and_other_things_pass_it),
        STORY(test_an_owner_reads_json_as_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
