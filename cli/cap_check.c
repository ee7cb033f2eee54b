/* neighbors cap check: CAP documents held against the standard's rules, strictly, as a publisher must keep
 * them, and against their own signature. One line a file; in JSON all that was found, and where the document
 * is meant. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/cap/cap.h"
#include "bridge/cap/signature.h"
#include "cli/cli.h"
#include "cli/columns.h"

static const struct option_row options[] = {{0}};

enum { DEGREE = 10 * 1000 * 1000 };

/* ---- as a line ---- */

/* The rule that is told first: the schema's, or that of XML itself, before the one that says more. */
static void print_line(const char *file, const struct cap_findings *findings)
{
    const struct cap_finding *finding = findings->items;
    char text[COLUMN_TEXT]; /* it shows what a stranger wrote */
    while (!finding->refused)
        finding++;
    column_clean(text_of(finding->text), text);
    printf("%s:%u: %s: %s", file, finding->line ? finding->line : 1,
        finding->within ? finding->within : finding->rule, text);
    if (finding->within)
        printf(" (%s)", finding->rule);
    putchar('\n');
}

/* ---- as JSON ---- */

static json_t *json_of(struct text text)
{
    return json_stringn_nocheck(text.data ? text.data : "", text.len);
}

static json_t *json_point(struct cap_point point)
{
    return json_pack("[f, f]", (double)point.lat / DEGREE, (double)point.lon / DEGREE);
}

static json_t *json_pairs(const struct cap_pair *pairs, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:o, s:o}", "name", json_of(pairs[i].name), "value", json_of(pairs[i].value)));
    return list;
}

static json_t *json_polygons(const struct cap_area *area)
{
    json_t *list = json_array();
    for (size_t i = 0; i < area->polygon_count; i++) {
        json_t *points = json_array();
        for (size_t n = 0; n < area->polygons[i].count; n++)
            json_array_append_new(points, json_point(area->polygons[i].points[n]));
        json_array_append_new(list, points);
    }
    return list;
}

static json_t *json_circles(const struct cap_area *area)
{
    json_t *list = json_array();
    for (size_t i = 0; i < area->circle_count; i++)
        json_array_append_new(list, json_pack("{s:o, s:f}", "center", json_point(area->circles[i].center),
                                        "radius_km", area->circles[i].radius_km));
    return list;
}

/* The areas of all infos in their order; "info" counts from 0. */
static json_t *json_areas(const struct cap_message *message)
{
    json_t *list = json_array();
    for (size_t i = 0; i < message->info_count; i++)
        for (size_t n = 0; n < message->infos[i].area_count; n++) {
            const struct cap_area *area = &message->infos[i].areas[n];
            json_array_append_new(
                list, json_pack("{s:o, s:I, s:o, s:o, s:o}", "description", json_of(area->description),
                          "info", (json_int_t)i, "polygons", json_polygons(area), "circles",
                          json_circles(area), "geocodes", json_pairs(area->geocodes, area->geocode_count)));
        }
    return list;
}

static void add_finding(json_t *list, const struct cap_finding *finding, const char *rule)
{
    json_int_t line = finding->line ? finding->line : 1; /* the document as a whole begins there */
    json_array_append_new(list,
        json_pack("{s:I, s:s, s:o}", "line", line, "rule", rule, "text", json_of(text_of(finding->text))));
}

/* Those that refuse, or those that do not. What the schema or XML forbids too is told under both rules. */
static json_t *json_findings(const struct cap_findings *findings, bool refused)
{
    json_t *list = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct cap_finding *finding = &findings->items[i];
        if (finding->refused != refused)
            continue;
        if (finding->within)
            add_finding(list, finding, finding->within);
        add_finding(list, finding, finding->rule);
    }
    return list;
}

