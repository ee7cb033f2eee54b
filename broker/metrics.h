/* The board: what each process of this machine shows of itself, in memory that they share. The parent sees on
 * it who is silent; whichever process is asked prints the metrics page of all. */
#ifndef NEIGHBORS_BROKER_METRICS_H
#define NEIGHBORS_BROKER_METRICS_H

#include <stdatomic.h>

#include "bridge/store.h"
#include "broker/counters.h"

/* Written by its own process alone. Counters are copied a few times a second. */
struct process_state {
    atomic_uint_fast64_t beats; /* raised each turn of the loop */
    atomic_bool ready;          /* it listens */
    char node[64];
    char durability[16];
    struct counters counters;
    struct store_counters store;
    uint64_t http[HTTP_COUNTED][HTTP_STATUSES]; /* answers by route and the hundreds of their status */
};

struct board {
    size_t count;
    struct process_state processes[];
};

/* A board for `count` processes, shared with those forked afterwards; NULL when there is no memory. */
struct board *board_new(size_t count);
void board_free(struct board *board);

/* Copies the counters onto the board. */
void board_publish(struct process_state *state, const struct counters *counters, const struct store *store);

/* The metrics of all processes in Prometheus' text format. To be freed; NULL when there is no memory. */
char *metrics_page(const struct board *board);

#endif
