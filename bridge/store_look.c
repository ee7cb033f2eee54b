/* How the masters are: every two seconds each is asked for its clock (TIME) and for its memory, files and
 * replicas (INFO). The answers are for the operator; the clock is too for health, since expiry, quiet hours
 * and the order of things are told by two clocks that must agree. */
#include <inttypes.h>
#include <stdlib.h>

#include "bridge/store_call.h"

static const double EVERY = 2., LOST_AFTER = 60.;
enum { SKEW_MS = 1000 };

static uint64_t number_of(struct text info, const char *name)
{
    struct text value = info_value(info, name);
    return value.len ? strtoull(value.data, NULL, 10) : 0;
}

static bool says_err(struct text info, const char *name)
{
    return text_equal(info_value(info, name), TEXT("err"));
}

/* The answer's reply of a connection that still is this node's; NULL: there is none. */
static struct node *answered(redisAsyncContext *context, const redisReply *reply)
{
    struct link *link = context->data;
    if (!reply || link->context != context)
        return NULL;
    struct node *node = link->owner;
    node->answered = store_awake(node->store);
    return node;
}

static void on_info(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    const redisReply *reply = data;
    struct node *node = answered(context, reply);
    struct text info = reply_text(reply);
    if (!node || reply->type == REDIS_REPLY_ERROR)
        return;
    node->look.replicas = (uint32_t)number_of(info, "connected_slaves:");
    node->look.memory = number_of(info, "used_memory:");
    node->look.memory_most = number_of(info, "maxmemory:");
    node->look.unwritten = says_err(info, "rdb_last_bgsave_status:") ||
                           says_err(info, "aof_last_write_status:") ||
                           says_err(info, "aof_last_bgrewrite_status:");
}

/* How far a clock that showed `theirs` at some moment between `sent` and `came` of ours is ahead, at least.
 */
static int64_t ahead(int64_t theirs, int64_t sent, int64_t came)
{
    if (theirs > came)
        return theirs - came;
    return theirs < sent ? theirs - sent : 0;
}

static void tell_skew(struct node *node)
{
    bool off = llabs(node->look.clock_ahead) > SKEW_MS;
    if (off == node->look.told_skew)
        return;
    node->look.told_skew = off;
    store_log(node->store, off ? STORE_LOG_ERROR : STORE_LOG_INFO, off ? "clock_skew" : "clock_in_step",
        "node=%s ahead_ms=%" PRId64 " text=\"%s\"", node->name, node->look.clock_ahead,
        off ? "the clock of this machine and that of Redis differ: look after NTP on both"
            : "they agree again");
}

static void on_time(redisAsyncContext *context, void *data, void *arg)
{
    (void)arg;
    const redisReply *reply = data;
    struct node *node = answered(context, reply);
    if (!node)
        return;
    node->look.asking = false;
    if (reply_count(reply) != 2)
        return;
    int64_t theirs = strtoll(reply_text(reply_at(reply, 0)).data, NULL, 10) * 1000 +
                     strtoll(reply_text(reply_at(reply, 1)).data, NULL, 10) / 1000;
    node->look.clock_ahead = ahead(theirs, node->look.asked_at, node->store->options.now());
    tell_skew(node);
}

static void ask(struct node *node)
{
    static const char info[] =
        "*4\r\n$4\r\nINFO\r\n$6\r\nmemory\r\n$11\r\npersistence\r\n$11\r\nreplication\r\n";
    static const char clock[] = "*1\r\n$4\r\nTIME\r\n";
    node->look.asking = true;
    node->look.asked_at = node->store->options.now();
    redisAsyncFormattedCommand(node->command.context, on_info, NULL, info, sizeof info - 1);
    redisAsyncFormattedCommand(node->command.context, on_time, NULL, clock, sizeof clock - 1);
}

void masters_look(struct store *store)
{
    double now = store_clock();
    for (size_t i = 0; store->options.now && i < store->nodes.count; i++) {
        struct node *node = store->nodes.masters[i];
        if (!node->command.ready || now > node->look.due + LOST_AFTER)
            node->look.asking = false; /* the connection that was asked is no more */
        if (!node->command.ready || node->look.asking || now < node->look.due)
            continue;
        node->look.due = now + EVERY;
        ask(node);
    }
}

static const char *durability_of(const struct boot *boot)
{
    return !boot->fsync[0] ? "unknown" : boot->appends ? boot->fsync : "no";
}

size_t store_masters(const struct store *store, struct store_master out[STORE_MASTERS])
{
    size_t count = store->nodes.count < STORE_MASTERS ? store->nodes.count : STORE_MASTERS;
    for (size_t i = 0; i < count; i++) {
        const struct node *node = store->nodes.masters[i];
        out[i] = (struct store_master){
            .up = node->command.ready,
            .lacking = node->lacking,
            .unwritten = node->look.unwritten,
            .replicas = node->look.replicas,
            .memory = node->look.memory,
            .memory_most = node->look.memory_most,
            .clock_ahead = node->look.clock_ahead,
        };
        snprintf(out[i].name, sizeof out[i].name, "%.*s", STORE_MASTER_NAME - 1, node->name);
        snprintf(out[i].durability, sizeof out[i].durability, "%s", durability_of(&node->boot));
    }
    return count;
}
