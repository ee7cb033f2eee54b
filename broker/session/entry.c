/* Entries in memory and their encodings. An item is encoded when the first follower needs it, and kept with
 * the entry. */
#include "broker/session/entry.h"

#include "broker/session/channel.h"
#include "broker/session/place.h"
#include "proto/codec.h"

struct entry *entry_new(struct broker *broker, const struct channel_entry *from)
{
    size_t len = from->kind == ENTRY_ALERT ? 0 : from->data.len;
    struct entry *entry = must_calloc(sizeof *entry + len);

    entry->position = from->position;
    entry->kind = from->kind;
    entry->item_count = from->kind == ENTRY_ACTIVITY ? (uint32_t)(len / ACTIVITY_RECORD) : 1;
    entry->data_len = (uint32_t)len;
    if (len)
        memcpy(entry->data, from->data.data, len);
    if (from->kind == ENTRY_ALERT) {
        entry->notice_in_force = from->alert.in_force;
        entry->alert = alert_object_hold(broker, &from->alert);
    }
    return entry;
}

/* Payloads lie by item, text, telling and encoding. */
static size_t texts_of(const struct entry *entry)
{
    return entry->alert ? 1 + entry->alert->alert.text_count : 1;
}

static size_t payload_count(const struct entry *entry)
{
    return entry->item_count * texts_of(entry) * ENTRY_TELLINGS * 2;
}

void entry_forget_payloads(struct entry *entry)
{
    for (size_t i = 0; entry->payloads && i < payload_count(entry); i++)
        blob_drop(entry->payloads[i]);
    free(entry->payloads);
    entry->payloads = NULL;
}

void entry_drop(struct broker *broker, struct entry *entry)
{
    entry_forget_payloads(entry);
    alert_object_drop(broker, entry->alert);
    free(entry);
}

bool entry_ready(const struct entry *entry)
{
    return !entry->alert || entry->alert->load != ALERT_LOADING;
}

struct activity_item entry_activity(const struct entry *entry, uint32_t item)
{
    const uint8_t *r = entry->data + (size_t)item * ACTIVITY_RECORD;
    uint32_t minute = (uint32_t)r[4] | (uint32_t)r[5] << 8 | (uint32_t)r[6] << 16 | (uint32_t)r[7] << 24;

    return (struct activity_item){.leaf = (uint16_t)(r[0] | r[1] << 8),
        .kind = r[2] & 0x0f,
        .phase = r[2] >> 4,
        .confidence = r[3],
        .at = (int64_t)minute * 60000};
}

void activity_record(const struct activity_item *item, uint8_t out[ACTIVITY_RECORD])
{
    uint32_t minute = (uint32_t)(item->at / 60000);
    uint8_t record[ACTIVITY_RECORD] = {(uint8_t)item->leaf, (uint8_t)(item->leaf >> 8),
        (uint8_t)(item->kind | item->phase << 4), item->confidence, (uint8_t)minute, (uint8_t)(minute >> 8),
        (uint8_t)(minute >> 16), (uint8_t)(minute >> 24)};

    memcpy(out, record, sizeof record);
}

