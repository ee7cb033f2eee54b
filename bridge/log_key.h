/* The key of the public record: signs the heads of its tree (Ed25519, RFC 8032), and checks them. The private
 * key is a file of the operator's; it never reaches the store. */
#ifndef NEIGHBORS_BRIDGE_LOG_KEY_H
#define NEIGHBORS_BRIDGE_LOG_KEY_H

#include "proto/arena.h"
#include "proto/message.h"

enum { LOG_KEY = 32, LOG_KEY_ID = 32, LOG_SIGNATURE = 64 };
struct log_key;

/* Reads a PEM file with an Ed25519 private key; whoever else may read the file, it is refused. NULL: *error
 * is static text. */
struct log_key *log_key_load(const char *path, const char **error);
/* NULL is allowed. */
void log_key_free(struct log_key *key);
void log_key_public(const struct log_key *key, uint8_t out[LOG_KEY]);
/* A public key out of a PEM file. False: *error. */
bool log_key_read_public(const char *path, uint8_t out[LOG_KEY], const char **error)
    __attribute__((warn_unused_result));
/* SHA-256 of the public key. */
void log_key_id(const uint8_t public_key[LOG_KEY], uint8_t out[LOG_KEY_ID]);

/* Signs bytes; checks a signature of LOG_SIGNATURE bytes. */
void log_key_sign(const struct log_key *key, struct bytes data, uint8_t out[LOG_SIGNATURE]);
bool log_key_check(const uint8_t public_key[LOG_KEY], struct bytes data, const uint8_t *signature)
    __attribute__((warn_unused_result));

/* The head of a tree with that root, signed and encoded (protobuf); in the arena. */
struct bytes log_key_sign_head(
    const struct log_key *key, uint64_t size, int64_t at, const uint8_t root[32], struct arena *arena);
/* The receipt with the key's id, signed and encoded (protobuf); in the arena. */
struct bytes log_key_sign_deleted(
    const struct log_key *key, const struct deleted *receipt, struct arena *arena);
bool log_key_check_deleted(const uint8_t public_key[LOG_KEY], const struct deleted *receipt)
    __attribute__((warn_unused_result));
/* Whether the head was signed with the key of that public key. */
bool log_key_check_head(const uint8_t public_key[LOG_KEY], const struct tree_head *head)
    __attribute__((warn_unused_result));

#endif
