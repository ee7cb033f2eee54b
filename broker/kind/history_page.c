/* A page of history: of what was read, in the order of appending, what concerns the places and was not told
 * before, until the page is full or nothing more is known to be next. */
#include "broker/core.h"
#include "broker/kind/history_job.h"
#include "broker/kind/question.h"
#include "broker/session/connection_state.h"
#include "broker/session/entry.h"

enum { PAGE_BYTES = 1 << 20 };

static int by_position(const void *a, const void *b)
{
    const struct history_found *left = a, *right = b;
    int order = position_order(left->entry->position, right->entry->position);

    return order ? order : (left->channel > right->channel) - (left->channel < right->channel);
}

/* The first face of the alert that concerns one of the places in a class that was asked for; -1: none. */
static int concerning_face(struct history *history, const struct alert_object *alert)
{
    uint64_t faces = 0;

    for (size_t i = 0; i < history->place_count; i++)
        faces |= place_alert_faces(history->places[i], alert);
    for (int i = 0; i < alert->face_count; i++) {
        if ((faces >> i & 1) && (history->classes & alert->faces[i].item_class))
            return i;
    }
    return -1;
}

/* True when the item concerns one of the places; *face: of its alert, by which it does. What is gone may have
 * concerned them. */
static bool concerns(struct history *history, const struct history_found *found, uint32_t item, int *face)
{
    const struct entry *entry = found->entry;
    int leaf = history->publication->broker->options.leaf_precision;

    if (entry->kind == ENTRY_ALERT) {
        if (entry->alert->load != ALERT_READY) {
            history->complete = false;
            return false;
        }
        *face = concerning_face(history, entry->alert);
        return *face >= 0;
    }
    for (size_t i = 0;
         entry->kind == ENTRY_ACTIVITY && (history->classes & CLASS_ACTIVITY) && i < history->place_count;
         i++) {
        if (place_has_leaf(history->places[i], history->channels[found->channel],
                entry_activity(entry, item).leaf, leaf))
            return true;
    }
    return false;
}

static bool told_already(
    const struct history *history, const struct history_page *page, const struct alert_object *alert)
{
    for (size_t i = 0; i < history->told_count; i++) {
        if (history->told[i].revision == alert->key.revision &&
            strcmp(history->told[i].public_id, alert->key.public_id) == 0)
            return true;
    }
    for (size_t i = 0; i < page->item_count; i++) {
        if (page->items[i].kind == FEED_ALERT && page->items[i].alert->revision == alert->key.revision &&
            text_equal(page->items[i].alert->public_id, text_of(alert->key.public_id)))
            return true;
    }
    return false;
}

static struct feed_item make_item(
    struct history *history, const struct history_found *found, uint32_t item, int face)
{
    struct arena *arena = &history->publication->arena;
    struct broker *broker = history->publication->broker;
    char *channel = arena_alloc(arena, GEO_CELL_TEXT), *cell = arena_alloc(arena, GEO_CELL_TEXT);
    char *cursor = arena_alloc(arena, CURSOR_TEXT + 1);
    struct position_in_channel position = found->entry->position;

    geo_format(history->channels[found->channel], channel);
    position.index = item + 1 < found->entry->item_count ? item + 1 : 0;
    seal_cursor(broker->seal, text_of(channel), position, found->generation, cursor);
    struct feed_item out = {.channel = text_of(channel), .cursor = text_of(cursor)};
    if (found->entry->kind == ENTRY_ACTIVITY) {
        struct activity_item activity = entry_activity(found->entry, item);
        geo_format(
            leaf_of(history->channels[found->channel], activity.leaf, broker->options.leaf_precision), cell);
        out.kind = FEED_ACTIVITY;
        out.activity = (struct activity){activity.kind, activity.phase, activity.at, activity.confidence};
    } else {
        const struct alert_object *object = found->entry->alert;
        struct entry_variant variant = {.telling = alert_telling(object, face)};
        struct alert *alert = arena_alloc(arena, sizeof *alert);
        *alert = entry_told_alert(object, &variant, arena);
        bool placed = object->cell[0] && variant.telling != TELL_BARE;
        memcpy(cell, placed ? object->cell : channel, GEO_CELL_TEXT);
        out.kind = FEED_ALERT;
        out.alert = alert;
    }
    out.cell = text_of(cell);
    return out;
}

