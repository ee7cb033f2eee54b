/* What the fuzzers of geo/ share: points, cells and shapes out of any bytes. A first byte chooses between
 * coordinates of any bits (also no numbers), of whole degrees, and of nearby places, so that rings close,
 * touch and cross often. fuzz_<function> holds one public function to what geo.h says of it. */
#ifndef FUZZ_GEO_H
#define FUZZ_GEO_H

#include "geo/geo.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double fuzz_half_round = M_PI * GEO_EARTH_RADIUS;

static inline void require(bool holds)
{
    if (!holds)
        abort();
}

struct fuzz_input {
    const uint8_t *data;
    size_t size;
};

static inline uint64_t fuzz_number(struct fuzz_input *in, size_t bytes)
{
    uint64_t number = 0;
    bytes = bytes < in->size ? bytes : in->size;
    if (bytes > 0)
        memcpy(&number, in->data, bytes);
    in->data += bytes;
    in->size -= bytes;
    return number;
}

static inline double fuzz_degrees(struct fuzz_input *in, int style, double limit)
{
    if (style == 0) {
        uint64_t bits = fuzz_number(in, 8);
        double value;
        memcpy(&value, &bits, 8);
        return value;
    }
    if (style == 1)
        return (double)(int8_t)fuzz_number(in, 1) * limit / 90; /* now and then out of range */
    return ((double)fuzz_number(in, 2) / 65535 * 2 - 1) * (style == 2 ? limit : limit * 1e-4);
}

static inline struct geo_point fuzz_point(struct fuzz_input *in, int style)
{
    double lat = fuzz_degrees(in, style, 90);
    return (struct geo_point){lat, fuzz_degrees(in, style, 180)};
}

static inline bool fuzz_on_globe(struct geo_point point)
{
    return fabs(point.lat) <= 90 && fabs(point.lon) <= 180;
}

/* A cell, or any number at all. */
static inline geo_cell fuzz_cell(struct fuzz_input *in)
{
    geo_cell cell = 0;
    int choice = (int)fuzz_number(in, 1);
    if (choice >= 192 || geo_encode(fuzz_point(in, choice % 4), 1 + choice % 12, &cell) != GEO_OK)
        return fuzz_number(in, 8);
    return cell;
}

static inline bool fuzz_in_box(struct geo_box box, struct geo_point point, double slack)
{
    bool lat = point.lat >= box.south - slack && point.lat <= box.north + slack, lon = false;
    for (int turn = -360; turn <= 360; turn += 360)
        lon |= point.lon + turn >= box.west - slack && point.lon + turn <= box.east + slack;
    return lat && (lon || fabs(point.lat) >= 90 - slack); /* a pole has every longitude */
}

enum { FUZZ_POINTS = 300, FUZZ_RINGS = 12, FUZZ_POLYGONS = 4 };

struct fuzz_shape {
    struct geo_point points[FUZZ_POINTS];
    struct geo_ring rings[FUZZ_RINGS];
    struct geo_polygon polygons[FUZZ_POLYGONS];
    struct geo_shape shape;
    int style;
};

static inline void fuzz_rings(struct fuzz_input *in, struct fuzz_shape *to)
{
    size_t used = 0, rings = 0, polygons = 1 + fuzz_number(in, 1) % FUZZ_POLYGONS;
    for (size_t i = 0; i < polygons; i++) {
        to->polygons[i] = (struct geo_polygon){to->rings + rings, fuzz_number(in, 1) % 4};
        for (size_t j = 0; j < to->polygons[i].count && rings < FUZZ_RINGS; j++) {
            struct geo_ring *ring = &to->rings[rings++];
            *ring = (struct geo_ring){to->points + used, fuzz_number(in, 1) % 24};
            for (size_t k = 0; k < ring->count; k++)
                to->points[used++] = fuzz_point(in, to->style);
            if (ring->count > 1 && fuzz_number(in, 1) % 8 != 0)
                to->points[used - 1] = ring->points[0];
        }
    }
    to->shape.polygons = to->polygons;
    to->shape.polygon_count = polygons;
}

/* The shape, and whether geo_shape_check passes it. */
static inline bool fuzz_shape(struct fuzz_input *in, struct fuzz_shape *to)
{
    memset(to, 0, sizeof *to);
    to->style = (int)(fuzz_number(in, 1) % 4);
    to->shape.kind = (enum geo_shape_kind)(fuzz_number(in, 1) % 3);
    to->shape.center = fuzz_point(in, to->style);
    to->shape.radius =
        to->style == 0 ? fuzz_degrees(in, 0, 1) : exp((double)fuzz_number(in, 2) / 65535 * 20 - 3);
    if (to->shape.kind == GEO_POLYGONS)
        fuzz_rings(in, to);
    return geo_shape_check(&to->shape) == GEO_OK;
}

/* A shape and what it is asked. When not `good` (a shape or a point that breaks a rule), nothing is promised
 * but that the question ends well. */
struct fuzz_question {
    struct fuzz_shape fuzz;
    const struct geo_shape *shape;
    struct geo_point point;
    geo_cell cell;
    double radius;
    bool good;
};

static inline void fuzz_question(struct fuzz_input *in, struct fuzz_question *to)
{
    to->good = fuzz_shape(in, &to->fuzz);
    to->shape = &to->fuzz.shape;
    to->point = fuzz_point(in, to->fuzz.style);
    to->radius = exp((double)fuzz_number(in, 2) / 65535 * 20 - 3);
    if (geo_encode(to->point, 1 + (int)(fuzz_number(in, 1) % 12), &to->cell) != GEO_OK)
        to->cell = (geo_cell)1 << 60 | 3;
    to->good &= fuzz_on_globe(to->point);
}

#endif
