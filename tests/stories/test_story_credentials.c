/* Stories of credentials that end while their connections live: times, keys, phones. */
#include "broker/core.h"
#include "tests/stories/stage.h"

enum { CLIENTS = 50 };

static int begin(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "home", HERE_LEAF);
    enrolled("device/cam", "home", HERE_LEAF);
    return 0;
}

/* In an order that is no order, so that each way through the heap is taken; every third leaves before. */
static void each_token_ends_in_its_own_second(void **state)
{
    struct client *client[CLIENTS];
    char name[16];
    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(name, sizeof name, "phone-%d", i);
        client[i] = comes(
            "user/ann", name, (struct manner){.token_ends = stage_now() + 1000 * (i * 17 % CLIENTS + 2)});
    }
    for (int i = 0; i < CLIENTS; i += 3)
        breaks(client[i]);
    for (int second = 2; second < CLIENTS + 2; second++) {
        passes(second == 2 ? 2100 : 1000);
        for (int i = 0; i < CLIENTS; i++)
            if (i % 3)
                assert_int_equal(client_closed(client[i]), i * 17 % CLIENTS + 2 <= second);
    }
    for (int i = 0; i < CLIENTS; i++)
        if (i % 3)
            is_closed(client[i], "token expired");
    assert_int_equal(stage.broker->expiries.count, 0);
}

static void a_key_that_goes_ends_what_it_let_in(void **state)
{
    (void)state;
    struct client *old = comes("user/ann", "old", (struct manner){.token_key = 1});
    struct client *new = comes("user/ann", "new", (struct manner){.token_key = 2});
    struct client *desk = comes(NULL, "desk", (struct manner){.certificate = "user/ann"});
    holds(CALL_OPEN);
    struct client *opening = knocks("user/ann", "opening", (struct manner){.token_key = 1});
    settle();
    key_goes(1);
    hears(old, "DISCONNECT 0x87*");
    is_closed(old, "the token's key is no longer good");
    is_closed(opening, "the token's key is no longer good");
    answers(CALL_OPEN, 0, STORE_OK);
    was_called(CALL_CLOSE, "user/ann/opening expiry=0");
    assert_false(client_closed(new));
    assert_false(client_closed(desk));
}

static void a_lost_phone_ends_alone(void **state)
{
    (void)state;
    const struct store_instance lost[] = {{.name = TEXT("phone-2"), .revoked = true}};
    const struct store_instance found[] = {{.name = TEXT("phone-2"), .tokens_after = stage_now()}};
    struct client *first = comes("user/ann", "phone-1", (struct manner){.instance = "phone-1"});
    struct client *second = comes("user/ann", "phone-2", (struct manner){.instance = "phone-2"});
    struct client *desk = comes(NULL, "desk", (struct manner){.certificate = "user/ann"});
    trusted("user/ann", (struct principal_record){.instance_count = 1, .instances = lost});
    hears(second, "DISCONNECT 0x87*");
    is_closed(second, "this instance is revoked");
    assert_false(client_closed(first));
    assert_false(client_closed(desk));
    hears(knocks("user/ann", "phone-2", (struct manner){0}), "CONNACK 0x87");
    hears(knocks(NULL, "phone-2", (struct manner){.certificate = "user/ann"}), "CONNACK 0x87");

    /* Enrolled again: a token of before is void, a younger one good. */
    trusted("user/ann", (struct principal_record){.instance_count = 1, .instances = found});
    hears(knocks("user/ann", "phone-2", (struct manner){.instance = "phone-2"}), "CONNACK 0x87");
    passes(1000);
    second = comes("user/ann", "phone-2", (struct manner){.instance = "phone-2"});
    assert_false(client_closed(first));
    assert_false(client_closed(second));
}

static void a_token_is_bound_to_its_instance(void **state)
{
    (void)state;
    struct manner bound = {.instance = "phone-1"};
    hears(knocks("user/ann", "phone-2", bound), "CONNACK 0x87");
    hears(knocks("user/ann", "phone-", bound), "CONNACK 0x87");
    hears(knocks("user/ann", "phone-11", bound), "CONNACK 0x87");
    assert_int_equal(calls(CALL_OPEN), 0);
    comes("user/ann", "", bound);
    was_called(CALL_OPEN, "user/ann/phone-1 *");
}

/* Who may not speak any more has no last word either. */
static void no_will_of_the_revoked(void **state)
{
    static const char motion[] =
        "{\"version\":1,\"events\":[{\"phase\":\"PULSE\",\"kind\":\"SOUND\",\"at\":\"1700000001000\"}]}";
    struct manner with_will = {.will_topic = "nb/v1/motion",
        .will_payload = {(const uint8_t *)motion, sizeof motion - 1},
        .expiry_s = 600};
    (void)state;
    struct client *here = comes("device/cam", "here", with_will);
    with_will.will_delay_s = 30;
    breaks(comes("device/cam", "waits", with_will));
    revoked("device/cam");
    is_closed(here, "revoked");
    passes(31000);
    assert_int_equal(calls(CALL_MOTION), 0);
    assert_int_equal(broker_counters(stage.broker)->wills_dropped, 2);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, stage_end)

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(each_token_ends_in_its_own_second),
        STORY(a_key_that_goes_ends_what_it_let_in),
        STORY(a_lost_phone_ends_alone),
        STORY(a_token_is_bound_to_its_instance),
        STORY(no_will_of_the_revoked),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
