/* Any bytes as a token, as what is in a token, and as a file of keys: nothing is accepted that no key signed,
 * a refusal says why, and what is accepted names somebody. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/base64url.h"
#include "bridge/token.h"

enum { MOST = 4096 };
#define NOW INT64_C(1795000000000)

static char folder[] = P_tmpdir "/neighbors-fuzz-token-XXXXXX";
static char private_path[80], public_path[80], fuzzed_path[80];
static struct token_trust *trust;
static EVP_PKEY *signer;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
    if (!good)
        abort();
}

static void sweep(void)
{
    unlink(private_path);
    unlink(public_path);
    unlink(fuzzed_path);
    rmdir(folder);
    token_trust_free(trust);
    EVP_PKEY_free(signer);
}

/* A provider whose only key signs whatever is in the claims, and a key of our own that signs nothing. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    const char *error;
    char why[TOKEN_ERROR], x[64];
    uint8_t raw[32];
    size_t len = sizeof raw;
    must(mkdtemp(folder) != NULL);
    snprintf(private_path, sizeof private_path, "%s/token.key", folder);
    snprintf(public_path, sizeof public_path, "%s/token.pub", folder);
    snprintf(fuzzed_path, sizeof fuzzed_path, "%s/keys", folder);
    must(token_key_make(TOKEN_ES256, private_path, public_path, &error));
    signer = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    must(signer && EVP_PKEY_get_raw_public_key(signer, raw, &len) == 1);
    base64url_encode((struct bytes){raw, len}, x);
    FILE *file = fopen(fuzzed_path, "w");
    must(file != NULL);
    fprintf(file, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%s\"}]}", x);
    fclose(file);
    const struct token_sources sources = {public_path, fuzzed_path, "i", "a", "sub", "oidc-"};
    trust = token_trust_load(&sources, why);
    must(trust != NULL);
    atexit(sweep);
    return 0;
}

static bool check(struct bytes token, struct token_claims *claims)
{
    const char *error = NULL;
    bool good = token_check(trust, token, NOW, claims, &error);
    must(good == (error == NULL));
    return good;
}

static void as_claims(const uint8_t *data, size_t size)
{
    static char token[2 * MOST + 200];
    uint8_t signature[64];
    size_t len = base64url_encode((struct bytes){(const uint8_t *)"{\"alg\":\"EdDSA\"}", 15}, token),
           made = 64;
    struct token_claims claims;
    token[len++] = '.';
    len += base64url_encode((struct bytes){data, size}, token + len);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(context, NULL, NULL, NULL, signer) == 1 &&
         EVP_DigestSign(context, signature, &made, (uint8_t *)token, len) == 1);
    EVP_MD_CTX_free(context);
    token[len++] = '.';
    len += base64url_encode((struct bytes){signature, made}, token + len);
    if (!check((struct bytes){(uint8_t *)token, len}, &claims))
        return;
    must(claims.of_provider && claims.key != 0 && claims.expires_at > NOW);
    must(strncmp(claims.subject, "user/oidc-", 10) == 0 && strlen(claims.subject) <= 5 + TOKEN_NAME);
    for (const char *c = claims.subject + 5; *c; c++)
        must(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-", *c) != NULL);
}

static void as_keys(const uint8_t *data, size_t size)
{
    char why[TOKEN_ERROR] = "";
    FILE *file = fopen(fuzzed_path, "w");
    must(file && fwrite(data, 1, size, file) == size);
    fclose(file);
    const struct token_sources sources = {.own_keys = fuzzed_path, .provider_keys = ""};
    struct token_trust *read = token_trust_load(&sources, why);
    must(read || *why);
    token_trust_free(read);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct token_claims claims;
    if (size == 0 || size > MOST)
        return 0;
    if (data[0] == 'k')
        as_keys(data + 1, size - 1);
    else if (data[0] == 'c')
        as_claims(data + 1, size - 1);
    else
        must(!check((struct bytes){data, size}, &claims)); /* nobody signed it */
    return 0;
}
