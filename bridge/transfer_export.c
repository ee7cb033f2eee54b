/* What a key holds, as the commands that make it again, a page at a time. The first page of each of some keys
 * is asked for together. */
#include "bridge/transfer_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/redis_batch.h"
#include "bridge/redis_walk.h"

enum { GONE = -2 /* PEXPIRETIME's answer for a key that is not there */ };

/* ---- bytes ---- */

static bool unwritten(struct writer *w)
{
    snprintf(w->out->error, sizeof w->out->error, "%s", strerror(errno));
    return false;
}

static bool put(struct writer *w, const void *data, size_t len)
{
    return fwrite(data, 1, len, w->file) == len ? EVP_DigestUpdate(w->digest, data, len) == 1 : unwritten(w);
}

bool transfer_put(struct writer *w, struct command *command)
{
    bool done = put(w, command->bytes.data, command->bytes.len);
    command_free(command);
    w->out->commands++;
    return done;
}

/* "<word> <key>" and so many more arguments. */
struct command transfer_begin(const char *word, struct text key, size_t more)
{
    struct command command = {0};
    command_begin(&command, 2 + more);
    command_text(&command, word);
    command_view(&command, key);
    return command;
}

/* ---- values ---- */

redisReply *transfer_ask(struct writer *w, const struct text texts[], size_t count)
{
    struct bytes words[TRANSFER_WORDS];
    for (size_t i = 0; i < count; i++)
        words[i] = (struct bytes){(const uint8_t *)texts[i].data, texts[i].len};
    return redis_ask_words(w->redis, words, count);
}

static const char page_end[] = "255"; /* TRANSFER_PAGE - 1 */

/* Of these functions each takes the first page, as first_page asks for it. */
static bool put_string(struct writer *w, struct text key, redisReply *reply)
{
    bool done = true;
    if (reply->type == REDIS_REPLY_STRING) {
        struct command command = transfer_begin("SET", key, 1);
        command_bytes(&command, reply->str, reply->len);
        done = transfer_put(w, &command);
    }
    freeReplyObject(reply);
    return done;
}

/* Elements in the order in which the command takes them; of a set's pairs the score comes first. */
static bool put_elements(
    struct writer *w, struct text key, const char *word, const redisReply *page, bool turn)
{
    size_t count = reply_count(page);
    for (size_t from = 0, some; from < count; from += some) {
        some = count - from < 2 * TRANSFER_PAGE ? count - from : 2 * TRANSFER_PAGE;
        struct command command = transfer_begin(word, key, some);
        for (size_t i = 0; i < some; i++) {
            struct text element = reply_text(reply_at(page, from + (turn ? i ^ 1 : i)));
            command_view(&command, element);
        }
        if (!transfer_put(w, &command))
            return false;
    }
    return true;
}

/* HSCAN, SSCAN, ZSCAN. */
static bool put_scanned(
    struct writer *w, struct text key, const char *scan, const char *word, redisReply *reply)
{
    for (;;) {
        char cursor[24] = "0";
        bool done = reply_count(reply) == 2 && put_elements(w, key, word, reply_at(reply, 1), *scan == 'Z');
        if (done)
            snprintf(cursor, sizeof cursor, "%s", reply_text(reply_at(reply, 0)).data);
        freeReplyObject(reply);
        if (!done || strcmp(cursor, "0") == 0)
            return done;
        reply = TRANSFER_ASK(w, text_of(scan), key, text_of(cursor), TEXT("COUNT"), TEXT(transfer_page_size));
    }
}

static bool put_list(struct writer *w, struct text key, redisReply *reply)
{
    for (long from = TRANSFER_PAGE;; from += TRANSFER_PAGE) {
        size_t count = reply_count(reply);
        bool done = reply && put_elements(w, key, "RPUSH", reply, false);
        freeReplyObject(reply);
        if (!done || count < TRANSFER_PAGE)
            return done;
        char first[24], last[24];
        snprintf(first, sizeof first, "%ld", from);
        snprintf(last, sizeof last, "%ld", from + TRANSFER_PAGE - 1);
        reply = TRANSFER_ASK(w, TEXT("LRANGE"), key, text_of(first), text_of(last));
    }
}

/* ---- keys ---- */

static bool ends(struct text key, const char *with)
{
    size_t len = strlen(with);
    return key.len >= len && memcmp(key.data + key.len - len, with, len) == 0;
}

/* Of the moment alone; the layout is in the first line. */
static bool stays(struct text key)
{
    static const char followers[] = "nb:{followers}:";
    return text_equal(key, TEXT("nb:layout")) || memmem(key.data, key.len, "}:lease:", 8) ||
           ends(key, "}:lock") ||
           (key.len >= sizeof followers - 1 && memcmp(key.data, followers, sizeof followers - 1) == 0);
}

static bool put_hash(struct writer *w, struct text key, redisReply *page)
{
    return put_scanned(w, key, "HSCAN", "HSET", page);
}

static bool put_set(struct writer *w, struct text key, redisReply *page)
{
    return put_scanned(w, key, "SSCAN", "SADD", page);
}

static bool put_sorted_set(struct writer *w, struct text key, redisReply *page)
{
    return put_scanned(w, key, "ZSCAN", "ZADD", page);
}

/* What a key may hold: how its first page is asked for ("" ends it; the key comes behind the first word), and
 * how it is told. */
static const struct kind {
    const char *type, *ask[5];
    bool (*put)(struct writer *w, struct text key, redisReply *page);
} kinds[] = {
    {"string", {"GET"}, put_string},
    {"hash", {"HSCAN", "0", "COUNT", transfer_page_size}, put_hash},
    {"set", {"SSCAN", "0", "COUNT", transfer_page_size}, put_set},
    {"zset", {"ZSCAN", "0", "COUNT", transfer_page_size}, put_sorted_set},
    {"list", {"LRANGE", "0", page_end}, put_list},
    {"stream", {"XRANGE", "-", "+", "COUNT", transfer_page_size}, transfer_put_stream},
};

