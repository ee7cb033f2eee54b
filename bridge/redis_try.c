#include "bridge/redis_try.h"

#include <stdio.h>
#include <string.h>

#include "bridge/redis_words.h"

enum { COPY_MS = 1000, COPY_LOOKS = 15 };

static int copies_wanted(const struct redis_sync *redis, const struct command *command)
{
    return command_only_reads(command) ? 0 : redis->route->where.wait;
}

static enum try_outcome outcome_of(struct redis_sync *redis, struct redis_node *node, const redisReply *reply)
{
    if (!reply) {
        snprintf(redis->error, sizeof redis->error, "Redis does not answer: %.150s", node->context->errstr);
        return TRY_LOST;
    }
    if (reply->type != REDIS_REPLY_ERROR)
        return TRY_ANSWERED;
    snprintf(redis->error, sizeof redis->error, "Redis refuses: %.170s", reply->str);
    if (strncmp(reply->str, "ERR Function not found", 22) == 0)
        return TRY_UNLOADED;
    if (redis->route->where.kind == REDIS_ONE)
        return TRY_REFUSED;
    if (strncmp(reply->str, "MOVED ", 6) == 0) {
        route_moved(redis, node, reply->str);
        return TRY_ELSEWHERE;
    }
    static const char *const passing[] = {"ASK ", "TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN",
        "READONLY", "BUSY", "NOREPLICAS", "FAILOVER", "UNBLOCKED", "ERR WAIT cannot"};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp(reply->str, passing[i], strlen(passing[i])) == 0) {
            redis->route->stale = redis->route->stale || *reply->str != 'A';
            return TRY_NOT_NOW;
        }
    return TRY_REFUSED;
}

static redisReply *next_reply(redisContext *context)
{
    void *reply = NULL;
    return context && redisGetReply(context, &reply) == REDIS_OK ? reply : NULL;
}

static void append_wait(struct redis_node *node, int copies)
{
    redisAppendCommand(node->context, "WAIT %d %d", copies, COPY_MS);
}

/* Reads what WAIT answers. Who waits at a master that becomes a replica is told UNBLOCKED; who comes too late
 * for that, that WAIT cannot be used there, or what a replica says that loads. */
static enum try_outcome copied(struct redis_sync *redis, struct redis_node *node, int copies)
{
    redisReply *reply = next_reply(node->context);
    enum try_outcome outcome = outcome_of(redis, node, reply);
    if (outcome == TRY_NOT_NOW) {
        snprintf(redis->error, sizeof redis->error,
            "Redis has it, but is a master no more (%.60s): nothing is told as done", reply->str);
        outcome = TRY_DISPLACED;
    }
    if (outcome == TRY_ANSWERED && reply->integer < copies) {
        snprintf(redis->error, sizeof redis->error,
            "Redis has it, but of %d replicas that are to have it too, %lld: nothing is told as done", copies,
            reply->integer);
        outcome = TRY_UNCOPIED;
    }
    freeReplyObject(reply);
    return outcome;
}

/* Reads what the command is answered; of several together the last, unless one before it was refused. */
static enum try_outcome answer_to(
    struct redis_sync *redis, struct redis_node *node, const struct command *command, redisReply **out)
{
    enum try_outcome outcome = TRY_ANSWERED;
    size_t answers = command->answers ? command->answers : 1;
    for (size_t i = 0; i < answers; i++) {
        freeReplyObject(*out);
        *out = next_reply(node->context);
        if (!*out || outcome == TRY_ANSWERED)
            outcome = outcome_of(redis, node, *out);
        if (outcome == TRY_LOST)
            break;
    }
    return outcome;
}

enum try_outcome try_copies(struct redis_sync *redis, struct redis_node *node)
{
    append_wait(node, redis->route->where.wait);
    return copied(redis, node, redis->route->where.wait);
}

enum try_outcome try_once(
    struct redis_sync *redis, struct redis_node *node, const struct command *command, redisReply **out)
{
    int copies = copies_wanted(redis, command);
    redisAppendFormattedCommand(node->context, (const char *)command->bytes.data, command->bytes.len);
    if (copies)
        append_wait(node, copies);
    redisReply *reply = NULL;
    enum try_outcome outcome = answer_to(redis, node, command, &reply);
    if (copies && outcome != TRY_LOST) {
        char first[sizeof redis->error];
        memcpy(first, redis->error, sizeof first);
        enum try_outcome second = copied(redis, node, copies);
        if (outcome == TRY_ANSWERED || second == TRY_LOST)
            outcome = second;
        else
            memcpy(redis->error, first, sizeof first);
    }
    if (outcome == TRY_ANSWERED || outcome == TRY_UNCOPIED)
        *out = reply;
    else
        freeReplyObject(reply);
    if (outcome == TRY_LOST)
        route_lost(redis, node);
    return outcome;
}

void try_send_all(
    struct redis_sync *redis, const struct command *commands, size_t count, struct redis_node **nodes)
{
    for (size_t i = 0; i < count; i++) /* first of all: it may ask who has what, on the same connections */
        nodes[i] = route_node(redis, &commands[i]);
    for (size_t i = 0; i < count; i++) {
        if (!nodes[i] || !nodes[i]->context)
            continue;
        redisAppendFormattedCommand(
            nodes[i]->context, (const char *)commands[i].bytes.data, commands[i].bytes.len);
        nodes[i]->wrote = nodes[i]->wrote || copies_wanted(redis, &commands[i]);
    }
    for (size_t n = 0; n < redis->route->node_count; n++)
        if (redis->route->nodes[n]->wrote)
            append_wait(redis->route->nodes[n], redis->route->where.wait);
}

static void take_answers(
    struct redis_sync *redis, size_t count, struct redis_node **nodes, redisReply **replies)
{
    char first[sizeof redis->error] = "";
    for (size_t i = 0; i < count; i++) {
        if (!nodes[i] || !nodes[i]->context)
            continue;
        redisReply *reply = next_reply(nodes[i]->context);
        enum try_outcome outcome = outcome_of(redis, nodes[i], reply);
        if (outcome == TRY_ANSWERED) {
            replies[i] = reply;
            continue;
        }
        freeReplyObject(reply);
        if (outcome == TRY_LOST)
            route_lost(redis, nodes[i]);
        if (!*first)
            memcpy(first, redis->error, sizeof first);
    }
    if (*first)
        memcpy(redis->error, first, sizeof first);
}

/* Whether the replicas have what was written there, behind as many looks as one command gets. */
static bool has_copies(struct redis_sync *redis, struct redis_node *node)
{
    if (!node->context)
        return false;
    enum try_outcome outcome = copied(redis, node, redis->route->where.wait);
    for (int looks = 1; outcome == TRY_UNCOPIED && looks < COPY_LOOKS; looks++)
        outcome = try_copies(redis, node);
    if (outcome == TRY_LOST)
        route_lost(redis, node);
    return outcome == TRY_ANSWERED;
}

void try_take_all(struct redis_sync *redis, const struct command *commands, size_t count,
    struct redis_node **nodes, redisReply **replies)
{
    take_answers(redis, count, nodes, replies);
    for (size_t n = 0; n < redis->route->node_count; n++) {
        struct redis_node *node = redis->route->nodes[n];
        bool kept = !node->wrote || has_copies(redis, node);
        node->wrote = false;
        for (size_t i = 0; !kept && i < count; i++) {
            if (nodes[i] != node || !copies_wanted(redis, &commands[i]))
                continue;
            freeReplyObject(replies[i]);
            replies[i] = NULL;
        }
    }
}
