/* Inquiries: for each channel of the place its state, then its entries; then the alerts are waited for, and
 * matched. */
#include "broker/inquiry_inside.h"
#include "broker/session/channel.h"

/* ---- memory ---- */

void inquiry_keep_alert(struct inquiry *inquiry, const struct alert_notice *notice)
{
    if (inquiry->alert_count == inquiry->alert_room) {
        inquiry->alert_room = inquiry->alert_room ? 2 * inquiry->alert_room : 16;
        inquiry->alerts = must_realloc(inquiry->alerts, inquiry->alert_room * sizeof *inquiry->alerts);
    }
    inquiry->alerts[inquiry->alert_count++] = alert_object_hold(inquiry->broker, notice);
}

void inquiry_free(struct inquiry *inquiry)
{
    struct broker *broker = inquiry->broker;

    for (size_t i = 0; i < inquiry->alert_count; i++)
        alert_object_drop(broker, inquiry->alerts[i]);
    for (size_t i = 0; i < inquiry->place_count; i++)
        place_drop(broker, inquiry->places[i]);
    free(inquiry->alerts);
    free(inquiry->activities);
    free(inquiry->channels);
    arena_free(&inquiry->arena);
    broker->inquiry_count--;
    free(inquiry);
}

/* ---- the answer ---- */

static bool is_public(const struct inquiry *inquiry, const struct alert_object *object)
{
    const struct alert *alert = &object->alert;
    bool agency = alert->sender_kind == SENDER_AGENCY;

    return object->load == ALERT_READY && object->in_force && alert->status <= STATUS_ACTUAL &&
           (agency || !inquiry->list);
}

static bool concerns(struct inquiry *inquiry, const struct alert_object *object)
{
    if (!is_public(inquiry, object))
        return false;
    for (size_t i = 0; i < inquiry->place_count; i++) {
        if (place_alert_faces(inquiry->places[i], object) & 1)
            return true;
    }
    return inquiry->place_count == 0;
}

static int by_id_newest_first(const void *a, const void *b)
{
    const struct alert_object *left = *(struct alert_object *const *)a,
                              *right = *(struct alert_object *const *)b;
    int order = strcmp(left->key.public_id, right->key.public_id);

    return order ? order
                 : (left->key.revision < right->key.revision) - (left->key.revision > right->key.revision);
}

/* Of each alert the newest revision that any channel bore, if that concerns the place. */
static size_t choose(struct inquiry *inquiry, const struct alert_object **chosen)
{
    size_t count = 0;

    if (inquiry->alert_count)
        qsort(inquiry->alerts, inquiry->alert_count, sizeof(struct alert_object *), by_id_newest_first);
    for (size_t i = 0; i < inquiry->alert_count; i++) {
        const struct alert_object *object = inquiry->alerts[i];
        bool older = i && strcmp(inquiry->alerts[i - 1]->key.public_id, object->key.public_id) == 0;
        if (older || !concerns(inquiry, object))
            continue;
        if (count == INQUIRY_ALERTS) {
            inquiry->complete = false;
            break;
        }
        chosen[count++] = object;
    }
    return count;
}

static size_t make_cursors(struct inquiry *inquiry, struct channel_cursor *cursors)
{
    size_t count = 0;

    for (size_t i = 0; i < inquiry->channel_count; i++) {
        struct asked_channel *channel = &inquiry->channels[i];
        if (!channel->has_cursor)
            continue;
        char *text = arena_alloc(&inquiry->arena, CURSOR_TEXT + 1);
        seal_cursor(inquiry->broker->seal, text_of(channel->name), channel->after, channel->generation, text);
        cursors[count++] = (struct channel_cursor){text_of(channel->name), text_of(text)};
    }
    return count;
}

