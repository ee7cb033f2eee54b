/* The feed: a connection on which Redis tells what is appended to followed channels (store_follow.c), whose
 * sessions were opened anew, which principals changed, and, behind all that, answers a probe. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_feed_inside.h"

enum { SET_BACK_MS = 1000 };

/* ---- how far everything is told ---- */

static double deadline_of(const struct store *store)
{
    return (double)store->options.deadline_ms / 1000.;
}

/* Redis answers sweeps, and not the probes after them: so long this connection is silent though Redis is not.
 * Where Redis stood still between two sweeps that was no silence of the connection, and counts for little. */
static void probe(struct feed *feed, int64_t proved)
{
    struct command command = {0};
    double now = store_awake(feed->store), gap = now - feed->asked, most = deadline_of(feed->store) / 4;
    if (feed->unanswered)
        feed->silence += gap < most ? gap : most;
    feed->unanswered = true;
    feed->asked = now;
    command_begin(&command, 2);
    command_text(&command, "PING");
    command_number(&command, proved);
    feed_link_send(&feed->link, &command);
}

static void spoke(struct feed *feed)
{
    feed->unanswered = false;
    feed->silence = 0;
}

/* What was proved was so by a clock that has been set back since: it is proved anew, which takes a probe. */
static void forget_proved(struct store *store)
{
    store->follows.as_of = 0;
    for (size_t i = 0; i < store_node_count(store); i++) {
        struct feed *feed = store_node(store, i)->feed;
        if (feed)
            feed->proved = 0;
    }
}

void feed_swept(struct store *store, int64_t began, int64_t oldest)
{
    int64_t proved = oldest && oldest <= began ? oldest - 1 : began;
    if (store->follows.as_of > began + SET_BACK_MS)
        forget_proved(store);
    for (size_t i = 0; i < store_node_count(store); i++) {
        struct feed *feed = store_node(store, i)->feed;
        if (feed && feed->link.ready)
            probe(feed, proved);
    }
}

/* A master answers its probe behind everything that it published before. */
static void on_probe(struct feed *feed, struct bytes message)
{
    struct store *store = feed->store;
    char text[32] = "";
    memcpy(text, message.data, message.len < sizeof(text) ? message.len : sizeof(text) - 1);
    int64_t proved = strtoll(text, NULL, 10);
    if (proved > feed->proved)
        feed->proved = proved;
    for (size_t i = 0; i < store_node_count(store); i++) {
        const struct feed *other = store_node(store, i)->feed;
        if (!other || other->proved < proved)
            proved = other ? other->proved : 0;
    }
    if (store->follows.unproved == 0 && proved > store->follows.as_of)
        store->follows.as_of = proved;
}

/* ---- what comes ---- */

static void on_session(struct store *store, struct bytes message)
{
    if (message.len < 10 || !store->events.taken_over)
        return;
    uint64_t generation = packed_number(message.data, 8);
    size_t len = packed_number(message.data + 8, 2);
    if (message.len < 10 + len)
        return;
    const char *text = (const char *)message.data + 10;
    struct session_name name = {{text, len}, {text + len, message.len - 10 - len}};
    store->events.taken_over(store->events.arg, name, generation);
}

static void on_hint(struct store *store, struct text channel, struct bytes message)
{
    if (text_equal(channel, TEXT("nb:sessions")))
        on_session(store, message);
    else if (store->events.principal_changed)
        store->events.principal_changed(
            store->events.arg, (struct text){(const char *)message.data, message.len});
}

static void on_subscribed(struct feed *feed)
{
    struct store *store = feed->store;
    if (feed->link.ready)
        return; /* by the first of its channels */
    feed_link_ready(&feed->link);
    if (store->events.changes_missed)
        store->events.changes_missed(store->events.arg);
    follows_subscribe(store);
}

/* What is said of a sharded channel, "nb:{tag}:feed:<channel>". */
static void on_sharded(struct feed *feed, struct text kind, struct text name, struct bytes message)
{
    static const char part[] = "}:feed:";
    const char *end = name.data + name.len, *at = memmem(name.data, name.len, part, sizeof(part) - 1);
    if (!at)
        return;
    at += sizeof(part) - 1;
    struct text channel = {at, (size_t)(end - at)};
    if (text_equal(kind, TEXT("smessage")))
        follow_message(feed, channel, message);
    else if (text_equal(kind, TEXT("ssubscribe")))
        follow_subscribed(feed, channel);
    else
        follow_unsubscribed(feed, channel);
}

/* A cluster refused a subscription. That of which one is not said is taken for all that are under way. */
static bool on_refused(struct feed *feed, const char *text)
{
    unsigned slot;
    if (sscanf(text, "MOVED %u ", &slot) == 1 && slot < CLUSTER_SLOTS) {
        feed->refused[slot / 64] |= UINT64_C(1) << slot % 64;
        node_note_moved(feed->node, text);
    } else if (strncmp(text, "CLUSTERDOWN", 11) == 0 || strncmp(text, "ASK ", 4) == 0 ||
               strncmp(text, "TRYAGAIN", 8) == 0) {
        feed->all_refused = true;
    } else {
        return false;
    }
    feed->any_refused = true;
    topology_trouble(feed->store);
    return true;
}

