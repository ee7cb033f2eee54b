/* What followers get: feed items, pages of them, heartbeats. */
#include "proto/codec_generated.h"

_Static_assert((int)FEED_ALERT - FEED_ACTIVITY ==
                   NEIGHBORS__V1__FEED_ITEM__ITEM_ALERT - NEIGHBORS__V1__FEED_ITEM__ITEM_ACTIVITY,
    "in the order of the schema");

static bool read_activity(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Activity *in, struct activity *out)
{
    if (!codec_check_enum(reading, path, "kind", in->kind, KIND_SOUND, motion_kind_name) ||
        !codec_check_enum(reading, path, "phase", in->phase, PHASE_PULSE, phase_name) ||
        !codec_check_exact(reading, path, "at", (uint64_t)in->at))
        return false;
    if (in->confidence > 100)
        return codec_refuse(reading, path, "confidence", "between 0 and 100");
    *out = (struct activity){(uint8_t)in->kind, (uint8_t)in->phase, in->at, (uint8_t)in->confidence};
    return true;
}

static bool read_gap(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Gap *in, struct gap *out)
{
    *out = (struct gap){in->from, in->to};
    return codec_check_exact(reading, path, "from", (uint64_t)in->from) &&
           codec_check_exact(reading, path, "to", (uint64_t)in->to);
}

static bool read_alert_item(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Alert *in, struct feed_item *out)
{
    struct alert *alert = arena_take(reading->arena, sizeof *alert);
    out->alert = alert;
    return codec_read_alert(reading, path, in, alert);
}

static bool read_item(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__FeedItem *in, struct feed_item *out)
{
    struct codec_path activity = {path, "activity", CODEC_NO_INDEX}, alert = {path, "alert", CODEC_NO_INDEX},
                      gap = {path, "gap", CODEC_NO_INDEX};
    if (in->version > 1)
        return codec_refuse(reading, path, "version", "1");
    if (!codec_check_text(reading, path, "channel", in->channel, LIMIT_NAME, TEXT_PROSE, &out->channel) ||
        !codec_check_text(reading, path, "cell", in->cell, LIMIT_GEOHASH, TEXT_ACCOUNT, &out->cell) ||
        !codec_check_text(reading, path, "cursor", in->cursor, LIMIT_OPAQUE, TEXT_ID, &out->cursor))
        return false;
    switch (in->item_case) {
    case NEIGHBORS__V1__FEED_ITEM__ITEM_ACTIVITY:
        out->kind = FEED_ACTIVITY;
        return read_activity(reading, &activity, in->activity, &out->activity);
    case NEIGHBORS__V1__FEED_ITEM__ITEM_ALERT:
        out->kind = FEED_ALERT;
        return read_alert_item(reading, &alert, in->alert, out);
    case NEIGHBORS__V1__FEED_ITEM__ITEM_GAP:
        out->kind = FEED_GAP;
        return read_gap(reading, &gap, in->gap, &out->gap);
    default:
        return codec_refuse(reading, path, "item", "one of activity, alert, gap");
    }
}

bool codec_decode_feed_item(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct feed_item *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__FeedItem *in = (const Neighbors__V1__FeedItem *)codec_unpack(
        encoding, payload, &neighbors__v1__feed_item__descriptor, &reading);
    memset(out, 0, sizeof *out);
    return in && read_item(&reading, NULL, in, out);
}

static Neighbors__V1__FeedItem *write_item(const struct feed_item *in, struct arena *arena)
{
    Neighbors__V1__FeedItem *item = CODEC_NEW(Neighbors__V1__FeedItem, NEIGHBORS__V1__FEED_ITEM__INIT, arena);
    item->version = 1;
    item->channel = codec_write_text(in->channel, arena);
    item->cell = codec_write_text(in->cell, arena);
    item->cursor = codec_write_text(in->cursor, arena);
    if (in->kind == FEED_ACTIVITY) {
        item->item_case = NEIGHBORS__V1__FEED_ITEM__ITEM_ACTIVITY;
        item->activity = CODEC_NEW(Neighbors__V1__Activity, NEIGHBORS__V1__ACTIVITY__INIT, arena);
        item->activity->kind = in->activity.kind;
        item->activity->phase = in->activity.phase;
        item->activity->at = in->activity.at;
        item->activity->confidence = in->activity.confidence;
    } else if (in->kind == FEED_ALERT) {
        item->item_case = NEIGHBORS__V1__FEED_ITEM__ITEM_ALERT;
        item->alert = codec_write_alert(in->alert, arena);
    } else if (in->kind == FEED_GAP) {
        item->item_case = NEIGHBORS__V1__FEED_ITEM__ITEM_GAP;
        item->gap = CODEC_NEW(Neighbors__V1__Gap, NEIGHBORS__V1__GAP__INIT, arena);
        item->gap->from = in->gap.from;
        item->gap->to = in->gap.to;
    }
    return item;
}

