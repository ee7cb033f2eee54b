/* Fetches a metrics page and reads Prometheus' text form, as far as neighborsd writes it. */
#include "cli/samples.h"

#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGE_MOST = 8 << 20 };

struct page {
    char *text;
    size_t len;
};

/* ---- fetching ---- */

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

enum exit_code metrics_fetch(const struct address *page_at, char **text, char why[METRICS_WHY])
{
    char error[CURL_ERROR_SIZE] = "";
    struct page page = {0};
    long status = 0;
    CURL *curl = curl_easy_init();
    *text = NULL;
    snprintf(why, METRICS_WHY, "out of memory");
    if (!curl)
        return EXIT_UNREACHABLE;
    curl_easy_setopt(curl, CURLOPT_URL, page_at->text);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &page);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    if (code == CURLE_OK && status == 200 && page.text) {
        *text = page.text;
        return EXIT_DONE;
    }
    free(page.text);
    if (code != CURLE_OK)
        snprintf(why, METRICS_WHY, "cannot read %.120s (%.120s): %s", page_at->text, page_at->from,
            *error ? error : curl_easy_strerror(code));
    else
        snprintf(why, METRICS_WHY, "%.200s (%.120s) answers with status %ld", page_at->text, page_at->from,
            status);
    return code != CURLE_OK ? EXIT_UNREACHABLE : EXIT_REFUSED;
}

/* ---- reading ---- */

/* "neighbors_<name>{<labels>} <value>", cut into its parts. False: a comment, or nothing of ours. */
static bool read_sample(char *line, struct sample *out)
{
    static const char prefix[] = "neighbors_";
    char *space = strrchr(line, ' ');
    if (!space || strncmp(line, prefix, sizeof prefix - 1) != 0)
        return false;
    *space = '\0';
    *out = (struct sample){line + sizeof prefix - 1, "", strtod(space + 1, NULL)};
    char *brace = strchr(line, '{');
    if (brace) {
        *brace = '\0';
        out->labels = brace + 1;
        space[-1] = '\0';
    }
    return true;
}

struct samples samples_of(char *text)
{
    struct samples samples = {.text = text};
    struct timespec now;
    size_t lines = 1;
    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    samples.rows = calloc(lines, sizeof *samples.rows);
    if (!samples.rows)
        abort();
    for (char *line; (line = strsep(&text, "\n")) != NULL;)
        samples.count += read_sample(line, &samples.rows[samples.count]);
    clock_gettime(CLOCK_MONOTONIC, &now);
    samples.at = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
    return samples;
}

void samples_free(struct samples *samples)
{
    free(samples->rows);
    free(samples->text);
    *samples = (struct samples){0};
}

static bool matches(const struct sample *sample, const char *name, const char *label)
{
    return strcmp(sample->name, name) == 0 && (!label || strstr(sample->labels, label));
}

double samples_sum(const struct samples *samples, const char *name, const char *label)
{
    double sum = 0;
    for (size_t i = 0; i < samples->count; i++)
        if (matches(&samples->rows[i], name, label))
            sum += samples->rows[i].value;
    return sum;
}

const struct sample *samples_first(const struct samples *samples, const char *name)
{
    for (size_t i = 0; i < samples->count; i++)
        if (strcmp(samples->rows[i].name, name) == 0)
            return &samples->rows[i];
    return NULL;
}

void sample_label(const struct sample *sample, const char *label, char *out, size_t size)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%s=\"", label);
    const char *at = strstr(sample->labels, wanted);
    at = at ? at + strlen(wanted) : "\"";
    snprintf(out, size, "%.*s", (int)strcspn(at, "\""), at);
}

/* ---- histograms ---- */

static size_t bucket_of(struct buckets *buckets, double bound)
{
    size_t at = 0;
    while (at < buckets->count && buckets->bound[at] != bound)
        at++;
    if (at == buckets->count && at < BUCKETS)
        buckets->bound[buckets->count++] = bound;
    return at;
}

void buckets_add(
    struct buckets *buckets, const struct samples *samples, const char *name, const char *label, int sign)
{
    char bucket[96], bound[24];
    snprintf(bucket, sizeof bucket, "%s_bucket", name);
    for (size_t i = 0; i < samples->count; i++) {
        if (!matches(&samples->rows[i], bucket, label))
            continue;
        sample_label(&samples->rows[i], "le", bound, sizeof bound);
        size_t at = bucket_of(buckets, strtod(bound, NULL)); /* "+Inf" too */
        if (at < BUCKETS)
            buckets->within[at] += sign * samples->rows[i].value;
    }
}

double buckets_quantile(const struct buckets *buckets, double share)
{
    double all = buckets->count ? buckets->within[buckets->count - 1] : 0, below = 0, from = 0;
    if (all <= 0)
        return -1;
    for (size_t i = 0; i < buckets->count; i++) {
        double within = buckets->within[i], to = buckets->bound[i];
        if (within >= share * all)
            return isinf(to) ? from : from + (to - from) * (share * all - below) / (within - below);
        below = within;
        from = to;
    }
    return from;
}
