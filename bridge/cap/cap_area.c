/* The union of a document's areas. Each area is put together by itself (drawn, else named, less what it
 * excludes) and then joins the others; what cannot be placed is told. */
#include "bridge/cap/cap_area.h"

#include <math.h>

#include "bridge/cap/alert_parts.h"

/* A circle waits until it is known whether it is alone. */
struct circle {
    struct position center;
    double radius_m;
    const struct cap_plan_area *area; /* where it stands */
    size_t number;
};

struct building {
    const struct cap_plan *plan;
    const struct cap_resolved *resolved;
    struct arena *arena;
    struct cap_polygons all;
    struct cap_index index; /* of all */
    size_t points;
    struct circle *circles;
    size_t circle_count;
    size_t circles_drawn; /* as polygons, or tried to */
    size_t untangle_budget, exclude_budget;
    bool full; /* more than an alert can have */
    struct refusal *refused;
    size_t refused_count;
    size_t meant; /* areas that are drawn or named */
    bool placed;  /* the area at hand has a place, or a part of it */
};

/* ---- polygons ---- */

void cap_polygons_add(struct cap_polygons *list, struct polygon polygon)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 8;
        struct polygon *items = arena_take(list->arena, room * sizeof *items);
        if (list->count)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = polygon;
}

struct geo_polygon cap_geo_polygon(const struct polygon *polygon, struct arena *arena)
{
    struct geo_ring *rings = arena_take(arena, polygon->count * sizeof *rings);
    for (size_t i = 0; i < polygon->count; i++) {
        const struct ring *ring = &polygon->rings[i];
        struct geo_point *points = arena_take(arena, ring->count * sizeof *points);
        for (size_t j = 0; j < ring->count; j++)
            points[j] = (struct geo_point){ring->points[j].lat_e7 / 1e7, ring->points[j].lon_e7 / 1e7};
        rings[i] = (struct geo_ring){points, ring->count};
    }
    return (struct geo_polygon){rings, polygon->count};
}

struct polygon cap_simple_polygon(struct ring ring, struct arena *arena)
{
    struct ring *rings = arena_take(arena, sizeof *rings);
    *rings = ring;
    return (struct polygon){1, rings};
}

struct polygon_among {
    const struct building *building;
    const struct polygon *polygon;
};

static bool same_polygon(const void *context, size_t number)
{
    const struct polygon_among *asked = context;
    const struct polygon *a = asked->polygon, *b = &asked->building->all.items[number];
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->rings[i].count != b->rings[i].count ||
            memcmp(a->rings[i].points, b->rings[i].points, a->rings[i].count * sizeof *a->rings[i].points) !=
                0)
            return false;
    return true;
}

/* Into the union, unless the same is there. */
static void join(struct building *building, struct polygon polygon)
{
    size_t points = 0;
    uint64_t hash = building->index.seed;
    for (size_t i = 0; i < polygon.count; i++) {
        points += polygon.rings[i].count;
        hash =
            cap_hash(hash, polygon.rings[i].points, polygon.rings[i].count * sizeof *polygon.rings[i].points);
    }
    struct polygon_among asked = {building, &polygon};
    building->full |= building->all.count == LIMIT_POLYGONS;
    if (building->full || cap_index_put(&building->index, hash, same_polygon, &asked, building->all.count) !=
                              building->all.count)
        return;
    cap_polygons_add(&building->all, polygon);
    building->points += points;
    building->full |= building->points > LIMIT_POINTS;
}

/* ---- what is told ---- */

static void tell(struct building *building, const struct cap_plan_area *area, const char *part, size_t index,
    const char *rule)
{
    if (building->refused_count++ >= CAP_AREA_REFUSALS)
        return;
    if (!building->refused)
        building->refused = arena_alloc(building->arena, CAP_AREA_REFUSALS * sizeof *building->refused);
    const char *field = arena_printf(building->arena, "info[%zu].area[%zu]", area->info, area->area);
    if (part)
        field = arena_printf(building->arena, "%s.%s[%zu]", field, part, index);
    building->refused[building->refused_count - 1] =
        (struct refusal){.code = REASON_BAD_PAYLOAD, .field = field, .rule = rule};
}

/* The last row says how many more there were. */
static void close_refused(struct building *building, struct cap_placed *placed)
{
    placed->refused = building->refused;
    placed->refused_count = building->refused_count;
    if (building->refused_count <= CAP_AREA_REFUSALS)
        return;
    placed->refused_count = CAP_AREA_REFUSALS;
    building->refused[CAP_AREA_REFUSALS - 1] = (struct refusal){.code = REASON_BAD_PAYLOAD,
        .field = "info.area",
        .rule = arena_printf(building->arena, "R40: %zu more cannot be placed",
            building->refused_count - CAP_AREA_REFUSALS + 1)};
}

/* ---- drawn areas ---- */

static bool is_point(const struct ring *ring)
{
    for (size_t i = 1; i < ring->count; i++)
        if (memcmp(&ring->points[i], &ring->points[0], sizeof *ring->points) != 0)
            return false;
    return true;
}

