/* Files are read whole; a row that breaks a rule ends the reading, so that nobody imports a part. */
#include "cli/agency_rows.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/registry_agency.h"
#include "cli/cli.h"
#include "cli/geojson.h"
#include "cli/place.h"
#include "proto/mqtt.h"

enum { FILE_MOST = 64 << 20, COLUMNS_MOST = 64 };

/* What is known of a row, by the names that files use. */
enum field { FIELD_ID, FIELD_NAME, FIELD_KIND, FIELD_SINCE, FIELD_LAT, FIELD_LON, FIELDS };
static const struct {
    const char *name;
    enum field field;
} names[] = {{"id", FIELD_ID}, {"name", FIELD_NAME}, {"kind", FIELD_KIND}, {"type", FIELD_KIND},
    {"since", FIELD_SINCE}, {"lat", FIELD_LAT}, {"latitude", FIELD_LAT}, {"y", FIELD_LAT}, {"lon", FIELD_LON},
    {"longitude", FIELD_LON}, {"x", FIELD_LON}};

static int field_of(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i].name) == 0)
            return (int)names[i].field;
    return FIELDS;
}

/* ---- rows ---- */

/* "Fire Dept. No 7" makes "fire-dept-no-7". */
static const char *id_of(struct arena *arena, const char *name)
{
    char *id = arena_alloc(arena, REGISTRY_ID + 1);
    size_t len = 0;
    for (; *name && len < REGISTRY_ID; name++)
        if (isalnum((unsigned char)*name))
            id[len++] = (char)tolower((unsigned char)*name);
        else if (len && id[len - 1] != '-')
            id[len++] = '-';
    while (len && id[len - 1] == '-')
        id[--len] = '\0';
    return id;
}

/* NULL, or what is wrong with it. */
static const char *office_of(struct arena *arena, const char *lat, const char *lon, const char **office)
{
    char *end_lat, *end_lon;
    double north = strtod(lat, &end_lat), east = strtod(lon, &end_lon);
    *office = "";
    if (*lat == '\0' && *lon == '\0')
        return NULL;
    if (end_lat == lat || *end_lat || end_lon == lon || *end_lon || !(north >= -90 && north <= 90) ||
        !(east >= -180 && east <= 180))
        return "its place is no latitude and longitude";
    *office = arena_printf(arena, "%.6f,%.6f", north, east);
    return NULL;
}

static void push(struct agency_rows *rows, const struct agency_row *row)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? 2 * rows->room : 64;
        struct agency_row *larger = arena_take(rows->arena, room * sizeof *larger);
        if (rows->count)
            memcpy(larger, rows->rows, rows->count * sizeof *larger);
        rows->rows = larger;
        rows->room = room;
    }
    rows->rows[rows->count++] = *row;
}

/* NULL, or what is wrong with it. */
static const char *add(
    struct agency_rows *rows, const char *const value[FIELDS], const char *office, struct bytes jurisdiction)
{
    struct agency_row row = {.id = value[FIELD_ID],
        .name = value[FIELD_NAME],
        .kind = value[FIELD_KIND],
        .office = office,
        .since = value[FIELD_SINCE],
        .jurisdiction = jurisdiction};
    if (*row.name == '\0' || strlen(row.name) > REGISTRY_NAME)
        return "it has no name of 1 to 120 bytes";
    if (!mqtt_utf8_valid(row.name, strlen(row.name)))
        return "its name is no UTF-8";
    if (*row.id == '\0')
        row.id = id_of(rows->arena, row.name);
    if (!registry_id_valid(row.id))
        return "its id is not 1 to 64 characters of A-Z a-z 0-9 . _ -";
    if (*row.kind && !registry_agency_kind_valid(row.kind))
        return "its kind is not police, sheriff, fire, medical, emergency_management, weather, transport or "
               "other";
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->rows[i].id, row.id) == 0)
            return "its id stands there twice";
    push(rows, &row);
    return NULL;
}

/* ---- CSV (RFC 4180) ---- */

struct csv {
    const char *at, *end;
    size_t line;
    struct arena *arena;
};

/* How many bytes the field takes in the file, with its quotes. */
static size_t csv_length(const struct csv *csv)
{
    bool quoted = false;
    const char *at = csv->at;
    for (; at < csv->end && (quoted || (*at != ',' && *at != '\n')); at++)
        quoted ^= *at == '"';
    return (size_t)(at - csv->at);
}

/* One field, without its quotes; *last: the record ends behind it. */
static const char *csv_field(struct csv *csv, bool *last)
{
    size_t len = csv_length(csv);
    char *out = arena_alloc(csv->arena, len + 1), *to = out;
    bool quoted = len > 0 && *csv->at == '"';
    for (size_t i = quoted; i < len; i++) {
        csv->line += csv->at[i] == '\n';
        if (quoted && csv->at[i] == '"' && ++i >= len)
            break;
        *to++ = csv->at[i];
    }
    while (to > out && to[-1] == '\r')
        to--;
    *to = '\0';
    csv->at += len;
    *last = csv->at >= csv->end || *csv->at == '\n';
    csv->line += csv->at < csv->end && *last;
    csv->at += csv->at < csv->end;
    return out;
}

/* The record's fields; how many. */
static size_t csv_record(struct csv *csv, const char *out[COLUMNS_MOST])
{
    size_t count = 0;
    for (bool last = false; !last;) {
        const char *field = csv_field(csv, &last);
        if (count < COLUMNS_MOST)
            out[count++] = field;
    }
    return count;
}

