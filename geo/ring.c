/* One edge and one ring. An edge is straight in latitude and longitude, neither a great circle nor a rhumb
 * line; so what is inside, crossed and touched is decided in the plane of degrees, and only distances are
 * measured on the sphere. */
#include "geo/internal.h"

/* An edge as a path over t = 0 to 1, seen from a point: all in radians, longitudes from the point's. */
struct path {
    double lat, lon;                 /* at t = 0 */
    double climb, turn;              /* by t = 1 */
    double from, sin_from, cos_from; /* the point's latitude */
    double bend_most, twist_most;    /* the second and third derivative by t of the cosine of the angle */
};

/* Greatest they are, term by term, where both sines and cosines of latitudes and longitudes are 1 but those
 * that a pole near by makes small: else a short way around it would seem to bend as one around the equator.
 */
static void set_bounds(struct path *path, double lat0, double lat1)
{
    double climb = fabs(path->climb), turn = fabs(path->turn), near = path->cos_from;
    double both = near * (lat0 * lat1 < 0 ? 1 : geo_max(cos(lat0), cos(lat1)));
    path->bend_most = climb * climb + 2 * climb * turn * near + turn * turn * both;
    path->twist_most = climb * climb * climb + 3 * climb * climb * turn * both +
                       3 * climb * turn * turn * near + turn * turn * turn * both;
}

static struct path path_from(struct geo_point a, struct geo_point b, struct geo_point point)
{
    double from = point.lat * GEO_RADIANS;
    struct path path = {.lat = a.lat * GEO_RADIANS,
        .lon = geo_wrap(a.lon - point.lon) * GEO_RADIANS,
        .climb = (b.lat - a.lat) * GEO_RADIANS,
        .turn = geo_edge_span(a, b) * GEO_RADIANS,
        .from = from,
        .sin_from = sin(from),
        .cos_from = cos(from)};
    set_bounds(&path, path.lat, b.lat * GEO_RADIANS);
    return path;
}

static double path_distance(const struct path *path, double t)
{
    struct geo_point at = {
        (path->lat + t * path->climb) / GEO_RADIANS, (path->lon + t * path->turn) / GEO_RADIANS};
    return geo_distance((struct geo_point){path->from / GEO_RADIANS, 0}, at);
}

/* The first and second derivative by t of the cosine of the angle to the point. The first is written so that
 * it loses nothing near the point. */
static double path_slope(const struct path *path, double t)
{
    double lat = path->lat + t * path->climb, lon = path->lon + t * path->turn, half = sin(lon / 2);
    double along = sin(path->from - lat) + path->cos_from * sin(lat) * 2 * half * half;
    return path->climb * along - path->turn * path->cos_from * cos(lat) * sin(lon);
}

static double path_bend(const struct path *path, double t)
{
    double lat = path->lat + t * path->climb, lon = path->lon + t * path->turn;
    double both = path->cos_from * cos(lat) * cos(lon), cosine = path->sin_from * sin(lat) + both;
    return 2 * path->climb * path->turn * path->cos_from * sin(lat) * sin(lon) -
           path->climb * path->climb * cosine - path->turn * path->turn * both;
}

static double path_box_distance(const struct path *path, double t0, double t1)
{
    double lat0 = path->lat + t0 * path->climb, lat1 = path->lat + t1 * path->climb;
    double lon0 = path->lon + t0 * path->turn, lon1 = path->lon + t1 * path->turn;
    struct geo_box box = {geo_min(lat0, lat1) / GEO_RADIANS, geo_min(lon0, lon1) / GEO_RADIANS,
        geo_max(lat0, lat1) / GEO_RADIANS, geo_max(lon0, lon1) / GEO_RADIANS};
    return geo_box_distance(box, (struct geo_point){path->from / GEO_RADIANS, 0});
}

/* The distance where the falling slope passes zero between t0 and t1 (Illinois' false position). */
static double path_peak(const struct path *path, double t0, double t1)
{
    double s0 = path_slope(path, t0), s1 = path_slope(path, t1);
    for (int i = 0; i < 100 && s0 > 0 && s1 < 0 && t1 - t0 > 1e-16; i++) {
        double t = geo_min(geo_max((t0 * s1 - t1 * s0) / (s1 - s0), t0), t1), s = path_slope(path, t);
        if (s == 0)
            return path_distance(path, t);
        if (s > 0) {
            if (t == t0)
                break;
            t0 = t, s0 = s, s1 /= 2;
        } else {
            if (t == t1)
                break;
            t1 = t, s1 = s, s0 /= 2;
        }
    }
    return geo_min(path_distance(path, t0), path_distance(path, t1));
}