/* What stands in inboxes, by the topic's suffix: each as JSON. Stored is protobuf. */
#define AS_JSON(message)                                                                                     \
    static bool json_of_##message(struct bytes stored, struct arena *arena, struct bytes *out)               \
    {                                                                                                        \
        struct message value;                                                                                \
        struct refusal refusal;                                                                              \
                                                                                                             \
        if (!codec_decode_##message(ENCODING_PROTOBUF, stored, arena, &value, &refusal))                     \
            return false;                                                                                    \
        *out = codec_encode_##message(ENCODING_JSON, &value, arena);                                         \
        return true;                                                                                         \
    }
AS_JSON(refused)
AS_JSON(moderation)
AS_JSON(deleted)
AS_JSON(footage_request)
AS_JSON(footage)
AS_JSON(household_code)
AS_JSON(tip)
AS_JSON(reward)
#undef AS_JSON

static const struct {
    struct text suffix;
    bool (*json)(struct bytes stored, struct arena *arena, struct bytes *out);
} inbox_messages[] = {
    {TEXT("refused"), json_of_refused},
    {TEXT("reply/moderation"), json_of_moderation},
    {TEXT("deleted"), json_of_deleted},
    {TEXT("footage-request"), json_of_footage_request},
    {TEXT("footage"), json_of_footage},
    {TEXT("reply/household"), json_of_household_code},
    {TEXT("tip"), json_of_tip},
    {TEXT("reward"), json_of_reward},
};

/* An inbox entry is one byte length, the topic's suffix, the payload in protobuf. */
static struct bytes inbox_payload(const struct entry *entry, bool json, struct arena *arena)
{
    size_t behind = 1 + (size_t)entry->data[0];
    struct text suffix = {(const char *)entry->data + 1, behind - 1};
    struct bytes stored = {entry->data + behind, entry->data_len - behind}, out;

    for (size_t i = 0; json && i < sizeof inbox_messages / sizeof *inbox_messages; i++) {
        if (text_equal(suffix, inbox_messages[i].suffix) && inbox_messages[i].json(stored, arena, &out))
            return out;
    }
    return stored;
}

/* The alert with the wished text in front; the first takes that one's place. */
static void put_in_front(struct alert *alert, size_t text, struct arena *arena)
{
    struct alert_text *texts = arena_take(arena, alert->text_count * sizeof *texts);

    memcpy(texts, alert->texts, alert->text_count * sizeof *texts);
    struct alert_text wished = texts[text - 1];
    texts[text - 1] = (struct alert_text){
        alert->language, alert->headline, alert->description, alert->instruction, alert->web, alert->event};
    alert->texts = texts;
    alert->language = wished.language;
    alert->headline = wished.headline;
    alert->description = wished.description;
    alert->instruction = wished.instruction;
    alert->web = wished.web;
    alert->event = wished.event;
}

/* What moderation took back is shown no more. What is an exercise, a test, a draft now is not for the public
 * that it concerned before, nor for those who asked for another of these. */
enum entry_telling alert_telling(const struct alert_object *alert, int face)
{
    unsigned was = alert->faces[face].item_class, is = alert->faces[0].item_class;

    if (alert->taken_back)
        return TELL_BARE;
    if (face == 0 && alert->in_force)
        return TELL_AS_IS;
    return was == is || (is & CLASS_ANY) ? TELL_ENDED : TELL_BARE;
}

struct alert entry_told_alert(
    const struct alert_object *object, const struct entry_variant *variant, struct arena *arena)
{
    const struct alert *alert = &object->alert;
    struct alert told = *alert;

    if (variant->telling == TELL_BARE)
        told = (struct alert){
            .public_id = alert->public_id, .revision = alert->revision, .sender_kind = alert->sender_kind};
    else if (variant->text)
        put_in_front(&told, variant->text, arena);
    if (variant->telling != TELL_AS_IS)
        told.state = ALERT_ENDED;
    return told;
}

static struct bytes feed_payload(struct broker *broker, struct channel *channel, struct entry *entry,
    uint32_t item, const struct entry_variant *variant, struct arena *arena)
{
    struct feed_item feed = {.channel = channel_public_name(channel)};
    struct position_in_channel position = entry->position;
    struct alert alert;
    char cell[GEO_CELL_TEXT], cursor[CURSOR_TEXT + 1];
    bool bare = variant->telling == TELL_BARE;

    position.index = item + 1 < entry->item_count ? item + 1 : 0;
    seal_cursor(broker->seal, feed.channel, position, channel->generation, cursor);
    feed.cursor = text_of(cursor);
    if (entry->kind == ENTRY_ACTIVITY) {
        struct activity_item activity = entry_activity(entry, item);
        geo_format(leaf_of(channel->cell, activity.leaf, broker->options.leaf_precision), cell);
        feed.kind = FEED_ACTIVITY;
        feed.activity = (struct activity){activity.kind, activity.phase, activity.at, activity.confidence};
    } else {
        alert = entry_told_alert(entry->alert, variant, arena);
        geo_format(channel->cell & ~(geo_cell)CHANNEL_LAND, cell);
        feed.kind = FEED_ALERT;
        feed.alert = &alert;
    }
    feed.cell = text_of(entry->alert && entry->alert->cell[0] && !bare ? entry->alert->cell : cell);
    return codec_encode_feed_item(variant->json ? ENCODING_JSON : ENCODING_PROTOBUF, &feed, arena);
}

struct blob *entry_payload(struct broker *broker, struct channel *channel, struct entry *entry, uint32_t item,
    struct entry_variant variant)
{
    uint8_t room[4096] __attribute__((aligned(16)));
    size_t at = (item * texts_of(entry) + variant.text) * ENTRY_TELLINGS + (size_t)variant.telling;
    struct arena arena;

    if (!entry->payloads)
        entry->payloads = must_calloc(payload_count(entry) * sizeof *entry->payloads);
    struct blob **payload = &entry->payloads[2 * at + variant.json];
    if (*payload)
        return *payload;
    arena_init(&arena, room, sizeof room);
    *payload =
        blob_new(entry->kind == ENTRY_INBOX ? inbox_payload(entry, variant.json, &arena)
                                            : feed_payload(broker, channel, entry, item, &variant, &arena));
    arena_free(&arena);
    return *payload;
}
