/* Followed channels. The store tells entries in order; they go into a ring and are delivered in the turn's
 * upkeep. Who is further back than the ring reads from the store. */
#include "broker/session/channel.h"

#include "broker/session/connection_state.h"
#include "broker/session/deliver.h"

enum { MEMORY_MS = 2000 }; /* how old what is known of a channel may be to be told a newcomer */

struct channel *channel_find(struct broker *broker, struct text name)
{
    struct channel *channel;

    HASH_FIND(hh, broker->channels, name.data, name.len, channel);
    return channel;
}

struct text channel_public_name(const struct channel *channel)
{
    return text_of(channel->name + 2);
}

void channel_mark_dirty(struct broker *broker, struct channel *channel)
{
    if (channel->queued != CHANNEL_IDLE)
        return;
    channel->queued = CHANNEL_DIRTY;
    TAILQ_INSERT_TAIL(&broker->dirty, channel, in_queue);
}

static struct entry *ring_at(const struct channel *channel, uint32_t i)
{
    return channel->ring[(channel->ring_first + i) % channel->ring_room];
}

static void ring_drop_first(struct broker *broker, struct channel *channel)
{
    struct entry *entry = ring_at(channel, 0);

    channel->floor = entry->position;
    channel->ring_first = (channel->ring_first + 1) % channel->ring_room;
    channel->ring_count--;
    entry_drop(broker, entry);
}

/* The ring grows with its use: most channels are quiet. */
static void ring_grow(struct channel *channel, uint32_t most)
{
    uint32_t room = channel->ring_room ? channel->ring_room * 2 : 4;
    struct entry **ring;

    if (room > most)
        room = most;
    ring = must_alloc(room * sizeof *ring);
    for (uint32_t i = 0; i < channel->ring_count; i++)
        ring[i] = ring_at(channel, i);
    free(channel->ring);
    channel->ring = ring;
    channel->ring_first = 0;
    channel->ring_room = room;
}

static void ring_push(struct broker *broker, struct channel *channel, struct entry *entry)
{
    uint32_t most = broker->options.ring_items;

    if (channel->ring_count == channel->ring_room) {
        if (channel->ring_room < most)
            ring_grow(channel, most);
        else
            ring_drop_first(broker, channel);
    }
    channel->ring[(channel->ring_first + channel->ring_count++) % channel->ring_room] = entry;
}

static void ring_clear(struct broker *broker, struct channel *channel, struct position_in_channel floor)
{
    while (channel->ring_count)
        ring_drop_first(broker, channel);
    channel->floor = floor;
}

/* The ring is left out up to head: who is not there yet reads it from the store. */
static void skip_to(struct broker *broker, struct channel *channel, struct position_in_channel head)
{
    ring_clear(broker, channel, head);
    channel->head = head;
}

static void notice_forget(struct channel *channel, const char *public_id)
{
    for (size_t i = 0; i < channel->notice_count; i++) {
        if (strcmp(channel->notices[i].public_id, public_id) == 0) {
            channel->notices[i] = channel->notices[--channel->notice_count];
            return;
        }
    }
}

static void notice_add(struct channel *channel, const struct alert_notice *notice)
{
    notice_forget(channel, notice->public_id);
    if (!notice->in_force)
        return;
    if (channel->notice_count == channel->notice_room) {
        channel->notice_room = channel->notice_room ? channel->notice_room * 2 : 4;
        channel->notices = must_realloc(channel->notices, channel->notice_room * sizeof *channel->notices);
    }
    channel->notices[channel->notice_count++] = *notice;
}

bool channel_supersedes(const struct channel *channel, const struct entry *entry)
{
    for (size_t i = 0; i < channel->notice_count; i++) {
        if (strcmp(channel->notices[i].public_id, entry->alert->key.public_id) == 0)
            return channel->notices[i].revision > entry->alert->key.revision;
    }
    return entry->notice_in_force; /* it was in force here, and is not any more: its end follows */
}

