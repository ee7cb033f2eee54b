/* What a decoder may take: the message's arena, up to a bound that grows with the payload. A payload whose
 * parts would need more than that is refused before the memory is touched. */
#ifndef NEIGHBORS_PROTO_CODEC_MEMORY_H
#define NEIGHBORS_PROTO_CODEC_MEMORY_H

#include <protobuf-c/protobuf-c.h>

#include "proto/arena.h"

struct codec_memory {
    ProtobufCAllocator allocator; /* for protobuf-c; frees nothing, the arena does */
    struct arena *arena;
    size_t left; /* bytes that may still be taken */
    bool spent;  /* something was not given for want of room */
};

/* Memory for decoding payload_len bytes: 32 times as many and 64 KiB. */
void codec_memory_init(struct codec_memory *memory, struct arena *arena, size_t payload_len);
/* size bytes, not zeroed; NULL when the bound is reached. */
void *codec_memory_take(struct codec_memory *memory, size_t size);

#endif
