/* The promise of a cover over a great many hard shapes: every point of the shape is in it, each of its cells
 * is touched, and what an interior cover holds is inside. Held against ways that share no code with geo/:
 * cells by halving, polygons unrolled into a plane, edges clipped by boxes, circles by chords in space.
 *
 *   build/test_geo_promise [SHAPES]
 *
 * tries 10,000 shapes unless told, a million in some minutes; NEIGHBORS_GEO_SEED=N gives others. */
#include "test_geo.h"

enum { CORNERS = 48, RINGS = 3, CELLS = 1024, LEAST_PRINTED = 10 };

/* Within this many degrees, and metres, of a border rounding may decide either way. */
static const double doubt = 1e-11, doubt_metres = 2e-7;

static long shapes_asked = 10000;

struct hard {
    struct geo_point points[RINGS][CORNERS + 1];
    struct geo_ring rings[RINGS];
    struct geo_polygon polygons[2];
    struct geo_shape shape;
};

static struct {
    long shapes, points, cells, inner, violations;
} seen;

static void violation(long number, const char *what, struct geo_point at)
{
    if (seen.violations++ < LEAST_PRINTED)
        print_error("shape %ld: %s at %.17g %.17g\n", number, what, at.lat, at.lon);
}

/* ---- shapes that are hard ---- */

static double clamp(double lat)
{
    return fmin(fmax(lat, -90), 90);
}

static struct geo_point placed(double lat, double lon)
{
    return (struct geo_point){clamp(lat), remainder(lon, 360)};
}

static void close_ring(struct hard *hard, int ring, int count)
{
    hard->points[ring][count] = hard->points[ring][0];
    hard->rings[ring] = (struct geo_ring){hard->points[ring], (size_t)count + 1};
}

/* Rays around a center; flat makes a sliver of it, least says how short a ray may be. */
static void star(struct chance *chance, struct hard *hard, int ring, struct geo_point center, double size,
    double flat, double least)
{
    int count = 3 + chance_below(chance, CORNERS - 3);
    double turn = chance_between(chance, 0, M_PI), s = sin(turn), c = cos(turn);
    for (int i = 0; i < count; i++) {
        double angle = 2 * M_PI * i / count, ray = size * chance_between(chance, least, 1);
        double x = ray * cos(angle), y = ray * sin(angle) * flat;
        hard->points[ring][i] = placed(center.lat + x * s + y * c, center.lon + x * c - y * s);
    }
    close_ring(hard, ring, count);
}

/* Once round a pole, as jagged as `jag` degrees. */
static void cap(struct chance *chance, struct hard *hard, int ring, double lat, double jag)
{
    int count = 3 + chance_below(chance, 30);
    double start = chance_between(chance, -180, 180), way = chance_below(chance, 2) == 0 ? 360 : -360;
    for (int i = 0; i < count; i++)
        hard->points[ring][i] =
            placed(lat + chance_between(chance, -jag, jag), start + way * (i + 0.3 * (i % 2)) / count);
    close_ring(hard, ring, count);
}

/* A comb: long teeth, some of them thinner than the gaps. */
static void comb(struct chance *chance, struct hard *hard, struct geo_point center, double size)
{
    int teeth = 2 + chance_below(chance, 10), count = 0;
    double step = size / teeth, thin = chance_between(chance, 0.001, 0.9);
    for (int i = 0; i < teeth; i++) {
        hard->points[0][count++] = placed(center.lat, center.lon + i * step);
        hard->points[0][count++] = placed(center.lat + size, center.lon + i * step);
        hard->points[0][count++] = placed(center.lat + size, center.lon + (i + thin) * step);
        hard->points[0][count++] = placed(center.lat, center.lon + (i + thin) * step);
    }
    hard->points[0][count++] = placed(center.lat - size / 9, center.lon + size);
    hard->points[0][count++] = placed(center.lat - size / 9, center.lon);
    close_ring(hard, 0, count);
}

