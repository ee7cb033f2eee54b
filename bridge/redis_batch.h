/* Commands that are gathered and asked together (redis_ask_all), for what would else wait for each. */
#ifndef NEIGHBORS_BRIDGE_REDIS_BATCH_H
#define NEIGHBORS_BRIDGE_REDIS_BATCH_H

#include "bridge/redis_sync.h"
#include "bridge/store_inside.h"

/* All 0: none. */
struct redis_batch {
    struct buffer commands;
};

/* Takes the command. */
void redis_batch_add(struct redis_batch *batch, struct command *command);
/* Asks them, in no order, and empties the batch. The replies are as many as the commands and in their order,
 * for redis_replies_free; NULL: redis->error. */
redisReply **redis_batch_ask(struct redis_sync *redis, struct redis_batch *batch, size_t *count)
    __attribute__((warn_unused_result));
/* replies may be NULL. */
void redis_replies_free(redisReply **replies, size_t count);

#endif
