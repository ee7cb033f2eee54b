/* What the broker writes of agencies; the rest is the operator's (bridge/registry.h). */
#ifndef NEIGHBORS_BRIDGE_STORE_AGENCY_H
#define NEIGHBORS_BRIDGE_STORE_AGENCY_H

#include "bridge/store.h"

/* The agency's own test alert came back to it at that time (ms). Once is enough; store_events tells that the
 * principal changed. OK, NOT_FOUND, FAILED or GONE. */
void store_drilled(
    struct store *store, struct text principal, int64_t now, store_status_done *done, void *arg);

/* What the public is told of the agencies, in the order of their ids: a GeoJSON feature each, as the registry
 * wrote it (bridge/registry_agency.h). */
struct store_agencies {
    enum store_status status; /* OK, FAILED or GONE */
    size_t count;
    const struct text *features;
};
typedef void store_agencies_done(void *arg, const struct store_agencies *agencies);
void store_agencies(struct store *store, store_agencies_done *done, void *arg);

#endif
