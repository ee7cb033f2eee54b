/* A CAP document as an Alert: its names, texts, languages, times and judgements, and what is refused; and an
 * alert of our own as a document. Areas: test_cap_alert_areas.c. */
#include "proto/codec.h"
#include "proto/mqtt.h"
#include "tests/unit/test_cap_fixture.h"

/* ---- names ---- */

static struct text name_of(const char *sender, const char *identifier, const char *sent)
{
    struct cap_time time = {0};
    if (*sent)
        assert_true(cap_time_read(text_of(sent), &time));
    return cap_sender_alert_id(text_of(sender), text_of(identifier), time, &arena);
}

static void names(void **state)
{
    struct text id = name_of("b", "a", "2026-03-01T09:00:00-08:00");
    (void)state;
    assert_int_equal(id.len, 47);
    assert_memory_equal(id.data, "cap-", 4);
    assert_true(id.len <= LIMIT_ID);
    assert_true(text_equal(id, name_of("b", "a", "2026-03-01T17:00:00+00:00"))); /* the same instant */
    assert_true(text_equal(id, name_of(" b", "a ", "2026-03-01T17:00:00-00:00")));
    assert_false(text_equal(id, name_of("b", "a", "2026-03-01T09:00:01-08:00")));
    assert_false(text_equal(id, name_of("b", "A", "2026-03-01T09:00:00-08:00")));
    assert_false(text_equal(id, name_of("B", "a", "2026-03-01T09:00:00-08:00")));
    assert_true(took(CAP_HEAD CAP_INFO CAP_AREA CAP_TAIL));
    assert_true(text_equal(alert.sender_alert_id, id));
    assert_true(alert.has_document);
    assert_int_equal(alert.msg_type, MSG_ALERT);
}

#define REFERENCE "<references>b,c,2026-03-01T08:00:00-08:00"
#define OF_IT(more) REFERENCE more "</references>"

static void references(void **state)
{
    (void)state;
    assert_true(took(CAP_HEAD_OF("Update", "Actual", "Public",
        OF_IT(" b,c,2026-03-01T16:00:00-00:00 b,d,2026-03-01T08:00:00-08:00 b,a,2026-03-01T09:00:00-08:00"))
            CAP_INFO CAP_AREA CAP_TAIL));
    assert_int_equal(alert.msg_type, MSG_UPDATE);
    assert_int_equal(alert.reference_count, 2); /* each once, and not itself */
    assert_true(text_equal(alert.references[0], name_of("b", "c", "2026-03-01T08:00:00-08:00")));
    assert_true(text_equal(alert.references[1], name_of("b", "d", "2026-03-01T08:00:00-08:00")));
    assert_true(took(CAP_HEAD_OF("Cancel", "Actual", "Public", OF_IT("")) "</alert>"));
    assert_int_equal(alert.msg_type, MSG_CANCEL);
    assert_int_equal(alert.reference_count, 1);
    assert_int_equal(plan.area_count, 0);
    assert_false(plan.answer);
    /* An Alert that names others acts on none. */
    assert_true(took(CAP_HEAD_OF("Alert", "Actual", "Public", OF_IT("")) CAP_INFO CAP_AREA CAP_TAIL));
    assert_int_equal(alert.reference_count, 0);
    assert_false(took(CAP_HEAD_OF("Update", "Actual", "Public",
        "<references>b,a,2026-03-01T09:00:00-08:00</references>") CAP_INFO CAP_AREA CAP_TAIL));
    assert_string_equal(refusal.field, "references");
    assert_memory_equal(refusal.rule, "R14", 3);
    char *many = arena_take(&arena, 10000), *to = many;
    to += sprintf(to, CAP_HEAD_OF("Cancel", "Actual", "Public", "<references>"));
    for (int i = 0; i <= LIMIT_REFERENCES; i++)
        to += sprintf(to, " b,n%d,2026-03-01T08:00:00-08:00", i);
    sprintf(to, "</references></alert>");
    assert_false(took(many));
    assert_memory_equal(refusal.rule, "R14", 3);
}

