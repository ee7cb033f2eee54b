/* The edge's memory as JSON, a device at a time, so that a start told before a crash is not told again after
 * it. */
#include <jansson.h>
#include <stdlib.h>

#include "bridge/edge/memory/memory_parts.h"

static json_t *save_sources(const struct edge_activity *activity)
{
    json_t *list = json_array();
    for (const struct edge_source *s = activity->sources; s; s = s->next)
        json_array_append_new(list, json_pack("{s:s,s:b}", "name", s->name, "parked", (int)s->parked));
    return list;
}

static json_t *save_activities(const struct edge_device *device)
{
    json_t *list = json_array();
    for (const struct edge_activity *a = device->activities; a; a = a->next)
        json_array_append_new(
            list, json_pack("{s:s,s:s,s:s,s:i,s:i,s:b,s:b,s:i,s:i,s:I,s:o}", "first_map",
                      a->first ? a->first->map : "", "first", a->first ? a->first->name : "", "id", a->id,
                      "kind", (int)a->kind, "told", (int)a->told, "silent", (int)a->silent, "endless",
                      (int)a->endless, "silence_s", (int)a->silence_s, "confidence", (int)a->confidence, "at",
                      (json_int_t)a->at, "sources", save_sources(a)));
    return list;
}

static json_t *save_ended(const struct edge_device *device)
{
    json_t *list = json_array();
    for (const struct edge_source *s = device->ended; s; s = s->next)
        json_array_append_new(list, json_string(s->name));
    return list;
}

static void restore_ended(struct edge_device *device, json_t *list)
{
    for (size_t i = json_array_size(list); i > 0; i--)
        if (json_is_string(json_array_get(list, i - 1)))
            edge_source_add(&device->ended, json_string_value(json_array_get(list, i - 1)));
}

/* The rows that have spoken, by digests of their topics: numbers would change with the table. */
static json_t *save_known(const struct edge_device *device)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < device->known_count && i < EDGE_MOST_ROWS_KNOWN; i++)
        json_array_append_new(list, json_integer(device->known[i]));
    return list;
}

void edge_memory_changed(struct edge_memory *memory, edge_memory_visit *each, void *arg)
{
    for (struct edge_device *d = memory->devices; d; d = d->next) {
        if (!d->changed)
            continue;
        d->changed = false;
        json_t *saved = json_pack("{s:i,s:I,s:I,s:o,s:o,s:o}", "rank", (int)d->rank, "dated",
            (json_int_t)d->dated, "refined", (json_int_t)d->refined, "known", save_known(d), "activities",
            save_activities(d), "ended", save_ended(d));
        char *text = json_dumps(saved, JSON_COMPACT);
        json_decref(saved);
        if (text)
            each(arg, d->map, d->name, text);
        free(text);
    }
}

static void restore_sources(struct edge_activity *activity, json_t *list)
{
    size_t i;
    json_t *saved;
    json_array_foreach(list, i, saved)
    {
        const char *name;
        int parked;
        if (json_unpack(saved, "{s:s,s:b}", "name", &name, "parked", &parked) != 0)
            continue;
        edge_source_add(&activity->sources, name)->parked = parked;
    }
}

/* The device that saw it first, which may be restored later than this one. */
static struct edge_device *restore_first(struct edge_memory *memory, const char *map, const char *name)
{
    bool told = map[0] && name[0] && strlen(map) < EDGE_MAP_NAME && strlen(name) < EDGE_NAME;
    return told ? edge_device_of(memory, map, name) : NULL;
}

static struct edge_activity *restore_activity(struct edge_memory *memory, json_t *saved, int64_t now)
{
    const char *id, *first_map = "", *first = "";
    int kind, told, silent, endless, silence_s, confidence;
    json_int_t at;
    json_t *sources;
    if (json_unpack(saved, "{s?s,s?s,s:s,s:i,s:i,s:b,s:b,s:i,s:i,s:I,s:o}", "first_map", &first_map, "first",
            &first, "id", &id, "kind", &kind, "told", &told, "silent", &silent, "endless", &endless,
            "silence_s", &silence_s, "confidence", &confidence, "at", &at, "sources", &sources) != 0 ||
        !motion_kind_name(kind) || (told && !motion_kind_name(told)))
        return NULL;
    struct edge_activity *activity = client_alloc(sizeof(*activity));
    *activity = (struct edge_activity){.kind = (enum motion_kind)kind,
        .told = (enum motion_kind)told,
        .silent = silent,
        .endless = endless,
        .silence_s = (unsigned)silence_s,
        .confidence = (unsigned)confidence,
        .at = at,
        .heard = now,
        .first = restore_first(memory, first_map, first)};
    edge_legal_id(id, activity->id);
    restore_sources(activity, sources);
    return activity;
}

static void restore_known(struct edge_device *device, json_t *list)
{
    size_t n;
    json_t *saved;
    json_array_foreach(list, n, saved)
    {
        if (json_is_string(saved)) /* as former versions wrote them */
            edge_device_knows(device, edge_digest(json_string_value(saved)));
        else if (json_is_integer(saved))
            edge_device_knows(device, (uint32_t)json_integer_value(saved));
    }
    device->changed = false;
}

void edge_memory_restore(
    struct edge_memory *memory, const char *map, const char *device_name, const char *json, int64_t now)
{
    json_t *saved = json_loads(json, 0, NULL), *known, *activities, *ended;
    json_int_t dated = 0, refined = 0;
    int rank;
    if (saved == NULL || strlen(map) >= EDGE_MAP_NAME || strlen(device_name) >= EDGE_NAME ||
        json_unpack(saved, "{s:i,s?I,s?I,s:o,s:o,s:o}", "rank", &rank, "dated", &dated, "refined", &refined,
            "known", &known, "activities", &activities, "ended", &ended) != 0) {
        json_decref(saved);
        return;
    }
    struct edge_device *device = edge_device_of(memory, map, device_name);
    struct edge_activity **last = device ? &device->activities : NULL;
    size_t i;
    json_t *one;
    json_array_foreach(activities, i, one)
    {
        struct edge_activity *activity = last ? restore_activity(memory, one, now) : NULL;
        if (activity == NULL)
            continue;
        *last = activity;
        last = &activity->next;
    }
    if (device) {
        device->rank = (unsigned)rank;
        device->dated = dated;
        device->refined = refined;
        restore_known(device, known);
        restore_ended(device, ended);
    }
    json_decref(saved);
}
