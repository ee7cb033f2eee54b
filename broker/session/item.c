/* Matching an item with a follow's filters, and writing the PUBLISH. The payload was encoded once for all;
 * what is made here is the topic, the packet id and the subscription identifiers. */
#include "broker/session/item.h"

#include "broker/session/connection_state.h"
#include "broker/session/delivered.h"
#include "broker/session/drill.h"
#include "broker/session/hold.h"
#include "proto/codec.h"
#include "proto/mqtt.h"

enum { TOPIC_ROOM = 512 };

bool item_room(struct session *session)
{
    struct connection *connection = session->connection;

    if (!connection || !inflight_fits(&session->inflight, 1) ||
        connection_pending(connection) > session->broker->options.max_outbound)
        session->blocked = session->slow = true;
    return !session->blocked;
}

/* ---- the PUBLISH ---- */

static size_t head_size(const struct delivery *delivery)
{
    return 64 + delivery->topic.len + delivery->correlation.len + 6 * (size_t)delivery->id_count;
}

static size_t write_head(
    struct session *session, const struct delivery *delivery, uint16_t packet_id, uint8_t *room)
{
    struct mqtt_property_out properties[9];
    size_t count = 0;
    struct mqtt_publish publish = {
        .retain = delivery->retained, .qos = delivery->qos, .packet_id = packet_id, .topic = delivery->topic};
    struct mqtt_writer writer = {room, head_size(delivery), 0};

    for (int i = 0; i < delivery->id_count; i++)
        properties[count++] =
            (struct mqtt_property_out){.id = MQTT_SUBSCRIPTION_ID, .value = delivery->ids[i]};
    if (delivery->correlation.len)
        properties[count++] = (struct mqtt_property_out){.id = MQTT_CORRELATION_DATA,
            .text = {(const char *)delivery->correlation.data, delivery->correlation.len}};
    mqtt_encode_publish_head(&writer, connection_version(session->connection), &publish,
        delivery->payload->len, properties, count);
    return writer.len;
}

bool deliver_send(struct session *session, const struct delivery *delivery)
{
    struct connection *connection = session->connection;
    struct output *output;
    uint16_t packet_id = 0;

    if (!connection)
        return false;
    if (delivery->qos && !inflight_fits(&session->inflight, 1))
        return false;
    if (delivery->qos)
        packet_id = inflight_add(&session->inflight, &(struct inflight_message){.link = delivery->link,
                                                         .before = delivery->before,
                                                         .in_force = delivery->in_force,
                                                         .shown_key = delivery->shown_key});
    output = connection_out(connection);
    uint8_t *room = output_reserve(output, head_size(delivery));
    size_t used = write_head(session, delivery, packet_id, room);
    if (used + delivery->payload->len > connection_maximum_packet(connection)) {
        session->broker->counters.items_too_large++;
        session->items_sent++; /* so that the next heartbeat shows that one is missing */
        inflight_acknowledge(&session->inflight, packet_id);
        return true;
    }
    output_commit(output, used);
    output_blob(output, delivery->payload);
    session->items_sent++;
    session->broker->counters.items_delivered++;
    connection_wants_write(connection);
    return true;
}

/* ---- topics ---- */

static char *append(char *at, const char *text)
{
    size_t len = strlen(text);

    memcpy(at, text, len);
    return at + len;
}

static struct text item_topic(char room[TOPIC_ROOM], const struct follow *follow, const char *item_class,
    const char *category, const char *id)
{
    char *at = append(room, follow->json ? "nb/v1/json/" : "nb/v1/");

    at = append(at, follow->place->name);
    *at++ = '/';
    at = append(at, item_class);
    *at++ = '/';
    at = append(at, category);
    *at++ = '/';
    at = append(at, id);
    return (struct text){room, (size_t)(at - room)};
}

/* ---- filters ---- */

struct wanted {
    uint8_t item_class;
    uint8_t category; /* of an alert */
    uint8_t kind;     /* of activity */
    const char *public_id;
};

static bool filter_takes(const struct follow_filter *filter, const struct wanted *wanted)
{
    if (!(filter->classes & wanted->item_class))
        return false;
    if (wanted->item_class == CLASS_ACTIVITY)
        return (filter->kinds >> wanted->kind & 1) && filter->public_id[0] == 0;
    if (!(filter->categories >> wanted->category & 1))
        return false;
    return filter->public_id[0] == 0 || strcmp(filter->public_id, wanted->public_id) == 0;
}

