/* What the files of the tokens share among themselves; nobody else includes this. */
#ifndef NEIGHBORS_BRIDGE_TOKEN_INSIDE_H
#define NEIGHBORS_BRIDGE_TOKEN_INSIDE_H

#include <jansson.h>
#include <openssl/evp.h>

#include "bridge/token.h"

/* A coordinate of P-256 and the key of Ed25519 have the same length, and so have both signatures. */
enum { KEY_PART = 32, SIGNATURE = 64, KEY_ID = 128, KEYS_MOST = 16 };

struct token_key {
    EVP_PKEY *key;
    enum token_algorithm algorithm;
    bool private;
    char id[KEY_ID + 1]; /* as tokens name it: of a key set's entry, or the thumbprint (RFC 7638) */
    uint64_t mark;       /* token_claims.key */
};

struct key_list {
    size_t count;
    struct token_key keys[KEYS_MOST];
};

/* A source of tokens and its rules; issuer NULL: our own. */
struct token_source {
    struct key_list list;
    char *issuer, *audience, *claim, *prefix;
};

struct token_trust {
    struct token_source own, provider;
};

/* ---- token_key.c ---- */
/* Adds a key, which is then owned by the list, under its thumbprint. NULL, or what is wrong. */
const char *key_list_add(struct key_list *list, EVP_PKEY *key, bool private, struct token_key **added);
void key_list_clear(struct key_list *list);
/* The name of the algorithm in tokens. */
const char *token_algorithm_name(enum token_algorithm algorithm);
/* NULL, or what is wrong with the file. The list must be empty. */
const char *key_list_read(struct key_list *list, const char *path);

/* ---- token_jwk.c ---- */
/* Adds the keys of a key set. NULL, or what is wrong. */
const char *key_list_add_set(struct key_list *list, const json_t *set);

/* ---- token_claims.c ---- */
/* Reads the claims by the rules of the source. NULL, or what is wrong. */
const char *claims_read(const struct token_source *source, const json_t *claims, struct token_claims *out);
/* A name as in our own claims. */
bool token_name_is_plain(struct text name, size_t most);
bool token_subject_is_valid(struct text subject);

#endif
