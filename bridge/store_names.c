/* The names of things in Redis; scripts/neighbors.lua lists them all. A geohash's tag follows from its
 * region, the first five letters, so that all of a region lies in one slot of a cluster. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

enum { REGION_LETTERS = 5 };

uint32_t hash_of(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

/* CRC-16/XMODEM: polynomial 0x1021, begun at 0. */
static uint16_t crc16(const uint8_t *data, size_t len)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc ^= (uint16_t)(data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    }
    return crc;
}

uint16_t key_slot(const void *key, size_t len)
{
    enum { SLOTS = 16384 };
    const char *text = key, *open = memchr(text, '{', len);
    const char *close = open ? memchr(open + 1, '}', len - (size_t)(open + 1 - text)) : NULL;
    if (close && close > open + 1)
        return crc16((const uint8_t *)open + 1, (size_t)(close - open - 1)) % SLOTS;
    return crc16(key, len) % SLOTS;
}

uint8_t region_tag(const char *geohash)
{
    return hash_of(geohash, strnlen(geohash, REGION_LETTERS)) % STORE_REGION_TAGS;
}

int region_tag_key(char out[KEY], unsigned tag, const char *part)
{
    return snprintf(out, KEY, "nb:{r%02x}:%s", tag % STORE_REGION_TAGS, part);
}

int region_key(char out[KEY], const char *geohash, const char *part, struct text rest)
{
    assert(rest.len < 160);
    int len = snprintf(
        out, KEY, "nb:{r%02x}:%s%.*s", region_tag(geohash), part, (int)rest.len, rest.data ? rest.data : "");
    return len < KEY ? len : KEY - 1;
}

int sender_key(char out[KEY], unsigned tag, const char *part, const char *rest)
{
    return snprintf(out, KEY, "nb:{s%02x}:%s%s", tag % STORE_SENDER_TAGS, part, rest);
}

bool one_call(const struct store *store, const char *a, const char *b)
{
    size_t tag = strcspn(a, "}");
    return store_spans_tags(store) || strncmp(a, b, tag + 1) == 0;
}

unsigned sender_tags_at_once(const struct store *store)
{
    return store_spans_tags(store) ? STORE_SENDER_TAGS : 1;
}

void command_sender_keys(struct command *command, unsigned tag, unsigned count, const char *part)
{
    for (unsigned i = 0; i < count; i++) {
        char key[KEY];
        sender_key(key, tag + i, part, "");
        command_text(command, key);
    }
}

void session_key(struct buffer *out, struct session_name name, const char *part)
{
    out->len = 0;
    buffer_put(out, "nb:{p:", 6);
    buffer_put(out, name.principal.data, name.principal.len);
    buffer_put(out, "}:", 2);
    buffer_put(out, part, strlen(part));
    buffer_put(out, name.client.data, name.client.len);
}

void household_key(struct buffer *out, struct text household, const char *part)
{
    out->len = 0;
    buffer_put(out, "nb:{h:", 6);
    buffer_put(out, household.data, household.len);
    buffer_put(out, "}:", 2);
    buffer_put(out, part, strlen(part));
}

static void put_region_key(struct buffer *out, const char *geohash, const char *part)
{
    char key[KEY];
    buffer_put(out, key, (size_t)region_key(key, geohash, part, text_of(geohash)));
}

static bool inbox_keys(struct channel_keys *keys, struct text rest)
{
    const char *end = rest.data + rest.len;
    const char *slash = memchr(rest.data, '/', rest.len);
    slash = slash ? memchr(slash + 1, '/', (size_t)(end - slash - 1)) : NULL;
    if (!slash)
        return false;
    struct session_name name = {
        {rest.data, (size_t)(slash - rest.data)}, {slash + 1, (size_t)(end - slash - 1)}};
    session_key(&keys->stream, name, "in:");
    session_key(&keys->low, name, "inlo:");
    return true;
}

bool channel_keys(struct channel_keys *keys, struct text channel)
{
    *keys = (struct channel_keys){0};
    if (channel.len <= 2 || channel.len > CHANNEL_NAME || channel.data[1] != ':')
        return false;
    struct text rest = {channel.data + 2, channel.len - 2};
    if (channel.data[0] == 'i')
        return inbox_keys(keys, rest);
    char geohash[13] = {0};
    if (channel.data[0] != 'c' || rest.len >= sizeof(geohash))
        return false;
    memcpy(geohash, rest.data, rest.len);
    put_region_key(&keys->stream, geohash, "ch:");
    put_region_key(&keys->low, geohash, "lo:");
    put_region_key(&keys->alerts, geohash, "al:");
    return true;
}

void feed_name(struct buffer *out, struct text channel)
{
    static const char part[] = ":feed:";
    struct channel_keys keys;
    const char *brace = NULL;
    if (channel_keys(&keys, channel))
        brace = memchr(keys.stream.data, '}', keys.stream.len);
    if (brace)
        buffer_put(out, keys.stream.data, (size_t)(brace + 1 - (const char *)keys.stream.data));
    else
        buffer_put(out, "nb:{}", 5); /* nobody publishes there; the question for its state is refused */
    buffer_put(out, part, sizeof(part) - 1);
    buffer_put(out, channel.data, channel.len);
    channel_keys_free(&keys);
}

void channel_keys_free(struct channel_keys *keys)
{
    buffer_free(&keys->stream);
    buffer_free(&keys->low);
    buffer_free(&keys->alerts);
}
