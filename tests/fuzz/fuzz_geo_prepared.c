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
