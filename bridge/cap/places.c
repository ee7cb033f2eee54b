/* Polygons and circles (rules R37 to R39): latitude first, decimal degrees. Read digit by digit, since no
 * number that a C library reads besides decimals is one here, and kept as written beside the numbers. */
#include "bridge/cap/cap_inside.h"

enum { SCALE = 10 * 1000 * 1000, PLACES = 7 };

/* Reads a decimal at *at as 1e-7, rounded; *beyond is set when its exact value is farther from 0 than most.
 */
static bool read_decimal(const char **at, const char *end, int most, int32_t *out, bool *beyond)
{
    const char *c = *at;
    bool negative = c < end && *c == '-', inexact = false, up = false;
    if (c < end && (*c == '-' || *c == '+'))
        c++;
    const char *start = c;
    int64_t value = 0;
    for (; c < end && *c >= '0' && *c <= '9'; c++)
        if (value <= most)
            value = value * 10 + (*c - '0');
    size_t digits = (size_t)(c - start);
    int places = 0;
    if (c < end && *c == '.') {
        for (c++; c < end && *c >= '0' && *c <= '9'; c++, digits++, places++) {
            if (places < PLACES)
                value = value * 10 + (*c - '0');
            else
                inexact |= *c != '0';
            if (places == PLACES)
                up = *c >= '5';
        }
    }
    for (; places < PLACES; places++)
        value *= 10;
    *at = c;
    *beyond |= value > (int64_t)most * SCALE || (value == (int64_t)most * SCALE && inexact);
    value += up;
    *out = *beyond ? 0 : (int32_t)(negative ? -value : value);
    return digits > 0;
}

static bool skip_blanks(const char **at, const char *end)
{
    const char *start = *at;
    while (*at < end && cap_blank(**at))
        (*at)++;
    return *at > start;
}

/* How a point was written. */
struct manner {
    bool beyond; /* outside of the globe */
    bool blanks; /* beside the comma */
};

/* Reads "lat,lon" at *at and copies it to *text without blanks. False: it is none. */
static bool read_point(
    const char **at, const char *end, struct cap_point *out, struct manner *manner, char **text)
{
    const char *lat = *at;
    if (!read_decimal(at, end, 90, &out->lat, &manner->beyond))
        return false;
    const char *lat_end = *at;
    manner->blanks |= skip_blanks(at, end);
    if (*at == end || *(*at)++ != ',')
        return false;
    manner->blanks |= skip_blanks(at, end);
    const char *lon = *at;
    if (!read_decimal(at, end, 180, &out->lon, &manner->beyond))
        return false;
    memcpy(*text, lat, (size_t)(lat_end - lat));
    *text += lat_end - lat;
    *(*text)++ = ',';
    memcpy(*text, lon, (size_t)(*at - lon));
    *text += *at - lon;
    return true;
}

static bool same(struct cap_point a, struct cap_point b)
{
    return a.lat == b.lat && a.lon == b.lon;
}

/* Fewer than three points that differ. */
static bool is_flat(const struct cap_point *points, size_t count)
{
    size_t second = 0;
    for (size_t i = 1; i < count; i++) {
        if (same(points[i], points[0]) || (second && same(points[i], points[second])))
            continue;
        if (second)
            return false;
        second = i;
    }
    return true;
}

/* From where it cannot be read: what is to be shown of it. */
static struct text from(struct text content, const char *at)
{
    while (at > content.data && !cap_blank(at[-1]))
        at--;
    return (struct text){at, content.len - (size_t)(at - content.data)};
}

/* All points of a polygon's text; false: refused, and noted. */
static bool read_points(struct cap_context *context, const char *element, struct text content,
    struct cap_point *points, struct cap_polygon *out)
{
    struct manner manner = {0};
    const char *at = content.data, *end = content.data + content.len;
    /* One blank after each point, as many as there were, and a first point again. */
    char *text = arena_take(context->arena, 2 * content.len + 2), *to = text;
    while (skip_blanks(&at, end), at < end) {
        const char *start = at;
        if (out->count > 0)
            *to++ = ' ';
        if (!read_point(&at, end, &points[out->count], &manner, &to) || (at < end && !cap_blank(*at))) {
            cap_report(context, COORDINATE_FORM, context->line, element, from(content, at));
            return false;
        }
        if (manner.beyond) {
            cap_report(context, COORDINATE_RANGE, context->line, element, from(content, start));
            return false;
        }
        out->count++;
    }
    if (manner.blanks && cap_report(context, COORDINATE_BLANK, context->line, element, content))
        return false;
    out->points = points;
    out->text = (struct text){text, (size_t)(to - text)};
    return true;
}

