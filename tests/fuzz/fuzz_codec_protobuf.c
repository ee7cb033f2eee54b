/* Any bytes as protobuf of any message: nothing is read behind them, and what is taken survives both
 * encodings. Motion batches, which have a reader of their own, are held against protobuf-c besides. */
#include <protobuf-c/protobuf-c.h>

#include "proto/codec_walk.h"
#include "proto/json.h"
#include "tests/fuzz/fuzz_codec.h"

extern const ProtobufCMessageDescriptor neighbors__v1__motion_batch__descriptor;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BATCH_EVENTS = 3, EVENT_POSITION = 9 };

static size_t count_fields(struct bytes message, uint32_t number)
{
    struct codec_walk walk = {message.data, message.data + message.len};
    struct codec_wire_field field;
    size_t count = 0;
    while (walk.next < walk.end && codec_walk_field(&walk, &field))
        count += field.number == number;
    return count;
}

/* A position that comes twice in an event is merged, field by field; in protobuf-c 1.4 what the later one
 * leaves out is 0 (its merge_messages knows no field of proto3 that is not there). No encoder does it. */
static bool has_merged_position(struct bytes batch)
{
    struct codec_walk walk = {batch.data, batch.data + batch.len};
    struct codec_wire_field field;
    while (walk.next < walk.end && codec_walk_field(&walk, &field))
        if (field.number == BATCH_EVENTS && field.type == WIRE_BYTES &&
            count_fields(field.content, EVENT_POSITION) > 1)
            return true;
    return false;
}

static bool is_same(const ProtobufCMessage *theirs, const struct motion_batch *ours, struct arena *arena)
{
    struct bytes json = json_from_message(theirs, arena);
    return bytes_equal(json, codec_encode_motion_batch(ENCODING_JSON, ours, arena));
}

static void hold_against_protobuf_c(struct bytes in)
{
    struct arena arena;
    struct motion_batch ours;
    struct refusal refusal = {0};
    arena_init(&arena, NULL, 0);
    bool taken = codec_decode_motion_batch(ENCODING_PROTOBUF, in, &arena, &ours, &refusal);
    ProtobufCMessage *theirs =
        protobuf_c_message_unpack(&neighbors__v1__motion_batch__descriptor, NULL, in.len, in.data);
    if (taken)
        check(theirs != NULL);
    if (taken && fuzz_is_writable_motion_batch(&ours) && !has_merged_position(in))
        check(is_same(theirs, &ours, &arena));
    if (theirs)
        protobuf_c_message_free_unpacked(theirs, NULL);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_codec(ENCODING_PROTOBUF, data, size);
    if (size && data[0] == 0)
        hold_against_protobuf_c((struct bytes){data + 1, size - 1});
    return 0;
}
