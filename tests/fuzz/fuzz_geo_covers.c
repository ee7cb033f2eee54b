/* Any bytes as a shape and limits: covers end, keep their promises, and agree with the single question. */
#include "tests/fuzz/fuzz_geo.h"

enum { MOST = 600 };

static void in_order(const geo_cell *cells, size_t count, int coarsest, int finest)
{
    for (size_t i = 0; i < count; i++) {
        require(
            geo_valid(cells[i]) && geo_precision(cells[i]) >= coarsest && geo_precision(cells[i]) <= finest);
        require(i == 0 || (cells[i - 1] < cells[i] && !geo_contains(cells[i - 1], cells[i])));
    }
}

static bool covers(const geo_cell *cells, size_t count, struct geo_point point)
{
    for (size_t i = 0; i < count; i++) {
        struct geo_box box = geo_bounds(cells[i]);
        if (point.lat >= box.south && point.lat <= box.north && point.lon >= box.west &&
            point.lon <= box.east)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct fuzz_shape fuzz;
    struct geo_limits limits = {.coarsest = (int)(fuzz_number(&in, 1) % 14)};
    limits.finest = limits.coarsest + (int)(fuzz_number(&in, 1) % 5);
    limits.cells = fuzz_number(&in, 2) % MOST;
    bool good = fuzz_shape(&in, &fuzz);
    const struct geo_shape *shape = &fuzz.shape;
    geo_cell cells[MOST];
    size_t count = 0;
    struct geo_cover cover;
    enum geo_error error = geo_cover_uniform(shape, limits.coarsest, cells, limits.cells, &count);
    if (good && error == GEO_OK) {
        in_order(cells, count, limits.coarsest, limits.coarsest);
        for (size_t i = 0; i < count; i += 1 + count / 8)
            require(geo_shape_touches_cell(shape, cells[i]));
    }
    bool uniform = error == GEO_OK;
    error = geo_cover_mixed(shape, limits, cells, &cover);
    if (good && error == GEO_OK) {
        in_order(cells, cover.count, limits.coarsest, limits.finest);
        require(cover.count <= limits.cells);
        struct geo_point corner = shape->kind == GEO_POLYGONS ? fuzz.points[0] : shape->center;
        if (shape->kind != GEO_POLYGONS || fuzz.polygons[0].count > 0)
            require(covers(cells, cover.count, corner));
        for (size_t i = 0; i < cover.count; i += 1 + cover.count / 8)
            require(geo_shape_touches_cell(shape, cells[i]));
    }
    require(!good || !uniform || error == GEO_OK || error == GEO_BAD_PRECISION || error == GEO_BAD_COUNT);
    error = geo_cover_interior(shape, limits, cells, &cover);
    if (good && error == GEO_OK) {
        in_order(cells, cover.count, limits.coarsest, limits.finest);
        for (size_t i = 0; i < cover.count; i += 1 + cover.count / 8)
            require(geo_shape_side(shape, cells[i]) == GEO_IN);
    }
    return 0;
}
