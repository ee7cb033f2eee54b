/* History: a page of what was appended to the channels of a place between two times, in the order of
 * appending, answered on the sender's inbox. The channels are read one after the other; a page ends where one
 * of them has more than was read, or where it is full, and the next page begins with the very next item. What
 * a client may not take at all is left out, and the page then does not call itself complete. */
#include <stdio.h>

#include "broker/kind/kind.h"
#include "broker/session/connection_state.h"
#include "broker/session/info.h"
#include "broker/session/place.h"

enum { PLACES = 16, CHANNELS = 256, AT_ONCE = 4, ENTRIES = 4096, PAGE_BYTES = 1 << 20, SUFFIX = 128 };
/* An alert that many channels bear comes into them within seconds: so far back a page looks for what the
 * pages before it told, so many entries of a channel at a time. */
enum { LOOK_BACK_MS = 10000, LOOK_BACK_ENTRIES = 64 };

struct found {
    struct entry *entry;
    uint32_t channel; /* its number in history->channels */
    uint32_t generation;
};

/* Where a page ends: behind the first `position.index` items (0: all) of that channel's entry. Entries of
 * several channels may have the same position; they come in the order of the channels. */
struct place_in_history {
    struct position_in_channel position;
    uint32_t channel;
};

/* Told on a page before. */
struct told {
    char public_id[PUBLIC_ID + 1];
    uint32_t revision;
};

struct history {
    struct publication *publication;
    struct followed_place *places[PLACES];
    size_t place_count;
    geo_cell channels[CHANNELS];
    size_t channel_count, channels_looked_back, channels_read;
    unsigned classes; /* of enum item_class */
    int64_t read_at;  /* ms: the page covers nothing behind it */
    char label[32];   /* that the pages of this query are bound to */
    size_t told_count, told_room;
    struct told *told;
    struct position_in_channel looked_at; /* in the channel that is looked back in; 0-0: nothing yet */
    struct place_in_history after;
    struct position_in_channel bound; /* nothing behind it is in this page */
    bool complete, more, json;
    struct found *found;
    size_t found_count, found_room;
    uint32_t limit;
};

static const struct position_in_channel everything = {UINT64_MAX, UINT32_MAX, 0};

/* ---- decode, authorize ---- */

static enum step_result decode(struct publication *publication)
{
    if (publication->encoding == ENCODING_CAP)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "payload", "a history query is protobuf or JSON");
    if (!codec_decode_history_query(publication->encoding, publication->payload, &publication->arena,
            &publication->history, &publication->refusal))
        return STEP_REFUSE;
    return STEP_GO_ON;
}

/* Where in the inbox the answer goes. */
static struct text reply_suffix(const struct publication *publication)
{
    struct text topic = publication->response_topic;
    const char *reply = topic.len ? memmem(topic.data, topic.len, "reply/", 6) : NULL;

    return reply ? (struct text){reply, topic.len - (size_t)(reply - topic.data)} : TEXT("reply/history");
}

static bool is_awaited(const struct session *session, struct text suffix)
{
    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        if (s->parsed.kind == FOLLOW_INBOX && topic_matches(s->parsed.suffix, suffix))
            return true;
    }
    return false;
}

/* How many of the connection's questions are not answered yet. */
static size_t open_questions(const struct connection *connection)
{
    const struct publication *publication;
    size_t count = 0;

    TAILQ_FOREACH(publication, &connection->publications, in_connection)
    count += publication->kind == &kind_history && !publication->done;
    return count;
}

static enum step_result authorize(struct publication *publication)
{
    struct connection *connection = publication->connection;
    struct text topic = publication->response_topic, suffix = reply_suffix(publication);

    if (topic.len && !(topic.len > 18 && memcmp(topic.data, "nb/v1/inbox/reply/", 18) == 0) &&
        !(topic.len > 23 && memcmp(topic.data, "nb/v1/json/inbox/reply/", 23) == 0))
        return publication_refuse(
            publication, REASON_NOT_ALLOWED, "response_topic", "must be nb/v1/inbox/reply/<name>");
    if (suffix.len > SUFFIX)
        return publication_refuse(
            publication, REASON_BAD_PAYLOAD, "response_topic", "at most 122 bytes of name");
    if (!connection || !connection->session || !is_awaited(connection->session, suffix))
        return publication_refuse(
            publication, REASON_OTHER, "topic", "subscribe to nb/v1/inbox/# first: the answer comes there");
    if (open_questions(connection) > AT_ONCE) {
        publication_refuse(publication, REASON_QUOTA_EXCEEDED, "topic", "at most 4 questions at once");
        publication->refusal.retry_after_s = 1;
        return STEP_REFUSE;
    }
    return STEP_GO_ON;
}