bool feed_refused(const struct feed *feed, uint16_t slot)
{
    return feed->all_refused || (feed->refused[slot / 64] >> slot % 64 & 1);
}

static void on_error(struct feed *feed, const char *text)
{
    if (feed->link.ready && on_refused(feed, text))
        return;
    if (!feed->link.ready)
        store_log(feed->store, STORE_LOG_ERROR, "store_login", "link=feed text=\"%s\"", text);
    feed_link_drop(&feed->link, text);
}

static void on_heard(struct feed_link *link, const redisReply *reply)
{
    struct feed *feed = link->arg;
    struct text kind = reply_text(reply_at(reply, 0)), name = reply_text(reply_at(reply, 1));
    spoke(feed);
    if (reply->type == REDIS_REPLY_ERROR)
        on_error(feed, reply->str);
    else if (kind.len && kind.data[0] == 's' && !text_equal(kind, TEXT("subscribe")))
        on_sharded(feed, kind, name, reply_bytes(reply_at(reply, 2)));
    else if (text_equal(kind, TEXT("message")))
        on_hint(feed->store, name, reply_bytes(reply_at(reply, 2)));
    else if (text_equal(kind, TEXT("pong")))
        on_probe(feed, reply_bytes(reply_at(reply, 1)));
    else if (text_equal(kind, TEXT("subscribe")))
        on_subscribed(feed);
    /* Left: that the login succeeded. */
}

/* ---- asking ---- */

static void ask(struct feed *feed, const char *word, struct text name)
{
    struct command command = {0};
    command_begin(&command, 2);
    command_text(&command, word);
    command_view(&command, name);
    feed_link_send(&feed->link, &command);
}

void feed_subscribe(struct feed *feed, struct text name)
{
    ask(feed, "SSUBSCRIBE", name);
}

void feed_unsubscribe(struct feed *feed, struct text name)
{
    ask(feed, "SUNSUBSCRIBE", name);
}

struct feed *feed_meant(struct store *store, uint16_t slot)
{
    const struct node *node = store_node_of_slot(store, slot);
    return node ? node->feed : NULL;
}

struct feed *feed_of_slot(struct store *store, uint16_t slot)
{
    struct feed *feed = feed_meant(store, slot);
    return feed && feed->link.ready ? feed : NULL;
}

/* ---- its life ---- */

static void on_opened(struct feed_link *link)
{
    struct feed *feed = link->arg;
    struct command command = {0};
    command_begin(&command, 3);
    command_text(&command, "SUBSCRIBE");
    command_text(&command, "nb:sessions");
    command_text(&command, "nb:principals");
    feed_link_send(link, &command);
    spoke(feed);
}

static void on_lost(struct feed_link *link)
{
    follows_lost(link->arg);
}

static void begin(struct node *node)
{
    static const struct feed_link_events events = {on_opened, on_heard, on_lost};
    struct feed *feed = node->feed;
    if (!feed)
        node->feed = feed = store_alloc(sizeof(*feed));
    *feed = (struct feed){.store = node->store, .node = node, .active = true};
    feed_link_start(&feed->link, node->store, &node->command.where, &events, feed);
}

static void end(struct feed *feed)
{
    feed_link_stop(&feed->link);
    feed->active = false;
    follows_lost(feed);
}

void feeds_masters_changed(struct store *store)
{
    for (struct node *node = store->nodes.all; node; node = node->next) {
        struct feed *feed = node->feed;
        bool active = feed && feed->active;
        if (node->master && !active)
            begin(node);
        else if (!node->master && active)
            end(feed);
    }
    store->feeds.changed = true;
}

void feed_free(struct node *node)
{
    struct feed *feed = node->feed;
    if (feed)
        feed_link_stop(&feed->link);
    free(feed);
    node->feed = NULL;
}

void feeds_stop(struct store *store)
{
    for (struct node *node = store->nodes.all; node; node = node->next)
        feed_free(node);
}

static void check_silence(struct feed *feed)
{
    struct store *store = feed->store;
    const struct feed_link *link = &feed->link;
    double silence = link->ready ? feed->silence : link->fd >= 0 ? store_awake(store) - link->since : 0;
    if (silence > deadline_of(store)) {
        store->counters.deadline_misses++;
        feed_link_drop(&feed->link, "nothing heard");
    }
}

void feeds_check(struct store *store)
{
    bool look = store->feeds.changed;
    for (size_t i = 0; i < store_node_count(store); i++) {
        struct feed *feed = store_node(store, i)->feed;
        check_silence(feed);
        look |= feed->any_refused;
    }
    if (look)
        follows_look(store);
    store->feeds.changed = false;
    for (size_t i = 0; look && i < store_node_count(store); i++) {
        struct feed *feed = store_node(store, i)->feed;
        feed->any_refused = feed->all_refused = false;
        memset(feed->refused, 0, sizeof(feed->refused));
    }
    follows_subscribe(store);
}
