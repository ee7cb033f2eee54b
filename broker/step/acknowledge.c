/* The last step: PUBACK or PUBREC, in the order in which the publications came [MQTT-4.6.0-2]. In MQTT 5 it
 * bears the refusal; what it cannot carry is in the sender's inbox before it leaves. */
#include <stdio.h>

#include "bridge/cap/cap_area.h"
#include "broker/kind/kind.h"
#include "broker/session/connection_state.h"
#include "broker/step/trail.h"

/* ---- counting ---- */

static void count_refusal(struct counters *counters, uint8_t code)
{
    if (code == REASON_NOT_ALLOWED)
        counters->refused_not_allowed++;
    else if (code == REASON_QUOTA_EXCEEDED)
        counters->refused_quota++;
    else if (code == REASON_BAD_PAYLOAD)
        counters->refused_bad_payload++;
    else
        counters->refused_other++;
}

static size_t bad_events(const struct publication *publication)
{
    size_t bad = 0;

    for (size_t i = 0; publication->kind == &kind_motion && i < publication->motion.count; i++)
        bad += publication->motion.events[i].refusal.code != REASON_OK;
    return bad;
}

static void count(struct publication *publication)
{
    struct counters *counters = &publication->broker->counters;

    if (publication->refusal.code) {
        counters->publishes_refused++;
        counters->events_refused += publication->kind == &kind_motion ? publication->motion.count : 0;
        count_refusal(counters, publication->refusal.code);
        return;
    }
    counters->publishes_acknowledged++;
    for (size_t i = 0; publication->kind == &kind_motion && i < publication->motion.count; i++) {
        if (publication->motion.events[i].refusal.code) {
            counters->events_refused++;
            count_refusal(counters, publication->motion.events[i].refusal.code);
        }
    }
}

/* ---- what MQTT 5 carries ---- */

enum { ALERT_DETAILS = 4, DETAILS = ALERT_DETAILS + LIMIT_BATCH_EVENTS + CAP_AREA_REFUSALS + 1 };

static struct mqtt_property_out user_property(struct text name, const char *value)
{
    return (struct mqtt_property_out){.id = MQTT_USER_PROPERTY, .name = name, .text = text_of(value)};
}

static struct mqtt_property_out refused_part(struct arena *arena, uint64_t seq, const struct refusal *refusal)
{
    return user_property(TEXT("refused"), arena_printf(arena, "%llu %u %s: %s", (unsigned long long)seq,
                                              refusal->code, refusal->field, refusal->rule));
}

static size_t details(struct publication *publication, struct mqtt_property_out out[DETAILS])
{
    struct arena *arena = &publication->arena;
    const struct refusal *whole = &publication->refusal;
    size_t count = 0;

    if (whole->code) {
        out[count++] = (struct mqtt_property_out){.id = MQTT_REASON_STRING,
            .text = text_of(arena_printf(arena, "%s: %s", whole->field, whole->rule))};
        if (whole->retry_after_s)
            out[count++] = (struct mqtt_property_out){.id = MQTT_USER_PROPERTY,
                .name = TEXT("retry-after"),
                .text = text_of(arena_printf(arena, "%u", whole->retry_after_s))};
        return count;
    }
    for (size_t i = 0; publication->kind == &kind_motion && i < publication->motion.count; i++) {
        const struct motion_event *event = &publication->motion.events[i];
        if (event->refusal.code)
            out[count++] = refused_part(arena, event->seq, &event->refusal);
    }
    for (size_t i = 0; i < publication->outcome.refused_count; i++)
        out[count++] = refused_part(arena, 0, &publication->outcome.refused[i]);
    return count;
}

/* What is good to know and may be left out: how the public names a footage request or an alert, what that
 * waits for, and why nobody sees it. */
static size_t alert_details(struct publication *publication, struct mqtt_property_out out[ALERT_DETAILS])
{
    const struct outcome *outcome = &publication->outcome;
    size_t count = 0;

    if (publication->refusal.code)
        return 0;
    if (publication->topic == TOPIC_FOOTAGE_REQUEST)
        out[count++] = user_property(TEXT("request-id"), outcome->public_id);
    if (publication->topic == TOPIC_TIP)
        out[count++] = user_property(TEXT("conversation-id"), outcome->public_id);
    if (publication->topic == TOPIC_REWARD)
        out[count++] = user_property(TEXT("left"), arena_printf(&publication->arena, "%u", outcome->left));
    if (publication->kind != &kind_alert)
        return count;
    out[count++] = user_property(TEXT("public-id"), outcome->public_id);
    out[count++] =
        user_property(TEXT("revision"), arena_printf(&publication->arena, "%u", outcome->revision));
    if (outcome->pending)
        out[count++] = user_property(TEXT("pending"), "a second officer approves it");
    if (outcome->not_shown)
        out[count++] = user_property(TEXT("not-shown"), outcome->not_shown);
    return count;
}

static size_t details_size(const struct mqtt_property_out *out, size_t count)
{
    size_t size = 16;

    for (size_t i = 0; i < count; i++)
        size += out[i].name.len + out[i].text.len + 5;
    return size;
}

static bool can_carry(
    const struct publication *publication, const struct mqtt_property_out *out, size_t count)
{
    const struct connection *connection = publication->connection;

    return publication->qos > 0 && connection->version == MQTT_5 && connection->problem_info &&
           details_size(out, count) <= connection->maximum_packet;
}

/* ---- what the inbox carries ---- */

static void finish(struct publication *publication);

static void fail(struct publication *publication);

