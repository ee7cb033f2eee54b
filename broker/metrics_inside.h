/* Between the files that print the metrics page. */
#ifndef NEIGHBORS_BROKER_METRICS_INSIDE_H
#define NEIGHBORS_BROKER_METRICS_INSIDE_H

#include <stdio.h>

#include "broker/metrics.h"

/* HELP and TYPE of neighbors_<name>. */
void metric_head(FILE *out, const char *name, const char *kind, const char *sentence);

/* Messages by kind, deliveries, connections (metrics_message.c). */
void metrics_of_messages(FILE *out, const struct board *board);
/* The Redis that carry the state; and what each process is (metrics_state.c). */
void metrics_of_masters(FILE *out, const struct board *board);
void metrics_of_processes(FILE *out, const struct board *board, int64_t now);

#endif
