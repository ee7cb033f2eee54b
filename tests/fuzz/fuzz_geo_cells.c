/* Any number as a cell, any doubles as a point: each function of cells ends well, and of what is good the
 * laws of cells hold. */
#include "tests/fuzz/fuzz_geo.h"

void fuzz_geo_encode(struct fuzz_input *in);
void fuzz_geo_bounds(struct fuzz_input *in);
void fuzz_geo_center(struct fuzz_input *in);
void fuzz_geo_error(struct fuzz_input *in);
void fuzz_geo_parent(struct fuzz_input *in);
void fuzz_geo_contains(struct fuzz_input *in);
void fuzz_geo_neighbors(struct fuzz_input *in);
void fuzz_geo_children(struct fuzz_input *in);
void fuzz_geo_common_ancestor(struct fuzz_input *in);
void fuzz_geo_cell_area(struct fuzz_input *in);
void fuzz_geo_box_area(struct fuzz_input *in);
void fuzz_geo_encode_many(struct fuzz_input *in);
void fuzz_geo_decode_many(struct fuzz_input *in);
void fuzz_geo_distance(struct fuzz_input *in);

void fuzz_geo_encode(struct fuzz_input *in)
{
    int precision = (int)(fuzz_number(in, 1) % 16) - 1;
    struct geo_point at = fuzz_point(in, (int)(fuzz_number(in, 1) % 4));
    geo_cell cell = 77;
    enum geo_error error = geo_encode(at, precision, &cell);
    bool precise = precision >= 1 && precision <= GEO_MAX_PRECISION;
    require((error == GEO_OK) == (precise && fuzz_on_globe(at)));
    if (error != GEO_OK) {
        require(cell == 77);
        return;
    }
    struct geo_box box = geo_bounds(cell);
    require(geo_valid(cell) && geo_precision(cell) == precision);
    require(at.lat >= box.south && (at.lat < box.north || at.lat == 90));
    require(at.lon >= box.west && (at.lon < box.east || at.lon == 180));
}

void fuzz_geo_bounds(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in);
    struct geo_box box = geo_bounds(cell), above = geo_bounds(geo_parent(cell, geo_precision(cell) - 1));
    require(box.south < box.north && box.west < box.east);
    require(box.south >= -90 && box.north <= 90 && box.west >= -180 && box.east <= 180);
    if (geo_valid(cell))
        require(box.south >= above.south && box.north <= above.north && box.west >= above.west &&
                box.east <= above.east);
}

void fuzz_geo_center(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in), same;
    struct geo_point center = geo_center(cell);
    require(fuzz_on_globe(center));
    if (geo_valid(cell))
        require(geo_encode(center, geo_precision(cell), &same) == GEO_OK && same == cell);
}

void fuzz_geo_error(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in);
    struct geo_point center = geo_center(cell), error = geo_error(cell);
    struct geo_box box = geo_bounds(cell);
    require(center.lat + error.lat == box.north && center.lat - error.lat == box.south);
    require(center.lon + error.lon == box.east && center.lon - error.lon == box.west);
}

void fuzz_geo_parent(struct fuzz_input *in)
{
    int precision = (int8_t)fuzz_number(in, 1) % 16;
    geo_cell cell = fuzz_cell(in), parent = geo_parent(cell, precision);
    require(precision >= 1 || parent == 0);
    if (!geo_valid(cell) || precision < 1)
        return;
    require(geo_valid(parent) && geo_contains(parent, cell));
    require(geo_precision(parent) == (precision < geo_precision(cell) ? precision : geo_precision(cell)));
}

void fuzz_geo_contains(struct fuzz_input *in)
{
    geo_cell a = fuzz_cell(in), b = fuzz_number(in, 1) % 2 == 0 ? geo_parent(a, 3) : fuzz_cell(in);
    bool down = geo_contains(a, b), up = geo_contains(b, a);
    if (!geo_valid(a) || !geo_valid(b))
        return;
    require(geo_contains(a, a) && (!(down && up) || a == b));
    struct geo_box box = geo_bounds(a);
    require(down == (geo_precision(a) <= geo_precision(b) && fuzz_in_box(box, geo_center(b), 0)));
}

void fuzz_geo_neighbors(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in), around[8], back[8];
    int count = geo_neighbors(cell, around);
    require(count >= 0 && count <= 8);
    if (!geo_valid(cell))
        return;
    struct geo_box box = geo_bounds(cell);
    require(count == (box.south == -90 || box.north == 90 ? 5 : 8));
    for (int i = 0; i < count; i++) {
        int found = 0, back_count = geo_neighbors(around[i], back);
        for (int j = 0; j < back_count; j++)
            found += back[j] == cell;
        require(geo_valid(around[i]) && geo_precision(around[i]) == geo_precision(cell) && found == 1);
    }
}

