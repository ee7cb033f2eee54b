/* Documents as we write them: every element, in the schema's order, with characters that need care; and
 * alerts of our own as documents. */
#include "tests/unit/test_cap_fixture.h"

#define SENT INT64_C(1772384400000)
#define HOUR INT64_C(3600000)

/* ---- messages ---- */

static const char complete[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\">\n"
    "  <identifier>EM-1</identifier>\n"
    "  <sender>desk@police.example</sender>\n"
    "  <sent>2026-03-01T09:00:00-08:00</sent>\n"
    "  <status>Actual</status>\n"
    "  <msgType>Update</msgType>\n"
    "  <source>desk</source>\n"
    "  <scope>Private</scope>\n"
    "  <restriction>none</restriction>\n"
    "  <addresses>one \"two three\" \"it's\tfour\"</addresses>\n"
    "  <code>c1</code>\n"
    "  <code></code>\n"
    "  <note>a &lt; b &amp; c ]]&gt; \"d\" &#13;\n\te</note>\n"
    "  <references>b,a,2026-03-01T16:00:00-00:00 b,c,2026-03-01T16:00:00+00:00</references>\n"
    "  <incidents>i1 \"i 2\"</incidents>\n"
    "  <info>\n"
    "    <language>en-US</language>\n"
    "    <category>Safety</category>\n"
    "    <category>CBRNE</category>\n"
    "    <event>Event</event>\n"
    "    <responseType>Shelter</responseType>\n"
    "    <responseType>None</responseType>\n"
    "    <urgency>Future</urgency>\n"
    "    <severity>Extreme</severity>\n"
    "    <certainty>Unlikely</certainty>\n"
    "    <audience>all</audience>\n"
    "    <eventCode>\n      <valueName>SAME</valueName>\n      <value>LEW</value>\n    </eventCode>\n"
    "    <effective>2026-03-01T09:00:00-08:00</effective>\n"
    "    <onset>2026-03-01T09:00:00+14:00</onset>\n"
    "    <expires>2024-02-29T23:59:59+05:45</expires>\n"
    "    <senderName>Police</senderName>\n"
    "    <headline>H</headline>\n"
    "    <description></description>\n"
    "    <instruction>I</instruction>\n"
    "    <web>https://police.example/?a=b&amp;c</web>\n"
    "    <contact>C</contact>\n"
    "    <parameter>\n      <valueName>p</valueName>\n      <value></value>\n    </parameter>\n"
    "    <resource>\n      <resourceDesc>map</resourceDesc>\n      <mimeType>image/png</mimeType>\n"
    "      <size>007</size>\n      <uri>map.png</uri>\n      <derefUri>AAAA</derefUri>\n"
    "      <digest>b2fdc4f478c30b5245579853366923ccfb666ab5</digest>\n    </resource>\n"
    "    <area>\n      <areaDesc>A</areaDesc>\n"
    "      <polygon>1.0,2 1,3.50 2,3 1.0,2</polygon>\n"
    "      <polygon>-1,-2 -1,-3 -2,-3 -1,-2</polygon>\n"
    "      <circle>1.0,2 0</circle>\n"
    "      <geocode>\n        <valueName>SAME</valueName>\n        <value>006037</value>\n      </geocode>\n"
    "      <altitude>-12.50</altitude>\n      <ceiling>100</ceiling>\n    </area>\n"
    "  </info>\n"
    "</alert>\n";

/* What is read of our own writing is written again byte for byte: no element is lost or moved. */
static void every_element(void **state)
{
    struct cap_findings findings;
    (void)state;
    struct bytes document = {(const uint8_t *)complete, strlen(complete)};
    if (!cap_read(document, CAP_STRICT, &arena, &message, &findings)) {
        cap_print(&findings);
        fail();
    }
    struct bytes written = cap_write(&message, &arena);
    assert_string_equal(arena_copy(&arena, written.data, written.len), complete);
    cap_assert_round_trip(&message, &arena, "every element");
    assert_int_equal(message.address_count, 3);
    assert_text(message.addresses[2], "it's\tfour");
}

/* Each element changed by itself makes another message, and cap_equal names it. */
static void each_difference(void **state)
{
    static const char *const changes[][3] = {{"EM-1", "EM-2", "identifier"}, {"desk@", "disk@", "sender"},
        {"09:00:00-08:00</sent>", "09:00:01-08:00</sent>", "sent"}, {"Actual", "Test", "status"},
        {"Update", "Cancel", "msgType"}, {">desk<", ">disk<", "source"}, {"none", "some", "restriction"},
        {"two three", "two  three", "addresses"}, {"c1", "c2", "code"}, {"a &lt;", "a &gt;", "note"},
        {"b,c,", "b,d,", "references"}, {"16:00:00-00:00", "16:00:01-00:00", "references"},
        {"i1", "i1 i3", "incidents"}, {"en-US", "en", "language"}, {"CBRNE", "Met", "category"},
        {"Event<", "Even<", "event"}, {"Shelter", "Avoid", "responseType"}, {"Future", "Past", "urgency"},
        {"Extreme", "Minor", "severity"}, {"Unlikely", "Likely", "certainty"}, {"all", "some", "audience"},
        {"LEW", "TOR", "value"}, {"09:00:00-08:00</eff", "09:00:00-07:00</eff", "effective"},
        {"+14:00", "-14:00", "onset"}, {"+05:45", "+05:46", "expires"}, {"Police<", "Fire<", "senderName"},
        {"H<", "G<", "headline"}, {"<description>", "<description> ", "description"},
        {"I<", "J<", "instruction"}, {"?a", "?b", "web"}, {"C<", "D<", "contact"},
        {">p<", ">q<", "valueName"}, {">map<", ">mop<", "resourceDesc"}, {"image", "images", "mimeType"},
        {"007", "7", "size"}, {"map.png", "mop.png", "uri"}, {"AAAA", "AAAB", "derefUri"},
        {"b2f", "b3f", "digest"}, {"A</areaDesc>", "B</areaDesc>", "areaDesc"}, {"3.50", "3.51", "polygon"},
        {"2 0<", "2 1<", "circle"}, {"006037", "006038", "value"}, {"-12.50", "-12.51", "altitude"},
        {">100<", ">101<", "ceiling"}};
    struct cap_message changed;
    struct cap_findings findings;
    const char *where;
    (void)state;
    assert_true(cap_read((struct bytes){(const uint8_t *)complete, strlen(complete)}, CAP_STRICT, &arena,
        &message, &findings));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(complete, changes[i][0]);
        assert_non_null(at);
        const char *another = arena_printf(
            &arena, "%.*s%s%s", (int)(at - complete), complete, changes[i][1], at + strlen(changes[i][0]));
        if (!cap_read((struct bytes){(const uint8_t *)another, strlen(another)}, CAP_STRICT, &arena, &changed,
                &findings)) {
            cap_print(&findings);
            fail_msg("%s", changes[i][1]);
        }
        assert_false(cap_equal(&message, &changed, &where));
        assert_string_equal(where, changes[i][2]);
        assert_false(cap_equal(&changed, &message, NULL));
    }
}

