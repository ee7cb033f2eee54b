#include "bridge/verification.h"

#include <inttypes.h>
#include <stdio.h>

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
    redisReply *reply = redis_ask(redis, "FCALL nb_code_begin 0 %s %s %s %s %s %" PRId64 " %" PRId64 " %s 0",
        digest, verification_way_name(v->way), v->household ? v->household : "", v->by, "", v->expires,
        v->now, "");
    if (!reply)
        return REGISTRY_FAILED;
    freeReplyObject(reply);
    return REGISTRY_OK;
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
    if (status == STORE_LIMITED)
        return refuse(redis, "code: too many were tried: come back in an hour");
    int way = verification_way_of(text_of(text_at(reply, 1)));
    if (status != STORE_OK || way == 0)
        return refuse(redis, "code: not one that is good here: another's, used, or over");
    if (!(wanted >> way & 1))
        return refuse(redis, "code: of a way that is not accepted here");
    out->way = (enum verification_way)way;
    snprintf(out->by, sizeof out->by, "%s", text_at(reply, 2));
    return REGISTRY_OK;
}

enum registry_result verification_redeem(struct redis_sync *redis, const struct seal *seal,
    const char *household, struct text given, unsigned wanted, int64_t now, struct verification_found *out)
{
    char code[VERIFICATION_CODE + 1], digest[SEAL_CODE + 1];
    if (!verification_code_read(given, code))
        return refuse(redis, "code: eight letters and digits, as K7QF-2MPX");
    seal_code(seal, text_of(code), digest);
    redisReply *reply = redis_ask(redis, "FCALL nb_code_look 0 %s %s %" PRId64, digest, household, now);
    if (!reply)
        return REGISTRY_FAILED;
    enum registry_result result = judge(redis, reply, wanted, out);
    freeReplyObject(reply);
    if (result != REGISTRY_OK)
        return result;
    reply = redis_ask(redis, "FCALL nb_code_use 0 %s %s %" PRId64 " %d", digest, household, now,
        out->way < VERIFICATION_HANDOVER);
    if (!reply)
        return REGISTRY_FAILED;
    bool used =
        reply->integer == STORE_OK ||
        (reply->integer == STORE_REPEAT && out->way != VERIFICATION_JOIN); /* a second key needs a code */
    freeReplyObject(reply);
    return used ? REGISTRY_OK : refuse(redis, "code: somebody used it just now");
}
