/* neighbors household invite: enrols a household, with an edge, a resident and devices that the edge may
 * name, and gives out a code. Whoever lives there gives the code to `neighbors-edge setup`, which takes the
 * tokens with it. */
#include <string.h>
#include <time.h>

#include "bridge/invitation.h"
#include "bridge/secret_file.h"
#include "bridge/token.h"
#include "cli/authority.h"
#include "cli/reach.h"

enum { AT, USER, DEVICES, DAYS, VERIFIED, TTL };
static const struct option_row options[] = {
    [AT] = {"at", "LAT,LON", "where it lives; a cell of 38 m is stored, sealed, and told nobody"},
    [USER] = {"user", "ID", "the resident who decides for it (the household's name)"},
    [DEVICES] = {"devices", "N", "so many cameras and sensors it may share: HOUSEHOLD-1 to HOUSEHOLD-N (8)"},
    [DAYS] = {"days", "N", "how long the code is good (7)"},
    [VERIFIED] = {"verified-since", "DATE", "since when the household is known to be real, or now"},
    [TTL] = {"ttl", "SPAN", "how long its tokens are good (365d)"},
    {0},
};

enum { DEVICES_MOST = 64, PATH_TEXT = COMMAND_FIELD + 32, CERTIFICATE_MOST = 8192, NAME_TEXT = 160 };
static const int64_t day_ms = INT64_C(86400) * 1000;

/* What an invitation is made with, and of. */
struct inviting {
    const char *household, *user;
    char place[GEO_CELL_TEXT], leaf[GEO_CELL_TEXT];
    int64_t devices, now, expires, verified, ttl_ms;
    struct redis_sync redis;
    struct place_key *places;
    struct seal *seal;
    struct token_key *key;
};

static bool read_number(
    const struct invocation *invocation, int option, const char *name, int64_t most, int64_t *out)
{
    const char *text = invocation->value[option];
    return !text || cli_number(invocation, name, text, 1, most, out);
}

static bool read_words(const struct invocation *invocation, struct inviting *inviting)
{
    struct geo_point point;
    int64_t days = 7;
    const char *const *value = invocation->value;
    *inviting = (struct inviting){.household = invocation->arguments[0],
        .user = value[USER] ? value[USER] : invocation->arguments[0],
        .devices = 8,
        .now = cli_now(),
        .ttl_ms = 365 * day_ms};
    if (!cli_point(invocation, "--at", value[AT], &point) ||
        !read_number(invocation, DEVICES, "--devices", DEVICES_MOST, &inviting->devices) ||
        !read_number(invocation, DAYS, "--days", 365, &days) ||
        (value[VERIFIED] &&
            !cli_time(invocation, "--verified-since", value[VERIFIED], &inviting->verified)) ||
        (value[TTL] && !cli_span(invocation, "--ttl", value[TTL], &inviting->ttl_ms)))
        return false;
    cli_fine(point, inviting->place);
    cli_leaf(point, inviting->leaf);
    inviting->expires = inviting->now + days * day_ms;
    return true;
}

/* ---- enrolling ---- */

static enum registry_result enroll(
    struct inviting *inviting, const char *role, const char *id, struct enrolled *known)
{
    const struct enrolment e = {.role = role,
        .id = id,
        .household = inviting->household,
        .place = inviting->place,
        .verified = inviting->verified,
        .now = inviting->now};
    return registry_enroll(&inviting->redis, inviting->places, &e, known);
}

/* {"name", "token"} of one who speaks for the household; NULL: *result says why not. */
static json_t *enroll_speaker(
    struct inviting *inviting, const char *role, const char *id, enum registry_result *result)
{
    struct enrolled known;
    char name[NAME_TEXT], token[TOKEN_TEXT];
    *result = enroll(inviting, role, id, &known);
    if (*result != REGISTRY_OK)
        return NULL;
    snprintf(name, sizeof name, "%s/%s", role, id);
    const struct token_grant grant = {
        .subject = text_of(name), .now_ms = known.issue_at, .ttl_s = inviting->ttl_ms / 1000};
    if (token_sign(inviting->key, &grant, token))
        return json_pack("{s:s, s:s}", "name", name, "token", token);
    snprintf(inviting->redis.error, sizeof inviting->redis.error, "token.key holds no private key");
    *result = REGISTRY_REFUSED;
    return NULL;
}

static enum registry_result enroll_devices(struct inviting *inviting, json_t *list)
{
    enum registry_result result = REGISTRY_OK;
    for (int64_t i = 1; i <= inviting->devices && result == REGISTRY_OK; i++) {
        struct enrolled known;
        char id[NAME_TEXT];
        snprintf(id, sizeof id, "%s-%d", inviting->household, (int)i);
        result = enroll(inviting, "device", id, &known);
        json_array_append_new(list, json_string(id));
    }
    return result;
}

