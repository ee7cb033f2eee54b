/* Every rule of the codec, a line per case, in both encodings. Those of motion: test_codec_motion.c. */
#include "tests/unit/test_codec.h"

#define POINT "\"place\":{\"point\":{\"latE7\":340687000,\"lonE7\":-1180276000}}"
#define ALERT(fields)                                                                                        \
    "{\"senderAlertId\":\"a1\",\"category\":\"crime\",\"headline\":\"Car broken into\"," fields "}"
#define PLACED(fields) ALERT(POINT "," fields)
#define CENTER "\"center\":{\"latE7\":1,\"lonE7\":2}"
#define RING "{\"points\":[{\"latE7\":1},{\"latE7\":2},{\"lonE7\":3},{\"latE7\":1}]}"
#define A16 "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
#define POLYGONS(polygons) ALERT("\"place\":{\"polygons\":{\"polygons\":[" polygons "]}}")

static void test_alert(void **state)
{
    (void)state;
    static const struct codec_case cases[] = {
        {ALERT(POINT), NULL, NULL},
        {"{\"category\":1,\"headline\":\"x\"," POINT "}", "sender_alert_id", "required"},
        {"{\"senderAlertId\":\"a b\",\"category\":1,\"headline\":\"x\"," POINT "}", "sender_alert_id",
            "printable"},
        {"{\"senderAlertId\":\"\xC3\xA4\",\"category\":1,\"headline\":\"x\"," POINT "}", "sender_alert_id",
            "printable"},
        {"{\"senderAlertId\":\"" X64 "x\",\"category\":1,\"headline\":\"x\"," POINT "}", "sender_alert_id",
            "at most 64"},
        {"{\"senderAlertId\":\"a\",\"headline\":\"x\"," POINT "}", "category", "required"},
        {"{\"senderAlertId\":\"a\",\"category\":11,\"headline\":\"x\"," POINT "}", "category",
            "one of crime, safety"},
        {"{\"senderAlertId\":\"a\",\"category\":\"lost_pet\"," POINT "}", "headline", "required"},
        {"{\"senderAlertId\":\"a\",\"category\":\"fire\",\"headline\":\"x\"}", "place", "required"},
        {"{\"senderAlertId\":\"a\",\"category\":\"fire\",\"headline\":\"x\",\"place\":{}}", "place",
            "required"},
        {PLACED("\"msgType\":\"ALERT\",\"references\":[\"b\"]"), "references", "none with ALERT"},
        {PLACED("\"references\":[\"b\"]"), "references", "none with ALERT"},
        {PLACED("\"msgType\":\"UPDATE\""), "references", "required"},
        {PLACED("\"msgType\":\"UPDATE\",\"references\":[\"b\",\"c\"]"), NULL, NULL},
        {PLACED("\"msgType\":\"UPDATE\",\"references\":[\"b\",\"\"]"), "references[1]", "not empty"},
        {PLACED("\"msgType\":\"UPDATE\",\"references\":[\"b c\"]"), "references[0]", "printable"},
        {PLACED("\"msgType\":\"UPDATE\",\"references\":[" A16 A16 A16 A16 "\"a\"]"), "references",
            "at most 64"},
        {"{\"senderAlertId\":\"a\",\"msgType\":\"CANCEL\",\"references\":[\"b\"]}", NULL, NULL},
        {"{\"senderAlertId\":\"a\",\"msgType\":\"CANCEL\"}", "references", "required"},
        {PLACED("\"msgType\":4"), "msg_type", "one of ALERT, UPDATE, CANCEL"},
        {PLACED("\"severity\":6"), "severity", "one of UNKNOWN, MINOR"},
        {PLACED("\"urgency\":\"IMMEDIATE\",\"certainty\":\"OBSERVED\",\"severity\":\"EXTREME\""), NULL, NULL},
        {PLACED("\"urgency\":6"), "urgency", "one of"},
        {PLACED("\"certainty\":-3"), "certainty", "one of"},
        {PLACED("\"description\":\"two\\nlines\\tand \xF0\x9F\x90\x88\""), NULL, NULL},
        {PLACED("\"description\":\"\\u001b[31m\""), "description", "no control characters"},
        {PLACED("\"description\":\"\\u009b31m\""), "description", "no control characters"},
        {PLACED("\"web\":\"https://example.org/a?b\""), NULL, NULL},
        {PLACED("\"web\":\"javascript:alert(1)\""), "web", "an http or https address"},
        {PLACED("\"web\":\"http://a b\""), "web", "printable"},
        {PLACED("\"language\":\"es-US\""), NULL, NULL},
        {PLACED("\"language\":\"e s\""), "language", "letters"},
        {PLACED("\"caseNumber\":\"" X64 "x\""), "case_number", "at most 64"},
        {PLACED("\"effective\":5,\"expires\":6"), NULL, NULL},
        {PLACED("\"effective\":5,\"expires\":5"), "expires", "after effective"},
        {PLACED("\"effective\":-5"), "effective", "a whole number from 0"},
        {PLACED("\"expires\":\"9007199254740992\""), "expires", "a whole number from 0"},
        {PLACED("\"state\":77"), "state", "one of IN_FORCE, ENDED"},
    };
    TRY("alert", cases);
}

