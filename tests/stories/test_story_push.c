/* Push: what a subscription must say, whom an alert is told to, in which words, and what becomes of what the
 * push service does not take. */
#include <fnmatch.h>

#include "broker/push.h"
#include "broker/step/publication.h"
#include "tests/stories/alert_case.h"
#include "tests/stories/stage_push.h"

#define KEY                                                                                                  \
    "\"p256dh\":\"BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"    \
    "A=\",\"auth\":\"AAAAAAAAAAAAAAAAAAAAAA==\""
#define PLACE_HERE "\"places\":[{\"cell\":\"" HERE_LEAF "\",\"metres\":400}]"
#define PLACE_AWAY "\"places\":[{\"cell\":\"" AWAY_LEAF "\",\"metres\":400}]"

enum { MESSAGES = 64 };

/* What the push service got, and has not answered yet. */
static struct {
    char text[512]; /* "<endpoint> r1 IN_FORCE …" */
    push_done *done;
    void *arg;
} messages[MESSAGES];
static size_t message_count, answered;
static struct client *ann;

static bool allows(
    void *arg, struct text endpoint, struct bytes p256dh, const char **field, const char **rule)
{
    (void)arg;
    assert_int_equal(p256dh.len, 65);
    *field = "endpoint";
    *rule = "at a push service that this installation allows";
    return endpoint.len > 10 && memcmp(endpoint.data, "https://ok", 10) == 0;
}

static void send_message(void *arg, const struct push_message *message, push_done *done, void *done_arg)
{
    struct arena arena;
    struct push_notice notice;
    struct refusal refusal;
    (void)arg;
    assert_true(message_count < MESSAGES && message->payload.len <= PUSH_PAYLOAD);
    assert_int_equal(strlen(message->topic), PUBLIC_ID);
    arena_init(&arena, NULL, 0);
    assert_true(codec_decode_push_notice(ENCODING_JSON, message->payload, &arena, &notice, &refusal));
    snprintf(messages[message_count].text, sizeof messages[0].text,
        "%.*s %c r%u %s %s \"%.*s\" cell=%.*s ttl=%u %s", (int)message->endpoint.len - 8,
        message->endpoint.data + 8, notice.public_id.data[0], notice.revision, alert_state_name(notice.state),
        notice.category ? category_name(notice.category) : "-", (int)notice.headline.len,
        notice.headline.data ? notice.headline.data : "", (int)notice.cell.len,
        notice.cell.data ? notice.cell.data : "", message->ttl_s,
        message->urgency == PUSH_HIGH ? "high" : "normal");
    messages[message_count].done = done;
    messages[message_count++].arg = done_arg;
    arena_free(&arena);
}

static const struct push_service service = {
    .public_key = {(const uint8_t *)"", 0}, .allows = allows, .send = send_message};

static int offers(void **state)
{
    stage_begin(state);
    stage.options.push_keep_ms = INT64_C(30) * 86400000;
    stage.options.push_timeout_ms = 10000;
    stage.options.push_most = 1000;
    stage.options.push_at_once = 4;
    stage.options.new_cells_day = 64;
    stage_restart();
    cells_left(100);
    broker_use_push(stage.broker, &service);
    goes_away(false);
    message_count = answered = 0;
    ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    return 0;
}

/* The oldest message that is not answered yet is this one, and the service says that. */
static void gets(const char *pattern, enum push_outcome outcome, int64_t retry_after_ms)
{
    passes(1500);
    if (answered == message_count)
        fail_msg("no message: expected %s", pattern);
    if (fnmatch(pattern, messages[answered].text, 0) != 0)
        fail_msg("pushed: %s\nexpected: %s", messages[answered].text, pattern);
    answered++;
    messages[answered - 1].done(messages[answered - 1].arg, outcome, retry_after_ms);
    settle();
}

static void gets_nothing(void)
{
    passes(1500);
    if (answered < message_count)
        fail_msg("pushed: %s", messages[answered].text);
}

static void subscribes(uint16_t packet_id, const char *endpoint, const char *fields)
{
    char json[1024];
    snprintf(json, sizeof json, "{\"endpoint\":\"https://%s\"%s%s}", endpoint, fields[0] ? "," : "", fields);
    publishes(ann, "nb/v1/push", 1, packet_id, json);
}

/* ---- subscribing ---- */

