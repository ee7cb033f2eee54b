#include "bridge/redis_words.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The next argument of a command as it is sent, "$<len>\r\n<data>\r\n". */
static struct bytes next_word(const char **at)
{
    char *end;
    size_t len = strtoul(strchr(*at, '$') + 1, &end, 10);
    struct bytes word = {(const uint8_t *)end + 2, len};
    *at = end + 2 + len + 2;
    return word;
}

static bool is_word(struct bytes word, const char *text)
{
    return word.len == strlen(text) && strncasecmp((const char *)word.data, text, word.len) == 0;
}

void command_of_words(struct command *command, const struct bytes *words, size_t count)
{
    long keys = count > 3 && is_word(words[0], "FCALL") ? strtol((const char *)words[2].data, NULL, 10) : 0;
    size_t at = 0;
    *command = (struct command){0};
    if (keys > 0 && (size_t)keys + 3 <= count) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)words[1].len, (const char *)words[1].data);
        command_function(command, name, (size_t)keys, count - 3 - (size_t)keys);
        at = 3;
    } else {
        command_begin(command, count);
    }
    for (; at < count; at++)
        command_bytes(command, words[at].data, words[at].len);
    /* A key without a tag. */
    if (!command->routed && count > 1 && words[1].len > 3 && memcmp(words[1].data, "nb:", 3) == 0 &&
        !is_word(words[0], "PUBLISH")) {
        command->routed = true;
        command->slot = key_slot(words[1].data, words[1].len);
    }
}

bool command_only_reads(const struct command *command)
{
    static const char *const reads[] = {"AUTH", "CLUSTER", "CONFIG", "DBSIZE", "DUMP", "EXISTS", "GET",
        "HEXISTS", "HGET", "HGETALL", "HKEYS", "HLEN", "HMGET", "HSCAN", "HVALS", "INFO", "KEYS", "LINDEX",
        "LLEN", "LRANGE", "PING", "PEXPIRETIME", "PTTL", "PUBLISH", "PUBSUB", "SCAN", "SCARD", "SISMEMBER",
        "SMEMBERS", "SPUBLISH", "SSCAN", "STRLEN", "SUBSCRIBE", "TTL", "TYPE", "WAIT", "XINFO", "XLEN",
        "XPENDING", "XRANGE", "XREVRANGE", "ZCARD", "ZCOUNT", "ZSCAN", "ZRANGE", "ZSCORE", "FUNCTION"};
    const char *at = (const char *)command->bytes.data;
    struct bytes word = next_word(&at);
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        if (is_word(word, reads[i]))
            return true;
    return false;
}

bool command_is_once(const struct command *command)
{
    const char *at = (const char *)command->bytes.data;
    struct bytes word = next_word(&at);
    return command->once || is_word(word, "XADD") || is_word(word, "INCR") || is_word(word, "HINCRBY");
}

void command_of_format(struct command *command, const char *format, va_list arguments)
{
    char *text;
    int len = redisvFormatCommand(&text, format, arguments);
    if (len < 0)
        abort();
    const char *at = text + 1;
    size_t count = strtoul(at, NULL, 10);
    struct bytes *words = store_alloc(count * sizeof *words);
    for (size_t i = 0; i < count; i++)
        words[i] = next_word(&at);
    command_of_words(command, words, count);
    free(words);
    redisFreeCommand(text);
}
