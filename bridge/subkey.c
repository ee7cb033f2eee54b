#include "bridge/subkey.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void subkey_derive(const uint8_t secret[SUBKEY_SECRET], const char *purpose, uint8_t *out, size_t len)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    char digest[] = "SHA256";
    uint8_t key[SUBKEY_SECRET];
    memcpy(key, secret, sizeof key);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", digest, 0),
        OSSL_PARAM_construct_octet_string("key", key, sizeof key),
        OSSL_PARAM_construct_octet_string("info", (char *)(uintptr_t)purpose, strlen(purpose)),
        OSSL_PARAM_construct_end(),
    };
    if (!context || EVP_KDF_derive(context, out, len, params) != 1) {
        fprintf(stderr, "subkey: out of memory\n");
        abort();
    }
    OPENSSL_cleanse(key, sizeof key);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}
