/* Views of bytes and of text that somebody else owns. A view never outlives what it points into. */
#ifndef NEIGHBORS_PROTO_BYTES_H
#define NEIGHBORS_PROTO_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Any bytes. data may be NULL when len is 0. Not owned. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* UTF-8 text without a terminating NUL. data may be NULL when len is 0. Not owned. */
struct text {
    const char *data;
    size_t len;
};

#define TEXT(literal) ((struct text){(literal), sizeof(literal) - 1})

static inline struct text text_of(const char *s)
{
    return (struct text){s, s ? strlen(s) : 0};
}

static inline bool text_equal(struct text a, struct text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
