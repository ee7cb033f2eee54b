/* The inside of the edge's memory: its lists. For the files of this room alone. */
#ifndef NEIGHBORS_EDGE_MEMORY_PARTS_H
#define NEIGHBORS_EDGE_MEMORY_PARTS_H

#include "bridge/client/allocate.h"
#include "bridge/edge/memory/memory.h"

enum {
    EDGE_MOST_DEVICES = 1024,
    EDGE_MOST_ACTIVITIES = 32, /* open ones of a device; then the oldest is ended */
    EDGE_MOST_SOURCES = 16,    /* of an activity; more are not counted */
    EDGE_MOST_ENDED = 64,      /* ids of what is over, of a device */
    EDGE_MOST_ROWS_KNOWN = 24, /* rows that have spoken of a device */
    EDGE_KINDS = KIND_SOUND + 1,
};

struct edge_source {
    struct edge_source *next;
    bool parked; /* it is there but nothing happens */
    char name[];
};

struct edge_activity {
    struct edge_activity *next; /* older */
    struct edge_source *sources;
    char id[LIMIT_ID + 1];
    enum motion_kind kind;
    enum motion_kind told; /* the kind that was last told; 0: nothing of it has left the house */
    bool silent;           /* began before we listened, or was ended by silence: tells nothing any more */
    bool endless;          /* the rows' silence_s and endless */
    unsigned silence_s;
    unsigned confidence;
    int64_t at, heard;
    int64_t clock;             /* what the publisher's clock said last; 0: nothing */
    struct edge_device *first; /* which began the activity of the home; NULL: this one */
};

/* What was last told of a kind: an activity of the home, and until when it is gone on with instead of
 * beginning a new one. */
struct edge_visit {
    char id[LIMIT_ID + 1];     /* "": none */
    uint32_t map;              /* digest of the map whose device told last */
    struct edge_device *first; /* the device that began it */
    int64_t began, last;       /* the last device to see it began or ended then */
    int64_t clock; /* the same by the publisher's clock, whether it is right or not; 0: not told */
};

struct edge_rest { /* the same of one device */
    struct edge_rest *next;
    enum motion_kind kind;
    struct edge_visit visit;
};

struct edge_device {
    struct edge_device *next;
    char map[EDGE_MAP_NAME];
    char name[EDGE_NAME];
    unsigned rank;                        /* the best rank heard of */
    uint32_t known[EDGE_MOST_ROWS_KNOWN]; /* digests of the topics of rows that have spoken, a ring */
    unsigned known_count;
    int64_t dated;   /* the time of the last motion that came with its own */
    int64_t refined; /* and of the last word that tells a better kind */
    bool changed;
    struct edge_activity *activities; /* newest first */
    struct edge_source *ended;        /* publishers' ids of what is over, newest first */
    struct edge_rest *rests;
};

struct edge_memory {
    struct edge_memory_hooks hooks;
    bool assume_quiet;
    size_t device_count;
    struct edge_device *devices;
    struct edge_visit visits[EDGE_KINDS];
    struct edge_memory_counts counts;
};

/* A name in few bytes. */
uint32_t edge_digest(const char *text);
/* Whether the row with this digest has spoken of the device before; from now on it has. */
bool edge_device_knows(struct edge_device *device, uint32_t row);
/* What the device told last of the kind, made when it is new. */
struct edge_visit *edge_device_rest(struct edge_device *device, enum motion_kind kind);

/* The device, made when it is new; NULL when there are too many. */
struct edge_device *edge_device_of(struct edge_memory *memory, const char *map, const char *name);
void edge_activity_free(struct edge_activity *activity);
/* Puts a source of that name before the others. */
struct edge_source *edge_source_add(struct edge_source **list, const char *name);
/* The source of that name in a list; NULL: none. */
struct edge_source *edge_source_in(struct edge_source *list, const char *name);

/* The activity that the source of that name tells of; NULL: none. */
struct edge_activity *edge_activity_of_source(struct edge_device *device, const char *name);
/* Whether a source of it is not parked. */
bool edge_activity_is_busy(const struct edge_activity *activity);
/* What goes on there now of that kind; NULL: nothing. */
struct edge_activity *edge_busy_activity(struct edge_device *device, enum motion_kind kind);
/* Adds the signal's source to those of the activity, false when there are too many; takes one away. */
bool edge_activity_add(struct edge_activity *activity, const struct edge_signal *signal);
void edge_activity_remove(struct edge_activity *activity, const char *name);
/* The activity's id: the publisher's, else of kind and time. */
void edge_activity_name(char id[LIMIT_ID + 1], const struct edge_signal *signal, int64_t at);
/* Takes the activity out of the device and frees it. */
void edge_activity_forget(struct edge_device *device, struct edge_activity *activity);
/* Remembers the publisher's id of what is over, so that it stays over when the home's broker delivers it
 * again. */
void edge_device_note_ended(struct edge_device *device, const struct edge_signal *signal);
/* The oldest activity when there are too many; NULL. */
struct edge_activity *edge_device_excess(struct edge_device *device);

#endif
