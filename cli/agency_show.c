#include "cli/agency_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/geojson.h"
#include "cli/place.h"

enum { POINTS_SHOWN = 2000, DATE_TEXT = 16 };

static size_t points_of(const struct geo_shape *shape)
{
    size_t points = 0;
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t r = 0; r < shape->polygons[i].count; r++)
            points += shape->polygons[i].rings[r].count;
    return points;
}

/* [west, south, east, north], as RFC 7946 has it; the outer rings decide. */
static json_t *box_of(const struct geo_shape *shape)
{
    double west = 180, south = 90, east = -180, north = -90;
    for (size_t i = 0; i < shape->polygon_count; i++) {
        const struct geo_ring *ring = &shape->polygons[i].rings[0];
        for (size_t p = 0; p < ring->count; p++) {
            west = ring->points[p].lon < west ? ring->points[p].lon : west;
            east = ring->points[p].lon > east ? ring->points[p].lon : east;
            south = ring->points[p].lat < south ? ring->points[p].lat : south;
            north = ring->points[p].lat > north ? ring->points[p].lat : north;
        }
    }
    return json_pack("[f, f, f, f]", west, south, east, north);
}

static json_t *office_of(const struct registry_agency *agency)
{
    double lat, lon;
    if (sscanf(agency->office, "%lf,%lf", &lat, &lon) != 2)
        return json_null();
    return json_pack("{s:s, s:[f, f]}", "type", "Point", "coordinates", lon, lat);
}

static void put_jurisdiction(json_t *feature, const struct registry_agency *agency, struct arena *arena)
{
    struct geo_shape shape;
    json_t *properties = json_object_get(feature, "properties");
    if (agency->jurisdiction.len == 0) {
        json_object_set_new(properties, "jurisdiction", json_string("everywhere"));
        return;
    }
    if (!place_kept(agency->jurisdiction, arena, &shape) || shape.polygon_count == 0) {
        json_object_set_new(properties, "jurisdiction", json_null());
        return;
    }
    json_object_set_new(feature, "bbox", box_of(&shape));
    json_object_set_new(properties, "jurisdiction",
        points_of(&shape) <= POINTS_SHOWN ? geojson_area(&shape, arena) : json_null());
}

static json_t *feature_of(const struct registry_agency *agency, struct arena *arena)
{
    char date[DATE_TEXT] = "";
    time_t since = (time_t)(agency->partner_since / 1000);
    struct tm parts;
    if (gmtime_r(&since, &parts))
        strftime(date, sizeof date, "%Y-%m-%d", &parts);
    json_t *feature = json_pack("{s:s, s:s, s:o, s:{s:s, s:s, s:s}}", "type", "Feature", "id", agency->id,
        "geometry", office_of(agency), "properties", "name", agency->name, "kind",
        *agency->kind ? agency->kind : "other", "since", date);
    if (feature)
        put_jurisdiction(feature, agency, arena);
    return feature;
}

bool agency_show(struct redis_sync *redis, const char *id, int64_t now)
{
    struct registry_agency agency;
    struct arena arena;
    arena_init(&arena, NULL, 0);
    bool done = registry_agency_read(redis, id, &arena, &agency) == REGISTRY_OK;
    json_t *feature = done ? feature_of(&agency, &arena) : NULL;
    char *text = feature ? json_dumps(feature, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    if (done && !text)
        snprintf(redis->error, sizeof redis->error, "what is known of agency/%.64s is no UTF-8", id);
    done = text && registry_agency_show(redis, id, agency.name, text, now);
    free(text);
    json_decref(feature);
    arena_free(&arena);
    return done;
}
