/* Which master has which slot, and how many replicas, from the lines of CLUSTER NODES:
 *
 *   <id> <host>:<port>@<bus>[,…] <flags> <master's id or -> <ping> <pong> <epoch> <link> [<slots> …]
 *
 * with slots as <slot> or <slot>-<slot>. A view whose newest epoch is older than one that was told before is
 * that of a Redis which was away, and is not taken, unless everybody says the same. */
#include <inttypes.h>
#include <stdlib.h>

#include "bridge/store_call.h"

enum { ID = 64 };

/* A line. */
struct peer {
    char id[ID], master[ID]; /* master: "-" of one itself */
    struct endpoint where;
    struct node *node; /* when it has slots */
    bool missing;      /* the cluster holds it to be dead */
};

struct view {
    struct store *store;
    struct node *owners[CLUSTER_SLOTS];
    struct peer *peers;
    size_t count, owned;
    uint64_t epoch;
};

static struct peer *new_peer(struct view *view)
{
    struct peer *more = realloc(view->peers, (view->count + 1) * sizeof(*more));
    if (!more)
        abort();
    view->peers = more;
    more[view->count] = (struct peer){0};
    return &more[view->count++];
}

/* "<slot>", "<slot>-<slot>"; "[…]" is one that moves, and is told where it still is. */
static void take_slots(struct view *view, struct peer *peer, char *ranges)
{
    char *rest = NULL;
    for (char *range = strtok_r(ranges, " ", &rest); range; range = strtok_r(NULL, " ", &rest)) {
        unsigned first, last;
        int count = sscanf(range, "%u-%u", &first, &last);
        if (count < 1)
            continue;
        last = count == 2 ? last : first;
        for (unsigned slot = first; slot <= last && slot < CLUSTER_SLOTS; slot++) {
            if (!peer->node)
                peer->node = node_at(view->store, &peer->where);
            view->owners[slot] = peer->node;
            view->owned++;
        }
    }
}

/* Whether the flag is among them: commas between, and "fail" is part of "fail?" (one says so) and
 * "nofailover". */
static bool has_flag(const char *flags, const char *flag)
{
    size_t len = strlen(flag);
    for (const char *at = flags; *at; at += *at == ',') {
        size_t word = strcspn(at, ",");
        if (word == len && memcmp(at, flag, len) == 0)
            return true;
        at += word;
    }
    return false;
}

static void take_line(struct view *view, char *line)
{
    char id[ID], address[2 * REDIS_URL_HOST], flags[128], master[ID];
    uint64_t epoch;
    int behind = 0;
    struct endpoint where;
    if (sscanf(line, "%63s %255s %127s %63s %*s %*s %" SCNu64 " %*s%n", id, address, flags, master, &epoch,
            &behind) != 5 ||
        behind == 0)
        return;
    view->epoch = epoch > view->epoch ? epoch : view->epoch;
    address[strcspn(address, "@,")] = 0;
    if (strstr(flags, "noaddr") || strstr(flags, "handshake") ||
        !endpoint_read(&where, address, &view->store->topology.scout.where))
        return;
    struct peer *peer = new_peer(view);
    memcpy(peer->id, id, ID);
    memcpy(peer->master, master, ID);
    peer->where = where;
    peer->missing = has_flag(flags, "fail");
    if (strstr(flags, "master"))
        take_slots(view, peer, line + behind);
}

static void read_view(struct view *view, struct text text)
{
    char *lines = store_alloc(text.len + 1), *rest = NULL;
    if (text.len)
        memcpy(lines, text.data, text.len);
    for (char *line = strtok_r(lines, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
        take_line(view, line);
    free(lines);
}

/* False: somebody else is to be asked. */
static bool is_new_enough(struct store *store, const struct view *view)
{
    size_t all = store->where.host_count + store->topology.seen_count;
    if (view->epoch < store->topology.epoch && ++store->topology.older <= all)
        return false;
    store->topology.older = 0;
    store->topology.epoch = view->epoch;
    return true;
}

static struct node *master_of(const struct view *view, const struct peer *replica)
{
    for (size_t i = 0; i < view->count; i++) {
        if (strcmp(view->peers[i].id, replica->master) == 0)
            return view->peers[i].node;
    }
    return NULL;
}

/* A replica whose master has no slots (another took its place, and this one has not said yet whom it follows)
 * may come to be anybody's. */
static void count_replicas(const struct view *view)
{
    unsigned of_nobody = 0;
    for (size_t i = 0; i < view->count; i++) {
        if (view->peers[i].node)
            view->peers[i].node->replicas = 0;
    }
    for (size_t i = 0; i < view->count; i++) {
        if (view->peers[i].master[0] == '-')
            continue;
        struct node *node = master_of(view, &view->peers[i]);
        if (node)
            node->replicas++;
        else
            of_nobody++;
    }
    for (size_t i = 0; i < view->count; i++) {
        if (view->peers[i].node)
            view->peers[i].node->replicas += of_nobody;
    }
}

static bool has_endpoint(const struct endpoint *list, size_t count, const struct endpoint *one)
{
    for (size_t i = 0; i < count; i++) {
        if (same_endpoint(&list[i], one))
            return true;
    }
    return false;
}

/* What the operator has to see to: a node that is missing counts until it is back or taken out. */
static void tell_missing(struct store *store, const struct view *view)
{
    struct endpoint *missing = store_alloc((view->count + 1) * sizeof(*missing)),
                    *before = store->topology.missing;
    size_t count = 0, had = (size_t)store->counters.nodes_missing;
    for (size_t i = 0; i < view->count; i++) {
        const struct peer *peer = &view->peers[i];
        if (!peer->missing)
            continue;
        missing[count++] = peer->where;
        if (!has_endpoint(before, had, &peer->where))
            store_log(store, STORE_LOG_WARNING, "store_node_missing", "node=%s:%d role=%s text=\"%s\"",
                peer->where.host, peer->where.port, peer->master[0] == '-' ? "master" : "replica",
                "the cluster holds it to be dead: start it again, or take it out with CLUSTER FORGET");
    }
    for (size_t i = 0; i < had; i++) {
        if (!has_endpoint(missing, count, &before[i]))
            store_log(store, STORE_LOG_INFO, "store_node_found", "node=%s:%d text=\"%s\"", before[i].host,
                before[i].port, "it is back, or was taken out");
    }
    free(before);
    store->topology.missing = missing;
    store->counters.nodes_missing = count;
}

static void keep_seen(struct store *store, const struct view *view)
{
    free(store->topology.seen);
    store->topology.seen = store_alloc(view->count * sizeof(struct endpoint));
    store->topology.seen_count = view->count;
    for (size_t i = 0; i < view->count; i++)
        store->topology.seen[i] = view->peers[i].where;
}

bool slots_take(struct store *store, const redisReply *reply)
{
    struct view *view = store_alloc(sizeof(*view));
    view->store = store;
    read_view(view, reply_text(reply));
    bool taken = view->owned > 0 && is_new_enough(store, view);
    if (taken) {
        keep_seen(store, view);
        tell_missing(store, view);
        count_replicas(view);
        nodes_set_slots(store, view->owners);
        nodes_excuse(store, store->topology.asked);
    }
    free(view->peers);
    free(view);
    return taken;
}