/* NULL: there is none such. */
static const struct kind *kind_of(struct text type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (text_equal(type, text_of(kinds[i].type)))
            return &kinds[i];
    return NULL;
}

static void ask_first_page(struct redis_batch *batch, const struct kind *kind, struct text key)
{
    struct command command = {0};
    size_t words = 0;
    while (words < sizeof kind->ask / sizeof *kind->ask && kind->ask[words])
        words++;
    command_begin(&command, words + 1);
    command_text(&command, kind->ask[0]);
    command_view(&command, key);
    for (size_t i = 1; i < words; i++)
        command_text(&command, kind->ask[i]);
    redis_batch_add(batch, &command);
}

static void ask_about(struct redis_batch *batch, const char *word, struct text key)
{
    struct command command = transfer_begin(word, key, 0);
    redis_batch_add(batch, &command);
}

/* A key that is to be told. */
struct told {
    struct text key;
    const struct kind *kind;
};

/* expires: in ms since 1970; -1: never. What SCAN tells twice is made twice, which is why DEL comes first. */
static bool put_key(struct writer *w, const struct told *told, redisReply *page, int64_t expires)
{
    struct command command = transfer_begin("DEL", told->key, 0);
    if (!transfer_put(w, &command)) {
        freeReplyObject(page);
        return false;
    }
    bool done = told->kind->put(w, told->key, page);
    if (done && expires > 0) {
        command = transfer_begin("PEXPIREAT", told->key, 1);
        command_number(&command, expires);
        done = transfer_put(w, &command);
    }
    w->out->keys++;
    return done;
}

/* Of a page of SCAN those that are to be told. False: redis->error, or out->error. */
static bool look_at_keys(struct writer *w, const redisReply *page, struct told *told, size_t *count)
{
    struct redis_batch batch = {0};
    size_t asked = 0, answers;
    *count = 0;
    for (size_t i = 0; i < reply_count(page); i++) {
        struct text key = reply_text(reply_at(page, i));
        if (stays(key))
            continue;
        told[asked++].key = key;
        ask_about(&batch, "TYPE", key);
    }
    redisReply **replies = redis_batch_ask(w->redis, &batch, &answers);
    bool done = replies != NULL;
    for (size_t i = 0; done && i < asked; i++) {
        struct text type = reply_text(replies[i]);
        if (text_equal(type, TEXT("none")))
            continue;
        const struct kind *kind = kind_of(type);
        if (kind)
            told[(*count)++] = (struct told){told[i].key, kind};
        else
            snprintf(w->out->error, sizeof w->out->error, "a key of type %.*s", (int)type.len, type.data);
        done = kind != NULL;
    }
    redis_replies_free(replies, answers);
    return done;
}

/* When a key goes is asked behind what it holds: who writes meanwhile may have given it longer to live. */
static bool put_page(void *arg, const redisReply *page)
{
    struct writer *w = arg;
    struct told *told = store_alloc(reply_count(page) * sizeof *told);
    struct redis_batch batch = {0};
    size_t count, answers;
    bool done = look_at_keys(w, page, told, &count);
    for (size_t i = 0; done && i < count; i++) {
        ask_first_page(&batch, told[i].kind, told[i].key);
        ask_about(&batch, "PEXPIRETIME", told[i].key);
    }
    redisReply **replies = done ? redis_batch_ask(w->redis, &batch, &answers) : NULL;
    done = replies != NULL;
    for (size_t i = 0; done && i < count; i++) {
        int64_t expires = reply_number(replies[2 * i + 1]);
        if (expires == GONE)
            continue;
        done = put_key(w, &told[i], replies[2 * i], expires);
        replies[2 * i] = NULL;
    }
    redis_replies_free(replies, replies ? answers : 0);
    free(told);
    return done;
}

static bool put_head(struct writer *w, int64_t now)
{
    char line[128];
    redisReply *reply = redis_ask(w->redis, "GET nb:layout");
    if (!reply)
        return false;
    snprintf(
        w->out->layout, sizeof w->out->layout, "%s", reply->type == REDIS_REPLY_STRING ? reply->str : "");
    freeReplyObject(reply);
    int len = snprintf(
        line, sizeof line, "neighbors-installation 1 layout \"%s\" at %" PRId64 "\n", w->out->layout, now);
    return put(w, line, (size_t)len);
}

static bool put_tail(struct writer *w)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "";
    unsigned len = 0;
    if (EVP_DigestFinal_ex(w->digest, digest, &len) != 1)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return (fprintf(w->file, "end %" PRIu64 " %" PRIu64 " %s\n", w->out->keys, w->out->commands, hex) > 0 &&
               fflush(w->file) == 0) ||
           unwritten(w);
}

bool transfer_export(struct redis_sync *redis, FILE *file, int64_t now, struct transfer *out)
{
    *out = (struct transfer){0};
    struct writer w = {redis, file, EVP_MD_CTX_new(), out};
    bool done = w.digest && EVP_DigestInit_ex(w.digest, EVP_sha256(), NULL) == 1 && put_head(&w, now) &&
                redis_walk(redis, "nb:*", TRANSFER_PAGE, put_page, &w) && put_tail(&w);
    EVP_MD_CTX_free(w.digest);
    if (!done && !*out->error)
        snprintf(out->error, sizeof out->error, "%s", *redis->error ? redis->error : "no SHA-256");
    return done;
}