/* Divide, and look only where it may be nearer: a stretch is settled when its box is too far, when the slope
 * keeps its sign on it, or when the bend is negative all over it. */
static double path_nearest(const struct path *path, double best)
{
    enum { depth = 64, patience = 4000 };
    double stack[depth][2] = {{0, 1}};
    int top = 1;
    for (int work = 0; top > 0; work++) {
        double t0 = stack[top - 1][0], t1 = stack[top - 1][1], middle = (t0 + t1) / 2, half = (t1 - t0) / 2;
        double bound = path_box_distance(path, t0, t1);
        top--;
        if (bound >= best - GEO_SLACK_METRES / 2)
            continue;
        /* Out of patience, the bound will do: touched sooner than missed. */
        bool enough = top + 2 > depth || work > patience;
        best = geo_min(best, enough ? bound : path_distance(path, middle));
        if (fabs(path_slope(path, middle)) > path->bend_most * half) {
            best = geo_min(best, geo_min(path_distance(path, t0), path_distance(path, t1)));
        } else if (path_bend(path, middle) < -path->twist_most * half) {
            best = geo_min(best, path_peak(path, t0, t1));
        } else if (!enough) {
            stack[top][0] = middle, stack[top++][1] = t1;
            stack[top][0] = t0, stack[top++][1] = middle;
        }
    }
    return best;
}

double geo_edge_distance(struct geo_point a, struct geo_point b, struct geo_point point, double enough)
{
    struct path path = path_from(a, b, point);
    if (path.climb == 0 || path.turn == 0)
        return path_box_distance(&path, 0, 1);
    double ends = geo_min(geo_distance(a, point), geo_distance(b, point));
    if (path_box_distance(&path, 0, 1) >= geo_min(enough, ends))
        return ends;
    double nearest = path_nearest(&path, geo_min(ends, enough));
    return nearest;
}

/* In a plane whose east is scaled by the point's cosine; within `far` of the point other latitudes' cosines
 * differ from it by no more than `far`. */
struct geo_about geo_edge_about(struct geo_point a, struct geo_point b, struct geo_point point, double cosine)
{
    double x = geo_wrap(a.lon - point.lon), y = a.lat - point.lat, span = geo_edge_span(a, b),
           climb = b.lat - a.lat;
    double far = geo_max(geo_max(fabs(x), fabs(x + span)), geo_max(fabs(y), fabs(y + climb)));
    if (far > 5 || cosine < 0.2)
        return (struct geo_about){0, HUGE_VAL};
    x *= cosine, span *= cosine, far *= GEO_RADIANS;
    double square = span * span + climb * climb, t = square > 0 ? -(x * span + y * climb) / square : 0;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    x += t * span, y += t * climb;
    double about = sqrt(x * x + y * y) * GEO_RADIANS * GEO_EARTH_RADIUS;
    return (struct geo_about){about * (1 - far / cosine - 0.001), about * (1 + far / cosine)};
}

bool geo_edge_touches_box(struct geo_point a, struct geo_point b, struct geo_box box)
{
    double span = geo_edge_span(a, b), climb = b.lat - a.lat, slack = GEO_SLACK_DEGREES;
    if (geo_min(a.lat, b.lat) > box.north + slack || geo_max(a.lat, b.lat) < box.south - slack)
        return false;
    double reach = slack * (fabs(span) + fabs(climb));
    for (int turn = -360; turn <= 360; turn += 360) {
        double lon = a.lon + turn;
        if (geo_min(lon, lon + span) > box.east + slack || geo_max(lon, lon + span) < box.west - slack)
            continue;
        /* Which side of the edge's line the corners are on: a line leaves the box aside when all are on one.
         */
        double south = span * (box.south - a.lat), north = span * (box.north - a.lat);
        double west = climb * (box.west - lon), east = climb * (box.east - lon);
        double low = geo_min(south, north) - geo_max(west, east),
               high = geo_max(south, north) - geo_min(west, east);
        if (low <= reach && high >= -reach)
            return true;
    }
    return false;
}

/* Each point of a ring is west of the meridian or not (on it: not), for both its edges alike, so that no
 * crossing is counted twice or lost. */