static const char *csv_row(struct agency_rows *rows, struct csv *csv, const int columns[COLUMNS_MOST])
{
    const char *field[COLUMNS_MOST], *value[FIELDS], *office;
    size_t count = csv_record(csv, field);
    if (count == 1 && *field[0] == '\0')
        return NULL;
    for (size_t i = 0; i < FIELDS; i++)
        value[i] = "";
    for (size_t i = 0; i < count; i++)
        if (columns[i] < FIELDS)
            value[columns[i]] = arena_copy(rows->arena, field[i], strlen(field[i]));
    const char *why = office_of(rows->arena, value[FIELD_LAT], value[FIELD_LON], &office);
    return why ? why : add(rows, value, office, (struct bytes){0});
}

static bool read_csv(
    struct agency_rows *rows, struct bytes content, const char *path, char complaint[AGENCY_COMPLAINT])
{
    struct arena scratch;
    const char *head[COLUMNS_MOST], *why = NULL;
    int columns[COLUMNS_MOST];
    struct csv csv = {(const char *)content.data, (const char *)content.data + content.len, 1, &scratch};
    size_t line = 1;
    bool named = false;
    arena_init(&scratch, NULL, 0);
    size_t count = csv_record(&csv, head);
    for (size_t i = 0; i < COLUMNS_MOST; i++)
        columns[i] = i < count ? field_of(head[i]) : FIELDS;
    for (size_t i = 0; i < count; i++)
        named = named || columns[i] == FIELD_NAME;
    arena_free(&scratch);
    if (!named)
        why = "the head line names no column name";
    while (!why && csv.at < csv.end) {
        line = csv.line;
        arena_init(&scratch, NULL, 0);
        why = csv_row(rows, &csv, columns);
        arena_free(&scratch);
    }
    if (why)
        snprintf(complaint, AGENCY_COMPLAINT, "%.120s:%zu: %s", path, line, why);
    return why == NULL;
}

/* ---- GeoJSON ---- */

static const char *text_of_json(struct arena *arena, const json_t *value)
{
    if (json_is_string(value))
        return arena_copy(arena, json_string_value(value), json_string_length(value));
    return json_is_integer(value) ? arena_printf(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value))
           : json_is_real(value)  ? arena_printf(arena, "%.7f", json_real_value(value))
                                  : "";
}

/* NULL, or what is wrong with it. */
static const char *take_geometry(
    struct arena *arena, const json_t *geometry, const char **office, struct bytes *jurisdiction)
{
    struct geo_shape shape;
    const char *why, *type = json_string_value(json_object_get(geometry, "type"));
    if (!type)
        return NULL;
    if (strcmp(type, "Point") == 0) {
        const json_t *at = json_object_get(geometry, "coordinates");
        return office_of(arena, text_of_json(arena, json_array_get(at, 1)),
            text_of_json(arena, json_array_get(at, 0)), office);
    }
    why = geojson_take(geometry, arena, &shape);
    if (why)
        return why;
    return place_keep(&shape, arena, jurisdiction, &why) ? NULL : arena_copy(arena, why, strlen(why));
}

static const char *read_feature(struct agency_rows *rows, const json_t *feature)
{
    const char *value[FIELDS], *key, *office, *why;
    struct bytes jurisdiction = {0};
    json_t *property, *properties = json_object_get(feature, "properties");
    for (size_t i = 0; i < FIELDS; i++)
        value[i] = "";
    value[FIELD_ID] = text_of_json(rows->arena, json_object_get(feature, "id"));
    json_object_foreach(properties, key, property) if (field_of(key) < FIELDS) value[field_of(key)] =
        text_of_json(rows->arena, property);
    why = office_of(rows->arena, value[FIELD_LAT], value[FIELD_LON], &office);
    if (!why)
        why = take_geometry(rows->arena, json_object_get(feature, "geometry"), &office, &jurisdiction);
    return why ? why : add(rows, value, office, jurisdiction);
}

static bool read_geojson(
    struct agency_rows *rows, struct bytes content, const char *path, char complaint[AGENCY_COMPLAINT])
{
    json_error_t where;
    json_t *root = json_loadb((const char *)content.data, content.len, 0, &where);
    const json_t *list = json_object_get(root, "features");
    const char *why = NULL;
    size_t i = 0;
    if (!root)
        snprintf(complaint, AGENCY_COMPLAINT, "%.120s:%d: %.100s", path, where.line, where.text);
    else if (!json_is_array(list))
        snprintf(complaint, AGENCY_COMPLAINT, "%.120s: no GeoJSON FeatureCollection", path);
    bool good = json_is_array(list);
    for (; good && !why && i < json_array_size(list); i++)
        why = read_feature(rows, json_array_get(list, i));
    if (why)
        snprintf(complaint, AGENCY_COMPLAINT, "%.120s: feature %zu: %.140s", path, i, why);
    json_decref(root);
    return good && !why;
}

bool agency_rows_read(struct agency_rows *rows, const char *path, char complaint[AGENCY_COMPLAINT])
{
    struct bytes content;
    if (!cli_read_file(path, FILE_MOST, rows->arena, &content)) {
        snprintf(complaint, AGENCY_COMPLAINT, "%.120s: %s", path, strerror(errno));
        return false;
    }
    if (content.len >= 3 && memcmp(content.data, "\xef\xbb\xbf", 3) == 0)
        content = (struct bytes){content.data + 3, content.len - 3};
    size_t at = 0;
    while (at < content.len && isspace(content.data[at]))
        at++;
    return at < content.len && content.data[at] == '{' ? read_geojson(rows, content, path, complaint)
                                                       : read_csv(rows, content, path, complaint);
}
