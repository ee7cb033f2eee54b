/* The policy of alerts, a line of a table each: who says what, and what is answered. */
#include "tests/stories/alert_case.h"

#define NATIVE(category, more) "\"category\":\"" category "\"," SAYS_ENOUGH "," more
#define CIRCLE(metres)                                                                                       \
    "\"place\":{\"circle\":{\"center\":{\"latE7\":377737000,\"lonE7\":-1224152000},\"radiusM\":" metres "}}"
#define CORNER(lat, lon) "{\"latE7\":" lat ",\"lonE7\":" lon "}"
#define BOX(south, west, north, east)                                                                        \
    "\"place\":{\"polygons\":{\"polygons\":[{\"rings\":[{\"points\":[" CORNER(south, west) "," CORNER(       \
        south, east) "," CORNER(north, east) "," CORNER(north, west) "," CORNER(south, west) "]}]}]}}"
#define BOX_HERE BOX("377600000", "-1224200000", "377700000", "-1224100000")

enum who { RESIDENT, STRANGER, BANNED, ONCE_BANNED, AGENCY, SIGNER, ANYWHERE };

static const struct policy {
    enum who who;
    const char *fields, *answer;
} policies[] = {
    /* what a resident may say */
    {RESIDENT, CRIME_HERE, "0x00*"},
    {STRANGER, CRIME_HERE, "0x00*"},
    {RESIDENT, NATIVE("crime", AT_HERE), "0x00*"},
    {RESIDENT, NATIVE("crime", CIRCLE("8000")), "0x00*"},
    {RESIDENT, NATIVE("crime", CIRCLE("8001")), "0x87*circle.radius_m: at most 8000*"},
    {RESIDENT, NATIVE("crime", BOX_HERE), "0x87*polygons: *"},
    {RESIDENT, NATIVE("crime", "\"caseNumber\":\"7\"," AT_HERE), "0x87*case_number: *"},
    {RESIDENT, NATIVE("crime", "\"rewardOffer\":\"much\"," AT_HERE), "0x87*reward_offer: *"},
    {RESIDENT, NATIVE("crime", "\"status\":\"TEST\"," AT_HERE), "0x87*status: *"},
    {RESIDENT, NATIVE("crime", "\"status\":\"ACTUAL\"," AT_HERE), "0x00*"},
    {RESIDENT, NATIVE("crime", "\"event\":\"x\"," AT_HERE), "0x87*event: *"},
    {RESIDENT, NATIVE("crime", "\"texts\":[{\"language\":\"es\",\"headline\":\"x\"}]," AT_HERE),
        "0x87*texts: *"},
    /* and must */
    {RESIDENT, "\"category\":\"safety\",\"headline\":\"Street light out\"," AT_HERE, "0x00*"},
    {RESIDENT, "\"category\":\"crime\",\"headline\":\"Break-in\"," AT_HERE,
        "0x99*description: needed*vehicle*"},
    {RESIDENT, "\"category\":\"suspicious\",\"headline\":\"Man\",\"description\":\"Black male\"," AT_HERE,
        "0x99*description: says only*which way they went*"},
    {RESIDENT,
        "\"category\":\"suspicious\",\"headline\":\"Hombre\",\"description\":\"Hombre "
        "negro\",\"language\":\"es\"," AT_HERE,
        "0x99*description: solo dice*ropa*"},
    {RESIDENT, "\"category\":\"other\",\"headline\":\"Gypsies\"," AT_HERE, "0x99*headline: says only*"},
    {AGENCY, "\"category\":\"crime\",\"headline\":\"Wanted\"," IN_AN_HOUR "," AT_HERE, "0x00*"},
    /* who is banned says nothing, and is told why and until when */
    {BANNED, CRIME_HERE, "0x87*sender: banned until 2023-11-14 23:13 UTC: spreads rumours*"},
    {ONCE_BANNED, CRIME_HERE, "0x00*"},
    /* until when */
    {RESIDENT, NATIVE("crime", "\"expires\":1702592000000," AT_HERE), "0x00*"},
    {RESIDENT, NATIVE("crime", "\"expires\":1702592060000," AT_HERE), "0x99*expires: at most 30 days*"},
    {RESIDENT, NATIVE("crime", "\"expires\":1699999999000," AT_HERE),
        "0x99*expires: must lie in the future*"},
    {AGENCY, NATIVE("crime", AT_HERE), "0x99*expires: required of an agency*"},
    {AGENCY, NATIVE("crime", "\"expires\":1702592060000," AT_HERE), "0x99*expires: at most 30 days*"},
    {AGENCY, NATIVE("crime", "\"expires\":1699999999000," AT_HERE), "0x00*"},
    /* where an agency may */
    {AGENCY, CRIME_HERE, "0x00*"},
    {AGENCY, NATIVE("crime", IN_AN_HOUR "," BOX_HERE), "0x00*"},
    {AGENCY, NATIVE("crime", IN_AN_HOUR "," AT_AWAY), "0x87*place: *jurisdiction*"},
    {AGENCY, NATIVE("crime", IN_AN_HOUR "," CIRCLE("3000")), "0x87*place: *jurisdiction*"},
    {AGENCY, NATIVE("crime", IN_AN_HOUR "," CIRCLE("1400")), "0x00*"},
    {AGENCY, NATIVE("crime", IN_AN_HOUR "," BOX("377600000", "-1224200000", "378000000", "-1224100000")),
        "0x87*place: *jurisdiction*"},
    {ANYWHERE, NATIVE("crime", IN_AN_HOUR "," AT_AWAY), "0x00*"},
    /* what waits for a second officer */
    {AGENCY, NATIVE("crime", "\"severity\":\"SEVERE\"," IN_AN_HOUR "," AT_HERE),
        "0x00 public-id=* revision=1"},
    {AGENCY, NATIVE("crime", "\"severity\":\"EXTREME\"," IN_AN_HOUR "," AT_HERE),
        "0x00*pending=a second officer*"},
    {AGENCY, NATIVE("crime", "\"severity\":\"EXTREME\",\"status\":\"EXERCISE\"," IN_AN_HOUR "," AT_HERE),
        "0x00 public-id=* revision=1"},
    {ANYWHERE, NATIVE("crime", "\"severity\":\"EXTREME\"," IN_AN_HOUR "," AT_HERE),
        "0x00 public-id=* revision=1"},
    {ANYWHERE, NATIVE("crime", IN_AN_HOUR "," CIRCLE("300000")), "0x00 public-id=* revision=1"},
    {RESIDENT, NATIVE("crime", "\"severity\":\"EXTREME\"," AT_HERE), "0x00 public-id=* revision=1"},
    /* who must sign sends nothing unsigned */
    {SIGNER, CRIME_HERE, "0x87*payload: *signature*"},
};

