/* The sharing index as the command line derives it: the steps of settle.h, one after the other. */
#include "bridge/sharing_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/redis_batch.h"
#include "bridge/settle.h"

enum { REGION_PRECISION = 5 };
_Static_assert((int)SHARING_NOTE == (int)UNSETTLED_NOTE, "one note");

uint8_t sharing_region(const char *leaf)
{
    return (uint8_t)(hash_of(leaf, strnlen(leaf, REGION_PRECISION)) % STORE_REGION_TAGS);
}

/* Several settlings side by side: what each is to ask next goes out together. */
struct settling {
    struct settle *settle;
    size_t count; /* of its commands in this step */
};

static void ask_next(struct settling *all, size_t count, struct redis_batch *batch)
{
    for (size_t i = 0; i < count; i++) {
        struct command *commands;
        all[i].count = settle_next(all[i].settle, &commands);
        for (size_t n = 0; n < all[i].count; n++)
            redis_batch_add(batch, &commands[n]);
    }
}

static bool settle_all(struct redis_sync *redis, struct settling *all, size_t count)
{
    for (;;) {
        struct redis_batch batch = {0};
        size_t asked;
        ask_next(all, count, &batch);
        redisReply **replies = redis_batch_ask(redis, &batch, &asked);
        for (size_t i = 0, at = 0; replies && i < count; at += all[i].count, i++)
            if (all[i].count)
                settle_take(all[i].settle, replies + at);
        redis_replies_free(replies, asked);
        if (!replies || !asked)
            return replies != NULL;
    }
}

bool sharing_index_refresh_all(struct redis_sync *redis, const struct text *households, size_t count)
{
    struct settling *all = store_alloc((count + 1) * sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i].settle = settle_new(households[i]);
    bool answered = settle_all(redis, all, count), done = answered;
    for (size_t i = 0; i < count; i++) {
        if (done && !settle_done(all[i].settle)) {
            done = false;
            snprintf(redis->error, sizeof redis->error,
                "household %.*s: its rules cannot be read, or others keep changing it",
                (int)(households[i].len < 64 ? households[i].len : 64), households[i].data);
        }
        settle_free(all[i].settle);
    }
    free(all);
    return done;
}

bool sharing_index_refresh(struct redis_sync *redis, const char *household)
{
    const struct text one = text_of(household);
    return sharing_index_refresh_all(redis, &one, 1);
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
