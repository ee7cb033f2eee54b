#include "bridge/verification.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/sharing_index.h"

enum { SINCE = 24 }; /* room for a time in ms */

/* ---- the steps ---- */

static enum registry_result refuse(struct redis_sync *redis, const char *rule)
{
    snprintf(redis->error, sizeof redis->error, "%s", rule);
    return REGISTRY_REFUSED;
}

enum registry_result verification_begin(struct redis_sync *redis, const struct seal *seal,
    const struct verification *v, char code[VERIFICATION_CODE + 1])
{
    char digest[SEAL_CODE + 1];
    verification_code_new(code);
    seal_code(seal, text_of(code), digest);
    return redis_tell(redis, "FCALL nb_code_begin 1 nb:{code:%s}:code %s %s %s %s %" PRId64, digest,
               verification_way_name(v->way), v->household ? v->household : "", v->by, "", v->expires)
               ? REGISTRY_OK
               : REGISTRY_FAILED;
}

static const char *text_at(const redisReply *reply, size_t i)
{
    return i < reply->elements && reply->element[i]->str ? reply->element[i]->str : "";
}

/* The place that a neighbor's code bears is judged by the broker alone. */
static enum registry_result judge(
    struct redis_sync *redis, const redisReply *reply, unsigned wanted, struct verification_found *out)
{
    long long status = reply->elements ? reply->element[0]->integer : STORE_FAILED;
    int way = verification_way_of(text_of(text_at(reply, 1)));
    if (status != STORE_OK || way == 0)
        return refuse(redis, "code: not one that is good here: another's, used, or over");
    if (!(wanted >> way & 1))
        return refuse(redis, "code: of a way that is not accepted here");
    out->way = (enum verification_way)way;
    snprintf(out->by, sizeof out->by, "%s", text_at(reply, 2));
    return REGISTRY_OK;
}

/* Verified since then, and what follows of it; then all that the code was for is done. */
static bool verify(struct redis_sync *redis, const char *household, const char *since)
{
    char note[SHARING_NOTE];
    return sharing_index_note(redis, household, note) &&
           redis_tell(redis, "FCALL nb_household_verify 1 nb:{h:%s}:household %s", household, since) &&
           sharing_index_refresh(redis, household) && sharing_index_settled(redis, household, note);
}

/* Whether another code may be tried. */
static enum registry_result try(struct redis_sync *redis, const char *household)
{
    redisReply *reply = redis_ask(redis, "FCALL nb_code_try 1 nb:{h:%s}:attempts", household);
    if (!reply)
        return REGISTRY_FAILED;
    bool wait = reply->integer > 0;
    freeReplyObject(reply);
    return wait ? refuse(redis, "code: too many were tried: come back in an hour") : REGISTRY_OK;
}

static enum registry_result look(struct redis_sync *redis, const char *digest, const char *household,
    int64_t now, unsigned wanted, struct verification_found *out)
{
    redisReply *reply =
        redis_ask(redis, "FCALL nb_code_look 1 nb:{code:%s}:code %s %" PRId64, digest, household, now);
    if (!reply)
        return REGISTRY_FAILED;
    enum registry_result result = judge(redis, reply, wanted, out);
    freeReplyObject(reply);
    return result;
}

/* Claims it for that request ("": the household has one alone). *done: all that follows of it is already;
 * since: when it was claimed first. */
static enum registry_result claim(struct redis_sync *redis, const char *digest, const char *household,
    int64_t now, const char *request, bool *done, char since[SINCE])
{
    redisReply *reply = redis_ask(
        redis, "FCALL nb_code_claim 1 nb:{code:%s}:code %s %" PRId64 " %s", digest, household, now, request);
    if (!reply)
        return REGISTRY_FAILED;
    long long status = reply->elements ? reply->element[0]->integer : STORE_FAILED;
    snprintf(since, SINCE, "%s", text_at(reply, 1));
    freeReplyObject(reply);
    *done = status == STORE_REPEAT;
    if (status == STORE_OK || *done)
        return REGISTRY_OK;
    return refuse(redis, status == STORE_CONFLICT ? "code: another request has used it, and it is good once"
                                                  : "code: somebody used it just now");
}

static bool tell_done(struct redis_sync *redis, const char *digest)
{
    return redis_tell(redis, "FCALL nb_code_done 1 nb:{code:%s}:code", digest);
}

static bool forgive(struct redis_sync *redis, const char *household)
{
    return redis_tell(redis, "DEL nb:{h:%s}:attempts", household);
}

/* Claims it, and does what follows of it. */
static enum registry_result use(struct redis_sync *redis, const char *digest, const char *household,
    int64_t now, enum verification_way way)
{
    bool done;
    char since[SINCE];
    enum registry_result result = claim(redis, digest, household, now, "", &done, since);
    if (result != REGISTRY_OK || done)
        return result;
    bool followed = way < VERIFICATION_HANDOVER ? verify(redis, household, since) : forgive(redis, household);
    return followed && tell_done(redis, digest) ? REGISTRY_OK : REGISTRY_FAILED;
}

/* The digest of a code as it was given. */
static enum registry_result read_code(
    struct redis_sync *redis, const struct seal *seal, struct text given, char digest[SEAL_CODE + 1])
{
    char code[VERIFICATION_CODE + 1];
    if (!verification_code_read(given, code))
        return refuse(redis, "code: eight letters and digits, as K7QF-2MPX");
    seal_code(seal, text_of(code), digest);
    return REGISTRY_OK;
}

/* That it may be tried, and what it is for. */
static enum registry_result find(struct redis_sync *redis, const char *digest, const char *household,
    int64_t now, unsigned wanted, struct verification_found *out)
{
    enum registry_result result = try(redis, household);
    return result == REGISTRY_OK ? look(redis, digest, household, now, wanted, out) : result;
}

enum registry_result verification_redeem(struct redis_sync *redis, const struct seal *seal,
    const char *household, struct text given, unsigned wanted, int64_t now, struct verification_found *out)
{
    char digest[SEAL_CODE + 1];
    enum registry_result result = read_code(redis, seal, given, digest);
    if (result == REGISTRY_OK)
        result = find(redis, digest, household, now, wanted, out);
    return result == REGISTRY_OK ? use(redis, digest, household, now, out->way) : result;
}

/* ---- an agency joins ---- */

enum registry_result verification_join(struct redis_sync *redis, const struct seal *seal, const char *owner,
    struct text given, const char *request, int64_t now)
{
    bool done = false;
    char digest[SEAL_CODE + 1], since[SINCE];
    struct verification_found found;
    enum registry_result result = read_code(redis, seal, given, digest);
    if (result == REGISTRY_OK)
        result = find(redis, digest, owner, now, 1U << VERIFICATION_JOIN, &found);
    if (result == REGISTRY_OK)
        result = claim(redis, digest, owner, now, request, &done, since);
    return done ? refuse(redis, "code: this request has joined already, and the code is good once") : result;
}

enum registry_result verification_joined(
    struct redis_sync *redis, const struct seal *seal, const char *owner, struct text given)
{
    char digest[SEAL_CODE + 1];
    enum registry_result result = read_code(redis, seal, given, digest);
    if (result != REGISTRY_OK)
        return result;
    return forgive(redis, owner) && tell_done(redis, digest) ? REGISTRY_OK : REGISTRY_FAILED;
}
