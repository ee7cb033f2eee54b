/* What happens where, as GeoJSON (RFC 7946). Coordinates are written here, being many; all else by the JSON
 * library. */
#ifndef NEIGHBORS_BROKER_NET_GEOJSON_H
#define NEIGHBORS_BROKER_NET_GEOJSON_H

#include <jansson.h>

#include "broker/inquiry.h"

/* A FeatureCollection that is being written. */
struct geojson {
    char *data; /* made with malloc; whoever takes it frees it */
    size_t len, room;
    size_t features;
};

void geojson_begin(struct geojson *out);
/* A Feature of an alert in force. Geometry: a Point, a Polygon (also around a circle) or a MultiPolygon.
 * Properties: the fields of Alert in its JSON form, with `item` "alert"; the place stands among them only
 * when it is a point or a circle. The id is the public id. */
void geojson_alert(struct geojson *out, const struct alert *alert);
/* A Feature of an activity: its leaf cell as a Polygon; properties as Activity, `item` "activity", `cell`. */
void geojson_activity(struct geojson *out, const struct inquiry_activity *activity);
/* Ends the collection with further members (an object, taken over). */
void geojson_end(struct geojson *out, json_t *members);

#endif
