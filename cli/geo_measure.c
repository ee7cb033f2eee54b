/* neighbors geo contains, distance, area, check: what the geography knows of cells, places and areas. */
#include "cli/geo_area.h"

static const struct option_row options[] = {AREA_ROWS, {0}};

/* ---- contains ---- */

static void print_side(const struct invocation *invocation, const char *what, enum geo_side side)
{
    if (invocation->common.json)
        cli_print_json(json_pack("{s:s, s:s}", "what", what, "side", geo_side_word(side)));
    else
        puts(geo_side_word(side));
}

/* How the inner cell, or the place when it is 0, lies to the outer one. */
static enum geo_side side_of_cell(geo_cell outer, geo_cell inner, struct geo_point point)
{
    geo_cell there;
    if (inner == 0)
        return geo_encode(point, geo_precision(outer), &there) == GEO_OK && there == outer ? GEO_IN : GEO_OUT;
    if (geo_contains(outer, inner))
        return GEO_IN;
    return geo_contains(inner, outer) ? GEO_PARTLY : GEO_OUT;
}

static enum geo_side side_of_area(const struct geo_area *area, geo_cell inner, struct geo_point point)
{
    if (inner == 0)
        return geo_prepared_contains(area->prepared, point) ? GEO_IN : GEO_OUT;
    return geo_prepared_side(area->prepared, inner);
}

static enum exit_code contains(const struct invocation *invocation, struct arena *arena)
{
    bool in_area = geo_area_given(invocation);
    char *const *words = invocation->arguments;
    struct geo_area area;
    struct geo_point point;
    geo_cell outer = 0, inner;
    if (invocation->argument_count != (in_area ? 1 : 2))
        return cli_fail(invocation, EXIT_USAGE,
            "say a geohash or an area, and the place or geohash that may lie in it, such as: geo contains "
            "9q5 "
            "34.05,-118.24");
    enum exit_code code =
        in_area ? geo_area_take(invocation, arena, &area) : geo_read_cell(invocation, words[0], &outer);
    const char *what = words[in_area ? 0 : 1];
    if (code == EXIT_DONE)
        code = geo_read_place(invocation, what, &point, &inner);
    if (code == EXIT_DONE)
        print_side(invocation, what,
            in_area ? side_of_area(&area, inner, point) : side_of_cell(outer, inner, point));
    return code;
}

/* ---- distance ---- */

static enum exit_code distance(const struct invocation *invocation, struct arena *arena)
{
    bool from_area = geo_area_given(invocation);
    struct geo_area area;
    struct geo_point points[2];
    geo_cell ignored;
    if (invocation->argument_count != (from_area ? 1 : 2))
        return cli_fail(invocation, EXIT_USAGE,
            "say two places, LAT,LON or geohashes for their middles, or an area and a place");
    enum exit_code code = from_area ? geo_area_take(invocation, arena, &area) : EXIT_DONE;
    for (int i = 0; code == EXIT_DONE && i < invocation->argument_count; i++)
        code = geo_read_place(invocation, invocation->arguments[i], &points[i], &ignored);
    if (code != EXIT_DONE)
        return code;
    double metres =
        from_area ? geo_prepared_distance(area.prepared, points[0]) : geo_distance(points[0], points[1]);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:f}", "metres", metres));
    else
        printf("%.3f\n", metres);
    return EXIT_DONE;
}

/* ---- area ---- */

static void print_area(const struct invocation *invocation, double area, struct geo_box box)
{
    if (invocation->common.json)
        cli_print_json(json_pack("{s:f, s:f, s:f, s:f, s:f}", "area", area, "south", box.south, "west",
            box.west, "north", box.north, "east", box.east));
    else
        printf("%.3f\nsouth %.15g west %.15g north %.15g east %.15g\n", area, box.south, box.west, box.north,
            box.east);
}

