/* Whether one shape lies in another: by the edges that they share, number for number, and by the cells that
 * one touches and the other does not. */
#include "geo/walk.h"

/* ---- edges ---- */

struct ends {
    struct geo_point a, b;
    struct geo_box at[2];
};

static bool has_ends(const void *question, const struct geo_box *box)
{
    const struct ends *ends = question;
    return geo_boxes_touch(box, &ends->at[0]) && geo_boxes_touch(box, &ends->at[1]);
}

static bool same_point(struct geo_point a, struct geo_point b)
{
    return a.lat == b.lat && a.lon == b.lon;
}

bool geo_prepared_has_edge(const struct geo_prepared *shape, struct geo_point a, struct geo_point b)
{
    const struct ends ends = {a, b, {{a.lat, a.lon, a.lat, a.lon}, {b.lat, b.lon, b.lat, b.lon}}};
    const struct geo_run *run;
    if (shape->shape->kind != GEO_POLYGONS)
        return false;
    for (size_t at = 0; (run = next_run(&shape->index, &at, shape->index.count[0], has_ends, &ends)) != NULL;)
        for (struct stretch stretch = stretches_of(&shape->index, run); next_stretch(&stretch);)
            for (size_t i = 0; i < stretch.edges; i++) {
                struct geo_point from = stretch.points[i], to = stretch.points[i + 1];
                if ((same_point(from, a) && same_point(to, b)) || (same_point(from, b) && same_point(to, a)))
                    return true;
            }
    return false;
}

/* ---- cells ---- */

struct comparison {
    const struct geo_prepared *whole, *part;
    int precision;
    size_t left; /* cells that may still be looked at */
    bool beyond; /* one was found that only the part touches */
};

/* False: more cells than may be looked at. */
static bool compare_children(struct comparison *comparison, geo_cell cell)
{
    struct geo_brood part = geo_brood_of(comparison->part, cell), whole;
    if (comparison->left < 32)
        return false;
    comparison->left -= 32;
    whole = geo_brood_of(comparison->whole, cell);
    comparison->beyond = (part.touched & ~whole.touched) != 0;
    if (geo_precision(cell) + 1 >= comparison->precision)
        return true;
    for (uint32_t open = part.touched & ~whole.inside; open != 0 && !comparison->beyond; open &= open - 1)
        if (!compare_children(comparison, geo_child(cell, __builtin_ctz(open))))
            return false;
    return true;
}

enum geo_error geo_prepared_holds_cells(const struct geo_prepared *shape, const struct geo_prepared *part,
    int precision, size_t most, bool *holds)
{
    if (precision < 1 || precision > GEO_MAX_PRECISION)
        return GEO_BAD_PRECISION;
    struct comparison comparison = {.whole = shape, .part = part, .precision = precision, .left = most};
    if (!compare_children(&comparison, geo_root_of(part, precision - 1)))
        return GEO_NO_ROOM;
    *holds = !comparison.beyond;
    return GEO_OK;
}
