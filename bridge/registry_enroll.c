/* Enrolling: what is known of one who is enrolled, from what was known and what the enrolment says. Whoever
 * writes holds the locks of the households that it touches, so that two commands at once cannot leave the
 * sharing index of one of them half right. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bridge/registry.h"
#include "bridge/registry_inside.h"
#include "bridge/registry_instance.h"
#include "bridge/registry_trust.h"
#include "bridge/store_inside.h"

enum { SECOND_MS = 1000 };

static enum registry_result refuse(struct redis_sync *redis, const char *rule)
{
    snprintf(redis->error, sizeof redis->error, "%s", rule);
    return REGISTRY_REFUSED;
}

/* Names with a comma between, of which each may end in *. */
static bool devices_valid(const char *devices)
{
    char list[REGISTRY_DEVICES + 1], *rest = list;
    if (*devices == '\0' || strlen(devices) > REGISTRY_DEVICES)
        return false;
    snprintf(list, sizeof list, "%s", devices);
    for (char *name; (name = strsep(&rest, ",")) != NULL;) {
        size_t len = strlen(name);
        bool open = len && name[len - 1] == '*';
        if (open)
            name[len - 1] = '\0';
        if (!registry_id_valid(name) && !(open && len == 1))
            return false;
    }
    return true;
}

static const char *broken_rule(const struct enrolment *e, const struct enrolled *known)
{
    bool thing = strcmp(e->role, "device") == 0 || strcmp(e->role, "edge") == 0;
    bool agency = strcmp(e->role, "agency") == 0;
    bool node = strcmp(e->role, "node") == 0;
    const char *devices = e->devices ? e->devices : known->devices;
    const char *household = e->household ? e->household : known->household;
    const char *name = e->name ? e->name : known->name;
    if (e->household && !registry_id_valid(e->household))
        return "household: 1 to 64 characters of A-Z a-z 0-9 . _ -";
    if (thing && *household == '\0')
        return "household: a device and an edge belong to one";
    if ((agency || node || strcmp(e->role, "operator") == 0) && *household)
        return "household: only devices, edges and users have one";
    if (agency && *name == '\0')
        return "name: an agency has a public name";
    if (node ? !devices_valid(devices) : e->devices != NULL)
        return "devices: a node speaks for some: names with a comma between, each may end in *";
    if (strlen(name) > REGISTRY_NAME)
        return "name: at most 120 bytes";
    if (e->place && (strlen(e->place) < REGISTRY_LEAF || strlen(e->place) > PLACE_GEOHASH))
        return "place: a geohash of at least the leaf cell";
    if (e->share_given && e->share && !thing)
        return "share: only a device or an edge has something to share";
    if (e->trust && !agency)
        return "jurisdiction, certificate and approval are an agency's";
    return NULL;
}

/* ---- the household ---- */

