/* Geohash cells (G. Niemeyer, 2008) as numbers and text. Under every cell lies one grid of 2^30 by 2^30; its
 * lines are multiples of 45 / 2^28 degrees and so exact in a double: a point is always within the bounds of
 * its own cell. */
#include "geo/internal.h"
#include <string.h>

static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";

static const char *const error_texts[GEO_ERROR_COUNT] = {
    [GEO_OK] = "no error",
    [GEO_BAD_LATITUDE] = "the latitude is not within -90 and 90",
    [GEO_BAD_LONGITUDE] = "the longitude is not within -180 and 180",
    [GEO_BAD_PRECISION] = "the precision is not within 1 and 12",
    [GEO_BAD_CHARACTER] = "a geohash has only the digits and the letters without a, i, l, o",
    [GEO_BAD_LENGTH] = "a geohash has 1 to 12 characters",
    [GEO_BAD_RADIUS] = "the radius is not within 0 and half the circumference of the Earth",
    [GEO_NO_ROOM] = "more cells than there is room for",
    [GEO_BAD_RING] = "a polygon needs at least one ring",
    [GEO_RING_SHORT] = "a ring has fewer than four points",
    [GEO_RING_OPEN] = "the last point of a ring is not its first",
    [GEO_RING_FLAT] = "a ring encloses no area",
    [GEO_RING_WINDS] = "a ring goes round the globe more than once",
    [GEO_RING_CROSSES] = "the edges of a polygon cross",
    [GEO_HOLE_OUTSIDE] = "a hole lies outside of its polygon",
    [GEO_BAD_COUNT] = "a cover has 1 to 1024 cells",
};

const char *geo_error_text(enum geo_error error)
{
    return (unsigned)error < GEO_ERROR_COUNT ? error_texts[error] : "an unknown error";
}

enum geo_error geo_point_check(struct geo_point point)
{
    if (!(fabs(point.lat) <= 90))
        return GEO_BAD_LATITUDE;
    if (!(fabs(point.lon) <= 180))
        return GEO_BAD_LONGITUDE;
    return GEO_OK;
}

/* Spreads 32 bits over the even bits of 64, by halves of halves. */
static uint64_t spread(uint64_t x)
{
    x = (x | x << 16) & 0x0000FFFF0000FFFFu;
    x = (x | x << 8) & 0x00FF00FF00FF00FFu;
    x = (x | x << 4) & 0x0F0F0F0F0F0F0F0Fu;
    x = (x | x << 2) & 0x3333333333333333u;
    return (x | x << 1) & 0x5555555555555555u;
}

static uint32_t gather(uint64_t x)
{
    x &= 0x5555555555555555u;
    x = (x | x >> 1) & 0x3333333333333333u;
    x = (x | x >> 2) & 0x0F0F0F0F0F0F0F0Fu;
    x = (x | x >> 4) & 0x00FF00FF00FF00FFu;
    x = (x | x >> 8) & 0x0000FFFF0000FFFFu;
    return (uint32_t)(x | x >> 16);
}

uint64_t geo_curve(uint32_t column, uint32_t row)
{
    return spread(column) << 1 | spread(row);
}

void geo_uncurve(uint64_t curve, uint32_t *column, uint32_t *row)
{
    *column = gather(curve >> 1);
    *row = gather(curve);
}

static const double row_height = 180.0 / (1 << GEO_GRID_BITS), column_width = 360.0 / (1 << GEO_GRID_BITS);

struct geo_box geo_curve_box(uint64_t curve, int bits)
{
    uint32_t column, row;
    geo_uncurve(curve, &column, &row);
    uint32_t columns = UINT32_C(1) << (GEO_GRID_BITS - (bits + 1) / 2), rows = UINT32_C(1)
                                                                               << (GEO_GRID_BITS - bits / 2);
    return (struct geo_box){
        .south = row * row_height - 90,
        .west = column * column_width - 180,
        .north = (row + rows) * row_height - 90,
        .east = (column + columns) * column_width - 180,
    };
}

/* The grid line at or below the value. Lines are exact, so that rounding may bring a value up to a line but
 * never below one that it is not below. */
static uint32_t grid_index(double value, double low, double step)
{
    int64_t last = (1 << GEO_GRID_BITS) - 1, index = (int64_t)((value - low) / step);
    index = index > last ? last : index;
    return (uint32_t)(index - (value < (double)index * step + low));
}

/* The bits that a cell of that precision, 1 to 12, keeps. */
static uint64_t kept_bits(int precision)
{
    return ~UINT64_C(0) << (64 - 5 * precision);
}

int geo_precision(geo_cell cell)
{
    int precision = (int)(cell & 15);
    return precision <= GEO_MAX_PRECISION ? precision : 0;
}

