/* neighbors agency invite, request and join: an agency makes its own key, which never leaves it. The operator
 * gives a code to whom they know; the agency's request for a certificate bears it; who brings it back once
 * gets the certificate. */
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <string.h>

#include "bridge/registry_agency.h"
#include "bridge/secret_file.h"
#include "bridge/verification.h"
#include "cli/agency_show.h"
#include "cli/authority.h"
#include "cli/reach.h"
#include "cli/trust.h"

enum { SUBJECT_TEXT = 96, FILE_TEXT = COMMAND_FIELD + 16, INVITE_DAYS = 14 };
static const int64_t day_ms = INT64_C(86400) * 1000;

enum { NAME, KIND, AT, JURISDICTION, OFFICER };
static const struct option_row invite_options[] = {
    [NAME] = {"name", "NAME", "its public name"},
    [KIND] = {"kind", "KIND", "what it is: police, fire, ... (other)"},
    [AT] = {"at", "LAT,LON", "where its office is; public"},
    [JURISDICTION] = {"jurisdiction", "FILE.geojson",
        "where it may alert, or: everywhere, nowhere; must be said"},
    [OFFICER] = {"officer", "NAME", "who may act for it"},
    {0},
};
enum { CODE, OUT };
static const struct option_row request_options[] = {
    [CODE] = {"code", "CODE", "what the operator gave"},
    [OUT] = {"out", "BASE", "where to: BASE.key stays here, BASE.csr goes to the operator"},
    {0},
};
enum { JOIN_OUT };
static const struct option_row join_options[] = {
    [JOIN_OUT] = {"out", "BASE", "where to: BASE.crt goes to the agency"},
    {0},
};

/* Whose the code is; no household has such a name, for ids have no slash. */
static void code_owner(const char *id, char out[SUBJECT_TEXT])
{
    snprintf(out, SUBJECT_TEXT, "agency/%.64s", id);
}

static struct seal *open_seal(const struct invocation *invocation)
{
    char path[AUTHORITY_PATH];
    uint8_t secret[SECRET_BYTES];
    authority_path(invocation, "broker.secret", path);
    const char *rule = secret_file_read(path, secret);
    if (rule) {
        cli_fail(invocation, EXIT_REFUSED, "%s: %s", path, rule);
        return NULL;
    }
    struct seal *seal = seal_new(secret);
    explicit_bzero(secret, sizeof secret);
    return seal;
}

static enum exit_code ended(
    const struct invocation *invocation, enum registry_result result, const struct redis_sync *redis)
{
    return cli_fail(
        invocation, result == REGISTRY_REFUSED ? EXIT_REFUSED : EXIT_UNREACHABLE, "%s", redis->error);
}

/* ---- invite ---- */

/* Enrols it, who has no credential yet, and begins its code. */
static enum registry_result invite_all(struct redis_sync *redis, const struct seal *seal,
    const struct place_key *places, const struct enrolment *e, const char *officer,
    char code[VERIFICATION_CODE + 1])
{
    struct enrolled known;
    char owner[SUBJECT_TEXT];
    code_owner(e->id, owner);
    struct verification join = {.way = VERIFICATION_JOIN,
        .household = owner,
        .by = "operator",
        .now = e->now,
        .expires = e->now + INVITE_DAYS * day_ms};
    enum registry_result result = registry_enroll(redis, places, e, &known);
    if (result == REGISTRY_OK && officer)
        result = registry_officer_add(redis, e->id, officer);
    if (result == REGISTRY_REFUSED && officer) /* on the list already */
        result = REGISTRY_OK;
    return result == REGISTRY_OK ? verification_begin(redis, seal, &join, code) : result;
}

static enum exit_code invite(
    const struct invocation *invocation, const struct enrolment *e, const struct seal *seal)
{
    struct redis_sync redis;
    char code[VERIFICATION_CODE + 1];
    struct place_key *places = cli_place_key(invocation);
    if (!places)
        return EXIT_REFUSED;
    bool reached = reach_redis(invocation, &redis);
    enum registry_result result =
        reached ? invite_all(&redis, seal, places, e, invocation->value[OFFICER], code) : REGISTRY_FAILED;
    place_key_free(places);
    if (!reached)
        return EXIT_UNREACHABLE;
    redis_sync_close(&redis);
    if (result != REGISTRY_OK)
        return ended(invocation, result, &redis);
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "agency", e->id, "code", code));
    else
        printf(
            "%s\nGood once, for %d days. The agency runs: neighbors agency request %s --code %s --out %s\n",
            code, INVITE_DAYS, e->id, code, e->id);
    return EXIT_DONE;
}

