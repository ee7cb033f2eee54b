/* neighbors enroll and neighbors revoke: who may speak. Writes the registry and hands out the token. An exact
 * place never leaves this file: only its cell of precision 8 is stored, sealed. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "bridge/registry_agency.h"
#include "bridge/registry_instance.h"
#include "bridge/token.h"
#include "cli/agency_show.h"
#include "cli/authority.h"
#include "cli/reach.h"
#include "cli/trust.h"
#include "proto/message.h"

enum {
    HOUSEHOLD,
    AT,
    SHARE,
    VERIFIED,
    NAME,
    OFFICER,
    INSTANCE,
    JURISDICTION,
    CERTIFICATE,
    MUST_SIGN,
    SECOND_OFFICER,
    CAP_READING,
    DRILL,
    KIND,
    SINCE,
    DEVICES,
    TTL,
    LINK,
    CERTIFICATE_OUT
};
static const struct option_row options[] = {
    [HOUSEHOLD] = {"household", "H", "the household that it belongs to"},
    [AT] = {"at", "LAT,LON",
        "where it is; a cell of 38 m is stored, sealed, and told nobody; an agency's office is public"},
    [SHARE] = {"share", "KINDS", "what the neighborhood may see: all, none, or person,vehicle,... (none)"},
    [VERIFIED] = {"verified-since", "DATE", "since when the household is known to be real, or now"},
    [NAME] = {"name", "NAME", "an agency's public name"},
    [OFFICER] = {"officer", "NAME", "who acts for an agency with this token"},
    [INSTANCE] = {"instance", "NAME", "the only client id that may use the token: one phone of two"},
    [JURISDICTION] = {"jurisdiction", "FILE.geojson",
        "where an agency may alert, or: everywhere, nowhere (everywhere)"},
    [CERTIFICATE] = {"certificate", "FILE.pem", "what an agency's signed documents verify with, or: none"},
    [MUST_SIGN] = {"must-sign", "yes|no", "an agency's documents must be signed (no)"},
    [SECOND_OFFICER] = {"second-officer", "yes|no", "grave and large alerts wait for approval (yes)"},
    [CAP_READING] = {"cap-reading", "WORD",
        "how an agency's documents are read: tolerant, forgiving (tolerant)"},
    [DRILL] = {"drill", "yes|no", "an agency's first alert must be a test that comes back to it (yes)"},
    [KIND] = {"kind", "KIND", "what an agency is: police, fire, ... as the public is told"},
    [SINCE] = {"since", "DATE", "since when an agency is a partner (now)"},
    [DEVICES] = {"devices", "NAMES",
        "for which devices a node speaks: names with a comma between, each may end in *"},
    [TTL] = {"ttl", "SPAN", "how long the token and the certificate are good (365d)"},
    [LINK] = {"link", NULL, "print a link into the portal that signs in: as secret as the token"},
    [CERTIFICATE_OUT] = {"certificate-out", "BASE",
        "make a key and a certificate too: BASE.key and BASE.crt, in place of what is there"},
    {0},
};
enum { ONE_INSTANCE };
static const struct option_row revoke_options[] = {
    [ONE_INSTANCE] = {"instance", "NAME", "only this client of it: a lost phone"},
    {0},
};

enum { PATH_TEXT = COMMAND_FIELD + 32 };

/* "person,vehicle" as bits. */
static bool read_share(const struct invocation *invocation, const char *text, uint32_t *out)
{
    char list[200], *rest = list;
    *out = 0;
    snprintf(list, sizeof list, "%s", text);
    for (char *word; (word = strsep(&rest, ", ")) != NULL;) {
        int kind = cli_word(word, motion_kind_name);
        if (strcasecmp(word, "all") == 0) {
            for (int each = 1; motion_kind_name(each); each++)
                *out |= UINT32_C(1) << each;
        } else if (kind) {
            *out |= UINT32_C(1) << kind;
        } else if (*word && strcasecmp(word, "none") != 0) {
            cli_fail(invocation, EXIT_USAGE,
                "--share: \"%s\" is not motion, person, vehicle, animal, package, doorbell, sound, all or "
                "none",
                word);
            return false;
        }
    }
    return true;
}

static bool is_agency(const struct invocation *invocation)
{
    return strcmp(invocation->arguments[0], "agency") == 0;
}

