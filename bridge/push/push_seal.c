/* RFC 8291 on OpenSSL 3: the secret of the two keys, and from it, with the browser's `auth` and the salt, the
 * key and the nonce of the one record (section 3.4). */
#include "bridge/push/push_seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECRET = 32, CONTENT_KEY = 16, NONCE = 12, TAG = 16, RECORD_SIZE = 4096, LAST_RECORD = 2 };

_Static_assert((int)PUSH_BODY <= (int)RECORD_SIZE, "what every push service takes is one record");

/* The library fails here only when memory is out. */
static void must(bool done)
{
    if (done)
        return;
    fprintf(stderr, "push seal: out of memory\n");
    abort();
}

EVP_PKEY *push_seal_point(struct bytes uncompressed)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"P-256"}, 0),
        OSSL_PARAM_construct_octet_string(
            OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)uncompressed.data, uncompressed.len),
        OSSL_PARAM_construct_end()};
    must(context != NULL);
    if (uncompressed.len != PUSH_PUBLIC_KEY || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    return key;
}

bool push_seal_public(const EVP_PKEY *key, uint8_t out[PUSH_PUBLIC_KEY])
{
    size_t len = 0;
    char group[32] = "";
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0 &&
           EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, out, PUSH_PUBLIC_KEY, &len) == 1 &&
           len == PUSH_PUBLIC_KEY && out[0] == 4;
}

static bool agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t out[SECRET])
{
    size_t len = SECRET;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    bool done = context && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, peer) == 1 && EVP_PKEY_derive(context, out, &len) == 1 &&
                len == SECRET;
    EVP_PKEY_CTX_free(context);
    return done;
}

/* HKDF-SHA-256 (RFC 5869), both of its steps. */
static void hkdf(
    EVP_KDF *kdf, struct bytes salt, struct bytes secret, struct bytes info, uint8_t *out, size_t len)
{
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.data, salt.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret.data, secret.len),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.data, info.len),
        OSSL_PARAM_construct_end()};
    must(context && EVP_KDF_derive(context, out, len, params) == 1);
    EVP_KDF_CTX_free(context);
}

#define WITH_NUL(text) ((struct bytes){(const uint8_t *)(text), sizeof(text)})

/* The key and the nonce of the record (RFC 8291, section 3.4). */
static void derive(const uint8_t secret[SECRET], struct bytes to, const uint8_t *from, const uint8_t *auth,
    const uint8_t *salt, uint8_t key[CONTENT_KEY], uint8_t nonce[NONCE])
{
    static const char begin[] = "WebPush: info"; /* its NUL is part of it */
    uint8_t info[sizeof begin + 2 * PUSH_PUBLIC_KEY], input[SECRET];
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    must(kdf != NULL);
    memcpy(info, begin, sizeof begin);
    memcpy(info + sizeof begin, to.data, PUSH_PUBLIC_KEY);
    memcpy(info + sizeof begin + PUSH_PUBLIC_KEY, from, PUSH_PUBLIC_KEY);
    hkdf(kdf, (struct bytes){auth, PUSH_AUTH}, (struct bytes){secret, SECRET},
        (struct bytes){info, sizeof info}, input, sizeof input);
    struct bytes both = {input, sizeof input}, salted = {salt, PUSH_SALT};
    hkdf(kdf, salted, both, WITH_NUL("Content-Encoding: aes128gcm"), key, CONTENT_KEY);
    hkdf(kdf, salted, both, WITH_NUL("Content-Encoding: nonce"), nonce, NONCE);
    OPENSSL_cleanse(input, sizeof input);
    EVP_KDF_free(kdf);
}

/* The one record: the payload, the mark of the last record, zeros, and the tag. */
static void encrypt(const uint8_t key[CONTENT_KEY], const uint8_t nonce[NONCE], struct bytes payload,
    size_t padded, uint8_t *out)
{
    static const uint8_t zeros[256], mark = LAST_RECORD;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    size_t at = payload.len + 1, end = padded + 1;
    int len;
    must(context && EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, key, nonce) == 1);
    must(payload.len == 0 || EVP_EncryptUpdate(context, out, &len, payload.data, (int)payload.len) == 1);
    must(EVP_EncryptUpdate(context, out + payload.len, &len, &mark, 1) == 1);
    while (at < end) {
        size_t more = end - at < sizeof zeros ? end - at : sizeof zeros;
        must(EVP_EncryptUpdate(context, out + at, &len, zeros, (int)more) == 1);
        at += more;
    }
    must(EVP_EncryptFinal_ex(context, out + end, &len) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, out + end) == 1);
    EVP_CIPHER_CTX_free(context);
}

static void write_head(const uint8_t *salt, uint8_t *out)
{
    memcpy(out, salt, PUSH_SALT);
    out += PUSH_SALT;
    *out++ = 0;
    *out++ = 0;
    *out++ = RECORD_SIZE >> 8;
    *out++ = RECORD_SIZE & 255;
    *out = PUSH_PUBLIC_KEY; /* the key itself stands behind it already */
}

bool push_seal(struct bytes to, const uint8_t *auth, struct bytes payload, size_t padded,
    const struct push_once *once, uint8_t *out)
{
    uint8_t secret[SECRET], salt[PUSH_SALT], key[CONTENT_KEY], nonce[NONCE];
    uint8_t *own = out + PUSH_SEAL_HEAD - PUSH_PUBLIC_KEY;
    EVP_PKEY *peer = push_seal_point(to), *made = once ? once->key : EVP_EC_gen("P-256");
    must(made != NULL);
    if (once)
        memcpy(salt, once->salt, sizeof salt);
    else
        must(RAND_bytes(salt, sizeof salt) == 1);
    bool done = peer && agree(made, peer, secret) && push_seal_public(made, own);
    if (done) {
        write_head(salt, out);
        derive(secret, to, own, auth, salt, key, nonce);
        encrypt(key, nonce, payload, padded, out + PUSH_SEAL_HEAD);
    }
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(key, sizeof key);
    if (!once)
        EVP_PKEY_free(made);
    EVP_PKEY_free(peer);
    return done;
}
