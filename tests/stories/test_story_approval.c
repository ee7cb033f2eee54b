/* What is grave goes out when a second officer of the agency has looked at it; and what is asked before it is
 * sent. */
#include "tests/stories/alert_case.h"

#include "broker/post.h"

#define GRAVE "\"category\":\"fire\"," SAYS_ENOUGH ",\"severity\":\"EXTREME\"," IN_AN_HOUR "," AT_HERE

static void approves(struct client *client, uint16_t packet_id, const char *public_id, unsigned revision)
{
    char fields[100];
    snprintf(fields, sizeof(fields), "\"decision\":\"APPROVED\",\"revision\":%u", revision);
    says_of(client, "verdict", packet_id, public_id, fields);
}

static void test_a_second_officer_lets_it_out(void **state)
{
    char id[PUBLIC_ID + 1];
    (void)state;
    struct client *lee = officer("lee"), *kim = officer("kim");
    warns(lee, 1, "a", GRAVE);
    learns_id(lee, id);
    was_called(CALL_ALERT, "act=1 channels=1 references=0 listed approval");
    approves(lee, 2, id, 1);
    hears(lee, "PUBACK 2 0x87*another officer*");
    approves(kim, 1, id, 1);
    hears(kim, "PUBACK 1 0x00");
    was_called(CALL_VERDICT, "APPROVED by agency/pd kim: ");
    hears(lee, "moderation approved: *");
}

static void test_what_was_not_looked_at_is_not_approved(void **state)
{
    char id[PUBLIC_ID + 1];
    (void)state;
    struct client *lee = officer("lee"), *kim = officer("kim");
    warns(lee, 1, "a", GRAVE);
    learns_id(lee, id);
    warns(lee, 2, "b", "\"msgType\":\"UPDATE\",\"references\":[\"a\"]," GRAVE);
    hears(lee, "PUBACK 2 0x00*revision=2 pending=*");
    approves(kim, 1, id, 1);
    hears(kim, "PUBACK 1 0x83*revision: another revision*");
    approves(kim, 2, id, 2);
    hears(kim, "PUBACK 2 0x00");
}

static void test_who_does_not_say_who_approves_does_not(void **state)
{
    char id[PUBLIC_ID + 1];
    (void)state;
    struct client *lee = officer("lee");
    warns(lee, 1, "a", GRAVE);
    learns_id(lee, id);
    struct client *nobody = comes("agency/pd", "console", (struct manner){0});
    approves(nobody, 1, id, 1);
    hears(nobody, "PUBACK 1 0x87*officer: needed*");
    enrolled("agency/other", "", "");
    struct client *other = comes("agency/other", "desk", (struct manner){.officer = "max"});
    approves(other, 1, id, 1);
    hears(other, "PUBACK 1 0x87*agency that sent*");
}

static void test_a_cancel_waits_for_nobody(void **state)
{
    (void)state;
    struct client *lee = officer("lee");
    warns(lee, 1, "a", GRAVE);
    forgets(lee);
    warns(lee, 2, "stop", "\"msgType\":\"CANCEL\",\"references\":[\"a\"]");
    hears(lee, "PUBACK 2 0x00*");
    was_called(CALL_ALERT, "act=3 channels=0 references=1");
}

/* ---- previews ---- */

static struct answer {
    unsigned count;
    bool failed;
    uint8_t code;
    struct outcome outcome;
    char first_cell[13];
} answer;

static void posted(void *arg, const struct publication *publication)
{
    (void)arg;
    answer.count++;
    answer.failed = !publication;
    if (!publication)
        return;
    answer.code = publication->refusal.code;
    answer.outcome = publication->outcome;
    if (answer.outcome.cell_count)
        snprintf(answer.first_cell, sizeof(answer.first_cell), "%s", answer.outcome.cells[0]);
}

static void previews(const char *fields)
{
    char json[2000];
    int len = snprintf(json, sizeof(json), "{\"version\":1,\"senderAlertId\":\"p\",%s}", fields);
    struct broker_post post = {.credential = {.name = "agency/pd", .officer = "lee"},
        .topic = "nb/v1/alert",
        .payload = {(const uint8_t *)json, (size_t)len},
        .preview = true};
    answer = (struct answer){0};
    broker_post(stage.broker, &post, posted, NULL);
    settle();
    assert_int_equal(answer.count, 1);
}

