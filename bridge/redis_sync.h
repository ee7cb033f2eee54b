/* One blocking conversation with Redis, for programs that end after a few commands (the command line, tests).
 * The broker itself talks to Redis through bridge/store.h alone. */
#ifndef NEIGHBORS_BRIDGE_REDIS_SYNC_H
#define NEIGHBORS_BRIDGE_REDIS_SYNC_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "proto/bytes.h"

struct redis_sync {
    redisContext *context;
    char error[200]; /* what went wrong last, a sentence without the password; "" when nothing did */
};

/* Connects to an address of the form that bridge/redis_url.h has, waits at most 5 s for it and for each
 * answer. False: redis->error. redis_sync_close either way. */
bool redis_sync_open(struct redis_sync *redis, const char *url) __attribute__((warn_unused_result));
void redis_sync_close(struct redis_sync *redis);

/* Asks and returns the answer (freeReplyObject), or NULL with redis->error when there is none or when it is
 * an error. */
redisReply *redis_ask(struct redis_sync *redis, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 2, 3)));
/* The same for commands whose answer tells nothing. */
bool redis_tell(struct redis_sync *redis, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 2, 3)));

/* The same for a command of words that may hold any bytes. */
redisReply *redis_ask_words(struct redis_sync *redis, const struct bytes *words, size_t count)
    __attribute__((warn_unused_result));

#endif