static struct client *comes_as(enum who who)
{
    static const char *const names[] = {
        "user/ann", "user/new", "user/bad", "user/good", "agency/pd", "agency/sign", "agency/state"};
    enrolled(names[who], who <= ONCE_BANNED ? "home-1" : "", who == RESIDENT ? HERE_LEAF : "");
    if (who == BANNED)
        trusted(names[who], (struct principal_record){.banned_until = stage_now() + 3600000,
                                .ban_reason = TEXT("spreads rumours")});
    if (who == ONCE_BANNED)
        trusted(names[who], (struct principal_record){.banned_until = stage_now()});
    if (who == AGENCY)
        trusted_within(names[who], HERE, (struct principal_record){0});
    if (who == SIGNER)
        trusted(names[who], (struct principal_record){.must_sign = true});
    if (who == ANYWHERE)
        trusted(names[who], (struct principal_record){.no_approval = true});
    return comes(names[who], "phone", (struct manner){0});
}

static void test_each_policy_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
        char id[16], pattern[200];
        struct client *client = comes_as(policies[i].who);
        snprintf(id, sizeof(id), "line-%zu", i);
        snprintf(pattern, sizeof(pattern), "PUBACK 1 %s", policies[i].answer);
        warns(client, 1, id, policies[i].fields);
        hears(client, pattern);
        disconnects(client, 0);
        stage_end(state);
        stage_begin(state);
    }
}

static void test_a_large_area_waits_for_a_second_officer(void **state)
{
    (void)state;
    stage.options.approval_km2 = 10;
    stage_restart();
    enrolled("agency/pd", "", "");
    struct client *pd = comes("agency/pd", "desk", (struct manner){0});
    warns(pd, 1, "a", NATIVE("crime", IN_AN_HOUR "," CIRCLE("1700")));
    hears(pd, "PUBACK 1 0x00 public-id=* revision=1");
    warns(pd, 2, "b", NATIVE("crime", IN_AN_HOUR "," CIRCLE("1800")));
    hears(pd, "PUBACK 2 0x00*pending=*");
    was_called(CALL_ALERT, "act=1 channels=* listed approval");
}

static void test_a_repeat_that_comes_after_its_time_is_no_refusal(void **state)
{
    (void)state;
    struct client *ann = comes_as(RESIDENT);
    warns(ann, 1, "a", CRIME_HERE);
    hears(ann, "PUBACK 1 0x00*");
    passes(3700000);
    ann = comes_as(RESIDENT);
    warns(ann, 2, "a", CRIME_HERE);
    hears(ann, "PUBACK 2 0x00*");
    was_called(CALL_ALERT, "* only_known");
    warns(ann, 3, "b", CRIME_HERE);
    hears(ann, "PUBACK 3 0x99*expires: must lie in the future*");
}

static void test_what_expired_on_the_way_is_kept_for_an_agency_and_told_to_nobody(void **state)
{
    (void)state;
    struct client *pd = comes_as(AGENCY);
    warns(pd, 1, "a", NATIVE("crime", "\"expires\":1699999999000," AT_HERE));
    hears(pd, "PUBACK 1 0x00 * not-shown=R32: *");
    was_called(CALL_ALERT, "act=1 channels=0 references=0");
}

