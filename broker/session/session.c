/* Sessions: their cursors, what they were shown and have acknowledged, and how that is kept in the store.
 * What they follow: session_follows.c. */
#include "broker/session/session.h"

#include "bridge/store_board.h"
#include "broker/principal.h"
#include "broker/session/deliver.h"
#include "broker/session/drill.h"
#include "broker/session/hold.h"
#include "broker/session/initial.h"
#include "broker/session/saved.h"

struct session_name session_name(const struct session *session)
{
    const char *client = session->name + session->principal_len + 1;

    return (struct session_name){{session->name, session->principal_len}, text_of(client)};
}

/* ---- cursors ---- */

bool session_since(struct session *session, struct text channel, struct text cursor)
{
    for (struct link *link = session->links; link; link = link->next) {
        if (link->settled || link->channel->cell == 0 ||
            !text_equal(channel_public_name(link->channel), channel))
            continue;
        struct position_in_channel sent;
        uint32_t generation;
        if (!seal_cursor_open(session->broker->seal, channel, cursor, &sent, &generation))
            return false;
        link_move(link, sent);
        link->generation = generation;
        link->fresh = false;
        return true;
    }
    return true;
}

static void settle(struct session *session, struct link *link)
{
    const struct channel *channel = link->channel;
    int64_t back = broker_now(session->broker) - 60000;
    bool another = link->generation != channel->generation;

    hold_take_back(link);
    /* The inbox of one that came back; of one that subscribes it waits for SUBACK. */
    if (channel->cell == 0 && !session->held)
        store_board_follow(session->broker->store, session_name(session), broker_now(session->broker));
    link->settled = true;
    if (!link->stayed)
        link->missed = channel->head;
    link->stayed = false;
    if (link->fresh) {
        link->fresh = false;
        link_move(link, channel->head);
        link->generation = channel->generation;
        return;
    }
    if (another) {
        if ((int64_t)link->sent.ms > back)
            link_move(link, (struct position_in_channel){.ms = (uint64_t)back});
        link->generation = channel->generation;
        link->in_force_due = DUE_ALL; /* what it was shown may have been undone */
    }
    if (position_order(link->sent, channel->low) < 0)
        initial_queue_gap(session, link);
    else if (link->in_force_due)
        initial_queue_channel(session, link,
            session->holding && link->in_force_due == DUE_UNSHOWN ? INITIAL_RESUMED : INITIAL_SUBSCRIBED);
    link->in_force_due = DUE_NOTHING;
    /* Else another process heard sooner than this one of what it was shown there. */
    if (another && position_order(channel->head, link->sent) < 0)
        link_move(link, channel->head);
}

bool session_live(struct session *session)
{
    for (struct link *link = session->links; link; link = link->next) {
        /* A new follower's cursor and what is in force belong to the same moment. */
        if (link->channel->life != CHANNEL_LIVE || (!link->settled && link->channel->asking))
            return false;
    }
    for (struct link *link = session->links; link; link = link->next) {
        if (!link->settled)
            settle(session, link);
    }
    return true;
}

enum in_force_due session_in_force_due(const struct session *session, const struct link *link)
{
    enum in_force_due due = link->in_force_due;

    if (due == DUE_NOTHING && (link->alerts_wait || inflight_has_in_force(&session->inflight, link)))
        due = DUE_UNSHOWN;
    for (const struct initial *initial = session->initial; initial && due != DUE_ALL;
         initial = initial->next) {
        if (initial->alert && initial->channel == link->channel)
            due = initial->kind == INITIAL_SUBSCRIBED ? DUE_ALL : DUE_UNSHOWN;
    }
    return due;
}

struct position_in_channel session_acknowledged(const struct session *session, const struct link *link)
{
    struct position_in_channel sent = link->sent;

    for (const struct initial *initial = session->initial; initial; initial = initial->next) {
        if (!initial->alert && initial->channel == link->channel) {
            sent = initial->before;
            break;
        }
    }
    return hold_cursor(link, inflight_cursor(&session->inflight, link, sent));
}

/* ---- what is sent and not acknowledged ---- */

bool session_acknowledge(struct session *session, uint16_t packet_id)
{
    if (!inflight_acknowledge(&session->inflight, packet_id))
        return false;
    session->unsaved = true;
    drill_acknowledged(session, packet_id);
    if (session->blocked)
        deliver_wake(session);
    return true;
}

/* ---- what this connection was shown: revisions only rise ---- */

bool session_show(struct session *session, const struct follow *follow, const struct alert_object *alert,
    bool again, bool ended)
{
    struct shown_alert what = {.key = shown_key(follow, alert->key.public_id),
        .revision = alert->key.revision,
        .expires = (uint32_t)(alert->alert.expires / 60000),
        .ended = ended};

    if (shown_tell(&session->shown, what, again))
        return true;
    session->broker->counters.items_repeated++;
    return false;
}

/* ---- birth and death ---- */

struct session *session_new(struct broker *broker, struct connection *connection, struct session_name name,
    const struct session_record *record, uint32_t expiry_s)
{
    size_t len = name.principal.len + 1 + name.client.len;
    struct session *session = must_calloc(sizeof *session + len + 1);

    session->broker = broker;
    session->connection = connection;
    session->generation = record->generation;
    session->expiry_s = expiry_s;
    session->initial_end = &session->initial;
    session->principal_len = (uint16_t)name.principal.len;
    memcpy(session->name, name.principal.data, name.principal.len);
    session->name[name.principal.len] = '/';
    memcpy(session->name + name.principal.len + 1, name.client.data, name.client.len);
    session->principal = principal_from_record(broker, name.principal, &record->principal);
    session->principal->sessions++;
    session->saved_at = session->heartbeat_at = broker_now(broker);
    HASH_ADD_KEYPTR(hh, broker->sessions, session->name, len, session);
    session->doubtful = record->present && !record->closed;
    if (record->present)
        hold_restore(session, record->wishes);
    if (record->present)
        saved_restore(session, record->subscriptions, record->cursors);
    return session;
}

void session_save(struct session *session, bool subscriptions, store_status_done *done, void *arg)
{
    struct arena arena;
    struct bytes filters = {0}, cursors;

    arena_init(&arena, NULL, 0);
    cursors = saved_cursors(session, &arena);
    if (subscriptions)
        filters = saved_subscriptions(session, &arena);
    store_session_save(
        session->broker->store, session_name(session), session->generation, filters, cursors, done, arg);
    session->unsaved = false;
    session->saved_at = broker_now(session->broker);
    arena_free(&arena);
}

void session_close(struct session *session)
{
    struct broker *broker = session->broker;
    struct arena arena;

    arena_init(&arena, NULL, 0);
    store_session_close(broker->store, session_name(session), session->generation, session->expiry_s,
        session->expiry_s ? saved_cursors(session, &arena) : (struct bytes){0}, NULL, NULL);
    arena_free(&arena);
    deliver_forget(session);
    session_follow_nothing(session);
    HASH_DEL(broker->sessions, session);
    session->principal->sessions--;
    principal_drop(broker, session->principal);
    inflight_free(&session->inflight);
    shown_free(&session->shown);
    hold_free(session);
    free(session->drill);
    free(session);
}
