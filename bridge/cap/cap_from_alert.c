/* An agency's alert in force as a CAP 1.2 document: for alerts that came in our own form, and have no
 * document of the agency's own. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/cap/alert_parts.h"

/* ---- numbers as CAP writes them ---- */

/* 1e-7 degrees without the zeros that say nothing: "34.1", "-118.0316", "0". */
static char *write_degrees(char *out, int32_t e7)
{
    unsigned magnitude = (unsigned)llabs((long long)e7), whole = magnitude / 10000000,
             rest = magnitude % 10000000;
    out += sprintf(out, "%s%u", e7 < 0 ? "-" : "", whole);
    if (rest) {
        out += sprintf(out, ".%07u", rest);
        while (out[-1] == '0')
            out--;
    }
    *out = '\0';
    return out;
}

enum { POINT_TEXT = 26 }; /* "-90.0000000,-180.0000000 " */

static struct text ring_text(const struct ring *ring, struct arena *arena)
{
    char *text = arena_take(arena, ring->count * POINT_TEXT + 1), *at = text;
    for (size_t i = 0; i < ring->count; i++) {
        if (i)
            *at++ = ' ';
        at = write_degrees(at, ring->points[i].lat_e7);
        *at++ = ',';
        at = write_degrees(at, ring->points[i].lon_e7);
    }
    *at = '\0';
    return (struct text){text, (size_t)(at - text)};
}

/* Whole seconds in UTC. */
static struct cap_time time_of(int64_t ms, bool up)
{
    int64_t seconds = (ms + (up ? 999 : 0)) / 1000;
    return (struct cap_time){.at = seconds * 1000, .present = ms > 0};
}

/* ---- the area ---- */

static const struct cap_polygon *polygons_of(const struct place *place, struct arena *arena)
{
    struct cap_polygon *polygons = arena_alloc(arena, place->polygon_count * sizeof *polygons);
    for (size_t i = 0; i < place->polygon_count; i++) {
        const struct ring *outline = &place->polygons[i].rings[0];
        struct cap_point *points = arena_take(arena, outline->count * sizeof *points);
        for (size_t j = 0; j < outline->count; j++)
            points[j] = (struct cap_point){outline->points[j].lat_e7, outline->points[j].lon_e7};
        polygons[i] = (struct cap_polygon){.points = points, .count = outline->count};
    }
    return polygons;
}

/* The polygons that `which` goes with: those without holes in one area, each other in an area of its own, for
 * what an area excludes it excludes from all of its polygons. */
static struct cap_area area_of_polygon(const struct place *place, size_t which, struct arena *arena)
{
    const struct polygon *polygon = &place->polygons[which];
    struct place one = {.kind = PLACE_POLYGONS, .polygon_count = 1, .polygons = (struct polygon *)polygon};
    struct cap_pair *holes = arena_alloc(arena, polygon->count * sizeof *holes);
    for (size_t i = 1; i < polygon->count; i++)
        holes[i - 1] = (struct cap_pair){TEXT(CAP_EXCLUDE), ring_text(&polygon->rings[i], arena)};
    return (struct cap_area){.description = TEXT("The area drawn"),
        .polygons = polygons_of(&one, arena),
        .polygon_count = 1,
        .geocodes = holes,
        .geocode_count = polygon->count - 1};
}

static struct cap_area area_of_circle(const struct place *place, struct arena *arena)
{
    double km = place->kind == PLACE_CIRCLE ? place->radius_m / 1000.0 : 0;
    struct cap_circle *circle = arena_alloc(arena, sizeof *circle);
    *circle = (struct cap_circle){.center = {place->center.lat_e7, place->center.lon_e7}, .radius_km = km};
    const char *description =
        place->kind == PLACE_POINT
            ? "The place drawn"
            : arena_printf(arena, "Within %u metres of the place drawn", place->radius_m);
    return (struct cap_area){.description = text_of(description), .circles = circle, .circle_count = 1};
}

static void take_areas(const struct place *place, struct arena *arena, struct cap_info *out)
{
    if (place->kind == PLACE_NONE)
        return;
    size_t most = place->kind == PLACE_POLYGONS ? place->polygon_count : 1;
    struct cap_area *areas = arena_alloc(arena, most * sizeof *areas);
    out->areas = areas;
    if (place->kind != PLACE_POLYGONS) {
        areas[out->area_count++] = area_of_circle(place, arena);
        return;
    }
    struct place plain = {
        .kind = PLACE_POLYGONS, .polygons = arena_take(arena, most * sizeof *plain.polygons)};
    for (size_t i = 0; i < place->polygon_count; i++) {
        if (place->polygons[i].count > 1)
            areas[out->area_count++] = area_of_polygon(place, i, arena);
        else
            plain.polygons[plain.polygon_count++] = place->polygons[i];
    }
    if (plain.polygon_count)
        areas[out->area_count++] = (struct cap_area){.description = TEXT("The area drawn"),
            .polygons = polygons_of(&plain, arena),
            .polygon_count = plain.polygon_count};
}

/* ---- the rest ---- */

static const uint8_t severities[] = {
    CAP_SEVERITY_UNKNOWN, [SEVERITY_UNKNOWN] = CAP_SEVERITY_UNKNOWN, [SEVERITY_MINOR] = CAP_MINOR,
    [SEVERITY_MODERATE] = CAP_MODERATE, [SEVERITY_SEVERE] = CAP_SEVERE, [SEVERITY_EXTREME] = CAP_EXTREME};
