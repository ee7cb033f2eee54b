/* Blocking Redis on hiredis: one context, one sentence for whatever goes wrong. */
#include "bridge/redis_sync.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static const struct timeval patience = {.tv_sec = 5};

struct address {
    char host[128], password[128];
    int port, database;
};

static bool parse_number(const char *text, char end, long most, int *out)
{
    char *rest;
    long value = strtol(text, &rest, 10);
    if (rest == text || (*rest != end && *rest != '\0') || value < 0 || value > most)
        return false;
    *out = (int)value;
    return true;
}

/* host[:port][/db]; a host in brackets is an IPv6 address. */
static bool parse_host(const char *text, struct address *out)
{
    bool bracket = *text == '[';
    text += bracket;
    size_t len = strcspn(text, bracket ? "]" : ":/");
    if (len == 0 || len >= sizeof out->host)
        return false;
    memcpy(out->host, text, len);
    text += len;
    if (bracket && *text++ != ']')
        return false;
    if (*text == ':' && !parse_number(text + 1, '/', 65535, &out->port))
        return false;
    const char *slash = strchr(text, '/');
    return !slash || slash[1] == '\0' || parse_number(slash + 1, '\0', 1 << 20, &out->database);
}

static bool parse_url(const char *url, struct address *out)
{
    static const char scheme[] = "redis://";
    *out = (struct address){.port = 6379};
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *rest = url + sizeof scheme - 1, *at = strrchr(rest, '@');
    if (!at)
        return parse_host(rest, out);
    const char *colon = memchr(rest, ':', (size_t)(at - rest));
    if (!colon || colon != rest || (size_t)(at - colon) > sizeof out->password)
        return false;
    memcpy(out->password, colon + 1, (size_t)(at - colon - 1));
    return parse_host(at + 1, out);
}

static bool connected(struct redis_sync *redis, const char *where)
{
    if (redis->context && !redis->context->err && redisSetTimeout(redis->context, patience) == REDIS_OK)
        return true;
    snprintf(redis->error, sizeof redis->error, "cannot reach Redis at %s: %s", where,
        redis->context ? redis->context->errstr : "out of memory");
    return false;
}

bool redis_sync_open(struct redis_sync *redis, const char *url)
{
    struct address address;
    *redis = (struct redis_sync){0};
    if (strncmp(url, "unix:", 5) == 0) {
        redis->context = redisConnectUnixWithTimeout(url + 5, patience);
        return connected(redis, url + 5);
    }
    if (!parse_url(url, &address)) {
        snprintf(redis->error, sizeof redis->error,
            "the address of Redis has the form redis://[:password@]host[:port][/db] or unix:/path");
        return false;
    }
    char where[160];
    snprintf(where, sizeof where, "%s:%d", address.host, address.port);
    redis->context = redisConnectWithTimeout(address.host, address.port, patience);
    if (!connected(redis, where))
        return false;
    if (address.password[0] && !redis_tell(redis, "AUTH %s", address.password))
        return false;
    return address.database == 0 || redis_tell(redis, "SELECT %d", address.database);
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
