/* Agencies speak CAP: what is taken of a document, what is refused with its rule, and what is told besides.
 */
#include <fnmatch.h>

#include "tests/stories/alert_case.h"

#define CAP(type, info)                                                                                      \
    "<?xml version=\"1.0\"?>\n<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">"                        \
    "<identifier>A-1</identifier><sender>pd@example.org</sender><sent>2023-11-14T22:00:00-00:00</sent>"      \
    "<status>Actual</status><msgType>" type "</msgType><scope>Public</scope>" info "</alert>"
#define INFO(expires, areas)                                                                                 \
    "<info><category>Fire</category><event>Structure fire</event><urgency>Immediate</urgency>"               \
    "<severity>Severe</severity><certainty>Observed</certainty>" expires                                     \
    "<headline>A garage burns</headline>" areas "</info>"
#define UNTIL(time) "<expires>2023-11-" time "-00:00</expires>"
#define AREA(what) "<area><areaDesc>Here</areaDesc>" what "</area>"
#define SQUARE                                                                                               \
    AREA("<polygon>37.76,-122.42 37.76,-122.41 37.77,-122.41 37.77,-122.42 37.76,-122.42</polygon>")
#define SAME(code) AREA("<geocode><valueName>SAME</valueName><value>" code "</value></geocode>")
#define FIRE CAP("Alert", INFO(UNTIL("15T22:00:00"), SQUARE))

static struct client *pd;

static int begins(void **state)
{
    stage_begin(state);
    pd = officer("lee");
    geocode_is("SAME 006075", HERE_LEAF);
    return 0;
}

