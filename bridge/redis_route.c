/* Nodes, and who has which slot: learnt from any node of a cluster (CLUSTER SLOTS), from any sentinel
 * (SENTINEL GET-MASTER-ADDR-BY-NAME), or told by the address. */
#include "bridge/redis_route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

/* Where somebody else may take over, nobody is waited for long. */
static const struct timeval patience = {.tv_sec = 5}, short_patience = {.tv_sec = 3};

/* ---- one node ---- */

static struct redis_node *node_of(struct redis_route *route, const char *host, int port)
{
    for (size_t i = 0; i < route->node_count; i++)
        if (route->nodes[i]->port == port && strcmp(route->nodes[i]->host, host) == 0)
            return route->nodes[i];
    struct redis_node *node = store_alloc(sizeof *node);
    snprintf(node->host, sizeof node->host, "%s", host);
    node->port = port;
    route->nodes = realloc(route->nodes, (route->node_count + 1) * sizeof(struct redis_node *));
    if (!route->nodes)
        abort();
    return route->nodes[route->node_count++] = node;
}

static redisContext *connect_to(struct redis_sync *redis, const char *host, int port)
{
    const struct redis_url *where = &redis->route->where;
    const struct timeval *wait = where->kind == REDIS_ONE ? &patience : &short_patience;
    char name[REDIS_URL_PATH];
    if (*host)
        snprintf(name, sizeof name, "%s:%d", host, port);
    else
        snprintf(name, sizeof name, "%s", where->path);
    redisContext *context =
        *host ? redisConnectWithTimeout(host, port, *wait) : redisConnectUnixWithTimeout(where->path, *wait);
    if (context && !context->err && redisSetTimeout(context, *wait) == REDIS_OK)
        return context;
    snprintf(redis->error, sizeof redis->error, "cannot reach Redis at %.80s: %.80s", name,
        context ? context->errstr : "out of memory");
    if (context)
        redisFree(context);
    return NULL;
}

/* True when the answer is none of an error; it is freed. */
static bool is_fine(struct redis_sync *redis, const redisContext *context, redisReply *reply)
{
    if (!reply)
        snprintf(redis->error, sizeof redis->error, "Redis does not answer: %.150s", context->errstr);
    else if (reply->type == REDIS_REPLY_ERROR)
        snprintf(redis->error, sizeof redis->error, "Redis refuses: %.170s", reply->str);
    bool fine = reply && reply->type != REDIS_REPLY_ERROR;
    if (reply)
        freeReplyObject(reply);
    return fine;
}

static bool log_in(struct redis_sync *redis, redisContext *context)
{
    const struct redis_url *at = &redis->route->where;
    if (at->user[0] && !is_fine(redis, context, redisCommand(context, "AUTH %s %s", at->user, at->password)))
        return false;
    if (!at->user[0] && at->password[0] &&
        !is_fine(redis, context, redisCommand(context, "AUTH %s", at->password)))
        return false;
    return at->database == 0 || is_fine(redis, context, redisCommand(context, "SELECT %d", at->database));
}

static bool connected(struct redis_sync *redis, struct redis_node *node)
{
    if (node->context)
        return true;
    redisContext *context = connect_to(redis, node->host, node->port);
    if (context && !log_in(redis, context)) {
        redisFree(context);
        context = NULL;
    }
    node->context = context;
    node->connections += context != NULL;
    return context != NULL;
}

void route_lost(struct redis_sync *redis, struct redis_node *node)
{
    if (redis->context == node->context)
        redis->context = NULL;
    if (node->context)
        redisFree(node->context);
    node->context = NULL;
    redis->route->stale = redis->route->where.kind != REDIS_ONE;
}

/* ---- who has what ---- */

static bool take_range(struct redis_route *route, const struct redis_node *asked, const redisReply *range)
{
    const redisReply *master = reply_at(range, 2), *port = reply_at(master, 1);
    struct text host = reply_text(reply_at(master, 0));
    int64_t from = reply_number(reply_at(range, 0)), to = reply_number(reply_at(range, 1));
    if (!port || from < 0 || to >= ROUTE_SLOTS)
        return false;
    /* A node that does not know its own address yet is at the one where it was asked. */
    struct redis_node *node = node_of(route, host.len ? host.data : asked->host, (int)reply_number(port));
    for (int64_t slot = from; slot <= to; slot++)
        route->slots[slot] = node;
    return true;
}

static bool learn_from(struct redis_sync *redis, struct redis_node *node)
{
    struct redis_route *route = redis->route;
    if (!connected(redis, node))
        return false;
    redisReply *reply = redisCommand(node->context, "CLUSTER SLOTS");
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
        snprintf(redis->error, sizeof redis->error, "no cluster at %.80s:%d: %.80s", node->host, node->port,
            !reply                             ? node->context->errstr
            : reply->type == REDIS_REPLY_ERROR ? reply->str
                                               : "it has no slots");
        if (!reply)
            route_lost(redis, node);
        freeReplyObject(reply);
        return false;
    }
    memset(route->slots, 0, sizeof route->slots);
    route->first = node; /* it is there: what has no key may go to any */
    bool taken = true;
    for (size_t i = 0; taken && i < reply->elements; i++)
        taken = take_range(route, node, reply->element[i]);
    freeReplyObject(reply);
    return taken;
}