static void print_json(
    const char *file, bool ok, const struct cap_message *message, const struct cap_findings *findings)
{
    cli_print_json(json_pack("{s:o, s:b, s:o, s:o, s:o, s:o}", "file", json_of(text_of(file)), "ok", ok,
        "errors", json_findings(findings, true), "warnings", json_findings(findings, false), "areas",
        json_areas(message), "identifier",
        message->identifier.data ? json_of(message->identifier) : json_null()));
}

/* ---- a file ---- */

/* No more than tells that it is too large. False: errno tells. */
static bool load(const char *path, struct arena *arena, struct bytes *out)
{
    bool standard_input = strcmp(path, "-") == 0;
    FILE *file = standard_input ? stdin : fopen(path, "rb");
    if (!file)
        return false;
    size_t room = 64 * 1024;
    uint8_t *data = arena_take(arena, room);
    for (size_t got; (got = fread(data + out->len, 1, room - out->len, file)) > 0;) {
        out->len += got;
        if (out->len < room || room > CAP_BYTES_MAX)
            continue;
        uint8_t *larger = arena_take(arena, 2 * room);
        data = memcpy(larger, data, out->len);
        room *= 2;
    }
    out->data = data;
    bool read = !ferror(file);
    int failed = errno;
    if (!standard_input)
        fclose(file);
    errno = failed;
    return read;
}

/* A signature that its own certificate shows to be another document's. One that cannot be checked says
 * nothing. */
static bool signature_fits(
    struct bytes document, const struct cap_message *message, struct cap_findings *findings)
{
    const char *why;
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->items[i].rule, "R05") == 0 || strcmp(findings->items[i].rule, "R03") == 0)
            return true; /* too much to look at */
    if (message->signatures == 0 || cap_signature_integrity(document, &why) != CAP_SIGNATURE_FAILED)
        return true;
    findings->refused++;
    if (findings->count < CAP_FINDINGS_MAX)
        findings->items[findings->count++] = (struct cap_finding){.line = message->signature_line,
            .rule = "R45",
            .breach = "signature-fails",
            .refused = true,
            .text = why};
    return false;
}

/* Told as any other file is, so that each has its object. */
static enum exit_code cannot_read(const struct invocation *invocation, const char *path, struct arena *arena)
{
    const char *why = arena_printf(arena, "cannot read %s: %s", path, strerror(errno));
    if (!invocation->common.json)
        return cli_fail(invocation, EXIT_USAGE, "%s", why);
    cli_print_json(json_pack("{s:o, s:b, s:s, s:[], s:[], s:[], s:n}", "file", json_of(text_of(path)), "ok",
        0, "error", why, "errors", "warnings", "areas", "identifier"));
    return EXIT_USAGE;
}

static enum exit_code check(const struct invocation *invocation, const char *path, struct arena *arena)
{
    struct bytes document = {0};
    struct cap_message message;
    struct cap_findings findings;
    if (!load(path, arena, &document))
        return cannot_read(invocation, path, arena);
    bool ok = cap_read(document, CAP_STRICT, arena, &message, &findings);
    ok &= signature_fits(document, &message, &findings);
    if (invocation->common.json)
        print_json(path, ok, &message, &findings);
    else if (ok)
        printf("%s: ok\n", path);
    else
        print_line(path, &findings);
    return ok ? EXIT_DONE : EXIT_REFUSED;
}

/* Ends with the worst of its files. */
static enum exit_code run(struct invocation *invocation)
{
    enum exit_code worst = EXIT_DONE;
    if (invocation->argument_count == 0)
        return cli_fail(invocation, EXIT_USAGE, "say which files, such as: cap check alert.xml");
    for (int i = 0; i < invocation->argument_count; i++) {
        struct arena arena;
        arena_init(&arena, NULL, 0);
        enum exit_code code = check(invocation, invocation->arguments[i], &arena);
        arena_free(&arena);
        if (code > worst)
            worst = code;
    }
    return worst;
}

const struct command command_cap_check = {
    "cap check", "hold CAP documents against the rules of the standard", "FILE|- ...", options, run};
