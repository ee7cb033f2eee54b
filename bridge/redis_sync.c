/* Blocking Redis on hiredis: one sentence for whatever goes wrong. */
#include "bridge/redis_sync.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/redis_route.h"

enum { PATIENCE_MS = 15000, PAUSE_MS = 5, PAUSE_MOST_MS = 200, COPY_MS = 1000 };

/* What came of a command that was sent once. */
enum outcome {
    ANSWERED,
    REFUSED,   /* an error that stays */
    ELSEWHERE, /* another master has the slot */
    NOT_NOW,   /* a slot moves, a master is away or takes over */
    UNLOADED,  /* our functions are not there */
    UNCOPIED,  /* done, but too few replicas have it */
    LOST,      /* no answer */
    UNREACHED  /* not sent */
};

void redis_sync_close(struct redis_sync *redis)
{
    route_close(redis);
}

/* ---- commands ---- */

/* The next argument of a command as it is sent, "$<len>\r\n<data>\r\n". */
static struct bytes next_word(const char **at)
{
    char *end;
    size_t len = strtoul(strchr(*at, '$') + 1, &end, 10);
    struct bytes word = {(const uint8_t *)end + 2, len};
    *at = end + 2 + len + 2;
    return word;
}

static bool is_word(struct bytes word, const char *text)
{
    return word.len == strlen(text) && strncasecmp((const char *)word.data, text, word.len) == 0;
}

/* A command of its words: with the guard when it calls a function. */
static void make_command(struct command *command, const struct bytes *words, size_t count)
{
    long keys = count > 3 && is_word(words[0], "FCALL") ? strtol((const char *)words[2].data, NULL, 10) : 0;
    size_t at = 0;
    *command = (struct command){0};
    if (keys > 0 && (size_t)keys + 3 <= count) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)words[1].len, (const char *)words[1].data);
        command_function(command, name, (size_t)keys, count - 3 - (size_t)keys);
        at = 3;
    } else {
        command_begin(command, count);
    }
    for (; at < count; at++)
        command_bytes(command, words[at].data, words[at].len);
    /* A key without a tag. */
    if (!command->routed && count > 1 && words[1].len > 3 && memcmp(words[1].data, "nb:", 3) == 0 &&
        !is_word(words[0], "PUBLISH")) {
        command->routed = true;
        command->slot = key_slot(words[1].data, words[1].len);
    }
}

/* True for what changes nothing: no replica needs to have it. */
static bool only_reads(const struct command *command)
{
    static const char *const reads[] = {"AUTH", "CLUSTER", "CONFIG", "DBSIZE", "DUMP", "EXISTS", "GET",
        "HEXISTS", "HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "HSCAN", "HVALS", "INFO", "KEYS", "LINDEX",
        "LLEN", "LRANGE", "PING", "PEXPIRETIME", "PTTL", "PUBLISH", "PUBSUB", "SCAN", "SCARD", "SISMEMBER",
        "SMEMBERS", "SPUBLISH", "SSCAN", "STRLEN", "SUBSCRIBE", "TTL", "TYPE", "WAIT", "XINFO", "XLEN",
        "XPENDING", "XRANGE", "XREVRANGE", "ZCARD", "ZCOUNT", "ZSCAN", "ZRANGE", "ZSCORE", "FUNCTION"};
    const char *at = (const char *)command->bytes.data;
    struct bytes word = next_word(&at);
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        if (is_word(word, reads[i]))
            return true;
    return false;
}

/* True for what may not be done twice, so that it is not sent again when no answer came. */
static bool counts(const struct command *command)
{
    const char *at = (const char *)command->bytes.data;
    struct bytes word = next_word(&at);
    return command->once || is_word(word, "XADD") || is_word(word, "INCR") || is_word(word, "HINCRBY");
}

/* ---- one try ---- */

static int copies_wanted(const struct redis_sync *redis, const struct command *command)
{
    return only_reads(command) ? 0 : redis->route->where.wait;
}

