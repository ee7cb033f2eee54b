/* A document's way through an Alert and out again. */
#include "tests/unit/test_cap_alert.h"

#include "proto/codec.h"

struct cap_resolved *cap_squares(const struct cap_plan *plan, struct arena *arena)
{
    struct cap_resolved *found = arena_alloc(arena, (plan->code_count + 1) * sizeof *found);
    for (size_t i = 0; i < plan->code_count; i++) {
        int32_t south = (int32_t)(i % 8000) * 20000, west = (int32_t)(i / 8000) * 20000;
        struct polygon *polygon = arena_alloc(arena, sizeof *polygon);
        struct ring *ring = arena_alloc(arena, sizeof *ring);
        *ring = (struct ring){5, arena_alloc(arena, 5 * sizeof *ring->points)};
        ring->points[0] = ring->points[4] = (struct position){south, west};
        ring->points[1] = (struct position){south, west + 10000};
        ring->points[2] = (struct position){south + 10000, west + 10000};
        ring->points[3] = (struct position){south + 10000, west};
        *polygon = (struct polygon){1, ring};
        found[i] = (struct cap_resolved){1, polygon};
    }
    return found;
}

bool cap_whole_alert(const struct cap_message *message, struct arena *arena, struct alert *out,
    struct cap_plan *plan, struct refusal *refusal)
{
    struct cap_placed placed;
    return cap_to_alert(message, arena, out, plan, refusal) &&
           cap_area_build(plan, cap_squares(plan, arena), arena, &out->place, &placed, refusal);
}

struct bytes cap_document_of(const struct alert *alert, struct text sender, struct arena *arena)
{
    struct alert given = *alert;
    struct cap_message message;
    struct cap_origin origin = {
        .sender = sender, .sent = INT64_C(1790000000000), .previous_sent = INT64_C(1780000000000)};
    given.public_id = TEXT("0c6f2b7a9d3e41c8a5b0");
    given.revision = 2;
    given.sender_name = TEXT("El Monte Police");
    cap_from_alert(&given, &origin, arena, &message);
    return cap_write(&message, arena);
}

static bool same_ring(const struct ring *a, const struct ring *b)
{
    return a->count == b->count && memcmp(a->points, b->points, a->count * sizeof *a->points) == 0;
}

static bool same_polygon(const struct polygon *a, const struct polygon *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = same_ring(&a->rings[i], &b->rings[i]);
    return same;
}

static bool has_polygon(const struct place *place, const struct polygon *polygon, size_t near)
{
    for (size_t i = 0; i < place->polygon_count; i++)
        if (same_polygon(&place->polygons[(near + i) % place->polygon_count], polygon))
            return true;
    return false;
}

static bool same_place(const struct place *a, const struct place *b)
{
    if (a->kind != b->kind || a->polygon_count != b->polygon_count)
        return false;
    bool round = a->kind == PLACE_POINT || a->kind == PLACE_CIRCLE;
    if (round && (memcmp(&a->center, &b->center, sizeof a->center) != 0 || (a->radius_m != b->radius_m)))
        return false;
    for (size_t i = 0; i < a->polygon_count; i++)
        if (!has_polygon(b, &a->polygons[i], i))
            return false;
    return true;
}

static bool same_texts(const struct alert *a, const struct alert *b)
{
    bool same = a->text_count == b->text_count;
    for (size_t i = 0; same && i < a->text_count; i++) {
        const struct alert_text *one = &a->texts[i], *other = &b->texts[i];
        same = text_equal(one->language, other->language) && text_equal(one->headline, other->headline) &&
               text_equal(one->description, other->description) &&
               text_equal(one->instruction, other->instruction) && text_equal(one->web, other->web) &&
               text_equal(one->event, other->event);
    }
    return same;
}

const char *cap_alert_difference(const struct alert *a, const struct alert *b)
{
    const struct {
        const char *what;
        bool same;
    } looked_at[] = {
        {"category", a->category == b->category},
        {"severity", a->severity == b->severity},
        {"urgency", a->urgency == b->urgency},
        {"certainty", a->certainty == b->certainty},
        {"status", a->status == b->status},
        {"effective", a->effective == b->effective},
        {"expires", a->expires == b->expires},
        {"headline", text_equal(a->headline, b->headline)},
        {"description", text_equal(a->description, b->description)},
        {"instruction", text_equal(a->instruction, b->instruction)},
        {"web", text_equal(a->web, b->web)},
        {"language", text_equal(a->language, b->language)},
        {"event", text_equal(a->event, b->event)},
        {"texts", same_texts(a, b)},
        {"place", same_place(&a->place, &b->place)},
    };
    for (size_t i = 0; i < sizeof looked_at / sizeof *looked_at; i++)
        if (!looked_at[i].same)
            return looked_at[i].what;
    return NULL;
}

const char *cap_codec_difference(const struct alert *alert, struct arena *arena)
{
    for (int encoding = ENCODING_PROTOBUF; encoding <= ENCODING_JSON; encoding++) {
        struct alert again;
        struct refusal refusal;
        struct bytes bytes = codec_encode_alert((enum encoding)encoding, alert, arena);
        if (!codec_decode_published_alert((enum encoding)encoding, bytes, arena, &again, &refusal))
            return refusal.field;
        const char *difference = cap_alert_difference(alert, &again);
        if (difference && alert->category) /* without an info nothing is judged: 0 comes back as UNKNOWN */
            return difference;
    }
    return NULL;
}
