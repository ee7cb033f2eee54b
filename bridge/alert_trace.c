/* Looks through the 64 tags of senders one after the other: it is asked by a person, who has no key to tell
 * the tag by. */
#include "bridge/alert_trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

/* As scripts/alert.lua has them. */
enum { KEPT = 64, IN_FORCE = 1, EXPIRED, FINAL, HELD, WAITING, STATE_BYTES = 15, PART_BYTES = 45 };
enum { NEW_TRUTHS = 5, HOPS = 4 };

/* ---- what Redis answers ---- */

static const char *text_of_reply(const redisReply *reply, struct arena *arena)
{
    struct text text = reply_text(reply);
    return text.len ? arena_copy(arena, text.data, text.len) : "";
}

static uint64_t big_endian(const char *bytes, int count)
{
    return packed_number((const uint8_t *)bytes, count);
}

/* ---- revisions ---- */

/* s<n> of the script. */
struct stored_state {
    int state, truth;
    uint32_t merged;
    int64_t at;
};

static struct stored_state read_state(const redisReply *reply)
{
    if (!reply || !reply->str || reply->len < STATE_BYTES)
        return (struct stored_state){0};
    return (struct stored_state){.state = reply->str[0],
        .at = (int64_t)big_endian(reply->str + 1, 8),
        .truth = reply->str[9],
        .merged = (uint32_t)big_endian(reply->str + 11, 4)};
}

static const char *what_in_force(
    const struct stored_state *is, const struct stored_state *was, bool approved, bool body, bool first)
{
    static const char *const truths[NEW_TRUTHS] = {
        "changed", "unverified", "corroborated", "confirmed", "refuted"};

    if (approved)
        return "approved";
    if (first)
        return "new";
    if (was->state == HELD)
        return "released";
    if (was->state && is->merged != was->merged)
        return is->merged > was->merged ? "report joined" : "report withdrawn";
    if (was->state && is->truth != was->truth && is->truth > 0 && is->truth < NEW_TRUTHS)
        return truths[is->truth];
    if (was->state == EXPIRED)
        return "in force again";
    return body ? "updated" : "changed";
}

static const char *what_it_was(const struct alert_trace *alert, const struct stored_state *is,
    const struct stored_state *was, bool approved, bool body, uint32_t revision)
{
    switch (is->state) {
    case IN_FORCE:
        return what_in_force(is, was, approved, body, revision == 1);
    case EXPIRED:
        return "expired";
    case HELD:
        return "held";
    default:
        return *alert->into ? "went on in another" : alert->removed ? "removed" : "cancelled";
    }
}

static bool load_revision(struct redis_sync *redis, const char *key, uint32_t revision, uint32_t approved,
    struct arena *arena, struct alert_trace *out, struct stored_state *was)
{
    redisReply *known = redis_ask(redis, "HMGET %s s%u c%u d%u", key, revision, revision, revision);
    redisReply *body = known ? redis_ask(redis, "HEXISTS %s b%u", key, revision) : NULL;
    if (body) {
        struct stored_state is = read_state(reply_at(known, 0));
        if (is.state)
            out->revisions[out->revision_count++] = (struct trace_revision){.revision = revision,
                .at = is.at,
                .what = what_it_was(out, &is, was, revision == approved, body->integer == 1, revision),
                .in_force = is.state == IN_FORCE,
                .carried = revision <= out->carried,
                .deliveries = reply_number(reply_at(known, 2)),
                .channels = is.state == IN_FORCE ? text_of_reply(reply_at(known, 1), arena) : ""};
        if (revision == 1)
            out->received = is.at;
        *was = is;
        freeReplyObject(body);
    }
    if (known)
        freeReplyObject(known);
    return body != NULL;
}

static bool load_revisions(struct redis_sync *redis, const char *key, uint32_t approved, struct arena *arena,
    struct alert_trace *out)
{
    struct stored_state was = {0};
    uint32_t first = out->revision > KEPT ? out->revision - KEPT + 1 : 1;
    out->revisions = arena_alloc(arena, (KEPT + 1) * sizeof *out->revisions);
    for (uint32_t revision = first; revision <= out->revision; revision++)
        if (!load_revision(redis, key, revision, approved, arena, out, &was))
            return false;
    return true;
}

/* ---- the alert ---- */

