/* Tokens on OpenSSL (Ed25519) and jansson. Strict on purpose: the signature is checked before a byte is read
 * as JSON, one algorithm is known, unknown header members and claims are refused, and each token has one text
 * only. */
#include "bridge/token.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/base64url.h"

enum { SIGNATURE = 64, CLOCK_SKEW_S = 60 };
/* Seconds beyond the year 9999 are nobody's time. */
#define LATEST_S INT64_C(253402300799)

struct token_key {
    EVP_PKEY *key;
    bool private;
};

/* {"alg":"EdDSA","typ":"JWT"} */
static const char header_text[] = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9";

/* ---- keys ---- */

static struct token_key *read_key(FILE *file, const char **error)
{
    struct token_key key = {.private = true};
    key.key = PEM_read_PrivateKey(file, NULL, NULL, (void *)(uintptr_t) "");
    if (!key.key) {
        rewind(file);
        key.private = false;
        key.key = PEM_read_PUBKEY(file, NULL, NULL, NULL);
    }
    if (!key.key) {
        *error = "the key file holds no PEM key";
        return NULL;
    }
    if (EVP_PKEY_get_base_id(key.key) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(key.key);
        *error = "the key is not an Ed25519 key";
        return NULL;
    }
    struct token_key *copy = malloc(sizeof *copy);
    if (!copy)
        abort();
    *copy = key;
    return copy;
}

struct token_key *token_key_load(const char *path, const char **error)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        *error = errno == ENOENT ? "the key file does not exist" : "the key file cannot be read";
        return NULL;
    }
    struct token_key *key = read_key(file, error);
    fclose(file);
    return key;
}

void token_key_free(struct token_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

static FILE *create(const char *path, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

static bool write_key(EVP_PKEY *key, const char *path, bool private, const char **error)
{
    FILE *file = create(path, private ? 0600 : 0644);
    if (!file) {
        *error = errno == EEXIST ? "the key file exists already" : "the key file cannot be made";
        return false;
    }
    int written = private ? PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
                          : PEM_write_PUBKEY(file, key);
    bool closed = fclose(file) == 0;
    if (written != 1 || !closed)
        *error = "the key file cannot be written";
    return written == 1 && closed;
}

bool token_key_make(const char *private_path, const char *public_path, const char **error)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!key) {
        *error = "the key cannot be made";
        return false;
    }
    bool done = write_key(key, private_path, true, error) && write_key(key, public_path, false, error);
    EVP_PKEY_free(key);
    return done;
}

/* ---- signing ---- */

/* Names are written into JSON as they are. */
static bool is_plain(struct text name, size_t most)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return name.len <= most;
}

static bool subject_is_valid(struct text subject)
{
    const char *slash = subject.len ? memchr(subject.data, '/', subject.len) : NULL;
    if (!slash)
        return false;
    struct text role = {subject.data, (size_t)(slash - subject.data)};
    struct text id = {slash + 1, subject.len - role.len - 1};
    return role.len > 0 && id.len > 0 && is_plain(role, 16) && is_plain(id, 64);
}

