/* What a household decided for itself, kept in the hash nb:{h:<household>}:settings and the same for all of
 * its users: what its devices share, how long what they sent is kept, and who may ask it for footage. Part of
 * bridge/store.h. */
#ifndef NEIGHBORS_BRIDGE_STORE_HOUSEHOLD_H
#define NEIGHBORS_BRIDGE_STORE_HOUSEHOLD_H

#include "bridge/store.h"
#include "proto/arena.h"
#include "proto/message.h"

struct household_settings {
    enum store_status status; /* OK, also of a household that never set anything; FAILED, GONE */
    uint64_t version;         /* of what is shared: raised with each change of it; 0: there was none */
    bool has_sharing;         /* false: never set; what enrolment says of each device holds */
    struct sharing_rules sharing;
    uint32_t retention_days; /* 0: never set: as the broker's settings say */
    bool has_footage;        /* false: never set: nobody may ask */
    struct footage_rules footage;
};
typedef void store_household_done(void *arg, const struct household_settings *settings);

/* Reads the settings; what they point to lives until the completion returns. */
void store_household_settings(
    struct store *store, struct text household, store_household_done *done, void *arg);

/* What changes; what is not given stays as it is. */
struct household_change {
    struct text household;
    const struct sharing_rules *sharing; /* NULL: not given */
    uint32_t retention_days;             /* 0: not given */
    const struct footage_rules *footage; /* NULL: not given */
};

/* Writes the change, and settles what is derived of it (settle.h) before it is done: what waits for
 * publication and was judged by other settings is not published any more. Who dies meanwhile leaves it to
 * upkeep. A retention shorter than before has trimming begin anew. Everybody is told that the household's
 * devices changed (store_events.principal_changed). OK, FAILED or GONE. */
void store_household_change(
    struct store *store, const struct household_change *change, store_status_done *done, void *arg);

/* The rules as the store keeps them, and principal_record tells those for one device (len 0: none); both ways
 * into the arena. False: the bytes are no rules. */
struct bytes household_sharing_pack(const struct sharing_rules *rules, struct arena *arena);
struct bytes household_footage_pack(const struct footage_rules *rules, struct arena *arena);
bool household_sharing_read(struct bytes packed, struct text zone, struct arena *arena,
    struct sharing_rules *out) __attribute__((warn_unused_result));
bool household_footage_read(struct bytes packed, struct arena *arena, struct footage_rules *out)
    __attribute__((warn_unused_result));

#endif
