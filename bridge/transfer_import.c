/* The file is read twice: held against its sum, then told to Redis, some commands at once. */
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/redis_walk.h"
#include "bridge/store_inside.h"
#include "bridge/store_layout.h"
#include "bridge/transfer.h"

enum {
    BATCH = 2048,
    BATCH_BYTES = 1 << 20,
    WORDS_MOST = 4096,
    WORD_MOST = 64 << 20,
    LINE = 160,
    PAGE = 1000, /* keys that are looked for at once */
    NAMED = 16   /* digits of a file's sum that name it */
};

struct reader {
    FILE *file;
    EVP_MD_CTX *digest;
    struct transfer *out;
    struct buffer bytes; /* of the command */
    long at, next;       /* in the file: where the line or word at hand begins, and what comes behind it */
    char line[LINE];
};

static bool unreadable(struct reader *r, const char *what)
{
    snprintf(
        r->out->error, sizeof r->out->error, "the file is not a whole export: %s (byte %ld)", what, r->at);
    return false;
}

/* A line, with its end, is taken into the sum unless it is the last. */
static bool read_line(struct reader *r)
{
    r->at = r->next;
    if (!fgets(r->line, sizeof r->line, r->file) || !strchr(r->line, '\n'))
        return unreadable(r, "it ends too early, or a line is too long");
    r->next += (long)strlen(r->line);
    return strncmp(r->line, "end ", 4) == 0 || EVP_DigestUpdate(r->digest, r->line, strlen(r->line)) == 1;
}

/* "<mark><number>\r\n" */
static bool read_count(struct reader *r, char mark, unsigned long most, unsigned long *out)
{
    char *end;
    *out = strtoul(r->line + 1, &end, 10);
    return (*r->line == mark && strcmp(end, "\r\n") == 0 && *out <= most) ||
           unreadable(r, "a command is broken");
}

static bool read_word(struct reader *r, struct command *command)
{
    unsigned long len;
    if (!read_line(r) || !read_count(r, '$', WORD_MOST, &len))
        return false;
    r->bytes.len = 0;
    while (r->bytes.len < len + 2) { /* it grows with what is there, not with what is said to be */
        uint8_t piece[4096];
        size_t some = len + 2 - r->bytes.len < sizeof piece ? len + 2 - r->bytes.len : sizeof piece;
        if (fread(piece, 1, some, r->file) != some)
            return unreadable(r, "it ends in a command");
        buffer_put(&r->bytes, piece, some);
    }
    r->next += (long)r->bytes.len;
    if (EVP_DigestUpdate(r->digest, r->bytes.data, r->bytes.len) != 1)
        return false;
    command_bytes(command, r->bytes.data, len);
    return true;
}

static bool may_be_told(struct bytes word)
{
    static const char *const words[] = {
        "DEL", "SET", "HSET", "SADD", "ZADD", "RPUSH", "XADD", "XSETID", "XGROUP", "XCLAIM", "PEXPIREAT"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word.len == strlen(words[i]) && memcmp(word.data, words[i], word.len) == 0)
            return true;
    return false;
}

/* The command whose first line was read. */
static bool read_command(struct reader *r, struct command *command)
{
    unsigned long count;
    *command = (struct command){0};
    if (!read_count(r, '*', WORDS_MOST, &count))
        return false;
    command_begin(command, count);
    for (unsigned long i = 0; i < count; i++) {
        if (!read_word(r, command))
            return false;
        if (i == 0 && !may_be_told((struct bytes){r->bytes.data, r->bytes.len - 2}))
            return unreadable(r, "a command that does not belong there");
    }
    r->out->commands++;
    return command->routed || unreadable(r, "a command without a key of ours");
}

static bool read_head(struct reader *r)
{
    int version = 0;
    if (!read_line(r) ||
        sscanf(r->line, "neighbors-installation %d layout \"%31[^\"]\"", &version, r->out->layout) != 2)
        return unreadable(r, "its first line is not that of one");
    if (version != 1 || strtol(r->out->layout, NULL, 10) != LAYOUT_VERSION) {
        snprintf(r->out->error, sizeof r->out->error,
            "the file has version %d and layout %s; this program reads version 1 and layout %d", version,
            r->out->layout, LAYOUT_VERSION);
        return false;
    }
    return true;
}

static bool begin(struct reader *r, FILE *file, struct transfer *out)
{
    *out = (struct transfer){0};
    *r = (struct reader){.file = file, .digest = EVP_MD_CTX_new(), .out = out, .next = ftell(file)};
    return r->digest && EVP_DigestInit_ex(r->digest, EVP_sha256(), NULL) == 1 && read_head(r);
}