static void finish(struct inquiry *inquiry)
{
    struct inquiry_answer answer = {
        .failed = inquiry->failed, .refused = inquiry->refusal.code ? &inquiry->refusal : NULL};
    const struct alert_object **chosen =
        arena_alloc(&inquiry->arena, (inquiry->alert_count + 1) * sizeof *chosen);
    struct channel_cursor *cursors =
        arena_alloc(&inquiry->arena, (inquiry->channel_count + 1) * sizeof *cursors);

    if (!inquiry->failed && !answer.refused) {
        answer.alert_count = choose(inquiry, chosen);
        answer.alerts = chosen;
        answer.activity_count = inquiry->activity_count;
        answer.activities = inquiry->activities;
        answer.cursor_count = make_cursors(inquiry, cursors);
        answer.cursors = cursors;
        answer.complete = inquiry->complete;
        answer.changed = inquiry->broker->agency_changed;
    }
    inquiry->done(inquiry->arg, &answer);
    inquiry_free(inquiry);
}

/* Goes on when all is there: the store's answers, and the alerts. */
void inquiry_advance(struct inquiry *inquiry)
{
    if (inquiry->open > 0)
        return;
    while (inquiry->ready < inquiry->alert_count && inquiry->alerts[inquiry->ready]->load != ALERT_LOADING)
        inquiry->ready++;
    if (inquiry->ready < inquiry->alert_count)
        TAILQ_INSERT_TAIL(&inquiry->broker->waiting_inquiries, inquiry, in_waiting);
    else
        finish(inquiry);
}

void inquiries_alert_loaded(struct broker *broker)
{
    struct inquiry_list ready = TAILQ_HEAD_INITIALIZER(ready);
    struct inquiry *inquiry;

    TAILQ_CONCAT(&ready, &broker->waiting_inquiries, in_waiting);
    while ((inquiry = TAILQ_FIRST(&ready))) {
        TAILQ_REMOVE(&ready, inquiry, in_waiting);
        inquiry_advance(inquiry);
    }
}

/* ---- channels ---- */

static void tell_activity(
    struct inquiry *inquiry, const struct asked_channel *channel, const struct entry *entry, uint32_t item)
{
    int leaf = inquiry->broker->options.leaf_precision;
    struct activity_item activity = entry_activity(entry, item);
    bool concerned = false;

    for (size_t i = 0; i < inquiry->place_count && !concerned; i++)
        concerned = place_has_leaf(inquiry->places[i], channel->cell, activity.leaf, leaf);
    if (!concerned)
        return;
    if (inquiry->activity_count == inquiry->activity_room) {
        inquiry->activity_room = inquiry->activity_room ? 2 * inquiry->activity_room : 32;
        inquiry->activities =
            must_realloc(inquiry->activities, inquiry->activity_room * sizeof *inquiry->activities);
    }
    struct inquiry_activity *out = &inquiry->activities[inquiry->activity_count++];
    *out = (struct inquiry_activity){
        .activity = {activity.kind, activity.phase, activity.at, activity.confidence}};
    geo_format(leaf_of(channel->cell, activity.leaf, leaf), out->cell);
}

/* Tells an entry behind `after` and moves that along. False: there is no room for more. */
static bool tell_entry(struct asked_channel *channel, const struct channel_entry *from)
{
    struct inquiry *inquiry = channel->inquiry;
    struct position_in_channel *after = &channel->after, position = from->position;
    bool same = after->ms == position.ms && after->seq == position.seq;

    if (from->kind == ENTRY_ACTIVITY) {
        struct entry *entry = entry_new(inquiry->broker, from);
        for (uint32_t item = same ? after->index : 0; item < entry->item_count; item++) {
            if (inquiry->activity_count == INQUIRY_ACTIVITIES) {
                position.index = item;
                *after = item ? position : *after;
                entry_drop(inquiry->broker, entry);
                return false;
            }
            tell_activity(inquiry, channel, entry, item);
        }
        entry_drop(inquiry->broker, entry);
    }
    *after = position;
    return true;
}

