/* A shape out of any bytes, prepared in exactly the memory that it asks for: every question ends well, and
 * the prepared shape says what the shape itself says. */
#include "tests/fuzz/fuzz_geo.h"

void fuzz_geo_prepared_size(struct fuzz_input *in);
void fuzz_geo_prepare(struct fuzz_input *in);
void fuzz_geo_prepared_touches_cell(struct fuzz_input *in);
void fuzz_geo_prepared_side(struct fuzz_input *in);
void fuzz_geo_prepared_touches_circle(struct fuzz_input *in);
void fuzz_geo_prepared_contains(struct fuzz_input *in);
void fuzz_geo_prepared_distance(struct fuzz_input *in);
void fuzz_geo_prepared_has_edge(struct fuzz_input *in);
void fuzz_geo_prepared_holds_cells(struct fuzz_input *in);

static struct geo_prepared *prepare(const struct geo_shape *shape, size_t more)
{
    size_t size = geo_prepared_size(shape) + more;
    void *memory = malloc(size);
    require(memory != NULL);
    struct geo_prepared *prepared = geo_prepare(shape, memory, size);
    require(prepared == memory);
    return prepared;
}

void fuzz_geo_prepared_size(struct fuzz_input *in)
{
    struct fuzz_shape fuzz;
    fuzz_shape(in, &fuzz);
    size_t size = geo_prepared_size(&fuzz.shape);
    require(size > 0 && size < 2000 + 100 * FUZZ_POINTS);
    void *memory = malloc(size);
    require(memory != NULL && geo_prepare(&fuzz.shape, memory, size - 1) == NULL);
    require(geo_prepare(&fuzz.shape, memory, 0) == NULL);
    free(memory);
}

void fuzz_geo_prepare(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    struct geo_prepared *tight = prepare(ask.shape, 0), *wide = prepare(ask.shape, 1000);
    bool contains = geo_prepared_contains(tight, ask.point);
    if (ask.good)
        require(contains == geo_prepared_contains(wide, ask.point));
    free(wide);
    free(tight);
}

void fuzz_geo_prepared_touches_cell(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    struct geo_prepared *prepared = prepare(ask.shape, 0);
    bool touches = geo_prepared_touches_cell(prepared, ask.cell);
    if (ask.good)
        require(touches == geo_shape_touches_cell(ask.shape, ask.cell));
    require(!geo_prepared_touches_cell(prepared, 0));
    free(prepared);
}

void fuzz_geo_prepared_side(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    struct geo_prepared *prepared = prepare(ask.shape, 0);
    enum geo_side side = geo_prepared_side(prepared, ask.cell);
    if (ask.good)
        require(side == geo_shape_side(ask.shape, ask.cell));
    free(prepared);
}

void fuzz_geo_prepared_touches_circle(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    struct geo_prepared *prepared = prepare(ask.shape, 0);
    bool touches = geo_prepared_touches_circle(prepared, ask.point, ask.radius);
    if (ask.good)
        require(touches == geo_shape_touches_circle(ask.shape, ask.point, ask.radius));
    free(prepared);
}

void fuzz_geo_prepared_contains(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    struct geo_prepared *prepared = prepare(ask.shape, 0);
    bool contains = geo_prepared_contains(prepared, ask.point);
    if (ask.good)
        require(contains == geo_shape_contains(ask.shape, ask.point));
    free(prepared);
}

void fuzz_geo_prepared_distance(struct fuzz_input *in)
{
    struct fuzz_question ask;
    fuzz_question(in, &ask);
    struct geo_prepared *prepared = prepare(ask.shape, 0);
    double distance = geo_prepared_distance(prepared, ask.point);
    if (ask.good)
        require(fabs(distance - geo_shape_distance(ask.shape, ask.point)) <= 2e-7);
    free(prepared);
}

static bool same_ends(struct geo_point a, struct geo_point b, struct geo_point c, struct geo_point d)
{
    return a.lat == c.lat && a.lon == c.lon && b.lat == d.lat && b.lon == d.lon;
}

static bool edge_of(const struct geo_shape *shape, struct geo_point a, struct geo_point b)
{
    if (shape->kind != GEO_POLYGONS)
        return false;
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t j = 0; j < shape->polygons[i].count; j++) {
            const struct geo_ring *ring = &shape->polygons[i].rings[j];
            for (size_t k = 1; k < ring->count; k++) {
                struct geo_point from = ring->points[k - 1], to = ring->points[k];
                if (same_ends(a, b, from, to) || same_ends(a, b, to, from))
                    return true;
            }
        }
    return false;
}

/* Corners of the shape and others. */
void fuzz_geo_prepared_has_edge(struct fuzz_input *in)
{
    struct fuzz_question ask = {0};
    fuzz_question(in, &ask);
    struct geo_prepared *prepared = prepare(ask.shape, 0);
    for (int i = 0; i < 64; i++) {
        struct geo_point a = ask.fuzz.points[fuzz_number(in, 2) % FUZZ_POINTS], b = ask.point;
        if (i % 4 != 3)
            b = ask.fuzz.points[fuzz_number(in, 2) % FUZZ_POINTS];
        if (i % 4 == 0)
            a = ask.fuzz.points[i], b = ask.fuzz.points[i + 1];
        bool has = geo_prepared_has_edge(prepared, a, b);
        if (ask.good && fuzz_on_globe(a) && fuzz_on_globe(b))
            require(has == edge_of(ask.shape, a, b));
    }
    free(prepared);
}

/* What is said of each cell of the part alone; where rounding leaves a doubt only that the shape itself is
 * asked alike. */
void fuzz_geo_prepared_holds_cells(struct fuzz_input *in)
{
    enum { MOST = 3200 };
    struct fuzz_question ask, other;
    int precision = (int)(fuzz_number(in, 1) % 14);
    fuzz_question(in, &ask);
    fuzz_question(in, &other);
    struct geo_prepared *whole = prepare(ask.shape, 0), *part = prepare(other.shape, 0);
    bool holds = false;
    geo_cell cells[MOST];
    size_t count = 0;
    enum geo_error error = geo_prepared_holds_cells(whole, part, precision, MOST, &holds);
    require((error == GEO_BAD_PRECISION) == (precision < 1 || precision > GEO_MAX_PRECISION));
    if (error == GEO_OK && ask.good && other.good &&
        geo_prepared_cover_uniform(part, precision, cells, MOST, &count) == GEO_OK) {
        bool all = true;
        for (size_t i = 0; i < count && all; i++)
            all = geo_prepared_touches_cell(whole, cells[i]);
        require(all || !holds || ask.shape->kind == GEO_CIRCLE);
        require(!all || holds || ask.shape->kind != GEO_POLYGONS);
    }
    error = geo_prepared_holds_cells(part, part, precision, MOST, &holds);
    require(error != GEO_OK || !other.good || holds);
    free(part);
    free(whole);
}
