/* Real boundaries for the geography's measurements. */
#include "bench/geo_bench.h"

#include "cli/geojson.h"

static size_t points_of(const struct geo_shape *shape)
{
    size_t points = 0;
    for (size_t i = 0; i < shape->polygon_count; i++)
        for (size_t j = 0; j < shape->polygons[i].count; j++)
            points += shape->polygons[i].rings[j].count;
    return points;
}

bool bench_geo_largest(const char *path, struct geo_shape *out)
{
    static struct arena arena;
    json_t *file = json_load_file(path, 0, NULL);
    size_t most = 0;
    const json_t *features = json_object_get(file, "features");
    for (size_t i = 0; i < json_array_size(features); i++) {
        struct geo_shape shape;
        if (geojson_take(json_array_get(features, i), &arena, &shape) || points_of(&shape) <= most)
            continue;
        most = points_of(&shape);
        *out = shape;
    }
    json_decref(file);
    return most > 0;
}
