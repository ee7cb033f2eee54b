/* Sealing on OpenSSL 3. A context of AES-SIV serves one text only, so each use makes its own. */
#include "bridge/place_seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/base64url.h"
#include "bridge/subkey.h"

enum { SIV_KEY = 64, SIV_TAG = PLACE_SEAL_EXTRA, SEALED_BYTES = SIV_TAG + PLACE_GEOHASH };
enum { BLOCK = 16, BLOCK_KEY = 32 };

_Static_assert((int)PLACE_KEY_SECRET == (int)SUBKEY_SECRET, "one secret for all keys");
_Static_assert(BASE64URL_TEXT(SEALED_BYTES) == PLACE_SEALED, "the text of a sealed place");

struct place_key {
    EVP_CIPHER *siv;
    uint8_t seal[SIV_KEY];
    EVP_CIPHER_CTX *digest; /* keyed once */
};

/* The library fails here only when memory is out. */
static void must(bool done)
{
    if (!done) {
        fprintf(stderr, "place seal: out of memory\n");
        abort();
    }
}

struct place_key *place_key_new(const uint8_t secret[PLACE_KEY_SECRET])
{
    struct place_key *key = calloc(1, sizeof *key);
    must(key);
    key->siv = EVP_CIPHER_fetch(NULL, "AES-256-SIV", NULL);
    must(key->siv);
    subkey_derive(secret, "neighbors place seal", key->seal, sizeof key->seal);
    uint8_t digest[BLOCK_KEY];
    subkey_derive(secret, "neighbors place digest", digest, sizeof digest);
    key->digest = EVP_CIPHER_CTX_new();
    must(key->digest && EVP_EncryptInit_ex(key->digest, EVP_aes_256_ecb(), NULL, digest, NULL) == 1);
    EVP_CIPHER_CTX_set_padding(key->digest, 0);
    OPENSSL_cleanse(digest, sizeof digest);
    return key;
}

void place_key_free(struct place_key *key)
{
    if (!key)
        return;
    EVP_CIPHER_free(key->siv);
    EVP_CIPHER_CTX_free(key->digest);
    OPENSSL_cleanse(key, sizeof *key);
    free(key);
}

/* ---- bytes ---- */

void place_seal_bytes(const struct place_key *key, const char *owner, struct bytes data, uint8_t *out)
{
    static const uint8_t nothing[1];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len;
    must(
        context && EVP_EncryptInit_ex(context, key->siv, NULL, key->seal, NULL) == 1 &&
        EVP_EncryptUpdate(context, NULL, &len, (const uint8_t *)owner, (int)strlen(owner)) == 1 &&
        EVP_EncryptUpdate(context, out + SIV_TAG, &len, data.len ? data.data : nothing, (int)data.len) == 1 &&
        EVP_EncryptFinal_ex(context, out + SIV_TAG + data.len, &len) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SIV_TAG, out) == 1);
    EVP_CIPHER_CTX_free(context);
}

bool place_open_bytes(const struct place_key *key, const char *owner, struct bytes sealed, uint8_t *out)
{
    uint8_t tag[SIV_TAG];
    int len;
    if (sealed.len < SIV_TAG)
        return false;
    memcpy(tag, sealed.data, sizeof tag);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    must(context && EVP_DecryptInit_ex(context, key->siv, NULL, key->seal, NULL) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SIV_TAG, tag) == 1 &&
         EVP_DecryptUpdate(context, NULL, &len, (const uint8_t *)owner, (int)strlen(owner)) == 1);
    bool opened =
        EVP_DecryptUpdate(context, out, &len, sealed.data + SIV_TAG, (int)(sealed.len - SIV_TAG)) == 1 &&
        EVP_DecryptFinal_ex(context, out + (sealed.len - SIV_TAG), &len) == 1;
    EVP_CIPHER_CTX_free(context);
    return opened;
}

/* ---- places ---- */

void place_owner_principal(struct text principal, const char *field, char out[PLACE_OWNER])
{
    snprintf(out, PLACE_OWNER, "principal %.*s %s", (int)principal.len, principal.data, field);
}

void place_owner_household(struct text household, const char *field, char out[PLACE_OWNER])
{
    snprintf(out, PLACE_OWNER, "household %.*s %s", (int)household.len, household.data, field);
}

void place_seal(
    const struct place_key *key, const char *owner, struct text geohash, char out[PLACE_SEALED + 1])
{
    uint8_t filled[PLACE_GEOHASH] = {0}, sealed[SEALED_BYTES];
    char text[BASE64URL_TEXT(SEALED_BYTES) + 4];
    out[0] = '\0';
    if (geohash.len == 0 || geohash.len > PLACE_GEOHASH)
        return;
    memcpy(filled, geohash.data, geohash.len);
    place_seal_bytes(key, owner, (struct bytes){filled, sizeof filled}, sealed);
    base64url_encode((struct bytes){sealed, sizeof sealed}, text);
    memcpy(out, text, PLACE_SEALED + 1);
}

bool place_open(
    const struct place_key *key, const char *owner, struct text sealed, char out[PLACE_GEOHASH + 1])
{
    uint8_t bytes[SEALED_BYTES + 2], filled[PLACE_GEOHASH];
    size_t len;
    memset(out, 0, PLACE_GEOHASH + 1);
    if (sealed.len == 0)
        return true;
    if (!base64url_decode(sealed, bytes, sizeof bytes, &len) || len != SEALED_BYTES ||
        !place_open_bytes(key, owner, (struct bytes){bytes, len}, filled))
        return false;
    memcpy(out, filled, PLACE_GEOHASH);
    return true;
}

/* One block holds a whole geohash and what tells the purposes apart, so the cipher alone is the digest: every
 * item that counts followers or sharers needs one. */
void place_digest(
    const struct place_key *key, const char *purpose, struct text geohash, char out[PLACE_DIGEST + 1])
{
    uint8_t block[BLOCK] = {0}, digest[BLOCK];
    uint32_t hash = 2166136261U; /* FNV-1a */
    int len;
    for (size_t i = 0; purpose[i]; i++)
        hash = (hash ^ (uint8_t)purpose[i]) * 16777619U;
    memcpy(
        block, geohash.data ? geohash.data : "", geohash.len < PLACE_GEOHASH ? geohash.len : PLACE_GEOHASH);
    for (size_t i = 0; i < BLOCK - PLACE_GEOHASH; i++)
        block[PLACE_GEOHASH + i] = (uint8_t)(hash >> 8 * i);
    must(EVP_EncryptUpdate(key->digest, digest, &len, block, BLOCK) == 1);
    for (size_t i = 0; i < BLOCK; i++) {
        out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    out[PLACE_DIGEST] = '\0';
}
