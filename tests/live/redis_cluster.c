/* A private Redis Cluster (redis_cluster.h). */
#include "tests/live/redis_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SLOTS = 16384, PATIENCE = 1500 };
static const useconds_t LOOK = 20000; /* 30 s in all */

/* True when it was answered without an error, and with this text in it (unless NULL). */
static bool say(redisContext *to, const char *wanted, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(to, format, arguments);
    va_end(arguments);
    bool right =
        reply && reply->type != REDIS_REPLY_ERROR && (!wanted || (reply->str && strstr(reply->str, wanted)));
    freeReplyObject(reply);
    return right;
}

static bool wait_for(redisContext *of, const char *wanted, const char *command)
{
    for (int looks = 0; looks < PATIENCE; looks++) {
        if (say(of, wanted, command))
            return true;
        usleep(LOOK);
    }
    return false;
}

static bool start_one(struct redis_cluster *cluster, size_t n)
{
    static const struct timeval patience = {.tv_sec = 60}; /* also with one that a failed test left frozen */
    struct redis_server *server = &cluster->servers[n];
    server->cluster = server->member = true;
    if (!redis_server_start(server))
        return false;
    cluster->ask[n] = redisConnectWithTimeout("127.0.0.1", server->port, patience);
    bool there = cluster->ask[n] && redisSetTimeout(cluster->ask[n], patience) == REDIS_OK;
    redisReply *id = there ? redisCommand(cluster->ask[n], "CLUSTER MYID") : NULL;
    if (id && id->type == REDIS_REPLY_STRING)
        snprintf(cluster->ids[n], sizeof(cluster->ids[n]), "%s", id->str);
    freeReplyObject(id);
    return id && say(cluster->ask[n], "OK", "CONFIG SET cluster-node-timeout %d", (int)CLUSTER_TIMEOUT) &&
           say(cluster->ask[n], "OK", "CLUSTER SET-CONFIG-EPOCH %d", (int)n + 1);
}

static int bus_port(redisContext *of)
{
    redisReply *reply = redisCommand(of, "CONFIG GET cluster-port");
    int port = reply && reply->elements == 2 ? atoi(reply->element[1]->str) : 0;
    freeReplyObject(reply);
    return port;
}

/* Everybody knows everybody, and all slots are served. */
static bool wait_whole(const struct redis_cluster *cluster)
{
    char known[48];
    snprintf(known, sizeof(known), "cluster_known_nodes:%zu", cluster->count);
    for (size_t n = 0; n < cluster->count; n++) {
        if (!wait_for(cluster->ask[n], known, "CLUSTER INFO") ||
            !wait_for(cluster->ask[n], "cluster_state:ok", "CLUSTER INFO"))
            return false;
    }
    return true;
}

static bool replicate(const struct redis_cluster *cluster, size_t replica, size_t master)
{
    for (int looks = 0; looks < PATIENCE; looks++) { /* until it has heard of that master's slots */
        if (say(cluster->ask[replica], "OK", "CLUSTER REPLICATE %s", cluster->ids[master]))
            return true;
        usleep(LOOK);
    }
    return false;
}

/* Everybody is told of everybody: gossip alone takes seconds. */
static bool meet(const struct redis_cluster *cluster)
{
    for (size_t n = 1; n < cluster->count; n++) {
        int bus = bus_port(cluster->ask[n]);
        for (size_t other = 0; other < n; other++) {
            if (!say(
                    cluster->ask[other], "OK", "CLUSTER MEET 127.0.0.1 %d %d", cluster->servers[n].port, bus))
                return false;
        }
    }
    return true;
}

static bool join(struct redis_cluster *cluster)
{
    for (size_t n = 0; n < cluster->masters; n++) {
        int first = (int)(n * SLOTS / cluster->masters), next = (int)((n + 1) * SLOTS / cluster->masters);
        if (!say(cluster->ask[n], "OK", "CLUSTER ADDSLOTSRANGE %d %d", first, next - 1))
            return false;
    }
    if (!meet(cluster) || !wait_whole(cluster))
        return false;
    for (size_t n = cluster->masters; n < cluster->count; n++) {
        if (!replicate(cluster, n, n - cluster->masters))
            return false;
    }
    for (size_t n = cluster->masters; n < cluster->count; n++) {
        if (!wait_for(cluster->ask[n], "master_link_status:up", "INFO replication"))
            return false;
    }
    return wait_whole(cluster);
}

