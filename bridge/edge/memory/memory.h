/* What the edge remembers of every device, so that only news leaves the house: which activities go on there
 * and who told of them. A signal becomes an event when it changes that; what is replayed (RETAIN) changes
 * memory and is never told.
 *
 * An activity is one start-to-end of one kind on one device. Several sources may tell of it (two tracks of
 * one camera, a review and its track): it starts with the first and ends with the last. A source that only
 * stands there (a parked car) keeps its activity open for its end, but no longer hides a newcomer.
 *
 * One visitor is one activity of the home, however many of its devices see it. What begins within together_ms
 * of the last device to see the same kind, or on one device within hold_off_ms of its end (a sensor that
 * bounces), goes on with that activity: the same activity_id, told as UPDATE by the device that sees it, from
 * `at` to `until`, so that the household's log knows each of them. START is told once, END when the last
 * device has ended. */
#ifndef NEIGHBORS_EDGE_MEMORY_H
#define NEIGHBORS_EDGE_MEMORY_H

#include "bridge/edge/mapping/signal.h"

struct edge_event {
    const char *map, *device; /* of the publisher; stay in the house */
    char activity_id[LIMIT_ID + 1];
    enum phase phase;
    enum motion_kind kind;
    unsigned confidence;
    int64_t at, until; /* until 0: not told */
    /* Another device that saw this activity first, named likewise; NULL: none. */
    const char *first_map, *first_device;
};

struct edge_memory_hooks {
    void *arg;
    /* An event that is to leave the house. */
    void (*event)(void *arg, const struct edge_event *event);
    /* Whether the device is one that the owner listed; of others nothing is even remembered. NULL: all are.
     */
    bool (*listed)(void *arg, const char *map, const char *device);
    /* Whether the owner shares this kind of this device; NULL: everything is shared. */
    bool (*shares)(void *arg, const char *map, const char *device, enum motion_kind kind);
    int64_t together_ms, hold_off_ms; /* 0: never */
};

enum { EDGE_TOGETHER_S = 30, EDGE_HOLD_OFF_S = 60 }; /* what they are unless told */

/* How often a bound of the memory was met. */
struct edge_memory_counts {
    uint64_t devices;    /* one more was not taken in */
    uint64_t activities; /* a device's oldest was ended to make room */
    uint64_t sources;    /* a further source of an activity was not counted */
};

struct edge_memory;

/* assume_quiet: what was never heard of counts as known and quiet, so that its first start is an event. Else
 * the first word of a source is only remembered, unless it is fresh by its own time (30 s). */
struct edge_memory *edge_memory_new(const struct edge_memory_hooks *hooks, bool assume_quiet);
void edge_memory_free(struct edge_memory *memory);

/* Takes a signal that arrived `now`; the hook tells what is news. replay: it came with RETAIN set. */
void edge_memory_take(struct edge_memory *memory, const struct edge_signal *signal, bool replay, int64_t now);

struct edge_memory_counts edge_memory_count(const struct edge_memory *memory);

/* Ends what has been silent for too long. */
void edge_memory_expire(struct edge_memory *memory, int64_t now);

/* Saving: calls `each` with every device that changed since the last call and its memory as JSON (freed after
 * the call), and forgets that they changed. */
typedef void edge_memory_visit(void *arg, const char *map, const char *device, const char *json);
void edge_memory_changed(struct edge_memory *memory, edge_memory_visit *each, void *arg);
/* Takes back what was saved, as of `now`; what cannot be read is left out: the device
 * is then unknown. */
void edge_memory_restore(
    struct edge_memory *memory, const char *map, const char *device, const char *json, int64_t now);

/* A name in the letters that ids may have (A-Z a-z 0-9 . _ -, 1 to 64 of them): "/" becomes ".", others "_".
 */
void edge_legal_id(const char *name, char out[LIMIT_ID + 1]);

/* Counts a bound that was met, and says so the first time, the second, the fourth, … */
void edge_bound_met(uint64_t *count, const char *what);

#endif
