/* The ways in which others encode and decode geohashes: the common one, bit by bit, and Redis'. */
#include "bench/geo_bench.h"

void bench_encode_bit_by_bit(struct inputs *in)
{
    for (size_t j = 0; j < POINTS; j++) {
        struct geo_point point = in->points[j];
        double south = -90, north = 90, west = -180, east = 180;
        uint64_t bits = 0;
        for (int i = 0; i < 30; i++) {
            bits <<= 1;
            if (i % 2 == 0) {
                double middle = (west + east) / 2;
                if (point.lon >= middle) {
                    bits |= 1;
                    west = middle;
                } else {
                    east = middle;
                }
            } else {
                double middle = (south + north) / 2;
                if (point.lat >= middle) {
                    bits |= 1;
                    south = middle;
                } else {
                    north = middle;
                }
            }
        }
        in->cells[j] = bits << 34 | 6;
    }
}

void bench_decode_bit_by_bit(struct inputs *in)
{
    for (size_t j = 0; j < POINTS; j++) {
        double south = -90, north = 90, west = -180, east = 180;
        for (int i = 0; i < 30; i++) {
            uint64_t bit = in->cells[j] >> (63 - i) & 1;
            if (i % 2 == 0) {
                if (bit != 0)
                    west = (west + east) / 2;
                else
                    east = (west + east) / 2;
            } else {
                if (bit != 0)
                    south = (south + north) / 2;
                else
                    north = (south + north) / 2;
            }
        }
        in->back[j] = (struct geo_point){(south + north) / 2, (west + east) / 2};
    }
}

/* Redis' way: scale both to 26 bits, interleave each by five shifts and masks; range checks as it has them.
 */
static const uint64_t thinned[] = {0x5555555555555555u, 0x3333333333333333u, 0x0F0F0F0F0F0F0F0Fu,
    0x00FF00FF00FF00FFu, 0x0000FFFF0000FFFFu, 0x00000000FFFFFFFFu};
static const unsigned shifts[] = {0, 1, 2, 4, 8, 16};

static uint64_t interleave(uint32_t even, uint32_t odd)
{
    uint64_t x = even, y = odd;
    for (int i = 4; i >= 0; i--) {
        x = (x | x << shifts[i + 1]) & thinned[i];
        y = (y | y << shifts[i + 1]) & thinned[i];
    }
    return x | y << 1;
}

static uint64_t deinterleave(uint64_t both)
{
    uint64_t x = both, y = both >> 1;
    for (int i = 0; i < 6; i++) {
        x = (x | x >> shifts[i]) & thinned[i];
        y = (y | y >> shifts[i]) & thinned[i];
    }
    return x | y << 32;
}

void bench_encode_as_redis(struct inputs *in)
{
    for (size_t i = 0; i < POINTS; i++) {
        double lat = in->points[i].lat, lon = in->points[i].lon;
        if (lon > 180 || lon < -180 || lat > 90 || lat < -90)
            continue;
        double row = (lat + 90) / 180 * (1 << 26), column = (lon + 180) / 360 * (1 << 26);
        in->cells[i] = interleave((uint32_t)row, (uint32_t)column);
    }
}

void bench_decode_as_redis(struct inputs *in)
{
    for (size_t i = 0; i < POINTS; i++) {
        uint64_t apart = deinterleave(in->cells[i] >> 12);
        uint32_t row = (uint32_t)apart, column = (uint32_t)(apart >> 32);
        double south = -90 + (row * 1.0 / (1 << 26)) * 180, north = -90 + ((row + 1) * 1.0 / (1 << 26)) * 180;
        double west = -180 + (column * 1.0 / (1 << 26)) * 360,
               east = -180 + ((column + 1) * 1.0 / (1 << 26)) * 360;
        in->back[i] = (struct geo_point){(south + north) / 2, (west + east) / 2};
    }
}
