/* Devices, their activities and the sources of those: the lists that memory.c decides on. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/memory/memory_parts.h"

enum { SILENCE_S = 300 };

uint32_t edge_digest(const char *text)
{
    uint32_t digest = 2166136261; /* FNV-1a */
    for (; *text; text++)
        digest = (digest ^ (uint8_t)*text) * 16777619;
    return digest;
}

void edge_bound_met(uint64_t *count, const char *what)
{
    ++*count;
    if ((*count & (*count - 1)) == 0)
        fprintf(stderr, "neighbors-edge: memory: %s (%" PRIu64 " times so far)\n", what, *count);
}

struct edge_memory_counts edge_memory_count(const struct edge_memory *memory)
{
    return memory->counts;
}

struct edge_memory *edge_memory_new(const struct edge_memory_hooks *hooks, bool assume_quiet)
{
    struct edge_memory *memory = client_alloc(sizeof(*memory));
    memory->hooks = *hooks;
    memory->assume_quiet = assume_quiet;
    return memory;
}

static void free_sources(struct edge_source *source)
{
    while (source) {
        struct edge_source *next = source->next;
        free(source);
        source = next;
    }
}

struct edge_source *edge_source_add(struct edge_source **list, const char *name)
{
    size_t length = strnlen(name, EDGE_SOURCE - 1);
    struct edge_source *source = client_alloc(sizeof(*source) + length + 1);
    memcpy(source->name, name, length);
    source->next = *list;
    *list = source;
    return source;
}

void edge_activity_free(struct edge_activity *activity)
{
    free_sources(activity->sources);
    free(activity);
}

void edge_memory_free(struct edge_memory *memory)
{
    while (memory->devices) {
        struct edge_device *device = memory->devices;
        memory->devices = device->next;
        while (device->activities) {
            struct edge_activity *activity = device->activities;
            device->activities = activity->next;
            edge_activity_free(activity);
        }
        free_sources(device->ended);
        while (device->rests) {
            struct edge_rest *rest = device->rests;
            device->rests = rest->next;
            free(rest);
        }
        free(device);
    }
    free(memory);
}

struct edge_device *edge_device_of(struct edge_memory *memory, const char *map, const char *name)
{
    for (struct edge_device *d = memory->devices; d; d = d->next)
        if (strcmp(d->name, name) == 0 && strcmp(d->map, map) == 0)
            return d;
    if (memory->device_count >= EDGE_MOST_DEVICES) {
        edge_bound_met(&memory->counts.devices, "too many devices, a further one is left out");
        return NULL;
    }
    struct edge_device *device = client_alloc(sizeof(*device));
    snprintf(device->name, sizeof(device->name), "%s", name);
    snprintf(device->map, sizeof(device->map), "%s", map);
    device->next = memory->devices;
    memory->devices = device;
    memory->device_count++;
    return device;
}

void edge_legal_id(const char *name, char out[LIMIT_ID + 1])
{
    size_t length = 0;
    for (; name[length] && length < LIMIT_ID; length++) {
        char c = name[length];
        bool legal = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
                     c == '_' || c == '-';
        out[length] = legal ? c : c == '/' ? '.' : '_';
    }
    if (length == 0)
        out[length++] = '_';
    out[length] = 0;
}

struct edge_source *edge_source_in(struct edge_source *list, const char *name)
{
    for (struct edge_source *s = list; s; s = s->next)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

struct edge_activity *edge_activity_of_source(struct edge_device *device, const char *name)
{
    for (struct edge_activity *a = device->activities; a; a = a->next)
        if (edge_source_in(a->sources, name))
            return a;
    return NULL;
}

bool edge_activity_is_busy(const struct edge_activity *activity)
{
    for (const struct edge_source *s = activity->sources; s; s = s->next)
        if (!s->parked)
            return true;
    return false;
}

/* What goes on there now of that kind. */
struct edge_activity *edge_busy_activity(struct edge_device *device, enum motion_kind kind)
{
    for (struct edge_activity *a = device->activities; a; a = a->next)
        if (a->kind == kind && edge_activity_is_busy(a))
            return a;
    return NULL;
}

bool edge_activity_add(struct edge_activity *activity, const struct edge_signal *signal)
{
    size_t count = 0;
    for (const struct edge_source *s = activity->sources; s; s = s->next)
        count++;
    if (count >= EDGE_MOST_SOURCES)
        return false;
    edge_source_add(&activity->sources, signal->source);
    unsigned silence = signal->row->silence_s ? signal->row->silence_s : SILENCE_S;
    if (silence > activity->silence_s)
        activity->silence_s = silence;
    activity->endless |= signal->row->endless;
    return true;
}

void edge_activity_remove(struct edge_activity *activity, const char *name)
{
    for (struct edge_source **at = &activity->sources; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0) {
            struct edge_source *gone = *at;
            *at = gone->next;
            free(gone);
            return;
        }
}

void edge_activity_forget(struct edge_device *device, struct edge_activity *activity)
{
    struct edge_activity **at = &device->activities;
    while (*at != activity)
        at = &(*at)->next;
    *at = activity->next;
    edge_activity_free(activity);
    device->changed = true;
}

/* What is over stays over, also when the home's broker delivers it again. */
void edge_device_note_ended(struct edge_device *device, const struct edge_signal *signal)
{
    if (!signal->has_id)
        return;
    struct edge_source *last = edge_source_add(&device->ended, signal->source);
    device->changed = true;
    for (size_t i = 1; i < EDGE_MOST_ENDED && last; i++)
        last = last->next;
    if (last) {
        free_sources(last->next);
        last->next = NULL;
    }
}

struct edge_activity *edge_device_excess(struct edge_device *device)
{
    size_t count = 0;
    struct edge_activity *oldest = NULL;
    for (struct edge_activity *a = device->activities; a; a = a->next, count++)
        oldest = a;
    return count > EDGE_MOST_ACTIVITIES ? oldest : NULL;
}

bool edge_device_knows(struct edge_device *device, uint32_t row)
{
    unsigned held = device->known_count < EDGE_MOST_ROWS_KNOWN ? device->known_count : EDGE_MOST_ROWS_KNOWN;
    for (unsigned i = 0; i < held; i++)
        if (device->known[i] == row)
            return true;
    device->known[device->known_count++ % EDGE_MOST_ROWS_KNOWN] = row;
    device->changed = true;
    return false;
}

struct edge_visit *edge_device_rest(struct edge_device *device, enum motion_kind kind)
{
    for (struct edge_rest *r = device->rests; r; r = r->next)
        if (r->kind == kind)
            return &r->visit;
    struct edge_rest *rest = client_alloc(sizeof(*rest));
    rest->kind = kind;
    rest->next = device->rests;
    device->rests = rest;
    return &rest->visit;
}

void edge_activity_name(char id[LIMIT_ID + 1], const struct edge_signal *signal, int64_t at)
{
    char name[LIMIT_ID + 1];
    if (signal->has_id && !signal->row->own) { /* what an owner's row calls an id might tell a name */
        edge_legal_id(signal->source, id);
        return;
    }
    snprintf(name, sizeof(name), "%s-%lld-%08" PRIx32, motion_kind_name((int)signal->kind), (long long)at,
        edge_digest(signal->device));
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    edge_legal_id(name, id);
}
