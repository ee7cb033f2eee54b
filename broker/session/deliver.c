/* Deliveries. A session goes on in this order: alerts in force that new follows get first; entries read from
 * the store for a link that is further back than the ring; the rings. It stops when the client's window or
 * the output is full, or an alert is still being loaded, and is taken up again when that changes. */
#include "broker/session/deliver.h"

#include "broker/inquiry.h"
#include "broker/session/connection_state.h"
#include "broker/session/initial.h"
#include "broker/session/item.h"
#include "broker/step/publication.h"

enum { PAGE = 64, ITEMS_A_TURN = 512, LINKS_A_LOOK = 64 };

struct page_reader {
    struct link *link;
    size_t count, next;
    struct entry *entries[];
};

/* ---- who goes on ---- */

static void leave_queue(struct session *session)
{
    struct broker *broker = session->broker;

    if (session->queued == QUEUED_PUMP) {
        TAILQ_REMOVE(&broker->pump, session, in_queue);
        broker->pump_count--;
    }
    if (session->queued == QUEUED_WAITING)
        TAILQ_REMOVE(&broker->waiting, session, in_queue);
    session->queued = QUEUED_NOT;
}

void deliver_wake(struct session *session)
{
    if (session->queued == QUEUED_PUMP)
        return;
    leave_queue(session);
    session->queued = QUEUED_PUMP;
    TAILQ_INSERT_TAIL(&session->broker->pump, session, in_queue);
    session->broker->pump_count++;
}

void deliver_wait_for_alert(struct session *session)
{
    leave_queue(session);
    session->queued = QUEUED_WAITING;
    TAILQ_INSERT_TAIL(&session->broker->waiting, session, in_queue);
}

void deliver_alert_loaded(struct broker *broker)
{
    struct session *session;
    struct channel *channel;
    struct publication *publication;

    while ((session = TAILQ_FIRST(&broker->waiting)))
        deliver_wake(session);
    while ((channel = TAILQ_FIRST(&broker->waiting_channels))) {
        TAILQ_REMOVE(&broker->waiting_channels, channel, in_queue);
        channel->queued = CHANNEL_IDLE;
        channel_mark_dirty(broker, channel);
    }
    struct publication_list ready = TAILQ_HEAD_INITIALIZER(ready);
    TAILQ_CONCAT(&ready, &broker->waiting_publications, in_waiting);
    while ((publication = TAILQ_FIRST(&ready))) {
        TAILQ_REMOVE(&ready, publication, in_waiting);
        pipeline_resume(publication);
    }
    inquiries_alert_loaded(broker);
}

bool deliver_serves(const struct follow *follow, const struct channel *channel)
{
    if (!follow->place || follow->place->kind == FOLLOW_INBOX)
        return false;
    for (size_t i = 0; i < follow->place->channel_count; i++) {
        if (follow->place->channels[i].cell == channel->cell)
            return true;
    }
    return false;
}

/* ---- entries ---- */

/* Sends one item to all follows; false when it must stop before the last, to go on there. */
static bool send_item(struct session *session, struct link *link, struct entry *entry, uint32_t item)
{
    struct position_in_channel before = link->sent;

    for (struct follow *follow = session->follows; follow; follow = follow->next) {
        if (link->resume && follow->serial > link->resume)
            continue;
        if (!item_room(session)) {
            link->resume = follow->serial;
            return false;
        }
        item_send(session, follow, link, before, entry, item);
    }
    return true;
}

/* Sends the items of an entry that the link has not passed yet; false when it must stop before the end. */
static bool send_entry(struct session *session, struct link *link, struct entry *entry)
{
    bool same = link->sent.ms == entry->position.ms && link->sent.seq == entry->position.seq;
    struct position_in_channel reached = entry->position;

    session->unsaved = true;
    for (uint32_t item = same ? link->sent.index : 0; item < entry->item_count; item++) {
        if (!send_item(session, link, entry, item))
            return false;
        reached.index = item + 1;
        link_move(link, reached);
    }
    link_move(link, entry->position);
    return true;
}

