/* Which encoding a payload is in: what the sender says, else how it begins (CONTRACT, section 3). */
#include <strings.h>

#include "proto/codec.h"

static enum encoding refuse(struct refusal *refusal, const char *field, const char *rule)
{
    *refusal = (struct refusal){REASON_BAD_PAYLOAD, field, rule, 0};
    return 0;
}

/* The media type without its parameters ("; charset=utf-8"). */
static struct text media_type(struct text content_type)
{
    const char *end = memchr(content_type.data, ';', content_type.len);
    size_t len = end ? (size_t)(end - content_type.data) : content_type.len;
    while (len && content_type.data[len - 1] == ' ')
        len--;
    return (struct text){content_type.data, len};
}

static bool is_type(struct text type, struct text name)
{
    return type.len == name.len && strncasecmp(type.data, name.data, name.len) == 0;
}

static enum encoding encoding_named(struct text content_type, struct refusal *refusal)
{
    struct text type = media_type(content_type);
    if (is_type(type, TEXT("application/x-protobuf")))
        return ENCODING_PROTOBUF;
    if (is_type(type, TEXT("application/json")))
        return ENCODING_JSON;
    if (is_type(type, TEXT("application/cap+xml")))
        return ENCODING_CAP;
    return refuse(refusal, "content type", "application/x-protobuf, application/json or application/cap+xml");
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The place behind white space and a byte order mark, in UTF-8 or UTF-16: in UTF-16 ASCII has a zero beside
 * it. */
static size_t behind_space_and_mark(struct bytes p, bool *wide)
{
    size_t i = 0;
    while (i < p.len) {
        bool pair = i + 1 < p.len;
        if (p.len - i >= 3 && memcmp(p.data + i, "\xEF\xBB\xBF", 3) == 0) {
            i += 3;
        } else if (pair && ((p.data[i] == 0xFE && p.data[i + 1] == 0xFF) ||
                               (p.data[i] == 0xFF && p.data[i + 1] == 0xFE))) {
            *wide = true;
            i += 2;
        } else if (pair && ((p.data[i] == 0 && is_space(p.data[i + 1])) ||
                               (is_space(p.data[i]) && p.data[i + 1] == 0))) {
            *wide = true;
            i += 2;
        } else if (is_space(p.data[i])) {
            i++;
        } else {
            break;
        }
    }
    return i;
}

enum encoding codec_encoding_of(struct text content_type, struct bytes payload, struct refusal *refusal)
{
    if (content_type.len)
        return encoding_named(content_type, refusal);
    if (payload.len && payload.data[0] == 0x08)
        return ENCODING_PROTOBUF;
    bool wide = false;
    size_t i = behind_space_and_mark(payload, &wide);
    if (i < payload.len) {
        const uint8_t *first = payload.data + i;
        if (*first == '<' || (*first == 0 && payload.len - i >= 2 && first[1] == '<'))
            return ENCODING_CAP;
        if (*first == '{' && !wide && !(payload.len - i >= 2 && first[1] == 0))
            return ENCODING_JSON;
    }
    return refuse(refusal, "payload", "protobuf (first byte 0x08), JSON ('{') or CAP ('<')");
}
