/* neighbors geo show: an area and its cover, as a GeoJSON FeatureCollection for a map, or drawn as SVG. */
#include <errno.h>
#include <string.h>

#include "cli/geo_area.h"
#include "cli/geo_svg.h"
#include "cli/geojson.h"

enum { SVG = COVER_OPTIONS };
static const struct option_row options[] = {
    COVER_ROWS,
    [SVG] = {"svg", "FILE", "draw it as SVG instead; - is standard output"},
    {0},
};

static json_t *cell_feature(const struct geo_area *area, geo_cell cell)
{
    char text[GEO_CELL_TEXT];
    geo_format(cell, text);
    return json_pack("{s:s, s:{s:s, s:s}, s:o}", "type", "Feature", "properties", "cell", text, "side",
        geo_side_word(geo_prepared_side(area->prepared, cell)), "geometry", geojson_cell(cell));
}

static json_t *area_feature(const struct geo_area *area, const struct area_cover *cover, struct arena *arena)
{
    const struct geo_shape *shape = &area->shape;
    json_t *properties =
        json_pack("{s:f, s:o}", "area", geo_shape_area(shape), "cover", geo_cover_json(cover));
    if (shape->kind == GEO_CIRCLE) /* the geometry only comes near to it */
        json_object_set_new(properties, "circle",
            json_pack("{s:f, s:f, s:f}", "lat", shape->center.lat, "lon", shape->center.lon, "metres",
                shape->radius));
    return json_pack("{s:s, s:o, s:o}", "type", "Feature", "properties", properties, "geometry",
        geojson_area(shape, arena));
}

static void print_geojson(const struct geo_area *area, const struct area_cover *cover, struct arena *arena)
{
    json_t *features = json_array();
    for (size_t i = 0; i < cover->told.count; i++)
        json_array_append_new(features, cell_feature(area, cover->cells[i]));
    json_array_append_new(features, area_feature(area, cover, arena)); /* the last one is drawn on top */
    cli_print_json(json_pack("{s:s, s:o}", "type", "FeatureCollection", "features", features));
}

static enum exit_code draw(const struct invocation *invocation, const struct geo_area *area,
    const struct area_cover *cover, struct arena *arena)
{
    const char *path = invocation->value[SVG];
    if (strcmp(path, "-") == 0) {
        geo_svg_write(stdout, area, cover, arena);
        return EXIT_DONE;
    }
    FILE *file = fopen(path, "w");
    if (!file)
        return cli_fail(invocation, EXIT_REFUSED, "%.200s: %s", path, strerror(errno));
    geo_svg_write(file, area, cover, arena);
    bool failed = ferror(file);
    if (fclose(file) != 0 || failed)
        return cli_fail(invocation, EXIT_REFUSED, "%.200s cannot be written", path);
    return EXIT_DONE;
}

static enum exit_code show(const struct invocation *invocation, struct arena *arena)
{
    struct geo_area area;
    struct area_cover cover;
    enum exit_code code = geo_area_take(invocation, arena, &area);
    if (code == EXIT_DONE)
        code = geo_area_cover(invocation, &area, arena, &cover);
    if (code != EXIT_DONE)
        return code;
    if (invocation->value[SVG])
        return draw(invocation, &area, &cover, arena);
    print_geojson(&area, &cover, arena);
    return EXIT_DONE;
}

static enum exit_code run(struct invocation *invocation)
{
    struct arena arena;
    if (invocation->argument_count)
        return cli_fail(invocation, EXIT_USAGE, "say one area: --circle LAT,LON,METRES or --polygon FILE");
    arena_init(&arena, NULL, 0);
    enum exit_code code = show(invocation, &arena);
    arena_free(&arena);
    return code;
}

const struct command command_geo_show = {
    "geo show", "an area and its cover, as GeoJSON or as a picture", "", options, run};