static void reader_free(struct session *session)
{
    struct page_reader *reader = session->reader;

    if (!reader)
        return;
    session->reader = NULL;
    for (size_t i = 0; i < reader->count; i++)
        entry_drop(session->broker, reader->entries[i]);
    free(reader);
}

/* Returning and slow followers see the latest state of an alert: what was superseded meanwhile is passed
 * over. To who keeps up every state is shown, also when it has to be read because the store was away. */
static bool superseded(const struct link *link, const struct entry *entry)
{
    return entry->kind == ENTRY_ALERT && !link->channel->asking &&
           position_order(entry->position, link->missed) <= 0 && channel_supersedes(link->channel, entry);
}

/* Sends what was read from the store; true when all of it is sent. */
static bool send_page(struct session *session)
{
    struct page_reader *reader = session->reader;

    for (; reader && reader->next < reader->count; reader->next++) {
        struct entry *entry = reader->entries[reader->next];

        if (!entry_ready(entry)) {
            deliver_wait_for_alert(session);
            return false;
        }
        if (superseded(reader->link, entry)) {
            session->broker->counters.items_superseded++;
            link_move(reader->link, entry->position);
        } else if (!send_entry(session, reader->link, entry))
            return false;
    }
    reader_free(session);
    return true;
}

void deliver_go_back(struct session *session, struct link *link, struct position_in_channel position)
{
    if (session->reader && session->reader->link == link)
        reader_free(session); /* what was not sent of it is read again */
    link_move(link, position);
}

struct page_request {
    struct broker *broker;
    uint64_t generation;
    uint64_t serial; /* of the channel */
    struct position_in_channel after, floor;
    size_t len;
    char session[];
};

static struct link *link_by_serial(const struct session *session, uint64_t serial)
{
    for (struct link *link = session->links; link; link = link->next) {
        if (link->channel->serial == serial)
            return link;
    }
    return NULL;
}

static void take_page(struct session *session, struct link *link, const struct channel_page *page,
    struct position_in_channel floor)
{
    struct page_reader *reader = must_alloc(sizeof *reader + page->count * sizeof *reader->entries);

    *reader = (struct page_reader){.link = link, .count = page->count};
    for (size_t i = 0; i < page->count; i++)
        reader->entries[i] = entry_new(session->broker, &page->entries[i]);
    session->reader = reader;
    /* The channel may know the new mark already, by a seam: this link has not been told of what went. */
    if (position_order(link->sent, page->low) < 0) {
        if (position_order(link->channel->low, page->low) < 0)
            link->channel->low = page->low;
        initial_queue_gap(session, link);
    }
    /* Nothing is left between here and the floor of the ring. */
    if (!page->more && page->count == 0 && position_order(link->sent, floor) < 0)
        link_move(link, floor);
}

static void page_read(void *arg, const struct channel_page *page)
{
    struct page_request *request = arg;
    struct session *session;
    struct link *link;

    HASH_FIND(hh, request->broker->sessions, request->session, request->len, session);
    if (session && session->generation == request->generation && page->status != STORE_GONE) {
        session->reading = false;
        link = link_by_serial(session, request->serial);
        if (link && page->status != STORE_OK) {
            /* Asking again at once would go on for ever; the client comes back in its own time. */
            connection_end(session->connection, REASON_UNSPECIFIED, "store failed");
        } else {
            /* A page from another place is of no use: the link was moved meanwhile. */
            if (link && position_order(link->sent, request->after) == 0)
                take_page(session, link, page, request->floor);
            deliver_wake(session);
        }
    }
    free(request);
}

static void read_behind(struct session *session, struct link *link)
{
    size_t len = strlen(session->name);
    struct page_request *request = must_alloc(sizeof *request + len);

    *request = (struct page_request){.broker = session->broker,
        .generation = session->generation,
        .serial = link->channel->serial,
        .after = link->sent,
        .floor = link->channel->floor,
        .len = len};
    memcpy(request->session, session->name, len);
    if (session->slow || !item_room(session))
        link->missed = link->channel->head;
    session->reading = true;
    session->broker->counters.reads_behind++;
    store_channel_read(
        session->broker->store, text_of(link->channel->name), link->sent, PAGE, page_read, request);
}

