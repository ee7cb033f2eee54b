/* Blocking Redis on hiredis: one context, one sentence for whatever goes wrong. */
#include "bridge/redis_sync.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "bridge/redis_url.h"

static const struct timeval patience = {.tv_sec = 5};

static bool connected(struct redis_sync *redis, const char *where)
{
    if (redis->context && !redis->context->err && redisSetTimeout(redis->context, patience) == REDIS_OK)
        return true;
    snprintf(redis->error, sizeof redis->error, "cannot reach Redis at %.80s: %.80s", where,
        redis->context ? redis->context->errstr : "out of memory");
    return false;
}

static bool logged_in(struct redis_sync *redis, const struct redis_url *at)
{
    bool known = at->user[0]       ? redis_tell(redis, "AUTH %s %s", at->user, at->password)
                 : at->password[0] ? redis_tell(redis, "AUTH %s", at->password)
                                   : true;
    return known && (at->database == 0 || redis_tell(redis, "SELECT %d", at->database));
}

bool redis_sync_open(struct redis_sync *redis, const char *url)
{
    struct redis_url at;
    *redis = (struct redis_sync){0};
    if (!redis_url_read(url, &at, redis->error))
        return false;
    char where[REDIS_URL_PATH];
    if (at.path[0])
        snprintf(where, sizeof where, "%s", at.path);
    else
        snprintf(where, sizeof where, "%s:%d", at.hosts[0].name, at.hosts[0].port);
    redis->context = at.path[0] ? redisConnectUnixWithTimeout(at.path, patience)
                                : redisConnectWithTimeout(at.hosts[0].name, at.hosts[0].port, patience);
    bool ready = connected(redis, where) && logged_in(redis, &at);
    explicit_bzero(at.password, sizeof at.password);
    return ready;
}

void redis_sync_close(struct redis_sync *redis)
{
    if (redis->context)
        redisFree(redis->context);
    redis->context = NULL;
}

/* The reply when it is an answer; else NULL, and what went wrong is noted. */
static redisReply *answer_of(struct redis_sync *redis, redisReply *reply)
{
    if (!reply) {
        snprintf(redis->error, sizeof redis->error, "Redis does not answer: %.150s", redis->context->errstr);
        return NULL;
    }
    if (reply->type == REDIS_REPLY_ERROR) {
        snprintf(redis->error, sizeof redis->error, "Redis refuses: %.170s", reply->str);
        freeReplyObject(reply);
        return NULL;
    }
    return reply;
}

redisReply *redis_ask(struct redis_sync *redis, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = answer_of(redis, redisvCommand(redis->context, format, arguments));
    va_end(arguments);
    return reply;
}

bool redis_tell(struct redis_sync *redis, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    redisReply *reply = answer_of(redis, redisvCommand(redis->context, format, arguments));
    va_end(arguments);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

redisReply *redis_ask_words(struct redis_sync *redis, const struct bytes *words, size_t count)
{
    const char **data = malloc(count * sizeof *data);
    size_t *lens = malloc(count * sizeof *lens);
    if (!data || !lens)
        abort();
    for (size_t i = 0; i < count; i++) {
        data[i] = words[i].len ? (const char *)words[i].data : "";
        lens[i] = words[i].len;
    }
    redisReply *reply = answer_of(redis, redisCommandArgv(redis->context, (int)count, data, lens));
    free(data);
    free(lens);
    return reply;
}