static bool hget(struct redis_sync *redis, const char *household, const char *field, char *out, size_t size)
{
    redisReply *reply = redis_ask(redis, "HGET nb:{h:%s}:household %s", household, field);
    if (!reply)
        return false;
    snprintf(out, size, "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);
    return true;
}

bool registry_household_place(struct redis_sync *redis, const struct place_key *places, const char *household,
    struct registry_place *out)
{
    char sealed[PLACE_SEALED + 1], fine[PLACE_SEALED + 1], owner[2][PLACE_OWNER];
    place_owner_household(text_of(household), "place", owner[0]);
    place_owner_household(text_of(household), "fine", owner[1]);
    return hget(redis, household, "place", sealed, sizeof sealed) &&
           hget(redis, household, "fine", fine, sizeof fine) &&
           registry_open_field(redis, places, owner[0], sealed, out->leaf) &&
           registry_open_field(redis, places, owner[1], fine, out->fine);
}

bool registry_write_household_place(struct redis_sync *redis, const struct place_key *places,
    const char *household, const struct registry_place *place)
{
    char sealed[PLACE_SEALED + 1], fine[PLACE_SEALED + 1], owner[PLACE_OWNER];
    place_owner_household(text_of(household), "place", owner);
    place_seal(places, owner, text_of(place->leaf), sealed);
    place_owner_household(text_of(household), "fine", owner);
    place_seal(places, owner, text_of(place->fine), fine);
    return redis_tell(redis, "HSET nb:{h:%s}:household place %s fine %s", household, sealed, fine);
}

/* Since when the household is verified, the member, and the device's number, in one step. */
static bool join(struct redis_sync *redis, const struct enrolment *e, bool joins, struct enrolled *out)
{
    char member[REGISTRY_ID + 16] = "", verified[24] = "";
    bool device = joins && strcmp(e->role, "device") == 0;
    if (joins)
        snprintf(member, sizeof member, "%s/%s", e->role, e->id);
    if (e->verified)
        snprintf(verified, sizeof verified, "%" PRId64, e->verified);
    redisReply *reply = redis_ask(redis, "FCALL nb_household_join 1 nb:{h:%s}:household %s %s %d",
        out->household, verified, member, device);
    if (!reply)
        return false;
    out->verified = reply_number(reply_at(reply, 0));
    if (device)
        out->number = (uint32_t)reply_number(reply_at(reply, 1));
    freeReplyObject(reply);
    return true;
}

/* Writes what the enrolment says of the household, gives the device its number, and finds its place. */
static bool join_household(struct redis_sync *redis, const struct place_key *places,
    const struct enrolment *e, bool joins, struct enrolled *out)
{
    struct registry_place home;
    if (!registry_household_place(redis, places, out->household, &home))
        return false;
    if (*home.leaf == '\0' && e->place) {
        registry_place_from(&home, e->place);
        if (!registry_write_household_place(redis, places, out->household, &home))
            return false;
    }
    if (joins && !e->place)
        out->place = home;
    return join(redis, e, joins, out);
}

/* ---- the principal ---- */

/* What will be known, from what is known and what the enrolment changes; the household's part comes later. */
static void merge(const struct enrolment *e, struct enrolled *out)
{
    if (e->household)
        snprintf(out->household, sizeof out->household, "%s", e->household);
    if (e->name)
        snprintf(out->name, sizeof out->name, "%s", e->name);
    if (e->devices)
        snprintf(out->devices, sizeof out->devices, "%s", e->devices);
    if (e->place)
        registry_place_from(&out->place, e->place);
    if (e->share_given)
        out->share = e->share;
    /* Tokens count whole seconds: who was revoked gets one of the next second, and all before it are void. */
    out->issue_at = e->now / SECOND_MS * SECOND_MS;
    if (out->revoked) {
        int64_t next = out->issue_at + SECOND_MS;
        out->tokens_after = next > out->tokens_after ? next : out->tokens_after + SECOND_MS;
    }
    if (out->issue_at < out->tokens_after)
        out->issue_at = out->tokens_after;
    out->revoked = false;
}

static bool write_place(struct redis_sync *redis, const struct place_key *places, const struct enrolment *e,
    const struct enrolled *known)
{
    struct registry_place_fields fields;
    char name[PLACE_OWNER], owner[PLACE_OWNER], former[PLACE_SEALED + 1];
    registry_place_seal_principal(places, e->role, e->id, &known->place, &fields);
    snprintf(name, sizeof name, "%.16s/%.64s", e->role, e->id);
    place_owner_principal(text_of(name), "former", owner);
    place_seal(places, owner, text_of(known->former), former);
    return redis_tell(redis,
        "HSET nb:{p:%s}:principal place %s fine %s former %s region %s leaf_digest %s askable_digest %s",
        name, fields.place, fields.fine, former, fields.region, fields.leaf_digest, fields.askable_digest);
}

static bool write_principal(struct redis_sync *redis, const struct place_key *places,
    const struct enrolment *e, const struct enrolled *known)
{
    redis_begin(redis);
    bool kept =
        redis_tell(redis,
            "HSET nb:{p:%s/%s}:principal household %s name %s number %u since %" PRId64
            " share %u tokens_after %" PRId64 " verified %" PRId64 " devices %s",
            e->role, e->id, known->household, known->name, known->number, known->since, known->share,
            known->tokens_after, known->verified, known->devices) &&
        write_place(redis, places, e, known) &&
        (!e->trust || registry_write_trust(redis, e->role, e->id, e->trust)) &&
        redis_tell(redis, "HSETNX nb:{p:%s/%s}:principal enrolled %" PRId64, e->role, e->id, e->now) &&
        redis_tell(redis, "HDEL nb:{p:%s/%s}:principal revoked", e->role, e->id);
    return redis_commit(redis) && kept;
}

/* The change itself, with the locks held. */
static bool change(struct redis_sync *redis, const struct place_key *places, const struct enrolment *e,
    const struct enrolled *before, struct enrolled *out)
{
    out->verified = 0;
    bool joins = *out->household && strcmp(out->household, before->household) != 0;
    bool leaves = *before->household && strcmp(out->household, before->household) != 0;
    if (*out->household && !join_household(redis, places, e, joins, out))
        return false;
    if (before->existed && *before->place.leaf && strcmp(before->place.leaf, out->place.leaf) != 0) {
        snprintf(out->former, sizeof out->former, "%s", before->place.leaf);
        out->since = e->now;
    }
    if (leaves && !redis_tell(redis, "SREM nb:{h:%s}:members %s/%s", before->household, e->role, e->id))
        return false;
    if (before->revoked && !registry_begin_anew(redis, e->role, e->id))
        return false;
    return write_principal(redis, places, e, out) && (!leaves || registry_settle(redis, before->household)) &&
           registry_settle(redis, out->household) &&
           redis_tell(redis, "PUBLISH nb:principals %s/%s", e->role, e->id);
}

/* Takes the locks in the order of their names, so that two who need the same ones never wait for each other.
 */
static bool change_locked(struct redis_sync *redis, const struct place_key *places, const struct enrolment *e,
    const struct enrolled *before, struct enrolled *out)
{
    char note[2][SHARING_NOTE];
    int order = strcmp(before->household, out->household);
    const char *first = order < 0 ? before->household : out->household;
    const char *second = order < 0 ? out->household : order > 0 ? before->household : "";
    if (*first && !registry_hold(redis, first, note[0]))
        return false;
    bool second_held = *second && registry_hold(redis, second, note[1]);
    bool done = (!*second || second_held) && change(redis, places, e, before, out);
    bool let = !second_held || registry_let_go(redis, second, note[1], done);
    if (*first)
        let = registry_let_go(redis, first, note[0], done) && let;
    return done && let;
}

enum registry_result registry_enroll(
    struct redis_sync *redis, const struct place_key *places, const struct enrolment *e, struct enrolled *out)
{
    if (!registry_role_valid(e->role))
        return refuse(redis, "role: device, edge, user, agency, operator or node");
    if (!registry_id_valid(e->id))
        return refuse(redis, "id: 1 to 64 characters of A-Z a-z 0-9 . _ -");
    if (registry_read(redis, places, e->role, e->id, out) == REGISTRY_FAILED)
        return REGISTRY_FAILED;
    const char *rule = broken_rule(e, out);
    if (!rule && e->trust && !registry_check_trust(redis, e->role, e->id, e->trust, &rule))
        return REGISTRY_FAILED;
    if (rule)
        return refuse(redis, rule);
    struct enrolled before = *out;
    merge(e, out);
    return change_locked(redis, places, e, &before, out) ? REGISTRY_OK : REGISTRY_FAILED;
}