/* The first point once more behind the last. There is room for it. */
static void close_ring(struct cap_polygon *polygon, struct cap_point *points)
{
    char *text = (char *)(uintptr_t)polygon->text.data;
    const char *blank = memchr(text, ' ', polygon->text.len);
    size_t first = blank ? (size_t)(blank - text) : polygon->text.len;
    text[polygon->text.len] = ' ';
    memcpy(text + polygon->text.len + 1, text, first);
    polygon->text.len += 1 + first;
    points[polygon->count++] = points[0];
}

/* How many points a text can have at most: each has a comma. */
static size_t count_commas(struct text content)
{
    size_t count = 0;
    for (size_t i = 0; i < content.len; i++)
        count += content.data[i] == ',';
    return count;
}

static bool is_nothing(struct cap_context *context, const struct cap_field *field, struct text content)
{
    if (cap_trimmed(content).len > 0)
        return false;
    if (context->empty_shape_line == 0) { /* what it costs, the rest of the area decides */
        context->empty_shape_line = context->line;
        context->empty_shape = field->empty;
    }
    return true;
}

void cap_take_polygon(
    struct cap_context *context, void *object, const struct cap_field *field, struct text content)
{
    if (is_nothing(context, field, content))
        return;
    size_t most = count_commas(content);
    if (most > CAP_POLYGON_POINTS_MAX || most > CAP_POINTS_MAX - context->points) {
        cap_report(context, TOO_MANY_POINTS, context->line, field->name, (struct text){NULL, 0});
        return;
    }
    context->points += most;
    struct cap_point *points = arena_take(context->arena, (most + 2) * sizeof *points);
    struct cap_polygon polygon = {0};
    if (!read_points(context, field->name, content, points, &polygon))
        return;
    if (!same(points[0], points[polygon.count - 1])) {
        if (cap_report(context, POLYGON_OPEN, context->line, field->name, content))
            return;
        close_ring(&polygon, points);
    }
    if (polygon.count < 4) {
        cap_report(context, POLYGON_SHORT, context->line, field->name, content);
        return;
    }
    if (is_flat(points, polygon.count) &&
        cap_report(context, POLYGON_FLAT, context->line, field->name, content))
        return;
    struct cap_polygon *item = cap_list_push(context->arena, object, field, sizeof *item);
    *item = polygon;
}

/* A radius: digits and a point; false: it is none. */
static bool read_radius(const char **at, const char *end, double *out)
{
    const char *start = *at;
    double value = 0, place = 1;
    size_t digits = 0;
    bool fraction = false;
    if (start < end && *start == '+')
        (*at)++;
    for (; *at < end && ((**at >= '0' && **at <= '9') || (**at == '.' && !fraction)); (*at)++) {
        if (**at == '.') {
            fraction = true;
            continue;
        }
        digits++;
        if (fraction)
            place /= 10;
        value = fraction ? value + place * (**at - '0') : value * 10 + (**at - '0');
    }
    *out = value;
    return digits > 0 && value < 1e9; /* the globe's own circumference is 4e4 */
}

void cap_take_circle(
    struct cap_context *context, void *object, const struct cap_field *field, struct text content)
{
    if (is_nothing(context, field, content))
        return;
    struct text trimmed = cap_trimmed(content);
    const char *at = trimmed.data, *end = at + trimmed.len;
    struct manner manner = {0};
    struct cap_circle circle = {0};
    char *text = arena_take(context->arena, trimmed.len + 2), *to = text;
    bool read = read_point(&at, end, &circle.center, &manner, &to);
    const char *gap = at;
    read = read && skip_blanks(&at, end);
    bool one_space = at == gap + 1 && *gap == ' ';
    const char *radius = at;
    read = read && read_radius(&at, end, &circle.radius_km) && at == end;
    if (!read) {
        cap_report(context, CIRCLE_FORM, context->line, field->name, content);
        return;
    }
    if (manner.beyond) {
        cap_report(context, CIRCLE_RANGE, context->line, field->name, content);
        return;
    }
    if ((manner.blanks || !one_space) &&
        cap_report(context, CIRCLE_BLANK, context->line, field->name, content))
        return;
    *to++ = ' ';
    memcpy(to, radius, (size_t)(end - radius));
    circle.text = (struct text){text, (size_t)(to - text) + (size_t)(end - radius)};
    struct cap_circle *item = cap_list_push(context->arena, object, field, sizeof *item);
    *item = circle;
}
