/* Arrays of points into cells and back. The portable way works on a latitude and a longitude in the two
 * halves of one word. On x86-64 processors with AVX2 and BMI2, found at run time, two points go at once and
 * the bits are dealt by pdep and pext. Both give, bit for bit, what geo_encode and geo_center give. */
#include "geo/internal.h"
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define HEIGHT (180.0 / (1 << GEO_GRID_BITS))
#define WIDTH (360.0 / (1 << GEO_GRID_BITS))

/* By how many rows and columns the center of a cell is above its south-west corner, by precision. */
#define HALF(rows, columns)                                                                                  \
    {                                                                                                        \
        (double)(1 << (rows)) / 2, (double)(1 << (columns)) / 2                                              \
    }
static const double halves[16][2] = {{0, 0}, HALF(28, 27), HALF(25, 25), HALF(23, 22), HALF(20, 20),
    HALF(18, 17), HALF(15, 15), HALF(13, 12), HALF(10, 10), HALF(8, 7), HALF(5, 5), HALF(3, 2), HALF(0, 0)};

static inline uint64_t kept_bits(int precision)
{
    return ~UINT64_C(0) << (64 - 5 * precision);
}

/* The bits that no cell of a precision has; for 0 and above 12 all, so that nothing passes. */
#define SPARE(precision) (~UINT64_C(0) >> 5 * (precision) & ~UINT64_C(15))
static const uint64_t spare_bits[16] = {~UINT64_C(0), SPARE(1), SPARE(2), SPARE(3), SPARE(4), SPARE(5),
    SPARE(6), SPARE(7), SPARE(8), SPARE(9), SPARE(10), SPARE(11), SPARE(12), ~UINT64_C(0), ~UINT64_C(0),
    ~UINT64_C(0)};

static inline bool valid(geo_cell cell)
{
    return (cell & spare_bits[cell & 15]) == 0 && cell != 0;
}

bool geo_valid(geo_cell cell)
{
    return valid(cell);
}

/* ---- portable ---- */

/* 16 bits in each half of the word, spread over its even bits, and back. */
static inline uint64_t spread_both(uint64_t x)
{
    x = (x | x << 8) & 0x00FF00FF00FF00FFu;
    x = (x | x << 4) & 0x0F0F0F0F0F0F0F0Fu;
    x = (x | x << 2) & 0x3333333333333333u;
    return (x | x << 1) & 0x5555555555555555u;
}

static inline uint64_t gather_both(uint64_t x)
{
    x = (x | x >> 1) & 0x3333333333333333u;
    x = (x | x >> 2) & 0x0F0F0F0F0F0F0F0Fu;
    x = (x | x >> 4) & 0x00FF00FF00FF00FFu;
    return (x | x >> 8) & 0x0000FFFF0000FFFFu;
}

/* 15 bits of column and row into 30 of the curve, and back with the column in the upper half. */
static inline uint64_t deal(uint64_t column, uint64_t row)
{
    uint64_t both = spread_both(column << 32 | row);
    return both >> 31 | (both & 0xFFFFFFFFu);
}

static inline uint64_t collect(uint64_t curve)
{
    return gather_both((curve & 0x2AAAAAAAu) << 31 | (curve & 0x15555555u));
}

/* Twenty bits finer than the grid. Rounding errs by less than 2 of them: only beside a line the slow way must
 * say. */
enum { FINER = 20 };
static inline int beside_line(uint64_t fine)
{
    return ((fine + 2) & ((1 << FINER) - 1)) < 4;
}

static inline __attribute__((always_inline)) size_t encode_all(
    const struct geo_point *points, size_t count, int precision, geo_cell *out, bool coarse)
{
    uint64_t kept = kept_bits(precision);
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        double lat = points[i].lat, lon = points[i].lon;
        if (!(fabs(lat) <= 90 && fabs(lon) <= 180)) {
            out[i] = 0;
            continue;
        }
        good++;
        uint64_t row = (uint64_t)(int64_t)((lat + 90) * (0x1p50 / 180));
        uint64_t column = (uint64_t)(int64_t)((lon + 180) * (0x1p50 / 360));
        if (__builtin_expect(beside_line(row) | beside_line(column), 0)) {
            out[i] = geo_cell_at(points[i], precision);
            continue;
        }
        row >>= FINER, column >>= FINER;
        uint64_t curve = deal(column >> 15, row >> 15) << 30;
        if (!coarse)
            curve |= deal(column & 0x7FFF, row & 0x7FFF);
        out[i] = (curve << 4 & kept) | (uint64_t)precision;
    }
    return good;
}

size_t geo_encode_many_portable(const struct geo_point *points, size_t count, int precision, geo_cell *out)
{
    if (precision <= 6)
        return encode_all(points, count, precision, out, true);
    return encode_all(points, count, precision, out, false);
}

size_t geo_decode_many_portable(const geo_cell *cells, size_t count, struct geo_point *out)
{
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        geo_cell cell = cells[i];
        if (__builtin_expect(!valid(cell), 0)) {
            out[i] = (struct geo_point){NAN, NAN};
            continue;
        }
        good++;
        const double *half = halves[cell & 15];
        uint64_t upper = collect(cell >> 34), lower = (cell & 15) > 6 ? collect(cell >> 4 & 0x3FFFFFFFu) : 0;
        uint64_t row = (upper & 0x7FFF) << 15 | (lower & 0x7FFF), column = upper >> 32 << 15 | lower >> 32;
        out[i].lat = ((double)(int64_t)row + half[0]) * HEIGHT - 90;
        out[i].lon = ((double)(int64_t)column + half[1]) * WIDTH - 180;
    }
    return good;
}

