/* Which side of a border a point is on, and which boxes it touches: questions to the index over a shape's
 * edges. */
#include "geo/walk.h"

/* ---- inside ---- */

/* Whether an odd number of the edges crosses the meridian north of the point; true at once on an edge. */
static bool stretch_crossed(const struct stretch *stretch, struct geo_point point, bool *on_edge)
{
    bool odd = false;
    double from = geo_wrap(stretch->points[0].lon - point.lon);
    for (size_t i = 0; i < stretch->edges; i++) {
        double to = geo_wrap(stretch->points[i + 1].lon - point.lon), before = from;
        from = to;
        bool same_side = (before > GEO_SLACK_DEGREES && to > GEO_SLACK_DEGREES) ||
                         (before < -GEO_SLACK_DEGREES && to < -GEO_SLACK_DEGREES);
        if (same_side)
            continue;
        enum geo_crossing crossing =
            geo_edge_crosses_north(stretch->points[i], stretch->points[i + 1], point);
        if (crossing == GEO_ON_EDGE) {
            *on_edge = true;
            return true;
        }
        odd ^= crossing == GEO_CROSSES;
    }
    return odd;
}

bool geo_index_holds(const struct geo_index *index, struct geo_point point)
{
    const struct geo_box meridian = {point.lat, point.lon, 90, point.lon};
    const struct geo_run *run;
    size_t polygon = SIZE_MAX;
    bool inside = false, on_edge = false;
    if ((index->north_vertex && point.lat >= 90 - GEO_SLACK_DEGREES) ||
        (index->south_vertex && point.lat <= -90 + GEO_SLACK_DEGREES))
        return true; /* a pole is one point, whatever its longitude */
    for (size_t at = 0; (run = next_run(index, &at, index->count[0], touches_box, &meridian)) != NULL;) {
        for (struct stretch stretch = stretches_of(index, run); next_stretch(&stretch);) {
            if (stretch.place.polygon != polygon) {
                if (inside)
                    return true;
                polygon = stretch.place.polygon;
            }
            inside ^= stretch_crossed(&stretch, point, &on_edge);
            if (on_edge)
                return true;
        }
        inside ^= run->ends_north;
    }
    return inside;
}

/* ---- crossed by itself ---- */

static bool edge_crossed(const struct geo_index *index, size_t at, const struct stretch *stretch, size_t edge)
{
    struct geo_point a = stretch->points[edge], b = stretch->points[edge + 1];
    const struct geo_box box = edge_box(a, b);
    const struct geo_run *run;
    while ((run = next_run(index, &at, index->count[0], touches_box, &box)) != NULL)
        for (struct stretch others = stretches_of(index, run); next_stretch(&others);)
            for (size_t i = 0; i < others.edges && others.place.polygon == stretch->place.polygon; i++)
                if (geo_edges_cross(a, b, others.points[i], others.points[i + 1]))
                    return true;
    return false;
}

/* An edge that crosses an earlier one was found when that one was asked: look from each edge's own run on. */
bool geo_index_crossing(const struct geo_index *index, struct geo_place *where)
{
    for (size_t i = 0; i < index->count[0]; i++)
        for (struct stretch stretch = stretches_of(index, &index->runs[i]); next_stretch(&stretch);)
            for (size_t j = 0; j < stretch.edges; j++)
                if (edge_crossed(index, i, &stretch, j)) {
                    *where = stretch.place;
                    where->point += j;
                    return true;
                }
    return false;
}

/* ---- against boxes ---- */

bool geo_index_border_touches(const struct geo_index *index, struct geo_box box)
{
    const struct geo_run *run;
    for (size_t at = 0; (run = next_run(index, &at, index->count[0], touches_box, &box)) != NULL;)
        for (struct stretch stretch = stretches_of(index, run); next_stretch(&stretch);)
            for (size_t i = 0; i < stretch.edges; i++)
                if (geo_edge_touches_box(stretch.points[i], stretch.points[i + 1], box))
                    return true;
    return (index->north_vertex && box.north >= 90) || (index->south_vertex && box.south <= -90);
}

/* A box in equal parts, and which of them are touched. */
struct parts {
    struct geo_box box;
    double width, height, columns_per_degree, rows_per_degree;
    int columns, rows;
    uint32_t *touched;
};

/* The part that holds a distance from the edge of the box, or the nearest. */
static int part_at(double distance, double per_degree, int count)
{
    double part = distance * per_degree;
    return part < 0 ? 0 : part < count ? (int)part : count - 1;
}

