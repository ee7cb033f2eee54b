/* How far a border is: distances, and whether it comes within a radius. A search that goes from wide places
 * to narrow ones keeps a view, the few branches of the index that still matter, and narrows it on the way. */
#include "geo/walk.h"
#include <string.h>

/* ---- distances ---- */

struct nearest {
    struct geo_point point;
    double cosine, best;
    struct geo_box within; /* what is nearer than the best lies in this box */
};

static struct nearest nearest_to(struct geo_point point, double best)
{
    struct nearest nearest = {.point = point, .cosine = cos(point.lat * GEO_RADIANS), .best = best};
    double degrees = (best + GEO_SLACK_METRES) / GEO_EARTH_RADIUS / GEO_RADIANS;
    if (degrees > 5 || fabs(point.lat) > 70) {
        nearest.within = geo_circle_box(point, best);
        return nearest;
    }
    /* Here asin(sin(angle) / cosine) is the quotient but for 1 in 50. */
    double lon = degrees / nearest.cosine * 1.02;
    nearest.within =
        (struct geo_box){point.lat - degrees, point.lon - lon, point.lat + degrees, point.lon + lon};
    if (nearest.within.west < -180)
        nearest.within.west += 360, nearest.within.east += 360;
    return nearest;
}

static bool may_be_nearer(const void *question, const struct geo_box *box)
{
    const struct nearest *nearest = question;
    return geo_boxes_touch(box, &nearest->within) &&
           geo_box_about(*box, nearest->point, nearest->cosine).nearest < nearest->best;
}

static double edge_distance(const struct nearest *nearest, struct geo_point a, struct geo_point b)
{
    const struct geo_box box = edge_box(a, b);
    if (!geo_boxes_touch(&box, &nearest->within) ||
        geo_edge_about(a, b, nearest->point, nearest->cosine).nearest >= nearest->best)
        return nearest->best;
    return geo_edge_distance(a, b, nearest->point, nearest->best);
}

static int add_children(const struct geo_index *index, struct geo_node node, struct geo_node *out)
{
    size_t first = (size_t)node.number * GEO_FAN, left = index->count[node.level - 1] - first;
    int count = left < GEO_FAN ? (int)left : GEO_FAN;
    for (int i = 0; i < count; i++)
        out[i] = (struct geo_node){(uint32_t)(first + (size_t)i), node.level - 1};
    return count;
}

static void look_at_run(struct nearest *nearest, const struct geo_index *index, const struct geo_run *run)
{
    for (struct stretch stretch = stretches_of(index, run); next_stretch(&stretch);)
        for (size_t i = 0; i < stretch.edges; i++) {
            double distance = edge_distance(nearest, stretch.points[i], stretch.points[i + 1]);
            if (distance < nearest->best) {
                nearest->best = distance;
                nearest->within = geo_circle_box(nearest->point, distance);
            }
        }
}

/* Down the tree, each time into the box that is nearest: what is found there leaves little else to look at.
 */
static const struct geo_run *promising_run(const struct geo_index *index, struct geo_point point)
{
    struct geo_node node = {0, (uint32_t)(index->levels - 1)}, below[GEO_FAN];
    while (node.level > 0) {
        int count = add_children(index, node, below), nearest = 0;
        double best = HUGE_VAL;
        for (int i = 0; i < count; i++) {
            size_t at = index->start[below[i].level] + below[i].number;
            double distance = geo_box_distance(index->runs[at].box, point);
            if (distance < best)
                best = distance, nearest = i;
        }
        node = below[nearest];
    }
    return &index->runs[node.number];
}

double geo_index_border_distance(const struct geo_index *index, struct geo_point point, double enough)
{
    struct nearest nearest = nearest_to(point, enough);
    const struct geo_run *run;
    if (index->count[0] > 0)
        look_at_run(&nearest, index, promising_run(index, point));
    for (size_t at = 0; (run = next_run(index, &at, index->count[0], may_be_nearer, &nearest)) != NULL;)
        look_at_run(&nearest, index, run);
    return nearest.best;
}

static bool edge_within(const struct nearest *nearest, struct geo_point a, struct geo_point b)
{
    struct geo_about about = geo_edge_about(a, b, nearest->point, nearest->cosine);
    if (about.farthest < nearest->best)
        return true;
    return about.nearest < nearest->best &&
           geo_edge_distance(a, b, nearest->point, nearest->best) < nearest->best;
}

static bool within_of(const struct geo_index *index, const struct nearest *nearest, size_t at, size_t end)
{
    const struct geo_run *run;
    while ((run = next_run(index, &at, end, may_be_nearer, nearest)) != NULL) {
        if (geo_box_about(run->box, nearest->point, nearest->cosine).farthest < nearest->best)
            return true;
        for (struct stretch stretch = stretches_of(index, run); next_stretch(&stretch);)
            for (size_t i = 0; i < stretch.edges; i++)
                if (edge_within(nearest, stretch.points[i], stretch.points[i + 1]))
                    return true;
    }
    return false;
}

bool geo_index_border_within(const struct geo_index *index, struct geo_point point, double radius)
{
    const struct nearest nearest = nearest_to(point, radius);
    return within_of(index, &nearest, 0, index->count[0]);
}

/* ---- views ---- */

struct geo_view geo_view_of(const struct geo_index *index)
{
    struct geo_view view = {.count = index->levels > 0};
    if (view.count > 0)
        view.nodes[0] = (struct geo_node){0, (uint32_t)(index->levels - 1)};
    return view;
}

/* Far boxes are worth a closer look: once out of view they stay out. */
static struct geo_about about_box(struct geo_box box, struct geo_point point, double cosine)
{
    struct geo_about about = geo_box_about(box, point, cosine);
    if (about.farthest < HUGE_VAL)
        return about;
    return (struct geo_about){geo_box_distance(box, point), geo_box_farthest(box, point)};
}

bool geo_view_narrow(const struct geo_index *index, const struct geo_view *from, const struct geo_disc *disc,
    double least, double most, struct geo_view *to, bool *crossed)
{
    struct geo_node open[GEO_VIEW]; /* with what is in `to` never more than GEO_VIEW */
    int left = from->count;
    memcpy(open, from->nodes, (size_t)left * sizeof *open);
    to->count = 0;
    *crossed = false;
    while (left > 0) {
        struct geo_node node = open[--left];
        const struct geo_run *run = &index->runs[index->start[node.level] + node.number];
        struct geo_about about = about_box(run->box, disc->center, disc->cosine);
        if (about.nearest > most + disc->radius)
            continue;
        if (about.farthest + disc->radius < least)
            return true;
        /* Divided is what may come within `least`, and what is much wider than the disc. */
        bool promising = about.nearest + disc->radius < least;
        bool wide = about.farthest - about.nearest > (promising ? 1 : 4) * disc->radius;
        if (wide && node.level > 0 && to->count + left + GEO_FAN <= GEO_VIEW) {
            left += add_children(index, node, open + left);
            continue;
        }
        *crossed |= about.nearest <= disc->radius;
        to->nodes[to->count++] = node;
    }
    return false;
}

bool geo_view_within(
    const struct geo_index *index, const struct geo_view *view, struct geo_point point, double radius)
{
    const struct nearest nearest = nearest_to(point, radius);
    for (int i = 0; i < view->count; i++) {
        size_t width = (size_t)1 << 3 * view->nodes[i].level, at = view->nodes[i].number * width;
        size_t end = at + width < index->count[0] ? at + width : index->count[0];
        if (within_of(index, &nearest, at, end))
            return true;
    }
    return false;
}
