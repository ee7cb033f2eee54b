/* One blocking conversation with Redis, for programs that end after a few commands (the command line, tests).
 * The broker itself talks to Redis through bridge/store.h alone.
 *
 * It is the same with one Redis, a cluster and sentinels. A command goes to the master that has the slot of
 * its first argument "nb:{…". Where somebody else may take over, one that was not answered, or cannot be for
 * the moment (a slot moves, a master is away or ceases to be one), is sent again for 15 s; what would do harm
 * when done twice (XADD, INCR, HINCRBY) is not. There a write is done when so many replicas have it as the
 * address asks for. A function gets the guard behind its keys that bridge/store_inside.h speaks of, and where
 * the functions of the store are not loaded yet they are; those of another version stay as they are. */
#ifndef NEIGHBORS_BRIDGE_REDIS_SYNC_H
#define NEIGHBORS_BRIDGE_REDIS_SYNC_H

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "proto/bytes.h"

struct redis_route;
struct command;

struct redis_sync {
    redisContext
        *context; /* a connection: of one Redis the only one, of a cluster that to one of its masters */
    struct redis_route *route;
    char error[200];          /* what went wrong last, a sentence without the password; "" when nothing did */
    struct command *together; /* of redis_begin: what is told since */
    size_t together_count;
    bool begun;
    bool in_order; /* for the caller to set: of redis_ask_all nothing is sent again, so that what goes to one
                      master is done in the order in which it is told, or fails */
    size_t failed; /* of redis_ask_all that was false: the first that failed */
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

/* The same, with the command as words, which may be any bytes. */
bool redis_tell_words(struct redis_sync *redis, const struct bytes *words, size_t count)
    __attribute__((warn_unused_result));

/* A slot of each master, for what is to be asked of all: of one Redis 0. slots: room for so many. False:
 * redis->error. */
bool redis_masters(struct redis_sync *redis, uint16_t *slots, size_t room, size_t *count)
    __attribute__((warn_unused_result));
/* redis_ask of the master that has the slot. */
redisReply *redis_ask_at(struct redis_sync *redis, uint16_t slot, const char *format, ...)
    __attribute__((warn_unused_result, format(printf, 3, 4)));

/* What is told from redis_begin on happens at once when redis_commit says so, or not at all: redis_tell keeps
 * it until then, and is true. All its keys have one tag. False: redis->error. */
void redis_begin(struct redis_sync *redis);
bool redis_commit(struct redis_sync *redis) __attribute__((warn_unused_result));

/* The same for a command of words that may hold any bytes. */
redisReply *redis_ask_words(struct redis_sync *redis, const struct bytes *words, size_t count)
    __attribute__((warn_unused_result));

/* The same for commands of bridge/store_inside.h, which are freed; so many at once, without waiting for one
 * before the next is sent: their order is none. replies: room for as many; all are to be freed, or on false
 * none is there. */
redisReply *redis_ask_command(struct redis_sync *redis, struct command *command)
    __attribute__((warn_unused_result));
bool redis_ask_all(struct redis_sync *redis, struct command *commands, size_t count, redisReply **replies)
    __attribute__((warn_unused_result));

#endif
