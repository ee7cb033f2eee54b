/* Which areas a document has, each once however many languages repeat it, and which codes have to be looked
 * up to place those that are only named. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "bridge/cap/alert_parts.h"

enum {
    CODES_MAX = 8192,
    NAMED_MAX = 64 * 1024,
    EXCLUDED_MAX = LIMIT_RINGS - 1,
    EXCLUDED_POINTS_MAX = 16 * 1024
};

/* ---- the table of hashes ---- */

/* The address of the table seeds it, so that nobody outside can choose areas that all share a slot. */
void cap_index_init(struct cap_index *index, size_t most, struct arena *arena)
{
    size_t slots = 16;
    while (slots < 2 * most)
        slots *= 2;
    index->slots = arena_alloc(arena, slots * sizeof *index->slots);
    index->mask = slots - 1;
    index->seed = (uint64_t)(uintptr_t)index->slots * UINT64_C(0x9E3779B97F4A7C15);
}

uint64_t cap_hash(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *at = data;
    hash ^= len;
    while (len) {
        uint64_t word = 0;
        size_t step = len < sizeof word ? len : sizeof word;
        memcpy(&word, at, step);
        __uint128_t product =
            (__uint128_t)(hash ^ word ^ UINT64_C(0xA0761D6478BD642F)) * UINT64_C(0xE7037ED1A0B428DB);
        hash = (uint64_t)product ^ (uint64_t)(product >> 64);
        at += step;
        len -= step;
    }
    return hash;
}

size_t cap_index_put(
    struct cap_index *index, uint64_t hash, cap_same *same, const void *context, size_t number)
{
    size_t slot = hash & index->mask;
    while (index->slots[slot]) {
        if (same(context, index->slots[slot] - 1))
            return index->slots[slot] - 1;
        slot = (slot + 1) & index->mask;
    }
    index->slots[slot] = number + 1;
    return number;
}

/* ---- areas ---- */

struct planning {
    struct arena *arena;
    struct cap_index areas_index, codes_index;
    struct cap_plan_area *areas;
    size_t area_count;
    struct store_geocode *codes;
    size_t code_count;
    size_t named;           /* how often any was named */
    size_t excluded_points; /* of all areas */
    bool full;              /* more than CODES_MAX or NAMED_MAX */
};

static uint64_t hash_text(uint64_t hash, struct text text)
{
    return cap_hash(hash, text.data, text.len);
}

static uint64_t hash_area(uint64_t hash, const struct cap_area *area)
{
    for (size_t i = 0; i < area->polygon_count; i++)
        hash = cap_hash(hash, area->polygons[i].points, area->polygons[i].count * sizeof(struct cap_point));
    for (size_t i = 0; i < area->circle_count; i++)
        hash = hash_text(hash, area->circles[i].text);
    for (size_t i = 0; i < area->geocode_count; i++)
        hash = hash_text(hash_text(hash, area->geocodes[i].name), area->geocodes[i].value);
    return hash;
}

static bool same_shapes(const struct cap_area *a, const struct cap_area *b)
{
    if (a->polygon_count != b->polygon_count || a->circle_count != b->circle_count)
        return false;
    for (size_t i = 0; i < a->polygon_count; i++)
        if (a->polygons[i].count != b->polygons[i].count ||
            memcmp(a->polygons[i].points, b->polygons[i].points,
                a->polygons[i].count * sizeof(struct cap_point)) != 0)
            return false;
    for (size_t i = 0; i < a->circle_count; i++)
        if (!text_equal(a->circles[i].text, b->circles[i].text))
            return false;
    return true;
}

static bool same_codes(const struct cap_area *a, const struct cap_area *b)
{
    if (a->geocode_count != b->geocode_count)
        return false;
    for (size_t i = 0; i < a->geocode_count; i++)
        if (!text_equal(a->geocodes[i].name, b->geocodes[i].name) ||
            !text_equal(a->geocodes[i].value, b->geocodes[i].value))
            return false;
    return true;
}

struct area_among {
    const struct planning *planning;
    const struct cap_area *area;
};

static bool same_area(const void *context, size_t number)
{
    const struct area_among *asked = context;
    const struct cap_area *other = asked->planning->areas[number].source;
    return same_shapes(asked->area, other) && same_codes(asked->area, other);
}

/* ---- codes ---- */