static const char *state_word(int64_t state)
{
    static const char *const words[] = {"", "in force", "expired", "ended", "held", "waiting"};
    return state > 0 && state <= WAITING ? words[state] : "";
}

static bool load_waits(struct redis_sync *redis, unsigned tag, struct alert_trace *out)
{
    redisReply *waits = redis_ask(redis, "HMGET nb:{s%02x}:wait:%s revision at", tag, out->public_id);
    redisReply *held = waits ? redis_ask(redis, "ZSCORE nb:{s%02x}:held %s", tag, out->public_id) : NULL;
    bool done = held != NULL;
    if (done) {
        out->waits_as = (uint32_t)reply_number(reply_at(waits, 0));
        out->waits_since = reply_number(reply_at(waits, 1));
        out->held_since = held->str ? reply_number(held) : 0;
        if (!out->received)
            out->received = out->waits_since;
        freeReplyObject(held);
    }
    if (waits)
        freeReplyObject(waits);
    return done;
}

/* The last four bytes of `about`: how many reports. */
static uint32_t reports_of(const redisReply *about)
{
    return about && about->str && about->len == 6 ? (uint32_t)big_endian(about->str + 2, 4) : 1;
}

static bool load_alert(struct redis_sync *redis, unsigned tag, const char *id, struct arena *arena,
    struct alert_trace *out, bool *found)
{
    char key[80];
    snprintf(key, sizeof key, "nb:{s%02x}:alert:%.32s", tag, id);
    redisReply *known = redis_ask(redis,
        "HMGET %s state revision done expires sender officer removed approved into union about digest", key);
    if (!known)
        return false;
    *found = reply_at(known, 0) && reply_at(known, 0)->str;
    if (*found)
        *out = (struct alert_trace){.public_id = arena_copy(arena, id, strlen(id)),
            .relation = out->relation,
            .state = state_word(reply_number(reply_at(known, 0))),
            .revision = (uint32_t)reply_number(reply_at(known, 1)),
            .carried = (uint32_t)reply_number(reply_at(known, 2)),
            .expires = reply_number(reply_at(known, 3)),
            .sender = text_of_reply(reply_at(known, 4), arena),
            .officer = text_of_reply(reply_at(known, 5), arena),
            .removed = reply_number(reply_at(known, 6)) == 1,
            .into = text_of_reply(reply_at(known, 8), arena),
            .channels = text_of_reply(reply_at(known, 9), arena),
            .reports = reports_of(reply_at(known, 10)),
            .before_it_came = !reply_at(known, 11)->str};
    uint32_t approved = (uint32_t)reply_number(reply_at(known, 7));
    freeReplyObject(known);
    return !*found || (load_revisions(redis, key, approved, arena, out) && load_waits(redis, tag, out));
}

/* What the message of that id became (alert.lua, name_alias and PART): another alert's id goes to `next`. */
static bool load_alias(
    struct redis_sync *redis, unsigned tag, const char *id, struct alert_trace *out, char next[PUBLIC_ID + 1])
{
    redisReply *alias = redis_ask(redis, "GET nb:{s%02x}:alias:%s", tag, id);
    if (alias && alias->str && alias->len >= PUBLIC_ID) {
        memcpy(next, alias->str, PUBLIC_ID);
        next[PUBLIC_ID] = '\0';
        out->relation = alias->len == PART_BYTES ? "part of" : "message of";
    }
    if (alias)
        freeReplyObject(alias);
    return alias != NULL;
}

bool alert_trace(struct redis_sync *redis, const char *public_id, struct arena *arena,
    struct alert_trace *out, bool *found)
{
    char id[PUBLIC_ID + 1], next[PUBLIC_ID + 1] = "";
    *out = (struct alert_trace){.relation = ""};
    *found = false;
    snprintf(id, sizeof id, "%s", public_id);
    for (int hop = 0; hop < HOPS && !*found && id[0]; hop++) {
        next[0] = '\0';
        for (unsigned tag = 0; tag < STORE_SENDER_TAGS && !*found && !next[0]; tag++)
            if (!load_alert(redis, tag, id, arena, out, found) ||
                (!*found && !load_alias(redis, tag, id, out, next)))
                return false;
        memcpy(id, next, sizeof id);
    }
    return true;
}
