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

/* transfer_stream.c: page: the first of its entries, which is freed; NULL: redis->error, as false is. */
bool transfer_put_stream(struct writer *w, struct text key, redisReply *page)
    __attribute__((warn_unused_result));

#endif
