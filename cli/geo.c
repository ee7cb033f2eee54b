/* neighbors geo: cells at the command line, one a line, for scripts and for those who want to see what a
 * broker would. */
#include "geo/geo.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { COVER_MOST = 65536 };

enum { PRECISION };
static const struct option_row encode_options[] = {
    [PRECISION] = {"precision", "N", "characters of the geohash, 1 to 12 (6, the leaf cell)"},
    {0},
};
static const struct option_row no_options[] = {{0}};

static enum exit_code refuse(const struct invocation *invocation, const char *what, enum geo_error error)
{
    return cli_fail(invocation, EXIT_REFUSED, "%.150s: %s", what, geo_error_text(error));
}

static void print_cell(const struct invocation *invocation, geo_cell cell)
{
    char text[GEO_CELL_TEXT];
    geo_format(cell, text);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:s}", "cell", text));
    else
        puts(text);
}

/* A place that is no number is a mistake of use; one that is not on the globe is refused. */
static enum exit_code read_point(
    const struct invocation *invocation, const char *text, struct geo_point *out, const char **rest)
{
    char *comma, *end;
    out->lat = strtod(text, &comma);
    out->lon = *comma == ',' ? strtod(comma + 1, &end) : 0;
    if (comma == text || *comma != ',' || end == comma + 1)
        return cli_fail(invocation, EXIT_USAGE, "\"%.100s\" is not LATITUDE,LONGITUDE in degrees", text);
    *rest = end;
    return EXIT_DONE;
}

/* ---- encode ---- */

static enum exit_code run_encode(struct invocation *invocation)
{
    int64_t precision = LEAF_PRECISION;
    struct geo_point point;
    const char *rest, *given = invocation->value[PRECISION];
    geo_cell cell;
    if (invocation->argument_count != 1)
        return cli_fail(invocation, EXIT_USAGE, "say one place, such as: geo encode 34.0522,-118.2437");
    if (given && !cli_number(invocation, "--precision", given, 1, GEO_MAX_PRECISION, &precision))
        return EXIT_USAGE;
    const char *place = invocation->arguments[0];
    enum exit_code code = read_point(invocation, place, &point, &rest);
    if (code != EXIT_DONE)
        return code;
    if (*rest)
        return cli_fail(invocation, EXIT_USAGE, "\"%.100s\" is not LATITUDE,LONGITUDE in degrees", place);
    enum geo_error error = geo_encode(point, (int)precision, &cell);
    if (error != GEO_OK)
        return refuse(invocation, place, error);
    print_cell(invocation, cell);
    return EXIT_DONE;
}

/* ---- decode, neighbors ---- */

static enum exit_code read_cell(const struct invocation *invocation, geo_cell *out)
{
    if (invocation->argument_count != 1)
        return cli_fail(
            invocation, EXIT_USAGE, "say one geohash, such as: %s 9q5ctr", invocation->command->name);
    const char *text = invocation->arguments[0];
    enum geo_error error = geo_parse(text, strlen(text), out);
    return error == GEO_OK ? EXIT_DONE : refuse(invocation, text, error);
}

static enum exit_code run_decode(struct invocation *invocation)
{
    geo_cell cell;
    char text[GEO_CELL_TEXT];
    enum exit_code code = read_cell(invocation, &cell);
    if (code != EXIT_DONE)
        return code;
    struct geo_point center = geo_center(cell);
    struct geo_box box = geo_bounds(cell);
    geo_format(cell, text);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f}", "cell", text, "lat", center.lat,
            "lon", center.lon, "south", box.south, "west", box.west, "north", box.north, "east", box.east));
    else
        printf("%.15g,%.15g\nsouth %.15g west %.15g north %.15g east %.15g\n", center.lat, center.lon,
            box.south, box.west, box.north, box.east);
    return EXIT_DONE;
}

static enum exit_code run_neighbors(struct invocation *invocation)
{
    geo_cell cell, around[8];
    enum exit_code code = read_cell(invocation, &cell);
    if (code != EXIT_DONE)
        return code;
    int count = geo_neighbors(cell, around);
    for (int i = 0; i < count; i++)
        print_cell(invocation, around[i]);
    return EXIT_DONE;
}

/* ---- cover ---- */

enum { CIRCLE, MIN, MAX, CELLS };
static const struct option_row cover_options[] = {
    [CIRCLE] = {"circle", "LAT,LON,METRES", "what is to be covered"},
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
    enum exit_code code = read_point(invocation, text, &out->center, &rest);
    if (code != EXIT_DONE)
        return code;
    if (*rest == ',')
        out->radius = strtod(rest + 1, &end);
    if (!end || end == rest + 1 || *end)
        return cli_fail(invocation, EXIT_USAGE, "--circle has the form LATITUDE,LONGITUDE,METRES");
    enum geo_error error = geo_shape_check(out);
    return error == GEO_OK ? EXIT_DONE : refuse(invocation, text, error);
}

/* The finest precision of [least, most] at which the shape takes no more than `cells` cells. */
static enum exit_code cover(
    const struct invocation *invocation, const struct geo_shape *shape, int least, int most, size_t cells)
{
    geo_cell *out = malloc(cells * sizeof *out);
    size_t count = 0;
    enum geo_error error = out ? GEO_NO_ROOM : GEO_OK;
    for (int precision = most; precision >= least && error == GEO_NO_ROOM; precision--)
        error = geo_cover_uniform(shape, precision, out, cells, &count);
    for (size_t i = 0; error == GEO_OK && i < count; i++)
        print_cell(invocation, out[i]);
    free(out);
    if (error == GEO_NO_ROOM)
        return cli_fail(
            invocation, EXIT_REFUSED, "the circle takes more than %zu cells of precision %d", cells, least);
    return error == GEO_OK ? EXIT_DONE : refuse(invocation, "--circle", error);
}

static enum exit_code run_cover(struct invocation *invocation)
{
    struct geo_shape shape;
    int64_t least = 1, most = LEAF_PRECISION, cells = 64;
    const char *const *value = invocation->value;
    if (invocation->argument_count || !value[CIRCLE])
        return cli_fail(invocation, EXIT_USAGE, "say what is to be covered: --circle LAT,LON,METRES");
    if ((value[MIN] && !cli_number(invocation, "--min", value[MIN], 1, GEO_MAX_PRECISION, &least)) ||
        (value[MAX] && !cli_number(invocation, "--max", value[MAX], 1, GEO_MAX_PRECISION, &most)) ||
        (value[CELLS] && !cli_number(invocation, "--cells", value[CELLS], 1, COVER_MOST, &cells)))
        return EXIT_USAGE;
    if (least > most)
        return cli_fail(invocation, EXIT_USAGE, "--min is finer than --max");
    enum exit_code code = read_circle(invocation, &shape);
    return code == EXIT_DONE ? cover(invocation, &shape, (int)least, (int)most, (size_t)cells) : code;
}

const struct command command_geo_encode = {
    "geo encode", "the geohash of a place", "LAT,LON", encode_options, run_encode};
const struct command command_geo_decode = {
    "geo decode", "the middle and the borders of a cell", "HASH", no_options, run_decode};
const struct command command_geo_neighbors = {
    "geo neighbors", "the cells around a cell", "HASH", no_options, run_neighbors};
const struct command command_geo_cover = {
    "geo cover", "the cells that a circle touches", "", cover_options, run_cover};
