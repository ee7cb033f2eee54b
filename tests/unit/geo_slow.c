#include "geo_slow.h"

const double doubt = 1e-11, doubt_metres = 2e-7;

/* ---- polygons ---- */

static void unroll(const struct geo_ring *ring, struct plane_ring *out)
{
    double lats = 0;
    int last = (int)ring->count - 1;
    out->x[0] = ring->points[0].lon;
    out->y[0] = ring->points[0].lat;
    for (int i = 1; i <= last; i++) {
        double span = remainder(ring->points[i].lon - ring->points[i - 1].lon, 360);
        out->x[i] = out->x[i - 1] + span;
        out->y[i] = ring->points[i].lat;
        lats += span * (out->y[i] + out->y[i - 1]);
    }
    out->border = out->edges = last;
    out->pole = 0;
    double turns = out->x[last] - out->x[0];
    if (fabs(turns) < 180)
        return;
    out->pole = lats / turns > 0 ? 90 : -90;
    out->x[last + 1] = out->x[last], out->y[last + 1] = out->pole;
    out->x[last + 2] = out->x[0], out->y[last + 2] = out->pole;
    out->x[last + 3] = out->x[0], out->y[last + 3] = out->y[0];
    out->edges += 3;
}

void flatten(const struct geo_shape *shape, struct plane *out)
{
    out->count = 0;
    out->north = out->south = false;
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t j = 0; j < shape->polygons[i].count; j++) {
            const struct geo_ring *ring = &shape->polygons[i].rings[j];
            for (size_t k = 0; k < ring->count; k++) {
                out->north |= ring->points[k].lat == 90;
                out->south |= ring->points[k].lat == -90;
            }
            out->polygon_of[out->count] = (int)i;
            unroll(ring, &out->rings[out->count++]);
        }
}

/* How far a point is from an edge in the plane. */
static double from_edge(const struct plane_ring *ring, int i, double x, double y)
{
    double dx = ring->x[i + 1] - ring->x[i], dy = ring->y[i + 1] - ring->y[i], square = dx * dx + dy * dy;
    double t = square > 0 ? ((x - ring->x[i]) * dx + (y - ring->y[i]) * dy) / square : 0;
    t = fmin(fmax(t, 0), 1);
    return hypot(ring->x[i] + t * dx - x, ring->y[i] + t * dy - y);
}

/* Whether an odd number of the ring's lines is passed on the way south; -1 where it is too near to say. */
static int ring_holds(const struct plane_ring *ring, struct geo_point point)
{
    bool odd = false;
    if (fabs(point.lat) == 90) /* no corner of the shape is there, that has been asked */
        return ring->pole == point.lat;
    for (int turn = -3; turn <= 3; turn++) {
        double x = point.lon + 360 * turn;
        for (int i = 0; i < ring->edges; i++) {
            double x0 = ring->x[i], x1 = ring->x[i + 1], y0 = ring->y[i], y1 = ring->y[i + 1];
            if (x < fmin(x0, x1) - doubt || x > fmax(x0, x1) + doubt || point.lat < fmin(y0, y1) - doubt)
                continue;
            if (i < ring->border && from_edge(ring, i, x, point.lat) < doubt)
                return -1;
            if ((x0 > x) != (x1 > x))
                odd ^= point.lat > y0 + (y1 - y0) * ((x - x0) / (x1 - x0));
        }
    }
    return odd;
}

int plane_holds(const struct plane *plane, struct geo_point point)
{
    int inside[2] = {0, 0};
    if ((point.lat == 90 && plane->north) || (point.lat == -90 && plane->south))
        return 1;
    for (int i = 0; i < plane->count; i++) {
        int holds = ring_holds(&plane->rings[i], point);
        if (holds < 0)
            return -1;
        inside[plane->polygon_of[i]] ^= holds;
    }
    return inside[0] | inside[1];
}

/* ---- cells ---- */

struct geo_box slow_bounds(geo_cell cell)
{
    static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    struct geo_box box = {-90, -180, 90, 180};
    char text[GEO_CELL_TEXT];
    size_t length = geo_format(cell, text);
    for (size_t i = 0; i < 5 * length; i++) {
        bool upper = (strchr(alphabet, text[i / 5]) - alphabet) >> (4 - i % 5) & 1;
        double *low = i % 2 == 0 ? &box.west : &box.south, *high = i % 2 == 0 ? &box.east : &box.north;
        *(upper ? low : high) = (*low + *high) / 2;
    }
    return box;
}

struct geo_box grown(struct geo_box box, double by)
{
    return (struct geo_box){box.south - by, box.west - by, box.north + by, box.east + by};
}