static bool read_enrolment(
    const struct invocation *invocation, struct enrolment *out, char place[GEO_CELL_TEXT])
{
    struct geo_point point;
    const char *const *value = invocation->value;
    *out = (struct enrolment){.role = invocation->arguments[0],
        .id = invocation->arguments[1],
        .household = value[HOUSEHOLD],
        .name = value[NAME],
        .devices = value[DEVICES],
        .share_given = value[SHARE] != NULL,
        .now = cli_now()};
    if (value[AT] && !is_agency(invocation)) {
        if (!cli_point(invocation, "--at", value[AT], &point))
            return false;
        cli_fine(point, place);
        out->place = place;
    }
    if (value[SHARE] && !read_share(invocation, value[SHARE], &out->share))
        return false;
    return !value[VERIFIED] || cli_time(invocation, "--verified-since", value[VERIFIED], &out->verified);
}

/* ---- the token ---- */

static struct token_key *load_key(const struct invocation *invocation)
{
    char path[PATH_TEXT];
    const char *error = NULL;
    snprintf(path, sizeof path, "%.*s/token.key", COMMAND_FIELD - 1, invocation->common.keys);
    struct token_key *key = token_key_load(path, &error);
    if (!key)
        cli_fail(invocation, EXIT_REFUSED, "%s: %s; neighbors ca init makes one", path, error);
    return key;
}

static json_t *describe(
    const struct enrolment *e, const struct enrolled *known, const char *token, const char *link)
{
    return json_pack("{s:b, s:s, s:s, s:b, s:s, s:i, s:s, s:i, s:s, s:s*}", "ok", 1, "role", e->role, "id",
        e->id, "existed", known->existed, "household", known->household, "number", (int)known->number,
        "place", known->place.leaf, "share", (int)known->share, "token", token, "link", link);
}

/* What stands behind "#" a browser keeps to itself. Ids and tokens have no letter that it would read
 * otherwise. NULL: none is wanted. */
enum { LINK_TEXT = TOKEN_TEXT + ADDRESS_TEXT + 200 };
static char *link_of(
    const struct invocation *invocation, const struct enrolment *e, const char *token, char out[LINK_TEXT])
{
    if (!invocation->value[LINK])
        return NULL;
    snprintf(out, LINK_TEXT, "%s/#/sign-in?name=%s/%s&token=%s", invocation->addresses.portal.text, e->role,
        e->id, token);
    return out;
}

static enum exit_code hand_out_certificate(
    const struct invocation *invocation, const char *name, int64_t from, int64_t until)
{
    const char *base = invocation->value[CERTIFICATE_OUT];
    struct authority authority;
    enum exit_code code = authority_open(invocation, false, &authority);
    if (code == EXIT_DONE)
        code = authority_issue(invocation, &authority, name, from, until, base);
    authority_close(&authority);
    if (code == EXIT_DONE && !invocation->common.json)
        fprintf(stderr, "%s.key and %s.crt speak for %s\n", base, base, name);
    return code;
}

static enum exit_code hand_out(const struct invocation *invocation, const struct enrolment *e,
    const struct enrolled *known, const char *token)
{
    const char *file = invocation->common.token_file;
    char room[LINK_TEXT], *link = link_of(invocation, e, token, room);
    if (file && !cli_write_secret(file, token))
        return cli_fail(
            invocation, EXIT_REFUSED, "the token cannot be written to %.200s: %s", file, strerror(errno));
    if (invocation->common.json)
        cli_print_json(describe(e, known, token, link));
    else if (!file)
        puts(link ? link : token);
    else
        fprintf(stderr, "%s/%s is %s; its token is in %s\n", e->role, e->id,
            known->existed ? "enrolled again" : "enrolled", file);
    if (!invocation->common.json && file && link)
        puts(link);
    if (strcmp(e->role, "agency") == 0 && !known->existed && !invocation->value[JURISDICTION])
        fprintf(stderr,
            "neighbors: %s/%s may alert everywhere; --jurisdiction FILE.geojson says where alone\n", e->role,
            e->id);
    return EXIT_DONE;
}

static enum exit_code code_of(
    const struct invocation *invocation, enum registry_result result, const struct redis_sync *redis)
{
    if (result == REGISTRY_REFUSED)
        return cli_fail(invocation, EXIT_REFUSED, "%s", redis->error);
    return cli_fail(invocation, EXIT_UNREACHABLE, "%s", redis->error);
}