static void inbox_stored(void *arg, enum store_status status)
{
    struct publication *publication = arg;

    /* What says nothing of a refusal may not leave when the inbox does not say it either. */
    if (status != STORE_OK)
        publication->failed = true;
    if (--publication->stores > 0)
        return;
    if (publication->failed)
        fail(publication);
    else
        finish(publication);
}

static void put_refused(struct publication *publication, uint64_t seq, const struct refusal *refusal)
{
    struct refused refused = {
        .topic = text_of(publication->kind ? topic_name(publication->kind->topic) : "-"),
        .packet_id = publication->packet_id,
        .seq = seq,
        .code = refusal->code,
        .field = text_of(refusal->field),
        .rule = text_of(refusal->rule),
        .retry_after_s = refusal->retry_after_s};
    struct bytes bytes = codec_encode_refused(ENCODING_PROTOBUF, &refused, &publication->arena);

    publication->stores++;
    if (publication->connection)
        ration_charge(publication->connection, publication->qos == 0);
    store_inbox(publication->broker->store,
        (struct session_name){text_of(publication->principal->name), text_of(publication->client)},
        TEXT("refused"), bytes, inbox_stored, publication);
}

static void put_in_inbox(struct publication *publication)
{
    publication->in_inbox = true;
    if (publication->refusal.code) {
        put_refused(publication, 0, &publication->refusal);
        return;
    }
    for (size_t i = 0; publication->kind == &kind_motion && i < publication->motion.count; i++) {
        const struct motion_event *event = &publication->motion.events[i];
        if (event->refusal.code)
            put_refused(publication, event->seq, &event->refusal);
    }
    for (size_t i = 0; i < publication->outcome.refused_count; i++)
        put_refused(publication, 0, &publication->outcome.refused[i]);
}

/* ---- the acknowledgement ---- */

static void send(struct publication *publication)
{
    struct connection *connection = publication->connection;
    enum mqtt_type type = publication->qos == 2 ? MQTT_PUBREC : MQTT_PUBACK;
    struct mqtt_property_out properties[DETAILS];
    size_t count = 0;

    if (publication->qos == 0)
        return;
    if (publication->qos == 2 && (publication->refusal.code == REASON_OK || connection->version != MQTT_5))
        qos2_add(connection, publication->packet_id);
    if (!publication->in_inbox)
        count = details(publication, properties);
    size_t more = alert_details(publication, properties + count);
    if (can_carry(publication, properties, count + more))
        count += more;
    connection_send_ack(
        connection, type, publication->packet_id, publication->refusal.code, properties, count);
}

void acknowledge_done(struct connection *connection)
{
    struct publication *publication;

    while ((publication = TAILQ_FIRST(&connection->publications)) && publication->done) {
        TAILQ_REMOVE(&connection->publications, publication, in_connection);
        connection->unanswered--;
        connection->unanswered_quality -= publication->qos > 0;
        if (connection->stage == STAGE_UP)
            send(publication);
        publication_free(publication);
    }
    connection_resume(connection);
}

/* The duration of what was stored; a preview was not. */
static void count_kind(const struct publication *publication)
{
    enum publish_topic topic = counted_as(publication->topic);
    struct kind_counters *kind = &publication->broker->counters.kinds[topic];

    if (publication->failed)
        kind->failed++;
    else if (publication->refusal.code)
        kind->refused++;
    else if (topic != TOPIC_NONE && !publication->preview)
        durations_add(&kind->stored, turn_now(publication->broker) - publication->received_at, 1);
}

static void finish(struct publication *publication)
{
    if (!publication->failed && log_wants(LOG_LEVEL_DEBUG))
        trail_step(publication, "acknowledged");
    publication->done = true;
    count_kind(publication);
    if (publication->posted)
        publication->posted(publication->posted_arg, publication->failed ? NULL : publication);
    if (!publication->connection)
        publication_free(publication);
    else
        acknowledge_done(publication->connection);
}

/* Nothing is known: no acknowledgement, so that the sender keeps it and comes again. */
static void fail(struct publication *publication)
{
    if (publication->qos == 0 && publication->kind == &kind_motion)
        publication->broker->counters.events_unnumbered_lost += publication->motion.count;
    if (publication->connection)
        connection_end(publication->connection, REASON_UNSPECIFIED, "store failed");
    finish(publication);
}

/* The store may refuse what all steps let pass. With a packet id of QoS 2 in the store the refusals stay with
 * the events: PUBREC must then lead to the PUBREL that frees the id. */
static void refuse_when_all_are(struct publication *publication)
{
    if (publication->kind == &kind_motion && !publication->refusal.code && !publication->qos2_stored &&
        publication->motion.count && bad_events(publication) == publication->motion.count)
        publication->refusal = publication->motion.events[0].refusal;
}

void acknowledge(struct publication *publication)
{
    struct connection *connection = publication->connection;
    struct mqtt_property_out properties[DETAILS];

    if (publication->failed) {
        if (log_wants(LOG_LEVEL_DEBUG))
            trail_step(publication, "failed");
        fail(publication);
        return;
    }
    refuse_when_all_are(publication);
    count(publication);
    if (log_wants(LOG_LEVEL_DEBUG))
        trail_outcome(publication);
    if (!publication->posted &&
        (publication->refusal.code || bad_events(publication) || publication->outcome.refused_count) &&
        (!connection || !can_carry(publication, properties, details(publication, properties)))) {
        put_in_inbox(publication);
        return;
    }
    finish(publication);
}