static void test_over_a_limit_says_when_to_come_back(void **state)
{
    (void)state;
    struct client *ann = comes_as(RESIDENT);
    will_answer(CALL_ALERT, STORE_LIMITED);
    warns(ann, 1, "a", CRIME_HERE);
    hears(ann, "PUBACK 1 0x97*sender: too many alerts*retry-after=91*");
}

/* Whom the acknowledgement tells nothing, the inbox tells all: when to come back, and a long reason whole, in
 * JSON too. */
static void test_the_inbox_says_as_much_as_an_acknowledgement(void **state)
{
    char reason[LIMIT_HEADLINE + 1], expected[LIMIT_HEADLINE + 100];
    (void)state;
    comes_as(RESIDENT);
    struct client *old = comes("user/ann", "old", (struct manner){.version = MQTT_3_1_1});
    follows(old, "nb/v1/json/inbox/#", 1);
    will_answer(CALL_ALERT, STORE_LIMITED);
    warns(old, 1, "a", CRIME_HERE);
    hears(old, "PUBACK 1 0x00");
    hears(old, "refused nb/v1/alert #1 seq=0 0x97 sender: too many alerts* retry-after=91 *");
    memset(reason, 'x', LIMIT_HEADLINE);
    reason[LIMIT_HEADLINE] = 0;
    trusted("user/ann",
        (struct principal_record){.banned_until = stage_now() + 3600000, .ban_reason = text_of(reason)});
    settle();
    warns(old, 2, "b", CRIME_HERE);
    hears(old, "PUBACK 2 0x00");
    snprintf(
        expected, sizeof expected, "refused nb/v1/alert #2 seq=0 0x87 sender: banned until *: %s *", reason);
    hears(old, expected);
}

static void test_an_id_with_other_words_is_refused(void **state)
{
    (void)state;
    struct client *ann = comes_as(RESIDENT);
    warns(ann, 1, "a", CRIME_HERE);
    hears(ann, "PUBACK 1 0x00*");
    warns(ann, 2, "a", NATIVE("fire", AT_HERE));
    hears(ann, "PUBACK 2 0x83*sender_alert_id: *");
}

/* Within 150 m and 10 minutes, of one category, by others: one incident. */
static void test_reports_of_the_same_thing_are_one(void **state)
{
    static const struct {
        const char *fields;
        int64_t later;
        bool merged;
    } reports[] = {
        {"\"category\":\"crime\"," SAYS_ENOUGH
         ",\"place\":{\"point\":{\"latE7\":377746000,\"lonE7\":-1224152000}}",
            0, true}, /* 100 m */
        {"\"category\":\"crime\"," SAYS_ENOUGH
         ",\"place\":{\"point\":{\"latE7\":377754000,\"lonE7\":-1224152000}}",
            0, false}, /* 190 m, same leaf cell */
        {NATIVE("fire", AT_HERE), 0, false},
        {NATIVE("crime", AT_HERE), 540000, true},
        {NATIVE("crime", AT_HERE), 660000, false},
    };
    for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
        char first[PUBLIC_ID + 1], second[PUBLIC_ID + 1];
        struct client *ann = comes_as(RESIDENT), *new = comes_as(STRANGER);
        warns(ann, 1, "a", CRIME_HERE);
        learns_id(ann, first);
        passes(reports[i].later);
        warns(new, 1, "b", reports[i].fields);
        learns_id(new, second);
        if ((strcmp(first, second) == 0) != reports[i].merged)
            fail_msg("report %zu: %s", i, reports[i].merged ? "not merged" : "merged");
        stage_end(state);
        stage_begin(state);
    }
}

static void test_a_sender_does_not_merge_with_itself(void **state)
{
    char first[PUBLIC_ID + 1], second[PUBLIC_ID + 1];
    (void)state;
    struct client *ann = comes_as(RESIDENT);
    warns(ann, 1, "a", CRIME_HERE);
    learns_id(ann, first);
    warns(ann, 2, "b", CRIME_HERE);
    learns_id(ann, second);
    assert_string_not_equal(first, second);
}

static void test_merging_can_be_turned_off(void **state)
{
    char first[PUBLIC_ID + 1], second[PUBLIC_ID + 1];
    (void)state;
    stage.options.merge_ms = 0;
    stage_restart();
    struct client *ann = comes_as(RESIDENT), *new = comes_as(STRANGER);
    warns(ann, 1, "a", CRIME_HERE);
    learns_id(ann, first);
    passes(2);
    warns(new, 1, "b", CRIME_HERE);
    learns_id(new, second);
    assert_string_not_equal(first, second);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, stage_begin, stage_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(test_each_policy_line),
        STORY(test_a_large_area_waits_for_a_second_officer),
        STORY(test_a_repeat_that_comes_after_its_time_is_no_refusal),
        STORY(test_what_expired_on_the_way_is_kept_for_an_agency_and_told_to_nobody),
        STORY(test_over_a_limit_says_when_to_come_back),
        STORY(test_the_inbox_says_as_much_as_an_acknowledgement),
        STORY(test_an_id_with_other_words_is_refused),
        STORY(test_reports_of_the_same_thing_are_one),
        STORY(test_a_sender_does_not_merge_with_itself),
        STORY(test_merging_can_be_turned_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