/* ---- locate ---- */

static bool add_place(struct history *history, const struct follow_filter *filter)
{
    struct followed_place *place;

    if (history->place_count == PLACES)
        return false;
    place = place_hold(history->publication->broker, filter, "");
    if (!place)
        return false;
    history->places[history->place_count++] = place;
    for (size_t i = 0; i < place->channel_count; i++) {
        size_t n = 0;
        while (n < history->channel_count && history->channels[n] != place->channels[i].cell)
            n++;
        if (n == CHANNELS)
            return false;
        if (n == history->channel_count)
            history->channels[history->channel_count++] = place->channels[i].cell;
    }
    return true;
}

/* A place is read as the filter of a SUBSCRIBE would be, so that the same rules hold. */
static enum step_result take_place(struct history *history, const char *filter)
{
    struct publication *publication = history->publication;
    struct follow_filter parsed;
    struct refusal refusal;

    if (!topic_parse_filter(text_of(filter), publication->broker->options.leaf_precision, &parsed, &refusal))
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "near", refusal.rule);
    if (parsed.kind == FOLLOW_CELL && strlen(parsed.cell) < 4)
        return publication_refuse(publication, REASON_NOT_ALLOWED, "cells", "of precision 4 to 6");
    if (!add_place(history, &parsed))
        return publication_refuse(publication, REASON_QUOTA_EXCEEDED, "cells", "too many at once");
    return STEP_GO_ON;
}

/* Pages are bound to what was asked, but for how many items a page has. */
static void bind_pages(struct history *history)
{
    const struct history_query *query = &history->publication->history;
    struct arena *arena = &history->publication->arena;
    uint8_t digest[16];
    char *asked = arena_printf(arena, "%.*s %u %u %lld %lld", (int)query->near_cell.len,
        query->near_cell.len ? query->near_cell.data : "", query->metres, history->classes,
        (long long)query->from, (long long)query->to);

    for (size_t i = 0; i < query->cell_count; i++)
        asked = arena_printf(arena, "%s %.*s", asked, (int)query->cells[i].len, query->cells[i].data);
    seal_digest((struct bytes){(const uint8_t *)asked, strlen(asked)}, digest);
    memcpy(history->label, "history", 7);
    for (int i = 0; i < 8; i++)
        sprintf(history->label + 7 + 2 * i, "%02x", digest[i]);
}

static enum step_result locate(struct publication *publication)
{
    const struct history_query *query = &publication->history;
    struct history *history = arena_alloc(&publication->arena, sizeof *history);
    enum step_result result = STEP_GO_ON;

    history->publication = publication;
    publication->job = history;
    if (query->near_cell.len)
        result = take_place(history, arena_printf(&publication->arena, "nb/v1/near/%.*s/%u/#",
                                         (int)query->near_cell.len, query->near_cell.data, query->metres));
    for (size_t i = 0; result == STEP_GO_ON && i < query->cell_count; i++)
        result = take_place(history, arena_printf(&publication->arena, "nb/v1/cell/%.*s/#",
                                         (int)query->cells[i].len, query->cells[i].data));
    if (result != STEP_GO_ON)
        return result;
    if (history->place_count == 0)
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "near", "give near or cells");
    if (query->from > 0)
        history->after.position = (struct position_in_channel){(uint64_t)query->from - 1, UINT32_MAX, 0};
    history->classes = query->item_class.len ? item_class_of(query->item_class) : CLASS_ANY;
    bind_pages(history);
    if (query->page.len && !seal_cursor_open(publication->broker->seal, text_of(history->label), query->page,
                               &history->after.position, &history->after.channel))
        return publication_refuse(publication, REASON_BAD_PAYLOAD, "page", "not a page of this history");
    history->read_at = broker_now(publication->broker);
    history->channels_looked_back = query->page.len ? 0 : history->channel_count;
    history->bound = everything;
    history->complete = true;
    history->limit = query->limit && query->limit < LIMIT_PAGE ? query->limit : LIMIT_PAGE;
    return STEP_GO_ON;
}

