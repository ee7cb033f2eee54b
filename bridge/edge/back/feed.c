/* The neighborhood's side of the way back: what comes from the broker for the followed places. Each following
 * begins with what is in force (a round); when a heartbeat says that all of it was told, what was not in it
 * has ended, however long the edge was away. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/edge/back/back_inside.h"
#include "bridge/edge/back/tell.h"
#include "proto/codec.h"

enum {
    SILENT_MS = 95 * 1000, /* three heartbeats and a little: then silence proves nothing */
    AGAIN_MS = 10 * 1000,  /* between two followings of all anew */
};

static const char near_topic[] = "nb/v1/near/";

/* ---- following ---- */

static void set_live(struct back *back, bool live)
{
    back->status_changed |= back->live != live;
    back->live = live;
}

static bool follow(struct back *back, const struct back_place *place)
{
    char filter[64];
    snprintf(filter, sizeof(filter), "%s%s/%u/#", near_topic, place->leaf, (unsigned)place->metres);
    return link_subscribe(back->feed, filter);
}

static void follow_all(struct back *back)
{
    int64_t last = kept_last_round(back->kept);
    bool followed = link_subscribe(back->feed, "nb/v1/inbox/heartbeat");
    back->round = back->wall > last ? back->wall : last + 1;
    back->following = back->settled = back->gap = false;
    back->followed = back->now;
    if (back->settings->owner)
        followed = followed && link_subscribe(back->feed, "nb/v1/inbox/footage-request");
    for (size_t i = 0; i < back->settings->place_count; i++)
        followed = followed && follow(back, &back->settings->places[i]);
    if (!followed)
        link_cut(back->feed);
}

void feed_up(void *arg, bool resumed)
{
    (void)resumed;
    struct back *back = arg;
    back->heard = back->now;
    follow_all(back);
}

void feed_down(void *arg)
{
    struct back *back = arg;
    back->following = false;
    footage_lost(back);
    set_live(back, false);
}

void feed_subscribed(void *arg)
{
    struct back *back = arg;
    back->following = true;
}

/* ---- alerts ---- */

static bool is_wished(const struct back_place *place, const struct alert *alert)
{
    enum severity severity = alert->severity ? (enum severity)alert->severity : SEVERITY_UNKNOWN;
    return (place->categories >> alert->category & 1) && severity >= place->least;
}

static bool is_in_force(const struct back *back, const struct back_place *place, const struct alert *alert)
{
    return alert->state == ALERT_IN_FORCE && is_wished(place, alert) &&
           (alert->expires == 0 || alert->expires > back->wall);
}

static enum kept_change change_of(const struct kept_alert *known, bool in_force)
{
    if (known == NULL || !known->in_force)
        return in_force ? CHANGE_NEW : known ? known->change : CHANGE_NONE;
    if (!in_force)
        return CHANGE_ENDED;
    return known->change == CHANGE_NEW ? CHANGE_NEW : CHANGE_UPDATE;
}

/* A repeat: not above what is known, and no reason to show it no more. */
static bool is_known(const struct kept_alert *known, const struct alert *alert, bool in_force)
{
    return alert->revision < known->revision ||
           (alert->revision == known->revision && (in_force || !known->in_force));
}

static void keep_alert(struct back *back, const struct back_place *place, const struct alert *alert,
    bool in_force, const struct kept_alert *known, struct arena *arena)
{
    struct kept_alert now = {.place = place->topic,
        .public_id = arena_copy(arena, alert->public_id.data, alert->public_id.len),
        .revision = alert->revision,
        .in_force = in_force,
        .change = change_of(known, in_force),
        .severity = alert->severity,
        .since = known              ? known->since
                 : alert->effective ? alert->effective
                                    : back->wall,
        .expires = alert->expires};
    char *text = NULL;
    /* An end may have lost its words: then the home hears those of before. */
    if (!in_force && known) {
        now.detail = known->detail;
        now.expires = known->expires;
    } else {
        json_t *detail = tell_alert(alert, place, back->wall, arena);
        now.detail = text = json_dumps(detail, JSON_COMPACT);
        json_decref(detail);
    }
    if (now.detail)
        kept_put(back->kept, &now, back->round, back->wall);
    free(text);
}

