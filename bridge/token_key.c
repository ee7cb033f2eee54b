/* Keys of tokens and the files that they lie in: PEM, or a JSON Web Key Set. */
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/base64url.h"
#include "bridge/file_mode.h"
#include "bridge/token_inside.h"

enum { FILE_MOST = 256 * 1024 };

const char *token_algorithm_name(enum token_algorithm algorithm)
{
    return algorithm == TOKEN_ES256 ? "ES256" : "EdDSA";
}

/* ---- one key ---- */

static bool algorithm_of(EVP_PKEY *key, enum token_algorithm *out)
{
    char group[32] = "";
    size_t len;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
        *out = TOKEN_EDDSA;
        return true;
    }
    *out = TOKEN_ES256;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
           EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 && strcmp(group, "prime256v1") == 0;
}

static bool coordinate(EVP_PKEY *key, const char *name, char out[BASE64URL_TEXT(KEY_PART) + 4])
{
    uint8_t raw[KEY_PART];
    BIGNUM *number = NULL;
    bool done =
        EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_bn2binpad(number, raw, KEY_PART) == KEY_PART;
    if (done)
        base64url_encode((struct bytes){raw, KEY_PART}, out);
    BN_free(number);
    return done;
}

/* The key as RFC 7638 wants it: the members that it needs, in the order of the alphabet. */
static bool canonical(const struct token_key *key, char *out, size_t size)
{
    char x[BASE64URL_TEXT(KEY_PART) + 4], y[BASE64URL_TEXT(KEY_PART) + 4];
    uint8_t raw[KEY_PART];
    size_t len = sizeof raw;
    if (key->algorithm == TOKEN_EDDSA) {
        if (EVP_PKEY_get_raw_public_key(key->key, raw, &len) != 1)
            return false;
        base64url_encode((struct bytes){raw, len}, x);
        snprintf(out, size, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
        return true;
    }
    if (!coordinate(key->key, OSSL_PKEY_PARAM_EC_PUB_X, x) ||
        !coordinate(key->key, OSSL_PKEY_PARAM_EC_PUB_Y, y))
        return false;
    snprintf(out, size, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
    return true;
}

static bool name_key(struct token_key *key)
{
    char text[256];
    uint8_t digest[SHA256_DIGEST_LENGTH];
    if (!canonical(key, text, sizeof text))
        return false;
    SHA256((const uint8_t *)text, strlen(text), digest);
    base64url_encode((struct bytes){digest, sizeof digest}, key->id);
    for (int i = 0; i < 8; i++)
        key->mark = key->mark << 8 | digest[i];
    return true;
}

const char *key_list_add(struct key_list *list, EVP_PKEY *key, bool private, struct token_key **added)
{
    struct token_key made = {.key = key, .private = private};
    const char *error = NULL;
    if (list->count == KEYS_MOST)
        error = "holds more than 16 keys";
    else if (!algorithm_of(key, &made.algorithm))
        error = "holds a key that is neither of Ed25519 nor of P-256";
    else if (!name_key(&made))
        error = "holds a key that cannot be read";
    if (error) {
        EVP_PKEY_free(key);
        return error;
    }
    list->keys[list->count] = made;
    if (added)
        *added = &list->keys[list->count];
    list->count++;
    return NULL;
}

void key_list_clear(struct key_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        EVP_PKEY_free(list->keys[i].key);
    list->count = 0;
}

/* ---- PEM ---- */

static const char *add_block(struct key_list *list, const char *name, const uint8_t *data, long len)
{
    bool public = strcmp(name, PEM_STRING_PUBLIC) == 0;
    bool private = strcmp(name, PEM_STRING_PKCS8INF) == 0 || strcmp(name, PEM_STRING_ECPRIVATEKEY) == 0;
    if (strcmp(name, PEM_STRING_PKCS8) == 0)
        return "holds a key under a passphrase, which nobody could give";
    if (!public && !private)
        return "holds something else than keys";
    EVP_PKEY *key = public ? d2i_PUBKEY(NULL, &data, len) : d2i_AutoPrivateKey(NULL, &data, len);
    return key ? key_list_add(list, key, private, NULL) : "holds a key that cannot be read";
}

static const char *add_pem(struct key_list *list, struct bytes content)
{
    BIO *bio = BIO_new_mem_buf(content.data, (int)content.len);
    const char *error = bio ? NULL : "cannot be read";
    char *name, *header;
    unsigned char *data;
    long len;
    while (!error && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
        error = add_block(list, name, data, len);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(data, (size_t)len);
    }
    BIO_free(bio);
    return error || list->count ? error : "holds no PEM key";
}

/* ---- files ---- */

static bool begins_with_brace(struct bytes content)
{
    size_t i = 0;
    while (i < content.len && strchr(" \t\r\n", content.data[i]) && content.data[i])
        i++;
    return i < content.len && content.data[i] == '{';
}

static const char *add_content(struct key_list *list, struct bytes content)
{
    if (!begins_with_brace(content))
        return add_pem(list, content);
    json_t *set = json_loadb((const char *)content.data, content.len, JSON_REJECT_DUPLICATES, NULL);
    const char *error = set ? key_list_add_set(list, set) : "holds no JSON that can be read";
    json_decref(set);
    return error;
}

static const char *mode_fault(const struct key_list *list, int fd)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->keys[i].private)
            return secret_file_fault(fd);
    return trusted_file_fault(fd);
}

const char *key_list_read(struct key_list *list, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return errno == ENOENT ? "does not exist" : "cannot be read";
    uint8_t *content = malloc(FILE_MOST);
    if (!content)
        abort();
    size_t len = fread(content, 1, FILE_MOST, file);
    const char *error = ferror(file) ? "cannot be read" : len == FILE_MOST ? "is too large" : NULL;
    if (!error)
        error = add_content(list, (struct bytes){content, len});
    if (!error)
        error = mode_fault(list, fileno(file));
    explicit_bzero(content, len);
    free(content);
    fclose(file);
    if (error)
        key_list_clear(list);
    return error;
}

struct token_key *token_key_load(const char *path, const char **error)
{
    struct key_list list = {0};
    struct token_key *key = NULL;
    *error = key_list_read(&list, path);
    for (size_t i = 0; i < list.count && !key; i++) {
        if (!list.keys[i].private)
            continue;
        key = malloc(sizeof *key);
        if (!key)
            abort();
        *key = list.keys[i];
        EVP_PKEY_up_ref(key->key);
    }
    key_list_clear(&list);
    if (!key && !*error)
        *error = "holds no private key, so no token can be signed with it";
    return key;
}

void token_key_free(struct token_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}
