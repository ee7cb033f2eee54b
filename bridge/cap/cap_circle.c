/* Circles and points as polygons: where an area is the union of several shapes, all of them must be polygons.
 * What is made holds the circle whole: it is a little larger, never smaller. */
#include <math.h>

#include "bridge/cap/alert_parts.h"

enum { CORNERS = 128, SAMPLES = 4, ATTEMPTS = 40, LEAF = 6 };
static const double LARGEST_M = 5000e3;

static struct position rounded(struct geo_point point)
{
    return (struct position){(int32_t)lround(point.lat * 1e7), (int32_t)lround(point.lon * 1e7)};
}

static struct geo_point degrees(struct position point)
{
    return (struct geo_point){point.lat_e7 / 1e7, point.lon_e7 / 1e7};
}

/* The point that lies so far from the center on a great circle. */
static struct geo_point destination(struct geo_point center, double bearing, double metres)
{
    double lat = center.lat * M_PI / 180, angle = metres / GEO_EARTH_RADIUS;
    double sine = sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(bearing);
    double to_lat = asin(fmax(-1, fmin(1, sine)));
    double turn = atan2(sin(bearing) * sin(angle) * cos(lat), cos(angle) - sin(lat) * sin(to_lat));
    double lon = center.lon + turn * 180 / M_PI;
    return (struct geo_point){to_lat * 180 / M_PI, lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon};
}

/* Edges are straight in latitude and longitude, so the middle of one may come nearer to the center than its
 * ends: looked at in steps. */
static bool keeps_distance(struct geo_point a, struct geo_point b, struct geo_point center, double radius_m)
{
    double across = b.lon - a.lon;
    across += across > 180 ? -360 : across < -180 ? 360 : 0;
    for (int i = 0; i < SAMPLES; i++) {
        double part = (double)i / SAMPLES, lon = a.lon + across * part;
        struct geo_point at = {a.lat + (b.lat - a.lat) * part, lon > 180    ? lon - 360
                                                               : lon < -180 ? lon + 360
                                                                            : lon};
        if (geo_distance(center, at) < radius_m * (1 + 1e-9))
            return false;
    }
    return true;
}

static bool holds(const struct polygon *polygon, struct position center, double radius_m, struct arena *arena)
{
    struct geo_polygon drawn = cap_geo_polygon(polygon, arena);
    struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &drawn, .polygon_count = 1};
    for (size_t i = 0; i + 1 < drawn.rings[0].count; i++)
        if (!keeps_distance(
                drawn.rings[0].points[i], drawn.rings[0].points[i + 1], degrees(center), radius_m))
            return false;
    return geo_shape_check(&shape) == GEO_OK && geo_shape_contains(&shape, degrees(center));
}

bool cap_circle_polygon(struct position center, double radius_m, struct arena *arena, struct polygon *out)
{
    if (radius_m > LARGEST_M)
        return false;
    double factor = (1 + 1e-5) / cos(M_PI / CORNERS);
    struct ring ring = {CORNERS + 1, arena_take(arena, (CORNERS + 1) * sizeof *ring.points)};
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        /* The last centimetres make up for rounding. */
        double metres = radius_m * factor + 0.03;
        for (int i = 0; i < CORNERS; i++)
            ring.points[i] = rounded(destination(degrees(center), 2 * M_PI * i / CORNERS, metres));
        ring.points[CORNERS] = ring.points[0];
        *out = cap_simple_polygon(ring, arena);
        if (holds(out, center, radius_m, arena))
            return true;
        factor += 0.0005 * (attempt + 1);
    }
    return false;
}

struct polygon cap_leaf_polygon(struct position point, struct arena *arena)
{
    geo_cell cell = 0;
    if (geo_encode(degrees(point), LEAF, &cell) != GEO_OK)
        cell = 0;
    struct geo_box box = geo_bounds(cell);
    int32_t south = (int32_t)ceil(box.south * 1e7) + 1, north = (int32_t)floor(box.north * 1e7) - 1,
            west = (int32_t)ceil(box.west * 1e7) + 1, east = (int32_t)floor(box.east * 1e7) - 1;
    struct ring ring = {5, arena_take(arena, 5 * sizeof *ring.points)};
    ring.points[0] = ring.points[4] = (struct position){south, west};
    ring.points[1] = (struct position){south, east};
    ring.points[2] = (struct position){north, east};
    ring.points[3] = (struct position){north, west};
    return cap_simple_polygon(ring, arena);
}
