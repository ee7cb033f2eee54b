/* Whole numbers as the proto3 JSON mapping writes them: bare or quoted, with an exponent if need be. The
 * schema has no others. */
#include <stdlib.h>

#include "proto/json_tree.h"

struct whole {
    bool negative;
    uint64_t magnitude;
};

static bool whole_of_real(double value, struct whole *out)
{
    if (!(value >= -(double)LIMIT_EXACT && value <= (double)LIMIT_EXACT) || value != (double)(int64_t)value)
        return false;
    *out = (struct whole){value < 0, (uint64_t)(value < 0 ? -value : value)};
    return true;
}

static bool whole_of_text(const char *text, size_t len, struct whole *out)
{
    size_t first = text[0] == '-' ? 1 : 0, digits = strspn(text + first, "0123456789");
    if (digits == 0 || len > 32)
        return false;
    if (first + digits < len) { /* the mapping allows "1e2" */
        char *end;
        bool number = strspn(text, "0123456789+-.eE") == len;
        return number && whole_of_real(strtod(text, &end), out) && *end == '\0';
    }
    uint64_t magnitude = 0;
    for (const char *c = text + first; *c; c++)
        if (__builtin_mul_overflow(magnitude, 10, &magnitude) ||
            __builtin_add_overflow(magnitude, (uint64_t)(*c - '0'), &magnitude))
            return false;
    *out = (struct whole){first == 1, magnitude};
    return true;
}

static bool whole_of(const json_t *value, struct whole *out)
{
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        *out = (struct whole){number < 0, number < 0 ? 0 - (uint64_t)number : (uint64_t)number};
        return true;
    }
    if (json_is_real(value))
        return whole_of_real(json_real_value(value), out);
    return json_is_string(value) && whole_of_text(json_string_value(value), json_string_length(value), out);
}

const char *json_take_whole(const json_t *value, bool is_signed, size_t size, void *member)
{
    struct whole number;
    if (!whole_of(value, &number))
        return "a whole number";
    uint64_t most = size == 4 ? UINT32_MAX : UINT64_MAX;
    if (is_signed)
        most = most / 2 + (number.negative ? 1 : 0);
    else if (number.negative && number.magnitude)
        return "a whole number, not negative";
    if (number.magnitude > most)
        return size == 4 ? "a whole number within 32 bits" : "a whole number within 64 bits";
    uint64_t bits = number.negative ? 0 - number.magnitude : number.magnitude;
    uint32_t low = (uint32_t)bits;
    memcpy(member, size == 4 ? (void *)&low : (void *)&bits, size);
    return NULL;
}

bool json_read_whole(const struct json_reader *r, const struct codec_path *path, const json_t *value,
    bool is_signed, size_t size, void *member)
{
    const char *rule = json_take_whole(value, is_signed, size, member);
    return !rule || json_refuse(r, path, rule);
}
