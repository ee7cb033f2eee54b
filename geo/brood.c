/* The 32 children of a cell against a shape, all at once: covers are made of this question. A circle answers
 * for a row of children by how wide it is on the lines above and below, polygons by the edges that cross the
 * parent. */
#include "geo/internal.h"

struct grid {
    struct geo_box box;
    double width, height;
    int columns, rows;
};

static struct grid grid_of(geo_cell parent)
{
    bool wide = geo_precision(parent) % 2 == 0;
    struct grid grid = {.box = geo_bounds(parent), .columns = wide ? 8 : 4, .rows = wide ? 4 : 8};
    grid.width = (grid.box.east - grid.box.west) / grid.columns;
    grid.height = (grid.box.north - grid.box.south) / grid.rows;
    return grid;
}

/* A child's number deals its row and column bits in turns, column row column row column where there are 8
 * columns (an even precision), else row column row column row. This puts the columns of one row, a bit each,
 * where their numbers say. */
static uint32_t deal_row(bool wide, uint32_t columns, int row)
{
    if (wide) {
        uint32_t apart =
            (columns & 0x03) | (columns & 0x0C) << 2 | (columns & 0x30) << 12 | (columns & 0xC0) << 14;
        return apart << ((row & 2) << 2 | (row & 1) << 1);
    }
    uint32_t apart = (columns & 1) | (columns & 2) << 1 | (columns & 4) << 6 | (columns & 8) << 7;
    return apart << ((row & 4) << 2 | (row & 2) << 1 | (row & 1));
}

uint32_t geo_brood_row(geo_cell parent, int row)
{
    bool wide = geo_precision(parent) % 2 == 0;
    return deal_row(wide, wide ? 0xFF : 0x0F, row);
}

/* ---- one by one ---- */

static struct geo_brood ask_each(const struct geo_prepared *shape, geo_cell parent)
{
    struct geo_brood brood = {0, 0};
    for (int i = 0; i < 32; i++) {
        enum geo_side side = geo_box_side(shape, geo_bounds(geo_child(parent, i)));
        brood.touched |= (uint32_t)(side != GEO_OUT) << i;
        brood.inside |= (uint32_t)(side == GEO_IN) << i;
    }
    return brood;
}

/* ---- a circle ---- */

/* Sine and cosine; of small angles, which are most, by their series: exact to the last place below 0.1, and
 * fast. */
static void sine_cosine(double angle, double *s, double *c)
{
    if (fabs(angle) > 0.1) {
        *s = sin(angle);
        *c = cos(angle);
        return;
    }
    double square = angle * angle;
    double of_s = 1 - square * (1 / 20.0) * (1 - square * (1 / 42.0) * (1 - square * (1 / 72.0)));
    double of_c = 1 - square * (1 / 30.0) * (1 - square * (1 / 56.0) * (1 - square * (1 / 90.0)));
    *s = angle - angle * square * (1 / 6.0) * of_s;
    *c = 1 - square * 0.5 * (1 - square * (1 / 12.0) * of_c);
}

/* The haversines of `count` equal steps from an angle (all halved already), by turning sine and cosine. */
static void step_haversines(double half, double half_step, int count, double *squares, double *products)
{
    double s, c, step_s, step_c;
    sine_cosine(half, &s, &c);
    sine_cosine(half_step, &step_s, &step_c);
    for (int i = 0; i <= count; i++) {
        squares[i] = s * s;
        products[i] = s * c;
        double turned = s * step_c + c * step_s;
        c = c * step_c - s * step_s;
        s = turned;
    }
}

/* The haversine of the circle's half width on a parallel: below 0 where it does not reach it, above 1 where
 * all of the parallel is inside. */
static double width_at(double radius, double climb, double per_cosines)
{
    double left = radius - climb;
    return left < 0 ? -1 : left * per_cosines;
}

static bool spans(double west, double east, double lon)
{
    return west <= lon && lon <= east;
}

