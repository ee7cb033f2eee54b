/* A household shows where it lives by a code, or invites a neighbor: who may, and how near. */
#include "bridge/verification_code.h"
#include "tests/stories/alert_case.h"

static void steps(struct client *client, uint16_t packet_id, const char *fields)
{
    char json[120];
    snprintf(json, sizeof(json), "{\"version\":1,%s}", fields);
    publishes(client, "nb/v1/household", 1, packet_id, json);
}

static struct client *newcomer(void)
{
    enrolled("user/new", "home-new", HERE_LEAF);
    return comes("user/new", "phone", (struct manner){0});
}

static void test_a_code_given_back_verifies(void **state)
{
    (void)state;
    struct client *new = newcomer();
    codes_are(VERIFICATION_POST, "");
    steps(new, 1, "\"code\":\"k7qf 2mpx\"");
    hears(new, "PUBACK 1 0x00");
    was_called(CALL_CODE_USE, "home-new");
    will_answer(CALL_CODE_USE, STORE_REPEAT);
    steps(new, 2, "\"code\":\"K7QF-2MPX\"");
    hears(new, "PUBACK 2 0x00");
}

static void test_a_neighbor_is_one_who_lives_near(void **state)
{
    (void)state;
    struct client *new = newcomer();
    codes_are(VERIFICATION_NEIGHBOR, "u33db2");
    steps(new, 1, "\"code\":\"K7QF-2MPX\"");
    hears(new, "PUBACK 1 0x87*no neighbor*");
    assert_int_equal(calls(CALL_CODE_USE), 0);
    codes_are(VERIFICATION_NEIGHBOR, HERE_LEAF);
    steps(new, 2, "\"code\":\"K7QF-2MPX\"");
    hears(new, "PUBACK 2 0x00");
    assert_int_equal(calls(CALL_CODE_USE), 1);
}

static void test_what_is_no_good_code_looks_alike(void **state)
{
    (void)state;
    struct client *new = newcomer();
    codes_are(0, "");
    steps(new, 1, "\"code\":\"K7QF-2MPX\"");
    hears(new, "PUBACK 1 0x83*not one that is good here*");
    codes_are(VERIFICATION_HANDOVER, "");
    steps(new, 2, "\"code\":\"K7QF-2MPX\"");
    hears(new, "PUBACK 2 0x83*not one that is good here*");
    will_answer(CALL_CODE, STORE_LIMITED);
    steps(new, 3, "\"code\":\"K7QF-2MPX\"");
    hears(new, "PUBACK 3 0x97*too many were tried*");
    codes_are(VERIFICATION_POST, "");
    will_answer(CALL_CODE_USE, STORE_NOT_FOUND);
    steps(new, 4, "\"code\":\"K7QF-2MPX\"");
    hears(new, "PUBACK 4 0x83*not one that is good here*");
    steps(new, 5, "\"code\":\"K7QF\"");
    hears(new, "PUBACK 5 0x99*eight letters*");
    steps(new, 6, "\"code\":\"K7QF-2MPX\",\"invite\":true");
    hears(new, "PUBACK 6 0x99*either*");
}

static void test_who_is_verified_invites(void **state)
{
    (void)state;
    struct client *new = newcomer(), *ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    steps(new, 1, "\"invite\":true");
    hears(new, "PUBACK 1 0x87*only households whose address was verified*");
    steps(ann, 1, "\"invite\":true");
    hears(ann, "PUBACK 1 0x00");
    was_called(CALL_INVITE, "home-ann by user/ann at " HERE_LEAF " most 3");
    was_called(CALL_INBOX, "*reply/household*");
    hears(ann, "*nb/v1/inbox/reply/household");
    will_answer(CALL_INVITE, STORE_LIMITED);
    steps(ann, 2, "\"invite\":true");
    hears(ann, "PUBACK 2 0x97*three invitations*");
}

static void test_only_ways_that_are_open(void **state)
{
    (void)state;
    stage.options.verification_ways = 1U << VERIFICATION_POST;
    stage_restart();
    struct client *new = newcomer(), *ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    codes_are(VERIFICATION_AGENCY, "");
    steps(new, 1, "\"code\":\"K7QF-2MPX\"");
    hears(new, "PUBACK 1 0x87*not open here*");
    steps(ann, 1, "\"invite\":true");
    hears(ann, "PUBACK 1 0x87*not a way that is open here*");
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, stage_begin, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_a_code_given_back_verifies),
        STORY(test_a_neighbor_is_one_who_lives_near),
        STORY(test_what_is_no_good_code_looks_alike),
        STORY(test_who_is_verified_invites),
        STORY(test_only_ways_that_are_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
