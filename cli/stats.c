/* neighbors stats: what the broker counts, read from its metrics listener (five ports above MQTT) in
 * Prometheus' text form, as a table for people or one JSON object for programs. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { URL, ALL };
static const struct option_row options[] = {
    [URL] = {"url", "URL", "the page (http://HOST:PORT+5/metrics of the broker)"},
    [ALL] = {"all", NULL, "also what is 0"},
    {0},
};

enum { PAGE_MOST = 1 << 20, METRICS_OFFSET = 5 };

struct page {
    char *text;
    size_t len;
};

static size_t gather(char *data, size_t size, size_t count, void *arg)
{
    struct page *page = arg;
    size_t len = size * count;
    char *text = page->len + len > PAGE_MOST ? NULL : realloc(page->text, page->len + len + 1);
    if (!text)
        return 0;
    memcpy(text + page->len, data, len);
    page->text = text;
    page->len += len;
    page->text[page->len] = '\0';
    return len;
}

static enum exit_code fetch(const struct invocation *invocation, const char *url, struct page *page)
{
    char error[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURL *curl = curl_easy_init();
    if (!curl)
        return cli_fail(invocation, EXIT_UNREACHABLE, "out of memory");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, page);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code != CURLE_OK)
        return cli_fail(invocation, EXIT_UNREACHABLE, "cannot read %s: %s", url,
            *error ? error : curl_easy_strerror(code));
    if (status != 200 || !page->text)
        return cli_fail(invocation, EXIT_REFUSED, "%s answers with status %ld", url, status);
    return EXIT_DONE;
}

/* The words behind "# HELP <name> ", of the metric whose line follows. */
struct help {
    char name[128], sentence[256];
};

static void print_line(
    const struct invocation *invocation, const struct help *help, const char *name, double value)
{
    if (value == 0 && !invocation->value[ALL])
        return;
    const char *shown = strncmp(name, "neighbors_", 10) == 0 ? name + 10 : name;
    bool fits = strncmp(name, help->name, strlen(help->name)) == 0;
    printf("%-44.44s %16.15g  %s\n", shown, value, fits ? help->sentence : "");
}

static void read_line(
    const struct invocation *invocation, const char *line, struct help *help, json_t *object)
{
    char name[256];
    double value;
    if (sscanf(line, "# HELP %127s %255[^\n]", help->name, help->sentence) == 2 || *line == '#')
        return;
    const char *space = strrchr(line, ' ');
    if (!space || (size_t)(space - line) >= sizeof name || sscanf(space, "%lf", &value) != 1)
        return;
    snprintf(name, sizeof name, "%.*s", (int)(space - line), line);
    if (object)
        json_object_set_new(object, name,
            value == (double)(json_int_t)value ? json_integer((json_int_t)value) : json_real(value));
    else
        print_line(invocation, help, name, value);
}

static enum exit_code run(struct invocation *invocation)
{
    char url[COMMAND_FIELD + 64];
    struct page page = {0};
    struct help help = {0};
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "stats takes no arguments");
    const struct common *common = &invocation->common;
    bool v6 = strchr(common->broker_host, ':') != NULL;
    snprintf(url, sizeof url, "http://%s%s%s:%d/metrics", v6 ? "[" : "", common->broker_host, v6 ? "]" : "",
        common->broker_port + METRICS_OFFSET);
    enum exit_code code = fetch(invocation, invocation->value[URL] ? invocation->value[URL] : url, &page);
    json_t *object = common->json && code == EXIT_DONE ? json_object() : NULL;
    char *rest = page.text;
    for (char *line; code == EXIT_DONE && (line = strsep(&rest, "\n")) != NULL;)
        if (*line)
            read_line(invocation, line, &help, object);
    cli_print_json(object);
    free(page.text);
    return code;
}

const struct command command_stats = {"stats", "what the broker counts", "", options, run};
