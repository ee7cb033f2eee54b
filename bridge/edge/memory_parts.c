/* Devices, their activities and the sources of those: the lists that memory.c decides on. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/memory_parts.h"

enum { SILENCE_S = 300 };

void *edge_alloc(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        fputs("neighbors-edge: out of memory\n", stderr);
        abort();
    }
    return memory;
}

struct edge_memory *edge_memory_new(const struct edge_memory_hooks *hooks, bool assume_quiet)
{
    struct edge_memory *memory = edge_alloc(sizeof(*memory));
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
    struct edge_source *source = edge_alloc(sizeof(*source));
    snprintf(source->name, sizeof(source->name), "%s", name);
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
        free(device);
    }
    free(memory);
}

struct edge_device *edge_device_of(struct edge_memory *memory, const char *map, const char *name)
{
    for (struct edge_device *d = memory->devices; d; d = d->next)
        if (strcmp(d->name, name) == 0 && strcmp(d->map, map) == 0)
            return d;
    if (memory->device_count >= EDGE_MOST_DEVICES)
        return NULL;
    struct edge_device *device = edge_alloc(sizeof(*device));
    snprintf(device->name, sizeof(device->name), "%s", name);
    device->map = map;
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

void edge_activity_add(struct edge_activity *activity, const struct edge_signal *signal)
{
    size_t count = 0;
    for (const struct edge_source *s = activity->sources; s; s = s->next)
        count++;
    if (count >= EDGE_MOST_SOURCES)
        return;
    edge_source_add(&activity->sources, signal->source);
    unsigned silence = signal->row->silence_s ? signal->row->silence_s : SILENCE_S;
    if (silence > activity->silence_s)
        activity->silence_s = silence;
    activity->endless |= signal->row->endless;
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

void edge_device_bound(struct edge_device *device)
{
    size_t count = 0;
    for (struct edge_activity *a = device->activities, *next; a; a = next) {
        next = a->next;
        if (++count > EDGE_MOST_ACTIVITIES)
            edge_activity_forget(device, a);
    }
}

void edge_activity_name(char id[LIMIT_ID + 1], const struct edge_signal *signal, int64_t at)
{
    char name[LIMIT_ID + 1];
    if (signal->has_id) {
        edge_legal_id(signal->source, id);
        return;
    }
    snprintf(name, sizeof(name), "%s-%lld", motion_kind_name((int)signal->kind), (long long)at);
    for (char *c = name; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    edge_legal_id(name, id);
}
