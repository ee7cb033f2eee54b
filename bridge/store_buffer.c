/* Bytes that grow: Redis commands (RESP2) and the packed values that the functions of bridge/scripts read. */
#include <stdio.h>
#include <stdlib.h>

#include "bridge/store_inside.h"

static void out_of_memory(void)
{
    fputs("store_memory text=\"out of memory\"\n", stderr);
    abort();
}

void *store_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        out_of_memory();
    return p;
}

static void reserve(struct buffer *b, size_t more)
{
    if (b->room - b->len >= more)
        return;
    size_t room = b->room ? b->room * 2 : 256;
    while (room - b->len < more)
        room *= 2;
    b->data = realloc(b->data, room);
    if (!b->data)
        out_of_memory();
    b->room = room;
}

void buffer_put(struct buffer *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    reserve(b, len);
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

void buffer_number(struct buffer *b, uint64_t value, int bytes)
{
    reserve(b, 8);
    for (int i = bytes - 1; i >= 0; i--)
        b->data[b->len++] = (uint8_t)(value >> (8 * i));
}

void buffer_sized(struct buffer *b, const void *data, size_t len)
{
    buffer_number(b, len, 2);
    buffer_put(b, data, len);
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}

uint64_t packed_number(const uint8_t *data, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | data[i];
    return value;
}

/* "<mark><number>\r\n", without printf: several of these go into each command. */
static void put_count(struct buffer *b, char mark, size_t number)
{
    char text[24];
    size_t at = sizeof(text);
    text[--at] = '\n';
    text[--at] = '\r';
    do {
        text[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    text[--at] = mark;
    buffer_put(b, text + at, sizeof(text) - at);
}

void command_begin(struct buffer *b, size_t arguments)
{
    put_count(b, '*', arguments);
}

void command_bytes(struct buffer *b, const void *data, size_t len)
{
    put_count(b, '$', len);
    buffer_put(b, data, len);
    buffer_put(b, "\r\n", 2);
}

void command_text(struct buffer *b, const char *text)
{
    command_bytes(b, text, strlen(text));
}

void command_view(struct buffer *b, struct text text)
{
    command_bytes(b, text.data, text.len);
}

void command_number(struct buffer *b, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%lld", (long long)value);
    command_bytes(b, text, (size_t)len);
}

void command_function(struct buffer *b, const char *function, size_t keys, size_t arguments)
{
    command_begin(b, 3 + keys + arguments);
    command_text(b, "FCALL");
    command_text(b, function);
    command_number(b, (int64_t)keys);
}
