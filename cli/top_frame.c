/* The frame of `neighbors top`, from what two pages of each source say. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/top.h"

/* ---- sums over all sources ---- */

static double sum(const struct top *top, const char *name, const char *label)
{
    double all = 0;
    for (size_t i = 0; i < top->count; i++)
        all += samples_sum(&top->sources[i].now, name, label);
    return all;
}

/* How much it rises in a second, of those who answered twice and were not started anew between. */
static double rate(const struct top *top, const char *name, const char *label)
{
    double all = 0;
    for (size_t i = 0; i < top->count; i++) {
        const struct samples *now = &top->sources[i].now, *before = &top->sources[i].before;
        double rise = samples_sum(now, name, label) - samples_sum(before, name, label);
        if (now->at > before->at && before->at > 0 && rise > 0)
            all += rise / (now->at - before->at);
    }
    return all;
}

/* The extreme of a gauge: of largest magnitude, or the least. */
static double extreme(const struct top *top, const char *name, bool least)
{
    double found = 0;
    bool any = false;
    for (size_t i = 0; i < top->count; i++) {
        const struct samples *now = &top->sources[i].now;
        for (size_t n = 0; n < now->count; n++) {
            double value = now->rows[n].value;
            if (strcmp(now->rows[n].name, name) != 0)
                continue;
            if (!any || (least ? value < found : fabs(value) > fabs(found)))
                found = value;
            any = true;
        }
    }
    return found;
}

static size_t count_of(const struct top *top, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < top->count; i++)
        for (size_t n = 0; n < top->sources[i].now.count; n++)
            count += strcmp(top->sources[i].now.rows[n].name, name) == 0;
    return count;
}

static const struct sample *first(const struct top *top, const char *name)
{
    const struct sample *found = NULL;
    for (size_t i = 0; i < top->count && !found; i++)
        found = samples_first(&top->sources[i].now, name);
    return found;
}

/* ---- the head ---- */

static void print_span(FILE *out, double seconds)
{
    long long s = (long long)seconds;
    if (s >= 86400)
        fprintf(out, "%lldd %02lldh", s / 86400, s / 3600 % 24);
    else
        fprintf(out, "%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

/* "127.0.0.1:1888" of its URL. */
static void print_place(FILE *out, const struct top *top)
{
    const char *host = strstr(top->sources[0].page.text, "://");
    host = host ? host + 3 : top->sources[0].page.text;
    fprintf(out, "%.*s", (int)strcspn(host, "/"), host);
    if (top->count > 1)
        fprintf(out, " and %zu more", top->count - 1);
}

static void print_head(FILE *out, const struct top *top)
{
    char clock[16], version[32] = "-";
    time_t now = time(NULL);
    struct tm parts;
    if (first(top, "build_info"))
        sample_label(first(top, "build_info"), "version", version, sizeof version);
    strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&now, &parts));
    fprintf(out, "Neighbors %s at ", version);
    print_place(out, top);
    fprintf(out, ", up ");
    print_span(out, count_of(top, "start_timestamp_seconds")
                        ? (double)now - extreme(top, "start_timestamp_seconds", false)
                        : 0);
    fprintf(out, "   %s\n", clock);
    for (size_t i = 0; i < top->count; i++)
        if (top->sources[i].now.at == 0)
            fprintf(out, "!! %.76s\n", top->sources[i].why);
}

static void print_state(FILE *out, const struct top *top)
{
    char durability[16] = "-";
    double as_of = extreme(top, "feed_as_of_timestamp_seconds", true), now = (double)time(NULL);
    if (first(top, "store_durability"))
        sample_label(first(top, "store_durability"), "appendfsync", durability, sizeof durability);
    size_t processes = count_of(top, "ready");
    fprintf(out, "serving %.0f of %zu   store %s, keeps %s   record %s   clocks %+.3f s\n",
        sum(top, "ready", NULL), processes,
        processes && sum(top, "store_available", NULL) >= (double)processes ? "up" : "DOWN", durability,
        sum(top, "store_log_broken", NULL) > 0 ? "CHANGED" : "whole",
        extreme(top, "clock_skew_seconds", false));
    fprintf(out, "connections %.0f: ", sum(top, "connections_open", NULL));
    fprintf(out, "mqtt %.0f, tls %.0f, ws %.0f, wss %.0f; MQTT 5 %.0f, 3.1.1 %.0f\n",
        sum(top, "connections_open", "listener=\"mqtt\""), sum(top, "connections_open", "listener=\"tls\""),
        sum(top, "connections_open", "listener=\"websocket\""),
        sum(top, "connections_open", "listener=\"websocket_tls\""),
        sum(top, "connections_open", "version=\"5\""), sum(top, "connections_open", "version=\"3.1.1\""));
    fprintf(out, "waiting: oldest alert %.1f s, calls %.0f, pushes %.0f; feed ",
        extreme(top, "outbox_oldest_seconds", false), sum(top, "store_waiting", NULL),
        sum(top, "pushes_on_the_way", NULL));
    if (as_of > 0 && now - as_of > 5)
        fprintf(out, "STALE since %.0f s\n\n", now - as_of);
    else
        fprintf(out, "%s\n\n", as_of > 0 ? "up to date" : "not yet known");
}

/* ---- what comes and goes ---- */

