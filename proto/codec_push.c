/* What a browser is to be told while it has no connection, and what it is told. Whether a cell is a leaf cell
 * and a radius one of those that can be followed is the kind's to say (broker/kind/push.c). */
#include "proto/codec_household.h"

enum { UNCOMPRESSED_POINT = 4 }; /* first byte of a public key (SEC 1, 2.3.3) */

/* ---- subscriptions ---- */

static bool read_places(const struct codec_reading *reading, const Neighbors__V1__PushSubscription *in,
    struct push_subscription *out)
{
    if (!codec_check_count(reading, NULL, "places", in->n_places, LIMIT_PUSH_PLACES))
        return false;
    out->place_count = in->n_places;
    out->places = arena_take(reading->arena, in->n_places * sizeof *out->places);
    for (size_t i = 0; i < in->n_places; i++) {
        struct codec_path path = {NULL, "places", i};
        if (!codec_check_text(reading, &path, "cell", in->places[i]->cell, LIMIT_GEOHASH, TEXT_ACCOUNT,
                &out->places[i].cell))
            return false;
        if (!in->places[i]->cell[0])
            return codec_refuse(reading, &path, "cell", "required");
        out->places[i].metres = in->places[i]->metres;
    }
    return true;
}

static bool read_categories(const struct codec_reading *reading, const Neighbors__V1__PushSubscription *in,
    struct push_subscription *out)
{
    if (!codec_check_count(reading, NULL, "categories", in->n_categories, CATEGORY_OTHER))
        return false;
    for (size_t i = 0; i < in->n_categories; i++) {
        struct codec_path path = {NULL, "categories", i};
        if (!codec_check_enum(reading, &path, NULL, in->categories[i], CATEGORY_OTHER, category_name))
            return false;
        if (!in->categories[i])
            return codec_refuse(reading, &path, NULL, "one of the known categories");
        out->categories |= (uint16_t)(1U << in->categories[i]);
    }
    return true;
}

/* What a subscription must have, and one that is taken back must not. */
static bool check_whole(const struct codec_reading *reading, const struct push_subscription *out)
{
    if (!out->endpoint.len)
        return codec_refuse(reading, NULL, "endpoint", "required");
    if (out->remove)
        return !out->place_count || codec_refuse(reading, NULL, "places", "not with remove");
    if (out->p256dh.len != PUSH_PUBLIC_KEY || out->p256dh.data[0] != UNCOMPRESSED_POINT)
        return codec_refuse(reading, NULL, "p256dh", "65 bytes: a point of P-256, uncompressed");
    if (out->auth.len != PUSH_AUTH)
        return codec_refuse(reading, NULL, "auth", "16 bytes");
    return out->place_count || codec_refuse(reading, NULL, "places", "1 to 8");
}

bool codec_decode_push_subscription(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct push_subscription *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__PushSubscription *in = (const Neighbors__V1__PushSubscription *)codec_unpack(
        encoding, payload, &neighbors__v1__push_subscription__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(
            &reading, NULL, "endpoint", in->endpoint, LIMIT_ENDPOINT, TEXT_ID, &out->endpoint) ||
        !codec_check_bytes(
            &reading, NULL, "p256dh", in->p256dh.data, in->p256dh.len, PUSH_PUBLIC_KEY, &out->p256dh) ||
        !codec_check_bytes(&reading, NULL, "auth", in->auth.data, in->auth.len, PUSH_AUTH, &out->auth) ||
        !read_places(&reading, in, out) || !read_categories(&reading, in, out) ||
        !codec_read_least(&reading, in->least, in->n_least, &out->least) ||
        !codec_check_text(
            &reading, NULL, "language", in->language, LIMIT_LANGUAGE, TEXT_ACCOUNT, &out->language))
        return false;
    out->least_count = in->n_least;
    out->remove = in->remove;
    return check_whole(&reading, out);
}

