/* Blocking Redis on hiredis: until a command is done, several together, many at once. */
#include "bridge/redis_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/redis_route.h"
#include "bridge/redis_try.h"
#include "bridge/redis_words.h"

enum { PATIENCE_MS = 15000, PAUSE_MS = 5, PAUSE_MOST_MS = 200 };

/* ---- until it is done ---- */

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void pause_before(int turn)
{
    long ms = PAUSE_MS << (turn < 6 ? turn : 6);
    nanosleep(&(struct timespec){.tv_nsec = (ms < PAUSE_MOST_MS ? ms : PAUSE_MOST_MS) * 1000000}, NULL);
}

void redis_sync_close(struct redis_sync *redis)
{
    route_close(redis);
}

/* No node will know a wrong password later. */
static bool is_stranger(const struct redis_sync *redis)
{
    return strstr(redis->error, "WRONGPASS") || strstr(redis->error, "NOAUTH");
}

bool redis_sync_open(struct redis_sync *redis, const char *url)
{
    struct redis_url at;
    int64_t until = now_ms() + PATIENCE_MS;
    *redis = (struct redis_sync){0};
    if (!redis_url_read(url, &at, redis->error))
        return false;
    bool ready = route_open(redis, &at);
    for (int turn = 0; !ready && at.kind != REDIS_ONE && !is_stranger(redis) && now_ms() < until; turn++) {
        pause_before(turn);
        ready = route_open(redis, &at);
    }
    explicit_bzero(&at, sizeof at);
    return ready;
}

/* Without REPLACE: those of another version stay as they are. That some are there now is well when they were
 * not just before: another who enrolls was quicker. */
static bool load_functions(struct redis_sync *redis, struct redis_node *node, bool again)
{
    redisReply *reply = redisCommand(node->context, "FUNCTION LOAD %b", store_scripts, store_scripts_size);
    bool loaded = reply && reply->type != REDIS_REPLY_ERROR;
    bool there = reply && reply->type == REDIS_REPLY_ERROR && strstr(reply->str, "already exists");
    if (there && again)
        snprintf(redis->error, sizeof redis->error,
            "Redis has the functions of another version: start neighborsd of this version first");
    freeReplyObject(reply);
    return loaded || (there && !again);
}

/* On that connection, until the replicas have what it wrote. */
static enum try_outcome wait_for_copies(
    struct redis_sync *redis, const struct command *command, int64_t until)
{
    struct redis_node *node = route_node(redis, command);
    enum try_outcome outcome = TRY_UNCOPIED;
    while (node && outcome == TRY_UNCOPIED && now_ms() < until) {
        outcome = try_copies(redis, node);
    }
    if (outcome == TRY_LOST)
        route_lost(redis, node);
    return outcome;
}

/* True when another try makes sense, after what is to be done before it. */
static bool another_turn(
    struct redis_sync *redis, const struct command *command, enum try_outcome outcome, int turn)
{
    if (outcome == TRY_UNLOADED) {
        struct redis_node *node = route_node(redis, command);
        return node && load_functions(redis, node, turn > 0);
    }
    bool perhaps_done = outcome == TRY_LOST || outcome == TRY_DISPLACED;
    if (outcome == TRY_REFUSED || redis->route->where.kind == REDIS_ONE ||
        (perhaps_done && command_is_once(command)))
        return false;
    if (outcome != TRY_ELSEWHERE || turn > 0)
        pause_before(turn);
    return true;
}

static redisReply *ask(struct redis_sync *redis, const struct command *command)
{
    int64_t until = now_ms() + PATIENCE_MS;
    for (int turn = 0;; turn++) {
        redisReply *reply = NULL;
        struct redis_node *node = route_node(redis, command);
        enum try_outcome outcome = node ? try_once(redis, node, command, &reply) : TRY_UNREACHED;
        if (outcome == TRY_UNCOPIED)
            outcome = wait_for_copies(redis, command, until);
        if (outcome == TRY_ANSWERED)
            return reply;
        freeReplyObject(reply);
        if (now_ms() >= until || !another_turn(redis, command, outcome, turn))
            return NULL;
    }
}

/* ---- asking ---- */

redisReply *redis_ask_command(struct redis_sync *redis, struct command *command)
{
    redisReply *reply = ask(redis, command);
    command_free(command);
    return reply;
}

redisReply *redis_ask_words(struct redis_sync *redis, const struct bytes *words, size_t count)
{
    struct command command;
    command_of_words(&command, words, count);
    return redis_ask_command(redis, &command);
}

static void keep(struct redis_sync *redis, struct command *command)
{
    size_t size = (redis->together_count + 1) * sizeof *redis->together;
    redis->together = realloc(redis->together, size);
    if (!redis->together)
        abort();
    redis->together[redis->together_count++] = *command;
}

