#include "broker/net/geojson.h"

#include "bridge/cap/alert_parts.h"
#include "proto/codec.h"

/* ---- geometry: longitude first ---- */

static json_t *coordinates(double lon, double lat)
{
    return json_pack("[f, f]", lon, lat);
}

static json_t *geometry(const char *type, json_t *inner)
{
    return json_pack("{s:s, s:o}", "type", type, "coordinates", inner);
}

/* Twice the area that the ring surrounds, positive when it runs against the clock; its points may lie on both
 * sides of the antimeridian. */
static double turning(const struct ring *ring)
{
    double sum = 0;
    for (size_t i = 0; i + 1 < ring->count; i++) {
        double across = (double)ring->points[i + 1].lon_e7 - ring->points[i].lon_e7;
        across += across > 1800e6 ? -3600e6 : across < -1800e6 ? 3600e6 : 0;
        sum -= across * ((double)ring->points[i + 1].lat_e7 + ring->points[i].lat_e7);
    }
    return sum;
}

/* RFC 7946, section 3.1.6: outlines run against the clock, holes with it. */
static json_t *ring_of(const struct ring *ring, bool outline)
{
    json_t *points = json_array();
    bool as_it_is = (turning(ring) > 0) == outline;
    for (size_t i = 0; i < ring->count; i++) {
        const struct position *point = &ring->points[as_it_is ? i : ring->count - 1 - i];
        json_array_append_new(points, coordinates(point->lon_e7 / 1e7, point->lat_e7 / 1e7));
    }
    return points;
}

static json_t *polygon_of(const struct polygon *polygon)
{
    json_t *rings = json_array();
    for (size_t i = 0; i < polygon->count; i++) {
        json_array_append_new(rings, ring_of(&polygon->rings[i], i == 0));
    }
    return rings;
}

static json_t *geometry_of(const struct place *place, struct arena *arena)
{
    struct polygon around;
    if (place->kind == PLACE_CIRCLE && cap_circle_polygon(place->center, place->radius_m, arena, &around)) {
        return geometry("Polygon", polygon_of(&around));
    }
    if (place->kind != PLACE_POLYGONS) {
        return geometry("Point", coordinates(place->center.lon_e7 / 1e7, place->center.lat_e7 / 1e7));
    }
    if (place->polygon_count == 1) {
        return geometry("Polygon", polygon_of(&place->polygons[0]));
    }
    json_t *polygons = json_array();
    for (size_t i = 0; i < place->polygon_count; i++) {
        json_array_append_new(polygons, polygon_of(&place->polygons[i]));
    }
    return geometry("MultiPolygon", polygons);
}

static json_t *cell_polygon(const char *cell)
{
    geo_cell parsed;
    if (geo_parse(cell, strlen(cell), &parsed) != GEO_OK) {
        return json_null();
    }
    struct geo_box box = geo_bounds(parsed);
    return geometry("Polygon", json_pack("[[[f,f],[f,f],[f,f],[f,f],[f,f]]]", box.west, box.south, box.east,
                                   box.south, box.east, box.north, box.west, box.north, box.west, box.south));
}

/* ---- features ---- */

static json_t *feature(json_t *shape, json_t *properties)
{
    return json_pack("{s:s, s:o, s:o}", "type", "Feature", "geometry", shape, "properties", properties);
}

/* The message as the codec writes it, as a value. */
static json_t *value_of(struct bytes encoded)
{
    json_t *value = json_loadb((const char *)encoded.data, encoded.len, 0, NULL);
    return value ? value : json_object();
}

json_t *geojson_alert(const struct alert *alert, struct arena *arena)
{
    struct alert shown = *alert;
    if (shown.place.kind == PLACE_POLYGONS) {
        shown.place = (struct place){0};
    }
    json_t *properties = value_of(codec_encode_alert(ENCODING_JSON, &shown, arena));
    json_object_set_new(properties, "item", json_string("alert"));
    json_t *made = feature(geometry_of(&alert->place, arena), properties);
    json_object_set_new(made, "id", json_stringn(alert->public_id.data, alert->public_id.len));
    return made;
}

json_t *geojson_activity(const struct inquiry_activity *activity, struct arena *arena)
{
    struct feed_item item = {
        .cell = text_of(activity->cell), .kind = FEED_ACTIVITY, .activity = activity->activity};
    json_t *whole = value_of(codec_encode_feed_item(ENCODING_JSON, &item, arena));
    json_t *properties = json_incref(json_object_get(whole, "activity"));
    json_decref(whole);
    json_object_set_new(properties, "item", json_string("activity"));
    json_object_set_new(properties, "cell", json_string(activity->cell));
    return feature(cell_polygon(activity->cell), properties);
}
