/* Sessions: their filters, links and cursors, and how those are kept in the store. */
#include "broker/session/session.h"

#include <stdio.h>

#include "broker/principal.h"
#include "broker/session/deliver.h"
#include "broker/session/hold.h"
#include "broker/session/initial.h"
#include "broker/session/saved.h"

struct session_name session_name(const struct session *session)
{
    const char *client = session->name + session->principal_len + 1;

    return (struct session_name){{session->name, session->principal_len}, text_of(client)};
}

/* ---- links: one for each channel that some follow needs ---- */

struct link *session_link(const struct session *session, const struct channel *channel)
{
    for (struct link *link = session->links; link; link = link->next) {
        if (link->channel == channel)
            return link;
    }
    return NULL;
}

static void need_channel(struct session *session, const char *name)
{
    struct channel *channel = channel_open(session->broker, text_of(name));
    struct link *link = session_link(session, channel);

    if (link)
        return;
    link = link_new(channel, session, (struct position_in_channel){0});
    link->fresh = true;
    link->next = session->links;
    session->links = link;
    session->link_count++;
}

static void inbox_channel_name(const struct session *session, char out[CHANNEL_NAME + 8])
{
    snprintf(out, CHANNEL_NAME + 8, "i:%s", session->name);
}

static void feed_channel_name(geo_cell cell, char out[CHANNEL_NAME + 8])
{
    memcpy(out, "c:", 2);
    geo_format(cell, out + 2);
}

static void need_channels(struct session *session, const struct followed_place *place)
{
    char name[CHANNEL_NAME + 8];

    if (place->kind == FOLLOW_INBOX) {
        inbox_channel_name(session, name);
        need_channel(session, name);
    }
    for (size_t i = 0; i < place->channel_count; i++) {
        feed_channel_name(place->channels[i].cell, name);
        need_channel(session, name);
    }
}

static bool place_needs(const struct followed_place *place, const struct channel *channel)
{
    if (place->kind == FOLLOW_INBOX)
        return channel->cell == 0;
    for (size_t i = 0; i < place->channel_count; i++) {
        if (place->channels[i].cell == channel->cell)
            return true;
    }
    return false;
}

static bool link_needed(const struct session *session, const struct link *link)
{
    for (struct follow *follow = session->follows; follow; follow = follow->next) {
        if (follow->place && place_needs(follow->place, link->channel))
            return true;
    }
    return false;
}

static void forget_link(struct session *session, struct link *link)
{
    inflight_forget(&session->inflight, link);
    session->link_count--;
    link_free(session->broker, link);
}

static void drop_unneeded_links(struct session *session)
{
    struct link **at = &session->links;

    while (*at) {
        struct link *link = *at;
        if (link_needed(session, link)) {
            at = &link->next;
            continue;
        }
        *at = link->next;
        forget_link(session, link);
    }
}

/* ---- filters ---- */

static struct follow *follow_hold(struct session *session, const struct follow_filter *parsed)
{
    struct followed_place *place = NULL;
    struct follow *follow;

    if (parsed->kind != FOLLOW_INFO) {
        place = place_hold(session->broker, parsed, session->name);
        if (!place)
            return NULL;
    }
    for (follow = session->follows; follow; follow = follow->next) {
        if (follow->place == place && follow->json == parsed->json) {
            if (place)
                place_drop(session->broker, place);
            follow->filters++;
            return follow;
        }
    }
    follow = must_calloc(sizeof *follow);
    *follow = (struct follow){session->follows, place, parsed->json, 1, ++session->follow_serial};
    session->follows = follow;
    if (place)
        need_channels(session, place);
    return follow;
}

static void follow_drop(struct session *session, struct follow *follow)
{
    struct follow **at = &session->follows;

    if (--follow->filters > 0)
        return;
    while (*at != follow)
        at = &(*at)->next;
    *at = follow->next;
    deliver_forget_follow(session, follow);
    if (follow->place) {
        drop_unneeded_links(session);
        place_drop(session->broker, follow->place);
    }
    free(follow);
}

static struct subscription **find_filter(struct session *session, struct text filter)
{
    struct subscription **at = &session->subscriptions;

    while (*at && !text_equal((struct text){(*at)->filter, (*at)->filter_len}, filter))
        at = &(*at)->next;
    return at;
}

uint8_t session_subscribe(struct session *session, struct text filter, const struct follow_filter *parsed,
    uint8_t options, uint32_t id, struct subscription **out, bool *created)
{
    struct subscription **at = find_filter(session, filter);
    struct subscription *subscription = *at;
    uint8_t qos = (options & 3) > 1 ? 1 : options & 3;

    *created = !subscription;
    if (!subscription) {
        if (session->filter_count >= session->broker->options.max_filters)
            return REASON_QUOTA_EXCEEDED;
        struct follow *follow = follow_hold(session, parsed);
        if (!follow)
            return REASON_NOT_ALLOWED;
        if (session->link_count > LIMIT_CURSORS) { /* a heartbeat names them all */
            follow_drop(session, follow);
            return REASON_QUOTA_EXCEEDED;
        }
        subscription = must_calloc(sizeof *subscription + filter.len);
        memcpy(subscription->filter, filter.data, filter.len);
        subscription->filter_len = (uint16_t)filter.len;
        subscription->parsed = *parsed;
        subscription->parsed.suffix.data =
            parsed->suffix.len ? subscription->filter + (filter.len - parsed->suffix.len) : NULL;
        subscription->follow = follow;
        *at = subscription;
        session->filter_count++;
        session->broker->counters.subscriptions++;
    }
    subscription->qos = qos;
    subscription->options = options;
    subscription->id = id;
    *out = subscription;
    return qos;
}

static void subscription_free(struct session *session, struct subscription **at)
{
    struct subscription *subscription = *at;

    *at = subscription->next;
    session->filter_count--;
    session->broker->counters.subscriptions--;
    follow_drop(session, subscription->follow);
    free(subscription);
}

uint8_t session_unsubscribe(struct session *session, struct text filter)
{
    struct subscription **at = find_filter(session, filter);

    if (!*at)
        return REASON_NO_SUBSCRIPTION_EXISTED;
    subscription_free(session, at);
    return REASON_OK;
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
    return false;
}

static void settle(struct session *session, struct link *link)
{
    const struct channel *channel = link->channel;
    int64_t back = broker_now(session->broker) - 60000;

    hold_take_back(link);
    link->settled = true;
    link->missed = channel->head;
    if (link->fresh) {
        link->fresh = false;
        link_move(link, channel->head);
        link->generation = channel->generation;
        return;
    }
    if (link->generation != channel->generation) {
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
    if (position_order(channel->head, link->sent) < 0)
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
    for (struct link *link; (link = session->links);) {
        session->links = link->next;
        forget_link(session, link);
    }
    while (session->subscriptions)
        subscription_free(session, &session->subscriptions);
    HASH_DEL(broker->sessions, session);
    session->principal->sessions--;
    principal_drop(broker, session->principal);
    inflight_free(&session->inflight);
    shown_free(&session->shown);
    hold_free(session);
    free(session);
}