/* Messages made by hand: numbers without a text, names that need quotes, the shortest one. */
static void made_by_hand(void **state)
{
    static const struct cap_point points[] = {
        {900000000, -1800000000}, {-5, 5}, {0, 1230000000}, {900000000, -1800000000}};
    static const struct cap_polygon polygon = {.points = points, .count = 4};
    static const struct cap_circle circle = {.center = {-340768001, 1}, .radius_km = 1.5};
    static const struct cap_area area = {.description = {"A", 1},
        .polygons = &polygon,
        .polygon_count = 1,
        .circles = &circle,
        .circle_count = 1};
    static const uint8_t met = CAP_MET;
    static const struct cap_info info = {.categories = &met,
        .category_count = 1,
        .event = {"E", 1},
        .urgency = CAP_PAST,
        .severity = CAP_MINOR,
        .certainty = CAP_LIKELY,
        .areas = &area,
        .area_count = 1};
    static const struct text names[] = {{"plain", 5}, {"two words", 9}, {"\"quoted\"", 8}, {"a \"b\" c", 7}};
    struct cap_message made = {.identifier = TEXT("a"),
        .sender = TEXT("b"),
        .sent = {.at = SENT, .present = true},
        .status = CAP_ACTUAL,
        .msg_type = CAP_ALERT,
        .scope = CAP_PUBLIC,
        .incidents = names,
        .incident_count = 4,
        .infos = &info,
        .info_count = 1};
    struct cap_findings findings;
    (void)state;
    struct bytes written = cap_write(&made, &arena);
    assert_true(cap_read(written, CAP_STRICT, &arena, &message, &findings));
    assert_int_equal(message.incident_count, 4);
    assert_text(message.incidents[1], "two words");
    assert_text(message.incidents[3], "a 'b' c"); /* nothing in CAP escapes a quote */
    const struct cap_area *read = &message.infos[0].areas[0];
    assert_memory_equal(read->polygons[0].points, points, sizeof points);
    assert_text(read->polygons[0].text, "90.0,-180.0 -0.0000005,0.0000005 0.0,123.0 90.0,-180.0");
    assert_int_equal(read->circles[0].center.lat, -340768001);
    assert_true(read->circles[0].radius_km == 1.5);
    made.incident_count = made.info_count = 0;
    written = cap_write(&made, &arena);
    assert_true(cap_read(written, CAP_STRICT, &arena, &message, &findings));
    assert_true(cap_equal(&made, &message, NULL));
}