void channel_on_entry(void *arg, struct text name, const struct channel_entry *told)
{
    struct broker *broker = arg;
    struct channel *channel = channel_find(broker, name);

    if (!channel || position_order(told->position, channel->head) <= 0)
        return;
    if (channel->life == CHANNEL_OPENING) { /* told to who followed it before: there may be more between */
        skip_to(broker, channel, told->position);
        return;
    }
    ring_push(broker, channel, entry_new(broker, told));
    channel->head = told->position;
    if (told->kind == ENTRY_ALERT)
        notice_add(channel, &told->alert);
    channel_mark_dirty(broker, channel);
}

struct state_request {
    struct broker *broker;
    uint64_t serial; /* of the channel: one that was closed and opened again is another */
    size_t len;
    char name[];
};

static struct state_request *state_request(struct broker *broker, const struct channel *channel)
{
    size_t len = strlen(channel->name);
    struct state_request *request = must_alloc(sizeof *request + len);

    request->broker = broker;
    request->serial = channel->serial;
    request->len = len;
    memcpy(request->name, channel->name, len);
    return request;
}

static struct channel *state_channel(const struct state_request *request)
{
    struct channel *channel = channel_find(request->broker, (struct text){request->name, request->len});

    return channel && channel->serial == request->serial ? channel : NULL;
}

/* What came since the state was taken goes over it. False: the ring does not reach back to it. */
static bool notices_catch_up(struct channel *channel, struct position_in_channel taken)
{
    if (position_order(channel->floor, taken) > 0)
        return false;
    for (uint32_t i = 0; i < channel->ring_count; i++) {
        const struct entry *entry = ring_at(channel, i);
        if (!entry->alert || position_order(entry->position, taken) <= 0)
            continue;
        struct alert_notice notice = {.revision = entry->alert->key.revision,
            .sender_tag = entry->alert->sender_tag,
            .in_force = entry->notice_in_force};
        memcpy(notice.public_id, entry->alert->key.public_id, sizeof notice.public_id);
        notice_add(channel, &notice);
    }
    return true;
}

/* False when the state is too old already, and is to be asked anew. */
static bool channel_take_state(
    struct broker *broker, struct channel *channel, const struct channel_state *state)
{
    channel->generation = state->generation;
    channel->low = state->low;
    channel->notice_count = 0;
    for (size_t i = 0; i < state->alert_count; i++) {
        struct alert_notice notice = state->alerts[i];
        notice.in_force = true;
        notice_add(channel, &notice);
    }
    if (position_order(channel->head, state->head) < 0)
        skip_to(broker, channel, state->head);
    return notices_catch_up(channel, state->head);
}

static void ask_state(struct broker *broker, struct channel *channel);

/* Whoever waits for it would wait for ever. The last link takes the channel along. */
static void end_followers(const struct state_request *request)
{
    struct channel *channel;

    while ((channel = state_channel(request)) && !LIST_EMPTY(&channel->links)) {
        struct session *session = LIST_FIRST(&channel->links)->session;
        log_line(LOG_LEVEL_ERROR, "channel_failed", "session=%s", session->name);
        connection_end(session->connection, REASON_UNSPECIFIED, "store failed");
    }
}

static void opened(void *arg, const struct channel_state *state)
{
    struct state_request *request = arg;
    struct broker *broker = request->broker;
    struct channel *channel = state_channel(request);
    struct link *link;

    if (state->status != STORE_OK)
        end_followers(request);
    free(request);
    if (!channel || state->status != STORE_OK)
        return;
    channel->life = CHANNEL_LIVE;
    if (!channel_take_state(broker, channel, state))
        ask_state(broker, channel);
    LIST_FOREACH(link, &channel->links, of_channel)
    deliver_wake(link->session);
}

/* An older backup came back: cursors of before mean nothing now, each is held against the channel anew. */
static void unsettle(struct channel *channel)
{
    struct link *link;

    LIST_FOREACH(link, &channel->links, of_channel)
    {
        if (!link->settled)
            continue;
        link->settled = false;
        link->stayed = true;
        link->missed = link->sent;
        inflight_forget(&link->session->inflight, link);
        deliver_wake(link->session);
    }
}

