/* Where an agency may alert: polygons as the registry keeps them, ready to be asked. */
#ifndef NEIGHBORS_BROKER_JURISDICTION_H
#define NEIGHBORS_BROKER_JURISDICTION_H

#include "geo/geo.h"
#include "proto/bytes.h"

struct jurisdiction;

/* From an encoded neighbors.v1.MultiPolygon (copied). Of one that cannot be read it is without polygons:
 * nothing lies in it. */
struct jurisdiction *jurisdiction_new(struct bytes encoded);
/* NULL is allowed in all that follows. */
void jurisdiction_free(struct jurisdiction *jurisdiction);
/* True when it was made of these very bytes. */
bool jurisdiction_is(const struct jurisdiction *jurisdiction, struct bytes encoded);
/* Both live as long as the jurisdiction; NULL of NULL. */
const struct geo_shape *jurisdiction_shape(const struct jurisdiction *jurisdiction);
const struct geo_prepared *jurisdiction_prepared(const struct jurisdiction *jurisdiction);

#endif
