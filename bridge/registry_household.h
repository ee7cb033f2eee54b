/* Households: what is known of one, moving house, and a device that goes to another. Blocking, as
 * bridge/registry.h. */
#ifndef NEIGHBORS_BRIDGE_REGISTRY_HOUSEHOLD_H
#define NEIGHBORS_BRIDGE_REGISTRY_HOUSEHOLD_H

#include "bridge/verification.h"
#include "proto/arena.h"

struct registry_household {
    struct registry_place place;
    int64_t verified; /* ms; 0: it is not */
    size_t member_count;
    const char *const *members; /* "<role>/<id>", in the arena */
};
/* NOT_FOUND: nobody belongs to it. */
enum registry_result registry_household_read(struct redis_sync *redis, const struct place_key *places,
    const char *household, struct arena *arena, struct registry_household *out)
    __attribute__((warn_unused_result));

/* The household moves, and all its members with it: events of before `now` stay where they were, its place is
 * to be verified anew, and nothing is shared and nobody may ask for footage until it says so again. */
enum registry_result registry_household_move(struct redis_sync *redis, const struct place_key *places,
    const char *household, const char *geohash, int64_t now) __attribute__((warn_unused_result));

/* Takes a device out of its household: what it sent stays there, every token of it is void, and the code lets
 * another household take it (until `expires`). */
enum registry_result registry_device_release(struct redis_sync *redis, const struct seal *seal,
    const char *device, int64_t now, int64_t expires, char code[VERIFICATION_CODE + 1])
    __attribute__((warn_unused_result));
/* The household takes the device that the code is for; device: room for its id. It is at the household's
 * place, shares nothing, and has a new number there. out: as registry_enroll. */
enum registry_result registry_device_accept(struct redis_sync *redis, const struct seal *seal,
    const struct place_key *places, const char *household, struct text code, int64_t now,
    char device[REGISTRY_ID + 1], struct enrolled *out) __attribute__((warn_unused_result));

#endif
