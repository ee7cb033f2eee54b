#include "geo_hard.h"

static double clamp(double lat)
{
    return fmin(fmax(lat, -90), 90);
}

struct geo_point placed(double lat, double lon)
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

void make_hard(struct chance *chance, long number, struct hard *hard)
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
