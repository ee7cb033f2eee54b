/* What the files of an export share (bridge/transfer.h); nobody else includes this. */
#ifndef NEIGHBORS_BRIDGE_TRANSFER_INSIDE_H
#define NEIGHBORS_BRIDGE_TRANSFER_INSIDE_H

#include <openssl/evp.h>

#include "bridge/store_inside.h"
#include "bridge/transfer.h"

/* An export under way. */
struct writer {
    struct redis_sync *redis;
    FILE *file;
    EVP_MD_CTX *digest;
    struct transfer *out;
    bool at_once; /* each value of one moment */
};

/* Elements of a value that are asked for at once, and the same as a word of a command. */
enum { TRANSFER_PAGE = 256, TRANSFER_WORDS = 6 };
#define transfer_page_size "256"

/* "<word> <key>" and so many more arguments, which follow. */
struct command transfer_begin(const char *word, struct text key, size_t more);
/* Writes the command into the file, and frees it. False: out->error. */
bool transfer_put(struct writer *w, struct command *command) __attribute__((warn_unused_result));

/* Asks with words of text, TRANSFER_WORDS at most; NULL: redis->error. */
redisReply *transfer_ask(struct writer *w, const struct text texts[], size_t count);
#define TRANSFER_ASK(w, ...)                                                                                 \
    transfer_ask(w, (const struct text[]){__VA_ARGS__},                                                      \
        sizeof((const struct text[]){__VA_ARGS__}) / sizeof(struct text))

/* transfer_stream.c: info: what XINFO STREAM … FULL says, with some entries and all else of one moment.
 * Writes what makes the stream of that moment, DEL first. *all false: it cannot, because what is not finished
 * is more than info has, or entries went meanwhile; with all of it in info it can. False: redis->error, or
 * out->error.
 */
bool transfer_put_stream(struct writer *w, struct text key, const redisReply *info, bool *all)
    __attribute__((warn_unused_result));

#endif