void fuzz_geo_children(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in), children[32];
    int count = geo_children(cell, children), precision = geo_precision(cell);
    require(count == (precision >= 1 && precision < GEO_MAX_PRECISION ? 32 : 0));
    for (int i = 0; i < count && geo_valid(cell); i++) {
        require(geo_valid(children[i]) && geo_parent(children[i], precision) == cell);
        require(geo_precision(children[i]) == precision + 1 && (i == 0 || children[i - 1] < children[i]));
    }
}

void fuzz_geo_common_ancestor(struct fuzz_input *in)
{
    geo_cell a = fuzz_cell(in), b = fuzz_cell(in), ancestor = geo_common_ancestor(a, b);
    if (!geo_valid(a) || !geo_valid(b))
        return;
    require(ancestor == geo_common_ancestor(b, a));
    geo_cell finest = 0;
    for (int precision = 1; precision <= geo_precision(a); precision++)
        if (geo_contains(geo_parent(a, precision), b))
            finest = geo_parent(a, precision);
    require(ancestor == finest);
}

void fuzz_geo_cell_area(struct fuzz_input *in)
{
    geo_cell cell = fuzz_cell(in), children[32];
    double area = geo_cell_area(cell), sum = 0;
    require(area >= 0 && area <= 4 * M_PI * GEO_EARTH_RADIUS * GEO_EARTH_RADIUS * (1 + 1e-12));
    if (!geo_valid(cell) || geo_children(cell, children) == 0)
        return;
    for (int i = 0; i < 32; i++)
        sum += geo_cell_area(children[i]);
    require(area > 0 && fabs(sum - area) <= 1e-9 * area);
}

void fuzz_geo_box_area(struct fuzz_input *in)
{
    int style = (int)(fuzz_number(in, 1) % 4);
    struct geo_point a = fuzz_point(in, style), b = fuzz_point(in, style);
    struct geo_box box = {fmin(a.lat, b.lat), fmin(a.lon, b.lon), fmax(a.lat, b.lat), fmax(a.lon, b.lon)};
    double area = geo_box_area(box);
    if (!fuzz_on_globe(a) || !fuzz_on_globe(b))
        return;
    struct geo_box south = box, north = box;
    south.north = north.south = box.south + (box.north - box.south) / 3;
    require(area >= 0 && area <= 4 * M_PI * GEO_EARTH_RADIUS * GEO_EARTH_RADIUS * (1 + 1e-12));
    require(fabs(geo_box_area(south) + geo_box_area(north) - area) <= 1e-3 + 1e-9 * area);
}

enum { MANY = 9 };

void fuzz_geo_encode_many(struct fuzz_input *in)
{
    struct geo_point points[MANY];
    geo_cell cells[MANY + 1], one;
    int precision = (int)(fuzz_number(in, 1) % 16) - 1, style = (int)(fuzz_number(in, 1) % 4);
    size_t count = fuzz_number(in, 1) % (MANY + 1), good = 0;
    for (size_t i = 0; i < count; i++)
        points[i] = fuzz_point(in, style);
    cells[count] = 77;
    size_t told = geo_encode_many(points, count, precision, cells);
    for (size_t i = 0; i < count; i++) {
        bool fine = geo_encode(points[i], precision, &one) == GEO_OK;
        require(cells[i] == (fine ? one : 0));
        good += fine;
    }
    require(told == good && cells[count] == 77);
}

void fuzz_geo_decode_many(struct fuzz_input *in)
{
    geo_cell cells[MANY];
    struct geo_point points[MANY + 1];
    size_t count = fuzz_number(in, 1) % (MANY + 1), good = 0;
    for (size_t i = 0; i < count; i++)
        cells[i] = fuzz_cell(in);
    points[count] = (struct geo_point){77, 77};
    size_t told = geo_decode_many(cells, count, points);
    for (size_t i = 0; i < count; i++) {
        struct geo_point center = geo_center(cells[i]);
        bool valid = geo_valid(cells[i]);
        require(valid ? points[i].lat == center.lat && points[i].lon == center.lon
                      : isnan(points[i].lat) && isnan(points[i].lon));
        good += valid;
    }
    require(told == good && points[count].lat == 77);
}

void fuzz_geo_distance(struct fuzz_input *in)
{
    int style = (int)(fuzz_number(in, 1) % 4);
    struct geo_point a = fuzz_point(in, style), b = fuzz_point(in, style), c = fuzz_point(in, style);
    double ab = geo_distance(a, b), ba = geo_distance(b, a), bc = geo_distance(b, c), ac = geo_distance(a, c);
    if (!fuzz_on_globe(a) || !fuzz_on_globe(b) || !fuzz_on_globe(c))
        return;
    require(geo_distance(a, a) == 0 && ab >= 0 && ab <= fuzz_half_round + 1e-6);
    require(fabs(ab - ba) <= 1e-6 && ac <= ab + bc + 1e-6);
}
