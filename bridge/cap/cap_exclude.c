/* What an area leaves out, and rings that cross themselves. */
#include <math.h>
#include <stdlib.h>

#include "bridge/cap/alert_parts.h"

static struct geo_shape shape_of(const struct geo_polygon *polygon)
{
    return (struct geo_shape){.kind = GEO_POLYGONS, .polygons = polygon, .polygon_count = 1};
}

/* ---- exclusions ---- */

/* True when all of the ring lies in the shape, borders included. No edges cross, so that the ends and the
 * middle of each edge speak for all of it. */
static bool lies_in(const struct geo_ring *ring, const struct geo_prepared *shape)
{
    for (size_t i = 0; i + 1 < ring->count; i++) {
        struct geo_point a = ring->points[i], b = ring->points[i + 1];
        struct geo_point middle = {(a.lat + b.lat) / 2, (a.lon + b.lon) / 2};
        if (!geo_prepared_contains(shape, a))
            return false;
        if (fabs(a.lon - b.lon) < 180 && !geo_prepared_contains(shape, middle))
            return false;
    }
    return true;
}

static const struct geo_prepared *prepared(const struct geo_shape *shape, struct arena *arena)
{
    size_t size = geo_prepared_size(shape);
    return geo_prepare(shape, arena_take(arena, size), size);
}

struct bounds {
    int32_t south, west, north, east;
};

static struct bounds bounds_of(const struct ring *ring)
{
    struct bounds bounds = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
    for (size_t i = 0; i < ring->count; i++) {
        const struct position *point = &ring->points[i];
        bounds.south = point->lat_e7 < bounds.south ? point->lat_e7 : bounds.south;
        bounds.north = point->lat_e7 > bounds.north ? point->lat_e7 : bounds.north;
        bounds.west = point->lon_e7 < bounds.west ? point->lon_e7 : bounds.west;
        bounds.east = point->lon_e7 > bounds.east ? point->lon_e7 : bounds.east;
    }
    if ((int64_t)bounds.east - bounds.west >= 1800000000) { /* over the antimeridian, or around a pole */
        bounds.west = INT32_MIN;
        bounds.east = INT32_MAX;
    }
    return bounds;
}

static bool apart(const struct bounds *a, const struct bounds *b)
{
    return a->south > b->north || b->south > a->north || a->west > b->east || b->west > a->east;
}

/* An exclusion, for many questions. */
struct exclusion {
    const struct ring *ring;
    struct geo_ring drawn;
    struct geo_polygon polygon;
    struct geo_shape shape;
    const struct geo_prepared *prepared;
    struct bounds bounds;
};

static void make_exclusion(struct exclusion *out, const struct ring *ring, struct arena *arena)
{
    out->ring = ring;
    out->drawn = cap_geo_polygon(&(struct polygon){1, (struct ring *)ring}, arena).rings[0];
    out->polygon = (struct geo_polygon){&out->drawn, 1};
    out->shape = shape_of(&out->polygon);
    out->prepared = prepared(&out->shape, arena);
    out->bounds = bounds_of(ring);
}

/* A ring within another one would be taken for land in a lake. */
static bool within_another(const struct exclusion *all, size_t count, size_t which)
{
    for (size_t i = 0; i < count; i++) {
        if (i == which || apart(&all[i].bounds, &all[which].bounds) ||
            !lies_in(&all[which].drawn, all[i].prepared))
            continue;
        /* Of two that are the same the first one counts. */
        if (i < which || !lies_in(&all[i].drawn, all[which].prepared))
            return true;
    }
    return false;
}

/* Outline and exclusions as one polygon: crosses no line the other? */
static const char *crossing(
    const struct polygon *polygon, const struct geo_ring *excluded, size_t count, struct arena *arena)
{
    struct geo_polygon own = cap_geo_polygon(polygon, arena), all = {NULL, own.count + count};
    struct geo_ring *rings = arena_take(arena, all.count * sizeof *rings);
    memcpy(rings, own.rings, own.count * sizeof *rings);
    if (count)
        memcpy(rings + own.count, excluded, count * sizeof *rings);
    all.rings = rings;
    struct geo_shape shape = shape_of(&all);
    enum geo_error error = geo_shape_check_strict(&shape, NULL);
    if (error == GEO_OK || error == GEO_HOLE_OUTSIDE)
        return NULL;
    return error == GEO_RING_CROSSES ? "R43: " CAP_EXCLUDE
                                       " crosses an outline, so what it leaves is not certain"
                                     : arena_printf(arena, "R43: " CAP_EXCLUDE ": %s", geo_error_text(error));
}

