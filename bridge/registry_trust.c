/* What an agency is trusted with, and bans: fields of the principal's hash that only the operator writes. */
#include "bridge/registry_trust.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEY_TEXT = 160 };

static struct bytes word(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* A field by its bytes; of no bytes it goes. data NULL: it stays as it is. */
static bool write_field(struct redis_sync *redis, const char *key, const char *field, struct bytes value)
{
    if (!value.data)
        return true;
    const struct bytes set[] = {word("HSET"), word(key), word(field), value};
    const struct bytes drop[] = {word("HDEL"), word(key), word(field)};
    return value.len ? redis_tell_words(redis, set, 4) : redis_tell_words(redis, drop, 3);
}

static bool write_choice(
    struct redis_sync *redis, const char *key, const char *field, enum registry_choice choice)
{
    return choice == REGISTRY_AS_IS ||
           write_field(redis, key, field, word(choice == REGISTRY_YES ? "1" : ""));
}

bool registry_check_trust(struct redis_sync *redis, const char *role, const char *id,
    const struct registry_trust *trust, const char **rule)
{
    bool has = trust->certificate.len > 0;
    *rule = NULL;
    if (trust->must_sign != REGISTRY_YES)
        return true;
    if (!trust->certificate.data) {
        redisReply *reply = redis_ask(redis, "HEXISTS nb:{p:%s/%s}:principal certificate", role, id);
        if (!reply)
            return false;
        has = reply->integer == 1;
        freeReplyObject(reply);
    }
    *rule = has ? NULL : "must_sign: needs the certificate that signatures verify with";
    return true;
}

bool registry_write_trust(
    struct redis_sync *redis, const char *role, const char *id, const struct registry_trust *trust)
{
    char key[KEY_TEXT];
    snprintf(key, sizeof key, "nb:{p:%.16s/%.64s}:principal", role, id);
    return write_field(redis, key, "jurisdiction", trust->jurisdiction) &&
           write_field(redis, key, "certificate", trust->certificate) &&
           write_choice(redis, key, "must_sign", trust->must_sign) &&
           write_choice(redis, key, "no_approval", trust->no_approval) &&
           write_choice(redis, key, "forgiving", trust->forgiving) &&
           write_choice(redis, key, "no_drill", trust->no_drill) &&
           (!trust->kind || write_field(redis, key, "kind", word(trust->kind))) &&
           (!trust->office || write_field(redis, key, "office", word(trust->office))) &&
           (!trust->partner_since ||
               redis_tell(redis, "HSET %s partner_since %" PRId64, key, trust->partner_since));
}

/* ---- bans ---- */

static bool is_banned(struct redis_sync *redis, const char *role, const char *id, bool *out)
{
    redisReply *reply = redis_ask(redis, "HEXISTS nb:{p:%s/%s}:principal banned_until", role, id);
    if (reply)
        *out = reply->integer == 1;
    freeReplyObject(reply);
    return reply != NULL;
}

static bool write_ban(
    struct redis_sync *redis, const char *role, const char *id, int64_t until, const char *reason)
{
    if (until == 0)
        return redis_tell(redis, "HDEL nb:{p:%s/%s}:principal banned_until ban_reason", role, id) &&
               redis_tell(redis, "ZREM nb:{banned}:until %s/%s", role, id);
    return redis_tell(redis, "HSET nb:{p:%s/%s}:principal banned_until %" PRId64 " ban_reason %s", role, id,
               until, reason) &&
           redis_tell(redis, "ZADD nb:{banned}:until %" PRId64 " %s/%s", until, role, id);
}

enum registry_result registry_ban(
    struct redis_sync *redis, const char *role, const char *id, int64_t until, const char *reason)
{
    struct enrolled known;
    enum registry_result found = registry_read(redis, NULL, role, id, &known);
    if (found != REGISTRY_OK)
        return found;
    if (until && (*reason == '\0' || strlen(reason) > REGISTRY_REASON)) {
        snprintf(redis->error, sizeof redis->error, "reason: 1 to %d bytes, the banned one is told",
            REGISTRY_REASON);
        return REGISTRY_REFUSED;
    }
    bool banned = true;
    if (until == 0 && !is_banned(redis, role, id, &banned))
        return REGISTRY_FAILED;
    if (!banned) {
        snprintf(redis->error, sizeof redis->error, "%.16s/%.64s is not banned", role, id);
        return REGISTRY_REFUSED;
    }
    return write_ban(redis, role, id, until, reason) &&
                   redis_tell(redis, "PUBLISH nb:principals %s/%s", role, id)
               ? REGISTRY_OK
               : REGISTRY_FAILED;
}
