/* Places: a point, a circle or polygons. What cannot be read is refused, never widened; whether rings cross
 * themselves is for geo/ to say. */
#include "proto/codec_generated.h"

static bool read_position(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Position *in, struct position *out)
{
    if (!in)
        return codec_refuse(reading, path, NULL, "required");
    *out = (struct position){in->lat_e7, in->lon_e7};
    return codec_check_position(reading, path, *out);
}

static bool read_circle(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Circle *in, struct place *out)
{
    struct codec_path center = {path, "center", CODEC_NO_INDEX};
    if (!read_position(reading, &center, in->center, &out->center))
        return false;
    if (in->radius_m < 1 || in->radius_m > LIMIT_RADIUS)
        return codec_refuse(reading, path, "radius_m", "between 1 and 500000");
    out->radius_m = in->radius_m;
    return true;
}

/* How much a place may hold: an alert less than what an operator loads. */
struct bounds {
    size_t polygons, rings; /* rings: in a polygon */
    size_t points_left;     /* of all polygons of the place */
};

static bool read_ring(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Ring *in, struct ring *out, struct bounds *bounds)
{
    if (in->n_points < 4)
        return codec_refuse(reading, path, "points", "at least 4 points");
    if (in->n_points > bounds->points_left)
        return codec_refuse(reading, path, "points", "at most 65536 points in all");
    bounds->points_left -= in->n_points;
    out->count = in->n_points;
    out->points = arena_take(reading->arena, in->n_points * sizeof *out->points);
    for (size_t i = 0; i < in->n_points; i++) {
        struct codec_path point = {path, "points", i};
        if (!read_position(reading, &point, in->points[i], &out->points[i]))
            return false;
    }
    if (memcmp(&out->points[0], &out->points[out->count - 1], sizeof *out->points) != 0)
        return codec_refuse(reading, path, "points", "the last point the same as the first");
    return true;
}

static bool read_polygon(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Polygon *in, struct polygon *out, struct bounds *bounds)
{
    if (in->n_rings == 0)
        return codec_refuse(reading, path, "rings", "at least 1");
    if (!codec_check_count(reading, path, "rings", in->n_rings, bounds->rings))
        return false;
    out->count = in->n_rings;
    out->rings = arena_take(reading->arena, in->n_rings * sizeof *out->rings);
    for (size_t i = 0; i < in->n_rings; i++) {
        struct codec_path ring = {path, "rings", i};
        if (!read_ring(reading, &ring, in->rings[i], &out->rings[i], bounds))
            return false;
    }
    return true;
}

static bool read_polygons(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__MultiPolygon *in, struct bounds bounds, struct place *out)
{
    if (in->n_polygons == 0)
        return codec_refuse(reading, path, "polygons", "at least 1");
    if (!codec_check_count(reading, path, "polygons", in->n_polygons, bounds.polygons))
        return false;
    out->polygon_count = in->n_polygons;
    out->polygons = arena_take(reading->arena, in->n_polygons * sizeof *out->polygons);
    for (size_t i = 0; i < in->n_polygons; i++) {
        struct codec_path polygon = {path, "polygons", i};
        if (!read_polygon(reading, &polygon, in->polygons[i], &out->polygons[i], &bounds))
            return false;
    }
    return true;
}

bool codec_read_place(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Place *in, struct place *out)
{
    *out = (struct place){.kind = PLACE_NONE};
    struct codec_path here = {path, "place", CODEC_NO_INDEX}, shape = {&here, NULL, CODEC_NO_INDEX};
    if (!in)
        return true;
    switch (in->shape_case) {
    case NEIGHBORS__V1__PLACE__SHAPE_POINT:
        out->kind = PLACE_POINT;
        shape.name = "point";
        return read_position(reading, &shape, in->point, &out->center);
    case NEIGHBORS__V1__PLACE__SHAPE_CIRCLE:
        out->kind = PLACE_CIRCLE;
        shape.name = "circle";
        return read_circle(reading, &shape, in->circle, out);
    case NEIGHBORS__V1__PLACE__SHAPE_POLYGONS:
        out->kind = PLACE_POLYGONS;
        shape.name = "polygons";
        return read_polygons(
            reading, &shape, in->polygons, (struct bounds){LIMIT_POLYGONS, LIMIT_RINGS, LIMIT_POINTS}, out);
    default:
        return true;
    }
}

