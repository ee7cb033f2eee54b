/* The search among a set of circles for those that a shape touches: down the tree over the curve, with all
 * below a fork decided at once where that can be. What is found is scattered over memory, and waiting for it
 * is most of the work. */
#include "geo/internal.h"

enum { LATE = 16 };

struct search {
    const struct geo_prepared *shape;
    geo_visit visit;
    void *context;
    double cosine; /* POINT, CIRCLE: of the center's latitude */
    struct geo_box
        reach; /* for the class of radius at hand: circles with a center out of it are not touched */
    /* Circles that are known to be touched wait here, each with those after it at its place, while they are
     * brought from memory, which takes longer than all else. */
    struct geo_circle *late[LATE];
    unsigned turn;
};

/* The box and all that is within the radius of it. */
static struct geo_box grown(struct geo_box box, double radius)
{
    double angle = (radius + GEO_SLACK_METRES) / GEO_EARTH_RADIUS, degrees = angle / GEO_RADIANS;
    double sine =
        sin(geo_min(angle, M_PI / 2)) / cos(geo_max(fabs(box.south), fabs(box.north)) * GEO_RADIANS);
    box.south = geo_max(box.south - degrees, -90);
    box.north = geo_min(box.north + degrees, 90);
    double lon = sine < 1 ? asin(sine) / GEO_RADIANS + GEO_SLACK_DEGREES : 360;
    if (box.south == -90 || box.north == 90 || box.east - box.west + 2 * lon >= 360)
        return (struct geo_box){box.south, -180, box.north, 180};
    box.west -= lon, box.east += lon;
    if (box.west < -180)
        box.west += 360, box.east += 360;
    return box;
}

static void begin_class(struct search *search, const struct geo_branch *class)
{
    const struct geo_shape *shape = search->shape->shape;
    search->reach = (struct geo_box){-90, -180, 90, 180};
    if (class->fork == NULL)
        return;
    double radius = shape->kind == GEO_CIRCLE ? shape->radius : 0;
    if (shape->kind == GEO_POLYGONS)
        search->reach = grown(geo_index_box(&search->shape->index), class->fork->most);
    else
        search->reach = geo_circle_box(shape->center, radius + class->fork->most);
}

/* A point or circle against circles of a radius between two, with their centers in a box, by rough distances:
 * where those leave a doubt, GEO_PARTLY. */
static enum geo_side rough_side(const struct search *search, struct geo_box box, double least, double most)
{
    const struct geo_shape *shape = search->shape->shape;
    double radius = (shape->kind == GEO_CIRCLE ? shape->radius : 0) + GEO_SLACK_METRES;
    struct geo_about about = geo_box_about(box, shape->center, search->cosine);
    if (about.farthest == HUGE_VAL) /* far away: worth a closer look */
        about =
            (struct geo_about){geo_box_distance(box, shape->center), geo_box_farthest(box, shape->center)};
    if (about.nearest > radius + most)
        return GEO_OUT;
    return about.farthest < radius + least ? GEO_IN : GEO_PARTLY;
}

/* ---- polygons ---- */

/* What is known on the way down about a polygon's border: what of it is in view, and that all centers below
 * are outside, when nothing of it lies between them. */
struct outlook {
    struct geo_view view;
    bool outside;
};

/* GEO_IN: all circles below are touched, GEO_OUT: none. */
static enum geo_side narrow(const struct search *search, const struct geo_fork *fork, struct geo_box box,
    const struct outlook *above, struct outlook *out)
{
    const double slack = 2 * GEO_SLACK_METRES;
    const struct geo_index *index = &search->shape->index;
    struct geo_disc disc = {{(box.south + box.north) / 2, (box.west + box.east) / 2}, 0, 0};
    disc.cosine = cos(disc.center.lat * GEO_RADIANS);
    disc.radius = geo_box_about(box, disc.center, disc.cosine).farthest;
    bool crossed;
    if (geo_view_narrow(index, &above->view, &disc, fork->least, fork->most + slack, &out->view, &crossed))
        return GEO_IN;
    out->outside = above->outside;
    if (!crossed && !out->outside) {
        if (geo_index_holds(index, disc.center))
            return GEO_IN;
        out->outside = true;
    }
    return out->view.count == 0 ? GEO_OUT : GEO_PARTLY;
}

/* All circles at one place of the curve, 5 cm across, with radii between two: where that leaves a doubt,
 * GEO_PARTLY. */
static enum geo_side place_side(const struct search *search, const struct outlook *outlook,
    struct geo_point center, double least, double most)
{
    const double across = 0.05;
    const struct geo_index *index = &search->shape->index;
    if (least <= across)
        return GEO_PARTLY;
    if (geo_view_within(index, &outlook->view, center, least - across) ||
        (!outlook->outside && geo_index_holds(index, center)))
        return GEO_IN;
    return geo_view_within(index, &outlook->view, center, most + across) ? GEO_PARTLY : GEO_OUT;
}