static bool tell(struct redis_sync *redis, struct command *command)
{
    if (redis->begun) {
        keep(redis, command);
        return true;
    }
    redisReply *reply = redis_ask_command(redis, command);
    freeReplyObject(reply);
    return reply != NULL;
}

redisReply *redis_ask(struct redis_sync *redis, const char *format, ...)
{
    struct command command;
    va_list arguments;
    va_start(arguments, format);
    command_of_format(&command, format, arguments);
    va_end(arguments);
    return redis_ask_command(redis, &command);
}

redisReply *redis_ask_at(struct redis_sync *redis, uint16_t slot, const char *format, ...)
{
    struct command command;
    va_list arguments;
    va_start(arguments, format);
    command_of_format(&command, format, arguments);
    va_end(arguments);
    command.routed = true;
    command.slot = slot;
    return redis_ask_command(redis, &command);
}

static bool is_new(const struct redis_route *route, const uint16_t *slots, size_t count, unsigned slot)
{
    for (size_t i = 0; i < count; i++)
        if (route->slots[slots[i]] == route->slots[slot])
            return false;
    return true;
}

bool redis_masters(struct redis_sync *redis, uint16_t *slots, size_t room, size_t *count)
{
    const struct redis_route *route = redis->route;
    *count = 1;
    slots[0] = 0;
    if (!route_node(redis, NULL))
        return false;
    if (route->where.kind != REDIS_CLUSTER)
        return true;
    for (unsigned slot = 0; slot < ROUTE_SLOTS; slot++) {
        if (slot && route->slots[slot] == route->slots[slot - 1])
            continue;
        if (!route->slots[slot] || *count == room) {
            snprintf(redis->error, sizeof redis->error,
                route->slots[slot] ? "the cluster has more than %zu masters"
                                   : "a slot of the cluster has no master, of %zu that may be",
                room);
            return false;
        }
        if (is_new(route, slots, *count, slot))
            slots[(*count)++] = (uint16_t)slot;
    }
    return true;
}

bool redis_tell(struct redis_sync *redis, const char *format, ...)
{
    struct command command;
    va_list arguments;
    va_start(arguments, format);
    command_of_format(&command, format, arguments);
    va_end(arguments);
    return tell(redis, &command);
}

bool redis_tell_words(struct redis_sync *redis, const struct bytes *words, size_t count)
{
    struct command command;
    command_of_words(&command, words, count);
    return tell(redis, &command);
}

/* ---- together ---- */

void redis_begin(struct redis_sync *redis)
{
    redis->begun = true;
}

/* One command in the eyes of who sends it: it goes where the first of them belongs. */
static void join_all(struct redis_sync *redis, struct command *all)
{
    command_begin(all, 1);
    command_text(all, "MULTI");
    for (size_t i = 0; i < redis->together_count; i++) {
        struct command *one = &redis->together[i];
        if (one->routed && !all->routed) {
            all->routed = true;
            all->slot = one->slot;
        }
        all->once = all->once || command_is_once(one);
        command_join(all, one);
        command_free(one);
    }
    command_begin(all, 1);
    command_text(all, "EXEC");
    all->answers = redis->together_count + 2;
    free(redis->together);
    redis->together = NULL;
    redis->together_count = 0;
    redis->begun = false;
}

/* EXEC answers for each command, and goes on behind one that fails. */
static bool all_done(struct redis_sync *redis, const redisReply *reply)
{
    for (size_t i = 0; i < reply_count(reply); i++)
        if (reply_at(reply, i)->type == REDIS_REPLY_ERROR) {
            snprintf(redis->error, sizeof redis->error, "Redis refuses: %.170s", reply_at(reply, i)->str);
            return false;
        }
    return reply != NULL;
}

bool redis_commit(struct redis_sync *redis)
{
    struct command all = {0};
    join_all(redis, &all);
    redisReply *reply = redis_ask_command(redis, &all);
    bool done = all_done(redis, reply);
    freeReplyObject(reply);
    return done;
}

/* ---- many at once ---- */

bool redis_ask_all(struct redis_sync *redis, struct command *commands, size_t count, redisReply **replies)
{
    struct redis_node **nodes = store_alloc(count * sizeof(struct redis_node *));
    memset(replies, 0, count * sizeof(redisReply *));
    try_send_all(redis, commands, count, nodes);
    try_take_all(redis, commands, count, nodes, replies);
    free(nodes);
    bool done = true;
    for (size_t i = 0; i < count; i++) {
        if (done && !replies[i] && !redis->in_order)
            replies[i] = ask(redis, &commands[i]);
        if (done && !replies[i])
            redis->failed = i;
        done = done && replies[i];
        command_free(&commands[i]);
    }
    for (size_t i = 0; !done && i < count; i++) {
        freeReplyObject(replies[i]);
        replies[i] = NULL;
    }
    return done;
}
