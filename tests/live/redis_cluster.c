/* A private Redis Cluster (redis_cluster.h). */
#include "tests/live/redis_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SLOTS = 16384, PATIENCE = 9000 };
static const useconds_t LOOK = 20000; /* three minutes in all */
/* Of a connection: also with a server that a failed test left frozen. */
static const struct timeval long_patience = {.tv_sec = 60};

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

/* What the test cannot do without. */
static void tell(redisContext *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redisvCommand(to, format, arguments);
    va_end(arguments);
    if (!reply || reply->type != REDIS_REPLY_STATUS)
        fail_msg("%s: %s", format, reply && reply->str ? reply->str : to->errstr);
    freeReplyObject(reply);
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
    struct redis_server *server = &cluster->servers[n];
    server->cluster = server->member = true;
    if (!redis_server_start(server))
        return false;
    cluster->ask[n] = redisConnectWithTimeout("127.0.0.1", server->port, long_patience);
    bool there = cluster->ask[n] && redisSetTimeout(cluster->ask[n], long_patience) == REDIS_OK;
    redisReply *id = there ? redisCommand(cluster->ask[n], "CLUSTER MYID") : NULL;
    if (id && id->type == REDIS_REPLY_STRING)
        snprintf(cluster->ids[n], sizeof(cluster->ids[n]), "%s", id->str);
    freeReplyObject(id);
    return id && say(cluster->ask[n], "OK", "CLUSTER SET-CONFIG-EPOCH %d", (int)n + 1);
}

static size_t replicas_known(redisContext *to)
{
    redisReply *nodes = redisCommand(to, "CLUSTER NODES");
    size_t count = 0;
    for (const char *at = nodes ? nodes->str : NULL; at && (at = strstr(at, "slave ")); at++)
        count++;
    freeReplyObject(nodes);
    return count;
}

/* Everybody knows everybody, and who has which slots (where not all need be covered, "ok" says nothing of
 * that). */
static bool wait_known(const struct redis_cluster *cluster)
{
    char known[48];
    snprintf(known, sizeof(known), "cluster_known_nodes:%zu", cluster->count);
    for (size_t n = 0; n < cluster->count; n++) {
        redisContext *asked = cluster->ask[n];
        if (!wait_for(asked, known, "CLUSTER INFO") ||
            !wait_for(asked, "cluster_slots_ok:16384", "CLUSTER INFO") ||
            !wait_for(asked, "cluster_state:ok", "CLUSTER INFO"))
            return false;
    }
    return true;
}

/* And whose replica somebody is. */
static bool wait_whole(const struct redis_cluster *cluster)
{
    if (!wait_known(cluster))
        return false;
    for (size_t n = 0; n < cluster->count; n++) {
        for (int looks = 0; replicas_known(cluster->ask[n]) != cluster->count - cluster->masters; looks++) {
            if (looks == PATIENCE)
                return false;
            usleep(LOOK);
        }
    }
    return true;
}

static bool replicate(const struct redis_cluster *cluster, size_t replica, size_t master)
{
    for (int looks = 0; looks < PATIENCE; looks++) { /* until it has heard of that master */
        if (say(cluster->ask[replica], "OK", "CLUSTER REPLICATE %s", cluster->ids[master]))
            return true;
        usleep(LOOK);
    }
    return false;
}

/* Those before it are told of one. */
static bool introduce(const struct redis_cluster *cluster, size_t n)
{
    for (size_t other = 0; other < n; other++) {
        if (!say(cluster->ask[other], "OK", "CLUSTER MEET 127.0.0.1 %d %d", cluster->servers[n].port,
                cluster->servers[n].bus))
            return false;
    }
    return true;
}