/* ---- store: read, load, answer ---- */

static void keep_entry(
    struct history *history, const struct channel_entry *entry, uint32_t channel, uint32_t generation)
{
    if (history->found_count == history->found_room) {
        history->found_room = history->found_room ? history->found_room * 2 : 64;
        history->found = must_realloc(history->found, history->found_room * sizeof *history->found);
    }
    history->found[history->found_count++] =
        (struct found){entry_new(history->publication->broker, entry), channel, generation};
}

/* From where a channel is read: at the position where the page before ended, later channels have all to tell,
 * the one in which it ended what is left of the entry, and earlier ones nothing any more. */
static struct position_in_channel read_from(const struct history *history)
{
    struct position_in_channel from = history->after.position;

    if (history->channels_read > history->after.channel)
        from.index = history->publication->history.page.len ? 1 : from.index;
    else if (history->channels_read < history->after.channel)
        from.index = 0;
    return from;
}

/* What is missing at the beginning of what was asked is known by the low-water mark. */
static void page_read(void *arg, const struct channel_page *page)
{
    struct history *history = arg;
    struct publication *publication = history->publication;
    struct position_in_channel from = read_from(history);
    uint32_t channel = (uint32_t)history->channels_read++;

    if (page->status != STORE_OK) {
        publication->failed = true;
        history->channels_read = history->channel_count;
    } else {
        if (position_order(page->low, from) > 0)
            history->complete = false;
        for (size_t i = 0; i < page->count; i++)
            keep_entry(history, &page->entries[i], channel, page->generation);
        if (page->more && page->count &&
            position_order(page->entries[page->count - 1].position, history->bound) < 0)
            history->bound = page->entries[page->count - 1].position;
    }
    pipeline_resume(publication);
}

static void read_next(struct history *history)
{
    struct broker *broker = history->publication->broker;
    char name[GEO_CELL_TEXT + 2] = "c:";
    size_t most = ENTRIES / history->channel_count;

    geo_format(history->channels[history->channels_read], name + 2);
    store_channel_read(broker->store, text_of(name), read_from(history),
        most < history->limit ? most : history->limit, page_read, history);
}

/* ---- what the pages before told ---- */

static void note_told(struct history *history, const struct alert_notice *notice)
{
    if (history->told_count == history->told_room) {
        history->told_room = history->told_room ? history->told_room * 2 : 16;
        history->told = must_realloc(history->told, history->told_room * sizeof *history->told);
    }
    struct told *told = &history->told[history->told_count++];
    memcpy(told->public_id, notice->public_id, sizeof told->public_id);
    told->revision = notice->revision;
}

/* What a channel has of the time looked back at is read to its end, or to where the page before ended. */
static void looked_back(void *arg, const struct channel_page *page)
{
    struct history *history = arg;
    struct publication *publication = history->publication;
    /* Of an entry that was told in part, the position: other channels have alerts there. */
    struct position_in_channel end = {history->after.position.ms, history->after.position.seq, 0};
    uint32_t channel = (uint32_t)history->channels_looked_back;
    bool more = page->more && page->count;

    for (size_t i = 0; page->status == STORE_OK && i < page->count; i++) {
        const struct channel_entry *entry = &page->entries[i];
        int order = position_order(entry->position, end);
        history->looked_at = entry->position;
        more = more && order < 0;
        if (entry->kind == ENTRY_ALERT && (order < 0 || (order == 0 && channel <= history->after.channel)))
            note_told(history, &entry->alert);
    }
    if (page->status != STORE_OK) {
        publication->failed = true;
        history->channels_looked_back = history->channels_read = history->channel_count;
    } else if (!more) {
        history->channels_looked_back++;
        history->looked_at = (struct position_in_channel){0};
    }
    pipeline_resume(publication);
}

