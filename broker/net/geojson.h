/* What happens where, as GeoJSON (RFC 7946). */
#ifndef NEIGHBORS_BROKER_NET_GEOJSON_H
#define NEIGHBORS_BROKER_NET_GEOJSON_H

#include <jansson.h>

#include "broker/inquiry.h"

enum { GEOJSON_DIGITS = 10 }; /* of a coordinate: 1e-7 degrees */

/* A Feature of an alert in force. Geometry: a Point, a Polygon (also around a circle) or a MultiPolygon.
 * Properties: the fields of Alert in its JSON form, with `item` "alert"; the place stands among them only
 * when it is a point or a circle. The id is the public id. */
json_t *geojson_alert(const struct alert *alert, struct arena *arena);
/* A Feature of an activity: its leaf cell as a Polygon; properties as Activity, `item` "activity", `cell`. */
json_t *geojson_activity(const struct inquiry_activity *activity, struct arena *arena);

#endif
