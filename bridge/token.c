/* Tokens on OpenSSL and jansson. Strict on purpose: a key decides by which algorithm it is used and by whose
 * rules the claims are read, never the token; the signature is checked before a byte of the claims is read as
 * JSON; and each token has one text only. */
#include "bridge/token.h"

#include <openssl/ecdsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/base64url.h"
#include "bridge/token_inside.h"

enum { CLOCK_SKEW_S = 60, HEADER_MOST = 1024 };
#define LATEST_S INT64_C(253402300799)

/* ---- signatures: ES256 in tokens is both numbers as they are, in OpenSSL a structure of DER ---- */

static const EVP_MD *digest_of(const struct token_key *key)
{
    return key->algorithm == TOKEN_ES256 ? EVP_sha256() : NULL;
}

static bool numbers_of(const uint8_t *der, size_t len, uint8_t out[SIGNATURE])
{
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool done = parts && BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, SIGNATURE / 2) == SIGNATURE / 2 &&
                BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + SIGNATURE / 2, SIGNATURE / 2) == SIGNATURE / 2;
    ECDSA_SIG_free(parts);
    return done;
}

/* The length; 0: it cannot be. */
static size_t der_of(const uint8_t in[SIGNATURE], uint8_t out[2 * SIGNATURE])
{
    ECDSA_SIG *parts = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(in, SIGNATURE / 2, NULL), *s = BN_bin2bn(in + SIGNATURE / 2, SIGNATURE / 2, NULL);
    int len = 0;
    if (parts && r && s && ECDSA_SIG_set0(parts, r, s) == 1) {
        r = s = NULL;
        len = i2d_ECDSA_SIG(parts, &out);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(parts);
    return len > 0 ? (size_t)len : 0;
}

static bool sign(const struct token_key *key, struct text text, uint8_t out[SIGNATURE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t made[2 * SIGNATURE];
    size_t len = sizeof made;
    bool done = context && EVP_DigestSignInit(context, NULL, digest_of(key), NULL, key->key) == 1 &&
                EVP_DigestSign(context, made, &len, (const uint8_t *)text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    if (done && key->algorithm == TOKEN_ES256)
        return numbers_of(made, len, out);
    if (done)
        memcpy(out, made, SIGNATURE);
    return done;
}

static bool verify(const struct token_key *key, struct text text, const uint8_t signature[SIGNATURE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t der[2 * SIGNATURE];
    size_t len = key->algorithm == TOKEN_ES256 ? der_of(signature, der) : SIGNATURE;
    bool good = context && len > 0 &&
                EVP_DigestVerifyInit(context, NULL, digest_of(key), NULL, key->key) == 1 &&
                EVP_DigestVerify(context, key->algorithm == TOKEN_ES256 ? der : signature, len,
                    (const uint8_t *)text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

/* ---- making one ---- */

static bool grant_is_valid(const struct token_key *key, const struct token_grant *grant)
{
    int64_t issued = grant->now_ms / 1000;
    return key->private && token_subject_is_valid(grant->subject) &&
           token_name_is_plain(grant->officer, TOKEN_NAME) &&
           token_name_is_plain(grant->instance, TOKEN_NAME) && issued >= 0 && grant->ttl_s > 0 &&
           grant->ttl_s <= LATEST_S - issued;
}

static void put_name(char *json, size_t size, const char *name, struct text value)
{
    size_t len = strlen(json);
    if (value.len)
        snprintf(json + len, size - len, ",\"%s\":\"%.*s\"", name, (int)value.len, value.data);
}

bool token_sign(const struct token_key *key, const struct token_grant *grant, char out[TOKEN_TEXT])
{
    char header[128], claims[400];
    uint8_t signature[SIGNATURE];
    if (!grant_is_valid(key, grant))
        return false;
    snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"JWT\",\"kid\":\"%.64s\"}",
        token_algorithm_name(key->algorithm), key->id);
    snprintf(claims, sizeof claims, "{\"sub\":\"%.*s\"", (int)grant->subject.len, grant->subject.data);
    put_name(claims, sizeof claims, "officer", grant->officer);
    put_name(claims, sizeof claims, "instance", grant->instance);
    size_t used = strlen(claims);
    int64_t issued = grant->now_ms / 1000;
    snprintf(claims + used, sizeof claims - used, ",\"iat\":%lld,\"exp\":%lld}", (long long)issued,
        (long long)(issued + grant->ttl_s));
    size_t len = base64url_encode((struct bytes){(uint8_t *)header, strlen(header)}, out);
    out[len++] = '.';
    len += base64url_encode((struct bytes){(uint8_t *)claims, strlen(claims)}, out + len);
    if (!sign(key, (struct text){out, len}, signature))
        return false;
    out[len++] = '.';
    base64url_encode((struct bytes){signature, SIGNATURE}, out + len);
    return true;
}

/* ---- whose tokens count ---- */

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (!made)
        abort();
    return made;
}

/* Other rules make another key of it: what was admitted by the former ones is looked at anew. */
static void mark_keys(struct token_source *source)
{
    const char *const rules[] = {source->issuer, source->audience, source->claim, source->prefix};
    for (size_t i = 0; i < source->list.count; i++) {
        uint8_t text[2048], digest[SHA256_DIGEST_LENGTH];
        struct token_key *key = &source->list.keys[i];
        size_t len = sizeof key->mark;
        memcpy(text, &key->mark, sizeof key->mark);
        for (size_t k = 0; source->issuer && k < sizeof rules / sizeof *rules; k++) {
            size_t size = strnlen(rules[k], 400);
            text[len++] = (uint8_t)k;
            memcpy(text + len, rules[k], size);
            len += size;
        }
        SHA256(text, len, digest);
        memcpy(&key->mark, digest, sizeof key->mark);
        key->mark |= 1; /* 0 is no key */
    }
}

static bool load_source(
    struct token_source *source, const char *setting, const char *path, char error[TOKEN_ERROR])
{
    const char *why = key_list_read(&source->list, path);
    if (why)
        snprintf(error, TOKEN_ERROR, "%s: %.200s: %s", setting, path, why);
    mark_keys(source);
    return !why;
}

struct token_trust *token_trust_load(const struct token_sources *sources, char error[TOKEN_ERROR])
{
    struct token_trust *trust = calloc(1, sizeof *trust);
    if (!trust)
        abort();
    bool good = load_source(&trust->own, "token_public_key", sources->own_keys, error);
    if (good && sources->provider_keys && *sources->provider_keys) {
        trust->provider.issuer = copy(sources->issuer);
        trust->provider.audience = copy(sources->audience);
        trust->provider.claim = copy(sources->claim);
        trust->provider.prefix = copy(sources->prefix);
        good = load_source(&trust->provider, "openid_keys", sources->provider_keys, error);
    }
    if (good)
        return trust;
    token_trust_free(trust);
    return NULL;
}

void token_trust_free(struct token_trust *trust)
{
    if (!trust)
        return;
    key_list_clear(&trust->own.list);
    key_list_clear(&trust->provider.list);
    free(trust->provider.issuer);
    free(trust->provider.audience);
    free(trust->provider.claim);
    free(trust->provider.prefix);
    free(trust);
}

bool token_trust_has(const struct token_trust *trust, uint64_t key)
{
    const struct token_source *const sources[] = {&trust->own, &trust->provider};
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sources[s]->list.count; i++)
            if (sources[s]->list.keys[i].mark == key)
                return true;
    return false;
}

/* ---- checking ---- */

struct parts {
    struct text header, claims, signature, signed_text;
};

static bool split(struct bytes token, struct parts *out)
{
    const char *begin = (const char *)token.data;
    const char *first = memchr(begin, '.', token.len);
    const char *second = first ? memchr(first + 1, '.', token.len - (size_t)(first + 1 - begin)) : NULL;
    if (!second)
        return false;
    out->header = (struct text){begin, (size_t)(first - begin)};
    out->claims = (struct text){first + 1, (size_t)(second - first - 1)};
    out->signed_text = (struct text){begin, (size_t)(second - begin)};
    out->signature = (struct text){second + 1, token.len - (size_t)(second + 1 - begin)};
    return true;
}

static json_t *object_of(struct text part)
{
    uint8_t json[TOKEN_MOST];
    size_t len;
    if (!base64url_decode(part, json, sizeof json, &len))
        return NULL;
    json_t *value = json_loadb((const char *)json, len, JSON_REJECT_DUPLICATES, NULL);
    if (value && !json_is_object(value)) {
        json_decref(value);
        value = NULL;
    }
    return value;
}

struct header {
    enum token_algorithm algorithm;
    char id[KEY_ID + 1]; /* "": it names no key */
};

static const char *take_header(const json_t *json, struct header *out)
{
    const char *algorithm = json_string_value(json_object_get(json, "alg"));
    const json_t *type = json_object_get(json, "typ"), *id = json_object_get(json, "kid");
    if (json_object_get(json, "crit"))
        return "the token demands an extension (crit)";
    if (json_object_get(json, "jwk") || json_object_get(json, "jku") || json_object_get(json, "x5c") ||
        json_object_get(json, "x5u"))
        return "the token brings its own key";
    if (!algorithm || (strcmp(algorithm, "EdDSA") != 0 && strcmp(algorithm, "ES256") != 0))
        return "the token's algorithm is neither EdDSA nor ES256";
    if (type && (!json_is_string(type) || (strcmp(json_string_value(type), "JWT") != 0 &&
                                              strcmp(json_string_value(type), "at+jwt") != 0)))
        return "the type of the token is not JWT";
    if (id && (!json_is_string(id) || json_string_length(id) > KEY_ID || json_string_length(id) == 0))
        return "kid of the token is no name of a key";
    out->algorithm = strcmp(algorithm, "ES256") == 0 ? TOKEN_ES256 : TOKEN_EDDSA;
    snprintf(out->id, sizeof out->id, "%s", id ? json_string_value(id) : "");
    return NULL;
}

static const char *read_header(struct text part, struct header *out)
{
    if (part.len > HEADER_MOST)
        return "the header of the token is too long";
    json_t *json = object_of(part);
    const char *error = json ? take_header(json, out) : "the header of the token cannot be read";
    json_decref(json);
    return error;
}

/* A token that names no key is held against all of ours, and against a provider's when it has only one. */
static bool may_be_by(
    const struct token_source *source, const struct token_key *key, const struct header *header)
{
    if (key->algorithm != header->algorithm)
        return false;
    return header->id[0] ? strcmp(key->id, header->id) == 0 : !source->issuer || source->list.count == 1;
}

/* Finds the key that made the signature. */
static const char *find_key(const struct token_trust *trust, const struct parts *parts,
    const struct header *header, const struct token_source **source, const struct token_key **key)
{
    const struct token_source *const sources[] = {&trust->own, &trust->provider};
    uint8_t signature[SIGNATURE];
    size_t len;
    bool tried = false;
    if (!base64url_decode(parts->signature, signature, sizeof signature, &len) || len != SIGNATURE)
        return "the signature of the token is not 64 bytes";
    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < sources[s]->list.count; i++) {
            *source = sources[s];
            *key = &sources[s]->list.keys[i];
            if (!may_be_by(*source, *key, header))
                continue;
            tried = true;
            if (verify(*key, parts->signed_text, signature))
                return NULL;
        }
    return tried ? "the signature of the token is not by its key" : "no key here is the token's";
}

static const char *read_claims(struct text part, const struct token_source *source, struct token_claims *out)
{
    json_t *claims = object_of(part);
    const char *error = claims ? claims_read(source, claims, out) : "the claims of the token cannot be read";
    json_decref(claims);
    return error;
}

static const char *time_error(const struct token_claims *claims, int64_t now_ms)
{
    if (claims->issued_at > now_ms + CLOCK_SKEW_S * 1000)
        return "the token is from the future";
    if (claims->not_before > now_ms + CLOCK_SKEW_S * 1000)
        return "the token is not valid yet";
    return claims->expires_at <= now_ms ? "the token has expired" : NULL;
}

static const char *check(
    const struct token_trust *trust, struct bytes token, int64_t now_ms, struct token_claims *out)
{
    struct parts parts;
    struct header header;
    const struct token_source *source;
    const struct token_key *key;
    if (token.len > TOKEN_MOST)
        return "the token is too long";
    if (token.len == 0 || !split(token, &parts))
        return "not a token";
    const char *error = read_header(parts.header, &header);
    if (!error)
        error = find_key(trust, &parts, &header, &source, &key);
    if (!error)
        error = read_claims(parts.claims, source, out);
    if (error)
        return error;
    out->key = key->mark;
    return time_error(out, now_ms);
}

bool token_check(const struct token_trust *trust, struct bytes token, int64_t now_ms,
    struct token_claims *out, const char **error)
{
    *out = (struct token_claims){0};
    *error = check(trust, token, now_ms, out);
    return *error == NULL;
}