struct bytes codec_encode_feed_item(enum encoding encoding, const struct feed_item *in, struct arena *arena)
{
    return codec_pack(encoding, &write_item(in, arena)->base, arena);
}

bool codec_decode_history_page(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct history_page *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__HistoryPage *in = (const Neighbors__V1__HistoryPage *)codec_unpack(
        encoding, payload, &neighbors__v1__history_page__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !codec_check_count(&reading, NULL, "items", in->n_items, LIMIT_PAGE) ||
        !codec_check_exact(&reading, NULL, "from", (uint64_t)in->from) ||
        !codec_check_exact(&reading, NULL, "to", (uint64_t)in->to) ||
        !codec_check_text(&reading, NULL, "next", in->next, LIMIT_OPAQUE, TEXT_ID, &out->next))
        return false;
    out->from = in->from;
    out->to = in->to;
    out->complete = in->complete;
    out->item_count = in->n_items;
    out->items = in->n_items ? arena_alloc(arena, in->n_items * sizeof *out->items) : NULL;
    for (size_t i = 0; i < in->n_items; i++) {
        struct codec_path item = {NULL, "items", i};
        if (!read_item(&reading, &item, in->items[i], &out->items[i]))
            return false;
    }
    return true;
}

struct bytes codec_encode_history_page(
    enum encoding encoding, const struct history_page *in, struct arena *arena)
{
    Neighbors__V1__HistoryPage page = NEIGHBORS__V1__HISTORY_PAGE__INIT;
    page.version = 1;
    page.from = in->from;
    page.to = in->to;
    page.complete = in->complete;
    page.next = codec_write_text(in->next, arena);
    page.n_items = in->item_count;
    page.items = arena_take(arena, in->item_count * sizeof *page.items);
    for (size_t i = 0; i < in->item_count; i++)
        page.items[i] = write_item(&in->items[i], arena);
    return codec_pack(encoding, &page.base, arena);
}

static bool read_cursor(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__ChannelCursor *in, struct channel_cursor *out)
{
    return codec_check_text(reading, path, "channel", in->channel, LIMIT_NAME, TEXT_PROSE, &out->channel) &&
           codec_check_text(reading, path, "cursor", in->cursor, LIMIT_OPAQUE, TEXT_ID, &out->cursor);
}

bool codec_decode_heartbeat(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct heartbeat *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Heartbeat *in = (const Neighbors__V1__Heartbeat *)codec_unpack(
        encoding, payload, &neighbors__v1__heartbeat__descriptor, &reading);
    if (!in || !codec_check_count(&reading, NULL, "cursors", in->n_cursors, LIMIT_CURSORS) ||
        !codec_check_exact(&reading, NULL, "as_of", (uint64_t)in->as_of))
        return false;
    *out = (struct heartbeat){.cursor_count = in->n_cursors,
        .cursors = in->n_cursors ? arena_alloc(arena, in->n_cursors * sizeof *out->cursors) : NULL,
        .as_of = in->as_of,
        .stale = in->stale,
        .items_sent = in->items_sent};
    for (size_t i = 0; i < in->n_cursors; i++) {
        struct codec_path cursor = {NULL, "cursors", i};
        if (!read_cursor(&reading, &cursor, in->cursors[i], &out->cursors[i]))
            return false;
    }
    return true;
}

struct bytes codec_encode_heartbeat(enum encoding encoding, const struct heartbeat *in, struct arena *arena)
{
    Neighbors__V1__Heartbeat heartbeat = NEIGHBORS__V1__HEARTBEAT__INIT;
    heartbeat.version = 1;
    heartbeat.as_of = in->as_of;
    heartbeat.stale = in->stale;
    heartbeat.items_sent = in->items_sent;
    heartbeat.n_cursors = in->cursor_count;
    heartbeat.cursors = arena_take(arena, in->cursor_count * sizeof *heartbeat.cursors);
    for (size_t i = 0; i < in->cursor_count; i++) {
        heartbeat.cursors[i] =
            CODEC_NEW(Neighbors__V1__ChannelCursor, NEIGHBORS__V1__CHANNEL_CURSOR__INIT, arena);
        heartbeat.cursors[i]->channel = codec_write_text(in->cursors[i].channel, arena);
        heartbeat.cursors[i]->cursor = codec_write_text(in->cursors[i].cursor, arena);
    }
    return codec_pack(encoding, &heartbeat.base, arena);
}