static struct position_in_channel look_back_from(const struct history *history)
{
    uint64_t from = history->publication->history.from > 0 ? (uint64_t)history->publication->history.from : 1;
    uint64_t back = history->after.position.ms > LOOK_BACK_MS ? history->after.position.ms - LOOK_BACK_MS : 1;

    if (history->looked_at.ms)
        return history->looked_at;
    return (struct position_in_channel){(back > from ? back : from) - 1, UINT32_MAX, 0};
}

static void look_back(struct history *history)
{
    struct broker *broker = history->publication->broker;
    char name[GEO_CELL_TEXT + 2] = "c:";

    geo_format(history->channels[history->channels_looked_back], name + 2);
    store_channel_read(
        broker->store, text_of(name), look_back_from(history), LOOK_BACK_ENTRIES, looked_back, history);
}

/* ---- the page ---- */

static int by_position(const void *a, const void *b)
{
    const struct found *left = a, *right = b;
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
static bool concerns(struct history *history, const struct found *found, uint32_t item, int *face)
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

static struct feed_item make_item(struct history *history, const struct found *found, uint32_t item, int face)
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
    size_t around = 128 + SUFFIX + publication->correlation.len;

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
    const struct found *found, struct place_in_history *last)
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

static void fill_page(struct history *history, struct history_page *page)
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
        const struct found *found = &history->found[i];
        if (found->entry->position.ms > to || position_order(found->entry->position, history->bound) > 0)
            break;
        full = !add_entry(history, page, &room, found, &last);
    }
    bool stopped = full || (i < history->found_count && history->found[i].entry->position.ms <= to);
    history->more = stopped || (i == history->found_count && position_order(history->bound, everything) < 0);
    page->from = query->page.len ? (int64_t)history->after.position.ms : query->from;
    page->to = query->to > 0 && query->to < history->read_at ? query->to : history->read_at;
    if (history->more || (int64_t)last.position.ms > page->to)
        page->to = (int64_t)last.position.ms;
    page->complete = history->complete;
    if (history->more) {
        char *next = arena_alloc(&history->publication->arena, CURSOR_TEXT + 1);
        seal_cursor(
            history->publication->broker->seal, text_of(history->label), last.position, last.channel, next);
        page->next = text_of(next);
    }
}

static struct bytes encode_page(const void *message, bool json, struct arena *arena)
{
    return codec_encode_history_page(json ? ENCODING_JSON : ENCODING_PROTOBUF, message, arena);
}

static void answer(struct history *history)
{
    struct publication *publication = history->publication;
    struct session *session = publication->connection ? publication->connection->session : NULL;
    struct history_page page = {0};

    if (!session)
        return;
    for (const struct follow *follow = session->follows; follow; follow = follow->next)
        history->json =
            history->json || (follow->json && follow->place && follow->place->kind == FOLLOW_INBOX);
    fill_page(history, &page);
    inbox_send(session, reply_suffix(publication), publication->correlation, 0, encode_page, &page);
}

static void end(struct history *history)
{
    struct broker *broker = history->publication->broker;

    for (size_t i = 0; i < history->found_count; i++)
        entry_drop(broker, history->found[i].entry);
    free(history->found);
    free(history->told);
    history->told = NULL;
    for (size_t i = 0; i < history->place_count; i++)
        place_drop(broker, history->places[i]);
    history->found_count = history->place_count = 0;
    history->found = NULL;
}

static void release(struct publication *publication)
{
    if (publication->job)
        end(publication->job);
}

static enum step_result store(struct publication *publication)
{
    struct history *history = publication->job;

    if (history->channels_looked_back < history->channel_count) {
        look_back(history);
        return STEP_WAIT;
    }
    if (history->channels_read < history->channel_count) {
        read_next(history);
        return STEP_WAIT;
    }
    for (size_t i = 0; i < history->found_count; i++) {
        if (!entry_ready(history->found[i].entry)) {
            TAILQ_INSERT_TAIL(&publication->broker->waiting_publications, publication, in_waiting);
            return STEP_WAIT;
        }
    }
    if (publication->failed)
        return STEP_FAIL;
    answer(history);
    return STEP_GO_ON;
}

const struct kind kind_history = {
    .topic = TOPIC_HISTORY,
    .decode = decode,
    .authorize = authorize,
    .locate = locate,
    .store = store,
    .release = release,
};
