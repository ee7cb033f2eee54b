/* Metrics pages of neighborsd, fetched and read, for `stats` and `top`. */
#ifndef NEIGHBORS_CLI_SAMPLES_H
#define NEIGHBORS_CLI_SAMPLES_H

#include "cli/cli.h"

/* Reads the page: *text is to be freed. Or the code, and why in `why`. */
enum { METRICS_WHY = 600 };
enum exit_code metrics_fetch(const struct address *page_at, char **text, char why[METRICS_WHY]);

/* One line of a page; the texts lie in the page. */
struct sample {
    const char *name;   /* without "neighbors_" */
    const char *labels; /* what stands between the braces; "" */
    double value;
};
struct samples {
    char *text;
    struct sample *rows;
    size_t count;
    double at; /* seconds, monotonic: when it was read; 0: there is no page */
};
/* Takes the text over. */
struct samples samples_of(char *text);
void samples_free(struct samples *samples);

/* The sum of all of that name that have the label (kind="alert"; NULL: any). */
double samples_sum(const struct samples *samples, const char *name, const char *label);
/* The first of that name; NULL: there is none. */
const struct sample *samples_first(const struct samples *samples, const char *name);
/* The value of a label; "" when it has none. */
void sample_label(const struct sample *sample, const char *label, char *out, size_t size);

/* Adds (sign 1) or takes off (-1) what the histogram of that name and label counts up to each bound. */
enum { BUCKETS = 32 };
struct buckets {
    size_t count;
    double bound[BUCKETS], within[BUCKETS];
};
void buckets_add(
    struct buckets *buckets, const struct samples *samples, const char *name, const char *label, int sign);
/* The value that a share of all (0.99) kept within, in seconds, as Prometheus' histogram_quantile reckons it;
 * less than 0 when there were none. */
double buckets_quantile(const struct buckets *buckets, double share);

#endif
