/* The geography measured: each line is one question asked in two ways, interleaved in one run. Prints a
 * table, or with
 * --json the lines that bench/run collects. */
#include "bench/geo_bench.h"
#include "geo/internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 9, QUICK_ROUNDS = 3 };

enum { FOLLOWERS = 100000, CIRCLES = 1000, CITY = 5650, BORDER = 41000, LOOPS = 200 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time); /* others may be using the machine */
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
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

/* ---- the metropolis: followers within 30 km of its middle ---- */

static const struct geo_point middle = {34.05, -118.25};
static const double metre = 180 / M_PI / GEO_EARTH_RADIUS;

static void cover_circles(struct inputs *in)
{
    for (int i = 0; i < CIRCLES; i++) {
        struct geo_shape circle = {.kind = GEO_CIRCLE, .radius = 2000};
        circle.center = (struct geo_point){middle.lat + (i % 31) * 0.01, middle.lon + (i % 37) * 0.01};
        struct geo_cover cover;
        if (geo_cover_mixed(&circle, (struct geo_limits){5, 7, 64}, in->cells, &cover) != GEO_OK)
            exit(1);
    }
}

static void cover_polygon(const struct geo_shape *shape, struct inputs *in)
{
    struct geo_cover cover;
    for (int i = 0; i < 10; i++)
        if (geo_cover_mixed(shape, (struct geo_limits){1, 7, 64}, in->cells, &cover) != GEO_OK)
            exit(1);
}

static void cover_city(struct inputs *in)
{
    cover_polygon(&in->city, in);
}

static void cover_real_city(struct inputs *in)
{
    cover_polygon(&in->real_city, in);
}

static void cover_real_county(struct inputs *in)
{
    cover_polygon(&in->real_county, in);
}

static void cover_large(struct inputs *in)
{
    cover_polygon(&in->large, in);
}

static bool count_one(void *context, struct geo_circle *circle)
{
    struct inputs *in = context;
    (void)circle;
    in->found++;
    return true;
}

static void find_followers(struct inputs *in)
{
    in->found = 0;
    for (int i = 0; i < LOOPS; i++) {
        struct geo_shape circle = {.kind = GEO_CIRCLE, .radius = 2000};
        circle.center =
            (struct geo_point){middle.lat + (i % 31 - 15) * 0.01, middle.lon + (i % 37 - 18) * 0.01};
        double memory[64];
        const struct geo_prepared *prepared = geo_prepare(&circle, memory, sizeof memory);
        geo_circles_find(&in->set, prepared, count_one, in);
    }
}

static void find_followers_of_city(struct inputs *in)
{
    in->found = 0;
    geo_circles_find(&in->set, in->prepared_city, count_one, in);
}

static void find_followers_of_large(struct inputs *in)
{
    in->found = 0;
    geo_circles_find(&in->set, in->prepared_large, count_one, in);
}

static void scan_followers(struct inputs *in)
{
    for (int i = 0; i < LOOPS; i++) {
        struct geo_shape circle = {.kind = GEO_CIRCLE, .radius = 2000};
        circle.center =
            (struct geo_point){middle.lat + (i % 31 - 15) * 0.01, middle.lon + (i % 37 - 18) * 0.01};
        for (int j = 0; j < FOLLOWERS / 100; j++) /* a hundredth of them: it is slow */
            if (geo_distance(circle.center, in->followers[j].center) <=
                circle.radius + in->followers[j].radius)
                in->found += 0;
    }
}

static void ask_polygon(struct inputs *in)
{
    for (int i = 0; i < 1000; i++)
        in->found += geo_prepared_contains(in->prepared_large, in->followers[i].center);
}

static void scan_polygon(struct inputs *in)
{
    const struct geo_ring *ring = &in->large.polygons[0].rings[0];
    for (int i = 0; i < 10; i++) {
        struct geo_point at = in->followers[i].center;
        bool inside = false;
        for (size_t j = 1; j < ring->count; j++) {
            struct geo_point a = ring->points[j - 1], b = ring->points[j];
            if ((a.lat > at.lat) != (b.lat > at.lat) &&
                at.lon < (b.lon - a.lon) * (at.lat - a.lat) / (b.lat - a.lat) + a.lon)
                inside = !inside;
        }
        in->found += inside;
    }
}

/* ---- the table ---- */

