/* The checks of codec_check.h. Text is walked once: its end, its bytes' class and its length come from one
 * table. */
#include "proto/codec_check.h"

#include <stdio.h>

#include "proto/mqtt.h"

enum { LONGEST_PATH = 256 };

static size_t write_path(const struct codec_path *path, char *out, size_t size)
{
    if (!path)
        return 0;
    size_t len = write_path(path->up, out, size);
    if (len >= size)
        return len;
    int more = path->index == CODEC_NO_INDEX
                   ? snprintf(out + len, size - len, "%s%s", len ? "." : "", path->name)
                   : snprintf(out + len, size - len, "%s%s[%zu]", len ? "." : "", path->name, path->index);
    return len + (size_t)more;
}

bool codec_refuse(
    const struct codec_reading *reading, const struct codec_path *path, const char *field, const char *rule)
{
    char text[LONGEST_PATH];
    struct codec_path last = {path, field, CODEC_NO_INDEX};
    size_t len = write_path(field ? &last : path, text, sizeof text);
    reading->refusal->code = REASON_BAD_PAYLOAD;
    reading->refusal->field =
        len ? arena_copy(reading->arena, text, len < sizeof text ? len : sizeof text - 1) : "payload";
    reading->refusal->rule = rule;
    reading->refusal->retry_after_s = 0;
    return false;
}

/* What a byte may be part of, a bit a text_kind; HIGH: begins or goes on with something beyond ASCII. */
enum { PROSE = 1 << TEXT_PROSE, ID = 1 << TEXT_ID, ACCOUNT = 1 << TEXT_ACCOUNT, HIGH = 8 };
static const uint8_t byte_class[256] = {
    ['\t'] = PROSE,
    ['\n'] = PROSE,
    ['\r'] = PROSE,
    [' '] = PROSE,
    ['!' ... ','] = PROSE | ID,
    ['-' ... '.'] = PROSE | ID | ACCOUNT,
    ['/'] = PROSE | ID,
    ['0' ... '9'] = PROSE | ID | ACCOUNT,
    [':' ... '@'] = PROSE | ID,
    ['A' ... 'Z'] = PROSE | ID | ACCOUNT,
    ['[' ... '^'] = PROSE | ID,
    ['_'] = PROSE | ID | ACCOUNT,
    ['`'] = PROSE | ID,
    ['a' ... 'z'] = PROSE | ID | ACCOUNT,
    ['{' ... '~'] = PROSE | ID,
    [0x80 ... 0xFF] = PROSE | HIGH,
};
static const char *const kind_rules[] = {
    [TEXT_PROSE] = "no control characters",
    [TEXT_ID] = "printable ASCII without spaces",
    [TEXT_ACCOUNT] = "letters, digits, '.', '_' and '-'",
};

/* U+0080 to U+009F are control characters too, C2 80 to C2 9F in UTF-8. */
static bool has_c1_control(const char *data, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++)
        if ((uint8_t)data[i] == 0xC2 && (uint8_t)data[i + 1] < 0xA0)
            return true;
    return false;
}

bool codec_check_text(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    const char *value, size_t most, enum text_kind kind, struct text *out)
{
    const uint8_t *byte = (const uint8_t *)value;
    uint8_t wanted = (uint8_t)(1 << kind), seen = 0, class;
    while ((class = byte_class[*byte]) & wanted) {
        seen |= class;
        byte++;
    }
    size_t len = (size_t)(byte - (const uint8_t *)value);
    if (*byte)
        return codec_refuse(reading, path, field, kind_rules[kind]);
    if (len > most)
        return codec_refuse(reading, path, field, arena_printf(reading->arena, "at most %zu bytes", most));
    if (seen & HIGH) {
        if (!mqtt_utf8_valid(value, len))
            return codec_refuse(reading, path, field, "valid UTF-8");
        if (has_c1_control(value, len))
            return codec_refuse(reading, path, field, kind_rules[kind]);
    }
    *out = (struct text){value, len};
    return true;
}

static const char *enum_rule(struct arena *arena, int last, const char *(*name_of)(int value))
{
    const char *rule = "one of";
    for (int value = 1; value <= last; value++)
        rule = arena_printf(arena, "%s%s %s", rule, value > 1 ? "," : "", name_of(value));
    return rule;
}

bool codec_check_enum(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    int64_t value, int last, const char *(*name_of)(int value))
{
    if (value >= 0 && value <= last)
        return true;
    return codec_refuse(reading, path, field, enum_rule(reading->arena, last, name_of));
}

bool codec_check_count(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    size_t count, size_t most)
{
    return count <= most ||
           codec_refuse(reading, path, field, arena_printf(reading->arena, "at most %zu", most));
}

bool codec_check_bytes(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    const uint8_t *data, size_t len, size_t most, struct bytes *out)
{
    if (len > most)
        return codec_refuse(reading, path, field, arena_printf(reading->arena, "at most %zu bytes", most));
    *out = (struct bytes){data, len};
    return true;
}

bool codec_check_position(
    const struct codec_reading *reading, const struct codec_path *path, struct position position)
{
    if (position.lat_e7 < -900000000 || position.lat_e7 > 900000000)
        return codec_refuse(reading, path, "lat_e7", "between -900000000 and 900000000");
    if (position.lon_e7 < -1800000000 || position.lon_e7 > 1800000000)
        return codec_refuse(reading, path, "lon_e7", "between -1800000000 and 1800000000");
    return true;
}
