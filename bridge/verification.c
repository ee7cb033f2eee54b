#include "bridge/verification.h"

#include <ctype.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

/* Without what is mistaken for something else: I, O, 0, 1. */
static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
enum { HALF = 4 };

static const char *const ways[] = {
    [VERIFICATION_POST] = "post",
    [VERIFICATION_NEIGHBOR] = "neighbor",
    [VERIFICATION_AGENCY] = "agency",
    [VERIFICATION_HANDOVER] = "handover",
};

const char *verification_way_name(int way)
{
    return way > 0 && (size_t)way < sizeof ways / sizeof *ways ? ways[way] : NULL;
}

int verification_way_of(struct text name)
{
    for (int way = 1; verification_way_name(way); way++)
        if (text_equal(name, text_of(ways[way])))
            return way;
    return 0;
}

/* ---- codes ---- */

void verification_code_new(char out[VERIFICATION_CODE + 1])
{
    uint8_t random[2 * HALF];
    if (RAND_bytes(random, sizeof random) != 1)
        abort();
    for (size_t i = 0, at = 0; i < sizeof random; i++) {
        if (i == HALF)
            out[at++] = '-';
        out[at++] = letters[random[i] % (sizeof letters - 1)];
    }
    out[VERIFICATION_CODE] = '\0';
}

bool verification_code_read(struct text text, char out[VERIFICATION_CODE + 1])
{
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = (char)toupper((unsigned char)text.data[i]);
        if (c == '-' || c == ' ')
            continue;
        if (at == VERIFICATION_CODE || !strchr(letters, c))
            return false;
        if (at == HALF)
            out[at++] = '-';
        out[at++] = c;
    }
    out[at] = '\0';
    return at == VERIFICATION_CODE;
}

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
        digest, ways[v->way], v->household ? v->household : "", v->by, "", v->expires, v->now, "");
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
        out->way != VERIFICATION_HANDOVER);
    if (!reply)
        return REGISTRY_FAILED;
    bool used = reply->integer == STORE_OK || reply->integer == STORE_REPEAT;
    freeReplyObject(reply);
    return used ? REGISTRY_OK : refuse(redis, "code: somebody used it just now");
}
