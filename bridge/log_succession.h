/* Keys of the public record, one after the other. A key that was replaced has left its word for the next one:
 * its signature of it. Whoever trusts a key of before follows these words to the one in use, and trusts that.
 *
 * The words stand in the files of the keys, private and public, behind the key itself, the newest first, a
 * line each: "before: <public key> <signature>", both base64url. */
#ifndef NEIGHBORS_BRIDGE_LOG_SUCCESSION_H
#define NEIGHBORS_BRIDGE_LOG_SUCCESSION_H

#include <stdio.h>

#include "bridge/log_key.h"

enum { LOG_FORMER_MOST = 32 };

/* A key of before, and its signature of the key that came next. */
struct log_former {
    uint8_t public_key[LOG_KEY], signature[LOG_SIGNATURE];
};
/* The newest first: keys[0] signed the key in use, keys[1] signed keys[0]. */
struct log_formers {
    size_t count;
    struct log_former keys[LOG_FORMER_MOST];
};
/* A key in use, and those before it. */
struct log_public {
    uint8_t key[LOG_KEY];
    struct log_formers formers;
};

/* Whether the words lead from `from` to `to`: they are the same, or `from` is among those before and each
 * word from there on is good. Whoever was told the words need not believe them. */
bool log_succession_leads(const struct log_formers *formers, const uint8_t from[LOG_KEY],
    const uint8_t to[LOG_KEY]) __attribute__((warn_unused_result));
/* Whether every word is good. */
bool log_succession_is_whole(const struct log_formers *formers, const uint8_t to[LOG_KEY])
    __attribute__((warn_unused_result));
/* Which key signed the head: the one in use, or one of those before that lead to it; NULL: none. In keys. */
const uint8_t *log_public_signer(const struct log_public *keys, const struct tree_head *head);
/* Whether such a key signed the receipt. */
bool log_public_check_deleted(const struct log_public *keys, const struct deleted *receipt)
    __attribute__((warn_unused_result));

/* What is before `next` when the key has given its word for it. False: there are LOG_FORMER_MOST already. */
bool log_key_succeed(const struct log_key *key, const uint8_t next[LOG_KEY], struct log_formers *out)
    __attribute__((warn_unused_result));
/* Those before the key, as its file had them; as long as the key. */
const struct log_formers *log_key_formers(const struct log_key *key);

/* The lines of a file, from its beginning; others are passed over. False: one cannot be read, or there are
 * too many. */
bool log_formers_read(FILE *file, struct log_formers *out) __attribute__((warn_unused_result));
bool log_formers_write(FILE *file, const struct log_formers *formers) __attribute__((warn_unused_result));
/* A file of public keys. False: *error. */
bool log_public_read(const char *path, struct log_public *out, const char **error)
    __attribute__((warn_unused_result));

#endif
