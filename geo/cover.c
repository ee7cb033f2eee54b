/* Covers: the cells that a shape touches. The curve is walked from the whole globe down, halving, so that the
 * cells come out in its order; halves that the shape leaves alone are dropped whole, halves that are all in
 * it are counted whole. */
#include "geo/internal.h"

struct half {
    uint64_t curve;
    int bits;
};

enum geo_error geo_cover_uniform(
    const struct geo_shape *shape, int precision, geo_cell *out, size_t capacity, size_t *count)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_query query;
    struct half stack[GEO_CURVE_BITS + 2] = {{0, 0}};
    int top = 1, bits = 5 * precision;
    *count = 0;
    if (precision < 1 || precision > GEO_MAX_PRECISION)
        return GEO_BAD_PRECISION;
    geo_query_begin(shape, room, GEO_STACK_RUNS, &query);
    while (top > 0) {
        struct half half = stack[--top];
        enum geo_side side = geo_query_side(&query, geo_curve_box(half.curve, half.bits));
        if (side == GEO_OUT)
            continue;
        if (side == GEO_IN || half.bits == bits) {
            uint64_t cells = UINT64_C(1) << (bits - half.bits), step = UINT64_C(1) << (GEO_CURVE_BITS - bits);
            if (cells > capacity - *count) {
                *count = capacity + 1;
                return GEO_NO_ROOM;
            }
            for (uint64_t i = 0; i < cells; i++)
                out[(*count)++] = (half.curve + i * step) << 4 | (uint64_t)precision;
            continue;
        }
        uint64_t upper = UINT64_C(1) << (GEO_CURVE_BITS - 1 - half.bits);
        stack[top++] = (struct half){half.curve | upper, half.bits + 1};
        stack[top++] = (struct half){half.curve, half.bits + 1};
    }
    return GEO_OK;
}