static void test_place(void **state)
{
    (void)state;
    static const struct codec_case cases[] = {
        {ALERT("\"place\":{\"point\":{\"latE7\":-900000001}}"), "place.point.lat_e7", "between"},
        {ALERT("\"place\":{\"circle\":{" CENTER ",\"radiusM\":500}}"), NULL, NULL},
        {ALERT("\"place\":{\"circle\":{" CENTER "}}"), "place.circle.radius_m", "between 1 and 500000"},
        {ALERT("\"place\":{\"circle\":{" CENTER ",\"radiusM\":500001}}"), "place.circle.radius_m", "between"},
        {ALERT("\"place\":{\"circle\":{\"radiusM\":5}}"), "place.circle.center", "required"},
        {ALERT("\"place\":{\"circle\":{\"center\":{\"lonE7\":1800000001},\"radiusM\":5}}"),
            "place.circle.center.lon_e7", "between"},
        {POLYGONS("{\"rings\":[" RING "," RING "]},{\"rings\":[" RING "]}"), NULL, NULL},
        {POLYGONS(""), "place.polygons.polygons", "at least 1"},
        {POLYGONS("{}"), "place.polygons.polygons[0].rings", "at least 1"},
        {POLYGONS("{\"rings\":[" RING "]},{\"rings\":[" RING ",{\"points\":[{},{},{}]}]}"),
            "place.polygons.polygons[1].rings[1].points", "at least 4"},
        {POLYGONS("{\"rings\":[{\"points\":[{\"latE7\":1},{},{},{}]}]}"),
            "place.polygons.polygons[0].rings[0].points", "the last point the same"},
        {POLYGONS("{\"rings\":[{\"points\":[{},{},{\"latE7\":900000001},{}]}]}"),
            "place.polygons.polygons[0].rings[0].points[2].lat_e7", "between"},
    };
    TRY("alert", cases);
}

static void test_what_clients_receive(void **state)
{
    (void)state;
    static const struct codec_case items[] = {
        {"{\"channel\":\"9q5cs\",\"cell\":\"9q5csy\",\"cursor\":\"abc=\",\"activity\":{\"kind\":\"PERSON\","
         "\"phase\":\"START\",\"at\":60000}}",
            NULL, NULL},
        {"{\"alert\":{\"publicId\":\"aa\",\"revision\":2,\"state\":\"ENDED\"}}", NULL, NULL},
        {"{\"gap\":{\"from\":1,\"to\":2}}", NULL, NULL},
        {"{}", "item", "one of activity, alert, gap"},
        {"{\"gap\":{\"from\":-1}}", "gap.from", "a whole number from 0"},
        {"{\"alert\":{\"state\":3}}", "alert.state", "one of IN_FORCE, ENDED"},
        {"{\"activity\":{\"kind\":9}}", "activity.kind", "one of"},
        {"{\"activity\":{\"confidence\":101}}", "activity.confidence", "between"},
        {"{\"cell\":\"9q5csy9q5csyx\",\"gap\":{}}", "cell", "at most 12"},
    };
    TRY("feed_item", items);
    static const struct codec_case heartbeats[] = {
        {"{\"cursors\":[{\"channel\":\"9q5cs\",\"cursor\":\"x\"}],\"asOf\":\"17\",\"stale\":true}", NULL,
            NULL},
        {"{\"cursors\":[{\"cursor\":\"a b\"}]}", "cursors[0].cursor", "printable"},
        {"{\"asOf\":-1}", "as_of", "a whole number from 0"},
    };
    TRY("heartbeat", heartbeats);
    static const struct codec_case refusals[] = {
        {"{\"topic\":\"nb/v1/"
         "motion\",\"packetId\":65535,\"seq\":3,\"code\":153,\"field\":\"at\",\"rule\":\"r\"}",
            NULL, NULL},
        {"{\"packetId\":65536}", "packet_id", "at most 65535"},
        {"{\"code\":256}", "code", "at most 255"},
    };
    TRY("refused", refusals);
    static const struct codec_case pages[] = {
        {"{\"items\":[{\"gap\":{}}],\"from\":1,\"to\":2,\"complete\":true,\"next\":\"n\"}", NULL, NULL},
        {"{\"items\":[{\"gap\":{}},{}]}", "items[1].item", "one of"},
        {"{\"to\":-2}", "to", "a whole number from 0"},
    };
    TRY("history_page", pages);
    static const struct codec_case infos[] = {
        {"{\"channelPrecision\":5,\"leafPrecision\":6,\"radiiM\":[400,800],\"logPublicKey\":\"AAAA\"}", NULL,
            NULL},
        {"{\"radiiM\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}", "radii_m", "at most 16"},
    };
    TRY("info", infos);
}

