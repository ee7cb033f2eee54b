/* A set of circles by where they are: a tree over the curve that forks where the places of its circles first
 * differ (a crit-bit tree), one for each class of radius, so that few large circles do not make the search
 * for small ones wide. Each circle brings the one fork that its coming needs, so that nothing is allocated. A
 * fork's owner is always below it. */
#include "geo/internal.h"

/* ---- where a circle goes ---- */

static struct geo_branch *class_of(struct geo_circles *set, double radius)
{
    int class = 0;
    for (double limit = 200; class < GEO_RADIUS_CLASSES - 1 && radius >= limit; limit *= 2)
        class ++;
    return &set->classes[class];
}

static int way(const struct geo_fork *fork, uint64_t curve)
{
    return (int)(curve >> (63 - fork->bits) & 1);
}

/* The circle to which the curve leads: the only one that may have the same place. */
static struct geo_circle *nearest_leaf(const struct geo_branch *branch, uint64_t curve)
{
    while (branch->fork != NULL)
        branch = &branch->fork->branch[way(branch->fork, curve)];
    return branch->leaf;
}

static void widen(struct geo_fork *fork, double radius)
{
    fork->least = geo_min(fork->least, radius);
    fork->most = geo_max(fork->most, radius);
}

enum geo_error geo_circles_add(struct geo_circles *set, struct geo_circle *circle)
{
    const struct geo_shape shape = {.kind = GEO_CIRCLE, .center = circle->center, .radius = circle->radius};
    enum geo_error error = geo_shape_check(&shape);
    if (error == GEO_OK)
        error = geo_encode(circle->center, GEO_MAX_PRECISION, &circle->curve);
    if (error != GEO_OK)
        return error;
    struct geo_branch *branch = class_of(set, circle->radius);
    struct geo_circle *other = nearest_leaf(branch, circle->curve);
    circle->next = circle->previous = NULL;
    set->count++;
    if (other == NULL) {
        branch->leaf = circle;
        return GEO_OK;
    }
    int same = other->curve == circle->curve ? GEO_CURVE_BITS : __builtin_clzll(other->curve ^ circle->curve);
    for (; branch->fork != NULL && branch->fork->bits < same;
         branch = &branch->fork->branch[way(branch->fork, circle->curve)])
        widen(branch->fork, circle->radius);
    if (same == GEO_CURVE_BITS) {
        circle->previous = other;
        circle->next = other->next;
        if (other->next != NULL)
            other->next->previous = circle;
        other->next = circle;
        return GEO_OK;
    }
    struct geo_fork *fork = &circle->fork;
    fork->bits = same;
    fork->start = same == 0 ? 0 : circle->curve >> (64 - same) << (64 - same);
    fork->least = geo_min(circle->radius, branch->fork != NULL ? branch->fork->least : other->radius);
    fork->most = geo_max(circle->radius, branch->fork != NULL ? branch->fork->most : other->radius);
    for (struct geo_circle *c = branch->leaf; c != NULL; c = c->next)
        widen(fork, c->radius);
    fork->branch[way(fork, circle->curve)] = (struct geo_branch){circle, NULL};
    fork->branch[!way(fork, circle->curve)] = *branch;
    *branch = (struct geo_branch){NULL, fork};
    return GEO_OK;
}

/* ---- leaving ---- */

/* The leaving circle's own fork may still be needed above: it moves into `to`. */
static void move_fork(struct geo_branch *branch, const struct geo_circle *circle, struct geo_fork *to)
{
    for (; branch->fork != NULL; branch = &branch->fork->branch[way(branch->fork, circle->curve)])
        if (branch->fork == &circle->fork) {
            *to = circle->fork;
            branch->fork = to;
            return;
        }
}

void geo_circles_remove(struct geo_circles *set, struct geo_circle *circle)
{
    struct geo_branch *root = class_of(set, circle->radius), *branch = root, *above = NULL;
    set->count--;
    if (circle->next != NULL)
        circle->next->previous = circle->previous;
    if (circle->previous != NULL) {
        circle->previous->next = circle->next;
        return;
    }
    while (branch->fork != NULL) {
        above = branch;
        branch = &branch->fork->branch[way(branch->fork, circle->curve)];
    }
    if (circle->next != NULL) {
        branch->leaf = circle->next;
        move_fork(root, circle, &circle->next->fork);
        return;
    }
    branch->leaf = NULL;
    if (above == NULL)
        return;
    struct geo_fork *freed = above->fork;
    *above = freed->branch[!way(freed, circle->curve)];
    if (freed != &circle->fork)
        move_fork(root, circle, freed);
}

/* ---- searching ---- */

struct search {
    const struct geo_prepared *shape;
    geo_visit visit;
    void *context;
    double cosine; /* POINT, CIRCLE: of the center's latitude */
    struct geo_box
        reach; /* for the class of radius at hand: circles with a center out of it are not touched */
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

/* All circles at one place; outlook NULL: they are known to be touched. */
static bool visit_leaf(const struct search *search, struct geo_circle *circle, const struct outlook *outlook)
{
    const struct geo_circle *last = NULL;
    bool touched = true;
    for (struct geo_circle *next; circle != NULL; circle = next) {
        next = circle->next;
        __builtin_prefetch(next);
        bool like_last = last != NULL && last->radius == circle->radius &&
                         last->center.lat == circle->center.lat && last->center.lon == circle->center.lon;
        if (outlook != NULL && !like_last)
            touched = touches(search, outlook, circle);
        last = circle;
        if (touched && !search->visit(search->context, circle))
            return false;
    }
    return true;
}

/* What is below is anywhere in memory: have it brought while the other way is searched. */
static void fetch(const struct geo_branch *branch)
{
    __builtin_prefetch(branch->leaf);
    __builtin_prefetch(branch->fork);
}

static bool visit_all(const struct search *search, const struct geo_branch *branch)
{
    if (branch->fork == NULL)
        return visit_leaf(search, branch->leaf, NULL);
    const struct geo_branch *ways = branch->fork->branch;
    fetch(&ways[1]);
    return visit_all(search, &ways[0]) && visit_all(search, &ways[1]);
}

static bool search_branch(
    const struct search *search, const struct geo_branch *branch, const struct outlook *above)
{
    if (branch->fork == NULL)
        return visit_leaf(search, branch->leaf, above);
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
    return search_branch(search, &fork->branch[0], &outlook) &&
           search_branch(search, &fork->branch[1], &outlook);
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
        if (!search_branch(&search, &set->classes[i], &outlook))
            return false;
    }
    return true;
}
