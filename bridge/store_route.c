/* Which Redis a call goes to, in which order the calls of one slot go, and what happens to one that a cluster
 * puts back. store_node.h says what callers may rely on. */
#include <stdlib.h>

#include "bridge/store_call.h"

/* Slots move and come up within milliseconds or take a second: seconds until a call is sent again. */
static const double SHORTEST_PAUSE = 0.005, LONGEST_PAUSE = 0.1;

static uint16_t slot_of(const struct call *call)
{
    static const char anywhere[] = "nb:layout";
    return call->command.routed ? call->command.slot : key_slot(anywhere, sizeof(anywhere) - 1);
}

static bool keeps_order(const struct store *store, const struct call *call)
{
    return store->where.kind == REDIS_CLUSTER && !call->command.any_order && !call->to_node;
}

void call_route(struct store *store, struct call *call)
{
    struct node *node = call->to_node ? call->only : store_node_of_slot(store, slot_of(call));
    if (node)
        node_take(node, call);
    else if (call->to_node)
        call_later(store, call);
    else
        call_append(&store->calls.homeless, call);
}

void call_passed(struct store *store, struct call *call)
{
    if (!call->alone)
        return;
    struct gate **gate = &store->calls.gates[slot_of(call)];
    struct call *next = call_take(&(*gate)->waiting);
    call->alone = false;
    if (next) {
        next->alone = true;
        call_route(store, next);
    } else {
        free(*gate);
        *gate = NULL;
    }
}

static void enter(struct store *store, struct call *call)
{
    if (keeps_order(store, call)) {
        struct gate **gate = &store->calls.gates[slot_of(call)];
        if (*gate) {
            call_append(&(*gate)->waiting, call);
            return;
        }
        *gate = store_alloc(sizeof(**gate));
        call->alone = true;
    }
    call_route(store, call);
}

static struct call *new_call(struct store *store, struct command *command, call_answer *answer, void *arg)
{
    struct call *call = store_alloc(sizeof(*call));
    *call = (struct call){.command = *command,
        .answer = answer,
        .arg = arg,
        .upkeep = store->calls.upkeep && store->where.kind == REDIS_CLUSTER,
        .asked = store_clock()};
    *command = (struct command){0};
    store->counters.calls++;
    store->counters.waiting++;
    return call;
}

void store_send(struct store *store, struct command *command, call_answer *answer, void *arg)
{
    enter(store, new_call(store, command, answer, arg));
}

void store_send_to_node(
    struct store *store, size_t index, struct command *command, call_answer *answer, void *arg)
{
    struct call *call = new_call(store, command, answer, arg);
    call->to_node = true;
    call->only = store_node(store, index);
    call_route(store, call);
}

/* ---- put back ---- */

void node_note_moved(struct node *from, const char *error)
{
    struct endpoint where = {0};
    unsigned slot;
    char address[REDIS_URL_HOST];
    if (sscanf(error, "MOVED %u %127s", &slot, address) == 2 && slot < CLUSTER_SLOTS &&
        endpoint_read(&where, address, &from->command.where))
        node_gets_slot(from->store, node_at(from->store, &where), (uint16_t)slot);
}

bool call_is_put_back(struct node *node, struct call *call, const char *error)
{
    if (strncmp(error, "MOVED ", 6) == 0 && !call->only) {
        node_note_moved(node, error);
        topology_trouble(node->store);
    } else if (strncmp(error, "CLUSTERDOWN", 11) == 0) {
        topology_trouble(node->store);
    } else if (strncmp(error, "ASK ", 4) != 0 && strncmp(error, "TRYAGAIN", 8) != 0) {
        return false;
    }
    node->store->counters.put_back++;
    return true;
}

static void again_in(struct store *store, double pause)
{
    ev_timer_stop(store->loop, &store->calls.again);
    ev_timer_set(&store->calls.again, pause > 0 ? pause : 0, 0.);
    ev_timer_start(store->loop, &store->calls.again);
}

/* When the first of them is due. */
static void set_again(struct store *store)
{
    double first = 0;
    for (const struct call *call = store->calls.later.first; call; call = call->next)
        first = first > 0 && first < call->due ? first : call->due;
    if (first > 0)
        again_in(store, first - store_clock());
    else
        ev_timer_stop(store->loop, &store->calls.again);
}

void call_later(struct store *store, struct call *call)
{
    double pause = SHORTEST_PAUSE;
    for (unsigned i = 1; i < call->tries && pause < LONGEST_PAUSE; i++)
        pause *= 2;
    pause = call->tries == 0 ? 0 : pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
    call->tries++;
    call->due = store_clock() + pause;
    call_append(&store->calls.later, call);
    /* Not by all of them: a cluster that is down puts back thousands in one turn. */
    if (!ev_is_active(&store->calls.again) || pause < ev_timer_remaining(store->loop, &store->calls.again))
        again_in(store, pause);
}

static void on_again(struct ev_loop *loop, ev_timer *timer, int events)
{
    (void)loop;
    (void)events;
    struct store *store = timer->data;
    struct call_list later = store->calls.later;
    struct call *call;
    double now = store_clock() + SHORTEST_PAUSE / 10;
    store->calls.later = (struct call_list){0};
    while ((call = call_take(&later))) {
        if (call->due > now)
            call_append(&store->calls.later, call);
        else if (call->to_node && !call->only) /* an answer never comes inside of store_send_to_node */
            call_finish(store, call, STORE_NOT_FOUND, NULL);
        else
            call_route(store, call);
    }
    set_again(store);
}

void calls_init(struct store *store)
{
    ev_timer_init(&store->calls.again, on_again, 0., 0.);
    store->calls.again.data = store;
    if (store->where.kind == REDIS_CLUSTER)
        store->calls.gates = store_alloc(CLUSTER_SLOTS * sizeof(struct gate *));
}

static void take_all(struct store *store, struct call_list *all)
{
    for (struct node *node = store->nodes.all; node; node = node->next) {
        node_calls_lost(node);
        calls_join(all, &node->unsent);
    }
    calls_join(all, &store->calls.homeless);
    calls_join(all, &store->calls.later);
    for (size_t slot = 0; store->calls.gates && slot < CLUSTER_SLOTS; slot++) {
        if (!store->calls.gates[slot])
            continue;
        calls_join(all, &store->calls.gates[slot]->waiting);
        free(store->calls.gates[slot]);
        store->calls.gates[slot] = NULL;
    }
    for (struct call *call = all->first; call; call = call->next)
        call->alone = false;
}

void calls_fail(struct store *store, enum store_status status)
{
    /* What a completion asks anew waits for its own answer, unless the store is ending. */
    do {
        struct call_list all = {0};
        struct call *call;
        take_all(store, &all);
        if (!all.first)
            return;
        while ((call = call_take(&all)))
            call_finish(store, call, status, NULL);
    } while (store->ending);
}

void calls_free(struct store *store)
{
    ev_timer_stop(store->loop, &store->calls.again);
    free(store->calls.gates);
}
