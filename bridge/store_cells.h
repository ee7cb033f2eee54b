/* How many cells somebody newly follows in a day, over all sessions and processes: nobody follows the whole
 * land. Kept are digests of the cells, under a name of their own for each who follows. */
#ifndef NEIGHBORS_BRIDGE_STORE_CELLS_H
#define NEIGHBORS_BRIDGE_STORE_CELLS_H

#include "bridge/store.h"

struct store_cell {
    char geohash[13];
    uint32_t counts; /* for how many cells it is taken */
};

struct store_cells {
    struct text who; /* "<role>/<id>" */
    bool address;    /* who is no principal but an address; what it asked is forgotten after a day */
    bool together;   /* all or none; else each for itself, in this order, as long as there is room */
    uint32_t limit;  /* new cells in a day of UTC */
    size_t count;
    const struct store_cell *cells;
};

struct store_cells_result {
    enum store_status status; /* OK, FAILED, GONE */
    size_t count;             /* as asked */
    const char *granted;      /* '1' for each that may be followed, else '0' */
};
typedef void store_cells_done(void *arg, const struct store_cells_result *result);

/* Notes that these cells are followed from now on. One that was followed in the last 30 days costs nothing
 * (an address: today). */
void store_cells(struct store *store, const struct store_cells *cells, store_cells_done *done, void *arg);

#endif
