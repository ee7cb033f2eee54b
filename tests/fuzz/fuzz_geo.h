/* What the fuzzers of geo/ share: shapes out of any bytes. A first byte chooses between coordinates of any
 * bits (also no numbers), of whole degrees, and of nearby places, so that rings close, touch and cross often.
 */
#ifndef FUZZ_GEO_H
#define FUZZ_GEO_H

#include "geo/geo.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

#endif
