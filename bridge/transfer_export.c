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

/* What a key may hold: how its first page is asked for, and all of it (the key comes behind the first word),
 * which command makes it, and how pages are told from the first on, which is freed. */
struct kind {
    const char *type, *ask[5], *whole[4], *word;
    bool (*put)(struct writer *w, const struct kind *kind, struct text key, redisReply *page);
};

static bool put_string(struct writer *w, const struct kind *kind, struct text key, redisReply *reply)
{
    bool done = true;
    if (reply->type == REDIS_REPLY_STRING) {
        struct command command = transfer_begin(kind->word, key, 1);
        command_bytes(&command, reply->str, reply->len);
        done = transfer_put(w, &command);
    }
    freeReplyObject(reply);
    return done;
}

/* Elements in the order in which the command takes them; of a sorted set's pairs the score comes first. */
static bool put_elements(
    struct writer *w, const struct kind *kind, struct text key, const redisReply *elements)
{
    size_t count = reply_count(elements), turn = *kind->word == 'Z';
    for (size_t from = 0, some; from < count; from += some) {
        some = count - from < 2 * TRANSFER_PAGE ? count - from : 2 * TRANSFER_PAGE;
        struct command command = transfer_begin(kind->word, key, some);
        for (size_t i = 0; i < some; i++)
            command_view(&command, reply_text(reply_at(elements, from + (i ^ turn))));
        if (!transfer_put(w, &command))
            return false;
    }
    return true;
}

static const char *cursor_of(const redisReply *page)
{
    const char *cursor = reply_text(reply_at(page, 0)).data;
    return cursor ? cursor : "0";
}

/* HSCAN, SSCAN, ZSCAN. */
static bool put_scanned(struct writer *w, const struct kind *kind, struct text key, redisReply *reply)
{
    for (;;) {
        char cursor[24];
        bool done = reply_count(reply) == 2 && put_elements(w, kind, key, reply_at(reply, 1));
        snprintf(cursor, sizeof cursor, "%s", cursor_of(reply));
        freeReplyObject(reply);
        if (!done || strcmp(cursor, "0") == 0)
            return done;
        reply = TRANSFER_ASK(
            w, text_of(kind->ask[0]), key, text_of(cursor), TEXT("COUNT"), TEXT(transfer_page_size));
    }
}

static bool put_list(struct writer *w, const struct kind *kind, struct text key, redisReply *reply)
{
    for (long from = TRANSFER_PAGE;; from += TRANSFER_PAGE) {
        size_t count = reply_count(reply);
        bool done = reply && put_elements(w, kind, key, reply);
        freeReplyObject(reply);
        if (!done || count < TRANSFER_PAGE)
            return done;
        char first[24], last[24];
        snprintf(first, sizeof first, "%ld", from);
        snprintf(last, sizeof last, "%ld", from + TRANSFER_PAGE - 1);
        reply = TRANSFER_ASK(w, TEXT("LRANGE"), key, text_of(first), text_of(last));
    }
}

static const struct kind kinds[] = {
    {"string", {"GET"}, {NULL}, "SET", put_string},
    {"hash", {"HSCAN", "0", "COUNT", transfer_page_size}, {"HGETALL"}, "HSET", put_scanned},
    {"set", {"SSCAN", "0", "COUNT", transfer_page_size}, {"SMEMBERS"}, "SADD", put_scanned},
    {"zset", {"ZSCAN", "0", "COUNT", transfer_page_size}, {"ZRANGE", "0", "-1", "WITHSCORES"}, "ZADD",
        put_scanned},
    {"list", {"LRANGE", "0", page_end}, {"LRANGE", "0", "-1"}, "RPUSH", put_list},
    {"stream", {"XLEN"}, {NULL}, "XADD", NULL}, /* see put_stream */
};

/* NULL: there is none such. */
static const struct kind *kind_of(struct text type)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (text_equal(type, text_of(kinds[i].type)))
            return &kinds[i];
    return NULL;
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

