/* The broker's cryptography on OpenSSL 3: one keyed HMAC context and one pair of AES contexts for each
 * purpose, each with a subkey of its own (HKDF of the secret), so that no output of one tells anything of
 * another.
 *
 * A cursor's block before encryption, big-endian: 42 bits milliseconds (until the year 2109), 24 bits number
 * within the millisecond, 14 bits index, 16 bits generation, 32 bits check. A number that does not fit
 * becomes the largest that does, with nothing finer behind it: such a cursor lies before the true place, so
 * it repeats and never skips. The check is an HMAC of the channel alone: the cipher is a permutation of the
 * whole block, so a changed bit anywhere gives a random check. */
#include "bridge/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/base64url.h"
#include "bridge/subkey.h"

enum { AES_BLOCK = 16, AES_KEY = 16, MAC_KEY = 32, MAC_SIZE = 32, CHECKED = 12, CHECK = 4 };
enum { SEQ_BITS = 24, INDEX_BITS = 14, GENERATION_BITS = 16, MS_BITS = 42 };

/* Short names only, "9qh1f": all feed channels have them. */
struct channel_check {
    uint8_t len;
    char name[15];
    uint8_t check[CHECK];
};
enum { CHECKS = 256 };

struct seal {
    /* Keyed once; each use begins anew with the same key. */
    EVP_MAC_CTX *public_id, *sender_tag, *hidden_tag, *nearness, *check, *code;
    EVP_CIPHER_CTX *encrypt, *decrypt;
    struct channel_check *checks; /* of channels asked about lately; every item sent bears a cursor */
};

/* The library fails here only when memory is out. */
static void must(bool done)
{
    if (!done) {
        fprintf(stderr, "seal: out of memory\n");
        abort();
    }
}

static EVP_MAC_CTX *new_mac(const uint8_t secret[SEAL_SECRET], const char *purpose)
{
    uint8_t key[MAC_KEY];
    subkey_derive(secret, purpose, key, sizeof key);
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    must(context);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0), OSSL_PARAM_construct_end()};
    must(EVP_MAC_init(context, key, sizeof key, params) == 1);
    OPENSSL_cleanse(key, sizeof key);
    EVP_MAC_free(mac);
    return context;
}

static void new_ciphers(struct seal *seal, const uint8_t secret[SEAL_SECRET])
{
    uint8_t key[AES_KEY];
    subkey_derive(secret, "neighbors cursor block", key, sizeof key);
    seal->encrypt = EVP_CIPHER_CTX_new();
    seal->decrypt = EVP_CIPHER_CTX_new();
    must(seal->encrypt && seal->decrypt);
    must(EVP_EncryptInit_ex(seal->encrypt, EVP_aes_128_ecb(), NULL, key, NULL) == 1);
    must(EVP_DecryptInit_ex(seal->decrypt, EVP_aes_128_ecb(), NULL, key, NULL) == 1);
    EVP_CIPHER_CTX_set_padding(seal->encrypt, 0);
    EVP_CIPHER_CTX_set_padding(seal->decrypt, 0);
    OPENSSL_cleanse(key, sizeof key);
}

struct seal *seal_new(const uint8_t secret[SEAL_SECRET])
{
    struct seal *seal = calloc(1, sizeof *seal);
    must(seal);
    seal->public_id = new_mac(secret, "neighbors public id");
    seal->sender_tag = new_mac(secret, "neighbors sender tag");
    seal->hidden_tag = new_mac(secret, "neighbors hidden tag");
    seal->nearness = new_mac(secret, "neighbors nearness");
    seal->check = new_mac(secret, "neighbors cursor check");
    seal->code = new_mac(secret, "neighbors code");
    new_ciphers(seal, secret);
    seal->checks = calloc(CHECKS, sizeof *seal->checks);
    must(seal->checks);
    return seal;
}

void seal_free(struct seal *seal)
{
    if (!seal)
        return;
    EVP_MAC_CTX_free(seal->public_id);
    EVP_MAC_CTX_free(seal->sender_tag);
    EVP_MAC_CTX_free(seal->hidden_tag);
    EVP_MAC_CTX_free(seal->nearness);
    EVP_MAC_CTX_free(seal->check);
    EVP_MAC_CTX_free(seal->code);
    EVP_CIPHER_CTX_free(seal->encrypt);
    EVP_CIPHER_CTX_free(seal->decrypt);
    free(seal->checks);
    free(seal);
}

