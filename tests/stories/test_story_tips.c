/* A resident tips an agency, the two go on, the agency grants a reward: what each may say, and what is
 * refused. */
#include "tests/stories/alert_case.h"

static struct client *ann, *lee;

static int begins(void **state)
{
    stage_begin(state);
    enrolled("agency/pd", "", "");
    lee = comes("agency/pd", "desk", (struct manner){.officer = "lee"});
    ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    return 0;
}

static void tips(struct client *client, uint16_t packet_id, const char *fields)
{
    char json[600];
    snprintf(json, sizeof json, "{\"senderTipId\":\"t%u\",%s}", packet_id, fields);
    publishes(client, "nb/v1/tip", 1, packet_id, json);
}

static void grants(struct client *client, uint16_t packet_id, const char *fields)
{
    char json[600];
    snprintf(json, sizeof json, "{\"senderRewardId\":\"r%u\",\"programme\":\"cams\",%s}", packet_id, fields);
    publishes(client, "nb/v1/reward", 1, packet_id, json);
}

/* Begins a conversation and learns its id. */
static void begins_one(char id[PUBLIC_ID + 1])
{
    tips(ann, 1, "\"agency\":\"pd\",\"text\":\"a red car, twice, at night\"");
    const char *line = next_heard(ann), *at;
    assert_non_null(line);
    assert_non_null(at = strstr(line, "conversation-id="));
    snprintf(id, PUBLIC_ID + 1, "%s", at + strlen("conversation-id="));
    assert_int_equal(strspn(id, "0123456789abcdef"), PUBLIC_ID);
    was_called(CALL_TIP, "user/ann to agency/pd");
}

static void test_both_sides_go_on_with_a_conversation(void **state)
{
    char id[PUBLIC_ID + 1], fields[200];
    (void)state;
    begins_one(id);
    snprintf(fields, sizeof fields, "\"conversationId\":\"%s\",\"text\":\"which way?\"", id);
    tips(lee, 1, fields);
    hears(lee, "PUBACK 1 0x00*");
    was_called(CALL_TIP, "agency/pd goes on ");
    tips(ann, 2, fields);
    hears(ann, "PUBACK 2 0x00*");
    was_called(CALL_TIP, "user/ann goes on ");
}

