/* Who is enrolled: what the command line writes into Redis and the broker reads (store_principal). Blocking;
 * the broker never includes this.
 *
 * Keys and fields, as the scripts of the store read them too. Times are ms since 1970. Places are sealed
 * (bridge/place_seal.h), for Redis does not hold the key.
 *
 * - hash nb:{p:<role>/<id>}:principal: household, name, number, since, share (until the household sets what
 *   it shares itself), tokens_after, enrolled, verified (the household's), devices (of a node: for which it
 *   speaks)
 * - place, former: sealed leaf geohashes; fine: sealed, of precision 8, or ""
 * - region: of the place, two hexadecimal digits (bridge/sharing_index.h), or ""; leaf_digest: place_digest
 *   "sharers" of the leaf cell; askable_digest: "askable" of the cell of precision 7; "" where there is none:
 *   indexes are written without the key
 * - revoked: only when revoked; banned_until, ban_reason: only when banned
 * - of an agency: jurisdiction (neighbors.v1.MultiPolygon), certificate (PEM), must_sign, no_approval,
 *   forgiving, no_drill, drilled (ms, by the broker), kind, office ("LAT,LON"), partner_since (ms)
 * - set nb:{p:agency/<id>}:officers: who may act for it; a token of another officer is refused
 * - hash nb:{h:<household>}:household: place, fine (sealed), verified (ms), next (the last device number
 *   given)
 * - set nb:{h:<household>}:members: the principals of the household
 * - set nb:{h:<household>}:leaves: "<region>:<leaf_digest>" where it stands in the sharing index
 *   (bridge/sharing_index.h)
 * - zset nb:{banned}:until: <role>/<id> by the end of its ban
 *
 * Each change is told by PUBLISH nb:principals <role>/<id>. */
#ifndef NEIGHBORS_BRIDGE_REGISTRY_H
#define NEIGHBORS_BRIDGE_REGISTRY_H

#include <stdint.h>

#include "bridge/redis_sync.h"
#include "bridge/registry_place.h"

enum { REGISTRY_ID = 64, REGISTRY_NAME = 120, REGISTRY_REASON = 360, REGISTRY_DEVICES = 1000 };

/* What an agency is trusted with. What is not given stays as it is. */
enum registry_choice { REGISTRY_AS_IS = 0, REGISTRY_NO, REGISTRY_YES };
struct registry_trust {
    struct bytes jurisdiction; /* neighbors.v1.MultiPolygon; data NULL: as it is; len 0: everywhere */
    struct bytes certificate;  /* PEM; data NULL: as it is; len 0: none */
    enum registry_choice must_sign, no_approval, forgiving;
    enum registry_choice no_drill; /* its first alert need not be a test that comes back */
    const char *kind;              /* one of registry_agency_kinds; NULL: as it is */
    const char *office;            /* where it is, "LAT,LON", public; NULL: as it is */
    int64_t partner_since;         /* ms; 0: as it is, and from the first the time of its enrolment */
};

/* One who is enrolled, or enrolled again. NULL and 0 leave what is known as it is. */
struct enrolment {
    const char *role;      /* device, edge, user, agency, operator, node */
    const char *id;        /* 1 to REGISTRY_ID of A-Za-z0-9._- */
    const char *household; /* as an id; a device and an edge must have one */
    const char *name;  /* an agency's public name, which it must have; at most REGISTRY_NAME bytes of UTF-8 */
    const char *place; /* geohash, of precision 6 to 8; NULL with a household new to the principal: the
                          household's */
    const char *devices; /* of a node: for which devices it speaks, "lamp-*,gate-1" */
    bool share_given;
    uint32_t share;                     /* bit n: motion kind n (proto/message.h) may be published */
    int64_t verified;                   /* ms: since when the household is known to be real */
    const struct registry_trust *trust; /* of an agency; or NULL */
    int64_t now;                        /* ms */
};

/* What is known then. */
struct enrolled {
    bool existed, revoked;
    char household[REGISTRY_ID + 1], name[REGISTRY_NAME + 1];
    char devices[REGISTRY_DEVICES + 1];
    struct registry_place place;
    char former[PLACE_GEOHASH + 1]; /* leaf */
    uint32_t number, share;
    int64_t since, tokens_after;
    int64_t verified; /* ms: the household's; 0: it is not */
    int64_t
        issue_at; /* ms: the time that a token made now must bear, so that it is not among the void ones */
};

enum registry_result {
    REGISTRY_OK = 0,
    REGISTRY_NOT_FOUND,
    REGISTRY_REFUSED, /* against a rule: redis->error says which */
    REGISTRY_FAILED,  /* Redis is away or refuses: redis->error */
};

/* Enrols, or changes what is known of one enrolled. A change of place keeps the place before as `former` and
 * sets `since` to now. Only one place before is kept: an event of before both of two moves that is sent again
 * after them goes to the place between, where it is not known, and may be stored twice. Who was revoked is
 * trusted again, but no token issued before. */
enum registry_result registry_enroll(struct redis_sync *redis, const struct place_key *places,
    const struct enrolment *enrolment, struct enrolled *out) __attribute__((warn_unused_result));

/* Revokes: every token is void from now on, connections end, nothing of it is published any more. */
enum registry_result registry_revoke(struct redis_sync *redis, const char *role, const char *id, int64_t now)
    __attribute__((warn_unused_result));

/* Bans until then, with the reason that the banned one is told; until 0 ends a ban, and is refused where
 * there is none. */
enum registry_result registry_ban(struct redis_sync *redis, const char *role, const char *id, int64_t until,
    const char *reason) __attribute__((warn_unused_result));

/* Reads what is known. places NULL: without the places. FAILED also when a place does not open with this key.
 */
enum registry_result registry_read(struct redis_sync *redis, const struct place_key *places, const char *role,
    const char *id, struct enrolled *out) __attribute__((warn_unused_result));

/* True for the roles and ids of the contract. */
bool registry_role_valid(const char *role);
bool registry_id_valid(const char *id);

#endif
