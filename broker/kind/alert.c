/* Alerts of residents and agencies, in the native form: new, update, cancel. A resident's place is snapped to
 * its leaf cell before anything is stored. */
#include "broker/kind/kind.h"
#include "broker/session/alert_object.h"

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR };
static const int64_t longest_ms = INT64_C(30) * DAY;

/* How long an alert is in force when its sender does not say. */
static int64_t default_life_ms(int category)
{
    switch (category) {
    case CATEGORY_SUSPICIOUS:
        return 2 * HOUR;
    case CATEGORY_MISSING:
    case CATEGORY_LOST_PET:
        return 7 * (int64_t)DAY;
    default:
        return DAY;
    }
}

static enum step_result decode(struct publication *publication)
{
    struct alert *alert = &publication->alert;
    int64_t now = broker_now(publication->broker);

    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(publication, REASON_OTHER, "payload", "CAP is not served by this version");
    if (!codec_decode_alert(
            publication->encoding, publication->payload, &publication->arena, alert, &publication->refusal))
        return STEP_REFUSE;
    seal_digest(publication->payload, publication->digest);
    if (!alert->effective)
        alert->effective = now;
    if (!alert->expires)
        alert->expires = now + default_life_ms(alert->category);
    if (alert->msg_type == MSG_CANCEL)
        return STEP_GO_ON;
    if (alert->expires <= now)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "expires", "must lie in the future");
    if (alert->expires > now + longest_ms)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "expires", "at most 30 days ahead");
    return STEP_GO_ON;
}

static enum step_result authorize(struct publication *publication)
{
    struct alert *alert = &publication->alert;
    bool agency = publication->principal->role == ROLE_AGENCY;

    if (!agency && alert->place.kind == PLACE_POLYGONS)
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "polygons", "a resident gives a point or a circle");
    if (!agency && alert->place.kind == PLACE_CIRCLE && alert->place.radius_m > 8000)
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "circle.radius_m", "at most 8000 for a resident");
    if (!agency && (alert->case_number.len || alert->reward_offer.len))
        return publication_refuse(publication, REASON_NOT_ALLOWED,
            alert->case_number.len ? "case_number" : "reward_offer", "cases and rewards are an agency's");
    alert->sender_kind = agency ? SENDER_AGENCY : SENDER_USER;
    alert->truth = agency ? TRUTH_CONFIRMED : TRUTH_UNVERIFIED;
    /* A copy: the principal may be read anew before the alert is encoded. */
    struct text name = agency ? text_of(publication->principal->agency_name) : (struct text){0};
    alert->sender_name = (struct text){arena_copy(&publication->arena, name.data, name.len), name.len};
    alert->merged = 1;
    return STEP_GO_ON;
}

/* ---- locate ---- */

static void snap(struct alert *alert, int leaf_precision)
{
    struct geo_point point = {alert->place.center.lat_e7 / 1e7, alert->place.center.lon_e7 / 1e7};
    geo_cell leaf;

    if (geo_encode(point, leaf_precision, &leaf) != GEO_OK)
        return;
    point = geo_center(leaf);
    alert->place.center.lat_e7 = (int32_t)(point.lat * 1e7 + (point.lat < 0 ? -0.5 : 0.5));
    alert->place.center.lon_e7 = (int32_t)(point.lon * 1e7 + (point.lon < 0 ? -0.5 : 0.5));
}

static enum step_result locate(struct publication *publication)
{
    struct alert *alert = &publication->alert;
    int leaf = publication->broker->options.leaf_precision;
    struct geo_shape shape;

    if (alert->msg_type == MSG_CANCEL)
        return STEP_GO_ON;
    if (alert->sender_kind == SENDER_USER)
        snap(alert, leaf);
    shape = alert_shape(alert, leaf, &publication->arena);
    enum geo_error error = geo_shape_check(&shape);
    if (error != GEO_OK)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "place", geo_error_text(error));
    return STEP_GO_ON;
}

/* ---- store ---- */

/* The channels that the alert is appended to: of the finest precision at which they are few enough. */
static bool cover(struct publication *publication, char channels[STORE_COVER][13], size_t *count)
{
    struct geo_shape shape =
        alert_shape(&publication->alert, publication->broker->options.leaf_precision, &publication->arena);
    geo_cell cells[STORE_COVER];

    for (int precision = publication->broker->options.channel_precision; precision >= 2; precision--) {
        if (geo_cover_uniform(&shape, precision, cells, STORE_COVER, count) != GEO_OK)
            continue;
        for (size_t i = 0; i < *count; i++)
            geo_format(cells[i], channels[i]);
        return true;
    }
    return false;
}

/* An alert with nothing but what decides who is concerned. */
static struct bytes area_of(struct publication *publication)
{
    struct alert area = {.category = publication->alert.category,
        .place = publication->alert.place,
        .status = publication->alert.status,
        .sender_kind = publication->alert.sender_kind};

    return codec_encode_alert(ENCODING_PROTOBUF, &area, &publication->arena);
}

static void stored(void *arg, const struct store_alert_result *result)
{
    struct publication *publication = arg;

    memcpy(publication->outcome.public_id, result->public_id, sizeof publication->outcome.public_id);
    publication->outcome.revision = result->revision;
    publication->outcome.pending = result->pending;
    publication->outcome.merged = result->merged;
    publication->outcome.repeat = result->status == STORE_REPEAT;
    if (result->status == STORE_CONFLICT)
        publication_refuse(
            publication, REASON_OTHER, "sender_alert_id", "used already for another alert: choose a new id");
    pipeline_stored(publication, result->status == STORE_CONFLICT ? STORE_OK : result->status);
}

static enum step_result store(struct publication *publication)
{
    struct alert *alert = &publication->alert;
    const struct seal *seal = publication->broker->seal;
    struct text sender = text_of(publication->principal->name);
    char channels[STORE_COVER][13], references[LIMIT_REFERENCES][PUBLIC_ID + 1];
    struct store_alert out = {.act = (enum store_alert_act)alert->msg_type,
        .sender_tag = seal_sender_tag(seal, sender),
        .reference_count = alert->reference_count,
        .references = (const char(*)[PUBLIC_ID + 1]) references,
        .channels = (const char(*)[13])channels,
        .now = broker_now(publication->broker),
        .expires = alert->expires};

    seal_public_id(seal, sender, alert->sender_alert_id, out.id);
    memcpy(out.digest, publication->digest, sizeof out.digest);
    for (size_t i = 0; i < alert->reference_count; i++)
        seal_public_id(seal, sender, alert->references[i], references[i]);
    if (alert->msg_type != MSG_CANCEL) {
        if (!cover(publication, channels, &out.channel_count))
            return publication_refuse(
                publication, REASON_BAD_PAYLOAD, "place", "covers too large a part of the globe");
        out.area = area_of(publication);
        /* No naming of a sender leaves the broker. */
        alert->sender_alert_id = (struct text){0};
        alert->reference_count = 0;
        out.body = codec_encode_alert(ENCODING_PROTOBUF, alert, &publication->arena);
    }
    publication->stores = 1;
    store_alert(publication->broker->store, &out, stored, publication);
    return STEP_WAIT;
}

const struct kind kind_alert = {
    .topic = TOPIC_ALERT,
    .decode = decode,
    .authorize = authorize,
    .locate = locate,
    .store = store,
};