bool redis_cluster_start(struct redis_cluster *cluster, size_t masters, size_t replicas)
{
    *cluster = (struct redis_cluster){.masters = masters, .count = masters + replicas};
    for (size_t n = 0; n < cluster->count; n++) {
        if (!start_one(cluster, n))
            return false;
    }
    snprintf(cluster->url, sizeof(cluster->url), "redis+cluster://127.0.0.1:%d", cluster->servers[0].port);
    return join(cluster);
}

void redis_cluster_stop(struct redis_cluster *cluster)
{
    for (size_t n = 0; n < cluster->count; n++) {
        if (cluster->ask[n])
            redisFree(cluster->ask[n]);
        redis_server_stop(&cluster->servers[n]);
    }
}

void redis_cluster_set_timeout(struct redis_cluster *cluster, int milliseconds)
{
    for (size_t n = 0; n < cluster->count; n++)
        assert_true(say(cluster->ask[n], "OK", "CONFIG SET cluster-node-timeout %d", milliseconds));
}

bool redis_cluster_restart(struct redis_cluster *cluster, size_t n)
{
    redisReply *timeout = redisCommand(cluster->ask[n == 0], "CONFIG GET cluster-node-timeout");
    bool there = redis_server_restart(&cluster->servers[n]) && timeout && timeout->elements == 2 &&
                 redisReconnect(cluster->ask[n]) == REDIS_OK &&
                 say(cluster->ask[n], "OK", "CONFIG SET cluster-node-timeout %s", timeout->element[1]->str);
    freeReplyObject(timeout);
    return there;
}

static bool is_in_line(redisContext *of)
{
    return say(of, "cluster_state:ok", "CLUSTER INFO") && say(of, "cluster_slots_ok:16384", "CLUSTER INFO") &&
           (say(of, "role:master", "INFO replication") ||
               say(of, "master_link_status:up", "INFO replication"));
}

bool redis_cluster_wait(struct redis_cluster *cluster)
{
    int looks = 0;
    for (size_t n = 0; n < cluster->count; n++) {
        while (cluster->servers[n].pid && !is_in_line(cluster->ask[n])) {
            if (++looks > PATIENCE)
                return false;
            usleep(LOOK);
        }
    }
    return true;
}

static redisReply *ask_alone(const struct redis_server *server, const char *format, va_list arguments)
{
    static const struct timeval patience = {.tv_sec = 5};
    redisContext *context = redisConnectWithTimeout("127.0.0.1", server->port, patience);
    redisReply *reply = NULL;
    if (context && !context->err && redisSetTimeout(context, patience) == REDIS_OK)
        reply = redisvCommand(context, format, arguments);
    if (reply && reply->type == REDIS_REPLY_ERROR) {
        freeReplyObject(reply);
        reply = NULL;
    }
    if (context)
        redisFree(context);
    return reply;
}

redisReply *redis_cluster_ask(struct redis_cluster *cluster, size_t n, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = ask_alone(&cluster->servers[n], format, arguments);
    va_end(arguments);
    return reply;
}

long long redis_cluster_number(struct redis_cluster *cluster, size_t n, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = ask_alone(&cluster->servers[n], format, arguments);
    va_end(arguments);
    long long number = !reply                             ? -1
                       : reply->type == REDIS_REPLY_ARRAY ? (long long)reply->elements
                                                          : reply->integer;
    if (reply)
        freeReplyObject(reply);
    return number;
}

static size_t server_of_id(const struct redis_cluster *cluster, const char *id)
{
    size_t n = 0;
    while (n < cluster->count && strncmp(cluster->ids[n], id, strlen(cluster->ids[n])) != 0)
        n++;
    return n;
}