static void test_a_subscription_is_kept_renewed_removed(void **state)
{
    (void)state;
    subscribes(1, "ok/1", KEY "," PLACE_HERE);
    hears(ann, "PUBACK 1 0x00");
    was_called(CALL_PUSH_PUT, "channels=* days=30 most=1000");
    was_called(CALL_PUSH_COUNT, "push/* at most 50");
    subscribes(2, "ok/1", KEY "," PLACE_AWAY);
    hears(ann, "PUBACK 2 0x00");
    assert_int_equal(push_subscriptions(), 1);
    subscribes(3, "ok/2", KEY "," PLACE_AWAY);
    hears(ann, "PUBACK 3 0x00");
    assert_int_equal(push_subscriptions(), 2);
    subscribes(4, "ok/1", "\"remove\":true");
    hears(ann, "PUBACK 4 0x00");
    was_called(CALL_PUSH_REMOVE, "known");
    subscribes(5, "ok/1", "\"remove\":true"); /* nobody learns whether there was one */
    hears(ann, "PUBACK 5 0x00");
    assert_int_equal(push_subscriptions(), 1);
}

static void test_what_a_subscription_must_say(void **state)
{
    static const char *const cases[][3] = {
        {"evil/1", KEY "," PLACE_HERE, "PUBACK * 0x99*endpoint: *allows*"},
        {"ok/1", KEY, "PUBACK * 0x99*places: 1 to 8*"},
        {"ok/1", KEY ",\"places\":[{\"cell\":\"9q8yy\",\"metres\":400}]",
            "PUBACK * 0x99*places?0?: *leaf cell*"},
        {"ok/1", KEY ",\"places\":[{\"cell\":\"9q8yyk8\",\"metres\":400}]", "PUBACK * 0x99*places?0?: *"},
        {"ok/1", KEY ",\"places\":[{\"cell\":\"" HERE_LEAF "\",\"metres\":500}]",
            "PUBACK * 0x99*places?0?: 400*"},
        {"ok/1",
            KEY ",\"places\":[{\"cell\":\"" HERE_LEAF "\",\"metres\":400},{\"cell\":\"+\",\"metres\":400}]",
            "PUBACK * 0x99*"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        subscribes((uint16_t)(i + 1), cases[i][0], cases[i][1]);
        hears(ann, cases[i][2]);
    }
    assert_int_equal(calls(CALL_PUSH_PUT), 0);
}

static void test_limits(void **state)
{
    (void)state;
    will_answer(CALL_PUSH_COUNT, STORE_LIMITED);
    subscribes(1, "ok/1", KEY "," PLACE_HERE);
    hears(ann, "PUBACK 1 0x97*sender: at most 50*retry-after=91*");
    will_answer(CALL_PUSH_PUT, STORE_LIMITED);
    subscribes(2, "ok/1", KEY "," PLACE_HERE);
    hears(ann, "PUBACK 2 0x97*as many push subscriptions*");
    cells_left(0);
    subscribes(3, "ok/1", KEY "," PLACE_HERE);
    hears(ann, "PUBACK 3 0x97*places: at most 64 new cells a day*");
    assert_int_equal(push_subscriptions(), 0);
}

static void test_without_a_key_it_is_not_offered(void **state)
{
    (void)state;
    stage_restart();
    goes_away(false);
    ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    subscribes(1, "ok/1", KEY "," PLACE_HERE);
    hears(ann, "PUBACK 1 0x83*push is not offered here*");
}

/* ---- telling ---- */

static void test_who_is_near_is_told_when_it_begins_changes_and_ends(void **state)
{
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    subscribes(2, "ok/away", KEY "," PLACE_AWAY);
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('a', 1);
    gets("ok/here a r1 IN_FORCE crime \"something happened\" cell=" HERE_LEAF " ttl=359? normal", PUSH_TAKEN,
        0);
    was_called(CALL_PUSH_LOOKED, "a r1");
    was_called(CALL_PUSH_FINISH, "a r1 told");
    gets_nothing();
    push_due('a', 1); /* looked at again by another process */
    gets_nothing();
    alert_is('a', 2, CATEGORY_FIRE, HERE_LEAF, 0, true);
    push_due('a', 2);
    gets("ok/here a r2 IN_FORCE fire *", PUSH_TAKEN, 0);
    alert_is('a', 3, CATEGORY_FIRE, HERE_LEAF, 0, false);
    push_due('a', 3);
    gets("ok/here a r3 ENDED *", PUSH_TAKEN, 0);
    was_called(CALL_PUSH_FINISH, "a r3 ended");
    push_due('a', 3);
    gets_nothing();
}

/* Many report the same thing: each is a revision, and who knows of it is not told again. */
static void test_what_shows_nothing_new_is_not_told(void **state)
{
    struct alert alert = {.category = CATEGORY_CRIME,
        .sender_kind = SENDER_USER,
        .headline = TEXT("doors tried"),
        .expires = stage_now() + 3600000,
        .place = {.kind = PLACE_POINT, .center = centre_of(HERE_LEAF)}};
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    alert_says('a', 1, &alert, (struct beside){.merged = 1}, true);
    push_due('a', 1);
    gets("ok/here a r1 IN_FORCE *", PUSH_TAKEN, 0);
    for (uint32_t reports = 2; reports <= 5; reports++) {
        alert_says('a', reports, &alert, (struct beside){.merged = reports}, true);
        push_due('a', reports);
        gets_nothing();
    }
    was_called(CALL_PUSH_FINISH, "a r5 told");
    assert_int_equal(broker_counters(stage.broker)->pushes_unchanged, 4);
    alert_says('a', 6, &alert, (struct beside){.merged = 6, .truth = TRUTH_CONFIRMED}, true);
    push_due('a', 6);
    gets("ok/here a r6 IN_FORCE *", PUSH_TAKEN, 0);
}

static void test_what_ended_before_it_was_told_is_not_told(void **state)
{
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    alert_is('a', 2, CATEGORY_CRIME, HERE_LEAF, 0, false);
    push_due('a', 2);
    gets_nothing();
    was_called(CALL_PUSH_WANT, "a r2 not");
}

static void test_what_moved_away_ends(void **state)
{
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('a', 1);
    gets("ok/here a r1 IN_FORCE *", PUSH_TAKEN, 0);
    alert_is('a', 2, CATEGORY_CRIME, AWAY_LEAF, 0, true);
    push_due('a', 2);
    gets("ok/here a r2 ENDED *", PUSH_TAKEN, 0);
}

static void test_what_was_taken_back_is_shown_no_more(void **state)
{
    struct alert alert = {.category = CATEGORY_CRIME,
        .sender_kind = SENDER_USER,
        .headline = TEXT("a name"),
        .expires = stage_now() + 3600000,
        .place = {.kind = PLACE_POINT, .center = centre_of(HERE_LEAF)}};
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    alert_says('a', 1, &alert, (struct beside){0}, true);
    push_due('a', 1);
    gets("ok/here a r1 IN_FORCE crime \"a name\" *", PUSH_TAKEN, 0);
    alert_says('a', 2, &alert, (struct beside){.removed = true}, false);
    push_due('a', 2);
    gets("ok/here a r2 ENDED - \"\" cell= *", PUSH_TAKEN, 0);
}

static void test_wishes(void **state)
{
    struct alert_text spanish = {.language = TEXT("es"), .headline = TEXT("fuego")};
    struct alert alert = {.category = CATEGORY_FIRE,
        .severity = SEVERITY_MINOR,
        .sender_kind = SENDER_AGENCY,
        .headline = TEXT("fire"),
        .language = TEXT("en"),
        .text_count = 1,
        .texts = &spanish,
        .expires = stage_now() + 3600000,
        .place = {.kind = PLACE_CIRCLE, .center = centre_of(HERE_LEAF), .radius_m = 100}};
    (void)state;
    subscribes(1, "ok/crimes", KEY "," PLACE_HERE ",\"categories\":[\"crime\"]");
    subscribes(
        2, "ok/severe", KEY "," PLACE_HERE ",\"least\":[{\"severity\":\"SEVERE\"}],\"language\":\"es\"");
    subscribes(3, "ok/fires", KEY "," PLACE_HERE ",\"categories\":[\"fire\",\"crime\"]");
    alert_says('a', 1, &alert, (struct beside){0}, true);
    push_due('a', 1);
    gets("ok/fires a r1 IN_FORCE fire \"fire\" cell= * normal", PUSH_TAKEN, 0);
    gets_nothing();
    alert.severity = SEVERITY_EXTREME;
    alert_says('a', 2, &alert, (struct beside){0}, true);
    push_due('a', 2);
    gets("ok/severe a r2 IN_FORCE fire \"fuego\" cell= * high", PUSH_TAKEN, 0);
    gets("ok/fires a r2 *", PUSH_TAKEN, 0);
    alert.severity = SEVERITY_MINOR; /* what somebody was told is corrected, whatever it wishes */
    alert_says('a', 3, &alert, (struct beside){0}, true);
    push_due('a', 3);
    gets("ok/severe a r3 ENDED *", PUSH_TAKEN, 0);
    gets("ok/fires a r3 IN_FORCE *", PUSH_TAKEN, 0);
    alert.status = STATUS_EXERCISE;
    alert_says('b', 1, &alert, (struct beside){0}, true);
    push_due('b', 1);
    gets_nothing();
}

/* ---- what is not taken ---- */

static void test_revisions_merge_while_it_waits(void **state)
{
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('a', 1);
    gets("ok/here a r1 *", PUSH_LATER, 60000);
    was_called(CALL_PUSH_LATER, "a in 6* ms");
    for (uint32_t revision = 2; revision <= 4; revision++) {
        alert_is('a', revision, CATEGORY_CRIME, HERE_LEAF, 0, true);
        push_due('a', revision);
        gets_nothing(); /* the pause that was asked for is kept */
    }
    for (int second = 0; second < 80 && answered == message_count; second++)
        passes(1000);
    gets("ok/here a r4 *", PUSH_TAKEN, 0);
    gets_nothing();
}

static void test_pauses_grow(void **state)
{
    long long last = 0, pause;
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('a', 1);
    for (int i = 0; i < 6; i++) {
        gets("ok/here a r1 *", PUSH_LATER, 0);
        assert_int_equal(sscanf(last_call(CALL_PUSH_LATER), "a in %lld ms", &pause), 1);
        assert_true(pause > last && pause >= 2000 << i && pause <= (2000 << i) * 5 / 4);
        last = pause;
        passes(pause);
    }
}

static void test_what_expired_is_dropped(void **state)
{
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('a', 1);
    gets("ok/here a r1 *", PUSH_LATER, 4000000);
    passes(5000000);
    gets_nothing();
    was_called(CALL_PUSH_FINISH, "a r1 left");
    assert_int_equal(broker_counters(stage.broker)->pushes_expired, 1);
}

static void test_gone_and_refused(void **state)
{
    (void)state;
    subscribes(1, "ok/gone", KEY "," PLACE_HERE);
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('a', 1);
    gets("ok/gone a r1 *", PUSH_GONE, 0);
    assert_int_equal(push_subscriptions(), 0);
    subscribes(2, "ok/never", KEY "," PLACE_HERE);
    alert_is('b', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('b', 1);
    gets("ok/never b r1 *", PUSH_NEVER, 0);
    was_called(CALL_PUSH_FINISH, "b r1 left");
    gets_nothing();
    assert_int_equal(push_subscriptions(), 1);
}

static void test_no_more_at_once_than_allowed(void **state)
{
    char endpoint[16];
    (void)state;
    for (uint16_t i = 1; i <= 6; i++) {
        snprintf(endpoint, sizeof endpoint, "ok/%u", i);
        subscribes(i, endpoint, KEY "," PLACE_HERE);
    }
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('a', 1);
    passes(3000);
    assert_int_equal(message_count, 4);
    for (int i = 0; i < 6; i++)
        gets("ok/* a r1 *", PUSH_TAKEN, 0);
    gets_nothing();
}

/* A message on its way when the process ends is nobody's any more; another process finds it due. */
static void test_an_ending_process_leaves_it_to_the_next(void **state)
{
    (void)state;
    subscribes(1, "ok/here", KEY "," PLACE_HERE);
    alert_is('a', 1, CATEGORY_CRIME, HERE_LEAF, 0, true);
    push_due('a', 1);
    gets("ok/here a r1 *", PUSH_ENDING, 0);
    gets_nothing();
    passes(20000);
    gets("ok/here a r1 *", PUSH_TAKEN, 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, offers, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_a_subscription_is_kept_renewed_removed),
        STORY(test_what_a_subscription_must_say),
        STORY(test_limits),
        STORY(test_without_a_key_it_is_not_offered),
        STORY(test_who_is_near_is_told_when_it_begins_changes_and_ends),
        STORY(test_what_shows_nothing_new_is_not_told),
        STORY(test_what_ended_before_it_was_told_is_not_told),
        STORY(test_what_moved_away_ends),
        STORY(test_what_was_taken_back_is_shown_no_more),
        STORY(test_wishes),
        STORY(test_revisions_merge_while_it_waits),
        STORY(test_pauses_grow),
        STORY(test_what_expired_is_dropped),
        STORY(test_gone_and_refused),
        STORY(test_no_more_at_once_than_allowed),
        STORY(test_an_ending_process_leaves_it_to_the_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
