/* What the tests of geo/ share: a repeatable stream of random numbers, and how often to try
 * (NEIGHBORS_GEO_ROUNDS times the usual, for a long run by hand). */
#ifndef TEST_GEO_H
#define TEST_GEO_H

#include "geo/geo.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(value, expected, slack)                                                                  \
    do {                                                                                                     \
        double value_ = (value), expected_ = (expected);                                                     \
        if (!(fabs(value_ - expected_) <= (slack)))                                                          \
            fail_msg("%s is %.17g, not %.17g", #value, value_, expected_);                                   \
    } while (0)

struct chance {
    uint64_t state;
};

static inline struct chance chance_of(uint64_t test)
{
    const char *seed = getenv("NEIGHBORS_GEO_SEED");
    return (struct chance){test + (seed != NULL ? 1000 * strtoull(seed, NULL, 10) : 0)};
}

static inline uint64_t chance_bits(struct chance *chance)
{
    uint64_t z = chance->state += 0x9E3779B97F4A7C15u; /* splitmix64 (S. Vigna) */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline double chance_between(struct chance *chance, double low, double high)
{
    return low + (high - low) * (double)(chance_bits(chance) >> 11) * 0x1p-53;
}

static inline int chance_below(struct chance *chance, int limit)
{
    return (int)(chance_bits(chance) % (uint64_t)limit);
}

static inline long rounds(long usual)
{
    const char *times = getenv("NEIGHBORS_GEO_ROUNDS");
    return times != NULL ? (long)((double)usual * atof(times)) : usual;
}

/* A point evenly on the sphere. */
static inline struct geo_point chance_point(struct chance *chance)
{
    return (struct geo_point){
        asin(chance_between(chance, -1, 1)) * 180 / M_PI, chance_between(chance, -180, 180)};
}

static inline geo_cell cell_of(const char *text)
{
    geo_cell cell = 0;
    assert_int_equal(geo_parse(text, strlen(text), &cell), GEO_OK);
    return cell;
}

#endif
