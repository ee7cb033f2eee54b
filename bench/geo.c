/* The geography measured: each line is one question asked in two ways, interleaved in one run. Prints a
 * table, or with
 * --json the lines that bench/run collects. */
#include "geo/geo.h"
#include "geo/internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { POINTS = 1000000, ROUNDS = 9 };

struct inputs {
    struct geo_point *points, *back;
    geo_cell *cells;
    const struct geo_shape *shape;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- the ways that others take ---- */

static void encode_bit_by_bit(struct inputs *in)
{
    for (size_t j = 0; j < POINTS; j++) {
        struct geo_point point = in->points[j];
        double south = -90, north = 90, west = -180, east = 180;
        uint64_t bits = 0;
        for (int i = 0; i < 30; i++) {
            bits <<= 1;
            if (i % 2 == 0) {
                double middle = (west + east) / 2;
                if (point.lon >= middle) {
                    bits |= 1;
                    west = middle;
                } else {
                    east = middle;
                }
            } else {
                double middle = (south + north) / 2;
                if (point.lat >= middle) {
                    bits |= 1;
                    south = middle;
                } else {
                    north = middle;
                }
            }
        }
        in->cells[j] = bits << 34 | 6;
    }
}

static void decode_bit_by_bit(struct inputs *in)
{
    for (size_t j = 0; j < POINTS; j++) {
        double south = -90, north = 90, west = -180, east = 180;
        for (int i = 0; i < 30; i++) {
            uint64_t bit = in->cells[j] >> (63 - i) & 1;
            if (i % 2 == 0) {
                if (bit != 0)
                    west = (west + east) / 2;
                else
                    east = (west + east) / 2;
            } else {
                if (bit != 0)
                    south = (south + north) / 2;
                else
                    north = (south + north) / 2;
            }
        }
        in->back[j] = (struct geo_point){(south + north) / 2, (west + east) / 2};
    }
}

/* Redis' way: scale both to 26 bits, interleave each by five shifts and masks; range checks as it has them.
 */
static const uint64_t thinned[] = {0x5555555555555555u, 0x3333333333333333u, 0x0F0F0F0F0F0F0F0Fu,
    0x00FF00FF00FF00FFu, 0x0000FFFF0000FFFFu, 0x00000000FFFFFFFFu};
static const unsigned shifts[] = {0, 1, 2, 4, 8, 16};

static uint64_t interleave(uint32_t even, uint32_t odd)
{
    uint64_t x = even, y = odd;
    for (int i = 4; i >= 0; i--) {
        x = (x | x << shifts[i + 1]) & thinned[i];
        y = (y | y << shifts[i + 1]) & thinned[i];
    }
    return x | y << 1;
}

static uint64_t deinterleave(uint64_t both)
{
    uint64_t x = both, y = both >> 1;
    for (int i = 0; i < 6; i++) {
        x = (x | x >> shifts[i]) & thinned[i];
        y = (y | y >> shifts[i]) & thinned[i];
    }
    return x | y << 32;
}

static void encode_as_redis(struct inputs *in)
{
    for (size_t i = 0; i < POINTS; i++) {
        double lat = in->points[i].lat, lon = in->points[i].lon;
        if (lon > 180 || lon < -180 || lat > 90 || lat < -90)
            continue;
        double row = (lat + 90) / 180 * (1 << 26), column = (lon + 180) / 360 * (1 << 26);
        in->cells[i] = interleave((uint32_t)row, (uint32_t)column);
    }
}

static void decode_as_redis(struct inputs *in)
{
    for (size_t i = 0; i < POINTS; i++) {
        uint64_t apart = deinterleave(in->cells[i] >> 12);
        uint32_t row = (uint32_t)apart, column = (uint32_t)(apart >> 32);
        double south = -90 + (row * 1.0 / (1 << 26)) * 180, north = -90 + ((row + 1) * 1.0 / (1 << 26)) * 180;
        double west = -180 + (column * 1.0 / (1 << 26)) * 360,
               east = -180 + ((column + 1) * 1.0 / (1 << 26)) * 360;
        in->back[i] = (struct geo_point){(south + north) / 2, (west + east) / 2};
    }
}

/* ---- ours ---- */

static void encode_ours(struct inputs *in)
{
    geo_encode_many(in->points, POINTS, 6, in->cells);
}

static void encode_portable(struct inputs *in)
{
    geo_encode_many_portable(in->points, POINTS, 6, in->cells);
}

static void decode_ours(struct inputs *in)
{
    geo_decode_many(in->cells, POINTS, in->back);
}

static void decode_portable(struct inputs *in)
{
    geo_decode_many_portable(in->cells, POINTS, in->back);
}

/* ---- the table ---- */

struct question {
    const char *name, *unit, *against;
    void (*ours)(struct inputs *in);
    void (*theirs)(struct inputs *in);
    double per, goal; /* what a run counts; ours must be that many times faster */
};

static const struct question questions[] = {
    {"geo-encode", "ns/point", "bit by bit", encode_ours, encode_bit_by_bit, POINTS, 30},
    {"geo-encode-portable", "ns/point", "Redis' interleaving", encode_portable, encode_as_redis, POINTS, 1},
    {"geo-encode-portable-bits", "ns/point", "bit by bit", encode_portable, encode_bit_by_bit, POINTS, 0},
    {"geo-decode", "ns/cell", "bit by bit", decode_ours, decode_bit_by_bit, POINTS, 15},
    {"geo-decode-portable", "ns/cell", "Redis' interleaving", decode_portable, decode_as_redis, POINTS, 1},
    {"geo-decode-portable-bits", "ns/cell", "bit by bit", decode_portable, decode_bit_by_bit, POINTS, 0},
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double timed(void (*way)(struct inputs *), struct inputs *in)
{
    double start = now();
    way(in);
    return now() - start;
}

static void answer(const struct question *question, struct inputs *in, bool json)
{
    double ours[ROUNDS], theirs[ROUNDS], ratios[ROUNDS];
    geo_encode_many(in->points, POINTS, 6, in->cells);
    for (int i = 0; i < ROUNDS; i++) {
        theirs[i] = timed(question->theirs, in) / question->per * 1e9;
        if (question->theirs != decode_bit_by_bit && question->theirs != decode_as_redis)
            geo_encode_many(in->points, POINTS, 6, in->cells);
        ours[i] = timed(question->ours, in) / question->per * 1e9;
        ratios[i] = theirs[i] / ours[i];
    }
    qsort(ours, ROUNDS, sizeof *ours, by_size);
    qsort(theirs, ROUNDS, sizeof *theirs, by_size);
    qsort(ratios, ROUNDS, sizeof *ratios, by_size);
    double low = ratios[1], middle = ratios[ROUNDS / 2], high = ratios[ROUNDS - 2];
    const char *ok = low >= question->goal ? "true" : high < question->goal ? "false" : "null";
    if (json)
        printf("{\"name\":\"%s\",\"ours\":%.3f,\"theirs\":%.3f,\"ratio\":%.3f,\"spread\":[%.3f,%.3f],"
               "\"goal\":%g,"
               "\"ok\":%s,\"unit\":\"%s\",\"against\":\"%s\"}\n",
            question->name, ours[ROUNDS / 2], theirs[ROUNDS / 2], middle, low, high, question->goal, ok,
            question->unit, question->against);
    else
        printf("%-26s %9.2f %9.2f  %7.2f (%.2f to %.2f, goal %g: %s)  %s, against %s\n", question->name,
            ours[ROUNDS / 2], theirs[ROUNDS / 2], middle, low, high, question->goal, ok, question->unit,
            question->against);
}

int main(int argc, char **argv)
{
    bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
    struct inputs in = {.points = malloc(POINTS * sizeof *in.points),
        .back = malloc(POINTS * sizeof *in.back),
        .cells = malloc(POINTS * sizeof *in.cells)};
    if (in.points == NULL || in.back == NULL || in.cells == NULL)
        return 1;
    srand48(1);
    for (size_t i = 0; i < POINTS; i++)
        in.points[i] = (struct geo_point){drand48() * 180 - 90, drand48() * 360 - 180};
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
        answer(&questions[i], &in, json);
    free(in.points);
    free(in.back);
    free(in.cells);
    return 0;
}
