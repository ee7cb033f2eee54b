/* Whether replicas have what a master answered. WAIT stands behind each flush: what was answered before its
 * reply was carried out before it. Too few have it: it is asked again, until they do or the connection is
 * lost, and nothing is answered meanwhile.
 *
 * A master of a cluster may have fewer replicas than are to be waited for: one that has just taken another's
 * place often has none. Then nobody who lacks an answer's work can take its place, and the answer is given
 * when all that it has do: as a view of the cluster says that was asked for after the work was done. A
 * replica that is dead or cut off counts until the operator takes it out (CLUSTER FORGET), for it may come
 * back and take the place with what it has. */
#include "bridge/store_call.h"

/* Between two looks; the connection carries nothing else meanwhile. SHORT where few replicas are known. */
enum { WAIT_MS = 100, SHORT_WAIT_MS = 5 };
/* In the log, seconds: a replica may be late for a moment. */
static const double LASTS = 1., TOLD_EVERY = 10.;

static bool has_too_few(const struct node *node)
{
    return node->store->where.kind == REDIS_CLUSTER && node->replicas < (unsigned)node->store->where.wait;
}

static void finish_kept(struct node *node, uint64_t until)
{
    struct call_list done = {0};
    struct call *call;
    while (node->kept.first && node->kept.first->kept <= until)
        call_append(&done, call_take(&node->kept));
    while ((call = call_take(&done)))
        call_finish(node->store, call, call->status, call->reply);
}

static void tell_lack(struct node *node, long long replicas)
{
    const struct store *store = node->store;
    double now = store_clock();
    if (node->told_lacking < node->lacking_since && now - node->told_lacking > TOLD_EVERY &&
        (now - node->lacking_since > LASTS || has_too_few(node))) {
        node->told_lacking = now;
        store_log(store, STORE_LOG_WARNING, "store_replicas", "node=%s replicas=%lld wait=%d text=\"%s\"",
            node->name, replicas, store->where.wait,
            has_too_few(node) ? "it has no more" : "nothing is acknowledged until they have it");
    }
}

static void lacks(struct node *node, long long replicas)
{
    struct store *store = node->store;
    store->counters.waits_unsatisfied++;
    if (!node->lacking)
        node->lacking_since = store_clock();
    tell_lack(node, replicas);
    node->lacking = true;
    node->acked = (unsigned)replicas;
    node->acked_until = node->kept_count;
    node->acked_at = store_clock();
    topology_trouble(store);
    if (has_too_few(node))
        topology_ask(store);
    else if (node->waits == 0 && node->kept.first)
        replicas_ask(node);
}

static void on_wait(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    struct link *link = context->data;
    const redisReply *reply = data;
    if (!reply || link->context != context)
        return;
    struct node *node = link->owner;
    struct store *store = node->store;
    node->answered = store_awake(node->store);
    node->waits--;
    store->counters.waits++;
    if (reply->type != REDIS_REPLY_INTEGER) {
        topology_trouble(store);
        link_drop(link, reply->type == REDIS_REPLY_ERROR ? reply->str : "WAIT without a number");
    } else if (reply->integer < store->where.wait) {
        lacks(node, reply->integer);
    } else {
        node->lacking = false;
        finish_kept(node, node->kept_count);
    }
}

void replicas_ask(struct node *node)
{
    char command[64], ms[16];
    int digits = snprintf(ms, sizeof(ms), "%d", has_too_few(node) ? SHORT_WAIT_MS : WAIT_MS);
    int len = snprintf(command, sizeof(command), "*3\r\n$4\r\nWAIT\r\n$%d\r\n%d\r\n$%d\r\n%s\r\n",
        node->store->where.wait < 10 ? 1 : 2, node->store->where.wait, digits, ms);
    node->waits++;
    node->unwaited = false;
    redisAsyncFormattedCommand(node->command.context, on_wait, NULL, command, (size_t)len);
}

void nodes_excuse(struct store *store, double asked)
{
    for (struct node *node = store->nodes.all; node; node = node->next) {
        if (!node->lacking || !node->command.ready)
            continue;
        if (has_too_few(node) && node->acked >= node->replicas && node->acked_at <= asked)
            finish_kept(node, node->acked_until);
        if (node->waits == 0 && node->kept.first && node->command.ready)
            replicas_ask(node);
    }
}