/* Corners anywhere near, so that it crosses itself: what an odd number of lines surrounds is inside. */
static void scribble(struct chance *chance, struct hard *hard, struct geo_point center, double size)
{
    int count = 3 + chance_below(chance, 20);
    for (int i = 0; i < count; i++)
        hard->points[0][i] = placed(center.lat + chance_between(chance, -size, size),
            center.lon + chance_between(chance, -size, size));
    close_ring(hard, 0, count);
}

/* Corners onto the lines between cells of a precision. */
static void snap(struct hard *hard, int bits)
{
    for (size_t i = 0; i < hard->rings[0].count; i++) {
        struct geo_point *point = &hard->points[0][i];
        point->lat = clamp(round(point->lat / 180 * (1 << bits)) / (1 << bits) * 180);
        point->lon = round(point->lon / 360 * (1 << bits)) / (1 << bits) * 360;
    }
}

static struct geo_point anywhere(struct chance *chance)
{
    struct geo_point point = chance_point(chance);
    if (chance_below(chance, 4) == 0)
        point.lon = chance_below(chance, 2) == 0 ? 180 : chance_between(chance, -180, -179);
    if (chance_below(chance, 8) == 0)
        point.lat = copysign(90 - exp(chance_between(chance, -16, 2)), point.lat);
    return point;
}

static void make_circle(struct chance *chance, struct hard *hard)
{
    hard->shape.kind = GEO_CIRCLE;
    hard->shape.center = anywhere(chance);
    hard->shape.radius = exp(chance_between(chance, log(10), log(20000)));
    if (chance_below(chance, 4) == 0)
        hard->shape.radius = exp(chance_between(chance, log(1e-3), log(1.9e7)));
    if (chance_below(chance, 16) == 0)
        hard->shape.center.lat = copysign(90, hard->shape.center.lat);
}

static void make_hard(struct chance *chance, long number, struct hard *hard)
{
    struct geo_point center = anywhere(chance);
    double size = exp(chance_between(chance, log(1e-3), log(10)));
    size_t rings = 1, polygons = 1;
    memset(hard, 0, sizeof *hard);
    switch (number % 16) {
    case 0:
        star(chance, hard, 0, center, size, 1, 0.3);
        break;
    case 1: /* slivers, down to the width of an atom */
        star(chance, hard, 0, center, size, exp(chance_between(chance, log(1e-9), log(1e-2))), 0.3);
        break;
    case 2: /* from a millimetre on */
        star(chance, hard, 0, center, exp(chance_between(chance, log(1e-8), log(1e-4))), 1, 0.3);
        break;
    case 3: /* continents */
        center.lat = chance_between(chance, -40, 40);
        star(chance, hard, 0, center, chance_between(chance, 10, 80), 1, 0.5);
        break;
    case 4:
        center.lon = chance_below(chance, 2) == 0 ? 180 : -180;
        star(chance, hard, 0, center, size, 1, 0.1);
        break;
    case 5:
        cap(chance, hard, 0, chance_between(chance, 20, 88) * (number % 32 < 16 ? 1 : -1), size / 5);
        break;
    case 6: /* a pole with a hole around it */
        cap(chance, hard, 0, number % 32 < 16 ? 70 : -70, 3);
        cap(chance, hard, 1, number % 32 < 16 ? 84 : -84, 3);
        rings = 2;
        break;
    case 7: /* a corner at the pole */
        star(chance, hard, 0, placed(center.lat < 0 ? -85 : 85, center.lon), 4, 1, 0.5);
        hard->points[0][1].lat = copysign(90, center.lat);
        break;
    case 8:
        comb(chance, hard, center, size);
        break;
    case 9:
        star(chance, hard, 0, center, size + 0.02, 1, 0.3);
        snap(hard, 10 + chance_below(chance, 9));
        break;
    case 10:
        star(chance, hard, 0, center, size, 1, 0.6);
        star(chance, hard, 1, center, size * 0.5, 1, 0.2);
        rings = 2;
        break;
    case 11:
        star(chance, hard, 0, center, size, 1, 0.3);
        star(chance, hard, 1, placed(center.lat, center.lon + size), size, 1, 0.3);
        polygons = 2;
        break;
    case 12:
        scribble(chance, hard, center, size);
        break;
    default:
        make_circle(chance, hard);
        return;
    }
    hard->shape.kind = GEO_POLYGONS;
    hard->shape.polygons = hard->polygons;
    hard->shape.polygon_count = polygons;
    hard->polygons[0] = (struct geo_polygon){hard->rings, rings};
    hard->polygons[1] = (struct geo_polygon){hard->rings + 1, 1};
}