static Neighbors__V1__PushPlace *write_place(const struct push_place *in, struct arena *arena)
{
    Neighbors__V1__PushPlace *place =
        CODEC_NEW(Neighbors__V1__PushPlace, NEIGHBORS__V1__PUSH_PLACE__INIT, arena);
    place->cell = codec_write_text(in->cell, arena);
    place->metres = in->metres;
    return place;
}

struct bytes codec_encode_push_subscription(
    enum encoding encoding, const struct push_subscription *in, struct arena *arena)
{
    Neighbors__V1__PushSubscription out = NEIGHBORS__V1__PUSH_SUBSCRIPTION__INIT;
    out.version = 1;
    out.endpoint = codec_write_text(in->endpoint, arena);
    out.p256dh = codec_write_bytes(in->p256dh);
    out.auth = codec_write_bytes(in->auth);
    out.n_places = in->place_count;
    out.places = arena_take(arena, in->place_count * sizeof *out.places);
    for (size_t i = 0; i < in->place_count; i++)
        out.places[i] = write_place(&in->places[i], arena);
    out.categories = arena_take(arena, CATEGORY_OTHER * sizeof *out.categories);
    for (int category = CATEGORY_CRIME; category <= CATEGORY_OTHER; category++) {
        if (in->categories >> category & 1)
            out.categories[out.n_categories++] = (Neighbors__V1__Category__Value)category;
    }
    out.n_least = in->least_count;
    out.least = codec_write_least(in->least, in->least_count, arena);
    out.language = codec_write_text(in->language, arena);
    out.remove = in->remove;
    return codec_pack(encoding, &out.base, arena);
}

/* ---- notices ---- */

bool codec_decode_push_notice(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct push_notice *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__PushNotice *in = (const Neighbors__V1__PushNotice *)codec_unpack(
        encoding, payload, &neighbors__v1__push_notice__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in ||
        !codec_check_text(
            &reading, NULL, "public_id", in->public_id, LIMIT_ID, TEXT_ACCOUNT, &out->public_id) ||
        !codec_check_enum(&reading, NULL, "state", in->state, ALERT_ENDED, alert_state_name) ||
        !codec_check_enum(&reading, NULL, "category", in->category, CATEGORY_OTHER, category_name) ||
        !codec_check_enum(&reading, NULL, "severity", in->severity, SEVERITY_EXTREME, severity_name) ||
        !codec_check_enum(&reading, NULL, "truth", in->truth, TRUTH_REFUTED, truth_name) ||
        !codec_check_text(
            &reading, NULL, "headline", in->headline, LIMIT_HEADLINE, TEXT_PROSE, &out->headline) ||
        !codec_check_text(
            &reading, NULL, "sender_name", in->sender_name, LIMIT_NAME, TEXT_PROSE, &out->sender_name) ||
        !codec_check_exact(&reading, NULL, "expires", (uint64_t)in->expires) ||
        !codec_check_text(&reading, NULL, "cell", in->cell, LIMIT_GEOHASH, TEXT_ACCOUNT, &out->cell))
        return false;
    out->revision = in->revision;
    out->state = (uint8_t)in->state;
    out->category = (uint8_t)in->category;
    out->severity = (uint8_t)in->severity;
    out->truth = (uint8_t)in->truth;
    out->expires = in->expires;
    return true;
}

struct bytes codec_encode_push_notice(
    enum encoding encoding, const struct push_notice *in, struct arena *arena)
{
    Neighbors__V1__PushNotice out = NEIGHBORS__V1__PUSH_NOTICE__INIT;
    out.version = 1;
    out.public_id = codec_write_text(in->public_id, arena);
    out.revision = in->revision;
    out.state = in->state;
    out.category = in->category;
    out.severity = in->severity;
    out.truth = in->truth;
    out.headline = codec_write_text(in->headline, arena);
    out.sender_name = codec_write_text(in->sender_name, arena);
    out.expires = in->expires;
    out.cell = codec_write_text(in->cell, arena);
    return codec_pack(encoding, &out.base, arena);
}
