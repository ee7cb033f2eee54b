/* Commands on their way. Each keeps its bytes until Redis has answered it; a new connection is sent all that
 * are unanswered, in order. Redis answers in order, so the answer belongs to the oldest. */
#include <stdlib.h>

#include "bridge/store_inside.h"

struct call {
    struct call *next;
    struct command command;
    call_answer *answer;
    void *arg;
    double sent; /* loop time; 0: never */
};

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

/* Takes the oldest out of the list and answers it. */
static void answer_oldest(struct store *store, enum store_status status, const redisReply *reply)
{
    struct call *call = store->oldest;
    store->oldest = call->next;
    if (!store->oldest)
        store->newest = NULL;
    if (store->unsent == call)
        store->unsent = call->next;
    store->counters.waiting--;
    call->answer(store, call->arg, status, reply);
    command_free(&call->command);
    free(call);
}

static void on_reply(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    struct link *link = context->data;
    const redisReply *reply = data;
    if (!reply || link->context != context)
        return;
    struct store *store = link->store;
    store->answered = ev_now(store->loop);
    if (reply->type != REDIS_REPLY_ERROR) {
        link_proved(link);
        answer_oldest(store, STORE_OK, reply);
    } else if (error_passes(reply->str)) {
        link_drop(link, reply->str);
    } else {
        store_log(store, STORE_LOG_ERROR, "store_refused", "text=\"%s\"", reply->str);
        answer_oldest(store, STORE_FAILED, NULL);
    }
}

static void transmit(struct store *store, struct call *call)
{
    call->sent = ev_now(store->loop);
    store->unsent = call->next;
    store->output = true;
    redisAsyncFormattedCommand(store->command.context, on_reply, NULL, (const char *)call->command.bytes.data,
        call->command.bytes.len);
}

void store_send(struct store *store, struct command *command, call_answer *answer, void *arg)
{
    struct call *call = store_alloc(sizeof(*call));
    *call = (struct call){.command = *command, .answer = answer, .arg = arg};
    *command = (struct command){0};
    store->counters.calls++;
    store->counters.waiting++;
    if (store->newest)
        store->newest->next = call;
    else
        store->oldest = call;
    store->newest = call;
    if (store->command.ready)
        transmit(store, call);
    else if (!store->unsent)
        store->unsent = call;
}

void calls_resend(struct store *store)
{
    store->answered = ev_now(store->loop);
    while (store->unsent && store->command.ready) {
        if (store->unsent->sent > 0)
            store->counters.retries++;
        transmit(store, store->unsent);
    }
}

void calls_lost(struct store *store)
{
    store->unsent = store->oldest;
}

void calls_fail(struct store *store, enum store_status status)
{
    /* What a completion asks anew waits for its own answer, unless the store is ending. */
    const struct call *last = store->newest;
    bool done = !last;
    while (!done) {
        done = store->oldest == last && !store->ending;
        answer_oldest(store, status, NULL);
        done = done || !store->oldest;
    }
}

void calls_check_deadline(struct store *store)
{
    double now = ev_now(store->loop), deadline = (double)store->options.deadline_ms / 1000.;
    struct link *link = &store->command;
    if (!link->context)
        return;
    double since = link->since;
    if (link->ready) {
        if (!store->oldest || store->oldest == store->unsent)
            return;
        /* While answers come, those that wait behind them only wait for their turn. */
        since = store->oldest->sent > store->answered ? store->oldest->sent : store->answered;
    }
    if (now - since > deadline) {
        store->counters.deadline_misses++;
        link_drop(link, "no answer in time");
    }
}

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
