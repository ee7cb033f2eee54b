/* Topics and filters: a row a filter with what must become of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/message.h"
#include "proto/topic.h"

enum { LEAF = 6 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define INCIDENT_AND_AREA (CLASS_INCIDENT | CLASS_AREA)
#define ANY 0xFFFF
#define ONLY(category) (1 << (category))

static void publish_topics(void **state)
{
    (void)state;
    static const char *const names[] = {"", "motion", "alert", "witness", "flag", "verdict",
        "footage-request", "resolve", "footage-answer", "tip", "reward", "settings", "household", "forget",
        "export", "desk", "push", "history"};
    assert_int_equal(COUNT(names), TOPIC_COUNT);
    for (int i = 1; i < TOPIC_COUNT; i++) {
        char whole[64] = "nb/v1/";
        strcat(whole, names[i]);
        assert_int_equal(topic_of(text_of(whole)), i);
        assert_string_equal(topic_name((enum publish_topic)i), whole);
        assert_int_equal(topic_of((struct text){whole, strlen(whole) - 1}), TOPIC_NONE);
        strcat(whole, "/");
        assert_int_equal(topic_of(text_of(whole)), TOPIC_NONE);
    }
    assert_string_equal(topic_name(TOPIC_NONE), "");
    static const char *const none[] = {"", "nb/v1/", "nb/v1/near/9qh1f5/1600/incident/crime/x",
        "nb/v2/motion", "motion", "nb/v1/Motion", "/nb/v1/motion", "nb/v1/json/motion", "$SYS/broker"};
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(topic_of(text_of(none[i])), TOPIC_NONE);
}

static void accepted(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        enum follow_kind kind;
        const char *cell;
        uint32_t metres;
        uint8_t classes;
        uint16_t categories;
        const char *public_id;
    } rows[] = {
        {"near/9qh1f5/1600/#", FOLLOW_NEAR, "9qh1f5", 1600, CLASS_ANY, ANY, ""},
        {"near/9qh1f5/400/+/+/+", FOLLOW_NEAR, "9qh1f5", 400, CLASS_ANY, ANY, ""},
        {"near/zzzzzz/800/incident/#", FOLLOW_NEAR, "zzzzzz", 800, CLASS_INCIDENT, ANY, ""},
        {"near/000000/3200/area/weather/#", FOLLOW_NEAR, "000000", 3200, CLASS_AREA, ONLY(CATEGORY_WEATHER),
            ""},
        {"near/zzzzzz/800/test/#", FOLLOW_NEAR, "zzzzzz", 800, CLASS_TEST, ANY, ""},
        {"cell/9qh1f5/exercise/fire/+", FOLLOW_CELL, "9qh1f5", 0, CLASS_EXERCISE, ONLY(CATEGORY_FIRE), ""},
        {"near/bcdefg/8000/incident/lost_pet/+", FOLLOW_NEAR, "bcdefg", 8000, CLASS_INCIDENT,
            ONLY(CATEGORY_LOST_PET), ""},
        {"near/9qh1f5/1600/+/crime/+", FOLLOW_NEAR, "9qh1f5", 1600, INCIDENT_AND_AREA, ONLY(CATEGORY_CRIME),
            ""},
        {"near/9qh1f5/1600/+/+/0123456789abcdef01234567", FOLLOW_NEAR, "9qh1f5", 1600, INCIDENT_AND_AREA, ANY,
            "0123456789abcdef01234567"},
        {"near/9qh1f5/1600/activity/#", FOLLOW_NEAR, "9qh1f5", 1600, CLASS_ACTIVITY, ANY, ""},
        {"near/9qh1f5/1600/activity/person/-", FOLLOW_NEAR, "9qh1f5", 1600, CLASS_ACTIVITY, ANY, ""},
        {"near/9qh1f5/1600/activity/+/-", FOLLOW_NEAR, "9qh1f5", 1600, CLASS_ACTIVITY, ANY, ""},
        {"near/9qh1f5/1600/+/person/#", FOLLOW_NEAR, "9qh1f5", 1600, CLASS_ACTIVITY, ANY, ""},
        {"near/9qh1f5/1600/+/+/-", FOLLOW_NEAR, "9qh1f5", 1600, CLASS_ACTIVITY, ANY, ""},
        {"cell/9qh1f5/#", FOLLOW_CELL, "9qh1f5", 0, CLASS_ANY, ANY, ""},
        {"cell/9qh1/area/+/+", FOLLOW_CELL, "9qh1", 0, CLASS_AREA, ANY, ""},
        {"cell/9q/#", FOLLOW_CELL, "9q", 0, CLASS_ANY, ANY, ""},
        {"cell/9qh/incident/fire/ab12", FOLLOW_CELL, "9qh", 0, CLASS_INCIDENT, ONLY(CATEGORY_FIRE), "ab12"},
    };
    for (size_t i = 0; i < COUNT(rows) * 2; i++) {
        char whole[128] = "nb/v1/";
        strcat(strcat(whole, i % 2 ? "json/" : ""), rows[i / 2].filter);
        struct follow_filter got;
        struct refusal refusal = {0};
        if (!topic_parse_filter(text_of(whole), LEAF, &got, &refusal))
            fail_msg("%s: 0x%02x %s: %s", whole, refusal.code, refusal.field, refusal.rule);
        assert_int_equal(got.kind, rows[i / 2].kind);
        assert_int_equal(got.json, i % 2);
        assert_string_equal(got.cell, rows[i / 2].cell);
        assert_int_equal(got.metres, rows[i / 2].metres);
        assert_int_equal(got.classes, rows[i / 2].classes);
        assert_int_equal(got.categories, rows[i / 2].categories);
        assert_string_equal(got.public_id, rows[i / 2].public_id);
    }
}

static void inbox_and_info(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *suffix;
        bool json;
    } rows[] = {{"nb/v1/inbox/#", "#", false}, {"nb/v1/inbox/refused", "refused", false},
        {"nb/v1/json/inbox/reply/+", "reply/+", true}, {"nb/v1/inbox/+/x/#", "+/x/#", false}};
    struct follow_filter got;
    struct refusal refusal;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(topic_parse_filter(text_of(rows[i].filter), LEAF, &got, &refusal));
        assert_int_equal(got.kind, FOLLOW_INBOX);
        assert_int_equal(got.json, rows[i].json);
        assert_true(text_equal(got.suffix, text_of(rows[i].suffix)));
    }
    assert_true(topic_parse_filter(TEXT("nb/v1/info"), LEAF, &got, &refusal));
    assert_int_equal(got.kind, FOLLOW_INFO);
}

static const struct {
    const char *filter;
    uint8_t code;
} refused_filters[] = {
    {"", REASON_BAD_FILTER},
    {"nb/v1/near/#/1600", REASON_BAD_FILTER},
    {"nb/v1/near/9QH1F5/1600/#", REASON_BAD_FILTER},
    {"nb/v1/inbox#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/a+", REASON_BAD_FILTER},
    {"nb/v1/info\xFF", REASON_BAD_FILTER},
    {"$share/g/nb/v1/near/9qh1f5/1600/#", REASON_SHARED_NOT_SUPPORTED},
    {"$share/g/x", REASON_SHARED_NOT_SUPPORTED},
    {"$share", REASON_NOT_ALLOWED},
    {"#", REASON_NOT_ALLOWED},
    {"+/#", REASON_NOT_ALLOWED},
    {"$SYS/#", REASON_NOT_ALLOWED},
    {"nb/#", REASON_NOT_ALLOWED},
    {"nb/+/near/9qh1f5/1600/#", REASON_NOT_ALLOWED},
    {"nb/v1", REASON_NOT_ALLOWED},
    {"nb/v1/", REASON_NOT_ALLOWED},
    {"nb/v1/#", REASON_NOT_ALLOWED},
    {"nb/v1/+", REASON_NOT_ALLOWED},
    {"nb/v1/+/9qh1f5/1600/#", REASON_NOT_ALLOWED},
    {"nb/v1/json", REASON_NOT_ALLOWED},
    {"nb/v1/json/#", REASON_NOT_ALLOWED},
    {"nb/v1/json/json/inbox/#", REASON_NOT_ALLOWED},
    {"nb/v1/json/info", REASON_NOT_ALLOWED},
    {"nb/v1/info/x", REASON_NOT_ALLOWED},
    {"nb/v1/motion", REASON_NOT_ALLOWED},
    {"nb/v1/nearby/9qh1f5/1600/#", REASON_NOT_ALLOWED},
    {"NB/v1/near/9qh1f5/1600/#", REASON_NOT_ALLOWED},
    {"nb/v2/near/9qh1f5/1600/#", REASON_NOT_ALLOWED},
    {"nb/v1/near/+/1600/#", REASON_NOT_ALLOWED},
    {"nb/v1/near/#", REASON_NOT_ALLOWED},
    {"nb/v1/near/9qh1f5/+/#", REASON_NOT_ALLOWED},
    {"nb/v1/near/9qh1f5/#", REASON_NOT_ALLOWED},
    {"nb/v1/cell/+/#", REASON_NOT_ALLOWED},
    {"nb/v1/cell/#", REASON_NOT_ALLOWED},
    {"nb/v1/near", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/crime", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/crime/", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/crime/ab/cd", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/crime/ab/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/crime/0123456789abcdef012345678", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/crime/A B", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f/1600/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5x/1600/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1fa/1600/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1\xC3\xA4/1600/#", REASON_BAD_FILTER},
    {"nb/v1/near//1600/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1000/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/01600/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600.0/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/0/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/Incident/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/arson/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/-/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/incident/crime/-", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/activity/crime/#", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/activity/+/ab12", REASON_BAD_FILTER},
    {"nb/v1/near/9qh1f5/1600/+/person/ab12", REASON_BAD_FILTER},
    {"nb/v1/cell", REASON_BAD_FILTER},
    {"nb/v1/cell/9/#", REASON_BAD_FILTER},
    {"nb/v1/cell/9qh1f57/#", REASON_BAD_FILTER},
    {"nb/v1/cell/9qh1f5", REASON_BAD_FILTER},
    {"nb/v1/cell/9qhi/#", REASON_BAD_FILTER},
    {"nb/v1/inbox", REASON_BAD_FILTER},
    {"nb/v1/inbox/", REASON_BAD_FILTER},
};

static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused_filters); i++) {
        struct follow_filter got;
        struct refusal refusal = {0};
        if (topic_parse_filter(text_of(refused_filters[i].filter), LEAF, &got, &refusal) ||
            refusal.code != refused_filters[i].code)
            fail_msg("%s: 0x%02x", refused_filters[i].filter, refusal.code);
        assert_non_null(refusal.field);
        assert_non_null(refusal.rule);
    }
    struct follow_filter got;
    struct refusal refusal = {0};
    assert_false(topic_parse_filter(TEXT("nb/v1/near/9qh1f5/1600"), LEAF, &got, &refusal));
    assert_non_null(strstr(refusal.rule, "add /#"));
    assert_false(topic_parse_filter(TEXT("nb/v1/info\0x"), LEAF, &got, &refusal));
    assert_int_equal(refusal.code, REASON_BAD_FILTER);
    assert_true(topic_parse_filter(TEXT("nb/v1/near/9qh1f/1600/#"), 5, &got, &refusal));
}

static void matching(void **state)
{
    (void)state;
    static const struct {
        const char *filter, *topic;
        bool matches;
    } rows[] = {
        {"a", "a", true},
        {"a", "b", false},
        {"a", "ab", false},
        {"ab", "a", false},
        {"a", "A", false},
        {"a/b", "a/b", true},
        {"a/b", "a", false},
        {"a", "a/b", false},
        {"#", "a/b/c", true},
        {"a/#", "a", true}, /* 4.7.1.2 */
        {"a/#", "a/b/c", true},
        {"a/#", "ab", false},
        {"a/+", "a/b", true},
        {"a/+", "a", false}, /* 4.7.1.3 */
        {"a/+", "a/", true},
        {"a/+", "a/b/c", false},
        {"+", "/a", false},
        {"/+", "/a", true},
        {"+/+", "/a", true},
        {"+/b/#", "a/b/c/d", true},
        {"+/b/#", "a/c/b", false},
        {"a//b", "a//b", true},
        {"a/+/b", "a//b", true},
        {"#", "$SYS/x", false}, /* [MQTT-4.7.2-1] */
        {"+/x", "$SYS/x", false},
        {"$SYS/#", "$SYS/x", true},
        {"a/#", "a/$x", true},
        {"", "a", false},
        {"a", "", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (topic_matches(text_of(rows[i].filter), text_of(rows[i].topic)) != rows[i].matches)
            fail_msg("%s against %s", rows[i].filter, rows[i].topic);
    }
}

