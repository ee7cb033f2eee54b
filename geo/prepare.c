/* The index over a shape's edges: consecutive edges stand near each other, so runs of them have small boxes,
 * and a tree of boxes over the runs needs no sorting and no memory but one array. Every question walks it in
 * the order of the edges and leaves out the branches that cannot matter. */
#include "geo/internal.h"

/* ---- walking ---- */

/* Where in the shape one is; steps over rings and polygons that have no edges. */
struct place {
    uint32_t polygon, ring, point;
};

static const struct geo_ring *ring_at(const struct geo_shape *shape, struct place place)
{
    return &shape->polygons[place.polygon].rings[place.ring];
}

/* Moves to the next edge when the place is past its ring's last; false at the end of the shape. */
static bool settle(const struct geo_shape *shape, struct place *place)
{
    while (place->polygon < shape->polygon_count) {
        if (place->ring >= shape->polygons[place->polygon].count)
            *place = (struct place){place->polygon + 1, 0, 0};
        else if (place->point + 1 >= ring_at(shape, *place)->count)
            *place = (struct place){place->polygon, place->ring + 1, 0};
        else
            return true;
    }
    return false;
}

/* The edges of a run, one a call. */
struct edges {
    const struct geo_shape *shape;
    struct place place;
    uint32_t left;
    uint32_t polygon; /* of the present edge */
    const struct geo_point *from, *to;
};

static struct edges edges_of(const struct geo_index *index, const struct geo_run *run)
{
    return (struct edges){
        .shape = index->shape, .place = {run->polygon, run->ring, run->point}, .left = run->edges};
}

static bool next_edge(struct edges *edges)
{
    if (edges->left == 0 || !settle(edges->shape, &edges->place))
        return false;
    edges->left--;
    edges->polygon = edges->place.polygon;
    edges->from = &ring_at(edges->shape, edges->place)->points[edges->place.point++];
    edges->to = edges->from + 1;
    return true;
}

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
        if (level > 0) {
            *at += width;
            continue;
        }
        ++*at;
        if (passes(question, &run->box))
            return run;
    }
    return NULL;
}

/* ---- building ---- */

static size_t count_edges(const struct geo_shape *shape)
{
    size_t edges = 0;
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t j = 0; j < shape->polygons[i].count; j++)
            edges += shape->polygons[i].rings[j].count > 0 ? shape->polygons[i].rings[j].count - 1 : 0;
    return edges;
}

static size_t tree_size(size_t edges, size_t run)
{
    size_t level = (edges + run - 1) / run + GEO_POLAR_POLYGONS, total = level;
    while (level > 1) {
        level = (level + GEO_FAN - 1) / GEO_FAN;
        total += level;
    }
    return total;
}

size_t geo_index_size(const struct geo_shape *shape, size_t edges)
{
    return tree_size(count_edges(shape), edges);
}

static struct geo_box edge_box(struct geo_point a, struct geo_point b)
{
    double east = a.lon + geo_edge_span(a, b);
    struct geo_box box = {fmin(a.lat, b.lat), fmin(a.lon, east), fmax(a.lat, b.lat), fmax(a.lon, east)};
    if (box.west < -180)
        box.west += 360, box.east += 360;
    return box;
}

/* Both boxes in one; of the ways round the globe the narrowest. */
static struct geo_box join(struct geo_box a, struct geo_box b)
{
    double best = 360, west = -180;
    for (int turn = -360; turn <= 360; turn += 360) {
        double w = fmin(a.west, b.west + turn), width = fmax(a.east, b.east + turn) - w;
        if (width < best)
            best = width, west = w;
    }
    west = west < -180 ? west + 360 : west >= 180 ? west - 360 : west;
    return (struct geo_box){fmin(a.south, b.south), west, fmax(a.north, b.north), west + best};
}

static bool polygon_holds_north(struct geo_index *index, const struct geo_polygon *polygon)
{
    bool holds = false;
    for (size_t i = 0; i < polygon->count; i++) {
        bool north, turns = geo_ring_turns(&polygon->rings[i], &north) != 0;
        index->polar |= turns;
        holds ^= turns && north;
    }
    return holds;
}

