/* The sharing index is derived by Redis itself (scripts/household.lua). */
#include "bridge/sharing_index.h"

#include <string.h>

#include "bridge/store_inside.h"

enum { REGION_PRECISION = 5 };

uint8_t sharing_region(const char *leaf)
{
    return (uint8_t)(hash_of(leaf, strnlen(leaf, REGION_PRECISION)) % STORE_REGION_TAGS);
}

/* Who enrolls before any neighborsd was there finds no functions. Those of another version stay as they are.
 */
static bool load_functions(struct redis_sync *redis)
{
    const struct bytes words[] = {{(const uint8_t *)"FUNCTION", 8}, {(const uint8_t *)"LOAD", 4},
        {(const uint8_t *)store_scripts, store_scripts_size}};
    redisReply *reply = redis_ask_words(redis, words, sizeof words / sizeof *words);
    if (!reply)
        return strstr(redis->error, "already exists") != NULL; /* another who enrolls was quicker */
    freeReplyObject(reply);
    return true;
}

bool sharing_index_refresh(struct redis_sync *redis, const char *household)
{
    if (redis_tell(redis, "FCALL nb_settle 0 %s", household))
        return true;
    return strstr(redis->error, "Function not found") && load_functions(redis) &&
           redis_tell(redis, "FCALL nb_settle 0 %s", household);
}