static bool digits(struct text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isdigit((unsigned char)text.data[i]))
            return false;
    return text.len > 0;
}

static bool is_one_of(struct text name, const char *const *names)
{
    for (; *names; names++)
        if (text_equal(name, text_of(*names)))
            return true;
    return false;
}

/* The code as the operator's table has it. SAME and FIPS6 write a county as PSSCCC, where P other than 0 is a
 * part of it: treated as the whole, for there is no public table of parts. */
static struct store_geocode as_in_table(struct text scheme, struct text code, struct arena *arena)
{
    static const char *const same[] = {"SAME", "FIPS6", "FIPS", NULL};
    static const char *const ugc[] = {"UGC", "NWSUGC", NULL};
    if (is_one_of(scheme, ugc))
        return (struct store_geocode){TEXT("UGC"), code};
    if (!is_one_of(scheme, same))
        return (struct store_geocode){scheme, code};
    if (digits(code) && (code.len == 6 || code.len == 5))
        code = text_of(arena_printf(arena, "0%.5s", arena_copy(arena, code.data + code.len - 5, 5)));
    return (struct store_geocode){TEXT("SAME"), code};
}

struct code_among {
    const struct planning *planning;
    const struct store_geocode *code;
};

static bool same_code(const void *context, size_t number)
{
    const struct code_among *asked = context;
    const struct store_geocode *other = &asked->planning->codes[number];
    return text_equal(asked->code->scheme, other->scheme) && text_equal(asked->code->code, other->code);
}

static size_t code_number(struct planning *planning, struct text scheme, struct text value)
{
    if (planning->code_count == CODES_MAX || planning->named++ == NAMED_MAX) {
        planning->full = true;
        return 0;
    }
    struct store_geocode code = as_in_table(scheme, value, planning->arena);
    struct code_among asked = {planning, &code};
    uint64_t hash = hash_text(hash_text(planning->codes_index.seed, code.scheme), code.code);
    size_t number = cap_index_put(&planning->codes_index, hash, same_code, &asked, planning->code_count);
    if (number == planning->code_count)
        planning->codes[planning->code_count++] = code;
    return number;
}

static bool between_codes(char character)
{
    return isspace((unsigned char)character) || character == ',';
}

/* The next part of a value with several codes; its len is 0 behind the last one. */
static struct text next_part(struct text value, size_t *at)
{
    while (*at < value.len && between_codes(value.data[*at]))
        ++*at;
    size_t begin = *at;
    while (*at < value.len && !between_codes(value.data[*at]))
        ++*at;
    return (struct text){value.data + begin, *at - begin};
}

static void take_parts(struct planning *planning, struct cap_named *named)
{
    size_t count = 0, at = 0;
    while (next_part(named->value, &at).len)
        count++;
    if (count < 2)
        return;
    if (count > CODES_MAX) {
        planning->full = true;
        return;
    }
    size_t *parts = arena_take(planning->arena, count * sizeof *parts);
    at = 0;
    for (size_t i = 0; i < count && !planning->full; i++)
        parts[i] = code_number(planning, named->scheme, next_part(named->value, &at));
    named->parts = parts;
    named->part_count = count;
}

static void take_names(struct planning *planning, struct cap_plan_area *out)
{
    const struct cap_area *area = out->source;
    struct cap_named *named = arena_alloc(planning->arena, area->geocode_count * sizeof *named);
    for (size_t i = 0; i < area->geocode_count && !planning->full; i++) {
        struct cap_named one = {
            .scheme = cap_trimmed(area->geocodes[i].name), .value = cap_trimmed(area->geocodes[i].value)};
        if (!one.value.len || text_equal(one.scheme, TEXT(CAP_EXCLUDE)))
            continue;
        one.whole = code_number(planning, one.scheme, one.value);
        take_parts(planning, &one);
        named[out->named_count++] = one;
    }
    out->named = named;
}

/* ---- what is excluded ---- */

static bool read_degrees(const char **at, double most, int32_t *out)
{
    enum { NUMBER = 32 };
    char number[NUMBER];
    size_t len = strspn(*at, "+-.0123456789");
    if (len == 0 || len >= NUMBER)
        return false;
    memcpy(number, *at, len);
    number[len] = '\0';
    char *end;
    double value = strtod(number, &end);
    if (*end || !(fabs(value) <= most))
        return false;
    *at += len;
    *out = (int32_t)lround(value * 1e7);
    return true;
}

