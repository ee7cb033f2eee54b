/* The edge's memory as JSON, a device at a time, so that a start told before a crash is not told again after
 * it. */
#include <jansson.h>
#include <stdlib.h>

#include "bridge/edge/memory_parts.h"

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
            list, json_pack("{s:s,s:i,s:i,s:b,s:b,s:i,s:i,s:I,s:o}", "id", a->id, "kind", (int)a->kind,
                      "told", (int)a->told, "silent", (int)a->silent, "endless", (int)a->endless, "silence_s",
                      (int)a->silence_s, "confidence", (int)a->confidence, "at", (json_int_t)a->at, "sources",
                      save_sources(a)));
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

/* The rows that have spoken, by their topics: numbers would change with the table. */
static json_t *save_known(const struct edge_device *device)
{
    json_t *list = json_array();
    for (size_t i = 0; i < edge_row_count; i++)
        if ((device->known[i / 64] >> (i % 64)) & 1)
            json_array_append_new(list, json_string(edge_rows[i].topic));
    return list;
}

void edge_memory_changed(struct edge_memory *memory, edge_memory_visit *each, void *arg)
{
    for (struct edge_device *d = memory->devices; d; d = d->next) {
        if (!d->changed)
            continue;
        d->changed = false;
        json_t *saved = json_pack("{s:i,s:o,s:o,s:o}", "rank", (int)d->rank, "known", save_known(d),
            "activities", save_activities(d), "ended", save_ended(d));
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

static struct edge_activity *restore_activity(json_t *saved, int64_t now)
{
    const char *id;
    int kind, told, silent, endless, silence_s, confidence;
    json_int_t at;
    json_t *sources;
    if (json_unpack(saved, "{s:s,s:i,s:i,s:b,s:b,s:i,s:i,s:I,s:o}", "id", &id, "kind", &kind, "told", &told,
            "silent", &silent, "endless", &endless, "silence_s", &silence_s, "confidence", &confidence, "at",
            &at, "sources", &sources) != 0 ||
        !motion_kind_name(kind) || (told && !motion_kind_name(told)))
        return NULL;
    struct edge_activity *activity = edge_alloc(sizeof(*activity));
    *activity = (struct edge_activity){.kind = (enum motion_kind)kind,
        .told = (enum motion_kind)told,
        .silent = silent,
        .endless = endless,
        .silence_s = (unsigned)silence_s,
        .confidence = (unsigned)confidence,
        .at = at,
        .heard = now};
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
        for (size_t i = 0; i < edge_row_count; i++)
            if (json_is_string(saved) && strcmp(edge_rows[i].map, device->map) == 0 &&
                strcmp(edge_rows[i].topic, json_string_value(saved)) == 0)
                device->known[i / 64] |= UINT64_C(1) << (i % 64);
    }
}

void edge_memory_restore(
    struct edge_memory *memory, const char *map, const char *device_name, const char *json, int64_t now)
{
    const struct edge_map *known_map = edge_map_of(text_of(map));
    json_t *saved = json_loads(json, 0, NULL), *known, *activities, *ended;
    int rank;
    if (known_map == NULL || saved == NULL || strlen(device_name) >= EDGE_NAME ||
        json_unpack(saved, "{s:i,s:o,s:o,s:o}", "rank", &rank, "known", &known, "activities", &activities,
            "ended", &ended) != 0) {
        json_decref(saved);
        return;
    }
    struct edge_device *device = edge_device_of(memory, known_map->name, device_name);
    struct edge_activity **last = device ? &device->activities : NULL;
    size_t i;
    json_t *one;
    json_array_foreach(activities, i, one)
    {
        struct edge_activity *activity = last ? restore_activity(one, now) : NULL;
        if (activity == NULL)
            continue;
        *last = activity;
        last = &activity->next;
    }
    if (device) {
        device->rank = (unsigned)rank;
        restore_known(device, known);
        restore_ended(device, ended);
    }
    json_decref(saved);
}