static void end(struct reader *r)
{
    EVP_MD_CTX_free(r->digest);
    buffer_free(&r->bytes);
}

static bool check_tail(struct reader *r)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 1] = "", expected[LINE];
    unsigned len = 0;
    uint64_t keys = 0, commands = 0;
    if (EVP_DigestFinal_ex(r->digest, digest, &len) != 1)
        return false;
    for (unsigned i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (sscanf(r->line, "end %" SCNu64 " %" SCNu64 " %159s", &keys, &commands, expected) != 3 ||
        strcmp(hex, expected) != 0 || commands != r->out->commands)
        return unreadable(r, "its sum is another");
    r->out->keys = keys;
    snprintf(r->out->sum, sizeof r->out->sum, "%s", hex);
    return true;
}

bool transfer_check(FILE *file, struct transfer *out)
{
    struct reader r;
    long at = ftell(file);
    bool done = begin(&r, file, out);
    while (done && (done = read_line(&r)) && *r.line == '*') {
        struct command command;
        done = read_command(&r, &command);
        command_free(&command);
    }
    done = done && check_tail(&r);
    end(&r);
    if (done && (at < 0 || fseek(file, at, SEEK_SET) != 0))
        done = unreadable(&r, "it cannot be read twice");
    return done;
}

/* ---- into Redis ---- */

struct batch {
    struct command commands[BATCH];
    long at[BATCH]; /* where each begins in the file */
    size_t count, bytes;
};

static bool tell(struct redis_sync *redis, struct reader *r, struct batch *batch)
{
    redisReply *replies[BATCH];
    if (batch->count == 0)
        return true;
    bool done = redis_ask_all(redis, batch->commands, batch->count, replies);
    for (size_t i = 0; i < batch->count; i++)
        freeReplyObject(replies[i]);
    if (!done)
        snprintf(r->out->error, sizeof r->out->error, "%.180s (the command at byte %ld of the file)",
            redis->error, batch->at[redis->failed]);
    batch->count = batch->bytes = 0;
    return done;
}

static bool take_all(struct redis_sync *redis, struct reader *r, struct batch *batch)
{
    bool done = true;
    while (done && (done = read_line(r)) && *r->line == '*') {
        struct command *command = &batch->commands[batch->count];
        batch->at[batch->count] = r->at;
        done = read_command(r, command);
        batch->count++;
        batch->bytes += command->bytes.len;
        if (done && (batch->count == BATCH || batch->bytes >= BATCH_BYTES))
            done = tell(redis, r, batch);
    }
    return done && tell(redis, r, batch) && check_tail(r);
}

/* What nb:layout says until all of the file is there: no layout of any version. */
static void put_name(const struct transfer *checked, char out[2 * LINE])
{
    snprintf(out, 2 * LINE, "import-%.*s of %s", NAMED, checked->sum, checked->layout);
}

bool transfer_import(
    struct redis_sync *redis, FILE *file, const struct transfer *checked, struct transfer *out)
{
    struct reader r;
    struct batch *batch = store_alloc(sizeof *batch);
    char name[2 * LINE];
    put_name(checked, name);
    redis->in_order = true;
    bool done = begin(&r, file, out) && redis_tell(redis, "SET nb:layout %s", name) &&
                take_all(redis, &r, batch) && redis_tell(redis, "SET nb:layout %s", out->layout);
    redis->in_order = false;
    for (size_t i = 0; i < batch->count; i++)
        command_free(&batch->commands[i]);
    free(batch);
    end(&r);
    if (!done && !*out->error)
        snprintf(out->error, sizeof out->error, "%s", redis->error);
    return done;
}

/* The first key ends the walk. */
static bool find_key(void *arg, const redisReply *keys)
{
    bool *found = arg;
    *found = reply_count(keys) > 0;
    return !*found;
}

int transfer_may_import(struct redis_sync *redis, const struct transfer *checked)
{
    char name[2 * LINE];
    bool found = false;
    put_name(checked, name);
    redisReply *layout = redis_ask(redis, "GET nb:layout");
    bool asked = layout != NULL, begun = text_equal(reply_text(layout), text_of(name));
    freeReplyObject(layout);
    if (!asked)
        return -1;
    if (begun || redis_walk(redis, "nb:*", PAGE, find_key, &found))
        return 1;
    return found ? 0 : -1;
}