static void build_levels(struct geo_index *index)
{
    index->levels = 1;
    while (index->count[index->levels - 1] > 1 && index->levels < GEO_LEVELS) {
        int level = index->levels++;
        const struct geo_run *below = index->runs + index->start[level - 1];
        size_t below_count = index->count[level - 1];
        index->start[level] = index->start[level - 1] + below_count;
        index->count[level] = (below_count + GEO_FAN - 1) / GEO_FAN;
        for (size_t i = 0; i < below_count; i++) {
            struct geo_run *over = &index->runs[index->start[level] + i / GEO_FAN];
            over->box = i % GEO_FAN == 0 ? below[i].box : join(over->box, below[i].box);
        }
    }
}

void geo_index_build(
    const struct geo_shape *shape, struct geo_run *room, size_t capacity, struct geo_index *index)
{
    *index = (struct geo_index){.shape = shape, .runs = room};
    size_t edges = count_edges(shape), run_edges = 4, spare = GEO_POLAR_POLYGONS;
    while (tree_size(edges, run_edges) > capacity)
        run_edges += run_edges / 2;
    struct place place = {0, 0, 0};
    struct geo_run *run = NULL;
    uint32_t polygon = UINT32_MAX;
    bool north = false;
    while (settle(shape, &place)) {
        if (place.polygon != polygon) {
            polygon = place.polygon;
            north = polygon_holds_north(index, &shape->polygons[polygon]);
        }
        const struct geo_point *a = &ring_at(shape, place)->points[place.point], *b = a + 1;
        if (run == NULL || run->edges >= run_edges) {
            run = &room[index->count[0]++];
            *run = (struct geo_run){edge_box(*a, *b), place.polygon, place.ring, place.point, 0, false};
        }
        run->box = join(run->box, edge_box(*a, *b));
        run->edges++;
        index->north_vertex |= a->lat >= 90 - GEO_SLACK_DEGREES;
        index->south_vertex |= a->lat <= -90 + GEO_SLACK_DEGREES;
        place.point++;
        settle(shape, &place);
        if (north && place.polygon != polygon && spare > 0) {
            /* No question may pass by this run: its flip counts everywhere. */
            run->ends_north = true;
            run->box = (struct geo_box){-90, -180, 90, 180};
            run = NULL;
            spare--;
        }
    }
    if (index->count[0] > 0)
        build_levels(index);
}

struct geo_box geo_index_box(const struct geo_index *index)
{
    if (index->count[0] == 0)
        return (struct geo_box){0, 0, 0, 0};
    struct geo_box box = index->runs[index->start[index->levels - 1]].box;
    if (!index->polar)
        return box;
    /* The runs that end at a pole bear a box of the whole globe: look at their edges. */
    box.south = 90, box.north = -90;
    for (size_t i = 0; i < index->count[0]; i++)
        for (struct edges edges = edges_of(index, &index->runs[i]); next_edge(&edges);) {
            box.south = fmin(box.south, edges.from->lat);
            box.north = fmax(box.north, edges.from->lat);
        }
    if (geo_index_holds(index, (struct geo_point){90, 0}))
        box.north = 90;
    if (geo_index_holds(index, (struct geo_point){-90, 0}))
        box.south = -90;
    return box;
}

/* ---- questions ---- */

static bool touches_box(const void *question, const struct geo_box *box)
{
    return geo_boxes_touch(*box, *(const struct geo_box *)question);
}

bool geo_index_holds(const struct geo_index *index, struct geo_point point)
{
    const struct geo_box meridian = {point.lat, point.lon, 90, point.lon};
    const struct geo_run *run;
    uint32_t polygon = UINT32_MAX;
    bool inside = false;
    for (size_t at = 0; (run = next_run(index, &at, touches_box, &meridian)) != NULL;) {
        for (struct edges edges = edges_of(index, run); next_edge(&edges);) {
            if (edges.polygon != polygon) {
                if (inside)
                    return true;
                polygon = edges.polygon;
            }
            enum geo_crossing crossing = geo_edge_crosses_north(*edges.from, *edges.to, point);
            if (crossing == GEO_ON_EDGE)
                return true;
            inside ^= crossing == GEO_CROSSES;
        }
        inside ^= run->ends_north;
    }
    return inside;
}