/* How many bytes of items the client takes in one answer. */
static size_t room_for_items(const struct history *history)
{
    const struct publication *publication = history->publication;
    uint32_t most = publication->connection ? publication->connection->maximum_packet : PAGE_BYTES;
    size_t around = 128 + QUESTION_SUFFIX + publication->correlation.len;

    if (most > PAGE_BYTES)
        most = PAGE_BYTES;
    return most > around ? most - around : 0;
}

/* Puts an item into the page. False: the page is full. What would never fit is left out. */
static bool add_item(struct history *history, struct history_page *page, size_t *room, struct feed_item item)
{
    enum { AROUND_ITEM = 8 };
    enum encoding encoding = history->json ? ENCODING_JSON : ENCODING_PROTOBUF;
    size_t size = codec_encode_feed_item(encoding, &item, &history->publication->arena).len + AROUND_ITEM;

    if (page->item_count == history->limit)
        return false;
    if (size > room_for_items(history)) {
        history->publication->broker->counters.items_too_large++;
        history->complete = false;
        return true;
    }
    if (size > *room)
        return false;
    *room -= size;
    page->items[page->item_count++] = item;
    return true;
}

/* Adds what is left of an entry; false when the page is full before its end. *last moves along. */
static bool add_entry(struct history *history, struct history_page *page, size_t *room,
    const struct history_found *found, struct place_in_history *last)
{
    struct entry *entry = found->entry;
    const struct position_in_channel *after = &history->after.position;
    bool same = after->ms == entry->position.ms && after->seq == entry->position.seq &&
                history->after.channel == found->channel;
    int face = 0;

    for (uint32_t item = same ? after->index : 0; item < entry->item_count; item++) {
        if (concerns(history, found, item, &face) &&
            !(entry->kind == ENTRY_ALERT && told_already(history, page, entry->alert)) &&
            !add_item(history, page, room, make_item(history, found, item, face)))
            return false;
        *last = (struct place_in_history){entry->position, found->channel};
        last->position.index = item + 1 < entry->item_count ? item + 1 : 0;
    }
    *last = (struct place_in_history){entry->position, found->channel};
    return true;
}

void history_page_fill(struct history *history, struct history_page *page)
{
    const struct history_query *query = &history->publication->history;
    uint64_t to = query->to > 0 ? (uint64_t)query->to : UINT64_MAX;
    struct place_in_history last = history->after;
    size_t room = room_for_items(history), i;
    bool full = false;

    if (history->found_count)
        qsort(history->found, history->found_count, sizeof *history->found, by_position);
    page->items = arena_alloc(&history->publication->arena, history->limit * sizeof *page->items);
    for (i = 0; i < history->found_count && !full; i++) {
        const struct history_found *found = &history->found[i];
        if (found->entry->position.ms > to || position_order(found->entry->position, history->bound) > 0)
            break;
        full = !add_entry(history, page, &room, found, &last);
    }
    bool stopped = full || (i < history->found_count && history->found[i].entry->position.ms <= to);
    bool more =
        stopped || (i == history->found_count && position_order(history->bound, history_everything) < 0);
    page->from = query->page.len ? (int64_t)history->after.position.ms : query->from;
    page->to = query->to > 0 && query->to < history->read_at ? query->to : history->read_at;
    if (more || (int64_t)last.position.ms > page->to)
        page->to = (int64_t)last.position.ms;
    page->complete = history->complete;
    if (more)
        page->next = history_token(history, &last);
}