static void page_read(void *arg, const struct channel_page *page)
{
    struct asked_channel *channel = arg;
    struct inquiry *inquiry = channel->inquiry;

    inquiry->open--;
    if (page->status != STORE_OK) {
        inquiry->failed = true;
        inquiry_advance(inquiry);
        return;
    }
    channel->generation = page->generation;
    if (page->low.ms && position_order(channel->after, page->low) < 0)
        inquiry->complete = false;
    bool told = true;
    for (size_t i = 0; told && i < page->count; i++)
        told = tell_entry(channel, &page->entries[i]);
    if (!told || page->more)
        inquiry->complete = false;
    else if (position_order(channel->after, channel->head) < 0)
        channel->after = channel->head;
    inquiry_advance(inquiry);
}

static void state_read(void *arg, const struct channel_state *state)
{
    struct asked_channel *channel = arg;
    struct inquiry *inquiry = channel->inquiry;
    size_t most = ENTRIES / inquiry->channel_count;
    char name[GEO_CELL_TEXT + 2] = "c:";

    inquiry->open--;
    if (state->status != STORE_OK)
        inquiry->failed = true;
    for (size_t i = 0; state->status == STORE_OK && i < state->alert_count; i++)
        inquiry_keep_alert(inquiry, &state->alerts[i]);
    if (state->status == STORE_OK && channel->has_cursor) {
        /* A cursor of another generation: what the channel lost then is told again (DESIGN). */
        if (channel->generation && channel->generation != state->generation)
            channel->after = (struct position_in_channel){
                channel->after.ms > REPLAY_MS ? channel->after.ms - REPLAY_MS : 0, 0, 0};
        channel->head = state->head;
        inquiry->open++;
        memcpy(name + 2, channel->name, GEO_CELL_TEXT);
        store_channel_read(
            inquiry->broker->store, text_of(name), channel->after, most ? most : 1, page_read, channel);
    }
    inquiry_advance(inquiry);
}

/* ---- the question ---- */

/* The channels of all places, each once. */
static bool add_channels(struct inquiry *inquiry, struct refusal *refusal)
{
    inquiry->channels = must_calloc(CHANNELS * sizeof *inquiry->channels);
    for (size_t p = 0; p < inquiry->place_count; p++) {
        const struct followed_place *place = inquiry->places[p];
        for (size_t i = 0; i < place->channel_count; i++) {
            size_t n = 0;
            while (n < inquiry->channel_count && inquiry->channels[n].cell != place->channels[i].cell)
                n++;
            if (n < inquiry->channel_count)
                continue;
            if (n == CHANNELS)
                return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, "cells", "too large an area at once");
            struct asked_channel *channel = &inquiry->channels[inquiry->channel_count++];
            *channel = (struct asked_channel){.inquiry = inquiry, .cell = place->channels[i].cell};
            geo_format(channel->cell, channel->name);
            channel->has_cursor = geo_precision(channel->cell) == inquiry->broker->options.channel_precision;
        }
    }
    return true;
}

/* From where each channel is told. A cursor of a channel that is none of these is of no use, and no harm. */
static bool set_beginnings(
    struct inquiry *inquiry, const struct inquiry_question *question, struct refusal *refusal)
{
    struct position_in_channel since = {
        question->since > 0 ? (uint64_t)question->since - 1 : 0, UINT32_MAX, 0};

    for (size_t n = 0; n < inquiry->channel_count; n++) {
        struct asked_channel *channel = &inquiry->channels[n];
        channel->after = since;
        for (size_t i = 0; i < question->cursor_count; i++) {
            const struct channel_cursor *cursor = &question->cursors[i];
            if (!text_equal(cursor->channel, text_of(channel->name)))
                continue;
            if (!seal_cursor_open(inquiry->broker->seal, cursor->channel, cursor->cursor, &channel->after,
                    &channel->generation))
                return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, "since", "not a cursor of this channel");
        }
    }
    return true;
}

