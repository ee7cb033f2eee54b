/* Every way to break a rule, from tests/data/cap/cases.tsv: found by its name, refused or tolerated by each
 * reading as the case says, and what is tolerated is right when we write it. */
#include "tests/unit/test_cap.h"

enum { COLUMNS = 4, MODES = 3 };

/* Those that need a document made for them (test_cap_limits.c), or a key (test_cap_signature.c). */
static const char *const elsewhere[] = {"too-large", "too-many-elements", "too-many-names",
    "too-many-strangers", "too-many-points", "too-deep", "too-many-attributes", "tag-too-long",
    "signature-fails", NULL};

static int hexadecimal(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* \n \t \r \\ \x41 in place. */
static size_t unescape(char *text)
{
    char *to = text;
    for (char *c = text; *c; c++) {
        if (*c != '\\') {
            *to++ = *c;
            continue;
        }
        c++;
        if (*c == 'x') {
            *to++ = (char)(hexadecimal(c[1]) * 16 + hexadecimal(c[2]));
            c += 2;
        } else {
            *to++ = *c == 'n' ? '\n' : *c == 't' ? '\t' : *c == 'r' ? '\r' : *c;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

/* whole.xml with the first `find` replaced; `find` empty: the replacement alone. */
static struct bytes document_of(
    struct arena *arena, struct bytes whole, const char *find, const char *replace, size_t replace_len)
{
    const char *text = (const char *)whole.data, *at = strstr(text, find);
    if (!at)
        fail_msg("whole.xml has no \"%s\"", find);
    size_t before = *find ? (size_t)(at - text) : 0;
    size_t after = *find ? whole.len - before - strlen(find) : 0;
    uint8_t *data = arena_take(arena, before + replace_len + after);
    memcpy(data, text, before);
    memcpy(data + before, replace, replace_len);
    memcpy(data + before + replace_len, text + whole.len - after, after);
    return (struct bytes){data, before + replace_len + after};
}

static const struct cap_breach_row *row_named(const char *name)
{
    const struct cap_breach_row *row;
    for (size_t i = 0; (row = cap_breach_row(i)) && strcmp(row->name, name) != 0; i++)
        continue;
    return row;
}

static void check_reading(struct arena *arena, struct bytes document, const char *breach, char verdict,
    enum cap_mode mode, int line)
{
    struct cap_message message;
    struct cap_findings findings;
    bool ok = cap_read(document, mode, arena, &message, &findings);
    const struct cap_finding *finding = cap_find(&findings, breach);
    const struct cap_breach_row *row = row_named(breach);
    bool as_told = verdict == '-' ? finding == NULL
                                  : finding && finding->refused == (verdict == 'R') &&
                                        strcmp(finding->rule, row->rule) == 0 &&
                                        strstr(finding->text, row->sentence) && ok == (verdict == 'T');
    bool refused = row && (mode == CAP_STRICT        ? row->strict
                              : mode == CAP_TOLERANT ? row->tolerant
                                                     : row->forgiving);
    if (!as_told || (verdict != '-' && refused != (verdict == 'R'))) {
        print_message("cases.tsv:%d: %s in mode %d, wanted %c, found:\n", line, breach, mode, verdict);
        cap_print(&findings);
        fail();
    }
    if (strcmp(breach, "-") == 0 && findings.count > 0) {
        print_message("cases.tsv:%d: nothing was to be found:\n", line);
        cap_print(&findings);
        fail();
    }
    if (ok)
        cap_assert_round_trip(&message, arena, breach);
}

static void split(char *line, char *columns[COLUMNS])
{
    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = line;
        line = line ? strchr(line, '\t') : NULL;
        if (line)
            *line++ = '\0';
        else
            line = "";
    }
}

static void each_case(void **state)
{
    struct bytes whole = cap_load(CAP_DATA "whole.xml"), cases = cap_load(CAP_DATA "cases.tsv");
    bool covered[256] = {false};
    int number = 0;
    (void)state;
    assert_non_null(whole.data);
    assert_non_null(cases.data);
    for (char *line = (char *)(uintptr_t)cases.data, *next; *line; line = next) {
        char *columns[COLUMNS], *end = strchr(line, '\n');
        next = end ? end + 1 : line + strlen(line);
        if (end)
            *end = '\0';
        number++;
        if (*line == '#')
            continue;
        split(line, columns);
        unescape(columns[2]);
        size_t len = unescape(columns[3]);
        struct arena arena;
        arena_init(&arena, NULL, 0);
        struct bytes document = document_of(&arena, whole, columns[2], columns[3], len);
        assert_int_equal(strlen(columns[1]), MODES);
        for (int mode = 0; mode < MODES; mode++)
            check_reading(&arena, document, columns[0], columns[1][mode], (enum cap_mode)mode, number);
        for (size_t i = 0; cap_breach_row(i); i++)
            covered[i] |= strcmp(cap_breach_row(i)->name, columns[0]) == 0;
        arena_free(&arena);
    }
    for (size_t i = 0; cap_breach_row(i); i++) {
        for (const char *const *name = elsewhere; *name; name++)
            covered[i] |= strcmp(cap_breach_row(i)->name, *name) == 0;
        if (!covered[i])
            fail_msg("no case for %s", cap_breach_row(i)->name);
    }
    free((void *)(uintptr_t)whole.data);
    free((void *)(uintptr_t)cases.data);
}

/* What the table itself must hold to. */
static void the_table(void **state)
{
    const struct cap_breach_row *row;
    (void)state;
    for (size_t i = 0; (row = cap_breach_row(i)); i++) {
        assert_true(strchr("MSB", row->level) && row->name && row->sentence);
        assert_true(row->rule[0] == 'R' && row->rule[1] >= '0' && row->rule[1] <= '4');
        assert_true(row->strict || !row->tolerant); /* a more lenient reading never refuses more */
        assert_true(row->tolerant || !row->forgiving);
        assert_true(row->level != 'M' || row->strict); /* the standard's own rules decide */
        assert_true(row->level != 'S' || !row->strict);
        assert_ptr_equal(row_named(row->name), row);
    }
}

/* whole.xml, element by element. */
static void what_is_read(void **state)
{
    struct bytes whole = cap_load(CAP_DATA "whole.xml");
    struct arena arena;
    struct cap_message message;
    struct cap_findings findings;
    char line[200];
    (void)state;
    arena_init(&arena, NULL, 0);
    assert_true(cap_read(whole, CAP_STRICT, &arena, &message, &findings));
    assert_int_equal(findings.count, 0);
    assert_int_equal(message.sent.at, INT64_C(1772384400000));
    assert_int_equal(message.sent.offset, -480);
    assert_int_equal(message.address_count, 2);
    assert_string_equal(message.addresses[1].data, "Watch Commander, El Monte");
    assert_int_equal(message.reference_count, 2);
    assert_string_equal(message.references[1].identifier.data, "EM-2026-0299");
    assert_int_equal(message.references[1].sent.at, INT64_C(1772379000000));
    assert_int_equal(message.info_count, 2);
    const struct cap_info *info = &message.infos[0];
    assert_int_equal(info->category_count, 2);
    assert_int_equal(info->categories[1], CAP_SECURITY);
    assert_int_equal(info->responses[1], CAP_SHELTER);
    assert_int_equal(info->urgency, CAP_IMMEDIATE);
    assert_int_equal(info->severity, CAP_SEVERE);
    assert_int_equal(info->certainty, CAP_LIKELY);
    assert_string_equal(info->text.data, "Speeds < 60 km/h.\n  Second line & more.");
    assert_true(info->resources[0].size.value == 1024);
    assert_string_equal(info->resources[1].deref_uri.data, "SUQzBAAAAAAA");
    const struct cap_area *area = &info->areas[0];
    assert_int_equal(area->polygon_count, 2);
    assert_int_equal(area->polygons[0].count, 5);
    assert_int_equal(area->polygons[0].points[0].lat, 341000000);
    assert_int_equal(area->polygons[0].points[2].lon, -1179900000);
    assert_true(text_equal(area->polygons[0].text,
        TEXT("34.10,-118.07 34.10,-117.99 34.05,-117.990 34.05,-118.07 34.1,-118.07")));
    assert_true(area->circles[0].radius_km == 1.5);
    assert_int_equal(area->circles[1].center.lat, -340700000);
    assert_true(area->ceiling.value == 2400.5);
    assert_string_equal(message.infos[1].headline.data, "Evite el bulevar Valley — señal");
    cap_summary(&message, line, sizeof line);
    assert_string_equal(line,
        "Update Actual Private desk@police.example,EM-2026-0301,2026-03-01T09:00:00-08:00: "
        "Avoid Valley Boulevard; 2 infos, 3 areas");
    cap_summary(&message, line, 20);
    assert_string_equal(line, "Update Actual Priva");
    arena_free(&arena);
    free((void *)(uintptr_t)whole.data);
}

/* Lines are counted beyond what 16 bits hold. */
static void lines(void **state)
{
    enum { BLANK_LINES = 70000 };
    struct bytes whole = cap_load(CAP_DATA "whole.xml");
    struct arena arena;
    struct cap_message message;
    struct cap_findings findings;
    (void)state;
    arena_init(&arena, NULL, 0);
    char *blanks = arena_take(&arena, BLANK_LINES + 1);
    memset(blanks, '\n', BLANK_LINES);
    memcpy(blanks + BLANK_LINES, "", 1);
    struct bytes broken =
        document_of(&arena, whole, "<status>Actual", "<status>Real", strlen("<status>Real"));
    broken.data = memcpy(arena_copy(&arena, broken.data, broken.len), broken.data, broken.len);
    struct bytes late = document_of(&arena, broken, "  <identifier>",
        arena_printf(&arena, "%s<identifier>", blanks), BLANK_LINES + strlen("<identifier>"));
    assert_false(cap_read(late, CAP_STRICT, &arena, &message, &findings));
    assert_int_equal(cap_find(&findings, "status-word")->line, 6 + BLANK_LINES);
    arena_free(&arena);
    free((void *)(uintptr_t)whole.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table),
        cmocka_unit_test(what_is_read),
        cmocka_unit_test(each_case),
        cmocka_unit_test(lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
