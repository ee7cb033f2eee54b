/* Any bytes as a shape and limits: covers end, keep their promises, and agree with the single question. */
#include "tests/fuzz/fuzz_geo.h"

void fuzz_geo_cover_uniform(struct fuzz_input *in);
void fuzz_geo_cover_mixed(struct fuzz_input *in);
void fuzz_geo_cover_interior(struct fuzz_input *in);
void fuzz_geo_prepared_cover_uniform(struct fuzz_input *in);
void fuzz_geo_prepared_cover_mixed(struct fuzz_input *in);
void fuzz_geo_prepared_cover_interior(struct fuzz_input *in);

enum { MOST = 600 };

struct asked {
    struct fuzz_question question;
    const struct geo_shape *shape;
    struct geo_limits limits;
    bool good;
    geo_cell cells[MOST], again[MOST];
    struct geo_cover cover, same;
    size_t count, same_count;
};

static void read_question(struct fuzz_input *in, struct asked *to)
{
    memset(to, 0, sizeof *to);
    to->limits.coarsest = (int)(fuzz_number(in, 1) % 14);
    to->limits.finest = to->limits.coarsest + (int)(fuzz_number(in, 1) % 5);
    to->limits.cells = fuzz_number(in, 2) % MOST;
    fuzz_question(in, &to->question);
    to->shape = to->question.shape;
    to->good = to->question.good;
}

static struct geo_prepared *prepare(const struct geo_shape *shape)
{
    size_t size = geo_prepared_size(shape);
    void *memory = malloc(size);
    require(memory != NULL);
    return geo_prepare(shape, memory, size);
}

static void in_order(const geo_cell *cells, size_t count, int coarsest, int finest)
{
    for (size_t i = 0; i < count; i++) {
        require(
            geo_valid(cells[i]) && geo_precision(cells[i]) >= coarsest && geo_precision(cells[i]) <= finest);
        require(i == 0 || (cells[i - 1] < cells[i] && !geo_contains(cells[i - 1], cells[i])));
    }
}

static bool covered(const geo_cell *cells, size_t count, struct geo_point point)
{
    for (size_t i = 0; i < count; i++)
        if (fuzz_in_box(geo_bounds(cells[i]), point, 0))
            return true;
    return false;
}

/* What a cover promises: a point of the shape is in it, and no cell is in it that the shape leaves alone. */
static void hold_to_promise(const struct asked *asked, size_t count)
{
    struct geo_point corner =
        asked->shape->kind == GEO_POLYGONS ? asked->question.fuzz.points[0] : asked->shape->center;
    require(covered(asked->cells, count, corner));
    if (asked->shape->kind != GEO_POINT && geo_shape_contains(asked->shape, asked->question.point))
        require(covered(asked->cells, count, asked->question.point));
    for (size_t i = 0; i < count; i += 1 + count / 8)
        require(geo_shape_touches_cell(asked->shape, asked->cells[i]));
}

void fuzz_geo_cover_uniform(struct fuzz_input *in)
{
    static struct asked asked;
    read_question(in, &asked);
    enum geo_error error =
        geo_cover_uniform(asked.shape, asked.limits.coarsest, asked.cells, asked.limits.cells, &asked.count);
    bool precise = asked.limits.coarsest >= 1 && asked.limits.coarsest <= GEO_MAX_PRECISION;
    require(precise ? error == GEO_OK || error == GEO_NO_ROOM : error == GEO_BAD_PRECISION);
    require(error != GEO_NO_ROOM || asked.count > asked.limits.cells);
    if (!asked.good || error != GEO_OK)
        return;
    require(asked.count <= asked.limits.cells);
    in_order(asked.cells, asked.count, asked.limits.coarsest, asked.limits.coarsest);
    hold_to_promise(&asked, asked.count);
}

void fuzz_geo_cover_mixed(struct fuzz_input *in)
{
    static struct asked asked;
    read_question(in, &asked);
    enum geo_error error = geo_cover_mixed(asked.shape, asked.limits, asked.cells, &asked.cover);
    if (!asked.good)
        return;
    if (error != GEO_OK) { /* then the coarsest precision alone says the same */
        if (error == GEO_NO_ROOM)
            require(geo_cover_uniform(asked.shape, asked.limits.coarsest, asked.cells, asked.limits.cells,
                        &asked.count) == GEO_NO_ROOM);
        return;
    }
    double area = 0;
    for (size_t i = 0; i < asked.cover.count; i++)
        area += geo_cell_area(asked.cells[i]);
    require(asked.cover.count <= asked.limits.cells && fabs(area - asked.cover.area) <= 1e-6 * area);
    in_order(asked.cells, asked.cover.count, asked.limits.coarsest, asked.limits.finest);
    hold_to_promise(&asked, asked.cover.count);
}

void fuzz_geo_cover_interior(struct fuzz_input *in)
{
    static struct asked asked;
    read_question(in, &asked);
    enum geo_error error = geo_cover_interior(asked.shape, asked.limits, asked.cells, &asked.cover);
    if (!asked.good || error != GEO_OK)
        return;
    require(asked.cover.count <= asked.limits.cells);
    in_order(asked.cells, asked.cover.count, asked.limits.coarsest, asked.limits.finest);
    for (size_t i = 0; i < asked.cover.count; i += 1 + asked.cover.count / 8)
        require(geo_shape_side(asked.shape, asked.cells[i]) == GEO_IN);
}

/* ---- prepared: the same cells ---- */

void fuzz_geo_prepared_cover_uniform(struct fuzz_input *in)
{
    static struct asked asked;
    read_question(in, &asked);
    struct geo_prepared *prepared = prepare(asked.shape);
    enum geo_error error = geo_prepared_cover_uniform(
        prepared, asked.limits.coarsest, asked.cells, asked.limits.cells, &asked.count);
    enum geo_error same = geo_cover_uniform(
        asked.shape, asked.limits.coarsest, asked.again, asked.limits.cells, &asked.same_count);
    if (asked.good) {
        require(error == same && (error != GEO_OK || asked.count == asked.same_count));
        require(error != GEO_OK || memcmp(asked.cells, asked.again, asked.count * sizeof(geo_cell)) == 0);
    }
    free(prepared);
}

/* Both covers may be asked in the same way. */
typedef enum geo_error (*prepared_cover)(
    const struct geo_prepared *shape, struct geo_limits limits, geo_cell *out, struct geo_cover *cover);
typedef enum geo_error (*plain_cover)(
    const struct geo_shape *shape, struct geo_limits limits, geo_cell *out, struct geo_cover *cover);

static void same_cells(struct fuzz_input *in, prepared_cover ask, plain_cover ask_plain)
{
    static struct asked asked;
    read_question(in, &asked);
    struct geo_prepared *prepared = prepare(asked.shape);
    enum geo_error error = ask(prepared, asked.limits, asked.cells, &asked.cover);
    enum geo_error same = ask_plain(asked.shape, asked.limits, asked.again, &asked.same);
    if (asked.good) {
        require(error == same && asked.cover.count == asked.same.count);
        require(asked.cover.area == asked.same.area && asked.cover.forced == asked.same.forced);
        require(memcmp(asked.cells, asked.again, asked.cover.count * sizeof(geo_cell)) == 0);
    }
    free(prepared);
}

void fuzz_geo_prepared_cover_mixed(struct fuzz_input *in)
{
    same_cells(in, geo_prepared_cover_mixed, geo_cover_mixed);
}

void fuzz_geo_prepared_cover_interior(struct fuzz_input *in)
{
    same_cells(in, geo_prepared_cover_interior, geo_cover_interior);
}
