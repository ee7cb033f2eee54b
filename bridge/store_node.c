/* The masters: which there are, which has which slot, and what happens to their calls when that changes. */
#include <stdlib.h>

#include "bridge/store_call.h"

static const double GONE_AFTER = 60.; /* seconds */

/* ---- places ---- */

bool endpoint_read(struct endpoint *out, const char *text, const struct endpoint *near)
{
    const char *colon = strrchr(text, ':');
    char *end;
    *out = (struct endpoint){0};
    if (!colon)
        return false;
    size_t len = (size_t)(colon - text);
    long port = strtol(colon + 1, &end, 10);
    if (port <= 0 || port > 65535 || len >= sizeof(out->host))
        return false;
    *out = (struct endpoint){.port = (int)port};
    if (len > 0)
        memcpy(out->host, text, len);
    else
        strcpy(out->host, near->host);
    return true;
}

bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    if (a->path || b->path)
        return a->path && b->path && strcmp(a->path, b->path) == 0;
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* ---- nodes ---- */

static void on_lost(struct link *link);

static void on_opened(struct link *link)
{
    boot_opened(link->owner);
}

static struct node *node_new(struct store *store, const struct endpoint *where)
{
    struct node *node = store_alloc(sizeof(*node));
    node->store = store;
    if (where->path)
        snprintf(node->name, sizeof(node->name), "%s", where->path);
    else
        snprintf(node->name, sizeof(node->name), "%s:%d", where->host, where->port);
    link_init(&node->command, store, "command", node, on_opened, on_lost);
    node->command.where = *where;
    node->next = store->nodes.all;
    store->nodes.all = node;
    return node;
}

struct node *node_at(struct store *store, const struct endpoint *where)
{
    for (struct node *node = store->nodes.all; node; node = node->next) {
        if (same_endpoint(&node->command.where, where))
            return node;
    }
    return node_new(store, where);
}

size_t store_node_count(const struct store *store)
{
    return store->nodes.count;
}

struct node *store_node(const struct store *store, size_t index)
{
    return index < store->nodes.count ? store->nodes.masters[index] : NULL;
}

unsigned store_node_round(const struct store *store)
{
    return store->nodes.round;
}

struct node *store_node_of_slot(const struct store *store, uint16_t slot)
{
    return store->nodes.owners ? store->nodes.owners[slot] : store_node(store, 0);
}

/* ---- what is away ---- */

void nodes_look(struct store *store)
{
    uint64_t away = 0;
    bool any = false;
    for (size_t i = 0; i < store->nodes.count; i++)
        any |= store->nodes.masters[i]->command.ready;
    for (unsigned slot = 0; slot < CLUSTER_SLOTS; slot++) {
        const struct node *node = store_node_of_slot(store, (uint16_t)slot);
        away += !node || !node->command.ready;
    }
    store->counters.available = any && store->layout_fine;
    store->counters.slots_away = away;
    store->counters.masters = store->nodes.count;
    ev_feed_event(store->loop, &store->soon, EV_TIMER);
}

static void on_lost(struct link *link)
{
    struct node *node = link->owner;
    struct store *store = node->store;
    store->counters.reconnects++;
    node_calls_lost(node);
    topology_trouble(store);
    nodes_look(store);
    node_settle(node);
}

/* ---- changes ---- */

/* What is not under way goes to whoever has its slot now, in its order. */
void node_settle(struct node *node)
{
    struct store *store = node->store;
    struct call_list unsent = node->unsent;
    struct call *call;
    if (!store->nodes.owners && node->master)
        return;
    node->unsent = (struct call_list){0};
    while ((call = call_take(&unsent)))
        call_route(store, call);
}

static void leave_calls(struct call_list *list, const struct node *node)
{
    for (struct call *call = list->first; call; call = call->next) {
        if (call->only == node)
            call->only = NULL;
    }
}

static void retire(struct node *node)
{
    struct store *store = node->store;
    store_log(store, STORE_LOG_INFO, "store_node", "node=%s text=\"no master any more\"", node->name);
    node->retired = store_clock();
    link_stop(&node->command);
    node_calls_lost(node);
    leave_calls(&node->unsent, node);
    leave_calls(&store->calls.later, node);
}

static void add_master(struct store *store, struct node *node)
{
    struct node **more = realloc(store->nodes.masters, (store->nodes.count + 1) * sizeof(struct node *));
    if (!more)
        abort();
    store->nodes.masters = more;
    more[store->nodes.count++] = node;
}

