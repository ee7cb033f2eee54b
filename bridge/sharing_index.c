/* The sharing index is derived: it is computed anew from the registry for one household at a time, what no
 * longer holds is taken out before what holds is put in, and the household's own set of leaf cells remembers
 * where it stands. A leaf cell is known here by "<region>:<digest>" alone, as the registry wrote both. */
#include "bridge/sharing_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REGION_PRECISION = 5, LEAF_TEXT = 48, REGION_TEXT = 2 };

/* Where a household shares. */
struct leaf {
    char cell[LEAF_TEXT];
    uint32_t share; /* of all members there */
};
/* The two parts of its name. */
struct cell_parts {
    char region[REGION_TEXT + 1];
    const char *digest;
};
struct leaves {
    size_t count;
    struct leaf *list;
};

uint8_t sharing_region(const char *leaf)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < REGION_PRECISION && leaf[i]; i++)
        hash = (hash ^ (uint8_t)leaf[i]) * 16777619U;
    return (uint8_t)(hash % 256);
}

static struct cell_parts parts_of(const char *cell)
{
    struct cell_parts parts = {.digest = cell + REGION_TEXT + 1};
    memcpy(parts.region, cell, REGION_TEXT);
    return parts;
}

static struct leaf *find_leaf(const struct leaves *leaves, const char *cell)
{
    for (size_t i = 0; i < leaves->count; i++)
        if (strcmp(leaves->list[i].cell, cell) == 0)
            return &leaves->list[i];
    return NULL;
}

/* What is shared in the whole region of the leaf cell; 0: nothing. */
static uint32_t region_share(const struct leaves *leaves, const char *cell)
{
    uint32_t share = 0;
    for (size_t i = 0; i < leaves->count; i++)
        if (memcmp(leaves->list[i].cell, cell, REGION_TEXT) == 0)
            share |= leaves->list[i].share;
    return share;
}

static const char *element(const redisReply *reply, size_t i)
{
    return i < reply->elements && reply->element[i]->str ? reply->element[i]->str : "";
}

/* Adds what one member shares. leaves->list has room for one more. */
static bool add_member(struct redis_sync *redis, const char *member, struct leaves *leaves)
{
    char cell[LEAF_TEXT];
    redisReply *reply =
        redis_ask(redis, "HMGET nb:{p:%s}:principal region leaf_digest share revoked", member);
    if (!reply)
        return false;
    snprintf(cell, sizeof cell, "%s:%s", element(reply, 0), element(reply, 1));
    uint32_t share = (uint32_t)strtoul(element(reply, 2), NULL, 10);
    bool shares = share && *element(reply, 3) == '\0' && strlen(element(reply, 0)) == REGION_TEXT;
    freeReplyObject(reply);
    if (!shares)
        return true;
    struct leaf *leaf = find_leaf(leaves, cell);
    if (!leaf) {
        leaf = &leaves->list[leaves->count++];
        memcpy(leaf->cell, cell, sizeof cell);
        leaf->share = 0;
    }
    leaf->share |= share;
    return true;
}

static bool add_members(struct redis_sync *redis, const char *household, struct leaves *leaves)
{
    redisReply *members = redis_ask(redis, "SMEMBERS nb:{h:%s}:members", household);
    if (!members)
        return false;
    leaves->list = calloc(members->elements + 1, sizeof *leaves->list);
    if (!leaves->list)
        abort();
    bool done = true;
    for (size_t i = 0; done && i < members->elements; i++)
        done = add_member(redis, element(members, i), leaves);
    freeReplyObject(members);
    return done;
}

static bool take_out(
    struct redis_sync *redis, const char *household, const char *cell, const struct leaves *now)
{
    const struct cell_parts at = parts_of(cell);
    return redis_tell(redis, "ZREM nb:{r%s}:sharers:%s %s", at.region, at.digest, household) &&
           (region_share(now, cell) || redis_tell(redis, "HDEL nb:{r%s}:share %s", at.region, household)) &&
           redis_tell(redis, "SREM nb:{h:%s}:leaves %s", household, cell);
}

static bool take_out_former(struct redis_sync *redis, const char *household, const struct leaves *now)
{
    redisReply *former = redis_ask(redis, "SMEMBERS nb:{h:%s}:leaves", household);
    if (!former)
        return false;
    bool done = true;
    for (size_t i = 0; done && i < former->elements; i++)
        if (strlen(element(former, i)) > REGION_TEXT && !find_leaf(now, element(former, i)))
            done = take_out(redis, household, element(former, i), now);
    freeReplyObject(former);
    return done;
}

/* A household that nobody has verified may share, but does not count for k. */
static bool put_in(struct redis_sync *redis, const char *household, const char *cell, const char *verified,
    const struct leaves *now)
{
    const struct cell_parts at = parts_of(cell);
    bool counted =
        *verified
            ? redis_tell(redis, "ZADD nb:{r%s}:sharers:%s %s %s", at.region, at.digest, verified, household)
            : redis_tell(redis, "ZREM nb:{r%s}:sharers:%s %s", at.region, at.digest, household);
    return counted &&
           redis_tell(redis, "HSET nb:{r%s}:share %s %u", at.region, household, region_share(now, cell));
}

static bool put_in_present(struct redis_sync *redis, const char *household, const struct leaves *now)
{
    redisReply *reply = redis_ask(redis, "HMGET nb:{h:%s}:household verified", household);
    if (!reply)
        return false;
    bool done = true;
    for (size_t i = 0; done && i < now->count; i++)
        done = redis_tell(redis, "SADD nb:{h:%s}:leaves %s", household, now->list[i].cell) &&
               put_in(redis, household, now->list[i].cell, element(reply, 0), now);
    freeReplyObject(reply);
    return done;
}

bool sharing_index_refresh(struct redis_sync *redis, const char *household)
{
    struct leaves now = {0};
    bool done = add_members(redis, household, &now) && take_out_former(redis, household, &now) &&
                put_in_present(redis, household, &now);
    free(now.list);
    /* Whoever remembers what the index says looks it up anew, also after a refresh that stopped half-way. */
    return redis_tell(redis, "INCR nb:sharing") && done;
}
