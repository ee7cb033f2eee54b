/* The sharing index as the command line derives it: the steps of settle.h, one after the other. */
#include "bridge/sharing_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/settle.h"

enum { REGION_PRECISION = 5 };
_Static_assert((int)SHARING_NOTE == (int)UNSETTLED_NOTE, "one note");

uint8_t sharing_region(const char *leaf)
{
    return (uint8_t)(hash_of(leaf, strnlen(leaf, REGION_PRECISION)) % STORE_REGION_TAGS);
}

static bool take_step(struct redis_sync *redis, struct settle *settle, struct command *commands, size_t count)
{
    redisReply **replies = store_alloc(count * sizeof(redisReply *));
    bool done = redis_ask_all(redis, commands, count, replies);
    if (done)
        settle_take(settle, replies);
    for (size_t i = 0; i < count; i++)
        freeReplyObject(replies[i]);
    free(replies);
    return done;
}

bool sharing_index_refresh(struct redis_sync *redis, const char *household)
{
    struct settle *settle = settle_new(text_of(household));
    struct command *commands;
    size_t count;
    bool answered = true;
    while (answered && (count = settle_next(settle, &commands)) > 0)
        answered = take_step(redis, settle, commands, count);
    bool done = answered && settle_done(settle);
    settle_free(settle);
    if (answered && !done)
        snprintf(redis->error, sizeof redis->error,
            "household %.64s: its rules cannot be read, or others keep changing it", household);
    return done;
}

static bool told(redisReply *reply)
{
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

bool sharing_index_note(struct redis_sync *redis, const char *household, char note[SHARING_NOTE])
{
    struct command command = {0};
    settle_note_new(note);
    settle_note(&command, text_of(household), note);
    return told(redis_ask_command(redis, &command));
}

bool sharing_index_settled(struct redis_sync *redis, const char *household, const char *note)
{
    struct command command = {0};
    settle_note_drop(&command, text_of(household), note);
    return told(redis_ask_command(redis, &command));
}
