/* Our reading against the standard's own schema, where it lies beside the repository: whole.xml with lines
 * taken out, doubled, moved, and other texts in its elements. The schema forbids what our rule R04 forbids,
 * and nothing else. */
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "tests/unit/test_cap.h"

enum { LINES_MAX = 200, ROUNDS = 5000 };

static const char *const texts[] = {"", " ", "a", "a b", "Actual", " Actual", "Met", "met", "Immediate",
    "2026-03-01T09:00:00-08:00", " 2026-03-01T09:00:00-08:00 ", "2026-03-01T09:00:00Z",
    "2026-02-30T09:00:00-08:00", "2026-03-01T24:00:00-08:00", "2026-03-01T09:00:00-15:00",
    "2026-03-01T09:00:00-14:00", "2026-03-01T09:00:00+00:00", "2026-03-01T09:00:00.5+00:00", "en", "en_US",
    "en-US-", "\xC3\xA9", "123", "1.5", "+5", ".5", "5.", "-", "1e3", "0x1", " 7 ", "http://a", "a:b:c", "//",
    "[", "%", "%zz", "http://[::1]", "http://a b", "&lt;", "&amp;", "None", "AllClear", "Very Likely",
    "CBRNE", "und", "x-y", "abcdefghi", "a-abcdefghi", "\t", "https://ex.org/?a=b#c#d", ":", "..", "?", "#",
    "<x/>", "<info/>"};
enum { TEXTS = sizeof texts / sizeof *texts };

static uint64_t dice = 20260301;

static size_t roll(size_t sides)
{
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(dice >> 33) % sides;
}

/* The line with another text in its element; as it is when it holds none. */
static const char *other_text(const char *line, struct arena *arena)
{
    const char *begin = strchr(line, '>'), *end = strrchr(line, '<');
    if (!begin || end < begin || strncmp(end, "</", 2) != 0)
        return line;
    return arena_printf(arena, "%.*s%s%s", (int)(begin + 1 - line), line, texts[roll(TEXTS)], end);
}

/* One change, never of the first two lines (declaration and root) or of the last one. */
static size_t change(const char *lines[LINES_MAX], size_t count, struct arena *arena)
{
    size_t at = 2 + roll(count - 3), to = 2 + roll(count - 3);
    const char *line = lines[at];
    switch (roll(5)) {
    case 0:
        memmove(&lines[at], &lines[at + 1], (count - at - 1) * sizeof *lines);
        return count - 1;
    case 1:
        memmove(&lines[at + 1], &lines[at], (count - at) * sizeof *lines);
        return count + 1;
    case 2:
        lines[at] = lines[to];
        lines[to] = line;
        return count;
    default:
        lines[at] = other_text(line, arena);
        return count;
    }
}

static void quiet(void *context, xmlErrorPtr error)
{
    (void)context, (void)error;
}

/* -1: no XML. */
static int valid_by_schema(xmlSchemaPtr schema, struct bytes document)
{
    enum { QUIET = XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET };
    xmlDocPtr tree = xmlReadMemory((const char *)document.data, (int)document.len, NULL, NULL, QUIET);
    if (!tree)
        return -1;
    xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema);
    xmlSchemaSetValidStructuredErrors(validator, quiet, NULL);
    int answer = xmlSchemaValidateDoc(validator, tree) == 0;
    xmlSchemaFreeValidCtxt(validator);
    xmlFreeDoc(tree);
    return answer;
}

static bool breaks_schema(const struct cap_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->items[i].refused &&
            (strcmp(findings->items[i].rule, "R04") == 0 ||
                (findings->items[i].within && strcmp(findings->items[i].within, "R04") == 0)))
            return true;
    return false;
}

static void compare(xmlSchemaPtr schema, struct bytes whole, size_t counts[3])
{
    struct arena arena;
    const char *lines[LINES_MAX];
    size_t count = 0;
    arena_init(&arena, NULL, 0);
    char *copy = arena_copy(&arena, whole.data, whole.len), *rest = NULL;
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        lines[count++] = line;
    assert_true(count > 50 && count < LINES_MAX - 4);
    for (size_t i = 1 + roll(2); i > 0; i--)
        count = change(lines, count, &arena);
    char *text = arena_take(&arena, 2 * whole.len + 1000), *to = text;
    for (size_t i = 0; i < count; i++)
        to += sprintf(to, "%s\n", lines[i]);
    struct bytes document = {(const uint8_t *)text, (size_t)(to - text)};
    struct cap_message message;
    struct cap_findings findings;
    bool ok = cap_read(document, CAP_STRICT, &arena, &message, &findings);
    int valid = valid_by_schema(schema, document);
    counts[valid + 1]++;
    bool right = valid == -1 ? !ok : valid == 0 ? !ok && breaks_schema(&findings) : !breaks_schema(&findings);
    if (!right) {
        print_message("by the schema %d, by us:\n", valid);
        cap_print(&findings);
        fail_msg("%s", text);
    }
    arena_free(&arena);
}

static void as_the_schema(void **state)
{
    size_t counts[3] = {0};
    struct bytes there = cap_load(CAP_SHARED "schema/CAP-v1.2.xsd");
    (void)state;
    if (!there.data) {
        print_message("skipped: there is no " CAP_SHARED "schema\n");
        skip();
    }
    struct bytes whole = cap_load(CAP_DATA "whole.xml");
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(CAP_SHARED "schema/CAP-v1.2.xsd");
    xmlSchemaPtr schema = xmlSchemaParse(parser);
    assert_non_null(schema);
    for (int i = 0; i < ROUNDS; i++)
        compare(schema, whole, counts);
    print_message("no XML %zu, invalid %zu, valid %zu\n", counts[0], counts[1], counts[2]);
    assert_true(counts[0] > 0 && counts[1] > 0 && counts[2] > 0);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
    free((void *)(uintptr_t)there.data);
    free((void *)(uintptr_t)whole.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_the_schema)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