static enum exit_code run_invite(struct invocation *invocation)
{
    const char *const *value = invocation->value;
    const struct trust_words words = {
        .jurisdiction = value[JURISDICTION], .kind = value[KIND], .office = value[AT]};
    struct registry_trust trust;
    struct arena arena;
    bool given;
    if (invocation->argument_count != 1 || !value[NAME] || !value[JURISDICTION])
        return cli_fail(invocation, EXIT_USAGE,
            "say its id, --name and --jurisdiction: agency invite fire-1 --name Fire --jurisdiction "
            "area.geojson");
    struct seal *seal = open_seal(invocation);
    if (!seal)
        return EXIT_REFUSED;
    arena_init(&arena, NULL, 0);
    enum exit_code code = trust_read(invocation, &words, &arena, &trust, &given);
    struct enrolment e = {.role = "agency",
        .id = invocation->arguments[0],
        .name = value[NAME],
        .trust = &trust,
        .now = cli_now()};
    if (code == EXIT_DONE)
        code = invite(invocation, &e, seal);
    arena_free(&arena);
    seal_free(seal);
    return code;
}

/* ---- request: the agency's side ---- */

static X509_REQ *new_request(EVP_PKEY *key, const char *subject, const char *code)
{
    X509_REQ *request = X509_REQ_new();
    if (request && X509_REQ_set_version(request, 0) == 1 && X509_REQ_set_pubkey(request, key) == 1 &&
        X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8,
            (const unsigned char *)subject, -1, -1, 0) == 1 &&
        X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword, MBSTRING_UTF8,
            (const unsigned char *)code, (int)strlen(code)) == 1 &&
        X509_REQ_sign(request, key, EVP_sha256()) > 0)
        return request;
    X509_REQ_free(request);
    return NULL;
}

/* Nothing is overwritten: a key that was used may be the only one. */
static bool write_request(const char *base, EVP_PKEY *key, X509_REQ *request)
{
    char path[FILE_TEXT];
    snprintf(path, sizeof path, "%.*s.key", COMMAND_FIELD, base);
    FILE *file = cli_create(path, 0600);
    bool written = file && PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (file && fclose(file) != 0)
        written = false;
    snprintf(path, sizeof path, "%.*s.csr", COMMAND_FIELD, base);
    file = written ? cli_create(path, 0600) : NULL;
    written = file && PEM_write_X509_REQ(file, request) == 1;
    return file && fclose(file) == 0 && written;
}

static enum exit_code run_request(struct invocation *invocation)
{
    char subject[SUBJECT_TEXT], code[VERIFICATION_CODE + 1];
    const char *id = invocation->argument_count == 1 ? invocation->arguments[0] : "";
    const char *base = invocation->value[OUT];
    if (!registry_id_valid(id) || !base || !verification_code_read(text_of(invocation->value[CODE]), code))
        return cli_fail(invocation, EXIT_USAGE,
            "say who, the code and where to: agency request fire-1 --code K7QF-2MPX --out fire-1");
    code_owner(id, subject);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509_REQ *request = key ? new_request(key, subject, code) : NULL;
    bool written = request && write_request(base, key, request);
    int error = errno;
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    if (!written)
        return cli_fail(
            invocation, EXIT_REFUSED, "%.200s.key and .csr cannot be written: %s", base, strerror(error));
    if (invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "agency", id, "request", base));
    else
        printf("%s.csr goes to the operator; %s.key stays here\n", base, base);
    return EXIT_DONE;
}

/* ---- join ---- */

/* Who asks, and the code that they bring. NULL, or what is wrong with the request. */
static const char *read_request(X509_REQ *request, char id[SUBJECT_TEXT], char code[VERIFICATION_CODE + 1])
{
    char subject[SUBJECT_TEXT] = "";
    EVP_PKEY *key = X509_REQ_get0_pubkey(request);
    int at = X509_REQ_get_attr_by_NID(request, NID_pkcs9_challengePassword, -1);
    ASN1_TYPE *value = at < 0 ? NULL : X509_ATTRIBUTE_get0_type(X509_REQ_get_attr(request, at), 0);
    if (!key || X509_REQ_verify(request, key) != 1)
        return "is not signed with its own key";
    if (X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request), NID_commonName, subject, SUBJECT_TEXT) <
            0 ||
        strncmp(subject, "agency/", 7) != 0 || !registry_id_valid(subject + 7))
        return "is not of agency/<id>";
    if (!value || (value->type != V_ASN1_UTF8STRING && value->type != V_ASN1_PRINTABLESTRING) ||
        !verification_code_read((struct text){(const char *)ASN1_STRING_get0_data(value->value.asn1_string),
                                    (size_t)ASN1_STRING_length(value->value.asn1_string)},
            code))
        return "bears no code";
    snprintf(id, SUBJECT_TEXT, "%s", subject + 7);
    return NULL;
}

