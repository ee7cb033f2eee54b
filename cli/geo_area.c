/* Reads an area from the options and covers it. The geography says what is wrong with a shape; here it gets
 * the name that the user knows it by. */
#include "cli/geo_area.h"

#include <stdlib.h>

#include "cli/geojson.h"

bool geo_area_given(const struct invocation *invocation)
{
    return invocation->value[AREA_CIRCLE] || invocation->value[AREA_POLYGON];
}

static enum exit_code read_circle(
    const struct invocation *invocation, const char *text, struct geo_shape *out)
{
    const char *rest;
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

enum exit_code geo_area_read(const struct invocation *invocation, struct arena *arena, struct geo_area *out)
{
    char complaint[GEOJSON_ERROR];
    const char *circle = invocation->value[AREA_CIRCLE], *file = invocation->value[AREA_POLYGON];
    *out = (struct geo_area){.name = circle ? circle : file};
    if (!circle == !file)
        return cli_fail(invocation, EXIT_USAGE, "say one area: --circle LAT,LON,METRES or --polygon FILE");
    if (circle)
        return read_circle(invocation, circle, &out->shape);
    if (!geojson_read(file, arena, &out->shape, complaint))
        return cli_fail(invocation, EXIT_REFUSED, "%s", complaint);
    return EXIT_DONE;
}

enum exit_code geo_area_take(const struct invocation *invocation, struct arena *arena, struct geo_area *out)
{
    enum exit_code code = geo_area_read(invocation, arena, out);
    if (code != EXIT_DONE)
        return code;
    enum geo_error error = geo_shape_check(&out->shape);
    if (error != GEO_OK)
        return geo_refuse(invocation, out->name, error);
    size_t size = geo_prepared_size(&out->shape);
    out->prepared = geo_prepare(&out->shape, arena_take(arena, size), size);
    return EXIT_DONE;
}

/* ---- covers ---- */

enum { UNIFORM_MOST = 65536 };

/* As asked; how many cells may be more than the geography's mixed covers have. */
struct limits {
    int64_t coarsest, finest, cells;
};

static bool read_limits(const struct invocation *invocation, struct limits *out)
{
    const char *min = invocation->value[COVER_MIN], *max = invocation->value[COVER_MAX],
               *most = invocation->value[COVER_MOST];
    *out = (struct limits){.coarsest = 1, .finest = LEAF_PRECISION, .cells = 64};
    if ((min && !cli_number(invocation, "--min", min, 1, GEO_MAX_PRECISION, &out->coarsest)) ||
        (max && !cli_number(invocation, "--max", max, 1, GEO_MAX_PRECISION, &out->finest)) ||
        (most && !cli_number(invocation, "--cells", most, 1, UNIFORM_MOST, &out->cells)))
        return false;
    if (min && !max && out->finest < out->coarsest)
        out->finest = out->coarsest;
    if (out->coarsest <= out->finest)
        return true;
    cli_fail(invocation, EXIT_USAGE, "--min is finer than --max");
    return false;
}

/* Of one precision, where more cells may be had. */
static enum geo_error cover_uniform(const struct geo_area *area, struct limits limits, struct area_cover *out)
{
    enum geo_error error = geo_prepared_cover_uniform(
        area->prepared, (int)limits.finest, out->cells, (size_t)limits.cells, &out->told.count);
    for (size_t i = 0; error == GEO_OK && i < out->told.count; i++)
        out->told.area += geo_cell_area(out->cells[i]);
    return error;
}

static enum geo_error cover(const struct geo_area *area, struct limits *limits, struct area_cover *out)
{
    if (!out->interior && limits->coarsest == limits->finest)
        return cover_uniform(area, *limits, out);
    if (limits->cells > GEO_COVER_CELLS)
        limits->cells = GEO_COVER_CELLS;
    struct geo_limits most = {(int)limits->coarsest, (int)limits->finest, (size_t)limits->cells};
    return out->interior ? geo_prepared_cover_interior(area->prepared, most, out->cells, &out->told)
                         : geo_prepared_cover_mixed(area->prepared, most, out->cells, &out->told);
}

static void measure(const struct geo_area *area, struct area_cover *out)
{
    double excess = out->told.area - geo_shape_area(&area->shape);
    out->excess = out->interior ? -excess : excess;
    for (size_t i = 0; i < out->told.count; i++) {
        int precision = geo_precision(out->cells[i]);
        out->coarsest = out->coarsest == 0 || precision < out->coarsest ? precision : out->coarsest;
        out->finest = precision > out->finest ? precision : out->finest;
    }
}

enum exit_code geo_area_cover(const struct invocation *invocation, const struct geo_area *area,
    struct arena *arena, struct area_cover *out)
{
    struct limits limits;
    *out = (struct area_cover){.interior = invocation->value[COVER_INTERIOR] != NULL};
    if (!read_limits(invocation, &limits))
        return EXIT_USAGE;
    out->cells = arena_alloc(arena, (size_t)limits.cells * sizeof *out->cells);
    enum geo_error error = cover(area, &limits, out);
    if (error == GEO_NO_ROOM)
        return cli_fail(invocation, EXIT_REFUSED, "the area takes more than %lld cells of precision %lld",
            (long long)limits.cells, (long long)limits.coarsest);
    if (error != GEO_OK)
        return geo_refuse(invocation, area->name, error);
    measure(area, out);
    return EXIT_DONE;
}

json_t *geo_cover_json(const struct area_cover *cover)
{
    return json_pack("{s:I, s:f, s:f, s:b}", "cells", (json_int_t)cover->told.count, "area", cover->told.area,
        cover->interior ? "missing" : "excess", cover->excess, "forced", (int)cover->told.forced);
}

const char *geo_side_word(enum geo_side side)
{
    return side == GEO_IN ? "in" : side == GEO_PARTLY ? "partly" : "out";
}