static enum exit_code measure(const struct invocation *invocation, struct arena *arena)
{
    bool of_area = geo_area_given(invocation);
    struct geo_area area;
    geo_cell cell = 0;
    if (invocation->argument_count != (of_area ? 0 : 1))
        return cli_fail(invocation, EXIT_USAGE, "say one geohash, or --circle or --polygon");
    enum exit_code code = of_area ? geo_area_take(invocation, arena, &area)
                                  : geo_read_cell(invocation, invocation->arguments[0], &cell);
    if (code == EXIT_DONE && of_area)
        print_area(invocation, geo_shape_area(&area.shape), geo_shape_box(&area.shape));
    else if (code == EXIT_DONE)
        print_area(invocation, geo_cell_area(cell), geo_bounds(cell));
    return code;
}

/* ---- check ---- */

/* Where the mistake is, as people count; not for a circle, which has no points. */
static const struct geo_point *mistaken(const struct geo_shape *shape, struct geo_place at)
{
    if (at.polygon >= shape->polygon_count || at.ring >= shape->polygons[at.polygon].count ||
        at.point >= shape->polygons[at.polygon].rings[at.ring].count)
        return NULL;
    return &shape->polygons[at.polygon].rings[at.ring].points[at.point];
}

static void print_mistake(const struct invocation *invocation, const struct geo_area *area,
    enum geo_error error, struct geo_place at)
{
    const struct geo_point *point = mistaken(&area->shape, at);
    const char *text = geo_error_text(error);
    if (invocation->common.json && point)
        cli_print_json(json_pack("{s:s, s:b, s:s, s:I, s:I, s:I, s:f, s:f}", "file", area->name, "ok", 0,
            "text", text, "polygon", (json_int_t)at.polygon + 1, "ring", (json_int_t)at.ring + 1, "point",
            (json_int_t)at.point + 1, "lat", point->lat, "lon", point->lon));
    else if (invocation->common.json)
        cli_print_json(json_pack("{s:s, s:b, s:s}", "file", area->name, "ok", 0, "text", text));
    else if (point)
        printf("%s: polygon %zu, ring %zu, point %zu at %.9g,%.9g: %s\n", area->name, at.polygon + 1,
            at.ring + 1, at.point + 1, point->lat, point->lon, text);
    else
        printf("%s: %s\n", area->name, text);
}

static enum exit_code check(const struct invocation *invocation, struct arena *arena)
{
    struct geo_area area;
    struct geo_place where = {0, 0, 0};
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "say one area: --circle LAT,LON,METRES or --polygon FILE");
    enum exit_code code = geo_area_read(invocation, arena, &area);
    if (code != EXIT_DONE)
        return code;
    enum geo_error error = geo_shape_check_strict(&area.shape, &where);
    if (error != GEO_OK) {
        print_mistake(invocation, &area, error, where);
        return EXIT_REFUSED;
    }
    if (invocation->common.json)
        cli_print_json(json_pack("{s:s, s:b}", "file", area.name, "ok", 1));
    else
        printf("%s: ok\n", area.name);
    return EXIT_DONE;
}

/* ---- the subcommands ---- */

static enum exit_code run_with_arena(const struct invocation *invocation,
    enum exit_code (*question)(const struct invocation *, struct arena *))
{
    struct arena arena;
    arena_init(&arena, NULL, 0);
    enum exit_code code = question(invocation, &arena);
    arena_free(&arena);
    return code;
}

static enum exit_code run_contains(struct invocation *invocation)
{
    return run_with_arena(invocation, contains);
}

static enum exit_code run_distance(struct invocation *invocation)
{
    return run_with_arena(invocation, distance);
}

static enum exit_code run_area(struct invocation *invocation)
{
    return run_with_arena(invocation, measure);
}

static enum exit_code run_check(struct invocation *invocation)
{
    return run_with_arena(invocation, check);
}

const struct command command_geo_contains = {"geo contains",
    "how a place or a cell lies to a cell or an area: in, partly, out", "[HASH] LAT,LON|HASH", options,
    run_contains};
const struct command command_geo_distance = {"geo distance",
    "metres between two places, or from a place to an area", "LAT,LON|HASH [LAT,LON|HASH]", options,
    run_distance};
const struct command command_geo_area = {
    "geo area", "square metres and the box of a cell or an area", "[HASH]", options, run_area};
const struct command command_geo_check = {
    "geo check", "whether an area is sound, else what is wrong where", "", options, run_check};