struct inquiry *inquiry_new(struct broker *broker, inquiry_done *done, void *arg, struct refusal *refusal)
{
    if (broker->inquiry_count >= AT_ONCE) {
        inquiry_refuse(refusal, REASON_QUOTA_EXCEEDED, "inquiries", "too many at once");
        return NULL;
    }
    struct inquiry *inquiry = must_calloc(sizeof *inquiry);
    inquiry->broker = broker;
    inquiry->done = done;
    inquiry->arg = arg;
    inquiry->complete = true;
    arena_init(&inquiry->arena, NULL, 0);
    broker->inquiry_count++;
    return inquiry;
}

static void read_channels(struct inquiry *inquiry)
{
    inquiry->open = inquiry->channel_count;
    for (size_t i = 0; i < inquiry->channel_count; i++) {
        char name[GEO_CELL_TEXT + 2] = "c:";
        memcpy(name + 2, inquiry->channels[i].name, GEO_CELL_TEXT);
        store_channel_state(inquiry->broker->store, text_of(name), state_read, &inquiry->channels[i]);
    }
}

static void counted(void *arg, const struct store_cells_result *result)
{
    struct inquiry *inquiry = arg;
    struct broker *broker = inquiry->broker;
    int64_t now = broker_now(broker);

    inquiry->failed = result->status != STORE_OK;
    if (!inquiry->failed && memchr(result->granted, '0', result->count)) {
        reach_rule(inquiry->rule, broker->options.feed_cells_day, now);
        inquiry_refuse(&inquiry->refusal, REASON_QUOTA_EXCEEDED, "cells", inquiry->rule);
        inquiry->refusal.retry_after_s = reach_day_ends_s(now);
    }
    if (inquiry->failed || inquiry->refusal.code)
        finish(inquiry);
    else
        read_channels(inquiry);
}

/* Nobody sees the whole land by asking for it piece by piece. */
static void count_cells(struct inquiry *inquiry, struct text address)
{
    struct broker *broker = inquiry->broker;
    struct store_cell cells[INQUIRY_CELLS];
    char geohash[GEO_CELL_TEXT];

    for (size_t i = 0; i < inquiry->place_count; i++) {
        geo_format(inquiry->places[i]->cell, geohash);
        cells[i] = reach_cell(broker, geohash);
    }
    store_cells(broker->store,
        &(struct store_cells){.who = address,
            .address = true,
            .together = true,
            .limit = broker->options.feed_cells_day,
            .count = inquiry->place_count,
            .cells = cells},
        counted, inquiry);
}

bool broker_inquire(struct broker *broker, const struct inquiry_question *question, inquiry_done *done,
    void *arg, struct refusal *refusal)
{
    struct inquiry *inquiry = inquiry_new(broker, done, arg, refusal);

    if (!inquiry)
        return false;
    if (!question->place.near.len && !question->place.cell_count)
        inquiry_refuse(refusal, REASON_BAD_PAYLOAD, "near", "give near or cells");
    else if (inquiry_add_places(inquiry, &question->place, refusal) && add_channels(inquiry, refusal) &&
             set_beginnings(inquiry, question, refusal)) {
        if (question->address.len && broker->options.feed_cells_day)
            count_cells(inquiry, question->address);
        else
            read_channels(inquiry);
        return true;
    }
    inquiry_free(inquiry);
    return false;
}

/* ---- the end ---- */

void inquiry_forget_agencies(struct broker *broker)
{
    for (size_t i = 0; i < broker->agency_count; i++)
        alert_object_drop(broker, broker->agency_alerts[i]);
    free(broker->agency_alerts);
    broker->agency_alerts = NULL;
    broker->agency_count = 0;
}

void inquiries_clear(struct broker *broker)
{
    struct inquiry *inquiry;

    while ((inquiry = TAILQ_FIRST(&broker->waiting_inquiries))) {
        TAILQ_REMOVE(&broker->waiting_inquiries, inquiry, in_waiting);
        inquiry->failed = true;
        finish(inquiry);
    }
    inquiry_forget_agencies(broker);
}
