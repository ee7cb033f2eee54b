/* A latency's place: its highest bit chooses the octave, the six bits below it the step. */
#include "bench/load/histogram.h"

enum { STEP_BITS = 6 };

static unsigned place_of(uint64_t value)
{
    if (value < HISTOGRAM_STEPS)
        return (unsigned)value;
    unsigned highest = 63 - (unsigned)__builtin_clzll(value);
    unsigned octave = highest - STEP_BITS + 1;
    unsigned place =
        octave * HISTOGRAM_STEPS + (unsigned)(value >> (highest - STEP_BITS) & (HISTOGRAM_STEPS - 1));
    unsigned last = HISTOGRAM_OCTAVES * HISTOGRAM_STEPS - 1;
    return place < last ? place : last;
}

/* The middle of the latencies that share a place. */
static uint64_t value_at(unsigned place)
{
    unsigned octave = place / HISTOGRAM_STEPS;
    if (octave == 0)
        return place;
    uint64_t low = (uint64_t)(HISTOGRAM_STEPS + place % HISTOGRAM_STEPS) << (octave - 1);
    return low + ((uint64_t)1 << (octave - 1)) / 2;
}

void histogram_add(struct histogram *histogram, uint64_t nanoseconds)
{
    histogram->counts[place_of(nanoseconds)]++;
    histogram->total++;
    if (nanoseconds > histogram->largest)
        histogram->largest = nanoseconds;
}

uint64_t histogram_at(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)histogram->total), seen = 0;
    if (histogram->total == 0)
        return 0;
    for (unsigned place = 0; place < HISTOGRAM_OCTAVES * HISTOGRAM_STEPS; place++) {
        seen += histogram->counts[place];
        if (seen > wanted)
            return value_at(place) < histogram->largest ? value_at(place) : histogram->largest;
    }
    return histogram->largest;
}

void histogram_print(const struct histogram *histogram, FILE *out)
{
    fprintf(out, "{\"count\":%llu,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
        (unsigned long long)histogram->total, (double)histogram_at(histogram, 0.50) / 1e3,
        (double)histogram_at(histogram, 0.90) / 1e3, (double)histogram_at(histogram, 0.99) / 1e3,
        (double)histogram_at(histogram, 0.999) / 1e3, (double)histogram->largest / 1e3);
}