/* The authority whose certificate the broker shows, when it is our own; "" when it is not. */
static struct text own_authority(const struct invocation *invocation, struct arena *arena)
{
    char path[AUTHORITY_PATH];
    struct bytes read;
    authority_path(invocation, "ca.crt", path);
    return cli_read_file(path, CERTIFICATE_MOST, arena, &read)
               ? (struct text){(const char *)read.data, read.len}
               : TEXT("");
}

/* All that the household is given; NULL: *result says why not. */
static json_t *gather(struct inviting *inviting, struct text authority, enum registry_result *result)
{
    json_t *devices = json_array(), *user = NULL,
           *edge = enroll_speaker(inviting, "edge", inviting->household, result);
    if (edge)
        user = enroll_speaker(inviting, "user", inviting->user, result);
    if (user)
        *result = enroll_devices(inviting, devices);
    if (*result == REGISTRY_OK)
        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s%}", "household", inviting->household, "cell",
            inviting->leaf, "edge", edge, "user", user, "devices", devices, "authority", authority.data,
            authority.len);
    json_decref(edge);
    json_decref(user);
    json_decref(devices);
    return NULL;
}

/* ---- the code ---- */

static void tell(const struct invocation *invocation, const struct inviting *inviting, const char *code)
{
    char date[32] = "", pin[AUTHORITY_PIN];
    time_t seconds = (time_t)(inviting->expires / 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &parts);
    authority_pin(invocation, pin);
    if (invocation->common.json) {
        cli_print_json(json_pack("{s:b, s:s, s:s, s:s, s:s, s:I}", "ok", 1, "household", inviting->household,
            "user", inviting->user, "code", code, "pin", pin, "expires", (json_int_t)inviting->expires));
        return;
    }
    const char *portal = invocation->addresses.portal.text;
    printf("%s\nGood once, until %s. In the home: neighbors-edge setup --broker %s --code %s%s%s\n", code,
        date, *portal ? portal : "https://HOST:PORT", code, *pin ? " --pin " : "", pin);
}

static enum registry_result invite(const struct invocation *invocation, struct inviting *inviting)
{
    struct arena arena;
    char code[VERIFICATION_CODE + 1];
    enum registry_result result;
    arena_init(&arena, NULL, 0);
    json_t *given = gather(inviting, own_authority(invocation, &arena), &result);
    char *text = given ? json_dumps(given, JSON_COMPACT) : NULL;
    if (text)
        result = invitation_begin(&inviting->redis, inviting->seal, inviting->places,
            (struct bytes){(const uint8_t *)text, strlen(text)}, inviting->expires, code);
    if (result == REGISTRY_OK)
        tell(invocation, inviting, code);
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
    json_decref(given);
    arena_free(&arena);
    return result;
}

/* ---- what it needs ---- */

static bool open_keys(const struct invocation *invocation, struct inviting *inviting)
{
    char path[PATH_TEXT];
    uint8_t secret[SECRET_BYTES];
    const char *error = NULL;
    snprintf(path, sizeof path, "%.*s/token.key", COMMAND_FIELD - 1, invocation->common.keys);
    inviting->key = token_key_load(path, &error);
    if (!inviting->key) {
        cli_fail(invocation, EXIT_REFUSED, "%s: %s; neighbors ca init makes one", path, error);
        return false;
    }
    inviting->places = cli_place_key(invocation);
    snprintf(path, sizeof path, "%.*s/broker.secret", COMMAND_FIELD - 1, invocation->common.keys);
    if (!inviting->places || secret_file_read(path, secret))
        return false;
    inviting->seal = seal_new(secret);
    explicit_bzero(secret, sizeof secret);
    return true;
}

static void close_keys(struct inviting *inviting)
{
    seal_free(inviting->seal);
    place_key_free(inviting->places);
    token_key_free(inviting->key);
}

static enum exit_code invite_with_keys(const struct invocation *invocation, struct inviting *inviting)
{
    if (!reach_redis(invocation, &inviting->redis))
        return EXIT_UNREACHABLE;
    enum registry_result result = invite(invocation, inviting);
    redis_sync_close(&inviting->redis);
    if (result == REGISTRY_OK)
        return EXIT_DONE;
    return cli_fail(invocation, result == REGISTRY_REFUSED ? EXIT_REFUSED : EXIT_UNREACHABLE, "%s",
        inviting->redis.error);
}

static enum exit_code run(struct invocation *invocation)
{
    struct inviting inviting;
    if (invocation->argument_count != 1 || !invocation->value[AT])
        return cli_fail(
            invocation, EXIT_USAGE, "say which household and where: household invite home-7 --at LAT,LON");
    if (!read_words(invocation, &inviting))
        return EXIT_USAGE;
    enum exit_code code =
        open_keys(invocation, &inviting) ? invite_with_keys(invocation, &inviting) : EXIT_REFUSED;
    close_keys(&inviting);
    return code;
}

const struct command command_household_invite = {"household invite",
    "enrol a household and give out the code that its edge is set up with", "HOUSEHOLD", options, run};
