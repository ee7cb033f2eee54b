/* Flags hold an alert, its sender is told and appeals, a moderator decides; agencies say what is true. */
#include "tests/stories/alert_case.h"

static char alert_id[PUBLIC_ID + 1];
static struct client *ann;

static int begins(void **state)
{
    stage_begin(state);
    ann = neighbor("user/ann", "home-ann", HERE_LEAF);
    warns(ann, 1, "a", CRIME_HERE);
    learns_id(ann, alert_id);
    return 0;
}

static struct client *moderator(void)
{
    enrolled("operator/olga", "", "");
    return comes("operator/olga", "desk", (struct manner){0});
}

static void flags(struct client *client, uint16_t packet_id)
{
    says_of(client, "flag", packet_id, alert_id, "\"reason\":\"DISCRIMINATION\",\"remark\":\"names a race\"");
}

static void decides(struct client *client, uint16_t packet_id, const char *decision, const char *more)
{
    char fields[200];
    snprintf(fields, sizeof(fields), "\"decision\":\"%s\"%s%s", decision, more[0] ? "," : "", more);
    says_of(client, "verdict", packet_id, alert_id, fields);
}

static void is_held_by_three(void)
{
    flags(neighbor("user/ben", "home-1", HERE_LEAF), 1);
    flags(neighbor("user/bea", "home-1", HERE_LEAF), 1);
    flags(neighbor("user/cat", "home-2", HERE_LEAF), 1);
    settle();
    hears_nothing(ann);
    flags(neighbor("user/dan", "home-3", HERE_LEAF), 1);
    settle();
}

static void test_three_households_hold_it_and_the_sender_is_told(void **state)
{
    (void)state;
    is_held_by_three();
    was_called(CALL_FLAG, "home-3 DISCRIMINATION enough=3 names a race");
    hears(ann, "moderation held: neighbors flagged it*appeals q1*nb/v1/inbox/reply/moderation");
    was_called(CALL_INBOX, "user/ann/phone reply/moderation");
}

static void test_the_sender_appeals_and_a_moderator_releases_it(void **state)
{
    (void)state;
    says_of(ann, "flag", 2, alert_id, "\"reason\":\"OTHER\",\"remark\":\"why\"");
    hears(ann, "PUBACK 2 0x83*while it is held*");
    is_held_by_three();
    forgets(ann);
    says_of(ann, "flag", 3, alert_id, "\"reason\":\"OTHER\"");
    hears(ann, "PUBACK 3 0x99*remark: *");
    says_of(ann, "flag", 4, alert_id, "\"reason\":\"OTHER\",\"remark\":\"it says what they did\"");
    hears(ann, "PUBACK 4 0x00");
    was_called(CALL_FLAG, "home-ann OTHER enough=3 appeal it says what they did");
    struct client *olga = moderator();
    decides(olga, 1, "RELEASED", "");
    hears(olga, "PUBACK 1 0x99*reason: required*");
    decides(olga, 2, "RELEASED", "\"reason\":\"nothing wrong with it\"");
    hears(olga, "PUBACK 2 0x00");
    hears(ann, "moderation released: nothing wrong with it *");
}

static void test_a_moderator_removes_it(void **state)
{
    (void)state;
    struct client *olga = moderator();
    decides(olga, 1, "REMOVED", "\"reason\":\"names a neighbor\"");
    hears(olga, "PUBACK 1 0x00");
    hears(ann, "moderation removed: names a neighbor *");
}