/* What a browser is to be told in the background. */
static void test_push(void **state)
{
    (void)state;
#define WHOLE                                                                                                \
    "{\"endpoint\":\"https://p/"                                                                             \
    "x\",\"p256dh\":\"BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+"  \
    "P0A=\",\"auth\":\"AAECAwQFBgcICQoLDA0ODw==\","
    static const struct codec_case subscriptions[] = {
        {WHOLE "\"places\":[{\"cell\":\"9q5csy\",\"metres\":400}]}", NULL, NULL},
        {"{\"endpoint\":\"https://p/x\",\"remove\":true}", NULL, NULL},
        {"{}", "endpoint", "required"},
        {"{\"endpoint\":\"https://p/ x\",\"remove\":true}", "endpoint", "printable"},
        {"{\"endpoint\":\"https://p/x\",\"remove\":true,\"places\":[{\"cell\":\"9q5csy\",\"metres\":400}]}",
            "places", "not with remove"},
        {"{\"endpoint\":\"https://p/x\",\"places\":[{\"cell\":\"9q5csy\",\"metres\":400}]}", "p256dh",
            "65 bytes"},
        {"{\"endpoint\":\"https://p/"
         "x\",\"p256dh\":"
         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\","
         "\"places\":[{\"cell\":\"9q5csy\",\"metres\":400}]}",
            "p256dh", "uncompressed"},
        {"{\"endpoint\":\"https://p/"
         "x\",\"p256dh\":"
         "\"BAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=\","
         "\"auth\":\"AAAA\",\"places\":[{\"cell\":\"9q5csy\",\"metres\":400}]}",
            "auth", "16 bytes"},
        {WHOLE "\"categories\":[]}", "places", "1 to 8"},
        {WHOLE "\"places\":[{\"metres\":400}]}", "places[0].cell", "required"},
        {WHOLE "\"places\":[{},{},{},{},{},{},{},{},{}]}", "places", "at most 8"},
        {WHOLE "\"categories\":[\"fire\",\"UNSPECIFIED\"],\"places\":[{\"cell\":\"9q5csy\",\"metres\":400}]}",
            "categories[1]", "one of"},
        {WHOLE "\"least\":[{\"category\":\"fire\"}],\"places\":[{\"cell\":\"9q5csy\",\"metres\":400}]}",
            "least[0].severity", "required"},
    };
#undef WHOLE
    TRY("push_subscription", subscriptions);
    static const struct codec_case notices[] = {
        {"{\"publicId\":\"a\",\"revision\":1,\"state\":\"ENDED\"}", NULL, NULL},
        {"{\"expires\":-1}", "expires", "a whole number from 0"},
        {"{\"cell\":\"+\"}", "cell", "letters, digits"},
    };
    TRY("push_notice", notices);
}