/* What its documents verify with, and what is sealed to it, is the same certificate. */
static enum registry_result enroll_certificate(
    struct redis_sync *redis, const struct place_key *places, const char *id, X509 *certificate, int64_t now)
{
    struct enrolled known;
    char *text = NULL;
    BIO *memory = BIO_new(BIO_s_mem());
    if (!memory || PEM_write_bio_X509(memory, certificate) != 1)
        abort();
    long len = BIO_get_mem_data(memory, &text);
    struct registry_trust trust = {.certificate = {(const uint8_t *)text, (size_t)len}};
    enum registry_result result = registry_enroll(
        redis, places, &(struct enrolment){.role = "agency", .id = id, .trust = &trust, .now = now}, &known);
    BIO_free(memory);
    return result == REGISTRY_OK && !agency_show(redis, id, now) ? REGISTRY_FAILED : result;
}

/* Which request it is: by the key that it asks for. */
static void request_name(X509_REQ *request, char out[2 * SHA256_DIGEST_LENGTH + 1])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    unsigned char *key = NULL;
    int len = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request), &key);
    if (len <= 0 || EVP_Digest(key, (size_t)len, digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
    OPENSSL_free(key);
    for (size_t i = 0; i < sizeof digest; i++)
        sprintf(out + 2 * i, "%02x", digest[i]);
}

struct joining {
    const struct invocation *invocation;
    const struct authority *authority;
    const struct seal *seal;
    const struct place_key *places;
    X509_REQ *request;
};

/* The code is this request's from its claim on, and done when all else is: who dies in between joins again.
 */
static enum exit_code join_as(
    const struct joining *j, struct redis_sync *redis, const char *id, const char *code)
{
    char owner[SUBJECT_TEXT], request[2 * SHA256_DIGEST_LENGTH + 1];
    X509 *certificate = NULL;
    int64_t now = cli_now();
    code_owner(id, owner);
    request_name(j->request, request);
    enum registry_result result = verification_join(redis, j->seal, owner, text_of(code), request, now);
    if (result != REGISTRY_OK)
        return ended(j->invocation, result, redis);
    enum exit_code end = authority_sign(j->invocation, j->authority, X509_REQ_get0_pubkey(j->request), owner,
        now, now + 365 * day_ms, j->invocation->value[JOIN_OUT], &certificate);
    if (end != EXIT_DONE)
        return end;
    result = enroll_certificate(redis, j->places, id, certificate, now);
    X509_free(certificate);
    if (result == REGISTRY_OK)
        result = verification_joined(redis, j->seal, owner, text_of(code));
    return result == REGISTRY_OK ? EXIT_DONE : ended(j->invocation, result, redis);
}

static enum exit_code join(const struct joining *j, const char *path)
{
    const struct invocation *invocation = j->invocation;
    struct redis_sync redis;
    char id[SUBJECT_TEXT], code[VERIFICATION_CODE + 1];
    const char *why = read_request(j->request, id, code), *base = invocation->value[JOIN_OUT];
    if (why)
        return cli_fail(invocation, EXIT_REFUSED, "%.200s %s", path, why);
    if (!reach_redis(invocation, &redis))
        return EXIT_UNREACHABLE;
    enum exit_code end = join_as(j, &redis, id, code);
    redis_sync_close(&redis);
    if (end == EXIT_DONE && invocation->common.json)
        cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "agency", id, "certificate", base));
    else if (end == EXIT_DONE)
        printf("agency/%s has joined; %s.crt goes to it, and its first alert must be a test\n", id, base);
    return end;
}

static enum exit_code run_join(struct invocation *invocation)
{
    struct authority authority;
    const char *path = invocation->argument_count == 1 ? invocation->arguments[0] : NULL;
    if (!path || !invocation->value[JOIN_OUT])
        return cli_fail(
            invocation, EXIT_USAGE, "say the request and where to: agency join fire-1.csr --out fire-1");
    FILE *file = fopen(path, "re");
    X509_REQ *request = file ? PEM_read_X509_REQ(file, NULL, NULL, NULL) : NULL;
    if (file)
        fclose(file);
    if (!request)
        return cli_fail(invocation, EXIT_REFUSED, "%.200s holds no PEM certificate request", path);
    struct seal *seal = open_seal(invocation);
    struct place_key *places = seal ? cli_place_key(invocation) : NULL;
    enum exit_code code = places ? authority_open(invocation, false, &authority) : EXIT_REFUSED;
    if (places && code == EXIT_DONE) {
        code = join(&(struct joining){invocation, &authority, seal, places, request}, path);
        authority_close(&authority);
    }
    place_key_free(places);
    seal_free(seal);
    X509_REQ_free(request);
    return code;
}

const struct command command_agency_invite = {"agency invite",
    "invite an agency: what it is, and a code for its request", "AGENCY", invite_options, run_invite};
const struct command command_agency_request = {"agency request",
    "the agency's side: make a key of its own and the request for a certificate", "AGENCY", request_options,
    run_request};
const struct command command_agency_join = {"agency join",
    "take an invited agency's request and sign its certificate", "FILE.csr", join_options, run_join};