/* What no XML can hold becomes something that it can. */
static void odd_characters(void **state)
{
    struct cap_message made = {.identifier = TEXT("a"),
        .sender = TEXT("b"),
        .sent = {.at = SENT, .present = true},
        .status = CAP_ACTUAL,
        .msg_type = CAP_ALERT,
        .scope = CAP_PUBLIC};
    struct cap_findings findings;
    (void)state;
    for (int c = 1; c < 0x110000; c += c < 0x3000 ? 1 : c >= 0xD700 && c < 0x10010 ? 1 : 251) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        char text[8] = "<", *to = text + 1;
        if (c < 0x80)
            *to++ = (char)c;
        else if (c < 0x800)
            *to++ = (char)(0xC0 | c >> 6), *to++ = (char)(0x80 | (c & 63));
        else if (c < 0x10000)
            *to++ = (char)(0xE0 | c >> 12), *to++ = (char)(0x80 | (c >> 6 & 63)),
            *to++ = (char)(0x80 | (c & 63));
        else
            *to++ = (char)(0xF0 | c >> 18), *to++ = (char)(0x80 | (c >> 12 & 63)),
            *to++ = (char)(0x80 | (c >> 6 & 63)), *to++ = (char)(0x80 | (c & 63));
        *to++ = '&';
        *to = '\0';
        struct arena own;
        arena_init(&own, NULL, 0);
        made.note = text_of(text);
        struct bytes written = cap_write(&made, &own);
        if (!cap_read(written, CAP_STRICT, &own, &message, &findings))
            fail_msg("U+%04X", c);
        bool none = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF;
        assert_text(message.note, none ? (c < 0x20 ? "< &" : "<\xEF\xBF\xBD&") : text);
        arena_free(&own);
    }
}

/* ---- alerts of our own ---- */

/* The document that was written of an alert says the same when it is read again. */
static void assert_read_again(const struct alert *in, int number)
{
    assert_true(cap_whole_alert(&message, &arena, &alert, &plan, &refusal));
    assert_int_equal(alert.category, in->category);
    assert_int_equal(alert.severity, in->severity);
    assert_int_equal(alert.urgency, in->urgency);
    assert_int_equal(alert.certainty, in->certainty);
    assert_int_equal(alert.status, in->status);
    assert_int_equal(alert.effective, in->effective);
    assert_int_equal(alert.expires, in->expires);
    struct alert same = *in;
    same.headline = alert.headline, same.description = alert.description, same.language = alert.language;
    same.event = alert.event, same.text_count = alert.text_count, same.texts = alert.texts;
    const char *difference = cap_alert_difference(&same, &alert);
    if (difference)
        fail_msg("%d: %s", number, difference);
}