/* ---- AVX2 and BMI2 ---- */
#ifdef __x86_64__
#define FAST __attribute__((target("avx2,bmi2")))
#define ROW_BITS 0x5555555555555550u
#define COLUMN_BITS 0xAAAAAAAAAAAAAAA0u

bool geo_fast_bits(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
}

/* Lanes of latitude, longitude, latitude, longitude. A sum with 2^52 holds the nearest grid line in its lower
 * bits; where that line is above the value it is one too many. */
FAST size_t geo_encode_many_fast(const struct geo_point *points, size_t count, int precision, geo_cell *out)
{
    const __m256d low = _mm256_setr_pd(-90, -180, -90, -180), high = _mm256_setr_pd(90, 180, 90, 180);
    const __m256d size = _mm256_setr_pd(HEIGHT, WIDTH, HEIGHT, WIDTH), magic = _mm256_set1_pd(0x1p52);
    const __m256d lines = _mm256_setr_pd(1 / HEIGHT, 1 / WIDTH, 1 / HEIGHT, 1 / WIDTH);
    uint64_t kept = kept_bits(precision);
    size_t good = 0, i = 0;
    for (; i + 2 <= count; i += 2) {
        __m256d value = _mm256_loadu_pd(&points[i].lat);
        __m256d within =
            _mm256_and_pd(_mm256_cmp_pd(value, low, _CMP_GE_OQ), _mm256_cmp_pd(value, high, _CMP_LE_OQ));
        if (_mm256_movemask_pd(within) != 15) {
            good += geo_encode_many_portable(points + i, 2, precision, out + i);
            continue;
        }
        __m256d sum = _mm256_add_pd(_mm256_mul_pd(_mm256_sub_pd(value, low), lines), magic);
        __m256d line = _mm256_add_pd(_mm256_mul_pd(_mm256_sub_pd(sum, magic), size), low);
        __m256i index = _mm256_sub_epi64(_mm256_castpd_si256(sum), _mm256_castpd_si256(magic));
        index = _mm256_add_epi64(index, _mm256_castpd_si256(_mm256_cmp_pd(value, line, _CMP_LT_OQ)));
        index =
            _mm256_sub_epi64(index, _mm256_srli_epi64(index, GEO_GRID_BITS)); /* 90 and 180: the last cell */
        __m128i first = _mm256_castsi256_si128(index), second = _mm256_extracti128_si256(index, 1);
        uint64_t curve = _pdep_u64((uint64_t)_mm_cvtsi128_si64(first), ROW_BITS) |
                         _pdep_u64((uint64_t)_mm_extract_epi64(first, 1), COLUMN_BITS);
        out[i] = (curve & kept) | (uint64_t)precision;
        curve = _pdep_u64((uint64_t)_mm_cvtsi128_si64(second), ROW_BITS) |
                _pdep_u64((uint64_t)_mm_extract_epi64(second, 1), COLUMN_BITS);
        out[i + 1] = (curve & kept) | (uint64_t)precision;
        good += 2;
    }
    return good + geo_encode_many_portable(points + i, count - i, precision, out + i);
}

FAST size_t geo_decode_many_fast(const geo_cell *cells, size_t count, struct geo_point *out)
{
    const __m128d low = _mm_setr_pd(-90, -180), size = _mm_setr_pd(HEIGHT, WIDTH),
                  magic = _mm_set1_pd(0x1p52);
    size_t good = 0;
    for (size_t i = 0; i < count; i++) {
        geo_cell cell = cells[i];
        if (__builtin_expect(!valid(cell), 0)) {
            out[i] = (struct geo_point){NAN, NAN};
            continue;
        }
        good++;
        __m128i index =
            _mm_set_epi64x((int64_t)_pext_u64(cell, COLUMN_BITS), (int64_t)_pext_u64(cell, ROW_BITS));
        __m128d line = _mm_sub_pd(_mm_or_pd(_mm_castsi128_pd(index), magic), magic);
        line = _mm_add_pd(line, _mm_loadu_pd(halves[cell & 15]));
        _mm_storeu_pd(&out[i].lat, _mm_add_pd(_mm_mul_pd(line, size), low));
    }
    return good;
}
#else
bool geo_fast_bits(void)
{
    return false;
}

size_t geo_encode_many_fast(const struct geo_point *points, size_t count, int precision, geo_cell *out)
{
    return geo_encode_many_portable(points, count, precision, out);
}

size_t geo_decode_many_fast(const geo_cell *cells, size_t count, struct geo_point *out)
{
    return geo_decode_many_portable(cells, count, out);
}
#endif

/* ---- the choice ---- */

size_t geo_encode_many(const struct geo_point *points, size_t count, int precision, geo_cell *out)
{
    if (precision < 1 || precision > GEO_MAX_PRECISION) {
        memset(out, 0, count * sizeof *out);
        return 0;
    }
    return (geo_fast_bits() ? geo_encode_many_fast : geo_encode_many_portable)(points, count, precision, out);
}

size_t geo_decode_many(const geo_cell *cells, size_t count, struct geo_point *out)
{
    return (geo_fast_bits() ? geo_decode_many_fast : geo_decode_many_portable)(cells, count, out);
}
