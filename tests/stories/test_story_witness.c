/* Neighbors who saw it too: who may say so, and what it leads to. */
#include "tests/stories/alert_case.h"

static char alert_id[PUBLIC_ID + 1];

static int begins(void **state)
{
    stage_begin(state);
    struct client *ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    warns(ann, 1, "a", CRIME_HERE);
    learns_id(ann, alert_id);
    return 0;
}

static void witnesses(struct client *client, uint16_t packet_id)
{
    says_of(client, "witness", packet_id, alert_id, "\"remark\":\"I saw it\"");
}

static void test_a_neighbor_witnesses_once(void **state)
{
    (void)state;
    struct client *ben = neighbor("user/ben", "home-ben", HERE_LEAF);
    witnesses(ben, 1);
    hears(ben, "PUBACK 1 0x00");
    was_called(CALL_WITNESS, "home-ben enough=3 I saw it");
    witnesses(ben, 2);
    hears(ben, "PUBACK 2 0x00");
    /* One of the same household is no other household. */
    struct client *bea = neighbor("user/bea", "home-ben", HERE_LEAF);
    witnesses(bea, 1);
    hears(bea, "PUBACK 1 0x00");
    assert_int_equal(calls(CALL_WITNESS), 3);
}

static void test_enough_households_make_it_corroborated(void **state)
{
    static const char *const names[] = {"user/ben", "user/cat", "user/dan"};
    static const char *const homes[] = {"home-1", "home-2", "home-3"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        witnesses(neighbor(names[i], homes[i], HERE_LEAF), 1);
        settle();
    }
    struct client *pd = officer("lee");
    says_of(pd, "verdict", 1, alert_id, "\"decision\":\"CONFIRMED\",\"revision\":1");
    hears(pd, "PUBACK 1 0x83*revision: another revision*");
    says_of(pd, "verdict", 2, alert_id, "\"decision\":\"CONFIRMED\",\"revision\":2");
    hears(pd, "PUBACK 2 0x00");
}

static void test_who_may_not_witness(void **state)
{
    (void)state;
    /* the sender, and whoever lives with it */
    struct client *ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    witnesses(ann, 1);
    hears(ann, "PUBACK 1 0x87*own household*");
    struct client *kid = neighbor("user/kid", "home-ann", HERE_LEAF);
    witnesses(kid, 1);
    hears(kid, "PUBACK 1 0x87*own household*");
    /* somebody from 14 km away */
    struct client *far = neighbor("user/far", "home-far", AWAY_LEAF);
    witnesses(far, 1);
    hears(far, "PUBACK 1 0x87*3200 m*");
    /* whose household was never verified, has no place, or will be verified tomorrow */
    enrolled("user/new", "home-new", HERE_LEAF);
    struct client *new = comes("user/new", "phone", (struct manner){0});
    witnesses(new, 1);
    hears(new, "PUBACK 1 0x87*verified*");
    trusted("user/new", (struct principal_record){.verified = stage_now() + 86400000});
    settle();
    witnesses(new, 2);
    hears(new, "PUBACK 2 0x87*verified*");
    struct client *nowhere = neighbor("user/nowhere", "home-n", "");
    witnesses(nowhere, 1);
    hears(nowhere, "PUBACK 1 0x87*verified*");
    /* the banned */
    trusted("user/new", (struct principal_record){.verified = 1, .banned_until = stage_now() + 1000});
    settle();
    witnesses(new, 3);
    hears(new, "PUBACK 3 0x87*sender: banned until*");
    /* an agency */
    struct client *pd = officer("lee");
    witnesses(pd, 1);
    hears(pd, "PUBACK 1 0x87*topic: not for this role*");
    assert_int_equal(calls(CALL_WITNESS), 0);
}

static void test_what_is_no_alert(void **state)
{
    (void)state;
    struct client *ben = neighbor("user/ben", "home-ben", HERE_LEAF);
    says_of(ben, "witness", 1, "nonsense", "");
    hears(ben, "PUBACK 1 0x99*public_id: *");
    says_of(ben, "witness", 2, "", "");
    hears(ben, "PUBACK 2 0x99*public_id: *");
    says_of(ben, "witness", 3, alert_id, "\"at\":1800000000000");
    hears(ben, "PUBACK 3 0x99*at: *future*");
    char other[PUBLIC_ID + 1];
    memcpy(other, alert_id, sizeof(other));
    other[0] = other[0] == '0' ? '1' : '0';
    says_of(ben, "witness", 4, other, "");
    hears(ben, "PUBACK 4 0x*public_id: *");
    assert_int_equal(calls(CALL_WITNESS), 0);
}

static void test_what_ended_is_not_witnessed(void **state)
{
    (void)state;
    struct client *ann = neighbor("user/ann", "home-ann", HERE_LEAF),
                  *ben = neighbor("user/ben", "b", HERE_LEAF);
    warns(ann, 1, "stop", "\"msgType\":\"CANCEL\",\"references\":[\"a\"]");
    hears(ann, "PUBACK 1 0x00*");
    witnesses(ben, 1);
    hears(ben, "PUBACK 1 0x83*no longer in force*");
}

static void test_a_witness_waits_for_the_store(void **state)
{
    (void)state;
    struct client *ben = neighbor("user/ben", "b", HERE_LEAF);
    holds(CALL_LOAD);
    witnesses(ben, 1);
    hears_nothing(ben);
    holds(CALL_WITNESS);
    answers(CALL_LOAD, 0, STORE_OK);
    hears_nothing(ben);
    answers(CALL_WITNESS, 0, STORE_OK);
    hears(ben, "PUBACK 1 0x00");
    will_answer(CALL_WITNESS, STORE_FAILED);
    lets_go(CALL_LOAD);
    lets_go(CALL_WITNESS);
    witnesses(ben, 2);
    hears(ben, "DISCONNECT 0x80");
}

static void test_the_connection_may_go_before_the_answer(void **state)
{
    (void)state;
    struct client *ben = neighbor("user/ben", "b", HERE_LEAF);
    holds(CALL_LOAD);
    witnesses(ben, 1);
    settle();
    breaks(ben);
    answers(CALL_LOAD, 0, STORE_OK);
    settle();
    assert_int_equal(calls(CALL_WITNESS), 1);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begins, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_a_neighbor_witnesses_once),
        STORY(test_enough_households_make_it_corroborated),
        STORY(test_who_may_not_witness),
        STORY(test_what_is_no_alert),
        STORY(test_what_ended_is_not_witnessed),
        STORY(test_a_witness_waits_for_the_store),
        STORY(test_the_connection_may_go_before_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
