/* What the edge tells of itself (report.h). */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/status/report.h"

enum { LATE_MS = 5 * 60 * 1000 };

/* A time, or null for none. */
static json_t *time_or_null(int64_t ms)
{
    return ms ? json_integer(ms) : json_null();
}

static json_t *connection(
    const struct report_sources *sources, const struct link *link, const char *name, json_t *reasons)
{
    int64_t since = link_since(link);
    if (!link_is_up(link))
        json_array_append_new(reasons, json_sprintf("%s: not connected", name));
    return json_pack("{s:b,s:o,s:s}", "connected", (int)link_is_up(link), "since",
        time_or_null(since ? sources->wall - (sources->now - since) : 0), "trouble", link_trouble(link));
}

static json_t *spool_report(
    const char *file, const struct spool_totals *totals, int64_t wall, json_t *reasons)
{
    int64_t age = totals->oldest && wall > totals->oldest ? wall - totals->oldest : 0;
    if (totals->in_trouble)
        json_array_append_new(reasons, json_string("spool: the disk has no room, or it cannot be written"));
    if (age >= LATE_MS)
        json_array_append_new(reasons, json_string("spool: events have waited for more than 5 minutes"));
    return json_pack("{s:s,s:I,s:I,s:o,s:I,s:I,s:I,s:I,s:o,s:b}", "file", file, "waiting",
        (json_int_t)totals->waiting, "bytes", (json_int_t)totals->bytes, "oldest",
        time_or_null(totals->oldest), "oldest_age_s", (json_int_t)(age / 1000), "sent",
        (json_int_t)totals->sent, "refused", (json_int_t)totals->refused, "dropped",
        (json_int_t)totals->dropped, "last_sent", time_or_null(totals->last_sent), "in_trouble",
        (int)totals->in_trouble);
}

static json_t *device(const char *map, const char *source, const char *id, const struct seen_device *seen)
{
    return json_pack("{s:s?,s:s,s:s?,s:b,s:o,s:I}", "map", map, "source", source, "id", id, "shared",
        id != NULL, "heard", time_or_null(seen ? seen->last : 0), "words",
        (json_int_t)(seen ? seen->words : 0));
}

static const struct seen_device *seen_of(
    const struct report_sources *sources, const struct edge_shared *shared)
{
    const struct seen *seen = &sources->intake->seen;
    for (size_t i = 0; i < seen->count; i++)
        if (edge_settings_shared(sources->settings, seen->devices[i].map, seen->devices[i].name) == shared)
            return &seen->devices[i];
    return NULL;
}

/* Those that are shared first, heard of or not; then the others that were heard of. */
static json_t *devices(const struct report_sources *sources)
{
    const struct edge_settings *settings = sources->settings;
    const struct seen *seen = &sources->intake->seen;
    json_t *list = json_array();
    for (size_t i = 0; i < settings->shared_count; i++) {
        const struct edge_shared *shared = &settings->shared[i];
        const struct seen_device *heard = seen_of(sources, shared);
        const char *map = shared->map ? shared->map->name : heard ? heard->map : NULL;
        json_array_append_new(list, device(map, shared->source, shared->id, heard));
    }
    for (size_t i = 0; i < seen->count; i++)
        if (edge_settings_shared(settings, seen->devices[i].map, seen->devices[i].name) == NULL)
            json_array_append_new(
                list, device(seen->devices[i].map, seen->devices[i].name, NULL, &seen->devices[i]));
    return list;
}

static char *finish(json_t *report, json_t *reasons)
{
    json_object_set_new(report, "healthy", json_boolean(json_array_size(reasons) == 0));
    json_object_set_new(report, "reasons", reasons);
    char *text = json_dumps(report, JSON_COMPACT);
    json_decref(report);
    if (text == NULL)
        abort();
    return text;
}

char *report_running(const struct report_sources *sources)
{
    json_t *reasons = json_array(),
           *report = json_pack("{s:b,s:I}", "running", 1, "started", (json_int_t)sources->started);
    struct spool_totals totals;
    spool_tell(sources->spool, &totals);
    json_t *home = connection(sources, sources->home, "home", reasons);
    json_object_set_new(home, "messages", json_integer((json_int_t)sources->intake->messages));
    json_object_set_new(report, "home", home);
    json_object_set_new(report, "broker", connection(sources, sources->broker, "broker", reasons));
    json_object_set_new(
        report, "spool", spool_report(sources->settings->spool_file, &totals, sources->wall, reasons));
    json_object_set_new(report, "devices", devices(sources));
    if (sources->back)
        json_object_set_new(report, "way_back", back_report(sources->back, reasons));
    return finish(report, reasons);
}

char *report_stopped(const char *spool_file, const struct spool_totals *totals, int64_t wall)
{
    json_t *reasons = json_array(), *report = json_pack("{s:b}", "running", 0);
    json_array_append_new(reasons, json_string("neighbors-edge does not run"));
    json_object_set_new(report, "spool", spool_report(spool_file, totals, wall, reasons));
    return finish(report, reasons);
}

bool report_is_healthy(const char *json)
{
    json_t *report = json_loads(json, 0, NULL);
    bool healthy = json_is_true(json_object_get(report, "healthy"));
    json_decref(report);
    return healthy;
}
