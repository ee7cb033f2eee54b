/* Info and heartbeats. A heartbeat names the cursor of every followed channel and the time up to which
 * silence is proved to be silence. */
#include "broker/session/info.h"

#include <stdio.h>

#include "broker/push_inside.h"
#include "broker/session/connection.h"
#include "broker/session/deliver.h"
#include "broker/session/item.h"
#include "proto/codec.h"

enum { STALE_MS = 5000 };

void info_send(struct session *session, const struct subscription *subscription)
{
    const struct broker_options *options = &session->broker->options;
    struct delivery delivery = {.topic = TEXT("nb/v1/info"), .retained = true, .qos = 0};
    struct info info = {.channel_precision = (uint32_t)options->channel_precision,
        .leaf_precision = (uint32_t)options->leaf_precision,
        .max_batch = LIMIT_BATCH_EVENTS,
        .max_filters = options->max_filters,
        .max_packet_bytes = options->maximum_packet,
        .durability = text_of(store_durability(session->broker->store)),
        .log_public_key = options->log_public_key,
        .push_public_key =
            session->broker->pushes ? session->broker->pushes->service.public_key : (struct bytes){0},
        .version = text_of(options->version)};
    struct arena arena;

    arena_init(&arena, NULL, 0);
    while (topic_radii[info.radius_count])
        info.radius_count++;
    info.radii_m = arena_alloc(&arena, info.radius_count * sizeof *info.radii_m);
    memcpy(info.radii_m, topic_radii, info.radius_count * sizeof *info.radii_m);
    delivery.payload = blob_new(
        codec_encode_info(subscription->follow->json ? ENCODING_JSON : ENCODING_PROTOBUF, &info, &arena));
    if (subscription->id) {
        delivery.ids[0] = subscription->id;
        delivery.id_count = 1;
    }
    deliver_send(session, &delivery);
    blob_drop(delivery.payload);
    arena_free(&arena);
}

static bool inbox_wanted(
    const struct session *session, const struct follow *follow, struct text suffix, struct delivery *delivery)
{
    bool wanted = false;

    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        if (s->follow != follow || !topic_matches(s->parsed.suffix, suffix))
            continue;
        wanted = true;
        if (s->id && delivery->id_count < 8)
            delivery->ids[delivery->id_count++] = s->id;
    }
    return wanted;
}

int inbox_send(struct session *session, struct text suffix, struct bytes correlation, uint8_t qos,
    struct bytes (*encode)(const void *message, bool json, struct arena *arena), const void *message)
{
    int sent = 0;

    for (struct follow *follow = session->follows; follow; follow = follow->next) {
        struct delivery delivery = {.qos = qos, .correlation = correlation};
        struct arena arena;
        char topic[256];

        if (!follow->place || follow->place->kind != FOLLOW_INBOX ||
            !inbox_wanted(session, follow, suffix, &delivery))
            continue;
        int len = snprintf(topic, sizeof topic, "nb/v1/%sinbox/%.*s", follow->json ? "json/" : "",
            (int)suffix.len, suffix.data);
        if (len < 0 || (size_t)len >= sizeof topic)
            continue;
        arena_init(&arena, NULL, 0);
        delivery.topic = (struct text){topic, (size_t)len};
        delivery.payload = blob_new(encode(message, follow->json, &arena));
        sent += deliver_send(session, &delivery);
        blob_drop(delivery.payload);
        arena_free(&arena);
    }
    return sent;
}

static struct bytes encode_heartbeat(const void *message, bool json, struct arena *arena)
{
    return codec_encode_heartbeat(json ? ENCODING_JSON : ENCODING_PROTOBUF, message, arena);
}

static void add_cursor(
    struct session *session, const struct link *link, struct heartbeat *heartbeat, struct arena *arena)
{
    struct channel_cursor *cursor = &heartbeat->cursors[heartbeat->cursor_count++];
    char *text = arena_alloc(arena, CURSOR_TEXT + 1);

    cursor->channel = channel_public_name(link->channel);
    seal_cursor(
        session->broker->seal, cursor->channel, session_acknowledged(session, link), link->generation, text);
    cursor->cursor = text_of(text);
}

/* True when something that is there already is still to be told: silence then proves nothing. */
static bool lags(const struct session *session)
{
    if (session->blocked || session->reading || session->reader || session->initial || session->held)
        return true;
    for (const struct link *link = session->links; link; link = link->next) {
        if (!link->settled || position_order(link->sent, link->channel->head) < 0)
            return true;
    }
    return false;
}

static bool has_inbox(const struct session *session)
{
    for (const struct follow *follow = session->follows; follow; follow = follow->next) {
        if (follow->place && follow->place->kind == FOLLOW_INBOX)
            return true;
    }
    return false;
}

void heartbeat_send(struct session *session)
{
    struct broker *broker = session->broker;

    /* Nor are heartbeats kept for who does not read. */
    if (!has_inbox(session) || connection_pending(session->connection) > broker->options.max_outbound)
        return;
    struct heartbeat heartbeat = {.as_of = store_as_of(broker->store), .items_sent = session->items_sent};
    struct arena arena;
    size_t links = 0;

    arena_init(&arena, NULL, 0);
    for (const struct link *link = session->links; link; link = link->next)
        links += link->channel->cell != 0;
    if (links > LIMIT_CURSORS)
        links = LIMIT_CURSORS;
    heartbeat.cursors = arena_alloc(&arena, (links + 1) * sizeof *heartbeat.cursors);
    for (const struct link *link = session->links; link && heartbeat.cursor_count < links;
         link = link->next) {
        if (link->channel->cell && link->settled)
            add_cursor(session, link, &heartbeat, &arena);
    }
    heartbeat.stale = broker_now(broker) - heartbeat.as_of > STALE_MS || lags(session);
    broker->counters.heartbeats +=
        (uint64_t)inbox_send(session, TEXT("heartbeat"), (struct bytes){0}, 0, encode_heartbeat, &heartbeat);
    arena_free(&arena);
}
