/* Whoever changes a household holds its lock. What each flow leaves half done when it stops is done again by
 * asking again: a code stays good for who used it, and moving twice to one place changes nothing. */
#include "bridge/registry_household.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/registry_inside.h"
#include "bridge/sharing_index.h"

enum { SECOND_MS = 1000 };

static enum registry_result refuse(struct redis_sync *redis, const char *rule)
{
    snprintf(redis->error, sizeof redis->error, "%s", rule);
    return REGISTRY_REFUSED;
}

/* ---- reading ---- */

static bool read_verified(struct redis_sync *redis, const char *household, int64_t *out)
{
    redisReply *reply = redis_ask(redis, "HGET nb:{h:%s}:household verified", household);
    if (!reply)
        return false;
    *out = reply->str ? strtoll(reply->str, NULL, 10) : 0;
    freeReplyObject(reply);
    return true;
}

enum registry_result registry_household_read(struct redis_sync *redis, const struct place_key *places,
    const char *household, struct arena *arena, struct registry_household *out)
{
    *out = (struct registry_household){0};
    if (!registry_id_valid(household))
        return REGISTRY_NOT_FOUND;
    redisReply *reply = redis_ask(redis, "SMEMBERS nb:{h:%s}:members", household);
    if (!reply)
        return REGISTRY_FAILED;
    const char **members = arena_alloc(arena, (reply->elements + 1) * sizeof *members);
    for (size_t i = 0; i < reply->elements; i++)
        members[i] = arena_copy(arena, reply->element[i]->str, reply->element[i]->len);
    out->members = members;
    out->member_count = reply->elements;
    freeReplyObject(reply);
    if (!registry_household_place(redis, places, household, &out->place) ||
        !read_verified(redis, household, &out->verified))
        return REGISTRY_FAILED;
    return out->member_count ? REGISTRY_OK : REGISTRY_NOT_FOUND;
}

/* ---- moving house ---- */

static bool move_member(struct redis_sync *redis, const struct place_key *places, const char *name,
    const struct registry_place *place, int64_t now)
{
    char role[16], owner[PLACE_OWNER], former[PLACE_SEALED + 1];
    struct registry_place_fields fields;
    struct enrolled known;
    const char *slash = strchr(name, '/');
    if (!slash || (size_t)(slash - name) >= sizeof role)
        return true;
    snprintf(role, sizeof role, "%.*s", (int)(slash - name), name);
    enum registry_result found = registry_read(redis, places, role, slash + 1, &known);
    if (found != REGISTRY_OK)
        return found == REGISTRY_NOT_FOUND;
    bool stays = strcmp(known.place.leaf, place->leaf) == 0;
    registry_place_seal_principal(places, role, slash + 1, place, &fields);
    place_owner_principal(text_of(name), "former", owner);
    place_seal(places, owner, text_of(stays ? known.former : known.place.leaf), former);
    return redis_tell(redis,
               "HSET nb:{p:%s}:principal place %s fine %s former %s region %s leaf_digest %s askable_digest "
               "%s "
               "since %" PRId64 " share 0 verified 0",
               name, fields.place, fields.fine, former, fields.region, fields.leaf_digest,
               fields.askable_digest, stays ? known.since : now) &&
           redis_tell(redis, "PUBLISH nb:principals %s", name);
}

/* Before anybody is elsewhere, nothing of it is shared any more. */
static bool move_all(struct redis_sync *redis, const struct place_key *places, const char *household,
    const struct registry_household *known, const struct registry_place *place, int64_t now)
{
    bool done = redis_tell(redis, "HDEL nb:{h:%s}:settings sharing footage", household) &&
                redis_tell(redis, "HDEL nb:{h:%s}:household verified", household) &&
                registry_write_household_place(redis, places, household, place);
    for (size_t i = 0; done && i < known->member_count; i++)
        done = move_member(redis, places, known->members[i], place, now);
    return done && registry_settle(redis, household);
}

