/* Stories of connections and sessions: who gets in, who must go, and when. */
#include <stdlib.h>
#include <string.h>

#include "broker/session/session.h"
#include "tests/stories/stage.h"

static const struct manner stays = {.goes_on = true, .expiry_s = 600};

static int begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "", "");
    return 0;
}

static void who_is_not_known_is_refused(void **state)
{
    (void)state;
    struct client *stranger = knocks("user/nobody", "x", (struct manner){0});
    hears(stranger, "CONNACK 0x87");
    is_closed(stranger, "not enrolled");
    revoked("user/ann");
    struct client *ann = knocks("user/ann", "phone", (struct manner){0});
    hears(ann, "CONNACK 0x87");
    struct client *old = knocks("user/ann", "phone", (struct manner){.version = MQTT_3_1_1});
    hears(old, "CONNACK 0x05");
}

static void the_newer_connection_takes_the_session(void **state)
{
    (void)state;
    struct client *first = comes("user/ann", "phone", stays);
    struct client *second = knocks("user/ann", "phone", stays);
    hears(second, "CONNACK 0x00 present");
    hears(first, "DISCONNECT 0x8e");
    is_closed(first, "session taken over");
    breaks(first);
    pings(second);
    hears(second, "PINGRESP");
    struct client *other = comes("user/ann", "tablet", stays); /* another instance is another session */
    hears_nothing(second);
    assert_false(client_closed(other));
}

static void the_older_opening_answered_last_does_not_win(void **state)
{
    (void)state;
    holds(CALL_OPEN);
    struct client *first = knocks("user/ann", "phone", stays);
    struct client *second = knocks("user/ann", "phone", stays);
    answers(CALL_OPEN, 0, STORE_OK);
    answers(CALL_OPEN, 0, STORE_OK);
    hears(first, "CONNACK 0x00");
    hears(first, "DISCONNECT 0x8e");
    hears(second, "CONNACK 0x00 present");
    assert_int_equal(HASH_COUNT(stage.broker->sessions), 1);
    /* A store that asks again after a loss may answer in any order. */
    first = knocks("user/ann", "desk", stays);
    second = knocks("user/ann", "desk", stays);
    opening_answers_turn_round();
    hears(second, "CONNACK 0x00*");
    hears(first, "CONNACK 0x89");
    is_closed(first, "session taken over");
    assert_int_equal(HASH_COUNT(stage.broker->sessions), 2);
    pings(second);
    hears(second, "PINGRESP");
}

static void taken_over_elsewhere_and_told(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    opened_elsewhere("user/ann/phone", true);
    hears(ann, "DISCONNECT 0x8e");
}

static void taken_over_elsewhere_and_found_out(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    follows(ann, "nb/v1/cell/" HERE "/#", 0);
    opened_elsewhere("user/ann/phone", false);
    alert_is('a', 1, CATEGORY_FIRE, HERE_LEAF, 100, true);
    appears(HERE, 'a', 1, true);
    hears(ann, "alert a r1 IN_FORCE *");
    passes(4000); /* a lazy save of the cursor is fenced */
    hears(ann, "DISCONNECT 0x8e");
}

static void a_fenced_subscribe_closes(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    opened_elsewhere("user/ann/phone", false);
    subscribes_with(ann, 1, "nb/v1/cell/" HERE "/#", 0, NULL);
    hears(ann, "DISCONNECT 0x8e");
}

static void who_left_before_the_answer_leaves_no_session(void **state)
{
    (void)state;
    holds(CALL_OPEN);
    struct client *ann = knocks("user/ann", "phone", (struct manner){0});
    settle();
    breaks(ann);
    answers(CALL_OPEN, 0, STORE_OK);
    was_called(CALL_CLOSE, "user/ann/phone expiry=0");
}

static void a_token_ends(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.token_ends = stage_now() + 60000});
    passes(59999);
    assert_false(client_closed(ann));
    passes(101); /* a turn's upkeep is done ten times a second */
    hears(ann, "DISCONNECT 0x87");
    is_closed(ann, "token expired");
}

static void a_token_is_withdrawn(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    struct client *desk = comes(NULL, "desk", (struct manner){.certificate = "user/ann"});
    tokens_withdrawn("user/ann", stage_now() - 5000); /* an older one */
    settle();
    assert_false(client_closed(ann));
    tokens_withdrawn("user/ann", stage_now());
    hears(ann, "DISCONNECT 0x87");
    is_closed(ann, "token withdrawn");
    assert_false(client_closed(desk));
    struct client *again = knocks("user/ann", "phone", (struct manner){0});
    hears(again, "CONNACK 0x87");
}

static void a_revocation_closes(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    revoked("user/ann");
    hears(ann, "DISCONNECT 0x87");
    is_closed(ann, "revoked");
}

static void a_revocation_nobody_told_is_found_within_minutes(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    revoked_untold("user/ann");
    passes(310000);
    is_closed(ann, "revoked");
}

static void one_that_may_have_been_missed_is_found_at_once(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){0});
    revoked_untold("user/ann");
    changes_are_missed();
    is_closed(ann, "revoked");
}

