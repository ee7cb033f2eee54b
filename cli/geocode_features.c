/* The code of a feature is one of its properties, or is made of some. The U.S. National Weather Service's own
 * files of counties have FIPS ("06037") and STATE, those of zones STATE and ZONE ("CA", "368") or STATE_ZONE
 * ("CA368"). */
#include "cli/geocode_features.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/geojson.h"
#include "cli/place.h"

/* ---- the code ---- */

/* A property as text; "" when it is not there or of another kind. */
static const char *property(const json_t *properties, const char *name)
{
    const char *value = json_string_value(json_object_get(properties, name));
    return value ? value : "";
}

static const char *same_code(const json_t *properties, struct arena *arena)
{
    const char *same = property(properties, "SAME"), *fips = property(properties, "FIPS");
    if (*same)
        return same;
    return strlen(fips) == 5   ? arena_printf(arena, "0%s", fips)
           : strlen(fips) == 2 ? arena_printf(arena, "0%s000", fips)
                               : "";
}

static const char *ugc_code(const json_t *properties, struct arena *arena)
{
    const char *ugc = property(properties, "UGC"), *state = property(properties, "STATE"),
               *zone = property(properties, "ZONE"), *both = property(properties, "STATE_ZONE"),
               *fips = property(properties, "FIPS");
    if (*ugc)
        return ugc;
    if (strlen(both) == 5)
        return arena_printf(arena, "%.2sZ%s", both, both + 2);
    if (*state && *zone)
        return arena_printf(arena, "%sZ%s", state, zone);
    return *state && strlen(fips) == 5 ? arena_printf(arena, "%sC%s", state, fips + 2) : "";
}

static const char *code_of(const struct geocode_features *features, const json_t *feature)
{
    const json_t *properties = json_object_get(feature, "properties");
    if (features->property)
        return property(properties, features->property);
    if (strcmp(features->scheme, "SAME") == 0)
        return same_code(properties, features->arena);
    if (strcmp(features->scheme, "UGC") == 0)
        return ugc_code(properties, features->arena);
    return property(properties, features->scheme);
}

/* ---- features ---- */

static void push(struct geocode_features *features, struct geocode_area area)
{
    if (features->count == features->room) {
        size_t room = features->room ? 2 * features->room : 256;
        struct geocode_area *larger = arena_take(features->arena, room * sizeof *larger);
        if (features->count)
            memcpy(larger, features->areas, features->count * sizeof *larger);
        features->areas = larger;
        features->room = room;
    }
    features->areas[features->count++] = area;
}

/* NULL, or what is wrong with it. The degrees are needed for this feature alone. */
static const char *keep(struct geocode_features *features, const json_t *feature, struct bytes *out)
{
    struct geo_shape shape;
    struct arena scratch;
    const char *why = "";
    arena_init(&scratch, NULL, 0);
    const char *complaint = geojson_take(feature, &scratch, &shape);
    if (!complaint && !place_keep(&shape, &scratch, out, &why))
        complaint = arena_copy(features->arena, why, strlen(why));
    if (!complaint)
        out->data = (uint8_t *)arena_copy(features->arena, out->data, out->len);
    arena_free(&scratch);
    return complaint;
}

static bool read_feature(struct geocode_features *features, const json_t *feature, const char *path,
    size_t number, char complaint[GEOCODE_COMPLAINT])
{
    struct bytes polygons;
    const char *code = code_of(features, feature);
    if (!geocodes_code_valid(features->scheme, text_of(code))) {
        snprintf(complaint, GEOCODE_COMPLAINT, "%.120s: feature %zu has no code of %s%s%.60s", path, number,
            features->scheme, *code ? ": " : "; --property says where it is", code);
        return false;
    }
    const char *why = keep(features, feature, &polygons);
    if (why) {
        snprintf(
            complaint, GEOCODE_COMPLAINT, "%.120s: feature %zu (%.60s): %.150s", path, number, code, why);
        return false;
    }
    features->read++;
    push(features,
        (struct geocode_area){{arena_copy(features->arena, code, strlen(code)), strlen(code)}, polygons});
    return true;
}

static bool read_root(struct geocode_features *features, const json_t *root, const char *path,
    char complaint[GEOCODE_COMPLAINT])
{
    const char *type = json_string_value(json_object_get(root, "type"));
    const json_t *list = json_object_get(root, "features");
    if (type && strcmp(type, "Feature") == 0)
        return read_feature(features, root, path, 1, complaint);
    if (!type || strcmp(type, "FeatureCollection") != 0 || json_array_size(list) == 0) {
        snprintf(
            complaint, GEOCODE_COMPLAINT, "%.200s: this is no GeoJSON FeatureCollection with features", path);
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!read_feature(features, json_array_get(list, i), path, i + 1, complaint))
            return false;
    return true;
}

bool geocode_features_read(
    struct geocode_features *features, const char *path, char complaint[GEOCODE_COMPLAINT])
{
    json_error_t where;
    json_t *root = json_load_file(path, 0, &where);
    if (!root) {
        if (where.line > 0)
            snprintf(complaint, GEOCODE_COMPLAINT, "%.200s:%d: %.100s", path, where.line, where.text);
        else
            snprintf(complaint, GEOCODE_COMPLAINT, "%.300s", where.text);
        return false;
    }
    bool done = read_root(features, root, path, complaint);
    json_decref(root);
    return done;
}

/* ---- uniting ---- */

static int by_code(const void *a, const void *b)
{
    const struct geocode_area *left = a, *right = b;
    int order = strcmp(left->code.data, right->code.data);
    /* Of one code in any order that is always the same, so that importing again changes nothing. */
    size_t shorter = left->polygons.len < right->polygons.len ? left->polygons.len : right->polygons.len;
    return order ? order : memcmp(left->polygons.data, right->polygons.data, shorter);
}

/* Lists of polygons, as they are encoded, are joined by writing one behind the other. */
static struct bytes joined(struct arena *arena, struct bytes a, struct bytes b)
{
    uint8_t *both = arena_take(arena, a.len + b.len);
    memcpy(both, a.data, a.len);
    memcpy(both + a.len, b.data, b.len);
    return (struct bytes){both, a.len + b.len};
}

/* True when the broker will be able to read it. */
static bool is_readable(struct bytes polygons)
{
    struct arena scratch;
    struct geo_shape shape;
    arena_init(&scratch, NULL, 0);
    bool readable = place_kept(polygons, &scratch, &shape);
    arena_free(&scratch);
    return readable;
}

bool geocode_features_unite(struct geocode_features *features, char complaint[GEOCODE_COMPLAINT])
{
    size_t kept = 0;
    qsort(features->areas, features->count, sizeof *features->areas, by_code);
    for (size_t i = 0; i < features->count; i++) {
        struct geocode_area *next = &features->areas[i];
        struct geocode_area *last = kept ? &features->areas[kept - 1] : NULL;
        if (!last || !text_equal(last->code, next->code)) {
            features->areas[kept++] = *next;
            continue;
        }
        if (bytes_equal(last->polygons, next->polygons))
            continue;
        last->polygons = joined(features->arena, last->polygons, next->polygons);
        if (is_readable(last->polygons))
            continue;
        snprintf(complaint, GEOCODE_COMPLAINT, "%.60s: its features together have too many points",
            last->code.data);
        return false;
    }
    features->count = kept;
    return true;
}