/* ---- polygons, the slow way ---- */

/* A ring in the plane: longitudes run on past 180; one that goes round a pole is led along that pole. */
struct plane_ring {
    double x[CORNERS + 4], y[CORNERS + 4];
    int edges, border; /* the first `border` edges are the ring's own */
    double pole;       /* 90 or -90 when it goes round that one, else 0 */
};

struct plane {
    struct plane_ring rings[RINGS];
    int polygon_of[RINGS], count;
    bool north, south; /* a corner is at that pole, which has every longitude */
};

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

static void flatten(const struct geo_shape *shape, struct plane *out)
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

/* 1 inside, 0 outside, -1 too near a border to say. */
static int plane_holds(const struct plane *plane, struct geo_point point)
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

/* ---- cells, the slow way ---- */

/* Its sides, by halving the globe for each bit of its text. */
static struct geo_box slow_bounds(geo_cell cell)
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

static struct geo_box grown(struct geo_box box, double by)
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

static bool covered(const struct geo_box *boxes, size_t count, struct geo_point point)
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

/* The stretch of an edge that is in a box, from `turn` degrees aside. */
static bool edge_in_box(
    const struct plane_ring *ring, int i, const struct geo_box *box, double turn, double t[2])
{
    double x = ring->x[i] + turn, y = ring->y[i], dx = ring->x[i + 1] - ring->x[i];
    double dy = ring->y[i + 1] - ring->y[i];
    t[0] = 0, t[1] = 1;
    return clip(dx, box->east - x, t) && clip(-dx, x - box->west, t) && clip(dy, box->north - y, t) &&
           clip(-dy, y - box->south, t);
}

static bool border_in_box(const struct plane *plane, const struct geo_box *box)
{
    double t[2];
    for (int i = 0; i < plane->count; i++)
        for (int j = 0; j < plane->rings[i].border; j++)
            for (int turn = -1080; turn <= 1080; turn += 360)
                if (edge_in_box(&plane->rings[i], j, box, turn, t))
                    return true;
    return false;
}

/* ---- circles, the slow way ---- */

struct vector {
    long double x, y, z;
};

static struct vector vector_of(struct geo_point point)
{
    long double lat = point.lat * (M_PIl / 180), lon = point.lon * (M_PIl / 180);
    return (struct vector){cosl(lat) * cosl(lon), cosl(lat) * sinl(lon), sinl(lat)};
}

/* Metres, by the chord through the globe. */
static double chord_distance(struct vector a, struct vector b)
{
    long double x = a.x - b.x, y = a.y - b.y, z = a.z - b.z, chord = sqrtl(x * x + y * y + z * z) / 2;
    return (double)(2 * GEO_EARTH_RADIUS * asinl(chord < 1 ? chord : 1));
}

/* The point some metres away in some direction. */
static struct geo_point moved(struct geo_point from, double metres, double bearing)
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

static bool circle_touches(const struct geo_shape *circle, const struct geo_box *box)
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

/* ---- the promise ---- */

struct cover {
    struct geo_cell_list {
        geo_cell cells[CELLS];
        struct geo_box boxes[CELLS];
        size_t count;
    } outer, inner;
    struct plane plane;
    const struct geo_shape *shape;
    long number;
};

static void want_covered(const struct cover *cover, struct geo_point point, const char *what)
{
    seen.points++;
    if (!covered(cover->outer.boxes, cover->outer.count, point))
        violation(cover->number, what, point);
}