/* Whole boundaries, those with the most points of their files: Los Angeles, 8,141 points, and a county. */
#define CITIES "../shared/data/geo/boundaries/la-county-88-cities.geojson"
#define COUNTIES "../shared/data/geo/boundaries/california-counties-click_that_hood.geojson"

struct question {
    const char *name, *unit, *against;
    void (*ours)(struct inputs *in);
    void (*theirs)(struct inputs *in); /* NULL: a budget */
    double per, theirs_per;            /* what a run counts */
    double goal;                       /* ours must be that many times faster */
    double budget, budget_each;        /* in the unit: for a run, and more for each follower found */
};

static const struct question questions[] = {
    {"geo-encode", "ns/point", "bit by bit", encode_ours, bench_encode_bit_by_bit, POINTS, POINTS, 30, 0, 0},
    {"geo-encode-portable", "ns/point", "Redis' interleaving", encode_portable, bench_encode_as_redis, POINTS,
        POINTS, 1, 0, 0},
    {"geo-encode-portable-bits", "ns/point", "bit by bit", encode_portable, bench_encode_bit_by_bit, POINTS,
        POINTS, 30, 0, 0},
    {"geo-decode", "ns/cell", "bit by bit", decode_ours, bench_decode_bit_by_bit, POINTS, POINTS, 15, 0, 0},
    {"geo-decode-portable", "ns/cell", "Redis' interleaving", decode_portable, bench_decode_as_redis, POINTS,
        POINTS, 1, 0, 0},
    {"geo-decode-portable-bits", "ns/cell", "bit by bit", decode_portable, bench_decode_bit_by_bit, POINTS,
        POINTS, 15, 0, 0},
    {"geo-cover-circle", "ns/cover", "10 us", cover_circles, NULL, CIRCLES, 1, 1, 10000, 0},
    {"geo-cover-los-angeles", "ns/cover", "1 ms", cover_real_city, NULL, 10, 1, 1, 1e6, 0},
    {"geo-cover-county", "ns/cover", "1 ms", cover_real_county, NULL, 10, 1, 1, 1e6, 0},
    {"geo-cover-city", "ns/cover", "1 ms", cover_city, NULL, 10, 1, 1, 1e6, 0},
    {"geo-cover-41000", "ns/cover", "10 ms", cover_large, NULL, 10, 1, 1, 1e7, 0},
    {"geo-polygon-contains", "ns/question", "a scan over the edges", ask_polygon, scan_polygon, 1000, 10, 30,
        0, 0},
    {"geo-followers", "ns/alert", "20 us and 0.2 us each found", find_followers, NULL, LOOPS, 1, 1, 20000,
        200},
    {"geo-followers-city", "ns/alert", "20 us and 0.2 us each found", find_followers_of_city, NULL, 1, 1, 1,
        20000, 200},
    {"geo-followers-41000", "ns/alert", "20 us and 0.2 us each found", find_followers_of_large, NULL, 1, 1, 1,
        20000, 200},
    {"geo-followers-scan", "ns/alert", "a scan over all", find_followers, scan_followers, LOOPS, LOOPS * 0.01,
        10, 0, 0},
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

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_size);
    return values[count / 2];
}

static void print_row(
    const struct question *question, double ours, double theirs, const double *ratios, int count, bool json)
{
    double ratio = ratios[count / 2], low = ratios[count / 4], high = ratios[count - 1 - count / 4];
    int reached = low >= question->goal ? 1 : high < question->goal ? 0 : -1;
    static const char *const words[] = {"unsure", "MISSED", "reached"}, *const values[] = {
                                                                            "null", "false", "true"};
    if (json)
        printf("{\"name\":\"%s\",\"ours\":%.3f,\"theirs\":%.3f,\"ratio\":%.3f,\"spread\":[%.3f,%.3f],"
               "\"goal\":\">= %g\",\"ok\":%s,\"unit\":\"%s\",\"against\":\"%s\"}\n",
            question->name, ours, theirs, ratio, low, high, question->goal, values[reached + 1],
            question->unit, question->against);
    else
        printf("%-48s %10.2f %10.2f %-11s %6.2f %8.2f to %8.2f  >= %-7g %-8s %s\n", question->name, ours,
            theirs, question->unit, ratio, low, high, question->goal, words[reached + 1], question->against);
    fflush(stdout);
}

