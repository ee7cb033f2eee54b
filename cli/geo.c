/* neighbors geo: cells at the command line, one a line, for scripts and for those who want to see what a
 * broker would. */
#include "cli/geo_words.h"

enum { PRECISION };
static const struct option_row encode_options[] = {
    [PRECISION] = {"precision", "N", "characters of the geohash, 1 to 12 (6, the leaf cell)"},
    {0},
};
static const struct option_row parent_options[] = {
    [PRECISION] = {"precision", "N", "characters of the parent (one fewer)"},
    {0},
};
static const struct option_row no_options[] = {{0}};

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
    enum exit_code code = geo_read_point(invocation, place, &point, &rest);
    if (code != EXIT_DONE)
        return code;
    if (*rest)
        return cli_fail(invocation, EXIT_USAGE, "\"%.100s\" is not LATITUDE,LONGITUDE in degrees", place);
    enum geo_error error = geo_encode(point, (int)precision, &cell);
    if (error != GEO_OK)
        return geo_refuse(invocation, place, error);
    geo_print_cell(invocation, cell);
    return EXIT_DONE;
}

/* ---- of one cell ---- */

static enum exit_code read_cell(const struct invocation *invocation, geo_cell *out)
{
    if (invocation->argument_count != 1)
        return cli_fail(
            invocation, EXIT_USAGE, "say one geohash, such as: %s 9q5ctr", invocation->command->name);
    return geo_read_cell(invocation, invocation->arguments[0], out);
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
        geo_print_cell(invocation, around[i]);
    return EXIT_DONE;
}

static enum exit_code run_children(struct invocation *invocation)
{
    geo_cell cell, below[32];
    enum exit_code code = read_cell(invocation, &cell);
    if (code != EXIT_DONE)
        return code;
    int count = geo_children(cell, below);
    for (int i = 0; i < count; i++)
        geo_print_cell(invocation, below[i]);
    return count > 0 ? EXIT_DONE : cli_fail(invocation, EXIT_REFUSED, "there are no finer cells");
}

static enum exit_code run_parent(struct invocation *invocation)
{
    geo_cell cell;
    enum exit_code code = read_cell(invocation, &cell);
    if (code != EXIT_DONE)
        return code;
    int64_t precision = geo_precision(cell) - 1;
    const char *given = invocation->value[PRECISION];
    if (given && !cli_number(invocation, "--precision", given, 1, geo_precision(cell), &precision))
        return EXIT_USAGE;
    if (precision == 0)
        return cli_fail(invocation, EXIT_REFUSED, "there are no coarser cells");
    geo_print_cell(invocation, geo_parent(cell, (int)precision));
    return EXIT_DONE;
}

/* ---- of many cells ---- */

static enum exit_code run_ancestor(struct invocation *invocation)
{
    geo_cell common = 0, cell;
    if (invocation->argument_count < 2)
        return cli_fail(
            invocation, EXIT_USAGE, "say two geohashes or more, such as: geo ancestor 9q5ctr 9q5cu");
    for (int i = 0; i < invocation->argument_count; i++) {
        enum exit_code code = geo_read_cell(invocation, invocation->arguments[i], &cell);
        if (code != EXIT_DONE)
            return code;
        common = i == 0 ? cell : geo_common_ancestor(common, cell);
    }
    if (common == 0)
        return cli_fail(invocation, EXIT_REFUSED, "no cell contains all of them");
    geo_print_cell(invocation, common);
    return EXIT_DONE;
}

const struct command command_geo_encode = {
    "geo encode", "the geohash of a place", "LAT,LON", encode_options, run_encode};
const struct command command_geo_decode = {
    "geo decode", "the middle and the borders of a cell", "HASH", no_options, run_decode};
const struct command command_geo_neighbors = {
    "geo neighbors", "the cells around a cell", "HASH", no_options, run_neighbors};
const struct command command_geo_parent = {
    "geo parent", "the coarser cell around a cell", "HASH", parent_options, run_parent};
const struct command command_geo_children = {
    "geo children", "the 32 finer cells of a cell", "HASH", no_options, run_children};
const struct command command_geo_ancestor = {
    "geo ancestor", "the finest cell that contains all of these", "HASH HASH...", no_options, run_ancestor};