enum geo_crossing geo_edge_crosses_north(struct geo_point a, struct geo_point b, struct geo_point point)
{
    double slack = GEO_SLACK_DEGREES;
    if (geo_max(a.lat, b.lat) < point.lat - slack)
        return GEO_NO_CROSSING;
    double from = geo_wrap(a.lon - point.lon), to = geo_wrap(b.lon - point.lon), span = geo_edge_span(a, b);
    /* What is just opposite is on the side that the edge leaves to or comes from. */
    if (fabs(from) == 180)
        from = span > 0 ? -180 : 180;
    if (fabs(to) == 180)
        to = span > 0 ? 180 : -180;
    double climb = b.lat - a.lat, above = point.lat - a.lat, side = span * above + from * climb;
    bool beside = geo_min(from, from + span) > slack || geo_max(from, from + span) < -slack;
    if (!beside && fabs(side) <= slack * (fabs(span) + fabs(climb)) && above >= geo_min(climb, 0) - slack &&
        above <= geo_max(climb, 0) + slack)
        return GEO_ON_EDGE;
    if (span > 0 && from < 0 && to >= 0)
        return side < 0 ? GEO_CROSSES : GEO_NO_CROSSING;
    if (span < 0 && from >= 0 && to < 0)
        return side > 0 ? GEO_CROSSES : GEO_NO_CROSSING;
    return GEO_NO_CROSSING;
}

int geo_ring_turns(const struct geo_ring *ring, bool *north)
{
    double spans = 0, lats = 0;
    for (size_t i = 1; i < ring->count; i++) {
        double span = geo_edge_span(ring->points[i - 1], ring->points[i]);
        spans += span;
        lats += span * (ring->points[i - 1].lat + ring->points[i].lat);
    }
    int turns = (int)lround(spans / 360);
    *north = lats * turns > 0;
    return turns;
}

/* The area between an edge and a parallel is the integral of sin(lat) - sin(parallel) over the longitude;
 * along a straight edge that is its span times the mean sine. The parallel of the first point keeps small
 * rings exact. */
double geo_ring_area(const struct geo_ring *ring)
{
    bool north;
    int turns = geo_ring_turns(ring, &north);
    double base = ring->count > 0 ? sin(ring->points[0].lat * GEO_RADIANS) : 0, sum = 0, sizes = 0;
    for (size_t i = 1; i < ring->count; i++) {
        struct geo_point a = ring->points[i - 1], b = ring->points[i];
        double half = (b.lat - a.lat) / 2 * GEO_RADIANS;
        double mean = sin((a.lat + b.lat) / 2 * GEO_RADIANS) * (half != 0 ? sin(half) / half : 1);
        double term = geo_edge_span(a, b) * GEO_RADIANS * (mean - base);
        sum += term;
        sizes += fabs(term);
    }
    double square = GEO_EARTH_RADIUS * GEO_EARTH_RADIUS;
    if (turns == 0)
        return fabs(sum) <= 1e-13 * sizes ? 0 : fabs(sum) * square;
    sum = (sum + 2 * M_PI * turns * base) * turns;
    return (north ? 2 * M_PI - sum : 2 * M_PI + sum) * square;
}

enum geo_side geo_ring_side(const struct geo_ring *ring, struct geo_point point)
{
    bool north, inside = geo_ring_turns(ring, &north) != 0 && north;
    for (size_t i = 1; i < ring->count; i++) {
        enum geo_crossing crossing = geo_edge_crosses_north(ring->points[i - 1], ring->points[i], point);
        if (crossing == GEO_ON_EDGE)
            return GEO_PARTLY;
        inside ^= crossing == GEO_CROSSES;
    }
    return inside ? GEO_IN : GEO_OUT;
}

/* On which side of the line from a, by span and climb, a point stands: 1, -1, or 0 where rounding leaves a
 * doubt. */
static int side_of(double span, double climb, double east, double north)
{
    double side = span * north - climb * east, doubt = GEO_SLACK_DEGREES * (fabs(span) + fabs(climb));
    return side > doubt ? 1 : side < -doubt ? -1 : 0;
}

bool geo_edges_cross(struct geo_point a, struct geo_point b, struct geo_point c, struct geo_point d)
{
    double span = geo_edge_span(a, b), climb = b.lat - a.lat, other_span = geo_edge_span(c, d),
           other_climb = d.lat - c.lat;
    double east = geo_wrap(c.lon - a.lon), north = c.lat - a.lat;
    for (int turn = -360; turn <= 360; turn += 360) {
        double x = east + turn;
        int from = side_of(span, climb, x, north),
            to = side_of(span, climb, x + other_span, north + other_climb);
        int first = side_of(other_span, other_climb, -x, -north);
        int second = side_of(other_span, other_climb, span - x, climb - north);
        if (from * to < 0 && first * second < 0)
            return true;
    }
    return false;
}
