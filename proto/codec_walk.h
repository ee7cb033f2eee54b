/* Walking the fields of a protobuf message without unpacking it. Trusts no length; takes what protobuf-c
 * takes, but no field of number 0. Inline, because the motion batches of a whole town come through here. */
#ifndef NEIGHBORS_PROTO_CODEC_WALK_H
#define NEIGHBORS_PROTO_CODEC_WALK_H

#include "proto/bytes.h"

/* What is left of the message. */
struct codec_walk {
    const uint8_t *next, *end;
};

/* The wire types of protobuf that are still in use. */
enum codec_wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct codec_wire_field {
    uint32_t number;
    uint8_t type;         /* enum codec_wire_type */
    uint64_t value;       /* WIRE_VARINT */
    struct bytes content; /* WIRE_BYTES */
};

/* A varint of at most `most` bytes. */
static inline bool codec_walk_varint(struct codec_walk *walk, int most, uint64_t *value)
{
    uint64_t bits = 0;
    for (int shift = 0; shift < 7 * most && walk->next < walk->end; shift += 7) {
        uint8_t byte = *walk->next++;
        bits |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *value = bits;
            return true;
        }
    }
    return false;
}

static inline bool codec_walk_skip(struct codec_walk *walk, uint64_t len)
{
    if (len > (uint64_t)(walk->end - walk->next))
        return false;
    walk->next += len;
    return true;
}

/* The next field; false when the bytes are no field. There must be some left. */
static inline bool codec_walk_field(struct codec_walk *walk, struct codec_wire_field *out)
{
    uint64_t tag;
    if (!codec_walk_varint(walk, 5, &tag) || tag >> 3 == 0)
        return false;
    out->number = (uint32_t)(tag >> 3);
    out->type = tag & 7;
    switch (out->type) {
    case WIRE_VARINT:
        return codec_walk_varint(walk, 10, &out->value);
    case WIRE_BYTES:
        if (!codec_walk_varint(walk, 5, &out->value))
            return false;
        out->content = (struct bytes){walk->next, out->value};
        return codec_walk_skip(walk, out->value);
    case WIRE_64:
        return codec_walk_skip(walk, 8);
    case WIRE_32:
        return codec_walk_skip(walk, 4);
    default:
        return false;
    }
}

#endif
