/* Ed25519 on OpenSSL. What is signed is the head in protobuf without its signature. */
#include "bridge/log_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "bridge/log_succession.h"
#include "bridge/private_key.h"
#include "proto/codec.h"

struct log_key {
    EVP_PKEY *key;
    uint8_t public_key[LOG_KEY];
    struct log_formers formers;
};

static void must(bool done)
{
    if (!done)
        abort();
}

static bool take_public(EVP_PKEY *key, uint8_t out[LOG_KEY])
{
    size_t len = LOG_KEY;
    return key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
           EVP_PKEY_get_raw_public_key(key, out, &len) == 1 && len == LOG_KEY;
}

/* What the keys before say of one another must hold: a slip here would be told to everybody. */
static const char *take_formers(struct log_key *key, const char *path)
{
    struct log_formers *formers = &key->formers;
    FILE *file = fopen(path, "re");
    bool read = file && log_formers_read(file, formers);
    if (file)
        fclose(file);
    if (!read)
        return "a line \"before:\" in the key file cannot be read";
    if (!log_succession_is_whole(formers, key->public_key))
        return "the key file has a line \"before:\" that was not signed so";
    return NULL;
}

struct log_key *log_key_load(const char *path, const char **error)
{
    struct log_key *key = calloc(1, sizeof *key);
    must(key != NULL);
    key->key = private_key_read(path, error);
    if (!*error && !take_public(key->key, key->public_key))
        *error = "the key file holds no Ed25519 private key in PEM";
    if (!*error)
        *error = take_formers(key, path);
    if (!*error)
        return key;
    log_key_free(key);
    return NULL;
}

void log_key_free(struct log_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

const struct log_formers *log_key_formers(const struct log_key *key)
{
    return &key->formers;
}

void log_key_public(const struct log_key *key, uint8_t out[LOG_KEY])
{
    memcpy(out, key->public_key, LOG_KEY);
}

bool log_key_read_public(const char *path, uint8_t out[LOG_KEY], const char **error)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = file ? PEM_read_PUBKEY(file, NULL, NULL, NULL) : NULL;
    bool done = take_public(key, out);
    *error = !file  ? "the key file cannot be read"
             : done ? NULL
                    : "the key file holds no Ed25519 public key in PEM";
    EVP_PKEY_free(key);
    if (file)
        fclose(file);
    return done;
}

void log_key_id(const uint8_t public_key[LOG_KEY], uint8_t out[LOG_KEY_ID])
{
    must(EVP_Digest(public_key, LOG_KEY, out, NULL, EVP_sha256(), NULL) == 1);
}

void log_key_sign(const struct log_key *key, struct bytes data, uint8_t out[LOG_SIGNATURE])
{
    size_t len = LOG_SIGNATURE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) == 1 &&
         EVP_DigestSign(context, out, &len, data.data, data.len) == 1);
    EVP_MD_CTX_free(context);
}

bool log_key_check(const uint8_t public_key[LOG_KEY], struct bytes data, const uint8_t *signature)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, LOG_KEY);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, LOG_SIGNATURE, data.data, data.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

struct bytes log_key_sign_head(
    const struct log_key *key, uint64_t size, int64_t at, const uint8_t root[32], struct arena *arena)
{
    uint8_t id[LOG_KEY_ID], signature[LOG_SIGNATURE];
    struct tree_head head = {.size = size, .at = at, .root_hash = {root, 32}, .key_id = {id, sizeof id}};
    log_key_id(key->public_key, id);
    struct bytes signed_bytes = codec_encode_tree_head(ENCODING_PROTOBUF, &head, arena);
    log_key_sign(key, signed_bytes, signature);
    head.signature = (struct bytes){signature, sizeof signature};
    return codec_encode_tree_head(ENCODING_PROTOBUF, &head, arena);
}

bool log_key_check_head(const uint8_t public_key[LOG_KEY], const struct tree_head *head)
{
    uint8_t id[LOG_KEY_ID];
    struct arena arena;
    struct tree_head bare = *head;
    log_key_id(public_key, id);
    if (head->key_id.len != sizeof id || memcmp(head->key_id.data, id, sizeof id) != 0 ||
        head->signature.len != LOG_SIGNATURE)
        return false;
    bare.signature = (struct bytes){NULL, 0};
    arena_init(&arena, NULL, 0);
    struct bytes told = codec_encode_tree_head(ENCODING_PROTOBUF, &bare, &arena);
    bool good = log_key_check(public_key, told, head->signature.data);
    arena_free(&arena);
    return good;
}

struct bytes log_key_sign_deleted(
    const struct log_key *key, const struct deleted *receipt, struct arena *arena)
{
    uint8_t id[LOG_KEY_ID], signature[LOG_SIGNATURE];
    struct deleted told = *receipt;
    log_key_id(key->public_key, id);
    told.key_id = (struct bytes){id, sizeof id};
    told.signature = (struct bytes){NULL, 0};
    log_key_sign(key, codec_encode_deleted(ENCODING_PROTOBUF, &told, arena), signature);
    told.signature = (struct bytes){signature, sizeof signature};
    return codec_encode_deleted(ENCODING_PROTOBUF, &told, arena);
}

bool log_key_check_deleted(const uint8_t public_key[LOG_KEY], const struct deleted *receipt)
{
    struct arena arena;
    struct deleted bare = *receipt;
    if (receipt->signature.len != LOG_SIGNATURE)
        return false;
    bare.signature = (struct bytes){NULL, 0};
    arena_init(&arena, NULL, 0);
    bool good = log_key_check(
        public_key, codec_encode_deleted(ENCODING_PROTOBUF, &bare, &arena), receipt->signature.data);
    arena_free(&arena);
    return good;
}