static void ask_words(struct redis_batch *batch, const char *const words[], size_t room, struct text key)
{
    struct command command = {0};
    size_t count = 0;
    while (count < room && words[count])
        count++;
    command_begin(&command, count + 1);
    command_text(&command, words[0]);
    command_view(&command, key);
    for (size_t i = 1; i < count; i++)
        command_text(&command, words[i]);
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

/* What it holds, or the first page of that; when it goes, in ms since 1970, -1: never. */
struct value {
    redisReply *reply;
    int64_t expires;
};

/* The value, and behind it when it goes. False: redis->error. */
static bool ask_value(struct writer *w, struct redis_batch *batch, struct text key, struct value *out)
{
    size_t count;
    ask_about(batch, "PEXPIRETIME", key);
    redisReply **replies = redis_batch_ask(w->redis, batch, &count);
    freeReplyObject(out->reply);
    *out = replies ? (struct value){replies[0], reply_number(replies[1])} : (struct value){0};
    if (replies)
        replies[0] = NULL;
    redis_replies_free(replies, count);
    return out->reply != NULL;
}

/* How far it has come, groups and some entries: as many as told, "0": all. It may be gone. */
static bool ask_stream(struct writer *w, struct text key, const char *most, struct value *out)
{
    struct redis_batch batch = {0};
    struct command command = {0};
    command_begin(&command, 6);
    command_text(&command, "XINFO");
    command_text(&command, "STREAM");
    command_view(&command, key);
    command_text(&command, "FULL");
    command_text(&command, "COUNT");
    command_text(&command, most);
    redis_batch_add(&batch, &command);
    bool done = ask_value(w, &batch, key, out);
    if (done || !strstr(w->redis->error, "no such key"))
        return done;
    out->expires = GONE;
    return true;
}

/* Of one moment; page by page, unless something went meanwhile. */
static bool put_stream(struct writer *w, struct text key, struct value *value)
{
    static const char *const most[] = {transfer_page_size, "0"};
    bool all = false;
    for (size_t i = 0; !all && i < sizeof most / sizeof *most; i++) {
        if (!ask_stream(w, key, most[i], value))
            return false;
        if (value->expires == GONE)
            return true;
        if (!transfer_put_stream(w, key, value->reply, &all))
            return false;
    }
    if (!all)
        snprintf(w->out->error, sizeof w->out->error, "the stream %.*s cannot be read whole",
            (int)(key.len < 120 ? key.len : 120), key.data);
    return all;
}

/* Whether the first page is all of it. */
static bool is_whole(const struct kind *kind, const redisReply *page)
{
    return kind->put == put_scanned ? strcmp(cursor_of(page), "0") == 0
           : kind->put == put_list  ? reply_count(page) < TRANSFER_PAGE
                                    : true;
}

/* Page by page, or when others write meanwhile and it has more than one in one step. */
static bool put_value(struct writer *w, const struct told *told, struct value *value)
{
    const struct kind *kind = told->kind;
    bool whole = w->at_once && !is_whole(kind, value->reply), done = true;
    if (whole) {
        struct redis_batch batch = {0};
        ask_words(&batch, kind->whole, sizeof kind->whole / sizeof(char *), told->key);
        done = ask_value(w, &batch, told->key, value);
    }
    struct command command = transfer_begin("DEL", told->key, 0);
    done = transfer_put(w, &command) && done &&
           (whole ? put_elements(w, kind, told->key, value->reply)
                  : kind->put(w, kind, told->key, value->reply));
    if (!whole)
        value->reply = NULL;
    return done;
}

/* What SCAN tells twice is made twice, which is why DEL comes first. One that went while it was read may be
 * told in part, with DEL behind it. */
static bool put_key(struct writer *w, const struct told *told, struct value *value)
{
    struct command command;
    if (!(told->kind->put ? put_value(w, told, value) : put_stream(w, told->key, value)))
        return false;
    if (value->expires == GONE) {
        command = transfer_begin("DEL", told->key, 0);
        return transfer_put(w, &command);
    }
    w->out->keys++;
    if (value->expires <= 0)
        return true;
    command = transfer_begin("PEXPIREAT", told->key, 1);
    command_number(&command, value->expires);
    return transfer_put(w, &command);
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
        ask_words(&batch, told[i].kind->ask, sizeof told[i].kind->ask / sizeof(char *), told[i].key);
        ask_about(&batch, "PEXPIRETIME", told[i].key);
    }
    redisReply **replies = done ? redis_batch_ask(w->redis, &batch, &answers) : NULL;
    done = replies != NULL;
    for (size_t i = 0; done && i < count; i++) {
        struct value value = {replies[2 * i], reply_number(replies[2 * i + 1])};
        replies[2 * i] = NULL;
        done = value.expires == GONE || put_key(w, &told[i], &value);
        freeReplyObject(value.reply);
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

bool transfer_export(struct redis_sync *redis, FILE *file, int64_t now, bool at_once, struct transfer *out)
{
    *out = (struct transfer){0};
    struct writer w = {redis, file, EVP_MD_CTX_new(), out, at_once};
    bool done = w.digest && EVP_DigestInit_ex(w.digest, EVP_sha256(), NULL) == 1 && put_head(&w, now) &&
                redis_walk(redis, "nb:*", TRANSFER_PAGE, put_page, &w) && put_tail(&w);
    EVP_MD_CTX_free(w.digest);
    if (!done && !*out->error)
        snprintf(out->error, sizeof out->error, "%s", *redis->error ? redis->error : "no SHA-256");
    return done;
}
