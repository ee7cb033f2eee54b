/* The registry: one hash for each principal, one for each household. Who is in it, and who is taken out of
 * it. */
#include "bridge/registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/registry_agency.h"
#include "bridge/registry_inside.h"
#include "bridge/registry_instance.h"
#include "bridge/sharing_index.h"

static const char *const roles[] = {"device", "edge", "user", "agency", "operator", "node"};

bool registry_role_valid(const char *role)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(role, roles[i]) == 0)
            return true;
    return false;
}

bool registry_id_valid(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(id);
    return len >= 1 && len <= REGISTRY_ID && strspn(id, allowed) == len;
}

/* ---- reading ---- */

enum field {
    HOUSEHOLD,
    NAME,
    PLACE,
    FINE,
    FORMER,
    NUMBER,
    SHARE,
    SINCE,
    TOKENS_AFTER,
    REVOKED,
    VERIFIED,
    DEVICES,
    ENROLLED
};

bool registry_open_field(struct redis_sync *redis, const struct place_key *places, const char *owner,
    const char *sealed, char out[PLACE_GEOHASH + 1])
{
    if (place_open(places, owner, text_of(sealed), out))
        return true;
    snprintf(redis->error, sizeof redis->error, "%.120s cannot be read: the secret is another installation's",
        owner);
    return false;
}

static bool open_places(struct redis_sync *redis, const struct place_key *places, const char *name,
    const char *const field[], struct enrolled *out)
{
    char owner[3][PLACE_OWNER];
    place_owner_principal(text_of(name), "place", owner[0]);
    place_owner_principal(text_of(name), "fine", owner[1]);
    place_owner_principal(text_of(name), "former", owner[2]);
    return registry_open_field(redis, places, owner[0], field[PLACE], out->place.leaf) &&
           registry_open_field(redis, places, owner[1], field[FINE], out->place.fine) &&
           registry_open_field(redis, places, owner[2], field[FORMER], out->former);
}

static void fill(const char *const field[], struct enrolled *out)
{
    snprintf(out->household, sizeof out->household, "%s", field[HOUSEHOLD]);
    snprintf(out->name, sizeof out->name, "%s", field[NAME]);
    out->number = (uint32_t)strtoul(field[NUMBER], NULL, 10);
    out->share = (uint32_t)strtoul(field[SHARE], NULL, 10);
    out->since = strtoll(field[SINCE], NULL, 10);
    out->tokens_after = strtoll(field[TOKENS_AFTER], NULL, 10);
    out->verified = strtoll(field[VERIFIED], NULL, 10);
    snprintf(out->devices, sizeof out->devices, "%s", field[DEVICES]);
    out->revoked = *field[REVOKED] != '\0';
    out->existed = *field[ENROLLED] != '\0';
}

enum registry_result registry_read(struct redis_sync *redis, const struct place_key *places, const char *role,
    const char *id, struct enrolled *out)
{
    const char *field[ENROLLED + 1];
    char name[PLACE_OWNER];
    *out = (struct enrolled){0};
    if (!registry_role_valid(role) || !registry_id_valid(id))
        return REGISTRY_NOT_FOUND;
    snprintf(name, sizeof name, "%s/%s", role, id);
    redisReply *reply = redis_ask(redis,
        "HMGET nb:{p:%s}:principal household name place fine former number share since tokens_after revoked "
        "verified devices enrolled",
        name);
    if (!reply)
        return REGISTRY_FAILED;
    for (size_t i = 0; i <= ENROLLED; i++)
        field[i] = i < reply->elements && reply->element[i]->str ? reply->element[i]->str : "";
    fill(field, out);
    bool opened = !places || open_places(redis, places, name, field, out);
    freeReplyObject(reply);
    if (!opened)
        return REGISTRY_FAILED;
    return out->existed ? REGISTRY_OK : REGISTRY_NOT_FOUND;
}

/* ---- revoking ---- */

/* First of all nobody comes in any more, and whoever is in goes; then nothing can come behind what is
 * dropped. */
static bool shut_out(struct redis_sync *redis, const char *role, const char *id, int64_t now)
{
    return redis_tell(redis, "HSET nb:{p:%s/%s}:principal revoked %" PRId64, role, id, now) &&
           redis_tell(redis, "PUBLISH nb:principals %s/%s", role, id) &&
           registry_drop_clients(redis, role, id, NULL);
}

enum registry_result registry_revoke(struct redis_sync *redis, const char *role, const char *id, int64_t now)
{
    struct enrolled known;
    enum registry_result found = registry_read(redis, NULL, role, id, &known);
    if (found != REGISTRY_OK)
        return found;
    char note[SHARING_NOTE];
    bool member = *known.household;
    bool done = (!member || sharing_index_note(redis, known.household, note)) &&
                shut_out(redis, role, id, now) &&
                (strcmp(role, "agency") != 0 || registry_agency_hide(redis, id, known.name, now));
    if (done && member) {
        if (!registry_lock(redis, known.household))
            return REGISTRY_FAILED;
        done = registry_settle(redis, known.household) && sharing_index_settled(redis, known.household, note);
        done = registry_unlock(redis, known.household) && done;
    }
    return done ? REGISTRY_OK : REGISTRY_FAILED;
}
