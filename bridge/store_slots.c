/* Which master has which slot, from the lines of CLUSTER NODES:
 *   <id> <host>:<port>@<bus>[,…] <flags> <master> <ping> <pong> <epoch> <link> [<slot> | <slot>-<slot> …]
 * A view whose newest epoch is older than one that was told before is that of a Redis which was away, and is
 * not taken, unless everybody says the same. */
#include <inttypes.h>
#include <stdlib.h>

#include "bridge/store_call.h"

struct view {
    struct store *store;
    struct node *owners[CLUSTER_SLOTS];
    struct endpoint *seen;
    size_t seen_count;
    uint64_t epoch;
    size_t owned;
};

static void see(struct view *view, const struct endpoint *place)
{
    struct endpoint *more = realloc(view->seen, (view->seen_count + 1) * sizeof(*more));
    if (!more)
        abort();
    view->seen = more;
    more[view->seen_count++] = *place;
}

/* "<slot>", "<slot>-<slot>"; "[…]" is one that moves, and is told where it still is. */
static void take_slots(struct view *view, char *ranges, const struct endpoint *place)
{
    struct node *node = NULL;
    char *rest = NULL;
    for (char *range = strtok_r(ranges, " ", &rest); range; range = strtok_r(NULL, " ", &rest)) {
        unsigned first, last;
        int count = sscanf(range, "%u-%u", &first, &last);
        if (count < 1 || (count == 2 && last < first))
            continue;
        last = count == 2 ? last : first;
        for (unsigned slot = first; slot <= last && slot < CLUSTER_SLOTS; slot++) {
            if (!node)
                node = node_at(view->store, place);
            view->owners[slot] = node;
            view->owned++;
        }
    }
}

static void take_line(struct view *view, char *line)
{
    char address[2 * REDIS_URL_HOST], flags[128];
    uint64_t epoch;
    int behind = 0;
    struct endpoint place;
    if (sscanf(line, "%*s %255s %127s %*s %*s %*s %" SCNu64 " %*s%n", address, flags, &epoch, &behind) != 3 ||
        behind == 0)
        return;
    view->epoch = epoch > view->epoch ? epoch : view->epoch;
    address[strcspn(address, "@,")] = 0;
    if (strstr(flags, "noaddr") || strstr(flags, "handshake") ||
        !endpoint_read(&place, address, &view->store->topology.scout.where))
        return;
    see(view, &place);
    if (strstr(flags, "master"))
        take_slots(view, line + behind, &place);
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

static void read_view(struct view *view, struct text text)
{
    char *lines = store_alloc(text.len + 1), *rest = NULL;
    if (text.len)
        memcpy(lines, text.data, text.len);
    for (char *line = strtok_r(lines, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
        take_line(view, line);
    free(lines);
}

bool slots_take(struct store *store, const redisReply *reply)
{
    struct view *view = store_alloc(sizeof(*view));
    view->store = store;
    read_view(view, reply_text(reply));
    bool taken = view->owned > 0 && is_new_enough(store, view);
    if (taken) {
        free(store->topology.seen);
        store->topology.seen = view->seen;
        store->topology.seen_count = view->seen_count;
        view->seen = NULL;
        nodes_set_slots(store, view->owners);
    }
    free(view->seen);
    free(view);
    return taken;
}
