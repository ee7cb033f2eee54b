/* Where a CAP document is meant: the union of its areas as the place of an Alert. An area that cannot be
 * placed is told to the sender, never widened and never dropped in silence.
 *
 * Within one area the drawn shape prevails over geocodes (as in Canada's profile and on phones; the
 * standard's union would warn a county for a block). A circle alone stays a circle; beside others it becomes
 * a polygon of 128 points around it. A circle of radius 0 is a point, beside others its leaf cell. A ring
 * that crosses itself holds what an odd number of its lines surrounds (geo.h). */
#ifndef NEIGHBORS_BRIDGE_CAP_CAP_AREA_H
#define NEIGHBORS_BRIDGE_CAP_CAP_AREA_H

#include "bridge/cap/cap_alert.h"

/* The area of a code, as it was found for cap_plan.codes; polygon_count 0: not in the operator's table. */
struct cap_resolved {
    size_t polygon_count;
    const struct polygon *polygons;
};

/* How it went with the areas of a plan. */
struct cap_placed {
    size_t placed_count;           /* areas of the plan, of which all or a part has a place */
    size_t refused_count;          /* things to tell the sender, at most CAP_AREA_REFUSALS */
    const struct refusal *refused; /* field "info[0].area[2]", rule "R40: no area known for SAME 000000" */
};
enum { CAP_AREA_REFUSALS = 64 };

/* Puts the areas of the plan together. resolved: as many as plan->code_count (may be NULL when that is 0).
 * *place lives in the arena and may share points with `resolved`; PLACE_NONE when the plan has no areas.
 * False: *refusal says why the whole message cannot be taken: nothing of it can be placed though it has
 * areas, or it has more polygons or points than an alert can have. */
bool cap_area_build(const struct cap_plan *plan, const struct cap_resolved *resolved, struct arena *arena,
    struct place *place, struct cap_placed *placed, struct refusal *refusal)
    __attribute__((warn_unused_result));

#endif
