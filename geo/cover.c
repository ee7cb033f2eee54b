/* Covers of one precision, and interior covers. The cells are walked from the coarsest down, 32 children at a
 * time, along the curve: children that the shape leaves alone are dropped whole, children that are all in it
 * are counted whole. */
#include "geo/internal.h"
#include <stdlib.h>

/* ---- a walk over the cells ---- */

struct walk {
    const struct geo_prepared *shape;
    int depth; /* the precision of the parents on the path; -1: done */
    geo_cell path[GEO_MAX_PRECISION + 1];
    struct geo_brood broods[GEO_MAX_PRECISION + 1];
};

static void enter(struct walk *walk, geo_cell cell)
{
    walk->depth = geo_precision(cell);
    walk->path[walk->depth] = cell;
    walk->broods[walk->depth] = geo_brood_of(walk->shape, cell);
}

/* The next touched cell along the curve and whether it is inside; 0 at the end. The caller may enter() it. */
static geo_cell next_touched(struct walk *walk, bool *inside)
{
    while (walk->depth >= 0 && walk->broods[walk->depth].touched == 0)
        walk->depth--;
    if (walk->depth < 0)
        return 0;
    struct geo_brood *brood = &walk->broods[walk->depth];
    int child = __builtin_ctz(brood->touched);
    brood->touched &= brood->touched - 1;
    *inside = (brood->inside >> child & 1) != 0;
    return geo_child(walk->path[walk->depth], child);
}

/* The cells of a precision within a cell, which follow one another on the curve. */
static uint64_t descendants(geo_cell cell, int precision)
{
    return UINT64_C(1) << 5 * (precision - geo_precision(cell));
}

static geo_cell descendant(geo_cell cell, int precision, uint64_t i)
{
    return ((cell & ~UINT64_C(15)) + (i << (64 - 5 * precision))) | (uint64_t)precision;
}

/* ---- uniform ---- */

enum geo_error geo_prepared_cover_uniform(
    const struct geo_prepared *shape, int precision, geo_cell *out, size_t capacity, size_t *count)
{
    *count = 0;
    if (precision < 1 || precision > GEO_MAX_PRECISION)
        return GEO_BAD_PRECISION;
    struct walk walk = {.shape = shape};
    bool inside;
    enter(&walk, geo_root_of(shape, precision - 1));
    for (geo_cell cell; (cell = next_touched(&walk, &inside)) != 0;) {
        if (!inside && geo_precision(cell) < precision) {
            enter(&walk, cell);
            continue;
        }
        uint64_t cells = descendants(cell, precision);
        if (cells > capacity - *count) {
            *count = capacity + 1;
            return GEO_NO_ROOM;
        }
        for (uint64_t i = 0; i < cells; i++)
            out[(*count)++] = descendant(cell, precision, i);
    }
    return GEO_OK;
}

enum geo_error geo_cover_uniform(
    const struct geo_shape *shape, int precision, geo_cell *out, size_t capacity, size_t *count)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_prepared prepared;
    geo_prepare_in(shape, room, GEO_STACK_RUNS, &prepared);
    return geo_prepared_cover_uniform(&prepared, precision, out, capacity, count);
}

/* ---- interior ---- */

enum geo_error geo_limits_check(struct geo_limits limits)
{
    if (limits.coarsest < 1 || limits.finest > GEO_MAX_PRECISION || limits.coarsest > limits.finest)
        return GEO_BAD_PRECISION;
    return limits.cells < 1 || limits.cells > GEO_COVER_CELLS ? GEO_BAD_COUNT : GEO_OK;
}

static int along_curve(const void *a, const void *b)
{
    geo_cell x = *(const geo_cell *)a, y = *(const geo_cell *)b;
    return (x > y) - (x < y);
}

/* A sliver may have no cell inside however fine: give up after that many broods. */
enum { PATIENCE = 20000 };

/* Adds the inside cells of one precision whose parents are not inside; at the coarsest also those of larger
 * ones. */
static void add_inside(const struct geo_prepared *shape, struct geo_limits limits, int precision,
    geo_cell *out, struct geo_cover *cover)
{
    struct walk walk = {.shape = shape};
    bool inside;
    int entered = 0;
    enter(&walk, geo_root_of(shape, limits.coarsest - 1));
    for (geo_cell cell; (cell = next_touched(&walk, &inside)) != 0 && !cover->forced;) {
        int at = geo_precision(cell);
        if (!inside && at < precision) {
            cover->forced = ++entered > PATIENCE;
            enter(&walk, cell);
            continue;
        }
        if (!inside || (at < precision && precision > limits.coarsest))
            continue;
        uint64_t cells = descendants(cell, precision);
        for (uint64_t i = 0; i < cells && !cover->forced; i++) {
            cover->forced = cover->count == limits.cells;
            if (!cover->forced) {
                out[cover->count++] = descendant(cell, precision, i);
                cover->area += geo_cell_area(descendant(cell, precision, i));
            }
        }
    }
}

enum geo_error geo_prepared_cover_interior(
    const struct geo_prepared *shape, struct geo_limits limits, geo_cell *out, struct geo_cover *cover)
{
    *cover = (struct geo_cover){0, 0, false};
    enum geo_error error = geo_limits_check(limits);
    if (error != GEO_OK)
        return error;
    if (shape->shape->kind == GEO_POINT || (shape->shape->kind == GEO_CIRCLE && shape->circle.core < 0))
        return GEO_OK;
    for (int precision = limits.coarsest; precision <= limits.finest && !cover->forced; precision++)
        add_inside(shape, limits, precision, out, cover);
    qsort(out, cover->count, sizeof *out, along_curve);
    return GEO_OK;
}

enum geo_error geo_cover_interior(
    const struct geo_shape *shape, struct geo_limits limits, geo_cell *out, struct geo_cover *cover)
{
    struct geo_run room[GEO_STACK_RUNS];
    struct geo_prepared prepared;
    geo_prepare_in(shape, room, GEO_STACK_RUNS, &prepared);
    return geo_prepared_cover_interior(&prepared, limits, out, cover);
}