static void add_circle(struct building *building, struct circle circle)
{
    building->placed = true;
    for (size_t i = 0; i < building->circle_count; i++)
        if (memcmp(&building->circles[i].center, &circle.center, sizeof circle.center) == 0 &&
            building->circles[i].radius_m == circle.radius_m)
            return;
    building->full |= building->circle_count == LIMIT_POLYGONS;
    if (building->full)
        return;
    if (!building->circles)
        building->circles = arena_take(building->arena, LIMIT_POLYGONS * sizeof *building->circles);
    building->circles[building->circle_count++] = circle;
}

static bool circle_as_polygon(struct building *building, const struct circle *circle, struct polygon *out)
{
    building->full |= building->circles_drawn++ == LIMIT_POLYGONS;
    bool drawn =
        circle->radius_m <= 0 || cap_circle_polygon(circle->center, circle->radius_m, building->arena, out);
    if (circle->radius_m <= 0)
        *out = cap_leaf_polygon(circle->center, building->arena);
    if (!drawn)
        tell(building, circle->area, "circle", circle->number,
            "R43: at most 5000 km, and not so near a pole that it cannot be drawn");
    return drawn;
}

static void draw_polygon(
    struct building *building, const struct cap_plan_area *area, size_t index, struct cap_polygons *own)
{
    const struct cap_polygon *in = &area->source->polygons[index];
    struct ring ring = {in->count, arena_take(building->arena, in->count * sizeof *ring.points)};
    for (size_t i = 0; i < in->count; i++)
        ring.points[i] = (struct position){in->points[i].lat, in->points[i].lon};
    if (in->count && is_point(&ring)) {
        cap_polygons_add(own, cap_leaf_polygon(ring.points[0], building->arena));
        return;
    }
    struct polygon simple = {1, &ring};
    struct geo_polygon drawn = cap_geo_polygon(&simple, building->arena);
    struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &drawn, .polygon_count = 1};
    enum geo_error error = geo_shape_check(&shape);
    /* Loops of an eight may cancel each other out: then it is flat only in sum. */
    size_t before = own->count;
    if (error == GEO_OK || error == GEO_RING_FLAT)
        cap_untangle(ring, own, &building->untangle_budget);
    if (own->count == before)
        tell(building, area, "polygon", index,
            arena_printf(building->arena, "R43: %s", geo_error_text(error)));
}

static void draw_circle(
    struct building *building, const struct cap_plan_area *area, size_t index, struct cap_polygons *own)
{
    const struct cap_circle *in = &area->source->circles[index];
    struct circle circle = {{in->center.lat, in->center.lon}, in->radius_km * 1000, area, index};
    struct polygon polygon;
    if (!area->excluded_count && circle.radius_m <= LIMIT_RADIUS)
        add_circle(building, circle);
    else if (circle_as_polygon(building, &circle, &polygon))
        cap_polygons_add(own, polygon);
}

static void draw(struct building *building, const struct cap_plan_area *area, struct cap_polygons *own)
{
    size_t points = 0;
    for (size_t i = 0; i < area->source->polygon_count && !building->full; i++) {
        points += area->source->polygons[i].count;
        building->full |= points > LIMIT_POINTS;
        if (!building->full)
            draw_polygon(building, area, i, own);
        building->full |= own->count > LIMIT_POLYGONS;
    }
    for (size_t i = 0; i < area->source->circle_count && !building->full; i++)
        draw_circle(building, area, i, own);
}

/* ---- named areas ---- */

/* What no area is known for, as it is told: the first few by name. */
struct unknown {
    size_t count;
    const char *list;
};

static bool take_code(struct building *building, size_t number, struct cap_polygons *own)
{
    const struct cap_resolved *found = &building->resolved[number];
    for (size_t i = 0; i < found->polygon_count; i++)
        cap_polygons_add(own, found->polygons[i]);
    return found->polygon_count > 0;
}

static void note_unknown(
    struct building *building, struct text scheme, struct text code, struct unknown *unknown)
{
    enum { NAMED = 4, SHOWN = 48 };
    if (unknown->count++ >= NAMED)
        return;
    scheme = cap_prose(scheme, SHOWN, building->arena);
    code = cap_prose(code, SHOWN, building->arena);
    unknown->list = arena_printf(building->arena, "%s%s%.*s %.*s", unknown->count > 1 ? unknown->list : "",
        unknown->count > 1 ? ", " : "", (int)scheme.len, scheme.data ? scheme.data : "", (int)code.len,
        code.data ? code.data : "");
    if (unknown->count == NAMED)
        unknown->list = arena_printf(building->arena, "%s …", unknown->list);
}

