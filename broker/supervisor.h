/* The parent of several processes on one port: starts them, restarts who died, kills and restarts who is
 * silent, and passes signals on. It serves nobody itself. */
#ifndef NEIGHBORS_BROKER_SUPERVISOR_H
#define NEIGHBORS_BROKER_SUPERVISOR_H

#include "broker/metrics.h"

/* A process' exit status when it could not even start: there is no use in trying again at once. */
enum { EXIT_CANNOT_START = 2 };

struct supervisor_options {
    struct board *board; /* one state a process; `beats` shows who lives, `ready` who listens */
    int64_t silence_ms;  /* a process without a beat for this long is killed */
    int64_t stop_ms;     /* the longest that processes may take to stop */
    int (*work)(void *arg, size_t number); /* the life of a process; its result is its exit status */
    void (*ready)(void *arg);              /* all are ready, for the first time */
    void (*alive)(void *arg);              /* at each look, a few times a second; may be NULL */
    void *arg;
};

/* Runs until SIGTERM or SIGINT, then stops all. The exit status of the program. */
int supervisor_run(const struct supervisor_options *options);

#endif
