/* Each public function of geo.h measured alone: the median time of one call, on cells and followers of a
 * metropolis, a circle of 2 km and the border of a city. The functions that geo.h declares are the list
 * (geo_functions.h, made by the build): one without a measurement does not compile. */
#include "bench/geo_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MANY = 1024, FOLLOWERS = 20000, MOST_ROUNDS = 31 };

struct each_inputs {
    struct geo_point points[MANY], centers[MANY], corners[MANY]; /* corners: of the city's border */
    geo_cell cells[MANY], out[MANY];
    char texts[MANY][GEO_CELL_TEXT];
    struct geo_shape circle;
    const struct geo_shape *city;
    struct geo_prepared *prepared;
    void *memory;
    size_t memory_size, count;
    struct geo_circle *followers;
    struct geo_circles set;
    struct geo_cover cover;
    struct geo_point place;
    double radius;
    bool holds;
    double sink; /* what is worked out must go somewhere */
};

static bool count_one(void *context, struct geo_circle *circle)
{
    (void)circle;
    ++*(size_t *)context;
    return true;
}

/* each_<function> calls it `calls` times; `i` runs over the inputs, `in->sink` takes what it gives. */
#define EACH(function, ...)                                                                                  \
    static void each_##function(struct each_inputs *in, long calls)                                          \
    {                                                                                                        \
        for (long j = 0; j < calls; j++) {                                                                   \
            size_t i = (size_t)j % MANY;                                                                     \
            (void)i;                                                                                         \
            in->sink += (double)(__VA_ARGS__);                                                               \
        }                                                                                                    \
    }

EACH(error_text, geo_error_text((enum geo_error)(i % GEO_ERROR_COUNT))[0])
EACH(precision, geo_precision(in->cells[i]))
EACH(valid, geo_valid(in->cells[i]))
EACH(encode, geo_encode(in->points[i], 6, &in->out[i]))
EACH(parse, geo_parse(in->texts[i], 7, &in->out[i]))
EACH(format, geo_format(in->cells[i], in->texts[i]))
EACH(bounds, geo_bounds(in->cells[i]).south)
EACH(center, geo_center(in->cells[i]).lat)
EACH(error, geo_error(in->cells[i]).lat)
EACH(parent, geo_parent(in->cells[i], 5))
EACH(children, geo_children(in->cells[i], in->out))
EACH(neighbors, geo_neighbors(in->cells[i], in->out))
EACH(contains, geo_contains(in->cells[i], in->cells[(i + 1) % MANY]))
EACH(common_ancestor, geo_common_ancestor(in->cells[i], in->cells[(i + 1) % MANY]))
EACH(cell_area, geo_cell_area(in->cells[i]))
EACH(box_area, geo_box_area((struct geo_box){in->points[i].lat, 0, in->points[i].lat + 1, 1}))
EACH(encode_many, geo_encode_many(in->points, MANY, 6, in->out))
EACH(decode_many, geo_decode_many(in->cells, MANY, in->centers))
EACH(distance, geo_distance(in->points[i], in->points[(i + 1) % MANY]))

EACH(shape_check, geo_shape_check(in->city))
EACH(shape_check_strict, geo_shape_check_strict(in->city, NULL))
EACH(shape_touches_cell, geo_shape_touches_cell(in->city, in->cells[i]))
EACH(shape_side, geo_shape_side(in->city, in->cells[i]))
EACH(shape_touches_circle, geo_shape_touches_circle(in->city, in->points[i], 800))
EACH(shape_contains, geo_shape_contains(in->city, in->points[i]))
EACH(shape_distance, geo_shape_distance(in->city, in->points[i]))
EACH(shape_area, geo_shape_area(in->city))
EACH(shape_box, geo_shape_box(in->city).south)
EACH(shape_around, (geo_shape_around(in->city, &in->place, &in->radius), in->radius))

EACH(prepared_size, geo_prepared_size(in->city))
EACH(prepare, geo_prepare(in->city, in->memory, in->memory_size) != NULL)
EACH(prepared_touches_cell, geo_prepared_touches_cell(in->prepared, in->cells[i]))
EACH(prepared_side, geo_prepared_side(in->prepared, in->cells[i]))
EACH(prepared_touches_circle, geo_prepared_touches_circle(in->prepared, in->points[i], 800))
EACH(prepared_contains, geo_prepared_contains(in->prepared, in->points[i]))
EACH(prepared_distance, geo_prepared_distance(in->prepared, in->points[i]))
EACH(prepared_has_edge, geo_prepared_has_edge(in->prepared, in->corners[i], in->corners[(i + 1) % MANY]))
EACH(prepared_holds_cells, geo_prepared_holds_cells(in->prepared, in->prepared, 6, 20000, &in->holds))

