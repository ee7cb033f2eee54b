/* What the files that make an Alert of a CAP document, and a document of an Alert, share among themselves. */
#ifndef NEIGHBORS_BRIDGE_CAP_ALERT_PARTS_H
#define NEIGHBORS_BRIDGE_CAP_ALERT_PARTS_H

#include "bridge/cap/cap_area.h"
#include "geo/geo.h"

/* The event code by which our own documents tell their category exactly. */
#define CAP_OWN_CATEGORY "neighbors:category"
/* The geocode by which DWD cuts a hole out of an area; ours do so too. */
#define CAP_EXCLUDE "EXCLUDE_POLYGON"

/* What a category of ours is in CAP, and the event of an alert that names none. */
struct cap_category_words {
    uint8_t category; /* enum cap_category */
    const char *event;
};
struct cap_category_words cap_category_out(uint8_t category);

/* The text as an Alert may hold it: trimmed, without control characters, at most `most` bytes. */
struct text cap_prose(struct text text, size_t most, struct arena *arena);

/* The distinct areas of all infos, and the codes that they need. False: too many codes. */
bool cap_plan_areas(const struct cap_message *message, struct arena *arena, struct cap_plan *plan,
    struct refusal *refusal) __attribute__((warn_unused_result));

/* Fills the refusal and returns false. */
bool cap_refuse(struct refusal *refusal, const char *field, const char *rule);

/* Which of numbered things is the same as another: a table of hashes of what the things hold. */
struct cap_index {
    size_t *slots; /* number + 1; 0: free */
    size_t mask;
    uint64_t seed;
};
typedef bool cap_same(const void *context, size_t number);
/* For at most `most` things. */
void cap_index_init(struct cap_index *index, size_t most, struct arena *arena);
/* A hash that goes on from another one. */
uint64_t cap_hash(uint64_t hash, const void *data, size_t len);
/* The number of a thing that is the same, else `number`, which is in the table from now on. hash: begun with
 * index->seed. */
size_t cap_index_put(
    struct cap_index *index, uint64_t hash, cap_same *same, const void *context, size_t number);

/* A polygon as geo reads it; the points live in the arena. */
struct geo_polygon cap_geo_polygon(const struct polygon *polygon, struct arena *arena);
/* A ring of points in the arena as a polygon without holes. */
struct polygon cap_simple_polygon(struct ring ring, struct arena *arena);

/* Polygons that come together one by one. */
struct cap_polygons {
    struct arena *arena;
    struct polygon *items;
    size_t count, room;
};
void cap_polygons_add(struct cap_polygons *list, struct polygon polygon);

/* Takes the exclusions out of the polygons of one area: a hole in each that holds it whole, nothing of one
 * that lies elsewhere. NULL, or why it cannot be done: the rule that it breaks. *budget: how many points of
 * exclusions may still be held against polygons in this document; what is used is taken from it. */
enum { CAP_EXCLUDE_BUDGET = 48 * 1024 };
const char *cap_exclude(struct cap_polygons *area, const struct ring *excluded, size_t count, size_t *budget)
    __attribute__((warn_unused_result));

/* A ring that crosses itself as rings that do not, which together hold every point that it surrounds, also
 * those that it surrounds twice. Rings of many points, and those that cross themselves often, stay as they
 * are. *budget: of how many points may still be parted in this document; what is used is taken from it. */
enum { CAP_UNTANGLE_BUDGET = 256 * 1024 };
void cap_untangle(struct ring ring, struct cap_polygons *out, size_t *budget);

/* A polygon of 128 points around the circle, on the globe: holds every point of it. False: it cannot be drawn
 * so (beyond 5,000 km, or too near a pole). */
bool cap_circle_polygon(struct position center, double radius_m, struct arena *arena, struct polygon *out)
    __attribute__((warn_unused_result));
/* The leaf cell of a point as a polygon that touches no other leaf cell. */
struct polygon cap_leaf_polygon(struct position point, struct arena *arena);

#endif
