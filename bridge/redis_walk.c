#include "bridge/redis_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/redis_route.h"

enum { MASTERS = 1024, TURNS = 8, LOOKS = 150, LOOK_PAUSE_MS = 100, SLOTS_FIELD = 8, EPOCH_FIELD = 6 };

/* state: what makes it this one and no other: whose run it is, and which slots it has. */
struct master {
    uint16_t slot; /* one that it has */
    bool done;
    char *state;
};

struct sight {
    struct master *masters;
    size_t count;
};

struct walk {
    struct redis_sync *redis;
    const char *pattern;
    int page;
    redis_walk_take *take;
    void *arg;
};

/* How a look, or the walk through one master, ended. */
enum outcome { FAILED, DONE, CHANGED };

static void sight_free(struct sight *sight)
{
    for (size_t i = 0; i < sight->count; i++)
        free(sight->masters[i].state);
    free(sight->masters);
    *sight = (struct sight){0};
}

/* ---- one connection ---- */

/* A connection is to one run of one Redis. */
struct connection {
    const struct redis_node *node;
    unsigned number;
};

static struct connection connection_of(const struct redis_sync *redis, uint16_t slot)
{
    const struct redis_route *route = redis->route;
    const struct redis_node *node = route->where.kind == REDIS_CLUSTER ? route->slots[slot] : route->first;
    return (struct connection){node, node ? node->connections : 0};
}

static bool is_same(struct connection a, struct connection b)
{
    return a.node == b.node && a.number == b.number;
}

/* ---- a look at the masters ---- */

static enum outcome restless(struct redis_sync *redis, const char *what, int slot)
{
    snprintf(redis->error, sizeof redis->error,
        "slot %d of the cluster %s: wait until it is at rest (redis-cli --cluster check tells, --cluster fix "
        "ends a move that was broken off)",
        slot, what);
    return CHANGED;
}

static enum outcome no_master(struct redis_sync *redis)
{
    snprintf(redis->error, sizeof redis->error,
        "a master of Redis is one no more, and nobody tells who took its place");
    return CHANGED;
}

/* The slots of a word as CLUSTER NODES has them: "7", "7-9", "[7->-<id>]". */
static enum outcome take_range(struct redis_sync *redis, const char *word, uint8_t claims[ROUTE_SLOTS])
{
    int first, last;
    if (sscanf(word, "[%d", &first) == 1)
        return restless(redis, "is on the move", first);
    int read = sscanf(word, "%d-%d", &first, &last);
    if (read < 2)
        last = first;
    for (int slot = first; read >= 1 && slot >= 0 && slot <= last && slot < ROUTE_SLOTS; slot++)
        claims[slot]++;
    return DONE;
}

/* What a master says of itself in CLUSTER NODES: "<id> <address> <flags> … <epoch> <link> <slots>". */
static enum outcome take_own_line(
    struct redis_sync *redis, const char *nodes, uint8_t claims[ROUTE_SLOTS], struct buffer *state)
{
    const char *own = strstr(nodes, "myself,master");
    if (!own)
        return no_master(redis);
    while (own > nodes && own[-1] != '\n')
        own--;
    char *line = strndup(own, strcspn(own, "\n")), *rest = line;
    if (!line)
        abort();
    enum outcome outcome = DONE;
    int field = 0;
    for (const char *word; outcome == DONE && (word = strsep(&rest, " ")) != NULL; field++) {
        if (field == 0 || field == EPOCH_FIELD || field >= SLOTS_FIELD) {
            buffer_put(state, word, strlen(word));
            buffer_put(state, " ", 1);
        }
        if (field >= SLOTS_FIELD)
            outcome = take_range(redis, word, claims);
    }
    free(line);
    return outcome;
}

static enum outcome take_slots(
    struct redis_sync *redis, uint16_t slot, uint8_t claims[ROUTE_SLOTS], struct buffer *state)
{
    redisReply *nodes = redis_ask_at(redis, slot, "CLUSTER NODES");
    enum outcome outcome = nodes && nodes->str ? take_own_line(redis, nodes->str, claims, state) : FAILED;
    freeReplyObject(nodes);
    return outcome;
}

/* The replication's id is another one when it was a replica in between. */
static enum outcome take_run(struct redis_sync *redis, uint16_t slot, struct buffer *state)
{
    redisReply *info = redis_ask_at(redis, slot, "INFO");
    struct text said = reply_text(info), run = info_value(said, "run_id:"),
                copies = info_value(said, "master_replid:");
    bool is_master = text_equal(info_value(said, "role:"), TEXT("master"));
    buffer_put(state, run.data ? run.data : "", run.len);
    buffer_put(state, " ", 1);
    buffer_put(state, copies.data ? copies.data : "", copies.len);
    buffer_put(state, "", 1);
    freeReplyObject(info);
    if (!info)
        return FAILED;
    return is_master || redis->route->where.kind == REDIS_ONE ? DONE : no_master(redis);
}