size_t redis_cluster_seen_owner(struct redis_cluster *cluster, size_t asked, uint16_t slot)
{
    redisReply *ranges = redis_cluster_ask(cluster, asked, "CLUSTER SLOTS");
    size_t owner = cluster->count;
    for (size_t i = 0; ranges && i < ranges->elements; i++) {
        redisReply *const *range = ranges->element[i]->element;
        if (slot >= range[0]->integer && slot <= range[1]->integer)
            owner = server_of_id(cluster, range[2]->element[2]->str);
    }
    if (ranges)
        freeReplyObject(ranges);
    return owner;
}

size_t redis_cluster_seen_replica(struct redis_cluster *cluster, size_t asked, size_t master)
{
    redisReply *replicas = redis_cluster_ask(cluster, asked, "CLUSTER REPLICAS %s", cluster->ids[master]);
    size_t replica =
        replicas && replicas->elements ? server_of_id(cluster, replicas->element[0]->str) : cluster->count;
    if (replicas)
        freeReplyObject(replicas);
    return replica;
}

static bool says_it_has(redisContext *of, const char *id, uint16_t slot)
{
    redisReply *reply = redisCommand(of, "CLUSTER SLOTS");
    bool has = false;
    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        redisReply *const *range =
            reply->element[i]->element; /* first, last, the master: address, port, id */
        has |= slot >= range[0]->integer && slot <= range[1]->integer &&
               strcmp(range[2]->element[2]->str, id) == 0;
    }
    freeReplyObject(reply);
    return has;
}

size_t redis_cluster_owner(struct redis_cluster *cluster, uint16_t slot)
{
    for (size_t n = 0; n < cluster->count; n++) {
        if (cluster->servers[n].pid && says_it_has(cluster->ask[n], cluster->ids[n], slot))
            return n;
    }
    return cluster->count;
}

void redis_cluster_leave_slot(struct redis_cluster *cluster, uint16_t slot, size_t owner)
{
    assert_true(say(cluster->ask[owner], "OK", "CONFIG SET cluster-require-full-coverage yes"));
    assert_true(say(cluster->ask[owner], "OK", "CLUSTER DELSLOTS %d", (int)slot));
    assert_true(wait_for(cluster->ask[owner], "cluster_state:fail", "CLUSTER INFO"));
}

void redis_cluster_take_slot(struct redis_cluster *cluster, uint16_t slot, size_t owner)
{
    assert_true(say(cluster->ask[owner], "OK", "CLUSTER ADDSLOTS %d", (int)slot));
    assert_true(say(cluster->ask[owner], "OK", "CONFIG SET cluster-require-full-coverage no"));
}

static void move_keys(struct redis_cluster *cluster, uint16_t slot, size_t from, size_t to)
{
    for (;;) {
        redisReply *keys = redisCommand(cluster->ask[from], "CLUSTER GETKEYSINSLOT %d 100", (int)slot);
        assert_non_null(keys);
        size_t count = keys->elements;
        for (size_t i = 0; i < count; i++)
            assert_true(say(cluster->ask[from], "OK", "MIGRATE 127.0.0.1 %d %b 0 30000",
                cluster->servers[to].port, keys->element[i]->str, (size_t)keys->element[i]->len));
        freeReplyObject(keys);
        if (count == 0)
            return;
    }
}

void redis_cluster_move(
    struct redis_cluster *cluster, uint16_t slot, size_t from, size_t to, enum move_step step)
{
    static const char set[] = "CLUSTER SETSLOT %d %s %s";
    redisContext *source = cluster->ask[from], *target = cluster->ask[to];
    const char *there = cluster->ids[to];
    switch (step) {
    case MOVE_ANNOUNCED:
        assert_true(say(target, "OK", set, (int)slot, "IMPORTING", cluster->ids[from]));
        assert_true(say(source, "OK", set, (int)slot, "MIGRATING", there));
        break;
    case MOVE_KEYS:
        move_keys(cluster, slot, from, to);
        break;
    case MOVE_TARGET_KNOWS:
        assert_true(say(target, "OK", set, (int)slot, "NODE", there));
        break;
    case MOVE_DONE:
        assert_true(say(source, "OK", set, (int)slot, "NODE", there));
        break;
    case MOVE_STEPS:
        break;
    }
}
