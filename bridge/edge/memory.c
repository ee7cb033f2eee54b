/* From signals to events: memory.h says by which rules. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/memory_parts.h"

enum {
    FRESH_MS = 30 * 1000,             /* a start that young is news even of an unknown device */
    CLOCK_BEHIND_MS = 10 * 60 * 1000, /* a device's time is believed from so far before its arrival */
    CLOCK_AHEAD_MS = 5 * 1000,        /* to so far after */
    SILENCE_S = 300,
    FORGET_MS = 60 * 60 * 1000, /* what was ended by silence is forgotten then */
};

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

/* ---- activities and their sources -------------------------------------------------------------------- */

static struct edge_source *source_in(struct edge_source *list, const char *name)
{
    for (struct edge_source *s = list; s; s = s->next)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

static struct edge_activity *activity_of_source(struct edge_device *device, const char *name)
{
    for (struct edge_activity *a = device->activities; a; a = a->next)
        if (source_in(a->sources, name))
            return a;
    return NULL;
}

static bool is_busy(const struct edge_activity *activity)
{
    for (const struct edge_source *s = activity->sources; s; s = s->next)
        if (!s->parked)
            return true;
    return false;
}

/* What goes on there now of that kind. */
static struct edge_activity *busy_activity(struct edge_device *device, enum motion_kind kind)
{
    for (struct edge_activity *a = device->activities; a; a = a->next)
        if (a->kind == kind && is_busy(a))
            return a;
    return NULL;
}

static void add_source(struct edge_activity *activity, const struct edge_signal *signal)
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

static void remove_source(struct edge_activity *activity, const char *name)
{
    for (struct edge_source **at = &activity->sources; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0) {
            struct edge_source *gone = *at;
            *at = gone->next;
            free(gone);
            return;
        }
}

static void forget(struct edge_device *device, struct edge_activity *activity)
{
    struct edge_activity **at = &device->activities;
    while (*at != activity)
        at = &(*at)->next;
    *at = activity->next;
    edge_activity_free(activity);
    device->changed = true;
}

/* What is over stays over, also when the home's broker delivers it again. */
static void note_ended(struct edge_device *device, const struct edge_signal *signal)
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

static void bound_activities(struct edge_device *device)
{
    size_t count = 0;
    for (struct edge_activity *a = device->activities, *next; a; a = next) {
        next = a->next;
        if (++count > EDGE_MOST_ACTIVITIES)
            forget(device, a);
    }
}

static void name_activity(char id[LIMIT_ID + 1], const struct edge_signal *signal, int64_t at)
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

/* ---- telling ------------------------------------------------------------------------------------------ */

static bool shares(const struct edge_memory *memory, const struct edge_device *device, enum motion_kind kind)
{
    const struct edge_memory_hooks *hooks = &memory->hooks;
    return hooks->shares == NULL || hooks->shares(hooks->arg, device->map, device->name, kind);
}

static void tell(const struct edge_memory *memory, const struct edge_device *device, struct edge_event *event)
{
    event->map = device->map;
    event->device = device->name;
    memory->hooks.event(memory->hooks.arg, event);
}

static void tell_activity(const struct edge_memory *memory, struct edge_device *device,
    struct edge_activity *activity, enum phase phase, int64_t until)
{
    struct edge_event event = {.phase = phase,
        .kind = activity->told,
        .confidence = activity->confidence,
        .at = activity->at,
        .until = until};
    memcpy(event.activity_id, activity->id, sizeof(event.activity_id));
    tell(memory, device, &event);
}

/* Tells the kind that the activity has now: its start, or what it turned out to be. Nothing when that is not
 * shared. */
static void tell_kind(
    const struct edge_memory *memory, struct edge_device *device, struct edge_activity *activity)
{
    if (activity->silent || activity->told == activity->kind || !shares(memory, device, activity->kind))
        return;
    enum phase phase = activity->told ? PHASE_UPDATE : PHASE_START;
    activity->told = activity->kind;
    tell_activity(memory, device, activity, phase, 0);
}

static void end(const struct edge_memory *memory, struct edge_device *device, struct edge_activity *activity,
    bool replay, int64_t until)
{
    if (activity->told && !replay)
        tell_activity(memory, device, activity, PHASE_END, until > activity->at ? until : activity->at);
    activity->told = 0;
}

/* ---- signals ------------------------------------------------------------------------------------------ */

static int64_t believed(int64_t device_time, int64_t now)
{
    bool near = device_time >= now - CLOCK_BEHIND_MS && device_time <= now + CLOCK_AHEAD_MS;
    return device_time && near ? device_time : now;
}

static bool first_word_of_row(struct edge_device *device, const struct edge_row *row)
{
    size_t number = (size_t)(row - edge_rows);
    assert(number < 8 * sizeof(device->known));
    uint64_t bit = UINT64_C(1) << (number % 64), *word = &device->known[number / 64];
    bool first = !(*word & bit);
    *word |= bit;
    device->changed |= first;
    return first;
}

static bool is_fresh(const struct edge_signal *signal, int64_t now)
{
    bool just_begun = signal->row->shape == SHAPE_LIFE && signal->means == MEANS_START;
    return just_begun ||
           (signal->time && signal->time >= now - FRESH_MS && signal->time <= now + CLOCK_AHEAD_MS);
}

static void refine(const struct edge_memory *memory, struct edge_device *device,
    struct edge_activity *activity, enum motion_kind kind, bool replay)
{
    enum motion_kind better = edge_kind_better(activity->kind, kind);
    if (better == activity->kind)
        return;
    activity->kind = better;
    device->changed = true;
    if (!replay)
        tell_kind(memory, device, activity);
}

static struct edge_activity *begin(struct edge_device *device, const struct edge_signal *signal, int64_t now)
{
    struct edge_activity *activity = edge_alloc(sizeof(*activity));
    activity->kind = signal->kind;
    activity->confidence = signal->confidence;
    activity->at = believed(signal->time, now);
    name_activity(activity->id, signal, activity->at);
    activity->next = device->activities;
    device->activities = activity;
    bound_activities(device);
    return activity;
}

static void take_start(const struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, bool silent, int64_t now)
{
    struct edge_activity *activity = activity_of_source(device, signal->source);
    if (activity) {
        struct edge_source *source = source_in(activity->sources, signal->source);
        activity->heard = now;
        device->changed |= source->parked != signal->guarded;
        source->parked = signal->guarded;
        if (!signal->guarded)
            refine(memory, device, activity, signal->kind, silent);
        return;
    }
    if (signal->guarded || signal->row->rank < device->rank)
        return;
    activity = busy_activity(device, signal->kind);
    if (activity == NULL) {
        activity = begin(device, signal, now);
        activity->silent = true;
    }
    add_source(activity, signal);
    activity->heard = now;
    if (activity->silent && !silent) { /* what was only remembered becomes news now */
        activity->silent = false;
        activity->at = believed(signal->time, now);
        name_activity(activity->id, signal, activity->at);
    }
    device->changed = true;
    tell_kind(memory, device, activity);
}

/* true when there was something to end. */
static bool take_end(const struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, bool replay, int64_t now)
{
    struct edge_activity *activity = activity_of_source(device, signal->source);
    if (activity == NULL)
        return false;
    remove_source(activity, signal->source);
    note_ended(device, signal);
    device->changed = true;
    if (is_busy(activity))
        return true;
    end(memory, device, activity, replay, believed(signal->until, now));
    forget(device, activity);
    return true;
}

static void take_pulse(const struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, int64_t now)
{
    note_ended(device, signal);
    if (signal->guarded || signal->row->rank < device->rank || !shares(memory, device, signal->kind))
        return;
    struct edge_event event = {.phase = PHASE_PULSE,
        .kind = signal->kind,
        .confidence = signal->confidence,
        .at = believed(signal->time, now)};
    if (signal->until && believed(signal->until, now) == signal->until && signal->until >= event.at)
        event.until = signal->until;
    name_activity(event.activity_id, signal, event.at);
    tell(memory, device, &event);
}

static void take_refine(const struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, bool replay)
{
    struct edge_activity *activity = busy_activity(device, KIND_MOTION);
    if (activity && busy_activity(device, signal->kind) == NULL)
        refine(memory, device, activity, signal->kind, replay);
}

void edge_memory_take(struct edge_memory *memory, const struct edge_signal *signal, bool replay, int64_t now)
{
    const struct edge_memory_hooks *hooks = &memory->hooks;
    if (hooks->listed && !hooks->listed(hooks->arg, signal->row->map, signal->device))
        return;
    struct edge_device *device = edge_device_of(memory, signal->row->map, signal->device);
    if (device == NULL)
        return;
    bool first = first_word_of_row(device, signal->row);
    if (signal->has_id && source_in(device->ended, signal->source))
        return;
    if (signal->row->rank > device->rank) {
        device->rank = signal->row->rank;
        device->changed = true;
    }
    bool silent = replay || (first && !memory->assume_quiet && !is_fresh(signal, now));
    switch (signal->means) {
    case MEANS_START:
    case MEANS_UPDATE:
        take_start(memory, device, signal, silent, now);
        break;
    case MEANS_END:
        take_end(memory, device, signal, replay, now);
        break;
    case MEANS_WHOLE:
        if (!take_end(memory, device, signal, replay, now) && !replay)
            take_pulse(memory, device, signal, now);
        break;
    case MEANS_PULSE:
        if (!replay)
            take_pulse(memory, device, signal, now);
        break;
    case MEANS_REFINE:
        take_refine(memory, device, signal, replay);
        break;
    case MEANS_NOTHING:
        break;
    }
}

/* ---- silence ------------------------------------------------------------------------------------------ */

static void expire_activity(
    const struct edge_memory *memory, struct edge_device *device, struct edge_activity *activity, int64_t now)
{
    int64_t silence = now - activity->heard;
    if (silence < (int64_t)activity->silence_s * 1000)
        return;
    if (activity->told) {
        end(memory, device, activity, false, now);
        device->changed = true;
    }
    activity->silent = true; /* its sender still says so: that is no news until it has said something else */
    if (activity->endless || silence >= FORGET_MS)
        forget(device, activity);
}

void edge_memory_expire(struct edge_memory *memory, int64_t now)
{
    for (struct edge_device *d = memory->devices; d; d = d->next)
        for (struct edge_activity *a = d->activities, *next; a; a = next) {
            next = a->next;
            expire_activity(memory, d, a, now);
        }
}