static void test_a_preview_says_what_it_would_reach_and_stores_nothing(void **state)
{
    (void)state;
    (void)officer("lee");
    followers_are(2000);
    previews(GRAVE);
    assert_int_equal(answer.code, 0);
    assert_int_equal(answer.outcome.cell_count, 1);
    assert_string_equal(answer.first_cell, HERE);
    assert_int_equal(answer.outcome.followers, 1000);
    assert_true(answer.outcome.approval);
    was_called(CALL_FOLLOWERS, "1 from " HERE_LEAF);
    previews(
        "\"category\":\"fire\"," SAYS_ENOUGH "," IN_AN_HOUR
        ",\"place\":{\"circle\":{\"center\":{\"latE7\":377737000,\"lonE7\":-1224152000},\"radiusM\":1000}}");
    assert_false(answer.outcome.approval);
    assert_true(answer.outcome.area_km2 > 3.1 && answer.outcome.area_km2 < 3.2);
    previews("\"category\":\"fire\"," SAYS_ENOUGH "," IN_AN_HOUR "," AT_AWAY);
    assert_int_equal(answer.code, REASON_NOT_ALLOWED);
    assert_int_equal(calls(CALL_ALERT), 0);
}

static void test_followers_are_told_by_orders_of_magnitude(void **state)
{
    static const struct {
        uint64_t followers, told;
    } orders[] = {{0, 0}, {1, 10}, {9, 10}, {31, 10}, {32, 100}, {99, 100}, {316, 100}, {320, 1000},
        {1000, 1000}, {4000, 10000}, {123456, 100000}};
    (void)state;
    (void)officer("lee");
    for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
        followers_are(orders[i].followers);
        previews(GRAVE);
        if (answer.outcome.followers != orders[i].told)
            fail_msg("%llu followers are told as %llu", (unsigned long long)orders[i].followers,
                (unsigned long long)answer.outcome.followers);
    }
    will_answer(CALL_FOLLOWERS, STORE_FAILED);
    previews(GRAVE);
    assert_true(answer.failed);
}

/* Of an area of more leaf cells than are asked about each nth is, and stands for the others. */
static void test_a_large_area_is_counted_by_a_part_of_it(void **state)
{
    (void)state;
    enrolled("agency/pd", "", "");
    followers_are(100);
    previews("\"category\":\"fire\"," SAYS_ENOUGH "," IN_AN_HOUR
             ",\"place\":{\"circle\":{\"center\":{\"latE7\":377737000,\"lonE7\":-1224152000},\"radiusM\":"
             "150000}}");
    assert_int_equal(answer.code, 0);
    assert_true(answer.outcome.area_km2 > 70000);
    /* 70,700 km² in leaf cells of 0.59 km² here are some 120,000: each fourth. */
    was_called(CALL_FOLLOWERS, "3[01]??? from *");
    assert_int_equal(answer.outcome.followers, 1000);
}

static void test_followers_are_told_to_the_store_each_minute(void **state)
{
    (void)state;
    struct client *ann = neighbor("user/ann", "home-1", HERE_LEAF),
                  *ben = neighbor("user/ben", "home-2", HERE_LEAF);
    follows(ann, "nb/v1/near/" HERE_LEAF "/400/#", 0);
    follows(ben, "nb/v1/near/" HERE_LEAF "/1600/#", 0);
    follows(ben, "nb/v1/near/" AWAY_LEAF "/1600/#", 0);
    follows(ben, "nb/v1/cell/" HERE "/#", 0);
    passes(61000);
    was_called(CALL_TELL, "2 " HERE_LEAF "=2 " AWAY_LEAF "=1");
    size_t told = calls(CALL_TELL);
    passes(30000);
    assert_true(calls(CALL_TELL) <= told + 1);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, stage_begin, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_a_second_officer_lets_it_out),
        STORY(test_what_was_not_looked_at_is_not_approved),
        STORY(test_who_does_not_say_who_approves_does_not),
        STORY(test_a_cancel_waits_for_nobody),
        STORY(test_a_preview_says_what_it_would_reach_and_stores_nothing),
        STORY(test_followers_are_told_by_orders_of_magnitude),
        STORY(test_a_large_area_is_counted_by_a_part_of_it),
        STORY(test_followers_are_told_to_the_store_each_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
