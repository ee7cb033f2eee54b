/* Agencies beyond what every principal has: officers, the public list, what the record says of them.
 * Blocking, as bridge/registry.h.
 *
 * - hash nb:{agencies}:list: id -> what the public is told: a GeoJSON feature, as GET /v1/agencies gives it
 * - string nb:{agencies}:version: raised with each change */
#ifndef NEIGHBORS_BRIDGE_REGISTRY_AGENCY_H
#define NEIGHBORS_BRIDGE_REGISTRY_AGENCY_H

#include "bridge/registry.h"
#include "proto/arena.h"

/* "police", "sheriff", "fire", "medical", "emergency_management", "weather", "transport", "other"; ends with
 * NULL. */
extern const char *const registry_agency_kinds[];
bool registry_agency_kind_valid(const char *kind);

/* What is known of an agency beside struct enrolled; texts in the arena, "" when there is none. */
struct registry_agency {
    const char *id, *name, *kind, *office;
    struct bytes jurisdiction;
    int64_t partner_since, enrolled, drilled;
    bool no_drill, revoked;
    size_t officer_count;
    const char *const *officers;
};
enum registry_result registry_agency_read(struct redis_sync *redis, const char *id, struct arena *arena,
    struct registry_agency *out) __attribute__((warn_unused_result));

/* The ids of all that stand in the public list. False: redis->error. */
struct registry_agency_ids {
    size_t count;
    const char *const *ids;
};
bool registry_agency_ids(struct redis_sync *redis, struct arena *arena, struct registry_agency_ids *out)
    __attribute__((warn_unused_result));

/* Puts an officer on the agency's list, or takes them off: connections with their tokens end. REFUSED when
 * the name is none, is there already, or is not there. */
enum registry_result registry_officer_add(struct redis_sync *redis, const char *agency, const char *officer)
    __attribute__((warn_unused_result));
enum registry_result registry_officer_remove(
    struct redis_sync *redis, const char *agency, const char *officer) __attribute__((warn_unused_result));

/* What the public is told of it from now on, and an act for the record when it was not there ("agency-added")
 * or said something else ("agency-changed"). False: redis->error. */
bool registry_agency_show(struct redis_sync *redis, const char *id, const char *name, const char *feature,
    int64_t now) __attribute__((warn_unused_result));
/* Takes it off the public list, with an act ("agency-removed"); nothing when it is not there. */
bool registry_agency_hide(struct redis_sync *redis, const char *id, const char *name, int64_t now)
    __attribute__((warn_unused_result));

#endif
