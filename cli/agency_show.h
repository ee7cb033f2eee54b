/* What the public is told of an agency. */
#ifndef NEIGHBORS_CLI_AGENCY_SHOW_H
#define NEIGHBORS_CLI_AGENCY_SHOW_H

#include "bridge/registry_agency.h"

/* Puts what is known of the agency into the public list, as a GeoJSON feature: its office as a point, what it
 * is and since when, its jurisdiction's box, and the polygons unless they have very many points. False:
 * redis->error. */
bool agency_show(struct redis_sync *redis, const char *id, int64_t now) __attribute__((warn_unused_result));

#endif
