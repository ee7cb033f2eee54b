/* Reads the 64 tags of senders one after the other: the desk is asked by a person. */
#include "bridge/moderation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/record_note.h"
#include "bridge/store.h"

enum { COUNTS_MOST = 32 };

/* ---- what Redis answers ---- */

static const char *text_at(const redisReply *list, size_t i, struct arena *arena)
{
    const redisReply *reply = i < list->elements ? list->element[i] : NULL;
    return reply && reply->str ? arena_copy(arena, reply->str, reply->len) : "";
}

static int64_t number_at(const redisReply *list, size_t i)
{
    const redisReply *reply = i < list->elements ? list->element[i] : NULL;
    return reply && reply->str ? strtoll(reply->str, NULL, 10) : 0;
}

/* Room for one more in a list that grows with what each tag has. */
static void *grown(struct arena *arena, const void *list, size_t count, size_t more, size_t size)
{
    char *larger = arena_alloc(arena, (count + more) * size + 1);
    if (count)
        memcpy(larger, list, count * size);
    return larger;
}

/* ---- an alert ---- */

static bool load_body(struct redis_sync *redis, unsigned tag, const char *id, const char *shown,
    struct arena *arena, struct moderated *out)
{
    redisReply *reply = redis_ask(redis, "HGET nb:{s%02x}:alert:%s b%s", tag, id, *shown ? shown : "1");
    if (!reply)
        return false;
    if (reply->str)
        out->body = (struct bytes){(uint8_t *)arena_copy(arena, reply->str, reply->len), reply->len};
    freeReplyObject(reply);
    return true;
}

static bool load_counts(struct redis_sync *redis, unsigned tag, const char *id, struct moderated *out)
{
    redisReply *flags = redis_ask(redis, "HLEN nb:{s%02x}:flags:%s", tag, id);
    redisReply *since = flags ? redis_ask(redis, "ZSCORE nb:{s%02x}:held %s", tag, id) : NULL;
    if (since) {
        out->flag_count = (size_t)flags->integer;
        out->held = since->str != NULL;
        out->since = since->str ? strtoll(since->str, NULL, 10) : 0;
        freeReplyObject(since);
    }
    if (flags)
        freeReplyObject(flags);
    return since != NULL;
}

/* *found is false when the tag has no such alert. */
static bool load_alert(struct redis_sync *redis, unsigned tag, const char *id, struct arena *arena,
    struct moderated *out, bool *found)
{
    redisReply *reply = redis_ask(redis,
        "HMGET nb:{s%02x}:alert:%s state sender revision expires removed appeal appealed shown", tag, id);
    if (!reply)
        return false;
    *found = *text_at(reply, 0, arena) != '\0';
    *out = (struct moderated){.public_id = arena_copy(arena, id, strlen(id)),
        .sender = text_at(reply, 1, arena),
        .revision = (uint32_t)number_at(reply, 2),
        .expires = number_at(reply, 3),
        .removed = number_at(reply, 4) != 0,
        .appeal = text_at(reply, 5, arena),
        .appealed = number_at(reply, 6)};
    const char *shown = text_at(reply, 7, arena);
    freeReplyObject(reply);
    return !*found || (load_body(redis, tag, id, shown, arena, out) && load_counts(redis, tag, id, out));
}

/* ---- what is held ---- */

static bool load_held(struct redis_sync *redis, unsigned tag, const redisReply *ids, struct arena *arena,
    struct moderated **out, size_t *count)
{
    *out = grown(arena, *out, *count, ids->elements, sizeof **out);
    for (size_t i = 0; i < ids->elements; i++) {
        bool found;
        if (!load_alert(redis, tag, ids->element[i]->str, arena, &(*out)[*count], &found))
            return false;
        *count += found;
    }
    return true;
}

static int by_since(const void *a, const void *b)
{
    int64_t left = ((const struct moderated *)a)->since, right = ((const struct moderated *)b)->since;
    return left < right ? -1 : left > right;
}

bool moderation_held(struct redis_sync *redis, struct arena *arena, struct moderated **out, size_t *count)
{
    *out = NULL;
    *count = 0;
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag++) {
        redisReply *ids = redis_ask(redis, "ZRANGE nb:{s%02x}:held 0 -1", tag);
        bool done = ids && (ids->elements == 0 || load_held(redis, tag, ids, arena, out, count));
        if (ids)
            freeReplyObject(ids);
        if (!done)
            return false;
    }
    if (*count)
        qsort(*out, *count, sizeof **out, by_since);
    return true;
}

/* ---- a case ---- */

static int by_at(const void *a, const void *b)
{
    int64_t left = ((const struct moderation_flag *)a)->at, right = ((const struct moderation_flag *)b)->at;
    return left < right ? -1 : left > right;
}

