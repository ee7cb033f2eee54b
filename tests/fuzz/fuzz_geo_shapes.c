/* Any bytes as a shape: every question is safe to ask, and of a shape that passes the check the answers agree
 * with each other, prepared or not. */
#include "tests/fuzz/fuzz_geo.h"

static void agree(const struct geo_shape *shape, const struct geo_prepared *prepared, struct geo_point point,
    geo_cell cell, double radius)
{
    double distance = geo_shape_distance(shape, point);
    bool contains = geo_shape_contains(shape, point);
    enum geo_side side = geo_shape_side(shape, cell);
    require(distance >= 0 && distance <= GEO_EARTH_RADIUS * 3.1415926536);
    require(!contains || distance <= 2e-7);
    require(fabs(geo_prepared_distance(prepared, point) - distance) <= 2e-7);
    require(geo_prepared_contains(prepared, point) == contains);
    require(geo_prepared_side(prepared, cell) == side);
    require(geo_prepared_touches_cell(prepared, cell) == (side != GEO_OUT));
    require(geo_shape_touches_cell(shape, cell) == (side != GEO_OUT));
    bool touches = geo_shape_touches_circle(shape, point, radius);
    require(geo_prepared_touches_circle(prepared, point, radius) == touches);
    require(fabs(radius - distance) < 1e-6 || touches == (radius > distance));
    /* A cell of the point is touched when the point is inside (a point shape is held to the cell without any
     * slack); all points of a cell within are inside. */
    geo_cell own;
    if (contains && shape->kind != GEO_POINT && geo_encode(point, 1 + (int)(cell % 12), &own) == GEO_OK)
        require(geo_shape_touches_cell(shape, own));
    if (side == GEO_IN)
        require(geo_shape_contains(shape, geo_center(cell)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct fuzz_shape fuzz;
    bool good = fuzz_shape(&in, &fuzz);
    const struct geo_shape *shape = &fuzz.shape;
    struct geo_place where;
    enum geo_error strict = geo_shape_check_strict(shape, &where);
    require(good || strict != GEO_OK);
    struct geo_point point = fuzz_point(&in, fuzz.style), center;
    geo_cell cell = 0;
    if (geo_encode(point, 1 + (int)(fuzz_number(&in, 1) % 12), &cell) != GEO_OK)
        cell = (geo_cell)1 << 60 | 3;
    double radius = exp((double)fuzz_number(&in, 2) / 65535 * 20 - 3), around;
    size_t room = geo_prepared_size(shape);
    void *memory = malloc(room);
    require(memory != NULL);
    const struct geo_prepared *prepared = geo_prepare(shape, memory, room);
    require(prepared != NULL);
    struct geo_box box = geo_shape_box(shape);
    double area = geo_shape_area(shape);
    geo_shape_around(shape, &center, &around);
    geo_cell unused;
    if (good && geo_encode(point, 1, &unused) == GEO_OK) {
        require(box.south <= box.north && box.west <= box.east && isfinite(area));
        agree(shape, prepared, point, cell, radius);
    } else { /* nothing is promised but that it ends well */
        geo_shape_distance(shape, point);
        geo_prepared_side(prepared, cell);
        geo_shape_touches_circle(shape, point, radius);
        geo_shape_contains(shape, point);
    }
    free(memory);
    return 0;
}
