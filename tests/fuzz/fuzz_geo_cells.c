/* Any text as a geohash, any number as a cell, any doubles as a point: the laws of cells hold or an error
 * says why not. */
#include "tests/fuzz/fuzz_geo.h"

static void text(const uint8_t *data, size_t size)
{
    geo_cell cell, again;
    char out[GEO_CELL_TEXT];
    enum geo_error error = geo_parse((const char *)data, size, &cell);
    require(strlen(geo_error_text(error)) > 0);
    if (error != GEO_OK)
        return;
    require(geo_valid(cell) && geo_format(cell, out) == size);
    require(geo_parse(out, size, &again) == GEO_OK && again == cell);
}

static void number(geo_cell cell, geo_cell other)
{
    char out[GEO_CELL_TEXT];
    geo_cell around[8], children[32], same;
    require(geo_format(cell, out) <= GEO_MAX_PRECISION);
    geo_contains(cell, other);
    geo_common_ancestor(cell, other);
    geo_children(cell, children);
    int count = geo_neighbors(cell, around);
    if (!geo_valid(cell))
        return;
    struct geo_box box = geo_bounds(cell);
    struct geo_point center = geo_center(cell), error = geo_error(cell), back;
    require(box.south < box.north && box.west < box.east && count >= 5);
    require(center.lat + error.lat == box.north && center.lon - error.lon == box.west);
    require(geo_encode(center, geo_precision(cell), &same) == GEO_OK && same == cell);
    require(geo_decode_many(&cell, 1, &back) == 1 && back.lat == center.lat && back.lon == center.lon);
    require(geo_cell_area(cell) > 0 && geo_contains(cell, cell));
    for (int precision = -1; precision <= 13; precision++)
        require(precision < 1 || geo_contains(geo_parent(cell, precision), cell));
    geo_cell ancestor = geo_common_ancestor(cell, other);
    require(ancestor == 0 || !geo_valid(other) ||
            (geo_contains(ancestor, cell) && geo_contains(ancestor, other)));
}

static void point(struct geo_point at, int precision)
{
    geo_cell cell, many[3];
    struct geo_point three[3] = {at, {1, 2}, at};
    enum geo_error error = geo_encode(at, precision, &cell);
    size_t good = geo_encode_many(three, 3, precision, many);
    require(good == (precision < 1 || precision > GEO_MAX_PRECISION ? 0u : error == GEO_OK ? 3u : 1u));
    if (error != GEO_OK)
        return;
    struct geo_box box = geo_bounds(cell);
    require(many[0] == cell && many[2] == cell && geo_valid(cell));
    require(at.lat >= box.south && at.lat <= box.north && at.lon >= box.west && at.lon <= box.east);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    text(data, size);
    number(fuzz_number(&in, 8), fuzz_number(&in, 8));
    int precision = (int)(fuzz_number(&in, 1) % 14), style = (int)(fuzz_number(&in, 1) % 4);
    struct geo_point a = fuzz_point(&in, style), b = fuzz_point(&in, style);
    point(a, precision);
    double distance = geo_distance(a, b);
    geo_cell cell;
    if (geo_encode(a, 6, &cell) == GEO_OK && geo_encode(b, 6, &cell) == GEO_OK)
        require(distance >= 0 && distance <= GEO_EARTH_RADIUS * 3.1415926536);
    return 0;
}
