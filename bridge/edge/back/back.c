/* The two connections of the way back and the order of its turn. */
#include "bridge/edge/back/back.h"

#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/allocate.h"
#include "bridge/edge/back/back_inside.h"

enum {
    SESSION_S = 7 * 24 * 3600,  /* so long does the broker keep what came meanwhile */
    MOST_PAYLOAD = 1024 * 1024, /* of an alert with its borders */
    LONGEST_MS = 1000,          /* between two looks at the clock */
    BEGINNING_MS = 40000,       /* heartbeats come each 30 s */
};

/* ---- opening ---- */

static void name_all(struct back *back)
{
    const struct back_settings *settings = back->settings;
    snprintf(back->node, sizeof(back->node), "%s", back->edge->id);
    for (char *c = back->node; *c; c++)
        *c = *c == '.' ? '_' : *c;
    snprintf(back->status_topic, sizeof(back->status_topic), "%s/status", settings->topics);
    snprintf(back->answer_topic, sizeof(back->answer_topic), "%s/footage/answer", settings->topics);
    snprintf(back->birth_topic, sizeof(back->birth_topic), "%s/status", settings->discovery);
    snprintf(back->will, sizeof(back->will), "{\"state\":\"offline\",\"feed\":\"OFF\"}");
    snprintf(back->home_client, sizeof(back->home_client), "neighbors-edge-%s-back", back->edge->id);
    snprintf(back->feed_client, sizeof(back->feed_client), "%s",
        settings->instance ? settings->instance : back->home_client);
    snprintf(back->feed_user, sizeof(back->feed_user), "%s", settings->owner ? settings->owner : "");
}

static struct link *open_home(struct back *back)
{
    const struct endpoint *local = &back->edge->local;
    const struct link_settings settings = {.name = "home (back)",
        .host = local->host,
        .port = local->port,
        .ca = local->ca,
        .cert = local->cert,
        .key = local->key,
        .username = local->username,
        .password = local->password,
        .client_id = back->home_client,
        .durable = true,
        .late_acknowledgement = true,
        .will_topic = back->status_topic,
        .will = back->will};
    const struct link_hooks hooks = {.arg = back,
        .up = home_up,
        .down = home_down,
        .message = home_message,
        .acknowledged = home_acknowledged};
    return link_new(&settings, &hooks);
}

/* As the owner, by a token; else as the edge, by what it has. */
static struct link *open_feed(struct back *back)
{
    const struct endpoint *broker = &back->edge->broker;
    bool owner = back->settings->owner != NULL;
    const struct link_settings settings = {.name = "feed",
        .host = broker->host,
        .port = broker->port,
        .ca = broker->ca,
        .cert = owner ? NULL : broker->cert,
        .key = owner ? NULL : broker->key,
        .username = owner ? back->feed_user : broker->username,
        .password = owner ? back->settings->token : broker->password,
        .client_id = back->feed_client,
        .mqtt5 = true,
        .durable = true,
        .late_acknowledgement = true,
        .session_s = SESSION_S,
        .most_payload = MOST_PAYLOAD};
    const struct link_hooks hooks = {.arg = back,
        .up = feed_up,
        .down = feed_down,
        .subscribed = feed_subscribed,
        .message = feed_message,
        .acknowledged = footage_acknowledged};
    return link_new(&settings, &hooks);
}

struct back *back_open(const struct edge_settings *settings, struct spool *spool, int64_t wall, bool *good)
{
    const char *places[BACK_MOST_PLACES];
    *good = true;
    if (!back_settings_wanted(&settings->back))
        return NULL;
    struct back *back = client_alloc(sizeof(*back));
    *back = (struct back){.edge = settings, .settings = &settings->back, .wall = wall};
    back->answering = -1;
    back->due = back->expiry = -1;
    name_all(back);
    back->kept = kept_open(spool);
    if (back->kept) {
        for (size_t i = 0; i < settings->back.place_count; i++)
            places[i] = settings->back.places[i].topic;
        kept_only_places(back->kept, places, settings->back.place_count);
        *good = kept_commit(back->kept);
    }
    if (back->kept == NULL || !*good) {
        *good = false;
        back_close(back);
        return NULL;
    }
    back->home = open_home(back);
    back->feed = open_feed(back);
    return back;
}

/* Who leaves says so itself: the will is for who could not. */
void back_close(struct back *back)
{
    if (back == NULL)
        return;
    if (back->home && link_is_up(back->home)) {
        link_tell(back->home, back->status_topic,
            (struct bytes){(const uint8_t *)back->will, strlen(back->will)}, true);
        link_flush(back->home);
    }
    if (back->home)
        link_free(back->home, true);
    if (back->feed)
        link_free(back->feed, true);
    kept_close(back->kept);
    free(back);
}

/* The first heartbeat on a connection that is young may be to come: nothing is known to be wrong. */
static bool begins(const struct back *back)
{
    return !back->live && link_is_up(back->feed) && back->now - link_since(back->feed) < BEGINNING_MS;
}

struct json_t *back_report(const struct back *back, struct json_t *reasons)
{
    if (!link_is_up(back->home))
        json_array_append_new(reasons, json_string("way back: not connected to the home's broker"));
    if (!back->live && !begins(back))
        json_array_append_new(reasons, json_string("way back: the neighborhood's feed is down or behind"));
    return json_pack("{s:b, s:b, s:b, s:b, s:s, s:I, s:s?, s:I}", "home_connected",
        (int)link_is_up(back->home), "connected", (int)link_is_up(back->feed), "live", (int)back->live,
        "begins", (int)begins(back), "trouble", link_trouble(back->feed), "places",
        (json_int_t)back->settings->place_count, "owner", back->settings->owner, "activity_not_told",
        (json_int_t)back->unheard);
}

/* ---- the turn ---- */

static int shorter(int a, int64_t b)
{
    return b < a ? b > 0 ? (int)b : 0 : a;
}

int back_poll(struct back *back, struct pollfd out[BACK_POLLED], int64_t now, int64_t wall)
{
    for (size_t i = 0; i < BACK_POLLED; i++)
        out[i] = (struct pollfd){.fd = -1};
    if (back == NULL)
        return LONGEST_MS;
    int wait = shorter(LONGEST_MS, link_poll(back->home, &out[0].events, now));
    wait = shorter(wait, link_poll(back->feed, &out[1].events, now));
    out[0].fd = link_descriptor(back->home);
    out[1].fd = link_descriptor(back->feed);
    if (back->due > wall)
        wait = shorter(wait, back->due - wall);
    if (back->expiry > wall)
        wait = shorter(wait, back->expiry - wall);
    return wait;
}

/* What could not be written did not happen: it comes again on the next connections. */
static void begin_anew(struct back *back)
{
    link_cut(back->home);
    link_cut(back->feed);
}

void back_turn(struct back *back, const struct pollfd polled[BACK_POLLED], int64_t now, int64_t wall)
{
    if (back == NULL)
        return;
    back->now = now;
    back->wall = wall;
    link_turn(back->home, polled[0].revents, now, wall);
    link_turn(back->feed, polled[1].revents, now, wall);
    feed_turn(back);
    footage_turn(back);
    if (!kept_commit(back->kept)) {
        begin_anew(back);
        return;
    }
    home_turn(back);
    if (!kept_commit(back->kept)) {
        begin_anew(back);
        return;
    }
    link_flush(back->home);
    link_flush(back->feed);
}