static enum outcome look_at_master(
    struct redis_sync *redis, struct master *master, uint8_t claims[ROUTE_SLOTS])
{
    struct buffer state = {0};
    enum outcome outcome = DONE;
    struct connection before = {0};
    if (redis->route->where.kind == REDIS_CLUSTER) {
        outcome = take_slots(redis, master->slot, claims, &state);
        before = connection_of(redis, master->slot);
    }
    if (outcome == DONE)
        outcome = take_run(redis, master->slot, &state);
    if (outcome == DONE && before.node && !is_same(before, connection_of(redis, master->slot)))
        outcome = no_master(redis);
    if (outcome == DONE)
        master->state = (char *)state.data;
    else
        buffer_free(&state);
    return outcome;
}

/* Each slot is had by one who says so, so nobody is left out. */
static enum outcome all_claimed(struct redis_sync *redis, const uint8_t claims[ROUTE_SLOTS])
{
    for (int slot = 0; slot < ROUTE_SLOTS; slot++)
        if (claims[slot] != 1)
            return restless(redis, claims[slot] ? "has two masters" : "has no master", slot);
    return DONE;
}

static enum outcome look_once(struct redis_sync *redis, struct sight *out)
{
    uint16_t slots[MASTERS];
    uint8_t claims[ROUTE_SLOTS] = {0};
    bool alone = redis->route->where.kind == REDIS_ONE;
    redis->route->stale = !alone;
    if (!redis_masters(redis, slots, MASTERS, &out->count)) {
        out->count = 0;
        return alone ? FAILED : CHANGED;
    }
    out->masters = store_alloc(out->count * sizeof *out->masters);
    enum outcome outcome = DONE;
    for (size_t i = 0; outcome == DONE && i < out->count; i++) {
        out->masters[i].slot = slots[i];
        outcome = look_at_master(redis, &out->masters[i], claims);
    }
    if (outcome == DONE && redis->route->where.kind == REDIS_CLUSTER)
        outcome = all_claimed(redis, claims);
    if (outcome != DONE)
        sight_free(out);
    return outcome;
}

/* Until nothing is on the move. */
static bool look(struct redis_sync *redis, struct sight *out)
{
    enum outcome outcome = CHANGED;
    *out = (struct sight){0};
    for (int looks = 0; outcome == CHANGED && looks < LOOKS; looks++) {
        if (looks)
            nanosleep(&(struct timespec){.tv_nsec = LOOK_PAUSE_MS * 1000000L}, NULL);
        outcome = look_once(redis, out);
    }
    return outcome == DONE;
}

/* ---- the walk ---- */

static enum outcome walk_master(struct walk *walk, const struct master *master)
{
    struct connection first = {0};
    char cursor[24] = "0";
    enum outcome outcome = CHANGED;
    do {
        redisReply *reply = redis_ask_at(
            walk->redis, master->slot, "SCAN %s MATCH %s COUNT %d", cursor, walk->pattern, walk->page);
        struct connection now = connection_of(walk->redis, master->slot);
        if (strcmp(cursor, "0") == 0)
            first = now;
        outcome = reply_count(reply) != 2 ? FAILED : is_same(first, now) ? DONE : CHANGED;
        if (outcome == DONE) {
            snprintf(cursor, sizeof cursor, "%s", reply_text(reply_at(reply, 0)).data);
            outcome = walk->take(walk->arg, reply_at(reply, 1)) ? DONE : FAILED;
        }
        freeReplyObject(reply);
    } while (outcome == DONE && strcmp(cursor, "0") != 0);
    return outcome;
}

/* Who was walked through before and is as it was then stays done. True: all are. */
static bool carry_over(struct sight *now, const struct sight *before)
{
    bool all = true;
    for (size_t i = 0; i < now->count; i++) {
        for (size_t k = 0; !now->masters[i].done && k < before->count; k++)
            now->masters[i].done =
                before->masters[k].done && strcmp(now->masters[i].state, before->masters[k].state) == 0;
        all = all && now->masters[i].done;
    }
    return all;
}

static enum outcome turn(struct walk *walk, struct sight *sight)
{
    struct sight before = *sight;
    bool failed = false, all = false;
    for (size_t i = 0; !failed && i < before.count; i++) {
        if (before.masters[i].done)
            continue;
        enum outcome outcome = walk_master(walk, &before.masters[i]);
        before.masters[i].done = outcome == DONE;
        failed = outcome == FAILED;
    }
    *sight = (struct sight){0};
    failed = failed || !look(walk->redis, sight);
    if (!failed)
        all = carry_over(sight, &before);
    sight_free(&before);
    return failed ? FAILED : all ? DONE : CHANGED;
}

bool redis_walk(struct redis_sync *redis, const char *pattern, int page, redis_walk_take *take, void *arg)
{
    struct walk walk = {redis, pattern, page, take, arg};
    struct sight sight;
    enum outcome outcome = look(redis, &sight) ? CHANGED : FAILED;
    for (int turns = 0; outcome == CHANGED && turns < TURNS; turns++)
        outcome = turn(&walk, &sight);
    sight_free(&sight);
    if (outcome == CHANGED)
        snprintf(redis->error, sizeof redis->error,
            "the masters of Redis changed again and again while all keys were looked through: wait until "
            "they are at rest");
    return outcome == DONE;
}
