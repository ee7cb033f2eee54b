/* How residents' reports of the same thing find each other while nobody keeps where they were: by keyed
 * digests of fine cells, made from the exact place before it is snapped and forgotten by the store after the
 * window. */
#include "broker/kind/alert_job.h"

#include <math.h>

#include "bridge/seal.h"

/* Cells of precision 8 are 38 by 19 m at the equator; beyond 66 degrees there would be too many of them
 * within reach. A report is near when the centre of its cell is: exact to half a cell, 21 m at most (beyond
 * 66 degrees 85 m). */
enum { FINE = 8, POLAR_FINE = 7, CELLS = 512 };
static const double reach_m = 150, polar_degrees = 66;

static size_t cells_near(struct geo_point place, int fine, geo_cell cells[CELLS])
{
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = place, .radius = reach_m};
    size_t count, near = 0;

    if (geo_cover_uniform(&circle, fine, cells, CELLS, &count) != GEO_OK)
        return 0;
    for (size_t i = 0; i < count && near < STORE_NEAR - 1; i++) {
        if (geo_distance(geo_center(cells[i]), place) <= reach_m)
            cells[near++] = cells[i];
    }
    return near;
}

static void add_region(struct store_report *report, geo_cell cell, int precision)
{
    char region[GEO_CELL_TEXT];

    geo_format(geo_parent(cell, precision), region);
    for (size_t i = 0; i < report->region_count; i++) {
        if (strcmp(report->regions[i], region) == 0)
            return;
    }
    if (report->region_count < STORE_REGIONS)
        memcpy(report->regions[report->region_count++], region, sizeof region);
}

void alert_tokens(
    const struct publication *publication, struct store_report *report, uint8_t near[STORE_NEAR][STORE_TOKEN])
{
    const struct seal *seal = publication->broker->seal;
    struct position exact = alert_job(publication)->exact;
    struct geo_point place = {exact.lat_e7 / 1e7, exact.lon_e7 / 1e7};
    int fine = fabs(place.lat) > polar_degrees ? POLAR_FINE : FINE;
    int channel = publication->broker->options.channel_precision;
    uint8_t category = publication->alert.category;
    geo_cell own, cells[CELLS];
    bool own_is_there = false;

    if (geo_encode(place, fine, &own) != GEO_OK)
        return; /* the codec has checked the place */
    seal_nearness(seal, own, category, report->own);
    add_region(report, own, channel);
    size_t count = cells_near(place, fine, cells);
    for (size_t i = 0; i < count; i++)
        own_is_there |= cells[i] == own;
    if (!own_is_there)
        cells[count++] = own;
    for (size_t i = 0; i < count; i++) {
        add_region(report, cells[i], channel);
        seal_nearness(seal, cells[i], category, near[i]);
    }
    report->near = (const uint8_t(*)[STORE_TOKEN])near;
    report->near_count = count;
}
