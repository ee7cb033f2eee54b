/* From signals to events: memory.h says by which rules. */
#include <stdio.h>

#include "bridge/edge/memory/memory_parts.h"

enum {
    FRESH_MS = 30 * 1000,             /* a start that young is news even of an unknown device */
    CLOCK_BEHIND_MS = 10 * 60 * 1000, /* a device's time is believed from so far before its arrival */
    CLOCK_AHEAD_MS = 5 * 1000,        /* to so far after */
    FORGET_MS = 60 * 60 * 1000,       /* what was ended by silence is forgotten then */
    MOST_VISIT_MS = 10 * 60 * 1000,   /* a street where somebody always walks is not one visitor for ever */
};

/* ---- telling ------------------------------------------------------------------------------------------ */

static bool shares(const struct edge_memory *memory, const struct edge_device *device, enum motion_kind kind)
{
    const struct edge_memory_hooks *hooks = &memory->hooks;
    return hooks->shares == NULL || hooks->shares(hooks->arg, device->map, device->name, kind);
}

static void tell(const struct edge_memory *memory, const struct edge_device *device,
    const struct edge_device *first, struct edge_event *event)
{
    event->map = device->map;
    event->device = device->name;
    if (first && first != device) {
        event->first_map = first->map;
        event->first_device = first->name;
    }
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
    tell(memory, device, activity->first, &event);
}

/* ---- one visitor, several devices ---------------------------------------------------------------------- */

/* What happens now, or by its publisher's clock at `clock`. */
struct moment {
    int64_t now, clock;
};

