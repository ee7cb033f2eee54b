/* neighbors stats: what the broker counts, read from its metrics listener in
 * Prometheus' text form, as a table for people or one JSON object for programs. */
#include <stdlib.h>
#include <string.h>

#include "cli/samples.h"

enum { URL, ALL };
static const struct option_row options[] = {
    [URL] = {"url", "URL", "the page (that of the settings)"},
    [ALL] = {"all", NULL, "also what is 0"},
    {0},
};

/* ---- the table ---- */

/* The metric without what the program and the form of the page add to its name:
 * "store_durability{appendfsync="always"}". */
static void short_name(const char *metric, const char *labels, char *out, size_t size)
{
    static const char prefix[] = "neighbors_", suffix[] = "_total", process[] = "process=\"";
    size_t len = strlen(metric), end = sizeof suffix - 1;
    if (strncmp(metric, prefix, sizeof prefix - 1) == 0) {
        metric += sizeof prefix - 1;
        len -= sizeof prefix - 1;
    }
    if (len > end && strcmp(metric + len - end, suffix) == 0)
        len -= end;
    if (strncmp(labels, process, sizeof process - 1) == 0) {
        const char *quote = strchr(labels + sizeof process - 1, '"');
        labels = quote ? quote + 1 + (quote[1] == ',') : labels;
    }
    bool more = *labels && *labels != '}';
    snprintf(out, size, "%.*s%s%s", (int)len, metric, more ? "{" : "", more ? labels : "");
}

/* Adds the value to the row of its name: the processes of a machine count each for themselves. */
static void add_row(json_t *rows, const char *name, double value, const char *sentence)
{
    json_t *row = json_object_get(rows, name);
    if (row)
        json_array_set_new(row, 0, json_real(json_real_value(json_array_get(row, 0)) + value));
    else
        json_object_set_new(rows, name, json_pack("[f, s]", value, sentence));
}

static void print_rows(json_t *rows, bool all)
{
    const char *name;
    json_t *row;
    json_object_foreach(rows, name, row)
    {
        double value = json_real_value(json_array_get(row, 0));
        if (value != 0 || all)
            printf("%-40s %15.15g  %s\n", name, value, json_string_value(json_array_get(row, 1)));
    }
}

/* ---- the page ---- */

/* "# HELP <name> <sentence>": of the metrics whose lines follow. */
struct help {
    char name[128], sentence[256];
};

/* Reads "<metric>{<labels>} <value>" into raw (as it is) and rows (for the table). */
static void read_line(const char *line, struct help *help, json_t *raw, json_t *rows)
{
    char name[256], shown[256];
    double value;
    if (sscanf(line, "# HELP %127s %255[^\n]", help->name, help->sentence) == 2 || *line == '#')
        return;
    const char *space = strrchr(line, ' ');
    if (!space || (size_t)(space - line) >= sizeof name || sscanf(space, "%lf", &value) != 1)
        return;
    snprintf(name, sizeof name, "%.*s", (int)(space - line), line);
    json_object_set_new(
        raw, name, value == (double)(json_int_t)value ? json_integer((json_int_t)value) : json_real(value));
    char *brace = strchr(name, '{');
    if (brace)
        *brace = '\0';
    short_name(name, brace ? brace + 1 : "", shown, sizeof shown);
    add_row(rows, shown, value, strcmp(name, help->name) == 0 ? help->sentence : "");
}

static void print_page(const struct invocation *invocation, char *text)
{
    struct help help = {0};
    json_t *raw = json_object(), *rows = json_object();
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        if (*line)
            read_line(line, &help, raw, rows);
    if (invocation->common.json)
        cli_print_json(json_incref(raw));
    else
        print_rows(rows, invocation->value[ALL] != NULL);
    json_decref(raw);
    json_decref(rows);
}

static enum exit_code run(struct invocation *invocation)
{
    struct address page;
    char why[METRICS_WHY], *text;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "stats takes no arguments");
    if (!cli_metrics(invocation, "--url", invocation->value[URL], &page))
        return EXIT_REFUSED;
    enum exit_code code = metrics_fetch(&page, &text, why);
    if (code != EXIT_DONE)
        return cli_fail(invocation, code, "%s", why);
    print_page(invocation, text);
    free(text);
    return EXIT_DONE;
}

const struct command command_stats = {"stats", "what the broker counts", "", options, run};
