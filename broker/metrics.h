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
    atomic_bool ready;          /* it listens, and is not stopping */
    char node[64];
    char durability[16];
    int64_t started_at;       /* ms, as all of these */
    int64_t certificate_ends; /* of the server's certificate; 0: none */
    int64_t as_of;            /* up to when silence is proved to be silence; 0: not yet */
    struct counters counters;
    struct store_counters store;
    size_t master_count;
    struct store_master masters[STORE_MASTERS];
    uint64_t http[HTTP_COUNTED][HTTP_STATUSES]; /* answers by route and the hundreds of their status */
};

struct board {
    size_t count;
    char version[32];
    struct process_state processes[];
};

/* A board for `count` processes, shared with those forked afterwards; NULL when there is no memory. */
struct board *board_new(size_t count);
void board_free(struct board *board);

/* Copies the counters onto the board. */
void board_publish(struct process_state *state, const struct counters *counters, const struct store *store);

/* Clocks that differ by more are no longer one order of things: health says so. */
enum { CLOCK_SKEW_MS = 1000 };
/* The clock of Redis that differs most from the process', in ms ahead; 0: none does, or none is known. */
int64_t state_clock_skew(const struct process_state *state);

/* The metrics of all processes in Prometheus' text format. now: ms. To be freed; NULL when there is no
 * memory. */
char *metrics_page(const struct board *board, int64_t now);

#endif
