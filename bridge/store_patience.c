/* Upkeep and masters that are away. Its chains go from tag to tag, and one that waits for a master would hold
 * up the tags of all others: so what it asked is given up after a second, and it goes on elsewhere. Every
 * step of it may be repeated, is taken up again, and may come to be done late, as when its process had died.
 */
#include <stdlib.h>

#include "bridge/store_call.h"

static const double PATIENCE = 1., LOOK = 0.25; /* seconds */

double upkeep_patience(const struct store *store)
{
    int64_t ms = store->options.upkeep_patience_ms;
    return ms ? (double)ms / 1000. : PATIENCE;
}

bool calls_are_upkeep(struct store *store, bool upkeep)
{
    bool before = store->calls.upkeep;
    store->calls.upkeep = upkeep;
    return before;
}

static bool is_away(const struct node *node)
{
    return !node || !node->command.ready || node->lacking ||
           node_is_silent(node, upkeep_patience(node->store));
}

static bool is_old(const struct store *store, const struct call *call)
{
    return call->upkeep && store_clock() - call->asked > upkeep_patience(store);
}

/* Those that are not under way. */
static void take_old(struct store *store, struct call_list *from, struct call_list *over)
{
    struct call_list left = {0};
    struct call *call;
    while ((call = call_take(from)))
        call_append(is_old(store, call) ? over : &left, call);
    *from = left;
}

static void heard_too_late(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    (void)arg;
    (void)status;
    (void)reply;
}

/* Those that are under way stay in their place, and another is answered for them; what they come to do is
 * counted when they have done it (command_count). */
static void leave_old(struct store *store, struct call *first, struct call_list *over)
{
    for (struct call *call = first; call; call = call->next) {
        if (!is_old(store, call) || call->answer == heard_too_late)
            continue;
        struct call *instead = store_alloc(sizeof(*instead));
        *instead = (struct call){.answer = call->answer, .arg = call->arg, .upkeep = true};
        call->answer = heard_too_late;
        store->counters.waiting++;
        call_append(over, instead);
    }
}

static void take_of_gates(struct store *store, struct call_list *over)
{
    for (unsigned slot = 0; slot < CLUSTER_SLOTS; slot++) {
        struct gate *gate = store->calls.gates[slot];
        if (gate && gate->waiting.first && is_away(store_node_of_slot(store, (uint16_t)slot)))
            take_old(store, &gate->waiting, over);
    }
}

void calls_give_up(struct store *store)
{
    struct call_list over = {0};
    struct call *call;
    bool any = store->counters.slots_away > 0;
    if (store->where.kind != REDIS_CLUSTER || store_clock() < store->calls.looked + LOOK)
        return;
    store->calls.looked = store_clock();
    for (struct node *node = store->nodes.all; node; node = node->next) {
        if (!is_away(node))
            continue;
        any = true;
        take_old(store, &node->unsent, &over);
        leave_old(store, node->sent.first, &over);
        leave_old(store, node->kept.first, &over);
    }
    if (any)
        take_of_gates(store, &over);
    take_old(store, &store->calls.homeless, &over);
    take_old(store, &store->calls.later, &over);
    while ((call = call_take(&over))) {
        store->counters.given_up++;
        call_finish(store, call, STORE_FAILED, NULL);
    }
}
