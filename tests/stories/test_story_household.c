/* Stories of what a household decides: what neighbors may see of its devices, by device, kind and hours; how
 * long what they sent is kept; who may ask for footage. */
#include "tests/stories/stage.h"

static const struct manner stays = {.expiry_s = 3600};
#define CAM "device/cam-1"

static struct client *ann, *cam;

static int a_household(void **state)
{
    stage_begin(state);
    enrolled("user/ann", "h1", HERE_LEAF);
    enrolled(CAM, "h1", HERE_LEAF);
    ann = comes("user/ann", "phone", stays);
    cam = comes(CAM, "1", stays);
    return 0;
}

static void decides(const char *json)
{
    publishes(ann, "nb/v1/settings", 1, 9, json);
    hears(ann, "PUBACK 9 0x00*");
}

/* The camera sends an event of that kind, and it is kept; `shared`: and may be published. */
static void is_shared(const char *kind, bool shared)
{
    char json[256];
    snprintf(json, sizeof(json), "{\"events\":[{\"phase\":\"START\",\"kind\":\"%s\",\"at\":\"%lld\"}]}", kind,
        (long long)stage_now());
    publishes(cam, "nb/v1/motion", 1, 5, json);
    hears(cam, "PUBACK 5 0x00*");
    was_called(CALL_MOTION, shared ? CAM " * 0 *" : CAM " * 0! *");
}

static void until_the_household_decides_enrolment_says_what_is_shared(void **state)
{
    (void)state;
    is_shared("PERSON", true); /* the stage enrolls with everything shared */
    decides("{\"sharing\":{}}");
    is_shared("PERSON", false);
}

static void a_device_is_judged_by_the_rules_that_name_it(void **state)
{
    (void)state;
    decides("{\"sharing\":{\"rules\":[{\"kinds\":[\"PERSON\",\"VEHICLE\"]}]}}");
    is_shared("PERSON", true);
    is_shared("DOORBELL", false);
    decides("{\"sharing\":{\"rules\":[{\"kinds\":[\"PERSON\"]},{\"device\":\"cam-1\",\"kinds\":[\"DOORBELL\"]"
            "}]}}");
    is_shared("PERSON", false);
    is_shared("DOORBELL", true);
    decides("{\"sharing\":{\"rules\":[{\"kinds\":[\"PERSON\"]},{\"device\":\"cam-1\"}]}}");
    is_shared("PERSON", false);
}

static void hours_are_those_of_the_households_clock(void **state)
{
    (void)state;
    /* The two hours from now on in Tokyo, which has one clock all the year; any day. */
    int64_t minute = (stage_now() / 60000 + 9 * 60) % 1440;
    char json[256];
    snprintf(json, sizeof(json),
        "{\"sharing\":{\"timeZone\":\"Asia/"
        "Tokyo\",\"rules\":[{\"kinds\":[\"PERSON\"],\"hours\":[{\"fromMinute\":%d,"
        "\"toMinute\":%d}]}]}}",
        (int)minute, (int)((minute + 120) % 1440));
    decides(json);
    is_shared("PERSON", true);
    passes(119 * 60000);
    cam = comes(CAM, "1", stays);
    is_shared("PERSON", true);
    passes(2 * 60000);
    is_shared("PERSON", false);
}

static void settings_of_a_household_leave_each_others_parts_as_they_are(void **state)
{
    (void)state;
    decides("{\"retentionDays\":30}");
    was_called(CALL_HOUSEHOLD_CHANGE, "h1 rules=-1 days=30 agencies=-1");
    decides("{\"footage\":{\"rules\":[{\"agency\":\"pd\",\"incidents\":[\"THEFT\"]}]},\"sharing\":{}}");
    was_called(CALL_HOUSEHOLD_CHANGE, "h1 rules=0 days=0 agencies=1");
    assert_int_equal(calls(CALL_WISHES), 0); /* and the session's wishes */
    decides("{\"retentionDays\":7,\"least\":[{\"severity\":\"SEVERE\"}]}");
    assert_int_equal(calls(CALL_WISHES), 1);
    decides("{}"); /* wishes for nothing more */
    assert_int_equal(calls(CALL_WISHES), 2);
    assert_int_equal(calls(CALL_HOUSEHOLD_CHANGE), 3);
}

