/* JSON Web Key Sets (RFC 7517): the keys of Ed25519 and P-256 that are there to check signatures. What is for
 * another algorithm or use is passed over, as the standard says; what would be used and is wrong is refused.
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "bridge/base64url.h"
#include "bridge/token_inside.h"

static const char *member(const json_t *jwk, const char *name)
{
    const char *text = json_string_value(json_object_get(jwk, name));
    return text ? text : "";
}

/* Absent, or that text. */
static bool allows(const json_t *jwk, const char *name, const char *text)
{
    return !json_object_get(jwk, name) || strcmp(member(jwk, name), text) == 0;
}

static bool may_verify(const json_t *jwk)
{
    const json_t *operations = json_object_get(jwk, "key_ops"), *operation;
    size_t i;
    json_array_foreach(operations, i, operation)
    {
        const char *name = json_string_value(operation);
        if (name && strcmp(name, "verify") == 0)
            return true;
    }
    return !operations;
}

static bool part(const json_t *jwk, const char *name, uint8_t out[KEY_PART])
{
    size_t len;
    return base64url_decode(text_of(member(jwk, name)), out, KEY_PART, &len) && len == KEY_PART;
}

static EVP_PKEY *read_ed25519(const json_t *jwk)
{
    uint8_t x[KEY_PART];
    return part(jwk, "x", x) ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x, sizeof x) : NULL;
}

static EVP_PKEY *point_to_key(uint8_t *point, size_t len)
{
    char group[] = "prime256v1";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, len), OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    if (!context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

static EVP_PKEY *read_p256(const json_t *jwk)
{
    uint8_t point[1 + 2 * KEY_PART] = {4}; /* uncompressed */
    if (!part(jwk, "x", point + 1) || !part(jwk, "y", point + 1 + KEY_PART))
        return NULL;
    EVP_PKEY *key = point_to_key(point, sizeof point);
    EVP_PKEY_CTX *context = key ? EVP_PKEY_CTX_new(key, NULL) : NULL;
    bool good = context && EVP_PKEY_public_check(context) == 1; /* the point is on the curve */
    EVP_PKEY_CTX_free(context);
    if (good)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

static const char *add(struct key_list *list, const json_t *jwk)
{
    bool ed25519 = strcmp(member(jwk, "kty"), "OKP") == 0 && strcmp(member(jwk, "crv"), "Ed25519") == 0;
    bool p256 = strcmp(member(jwk, "kty"), "EC") == 0 && strcmp(member(jwk, "crv"), "P-256") == 0;
    struct token_key *added;
    if ((!ed25519 && !p256) || !allows(jwk, "use", "sig") || !may_verify(jwk) ||
        !allows(jwk, "alg", ed25519 ? "EdDSA" : "ES256"))
        return NULL;
    if (json_object_get(jwk, "d"))
        return "holds a private key: a key set has public ones alone";
    const char *id = member(jwk, "kid");
    if (strlen(id) > KEY_ID)
        return "holds a key whose kid is longer than 128 bytes";
    EVP_PKEY *key = ed25519 ? read_ed25519(jwk) : read_p256(jwk);
    if (!key)
        return "holds a key that cannot be read";
    const char *error = key_list_add(list, key, false, &added);
    if (!error && *id)
        strcpy(added->id, id);
    return error;
}

const char *key_list_add_set(struct key_list *list, const json_t *set)
{
    const json_t *keys = json_object_get(set, "keys"), *jwk;
    const char *error = json_is_array(keys) ? NULL : "holds no key set: an object with an array \"keys\"";
    size_t i;
    json_array_foreach(keys, i, jwk)
    {
        if (!error)
            error = add(list, jwk);
    }
    return error || list->count ? error : "holds no key of Ed25519 or P-256 that checks signatures";
}
