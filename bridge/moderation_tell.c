/* Into inboxes as the broker puts it there: by the store's own function, one call a session. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "bridge/moderation.h"

enum { NONCE = 8, WORDS = 8 };

static const char suffix[] = "reply/moderation";

static struct bytes word(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* One text behind another, which may hold any bytes. */
static struct bytes joined(struct arena *arena, const char *first, struct bytes second)
{
    size_t len = strlen(first);
    uint8_t *both = arena_take(arena, len + second.len + 1);
    memcpy(both, first, len);
    if (second.len)
        memcpy(both + len, second.data, second.len);
    return (struct bytes){both, len + second.len};
}

/* data: one byte length of the topic's suffix, the suffix, the payload. */
static bool tell_session(struct redis_sync *redis, const char *principal, struct bytes client,
    struct bytes data, struct arena *arena)
{
    uint8_t nonce[NONCE];
    if (getrandom(nonce, sizeof nonce, 0) != sizeof nonce)
        abort();
    const struct bytes words[WORDS] = {word("FCALL"), word("nb_inbox"), word("3"),
        joined(arena, arena_printf(arena, "nb:{p:%s}:in:", principal), client),
        joined(arena, arena_printf(arena, "nb:{p:%s}:inlo:", principal), client),
        joined(arena, arena_printf(arena, "nb:{p:%s}:s:", principal), client), {nonce, NONCE}, data};
    redisReply *reply = redis_ask_words(redis, words, WORDS);
    if (!reply)
        return false;
    freeReplyObject(reply);
    return true;
}

/* Of a client there may be nothing any more. */
static bool has_session(
    struct redis_sync *redis, const char *principal, struct bytes client, struct arena *arena, bool *out)
{
    const struct bytes words[] = {
        word("EXISTS"), joined(arena, arena_printf(arena, "nb:{p:%s}:s:", principal), client)};
    redisReply *reply = redis_ask_words(redis, words, 2);
    if (!reply)
        return false;
    *out = reply->integer == 1;
    freeReplyObject(reply);
    return true;
}

static bool tell_all(
    struct redis_sync *redis, const char *principal, struct bytes data, struct arena *arena, size_t *sessions)
{
    redisReply *clients = redis_ask(redis, "SMEMBERS nb:{p:%s}:clients", principal);
    bool done = clients != NULL;
    for (size_t i = 0; done && i < clients->elements; i++) {
        const redisReply *name = clients->element[i];
        struct bytes client = {(const uint8_t *)name->str, name->len};
        bool there = false;
        done = has_session(redis, principal, client, arena, &there) &&
               (!there || tell_session(redis, principal, client, data, arena));
        *sessions += there;
    }
    if (clients)
        freeReplyObject(clients);
    return done;
}

bool moderation_tell(struct redis_sync *redis, const char *principal, struct bytes message, size_t *sessions)
{
    struct arena arena;
    const char first[] = {sizeof suffix - 1, '\0'};
    arena_init(&arena, NULL, 0);
    *sessions = 0;
    struct bytes data = joined(&arena, arena_printf(&arena, "%s%s", first, suffix), message);
    bool done = tell_all(redis, principal, data, &arena, sessions);
    arena_free(&arena);
    return done;
}
