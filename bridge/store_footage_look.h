/* A match of a footage request while it is under way: between store_footage_match.c, which finds the
 * households, and store_footage_look.c, which looks into their logs, alone. */
#ifndef NEIGHBORS_BRIDGE_STORE_FOOTAGE_LOOK_H
#define NEIGHBORS_BRIDGE_STORE_FOOTAGE_LOOK_H

#include "bridge/store_footage_inside.h"
#include "proto/arena.h"

/* A device of a household, as the index has it. */
struct footage_device {
    uint16_t number;
    bool seen;
    uint64_t since;
    struct text id;
};
/* A household in one region. */
struct footage_candidate {
    struct text name;
    unsigned region; /* its tag */
    struct bytes packed;
    size_t count, room;
    struct footage_device *devices;
    char after[40]; /* entry of its log to go on behind; "" from the beginning */
};
struct footage_cell {
    unsigned region;
    char key[KEY];
    char run_id[48]; /* of the Redis whose cursor is gone on with; "" before its first answer */
};

struct footage_matching {
    struct arena arena;
    struct text agency;
    uint8_t incident;
    int64_t from, to;
    size_t cell_count, next_cell, cells_done;
    struct footage_cell *cells; /* those of a region beside each other */
    size_t count, room;
    struct footage_candidate *list;
    size_t next_first;             /* whose log was not looked at yet */
    char earliest[24], latest[24]; /* when such events may have been stored */
    size_t *waiting;               /* of `list`, those whose log is still to be looked at: a ring */
    size_t waiting_count, waiting_first;
    unsigned under_way;
    enum store_status status;
    footage_matched *done;
    void *arg;
};

/* A step under way has ended so. true: the match goes on. */
bool footage_step_over(struct footage_matching *match, enum store_status status);
/* Begins what steps there is room for; when none are left, the completion, which frees the match. */
void footage_go_on(struct store *store, struct footage_matching *match);

/* Begins what looks there is room for, into logs of `list`; none is under way afterwards: all are done. */
void footage_look(struct store *store, struct footage_matching *match);

#endif
