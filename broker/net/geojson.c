/* Alerts and activity as features of a GeoJSON collection, written one behind the other. */
#include "broker/net/geojson.h"

#include <stdlib.h>

#include "bridge/cap/alert_parts.h"
#include "proto/codec.h"

/* ---- text ---- */

enum { FIRST_ROOM = 4096, POINT_TEXT = 32 }; /* "[-180.1234567,-90.1234567]," */

static void make_room(struct geojson *out, size_t len)
{
    if (len <= out->room - out->len) {
        return;
    }
    out->room = 2 * (out->len + len) + FIRST_ROOM;
    out->data = realloc(out->data, out->room);
    if (!out->data) {
        abort();
    }
}

static void put(struct geojson *out, const char *text)
{
    size_t len = strlen(text);
    make_room(out, len);
    memcpy(out->data + out->len, text, len);
    out->len += len;
}

/* 1e-7 degrees without the zeros that say nothing: "34.0768". */
static char *degrees(char *at, int32_t e7)
{
    char digits[12];
    uint32_t left = e7 < 0 ? -(uint32_t)e7 : (uint32_t)e7;
    int count = 0, least = 0;
    while (least < 7 && left % 10 == 0) {
        left /= 10;
        least++;
    }
    for (int place = least; left || place <= 7; left /= 10, place++) {
        if (place == 7 && least < 7) {
            digits[count++] = '.';
        }
        digits[count++] = (char)('0' + left % 10);
    }
    *at = '-';
    at += e7 < 0;
    while (count) {
        *at++ = digits[--count];
    }
    return at;
}

static void put_point(struct geojson *out, struct position point)
{
    make_room(out, POINT_TEXT);
    char *at = out->data + out->len;
    *at++ = '[';
    at = degrees(at, point.lon_e7); /* longitude first */
    *at++ = ',';
    at = degrees(at, point.lat_e7);
    *at++ = ']';
    out->len = (size_t)(at - out->data);
}

/* The object without its opening brace, for one that was opened here. Takes it over. */
static void put_members(struct geojson *out, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!text) {
        abort();
    }
    put(out, text + 1);
    free(text);
}

/* ---- geometry ---- */

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
static void put_ring(struct geojson *out, const struct ring *ring, bool outline)
{
    bool as_it_is = (turning(ring) > 0) == outline;
    put(out, "[");
    for (size_t i = 0; i < ring->count; i++) {
        put(out, i ? "," : "");
        put_point(out, ring->points[as_it_is ? i : ring->count - 1 - i]);
    }
    put(out, "]");
}

static void put_polygon(struct geojson *out, const struct polygon *polygon)
{
    put(out, "[");
    for (size_t i = 0; i < polygon->count; i++) {
        put(out, i ? "," : "");
        put_ring(out, &polygon->rings[i], i == 0);
    }
    put(out, "]");
}

static void put_polygons(struct geojson *out, const struct polygon *polygons, size_t count)
{
    put(out, count == 1 ? "{\"type\":\"Polygon\",\"coordinates\":"
                        : "{\"type\":\"MultiPolygon\",\"coordinates\":[");
    for (size_t i = 0; i < count; i++) {
        put(out, i ? "," : "");
        put_polygon(out, &polygons[i]);
    }
    put(out, count == 1 ? "}" : "]}");
}

static void put_place(struct geojson *out, const struct place *place, struct arena *arena)
{
    struct polygon around;
    if (place->kind == PLACE_POLYGONS) {
        put_polygons(out, place->polygons, place->polygon_count);
    } else if (place->kind == PLACE_CIRCLE &&
               cap_circle_polygon(place->center, place->radius_m, arena, &around)) {
        put_polygons(out, &around, 1);
    } else {
        put(out, "{\"type\":\"Point\",\"coordinates\":");
        put_point(out, place->center);
        put(out, "}");
    }
}

static int32_t e7(double value)
{
    return (int32_t)(value * 1e7 + (value < 0 ? -0.5 : 0.5));
}

static void put_cell(struct geojson *out, const char *text)
{
    geo_cell cell;
    if (geo_parse(text, strlen(text), &cell) != GEO_OK) {
        put(out, "null");
        return;
    }
    struct geo_box box = geo_bounds(cell);
    struct position south_west = {e7(box.south), e7(box.west)}, north_east = {e7(box.north), e7(box.east)};
    struct position corners[5] = {south_west, {south_west.lat_e7, north_east.lon_e7}, north_east,
        {north_east.lat_e7, south_west.lon_e7}, south_west};
    struct ring ring = {5, corners};
    struct polygon polygon = {1, &ring};
    put_polygons(out, &polygon, 1);
}

/* ---- features ---- */

static void begin_feature(struct geojson *out)
{
    put(out, out->features++ ? "," : "");
    put(out, "{\"type\":\"Feature\",\"geometry\":");
}

/* The message as the codec writes it, as a value. */
static json_t *value_of(struct bytes encoded)
{
    json_t *value = json_loadb((const char *)encoded.data, encoded.len, 0, NULL);
    return value ? value : json_object();
}

void geojson_begin(struct geojson *out)
{
    *out = (struct geojson){0};
    put(out, "{\"type\":\"FeatureCollection\",\"features\":[");
}

void geojson_alert(struct geojson *out, const struct alert *alert)
{
    struct alert shown = *alert;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    if (shown.place.kind == PLACE_POLYGONS) {
        shown.place = (struct place){0};
    }
    json_t *properties = value_of(codec_encode_alert(ENCODING_JSON, &shown, &arena));
    json_object_set_new(properties, "item", json_string("alert"));
    begin_feature(out);
    put_place(out, &alert->place, &arena);
    put(out, ",");
    put_members(out, json_pack("{s:o, s:o}", "properties", properties, "id",
                         json_stringn(alert->public_id.data, alert->public_id.len)));
    arena_free(&arena);
}

void geojson_activity(struct geojson *out, const struct inquiry_activity *activity)
{
    struct feed_item item = {
        .cell = text_of(activity->cell), .kind = FEED_ACTIVITY, .activity = activity->activity};
    struct arena arena;
    arena_init(&arena, NULL, 0);
    json_t *whole = value_of(codec_encode_feed_item(ENCODING_JSON, &item, &arena));
    json_t *properties = json_object_get(whole, "activity");
    json_object_set_new(properties, "item", json_string("activity"));
    json_object_set_new(properties, "cell", json_string(activity->cell));
    begin_feature(out);
    put_cell(out, activity->cell);
    put(out, ",");
    put_members(out, json_pack("{s:O}", "properties", properties));
    json_decref(whole);
    arena_free(&arena);
}

void geojson_end(struct geojson *out, json_t *members)
{
    put(out, "],");
    put_members(out, members);
    put(out, "\n");
}