static void settings_are_acknowledged_when_both_parts_are_stored(void **state)
{
    (void)state;
    holds(CALL_HOUSEHOLD_CHANGE);
    publishes(ann, "nb/v1/settings", 1, 9, "{\"retentionDays\":7,\"digestMinutes\":30}");
    hears_nothing(ann);
    answers(CALL_HOUSEHOLD_CHANGE, 0, STORE_OK);
    hears(ann, "PUBACK 9 0x00*");
}

static void settings_that_break_a_rule_change_nothing(void **state)
{
    (void)state;
    publishes(ann, "nb/v1/settings", 1, 9, "{\"retentionDays\":2}");
    hears(ann, "PUBACK 9 0x99 \"retention_days: one of 1, 3, 7, 14, 21, 30, 60, 90, 120, 180*");
    publishes(
        ann, "nb/v1/settings", 1, 10, "{\"retentionDays\":7,\"sharing\":{\"timeZone\":\"Mars/Olympus\"}}");
    hears(ann, "PUBACK 10 0x99 \"sharing.time_zone: *");
    assert_int_equal(calls(CALL_HOUSEHOLD_CHANGE), 0);
}

static void what_is_to_be_forgotten_is_acknowledged_when_it_is_noted(void **state)
{
    (void)state;
    holds(CALL_FORGET);
    publishes(ann, "nb/v1/forget", 1, 9, "{\"devices\":[\"cam-1\"],\"enrolment\":true}");
    hears_nothing(ann);
    was_called(CALL_FORGET, "h1 by user/ann devices=1 enrolment");
    answers(CALL_FORGET, 0, STORE_OK);
    hears(ann, "PUBACK 9 0x00*");
    publishes(ann, "nb/v1/forget", 1, 9, "{\"account\":true,\"devices\":[\"cam-1\"]}");
    hears(ann, "PUBACK 9 0x99 \"account: *");
    publishes(cam, "nb/v1/forget", 1, 9, "{\"account\":true}");
    hears(cam, "PUBACK 9 0x87*");
    assert_int_equal(calls(CALL_FORGET), 1);
}

static void what_is_held_is_handed_out_part_by_part(void **state)
{
    (void)state;
    publishes(ann, "nb/v1/export", 1, 9, "{}");
    hears(ann, "PUBACK 9 0x83 \"topic: subscribe to*");
    follows(ann, "nb/v1/json/inbox/#", 0);
    publishes(ann, "nb/v1/export", 1, 9, "{}");
    was_called(CALL_EXPORT, "h1 page=");
    hears(ann, "*nb/v1/json/inbox/reply/export*");
    hears(ann, "PUBACK 9 0x00*");
    publishes(ann, "nb/v1/export", 1, 10, "{\"page\":\"l 0 -\"}");
    was_called(CALL_EXPORT, "h1 page=l 0 -");
    hears(ann, "*nb/v1/json/inbox/reply/export*");
    hears(ann, "PUBACK 10 0x00*");
    publishes(cam, "nb/v1/export", 1, 9, "{}");
    hears(cam, "PUBACK 9 0x87*");
}

static void who_has_no_household_cannot_decide_for_one(void **state)
{
    (void)state;
    enrolled("user/eve", "", HERE_LEAF);
    struct client *eve = comes("user/eve", "phone", stays);
    publishes(eve, "nb/v1/settings", 1, 9, "{\"retentionDays\":7}");
    hears(eve, "PUBACK 9 0x87 \"household: *");
    publishes(eve, "nb/v1/settings", 1, 10, "{\"digestMinutes\":30}");
    hears(eve, "PUBACK 10 0x00*");
    assert_int_equal(calls(CALL_HOUSEHOLD_CHANGE), 0);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, a_household, stage_end)
int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(until_the_household_decides_enrolment_says_what_is_shared),
        STORY(a_device_is_judged_by_the_rules_that_name_it),
        STORY(hours_are_those_of_the_households_clock),
        STORY(settings_of_a_household_leave_each_others_parts_as_they_are),
        STORY(settings_are_acknowledged_when_both_parts_are_stored),
        STORY(settings_that_break_a_rule_change_nothing),
        STORY(what_is_to_be_forgotten_is_acknowledged_when_it_is_noted),
        STORY(what_is_held_is_handed_out_part_by_part),
        STORY(who_has_no_household_cannot_decide_for_one),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
