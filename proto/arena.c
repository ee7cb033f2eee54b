/* The arena of a message in flight. Blocks come from malloc and only go back to it all together; what is
 * taken is never moved. The caller's first room, usually on its stack or in its connection, makes that a
 * common message needs no malloc at all. */
#include "proto/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { ALIGNMENT = 16, BLOCK_SIZE = 16 * 1024 };

struct arena_block {
    _Alignas(ALIGNMENT) struct arena_block *older;
};

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "out of memory: %zu bytes wanted\n", size);
    abort();
}

void arena_init(struct arena *a, void *first, size_t size)
{
    a->blocks = NULL;
    a->next = first;
    a->end = first ? a->next + size : NULL;
    a->total = 0;
}

static void add_block(struct arena *a, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct arena_block *block = malloc(sizeof *block + room);
    if (!block)
        out_of_memory(room);
    block->older = a->blocks;
    a->blocks = block;
    a->next = (uint8_t *)(block + 1);
    a->end = a->next + room;
    a->total += sizeof *block + room;
}

void *arena_take(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        out_of_memory(size);
    size_t room = size ? (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1) : ALIGNMENT;
    if ((size_t)(a->end - a->next) < room)
        add_block(a, room);
    void *taken = a->next;
    a->next += room;
    return taken;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return memset(arena_take(a, size), 0, size);
}

char *arena_copy(struct arena *a, const void *data, size_t len)
{
    char *copy = arena_take(a, len + 1);
    if (len)
        memcpy(copy, data, len);
    copy[len] = '\0';
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = arena_take(a, len < 0 ? 1 : (size_t)len + 1);
    text[0] = '\0';
    if (len > 0)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

void arena_free(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *block = a->blocks;
        a->blocks = block->older;
        free(block);
    }
    arena_init(a, NULL, 0);
}
