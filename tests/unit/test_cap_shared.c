/* Real CAP documents, and broken ones, where they lie beside the repository: each is judged as its list says,
 * read and written without loss, and given out again as an alert of ours that the standard's own schema
 * accepts. */
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "bridge/cap/signature.h"
#include "tests/unit/test_cap.h"
#include "tests/unit/test_cap_alert.h"

enum { COLUMN_FILE = 0, COLUMN_BREACHES = 8, COLUMNS = 12 };

static int failed, valid_seen, invalid_seen;

#define COMPLAIN(...) (failed++, print_message(__VA_ARGS__))

/* ---- the schema ---- */

static xmlSchemaParserCtxtPtr schema_parser;
static xmlSchemaPtr schema;

static bool valid_by_schema(struct bytes document)
{
    xmlDocPtr tree =
        xmlReadMemory((const char *)document.data, (int)document.len, NULL, NULL, XML_PARSE_NONET);
    xmlSchemaValidCtxtPtr validator = xmlSchemaNewValidCtxt(schema);
    bool valid = tree && xmlSchemaValidateDoc(validator, tree) == 0;
    xmlSchemaFreeValidCtxt(validator);
    xmlFreeDoc(tree);
    return valid;
}

/* ---- valid documents ---- */

/* In, as an Alert, out, in: what comes back is the same alert. */
static void check_as_alert(const char *file, const struct cap_message *message, struct arena *arena)
{
    struct alert alert, again;
    struct cap_plan plan, plan_again;
    struct refusal refusal;
    struct cap_message out;
    struct cap_findings findings;
    if (!cap_whole_alert(message, arena, &alert, &plan, &refusal)) {
        COMPLAIN("%s: not as an alert: %s %s\n", file, refusal.field, refusal.rule);
        return;
    }
    const char *lost = cap_codec_difference(&alert, arena);
    if (lost)
        COMPLAIN("%s: %s is lost in the codec\n", file, lost);
    if (plan.answer || message->msg_type == CAP_CANCEL)
        return; /* not given out */
    struct bytes document = cap_document_of(&alert, message->sender, arena);
    if (!cap_read(document, CAP_STRICT, arena, &out, &findings)) {
        COMPLAIN("%s: what we give out breaks a rule:\n", file);
        cap_print(&findings);
        return;
    }
    if (!valid_by_schema(document))
        COMPLAIN("%s: what we give out is not valid by the schema\n", file);
    if (!cap_whole_alert(&out, arena, &again, &plan_again, &refusal)) {
        COMPLAIN("%s: what we give out is refused: %s %s\n", file, refusal.field, refusal.rule);
        return;
    }
    const char *difference = message->info_count ? cap_alert_difference(&alert, &again) : NULL;
    if (difference)
        COMPLAIN("%s: %s is another when it comes back\n", file, difference);
}

static void check_valid(const char *file, struct bytes document, struct arena *arena)
{
    static const enum cap_mode modes[] = {CAP_FORGIVING, CAP_TOLERANT, CAP_STRICT};
    struct cap_message message;
    struct cap_findings findings;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!cap_read(document, modes[i], arena, &message, &findings)) {
            COMPLAIN("%s: refused\n", file);
            cap_print(&findings);
            return;
        }
    if (!valid_by_schema(cap_assert_round_trip(&message, arena, file)))
        COMPLAIN("%s: written again it is not valid by the schema\n", file);
    const char *why;
    if (message.signatures && cap_signature_integrity(document, &why) == CAP_SIGNATURE_FAILED)
        COMPLAIN("%s: its signature fails: %s\n", file, why);
    check_as_alert(file, &message, arena);
}

/* ---- broken ones ---- */

static bool found(const struct cap_findings *findings, bool signature_fails, const char *rule)
{
    if (strcmp(rule, "R45") == 0)
        return signature_fails;
    for (size_t i = 0; i < findings->count; i++) {
        const struct cap_finding *finding = &findings->items[i];
        if (finding->refused &&
            (strcmp(finding->rule, rule) == 0 || (finding->within && strcmp(finding->within, rule) == 0)))
            return true;
    }
    return false;
}

/* breaches: "R08:sent-Z; R04:xsd(...)". */
static void check_invalid(const char *file, struct bytes document, const char *breaches, struct arena *arena)
{
    struct cap_message message;
    struct cap_findings findings;
    const char *why;
    bool ok = cap_read(document, CAP_STRICT, arena, &message, &findings);
    bool fails = message.signatures && cap_signature_integrity(document, &why) == CAP_SIGNATURE_FAILED;
    if (ok && !fails)
        COMPLAIN("%s: accepted, breaks %s\n", file, breaches);
    int rules = 0;
    for (const char *at = breaches; at; at = strstr(at, "; R"), at = at ? at + 2 : NULL) {
        char rule[8] = "";
        memcpy(rule, at, strcspn(at, ":") < sizeof rule ? strcspn(at, ":") : 0);
        rules++;
        if (!found(&findings, fails, rule)) {
            COMPLAIN("%s: %s was not found, only:\n", file, rule);
            cap_print(&findings);
        }
    }
    assert_true(rules > 0);
}

/* ---- all ---- */

static void check_row(char *line)
{
    char *columns[COLUMNS] = {line};
    int count = 1;
    for (char *tab = strchr(line, '\t'); tab && count < COLUMNS; tab = strchr(tab + 1, '\t')) {
        *tab = '\0';
        columns[count++] = tab + 1;
    }
    assert_int_equal(count, COLUMNS);
    bool valid = strncmp(columns[COLUMN_FILE], "valid/", 6) == 0;
    if (!valid && strncmp(columns[COLUMN_FILE], "invalid/", 8) != 0)
        return;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    struct bytes document = cap_load(arena_printf(&arena, CAP_SHARED "%s", columns[COLUMN_FILE]));
    assert_non_null(document.data);
    valid_seen += valid;
    invalid_seen += !valid;
    if (valid)
        check_valid(columns[COLUMN_FILE], document, &arena);
    else
        check_invalid(columns[COLUMN_FILE], document, columns[COLUMN_BREACHES], &arena);
    free((void *)(uintptr_t)document.data);
    arena_free(&arena);
}

static void each_document(void **state)
{
    struct bytes list = cap_load(CAP_SHARED "MANIFEST.tsv");
    (void)state;
    if (!list.data) {
        print_message("skipped: there is no " CAP_SHARED "\n");
        skip();
    }
    schema_parser = xmlSchemaNewParserCtxt(CAP_SHARED "schema/CAP-v1.2.xsd");
    schema = xmlSchemaParse(schema_parser);
    assert_non_null(schema);
    char *line = strchr((char *)(uintptr_t)list.data, '\n');
    assert_non_null(line);
    for (char *next = line + 1; *next;) {
        char *end = strchr(next, '\n');
        line = next;
        next = end ? end + 1 : next + strlen(next);
        if (end)
            *end = '\0';
        check_row(line);
    }
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(schema_parser);
    free((void *)(uintptr_t)list.data);
    print_message("%d valid and %d invalid documents\n", valid_seen, invalid_seen);
    assert_true(valid_seen > 0 && invalid_seen > 0);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_document)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