static enum outcome outcome_of(struct redis_sync *redis, struct redis_node *node, const redisReply *reply)
{
    if (!reply) {
        snprintf(redis->error, sizeof redis->error, "Redis does not answer: %.150s", node->context->errstr);
        return LOST;
    }
    if (reply->type != REDIS_REPLY_ERROR)
        return ANSWERED;
    snprintf(redis->error, sizeof redis->error, "Redis refuses: %.170s", reply->str);
    if (strncmp(reply->str, "ERR Function not found", 22) == 0)
        return UNLOADED;
    if (redis->route->where.kind == REDIS_ONE)
        return REFUSED;
    if (strncmp(reply->str, "MOVED ", 6) == 0) {
        route_moved(redis, node, reply->str);
        return ELSEWHERE;
    }
    static const char *const passing[] = {"ASK ", "TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN",
        "READONLY", "BUSY", "NOREPLICAS", "FAILOVER"};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp(reply->str, passing[i], strlen(passing[i])) == 0) {
            redis->route->stale = redis->route->stale || *reply->str != 'A';
            return NOT_NOW;
        }
    return REFUSED;
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

/* Reads what WAIT answers. */
static enum outcome copied(struct redis_sync *redis, struct redis_node *node, int copies)
{
    redisReply *reply = next_reply(node->context);
    enum outcome outcome = outcome_of(redis, node, reply);
    if (outcome == ANSWERED && reply->integer < copies) {
        snprintf(redis->error, sizeof redis->error,
            "Redis has it, but of %d replicas that are to have it too, %lld: nothing is told as done", copies,
            reply->integer);
        outcome = UNCOPIED;
    }
    freeReplyObject(reply);
    return outcome;
}

/* Reads what the command is answered; of several together the last, unless one before it was refused. */
static enum outcome answer_to(
    struct redis_sync *redis, struct redis_node *node, const struct command *command, redisReply **out)
{
    enum outcome outcome = ANSWERED;
    size_t answers = command->answers ? command->answers : 1;
    for (size_t i = 0; i < answers; i++) {
        freeReplyObject(*out);
        *out = next_reply(node->context);
        if (!*out || outcome == ANSWERED)
            outcome = outcome_of(redis, node, *out);
        if (outcome == LOST)
            break;
    }
    return outcome;
}

static enum outcome try_once(
    struct redis_sync *redis, struct redis_node *node, const struct command *command, redisReply **out)
{
    int copies = copies_wanted(redis, command);
    redisAppendFormattedCommand(node->context, (const char *)command->bytes.data, command->bytes.len);
    if (copies)
        append_wait(node, copies);
    redisReply *reply = NULL;
    enum outcome outcome = answer_to(redis, node, command, &reply);
    if (copies && outcome != LOST) {
        enum outcome second = copied(redis, node, copies);
        outcome = outcome == ANSWERED || second == LOST ? second : outcome;
    }
    if (outcome == ANSWERED || outcome == UNCOPIED)
        *out = reply;
    else
        freeReplyObject(reply);
    if (outcome == LOST)
        route_lost(redis, node);
    return outcome;
}

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