static void test_history_query(void **state)
{
    (void)state;
    static const struct codec_case cases[] = {
        {"{\"nearCell\":\"9q5csy\",\"metres\":1600,\"from\":1,\"to\":2,\"limit\":500,\"page\":\"p\"}", NULL,
            NULL},
        {"{\"cells\":[\"9q5c\",\"9q5d\"]}", NULL, NULL},
        {"{}", "near_cell", "either"},
        {"{\"nearCell\":\"9q5csy\",\"metres\":400,\"cells\":[\"9\"]}", "near_cell", "either"},
        {"{\"nearCell\":\"9q5csy\"}", "metres", "one of 400"},
        {"{\"nearCell\":\"9q5csy\",\"metres\":1000}", "metres", "one of 400"},
        {"{\"cells\":[\"9q5c\"],\"metres\":400}", "metres", "only with near_cell"},
        {"{\"cells\":[\"9q5c\",\"\"]}", "cells[1]", "a geohash"},
        {"{\"cells\":[\"9q5c\"],\"from\":2,\"to\":2}", "to", "after from"},
        {"{\"cells\":[\"9q5c\"],\"limit\":501}", "limit", "at most 500"},
        {"{\"cells\":[\"9q5c\"],\"class\":\"exercise\"}", NULL, NULL},
        {"{\"cells\":[\"9q5c\"],\"class\":\"+\"}", "class", "activity, incident"},
    };
    TRY("history_query", cases);
}

/* What is said of an alert. */
static void test_judging(void **state)
{
    (void)state;
    static const struct codec_case witnesses[] = {
        {"{\"publicId\":\"00ff\"}", NULL, NULL},
        {"{}", "public_id", "required"},
        {"{\"publicId\":\"a/b\"}", "public_id", "letters, digits"},
        {"{\"publicId\":\"a\",\"at\":-1}", "at", "a whole number from 0"},
        {"{\"publicId\":\"a\",\"remark\":\"a\\u0001\"}", "remark", "no control characters"},
    };
    TRY("witness", witnesses);
    static const struct codec_case flags[] = {
        {"{\"publicId\":\"00ff\",\"reason\":\"PRIVACY\"}", NULL, NULL},
        {"{\"publicId\":\"00ff\"}", "reason", "required"},
        {"{\"publicId\":\"00ff\",\"reason\":7}", "reason", "one of FALSE_REPORT"},
        {"{\"reason\":1}", "public_id", "required"},
    };
    TRY("flag", flags);
    static const struct codec_case verdicts[] = {
        {"{\"publicId\":\"00ff\",\"decision\":\"REMOVED\",\"reason\":\"r\"}", NULL, NULL},
        {"{\"publicId\":\"00ff\"}", "decision", "required"},
        {"{\"publicId\":\"00ff\",\"decision\":6}", "decision", "one of CONFIRMED"},
        {"{\"publicId\":\"00ff\",\"decision\":1,\"caseNumber\":\"" X64 "x\"}", "case_number", "at most 64"},
    };
    TRY("verdict", verdicts);
}

static void test_footage(void **state)
{
    (void)state;
    static const struct codec_case requests[] = {
        {"{}", NULL, NULL}, /* the kind asks for what an agency must say */
        {"{\"incident\":13}", "incident", "one of BURGLARY"},
        {"{\"senderRequestId\":\"a b\"}", "sender_request_id", "without spaces"},
        {"{\"caseNumber\":\"" X64 "x\"}", "case_number", "at most 64"},
        {"{\"from\":-1}", "from", "a whole number"},
        {"{\"answerAt\":-1}", "answer_at", "a whole number"},
        {"{\"place\":{\"circle\":{\"center\":{},\"radiusM\":0}}}", "place.circle.radius_m",
            "between 1 and 500000"},
        {"{\"devices\":[\"cam-1\",\"cam 2\"]}", "devices[1]", "letters, digits"},
    };
    TRY("footage_request", requests);
    static const struct codec_case resolves[] = {
        {"{\"caseNumber\":\"24-1\",\"outcome\":\"SOLVED\",\"requestIds\":[\"00ff\"]}", NULL, NULL},
        {"{\"outcome\":\"SOLVED\"}", "case_number", "required"},
        {"{\"caseNumber\":\"24-1\"}", "outcome", "required"},
        {"{\"caseNumber\":\"24-1\",\"outcome\":4}", "outcome", "one of SOLVED"},
        {"{\"caseNumber\":\"24-1\",\"outcome\":1,\"requestIds\":[\"0 1\"]}", "request_ids[0]", "letters"},
    };
    TRY("resolve", resolves);
}

