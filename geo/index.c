/* The questions to the index over a shape's edges. Each walks it in the order of the edges and leaves out the
 * branches that cannot matter. */
#include "geo/internal.h"

/* ---- walking ---- */

/* The next run at or after *at whose box, and all boxes above it, pass the test; *at is moved past it. NULL:
 * no more. */
typedef bool (*box_test)(const void *question, const struct geo_box *box);

static const struct geo_run *next_run(
    const struct geo_index *index, size_t *at, box_test passes, const void *question)
{
    while (*at < index->count[0]) {
        size_t width = 1, position = *at;
        int level = 0;
        while (level + 1 < index->levels && position % GEO_FAN == 0) {
            position /= GEO_FAN;
            width *= GEO_FAN;
            level++;
        }
        for (; level > 0; level--, width /= GEO_FAN)
            if (!passes(question, &index->runs[index->start[level] + *at / width].box))
                break;
        const struct geo_run *run = &index->runs[*at];
        *at += width;
        if (level == 0 && passes(question, &run->box))
            return run;
    }
    return NULL;
}

static bool touches_box(const void *question, const struct geo_box *box)
{
    return geo_boxes_touch(*box, *(const struct geo_box *)question);
}

/* The parts of a run that are of one ring: points[0] to points[edges]. */
struct stretch {
    const struct geo_shape *shape;
    uint32_t left;                /* edges of the run after this stretch */
    struct geo_place place, next; /* of this stretch's first point, and of where to go on */
    const struct geo_point *points;
    size_t edges;
};

static struct stretch stretches_of(const struct geo_index *index, const struct geo_run *run)
{
    return (struct stretch){
        .shape = index->shape, .left = run->edges, .next = {run->polygon, run->ring, run->point}};
}

static bool next_stretch(struct stretch *stretch)
{
    struct geo_place next = stretch->next;
    while (stretch->left > 0 && next.polygon < stretch->shape->polygon_count) {
        const struct geo_polygon *polygon = &stretch->shape->polygons[next.polygon];
        if (next.ring >= polygon->count) {
            next = (struct geo_place){next.polygon + 1, 0, 0};
            continue;
        }
        const struct geo_ring *ring = &polygon->rings[next.ring];
        stretch->edges = next.point + 1 < ring->count ? ring->count - 1 - next.point : 0;
        stretch->edges = stretch->edges < stretch->left ? stretch->edges : stretch->left;
        stretch->place = next;
        stretch->points = ring->points + next.point;
        next = (struct geo_place){next.polygon, next.ring + 1, 0};
        if (stretch->edges > 0) {
            stretch->left -= (uint32_t)stretch->edges;
            stretch->next = next;
            return true;
        }
    }
    return false;
}

static struct geo_box edge_box(struct geo_point a, struct geo_point b)
{
    double east = a.lon + geo_edge_span(a, b);
    struct geo_box box = {
        geo_min(a.lat, b.lat), geo_min(a.lon, east), geo_max(a.lat, b.lat), geo_max(a.lon, east)};
    if (box.west < -180)
        box.west += 360, box.east += 360;
    return box;
}

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
    for (size_t at = 0; (run = next_run(index, &at, touches_box, &meridian)) != NULL;) {
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
    while ((run = next_run(index, &at, touches_box, &box)) != NULL)
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
    for (size_t at = 0; (run = next_run(index, &at, touches_box, &box)) != NULL;)
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
    uint32_t touched;
};

/* The part that holds a distance from the edge of the box, or the nearest. */
static int part_at(double distance, double per_degree, int count)
{
    double part = distance * per_degree;
    return part < 0 ? 0 : part < count ? (int)part : count - 1;
}

static void touch_parts(
    struct parts *parts, struct geo_point a, struct geo_point b, int columns[2], int rows[2])
{
    for (int row = rows[0]; row <= rows[1]; row++)
        for (int column = columns[0]; column <= columns[1]; column++) {
            uint32_t bit = UINT32_C(1) << (row * parts->columns + column);
            struct geo_box part = {parts->box.south + row * parts->height,
                parts->box.west + column * parts->width, parts->box.south + (row + 1) * parts->height,
                parts->box.west + (column + 1) * parts->width};
            if ((parts->touched & bit) == 0 && geo_edge_touches_box(a, b, part))
                parts->touched |= bit;
        }
}

/* Most edges pass by the box, and are told by a look at their ends. What is seen from the box's corner and
 * seems longer than half round the globe comes in from the other side: all columns are tried. */
