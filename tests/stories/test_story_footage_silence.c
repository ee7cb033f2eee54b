/* Silence cannot be told from a decline. Three households and two agencies: one shares, the second declines,
 * says nothing, is away, or does not exist, one ignores; others keep k. Whatever an agency can see (every
 * byte on its connection, every answer over HTTP, and when each came) is the same in each of these worlds. */
#include "bridge/seal_cms.h"
#include "broker/inquiry.h"
#include "broker/post.h"
#include "tests/stories/footage_case.h"

enum world { DECLINES, IGNORES, AWAY_FROM_PHONE, DOES_NOT_EXIST, SHARES, WORLDS };

static struct arena arena;
static struct recipient keys;
static struct bytes sealed[2];

/* All that the two agencies see in one world. */
struct view {
    struct bytes police, sheriff, http, counters;
};

static struct bytes kept_bytes(struct bytes bytes)
{
    return (struct bytes){
        (const uint8_t *)arena_copy(&arena, bytes.data ? bytes.data : (void *)"", bytes.len), bytes.len};
}

/* ---- over HTTP ---- */

static struct {
    char words[20000];
    size_t len;
} http;

static void wrote(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void wrote(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    http.len += (size_t)vsnprintf(http.words + http.len, sizeof(http.words) - http.len, format, arguments);
    va_end(arguments);
    assert_true(http.len < sizeof(http.words));
}

static void answered(void *arg, const struct inquiry_answer *answer)
{
    (void)arg;
    wrote("%lld alerts=%zu activities=%zu complete=%d\n", (long long)stage_now(), answer->alert_count,
        answer->activity_count, answer->complete);
}

static void posted(void *arg, const struct publication *publication)
{
    (void)arg;
    wrote("%lld %02x %s %s\n", (long long)stage_now(), publication->refusal.code, publication->refusal.rule,
        publication->outcome.public_id);
}

static void asks_over_http(void)
{
    static const char request[] = "{\"version\":1,\"requestId\":\"00\"}";
    struct text cells[] = {TEXT(HERE_LEAF)};
    struct inquiry_question question = {.place = {.cell_count = 1, .cells = cells}};
    struct refusal refusal;
    struct broker_post post = {.credential = {.issued_at = stage_now() - 1000},
        .topic = "nb/v1/footage-answer",
        .content_type = TEXT("application/json"),
        .payload = {(const uint8_t *)request, sizeof(request) - 1}};
    snprintf(post.credential.name, sizeof(post.credential.name), "agency/pd");
    assert_true(broker_inquire(stage.broker, &question, answered, NULL, &refusal));
    broker_post(stage.broker, &post, posted, NULL);
    settle();
}

/* ---- one world ---- */

static void second_answers(enum world world, struct client *ben, uint16_t packet_id, const char *request_id)
{
    if (world == DECLINES)
        answers_request(ben, packet_id, request_id, FOOTAGE_DECLINE, "c", (struct bytes){0});
    else if (world == IGNORES)
        answers_request(ben, packet_id, request_id, 0, "", (struct bytes){0});
    else if (world == SHARES)
        answers_request(ben, packet_id, request_id, FOOTAGE_SHARE, "c", sealed[1]);
}

static void others_keep_k(void)
{
    for (int i = 0; i < STAGE_K; i++) {
        char household[20];
        snprintf(household, sizeof(household), "home-%d", i);
        askable(household, "", "cam");
    }
}

/* The owner's client answers each request once. */
static void owners_answer(enum world world, struct client *ann, struct client *ben, struct client *cat,
    const char *request_id, bool shares)
{
    static uint16_t packet_id = 1;
    answers_request(ann, ++packet_id, request_id, shares ? FOOTAGE_SHARE : FOOTAGE_DECLINE, "a", sealed[0]);
    if (ben)
        second_answers(world, ben, ++packet_id, request_id);
    answers_request(cat, ++packet_id, request_id, 0, "", (struct bytes){0});
}

static struct view lives_through(enum world world)
{
    char first[PUBLIC_ID + 1], second[PUBLIC_ID + 1];
    void *state = NULL;
    stage_begin(&state);
    stage.options.keep_alive_max_s = 65535;
    stage_restart();
    http.len = 0;
    struct client *lee = detective("agency/pd", "lee", keys.certificate),
                  *kim = detective("agency/sheriff", "kim", keys.certificate),
                  *ann = neighbor("user/ann", "home-ann", HERE_LEAF),
                  *cat = neighbor("user/cat", "home-cat", HERE_LEAF),
                  *ben = world == DOES_NOT_EXIST ? NULL : neighbor("user/ben", "home-ben", HERE_LEAF);
    askable("home-ann", "user/ann/phone", "cam-ann");
    askable("home-cat", "user/cat/phone", "cam-cat");
    if (ben)
        askable("home-ben", "user/ben/phone", "cam-ben");
    others_keep_k();
    asks(lee, 1, (struct asking){.open_s = 2 * HOUR_S});
    learns_request(lee, first);
    asks(kim, 1, (struct asking){.case_number = "77", .open_s = 2 * HOUR_S});
    learns_request(kim, second);
    asks_over_http();
    passes(HOUR_S * 1000); /* half of the window: answer_at */
    owners_answer(world, ann, ben, cat, first, true);
    owners_answer(world, ann, ben, cat, second, false);
    asks_over_http();
    passes(HOUR_S * 1000);
    asks_over_http();
    answers_request(ann, 999, first, FOOTAGE_WITHDRAW, "a", (struct bytes){0});
    publishes(
        lee, "nb/v1/resolve", 1, 2, "{\"version\":1,\"caseNumber\":\"24-1187\",\"outcome\":\"SOLVED\"}");
    passes(2 * HOUR_S * 1000);
    asks_over_http();
    struct view view = {kept_bytes(client_view(lee)), kept_bytes(client_view(kim)),
        kept_bytes((struct bytes){(const uint8_t *)http.words, http.len}),
        kept_bytes((struct bytes){(const uint8_t *)broker_counters(stage.broker), sizeof(struct counters)})};
    stage_end(&state);
    return view;
}

static struct view views[WORLDS];

static int live(void **state)
{
    struct bytes der;
    const char *why;
    (void)state;
    arena_init(&arena, NULL, 0);
    keys = recipient_new("EC", &arena);
    assert_true(seal_cms_certificate(keys.certificate, &arena, &der, &why));
    for (size_t i = 0; i < 2; i++)
        assert_true(seal_cms_seal(
            der, (struct bytes){(const uint8_t *)"he went north", 13}, &arena, &sealed[i], &why));
    for (enum world world = 0; world < WORLDS; world++)
        views[world] = lives_through(world);
    return 0;
}

static int die(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static bool is_in(struct bytes view, const char *words)
{
    return memmem(view.data, view.len, words, strlen(words));
}

static bool sees_alike(const struct view *a, const struct view *b)
{
    return bytes_equal(a->police, b->police) && bytes_equal(a->sheriff, b->sheriff) &&
           bytes_equal(a->http, b->http);
}

static void test_an_agency_sees_the_same_in_every_world_of_silence(void **state)
{
    (void)state;
    assert_true(sees_alike(&views[DECLINES], &views[IGNORES]));
    assert_true(sees_alike(&views[DECLINES], &views[AWAY_FROM_PHONE]));
    assert_true(sees_alike(&views[DECLINES], &views[DOES_NOT_EXIST]));
}

/* The comparison sees what it should: who shares is seen. */
static void test_what_is_shared_is_seen_and_by_who_asked_alone(void **state)
{
    const struct view *shared = &views[SHARES], *silent = &views[DECLINES];
    (void)state;
    assert_false(bytes_equal(shared->police, silent->police));
    assert_true(memmem(shared->police.data, shared->police.len, sealed[1].data, sealed[1].len));
    assert_true(memmem(silent->police.data, silent->police.len, sealed[0].data, sealed[0].len));
    assert_null(memmem(silent->sheriff.data, silent->sheriff.len, sealed[0].data, sealed[0].len));
    assert_true(bytes_equal(shared->http, silent->http));
    assert_true(shared->http.len > 100);
}

static void test_nobody_is_named(void **state)
{
    static const char *const names[] = {"ann", "ben", "cat", "home-", "cam-"};
    (void)state;
    for (enum world world = 0; world < WORLDS; world++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            assert_false(is_in(views[world].police, names[i]));
            assert_false(is_in(views[world].sheriff, names[i]));
        }
    }
}

/* Nor does what the operator can count: a decline, or a message that says nothing. */
static void test_counters_tell_no_decline_from_silence(void **state)
{
    (void)state;
    assert_true(bytes_equal(views[DECLINES].counters, views[IGNORES].counters));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_agency_sees_the_same_in_every_world_of_silence),
        cmocka_unit_test(test_what_is_shared_is_seen_and_by_who_asked_alone),
        cmocka_unit_test(test_nobody_is_named),
        cmocka_unit_test(test_counters_tell_no_decline_from_silence),
    };
    return cmocka_run_group_tests(tests, live, die);
}