static void take_filter(struct delivery *delivery, const struct subscription *subscription)
{
    if (subscription->qos > delivery->qos)
        delivery->qos = subscription->qos;
    if (subscription->id && delivery->id_count < 8)
        delivery->ids[delivery->id_count++] = subscription->id;
}

/* True when some filter of the follow takes it; fills QoS and identifiers of all that do. */
static bool follow_takes(const struct session *session, const struct follow *follow,
    const struct wanted *wanted, struct delivery *delivery)
{
    bool takes = false;

    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        if (s->follow != follow || !filter_takes(&s->parsed, wanted))
            continue;
        take_filter(delivery, s);
        takes = true;
    }
    return takes;
}

/* ---- items ---- */

static void send_activity(struct session *session, struct follow *follow, struct entry *entry, uint32_t item,
    struct delivery *delivery)
{
    struct channel *channel = delivery->link->channel;
    struct activity_item activity = entry_activity(entry, item);
    struct wanted wanted = {.item_class = CLASS_ACTIVITY, .kind = activity.kind};
    char topic[TOPIC_ROOM];

    if (!topic_kind_name(activity.kind) ||
        !place_has_leaf(
            follow->place, channel->cell, activity.leaf, session->broker->options.leaf_precision) ||
        !follow_takes(session, follow, &wanted, delivery) ||
        hold_activity(session, delivery->link, entry->position, delivery->before))
        return;
    delivery->topic = item_topic(topic, follow, "activity", topic_kind_name(activity.kind), "-");
    delivery->payload =
        entry_payload(session->broker, channel, entry, item, (struct entry_variant){.json = follow->json});
    deliver_send(session, delivery);
}

/* The face of the alert by which the follow is concerned: 0 with *ended false when it is in force there;
 * another, or 0 with *ended true, when the follow must learn that it ended; -1 when it does not concern it.
 */
static int concerned_face(struct session *session, const struct follow *follow,
    const struct alert_object *alert, struct delivery *delivery, bool *ended)
{
    uint64_t faces = place_alert_faces(follow->place, alert);

    for (int i = 0; i < alert->face_count; i++) {
        struct wanted wanted = {.item_class = alert->faces[i].item_class,
            .category = alert->faces[i].category,
            .public_id = alert->key.public_id};
        if (!(faces >> i & 1) || !follow_takes(session, follow, &wanted, delivery))
            continue;
        *ended = i > 0 || !alert->in_force || alert->taken_back;
        return i;
    }
    return -1;
}

/* initial: it is one of those in force; NULL: an entry of the channel. */
static void send_alert(struct session *session, struct follow *follow, struct entry *entry,
    const struct initial *initial, struct delivery *delivery)
{
    struct alert_object *alert = entry->alert;
    uint64_t before = session->broker->counters.items_delivered;
    struct hold_alert what = {.follow = follow,
        .link = delivery->link,
        .alert = alert,
        .initial = initial,
        .position = entry->position};
    char topic[TOPIC_ROOM];
    int number =
        alert->load == ALERT_READY ? concerned_face(session, follow, alert, delivery, &what.ended) : -1;

    if (number < 0 || (initial && what.ended) || hold_alert(session, &what) ||
        !session_show(session, follow, alert, initial && initial->kind == INITIAL_SUBSCRIBED, what.ended))
        return;
    const struct alert_face *face = &alert->faces[number];
    const char *category = category_name(face->category);
    struct entry_variant variant = {.json = follow->json,
        .telling = alert_telling(alert, number),
        .text = hold_text(session, &alert->alert)};
    delivery->topic = item_topic(topic, follow, item_class_name(face->item_class),
        category ? category : "other", alert->key.public_id);
    delivery->payload = entry_payload(session->broker, delivery->link->channel, entry, 0, variant);
    delivery->shown_key = shown_key(follow, alert->key.public_id);
    if (deliver_send(session, delivery) && delivery->qos)
        drill_sent(session, alert);
    if (session->broker->counters.items_delivered > before)
        delivered_note(session->broker, alert);
}

/* What an owner is asked waits for the end of quiet hours. */
static bool is_request(struct text suffix)
{
    return text_equal(suffix, TEXT("footage-request"));
}

static void send_inbox(
    struct session *session, struct follow *follow, struct entry *entry, struct delivery *delivery)
{
    struct text suffix = {(const char *)entry->data + 1, entry->data_len ? entry->data[0] : 0};
    char topic[TOPIC_ROOM];
    bool takes = false;