static struct geo_brood circle_brood(const struct geo_prepared *shape, geo_cell parent)
{
    struct geo_brood brood = {0, 0};
    struct grid grid = grid_of(parent);
    struct geo_point center = shape->shape->center;
    double climbs[9], lat_products[9], turns[9], lon_products[9], near[8], far[8], reach[9], core[9];
    double from_west = geo_wrap(grid.box.west - center.lon);
    step_haversines((grid.box.south - center.lat) / 2 * GEO_RADIANS, grid.height / 2 * GEO_RADIANS, grid.rows,
        climbs, lat_products);
    step_haversines(
        from_west / 2 * GEO_RADIANS, grid.width / 2 * GEO_RADIANS, grid.columns, turns, lon_products);
    for (int column = 0; column < grid.columns; column++) {
        double west = from_west + column * grid.width, east = west + grid.width;
        bool center_in = spans(west, east, 0) || spans(west, east, 360);
        bool opposite_in = spans(west, east, -180) || spans(west, east, 180) || spans(west, east, 540);
        near[column] = center_in ? 0 : geo_min(turns[column], turns[column + 1]);
        far[column] = opposite_in ? 1 : geo_max(turns[column], turns[column + 1]);
    }
    for (int line = 0; line <= grid.rows; line++) {
        /* The cosine of this line's latitude, as the sum of the center's and the climb. */
        double cosine =
            shape->circle.cos_lat * (1 - 2 * climbs[line]) - shape->circle.sin_lat * 2 * lat_products[line];
        double per_cosines = 1 / geo_max(cosine * shape->circle.cos_lat, 1e-300);
        reach[line] = width_at(shape->circle.reach, climbs[line], per_cosines);
        core[line] = width_at(shape->circle.core, climbs[line], per_cosines);
    }
    for (int row = 0; row < grid.rows; row++) {
        double south = grid.box.south + row * grid.height, widest = geo_max(reach[row], reach[row + 1]);
        double narrowest = geo_min(core[row], core[row + 1]);
        if (shape->circle.widest >= 0 && south <= shape->circle.widest_lat &&
            shape->circle.widest_lat <= south + grid.height)
            widest = geo_max(widest, shape->circle.widest);
        uint32_t touched = 0, inside = 0;
        for (int column = 0; column < grid.columns; column++) {
            touched |= (uint32_t)(near[column] <= widest) << column;
            inside |= (uint32_t)(far[column] <= narrowest) << column;
        }
        brood.touched |= deal_row(grid.columns == 8, touched, row);
        brood.inside |= deal_row(grid.columns == 8, inside, row);
    }
    return brood;
}

/* ---- polygons ---- */

/* All parts of the grid that are joined to the first one without crossing the border. */
static uint32_t spread_over(uint32_t seed, uint32_t free, int columns)
{
    uint32_t first_column = columns == 8 ? 0x01010101u : 0x11111111u,
             last_column = first_column << (columns - 1);
    for (uint32_t before = 0; before != seed;) {
        before = seed;
        seed |= seed << columns | seed >> columns | (seed & ~last_column) << 1 | (seed & ~first_column) >> 1;
        seed &= free;
    }
    return seed;
}

static struct geo_brood polygons_brood(const struct geo_prepared *shape, geo_cell parent)
{
    struct grid grid = grid_of(parent);
    uint32_t border = geo_index_border_mask(&shape->index, grid.box, grid.columns, grid.rows), inside = 0;
    for (uint32_t free = ~border; free != 0;) {
        int first = __builtin_ctz(free), column = first % grid.columns, row = first / grid.columns;
        uint32_t joined = spread_over(UINT32_C(1) << first, free, grid.columns);
        struct geo_point center = {
            grid.box.south + (row + 0.5) * grid.height, grid.box.west + (column + 0.5) * grid.width};
        if (geo_index_holds(&shape->index, center))
            inside |= joined;
        free &= ~joined;
    }
    struct geo_brood brood = {0, 0};
    uint32_t columns = (UINT32_C(1) << grid.columns) - 1;
    for (int row = 0; row < grid.rows; row++) {
        brood.touched |= deal_row(grid.columns == 8, (border | inside) >> row * grid.columns & columns, row);
        brood.inside |= deal_row(grid.columns == 8, inside >> row * grid.columns & columns, row);
    }
    return brood;
}

struct geo_brood geo_brood_of(const struct geo_prepared *shape, geo_cell parent)
{
    if (shape->shape->kind == GEO_POLYGONS)
        return polygons_brood(shape, parent);
    if (shape->shape->kind == GEO_CIRCLE && shape->circle.plain)
        return circle_brood(shape, parent);
    return ask_each(shape, parent);
}

geo_cell geo_root_of(const struct geo_prepared *shape, int precision)
{
    const double slack = 2 * GEO_SLACK_DEGREES;
    struct geo_box box = geo_prepared_box(shape);
    geo_cell low, high;
    if (geo_encode((struct geo_point){box.south - slack, box.west - slack}, GEO_MAX_PRECISION, &low) !=
            GEO_OK ||
        geo_encode((struct geo_point){box.north + slack, box.east + slack}, GEO_MAX_PRECISION, &high) !=
            GEO_OK)
        return 0;
    return geo_parent(geo_common_ancestor(low, high), precision);
}
