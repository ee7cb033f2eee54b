/* The Atom feed of CAP documents, read again by libxml2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "bridge/cap/cap_atom.h"

static struct arena arena;
static xmlDoc *document;
static xmlXPathContext *paths;

static const struct position corners[] = {{340700000, -1180400000}, {340700000, -1180200000},
    {340800000, -1180200000}, {340800000, -1180400000}, {340700000, -1180400000}};

static struct alert sample(void)
{
    return (struct alert){.public_id = TEXT("0123456789abcdef01234567"),
        .revision = 3,
        .category = CATEGORY_FIRE,
        .severity = SEVERITY_SEVERE,
        .headline = TEXT("Smoke <b> & \"fire\""),
        .description = TEXT("Stay \x01 inside\nnow \xEF\xBF\xBF ]]>"),
        .sender_name = TEXT("Fire & Rescue"),
        .sender_kind = SENDER_AGENCY,
        .effective = INT64_C(1700000000000),
        .expires = INT64_C(1700003600000),
        .place = {.kind = PLACE_POINT, .center = {340768000, -1180316000}}};
}

static void write_feed(const struct alert *alerts, size_t count, struct text base, struct text query)
{
    struct cap_atom_entry entries[4];
    for (size_t i = 0; i < count; i++)
        entries[i] = (struct cap_atom_entry){&alerts[i], INT64_C(1700000001999)};
    struct cap_atom feed = {.base = base,
        .query = query,
        .sender = TEXT("alerts@example.org"),
        .updated = INT64_C(1700000002000),
        .count = count,
        .entries = entries};
    struct bytes out = cap_atom_write(&feed, &arena);
    document = xmlReadMemory((const char *)out.data, (int)out.len, NULL, NULL, XML_PARSE_NONET);
    assert_non_null(document);
    paths = xmlXPathNewContext(document);
    xmlXPathRegisterNs(paths, (const xmlChar *)"a", (const xmlChar *)"http://www.w3.org/2005/Atom");
    xmlXPathRegisterNs(
        paths, (const xmlChar *)"cap", (const xmlChar *)"urn:oasis:names:tc:emergency:cap:1.2");
    xmlXPathRegisterNs(paths, (const xmlChar *)"g", (const xmlChar *)"http://www.georss.org/georss");
}

static void expect(const char *path, const char *text)
{
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *)path, paths);
    assert_non_null(found);
    xmlChar *value = xmlXPathCastToString(found);
    if (strcmp((const char *)value, text) != 0)
        print_error("%s\n", path);
    assert_string_equal((const char *)value, text);
    xmlFree(value);
    xmlXPathFreeObject(found);
}

static void an_entry_says_what_the_alert_says(void **state)
{
    (void)state;
    struct alert alert = sample();
    write_feed(&alert, 1, TEXT("https://example.org"), TEXT("?cells=9qh1f,9qh1c"));
    expect("string(/a:feed/a:id)", "tag:alerts@example.org,2026:cap.atom?cells=9qh1f,9qh1c");
    expect("string(/a:feed/a:updated)", "2023-11-14T22:13:22Z");
    expect("string(/a:feed/a:author/a:name)", "alerts@example.org");
    expect("string(/a:feed/a:link[@rel='self']/@href)", "https://example.org/v1/cap.atom?cells=9qh1f,9qh1c");
    expect("count(/a:feed/a:entry)", "1");
    expect("string(//a:entry/a:id)", "tag:alerts@example.org,2026:0123456789abcdef01234567.3");
    expect("string(//a:entry/a:title)", "Smoke <b> & \"fire\"");
    expect("string(//a:entry/a:updated)", "2023-11-14T22:13:21Z");
    expect("string(//a:entry/a:author/a:name)", "Fire & Rescue");
    expect("string(//a:entry/a:link[@rel='alternate']/@type)", "application/cap+xml");
    expect("string(//a:entry/a:link/@href)", "https://example.org/v1/cap/0123456789abcdef01234567");
    expect("string(//a:entry/a:summary)", "Stay   inside\nnow     ]]>");
    expect("string(//cap:event)", "Fire");
    expect("string(//cap:effective)", "2023-11-14T22:13:20-00:00");
    expect("string(//cap:expires)", "2023-11-14T23:13:20-00:00");
    expect("string(//cap:status)", "Actual");
    expect("string(//cap:category)", "Fire");
    expect("string(//cap:urgency)", "Unknown");
    expect("string(//cap:severity)", "Severe");
    expect("string(//g:point)", "34.0768 -118.0316");
}

static void places_are_drawn_when_they_are_small(void **state)
{
    (void)state;
    enum { MANY = 300 };
    static struct position many[MANY];
    struct ring ring = {5, (struct position *)corners}, large = {MANY, many};
    struct polygon polygon = {1, &ring}, heavy = {1, &large};
    struct alert alerts[3] = {sample(), sample(), sample()};
    for (int i = 0; i < MANY; i++)
        many[i] = corners[0];
    alerts[0].place = (struct place){.kind = PLACE_CIRCLE, .center = {-1, 1}, .radius_m = 900};
    alerts[1].place = (struct place){.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = &polygon};
    alerts[2].place = (struct place){.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = &heavy};
    write_feed(alerts, 3, TEXT(""), TEXT(""));
    expect("string(//a:entry[1]/g:circle)", "-0.0000001 0.0000001 900");
    expect("string(//a:entry[2]/g:polygon)",
        "34.07 -118.04 34.07 -118.02 34.08 -118.02 34.08 -118.04 34.07 -118.04");
    expect("count(//a:entry[3]/g:*)", "0");
    expect("string(//a:entry[2]/a:link/@href)", "/v1/cap/0123456789abcdef01234567");
}

static void what_an_alert_has_not_is_not_said(void **state)
{
    (void)state;
    struct alert alert = sample();
    alert.headline = alert.description = alert.sender_name = (struct text){0};
    alert.expires = 0;
    alert.place = (struct place){0};
    write_feed(&alert, 1, TEXT(""), TEXT(""));
    expect("string(//a:entry/a:title)", "Alert");
    expect("count(//a:summary | //a:entry/a:author | //cap:expires | //g:*)", "0");
    alert.event = TEXT("Tornado Warning");
    xmlXPathFreeContext(paths);
    xmlFreeDoc(document);
    write_feed(&alert, 1, TEXT(""), TEXT(""));
    expect("string(//a:entry/a:title)", "Tornado Warning");
    expect("string(//cap:event)", "Tornado Warning");
}

static void an_empty_list_is_a_feed_too(void **state)
{
    (void)state;
    write_feed(NULL, 0, TEXT(""), TEXT(""));
    expect("count(/a:feed/a:entry)", "0");
    expect("count(/a:feed/a:id) + count(/a:feed/a:title) + count(/a:feed/a:updated)", "3");
}

static void long_texts_are_cut_at_a_character(void **state)
{
    (void)state;
    static char text[3000];
    struct alert alert = sample();
    for (size_t i = 0; i + 2 < sizeof text; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3); /* three bytes each */
    alert.description = (struct text){text, sizeof text};
    write_feed(&alert, 1, TEXT(""), TEXT(""));
    expect("string-length(//a:summary)", "342");
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena, NULL, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    xmlXPathFreeContext(paths);
    xmlFreeDoc(document);
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_entry_says_what_the_alert_says, begin, end),
        cmocka_unit_test_setup_teardown(places_are_drawn_when_they_are_small, begin, end),
        cmocka_unit_test_setup_teardown(what_an_alert_has_not_is_not_said, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_list_is_a_feed_too, begin, end),
        cmocka_unit_test_setup_teardown(long_texts_are_cut_at_a_character, begin, end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    xmlCleanupParser();
    return failed;
}
