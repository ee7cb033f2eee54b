/* Bytes that grow: Redis commands (RESP2), with the slot of a cluster that each belongs to, and the packed
 * values that the functions of bridge/scripts read. */
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

void command_begin(struct command *command, size_t arguments)
{
    put_count(&command->bytes, '*', arguments);
}

static void put_argument(struct buffer *b, const void *data, size_t len)
{
    put_count(b, '$', len);
    buffer_put(b, data, len);
    buffer_put(b, "\r\n", 2);
}

/* "nb:{tag}:guard" of the key's tag. */
static void put_guard(struct buffer *b, const char *key, size_t len)
{
    static const char guard[] = ":guard";
    const char *brace = memchr(key, '}', len);
    size_t tag = brace ? (size_t)(brace + 1 - key) : len;
    put_count(b, '$', tag + sizeof(guard) - 1);
    buffer_put(b, key, tag);
    buffer_put(b, guard, sizeof(guard) - 1);
    buffer_put(b, "\r\n", 2);
}

void command_bytes(struct command *command, const void *data, size_t len)
{
    if (!command->routed && len > 4 && memcmp(data, "nb:{", 4) == 0) {
        command->routed = true;
        command->slot = key_slot(data, len);
    }
    put_argument(&command->bytes, data, len);
    if (command->keys_left && --command->keys_left == 0)
        put_guard(&command->bytes, data, len);
}

void command_text(struct command *command, const char *text)
{
    command_bytes(command, text, strlen(text));
}

void command_view(struct command *command, struct text text)
{
    command_bytes(command, text.data, text.len);
}

void command_number(struct command *command, int64_t value)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%lld", (long long)value);
    command_bytes(command, text, (size_t)len);
}

void command_function(struct command *command, const char *function, size_t keys, size_t arguments)
{
    if (keys == 0) {
        fprintf(stderr, "store_function text=\"%s is called without a key\"\n", function);
        abort();
    }
    command_begin(command, 4 + keys + arguments);
    command_text(command, "FCALL");
    command_text(command, function);
    command_number(command, (int64_t)keys + 1);
    command->keys_left = keys;
}

void command_join(struct command *command, const struct command *piece)
{
    buffer_put(&command->bytes, piece->bytes.data, piece->bytes.len);
}

void command_free(struct command *command)
{
    buffer_free(&command->bytes);
    *command = (struct command){0};
}
