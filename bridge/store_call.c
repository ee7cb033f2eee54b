/* Commands on their way to one Redis. Each keeps its bytes until it is answered; a new connection is sent all
 * that are unanswered, in order. Redis answers in order, so a reply belongs to the oldest that was sent.
 * Where replicas must have it too, what Redis answered is kept until WAIT says that they do. */
#include <stdlib.h>

#include "bridge/store_call.h"

/* ---- lists ---- */

void call_append(struct call_list *list, struct call *call)
{
    call->next = NULL;
    if (list->last)
        list->last->next = call;
    else
        list->first = call;
    list->last = call;
}

struct call *call_take(struct call_list *list)
{
    struct call *call = list->first;
    if (!call)
        return NULL;
    list->first = call->next;
    if (!list->first)
        list->last = NULL;
    return call;
}

void calls_join(struct call_list *list, struct call_list *more)
{
    if (!more->first)
        return;
    if (list->last)
        list->last->next = more->first;
    else
        list->first = more->first;
    list->last = more->last;
    *more = (struct call_list){0};
}

/* ---- answers ---- */

void call_finish(struct store *store, struct call *call, enum store_status status, const redisReply *reply)
{
    bool before = calls_are_upkeep(store, call->upkeep);
    store->counters.waiting--;
    call_passed(store, call);
    if (status == STORE_OK && call->command.count)
        call->command.count(store, call->command.number, reply);
    call->answer(store, call->arg, status, reply);
    calls_are_upkeep(store, before);
    call_forget_reply(call);
    command_free(&call->command);
    free(call);
}

void call_forget_reply(struct call *call)
{
    if (call->reply)
        freeReplyObject(call->reply);
    call->reply = NULL;
}

/* hiredis frees a reply behind its callback: what is in it moves to one of ours, and it keeps a number. */
static redisReply *move_reply(redisReply *reply)
{
    redisReply *moved = store_alloc(sizeof(*moved));
    *moved = *reply;
    reply->type = REDIS_REPLY_INTEGER;
    return moved;
}

static void answered(struct node *node, enum store_status status, redisReply *reply)
{
    struct store *store = node->store;
    struct call *call = call_take(&node->sent);
    if (store->where.wait == 0 || (call->command.reads && !node->kept.first)) {
        call_finish(store, call, status, reply);
        return;
    }
    call->status = status;
    call->kept = ++node->kept_count;
    call->reply = reply ? move_reply(reply) : NULL;
    call_append(&node->kept, call);
}

bool error_passes(const char *error)
{
    static const char *const passing[] = {"LOADING", "BUSY", "MASTERDOWN", "READONLY", "MISCONF",
        "NOREPLICAS", "TRYAGAIN", "CLUSTERDOWN", "NOAUTH", "ERR Function not found"};
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (strncmp(error, passing[i], strlen(passing[i])) == 0)
            return true;
    }
    return false;
}

static void refused(struct node *node, const char *error)
{
    struct store *store = node->store;
    if (store->where.kind == REDIS_CLUSTER && call_is_put_back(node, node->sent.first, error)) {
        call_later(store, call_take(&node->sent));
    } else if (error_passes(error)) {
        topology_trouble(store);
        link_drop(&node->command, error);
    } else {
        store_log(store, STORE_LOG_ERROR, "store_refused", "text=\"%s\"", error);
        answered(node, STORE_FAILED, NULL);
    }
}

static void on_reply(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    struct link *link = context->data;
    redisReply *reply = data;
    if (!reply || link->context != context)
        return;
    struct node *node = link->owner;
    node->answered = store_awake(node->store);
    if (reply->type == REDIS_REPLY_ERROR) {
        refused(node, reply->str);
    } else {
        link_proved(link);
        answered(node, STORE_OK, reply);
    }
}

/* ---- sending ---- */

static void transmit(struct node *node, struct call *call)
{
    if (call->sent > 0)
        node->store->counters.retries++;
    call->sent = store_awake(node->store);
    node->output = true;
    node->unwaited |= !call->command.reads;
    call_append(&node->sent, call);
    redisAsyncFormattedCommand(node->command.context, on_reply, NULL, (const char *)call->command.bytes.data,
        call->command.bytes.len);
}

static bool carries(const struct node *node)
{
    return node->command.ready && node->store->layout_fine;
}

void node_take(struct node *node, struct call *call)
{
    if (carries(node) && !node->unsent.first)
        transmit(node, call);
    else
        call_append(&node->unsent, call);
}

void node_send_unsent(struct node *node)
{
    node->answered = store_awake(node->store);
    while (node->unsent.first && carries(node))
        transmit(node, call_take(&node->unsent));
}

void node_flush(struct node *node)
{
    redisAsyncContext *context = node->command.context;
    if (!node->output || !node->command.ready || (context->c.flags & REDIS_IN_CALLBACK))
        return;
    node->output = false;
    if (node->unwaited && node->store->where.wait > 0)
        replicas_ask(node);
    redisAsyncHandleWrite(context);
}

void node_calls_lost(struct node *node)
{
    struct call_list again = {0};
    for (struct call *call = node->kept.first; call; call = call->next)
        call_forget_reply(call);
    calls_join(&again, &node->kept);
    calls_join(&again, &node->sent);
    calls_join(&again, &node->unsent);
    node->unsent = again;
    node->waits = 0;
    node->unwaited = node->output = node->lacking = false;
}

bool node_is_silent(const struct node *node, double seconds)
{
    const struct link *link = &node->command;
    double now = store_awake(node->store);
    if (!link->ready)
        return link->context && now - link->since > seconds;
    if (!node->sent.first && node->waits == 0)
        return false;
    /* While answers come, those that wait behind them only wait for their turn. */
    double sent = node->sent.first ? node->sent.first->sent : 0;
    return now - (sent > node->answered ? sent : node->answered) > seconds;
}

void calls_check_deadline(struct store *store)
{
    double deadline = (double)store->options.deadline_ms / 1000.;
    for (struct node *node = store->nodes.all; node; node = node->next) {
        if (!node->command.context || !node_is_silent(node, deadline))
            continue;
        store->counters.deadline_misses++;
        link_drop(&node->command, "no answer in time");
    }
}

/* ---- calls whose answer is a status ---- */

struct status_call {
    store_status_done *done;
    void *arg;
};

static void on_status(struct store *store, void *arg, enum store_status status, const redisReply *reply)
{
    (void)store;
    struct status_call *call = arg;
    if (status == STORE_OK)
        status = (enum store_status)reply_number(reply);
    if (call->done)
        call->done(call->arg, status);
    free(call);
}

void store_send_for_status(struct store *store, struct command *command, store_status_done *done, void *arg)
{
    struct status_call *call = store_alloc(sizeof(*call));
    *call = (struct status_call){done, arg};
    store_send(store, command, on_status, call);
}