static bool sign(const struct token_key *key, struct bytes data, uint8_t signature[SIGNATURE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = SIGNATURE;
    bool done = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) == 1 &&
                EVP_DigestSign(context, signature, &len, data.data, data.len) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

bool token_sign(const struct token_key *key, struct text subject, struct text officer, int64_t now_ms,
    int64_t ttl_s, char out[TOKEN_TEXT])
{
    int64_t issued = now_ms / 1000;
    if (!key->private || !subject_is_valid(subject) || !is_plain(officer, TOKEN_OFFICER) || issued < 0 ||
        ttl_s <= 0 || ttl_s > LATEST_S - issued)
        return false;
    char claims[280], acts[TOKEN_OFFICER + 16] = "";
    if (officer.len)
        snprintf(acts, sizeof acts, ",\"officer\":\"%.*s\"", (int)officer.len, officer.data);
    int claims_len = snprintf(claims, sizeof claims, "{\"sub\":\"%.*s\"%s,\"iat\":%lld,\"exp\":%lld}",
        (int)subject.len, subject.data, acts, (long long)issued, (long long)(issued + ttl_s));
    size_t len = (size_t)sprintf(out, "%s.", header_text);
    len += base64url_encode((struct bytes){(uint8_t *)claims, (size_t)claims_len}, out + len);
    uint8_t signature[SIGNATURE];
    if (!sign(key, (struct bytes){(uint8_t *)out, len}, signature))
        return false;
    out[len++] = '.';
    base64url_encode((struct bytes){signature, SIGNATURE}, out + len);
    return true;
}

/* ---- checking ---- */

struct parts {
    struct text header, claims, signature, signed_text;
};

static bool split(struct bytes token, struct parts *out)
{
    const char *begin = (const char *)token.data;
    if (token.len == 0 || token.len >= TOKEN_TEXT)
        return false;
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

static bool signature_is_good(const struct token_key *key, const struct parts *parts)
{
    uint8_t signature[SIGNATURE];
    size_t len;
    if (!base64url_decode(parts->signature, signature, sizeof signature, &len) || len != SIGNATURE)
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->key) == 1 &&
                EVP_DigestVerify(context, signature, SIGNATURE, (const uint8_t *)parts->signed_text.data,
                    parts->signed_text.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static json_t *object_of(struct text part)
{
    uint8_t json[TOKEN_TEXT];
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

static bool header_is_good(struct text part)
{
    const char *algorithm = NULL, *type = "JWT";
    json_t *header = object_of(part);
    bool good =
        header &&
        json_unpack_ex(header, NULL, JSON_STRICT, "{s:s, s?s}", "alg", &algorithm, "typ", &type) == 0 &&
        strcmp(algorithm, "EdDSA") == 0 && strcmp(type, "JWT") == 0;
    json_decref(header);
    return good;
}

static bool read_claims(struct text part, struct token_claims *out)
{
    const char *subject = NULL, *officer = "";
    json_int_t issued = 0, expires = 0;
    json_t *claims = object_of(part);
    bool good = claims && json_unpack_ex(claims, NULL, JSON_STRICT, "{s:s, s?s, s:I, s:I}", "sub", &subject,
                              "officer", &officer, "iat", &issued, "exp", &expires) == 0;
    good = good && subject_is_valid(text_of(subject)) && is_plain(text_of(officer), TOKEN_OFFICER) &&
           issued >= 0 && issued < expires && expires <= LATEST_S;
    if (good) {
        snprintf(out->subject, sizeof out->subject, "%s", subject);
        snprintf(out->officer, sizeof out->officer, "%s", officer);
        out->issued_at = issued * 1000;
        out->expires_at = expires * 1000;
    }
    json_decref(claims);
    return good;
}

static const char *time_error(const struct token_claims *claims, int64_t now_ms)
{
    if (claims->issued_at > now_ms + CLOCK_SKEW_S * 1000)
        return "the token is from the future";
    if (claims->expires_at + CLOCK_SKEW_S * 1000 <= now_ms)
        return "the token has expired";
    return NULL;
}

bool token_check(const struct token_key *key, struct bytes token, int64_t now_ms, struct token_claims *out,
    const char **error)
{
    struct parts parts;
    if (!split(token, &parts))
        *error = "not a token";
    else if (!signature_is_good(key, &parts))
        *error = "the signature of the token is not ours";
    else if (!header_is_good(parts.header))
        *error = "the header of the token is not {\"alg\":\"EdDSA\",\"typ\":\"JWT\"}";
    else if (!read_claims(parts.claims, out))
        *error = "the claims of the token are not sub, iat and exp";
    else
        *error = time_error(out, now_ms);
    return *error == NULL;
}