/* A closed ring of "lat,lon" with blanks between; a point that is said twice in a row (as DWD says the last)
 * counts once. */
enum { POINT_BYTES = 40 };
static bool read_ring(struct text value, struct arena *arena, struct ring *out)
{
    if (value.len > EXCLUDED_POINTS_MAX * POINT_BYTES)
        return false;
    const char *at = arena_copy(arena, value.data, value.len);
    *out = (struct ring){.points = arena_take(arena, (value.len / 4 + 1) * sizeof *out->points)};
    for (at += strspn(at, " \t\r\n"); *at; at += strspn(at, " \t\r\n")) {
        struct position point;
        if (!read_degrees(&at, 90, &point.lat_e7) || *at++ != ',' || !read_degrees(&at, 180, &point.lon_e7))
            return false;
        if (*at && !isspace((unsigned char)*at))
            return false;
        if (!out->count || memcmp(&out->points[out->count - 1], &point, sizeof point) != 0)
            out->points[out->count++] = point;
    }
    return out->count >= 4 && memcmp(&out->points[0], &out->points[out->count - 1], sizeof *out->points) == 0;
}

static void take_excluded(struct planning *planning, struct cap_plan_area *out)
{
    const struct cap_area *area = out->source;
    struct ring *excluded = NULL;
    for (size_t i = 0; i < area->geocode_count && !out->refused; i++) {
        if (!text_equal(cap_trimmed(area->geocodes[i].name), TEXT(CAP_EXCLUDE)))
            continue;
        if (!excluded)
            excluded = arena_alloc(planning->arena, EXCLUDED_MAX * sizeof *excluded);
        struct ring *ring = &excluded[out->excluded_count];
        if (out->excluded_count == EXCLUDED_MAX)
            out->refused = "R43: at most 63 " CAP_EXCLUDE " in an area";
        else if (planning->excluded_points > EXCLUDED_POINTS_MAX)
            out->refused = "R43: at most 16384 points of " CAP_EXCLUDE " in a document";
        else if (!read_ring(cap_trimmed(area->geocodes[i].value), planning->arena, ring))
            out->refused = "R43: " CAP_EXCLUDE " is a closed ring of lat,lon";
        else
            planning->excluded_points += excluded[out->excluded_count++].count;
    }
    out->excluded = excluded;
}

static void take_area(struct planning *planning, const struct cap_area *area, size_t info, size_t number)
{
    struct area_among asked = {planning, area};
    uint64_t hash = hash_area(planning->areas_index.seed, area);
    if (cap_index_put(&planning->areas_index, hash, same_area, &asked, planning->area_count) !=
        planning->area_count)
        return;
    struct cap_plan_area *out = &planning->areas[planning->area_count++];
    *out = (struct cap_plan_area){.info = info, .area = number, .source = area};
    if (!area->polygon_count && !area->circle_count)
        take_names(planning, out);
    take_excluded(planning, out);
}

bool cap_plan_areas(
    const struct cap_message *message, struct arena *arena, struct cap_plan *plan, struct refusal *refusal)
{
    struct planning planning = {.arena = arena};
    size_t most = 0, codes = 0;
    for (size_t i = 0; i < message->info_count; i++) {
        most += message->infos[i].area_count;
        for (size_t j = 0; j < message->infos[i].area_count; j++)
            codes += message->infos[i].areas[j].geocode_count;
    }
    if (!most)
        return true;
    planning.areas = arena_alloc(arena, most * sizeof *planning.areas);
    cap_index_init(&planning.areas_index, most, arena);
    if (codes) {
        planning.codes = arena_take(arena, CODES_MAX * sizeof *planning.codes);
        cap_index_init(&planning.codes_index, CODES_MAX, arena);
    }
    for (size_t i = 0; i < message->info_count && !planning.full; i++)
        for (size_t j = 0; j < message->infos[i].area_count && !planning.full; j++)
            take_area(&planning, &message->infos[i].areas[j], i, j);
    if (planning.full)
        return cap_refuse(refusal, "geocode", "R40: at most 8192 codes can be looked up");
    plan->areas = planning.areas;
    plan->area_count = planning.area_count;
    plan->codes = planning.codes;
    plan->code_count = planning.code_count;
    return true;
}
