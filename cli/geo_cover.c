/* neighbors geo cover: the cells that an area touches, or those that lie in it, one a line. */
#include "cli/geo_area.h"

static const struct option_row options[] = {COVER_ROWS, {0}};

static void print(const struct invocation *invocation, const struct geo_area *area, struct area_cover *cover)
{
    for (size_t i = 0; i < cover->told.count; i++) {
        char text[GEO_CELL_TEXT];
        geo_format(cover->cells[i], text);
        if (invocation->common.json)
            cli_print_json(json_pack("{s:s, s:s, s:o}", "cell", text, "side",
                geo_side_word(geo_prepared_side(area->prepared, cover->cells[i])), "cover",
                geo_cover_json(cover)));
        else
            puts(text);
    }
}

static enum exit_code run(struct invocation *invocation)
{
    struct geo_area area;
    struct area_cover cover;
    struct arena arena;
    if (invocation->argument_count)
        return cli_fail(
            invocation, EXIT_USAGE, "say what is to be covered: --circle LAT,LON,METRES or --polygon FILE");
    arena_init(&arena, NULL, 0);
    enum exit_code code = geo_area_take(invocation, &arena, &area);
    if (code == EXIT_DONE)
        code = geo_area_cover(invocation, &area, &arena, &cover);
    if (code == EXIT_DONE)
        print(invocation, &area, &cover);
    arena_free(&arena);
    return code;
}

const struct command command_geo_cover = {
    "geo cover", "the cells that a circle or a polygon touches", "", options, run};