/* Who acts with the token is on the list; what the public is told is renewed. */
static enum registry_result list_agency(
    struct redis_sync *redis, const struct enrolment *e, const char *officer)
{
    enum registry_result result = officer ? registry_officer_add(redis, e->id, officer) : REGISTRY_OK;
    if (result == REGISTRY_REFUSED) /* there already */
        result = REGISTRY_OK;
    return result == REGISTRY_OK && !agency_show(redis, e->id, e->now) ? REGISTRY_FAILED : result;
}

static enum exit_code enroll(const struct invocation *invocation, const struct enrolment *e, int64_t ttl_s,
    const struct token_key *key)
{
    struct redis_sync redis;
    struct enrolled known;
    char subject[160], token[TOKEN_TEXT];
    enum registry_result result;
    struct place_key *places = cli_place_key(invocation);
    if (!places)
        return EXIT_REFUSED;
    if (!reach_redis(invocation, &redis)) {
        place_key_free(places);
        return EXIT_UNREACHABLE;
    }
    result = registry_enroll(&redis, places, e, &known);
    const char *instance = invocation->value[INSTANCE];
    if (result == REGISTRY_OK && instance)
        result = registry_enroll_instance(&redis, e->role, e->id, instance, &known.issue_at);
    if (result == REGISTRY_OK && is_agency(invocation))
        result = list_agency(&redis, e, invocation->value[OFFICER]);
    redis_sync_close(&redis);
    place_key_free(places);
    if (result != REGISTRY_OK)
        return code_of(invocation, result, &redis);
    snprintf(subject, sizeof subject, "%s/%s", e->role, e->id);
    const struct token_grant grant = {
        .subject = text_of(subject),
        .officer = text_of(invocation->value[OFFICER]),
        .instance = text_of(instance),
        .now_ms = known.issue_at,
        .ttl_s = ttl_s,
    };
    if (!token_sign(key, &grant, token))
        return cli_fail(
            invocation, EXIT_REFUSED, "token.key holds no private key, so no token can be signed");
    enum exit_code code = EXIT_DONE;
    if (invocation->value[CERTIFICATE_OUT])
        code =
            hand_out_certificate(invocation, subject, known.issue_at, known.issue_at + ttl_s * INT64_C(1000));
    return code == EXIT_DONE ? hand_out(invocation, e, &known, token) : code;
}

/* An officer's name is made as an id is. */
static bool officer_fits(const struct invocation *invocation)
{
    const char *officer = invocation->value[OFFICER];
    if (!officer || (strcmp(invocation->arguments[0], "agency") == 0 && registry_id_valid(officer)))
        return true;
    cli_fail(
        invocation, EXIT_USAGE, "--officer: who acts for an agency, 1 to 64 characters of A-Z a-z 0-9 . _ -");
    return false;
}

static enum exit_code enroll_trusted(const struct invocation *invocation, struct enrolment *e, int64_t ttl_s)
{
    struct arena arena;
    struct registry_trust trust;
    bool given;
    const char *const *value = invocation->value;
    const struct trust_words words = {value[JURISDICTION], value[CERTIFICATE], value[MUST_SIGN],
        value[SECOND_OFFICER], value[CAP_READING], value[DRILL], value[KIND],
        is_agency(invocation) ? value[AT] : NULL, value[SINCE]};
    struct token_key *key = load_key(invocation);
    if (!key)
        return EXIT_REFUSED;
    arena_init(&arena, NULL, 0);
    enum exit_code code = trust_read(invocation, &words, &arena, &trust, &given);
    e->trust = given ? &trust : NULL;
    if (code == EXIT_DONE)
        code = enroll(invocation, e, ttl_s, key);
    arena_free(&arena);
    token_key_free(key);
    return code;
}