/* Whoever is a master and was none, or the other way round. */
static bool find_masters(struct store *store)
{
    bool changed = false;
    store->nodes.count = 0;
    for (struct node *node = store->nodes.all; node; node = node->next) {
        changed |= node->master != node->was_master;
        if (node->master)
            add_master(store, node);
    }
    if (changed)
        store->nodes.round++;
    return changed;
}

/* Redis by Redis: those that came are connected, those that went are left, and every call that waits goes
 * where its slot is now. */
static void nodes_changed(struct store *store)
{
    struct call_list homeless = store->calls.homeless;
    struct call *call;
    find_masters(store);
    store->calls.homeless = (struct call_list){0};
    for (struct node *node = store->nodes.all; node; node = node->next) {
        if (node->was_master && !node->master)
            retire(node);
        else if (node->master && !node->was_master)
            link_connect(&node->command, &node->command.where);
        node->was_master = node->master;
    }
    for (struct node *node = store->nodes.all; node; node = node->next)
        node_settle(node);
    while ((call = call_take(&homeless)))
        call_route(store, call);
    boot_layout(store);
    nodes_look(store);
    feeds_masters_changed(store);
}

void nodes_set_one(struct store *store, struct node *one)
{
    if (one->master)
        return;
    for (struct node *node = store->nodes.all; node; node = node->next)
        node->master = node == one;
    nodes_changed(store);
}

void nodes_set_slots(struct store *store, struct node *const owners[CLUSTER_SLOTS])
{
    bool changed = memcmp(store->nodes.owners, owners, CLUSTER_SLOTS * sizeof(struct node *)) != 0;
    memcpy(store->nodes.owners, owners, CLUSTER_SLOTS * sizeof(struct node *));
    for (struct node *node = store->nodes.all; node; node = node->next)
        node->master = false;
    for (unsigned slot = 0; slot < CLUSTER_SLOTS; slot++) {
        if (owners[slot])
            owners[slot]->master = true;
    }
    /* One whose last slot went by node_gets_slot is no master any more. */
    for (const struct node *node = store->nodes.all; node; node = node->next)
        changed |= node->master != node->was_master;
    if (changed)
        nodes_changed(store);
}

void node_gets_slot(struct store *store, struct node *node, uint16_t slot)
{
    if (store->nodes.owners[slot] == node)
        return;
    store->nodes.owners[slot] = node;
    if (!node->master) {
        node->master = true;
        nodes_changed(store);
        return;
    }
    boot_layout(store);
    feeds_masters_changed(store);
}

static bool is_seen(const struct store *store, const struct node *node)
{
    for (size_t i = 0; i < store->topology.seen_count; i++) {
        if (same_endpoint(&store->topology.seen[i], &node->command.where))
            return true;
    }
    return false;
}

/* One that comes back is known again by its last connection, which may still be ended: so it stays while the
 * cluster knows it. Sentinels tell of no other than the master. */
static bool is_gone(const struct store *store, const struct node *node)
{
    if (node->master || node->was_master || node->unsent.first || node->sent.first || node->kept.first)
        return false;
    return store->where.kind == REDIS_CLUSTER ? !is_seen(store, node)
                                              : store_clock() - node->retired > GONE_AFTER;
}

void nodes_drop_gone(struct store *store)
{
    for (struct node **at = &store->nodes.all; *at;) {
        struct node *node = *at;
        if (!is_gone(store, node)) {
            at = &node->next;
            continue;
        }
        *at = node->next;
        link_stop(&node->command);
        feed_free(node);
        free(node);
    }
}

void nodes_init(struct store *store)
{
    struct redis_url *where = &store->where;
    if (where->kind == REDIS_CLUSTER)
        store->nodes.owners = store_alloc(CLUSTER_SLOTS * sizeof(struct node *));
    if (where->kind != REDIS_ONE)
        return;
    struct endpoint place = {.path = where->path[0] ? where->path : NULL, .port = where->hosts[0].port};
    memcpy(place.host, where->hosts[0].name, sizeof(place.host));
    nodes_set_one(store, node_at(store, &place));
}

void nodes_stop(struct store *store)
{
    for (struct node *node = store->nodes.all; node; node = node->next)
        link_stop(&node->command);
}

void nodes_free(struct store *store)
{
    struct node *next;
    for (struct node *node = store->nodes.all; node; node = next) {
        next = node->next;
        free(node);
    }
    free(store->nodes.masters);
    free(store->nodes.owners);
}
