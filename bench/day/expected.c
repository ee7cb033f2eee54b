/* Who should get what. Nothing of the broker is asked: the shapes of the plan and geo/ alone. */
#include <math.h>

#include "bench/day/day.h"

/* As neighborsd has it unless told: release_households, and release_hysteresis more until it begins. */
enum { HOUSEHOLDS_ENOUGH = 5 + 1 };
#define METRES_A_DEGREE 110500.0 /* of latitude, a little less than there are */

uint64_t follower_mark(uint32_t follower)
{
    uint64_t mark = (follower + 1) * 0x9E3779B97F4A7C15u;
    return (mark ^ mark >> 29) * 0xBF58476D1CE4E5B9u | 1;
}

bool home_is_public(const struct plan *plan, const struct home *home)
{
    return home->shares && plan->leaves[home->leaf].sharing >= HOUSEHOLDS_ENOUGH;
}

bool leaf_watched(const struct day *day, uint32_t leaf, uint32_t follower)
{
    size_t bit = (size_t)leaf * day->plan->follower_count + follower;
    return day->watches[bit / 8] >> bit % 8 & 1;
}

static void watch_leaves(struct day *day, uint32_t f)
{
    struct plan *plan = day->plan;
    const struct plan_follower *follower = &plan->followers[f];
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = follower->center, .radius = follower->metres};

    for (size_t i = 0; i < plan->leaf_count; i++) {
        struct leaf *leaf = &plan->leaves[i];
        if (!geo_shape_touches_cell(&circle, leaf->cell))
            continue;
        size_t bit = i * plan->follower_count + f;
        day->watches[bit / 8] |= (uint8_t)(1 << bit % 8);
        leaf->watchers++;
        leaf->watchers_sum += follower_mark(f);
    }
}

/* A resident's point is published as its leaf cell. */
static bool touches(const struct notice *notice, const struct plan_follower *follower)
{
    struct geo_shape circle = {.kind = GEO_CIRCLE, .center = follower->center, .radius = follower->metres};
    geo_cell leaf;

    if (notice->place.kind == PLACE_NONE)
        return false;
    if (notice->place.kind != PLACE_POINT || notice->of_agency)
        return geo_shape_touches_circle(&notice->shape, follower->center, follower->metres);
    return geo_encode(notice->shape.center, PRECISION_LEAF, &leaf) == GEO_OK &&
           geo_shape_touches_cell(&circle, leaf);
}

static struct geo_box box_of(const struct notice *notice)
{
    const struct geo_shape *shape = &notice->shape;
    double lat = shape->center.lat, lon = shape->center.lon;

    if (shape->kind != GEO_POLYGONS)
        return (struct geo_box){lat, lon, lat, lon};
    const struct geo_ring *ring = &shape->polygons->rings[0];
    struct geo_box box = {90, 180, -90, -180};
    for (size_t i = 0; i < ring->count; i++) {
        box.south = fmin(box.south, ring->points[i].lat);
        box.north = fmax(box.north, ring->points[i].lat);
        box.west = fmin(box.west, ring->points[i].lon);
        box.east = fmax(box.east, ring->points[i].lon);
    }
    return box;
}

/* Most are so far away that nothing needs to be computed. A leaf cell is less than 2 km long. */
static bool far_away(const struct notice *notice, struct geo_box box, const struct plan_follower *follower)
{
    double metres = follower->metres + 2000 + notice->shape.radius;
    double lat = metres / METRES_A_DEGREE, lon = lat / cos(follower->center.lat * M_PI / 180);

    return follower->center.lat < box.south - lat || follower->center.lat > box.north + lat ||
           follower->center.lon < box.west - lon || follower->center.lon > box.east + lon;
}

static void expect_notice(struct plan *plan, uint32_t index)
{
    struct notice *notice = &plan->notices[index];
    struct geo_box box = box_of(notice);
    uint32_t before = notice->first;

    notice->due_to = plan_room(plan->follower_count, 1);
    notice->got = plan_room(plan->follower_count, 1);
    while (before != index && plan->notices[before].next != index)
        before = plan->notices[before].next;
    for (size_t f = 0; f < plan->follower_count && !notice->wrong; f++) {
        const struct plan_follower *follower = &plan->followers[f];
        bool now =
            notice->msg_type != MSG_CANCEL && !far_away(notice, box, follower) && touches(notice, follower);
        bool once = before != index && plan->notices[before].due_to[f];
        notice->due_to[f] = now ? 1 : once ? 2 : 0;
        notice->expected += now || once;
    }
}

void expected_prepare(struct day *day)
{
    struct plan *plan = day->plan;

    day->watches = plan_room(plan->leaf_count * plan->follower_count / 8 + 1, 1);
    for (uint32_t f = 0; f < plan->follower_count; f++)
        if (plan->followers[f].watches)
            watch_leaves(day, f);
    for (uint32_t i = 0; i < plan->notice_count; i++)
        expect_notice(plan, i);
}
