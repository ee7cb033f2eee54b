/* Instances and clients of a principal in Redis. */
#include "bridge/registry_instance.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECOND_MS = 1000, KEY_TEXT = 512 };

static enum registry_result refuse(struct redis_sync *redis, const char *rule)
{
    snprintf(redis->error, sizeof redis->error, "%s", rule);
    return REGISTRY_REFUSED;
}

static bool tell_change(struct redis_sync *redis, const char *role, const char *id)
{
    return redis_tell(redis, "PUBLISH nb:principals %s/%s", role, id);
}

/* ---- what stands of an instance: "" when it is not known ---- */

struct mark {
    bool known, revoked;
    int64_t after;
};

static bool read_mark(
    struct redis_sync *redis, const char *role, const char *id, const char *instance, struct mark *out)
{
    redisReply *reply = redis_ask(redis, "HGET nb:{p:%s/%s}:instances %s", role, id, instance);
    if (!reply)
        return false;
    *out = (struct mark){.known = reply->type == REDIS_REPLY_STRING};
    if (out->known) {
        out->revoked = reply->str[0] == 'r';
        out->after = strtoll(reply->str + out->revoked, NULL, 10);
    }
    freeReplyObject(reply);
    return true;
}

static bool write_mark(
    struct redis_sync *redis, const char *role, const char *id, const char *instance, const struct mark *mark)
{
    return redis_tell(redis, "HSET nb:{p:%s/%s}:instances %s %s%" PRId64, role, id, instance,
        mark->revoked ? "r" : "", mark->after);
}

/* ---- enrolling ---- */

static enum registry_result enroll_first(
    struct redis_sync *redis, const char *role, const char *id, const char *instance)
{
    redisReply *count = redis_ask(redis, "HLEN nb:{p:%s/%s}:instances", role, id);
    if (!count)
        return REGISTRY_FAILED;
    bool full = count->integer >= REGISTRY_INSTANCES;
    freeReplyObject(count);
    if (full)
        return refuse(redis, "instance: there are 64 already; revoke and enroll the principal to begin anew");
    return redis_tell(redis, "HSETNX nb:{p:%s/%s}:instances %s 0", role, id, instance) ? REGISTRY_OK
                                                                                       : REGISTRY_FAILED;
}

enum registry_result registry_enroll_instance(
    struct redis_sync *redis, const char *role, const char *id, const char *instance, int64_t *issue_at)
{
    struct mark mark;
    if (!registry_id_valid(instance))
        return refuse(redis, "instance: 1 to 64 characters of A-Z a-z 0-9 . _ -");
    if (!read_mark(redis, role, id, instance, &mark))
        return REGISTRY_FAILED;
    if (!mark.known)
        return enroll_first(redis, role, id, instance);
    if (*issue_at < mark.after)
        *issue_at = mark.after;
    if (!mark.revoked)
        return REGISTRY_OK;
    mark.revoked = false;
    return write_mark(redis, role, id, instance, &mark) && tell_change(redis, role, id) ? REGISTRY_OK
                                                                                        : REGISTRY_FAILED;
}

/* ---- what there is of clients ---- */

static struct bytes words_of(const char *text, size_t len)
{
    return (struct bytes){(const uint8_t *)text, len};
}

/* A client id may have any bytes. */
static bool drop_client(struct redis_sync *redis, const char *role, const char *id, struct bytes client)
{
    static const char *const parts[] = {"s:", "q2:", "in:", "inlo:"};
    enum { PARTS = sizeof parts / sizeof *parts };
    char keys[PARTS][KEY_TEXT], set[KEY_TEXT];
    struct bytes words[1 + PARTS] = {words_of("DEL", 3)};
    for (size_t i = 0; i < PARTS; i++) {
        int len = snprintf(keys[i], KEY_TEXT, "nb:{p:%.16s/%.64s}:%s", role, id, parts[i]);
        size_t more = client.len < KEY_TEXT - (size_t)len ? client.len : KEY_TEXT - (size_t)len;
        memcpy(keys[i] + len, client.data, more);
        words[1 + i] = words_of(keys[i], (size_t)len + more);
    }
    int len = snprintf(set, sizeof set, "nb:{p:%.16s/%.64s}:clients", role, id);
    const struct bytes remove[] = {words_of("SREM", 4), words_of(set, (size_t)len), client};
    redisReply *dropped = redis_ask_words(redis, words, 1 + PARTS);
    redisReply *removed = dropped ? redis_ask_words(redis, remove, 3) : NULL;
    if (dropped)
        freeReplyObject(dropped);
    if (removed)
        freeReplyObject(removed);
    return removed != NULL;
}

bool registry_drop_clients(struct redis_sync *redis, const char *role, const char *id, const char *client)
{
    if (client)
        return drop_client(redis, role, id, words_of(client, strlen(client)));
    redisReply *all = redis_ask(redis, "SMEMBERS nb:{p:%s/%s}:clients", role, id);
    bool done = all != NULL;
    for (size_t i = 0; done && i < all->elements; i++)
        done = drop_client(redis, role, id, words_of(all->element[i]->str, all->element[i]->len));
    if (all)
        freeReplyObject(all);
    return done && redis_tell(redis, "DEL nb:{p:%s/%s}:boxes nb:{p:%s/%s}:board nb:{p:%s/%s}:cells", role, id,
                       role, id, role, id);
}

bool registry_begin_anew(struct redis_sync *redis, const char *role, const char *id)
{
    return registry_drop_clients(redis, role, id, NULL) &&
           redis_tell(redis, "DEL nb:{p:%s/%s}:instances", role, id);
}

/* ---- revoking ---- */

static bool has_client(
    struct redis_sync *redis, const char *role, const char *id, const char *client, bool *out)
{
    redisReply *reply = redis_ask(redis, "SISMEMBER nb:{p:%s/%s}:clients %s", role, id, client);
    if (!reply)
        return false;
    *out = reply->integer == 1;
    freeReplyObject(reply);
    return true;
}

enum registry_result registry_revoke_instance(struct redis_sync *redis, const char *role, const char *id,
    const char *instance, int64_t now, bool *bound)
{
    struct enrolled known;
    struct mark mark;
    bool here = false;
    enum registry_result found = registry_read(redis, NULL, role, id, &known);
    if (found != REGISTRY_OK)
        return found;
    if (!registry_id_valid(instance))
        return REGISTRY_NOT_FOUND;
    if (!read_mark(redis, role, id, instance, &mark) || !has_client(redis, role, id, instance, &here))
        return REGISTRY_FAILED;
    if (!mark.known && !here)
        return REGISTRY_NOT_FOUND;
    *bound = mark.known;
    /* Tokens count whole seconds: those of this one are void too. */
    int64_t next = now / SECOND_MS * SECOND_MS + SECOND_MS;
    mark.after = next > mark.after ? next : mark.after;
    mark.revoked = true;
    return write_mark(redis, role, id, instance, &mark) && tell_change(redis, role, id) &&
                   registry_drop_clients(redis, role, id, instance)
               ? REGISTRY_OK
               : REGISTRY_FAILED;
}