    if (entry->data_len < 1 || entry->data_len < 1 + suffix.len)
        return;
    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        if (s->follow != follow || !topic_matches(s->parsed.suffix, suffix))
            continue;
        take_filter(delivery, s);
        takes = true;
    }
    if (!takes || hold_inbox(session, delivery->link, entry->position, delivery->before, is_request(suffix)))
        return;
    char *at = append(topic, follow->json ? "nb/v1/json/inbox/" : "nb/v1/inbox/");
    memcpy(at, suffix.data, suffix.len);
    delivery->topic = (struct text){topic, (size_t)(at - topic) + suffix.len};
    delivery->payload = entry_payload(
        session->broker, delivery->link->channel, entry, 0, (struct entry_variant){.json = follow->json});
    deliver_send(session, delivery);
}

void item_send(struct session *session, struct follow *follow, struct link *link,
    struct position_in_channel before, struct entry *entry, uint32_t item)
{
    struct delivery delivery = {.link = link, .before = before};

    if (!follow->place || (entry->kind == ENTRY_INBOX) != (follow->place->kind == FOLLOW_INBOX))
        return;
    if (entry->kind == ENTRY_ACTIVITY)
        send_activity(session, follow, entry, item, &delivery);
    else if (entry->kind == ENTRY_ALERT)
        send_alert(session, follow, entry, NULL, &delivery);
    else
        send_inbox(session, follow, entry, &delivery);
}

/* The last entry up to which all was sent on the link. */
static struct position_in_channel sent_whole(const struct link *link)
{
    struct position_in_channel at = link->sent;

    if (at.index == 0)
        return at;
    if (at.seq == 0)
        at.ms--;
    return (struct position_in_channel){at.ms, at.seq - 1, 0};
}

void item_send_initial(struct session *session, const struct initial *initial)
{
    struct delivery delivery = {.retained = initial->kind <= INITIAL_RESUMED, .in_force = true};
    struct link *link = session_link(session, initial->channel);

    if (!link)
        return;
    /* An entry of its own, whose cursor leaves out nothing that is still to be sent: a follower that comes
     * back may have more to learn than what is in force, such as what ended meanwhile. */
    struct entry entry = {
        .position = sent_whole(link), .kind = ENTRY_ALERT, .item_count = 1, .alert = initial->alert};
    delivery.link = link;
    delivery.before = link->sent;
    send_alert(session, initial->follow, &entry, initial, &delivery);
    entry_forget_payloads(&entry);
}

/* A topic that the follow's first filter matches. */
static struct text gap_topic(
    char room[TOPIC_ROOM], const struct session *session, const struct follow *follow)
{
    const struct subscription *subscription = session->subscriptions;

    while (subscription->follow != follow)
        subscription = subscription->next;
    const struct follow_filter *filter = &subscription->parsed;
    int item_class = filter->classes & -filter->classes;
    const char *category = NULL;
    if (item_class == CLASS_ACTIVITY && filter->kinds != UINT16_MAX)
        category = topic_kind_name(__builtin_ctz(filter->kinds));
    else if (item_class != CLASS_ACTIVITY && filter->categories != UINT16_MAX)
        category = category_name(__builtin_ctz(filter->categories));
    return item_topic(room, follow, item_class_name((enum item_class)item_class), category ? category : "-",
        item_class != CLASS_ACTIVITY && filter->public_id[0] ? filter->public_id : "-");
}

void item_send_gap(struct session *session, const struct initial *initial)
{
    struct channel *channel = initial->channel;
    struct delivery delivery = {.link = session_link(session, channel), .before = initial->before};
    struct feed_item gap = {.channel = channel_public_name(channel),
        .kind = FEED_GAP,
        .gap = {(int64_t)initial->before.ms, (int64_t)initial->low.ms}};
    char topic[TOPIC_ROOM], cell[GEO_CELL_TEXT], cursor[CURSOR_TEXT + 1];
    struct arena arena;

    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        if (s->follow == initial->follow)
            take_filter(&delivery, s);
    }
    geo_format(channel->cell & ~(geo_cell)CHANNEL_LAND, cell);
    seal_cursor(session->broker->seal, gap.channel, initial->low, channel->generation, cursor);
    gap.cell = text_of(cell);
    gap.cursor = text_of(cursor);
    arena_init(&arena, NULL, 0);
    delivery.topic = gap_topic(topic, session, initial->follow);
    delivery.payload = blob_new(
        codec_encode_feed_item(initial->follow->json ? ENCODING_JSON : ENCODING_PROTOBUF, &gap, &arena));
    deliver_send(session, &delivery);
    session->broker->counters.gaps++;
    blob_drop(delivery.payload);
    arena_free(&arena);
}