/* What a household decides, and what is wished of deliveries. */
static void test_settings(void **state)
{
    (void)state;
    static const struct codec_case settings[] = {
        {"{}", NULL, NULL},
        {"{\"quiet\":[{\"fromMinute\":1440}]}", "quiet[0].from_minute", "0 to 1439"},
        {"{\"quiet\":[{\"toMinute\":1440}]}", "quiet[0].to_minute", "0 to 1439"},
        {"{\"quiet\":[{},{\"weekdays\":128}]}", "quiet[1].weekdays", "0 to 127"},
        {"{\"quiet\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}", "quiet", "at most 14"},
        {"{\"quietPasses\":6}", "quiet_passes", "one of"},
        {"{\"least\":[{\"severity\":2},{\"category\":1,\"severity\":3}]}", NULL, NULL},
        {"{\"least\":[{\"category\":1}]}", "least[0].severity", "required"},
        {"{\"least\":[{\"severity\":2},{\"severity\":3}]}", "least[1].category", "each at most once"},
        {"{\"least\":[{\"category\":11,\"severity\":2}]}", "least[0].category", "one of"},
        {"{\"digestMinutes\":4}", "digest_minutes", "5 to 1440"},
        {"{\"digestMinutes\":1441}", "digest_minutes", "5 to 1440"},
        {"{\"timeZone\":\"../etc\"}", "time_zone", "the name of a zone"},
        {"{\"timeZone\":\"/etc/x\"}", "time_zone", "the name of a zone"},
        {"{\"timeZone\":\"Etc/GMT+8\"}", NULL, NULL},
        {"{\"language\":\"es US\"}", "language", "letters, digits"},
        {"{\"retentionDays\":180}", NULL, NULL},
        {"{\"retentionDays\":2}", "retention_days", "one of 1, 3, 7, 14, 21, 30, 60, 90, 120, 180"},
        {"{\"retentionDays\":181}", "retention_days", "one of 1, 3"},
        {"{\"sharing\":{}}", NULL, NULL},
        {"{\"sharing\":{\"rules\":[{\"device\":\"a b\"}]}}", "sharing.rules[0].device", "letters, digits"},
        {"{\"sharing\":{\"rules\":[{},{\"kinds\":[8]}]}}", "sharing.rules[1].kinds[0]", "one of MOTION"},
        {"{\"sharing\":{\"rules\":[{\"kinds\":[0]}]}}", "sharing.rules[0].kinds[0]", "must be told"},
        {"{\"sharing\":{\"rules\":[{\"hours\":[{\"toMinute\":1440}]}]}}",
            "sharing.rules[0].hours[0].to_minute", "0 to 1439"},
        {"{\"sharing\":{\"timeZone\":\"../etc\"}}", "sharing.time_zone", "the name of a zone"},
        {"{\"footage\":{\"rules\":[{\"agency\":\"pd\",\"incidents\":[\"THEFT\"]}]}}", NULL, NULL},
        {"{\"footage\":{\"rules\":[{\"agency\":\"p d\"}]}}", "footage.rules[0].agency", "letters, digits"},
        {"{\"footage\":{\"rules\":[{},{}]}}", "footage.rules[1].agency", "each at most once"},
        {"{\"footage\":{\"rules\":[{\"incidents\":[13]}]}}", "footage.rules[0].incidents[0]",
            "one of BURGLARY"},
    };
    TRY("settings", settings);
}

static void test_forget(void **state)
{
    (void)state;
    static const struct codec_case forgets[] = {
        {"{}", NULL, NULL},
        {"{\"account\":true}", NULL, NULL},
        {"{\"account\":true,\"devices\":[\"a\"]}", "account", "the whole household"},
        {"{\"devices\":[\"\"]}", "devices[0]", "the id of a device"},
        {"{\"devices\":[\"a b\"]}", "devices[0]", "letters, digits"},
        {"{\"devices\":[\"a\"],\"enrolment\":true}", NULL, NULL},
        {"{\"enrolment\":true}", "enrolment", "with devices"},
        {"{\"from\":5,\"to\":4}", "to", "not before from"},
    };
    TRY("forget", forgets);
}

static void test_published_alert(void **state)
{
    (void)state;
    static const struct codec_case texts[] = {
        {"{\"texts\":[{\"language\":\"es\",\"headline\":\"h\"}],\"status\":\"EXERCISE\"}", NULL, NULL},
        {"{\"texts\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}", "texts", "at most 16"},
        {"{\"texts\":[{\"language\":\"e s\"}]}", "texts[0].language", "letters, digits"},
        {"{\"status\":6}", "status", "one of ACTUAL"},
    };
    TRY("published_alert", texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_published_alert),
        cmocka_unit_test(test_what_clients_receive),
        cmocka_unit_test(test_history_query),
        cmocka_unit_test(test_push),
        cmocka_unit_test(test_judging),
        cmocka_unit_test(test_footage),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
