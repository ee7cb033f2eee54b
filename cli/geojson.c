/* GeoJSON by jansson. Reading: first the polygons are counted, then they are read. What is not an area
 * (points, lines) is refused rather than passed over, so that nobody takes a cover for more than it covers.
 */
#include "cli/geojson.h"

#include <stdio.h>

#include "cli/geo_outline.h"

enum { DEPTH_MOST = 16 };

/* ---- reading ---- */

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

const char *geojson_take(const json_t *object, struct arena *arena, struct geo_shape *out)
{
    struct reader reader = {.arena = arena};
    return read_all(&reader, object, out) ? NULL : reader.complaint;
}

bool geojson_read(const char *path, struct arena *arena, struct geo_shape *out, char error[GEOJSON_ERROR])
{
    json_error_t where;
    json_t *root = strcmp(path, "-") == 0 ? json_loadf(stdin, 0, &where) : json_load_file(path, 0, &where);
    const char *complaint = root ? geojson_take(root, arena, out) : NULL;
    bool done = root && !complaint;
    if (!root && where.line > 0)
        snprintf(error, GEOJSON_ERROR, "%.80s:%d: %.80s", path, where.line, where.text);
    else if (!root)
        snprintf(error, GEOJSON_ERROR, "%.180s", where.text);
    else if (complaint)
        snprintf(error, GEOJSON_ERROR, "%.90s: %s", path, complaint);
    json_decref(root);
    return done;
}

/* ---- writing ---- */

static json_t *ring_json(struct geo_ring ring)
{
    json_t *positions = json_array();
    for (size_t i = 0; i < ring.count; i++)
        json_array_append_new(positions, json_pack("[f, f]", ring.points[i].lon, ring.points[i].lat));
    return positions;
}

static json_t *polygon_json(struct geo_polygon polygon)
{
    json_t *rings = json_array();
    for (size_t i = 0; i < polygon.count; i++)
        json_array_append_new(rings, ring_json(polygon.rings[i]));
    return rings;
}

static json_t *geometry(const char *type, json_t *coordinates)
{
    return json_pack("{s:s, s:o}", "type", type, "coordinates", coordinates);
}

json_t *geojson_cell(geo_cell cell)
{
    struct geo_box box = geo_bounds(cell);
    const struct geo_point corners[5] = {{box.south, box.west}, {box.south, box.east}, {box.north, box.east},
        {box.north, box.west}, {box.south, box.west}};
    return geometry("Polygon", json_pack("[o]", ring_json((struct geo_ring){corners, 5})));
}

json_t *geojson_area(const struct geo_shape *shape, struct arena *arena)
{
    if (shape->kind == GEO_CIRCLE) {
        struct geo_ring line = geo_outline_circle(shape->center, shape->radius, arena);
        return line.count > 0 ? geometry("Polygon", json_pack("[o]", ring_json(line))) : json_null();
    }
    if (shape->polygon_count == 1)
        return geometry("Polygon", polygon_json(shape->polygons[0]));
    json_t *polygons = json_array();
    for (size_t i = 0; i < shape->polygon_count; i++)
        json_array_append_new(polygons, polygon_json(shape->polygons[i]));
    return geometry("MultiPolygon", polygons);
}
