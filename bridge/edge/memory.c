/* From signals to events: memory.h says by which rules. */
#include <assert.h>
#include <stdio.h>

#include "bridge/edge/memory_parts.h"

enum {
    FRESH_MS = 30 * 1000,             /* a start that young is news even of an unknown device */
    CLOCK_BEHIND_MS = 10 * 60 * 1000, /* a device's time is believed from so far before its arrival */
    CLOCK_AHEAD_MS = 5 * 1000,        /* to so far after */
    FORGET_MS = 60 * 60 * 1000,       /* what was ended by silence is forgotten then */
};

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
    edge_activity_name(activity->id, signal, activity->at);
    activity->next = device->activities;
    device->activities = activity;
    edge_device_bound(device);
    return activity;
}

static void take_start(const struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, bool silent, int64_t now)
{
    struct edge_activity *activity = edge_activity_of_source(device, signal->source);
    if (activity) {
        struct edge_source *source = edge_source_in(activity->sources, signal->source);
        activity->heard = now;
        device->changed |= source->parked != signal->guarded;
        source->parked = signal->guarded;
        if (!signal->guarded)
            refine(memory, device, activity, signal->kind, silent);
        return;
    }
    if (signal->guarded || signal->row->rank < device->rank)
        return;
    activity = edge_busy_activity(device, signal->kind);
    if (activity == NULL) {
        activity = begin(device, signal, now);
        activity->silent = true;
    }
    edge_activity_add(activity, signal);
    activity->heard = now;
    if (activity->silent && !silent) { /* what was only remembered becomes news now */
        activity->silent = false;
        activity->at = believed(signal->time, now);
        edge_activity_name(activity->id, signal, activity->at);
    }
    device->changed = true;
    tell_kind(memory, device, activity);
}

/* true when there was something to end. */
static bool take_end(const struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, bool replay, int64_t now)
{
    struct edge_activity *activity = edge_activity_of_source(device, signal->source);
    if (activity == NULL)
        return false;
    edge_activity_remove(activity, signal->source);
    edge_device_note_ended(device, signal);
    device->changed = true;
    if (edge_activity_is_busy(activity))
        return true;
    end(memory, device, activity, replay, believed(signal->until, now));
    edge_activity_forget(device, activity);
    return true;
}

static void take_pulse(const struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, int64_t now)
{
    edge_device_note_ended(device, signal);
    if (signal->guarded || signal->row->rank < device->rank || !shares(memory, device, signal->kind))
        return;
    struct edge_event event = {.phase = PHASE_PULSE,
        .kind = signal->kind,
        .confidence = signal->confidence,
        .at = believed(signal->time, now)};
    if (signal->until && believed(signal->until, now) == signal->until && signal->until >= event.at)
        event.until = signal->until;
    edge_activity_name(event.activity_id, signal, event.at);
    tell(memory, device, &event);
}

static void take_refine(const struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, bool replay)
{
    struct edge_activity *activity = edge_busy_activity(device, KIND_MOTION);
    if (activity && edge_busy_activity(device, signal->kind) == NULL)
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
    if (signal->has_id && edge_source_in(device->ended, signal->source))
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
        edge_activity_forget(device, activity);
}

void edge_memory_expire(struct edge_memory *memory, int64_t now)
{
    for (struct edge_device *d = memory->devices; d; d = d->next)
        for (struct edge_activity *a = d->activities, *next; a; a = next) {
            next = a->next;
            expire_activity(memory, d, a, now);
        }
}