static int64_t distance(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* Devices of one publisher are held against one clock too: a late message is no new visitor's. */
static bool goes_on(const struct edge_visit *visit, uint32_t map, struct moment moment, int64_t pause)
{
    bool near = pause > 0 && visit->id[0] && moment.now >= visit->last && moment.now - visit->last <= pause &&
                moment.now - visit->began <= MOST_VISIT_MS;
    bool one_clock = visit->map == map && visit->clock && moment.clock;
    return near && (!one_clock || distance(visit->clock, moment.clock) <= pause);
}

/* The activity of the home that something of this kind on the device is a part of; NULL: none. */
static struct edge_visit *visit_of(
    struct edge_memory *memory, struct edge_device *device, enum motion_kind kind, struct moment moment)
{
    const struct edge_memory_hooks *hooks = &memory->hooks;
    struct edge_visit *rest = edge_device_rest(device, kind), *home = &memory->visits[kind];
    uint32_t map = edge_digest(device->map);
    if (goes_on(rest, map, moment, hooks->hold_off_ms))
        return rest;
    return goes_on(home, map, moment, hooks->together_ms) ? home : NULL;
}

/* Notes that the device saw it, or ended seeing it. */
static void note_visit(struct edge_memory *memory, struct edge_device *device, enum motion_kind kind,
    struct edge_device *first, const char *id, struct moment moment)
{
    struct edge_visit *both[] = {edge_device_rest(device, kind), &memory->visits[kind]};
    for (size_t i = 0; i < 2; i++) {
        if (strcmp(both[i]->id, id) != 0)
            both[i]->began = moment.now;
        if (both[i]->id != id)
            snprintf(both[i]->id, sizeof(both[i]->id), "%s", id);
        both[i]->map = edge_digest(device->map);
        both[i]->first = first ? first : device;
        both[i]->last = moment.now;
        both[i]->clock = moment.clock;
    }
}

/* Whether another device, or another activity of this one, is still at it. */
static bool others_at_it(const struct edge_memory *memory, const struct edge_activity *one)
{
    for (const struct edge_device *d = memory->devices; d; d = d->next)
        for (const struct edge_activity *a = d->activities; a; a = a->next)
            if (a != one && a->told && strcmp(a->id, one->id) == 0)
                return true;
    return false;
}

/* Tells the kind that the activity has now: its start, that another device sees it too, or what it turned out
 * to be. Nothing when that is not shared. */
static void tell_kind(
    struct edge_memory *memory, struct edge_device *device, struct edge_activity *activity, int64_t now)
{
    if (activity->silent || activity->told == activity->kind || !shares(memory, device, activity->kind))
        return;
    struct moment moment = {now, activity->clock};
    const struct edge_visit *visit = activity->told ? NULL : visit_of(memory, device, activity->kind, moment);
    if (visit) {
        memcpy(activity->id, visit->id, sizeof(activity->id));
        activity->first = visit->first;
    }
    enum phase phase = activity->told || visit ? PHASE_UPDATE : PHASE_START;
    activity->told = activity->kind;
    note_visit(memory, device, activity->kind, activity->first, activity->id, moment);
    tell_activity(memory, device, activity, phase, 0);
}

static void end(struct edge_memory *memory, struct edge_device *device, struct edge_activity *activity,
    bool replay, int64_t until, int64_t now)
{
    if (activity->told && !replay) {
        enum phase phase = others_at_it(memory, activity) ? PHASE_UPDATE : PHASE_END;
        tell_activity(memory, device, activity, phase, until > activity->at ? until : activity->at);
        note_visit(memory, device, activity->told, activity->first, activity->id,
            (struct moment){now, activity->clock});
    }
    activity->told = 0;
}

/* ---- signals ------------------------------------------------------------------------------------------ */

static int64_t believed(int64_t device_time, int64_t now)
{
    bool near = device_time >= now - CLOCK_BEHIND_MS && device_time <= now + CLOCK_AHEAD_MS;
    return device_time && near ? device_time : now;
}

static bool is_fresh(const struct edge_signal *signal, int64_t now)
{
    bool just_begun = signal->row->shape == SHAPE_LIFE && signal->means == MEANS_START;
    return just_begun ||
           (signal->time && signal->time >= now - FRESH_MS && signal->time <= now + CLOCK_AHEAD_MS);
}

static void refine(struct edge_memory *memory, struct edge_device *device, struct edge_activity *activity,
    enum motion_kind kind, bool replay, int64_t now)
{
    enum motion_kind better = edge_kind_better(activity->kind, kind);
    if (better == activity->kind)
        return;
    activity->kind = better;
    device->changed = true;
    if (!replay)
        tell_kind(memory, device, activity, now);
}

static struct edge_activity *begin(
    struct edge_memory *memory, struct edge_device *device, const struct edge_signal *signal, int64_t now)
{
    struct edge_activity *activity = client_alloc(sizeof(*activity));
    activity->kind = signal->kind;
    activity->confidence = signal->confidence;
    activity->at = believed(signal->time, now);
    activity->clock = signal->time;
    edge_activity_name(activity->id, signal, activity->at);
    activity->next = device->activities;
    device->activities = activity;
    struct edge_activity *oldest = edge_device_excess(device);
    if (oldest) {
        edge_bound_met(
            &memory->counts.activities, "too much goes on at one device, its oldest activity is ended");
        end(memory, device, oldest, false, now, now);
        edge_activity_forget(device, oldest);
    }
    return activity;
}

/* A sensor that says again what it said before, and tells when that was. */
static bool is_told_again(struct edge_device *device, const struct edge_signal *signal)
{
    if (!signal->row->dated || signal->time == 0)
        return false;
    bool again = signal->time == device->dated;
    device->changed |= !again;
    device->dated = signal->time;
    return again;
}

static void take_start(struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, bool silent, int64_t now)
{
    struct edge_activity *activity = edge_activity_of_source(device, signal->source);
    if (activity) {
        struct edge_source *source = edge_source_in(activity->sources, signal->source);
        activity->heard = now;
        device->changed |= source->parked != signal->guarded;
        source->parked = signal->guarded;
        if (!signal->guarded)
            refine(memory, device, activity, signal->kind, silent, now);
        return;
    }
    if (signal->guarded || signal->row->rank < device->rank || is_told_again(device, signal))
        return;
    activity = edge_busy_activity(device, signal->kind);
    if (activity == NULL) {
        activity = begin(memory, device, signal, now);
        activity->silent = true;
    }
    if (!edge_activity_add(activity, signal))
        edge_bound_met(
            &memory->counts.sources, "too many tell of one activity, a further one is not counted");
    activity->heard = now;
    if (activity->silent && !silent) { /* what was only remembered becomes news now */
        activity->silent = false;
        activity->at = believed(signal->time, now);
        activity->clock = signal->time;
        edge_activity_name(activity->id, signal, activity->at);
    }
    device->changed = true;
    tell_kind(memory, device, activity, now);
}

/* true when there was something to end. */
static bool take_end(struct edge_memory *memory, struct edge_device *device, const struct edge_signal *signal,
    bool replay, int64_t now)
{
    struct edge_activity *activity = edge_activity_of_source(device, signal->source);
    if (activity == NULL)
        return false;
    edge_activity_remove(activity, signal->source);
    edge_device_note_ended(device, signal);
    device->changed = true;
    if (edge_activity_is_busy(activity))
        return true;
    activity->clock = signal->until;
    if (replay && activity->told) { /* a replay tells nothing: the timer tells the end, at once */
        activity->silence_s = 0;
        return true;
    }
    end(memory, device, activity, replay, believed(signal->until, now), now);
    edge_activity_forget(device, activity);
    return true;
}

static void take_pulse(
    struct edge_memory *memory, struct edge_device *device, const struct edge_signal *signal, int64_t now)
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
    struct moment moment = {now, signal->time};
    const struct edge_visit *visit = visit_of(memory, device, signal->kind, moment);
    if (visit)
        memcpy(event.activity_id, visit->id, sizeof(event.activity_id));
    else
        edge_activity_name(event.activity_id, signal, event.at);
    struct edge_device *first = visit ? visit->first : NULL;
    note_visit(memory, device, signal->kind, first, event.activity_id, moment);
    tell(memory, device, first, &event);
}

static void take_refine(struct edge_memory *memory, struct edge_device *device,
    const struct edge_signal *signal, bool replay, int64_t now)
{
    struct edge_activity *activity = edge_busy_activity(device, KIND_MOTION);
    bool old = signal->time && signal->time == device->refined; /* of the motion before this one */
    device->changed |= signal->time != device->refined;
    device->refined = signal->time;
    if (activity && !old && edge_busy_activity(device, signal->kind) == NULL)
        refine(memory, device, activity, signal->kind, replay, now);
}

void edge_memory_take(struct edge_memory *memory, const struct edge_signal *signal, bool replay, int64_t now)
{
    const struct edge_memory_hooks *hooks = &memory->hooks;
    if (hooks->listed && !hooks->listed(hooks->arg, signal->row->map, signal->device))
        return;
    struct edge_device *device = edge_device_of(memory, signal->row->map, signal->device);
    if (device == NULL)
        return;
    bool first = !edge_device_knows(device, edge_digest(signal->row->topic));
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
        take_refine(memory, device, signal, replay, now);
        break;
    case MEANS_NOTHING:
        break;
    }
}

/* ---- silence ------------------------------------------------------------------------------------------ */

static void expire_activity(
    struct edge_memory *memory, struct edge_device *device, struct edge_activity *activity, int64_t now)
{
    int64_t silence = now - activity->heard;
    if (silence < (int64_t)activity->silence_s * 1000)
        return;
    if (activity->told) {
        activity->clock = 0;
        end(memory, device, activity, false, now, now);
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