static const struct geo_limits limits = {1, 7, 64}, within = {1, 6, 64};
EACH(cover_uniform, geo_cover_uniform(&in->circle, 6, in->out, MANY, &in->count))
EACH(cover_mixed, geo_cover_mixed(&in->circle, limits, in->out, &in->cover))
EACH(cover_interior, geo_cover_interior(&in->circle, limits, in->out, &in->cover))
EACH(prepared_cover_uniform, geo_prepared_cover_uniform(in->prepared, 5, in->out, MANY, &in->count))
EACH(prepared_cover_mixed, geo_prepared_cover_mixed(in->prepared, limits, in->out, &in->cover))
EACH(prepared_cover_interior, geo_prepared_cover_interior(in->prepared, within, in->out, &in->cover))

/* One call adds a follower, and takes a former one away where that is what is measured. */
static void each_circles_add(struct each_inputs *in, long calls)
{
    for (long j = 0; j < calls; j++) {
        if (j % FOLLOWERS == 0)
            in->set = (struct geo_circles){0};
        in->sink += geo_circles_add(&in->set, &in->followers[j % FOLLOWERS]);
    }
}

static void refill(struct each_inputs *in)
{
    in->set = (struct geo_circles){0};
    each_circles_add(in, FOLLOWERS);
}

/* With the adding that each leave needs. */
static void each_circles_remove(struct each_inputs *in, long calls)
{
    for (long j = 0; j < calls; j++) {
        geo_circles_remove(&in->set, &in->followers[j % FOLLOWERS]);
        in->sink += geo_circles_add(&in->set, &in->followers[j % FOLLOWERS]);
    }
}

EACH(circles_find, geo_circles_find(&in->set, in->prepared, count_one, &in->count))

static const struct {
    const char *name;
    void (*run)(struct each_inputs *in, long calls);
} functions[] = {
#define GEO_FUNCTION(function) {"geo_" #function, each_##function},
#include "geo_functions.h"
};

/* ---- inputs ---- */

static void *taken(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        exit(1);
    return memory;
}

static struct geo_point anywhere_in(struct geo_box box)
{
    return (struct geo_point){
        box.south + drand48() * (box.north - box.south), box.west + drand48() * (box.east - box.west)};
}

static void fill(struct each_inputs *in, const struct geo_shape *city)
{
    static const double radii[] = {400, 800, 1600, 3200, 8000};
    struct geo_box box = geo_shape_box(city);
    const struct geo_ring *border = &city->polygons[0].rings[0];
    in->city = city;
    for (int i = 0; i < MANY; i++) {
        in->points[i] = anywhere_in(box);
        in->corners[i] = border->points[(size_t)i % border->count];
        if (geo_encode(in->points[i], 7, &in->cells[i]) != GEO_OK)
            exit(1);
        geo_format(in->cells[i], in->texts[i]);
    }
    in->circle = (struct geo_shape){.kind = GEO_CIRCLE, .center = anywhere_in(box), .radius = 2000};
    in->memory_size = geo_prepared_size(city);
    in->memory = taken(in->memory_size);
    in->prepared = geo_prepare(city, taken(in->memory_size), in->memory_size);
    in->followers = taken(FOLLOWERS * sizeof *in->followers);
    for (int i = 0; i < FOLLOWERS; i++) {
        in->followers[i].center = anywhere_in(box);
        in->followers[i].radius = radii[i % 5];
    }
    refill(in);
}

/* ---- the rows ---- */

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double timed(struct each_inputs *in, void (*run)(struct each_inputs *in, long calls), long calls)
{
    double start = seconds();
    run(in, calls);
    return seconds() - start;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bench_geo_each(const struct geo_shape *city, int rounds, bool json)
{
    struct each_inputs *in = taken(sizeof *in);
    fill(in, city);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        double times[MOST_ROUNDS];
        long calls = 1;
        while (calls < 1 << 24 && timed(in, functions[i].run, calls) < 0.002)
            calls *= 2;
        for (int j = 0; j < rounds; j++)
            times[j] = timed(in, functions[i].run, calls) / (double)calls * 1e9;
        qsort(times, (size_t)rounds, sizeof *times, by_size);
        if (json)
            printf("{\"name\":\"geo-each-%s\",\"ours\":%.3f,\"theirs\":null,\"ratio\":null,\"spread\":null,"
                   "\"goal\":null,\"ok\":null,\"unit\":\"ns/call\",\"against\":null}\n",
                functions[i].name, times[rounds / 2]);
        else
            printf("%-48s %10.2f %10s %-11s\n", functions[i].name, times[rounds / 2], "-", "ns/call");
        fflush(stdout);
        refill(in);
    }
    if (in->sink == 0.5)
        puts("");
    free(in->followers);
    free(in->prepared);
    free(in->memory);
    free(in);
}