static void touch_parts(
    const struct parts *parts, struct geo_point a, struct geo_point b, int columns[2], int rows[2])
{
    for (int row = rows[0]; row <= rows[1]; row++)
        for (int column = columns[0]; column <= columns[1]; column++) {
            uint32_t bit = UINT32_C(1) << (row * parts->columns + column);
            struct geo_box part = {parts->box.south + row * parts->height,
                parts->box.west + column * parts->width, parts->box.south + (row + 1) * parts->height,
                parts->box.west + (column + 1) * parts->width};
            if ((*parts->touched & bit) == 0 && geo_edge_touches_box(a, b, part))
                *parts->touched |= bit;
        }
}

/* Most edges pass by the box, and are told by a look at their ends. What is seen from the box's corner and
 * seems longer than half round the globe comes in from the other side: all columns are tried. */
static void touch_stretch(const struct parts *parts, const struct stretch *stretch)
{
    const double slack = 2 * GEO_SLACK_DEGREES, width = parts->box.east - parts->box.west + slack;
    const double height = parts->box.north - parts->box.south + slack;
    double x1 = geo_wrap(stretch->points[0].lon - parts->box.west),
           y1 = stretch->points[0].lat - parts->box.south;
    for (size_t i = 0; i < stretch->edges; i++) {
        double x0 = x1, y0 = y1;
        x1 = geo_wrap(stretch->points[i + 1].lon - parts->box.west);
        y1 = stretch->points[i + 1].lat - parts->box.south;
        if ((y0 < -slack && y1 < -slack) || (y0 > height && y1 > height))
            continue;
        bool round = fabs(x1 - x0) >= 180 || width > 180;
        if (!round && ((x0 < -slack && x1 < -slack) || (x0 > width && x1 > width)))
            continue;
        double south = geo_min(y0, y1) - slack, north = geo_max(y0, y1) + slack;
        double west = geo_min(x0, x1) - slack, east = geo_max(x0, x1) + slack;
        int rows[2] = {part_at(south, parts->rows_per_degree, parts->rows),
            part_at(north, parts->rows_per_degree, parts->rows)};
        int columns[2] = {round ? 0 : part_at(west, parts->columns_per_degree, parts->columns),
            round ? parts->columns - 1 : part_at(east, parts->columns_per_degree, parts->columns)};
        if (rows[0] == rows[1] && columns[0] == columns[1] && west >= 0 && south >= 0 &&
            east <= width - slack && north <= height - slack)
            *parts->touched |= UINT32_C(1)
                               << (rows[0] * parts->columns + columns[0]); /* it lies in that part */
        else
            touch_parts(parts, stretch->points[i], stretch->points[i + 1], columns, rows);
    }
}

/* Edges that together lie in one part touch it and no other: they need no look. Else, whether to look. */
static bool touches_parts(const void *question, const struct geo_box *box)
{
    const struct parts *parts = question;
    const double slack = 2 * GEO_SLACK_DEGREES;
    if (*parts->touched == UINT32_MAX || !geo_boxes_touch(box, &parts->box))
        return false;
    double x = box->west - parts->box.west, y = box->south - parts->box.south - slack;
    x = (x < 0 ? x + 360 : x) - slack;
    double east = x + (box->east - box->west) + 2 * slack, north = box->north - parts->box.south + slack;
    if (x < 0 || y < 0 || east > parts->box.east - parts->box.west ||
        north > parts->box.north - parts->box.south)
        return true;
    int column = part_at(x, parts->columns_per_degree, parts->columns);
    int row = part_at(y, parts->rows_per_degree, parts->rows);
    if (column != part_at(east, parts->columns_per_degree, parts->columns) ||
        row != part_at(north, parts->rows_per_degree, parts->rows))
        return true;
    *parts->touched |= UINT32_C(1) << (row * parts->columns + column);
    return false;
}

uint32_t geo_index_border_mask(const struct geo_index *index, struct geo_box box, int columns, int rows)
{
    uint32_t touched = 0;
    struct parts parts = {.box = box, .columns = columns, .rows = rows, .touched = &touched};
    parts.width = (box.east - box.west) / columns;
    parts.height = (box.north - box.south) / rows;
    parts.columns_per_degree = 1 / parts.width;
    parts.rows_per_degree = 1 / parts.height;
    uint32_t one_row = (UINT32_C(1) << columns) - 1;
    const struct geo_run *run;
    for (size_t at = 0; (run = next_run(index, &at, index->count[0], touches_parts, &parts)) != NULL;)
        for (struct stretch stretch = stretches_of(index, run); next_stretch(&stretch);)
            touch_stretch(&parts, &stretch);
    if (index->north_vertex && box.north >= 90)
        touched |= one_row << (rows - 1) * columns;
    if (index->south_vertex && box.south <= -90)
        touched |= one_row;
    return touched;
}