enum registry_result registry_household_move(struct redis_sync *redis, const struct place_key *places,
    const char *household, const char *geohash, int64_t now)
{
    struct registry_household known;
    struct registry_place place;
    struct arena arena;
    if (strlen(geohash) < REGISTRY_LEAF || strlen(geohash) > PLACE_GEOHASH)
        return refuse(redis, "place: a geohash of at least the leaf cell");
    registry_place_from(&place, geohash);
    if (!registry_id_valid(household))
        return REGISTRY_NOT_FOUND;
    if (!registry_lock(redis, household))
        return REGISTRY_FAILED;
    arena_init(&arena, NULL, 0);
    enum registry_result result = registry_household_read(redis, places, household, &arena, &known);
    char note[SHARING_NOTE];
    if (result == REGISTRY_OK && !(sharing_index_note(redis, household, note) &&
                                     move_all(redis, places, household, &known, &place, now) &&
                                     sharing_index_settled(redis, household, note)))
        result = REGISTRY_FAILED;
    arena_free(&arena);
    return registry_unlock(redis, household) ? result : REGISTRY_FAILED;
}

/* ---- a device goes to another household ---- */

/* Tokens count whole seconds. */
static bool take_out(struct redis_sync *redis, const char *device, const struct enrolled *known, int64_t now)
{
    int64_t after = (now / SECOND_MS + 1) * SECOND_MS;
    char note[SHARING_NOTE];
    if (after <= known->tokens_after)
        after = known->tokens_after + SECOND_MS;
    return sharing_index_note(redis, known->household, note) &&
           redis_tell(redis, "SREM nb:{h:%s}:members device/%s", known->household, device) &&
           redis_tell(redis,
               "HSET nb:{p:device/%s}:principal household %s place %s fine %s former %s region %s "
               "leaf_digest "
               "%s askable_digest %s number 0 share 0 verified 0 tokens_after %" PRId64,
               device, "", "", "", "", "", "", "", after) &&
           registry_settle(redis, known->household) && sharing_index_settled(redis, known->household, note) &&
           redis_tell(redis, "PUBLISH nb:principals device/%s", device);
}

enum registry_result registry_device_release(struct redis_sync *redis, const struct seal *seal,
    const char *device, int64_t now, int64_t expires, char code[VERIFICATION_CODE + 1])
{
    struct enrolled known;
    char by[REGISTRY_ID + 8];
    enum registry_result result = registry_read(redis, NULL, "device", device, &known);
    if (result != REGISTRY_OK)
        return result;
    if (*known.household) {
        if (!registry_lock(redis, known.household))
            return REGISTRY_FAILED;
        bool out = take_out(redis, device, &known, now);
        if (!registry_unlock(redis, known.household) || !out)
            return REGISTRY_FAILED;
    }
    snprintf(by, sizeof by, "device/%s", device);
    struct verification handover = {.way = VERIFICATION_HANDOVER, .by = by, .now = now, .expires = expires};
    return verification_begin(redis, seal, &handover, code);
}

enum registry_result registry_device_accept(struct redis_sync *redis, const struct seal *seal,
    const struct place_key *places, const char *household, struct text code, int64_t now,
    char device[REGISTRY_ID + 1], struct enrolled *out)
{
    struct verification_found found;
    struct enrolled known;
    struct arena arena;
    struct registry_household taker;
    arena_init(&arena, NULL, 0);
    enum registry_result result = registry_household_read(redis, places, household, &arena, &taker);
    arena_free(&arena);
    if (result == REGISTRY_OK)
        result = verification_redeem(redis, seal, household, code, 1U << VERIFICATION_HANDOVER, now, &found);
    if (result != REGISTRY_OK)
        return result;
    snprintf(device, REGISTRY_ID + 1, "%.64s", found.by + sizeof "device/" - 1);
    result = registry_read(redis, NULL, "device", device, &known);
    if (result != REGISTRY_OK)
        return result;
    if (*known.household && strcmp(known.household, household) != 0)
        return refuse(redis, "code: the device is in another household again");
    /* Without a former place: nothing of before belongs to this household. */
    if (!redis_tell(redis, "HSET nb:{p:device/%s}:principal since %" PRId64, device, now))
        return REGISTRY_FAILED;
    struct enrolment enrolment = {
        .role = "device", .id = device, .household = household, .share_given = true, .now = now};
    return registry_enroll(redis, places, &enrolment, out);
}