static void take_alert(
    struct back *back, const struct back_place *place, const struct alert *alert, struct arena *arena)
{
    struct kept_alert known;
    if (alert->public_id.len == 0 || alert->public_id.len >= BACK_PUBLIC_ID)
        return;
    const char *id = arena_copy(arena, alert->public_id.data, alert->public_id.len);
    bool found = kept_find(back->kept, place->topic, id, arena, &known);
    bool in_force = is_in_force(back, place, alert);
    if (found && is_known(&known, alert, in_force)) {
        kept_confirm(back->kept, place->topic, id, back->round);
        return;
    }
    if (!found && !in_force)
        return;
    keep_alert(back, place, alert, in_force, found ? &known : NULL, arena);
    back->changed[place - back->settings->places] = back->untold = true;
    back->expiry = -1;
}

/* ---- activity ---- */

/* What nobody can be told now is not kept: a movement of an hour ago helps nobody. */
static void take_activity(struct back *back, const struct back_place *place, const struct feed_item *item)
{
    const int64_t fresh = INT64_C(60000) * BACK_FRESH_MIN;
    if (back->wall - item->activity.at > fresh ||
        !kept_activity_is_new(back->kept, text_of(place->topic), item->cursor, back->wall))
        return;
    json_t *activity = tell_activity(item, place, back->wall);
    if (home_publish(back, place->topic, "activity", activity, false) < 0)
        back->unheard++;
}

/* ---- what comes ---- */

/* The place of a topic nb/v1/near/<leaf>/<metres>/… */
static const struct back_place *place_of(const struct back *back, struct text topic)
{
    for (size_t i = 0; i < back->settings->place_count; i++) {
        const struct back_place *place = &back->settings->places[i];
        char begin[64];
        size_t len = (size_t)snprintf(
            begin, sizeof(begin), "%s%s/%u/", near_topic, place->leaf, (unsigned)place->metres);
        if (topic.len > len && memcmp(topic.data, begin, len) == 0)
            return place;
    }
    return NULL;
}

static void take_item(
    struct back *back, const struct back_place *place, struct bytes payload, struct arena *arena)
{
    struct feed_item item;
    struct refusal refusal;
    if (!codec_decode_feed_item(ENCODING_PROTOBUF, payload, arena, &item, &refusal))
        fprintf(
            stderr, "neighbors-edge: feed: an item cannot be read: %s: %s\n", refusal.field, refusal.rule);
    else if (item.kind == FEED_ALERT)
        take_alert(back, place, item.alert, arena);
    else if (item.kind == FEED_ACTIVITY)
        take_activity(back, place, &item);
    else if (item.kind == FEED_GAP)
        back->gap = true;
}

static void settle(struct back *back)
{
    back->settled = true;
    if (kept_sweep(back->kept, back->round, back->wall) == 0)
        return;
    for (size_t i = 0; i < back->settings->place_count; i++)
        back->changed[i] = true;
    back->untold = true;
}

static void take_heartbeat(struct back *back, struct bytes payload, struct arena *arena)
{
    struct heartbeat heartbeat;
    struct refusal refusal;
    if (!codec_decode_heartbeat(ENCODING_PROTOBUF, payload, arena, &heartbeat, &refusal))
        return;
    back->heard = back->now;
    if (!heartbeat.stale && back->following && !back->gap && !back->settled)
        settle(back);
    set_live(back, !heartbeat.stale && back->settled);
}

void feed_message(void *arg, const struct link_message *message, unsigned number)
{
    (void)number;
    struct back *back = arg;
    const struct back_place *place = place_of(back, message->topic);
    struct arena arena;
    arena_init(&arena, NULL, 0);
    if (place)
        take_item(back, place, message->payload, &arena);
    else if (text_equal(message->topic, TEXT("nb/v1/inbox/heartbeat")))
        take_heartbeat(back, message->payload, &arena);
    else if (text_equal(message->topic, TEXT("nb/v1/inbox/footage-request")))
        footage_request(back, message->payload);
    arena_free(&arena);
}

/* ---- by the clock ---- */

static void expire(struct back *back)
{
    if (back->expiry < 0)
        back->expiry = kept_next_expiry(back->kept);
    if (back->expiry == 0 || back->expiry > back->wall)
        return;
    if (kept_expire(back->kept, back->wall) > 0) {
        for (size_t i = 0; i < back->settings->place_count; i++)
            back->changed[i] = true;
        back->untold = true;
    }
    back->expiry = -1;
}

void feed_turn(struct back *back)
{
    if (back->now - back->heard > SILENT_MS)
        set_live(back, false);
    if (back->gap && link_is_up(back->feed) && back->now - back->followed > AGAIN_MS)
        follow_all(back);
    expire(back);
}