static void silence_longer_than_the_keep_alive(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.keep_alive = 20});
    passes(28000);
    pings(ann);
    hears(ann, "PINGRESP");
    passes(28000);
    assert_false(client_closed(ann));
    passes(5000);
    hears(ann, "DISCONNECT 0x8d");
}

/* What she sent meanwhile may not be read yet. */
static void nobody_is_blamed_while_the_process_stands_still(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", (struct manner){.keep_alive = 20});
    struct client *eve = dials();
    passes(5000);
    jumps(600000);
    settle();
    assert_false(client_closed(ann));
    assert_false(client_closed(eve));
    pings(ann);
    hears(ann, "PINGRESP");
    passes(28000);
    assert_false(client_closed(ann));
    passes(5000);
    hears(ann, "DISCONNECT 0x8d");
    is_closed(eve, "no CONNECT in time");
}

/* Who says nothing any more is found as soon as at any time. */
static void silence_while_the_clock_is_set(void **state)
{
    static const int64_t by[] = {600000, -600000};
    (void)state;
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        struct client *ann = comes("user/ann", "phone", (struct manner){.keep_alive = 20});
        struct client *eve = dials();
        jumps(by[i]);
        passes(1000);
        assert_false(client_closed(ann));
        assert_false(client_closed(eve));
        passes(33000);
        hears(ann, "DISCONNECT 0x8d");
        is_closed(eve, "no CONNECT in time");
    }
}

static void a_connection_without_connect(void **state)
{
    (void)state;
    struct client *nobody = dials();
    passes(7000);
    is_closed(nobody, "no CONNECT in time");
    struct client *rude = dials();
    pings(rude);
    is_closed(rude, "*");
}

static void a_certificate_says_who(void **state)
{
    (void)state;
    comes(NULL, "phone", (struct manner){.certificate = "user/ann"});
    struct client *wrong = knocks(NULL, "phone", (struct manner){.certificate = "nobody"});
    hears(wrong, "CONNACK 0x87");
}

static void nobody_chooses_the_id_of_somebody_without_one(void **state)
{
    (void)state;
    char first[200];
    struct client *one = knocks("user/ann", "", (struct manner){0});
    snprintf(first, sizeof(first), "%s", next_heard(one));
    assert_non_null(strstr(first, "CONNACK 0x00 as="));
    struct client *other = knocks("user/ann", "", (struct manner){0});
    assert_string_not_equal(first, next_heard(other));
    hears_nothing(one);
}

static void a_drain_says_why(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    holds(CALL_OPEN);
    struct client *late = knocks("user/ann", "tablet", stays);
    settle();
    broker_drain(stage.broker);
    hears(ann, "DISCONNECT 0x8b");
    was_called(CALL_CLOSE, "user/ann/phone expiry=600");
    is_closed(late, "shutting down");
    answers(CALL_OPEN, 0, STORE_OK);
    was_called(CALL_CLOSE, "user/ann/tablet expiry=600");
    struct client *later = knocks("user/ann", "phone", stays);
    hears(later, "CONNACK 0x88");
}

static void the_store_fails_at_the_door(void **state)
{
    (void)state;
    will_answer(CALL_OPEN, STORE_FAILED);
    struct client *ann = knocks("user/ann", "phone", stays);
    hears(ann, "CONNACK 0x88");
}

static void the_expiry_given_at_the_end_holds(void **state)
{
    (void)state;
    struct client *ann = comes("user/ann", "phone", stays);
    disconnects(ann, 0);
    was_called(CALL_CLOSE, "user/ann/phone expiry=600");
    ann = comes("user/ann", "desk", (struct manner){.version = MQTT_3_1_1});
    disconnects(ann, 0);
    was_called(CALL_CLOSE, "user/ann/desk expiry=0");
}

int main(void)
{
#define STORY(story) cmocka_unit_test_setup_teardown(story, begin, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(who_is_not_known_is_refused),
        STORY(the_newer_connection_takes_the_session),
        STORY(the_older_opening_answered_last_does_not_win),
        STORY(taken_over_elsewhere_and_told),
        STORY(taken_over_elsewhere_and_found_out),
        STORY(a_fenced_subscribe_closes),
        STORY(who_left_before_the_answer_leaves_no_session),
        STORY(a_token_ends),
        STORY(a_token_is_withdrawn),
        STORY(a_revocation_closes),
        STORY(a_revocation_nobody_told_is_found_within_minutes),
        STORY(one_that_may_have_been_missed_is_found_at_once),
        STORY(silence_longer_than_the_keep_alive),
        STORY(nobody_is_blamed_while_the_process_stands_still),
        STORY(silence_while_the_clock_is_set),
        STORY(a_connection_without_connect),
        STORY(a_certificate_says_who),
        STORY(nobody_chooses_the_id_of_somebody_without_one),
        STORY(a_drain_says_why),
        STORY(the_store_fails_at_the_door),
        STORY(the_expiry_given_at_the_end_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
