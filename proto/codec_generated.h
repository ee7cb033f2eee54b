/* Between the checked structs of message.h and the generated ones: what the codec's files use of each other.
 * Readers check; writers trust their caller. Views in what is read point into the generated struct, in the
 * arena. */
#ifndef NEIGHBORS_PROTO_CODEC_GENERATED_H
#define NEIGHBORS_PROTO_CODEC_GENERATED_H

#include "neighbors.pb-c.h"
#include "proto/codec_wire.h"

/* Any alert, as a sender or as the broker wrote it: what must not be missing is not asked for. */
bool codec_read_alert(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Alert *in, struct alert *out) __attribute__((warn_unused_result));
Neighbors__V1__Alert *codec_write_alert(const struct alert *in, struct arena *arena);

/* A place; out->kind is PLACE_NONE when in is NULL or empty. */
bool codec_read_place(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__Place *in, struct place *out) __attribute__((warn_unused_result));
/* NULL for PLACE_NONE. */
Neighbors__V1__Place *codec_write_place(const struct place *in, struct arena *arena);

Neighbors__V1__FootageRequest *codec_write_footage_request(
    const struct footage_request *in, struct arena *arena);

/* A view as a string for generated code. */
static inline char *codec_write_text(struct text text, struct arena *arena)
{
    return text.len ? arena_copy(arena, text.data, text.len) : (char *)protobuf_c_empty_string;
}

static inline ProtobufCBinaryData codec_write_bytes(struct bytes bytes)
{
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)bytes.data};
}

/* Room for a message of generated code, to be initialised from its INIT constant. */
#define CODEC_NEW(type, init, arena)                                                                         \
    ({                                                                                                       \
        type *made_ = arena_take((arena), sizeof(type));                                                     \
        *made_ = (type)init;                                                                                 \
        made_;                                                                                               \
    })

#endif
