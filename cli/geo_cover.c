/* neighbors geo cover: the cells that an area touches, one a line. */
#include <stdlib.h>

#include "cli/geo_words.h"
#include "cli/geojson.h"

enum { COVER_MOST = 65536 };

enum { CIRCLE, POLYGON, MIN, MAX, CELLS };
static const struct option_row options[] = {
    [CIRCLE] = {"circle", "LAT,LON,METRES", "cover a circle"},
    [POLYGON] = {"polygon", "FILE", "cover the polygons of a GeoJSON file; - reads standard input"},
    [MIN] = {"min", "N", "the coarsest precision (1)"},
    [MAX] = {"max", "N", "the finest precision (6)"},
    [CELLS] = {"cells", "N", "at most so many cells (64)"},
    {0},
};

static enum exit_code read_circle(const struct invocation *invocation, struct geo_shape *out)
{
    const char *text = invocation->value[CIRCLE], *rest;
    char *end = NULL;
    *out = (struct geo_shape){.kind = GEO_CIRCLE};
    enum exit_code code = geo_read_point(invocation, text, &out->center, &rest);
    if (code != EXIT_DONE)
        return code;
    if (*rest == ',')
        out->radius = strtod(rest + 1, &end);
    if (!end || end == rest + 1 || *end)
        return cli_fail(invocation, EXIT_USAGE, "--circle has the form LATITUDE,LONGITUDE,METRES");
    return EXIT_DONE;
}

static enum exit_code read_shape(
    const struct invocation *invocation, struct arena *arena, struct geo_shape *out)
{
    char complaint[GEOJSON_ERROR];
    const char *circle = invocation->value[CIRCLE], *file = invocation->value[POLYGON];
    if (circle) {
        enum exit_code code = read_circle(invocation, out);
        if (code != EXIT_DONE)
            return code;
    } else if (!geojson_read(file, arena, out, complaint)) {
        return cli_fail(invocation, EXIT_REFUSED, "%s", complaint);
    }
    enum geo_error error = geo_shape_check(out);
    return error == GEO_OK ? EXIT_DONE : geo_refuse(invocation, circle ? circle : file, error);
}

/* What is asked of the cover. */
struct limits {
    int64_t coarsest, finest, cells;
};

/* The finest precision within the limits at which the shape takes no more cells than it may. */
static enum exit_code cover(
    const struct invocation *invocation, const struct geo_shape *shape, struct limits limits)
{
    geo_cell *out = malloc((size_t)limits.cells * sizeof *out);
    size_t count = 0;
    if (!out)
        abort();
    enum geo_error error = GEO_NO_ROOM;
    for (int64_t precision = limits.finest; precision >= limits.coarsest && error == GEO_NO_ROOM; precision--)
        error = geo_cover_uniform(shape, (int)precision, out, (size_t)limits.cells, &count);
    for (size_t i = 0; error == GEO_OK && i < count; i++)
        geo_print_cell(invocation, out[i]);
    free(out);
    if (error == GEO_NO_ROOM)
        return cli_fail(invocation, EXIT_REFUSED, "the area takes more than %lld cells of precision %lld",
            (long long)limits.cells, (long long)limits.coarsest);
    return error == GEO_OK ? EXIT_DONE : geo_refuse(invocation, "the area", error);
}

static bool read_limits(const struct invocation *invocation, struct limits *out)
{
    const char *const *value = invocation->value;
    *out = (struct limits){.coarsest = 1, .finest = LEAF_PRECISION, .cells = 64};
    if ((value[MIN] && !cli_number(invocation, "--min", value[MIN], 1, GEO_MAX_PRECISION, &out->coarsest)) ||
        (value[MAX] && !cli_number(invocation, "--max", value[MAX], 1, GEO_MAX_PRECISION, &out->finest)) ||
        (value[CELLS] && !cli_number(invocation, "--cells", value[CELLS], 1, COVER_MOST, &out->cells)))
        return false;
    if (value[MIN] && !value[MAX] && out->finest < out->coarsest)
        out->finest = out->coarsest;
    if (out->coarsest <= out->finest)
        return true;
    cli_fail(invocation, EXIT_USAGE, "--min is finer than --max");
    return false;
}

static enum exit_code run(struct invocation *invocation)
{
    struct geo_shape shape;
    struct limits limits;
    struct arena arena;
    const char *const *value = invocation->value;
    if (invocation->argument_count || !value[CIRCLE] == !value[POLYGON])
        return cli_fail(
            invocation, EXIT_USAGE, "say what is to be covered: --circle LAT,LON,METRES or --polygon FILE");
    if (!read_limits(invocation, &limits))
        return EXIT_USAGE;
    arena_init(&arena, NULL, 0);
    enum exit_code code = read_shape(invocation, &arena, &shape);
    if (code == EXIT_DONE)
        code = cover(invocation, &shape, limits);
    arena_free(&arena);
    return code;
}

const struct command command_geo_cover = {
    "geo cover", "the cells that a circle or a polygon touches", "", options, run};
