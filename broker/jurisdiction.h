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

/* True when the whole shape lies inside; NULL holds everything. prepared: of the shape. How exact: no point
 * of its outlines (looked at in steps of 150 m; of a circle or point, its centre) lies more than 10 m
 * outside, which is what coordinates lose when they are rounded; and it touches no cell of precision 6 (of a
 * circle or point, 7: at most 153 m wide and high) that the jurisdiction does not touch, so that it spans no
 * larger gap either. Edges that the jurisdiction has itself, number for number, need no steps; the others of
 * an outline get at most 2,000 beyond one a corner, so that those of one of more than 300 km are longer; and
 * at most 20,000 cells are looked at, or they are of precision 5. */
bool jurisdiction_holds(const struct jurisdiction *jurisdiction, const struct geo_shape *shape,
    const struct geo_prepared *prepared);

#endif