/* Who may see it, and what it is. */
static void statuses(void **state)
{
    (void)state;
#define WITH(type, status, scope)                                                                            \
    CAP_HEAD_OF(                                                                                             \
        type, status, scope, "<restriction>r</restriction><addresses>x</addresses><note>n</note>" OF_IT("")) \
    CAP_INFO CAP_AREA CAP_TAIL
    static const struct {
        const char *document;
        uint8_t status;
        bool answer, withheld;
    } cases[] = {
        {WITH("Alert", "Actual", "Public"), STATUS_ACTUAL, false, false},
        {WITH("Alert", "Exercise", "Public"), STATUS_EXERCISE, false, false},
        {WITH("Alert", "System", "Public"), STATUS_SYSTEM, false, false},
        {WITH("Update", "Test", "Public"), STATUS_TEST, false, false},
        {WITH("Alert", "Draft", "Public"), STATUS_DRAFT, false, false},
        {WITH("Alert", "Actual", "Restricted"), STATUS_ACTUAL, false, true},
        {WITH("Update", "Actual", "Private"), STATUS_ACTUAL, false, true},
        {WITH("Ack", "Actual", "Public"), STATUS_ACTUAL, true, false},
        {WITH("Error", "Actual", "Private"), STATUS_ACTUAL, true, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(took(cases[i].document));
        assert_int_equal(alert.status, cases[i].status);
        assert_int_equal(plan.answer, cases[i].answer);
        assert_int_equal(plan.withheld, cases[i].withheld);
        assert_int_equal(plan.area_count, cases[i].answer ? 0 : 1);
        if (cases[i].answer)
            assert_true(alert.headline.len == 0 && alert.category == 0 && alert.reference_count == 1);
    }
}

/* ---- texts ---- */

static void languages(void **state)
{
    (void)state;
    assert_true(took(CAP_HEAD CAP_INFO_OF("en-US", "Wind", "Past", "Minor", "Unknown",
        "<headline>Gale</headline><description> One. "
        "</description><instruction>Stay</instruction>"
        "<web>https://a.example/</web>") "</info>" CAP_INFO_OF("es", "Viento", "Past", "Minor", "Unknown",
        "<description>Uno.</description>") "</info>" CAP_INFO_OF("EN-us", "Gust", "Past", "Minor", "Unknown",
        "<headline>Another</headline><description>Two.</description><instruction>Stay</"
        "instruction>") "</info>" CAP_INFO_OF("es", "Viento", "Past", "Minor", "Unknown",
        "<description>Dos.</description>") "</info></alert>"));
    assert_text(alert.language, "en-US");
    assert_text(alert.headline, "Gale"); /* the first one is not overridden */
    assert_text(alert.description, "One.\n\nTwo.");
    assert_text(alert.instruction, "Stay");
    assert_text(alert.web, "https://a.example/");
    assert_text(alert.event, "Wind");
    assert_int_equal(alert.text_count, 1);
    assert_text(alert.texts[0].language, "es");
    assert_text(alert.texts[0].headline, "Viento"); /* of an info without one its event */
    assert_text(alert.texts[0].description, "Uno.\n\nDos.");
    /* None is en-US. */
    assert_true(took(CAP_HEAD CAP_INFO_OF("", "Wind", "Past", "Minor", "Unknown", "") "</info>" CAP_INFO_OF(
        "en-US", "Wind", "Past", "Minor", "Unknown", "") "</info></alert>"));
    assert_text(alert.language, "en-US");
    assert_int_equal(alert.text_count, 0);
}

static void many_languages(void **state)
{
    enum { MANY = 26 };
    char *document = arena_take(&arena, 100000), *to = document;
    (void)state;
    to += sprintf(to, CAP_HEAD);
    for (int i = 0; i < MANY; i++)
        to += sprintf(to, CAP_INFO_OF("x-%c", "Wind", "Past", "Minor", "Unknown", "") "</info>", 'a' + i);
    sprintf(to, "</alert>");
    assert_true(took(document));
    assert_int_equal(alert.text_count, LIMIT_TEXTS);
    assert_text(alert.texts[LIMIT_TEXTS - 1].language, "x-q");
}

/* Cut at a character, and told to be cut. */
static void long_texts(void **state)
{
    enum { MANY = 40000 };
    char *sign = arena_take(&arena, 2 * MANY + 1);
    (void)state;
    for (int i = 0; i < MANY; i++)
        memcpy(sign + 2 * i, "\xC3\xB1", 3);
    assert_true(took(arena_printf(&arena,
        CAP_HEAD CAP_INFO_OF("es", "%.400s", "Past", "Minor", "Unknown",
            "<headline>%.501s</headline><description>%s</description>") "</info></alert>",
        sign, arena_printf(&arena, "a%.500s", sign), sign)));
    assert_true(alert.headline.len <= LIMIT_HEADLINE && alert.headline.len > LIMIT_HEADLINE - 4);
    assert_true(
        alert.description.len <= LIMIT_PUBLISHED_TEXT && alert.description.len > LIMIT_PUBLISHED_TEXT - 4);
    assert_true(mqtt_utf8_valid(alert.headline.data, alert.headline.len));
    assert_true(mqtt_utf8_valid(alert.description.data, alert.description.len));
    assert_memory_equal(alert.headline.data + alert.headline.len - 3, "\xE2\x80\xA6", 3);
    assert_memory_equal(alert.description.data + alert.description.len - 3, "\xE2\x80\xA6", 3);
}

/* What no text of ours may hold. */
static void control_characters(void **state)
{
    (void)state;
    assert_true(took(CAP_HEAD CAP_INFO_OF("en", "W&#127;i", "Past", "Minor", "Unknown",
        "<headline>a&#128;b&#159;c&#160;d</headline><description>\n a\tb\nc&#13;d \xC2\x85 </description>"
        "<web>javascript:alert(1)</web>") "</info></alert>"));
    assert_text(alert.event, "W i");
    assert_text(alert.headline, "a  b  c\xC2\xA0"
                                "d");
    assert_text(alert.description, "a\tb\nc\rd");
    assert_int_equal(alert.web.len, 0);
    assert_true(took(CAP_HEAD CAP_INFO_OF(
        "en", "&#127;", "Past", "Minor", "Unknown", "<headline>&#127;</headline>") "</info></alert>"));
    assert_text(alert.event, "Weather"); /* of nothing but those its category */
    assert_text(alert.headline, "Weather");
}

/* ---- judgements and times ---- */

static void judgements(void **state)
{
    (void)state;
    assert_true(took(CAP_HEAD CAP_INFO_OF("en", "A", "Past", "Minor", "Observed", "") "</info>" CAP_INFO_OF(
        "fr", "B", "Immediate", "Extreme", "Likely", "") "</info>" CAP_INFO_OF("en", "C", "Future", "Severe",
        "Possible",
        "") "</info>" CAP_INFO_OF("en", "D", "Immediate", "Severe", "Likely", "") "</info></alert>"));
    assert_int_equal(alert.severity, SEVERITY_SEVERE); /* the worst of the first language */
    assert_int_equal(alert.urgency, URGENCY_FUTURE);   /* of the same info */
    assert_int_equal(alert.certainty, CERTAINTY_POSSIBLE);
    assert_true(took(CAP_HEAD CAP_INFO_OF("en", "A", "Unknown", "Unknown", "Unknown", "") "</info></alert>"));
    assert_int_equal(alert.severity, SEVERITY_UNKNOWN);
    assert_int_equal(alert.urgency, URGENCY_UNKNOWN);
    assert_int_equal(alert.certainty, CERTAINTY_UNKNOWN);
    assert_true(
        took(CAP_HEAD CAP_INFO_OF("en", "A", "Expected", "Moderate", "Unlikely", "") "</info></alert>"));
    assert_int_equal(alert.severity, SEVERITY_MODERATE);
    assert_int_equal(alert.urgency, URGENCY_EXPECTED);
    assert_int_equal(alert.certainty, CERTAINTY_UNLIKELY);
}

#define SENT INT64_C(1772384400000)
#define HOUR INT64_C(3600000)

static void times(void **state)
{
    (void)state;
    assert_true(took(CAP_HEAD CAP_INFO "</info></alert>"));
    assert_int_equal(alert.effective, SENT);
    assert_int_equal(alert.expires, 0);
    assert_true(took(CAP_HEAD CAP_INFO
        "<effective>2026-03-01T11:00:00-08:00</effective><expires>2026-03-01T12:00:00-08:00</expires></"
        "info>" CAP_INFO
        "<effective>2026-03-01T10:00:00-08:00</effective><expires>2026-03-01T14:00:00-08:00</expires></info>"
        "</alert>"));
    assert_int_equal(alert.effective, SENT + HOUR);
    assert_int_equal(alert.expires, SENT + 5 * HOUR);
    /* Over on arrival, and before there were times: still an order that an alert may have. */
    assert_true(took(CAP_HEAD CAP_INFO "<expires>2026-03-01T09:00:00-08:00</expires></info></alert>"));
    assert_int_equal(alert.expires, SENT);
    assert_int_equal(alert.effective, SENT - 1000);
    assert_true(
        took(CAP_HEAD CAP_INFO "<effective>1012-03-01T09:00:00-08:00</"
                               "effective><expires>1955-03-01T09:00:00-08:00</expires></info></alert>"));
    assert_true(
        alert.expires > 0 && alert.effective > 0 && alert.effective < alert.expires && alert.expires < HOUR);
}

/* ---- categories ---- */

static void categories(void **state)
{
    static const struct {
        const char *event, *codes, *category;
        uint8_t ours;
    } cases[] = {
        {"Wind", "", "Met", CATEGORY_WEATHER},
        {"Event", "", "Other", CATEGORY_OTHER},
        {"Event", "", "Security", CATEGORY_CRIME},
        {"Event", "", "Rescue", CATEGORY_SAFETY},
        {"Event", "", "Fire", CATEGORY_FIRE},
        {"Event", "", "Health", CATEGORY_MEDICAL},
        {"Event", "", "CBRNE", CATEGORY_HAZARD},
        {"Child Abduction Emergency", "", "Rescue", CATEGORY_MISSING},
        {"AMBER Alert", "", "Other", CATEGORY_MISSING},
        {"Bushfire", "", "Fire", CATEGORY_FIRE},
        {"Fire Weather Watch", "", "Met", CATEGORY_WEATHER},
        {"Red Flag Warning", "", "Met", CATEGORY_WEATHER},
        {"Unremissing", "", "Met", CATEGORY_WEATHER}, /* words are found where they begin */
        {"Event", "<eventCode><valueName>SAME</valueName><value>CAE</value></eventCode>", "Met",
            CATEGORY_MISSING},
        {"Event", "<eventCode><valueName>SAME</valueName><value>LEW</value></eventCode>", "Met",
            CATEGORY_CRIME},
        {"Event", "<eventCode><valueName>SAME</valueName><value>TOR</value></eventCode>", "Met",
            CATEGORY_WEATHER},
        {"Event", "<eventCode><valueName>Other</valueName><value>LEW</value></eventCode>", "Met",
            CATEGORY_WEATHER},
        {"Bushfire",
            "<eventCode><valueName>SAME</valueName><value>LEW</value></eventCode>"
            "<eventCode><valueName>neighbors:category</valueName><value>lost_pet</value></eventCode>",
            "Met", CATEGORY_CRIME},
        {"Bushfire",
            "<eventCode><valueName>neighbors:category</valueName><value>lost_pet</value></eventCode>", "Met",
            CATEGORY_LOST_PET},
        {"Bushfire", "<eventCode><valueName>neighbors:category</valueName><value>nothing</value></eventCode>",
            "Met", CATEGORY_FIRE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(took(arena_printf(&arena,
            CAP_HEAD "<info><category>%s</category><event>%s</event><urgency>Past</urgency>"
                     "<severity>Minor</severity><certainty>Likely</certainty>%s</info></alert>",
            cases[i].category, cases[i].event, cases[i].codes)));
        if (alert.category != cases[i].ours)
            fail_msg("%s %s %s: %s", cases[i].event, cases[i].codes, cases[i].category,
                category_name(alert.category));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(references),
        cmocka_unit_test(statuses),
        cmocka_unit_test(languages),
        cmocka_unit_test(many_languages),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(control_characters),
        cmocka_unit_test(judgements),
        cmocka_unit_test(times),
        cmocka_unit_test(categories),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
