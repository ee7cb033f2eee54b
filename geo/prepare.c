/* Building the index over a shape's edges: consecutive edges stand near each other, so runs of them have
 * small boxes, and a tree of boxes over the runs needs no sorting and no memory but one array. */
#include "geo/internal.h"

static size_t edges_of(const struct geo_ring *ring)
{
    return ring->count > 0 ? ring->count - 1 : 0;
}

/* How many runs of so many edges there are, when each ring begins one of its own, or when they are joined. */
static size_t count_runs(const struct geo_shape *shape, size_t run_edges, bool apart)
{
    size_t runs = 0, edges = 0;
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t j = 0; j < shape->polygons[i].count; j++) {
            edges += edges_of(&shape->polygons[i].rings[j]);
            runs += (edges_of(&shape->polygons[i].rings[j]) + run_edges - 1) / run_edges;
        }
    return apart ? runs : (edges + run_edges - 1) / run_edges;
}

/* Joined runs that end with a polygon around the north pole may be short: GEO_POLAR_POLYGONS more than else.
 */
static size_t tree_size(const struct geo_shape *shape, size_t run_edges, bool apart)
{
    size_t level = count_runs(shape, run_edges, apart) + GEO_POLAR_POLYGONS, total = level;
    while (level > 1) {
        level = (level + GEO_FAN - 1) / GEO_FAN;
        total += level;
    }
    return total;
}

size_t geo_index_size(const struct geo_shape *shape, size_t edges)
{
    return tree_size(shape, edges, true);
}

/* ---- boxes ---- */

/* Both boxes in one; of the ways round the globe the narrowest. */
static struct geo_box join(struct geo_box a, struct geo_box b)
{
    double best = 360, west = -180;
    for (int turn = -360; turn <= 360; turn += 360) {
        double w = geo_min(a.west, b.west + turn), width = geo_max(a.east, b.east + turn) - w;
        if (width < best)
            best = width, west = w;
    }
    west = west < -180 ? west + 360 : west >= 180 ? west - 360 : west;
    return (struct geo_box){geo_min(a.south, b.south), west, geo_max(a.north, b.north), west + best};
}

/* The box of consecutive edges: their longitudes are added up, whatever the antimeridian. */
static struct geo_box stretch_box(const struct geo_point *points, size_t edges)
{
    double lon = points[0].lon;
    struct geo_box box = {points[0].lat, lon, points[0].lat, lon};
    for (size_t i = 0; i < edges; i++) {
        lon += geo_edge_span(points[i], points[i + 1]);
        box.south = geo_min(box.south, points[i + 1].lat);
        box.north = geo_max(box.north, points[i + 1].lat);
        box.west = geo_min(box.west, lon);
        box.east = geo_max(box.east, lon);
    }
    if (box.east - box.west >= 360)
        return (struct geo_box){box.south, -180, box.north, 180};
    if (box.west < -180)
        box.west += 360, box.east += 360;
    /* Added-up longitudes err a little; no box may be too small for that. */
    box.west -= GEO_SLACK_DEGREES / 2, box.east += GEO_SLACK_DEGREES / 2;
    return box;
}

static void build_levels(struct geo_index *index)
{
    index->levels = 1;
    while (index->count[index->levels - 1] > 1) {
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

/* ---- runs ---- */

struct building {
    struct geo_index *index;
    uint32_t run_edges;  /* a full run */
    bool apart;          /* a ring begins with a run of its own */
    struct geo_run *run; /* the one being filled, or NULL */
    int spare;           /* short runs that there is room for */
};

static void add_ring(
    struct building *building, uint32_t polygon, uint32_t ring, const struct geo_ring *points)
{
    struct geo_index *index = building->index;
    for (size_t at = 0; at + 1 < points->count;) {
        struct geo_run *run = building->run;
        bool fresh = run == NULL || run->edges >= building->run_edges || (building->apart && at == 0);
        if (fresh) {
            run = building->run = &index->runs[index->count[0]++];
            *run = (struct geo_run){.polygon = polygon, .ring = ring, .point = (uint32_t)at};
        }
        size_t edges = building->run_edges - run->edges, left = points->count - 1 - at;
        edges = edges < left ? edges : left;
        struct geo_box box = stretch_box(points->points + at, edges);
        run->box = fresh ? box : join(run->box, box);
        run->edges += (uint32_t)edges;
        index->north_vertex |= box.north >= 90 - GEO_SLACK_DEGREES;
        index->south_vertex |= box.south <= -90 + GEO_SLACK_DEGREES;
        at += edges;
    }
}

static void add_polygon(struct building *building, uint32_t number, const struct geo_polygon *polygon)
{
    bool holds_north = false;
    for (size_t i = 0; i < polygon->count; i++) {
        bool north, turns = geo_ring_turns(&polygon->rings[i], &north) != 0;
        building->index->polar |= turns;
        holds_north ^= turns && north;
        add_ring(building, number, (uint32_t)i, &polygon->rings[i]);
    }
    if (!holds_north || building->spare == 0)
        return;
    /* No question may pass by this run: its flip counts everywhere. */
    building->run->ends_north = true;
    building->run->box = (struct geo_box){-90, -180, 90, 180};
    building->run = NULL;
    building->spare--;
}

void geo_index_build(
    const struct geo_shape *shape, struct geo_run *room, size_t capacity, struct geo_index *index)
{
    *index = (struct geo_index){.shape = shape, .runs = room};
    struct building building = {index, 4, true, NULL, GEO_POLAR_POLYGONS};
    /* Where rings are far from each other, a run that joins two has a box that helps nobody: only when there
     * are too many of them. */
    building.apart = tree_size(shape, 1 << 20, true) <= capacity;
    while (tree_size(shape, building.run_edges, building.apart) > capacity)
        building.run_edges += building.run_edges / 2;
    for (size_t i = 0; i < shape->polygon_count; i++)
        add_polygon(&building, (uint32_t)i, &shape->polygons[i]);
    if (index->count[0] > 0)
        build_levels(index);
}

struct geo_box geo_index_box(const struct geo_index *index)
{
    if (index->count[0] == 0)
        return (struct geo_box){0, 0, 0, 0};
    if (!index->polar)
        return index->runs[index->start[index->levels - 1]].box;
    /* All longitudes, and latitudes up to the pole; the boxes of runs are no help here. */
    struct geo_box box = {90, -180, -90, 180};
    for (size_t i = 0; i < index->shape->polygon_count; i++)
        for (size_t j = 0; j < index->shape->polygons[i].count; j++)
            for (size_t k = 0; k < index->shape->polygons[i].rings[j].count; k++) {
                double lat = index->shape->polygons[i].rings[j].points[k].lat;
                box.south = geo_min(box.south, lat);
                box.north = geo_max(box.north, lat);
            }
    if (geo_index_holds(index, (struct geo_point){90, 0}))
        box.north = 90;
    if (geo_index_holds(index, (struct geo_point){-90, 0}))
        box.south = -90;
    return box;
}
