/* Base64 as the proto3 JSON mapping wants it: neither jansson nor protobuf-c has it. */
#include "proto/json.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool json_base64_read(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
    if (len % 4 == 0 && len > 0 && text[len - 1] == '=')
        len -= text[len - 2] == '=' ? 2 : 1;
    if (len % 4 == 1)
        return false;
    uint32_t bits = 0;
    int held = 0;
    size_t written = 0;
    for (size_t i = 0; i < len; i++) {
        int value = value_of(text[i]);
        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[written++] = (uint8_t)(bits >> held);
        }
    }
    *out_len = written;
    return true;
}

size_t json_base64_write(const uint8_t *data, size_t len, char *out)
{
    size_t written = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t group = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)data[i] << 16;
        if (group > 1)
            bits |= (uint32_t)data[i + 1] << 8;
        if (group > 2)
            bits |= data[i + 2];
        out[written++] = alphabet[bits >> 18];
        out[written++] = alphabet[bits >> 12 & 63];
        out[written++] = group > 1 ? alphabet[bits >> 6 & 63] : '=';
        out[written++] = group > 2 ? alphabet[bits & 63] : '=';
    }
    return written;
}
