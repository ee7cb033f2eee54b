/* Any bytes as a CAP document that becomes an Alert with its place, and that given out again: what comes back
 * is the same alert, and within an alert's limits. Signatures are looked at beside it. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/cap/alert_parts.h"
#include "bridge/cap/signature.h"
#include "proto/codec.h"
#include "tests/unit/test_cap_alert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right, const char *what)
{
    if (right)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void check_place(const struct place *place, struct arena *arena)
{
    size_t points = 0;
    if (place->kind != PLACE_POLYGONS)
        return;
    check(place->polygon_count > 0 && place->polygon_count <= LIMIT_POLYGONS, "too many polygons");
    for (size_t i = 0; i < place->polygon_count; i++) {
        check(place->polygons[i].count <= LIMIT_RINGS, "too many rings");
        for (size_t j = 0; j < place->polygons[i].count; j++)
            points += place->polygons[i].rings[j].count;
        struct geo_polygon drawn = cap_geo_polygon(&place->polygons[i], arena);
        struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &drawn, .polygon_count = 1};
        check(geo_shape_check(&shape) == GEO_OK, "a polygon that geo refuses");
    }
    check(points <= LIMIT_POINTS, "too many points");
}

/* A ring that crosses itself too often to be parted whole is parted further when it comes back. */
static bool still_tangled(const struct place *place, struct arena *arena)
{
    bool tangled = false;
    for (size_t i = 0; place->kind == PLACE_POLYGONS && i < place->polygon_count; i++) {
        struct geo_polygon drawn = cap_geo_polygon(&place->polygons[i], arena);
        struct geo_shape shape = {.kind = GEO_POLYGONS, .polygons = &drawn, .polygon_count = 1};
        tangled |= geo_shape_check_strict(&shape, NULL) != GEO_OK;
    }
    return tangled;
}

static void check_texts(const struct alert *alert)
{
    check(alert->headline.len <= LIMIT_HEADLINE && alert->event.len <= LIMIT_HEADLINE &&
              alert->description.len <= LIMIT_PUBLISHED_TEXT &&
              alert->instruction.len <= LIMIT_PUBLISHED_TEXT && alert->web.len <= LIMIT_WEB &&
              alert->language.len <= LIMIT_LANGUAGE && alert->text_count <= LIMIT_TEXTS &&
              alert->reference_count <= LIMIT_REFERENCES,
        "a text or a list is too long");
    check(alert->expires == 0 || alert->expires > alert->effective, "over before it begins");
}

static void check_again(const struct alert *alert, const struct cap_message *message, struct arena *arena)
{
    struct cap_message out;
    struct cap_findings findings;
    struct cap_plan plan;
    struct alert again;
    struct refusal refusal = {0};
    struct bytes document = cap_document_of(alert, message->sender, arena);
    check(cap_read(document, CAP_STRICT, arena, &out, &findings), "what we give out breaks a rule");
    check(cap_whole_alert(&out, arena, &again, &plan, &refusal), "what we give out is refused");
    const char *difference = cap_alert_difference(alert, &again);
    if (difference && strcmp(difference, "place") == 0 && still_tangled(&alert->place, arena))
        return;
    check(!difference, difference ? difference : "");
}

static void as_alert(const struct cap_message *message, struct arena *arena)
{
    struct cap_plan plan;
    struct alert alert;
    struct refusal refusal = {0};
    if (!cap_whole_alert(message, arena, &alert, &plan, &refusal)) {
        check(refusal.field && refusal.rule, "refused without a reason");
        return;
    }
    const char *lost = cap_codec_difference(&alert, arena);
    check(!lost, lost ? lost : "");
    check_texts(&alert);
    check_place(&alert.place, arena);
    if (!plan.answer && message->msg_type != CAP_CANCEL && message->info_count)
        check_again(&alert, message, arena);
}

/* An alert in our own form is given out as a document that breaks no rule. */
static void given_out(struct bytes payload, struct arena *arena)
{
    struct alert alert;
    struct refusal refusal;
    struct cap_message out;
    struct cap_findings findings;
    enum encoding encoding = codec_encoding_of((struct text){NULL, 0}, payload, &refusal);
    if ((encoding != ENCODING_JSON && encoding != ENCODING_PROTOBUF) ||
        !codec_decode_alert(encoding, payload, arena, &alert, &refusal))
        return;
    struct bytes document = cap_document_of(&alert, TEXT("desk@police.example"), arena);
    check(cap_read(document, CAP_STRICT, arena, &out, &findings), "an alert of ours as a broken document");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes document = {data, size};
    struct arena arena;
    struct cap_message message;
    struct cap_findings findings;
    const char *why;
    arena_init(&arena, NULL, 0);
    bool accepted = cap_read(document, CAP_FORGIVING, &arena, &message, &findings);
    if (accepted)
        as_alert(&message, &arena);
    else
        given_out(document, &arena);
    if (accepted && message.signatures) {
        enum cap_signature answer = cap_signature_integrity(document, &why);
        check(
            !why == (answer == CAP_SIGNATURE_GOOD || answer == CAP_SIGNATURE_NONE), "an answer without why");
    }
    arena_free(&arena);
    return 0;
}
