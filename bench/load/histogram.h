/* Latencies in nanoseconds, kept as counts: 64 steps an octave, so a percentile is right to 1.6 percent. */
#ifndef NEIGHBORS_BENCH_HISTOGRAM_H
#define NEIGHBORS_BENCH_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_OCTAVES = 40 };
struct histogram {
    uint64_t total, largest;
    uint64_t counts[HISTOGRAM_OCTAVES * HISTOGRAM_STEPS];
};

void histogram_add(struct histogram *histogram, uint64_t nanoseconds);
/* The latency that the given share (0 to 1) of all stay below, in nanoseconds; 0 when nothing was added. */
uint64_t histogram_at(const struct histogram *histogram, double share);
/* {"count":…,"p50":…,"p90":…,"p99":…,"p999":…,"max":…} in microseconds. */
void histogram_print(const struct histogram *histogram, FILE *out);

#endif