/* HMAC of the two parts, one behind the other. */
static void mac_of(EVP_MAC_CTX *mac, struct bytes first, struct bytes second, uint8_t out[MAC_SIZE])
{
    size_t len;
    must(EVP_MAC_init(mac, NULL, 0, NULL) == 1);
    must(EVP_MAC_update(mac, first.data, first.len) == 1);
    must(second.len == 0 || EVP_MAC_update(mac, second.data, second.len) == 1);
    must(EVP_MAC_final(mac, out, &len, MAC_SIZE) == 1);
}

static struct bytes bytes_of(struct text text)
{
    return (struct bytes){(const uint8_t *)text.data, text.len};
}

static void put_big_endian(uint8_t *out, uint64_t value, size_t len)
{
    for (size_t i = len; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

/* ---- public ids ---- */

enum { ID_BYTES = PUBLIC_ID / 2, TAG_BITS = 6, TAG_MASK = (1 << TAG_BITS) - 1 };
_Static_assert(STORE_SENDER_TAGS == 1 << TAG_BITS, "a sender's tag fills the bits that it is given");

/* What hides the tag: only the bits before it decide, so that it is found again from the id alone. */
static uint8_t mask_of(const struct seal *seal, const uint8_t id[ID_BYTES])
{
    uint8_t before[ID_BYTES], mac[MAC_SIZE];
    memcpy(before, id, sizeof before);
    before[ID_BYTES - 1] &= (uint8_t)~TAG_MASK;
    mac_of(seal->hidden_tag, (struct bytes){before, sizeof before}, (struct bytes){NULL, 0}, mac);
    return mac[0] & TAG_MASK;
}

void seal_public_id(const struct seal *seal, struct text sender, struct text id, char out[PUBLIC_ID + 1])
{
    uint8_t mac[MAC_SIZE];
    size_t len;
    must(EVP_MAC_init(seal->public_id, NULL, 0, NULL) == 1);
    must(sender.len == 0 || EVP_MAC_update(seal->public_id, bytes_of(sender).data, sender.len) == 1);
    must(EVP_MAC_update(seal->public_id, (const uint8_t *)"", 1) == 1);
    must(id.len == 0 || EVP_MAC_update(seal->public_id, bytes_of(id).data, id.len) == 1);
    must(EVP_MAC_final(seal->public_id, mac, &len, sizeof mac) == 1);
    uint8_t *last = &mac[ID_BYTES - 1];
    *last = (uint8_t)((*last & ~TAG_MASK) | (mask_of(seal, mac) ^ seal_sender_tag(seal, sender)));
    for (size_t i = 0; i < ID_BYTES; i++) {
        out[2 * i] = "0123456789abcdef"[mac[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[mac[i] & 15];
    }
    out[PUBLIC_ID] = '\0';
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool seal_tag_of(const struct seal *seal, struct text public_id, uint8_t *sender_tag)
{
    uint8_t id[ID_BYTES];
    if (public_id.len != PUBLIC_ID)
        return false;
    for (size_t i = 0; i < ID_BYTES; i++) {
        int high = digit_of(public_id.data[2 * i]), low = digit_of(public_id.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        id[i] = (uint8_t)(high << 4 | low);
    }
    *sender_tag = (uint8_t)((id[ID_BYTES - 1] & TAG_MASK) ^ mask_of(seal, id));
    return true;
}

uint8_t seal_sender_tag(const struct seal *seal, struct text sender)
{
    uint8_t mac[MAC_SIZE];
    mac_of(seal->sender_tag, bytes_of(sender), (struct bytes){NULL, 0}, mac);
    return mac[0] % STORE_SENDER_TAGS;
}

/* ---- digests ---- */

void seal_digest(struct bytes data, uint8_t out[16])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    must(EVP_Digest(data.len ? data.data : (const uint8_t *)"", data.len, digest, NULL, EVP_sha256(), NULL) ==
         1);
    memcpy(out, digest, 16);
}

void seal_nearness(const struct seal *seal, uint64_t cell, uint8_t category, uint8_t out[STORE_TOKEN])
{
    uint8_t named[9], mac[MAC_SIZE];
    put_big_endian(named, cell, 8);
    named[8] = category;
    mac_of(seal->nearness, (struct bytes){named, sizeof named}, (struct bytes){NULL, 0}, mac);
    memcpy(out, mac, STORE_TOKEN);
}

void seal_code(const struct seal *seal, struct text code, char out[SEAL_CODE + 1])
{
    uint8_t mac[MAC_SIZE];
    mac_of(seal->code, bytes_of(code), (struct bytes){NULL, 0}, mac);
    for (size_t i = 0; i < SEAL_CODE / 2; i++) {
        out[2 * i] = "0123456789abcdef"[mac[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[mac[i] & 15];
    }
    out[SEAL_CODE] = '\0';
}

/* ---- cursors ---- */

/* The numbers of a cursor, each within its width. */
struct cursor_fields {
    uint64_t ms, seq, index, generation;
};

static struct cursor_fields fit(struct position_in_channel position, uint32_t generation)
{
    struct cursor_fields fields = {position.ms, position.seq, position.index, generation};
    if (fields.ms >> MS_BITS)
        fields = (struct cursor_fields){(UINT64_C(1) << MS_BITS) - 1, 0, 0, generation};
    if (fields.seq >> SEQ_BITS) {
        fields.seq = (1U << SEQ_BITS) - 1;
        fields.index = 0;
    }
    if (fields.index >> INDEX_BITS)
        fields.index = (1U << INDEX_BITS) - 1;
    if (fields.generation >> GENERATION_BITS)
        fields.generation = (1U << GENERATION_BITS) - 1;
    return fields;
}

static uint64_t get_big_endian(const uint8_t *in, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | in[i];
    return value;
}

/* 96 bits: 42 + 22 of them in the first eight bytes, the other 2 of seq, index and generation in the next
 * four. */
static void pack(const struct cursor_fields *fields, uint8_t block[CHECKED])
{
    put_big_endian(block, fields->ms << (64 - MS_BITS) | fields->seq >> 2, 8);
    put_big_endian(
        block + 8, (fields->seq & 3) << 30 | fields->index << GENERATION_BITS | fields->generation, 4);
}

static struct cursor_fields unpack(const uint8_t block[CHECKED])
{
    uint64_t high = get_big_endian(block, 8), low = get_big_endian(block + 8, 4);
    return (struct cursor_fields){
        .ms = high >> (64 - MS_BITS),
        .seq = (high & ((1U << 22) - 1)) << 2 | low >> 30,
        .index = low >> GENERATION_BITS & ((1U << INDEX_BITS) - 1),
        .generation = low & ((1U << GENERATION_BITS) - 1),
    };
}

static void channel_check(const struct seal *seal, struct text channel, uint8_t out[CHECK])
{
    struct channel_check *known = NULL;
    uint32_t hash = 2166136261u; /* FNV-1a */
    uint8_t mac[MAC_SIZE];

    for (size_t i = 0; i < channel.len; i++)
        hash = (hash ^ (uint8_t)channel.data[i]) * 16777619u;
    if (channel.len && channel.len <= sizeof known->name) {
        known = &seal->checks[hash % CHECKS];
        if (known->len == channel.len && memcmp(known->name, channel.data, channel.len) == 0) {
            memcpy(out, known->check, CHECK);
            return;
        }
    }
    mac_of(seal->check, bytes_of(channel), (struct bytes){NULL, 0}, mac);
    memcpy(out, mac, CHECK);
    if (known) {
        known->len = (uint8_t)channel.len;
        memcpy(known->name, channel.data, channel.len);
        memcpy(known->check, mac, CHECK);
    }
}

void seal_cursor(const struct seal *seal, struct text channel, struct position_in_channel position,
    uint32_t generation, char out[CURSOR_TEXT + 1])
{
    uint8_t block[AES_BLOCK], sealed[AES_BLOCK];
    char text[BASE64URL_TEXT(AES_BLOCK) + 4];
    struct cursor_fields fields = fit(position, generation);
    int len;
    pack(&fields, block);
    channel_check(seal, channel, block + CHECKED);
    must(EVP_EncryptUpdate(seal->encrypt, sealed, &len, block, AES_BLOCK) == 1);
    base64url_encode((struct bytes){sealed, AES_BLOCK}, text);
    memcpy(out, text, CURSOR_TEXT + 1);
}

bool seal_cursor_open(const struct seal *seal, struct text channel, struct text cursor,
    struct position_in_channel *position, uint32_t *generation)
{
    uint8_t sealed[AES_BLOCK], block[AES_BLOCK], check[CHECK];
    size_t size;
    int len;
    if (cursor.len != CURSOR_TEXT || !base64url_decode(cursor, sealed, sizeof sealed, &size))
        return false;
    must(EVP_DecryptUpdate(seal->decrypt, block, &len, sealed, AES_BLOCK) == 1);
    channel_check(seal, channel, check);
    if (CRYPTO_memcmp(check, block + CHECKED, CHECK) != 0)
        return false;
    struct cursor_fields fields = unpack(block);
    *position = (struct position_in_channel){fields.ms, (uint32_t)fields.seq, (uint32_t)fields.index};
    *generation = (uint32_t)fields.generation;
    return true;
}