bool redis_sync_open(struct redis_sync *redis, const char *url)
{
    struct redis_url at;
    int64_t until = now_ms() + PATIENCE_MS;
    *redis = (struct redis_sync){0};
    if (!redis_url_read(url, &at, redis->error))
        return false;
    bool ready = route_open(redis, &at);
    for (int turn = 0; !ready && at.kind != REDIS_ONE && now_ms() < until; turn++) {
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
static enum outcome wait_for_copies(struct redis_sync *redis, const struct command *command, int64_t until)
{
    struct redis_node *node = route_node(redis, command);
    enum outcome outcome = UNCOPIED;
    while (node && outcome == UNCOPIED && now_ms() < until) {
        append_wait(node, redis->route->where.wait);
        outcome = copied(redis, node, redis->route->where.wait);
    }
    if (outcome == LOST)
        route_lost(redis, node);
    return outcome;
}

/* True when another try makes sense, after what is to be done before it. */
static bool try_again(struct redis_sync *redis, const struct command *command, enum outcome outcome, int turn)
{
    if (outcome == UNLOADED) {
        struct redis_node *node = route_node(redis, command);
        return node && load_functions(redis, node, turn > 0);
    }
    if (outcome == REFUSED || redis->route->where.kind == REDIS_ONE || (outcome == LOST && counts(command)))
        return false;
    if (outcome != ELSEWHERE || turn > 0)
        pause_before(turn);
    return true;
}

static redisReply *ask(struct redis_sync *redis, const struct command *command)
{
    int64_t until = now_ms() + PATIENCE_MS;
    for (int turn = 0;; turn++) {
        redisReply *reply = NULL;
        struct redis_node *node = route_node(redis, command);
        enum outcome outcome = node ? try_once(redis, node, command, &reply) : UNREACHED;
        if (outcome == UNCOPIED)
            outcome = wait_for_copies(redis, command, until);
        if (outcome == ANSWERED)
            return reply;
        freeReplyObject(reply);
        if (now_ms() >= until || !try_again(redis, command, outcome, turn))
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
    make_command(&command, words, count);
    return redis_ask_command(redis, &command);
}

/* Makes the command of what hiredis formats. */
static void make_formatted(struct command *command, const char *format, va_list arguments)
{
    char *text;
    int len = redisvFormatCommand(&text, format, arguments);
    if (len < 0)
        abort();
    const char *at = text + 1;
    size_t count = strtoul(at, NULL, 10);
    struct bytes *words = store_alloc(count * sizeof *words);
    for (size_t i = 0; i < count; i++)
        words[i] = next_word(&at);
    make_command(command, words, count);
    free(words);
    redisFreeCommand(text);
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
    make_formatted(&command, format, arguments);
    va_end(arguments);
    return redis_ask_command(redis, &command);
}

redisReply *redis_ask_at(struct redis_sync *redis, uint16_t slot, const char *format, ...)
{
    struct command command;
    va_list arguments;
    va_start(arguments, format);
    make_formatted(&command, format, arguments);
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
    if (!route_node(redis, NULL) || route->where.kind != REDIS_CLUSTER)
        return route->first != NULL;
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
    make_formatted(&command, format, arguments);
    va_end(arguments);
    return tell(redis, &command);
}

bool redis_tell_words(struct redis_sync *redis, const struct bytes *words, size_t count)
{
    struct command command;
    make_command(&command, words, count);
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
        all->once = all->once || counts(one);
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

/* Sends all that can be, notes in nodes where each went. */
static void send_all(
    struct redis_sync *redis, const struct command *commands, size_t count, struct redis_node **nodes)
{
    for (size_t i = 0; i < count; i++) /* first of all: it may ask who has what, on the same connections */
        nodes[i] = route_node(redis, &commands[i]);
    for (size_t i = 0; i < count; i++) {
        if (!nodes[i] || !nodes[i]->context)
            continue;
        redisAppendFormattedCommand(
            nodes[i]->context, (const char *)commands[i].bytes.data, commands[i].bytes.len);
        if (copies_wanted(redis, &commands[i]))
            append_wait(nodes[i], copies_wanted(redis, &commands[i]));
    }
}

/* Takes the answers that are good; the others are asked for again, one at a time. */
static void take_all(struct redis_sync *redis, const struct command *commands, size_t count,
    struct redis_node **nodes, redisReply **replies)
{
    for (size_t i = 0; i < count; i++) {
        if (!nodes[i] || !nodes[i]->context)
            continue;
        int copies = copies_wanted(redis, &commands[i]);
        redisReply *reply = next_reply(nodes[i]->context);
        enum outcome outcome = outcome_of(redis, nodes[i], reply);
        enum outcome second = copies && outcome != LOST ? copied(redis, nodes[i], copies) : ANSWERED;
        if (outcome == ANSWERED && second == ANSWERED)
            replies[i] = reply;
        else
            freeReplyObject(reply);
        if (outcome == LOST || second == LOST)
            route_lost(redis, nodes[i]);
    }
}

bool redis_ask_all(struct redis_sync *redis, struct command *commands, size_t count, redisReply **replies)
{
    struct redis_node **nodes = store_alloc(count * sizeof(struct redis_node *));
    memset(replies, 0, count * sizeof(redisReply *));
    send_all(redis, commands, count, nodes);
    take_all(redis, commands, count, nodes, replies);
    free(nodes);
    bool done = true;
    for (size_t i = 0; i < count; i++) {
        if (done && !replies[i] && !redis->in_order)
            replies[i] = ask(redis, &commands[i]);
        done = done && replies[i];
        command_free(&commands[i]);
    }
    for (size_t i = 0; !done && i < count; i++) {
        freeReplyObject(replies[i]);
        replies[i] = NULL;
    }
    return done;
}
