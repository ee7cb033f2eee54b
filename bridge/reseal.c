#include "bridge/reseal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/redis_walk.h"
#include "bridge/registry_place.h"
#include "bridge/sharing_index.h"
#include "bridge/store_inside.h"

enum { PAGE = 500, NAME = 128 };

struct work {
    struct redis_sync *redis;
    const struct place_key *former, *next;
    struct reseal *done;
};

/* Opened with either secret. False: it is of neither. */
static bool open_text(
    const struct work *work, const char *owner, const redisReply *field, char out[PLACE_GEOHASH + 1])
{
    struct text sealed = {field->str ? field->str : "", field->str ? field->len : 0};
    return place_open(work->next, owner, sealed, out) || place_open(work->former, owner, sealed, out);
}

/* ---- principals ---- */

static bool write_principal(
    struct work *work, const char *name, const struct registry_place *place, const char *before)
{
    struct registry_place_fields fields;
    char role[32], owner[PLACE_OWNER], former[PLACE_SEALED + 1];
    const char *slash = strchr(name, '/');
    snprintf(role, sizeof role, "%.*s", slash ? (int)(slash - name) : 0, name);
    registry_place_seal_principal(work->next, role, slash ? slash + 1 : "", place, &fields);
    place_owner_principal(text_of(name), "former", owner);
    place_seal(work->next, owner, text_of(before), former);
    work->done->principals++;
    return redis_tell(work->redis,
        "HSET nb:{p:%s}:principal place %s fine %s former %s region %s leaf_digest %s askable_digest %s",
        name, fields.place, fields.fine, former, fields.region, fields.leaf_digest, fields.askable_digest);
}

static bool take_principal(struct work *work, const char *name)
{
    static const char *const fields[] = {"place", "fine", "former"};
    char opened[3][PLACE_GEOHASH + 1], owner[PLACE_OWNER];
    struct registry_place place = {0};
    redisReply *reply = redis_ask(work->redis, "HMGET nb:{p:%s}:principal place fine former", name);
    bool readable = reply && reply->elements == 3;
    for (size_t i = 0; readable && i < 3; i++) {
        place_owner_principal(text_of(name), fields[i], owner);
        readable = open_text(work, owner, reply->element[i], opened[i]);
    }
    bool asked = reply != NULL;
    freeReplyObject(reply);
    if (!asked)
        return false;
    work->done->unreadable += !readable;
    if (!readable || (!*opened[0] && !*opened[1] && !*opened[2]))
        return true;
    strcpy(place.leaf, opened[0]);
    strcpy(place.fine, opened[1]);
    return write_principal(work, name, &place, opened[2]);
}

/* ---- households: after all principals, for they are settled by where those are ---- */

static bool take_household(struct work *work, const char *name)
{
    static const char *const fields[] = {"place", "fine"};
    char opened[2][PLACE_GEOHASH + 1], sealed[2][PLACE_SEALED + 1], owner[PLACE_OWNER];
    redisReply *reply = redis_ask(work->redis, "HMGET nb:{h:%s}:household place fine", name);
    bool readable = reply && reply->elements == 2;
    for (size_t i = 0; readable && i < 2; i++) {
        place_owner_household(text_of(name), fields[i], owner);
        readable = open_text(work, owner, reply->element[i], opened[i]);
        if (readable)
            place_seal(work->next, owner, text_of(opened[i]), sealed[i]);
    }
    bool done = reply != NULL;
    freeReplyObject(reply);
    work->done->unreadable += done && !readable;
    work->done->households += done && readable;
    if (done && readable && *opened[0])
        done =
            redis_tell(work->redis, "HSET nb:{h:%s}:household place %s fine %s", name, sealed[0], sealed[1]);
    return done && sharing_index_refresh(work->redis, name);
}

/* ---- sessions: what they follow ---- */

static redisReply *ask_of(struct work *work, const char *command, struct text key, struct bytes subscriptions)
{
    const struct bytes words[] = {{(const uint8_t *)command, strlen(command)},
        {(const uint8_t *)key.data, key.len}, {(const uint8_t *)"subs", 4}, subscriptions};
    return redis_ask_words(work->redis, words, subscriptions.len ? 4 : 3);
}

