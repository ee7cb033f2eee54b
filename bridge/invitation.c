#include "bridge/invitation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void invitation_owner(const char *digest, char out[PLACE_OWNER])
{
    snprintf(out, PLACE_OWNER, "invitation %.64s", digest);
}

enum registry_result invitation_begin(struct redis_sync *redis, const struct seal *seal,
    const struct place_key *key, struct bytes given, int64_t expires, char code[VERIFICATION_CODE + 1])
{
    char digest[SEAL_CODE + 1], owner[PLACE_OWNER];
    uint8_t sealed[INVITATION_MOST + PLACE_SEAL_EXTRA];
    if (given.len > INVITATION_MOST) {
        snprintf(redis->error, sizeof redis->error, "an invitation holds at most %d bytes", INVITATION_MOST);
        return REGISTRY_REFUSED;
    }
    verification_code_new(code);
    seal_code(seal, text_of(code), digest);
    invitation_owner(digest, owner);
    place_seal_bytes(key, owner, given, sealed);
    char name[80], until[24];
    snprintf(name, sizeof name, "nb:{code:%s}:invitation", digest);
    snprintf(until, sizeof until, "%" PRId64, expires);
    const char *texts[] = {"FCALL", "nb_invitation_begin", "1", name, NULL, until};
    struct bytes words[6];
    for (size_t i = 0; i < 6; i++)
        words[i] = texts[i] ? (struct bytes){(const uint8_t *)texts[i], strlen(texts[i])}
                            : (struct bytes){sealed, given.len + PLACE_SEAL_EXTRA};
    redisReply *reply = redis_ask_words(redis, words, 6);
    if (!reply)
        return REGISTRY_FAILED;
    freeReplyObject(reply);
    return REGISTRY_OK;
}