geo_cell geo_cell_at(struct geo_point point, int precision)
{
    uint32_t column = grid_index(point.lon, -180, column_width), row = grid_index(point.lat, -90, row_height);
    return (geo_curve(column, row) << 4 & kept_bits(precision)) | (uint64_t)precision;
}

enum geo_error geo_encode(struct geo_point point, int precision, geo_cell *out)
{
    enum geo_error error = geo_point_check(point);
    if (error != GEO_OK)
        return error;
    if (precision < 1 || precision > GEO_MAX_PRECISION)
        return GEO_BAD_PRECISION;
    *out = geo_cell_at(point, precision);
    return GEO_OK;
}

enum geo_error geo_parse(const char *text, size_t len, geo_cell *out)
{
    if (len < 1 || len > GEO_MAX_PRECISION)
        return GEO_BAD_LENGTH;
    geo_cell cell = len;
    for (size_t i = 0; i < len; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        const char *digit = c != '\0' ? strchr(alphabet, c) : NULL;
        if (digit == NULL)
            return GEO_BAD_CHARACTER;
        cell |= (uint64_t)(digit - alphabet) << (59 - 5 * i);
    }
    *out = cell;
    return GEO_OK;
}

size_t geo_format(geo_cell cell, char out[GEO_CELL_TEXT])
{
    size_t len = (size_t)geo_precision(cell);
    for (size_t i = 0; i < len; i++)
        out[i] = alphabet[cell >> (59 - 5 * i) & 31];
    out[len] = '\0';
    return len;
}

struct geo_box geo_bounds(geo_cell cell)
{
    int precision = geo_precision(cell);
    return geo_curve_box(precision > 0 ? (cell & kept_bits(precision)) >> 4 : 0, 5 * precision);
}

struct geo_point geo_center(geo_cell cell)
{
    struct geo_box box = geo_bounds(cell);
    return (struct geo_point){(box.south + box.north) / 2, (box.west + box.east) / 2};
}

geo_cell geo_parent(geo_cell cell, int precision)
{
    if (precision < 1 || cell == 0)
        return 0;
    if (precision >= geo_precision(cell))
        return cell;
    return (cell & kept_bits(precision)) | (uint64_t)precision;
}

bool geo_contains(geo_cell a, geo_cell b)
{
    return a != 0 && geo_precision(a) <= geo_precision(b) && geo_parent(b, geo_precision(a)) == a;
}

int geo_children(geo_cell cell, geo_cell out[32])
{
    int precision = geo_precision(cell);
    if (precision < 1 || precision >= GEO_MAX_PRECISION)
        return 0;
    for (uint64_t i = 0; i < 32; i++)
        out[i] = (cell + 1) | i << (59 - 5 * precision);
    return 32;
}

geo_cell geo_common_ancestor(geo_cell a, geo_cell b)
{
    int shorter = geo_precision(a) < geo_precision(b) ? geo_precision(a) : geo_precision(b);
    uint64_t differ = (a ^ b) >> 4;
    int same = differ == 0 ? GEO_MAX_PRECISION : (__builtin_clzll(differ) - 4) / 5;
    return geo_parent(a, same < shorter ? same : shorter);
}

struct geo_point geo_error(geo_cell cell)
{
    struct geo_box box = geo_bounds(cell);
    return (struct geo_point){(box.north - box.south) / 2, (box.east - box.west) / 2};
}

double geo_box_area(struct geo_box box)
{
    /* sin(north) - sin(south) as 2 cos(middle) sin(half), and that cosine from the pole: without the loss. */
    double from_pole = 90 - fabs(box.south + box.north) / 2, half = (box.north - box.south) / 2;
    double band = 2 * sin(from_pole * GEO_RADIANS) * sin(half * GEO_RADIANS);
    return band * (box.east - box.west) * GEO_RADIANS * GEO_EARTH_RADIUS * GEO_EARTH_RADIUS;
}

double geo_cell_area(geo_cell cell)
{
    return cell == 0 ? 0 : geo_box_area(geo_bounds(cell));
}

int geo_neighbors(geo_cell cell, geo_cell out[8])
{
    static const int east[8] = {0, 1, 1, 1, 0, -1, -1, -1}, north[8] = {1, 1, 0, -1, -1, -1, 0, 1};
    int precision = geo_precision(cell), count = 0;
    if (precision < 1)
        return 0;
    const int64_t lines = 1 << GEO_GRID_BITS;
    int64_t columns = lines >> (5 * precision + 1) / 2, rows = lines >> 5 * precision / 2;
    uint32_t column, row;
    geo_uncurve(cell >> 4, &column, &row);
    for (int i = 0; i < 8; i++) {
        int64_t y = row + north[i] * rows, x = (column + east[i] * columns + lines) % lines;
        if (y >= 0 && y < lines)
            out[count++] = geo_curve((uint32_t)x, (uint32_t)y) << 4 | (uint64_t)precision;
    }
    return count;
}