static void test_what_a_tip_must_say(void **state)
{
    static const char *const cases[][2] = {
        {"\"text\":\"a\"", "PUBACK * 0x99*agency: required*"},
        {"\"agency\":\"pd\"", "PUBACK * 0x99*text: either*"},
        {"\"agency\":\"pd\",\"text\":\"a\",\"sealed\":\"AAAA\"", "PUBACK * 0x99*text: either*"},
        {"\"agency\":\"pd\",\"sealed\":\"AAAA\"", "PUBACK * 0x99*sealed: CMS*"},
        {"\"agency\":\"pd\",\"text\":\"a\",\"claimHash\":\"AAAA\"", "PUBACK * 0x99*claim_hash: *32 bytes*"},
        {"\"conversationId\":\"a\",\"text\":\"a\"", "PUBACK * 0x99*conversation_id: not*"},
        {"\"conversationId\":\"000000000000000000000000\",\"agency\":\"pd\",\"text\":\"a\"",
            "PUBACK * 0x99*agency: said when*"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tips(ann, (uint16_t)(i + 1), cases[i][0]);
        hears(ann, cases[i][1]);
    }
    assert_int_equal(calls(CALL_TIP), 0);
}

static void test_an_agency_begins_with_nobody(void **state)
{
    (void)state;
    tips(lee, 1, "\"agency\":\"pd\",\"text\":\"hello\"");
    hears(lee, "PUBACK 1 0x99*conversation_id: required of an agency*");
    assert_int_equal(calls(CALL_TIP), 0);
}

static void test_what_the_store_refuses_is_told(void **state)
{
    (void)state;
    will_answer(CALL_TIP, STORE_NOT_FOUND);
    tips(ann, 1, "\"agency\":\"nobody\",\"text\":\"a\"");
    hears(ann, "PUBACK 1 0x83*agency: no partner agency*");
    will_answer(CALL_TIP, STORE_LIMITED);
    tips(ann, 2, "\"agency\":\"pd\",\"text\":\"a\"");
    hears(ann, "PUBACK 2 0x97*at most 20 new tips a day*retry-after=91*");
    will_answer(CALL_TIP, STORE_CONFLICT);
    tips(ann, 3, "\"agency\":\"pd\",\"text\":\"a\"");
    hears(ann, "PUBACK 3 0x83*sender_tip_id: used already*");
    will_answer(CALL_TIP, STORE_REPEAT);
    tips(ann, 4, "\"agency\":\"pd\",\"text\":\"a\"");
    hears(ann, "PUBACK 4 0x00*");
}

static void test_a_reward_from_a_programme(void **state)
{
    char id[PUBLIC_ID + 1], fields[200];
    (void)state;
    begins_one(id);
    grants(lee, 1, "\"stock\":20,\"reward\":\"a doorbell camera\"");
    hears(lee, "PUBACK 1 0x00*left=19*");
    was_called(CALL_REWARD, "agency/pd lee cams stock=20 redeem=0 case=");
    snprintf(fields, sizeof fields, "\"conversationId\":\"%s\",\"caseNumber\":\"24-7\"", id);
    grants(lee, 2, fields);
    hears(lee, "PUBACK 2 0x00*left=19*");
    was_called(CALL_REWARD, "agency/pd lee cams stock=0 redeem=0 case=24-7");
    will_answer(CALL_REWARD, STORE_LIMITED);
    grants(lee, 3, fields);
    hears(lee, "PUBACK 3 0x97*programme: none are left*");
    grants(lee, 4, "\"redeem\":1");
    hears(lee, "PUBACK 4 0x00*");
    will_answer(CALL_REWARD, STORE_CONFLICT);
    grants(lee, 5, "\"redeem\":1");
    hears(lee, "PUBACK 5 0x83*redeem: this voucher was handed in before*");
}

static void test_what_a_reward_must_say(void **state)
{
    static const char *const cases[][2] = {
        {"\"reward\":\"a\"", "PUBACK * 0x99*conversation_id: one of*"},
        {"\"stock\":1,\"redeem\":1,\"reward\":\"a\"", "PUBACK * 0x99*conversation_id: one of*"},
        {"\"stock\":1", "PUBACK * 0x99*reward: required*"},
        {"\"stock\":1000001,\"reward\":\"a\"", "PUBACK * 0x99*stock: at most*"},
        {"\"conversationId\":\"a\",\"caseNumber\":\"1\"", "PUBACK * 0x99*conversation_id: not*"},
        {"\"conversationId\":\"000000000000000000000000\"", "PUBACK * 0x99*case_number: required*"},
        {"\"conversationId\":\"000000000000000000000000\",\"caseNumber\":\"1\",\"claimUntil\":\"1\"",
            "PUBACK * 0x99*claim_until: *"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        grants(lee, (uint16_t)(i + 1), cases[i][0]);
        hears(lee, cases[i][1]);
    }
    struct client *nameless = comes("agency/pd", "other", (struct manner){0});
    grants(nameless, 1, "\"redeem\":1");
    hears(nameless, "PUBACK 1 0x87*officer: needed*");
    assert_int_equal(calls(CALL_REWARD), 0);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, begins, stage_end)
    const struct CMUnitTest tests[] = {
        STORY(test_both_sides_go_on_with_a_conversation),
        STORY(test_what_a_tip_must_say),
        STORY(test_an_agency_begins_with_nobody),
        STORY(test_what_the_store_refuses_is_told),
        STORY(test_a_reward_from_a_programme),
        STORY(test_what_a_reward_must_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