static const uint8_t urgencies[] = {
    CAP_URGENCY_UNKNOWN, [URGENCY_UNKNOWN] = CAP_URGENCY_UNKNOWN, [URGENCY_PAST] = CAP_PAST,
    [URGENCY_FUTURE] = CAP_FUTURE, [URGENCY_EXPECTED] = CAP_EXPECTED, [URGENCY_IMMEDIATE] = CAP_IMMEDIATE};
static const uint8_t certainties[] = {CAP_CERTAINTY_UNKNOWN, [CERTAINTY_UNKNOWN] = CAP_CERTAINTY_UNKNOWN,
    [CERTAINTY_UNLIKELY] = CAP_UNLIKELY, [CERTAINTY_POSSIBLE] = CAP_POSSIBLE, [CERTAINTY_LIKELY] = CAP_LIKELY,
    [CERTAINTY_OBSERVED] = CAP_OBSERVED};

static void take_parameters(const struct alert *alert, struct arena *arena, struct cap_info *out)
{
    struct cap_pair *parameters = arena_alloc(arena, 2 * sizeof *parameters);
    if (alert->case_number.len)
        parameters[out->parameter_count++] = (struct cap_pair){TEXT("caseNumber"), alert->case_number};
    if (alert->reward_offer.len)
        parameters[out->parameter_count++] = (struct cap_pair){TEXT("rewardOffer"), alert->reward_offer};
    out->parameters = parameters;
}

/* What all languages have in common. */
static struct cap_info common_of(const struct alert *alert, struct arena *arena)
{
    struct cap_category_words words = cap_category_out(alert->category);
    uint8_t *category = (uint8_t *)arena_copy(arena, &words.category, 1);
    struct cap_pair *code = arena_alloc(arena, sizeof *code);
    const char *own = category_name(alert->category);
    *code = (struct cap_pair){TEXT(CAP_OWN_CATEGORY), text_of(own ? own : "other")};
    struct cap_info info = {.categories = category,
        .category_count = 1,
        .event = text_of(words.event),
        .urgency = urgencies[alert->urgency],
        .severity = severities[alert->severity],
        .certainty = certainties[alert->certainty],
        .event_codes = code,
        .event_code_count = 1,
        .effective = time_of(alert->effective, false),
        .expires = time_of(alert->expires, true),
        .sender_name = alert->sender_name};
    take_parameters(alert, arena, &info);
    take_areas(&alert->place, arena, &info);
    return info;
}

/* What the standard's schema would not take is left out. */
static void take_text(const struct alert_text *text, struct arena *arena, struct cap_info *out)
{
    struct text event = cap_trimmed(text->event), none = {NULL, 0};
    if (event.len)
        out->event = event;
    out->language = cap_is_language(text->language) ? text->language : TEXT("und");
    out->headline = text->headline;
    out->text = text->description;
    out->instruction = text->instruction;
    out->web = text->web.len && cap_is_absolute(text->web) && cap_is_uri(text->web, arena) ? text->web : none;
}

static void take_infos(const struct alert *alert, struct arena *arena, struct cap_message *out)
{
    enum { POINTS_WRITTEN = 100 * 1000 };
    size_t count = alert->text_count + 1, points = 0;
    for (size_t i = 0; alert->place.kind == PLACE_POLYGONS && i < alert->place.polygon_count; i++)
        for (size_t j = 0; j < alert->place.polygons[i].count; j++)
            points += alert->place.polygons[i].rings[j].count;
    struct cap_info *infos = arena_alloc(arena, count * sizeof *infos), common = common_of(alert, arena);
    struct alert_text main = {.language = alert->language.len ? alert->language : TEXT("en-US"),
        .headline = alert->headline,
        .description = alert->description,
        .instruction = alert->instruction,
        .web = alert->web,
        .event = alert->event};
    for (size_t i = 0; i < count; i++) {
        infos[i] = common;
        take_text(i ? &alert->texts[i - 1] : &main, arena, &infos[i]);
        if (i && points * count > POINTS_WRITTEN) { /* a large area is told once, in the first language */
            infos[i].areas = NULL;
            infos[i].area_count = 0;
        }
    }
    out->infos = infos;
    out->info_count = count;
}

static struct text revision_name(const struct alert *alert, uint32_t revision, struct arena *arena)
{
    return text_of(
        arena_printf(arena, "%.*s.%u", (int)alert->public_id.len, alert->public_id.data, revision));
}

void cap_from_alert(
    const struct alert *alert, const struct cap_origin *origin, struct arena *arena, struct cap_message *out)
{
    static const uint8_t statuses[] = {
        CAP_ACTUAL, [STATUS_ACTUAL] = CAP_ACTUAL, [STATUS_EXERCISE] = CAP_EXERCISE,
        [STATUS_SYSTEM] = CAP_SYSTEM, [STATUS_TEST] = CAP_TEST, [STATUS_DRAFT] = CAP_DRAFT};
    *out = (struct cap_message){.identifier = revision_name(alert, alert->revision, arena),
        .sender = origin->sender,
        .sent = time_of(origin->sent, false),
        .status = statuses[alert->status],
        .msg_type = CAP_ALERT,
        .scope = CAP_PUBLIC,
        .minor = 2};
    if (origin->previous_sent > 0 && alert->revision > 1) {
        struct cap_reference *before = arena_alloc(arena, sizeof *before);
        *before = (struct cap_reference){origin->sender, revision_name(alert, alert->revision - 1, arena),
            time_of(origin->previous_sent, false)};
        out->msg_type = CAP_UPDATE;
        out->references = before;
        out->reference_count = 1;
    }
    take_infos(alert, arena, out);
}