static void answer(const struct question *question, struct inputs *in, int rounds, bool json)
{
    double ours[ROUNDS], theirs[ROUNDS], ratios[ROUNDS];
    geo_encode_many(in->points, POINTS, 6, in->cells);
    for (int i = 0; i < rounds; i++) {
        theirs[i] = question->theirs != NULL ? timed(question->theirs, in) / question->theirs_per * 1e9 : 0;
        if (question->theirs == bench_encode_as_redis || question->theirs == bench_encode_bit_by_bit)
            geo_encode_many(in->points, POINTS, 6, in->cells);
        ours[i] = timed(question->ours, in) / question->per * 1e9;
        if (question->theirs == NULL)
            theirs[i] = question->budget + question->budget_each * (double)in->found / question->per;
        ratios[i] = theirs[i] / ours[i];
    }
    median(ratios, rounds);
    print_row(question, median(ours, rounds), median(theirs, rounds), ratios, rounds, json);
}

static void *taken(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        exit(1);
    return memory;
}

static void settle_metropolis(struct inputs *in)
{
    static const double radii[] = {400, 800, 1600, 3200, 8000};
    in->followers = taken(FOLLOWERS * sizeof *in->followers);
    for (int i = 0; i < FOLLOWERS; i++) {
        struct geo_circle *follower = &in->followers[i];
        struct geo_point home = {middle.lat + (drand48() - 0.5) * 60000 * metre,
            middle.lon + (drand48() - 0.5) * 60000 * metre / cos(middle.lat / 180 * M_PI)};
        geo_cell leaf;
        if (geo_encode(home, 6, &leaf) != GEO_OK)
            exit(1);
        follower->center = geo_center(leaf);
        follower->radius = radii[lrand48() % 5];
        if (geo_circles_add(&in->set, follower) != GEO_OK)
            exit(1);
    }
}

/* A line around the metropolis, as jagged as `jag` metres: with 150 about as long as the border of Los
 * Angeles. */
static struct geo_prepared *draw(struct geo_shape *shape, struct geo_point *border, struct geo_ring *ring,
    struct geo_polygon *polygon, int count, double jag)
{
    for (int i = 0; i <= count; i++) {
        double angle = 2 * M_PI * (i % count) / count;
        double ray = (15000 + 3000 * sin(7 * angle) + jag * sin(901 * angle)) * metre;
        border[i] = (struct geo_point){middle.lat + ray * sin(angle), middle.lon + ray * cos(angle)};
    }
    *ring = (struct geo_ring){border, (size_t)count + 1};
    *polygon = (struct geo_polygon){ring, 1};
    *shape = (struct geo_shape){.kind = GEO_POLYGONS, .polygons = polygon, .polygon_count = 1};
    size_t size = geo_prepared_size(shape);
    return geo_prepare(shape, taken(size), size);
}

int main(int argc, char **argv)
{
    static struct geo_point borders[2][BORDER + 1];
    struct geo_ring rings[2];
    struct geo_polygon polygons[2];
    bool json = false;
    int rounds = ROUNDS;
    for (int i = 1; i < argc; i++) {
        json |= strcmp(argv[i], "--json") == 0;
        rounds = strcmp(argv[i], "--quick") == 0 ? QUICK_ROUNDS : rounds;
    }
    struct inputs in = {.points = taken(POINTS * sizeof *in.points),
        .back = taken(POINTS * sizeof *in.back),
        .cells = taken(POINTS * sizeof *in.cells)};
    srand48(1);
    for (size_t i = 0; i < POINTS; i++)
        in.points[i] = (struct geo_point){drand48() * 180 - 90, drand48() * 360 - 180};
    settle_metropolis(&in);
    in.prepared_city = draw(&in.city, borders[0], &rings[0], &polygons[0], CITY, 150);
    in.prepared_large = draw(&in.large, borders[1], &rings[1], &polygons[1], BORDER, 300);
    bool real_city = bench_geo_largest(CITIES, &in.real_city),
         real_county = bench_geo_largest(COUNTIES, &in.real_county);
    if (!real_city || !real_county)
        fprintf(stderr, "bench_geo: no real boundaries at hand: skipped\n");
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        bool real = questions[i].ours == cover_real_city     ? real_city
                    : questions[i].ours == cover_real_county ? real_county
                                                             : true;
        if (real)
            answer(&questions[i], &in, rounds, json);
    }
    bench_geo_each(real_city ? &in.real_city : &in.city, rounds, json);
    free(in.prepared_large);
    free(in.prepared_city);
    free(in.followers);
    free(in.points);
    free(in.back);
    free(in.cells);
    return 0;
}
