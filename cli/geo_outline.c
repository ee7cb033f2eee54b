/* Rings as lines in the plane. Each longitude is that of the point before it and the shorter way on; what
 * comes round by 360 degrees holds a pole. */
#include "cli/geo_outline.h"

#include <math.h>

enum { CIRCLE_CORNERS = 128, CLOSING = 4 };
static const double radians = M_PI / 180;

/* Puts one point behind the last. */
static void put(struct geo_ring *line, double lat, double lon)
{
    ((struct geo_point *)line->points)[line->count++] = (struct geo_point){lat, lon};
}

static double shorter_way(double from, double to)
{
    return remainder(to - from, 360);
}

/* The edge on which a line round the globe leaves the map: it ends with the point returned. */
static size_t leaves_map(struct geo_ring line)
{
    size_t i = 1;
    while (i + 1 < line.count &&
           floor((line.points[i - 1].lon + 180) / 360) == floor((line.points[i].lon + 180) / 360))
        i++;
    return i;
}

/* A line that goes `around` by 360 degrees, 360 or -360, from one side of the map to the other and back along
 * the pole. */
static struct geo_ring close_over_pole(struct geo_ring line, double around, double pole, struct arena *arena)
{
    struct geo_ring out = {arena_alloc(arena, (line.count + CLOSING) * sizeof *line.points), 0};
    size_t cut = leaves_map(line);
    struct geo_point a = line.points[cut - 1], b = line.points[cut];
    double side = 360 * floor((fmax(a.lon, b.lon) + 180) / 360) - 180, turn = -around / 2 - side;
    double lat = a.lon == b.lon ? a.lat : a.lat + (b.lat - a.lat) * (side - a.lon) / (b.lon - a.lon);
    put(&out, lat, side + turn);
    for (size_t i = cut; i < line.count; i++)
        put(&out, line.points[i].lat, line.points[i].lon + turn);
    for (size_t i = 1; i < cut; i++)
        put(&out, line.points[i].lat, line.points[i].lon + turn + around);
    put(&out, lat, side + turn + around);
    put(&out, pole, side + turn + around);
    put(&out, pole, side + turn);
    put(&out, lat, side + turn);
    return out;
}

/* The line, closed over the pole when it goes round the globe. pole: 90, -90, or 0 for the one on whose side
 * most of the line lies. */
static struct geo_ring unwrap(struct geo_ring ring, double pole, struct arena *arena)
{
    struct geo_ring line = {arena_alloc(arena, ring.count * sizeof *ring.points), 0};
    double lon = ring.points[0].lon, sum = 0;
    for (size_t i = 0; i < ring.count; i++) {
        lon += i > 0 ? shorter_way(ring.points[i - 1].lon, ring.points[i].lon) : 0;
        put(&line, ring.points[i].lat, lon);
        sum += i > 0 ? ring.points[i].lat : 0;
    }
    double around = 360 * round((lon - ring.points[0].lon) / 360);
    if (around == 0)
        return line;
    ((struct geo_point *)line.points)[line.count - 1].lon = ring.points[0].lon + around;
    return close_over_pole(line, around, pole != 0 ? pole : sum < 0 ? -90 : 90, arena);
}

struct geo_ring geo_outline_ring(struct geo_ring ring, struct arena *arena)
{
    return unwrap(ring, 0, arena);
}

/* Where one comes to from the center in that direction. */
static struct geo_point go(struct geo_point center, double bearing, double angle)
{
    double lat = center.lat * radians;
    double sine = sin(lat) * cos(angle) + cos(lat) * sin(angle) * cos(bearing);
    double east = sin(bearing) * sin(angle) * cos(lat), north = cos(angle) - sin(lat) * sine;
    double to = asin(fmax(-1, fmin(1, sine))) / radians;
    return (struct geo_point){to, remainder(center.lon + atan2(east, north) / radians, 360)};
}

struct geo_ring geo_outline_circle(struct geo_point center, double radius, struct arena *arena)
{
    struct geo_point corners[CIRCLE_CORNERS + 1];
    double to_north = geo_distance(center, (struct geo_point){90, center.lon});
    double to_south = geo_distance(center, (struct geo_point){-90, center.lon});
    bool north = radius > to_north, south = radius > to_south;
    if (north && south)
        return (struct geo_ring){NULL, 0};
    for (int i = 0; i < CIRCLE_CORNERS; i++) /* half a step aside, so that no corner is a pole */
        corners[i] = go(center, -2 * M_PI * (i + 0.5) / CIRCLE_CORNERS, radius / GEO_EARTH_RADIUS);
    corners[CIRCLE_CORNERS] = corners[0];
    return unwrap((struct geo_ring){corners, CIRCLE_CORNERS + 1}, north ? 90 : south ? -90 : 0, arena);
}