/* The polygon with those exclusions as holes that lie in it; *gone: one of them holds all of it. */
static const char *cut(struct polygon *polygon, const struct exclusion *const *excluded, size_t count,
    struct arena *arena, bool *gone)
{
    struct geo_ring *rings = arena_take(arena, count * sizeof *rings);
    for (size_t i = 0; i < count; i++)
        rings[i] = excluded[i]->drawn;
    const char *rule = crossing(polygon, rings, count, arena);
    if (rule)
        return rule;
    struct geo_polygon outline = cap_geo_polygon(&(struct polygon){1, polygon->rings}, arena);
    struct geo_shape shape = shape_of(&outline);
    const struct geo_prepared *inside = prepared(&shape, arena);
    struct ring *cut_rings = arena_take(arena, (polygon->count + count) * sizeof *cut_rings);
    size_t used = polygon->count;
    memcpy(cut_rings, polygon->rings, polygon->count * sizeof *cut_rings);
    for (size_t i = 0; i < count; i++) {
        if (lies_in(&outline.rings[0], excluded[i]->prepared))
            *gone = true;
        else if (lies_in(&excluded[i]->drawn, inside))
            cut_rings[used++] = *excluded[i]->ring;
    }
    *polygon = (struct polygon){used, cut_rings};
    return used <= LIMIT_RINGS ? NULL : "R43: at most 63 holes in a polygon";
}

/* The same with those of the exclusions that are near the polygon. */
static const char *cut_near(struct polygon *polygon, const struct exclusion *excluded, size_t count,
    struct arena *arena, bool *gone, size_t *budget)
{
    const struct exclusion **near = arena_take(arena, count * sizeof *near);
    struct bounds own = bounds_of(&polygon->rings[0]);
    size_t used = 0, points = polygon->rings[0].count;
    for (size_t i = 0; i < count; i++) {
        if (apart(&own, &excluded[i].bounds))
            continue;
        near[used++] = &excluded[i];
        points += excluded[i].ring->count;
    }
    if (used == 0)
        return NULL;
    if (points > *budget)
        return "R43: more is excluded, from more polygons, than can be looked at";
    *budget -= points;
    return cut(polygon, near, used, arena, gone);
}

const char *cap_exclude(struct cap_polygons *area, const struct ring *excluded, size_t count, size_t *budget)
{
    struct exclusion *all = arena_take(area->arena, (count + 1) * sizeof *all),
                     *kept = arena_take(area->arena, (count + 1) * sizeof *kept);
    size_t used = 0, left = 0;
    struct polygon together = {count, (struct ring *)excluded};
    const char *rule = count ? crossing(&together, NULL, 0, area->arena) : NULL;
    if (rule)
        return rule;
    for (size_t i = 0; i < count; i++)
        make_exclusion(&all[i], &excluded[i], area->arena);
    for (size_t i = 0; i < count; i++)
        if (!within_another(all, count, i))
            kept[used++] = all[i];
    for (size_t i = 0; i < area->count; i++) {
        bool gone = false;
        rule = cut_near(&area->items[i], kept, used, area->arena, &gone, budget);
        if (rule)
            return rule;
        if (!gone)
            area->items[left++] = area->items[i];
    }
    area->count = left;
    return NULL;
}

/* ---- rings that cross themselves ---- */

enum { TANGLED_POINTS = 2000, FLAT_POINTS = 256, TANGLED_CROSSINGS = 32 };