/* A value in the table as it stands is that one code, though it holds blanks. */
static void take_name(struct building *building, const struct cap_named *named, struct cap_polygons *own,
    struct unknown *unknown)
{
    if (take_code(building, named->whole, own))
        return;
    if (!named->part_count) {
        note_unknown(building, named->scheme, named->value, unknown);
        return;
    }
    for (size_t i = 0; i < named->part_count; i++)
        if (!take_code(building, named->parts[i], own))
            note_unknown(building, named->scheme, building->plan->codes[named->parts[i]].code, unknown);
}

static void look_up(struct building *building, const struct cap_plan_area *area, struct cap_polygons *own)
{
    struct unknown unknown = {0, ""};
    for (size_t i = 0; i < area->named_count; i++)
        take_name(building, &area->named[i], own, &unknown);
    if (unknown.count)
        tell(building, area, NULL, 0,
            arena_printf(building->arena, "R40: no area is known for %s%s", unknown.list,
                own->count ? "; its other codes are placed" : ""));
}

/* ---- the union ---- */

/* False: nothing of it has a place. */
static bool take_area(struct building *building, const struct cap_plan_area *area)
{
    bool drawn = area->source->polygon_count || area->source->circle_count;
    struct cap_polygons own = {.arena = building->arena};
    if (!drawn && !area->named_count) {
        tell(building, area, NULL, 0, "R36: described, but neither drawn nor named by a code");
        return false;
    }
    building->meant++;
    building->placed = false;
    const char *rule = area->refused;
    if (!rule) {
        if (drawn)
            draw(building, area, &own);
        else
            look_up(building, area, &own);
        if (area->excluded_count)
            rule = cap_exclude(&own, area->excluded, area->excluded_count, &building->exclude_budget);
    }
    if (rule) {
        tell(building, area, NULL, 0, rule);
        return false;
    }
    for (size_t i = 0; i < own.count && !building->full; i++)
        join(building, own.items[i]);
    return own.count || building->placed;
}

/* All polygons so far, for many questions; NULL when there are none. */
static const struct geo_prepared *prepare_all(struct building *building)
{
    struct geo_polygon *polygons = arena_take(building->arena, building->all.count * sizeof *polygons);
    struct geo_shape *shape = arena_take(building->arena, sizeof *shape);
    for (size_t i = 0; i < building->all.count; i++)
        polygons[i] = cap_geo_polygon(&building->all.items[i], building->arena);
    *shape =
        (struct geo_shape){.kind = GEO_POLYGONS, .polygons = polygons, .polygon_count = building->all.count};
    size_t size = geo_prepared_size(shape);
    return building->all.count ? geo_prepare(shape, arena_take(building->arena, size), size) : NULL;
}

/* Circles beside other shapes. A point that lies in one of those adds nothing. */
static void join_circles(struct building *building)
{
    const struct geo_prepared *all = prepare_all(building);
    for (size_t i = 0; i < building->circle_count && !building->full; i++) {
        const struct circle *circle = &building->circles[i];
        struct geo_point center = {circle->center.lat_e7 / 1e7, circle->center.lon_e7 / 1e7};
        struct polygon polygon;
        if (circle->radius_m <= 0 && all && geo_prepared_contains(all, center))
            continue;
        if (circle_as_polygon(building, circle, &polygon))
            join(building, polygon);
    }
}

static void finish(struct building *building, struct place *place)
{
    *place = (struct place){.kind = PLACE_NONE};
    if (building->all.count == 0 && building->circle_count == 1) {
        struct circle *alone = &building->circles[0];
        place->kind = alone->radius_m > 0 ? PLACE_CIRCLE : PLACE_POINT;
        place->center = alone->center;
        place->radius_m = (uint32_t)ceil(alone->radius_m);
        return;
    }
    if (building->circle_count)
        join_circles(building);
    if (!building->all.count)
        return;
    place->kind = PLACE_POLYGONS;
    place->polygons = building->all.items;
    place->polygon_count = building->all.count;
}

bool cap_area_build(const struct cap_plan *plan, const struct cap_resolved *resolved, struct arena *arena,
    struct place *place, struct cap_placed *placed, struct refusal *refusal)
{
    struct building building = {.plan = plan,
        .resolved = resolved,
        .arena = arena,
        .all.arena = arena,
        .untangle_budget = CAP_UNTANGLE_BUDGET,
        .exclude_budget = CAP_EXCLUDE_BUDGET};
    *placed = (struct cap_placed){0};
    cap_index_init(&building.index, LIMIT_POLYGONS, arena);
    for (size_t i = 0; i < plan->area_count && !building.full; i++)
        placed->placed_count += take_area(&building, &plan->areas[i]);
    finish(&building, place);
    close_refused(&building, placed);
    if (building.full)
        return cap_refuse(refusal, "info.area",
            arena_printf(arena, "R05: at most %d polygons and %d points in all", (int)LIMIT_POLYGONS,
                (int)LIMIT_POINTS));
    if (place->kind == PLACE_NONE && building.meant)
        return cap_refuse(refusal, placed->refused_count ? placed->refused[0].field : "info.area",
            placed->refused_count ? placed->refused[0].rule : "R43: everything in it is excluded");
    return true;
}
