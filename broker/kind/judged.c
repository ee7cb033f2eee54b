/* The alert that is spoken of: named, loaded, near or not. */
#include "broker/kind/judged.h"

#include "bridge/seal.h"
#include "broker/session/alert_object.h"

enum step_result judged_name(struct publication *publication, struct text public_id)
{
    struct judged *alert = arena_alloc(&publication->arena, sizeof *alert);

    publication->job = alert;
    if (!seal_tag_of(publication->broker->seal, public_id, &alert->sender_tag))
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "public_id", "not the public id of an alert");
    memcpy(alert->public_id, public_id.data, PUBLIC_ID);
    return STEP_GO_ON;
}

static struct text kept(struct publication *publication, struct text text)
{
    return (struct text){arena_copy(&publication->arena, text.data, text.len), text.len};
}

static void take_record(struct publication *publication, const struct store_alert_record *record)
{
    struct judged *alert = judged(publication);
    struct refusal refusal;
    struct bytes body = {
        (const uint8_t *)arena_copy(&publication->arena, record->body.data, record->body.len),
        record->body.len};

    alert->in_force = record->in_force;
    alert->held = record->held;
    alert->sender = kept(publication, record->sender);
    alert->household = kept(publication, record->household);
    alert->known =
        codec_decode_published_alert(ENCODING_PROTOBUF, body, &publication->arena, &alert->alert, &refusal);
    if (!alert->known)
        log_line(LOG_LEVEL_ERROR, "alert_unreadable", "alert=%s field=%s rule=\"%s\"", alert->public_id,
            refusal.field, refusal.rule);
}

static void loaded(void *arg, const struct store_alert_record *record)
{
    struct publication *publication = arg;

    judged(publication)->loaded = true;
    if (record->status == STORE_OK)
        take_record(publication, record);
    if (record->status == STORE_OK || record->status == STORE_NOT_FOUND)
        pipeline_resume(publication);
    else
        pipeline_fail(publication);
}

static enum step_result refuse_unknown(struct publication *publication)
{
    return publication_refuse(
        publication, REASON_OTHER, "public_id", "no such alert, or it is no longer kept");
}

enum step_result judged_load(struct publication *publication)
{
    struct judged *alert = judged(publication);

    if (!alert->loaded) {
        store_alert_load(
            publication->broker->store, alert->sender_tag, alert->public_id, 0, loaded, publication);
        return STEP_WAIT;
    }
    return alert->known ? STEP_GO_ON : refuse_unknown(publication);
}

enum step_result judged_by_household(struct publication *publication)
{
    const struct known_principal *resident = publication->principal;
    int64_t now = broker_now(publication->broker);

    if (kind_refuses_banned(publication))
        return STEP_REFUSE;
    if (resident->household[0] && resident->place && resident->verified && resident->verified <= now)
        return STEP_GO_ON;
    publication->broker->counters.refused_not_verified++;
    return publication_refuse(publication, REASON_NOT_ALLOWED, "sender",
        "only households whose address was verified: ask the operator");
}

enum step_result judged_from_near(struct publication *publication)
{
    const struct judged *about = judged(publication);
    const struct known_principal *resident = publication->principal;
    struct geo_shape shape;

    if (text_equal(about->sender, text_of(resident->name)) ||
        text_equal(about->household, text_of(resident->household)))
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "public_id", "not of an alert of one's own household");
    shape = alert_shape(&about->alert, publication->broker->options.leaf_precision, &publication->arena);
    if (about->alert.place.kind != PLACE_NONE &&
        geo_shape_touches_circle(&shape, geo_center(resident->place), JUDGED_WITHIN_M))
        return STEP_GO_ON;
    publication->broker->counters.refused_not_near++;
    return publication_refuse(
        publication, REASON_NOT_ALLOWED, "public_id", "only from a household within 3200 m of the alert");
}

enum store_status judged_answer(struct publication *publication, enum store_status status)
{
    static const struct {
        enum store_status status;
        uint8_t code;
        const char *field, *rule;
    } refusals[] = {
        {STORE_ENDED, REASON_OTHER, "public_id", "the alert is no longer in force"},
        {STORE_CONFLICT, REASON_OTHER, "revision",
            "another revision is there now: look at that, and name it"},
        {STORE_REVOKED, REASON_NOT_ALLOWED, "decision",
            "by another officer of the agency that sent the alert"},
    };

    publication->outcome.repeat = status == STORE_REPEAT;
    memcpy(publication->outcome.public_id, judged(publication)->public_id, PUBLIC_ID + 1);
    if (status == STORE_NOT_FOUND) {
        refuse_unknown(publication);
        return STORE_OK;
    }
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].status != status)
            continue;
        publication_refuse(publication, refusals[i].code, refusals[i].field, refusals[i].rule);
        return STORE_OK;
    }
    return status;
}

/* What is stored stays stored, also when its sender cannot be told; the store logs why. */
static void told(void *arg, enum store_status status)
{
    struct publication *publication = arg;

    if (status != STORE_OK) {
        publication->broker->counters.notices_lost++;
        log_line(LOG_LEVEL_ERROR, "moderation_untold", "alert=%s", judged(publication)->public_id);
    }
    pipeline_stored(publication, STORE_OK);
}

void judged_tell(struct publication *publication, struct text sender, struct text client,
    const char *decision, struct text reason)
{
    struct moderation moderation = {.public_id = text_of(judged(publication)->public_id),
        .decision = text_of(decision),
        .reason = reason,
        .at = broker_now(publication->broker)};

    if (sender.len == 0 || client.len == 0)
        return;
    publication->stores++;
    store_inbox(publication->broker->store, (struct session_name){sender, client}, TEXT("reply/moderation"),
        codec_encode_moderation(ENCODING_PROTOBUF, &moderation, &publication->arena), told, publication);
}