bool codec_decode_polygons(
    struct bytes encoded, struct arena *arena, struct place *out, struct refusal *refusal)
{
    const struct codec_reading reading = {.arena = arena, .refusal = refusal};
    const struct codec_path path = {NULL, "polygons", CODEC_NO_INDEX};
    struct codec_memory memory;
    codec_memory_init(&memory, arena, encoded.len);
    *out = (struct place){.kind = PLACE_POLYGONS};
    Neighbors__V1__MultiPolygon *polygons =
        neighbors__v1__multi_polygon__unpack(&memory.allocator, encoded.len, encoded.data);
    if (!polygons)
        return codec_refuse(&reading, NULL, NULL, CODEC_NOT_PROTOBUF);
    return read_polygons(
        &reading, &path, polygons, (struct bounds){LIMIT_KEPT_POLYGONS, LIMIT_KEPT_RINGS, LIMIT_POINTS}, out);
}

static Neighbors__V1__Position *write_position(struct position in, struct arena *arena)
{
    Neighbors__V1__Position *position =
        CODEC_NEW(Neighbors__V1__Position, NEIGHBORS__V1__POSITION__INIT, arena);
    position->lat_e7 = in.lat_e7;
    position->lon_e7 = in.lon_e7;
    return position;
}

static Neighbors__V1__Ring *write_ring(const struct ring *in, struct arena *arena)
{
    Neighbors__V1__Ring *ring = CODEC_NEW(Neighbors__V1__Ring, NEIGHBORS__V1__RING__INIT, arena);
    ring->n_points = in->count;
    ring->points = arena_take(arena, in->count * sizeof *ring->points);
    for (size_t i = 0; i < in->count; i++)
        ring->points[i] = write_position(in->points[i], arena);
    return ring;
}

static Neighbors__V1__Polygon *write_polygon(const struct polygon *in, struct arena *arena)
{
    Neighbors__V1__Polygon *polygon = CODEC_NEW(Neighbors__V1__Polygon, NEIGHBORS__V1__POLYGON__INIT, arena);
    polygon->n_rings = in->count;
    polygon->rings = arena_take(arena, in->count * sizeof *polygon->rings);
    for (size_t i = 0; i < in->count; i++)
        polygon->rings[i] = write_ring(&in->rings[i], arena);
    return polygon;
}

static Neighbors__V1__MultiPolygon *write_polygons(const struct place *in, struct arena *arena)
{
    Neighbors__V1__MultiPolygon *polygons =
        CODEC_NEW(Neighbors__V1__MultiPolygon, NEIGHBORS__V1__MULTI_POLYGON__INIT, arena);
    polygons->n_polygons = in->polygon_count;
    polygons->polygons = arena_take(arena, in->polygon_count * sizeof *polygons->polygons);
    for (size_t i = 0; i < in->polygon_count; i++)
        polygons->polygons[i] = write_polygon(&in->polygons[i], arena);
    return polygons;
}

Neighbors__V1__Place *codec_write_place(const struct place *in, struct arena *arena)
{
    if (in->kind == PLACE_NONE)
        return NULL;
    Neighbors__V1__Place *place = CODEC_NEW(Neighbors__V1__Place, NEIGHBORS__V1__PLACE__INIT, arena);
    if (in->kind == PLACE_POINT) {
        place->shape_case = NEIGHBORS__V1__PLACE__SHAPE_POINT;
        place->point = write_position(in->center, arena);
    } else if (in->kind == PLACE_CIRCLE) {
        place->shape_case = NEIGHBORS__V1__PLACE__SHAPE_CIRCLE;
        place->circle = CODEC_NEW(Neighbors__V1__Circle, NEIGHBORS__V1__CIRCLE__INIT, arena);
        place->circle->center = write_position(in->center, arena);
        place->circle->radius_m = in->radius_m;
    } else {
        place->shape_case = NEIGHBORS__V1__PLACE__SHAPE_POLYGONS;
        place->polygons = write_polygons(in, arena);
    }
    return place;
}

struct bytes codec_encode_polygons(const struct place *in, struct arena *arena)
{
    return codec_pack(ENCODING_PROTOBUF, &write_polygons(in, arena)->base, arena);
}
