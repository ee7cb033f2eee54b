/* What comes before and after the generated code: choosing the encoding's reader, bounding what it takes, and
 * seeing what protobuf-c would not tell.
 *
 * protobuf-c ends a text at its first NUL. A NUL is rare in our payloads (encoders leave zeros out), so that
 * one memchr over the payload nearly always proves that no text holds one; else the wire is walked along the
 * descriptors. */
#include "proto/codec_wire.h"

#include "proto/codec_walk.h"
#include "proto/json.h"

bool codec_wire_texts_whole(const ProtobufCMessageDescriptor *descriptor, struct bytes wire,
    const struct codec_path *path, const struct codec_reading *reading)
{
    struct codec_walk walk = {wire.data, wire.data + wire.len};
    struct codec_wire_field part;
    while (walk.next < walk.end) {
        if (!codec_walk_field(&walk, &part))
            return codec_refuse(reading, path, NULL, CODEC_NOT_PROTOBUF);
        if (part.type != WIRE_BYTES || !part.content.len || !memchr(part.content.data, 0, part.content.len))
            continue;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(descriptor, part.number);
        if (field && field->type == PROTOBUF_C_TYPE_STRING)
            return codec_refuse(reading, path, field->name, "text without NUL");
        if (field && field->type == PROTOBUF_C_TYPE_MESSAGE) {
            struct codec_path inner = {path, field->name, CODEC_NO_INDEX};
            if (!codec_wire_texts_whole(field->descriptor, part.content, &inner, reading))
                return false;
        }
    }
    return true;
}

static ProtobufCMessage *unpack_protobuf(struct bytes payload, const ProtobufCMessageDescriptor *descriptor,
    struct codec_memory *memory, const struct codec_reading *reading)
{
    if (payload.len && memchr(payload.data, 0, payload.len) &&
        !codec_wire_texts_whole(descriptor, payload, NULL, reading))
        return NULL;
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &memory->allocator, payload.len, payload.data);
    if (!message)
        codec_refuse(reading, NULL, NULL, memory->spent ? "fewer parts for its size" : CODEC_NOT_PROTOBUF);
    return message;
}

/* Field 1 of every message that is sent by itself. */
static uint32_t *version_of(ProtobufCMessage *message)
{
    return (uint32_t *)(void *)((uint8_t *)message + message->descriptor->fields[0].offset);
}

static ProtobufCMessage *of_version_1(ProtobufCMessage *message, const struct codec_reading *reading)
{
    if (!message || *version_of(message) == 1)
        return message;
    codec_refuse(reading, NULL, "version", "1");
    return NULL;
}

ProtobufCMessage *codec_unpack_json(struct bytes payload, const ProtobufCMessageDescriptor *descriptor,
    const struct codec_reading *reading, const struct json_each_alone *alone)
{
    struct codec_memory memory;
    codec_memory_init(&memory, reading->arena, payload.len);
    ProtobufCMessage *message = json_to_message_each_alone(payload, descriptor, &memory, reading, alone);
    if (message && *version_of(message) == 0)
        *version_of(message) = 1;
    return of_version_1(message, reading);
}

ProtobufCMessage *codec_unpack(enum encoding encoding, struct bytes payload,
    const ProtobufCMessageDescriptor *descriptor, const struct codec_reading *reading)
{
    if (encoding == ENCODING_JSON)
        return codec_unpack_json(payload, descriptor, reading, NULL);
    if (encoding != ENCODING_PROTOBUF) {
        codec_refuse(reading, NULL, NULL, "protobuf or JSON");
        return NULL;
    }
    struct codec_memory memory;
    codec_memory_init(&memory, reading->arena, payload.len);
    return of_version_1(unpack_protobuf(payload, descriptor, &memory, reading), reading);
}

struct bytes codec_pack(enum encoding encoding, const ProtobufCMessage *message, struct arena *arena)
{
    if (encoding == ENCODING_JSON)
        return json_from_message(message, arena);
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_take(arena, len);
    return (struct bytes){data, protobuf_c_message_pack(message, data)};
}
