/* Who the masters are, as a cluster or the sentinels tell it. One more connection, the scout, asks one of
 * them: seldom, and several times a second while something is wrong. Who does not answer, or knows less than
 * was told before, is left for the next one. */
#include <stdlib.h>

#include "bridge/store_call.h"

static const double CALM = 10., TROUBLED = 0.15, TROUBLE_LASTS = 1.;
/* Until somebody who says nothing is left; a slow machine gets more from round to round. */
static const double PATIENCE = 0.5, MOST_PATIENCE = 4.;
/* Behind so many answers that mended nothing somebody else is asked. */
enum { ANSWERS = 8 };

/* The next one: the hosts of the address, then whoever was seen. */
static struct endpoint next_endpoint(struct store *store)
{
    size_t hosts = store->where.host_count, all = hosts + store->topology.seen_count;
    size_t at = store->topology.next++ % all;
    if (at >= hosts)
        return store->topology.seen[at - hosts];
    (void)!endpoint_resolve(store, &store->topology.hosts[at]); /* or when it is connected to */
    return store->topology.hosts[at];
}

/* For the next one; no loss to tell of. */
static void leave(struct link *scout, const char *why)
{
    scout->ready = false;
    link_drop(scout, why);
}

static void ask(struct store *store);

static void answered(struct store *store)
{
    store->topology.patience = PATIENCE;
    if (store->topology.again && store->topology.scout.ready && !store->topology.asking)
        ask(store);
}

static void on_answer(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    struct link *link = context->data;
    const redisReply *reply = data;
    if (!reply || link->context != context)
        return;
    struct store *store = link->store;
    bool sentinel = store->where.kind == REDIS_SENTINEL;
    store->topology.asking = false;
    link_ready(link);
    if (reply->type == REDIS_REPLY_ERROR)
        link_drop(link, reply->str);
    else if (!(sentinel ? sentinel_take(store, reply) : slots_take(store, reply)))
        leave(link, "it knows nothing, or less than another");
    else
        answered(store);
}

static void ask(struct store *store)
{
    struct link *scout = &store->topology.scout;
    store->topology.asking = true;
    store->topology.again = false;
    store->topology.asked = store_clock();
    store->topology.waits_since = store_awake(store);
    if (store->where.kind == REDIS_SENTINEL)
        redisAsyncCommand(
            scout->context, on_answer, NULL, "SENTINEL get-master-addr-by-name %s", store->where.master);
    else
        redisAsyncCommand(scout->context, on_answer, NULL, "CLUSTER NODES");
}

void topology_ask(struct store *store)
{
    store->topology.again = !store->topology.scout.ready || store->topology.asking;
    if (!store->topology.again)
        ask(store);
}

static void on_opened(struct link *link)
{
    const struct redis_url *where = &link->store->where;
    if (where->kind == REDIS_SENTINEL)
        link_auth(link, "", where->sentinel_password);
    else
        link_log_in(link);
    link->store->topology.answers = 0;
    ask(link->store);
}

static void on_lost(struct link *link)
{
    struct store *store = link->store;
    store->topology.asking = false;
    link->where = next_endpoint(store);
    link_proved(link);
}

void topology_trouble(struct store *store)
{
    store->topology.troubled_until = store_clock() + TROUBLE_LASTS;
}

/* Somebody waits for a master that is not there, or says nothing. */
static bool troubled(const struct store *store)
{
    if (store_clock() < store->topology.troubled_until || store->counters.slots_away > 0)
        return true;
    for (size_t i = 0; i < store->nodes.count; i++) {
        if (node_is_silent(store->nodes.masters[i], TROUBLED))
            return true;
    }
    return false;
}

void topology_check(struct store *store)
{
    struct link *scout = &store->topology.scout;
    if (store->where.kind == REDIS_ONE || !scout->context)
        return;
    if (!scout->ready || store->topology.asking) {
        double since = scout->ready ? store->topology.waits_since : scout->since;
        if (store_awake(store) - since > store->topology.patience) {
            if (store->topology.patience < MOST_PATIENCE)
                store->topology.patience *= 1.5;
            link_drop(scout, "no answer");
        }
        return;
    }
    bool trouble = troubled(store);
    if (store_clock() - store->topology.asked < (trouble ? TROUBLED : CALM))
        return;
    store->topology.answers = trouble ? store->topology.answers + 1 : 0;
    if (store->topology.answers <= ANSWERS) {
        ask(store);
    } else {
        leave(scout, "somebody else is asked");
    }
}

void topology_start(struct store *store)
{
    if (store->where.kind == REDIS_ONE)
        return;
    for (size_t i = 0; i < store->where.host_count; i++) {
        struct endpoint *place = &store->topology.hosts[i];
        place->port = store->where.hosts[i].port;
        memcpy(place->host, store->where.hosts[i].name, sizeof(place->host));
    }
    struct endpoint first = next_endpoint(store);
    store->topology.patience = PATIENCE;
    link_init(&store->topology.scout, store, "scout", NULL, on_opened, on_lost);
    link_connect(&store->topology.scout, &first);
}

void topology_stop(struct store *store)
{
    if (store->where.kind != REDIS_ONE)
        link_stop(&store->topology.scout);
    free(store->topology.seen);
    free(store->topology.missing);
}

/* ---- sentinels ---- */

bool sentinel_take(struct store *store, const redisReply *reply)
{
    struct text host = reply_text(reply_at(reply, 0));
    struct endpoint place = {.port = (int)reply_number(reply_at(reply, 1))};
    if (reply_count(reply) != 2 || host.len == 0 || host.len >= sizeof(place.host) || place.port <= 0)
        return false;
    memcpy(place.host, host.data, host.len);
    nodes_set_one(store, node_at(store, &place));
    return true;
}
