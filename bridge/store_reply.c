/* Guarded looks into replies of Redis: what is missing or of another type reads as 0 or empty, never as a
 * crash. */
#include <stdlib.h>

#include "bridge/store_inside.h"

int64_t reply_number(const redisReply *reply)
{
    if (!reply)
        return 0;
    if (reply->type == REDIS_REPLY_INTEGER)
        return reply->integer;
    return reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
}

struct bytes reply_bytes(const redisReply *reply)
{
    if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return (struct bytes){0};
    return (struct bytes){(const uint8_t *)reply->str, reply->len};
}

struct text reply_text(const redisReply *reply)
{
    struct bytes bytes = reply_bytes(reply);
    return (struct text){(const char *)bytes.data, bytes.len};
}

const redisReply *reply_at(const redisReply *reply, size_t index)
{
    return index < reply_count(reply) ? reply->element[index] : NULL;
}

size_t reply_count(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
}

struct text info_value(struct text info, const char *name)
{
    const char *at = info.len ? strstr(info.data, name) : NULL;
    if (!at)
        return (struct text){0};
    at += strlen(name);
    return (struct text){at, strcspn(at, "\r\n")};
}

int64_t info_number(struct text info, const char *name)
{
    struct text value = info_value(info, name);
    return value.len ? strtoll(value.data, NULL, 10) : 0;
}

redisReply *reply_copy(const redisReply *reply)
{
    redisReply *copy = store_alloc(sizeof *copy);
    *copy = *reply;
    if (reply->str) {
        copy->str = store_alloc(reply->len + 1);
        memcpy(copy->str, reply->str, reply->len);
    }
    if (reply->element) {
        copy->element = store_alloc(reply->elements * sizeof(redisReply *));
        for (size_t i = 0; i < reply->elements; i++)
            copy->element[i] = reply_copy(reply->element[i]);
    }
    return copy;
}

static uint8_t nibble(char c)
{
    return (uint8_t)(c >= 'a' ? c - 'a' + 10 : c - '0');
}

void hex_to_bytes(uint8_t *out, const char *hex, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | (nibble(hex[2 * i + 1]) & 15));
}

void bytes_to_hex(char *out, const uint8_t *data, size_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * bytes] = 0;
}