/* "<reason> <ms> <remark>", without whose it is. */
static bool load_flags(
    struct redis_sync *redis, unsigned tag, const char *id, struct arena *arena, struct moderation_case *out)
{
    redisReply *values = redis_ask(redis, "HVALS nb:{s%02x}:flags:%s", tag, id);
    if (!values)
        return false;
    out->flags = arena_alloc(arena, (values->elements + 1) * sizeof *out->flags);
    for (size_t i = 0; i < values->elements; i++) {
        const char *text = text_at(values, i, arena);
        char *at, *remark;
        struct moderation_flag *flag = &out->flags[out->flag_count++];
        flag->reason = (int)strtol(text, &at, 10);
        flag->at = strtoll(at, &remark, 10);
        flag->remark = *remark == ' ' ? remark + 1 : remark;
    }
    freeReplyObject(values);
    qsort(out->flags, out->flag_count, sizeof *out->flags, by_at);
    return true;
}

static const char *field_of(const redisReply *entry, const char *name, struct arena *arena)
{
    const redisReply *fields = entry->elements == 2 ? entry->element[1] : NULL;
    for (size_t i = 0; fields && i + 1 < fields->elements; i += 2)
        if (strcmp(fields->element[i]->str, name) == 0)
            return text_at(fields, i + 1, arena);
    return "";
}

static bool load_acts(struct redis_sync *redis, unsigned tag, const char *subject, struct arena *arena,
    struct moderation_case *out)
{
    redisReply *entries = redis_ask(redis, "XRANGE nb:{s%02x}:acts - +", tag);
    if (!entries)
        return false;
    out->acts = arena_alloc(arena, (entries->elements + 1) * sizeof *out->acts);
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        if (strcmp(field_of(entry, "alert", arena), subject) == 0)
            out->acts[out->act_count++] = (struct moderation_act){.what = field_of(entry, "what", arena),
                .by = field_of(entry, "by", arena),
                .officer = field_of(entry, "officer", arena),
                .subject = subject,
                .reason = field_of(entry, "reason", arena),
                .at = strtoll(field_of(entry, "at", arena), NULL, 10)};
    }
    freeReplyObject(entries);
    return true;
}

bool moderation_case(struct redis_sync *redis, const char *public_id, struct arena *arena,
    struct moderation_case *out, bool *found)
{
    *out = (struct moderation_case){0};
    *found = false;
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag++) {
        if (!load_alert(redis, tag, public_id, arena, &out->alert, found))
            return false;
        if (*found)
            return load_flags(redis, tag, public_id, arena, out) &&
                   load_acts(redis, tag, public_id, arena, out);
    }
    return true;
}

/* ---- counts ---- */

static int by_what(const void *a, const void *b)
{
    return strcmp(((const struct moderation_count *)a)->what, ((const struct moderation_count *)b)->what);
}

static void add_count(struct moderation_count *list, size_t *count, const char *what, int64_t more)
{
    size_t i = 0;
    while (i < *count && strcmp(list[i].what, what) != 0)
        i++;
    if (i == COUNTS_MOST)
        return;
    if (i == *count)
        list[(*count)++] = (struct moderation_count){what, 0};
    list[i].count += more;
}

bool moderation_counts(
    struct redis_sync *redis, struct arena *arena, struct moderation_count **out, size_t *count)
{
    *out = arena_alloc(arena, COUNTS_MOST * sizeof **out);
    *count = 0;
    for (unsigned tag = 0; tag < STORE_SENDER_TAGS; tag++) {
        redisReply *pairs = redis_ask(redis, "HGETALL nb:{s%02x}:moderation", tag);
        if (!pairs)
            return false;
        for (size_t i = 0; i + 1 < pairs->elements; i += 2)
            add_count(*out, count, text_at(pairs, i, arena), number_at(pairs, i + 1));
        freeReplyObject(pairs);
    }
    qsort(*out, *count, sizeof **out, by_what);
    return true;
}

/* ---- bans ---- */

static bool load_reason(struct redis_sync *redis, struct arena *arena, struct moderation_ban *ban)
{
    redisReply *reply = redis_ask(redis, "HGET nb:{p:%s}:principal ban_reason", ban->principal);
    if (!reply)
        return false;
    ban->reason = reply->str ? arena_copy(arena, reply->str, reply->len) : "";
    freeReplyObject(reply);
    return true;
}

bool moderation_bans(
    struct redis_sync *redis, int64_t now, struct arena *arena, struct moderation_ban **out, size_t *count)
{
    redisReply *pairs =
        redis_ask(redis, "ZRANGE nb:{banned}:until (%" PRId64 " +inf BYSCORE WITHSCORES", now);
    bool done = pairs != NULL;
    *out = arena_alloc(arena, (pairs ? pairs->elements : 0) * sizeof **out + 1);
    *count = 0;
    for (size_t i = 0; done && i + 1 < pairs->elements; i += 2) {
        struct moderation_ban *ban = &(*out)[(*count)++];
        ban->principal = text_at(pairs, i, arena);
        ban->until = number_at(pairs, i + 1);
        done = load_reason(redis, arena, ban);
    }
    if (pairs)
        freeReplyObject(pairs);
    return done;
}

bool moderation_note(struct redis_sync *redis, const char *what, const char *by, const char *subject,
    const char *reason, int64_t now)
{
    const struct record_note note = {.what = what, .by = by, .subject = subject, .reason = reason, .at = now};
    redis_begin(redis);
    bool kept = record_note(redis, &note);
    return redis_commit(redis) && kept;
}