static bool edge_crossed(const struct geo_index *index, size_t at, const struct edges *edge)
{
    const struct geo_box box = edge_box(*edge->from, *edge->to);
    const struct geo_run *run;
    while ((run = next_run(index, &at, touches_box, &box)) != NULL)
        for (struct edges others = edges_of(index, run); next_edge(&others);)
            if (others.polygon == edge->polygon &&
                geo_edges_cross(*edge->from, *edge->to, *others.from, *others.to))
                return true;
    return false;
}

/* An edge that crosses an earlier one was found when that one was asked: look from each edge's own run on. */
bool geo_index_crossing(const struct geo_index *index, struct geo_place *where)
{
    for (size_t i = 0; i < index->count[0]; i++)
        for (struct edges edges = edges_of(index, &index->runs[i]); next_edge(&edges);)
            if (edge_crossed(index, i, &edges)) {
                *where = (struct geo_place){edges.place.polygon, edges.place.ring, edges.place.point - 1};
                return true;
            }
    return false;
}

bool geo_index_border_touches(const struct geo_index *index, struct geo_box box)
{
    const struct geo_run *run;
    for (size_t at = 0; (run = next_run(index, &at, touches_box, &box)) != NULL;)
        for (struct edges edges = edges_of(index, run); next_edge(&edges);)
            if (geo_edge_touches_box(*edges.from, *edges.to, box))
                return true;
    return (index->north_vertex && box.north >= 90) || (index->south_vertex && box.south <= -90);
}

/* The first and last of `parts` equal parts, from `low` up, that a stretch may touch. */
static int part_of(double value, double low, double part, int parts, double slack)
{
    return (int)fmin(fmax(floor((value - low + slack) / part), 0), parts - 1);
}

uint32_t geo_index_border_mask(const struct geo_index *index, struct geo_box box, int columns, int rows)
{
    double width = (box.east - box.west) / columns, height = (box.north - box.south) / rows,
           slack = 2 * GEO_SLACK_DEGREES;
    uint32_t mask = 0, top = (UINT32_C(1) << columns) - 1;
    const struct geo_run *run;
    for (size_t at = 0; (run = next_run(index, &at, touches_box, &box)) != NULL;)
        for (struct edges edges = edges_of(index, run); next_edge(&edges);) {
            struct geo_box edge = edge_box(*edges.from, *edges.to);
            if (!geo_boxes_touch(edge, box))
                continue;
            int south = part_of(edge.south, box.south, height, rows, -slack);
            int north = part_of(edge.north, box.south, height, rows, slack), west = 0, east = columns - 1;
            if (edge.west >= box.west - slack && edge.east <= box.east + slack) {
                west = part_of(edge.west, box.west, width, columns, -slack);
                east = part_of(edge.east, box.west, width, columns, slack);
            }
            for (int row = south; row <= north; row++)
                for (int column = west; column <= east; column++) {
                    struct geo_box part = {box.south + row * height, box.west + column * width,
                        box.south + (row + 1) * height, box.west + (column + 1) * width};
                    uint32_t bit = UINT32_C(1) << (row * columns + column);
                    if ((mask & bit) == 0 && geo_edge_touches_box(*edges.from, *edges.to, part))
                        mask |= bit;
                }
        }
    if (index->north_vertex && box.north >= 90)
        mask |= top << (rows - 1) * columns;
    if (index->south_vertex && box.south <= -90)
        mask |= top;
    return mask;
}

struct nearest {
    struct geo_point point;
    double best;
    struct geo_box within; /* what is nearer than the best lies in this box */
};

static bool may_be_nearer(const void *question, const struct geo_box *box)
{
    const struct nearest *nearest = question;
    return geo_boxes_touch(*box, nearest->within) && geo_box_distance(*box, nearest->point) < nearest->best;
}

double geo_index_border_distance(const struct geo_index *index, struct geo_point point, double enough)
{
    struct nearest nearest = {point, enough, geo_circle_box(point, enough)};
    const struct geo_run *run;
    for (size_t at = 0; (run = next_run(index, &at, may_be_nearer, &nearest)) != NULL;)
        for (struct edges edges = edges_of(index, run); next_edge(&edges);) {
            if (!geo_boxes_touch(edge_box(*edges.from, *edges.to), nearest.within))
                continue;
            double distance = geo_edge_distance(*edges.from, *edges.to, point, nearest.best);
            if (distance < nearest.best) {
                nearest.best = distance;
                nearest.within = geo_circle_box(point, distance);
            }
        }
    return nearest.best;
}
