/* The inside of the edge's memory, for memory.c and memory_save.c alone. */
#ifndef NEIGHBORS_EDGE_MEMORY_PARTS_H
#define NEIGHBORS_EDGE_MEMORY_PARTS_H

#include "bridge/edge/memory.h"

enum {
    EDGE_MOST_DEVICES = 4096,
    EDGE_MOST_ACTIVITIES = 64, /* open ones of a device; then the oldest is forgotten */
    EDGE_MOST_SOURCES = 64,    /* of an activity; more are not counted */
    EDGE_MOST_ENDED = 128,     /* ids of what is over, of a device */
};

struct edge_source {
    struct edge_source *next;
    bool parked; /* it is there but nothing happens */
    char name[EDGE_SOURCE];
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
};

struct edge_device {
    struct edge_device *next;
    const char *map; /* a name of edge_maps */
    char name[EDGE_NAME];
    unsigned rank;     /* the best rank heard of */
    uint64_t known[2]; /* bit n: row n of the table has spoken */
    bool changed;
    struct edge_activity *activities; /* newest first */
    struct edge_source *ended;        /* publishers' ids of what is over, newest first */
};

struct edge_memory {
    struct edge_memory_hooks hooks;
    bool assume_quiet;
    size_t device_count;
    struct edge_device *devices;
};

/* The device, made when it is new; NULL when there are too many. */
struct edge_device *edge_device_of(struct edge_memory *memory, const char *map, const char *name);
void edge_activity_free(struct edge_activity *activity);
/* Puts a source of that name before the others. */
struct edge_source *edge_source_add(struct edge_source **list, const char *name);
/* Zeroed memory; ends the process with a line when there is none. */
void *edge_alloc(size_t size);

#endif
