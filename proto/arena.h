/* One arena for each message in flight: taken from in small pieces, freed whole (STYLE: Dovecot's habit).
 * Running out of memory ends the process with a line on standard error. */
#ifndef NEIGHBORS_PROTO_ARENA_H
#define NEIGHBORS_PROTO_ARENA_H

#include "proto/bytes.h"

struct arena_block;
struct arena {
    struct arena_block *blocks; /* newest first */
    uint8_t *next, *end;        /* free room in the newest block */
    size_t total;               /* bytes taken from malloc so far */
};

/* An arena that uses `first` (size bytes, aligned to 16, owned by the caller, may be NULL with size 0) before
 * it asks malloc. */
void arena_init(struct arena *a, void *first, size_t size);
/* size zeroed bytes, aligned to 16; never NULL. They live until arena_free or arena_reset. */
void *arena_alloc(struct arena *a, size_t size);
/* As arena_alloc, but what the bytes hold is not told: for those who fill all of them. */
void *arena_take(struct arena *a, size_t size);
/* A copy of len bytes with a NUL behind them. */
char *arena_copy(struct arena *a, const void *data, size_t len);
/* printf into the arena. */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Frees everything that malloc gave. The arena may be used again after arena_init. */
void arena_free(struct arena *a);

#endif