/* Every category, severity, status and so on, and words that CAP would not take, as a document of ours. */
static void given_out(void **state)
{
    struct position points[5] = {{10000000, 10000000}, {10000000, 20000000}, {20000000, 20000000},
        {20000000, 10000000}, {10000000, 10000000}};
    struct position inner[4] = {
        {12000000, 12000000}, {12000000, 13000000}, {13000000, 13000000}, {12000000, 12000000}};
    struct ring rings[2] = {{5, points}, {4, inner}};
    struct polygon polygons[2] = {{2, rings}, {1, rings}};
    struct place places[] = {{.kind = PLACE_POINT, .center = {-340768001, 1180316000}},
        {.kind = PLACE_CIRCLE, .center = {0, -1}, .radius_m = 1},
        {.kind = PLACE_POLYGONS, .polygon_count = 2, .polygons = polygons},
        {.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = polygons}};
    struct alert_text texts[2] = {
        {TEXT("es"), TEXT("Uno"), TEXT("Dos"), TEXT("Tres"), TEXT("https://b.example/"), TEXT("Cuatro")},
        {TEXT("no tag"), TEXT(""), TEXT(""), TEXT(""), TEXT("http://[::1"), TEXT(" ")}};
    (void)state;
    for (int i = 0; i < 60; i++) {
        struct alert in = {.category = (uint8_t)(1 + i % 10),
            .severity = (uint8_t)(1 + i % 5),
            .urgency = (uint8_t)(1 + i / 2 % 5),
            .certainty = (uint8_t)(1 + i / 3 % 5),
            .status = (uint8_t)(1 + i % 5),
            .headline = TEXT("One <b> & \"two\" ]]> \xEF\xBF\xBF"),
            .description = TEXT("line\n\ttwo\r\x7F \xC2\x85 end"),
            .language = i % 2 ? TEXT("en-US") : TEXT(""),
            .event = i % 3 ? TEXT("Police activity") : TEXT(""),
            .web = TEXT("https://a.example/?a=b&c=d"),
            .effective = SENT,
            .expires = SENT + HOUR,
            .case_number = TEXT("26-1"),
            .reward_offer = TEXT("<500>"),
            .place = places[i % 4],
            .text_count = (size_t)(i % 3),
            .texts = texts};
        struct bytes document = cap_document_of(&in, TEXT("desk@police.example"), &arena);
        struct cap_findings findings;
        if (!cap_read(document, CAP_STRICT, &arena, &message, &findings)) {
            cap_print(&findings);
            fail();
        }
        assert_int_equal(message.msg_type, CAP_UPDATE);
        assert_text(message.identifier, "0c6f2b7a9d3e41c8a5b0.2");
        assert_text(message.references[0].identifier, "0c6f2b7a9d3e41c8a5b0.1");
        assert_text(message.infos[0].sender_name, "El Monte Police");
        assert_text(message.infos[0].parameters[0].value, "26-1");
        assert_text(message.infos[0].text, "line\n\ttwo\r\x7F \xC2\x85 end");
        assert_text(message.infos[0].headline, "One <b> & \"two\" ]]> \xEF\xBF\xBD");
        if (in.text_count == 2) {
            assert_text(message.infos[2].language, "und");
            assert_null(message.infos[2].web.data);
        }
        assert_read_again(&in, i);
    }
}

/* A large area is told once, and the document stays one that is read. */
static void given_out_large(void **state)
{
    struct ring ring = {LIMIT_POINTS, arena_take(&arena, LIMIT_POINTS * sizeof *ring.points)};
    struct alert_text texts[LIMIT_TEXTS];
    (void)state;
    for (int32_t i = 0; i < LIMIT_POINTS; i++)
        ring.points[i] = (struct position){-123456789 + i % 7, -1712345678 + i};
    ring.points[LIMIT_POINTS - 1] = ring.points[0];
    struct polygon polygon = {1, &ring};
    for (int i = 0; i < LIMIT_TEXTS; i++)
        texts[i] = (struct alert_text){.language = text_of(arena_printf(&arena, "x-%c", 'a' + i))};
    struct alert in = {.category = CATEGORY_FIRE,
        .severity = SEVERITY_MINOR,
        .urgency = URGENCY_PAST,
        .certainty = CERTAINTY_LIKELY,
        .effective = SENT,
        .expires = SENT + HOUR,
        .texts = texts,
        .place = {.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = &polygon}};
    for (in.text_count = 0; in.text_count <= LIMIT_TEXTS; in.text_count += LIMIT_TEXTS) {
        struct cap_findings findings;
        struct bytes document = cap_document_of(&in, TEXT("b"), &arena);
        assert_true(cap_read(document, CAP_STRICT, &arena, &message, &findings));
        assert_int_equal(message.info_count, in.text_count + 1);
        assert_int_equal(message.infos[0].area_count, 1);
        if (in.text_count)
            assert_int_equal(message.infos[1].area_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element),
        cmocka_unit_test(each_difference),
        cmocka_unit_test(made_by_hand),
        cmocka_unit_test(odd_characters),
        cmocka_unit_test(given_out),
        cmocka_unit_test(given_out_large),
    };
    return cmocka_run_group_tests(tests, prepare, finish);
}
