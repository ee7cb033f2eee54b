/* The commands lie one behind the other in a buffer. */
#include "bridge/redis_batch.h"

#include <stdlib.h>

void redis_batch_add(struct redis_batch *batch, struct command *command)
{
    buffer_put(&batch->commands, command, sizeof *command);
    *command = (struct command){0};
}

redisReply **redis_batch_ask(struct redis_sync *redis, struct redis_batch *batch, size_t *count)
{
    struct command *commands = (struct command *)(void *)batch->commands.data;
    *count = batch->commands.len / sizeof *commands;
    redisReply **replies = store_alloc(*count * sizeof(redisReply *));
    bool done = redis_ask_all(redis, commands, *count, replies);
    buffer_free(&batch->commands);
    if (done)
        return replies;
    free(replies);
    return NULL;
}

void redis_replies_free(redisReply **replies, size_t count)
{
    for (size_t i = 0; replies && i < count; i++)
        freeReplyObject(replies[i]);
    free(replies);
}