static bool box_has(const struct geo_box *box, struct geo_point point)
{
    for (int turn = -360; turn <= 360; turn += 360)
        if (point.lat >= box->south && point.lat <= box->north && point.lon + turn >= box->west &&
            point.lon + turn <= box->east)
            return true;
    return false;
}

bool covered(const struct geo_box *boxes, size_t count, struct geo_point point)
{
    for (size_t i = 0; i < count; i++)
        if (box_has(&boxes[i], point))
            return true;
    return false;
}

/* One half plane of a box takes its part of the stretch from t[0] to t[1] of an edge (Liang and Barsky). */
static bool clip(double along, double room, double t[2])
{
    if (along == 0)
        return room >= 0;
    double at = room / along;
    if (along > 0)
        t[1] = fmin(t[1], at);
    else
        t[0] = fmax(t[0], at);
    return t[0] <= t[1];
}

bool edge_in_box(const struct plane_ring *ring, int i, const struct geo_box *box, double turn, double t[2])
{
    double x = ring->x[i] + turn, y = ring->y[i], dx = ring->x[i + 1] - ring->x[i];
    double dy = ring->y[i + 1] - ring->y[i];
    t[0] = 0, t[1] = 1;
    return clip(dx, box->east - x, t) && clip(-dx, x - box->west, t) && clip(dy, box->north - y, t) &&
           clip(-dy, y - box->south, t);
}

bool border_in_box(const struct plane *plane, const struct geo_box *box)
{
    double t[2];
    for (int i = 0; i < plane->count; i++)
        for (int j = 0; j < plane->rings[i].border; j++)
            for (int turn = -1080; turn <= 1080; turn += 360)
                if (edge_in_box(&plane->rings[i], j, box, turn, t))
                    return true;
    return false;
}

/* ---- circles ---- */

struct vector vector_of(struct geo_point point)
{
    long double lat = point.lat * (M_PIl / 180), lon = point.lon * (M_PIl / 180);
    return (struct vector){cosl(lat) * cosl(lon), cosl(lat) * sinl(lon), sinl(lat)};
}

double chord_distance(struct vector a, struct vector b)
{
    long double x = a.x - b.x, y = a.y - b.y, z = a.z - b.z, chord = sqrtl(x * x + y * y + z * z) / 2;
    return (double)(2 * GEO_EARTH_RADIUS * asinl(chord < 1 ? chord : 1));
}

struct geo_point moved(struct geo_point from, double metres, double bearing)
{
    long double lat = from.lat * (M_PIl / 180), angle = metres / GEO_EARTH_RADIUS;
    long double s = sinl(lat) * cosl(angle) + cosl(lat) * sinl(angle) * cosl(bearing);
    long double turn = atan2l(sinl(bearing) * sinl(angle) * cosl(lat), cosl(angle) - sinl(lat) * s);
    return placed((double)(asinl(s > 1    ? 1
                                 : s < -1 ? -1
                                          : s) *
                           (180 / M_PIl)),
        from.lon + (double)(turn * (180 / M_PIl)));
}

/* The least distance to a meridian between two latitudes: there is one valley, so thirds are left out. */
static double meridian_distance(struct vector center, double south, double north, double lon)
{
    for (int i = 0; i < 90; i++) {
        double third = (north - south) / 3;
        if (chord_distance(center, vector_of((struct geo_point){south + third, lon})) <
            chord_distance(center, vector_of((struct geo_point){north - third, lon})))
            north -= third;
        else
            south += third;
    }
    return chord_distance(center, vector_of((struct geo_point){(south + north) / 2, lon}));
}

bool circle_touches(const struct geo_shape *circle, const struct geo_box *box)
{
    struct vector center = vector_of(circle->center);
    double reach = circle->radius + doubt_metres;
    const struct geo_point corners[] = {
        {box->south, box->west}, {box->south, box->east}, {box->north, box->west}, {box->north, box->east}};
    for (int i = 0; i < 4; i++)
        if (chord_distance(center, vector_of(corners[i])) <= reach)
            return true;
    for (int turn = -360; turn <= 360; turn += 360) {
        double lon = circle->center.lon + turn;
        if (lon < box->west || lon > box->east)
            continue;
        double lat = fmin(fmax(circle->center.lat, box->south), box->north);
        if (chord_distance(center, vector_of((struct geo_point){lat, lon})) <= reach)
            return true;
    }
    return meridian_distance(center, box->south, box->north, box->west) <= reach ||
           meridian_distance(center, box->south, box->north, box->east) <= reach;
}
