/* base64url without padding (RFC 4648, section 5), strict: one text for one value. */
#ifndef NEIGHBORS_BRIDGE_BASE64URL_H
#define NEIGHBORS_BRIDGE_BASE64URL_H

#include "proto/bytes.h"

/* Characters that len bytes become, without the NUL. */
#define BASE64URL_TEXT(len) (((len)*4 + 2) / 3)

/* Writes the text and a NUL; out has room for BASE64URL_TEXT(data.len) + 4. Returns the text's length. */
size_t base64url_encode(struct bytes data, char *out);
/* Reads text into out (capacity bytes) and *len. False when a character is foreign, the length cannot be, the
 * spare bits of the last character are not 0, or there is no room. */
bool base64url_decode(struct text text, uint8_t *out, size_t capacity, size_t *len)
    __attribute__((warn_unused_result));

#endif