/* Where the two edges cross within both. In whole 1e-7 degrees, as doubles hold them exactly. */
static bool edges_cross(const struct position *a, const struct position *b, struct position *where)
{
    double ax = a[1].lon_e7 - (double)a[0].lon_e7, ay = a[1].lat_e7 - (double)a[0].lat_e7;
    double bx = b[1].lon_e7 - (double)b[0].lon_e7, by = b[1].lat_e7 - (double)b[0].lat_e7;
    double cx = b[0].lon_e7 - (double)a[0].lon_e7, cy = b[0].lat_e7 - (double)a[0].lat_e7;
    double across = ax * by - ay * bx;
    if (across == 0)
        return false;
    double s = (cx * by - cy * bx) / across, t = (cx * ay - cy * ax) / across;
    if (s < 0 || s > 1 || t < 0 || t > 1)
        return false;
    *where = (struct position){(int32_t)lround(a[0].lat_e7 + s * ay), (int32_t)lround(a[0].lon_e7 + s * ax)};
    return true;
}

struct parted {
    struct ring rest, loop;
};

/* Parts the ring where its edge `first` crosses another one: what lies between them is a loop. */
static bool part_at(const struct ring *ring, size_t first, struct arena *arena, struct parted *out)
{
    struct ring *rest = &out->rest, *loop = &out->loop;
    size_t edges = ring->count - 1;
    for (size_t i = 0; i < edges; i++) {
        size_t low = i < first ? i : first, high = i < first ? first : i;
        struct position where;
        if (high - low < 2 || (low == 0 && high == edges - 1) ||
            !edges_cross(&ring->points[low], &ring->points[high], &where))
            continue;
        size_t between = high - low;
        *loop = (struct ring){between + 2, arena_take(arena, (between + 2) * sizeof *loop->points)};
        loop->points[0] = loop->points[between + 1] = where;
        memcpy(loop->points + 1, ring->points + low + 1, between * sizeof *loop->points);
        *rest = (struct ring){
            ring->count - between + 1, arena_take(arena, (ring->count - between + 1) * sizeof *rest->points)};
        memcpy(rest->points, ring->points, (low + 1) * sizeof *rest->points);
        rest->points[low + 1] = where;
        memcpy(
            rest->points + low + 2, ring->points + high + 1, (ring->count - high - 1) * sizeof *rest->points);
        return true;
    }
    return false;
}

/* Parts the ring when it crosses itself. *error: what geo says of it as it is. */
static bool part(const struct ring *ring, struct arena *arena, struct parted *out, enum geo_error *error)
{
    struct geo_polygon polygon = cap_geo_polygon(&(struct polygon){1, (struct ring *)ring}, arena);
    struct geo_shape shape = shape_of(&polygon);
    struct geo_place where;
    *error = geo_shape_check_strict(&shape, &where);
    if (*error == GEO_RING_CROSSES)
        return part_at(ring, where.point, arena, out);
    /* Flat in sum: nobody has looked for crossings. */
    for (size_t edge = 0; *error == GEO_RING_FLAT && ring->count <= FLAT_POINTS && edge + 1 < ring->count;
         edge++)
        if (part_at(ring, edge, arena, out))
            return true;
    return false;
}

static bool may_be_parted(const struct ring *ring)
{
    for (size_t i = 0; i + 1 < ring->count; i++)
        if (llabs((long long)ring->points[i].lon_e7 - ring->points[i + 1].lon_e7) >= 1800000000)
            return false; /* over the antimeridian */
    return ring->count <= TANGLED_POINTS;
}

void cap_untangle(struct ring ring, struct cap_polygons *out, size_t *budget)
{
    struct ring waiting[TANGLED_CROSSINGS + 1];
    size_t count = 1, partings = may_be_parted(&ring) ? 0 : TANGLED_CROSSINGS;
    waiting[0] = ring;
    while (count) {
        struct ring one = waiting[--count];
        struct geo_polygon drawn = cap_geo_polygon(&(struct polygon){1, &one}, out->arena);
        struct geo_shape shape = shape_of(&drawn);
        enum geo_error error = geo_shape_check(&shape);
        struct parted parted;
        if (partings < TANGLED_CROSSINGS && one.count <= *budget && part(&one, out->arena, &parted, &error)) {
            partings++;
            *budget -= one.count;
            waiting[count++] = parted.rest;
            waiting[count++] = parted.loop;
        } else if (error == GEO_OK || error == GEO_RING_CROSSES) {
            cap_polygons_add(out, cap_simple_polygon(one, out->arena));
        }
        /* A loop without an inside has no point that the border of another loop does not have. */
    }
}