/* owner: as the broker names whose they are. */
static bool write_session(struct work *work, struct text key, const char *owner, const redisReply *reply)
{
    struct bytes before = {(const uint8_t *)reply->str, reply->len};
    uint8_t *plain = malloc(before.len), *sealed = malloc(before.len);
    bool done = true;
    if (!plain || !sealed)
        abort();
    bool is_next = place_open_bytes(work->next, owner, before, plain);
    bool is_former = !is_next && place_open_bytes(work->former, owner, before, plain);
    if (is_former) {
        place_seal_bytes(work->next, owner, (struct bytes){plain, before.len - PLACE_SEAL_EXTRA}, sealed);
        redisReply *told = ask_of(work, "HSET", key, (struct bytes){sealed, before.len});
        done = told != NULL;
        freeReplyObject(told);
    }
    work->done->sessions += is_former;
    work->done->unreadable += !is_next && !is_former;
    explicit_bzero(plain, before.len);
    free(plain);
    free(sealed);
    return done;
}

static bool take_session(struct work *work, struct text key, const char *name, struct text client)
{
    redisReply *reply = ask_of(work, "HGET", key, (struct bytes){0});
    bool done = reply != NULL;
    if (done && reply->str && reply->len > PLACE_SEAL_EXTRA) {
        size_t room = strlen(name) + client.len + sizeof "session /";
        char *owner = malloc(room);
        if (!owner)
            abort();
        snprintf(owner, room, "session %s/%.*s", name, (int)client.len, client.data);
        done = write_session(work, key, owner, reply);
        free(owner);
    }
    freeReplyObject(reply);
    return done;
}

/* ---- all keys ---- */

/* The name within "nb:{p:<name>}", and what is behind it. */
static bool part(struct text key, const char *before, char name[NAME], struct text *rest)
{
    size_t from = strlen(before);
    const char *end = key.len > from ? memchr(key.data + from, '}', key.len - from) : NULL;
    if (!end || memcmp(key.data, before, from) != 0 || (size_t)(end - key.data) - from >= NAME)
        return false;
    snprintf(name, NAME, "%.*s", (int)(end - key.data - (ptrdiff_t)from), key.data + from);
    *rest = (struct text){end + 1, key.len - (size_t)(end + 1 - key.data)};
    return true;
}

/* What nobody can read any more, or find. */
static bool drop(struct work *work, struct text key)
{
    const struct bytes words[] = {{(const uint8_t *)"DEL", 3}, {(const uint8_t *)key.data, key.len}};
    work->done->dropped++;
    return redis_tell_words(work->redis, words, 2);
}

static bool drop_push(struct work *work, struct text key)
{
    char name[NAME];
    struct text rest;
    bool of_push = part(key, "nb:{s", name, &rest) && rest.len > 5 && memcmp(rest.data, ":push", 5) == 0;
    return !of_push || drop(work, key);
}

static bool take_principals(struct work *work, struct text key)
{
    char name[NAME];
    struct text rest;
    if (!part(key, "nb:{p:", name, &rest))
        return true;
    if (text_equal(rest, TEXT(":cells")))
        return drop(work, key);
    if (text_equal(rest, TEXT(":principal")))
        return take_principal(work, name);
    if (rest.len > 3 && memcmp(rest.data, ":s:", 3) == 0)
        return take_session(work, key, name, (struct text){rest.data + 3, rest.len - 3});
    return true;
}

static bool take_households(struct work *work, struct text key)
{
    char name[NAME];
    struct text rest;
    return !part(key, "nb:{h:", name, &rest) || !text_equal(rest, TEXT(":household")) ||
           take_household(work, name);
}

/* A round through all keys. */
struct round {
    const char *pattern;
    bool (*take)(struct work *, struct text);
};

struct rounding {
    struct work *work;
    const struct round *round;
};

static bool take_page(void *arg, const redisReply *keys)
{
    const struct rounding *now = arg;
    bool done = true;
    for (size_t i = 0; done && i < reply_count(keys); i++)
        done = now->round->take(now->work, reply_text(reply_at(keys, i)));
    return done;
}

bool reseal_run(struct redis_sync *redis, const struct place_key *former, const struct place_key *next,
    struct reseal *out)
{
    static const struct round rounds[] = {{"nb:{p:*", take_principals}, {"nb:{h:*", take_households},
        {"nb:{s*", drop_push}, {"nb:{code:*", drop}};
    struct work work = {redis, former, next, out};
    bool done = true;
    *out = (struct reseal){0};
    for (size_t n = 0; done && n < sizeof rounds / sizeof *rounds; n++)
        done = redis_walk(redis, rounds[n].pattern, PAGE, take_page, &(struct rounding){&work, &rounds[n]});
    return done;
}
