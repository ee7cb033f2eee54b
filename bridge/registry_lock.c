/* The lock of a household, and the note that it is to be settled, for who comes after whoever dies. */
#include <stdio.h>
#include <time.h>

#include "bridge/registry_inside.h"
#include "bridge/settle.h"
#include "bridge/sharing_index.h"

enum { LOCK_MS = 10000, LOCK_PAUSE_MS = 20 };

bool registry_lock(struct redis_sync *redis, const char *household)
{
    for (int waited = 0; waited <= LOCK_MS; waited += LOCK_PAUSE_MS) {
        redisReply *reply = redis_ask(redis, "SET nb:{h:%s}:lock 1 NX PX %d", household, LOCK_MS);
        if (!reply)
            return false;
        bool ours = reply->type == REDIS_REPLY_STATUS;
        freeReplyObject(reply);
        if (ours)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_MS * 1000000}, NULL);
    }
    snprintf(redis->error, sizeof redis->error, "the household is being changed by somebody else");
    return false;
}

bool registry_unlock(struct redis_sync *redis, const char *household)
{
    return redis_tell(redis, "DEL nb:{h:%s}:lock", household);
}

bool registry_settle(struct redis_sync *redis, const char *household)
{
    return *household == '\0' || sharing_index_refresh(redis, household);
}

bool registry_hold(struct redis_sync *redis, const char *household, char note[SHARING_NOTE])
{
    struct command commands[2] = {0};
    redisReply *replies[2];
    char key[KEY];
    snprintf(key, sizeof key, "nb:{h:%.64s}:lock", household);
    command_begin(&commands[0], 6);
    command_text(&commands[0], "SET");
    command_text(&commands[0], key);
    command_text(&commands[0], "1");
    command_text(&commands[0], "NX");
    command_text(&commands[0], "PX");
    command_number(&commands[0], LOCK_MS);
    settle_note_new(note);
    settle_note(&commands[1], text_of(household), note);
    if (!redis_ask_all(redis, commands, 2, replies))
        return false;
    bool ours = replies[0]->type == REDIS_REPLY_STATUS;
    freeReplyObject(replies[0]);
    freeReplyObject(replies[1]);
    return ours || registry_lock(redis, household);
}

bool registry_let_go(struct redis_sync *redis, const char *household, const char *note, bool settled)
{
    struct command commands[2] = {0};
    redisReply *replies[2];
    char key[KEY];
    if (!settled)
        return registry_unlock(redis, household);
    snprintf(key, sizeof key, "nb:{h:%.64s}:lock", household);
    command_begin(&commands[0], 2);
    command_text(&commands[0], "DEL");
    command_text(&commands[0], key);
    settle_note_drop(&commands[1], text_of(household), note);
    if (!redis_ask_all(redis, commands, 2, replies))
        return false;
    freeReplyObject(replies[0]);
    freeReplyObject(replies[1]);
    return true;
}