/* Everybody is told of everybody: gossip alone takes seconds. */
static bool meet(const struct redis_cluster *cluster)
{
    for (size_t n = 1; n < cluster->count; n++) {
        if (!introduce(cluster, n))
            return false;
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
    if (!meet(cluster))
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

bool redis_cluster_add(struct redis_cluster *cluster)
{
    size_t n = cluster->count++;
    cluster->masters++;
    cluster->servers[n] = (struct redis_server){0};
    /* When its last slot goes it stays a master: else it is told the last step of a move as a replica. */
    return start_one(cluster, n) &&
           say(cluster->ask[n], "OK", "CONFIG SET cluster-allow-replica-migration no") &&
           introduce(cluster, n) && wait_known(cluster);
}

bool redis_cluster_take_out(struct redis_cluster *cluster)
{
    size_t n = --cluster->count;
    cluster->masters--;
    redis_server_kill(&cluster->servers[n]); /* while it runs it tells of itself */
    for (size_t other = 0; other < n; other++) {
        if (!say(cluster->ask[other], "OK", "CLUSTER FORGET %s", cluster->ids[n]))
            return false;
    }
    redisFree(cluster->ask[n]);
    cluster->ask[n] = NULL;
    redis_server_stop(&cluster->servers[n]);
    return wait_known(cluster);
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
    for (size_t n = 0; n < cluster->count; n++) {
        cluster->servers[n].node_timeout = milliseconds;
        if (cluster->servers[n].pid)
            tell(cluster->ask[n], "CONFIG SET cluster-node-timeout %d", milliseconds);
    }
}

bool redis_cluster_restart(struct redis_cluster *cluster, size_t n)
{
    return redis_server_restart(&cluster->servers[n]) && redisReconnect(cluster->ask[n]) == REDIS_OK &&
           redisSetTimeout(cluster->ask[n], long_patience) == REDIS_OK;
}

static bool is_in_line(redisContext *of)
{
    return say(of, "cluster_state:ok", "CLUSTER INFO") && say(of, "cluster_slots_ok:16384", "CLUSTER INFO") &&
           (say(of, "role:master", "INFO replication") ||
               say(of, "master_link_status:up", "INFO replication"));
}

/* One that was dead or stood still holds itself to be a master until it hears of its heir. */
static bool all_in_line(const struct redis_cluster *cluster)
{
    size_t masters = 0;
    for (size_t n = 0; n < cluster->count; n++) {
        if (!cluster->servers[n].pid)
            continue;
        if (!is_in_line(cluster->ask[n]))
            return false;
        masters += say(cluster->ask[n], "role:master", "INFO replication");
    }
    return masters == cluster->masters;
}

bool redis_cluster_wait(struct redis_cluster *cluster)
{
    for (int looks = 0; looks < PATIENCE; looks++) {
        if (all_in_line(cluster))
            return true;
        usleep(LOOK);
    }
    return false;
}

redisReply *redis_cluster_ask(struct redis_cluster *cluster, size_t n, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redis_server_vask(&cluster->servers[n], format, arguments);
    va_end(arguments);
    return reply;
}

long long redis_cluster_number(struct redis_cluster *cluster, size_t n, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = redis_server_vask(&cluster->servers[n], format, arguments);
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
    tell(cluster->ask[owner], "CONFIG SET cluster-require-full-coverage yes");
    tell(cluster->ask[owner], "CLUSTER DELSLOTS %d", (int)slot);
    assert_true(wait_for(cluster->ask[owner], "cluster_state:fail", "CLUSTER INFO"));
}

void redis_cluster_take_slot(struct redis_cluster *cluster, uint16_t slot, size_t owner)
{
    tell(cluster->ask[owner], "CLUSTER ADDSLOTS %d", (int)slot);
    tell(cluster->ask[owner], "CONFIG SET cluster-require-full-coverage no");
}

static void move_keys(struct redis_cluster *cluster, uint16_t slot, size_t from, size_t to)
{
    for (;;) {
        redisReply *keys = redisCommand(cluster->ask[from], "CLUSTER GETKEYSINSLOT %d 100", (int)slot);
        assert_non_null(keys);
        size_t count = keys->elements;
        for (size_t i = 0; i < count; i++)
            tell(cluster->ask[from], "MIGRATE 127.0.0.1 %d %b 0 30000", cluster->servers[to].port,
                keys->element[i]->str, (size_t)keys->element[i]->len);
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
        tell(target, set, (int)slot, "IMPORTING", cluster->ids[from]);
        tell(source, set, (int)slot, "MIGRATING", there);
        break;
    case MOVE_KEYS:
        move_keys(cluster, slot, from, to);
        break;
    case MOVE_TARGET_KNOWS:
        tell(target, set, (int)slot, "NODE", there);
        break;
    case MOVE_DONE:
        tell(source, set, (int)slot, "NODE", there);
        break;
    case MOVE_STEPS:
        break;
    }
}
