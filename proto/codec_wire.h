/* Bytes of a payload to the generated code's structs and back, in either encoding. Seen by the codecs alone.
 */
#ifndef NEIGHBORS_PROTO_CODEC_WIRE_H
#define NEIGHBORS_PROTO_CODEC_WIRE_H

#include "proto/codec.h"
#include "proto/codec_check.h"
#include "proto/codec_memory.h"

/* The rule for bytes that are no protobuf at all. */
#define CODEC_NOT_PROTOBUF "protobuf of this message"

/* The payload as a message of that descriptor, whose version is 1; NULL with the refusal filled. It holds no
 * more than the payload does: strings are whole (no NUL was inside), but not yet checked to be UTF-8, and
 * numbers are whatever the sender wrote. Lives in the arena. */
ProtobufCMessage *codec_unpack(enum encoding encoding, struct bytes payload,
    const ProtobufCMessageDescriptor *descriptor, const struct codec_reading *reading);

/* The same of JSON, where the elements of one list stand each alone (json.h). */
struct json_each_alone;
ProtobufCMessage *codec_unpack_json(struct bytes payload, const ProtobufCMessageDescriptor *descriptor,
    const struct codec_reading *reading, const struct json_each_alone *alone);

/* The bytes of a message, in the arena. */
struct bytes codec_pack(enum encoding encoding, const ProtobufCMessage *message, struct arena *arena);

/* False when the bytes are no message of that descriptor, or when a text in it holds a NUL, where protobuf-c
 * would cut it off unseen. Trusts no length. */
bool codec_wire_texts_whole(const ProtobufCMessageDescriptor *descriptor, struct bytes wire,
    const struct codec_path *path, const struct codec_reading *reading) __attribute__((warn_unused_result));

#endif
