/* The operator's desk: what waits for a moderator, who is banned, what was done, as the store keeps it
 * (scripts/moderation.lua). Blocking; the broker never includes this. Verdicts themselves go the way of every
 * message, by the broker; bans are the registry's. */
#ifndef NEIGHBORS_BRIDGE_MODERATION_H
#define NEIGHBORS_BRIDGE_MODERATION_H

#include "bridge/redis_sync.h"
#include "proto/arena.h"

enum { MODERATION_ID = 24 };

/* An alert as the moderator sees it. Texts are NUL-terminated, "" when not known; all in the arena. */
struct moderated {
    const char *public_id, *sender;
    uint32_t revision;
    bool held, removed;
    int64_t since, expires; /* ms; since: it is held, 0: it is not */
    const char *appeal;     /* of its sender; "" with appealed 0: none */
    int64_t appealed;       /* ms */
    struct bytes body;      /* as it was last shown (codec_decode_published_alert); len 0: none */
    size_t flag_count;
};
/* What a neighbor said. Which household it was the moderator does not learn. */
struct moderation_flag {
    int reason; /* enum flag_reason */
    int64_t at; /* ms */
    const char *remark;
};
/* An act, as it is kept for the public record. */
struct moderation_act {
    const char *what, *by, *officer, *subject, *reason;
    int64_t at; /* ms */
};
struct moderation_count {
    const char *what;
    int64_t count;
};
struct moderation_ban {
    const char *principal, *reason;
    int64_t until; /* ms */
};

/* All that are held, the oldest first. False: redis->error, here and below. */
bool moderation_held(struct redis_sync *redis, struct arena *arena, struct moderated **out, size_t *count)
    __attribute__((warn_unused_result));
/* One alert by its public id, held or not, what neighbors said of it, oldest first, and what was done, oldest
 * first. *found: there is one. */
struct moderation_case {
    struct moderated alert;
    size_t flag_count, act_count;
    struct moderation_flag *flags;
    struct moderation_act *acts;
};
bool moderation_case(struct redis_sync *redis, const char *public_id, struct arena *arena,
    struct moderation_case *out, bool *found) __attribute__((warn_unused_result));

/* How often what was done, since the beginning, in the order of their names. */
bool moderation_counts(struct redis_sync *redis, struct arena *arena, struct moderation_count **out,
    size_t *count) __attribute__((warn_unused_result));

/* Bans that hold at `now`, those that end first before. */
bool moderation_bans(struct redis_sync *redis, int64_t now, struct arena *arena, struct moderation_ban **out,
    size_t *count) __attribute__((warn_unused_result));

/* Notes an act that is no verdict ("banned", "unbanned"), of whom, and why. */
bool moderation_note(struct redis_sync *redis, const char *what, const char *by, const char *subject,
    const char *reason, int64_t now) __attribute__((warn_unused_result));

/* Puts a message Moderation (encoded, protobuf) into the inbox of every session of the principal. Looks
 * through all keys: for what a person does now and then. *sessions: how many there were. */
bool moderation_tell(struct redis_sync *redis, const char *principal, struct bytes message, size_t *sessions)
    __attribute__((warn_unused_result));

#endif
