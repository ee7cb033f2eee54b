/* The stage of the tests of tokens (token_case.h). */
#include "tests/unit/token_case.h"

#include <dirent.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>

#include "bridge/base64url.h"

enum { PART = 32 };

int token_case_begin(void **state)
{
    struct token_case *t = calloc(1, sizeof *t);
    const char *error = "";
    char why[TOKEN_ERROR];
    strcpy(t->folder, P_tmpdir "/neighbors-token-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    snprintf(t->private_path, sizeof t->private_path, "%s/token.key", t->folder);
    snprintf(t->public_path, sizeof t->public_path, "%s/token.pub", t->folder);
    assert_true(token_key_make(TOKEN_EDDSA, t->private_path, t->public_path, &error));
    t->sign = token_key_load(t->private_path, &error);
    t->trust = token_case_trust(t->public_path, "", why);
    assert_non_null(t->sign);
    assert_non_null(t->trust);
    *state = t;
    return 0;
}

int token_case_end(void **state)
{
    struct token_case *t = *state;
    char path[400];
    DIR *folder = opendir(t->folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", t->folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(folder);
    rmdir(t->folder);
    token_key_free(t->sign);
    token_trust_free(t->trust);
    free(t);
    return 0;
}

const char *token_case_file(struct token_case *t, const char *name, const char *content)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", t->folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
    return path;
}

struct token_trust *token_case_trust(const char *own, const char *provider, char error[TOKEN_ERROR])
{
    const struct token_sources sources = {.own_keys = own,
        .provider_keys = provider,
        .issuer = ISSUER,
        .audience = AUDIENCE,
        .claim = "email",
        .prefix = "oidc-"};
    error[0] = '\0';
    return token_trust_load(&sources, error);
}

EVP_PKEY *token_case_key(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    assert_non_null(key);
    return key;
}

static size_t sign(EVP_PKEY *key, const char *text, size_t len, uint8_t out[256])
{
    bool ecdsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
    size_t made = 256;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, ecdsa ? EVP_sha256() : NULL, NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, out, &made, (const uint8_t *)text, len), 1);
    EVP_MD_CTX_free(context);
    if (!ecdsa)
        return made;
    const uint8_t *der = out;
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &der, (long)made);
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, PART);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + PART, PART);
    ECDSA_SIG_free(parts);
    return 2 * PART;
}

void token_case_sign(EVP_PKEY *key, const char *header, const char *claims, char out[ANY_TOKEN])
{
    uint8_t signature[256];
    size_t len = base64url_encode(bytes_of(header), out);
    out[len++] = '.';
    len += base64url_encode(bytes_of(claims), out + len);
    size_t made = sign(key, out, len, signature);
    out[len++] = '.';
    base64url_encode((struct bytes){signature, made}, out + len);
}

static void coordinate(EVP_PKEY *key, const char *name, char out[64])
{
    uint8_t raw[PART];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, name, &number), 1);
    assert_int_equal(BN_bn2binpad(number, raw, PART), PART);
    BN_free(number);
    base64url_encode((struct bytes){raw, PART}, out);
}

void token_case_jwk(EVP_PKEY *key, const char *members, char out[512])
{
    char x[64], y[64];
    uint8_t raw[PART];
    size_t len = PART;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, x);
        coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, y);
        snprintf(out, 512, "{%s\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":\"%s\"}", members, x, y);
        return;
    }
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, raw, &len), 1);
    base64url_encode((struct bytes){raw, len}, x);
    snprintf(out, 512, "{%s\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}", members, x);
}

struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

const char *token_case_refused(const struct token_trust *trust, const char *token)
{
    struct token_claims claims;
    const char *error;
    return token_check(trust, bytes_of(token), NOW, &claims, &error) ? NULL : error;
}
