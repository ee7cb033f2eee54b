/* base64url by OpenSSL's base64, which is lenient about white space and padding: what it lets pass is checked
 * here, because a token or a cursor that has two texts would have two identities. Pure, no allocation. */
#include "bridge/base64url.h"

#include <openssl/evp.h>

enum { QUADS_MAX = 512, DECODED_MAX = QUADS_MAX * 3 };

size_t base64url_encode(struct bytes data, char *out)
{
    int written = EVP_EncodeBlock((unsigned char *)out, data.data, (int)data.len);
    size_t len = BASE64URL_TEXT(data.len);
    for (int i = 0; i < written; i++)
        out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    out[len] = '\0';
    return len;
}

static bool to_base64(struct text text, unsigned char *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && c != '-' && c != '_')
            return false;
        out[i] = (unsigned char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    for (size_t i = text.len; i % 4; i++)
        out[i] = '=';
    return true;
}

/* The last character has 2 or 4 bits more than the bytes need. */
static bool spare_bits_are_zero(struct text text, struct bytes decoded)
{
    if (text.len % 4 == 0)
        return true;
    size_t tail = decoded.len % 3;
    char again[8];
    base64url_encode((struct bytes){decoded.data + decoded.len - tail, tail}, again);
    return again[text.len % 4 - 1] == text.data[text.len - 1];
}

bool base64url_decode(struct text text, uint8_t *out, size_t capacity, size_t *len)
{
    unsigned char quads[QUADS_MAX * 4], decoded[DECODED_MAX];
    size_t need = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    if (text.len == 0 || text.len % 4 == 1 || text.len > sizeof quads - 4 || need > capacity)
        return false;
    if (!to_base64(text, quads) || EVP_DecodeBlock(decoded, quads, (int)((text.len + 3) / 4 * 4)) < (int)need)
        return false;
    if (!spare_bits_are_zero(text, (struct bytes){decoded, need}))
        return false;
    memcpy(out, decoded, need);
    *len = need;
    return true;
}
