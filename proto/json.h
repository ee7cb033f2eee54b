/* The proto3 JSON mapping for any message of the generated code, along its descriptor. Seen by the codecs
 * alone. */
#ifndef NEIGHBORS_PROTO_JSON_H
#define NEIGHBORS_PROTO_JSON_H

#include "proto/codec_check.h"
#include "proto/codec_memory.h"

/* Reads JSON text (UTF-8, a BOM is skipped) as a message; NULL with the refusal filled. lowerCamelCase names
 * and the schema's own are read, 64-bit numbers as text or number, enums by word or number, bytes in either
 * base64 alphabet; null means absent. Refused: unknown fields, a field given twice, two choices of a oneof,
 * nesting deeper than any message of ours. The message is taken from `memory`. */
ProtobufCMessage *json_to_message(struct bytes text, const ProtobufCMessageDescriptor *descriptor,
    struct codec_memory *memory, const struct codec_reading *reading);

/* A list of messages whose elements stand each alone. */
struct json_each_alone {
    const char *list;         /* the schema's name of a repeated message field of the outermost message */
    size_t most;              /* a longer list refuses the whole */
    struct refusal *refusals; /* room for `most`; each code REASON_OK to begin with */
};

/* As json_to_message, but what is wrong within element i of the list fills refusals[i] (the first thing that
 * is), and the element holds what else of it could be read. Only what is wrong outside of the elements makes
 * it NULL. alone may be NULL. */
ProtobufCMessage *json_to_message_each_alone(struct bytes text, const ProtobufCMessageDescriptor *descriptor,
    struct codec_memory *memory, const struct codec_reading *reading, const struct json_each_alone *alone);

/* A message as compact JSON, in the arena: lowerCamelCase, fields that hold their default left out. */
struct bytes json_from_message(const ProtobufCMessage *message, struct arena *arena);

/* Writes the lowerCamelCase form of a schema name and a NUL; cut off at size. */
void json_field_name(const char *schema_name, char *out, size_t size);

/* Base64 (RFC 4648): reads the standard and the URL-safe alphabet, with or without padding. out has room for
 * len / 4 * 3 + 3 bytes. False when it is none. */
bool json_base64_read(const char *text, size_t len, uint8_t *out, size_t *out_len)
    __attribute__((warn_unused_result));
/* The standard alphabet with padding. out has room for (len + 2) / 3 * 4 bytes; returns how many were
 * written. */
size_t json_base64_write(const uint8_t *data, size_t len, char *out);

#endif