static bool polygons_touch(
    const struct search *search, const struct outlook *outlook, const struct geo_circle *circle)
{
    const struct geo_index *index = &search->shape->index;
    return geo_view_within(index, &outlook->view, circle->center, circle->radius + GEO_SLACK_METRES) ||
           (!outlook->outside && geo_index_holds(index, circle->center));
}

/* ---- the walk ---- */

static bool touches(
    const struct search *search, const struct outlook *outlook, const struct geo_circle *circle)
{
    struct geo_box at = {circle->center.lat, circle->center.lon, circle->center.lat, circle->center.lon};
    if (!geo_boxes_touch(&at, &search->reach))
        return false;
    if (search->shape->shape->kind == GEO_POLYGONS)
        return polygons_touch(search, outlook, circle);
    enum geo_side side = rough_side(search, at, circle->radius, circle->radius);
    if (side != GEO_PARTLY)
        return side == GEO_IN;
    return geo_prepared_touches_circle(search->shape, circle->center, circle->radius);
}

/* One by one; what is like the one before needs no question. */
static bool visit_touched(
    const struct search *search, struct geo_circle *circle, const struct outlook *outlook)
{
    const struct geo_circle *last = NULL;
    bool touched = false;
    for (; circle != NULL; last = circle, circle = circle->next) {
        bool like_last = last != NULL && last->radius == circle->radius &&
                         last->center.lat == circle->center.lat && last->center.lon == circle->center.lon;
        if (!like_last)
            touched = touches(search, outlook, circle);
        if (touched && !search->visit(search->context, circle))
            return false;
    }
    return true;
}

/* Has a circle wait, and visits the one whose turn it is. */
static bool visit_later(struct search *search, struct geo_circle *circle)
{
    while (circle != NULL) {
        struct geo_circle **place = &search->late[search->turn++ % LATE], *oldest = *place;
        __builtin_prefetch(&circle->next);
        *place = circle;
        circle = NULL;
        if (oldest != NULL) {
            circle = oldest->next;
            if (!search->visit(search->context, oldest))
                return false;
        }
    }
    return true;
}

static bool visit_waiting(struct search *search)
{
    for (int empty = 0; empty < LATE;) {
        struct geo_circle **place = &search->late[search->turn++ % LATE], *circle = *place;
        empty = circle == NULL ? empty + 1 : 0;
        if (circle == NULL)
            continue;
        *place = circle->next;
        __builtin_prefetch(circle->next);
        if (!search->visit(search->context, circle))
            return false;
    }
    return true;
}

/* The circles at one place, with radii as the fork over it says. */
static bool visit_leaf(struct search *search, struct geo_circle *circle, const struct outlook *outlook,
    const struct geo_fork *over)
{
    if (over != NULL && circle->next != NULL && search->shape->shape->kind == GEO_POLYGONS) {
        enum geo_side side = place_side(search, outlook, circle->center, over->least, over->most);
        if (side != GEO_PARTLY)
            return side == GEO_OUT || visit_later(search, circle);
    }
    return visit_touched(search, circle, outlook);
}

/* What is below is anywhere in memory: have it brought while the other way is searched. */
static void fetch(const struct geo_branch *branch)
{
    __builtin_prefetch(branch->leaf);
    __builtin_prefetch(branch->fork);
}

static bool visit_all(struct search *search, const struct geo_branch *branch)
{
    if (branch->fork == NULL)
        return visit_later(search, branch->leaf);
    const struct geo_branch *ways = branch->fork->branch;
    fetch(&ways[1]);
    return visit_all(search, &ways[0]) && visit_all(search, &ways[1]);
}

static bool search_branch(struct search *search, const struct geo_branch *branch, const struct outlook *above,
    const struct geo_fork *over)
{
    if (branch->fork == NULL)
        return visit_leaf(search, branch->leaf, above, over);
    const struct geo_fork *fork = branch->fork;
    struct geo_box box = geo_curve_box(fork->start >> 4, fork->bits);
    if (!geo_boxes_touch(&box, &search->reach))
        return true;
    struct outlook outlook;
    enum geo_side side;
    if (search->shape->shape->kind == GEO_POLYGONS)
        side = narrow(search, fork, box, above, &outlook);
    else
        side = rough_side(search, box, fork->least, fork->most);
    if (side == GEO_OUT)
        return true;
    if (side == GEO_IN)
        return visit_all(search, branch);
    fetch(&fork->branch[1]);
    return search_branch(search, &fork->branch[0], &outlook, fork) &&
           search_branch(search, &fork->branch[1], &outlook, fork);
}

bool geo_circles_find(
    const struct geo_circles *set, const struct geo_prepared *shape, geo_visit visit, void *context)
{
    struct search search = {.shape = shape,
        .visit = visit,
        .context = context,
        .cosine = cos(shape->shape->center.lat * GEO_RADIANS)};
    struct outlook outlook = {.outside = false};
    if (shape->shape->kind == GEO_POLYGONS)
        outlook.view = geo_view_of(&shape->index);
    for (int i = 0; i < GEO_RADIUS_CLASSES; i++) {
        begin_class(&search, &set->classes[i]);
        if (!search_branch(&search, &set->classes[i], &outlook, NULL))
            return false;
    }
    return visit_waiting(&search);
}