/* Every place of an edge, not only its ends: the stretches that the cells hold leave no gap. */
static void want_edge_covered(const struct cover *cover, const struct plane_ring *ring, int edge)
{
    double at = 0;
    for (bool moving = true; moving && at < 1;) {
        moving = false;
        for (size_t i = 0; i < cover->outer.count; i++) {
            struct geo_box box = grown(cover->outer.boxes[i], doubt / 10);
            for (int turn = -720; turn <= 720; turn += 360) {
                double t[2];
                if (edge_in_box(ring, edge, &box, turn, t) && t[0] <= at && t[1] > at)
                    at = t[1], moving = true;
            }
        }
    }
    seen.points++;
    if (at < 1)
        violation(cover->number, "an edge is not covered",
            placed(ring->y[edge] + at * (ring->y[edge + 1] - ring->y[edge]),
                ring->x[edge] + at * (ring->x[edge + 1] - ring->x[edge])));
}

/* Between two places of the border, so that slivers are hit too, or between it and the pole that it goes
 * round. */
static struct geo_point some_point(struct chance *chance, const struct plane_ring *ring)
{
    int a = chance_below(chance, ring->border), b = chance_below(chance, ring->border);
    double t = chance_between(chance, 0, 1);
    if (ring->pole != 0 && chance_below(chance, 2) == 0)
        return placed(ring->y[a] + t * (ring->pole - ring->y[a]), chance_between(chance, -180, 180));
    return placed(ring->y[a] + t * (ring->y[b] - ring->y[a]), ring->x[a] + t * (ring->x[b] - ring->x[a]));
}

static void check_polygons(struct chance *chance, const struct cover *cover)
{
    const struct plane *plane = &cover->plane;
    for (int i = 0; i < plane->count; i++)
        for (int j = 0; j < plane->rings[i].border; j++) {
            want_edge_covered(cover, &plane->rings[i], j);
            want_covered(
                cover, placed(plane->rings[i].y[j], plane->rings[i].x[j]), "a corner is not covered");
        }
    for (int i = 0; i < 16; i++) {
        struct geo_point point = some_point(chance, &plane->rings[chance_below(chance, plane->count)]);
        int holds = plane_holds(plane, point);
        if (holds == 1)
            want_covered(cover, point, "a point inside is not covered");
        if (holds >= 0 && geo_shape_contains(cover->shape, point) != holds)
            violation(cover->number, "contains is wrong", point);
    }
    for (int i = 0; i < 8 && (plane->north || plane->south); i++)
        want_covered(cover, (struct geo_point){plane->north ? 90 : -90, chance_between(chance, -180, 180)},
            "a pole is not covered");
}

static void check_circle(struct chance *chance, const struct cover *cover)
{
    const struct geo_shape *circle = cover->shape;
    want_covered(cover, circle->center, "the center is not covered");
    for (int i = 0; i < 32; i++) {
        double part = i < 20 ? 1 - 1e-12 : sqrt(chance_between(chance, 0, 1));
        double bearing = i < 8 ? i * M_PI / 4 : chance_between(chance, 0, 2 * M_PI);
        struct geo_point point = moved(circle->center, circle->radius * part, bearing);
        double distance = chord_distance(vector_of(circle->center), vector_of(point));
        if (distance <= circle->radius)
            want_covered(cover, point, "a point of the circle is not covered");
        if (fabs(distance - circle->radius) > doubt_metres &&
            geo_shape_contains(circle, point) != (distance <= circle->radius))
            violation(cover->number, "contains is wrong", point);
    }
}

static bool cell_touched(const struct cover *cover, const struct geo_box *box)
{
    if (cover->shape->kind == GEO_CIRCLE)
        return circle_touches(cover->shape, box);
    struct geo_box about = grown(*box, doubt);
    struct geo_point middle = {(box->south + box->north) / 2, (box->west + box->east) / 2};
    return border_in_box(&cover->plane, &about) || plane_holds(&cover->plane, middle) != 0 ||
           (cover->plane.north && box->north == 90) || (cover->plane.south && box->south == -90);
}

