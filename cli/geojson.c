/* GeoJSON by jansson: first the polygons are counted, then they are read. What is not an area (points, lines)
 * is refused rather than passed over, so that nobody takes a cover for more than it covers. */
#include "cli/geojson.h"

#include <jansson.h>
#include <stdio.h>

enum { DEPTH_MOST = 16 };

/* Where polygons go. */
struct reader {
    struct arena *arena;
    struct geo_polygon *polygons; /* NULL while counting */
    size_t count;
    const char *complaint;
};

static bool complain(struct reader *reader, const char *complaint)
{
    reader->complaint = complaint;
    return false;
}

static bool read_position(struct reader *reader, const json_t *position, struct geo_point *out)
{
    const json_t *lon = json_array_get(position, 0), *lat = json_array_get(position, 1);
    if (!json_is_number(lon) || !json_is_number(lat))
        return complain(reader, "a position is an array of longitude and latitude");
    *out = (struct geo_point){json_number_value(lat), json_number_value(lon)};
    return true;
}

static bool read_ring(struct reader *reader, const json_t *positions, struct geo_ring *out)
{
    size_t count = json_array_size(positions);
    struct geo_point *points = arena_alloc(reader->arena, (count + 1) * sizeof *points);
    *out = (struct geo_ring){points, count};
    for (size_t i = 0; i < count; i++)
        if (!read_position(reader, json_array_get(positions, i), &points[i]))
            return false;
    return count > 0 || complain(reader, "a ring is an array of positions");
}

static bool read_polygon(struct reader *reader, const json_t *rings)
{
    size_t count = json_array_size(rings);
    if (count == 0)
        return complain(reader, "the coordinates of a polygon are an array of rings");
    if (!reader->polygons) {
        reader->count++;
        return true;
    }
    struct geo_ring *list = arena_alloc(reader->arena, count * sizeof *list);
    for (size_t i = 0; i < count; i++)
        if (!read_ring(reader, json_array_get(rings, i), &list[i]))
            return false;
    reader->polygons[reader->count++] = (struct geo_polygon){list, count};
    return true;
}

static bool read_object(struct reader *reader, const json_t *object, int depth);

static bool read_each(struct reader *reader, const json_t *objects, int depth)
{
    for (size_t i = 0; i < json_array_size(objects); i++)
        if (!read_object(reader, json_array_get(objects, i), depth + 1))
            return false;
    return true;
}

static bool read_object(struct reader *reader, const json_t *object, int depth)
{
    const char *type = json_string_value(json_object_get(object, "type"));
    const json_t *coordinates = json_object_get(object, "coordinates");
    if (!type || depth > DEPTH_MOST)
        return complain(reader, "this is not GeoJSON");
    if (strcmp(type, "FeatureCollection") == 0)
        return read_each(reader, json_object_get(object, "features"), depth);
    if (strcmp(type, "GeometryCollection") == 0)
        return read_each(reader, json_object_get(object, "geometries"), depth);
    if (strcmp(type, "Feature") == 0)
        return read_object(reader, json_object_get(object, "geometry"), depth + 1);
    if (strcmp(type, "Polygon") == 0)
        return read_polygon(reader, coordinates);
    if (strcmp(type, "MultiPolygon") != 0)
        return complain(reader, "only polygons can be covered");
    for (size_t i = 0; i < json_array_size(coordinates); i++)
        if (!read_polygon(reader, json_array_get(coordinates, i)))
            return false;
    return true;
}

static bool read_all(struct reader *reader, const json_t *root, struct geo_shape *out)
{
    if (!read_object(reader, root, 0))
        return false;
    if (reader->count == 0)
        return complain(reader, "there is no polygon in it");
    reader->polygons = arena_alloc(reader->arena, reader->count * sizeof *reader->polygons);
    reader->count = 0;
    if (!read_object(reader, root, 0))
        return false;
    *out = (struct geo_shape){
        .kind = GEO_POLYGONS, .polygons = reader->polygons, .polygon_count = reader->count};
    return true;
}

bool geojson_read(const char *path, struct arena *arena, struct geo_shape *out, char error[GEOJSON_ERROR])
{
    struct reader reader = {.arena = arena};
    json_error_t where;
    json_t *root = strcmp(path, "-") == 0 ? json_loadf(stdin, 0, &where) : json_load_file(path, 0, &where);
    bool done = root && read_all(&reader, root, out);
    if (!root && where.line > 0)
        snprintf(error, GEOJSON_ERROR, "%.80s:%d: %.80s", path, where.line, where.text);
    else if (!root)
        snprintf(error, GEOJSON_ERROR, "%.180s", where.text);
    else if (!done)
        snprintf(error, GEOJSON_ERROR, "%.90s: %s", path, reader.complaint);
    json_decref(root);
    return done;
}
