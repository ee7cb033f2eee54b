/* The token is a JSON Web Token by ES256 (RFC 7519, RFC 7518): both numbers of the signature as they are,
 * where OpenSSL has a structure of DER. */
#include "bridge/push/push_key.h"

#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "bridge/base64url.h"
#include "bridge/private_key.h"
#include "bridge/push/push_seal.h"

enum { NUMBER = 32, SIGNATURE = 2 * NUMBER, CLAIMS = 400, DER = 80 };

struct push_key {
    EVP_PKEY *key;
    uint8_t public_key[PUSH_PUBLIC_KEY];
};

static void must(bool done)
{
    if (!done)
        abort();
}

struct push_key *push_key_load(const char *path, const char **error)
{
    struct push_key *key = calloc(1, sizeof *key);
    must(key != NULL);
    key->key = private_key_read(path, error);
    if (!*error && !(key->key && push_seal_public(key->key, key->public_key)))
        *error = "the key file holds no private key of P-256 in PEM";
    if (!*error)
        return key;
    push_key_free(key);
    return NULL;
}

void push_key_free(struct push_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

struct bytes push_key_public(const struct push_key *key)
{
    return (struct bytes){key->public_key, PUSH_PUBLIC_KEY};
}

static bool sign(const struct push_key *key, const char *text, size_t len, uint8_t out[SIGNATURE])
{
    uint8_t der[DER];
    const uint8_t *at = der;
    size_t der_len = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->key) == 1 &&
         EVP_DigestSign(context, der, &der_len, (const uint8_t *)text, len) == 1);
    EVP_MD_CTX_free(context);
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    must(parts != NULL);
    bool done = BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, NUMBER) == NUMBER &&
                BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + NUMBER, NUMBER) == NUMBER;
    ECDSA_SIG_free(parts);
    return done;
}

/* What the token claims (RFC 8292, section 2), base64url; 0: too long. */
static size_t write_claims(const char *origin, const char *contact, int64_t now_s, char *out)
{
    char text[CLAIMS];
    json_t *claims = json_pack(
        "{s:s, s:I, s:s}", "aud", origin, "exp", (json_int_t)(now_s + PUSH_TOKEN_S), "sub", contact);
    size_t len = claims ? json_dumpb(claims, text, sizeof text, JSON_COMPACT) : 0;
    json_decref(claims);
    return len && len <= sizeof text ? base64url_encode((struct bytes){(const uint8_t *)text, len}, out) : 0;
}

bool push_key_authorization(const struct push_key *key, const char *origin, const char *contact,
    int64_t now_s, char out[PUSH_AUTHORIZATION])
{
    static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"ES256\"}";
    char token[BASE64URL_TEXT(sizeof header) + BASE64URL_TEXT(CLAIMS) + BASE64URL_TEXT(SIGNATURE) + 16];
    char public_key[BASE64URL_TEXT(PUSH_PUBLIC_KEY) + 4];
    uint8_t signature[SIGNATURE];
    size_t at = base64url_encode((struct bytes){(const uint8_t *)header, sizeof header - 1}, token);
    token[at++] = '.';
    size_t claims = write_claims(origin, contact, now_s, token + at);
    if (!claims || !sign(key, token, at + claims, signature))
        return false;
    at += claims;
    token[at++] = '.';
    base64url_encode((struct bytes){signature, sizeof signature}, token + at);
    base64url_encode(push_key_public(key), public_key);
    int len = snprintf(out, PUSH_AUTHORIZATION, "vapid t=%s, k=%s", token, public_key);
    return len > 0 && len < PUSH_AUTHORIZATION;
}