static void touch_stretch(struct parts *parts, const struct stretch *stretch)
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
            parts->touched |= UINT32_C(1)
                              << (rows[0] * parts->columns + columns[0]); /* it lies in that part */
        else
            touch_parts(parts, stretch->points[i], stretch->points[i + 1], columns, rows);
    }
}

uint32_t geo_index_border_mask(const struct geo_index *index, struct geo_box box, int columns, int rows)
{
    struct parts parts = {.box = box, .columns = columns, .rows = rows};
    parts.width = (box.east - box.west) / columns;
    parts.height = (box.north - box.south) / rows;
    parts.columns_per_degree = 1 / parts.width;
    parts.rows_per_degree = 1 / parts.height;
    uint32_t one_row = (UINT32_C(1) << columns) - 1;
    const struct geo_run *run;
    for (size_t at = 0;
         (run = next_run(index, &at, touches_box, &box)) != NULL && parts.touched != UINT32_MAX;)
        for (struct stretch stretch = stretches_of(index, run); next_stretch(&stretch);)
            touch_stretch(&parts, &stretch);
    if (index->north_vertex && box.north >= 90)
        parts.touched |= one_row << (rows - 1) * columns;
    if (index->south_vertex && box.south <= -90)
        parts.touched |= one_row;
    return parts.touched;
}

/* ---- distances ---- */

struct nearest {
    struct geo_point point;
    double cosine, best;
    struct geo_box within; /* what is nearer than the best lies in this box */
};

static struct nearest nearest_to(struct geo_point point, double best)
{
    struct nearest nearest = {.point = point, .cosine = cos(point.lat * GEO_RADIANS), .best = best};
    double degrees = (best + GEO_SLACK_METRES) / GEO_EARTH_RADIUS / GEO_RADIANS;
    if (degrees > 5 || fabs(point.lat) > 70) {
        nearest.within = geo_circle_box(point, best);
        return nearest;
    }
    /* Here asin(sin(angle) / cosine) is the quotient but for 1 in 50. */
    double lon = degrees / nearest.cosine * 1.02;
    nearest.within =
        (struct geo_box){point.lat - degrees, point.lon - lon, point.lat + degrees, point.lon + lon};
    if (nearest.within.west < -180)
        nearest.within.west += 360, nearest.within.east += 360;
    return nearest;
}

static bool may_be_nearer(const void *question, const struct geo_box *box)
{
    const struct nearest *nearest = question;
    return geo_boxes_touch(*box, nearest->within) &&
           geo_box_about(*box, nearest->point, nearest->cosine).nearest < nearest->best;
}

static double edge_distance(const struct nearest *nearest, struct geo_point a, struct geo_point b)
{
    if (!geo_boxes_touch(edge_box(a, b), nearest->within) ||
        geo_edge_about(a, b, nearest->point, nearest->cosine).nearest >= nearest->best)
        return nearest->best;
    return geo_edge_distance(a, b, nearest->point, nearest->best);
}

double geo_index_border_distance(const struct geo_index *index, struct geo_point point, double enough)
{
    struct nearest nearest = nearest_to(point, enough);
    const struct geo_run *run;
    for (size_t at = 0; (run = next_run(index, &at, may_be_nearer, &nearest)) != NULL;)
        for (struct stretch stretch = stretches_of(index, run); next_stretch(&stretch);)
            for (size_t i = 0; i < stretch.edges; i++) {
                double distance = edge_distance(&nearest, stretch.points[i], stretch.points[i + 1]);
                if (distance < nearest.best) {
                    nearest.best = distance;
                    nearest.within = geo_circle_box(point, distance);
                }
            }
    return nearest.best;
}

static bool edge_within(const struct nearest *nearest, struct geo_point a, struct geo_point b)
{
    struct geo_about about = geo_edge_about(a, b, nearest->point, nearest->cosine);
    if (about.farthest < nearest->best)
        return true;
    return about.nearest < nearest->best &&
           geo_edge_distance(a, b, nearest->point, nearest->best) < nearest->best;
}

bool geo_index_border_within(const struct geo_index *index, struct geo_point point, double radius)
{
    const struct nearest nearest = nearest_to(point, radius);
    const struct geo_run *run;
    for (size_t at = 0; (run = next_run(index, &at, may_be_nearer, &nearest)) != NULL;) {
        if (!run->ends_north && geo_box_about(run->box, point, nearest.cosine).farthest < radius)
            return true;
        for (struct stretch stretch = stretches_of(index, run); next_stretch(&stretch);)
            for (size_t i = 0; i < stretch.edges; i++)
                if (edge_within(&nearest, stretch.points[i], stretch.points[i + 1]))
                    return true;
    }
    return false;
}