/* What keeps up with its channel is told how long that took; who comes back, or was slow, has missed it. */
static void count_delivered(
    struct broker *broker, const struct link *link, const struct entry *entry, uint64_t delivered)
{
    int64_t now = turn_now(broker);

    if (position_order(entry->position, link->missed) <= 0)
        return;
    if (entry->kind == ENTRY_ALERT && entry->alert->at)
        durations_add(&broker->counters.alerts_delivered, now - entry->alert->at, delivered);
    else if (entry->kind == ENTRY_ACTIVITY)
        durations_add(&broker->counters.activity_delivered, now - (int64_t)entry->position.ms, delivered);
}

/* Takes one link along its ring; false when the session has to stop. */
static bool send_ring(struct session *session, struct link *link, uint64_t stop)
{
    struct broker *broker = session->broker;
    struct entry *entry;
    bool behind;

    while ((entry = channel_next(link->channel, link->sent, &behind))) {
        if (!entry_ready(entry)) {
            deliver_wait_for_alert(session);
            return false;
        }
        if (superseded(link, entry)) {
            broker->counters.items_superseded++;
            link_move(link, entry->position);
            continue;
        }
        uint64_t delivered = broker->counters.items_delivered;
        bool whole = send_entry(session, link, entry);
        delivered = broker->counters.items_delivered - delivered;
        if (delivered)
            count_delivered(broker, link, entry, delivered);
        if (!whole)
            return false;
        if (session->items_sent >= stop) {
            deliver_wake(session);
            return false;
        }
    }
    if (behind) {
        read_behind(session, link);
        return false;
    }
    return true;
}

static void pump(struct session *session)
{
    uint64_t stop = session->items_sent + ITEMS_A_TURN;

    if (!session->connection || !session_live(session))
        return;
    if (session->held) {
        connection_live(session->connection);
        return;
    }
    if (!initial_send(session) || session->reading || !send_page(session))
        return;
    for (struct link *link = session->links; link; link = link->next) {
        if (!send_ring(session, link, stop))
            return;
    }
    session->slow = false;
}

/* A channel with one link more to go: the usual case of a session that is up to date. */
static void pump_link(struct link *link)
{
    struct session *session = link->session;

    if (session->queued != QUEUED_NOT || session->blocked || session->held || session->initial ||
        session->reading || session->reader || !session->connection || !link->settled)
        return;
    send_ring(session, link, session->items_sent + ITEMS_A_TURN);
}

static void pump_channel(struct broker *broker, struct channel *channel)
{
    struct link *link, *next;
    unsigned served = 0;

    if (channel->ring_count) {
        const struct entry *newest =
            channel->ring[(channel->ring_first + channel->ring_count - 1) % channel->ring_room];
        if (!entry_ready(newest)) {
            channel->queued = CHANNEL_WAITING;
            TAILQ_INSERT_TAIL(&broker->waiting_channels, channel, in_queue);
            return;
        }
    }
    for (link = LIST_FIRST(&channel->links); link; link = next) {
        next = LIST_NEXT(link, of_channel);
        if (++served % LINKS_A_LOOK == 0)
            broker->turn_at = 0; /* a crowd takes a while, and who is served last waits for it */
        pump_link(link);
    }
}

void deliver_turn(struct broker *broker)
{
    struct channel *channel;
    struct session *session;

    while ((channel = TAILQ_FIRST(&broker->dirty))) {
        TAILQ_REMOVE(&broker->dirty, channel, in_queue);
        channel->queued = CHANNEL_IDLE;
        pump_channel(broker, channel);
    }
    /* Who is woken again while it is pumped has its next chance in the next turn. */
    for (size_t left = broker->pump_count; left > 0 && (session = TAILQ_FIRST(&broker->pump)); left--) {
        leave_queue(session);
        session->blocked = false;
        pump(session);
    }
    broker->counters.sessions_to_go_on = broker->pump_count;
}

/* ---- ends ---- */

void deliver_forget_follow(struct session *session, const struct follow *follow)
{
    initial_forget(session, follow);
    reader_free(session); /* what was not sent of it is read again */
}

void deliver_forget(struct session *session)
{
    leave_queue(session);
    initial_forget(session, NULL);
    reader_free(session);
}