static void legal(void **state)
{
    (void)state;
    static const char *const good[] = {"#", "+", "a/#", "+/+/#", "a/+/b", "/", "a/", "//#", "$share/g/a"};
    static const char *const bad[] = {
        "", "a#", "#/a", "a/#/b", "a+", "+a/b", "a/b+/c", "##", "++", "a/\xC0\x80"};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(topic_filter_valid(text_of(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(topic_filter_valid(text_of(bad[i])));
    assert_true(topic_name_valid(TEXT("a/b c//\xC3\xA4")));
    assert_false(topic_name_valid(TEXT("")));
    assert_false(topic_name_valid(TEXT("a/+")));
    assert_false(topic_name_valid(TEXT("a#")));
    assert_false(topic_name_valid(TEXT("a\0b")));
    char *longest = malloc(65536);
    assert_non_null(longest);
    memset(longest, 'a', 65536);
    assert_true(topic_name_valid((struct text){longest, 65535})); /* [MQTT-4.7.3-3] */
    assert_false(topic_name_valid((struct text){longest, 65536}));
    assert_false(topic_filter_valid((struct text){longest, 65536}));
    free(longest);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(item_class_name(CLASS_ACTIVITY), "activity");
    assert_string_equal(item_class_name(CLASS_INCIDENT), "incident");
    assert_string_equal(item_class_name(CLASS_AREA), "area");
    assert_string_equal(item_class_name(CLASS_DRAFT), "draft");
    static const uint32_t radii[] = {400, 800, 1600, 3200, 8000, 0};
    for (size_t i = 0; i < COUNT(radii); i++)
        assert_int_equal(topic_radii[i], radii[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publish_topics),
        cmocka_unit_test(accepted),
        cmocka_unit_test(inbox_and_info),
        cmocka_unit_test(refused),
        cmocka_unit_test(matching),
        cmocka_unit_test(legal),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
