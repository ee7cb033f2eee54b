/* What the tests of tokens stand on: a folder with keys, and tokens that say anything at all, well signed. */
#ifndef NEIGHBORS_TESTS_UNIT_TOKEN_CASE_H
#define NEIGHBORS_TESTS_UNIT_TOKEN_CASE_H

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "bridge/token.h"

#define NOW INT64_C(1795000000000)
#define ISSUER "https://login.example.org/realms/town"
#define AUDIENCE "neighbors"

enum { ANY_TOKEN = 16384 };

struct token_case {
    char folder[64], private_path[96], public_path[96], set_path[96];
    struct token_key *sign;
    struct token_trust *trust;
};

/* A folder with a key pair of Ed25519, trusted. */
int token_case_begin(void **state);
int token_case_end(void **state);

/* Writes a file of the folder; its path, until the next call. */
const char *token_case_file(struct token_case *t, const char *name, const char *content);
/* Trusts that file, and those of a provider when provider is not "". NULL: error says why. */
struct token_trust *token_case_trust(const char *own, const char *provider, char error[TOKEN_ERROR]);

/* The private key of a PEM file. */
EVP_PKEY *token_case_key(const char *path);
/* A token with any header and claims, well signed by the key. */
void token_case_sign(EVP_PKEY *key, const char *header, const char *claims, char out[ANY_TOKEN]);
/* The entry of a key set for the key, with further members ("\"kid\":\"a\","; may be ""). */
void token_case_jwk(EVP_PKEY *key, const char *members, char out[512]);

struct bytes bytes_of(const char *text);
/* NULL, or why the token is refused at NOW. */
const char *token_case_refused(const struct token_trust *trust, const char *token);

#endif
