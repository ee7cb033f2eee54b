/* The bound on what decoding may take (codec_memory.h). */
#include "proto/codec_memory.h"

enum { TIMES_PAYLOAD = 32, BESIDES = 64 * 1024, ROUNDING = 16 };

void *codec_memory_take(struct codec_memory *memory, size_t size)
{
    if (memory->left < ROUNDING || size > memory->left - ROUNDING) {
        memory->spent = true;
        return NULL;
    }
    memory->left -= (size + ROUNDING - 1) & ~(size_t)(ROUNDING - 1);
    return arena_take(memory->arena, size);
}

static void *allocate(void *memory, size_t size)
{
    return codec_memory_take(memory, size);
}

static void free_nothing(void *memory, void *pointer)
{
    (void)memory;
    (void)pointer;
}

void codec_memory_init(struct codec_memory *memory, struct arena *arena, size_t payload_len)
{
    memory->allocator = (ProtobufCAllocator){allocate, free_nothing, memory};
    memory->arena = arena;
    memory->left =
        payload_len > (SIZE_MAX - BESIDES) / TIMES_PAYLOAD ? SIZE_MAX : payload_len * TIMES_PAYLOAD + BESIDES;
    memory->spent = false;
}