/* First those that answered until now, then those that were known to be part of it, then those of the
 * address.
 */
static bool learn_cluster(struct redis_sync *redis)
{
    struct redis_route *route = redis->route;
    for (size_t i = 0; i < route->node_count; i++)
        if (route->nodes[i]->context && learn_from(redis, route->nodes[i]))
            return true;
    for (size_t i = 0; i < route->node_count; i++)
        if (!route->nodes[i]->context && learn_from(redis, route->nodes[i]))
            return true;
    for (size_t i = 0; i < route->where.host_count; i++)
        if (learn_from(redis, node_of(route, route->where.hosts[i].name, route->where.hosts[i].port)))
            return true;
    return false;
}

static bool is_master(struct redis_sync *redis, struct redis_node *node)
{
    redisReply *role = redisCommand(node->context, "ROLE");
    bool master = role && text_equal(reply_text(reply_at(role, 0)), TEXT("master"));
    freeReplyObject(role);
    if (!master) {
        snprintf(redis->error, sizeof redis->error, "Redis at %.80s:%d is no master (any more)", node->host,
            node->port);
        route_lost(redis, node);
    }
    return master;
}

static bool learn_from_sentinel(struct redis_sync *redis, const struct redis_host *sentinel)
{
    struct redis_route *route = redis->route;
    const char *password = route->where.sentinel_password;
    redisContext *context = connect_to(redis, sentinel->name, sentinel->port);
    if (!context)
        return false;
    if (password[0] && !is_fine(redis, context, redisCommand(context, "AUTH %s", password))) {
        redisFree(context);
        return false;
    }
    redisReply *reply = redisCommand(context, "SENTINEL GET-MASTER-ADDR-BY-NAME %s", route->where.master);
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2)
        route->first = node_of(route, reply->element[0]->str, (int)reply_number(reply_at(reply, 1)));
    else
        route->first = NULL;
    freeReplyObject(reply);
    redisFree(context);
    if (!route->first)
        snprintf(redis->error, sizeof redis->error, "the sentinel at %.80s:%d knows no Redis named %.60s",
            sentinel->name, sentinel->port, route->where.master);
    return route->first && connected(redis, route->first) && is_master(redis, route->first);
}

static bool learn(struct redis_sync *redis)
{
    struct redis_route *route = redis->route;
    bool learnt = false;
    if (route->where.kind == REDIS_ONE) {
        const struct redis_host *host = route->where.path[0] ? NULL : &route->where.hosts[0];
        route->first = node_of(route, host ? host->name : "", host ? host->port : 0);
        learnt = true;
    } else if (route->where.kind == REDIS_CLUSTER) {
        learnt = learn_cluster(redis);
    } else {
        for (size_t i = 0; !learnt && i < route->where.host_count; i++)
            learnt = learn_from_sentinel(redis, &route->where.hosts[i]);
    }
    route->stale = !learnt;
    return learnt;
}

void route_moved(struct redis_sync *redis, const struct redis_node *from, const char *error)
{
    int slot, port;
    char host[REDIS_URL_HOST];
    const char *colon = strrchr(error, ':');
    if (!colon || sscanf(error, "MOVED %d %127[^ ]", &slot, host) != 2 || slot < 0 || slot >= ROUTE_SLOTS)
        return;
    port = atoi(colon + 1);
    *strrchr(host, ':') = '\0';
    redis->route->slots[slot] = node_of(redis->route, host[0] ? host : from->host, port);
}

/* ---- for the conversation ---- */

struct redis_node *route_node(struct redis_sync *redis, const struct command *command)
{
    struct redis_route *route = redis->route;
    if ((route->stale || !route->first) && !learn(redis))
        return NULL;
    struct redis_node *node = route->first;
    if (route->where.kind == REDIS_CLUSTER && command && command->routed)
        node = route->slots[command->slot];
    if (!node) {
        snprintf(redis->error, sizeof redis->error, "no node of the cluster has slot %d", command->slot);
        route->stale = true;
        return NULL;
    }
    if (!connected(redis, node)) {
        route_lost(redis, node);
        return NULL;
    }
    if (!redis->context)
        redis->context = node->context;
    return node;
}

bool route_open(struct redis_sync *redis, const struct redis_url *where)
{
    if (!redis->route) {
        redis->route = store_alloc(sizeof *redis->route);
        redis->route->where = *where;
    }
    return route_node(redis, NULL) != NULL;
}

void route_close(struct redis_sync *redis)
{
    struct redis_route *route = redis->route;
    if (!route)
        return;
    for (size_t i = 0; i < route->node_count; i++) {
        if (route->nodes[i]->context)
            redisFree(route->nodes[i]->context);
        free(route->nodes[i]);
    }
    free(route->nodes);
    explicit_bzero(&route->where, sizeof route->where);
    free(route);
    redis->route = NULL;
    redis->context = NULL;
}