static const struct row {
    const char *text, *counter;
    const char *histogram, *label; /* NULL: none */
} rows[] = {
    {"messages received", "publishes_received_total", "kind_stored_seconds", NULL},
    {"  motion events", "events_received_total", "kind_stored_seconds", "kind=\"motion\""},
    {"  alerts", "alerts_received_total", "kind_stored_seconds", "kind=\"alert\""},
    {"  refused", "publishes_refused_total", NULL, NULL},
    {"items delivered", "items_delivered_total", "delivered_seconds", NULL},
    {"  alerts, that keep up", "delivered_seconds_count", "delivered_seconds", "item=\"alert\""},
    {"connections accepted", "connections_accepted_total", NULL, NULL},
    {"  logins refused", "connections_refused_credentials_total", NULL, NULL},
};
_Static_assert(sizeof rows / sizeof *rows == TOP_ROWS, "struct top has room for all");

static void look_at_durations(struct top *top, size_t n)
{
    struct buckets last = {0}, all = {0};
    for (size_t i = 0; i < top->count; i++) {
        const struct samples *now = &top->sources[i].now, *before = &top->sources[i].before;
        buckets_add(&all, now, rows[n].histogram, rows[n].label, 1);
        if (now->at > 0 && before->at > 0) {
            buckets_add(&last, now, rows[n].histogram, rows[n].label, 1);
            buckets_add(&last, before, rows[n].histogram, rows[n].label, -1);
        }
    }
    bool news = buckets_quantile(&last, 0.5) >= 0;
    const struct buckets *taken = news ? &last : &all;
    if ((news || top->shown[n].most == 0) && buckets_quantile(taken, 0.5) >= 0) {
        top->shown[n].half = buckets_quantile(taken, 0.5);
        top->shown[n].most = buckets_quantile(taken, 0.99);
    }
}

static void print_duration(FILE *out, double seconds)
{
    char text[24] = "-";
    if (seconds >= 1)
        snprintf(text, sizeof text, "%.1f s", seconds);
    else if (seconds > 0)
        snprintf(text, sizeof text, "%.1f ms", seconds * 1000);
    fprintf(out, "%11s", text);
}

static void print_rows(FILE *out, struct top *top)
{
    fprintf(out, "%-24s%12s%16s%11s%11s\n", "", "a second", "in all", "p50", "p99");
    for (size_t n = 0; n < TOP_ROWS; n++) {
        const char *label =
            strchr(rows[n].counter, '_') && strstr(rows[n].counter, "_count") ? rows[n].label : NULL;
        fprintf(out, "%-24s%12.1f%16.0f", rows[n].text, rate(top, rows[n].counter, label),
            sum(top, rows[n].counter, label));
        if (rows[n].histogram) {
            look_at_durations(top, n);
            print_duration(out, top->shown[n].half);
            print_duration(out, top->shown[n].most);
        }
        fputc('\n', out);
    }
    fputc('\n', out);
}

/* ---- why messages are refused ---- */

static void print_refusals(FILE *out, const struct top *top)
{
    static const char *const reasons[] = {"not_allowed", "bad_payload", "quota", "banned", "text", "document",
        "signature", "jurisdiction", "drill", "limit", "not_verified", "not_near", "other"};
    enum { COUNT = sizeof reasons / sizeof *reasons, A_LINE = 3, LINES = 2 };
    size_t shown = 0;
    fprintf(out, "refused, a second (in all):");
    for (size_t i = 0; i < COUNT && shown < A_LINE * LINES; i++) {
        char name[64];
        snprintf(name, sizeof name, "refused_%s_total", reasons[i]);
        if (sum(top, name, NULL) == 0)
            continue;
        fprintf(out, "%s%-14s%5.1f (%.0f)", shown++ % A_LINE ? "  " : "\n  ", reasons[i],
            rate(top, name, NULL), sum(top, name, NULL));
    }
    fprintf(out, "%s\n\n", shown ? "" : " none");
}

/* ---- the Redis ---- */

/* The value of another metric of the same process and Redis. */
static double beside(const struct samples *page, const struct sample *sample, const char *name)
{
    for (size_t i = 0; i < page->count; i++)
        if (strcmp(page->rows[i].name, name) == 0 && strcmp(page->rows[i].labels, sample->labels) == 0)
            return page->rows[i].value;
    return 0;
}

/* Every Redis once, as the first process of the first source sees it that answers. */
static void print_redis(FILE *out, const struct top *top)
{
    const struct samples *page = &top->sources[0].now;
    char process[96] = "", mine[96], redis[128];
    for (size_t i = 0; i < top->count && page->at == 0; i++)
        page = &top->sources[i].now;
    fprintf(out, "%-34s%6s%10s%13s%12s\n", "Redis", "", "replicas", "memory, MB", "clock, s");
    for (size_t i = 0; i < page->count; i++) {
        const struct sample *sample = &page->rows[i];
        if (strcmp(sample->name, "redis_up") != 0)
            continue;
        sample_label(sample, "process", mine, sizeof mine);
        sample_label(sample, "redis", redis, sizeof redis);
        if (!*process)
            snprintf(process, sizeof process, "%s", mine);
        if (strcmp(process, mine) != 0)
            continue;
        size_t len = strlen(redis);
        fprintf(out, "%-34s%6s%10.0f%13.1f%+12.3f%s\n", len > 33 ? redis + len - 33 : redis,
            sample->value > 0 ? "up" : "DOWN", beside(page, sample, "redis_replicas"),
            beside(page, sample, "redis_memory_bytes") / 1e6,
            beside(page, sample, "redis_clock_ahead_seconds"),
            beside(page, sample, "redis_write_failed") > 0 ? " DISK" : "");
    }
}

char *top_frame(struct top *top)
{
    char *frame = NULL;
    size_t len;
    FILE *out = open_memstream(&frame, &len);
    if (!out)
        abort();
    print_head(out, top);
    print_state(out, top);
    print_rows(out, top);
    print_refusals(out, top);
    print_redis(out, top);
    if (fclose(out))
        abort();
    return frame;
}