static void seam_closed(void *arg, const struct channel_state *state)
{
    struct state_request *request = arg;
    struct broker *broker = request->broker;
    struct channel *channel = state_channel(request);
    struct link *link;

    if (channel)
        channel->asking--;
    if (channel && state->status == STORE_OK) {
        bool another = state->generation != channel->generation;
        if (!channel_take_state(broker, channel, state))
            ask_state(broker, channel);
        if (another)
            unsettle(channel);
        LIST_FOREACH(link, &channel->links, of_channel)
        deliver_wake(link->session);
        channel_mark_dirty(broker, channel);
    } else if (channel && state->status == STORE_FAILED) {
        end_followers(request);
    }
    free(request);
}

static void ask_state(struct broker *broker, struct channel *channel)
{
    channel->asking++;
    store_channel_state(broker->store, text_of(channel->name), seam_closed, state_request(broker, channel));
}

/* A seam: the store could not tell what lies up to head. Followers read it; what is in force is asked anew.
 */
void channel_on_seam(void *arg, struct text name, struct position_in_channel head)
{
    struct broker *broker = arg;
    struct channel *channel = channel_find(broker, name);

    if (!channel || channel->life != CHANNEL_LIVE)
        return;
    skip_to(broker, channel, head);
    ask_state(broker, channel);
    channel_mark_dirty(broker, channel);
}

/* 0: an inbox. */
static geo_cell cell_of(struct text name)
{
    geo_cell cell;
    bool land = name.len > 3 && name.data[name.len - 1] == '*';

    if (name.len <= 2 || name.data[0] != 'c' ||
        geo_parse(name.data + 2, name.len - 2 - land, &cell) != GEO_OK)
        return 0;
    return land ? cell | CHANNEL_LAND : cell;
}

void channel_ask_when_stale(struct broker *broker, struct channel *channel)
{
    if (channel->life == CHANNEL_LIVE && !channel->asking &&
        broker_now(broker) - store_as_of(broker->store) > MEMORY_MS)
        ask_state(broker, channel);
}

struct channel *channel_open(struct broker *broker, struct text name)
{
    struct channel *channel = channel_find(broker, name);

    if (channel) {
        channel_ask_when_stale(broker, channel);
        return channel;
    }
    channel = must_calloc(sizeof *channel + name.len + 1);
    memcpy(channel->name, name.data, name.len);
    channel->serial = ++broker->channel_serial;
    LIST_INIT(&channel->links);
    channel->cell = cell_of(name);
    HASH_ADD_KEYPTR(hh, broker->channels, channel->name, name.len, channel);
    store_follow(broker->store, name, opened, state_request(broker, channel));
    return channel;
}

static void channel_close(struct broker *broker, struct channel *channel)
{
    store_unfollow(broker->store, text_of(channel->name));
    if (channel->queued == CHANNEL_DIRTY)
        TAILQ_REMOVE(&broker->dirty, channel, in_queue);
    if (channel->queued == CHANNEL_WAITING)
        TAILQ_REMOVE(&broker->waiting_channels, channel, in_queue);
    ring_clear(broker, channel, channel->floor);
    HASH_DEL(broker->channels, channel);
    free(channel->ring);
    free(channel->notices);
    free(channel);
}

struct link *link_new(struct channel *channel, struct session *session, struct position_in_channel sent)
{
    struct link *link = must_calloc(sizeof *link);

    link->channel = channel;
    link->session = session;
    link->sent = sent;
    LIST_INSERT_HEAD(&channel->links, link, of_channel);
    return link;
}

void link_free(struct broker *broker, struct link *link)
{
    struct channel *channel = link->channel;

    LIST_REMOVE(link, of_channel);
    free(link->held);
    free(link);
    if (LIST_EMPTY(&channel->links))
        channel_close(broker, channel);
}

struct entry *channel_next(const struct channel *channel, struct position_in_channel after, bool *behind)
{
    uint32_t low = 0, high = channel->ring_count;

    *behind = position_order(after, channel->floor) < 0;
    if (*behind || position_order(after, channel->head) >= 0)
        return NULL;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (position_order(ring_at(channel, middle)->position, after) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < channel->ring_count ? ring_at(channel, low) : NULL;
}