static void test_each_document(void **state)
{
    static const struct {
        const char *document, *answer, *stored;
    } rows[] = {
        {FIRE, "0x00 public-id=* revision=1", "act=1 channels=1 references=0 listed document"},
        {"\xEF\xBB\xBF" FIRE, "0x00 *", "act=1 channels=1 *"},
        {"  \n" FIRE, "0x00 *", "act=1 channels=1 *"},
        /* against the standard: the line, the rule */
        {"<alert/>", "0x99 \"line 1: R01: *", ""},
        {"<a><b></a>", "0x99 \"line 1: R01: *", ""},
        {CAP("Alert",
             INFO(UNTIL("15T22:00:00"),
                 AREA("<polygon>37.76,-122.42 37.76,-122.41 37.77,-122.41 37.77,-122.42</polygon>"))),
            "0x99 \"line 2: R38: *", ""},
        {CAP("Alarm", INFO("", SQUARE)), "0x99 \"line 2: R10: *", ""},
        {CAP("Update", INFO("", SQUARE)), "0x99 *R14: *", ""},
        /* until when: told, or by its category; at most 30 days; over already */
        {CAP("Alert", INFO("", SQUARE)), "0x00 *", "act=1 channels=1 *"},
        {CAP("Alert", INFO("<expires>2023-12-20T00:00:00-00:00</expires>", SQUARE)), "0x99 \"expires: R32: *",
            ""},
        {CAP("Alert", INFO(UNTIL("14T22:10:00"), SQUARE)),
            "0x00 * revision=1 not-shown=R32: it is over already", "act=1 channels=0 references=0 document"},
        /* where: drawn, named, both, neither */
        {CAP("Alert", INFO(UNTIL("15T22:00:00"), SAME("006075"))), "0x00 public-id=* revision=1",
            "act=1 channels=[1-9] references=0 listed document"},
        {CAP("Alert", INFO(UNTIL("15T22:00:00"), SAME("006075") SAME("006999"))),
            "0x00 *refused=0 153 info[[]0].area[[]1]: R40: no area is known for SAME 006999*",
            "act=1 channels=[1-9] *"},
        {CAP("Alert", INFO(UNTIL("15T22:00:00"), SAME("006999"))), "0x99 \"info[[]0].area[[]0]: R40: *", ""},
        {CAP("Alert", INFO(UNTIL("15T22:00:00"), "")), "0x00 *refused=0 153 info: R25: *",
            "act=1 channels=0 references=0 document"},
        {CAP("Alert", ""), "0x00 *R25: *", "act=1 channels=0 *"},
        {CAP("Alert", INFO(UNTIL("15T22:00:00"), AREA("<circle>37.8067,-122.2723 1</circle>"))),
            "0x87 \"place: *jurisdiction*", ""},
        /* what is no public warning */
        {CAP("Ack", "<note>seen</note><references>x@example.org,B-1,2023-11-14T21:00:00-00:00</references>"),
            "0x00 public-id=* revision=1", "act=1 channels=0 references=0 document"},
        {CAP("Cancel", "<references>pd@example.org,A-0,2023-11-14T21:00:00-00:00</references>"), "0x00 *",
            "act=3 channels=0 references=1 document"},
        {CAP("Cancel", "<references>pd@example.net,A-0,2023-11-14T21:00:00-00:00</references>"),
            "0x87 \"references: R20: *", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char pattern[200];
        snprintf(pattern, sizeof(pattern), "PUBACK 1 %s", rows[i].answer);
        publishes(pd, "nb/v1/alert", 1, 1, rows[i].document);
        const char *line = next_heard(pd);
        if (!line || fnmatch(pattern, line, FNM_NOESCAPE) != 0)
            fail_msg("row %zu heard: %s\nexpected:     %s", i, line ? line : "nothing", pattern);
        was_called(CALL_ALERT, rows[i].stored);
        stage_end(state);
        begins(state);
    }
}

static void test_restricted_and_private_are_kept_and_shown_to_nobody(void **state)
{
    (void)state;
    publishes(pd, "nb/v1/alert", 1, 1,
        "<alert "
        "xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>A-1</identifier><sender>pd</sender>"
        "<sent>2023-11-14T22:00:00-00:00</sent><status>Actual</status><msgType>Alert</msgType>"
        "<scope>Restricted</scope><restriction>staff</restriction>" INFO(
            UNTIL("15T22:00:00"), SQUARE) "</alert>");
    hears(pd, "PUBACK 1 0x00 * revision=1 not-shown=R24: its scope is not Public");
    was_called(CALL_ALERT, "act=1 channels=0 references=0 document");
}

static void test_the_same_document_again_is_a_repeat(void **state)
{
    (void)state;
    publishes(pd, "nb/v1/alert", 1, 1, FIRE);
    hears(pd, "PUBACK 1 0x00 *");
    publishes(pd, "nb/v1/alert", 1, 2, FIRE);
    hears(pd, "PUBACK 2 0x00 * revision=1");
    publishes(pd, "nb/v1/alert", 1, 3, CAP("Alert", INFO(UNTIL("15T23:00:00"), SQUARE)));
    hears(pd, "PUBACK 3 0x83 *used already*");
}

static void test_residents_send_no_documents(void **state)
{
    (void)state;
    struct client *ann = neighbor("user/ann", "home-1", HERE_LEAF);
    publishes(ann, "nb/v1/alert", 1, 1, FIRE);
    hears(ann, "PUBACK 1 0x87*CAP documents are an agency's*");
    publishes(ann, "nb/v1/witness", 1, 2, FIRE);
    hears(ann, "PUBACK 2 0x99*payload: *");
}

static void test_who_must_sign(void **state)
{
    (void)state;
    trusted("agency/pd", (struct principal_record){.must_sign = true});
    settle();
    publishes(pd, "nb/v1/alert", 1, 1, FIRE);
    hears(pd, "PUBACK 1 0x87*Signature: R45: *no certificate is enrolled*");
    trusted("agency/pd",
        (struct principal_record){.must_sign = true, .certificate = {(const uint8_t *)"no certificate", 14}});
    settle();
    publishes(pd, "nb/v1/alert", 1, 2, FIRE);
    hears(pd, "PUBACK 2 0x87*Signature: R45: *there is none*");
    assert_int_equal(broker_counters(stage.broker)->refused_signature, 2);
    assert_int_equal(calls(CALL_ALERT), 0);
}

static void test_a_refused_signature_is_on_record_before_it_is_answered(void **state)
{
    (void)state;
    trusted("agency/pd", (struct principal_record){.must_sign = true});
    settle();
    holds(CALL_ACT);
    publishes(pd, "nb/v1/alert", 1, 1, FIRE);
    hears_nothing(pd);
    was_called(CALL_ACT, "refused agency/pd lee: Alert Actual Public pd@example.org,A-1,*: R45: *");
    answers(CALL_ACT, 0, STORE_OK);
    hears(pd, "PUBACK 1 0x87*Signature: R45: *");
}

static void test_what_is_not_placed_is_told_in_the_inbox_too(void **state)
{
    (void)state;
    struct client *old = comes("agency/pd", "old", (struct manner){.version = MQTT_3_1_1});
    follows(old, "nb/v1/inbox/#", 1);
    publishes(
        old, "nb/v1/alert", 1, 1, CAP("Alert", INFO(UNTIL("15T22:00:00"), SAME("006075") SAME("006999"))));
    hears(old, "PUBACK 1 0x00");
    hears(old, "refused nb/v1/alert #1 seq=0 0x99 info*area*: R40: *");
}

static void test_geocodes_wait_for_the_store(void **state)
{
    (void)state;
    holds(CALL_GEOCODES);
    publishes(pd, "nb/v1/alert", 1, 1, CAP("Alert", INFO(UNTIL("15T22:00:00"), SAME("006075"))));
    hears_nothing(pd);
    answers(CALL_GEOCODES, 0, STORE_OK);
    hears(pd, "PUBACK 1 0x00 *");
    publishes(pd, "nb/v1/alert", 1, 2, CAP("Alert", INFO(UNTIL("15T23:00:00"), SAME("006075"))));
    settle();
    breaks(pd);
    answers(CALL_GEOCODES, 0, STORE_FAILED);
    settle();
    assert_int_equal(calls(CALL_ALERT), 1);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begins, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_each_document),
        STORY(test_restricted_and_private_are_kept_and_shown_to_nobody),
        STORY(test_the_same_document_again_is_a_repeat),
        STORY(test_residents_send_no_documents),
        STORY(test_who_must_sign),
        STORY(test_a_refused_signature_is_on_record_before_it_is_answered),
        STORY(test_what_is_not_placed_is_told_in_the_inbox_too),
        STORY(test_geocodes_wait_for_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
