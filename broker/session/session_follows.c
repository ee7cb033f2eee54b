/* What a session follows: its filters, the follows that they share, and a link for each channel that some
 * follow needs. */
#include <stdio.h>

#include "bridge/store_board.h"
#include "broker/core.h"
#include "broker/session/deliver.h"
#include "broker/session/reach.h"
#include "broker/session/session.h"

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
    geo_format(cell & ~(geo_cell)CHANNEL_LAND, out + 2);
    if (cell & CHANNEL_LAND)
        strcat(out, "*");
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
        if (link->channel->cell == 0)
            store_board_leave(session->broker->store, session_name(session));
        forget_link(session, link);
    }
}

/* ---- filters ---- */

bool session_in_reach(const struct session *session)
{
    struct refusal refusal;

    for (const struct subscription *s = session->subscriptions; s; s = s->next) {
        if (reach_of(session->broker, session->principal, &s->parsed, &refusal) == REACH_REFUSED)
            return false;
    }
    return true;
}

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

void session_follow_nothing(struct session *session)
{
    for (struct link *link; (link = session->links);) {
        session->links = link->next;
        forget_link(session, link);
    }
    while (session->subscriptions)
        subscription_free(session, &session->subscriptions);
}
