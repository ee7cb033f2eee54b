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
