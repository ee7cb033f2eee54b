/* How the questions to the index over a shape's edges walk it: in the order of the edges, leaving out the
 * branches that cannot matter. Here, so that each question's own test is compiled into its walk. */
#ifndef NEIGHBORS_GEO_WALK_H
#define NEIGHBORS_GEO_WALK_H

#include "geo/internal.h"

/* The next run at or after *at, and before `end`, whose box, and all boxes above it, pass the test; *at is
 * moved past it. NULL: no more. */
typedef bool (*box_test)(const void *question, const struct geo_box *box);

static inline __attribute__((always_inline)) const struct geo_run *next_run(
    const struct geo_index *index, size_t *at, size_t end, box_test passes, const void *question)
{
    while (*at < end) {
        size_t width = 1, position = *at;
        int level = 0;
        while (level + 1 < index->levels && position % GEO_FAN == 0) {
            position /= GEO_FAN;
            width *= GEO_FAN;
            level++;
        }
        for (; level > 0; level--, width /= GEO_FAN)
            if (!passes(question, &index->runs[index->start[level] + *at / width].box))
                break;
        const struct geo_run *run = &index->runs[*at];
        *at += width;
        if (level == 0 && passes(question, &run->box))
            return run;
    }
    return NULL;
}

static inline bool touches_box(const void *question, const struct geo_box *box)
{
    return geo_boxes_touch(box, question);
}

/* The parts of a run that are of one ring: points[0] to points[edges]. */
struct stretch {
    const struct geo_shape *shape;
    uint32_t left;                /* edges of the run after this stretch */
    struct geo_place place, next; /* of this stretch's first point, and of where to go on */
    const struct geo_point *points;
    size_t edges;
};

static inline struct stretch stretches_of(const struct geo_index *index, const struct geo_run *run)
{
    return (struct stretch){
        .shape = index->shape, .left = run->edges, .next = {run->polygon, run->ring, run->point}};
}

static inline bool next_stretch(struct stretch *stretch)
{
    struct geo_place next = stretch->next;
    while (stretch->left > 0 && next.polygon < stretch->shape->polygon_count) {
        const struct geo_polygon *polygon = &stretch->shape->polygons[next.polygon];
        if (next.ring >= polygon->count) {
            next = (struct geo_place){next.polygon + 1, 0, 0};
            continue;
        }
        const struct geo_ring *ring = &polygon->rings[next.ring];
        stretch->edges = next.point + 1 < ring->count ? ring->count - 1 - next.point : 0;
        stretch->edges = stretch->edges < stretch->left ? stretch->edges : stretch->left;
        stretch->place = next;
        stretch->points = ring->points + next.point;
        next = (struct geo_place){next.polygon, next.ring + 1, 0};
        if (stretch->edges > 0) {
            stretch->left -= (uint32_t)stretch->edges;
            stretch->next = next;
            return true;
        }
    }
    return false;
}

static inline struct geo_box edge_box(struct geo_point a, struct geo_point b)
{
    double east = a.lon + geo_edge_span(a, b);
    struct geo_box box = {
        geo_min(a.lat, b.lat), geo_min(a.lon, east), geo_max(a.lat, b.lat), geo_max(a.lon, east)};
    if (box.west < -180)
        box.west += 360, box.east += 360;
    return box;
}

#endif
