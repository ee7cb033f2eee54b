/* The time, as everything in the programs beside the broker is told it. */
#ifndef NEIGHBORS_CLIENT_CLOCK_H
#define NEIGHBORS_CLIENT_CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment, never set back: for waiting. */
int64_t clock_steady(void);
/* Milliseconds since 1970, as the machine believes. */
int64_t clock_wall(void);

#endif