static void test_who_may_decide_what(void **state)
{
    static const struct {
        const char *decision, *more;
        const char *agency, *operator;
    } rows[] = {
        {"CONFIRMED", "", "0x00", "0x87*agency's*"},
        {"REFUTED", "", "0x00", "0x87*agency's*"},
        {"APPROVED", "\"revision\":1", "0x87*another officer*", "0x87*agency's*"},
        {"APPROVED", "", "0x99*revision: *", "0x99*revision: *"},
        {"RELEASED", "\"reason\":\"x\"", "0x87*operator's*", "0x00"},
        {"REMOVED", "\"reason\":\"x\"", "0x87*operator's*", "0x00"},
        {"REMOVED", "", "0x99*reason: *", "0x99*reason: *"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char pattern[100];
        for (int of_operator = 0; of_operator < 2; of_operator++) {
            struct client *judge = of_operator ? moderator() : officer("lee");
            decides(judge, 1, rows[i].decision, rows[i].more);
            snprintf(pattern, sizeof(pattern), "PUBACK 1 %s", of_operator ? rows[i].operator: rows[i].agency);
            hears(judge, pattern);
            stage_end(state);
            begins(state);
        }
    }
}

static void test_an_agency_says_what_is_true_where_it_may(void **state)
{
    char far[PUBLIC_ID + 1], own[PUBLIC_ID + 1];
    (void)state;
    struct client *pd = officer("lee");
    decides(pd, 1, "CONFIRMED", "\"reason\":\"we were there\"");
    hears(pd, "PUBACK 1 0x00");
    was_called(CALL_VERDICT, "CONFIRMED by agency/pd lee: we were there");
    hears(ann, "moderation confirmed: we were there *");
    warns(ann, 2, "b", "\"category\":\"crime\"," SAYS_ENOUGH "," AT_AWAY);
    learns_id(ann, far);
    says_of(pd, "verdict", 2, far, "\"decision\":\"REFUTED\"");
    hears(pd, "PUBACK 2 0x87*outside the agency's jurisdiction*");
    warns(pd, 3, "own", CRIME_HERE);
    learns_id(pd, own);
    says_of(pd, "verdict", 4, own, "\"decision\":\"REFUTED\"");
    hears(pd, "PUBACK 4 0x87*residents' alerts*");
}

static void test_an_agencys_alert_is_not_flagged(void **state)
{
    char own[PUBLIC_ID + 1];
    (void)state;
    struct client *pd = officer("lee"), *ben = neighbor("user/ben", "home-1", HERE_LEAF);
    warns(pd, 1, "own", CRIME_HERE);
    learns_id(pd, own);
    says_of(ben, "flag", 1, own, "\"reason\":\"SPAM\"");
    hears(ben, "PUBACK 1 0x87*agency's alert*");
}

static void test_only_neighbors_flag(void **state)
{
    (void)state;
    struct client *far = neighbor("user/far", "home-far", AWAY_LEAF);
    flags(far, 1);
    hears(far, "PUBACK 1 0x87*3200 m*");
    struct client *kid = neighbor("user/kid", "home-ann", HERE_LEAF);
    flags(kid, 1);
    hears(kid, "PUBACK 1 0x87*own household*");
    enrolled("user/new", "home-new", HERE_LEAF);
    struct client *new = comes("user/new", "phone", (struct manner){0});
    flags(new, 1);
    hears(new, "PUBACK 1 0x87*verified*");
    says_of(new, "flag", 2, alert_id, "\"reason\":\"UNSPECIFIED\"");
    hears(new, "PUBACK 2 0x99*reason: *");
    assert_int_equal(calls(CALL_FLAG), 0);
}

static void test_a_sender_who_cannot_be_told_undoes_nothing(void **state)
{
    (void)state;
    struct client *olga = moderator();
    will_answer(CALL_INBOX, STORE_FAILED);
    decides(olga, 1, "REMOVED", "\"reason\":\"x\"");
    hears(olga, "PUBACK 1 0x00");
    assert_int_equal(broker_counters(stage.broker)->notices_lost, 1);
}

/* Whatever it said, and whichever step refused it; not what residents are refused. */
static void test_what_an_agency_is_refused_is_on_record_before_it_is_answered(void **state)
{
    char far[PUBLIC_ID + 1];
    (void)state;
    struct client *pd = officer("lee");
    decides(ann, 2, "CONFIRMED", "\"reason\":\"mine\"");
    hears(ann, "PUBACK 2 0x87*");
    warns(ann, 3, "b", "\"category\":\"crime\"," SAYS_ENOUGH "," AT_AWAY);
    learns_id(ann, far);
    assert_int_equal(calls(CALL_ACT), 0);
    holds(CALL_ACT);
    says_of(pd, "verdict", 1, far, "\"decision\":\"REFUTED\"");
    was_called(CALL_ACT, "refused agency/pd lee: : the alert lies outside the agency's jurisdiction*");
    hears_nothing(pd);
    answers(CALL_ACT, 0, STORE_OK);
    hears(pd, "PUBACK 1 0x87*outside the agency's jurisdiction*");
    publishes(pd, "nb/v1/alert", 1, 2, "{\"version\":1}");
    hears_nothing(pd);
    answers(CALL_ACT, 0, STORE_OK);
    hears(pd, "PUBACK 2 0x99*");
    assert_int_equal(calls(CALL_ACT), 2);
    assert_int_equal(calls(CALL_VERDICT), 0);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begins, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_three_households_hold_it_and_the_sender_is_told),
        STORY(test_the_sender_appeals_and_a_moderator_releases_it),
        STORY(test_a_moderator_removes_it),
        STORY(test_who_may_decide_what),
        STORY(test_an_agency_says_what_is_true_where_it_may),
        STORY(test_an_agencys_alert_is_not_flagged),
        STORY(test_what_an_agency_is_refused_is_on_record_before_it_is_answered),
        STORY(test_only_neighbors_flag),
        STORY(test_a_sender_who_cannot_be_told_undoes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