static enum exit_code run_enroll(struct invocation *invocation)
{
    struct enrolment e;
    char place[GEO_CELL_TEXT];
    int64_t ttl_ms = INT64_C(365) * 86400 * 1000;
    if (invocation->argument_count != 2)
        return cli_fail(
            invocation, EXIT_USAGE, "say what is enrolled and its id, such as: enroll device porch-1");
    if (!read_enrolment(invocation, &e, place))
        return EXIT_USAGE;
    const char *ttl = invocation->value[TTL];
    if (ttl && (!cli_span(invocation, "--ttl", ttl, &ttl_ms) || ttl_ms < 1000))
        return EXIT_USAGE;
    if (!officer_fits(invocation))
        return EXIT_USAGE;
    if (invocation->value[INSTANCE] && !registry_id_valid(invocation->value[INSTANCE]))
        return cli_fail(invocation, EXIT_USAGE, "--instance: 1 to 64 characters of A-Z a-z 0-9 . _ -");
    if (invocation->value[INSTANCE] && invocation->value[CERTIFICATE_OUT])
        return cli_fail(
            invocation, EXIT_USAGE, "--certificate-out: a certificate is bound to no instance, a token is");
    if (invocation->value[LINK] && invocation->value[INSTANCE])
        return cli_fail(invocation, EXIT_USAGE,
            "--link: a browser has a client id of its own, so its token is bound to no --instance");
    if (invocation->value[LINK] && !*invocation->addresses.portal.text)
        return cli_fail(invocation, EXIT_REFUSED,
            "--link: no settings say where the portal is (public_url): --config names their file");
    return enroll_trusted(invocation, &e, ttl_ms / 1000);
}

/* ---- revoke ---- */

/* What was done, and what was not: whoever holds a token that is bound to nothing may come as another client.
 */
static void tell_revoked(
    const struct invocation *invocation, const char *name, const char *instance, bool bound)
{
    if (invocation->common.json && instance)
        cli_print_json(json_pack(
            "{s:b, s:s, s:s, s:b}", "ok", 1, "revoked", name, "instance", instance, "bound", bound));
    else if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s}", "ok", 1, "revoked", name));
    else
        printf("%s%s%s is revoked\n", name, instance ? " at " : "", instance ? instance : "");
    if (instance && !bound)
        fprintf(stderr,
            "neighbors: its token was not made with --instance, so whoever has it may come as another "
            "client; "
            "revoke %s voids it\n",
            name);
}

static bool is_of(void *arg, const struct issued *issued)
{
    return strcmp(issued->name, arg) == 0;
}

/* The registry's word ends them already. The list holds for whoever trusts the authority without asking it;
 * where the authority's key is not at hand there is none to write. */
static enum exit_code revoke_certificates(const struct invocation *invocation, const char *name)
{
    struct authority authority;
    int count;
    if (authority_open(invocation, true, &authority) != EXIT_DONE)
        return EXIT_DONE;
    char copy[160];
    snprintf(copy, sizeof copy, "%s", name);
    enum exit_code code = authority_revoke(invocation, &authority, is_of, copy, NULL, &count);
    authority_close(&authority);
    return code;
}

static enum exit_code run_revoke(struct invocation *invocation)
{
    struct redis_sync redis;
    char role[32];
    bool bound = true;
    const char *name = invocation->argument_count == 1 ? invocation->arguments[0] : "";
    const char *slash = strchr(name, '/'), *instance = invocation->value[ONE_INSTANCE];
    if (!slash || (size_t)(slash - name) >= sizeof role)
        return cli_fail(
            invocation, EXIT_USAGE, "say who is revoked as ROLE/ID, such as: revoke device/porch-1");
    snprintf(role, sizeof role, "%.*s", (int)(slash - name), name);
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    enum registry_result result =
        instance ? registry_revoke_instance(&redis, role, slash + 1, instance, cli_now(), &bound)
                 : registry_revoke(&redis, role, slash + 1, cli_now());
    redis_sync_close(&redis);
    if (result == REGISTRY_NOT_FOUND)
        return cli_fail(invocation, EXIT_REFUSED, "%.150s%s%.70s is not %s", name, instance ? " at " : "",
            instance ? instance : "", instance ? "known" : "enrolled");
    if (result != REGISTRY_OK)
        return code_of(invocation, result, &redis);
    tell_revoked(invocation, name, instance, bound);
    return instance ? EXIT_DONE : revoke_certificates(invocation, name);
}

const struct command command_enroll = {"enroll", "enroll somebody or something and hand out the token",
    "device|edge|user|agency|operator|node ID", options, run_enroll};
const struct command command_revoke = {"revoke",
    "revoke somebody: all tokens are void, connections and sessions end", "ROLE/ID", revoke_options,
    run_revoke};
