/* Agencies in the registry. The acts are written as the store's scripts write theirs (scripts/act.lua), under
 * the first tag of senders, for the command line works while no broker does. */
#include "bridge/registry_agency.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/record_note.h"

const char *const registry_agency_kinds[] = {
    "police", "sheriff", "fire", "medical", "emergency_management", "weather", "transport", "other", NULL};

bool registry_agency_kind_valid(const char *kind)
{
    for (size_t i = 0; registry_agency_kinds[i]; i++)
        if (strcmp(kind, registry_agency_kinds[i]) == 0)
            return true;
    return false;
}

/* ---- reading ---- */

static struct bytes bytes_at(const redisReply *reply, size_t i, struct arena *arena)
{
    const redisReply *field = i < reply->elements ? reply->element[i] : NULL;
    size_t len = field && field->str ? field->len : 0;
    return (struct bytes){(const uint8_t *)arena_copy(arena, len ? field->str : "", len), len};
}

/* arena_copy ends with a NUL. */
static const char *text_at(const redisReply *reply, size_t i, struct arena *arena)
{
    return (const char *)bytes_at(reply, i, arena).data;
}

static bool read_officers(
    struct redis_sync *redis, const char *id, struct arena *arena, struct registry_agency *out)
{
    redisReply *reply = redis_ask(redis, "SMEMBERS nb:{p:agency/%s}:officers", id);
    if (!reply)
        return false;
    const char **officers = arena_alloc(arena, (reply->elements + 1) * sizeof *officers);
    for (size_t i = 0; i < reply->elements; i++)
        officers[i] = text_at(reply, i, arena);
    out->officers = officers;
    out->officer_count = reply->elements;
    freeReplyObject(reply);
    return true;
}

enum registry_result registry_agency_read(
    struct redis_sync *redis, const char *id, struct arena *arena, struct registry_agency *out)
{
    *out = (struct registry_agency){0};
    if (!registry_id_valid(id))
        return REGISTRY_NOT_FOUND;
    redisReply *reply = redis_ask(redis,
        "HMGET nb:{p:agency/%s}:principal name kind office jurisdiction partner_since enrolled drilled "
        "no_drill "
        "revoked",
        id);
    if (!reply)
        return REGISTRY_FAILED;
    *out = (struct registry_agency){.id = arena_copy(arena, id, strlen(id)),
        .name = text_at(reply, 0, arena),
        .kind = text_at(reply, 1, arena),
        .office = text_at(reply, 2, arena),
        .jurisdiction = bytes_at(reply, 3, arena),
        .partner_since = strtoll(text_at(reply, 4, arena), NULL, 10),
        .enrolled = strtoll(text_at(reply, 5, arena), NULL, 10),
        .drilled = strtoll(text_at(reply, 6, arena), NULL, 10),
        .no_drill = *text_at(reply, 7, arena) != '\0',
        .revoked = *text_at(reply, 8, arena) != '\0'};
    freeReplyObject(reply);
    if (!out->enrolled)
        return REGISTRY_NOT_FOUND;
    if (!out->partner_since)
        out->partner_since = out->enrolled;
    return read_officers(redis, id, arena, out) ? REGISTRY_OK : REGISTRY_FAILED;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool registry_agency_ids(struct redis_sync *redis, struct arena *arena, struct registry_agency_ids *out)
{
    redisReply *reply = redis_ask(redis, "HKEYS nb:{agencies}:list");
    if (!reply)
        return false;
    const char **ids = arena_alloc(arena, (reply->elements + 1) * sizeof *ids);
    for (size_t i = 0; i < reply->elements; i++)
        ids[i] = text_at(reply, i, arena);
    *out = (struct registry_agency_ids){reply->elements, ids};
    freeReplyObject(reply);
    qsort(ids, out->count, sizeof *ids, by_name);
    return true;
}

/* ---- officers ---- */

static enum registry_result change_officer(
    struct redis_sync *redis, const char *agency, const char *officer, bool add)
{
    struct enrolled known;
    enum registry_result found = registry_read(redis, NULL, "agency", agency, &known);
    if (found != REGISTRY_OK)
        return found;
    if (!registry_id_valid(officer)) {
        snprintf(redis->error, sizeof redis->error, "officer: 1 to 64 characters of A-Z a-z 0-9 . _ -");
        return REGISTRY_REFUSED;
    }
    redisReply *reply = redis_ask(redis,
        add ? "SADD nb:{p:agency/%s}:officers %s" : "SREM nb:{p:agency/%s}:officers %s", agency, officer);
    if (!reply)
        return REGISTRY_FAILED;
    bool changed = reply->integer == 1;
    freeReplyObject(reply);
    if (changed)
        return redis_tell(redis, "PUBLISH nb:principals agency/%s", agency) ? REGISTRY_OK : REGISTRY_FAILED;
    snprintf(redis->error, sizeof redis->error, "%.64s is %s the list of agency/%.64s", officer,
        add ? "already on" : "not on", agency);
    return REGISTRY_REFUSED;
}

enum registry_result registry_officer_add(struct redis_sync *redis, const char *agency, const char *officer)
{
    return change_officer(redis, agency, officer, true);
}

enum registry_result registry_officer_remove(
    struct redis_sync *redis, const char *agency, const char *officer)
{
    return change_officer(redis, agency, officer, false);
}

/* ---- in public ---- */

static bool note(struct redis_sync *redis, const char *what, const char *id, const char *name, int64_t now)
{
    char subject[REGISTRY_ID + 8];
    snprintf(subject, sizeof subject, "agency/%.64s", id);
    const struct record_note act = {
        .what = what, .by = "operator", .subject = subject, .name = name, .at = now};
    redis_begin(redis);
    bool kept = record_note(redis, &act);
    return redis_commit(redis) && kept;
}

/* The act comes first: who is interrupted and does it again has it in the record twice at the worst, and
 * never a list that says something the record does not. */
bool registry_agency_show(
    struct redis_sync *redis, const char *id, const char *name, const char *feature, int64_t now)
{
    redisReply *before = redis_ask(redis, "HGET nb:{agencies}:list %s", id);
    if (!before)
        return false;
    bool there = before->type == REDIS_REPLY_STRING;
    bool same = there && strcmp(before->str, feature) == 0;
    freeReplyObject(before);
    return same || (note(redis, there ? "agency-changed" : "agency-added", id, name, now) &&
                       redis_tell(redis, "HSET nb:{agencies}:list %s %s", id, feature));
}

bool registry_agency_hide(struct redis_sync *redis, const char *id, const char *name, int64_t now)
{
    redisReply *there = redis_ask(redis, "HEXISTS nb:{agencies}:list %s", id);
    if (!there)
        return false;
    bool is = there->integer == 1;
    freeReplyObject(there);
    return !is || (note(redis, "agency-removed", id, name, now) &&
                      redis_tell(redis, "HDEL nb:{agencies}:list %s", id) &&
                      redis_tell(redis, "INCR nb:{agencies}:version"));
}
