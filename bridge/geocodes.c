/* The table of geocodes in Redis. A code is one field, written by one command, which writes some of them: it
 * is the area before or the area after, never half of it. */
#include "bridge/geocodes.h"

#include <stdio.h>
#include <stdlib.h>

enum { KEY_TEXT = GEOCODES_SCHEME + 16, PAGE = 256, PAGE_BYTES = 1 << 20 };

/* ---- names ---- */

static bool is_plain(struct text name, size_t most)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] <= ' ' || name.data[i] > '~')
            return false;
    return name.len >= 1 && name.len <= most;
}

bool geocodes_scheme_valid(const char *scheme)
{
    return is_plain(text_of(scheme), GEOCODES_SCHEME);
}

/* A letter of the form stands for a kind of character: A a capital, 9 a digit, Z one of C and Z. */
static bool has_form(struct text code, const char *form)
{
    if (code.len != strlen(form))
        return false;
    for (size_t i = 0; i < code.len; i++) {
        char c = code.data[i];
        bool digit = c >= '0' && c <= '9', capital = c >= 'A' && c <= 'Z';
        if (form[i] == '9' ? !digit : form[i] == 'A' ? !capital : c != 'C' && c != 'Z')
            return false;
    }
    return true;
}

bool geocodes_code_valid(const char *scheme, struct text code)
{
    if (strcmp(scheme, "SAME") == 0)
        return has_form(code, "999999");
    if (strcmp(scheme, "UGC") == 0)
        return has_form(code, "AAZ999");
    return is_plain(code, GEOCODES_CODE);
}

/* ---- writing ---- */

static struct bytes word(const char *text)
{
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static struct bytes word_of(struct text text)
{
    return (struct bytes){(const uint8_t *)text.data, text.len};
}

static void key_of(const char *scheme, char out[KEY_TEXT])
{
    snprintf(out, KEY_TEXT, "nb:{geocodes}:%.*s", GEOCODES_SCHEME, scheme);
}

/* How many of the areas go together, at least one. */
static size_t page_of(const struct geocode_area *areas, size_t count)
{
    size_t page = 1, bytes = areas[0].polygons.len;
    while (page < count && page < PAGE && bytes + areas[page].polygons.len <= PAGE_BYTES)
        bytes += areas[page++].polygons.len;
    return page;
}

/* What the table has of them, in their order; NULL: redis->error. */
static redisReply *ask_page(
    struct redis_sync *redis, const char *key, const struct geocode_area *areas, size_t count)
{
    struct bytes words[2 + PAGE] = {word("HMGET"), word(key)};
    for (size_t i = 0; i < count; i++)
        words[2 + i] = word_of(areas[i].code);
    return redis_ask_words(redis, words, 2 + count);
}

static bool is_same(const redisReply *known, const struct geocode_area *area)
{
    return known->type == REDIS_REPLY_STRING &&
           bytes_equal((struct bytes){(const uint8_t *)known->str, known->len}, area->polygons);
}

static bool write_page(struct redis_sync *redis, const char *key, const struct geocode_area *areas,
    size_t count, struct geocodes_written *out)
{
    struct bytes words[2 + 2 * PAGE] = {word("HSET"), word(key)};
    struct geocodes_written page = {0};
    size_t at = 2;
    redisReply *known = ask_page(redis, key, areas, count);
    if (!known)
        return false;
    for (size_t i = 0; i < count; i++) {
        bool there = known->element[i]->type == REDIS_REPLY_STRING,
             same = is_same(known->element[i], &areas[i]);
        page.same += same;
        page.changed += there && !same;
        page.added += !there;
        if (same)
            continue;
        words[at++] = word_of(areas[i].code);
        words[at++] = areas[i].polygons;
    }
    freeReplyObject(known);
    if (at > 2 && !redis_tell_words(redis, words, at))
        return false;
    out->same += page.same;
    out->changed += page.changed;
    out->added += page.added;
    return true;
}

bool geocodes_write(struct redis_sync *redis, const char *scheme, const struct geocode_area *areas,
    size_t count, struct geocodes_written *out)
{
    char key[KEY_TEXT];
    key_of(scheme, key);
    *out = (struct geocodes_written){0};
    if (!redis_tell(redis, "SADD nb:{geocode-schemes}:names %s", scheme))
        return false;
    for (size_t done = 0, page; done < count; done += page) {
        page = page_of(areas + done, count - done);
        if (!write_page(redis, key, areas + done, page, out))
            return false;
    }
    return true;
}

/* ---- reading ---- */

bool geocodes_read(
    struct redis_sync *redis, const char *scheme, const char *code, struct arena *arena, struct bytes *out)
{
    char key[KEY_TEXT];
    key_of(scheme, key);
    redisReply *reply = redis_ask(redis, "HGET %s %s", key, code);
    if (!reply)
        return false;
    *out = (struct bytes){0};
    if (reply->type == REDIS_REPLY_STRING)
        *out = (struct bytes){(uint8_t *)arena_copy(arena, reply->str, reply->len), reply->len};
    freeReplyObject(reply);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool take_names(redisReply *reply, struct arena *arena, struct geocodes_names *out)
{
    if (!reply)
        return false;
    *out = (struct geocodes_names){.names = arena_alloc(arena, reply->elements * sizeof *out->names)};
    for (; out->count < reply->elements; out->count++)
        out->names[out->count] =
            arena_copy(arena, reply->element[out->count]->str, reply->element[out->count]->len);
    freeReplyObject(reply);
    qsort(out->names, out->count, sizeof *out->names, by_name);
    return true;
}

bool geocodes_schemes(struct redis_sync *redis, struct arena *arena, struct geocodes_names *out)
{
    return take_names(redis_ask(redis, "SMEMBERS nb:{geocode-schemes}:names"), arena, out);
}

bool geocodes_codes(
    struct redis_sync *redis, const char *scheme, struct arena *arena, struct geocodes_names *out)
{
    char key[KEY_TEXT];
    key_of(scheme, key);
    return take_names(redis_ask(redis, "HKEYS %s", key), arena, out);
}
