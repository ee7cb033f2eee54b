/* Looks at text: is it UTF-8 as MQTT wants it, does it hold a wildcard. Nearly all that comes is short ASCII,
 * so both look at 8 bytes at a time and at single bytes only where there is something else. */
#include "proto/mqtt_wire.h"

#define EVERY_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

static uint64_t load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* The length of the well-formed character at `at`, as in table 3-7 of the Unicode standard; 0 when there is
 * none. */
static size_t character(const uint8_t *at, size_t left)
{
    uint8_t lead = at[0];
    if (lead < 0x80)
        return lead != 0; /* [MQTT-1.5.4-2] */
    size_t len = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead < 0xC2 || lead > 0xF4 || left < len)
        return 0;
    /* The second byte alone decides on overlong forms, surrogates [MQTT-1.5.4-1] and what lies above
     * U+10FFFF. */
    uint8_t lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (at[1] < lowest || at[1] > highest)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    }
    return len;
}

/* True when all 8 bytes lie between U+0001 and U+007F. */
static bool plain(uint64_t word)
{
    return (((word - EVERY_BYTE(1)) | word) & EVERY_BYTE(0x80)) == 0;
}

bool mqtt_utf8_valid(const char *data, size_t len)
{
    size_t at = 0;
    while (at < len) {
        if (len - at >= 8 && plain(load(data + at))) {
            at += 8;
            continue;
        }
        /* The last bytes again with those before them, which have passed. */
        if (len >= 8 && len - at < 8 && plain(load(data + len - 8)))
            return true;
        size_t step = character((const uint8_t *)data + at, len - at);
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

/* '+' is 0x2B and '#' 0x23: they differ in the one bit 0x08. */
static bool wildcard_in(uint64_t word)
{
    uint64_t zero_where_found = (word | EVERY_BYTE(0x08)) ^ EVERY_BYTE(0x2B);
    return ((zero_where_found - EVERY_BYTE(1)) & ~zero_where_found & EVERY_BYTE(0x80)) != 0;
}

bool mqtt_has_wildcard(struct text text)
{
    size_t at = 0;
    for (; text.len - at >= 8; at += 8) {
        if (wildcard_in(load(text.data + at)))
            return true;
    }
    if (at < text.len && text.len >= 8)
        return wildcard_in(load(text.data + text.len - 8));
    for (; at < text.len; at++) {
        if (text.data[at] == '+' || text.data[at] == '#')
            return true;
    }
    return false;
}