static bool cell_inside(const struct cover *cover, const struct geo_box *box)
{
    const struct geo_point points[] = {{box->south, box->west}, {box->south, box->east},
        {box->north, box->west}, {box->north, box->east},
        {(box->south + box->north) / 2, (box->west + box->east) / 2}};
    struct vector center = vector_of(cover->shape->center);
    if (cover->shape->kind == GEO_CIRCLE) {
        for (int i = 0; i < 5; i++)
            if (chord_distance(center, vector_of(points[i])) > cover->shape->radius)
                return false;
        return true;
    }
    struct geo_box within = grown(*box, -doubt);
    return plane_holds(&cover->plane, points[4]) == 1 && !border_in_box(&cover->plane, &within);
}

static void check_cells(const struct cover *cover)
{
    seen.cells += (long)cover->outer.count;
    seen.inner += (long)cover->inner.count;
    for (size_t i = 0; i < cover->outer.count; i++)
        if (!cell_touched(cover, &cover->outer.boxes[i]))
            violation(cover->number, "a cell is not touched", geo_center(cover->outer.cells[i]));
    for (size_t i = 0; i < cover->inner.count; i++)
        if (!cell_inside(cover, &cover->inner.boxes[i]))
            violation(cover->number, "a cell is not inside", geo_center(cover->inner.cells[i]));
}

static void look_up_boxes(struct geo_cell_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        list->boxes[i] = slow_bounds(list->cells[i]);
}

/* Covers of one precision in turn with mixed ones; false: no room for that, which another test looks at. */
static bool take_covers(struct chance *chance, struct cover *cover)
{
    struct geo_cover outer, inner;
    struct geo_limits limits = {1 + chance_below(chance, 4), 0, 1 + (size_t)chance_below(chance, 64)};
    limits.finest = limits.coarsest + chance_below(chance, 9);
    if (chance_below(chance, 2) == 0)
        limits.coarsest = 1, limits.cells = 32 + (size_t)chance_below(chance, 40);
    if (chance_below(chance, 8) == 0) {
        if (geo_cover_uniform(cover->shape, limits.finest, cover->outer.cells, 200, &cover->outer.count) !=
            GEO_OK)
            return false;
    } else {
        if (geo_cover_mixed(cover->shape, limits, cover->outer.cells, &outer) != GEO_OK)
            return false;
        cover->outer.count = outer.count;
    }
    limits.cells = 1 + (size_t)chance_below(chance, 32);
    assert_int_equal(geo_cover_interior(cover->shape, limits, cover->inner.cells, &inner), GEO_OK);
    cover->inner.count = inner.count;
    look_up_boxes(&cover->outer);
    look_up_boxes(&cover->inner);
    return true;
}

static void covers_keep_their_promise(void **state)
{
    (void)state;
    static struct hard hard;
    static struct cover cover;
    struct chance chance = chance_of(30);
    for (long i = 0; seen.shapes < shapes_asked; i++) {
        make_hard(&chance, i, &hard);
        cover.shape = &hard.shape;
        cover.number = i;
        if (geo_shape_check(&hard.shape) != GEO_OK || !take_covers(&chance, &cover))
            continue;
        seen.shapes++;
        if (hard.shape.kind == GEO_CIRCLE) {
            check_circle(&chance, &cover);
        } else {
            flatten(&hard.shape, &cover.plane);
            check_polygons(&chance, &cover);
        }
        check_cells(&cover);
        assert_true(i < 2 * shapes_asked + 100);
    }
    print_message(
        "%ld shapes, %ld points and edges, %ld cells that cover, %ld cells inside: %ld violations\n",
        seen.shapes, seen.points, seen.cells, seen.inner, seen.violations);
    assert_int_equal(seen.violations, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(covers_keep_their_promise)};
    shapes_asked = argc > 1 ? atol(argv[1]) : rounds(shapes_asked);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
