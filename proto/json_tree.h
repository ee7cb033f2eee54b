/* Between the files that read and write the proto3 JSON mapping: what they share of jansson's tree. */
#ifndef NEIGHBORS_PROTO_JSON_TREE_H
#define NEIGHBORS_PROTO_JSON_TREE_H

#include <jansson.h>

#include "proto/json.h"

struct json_reader {
    struct codec_memory *memory;
    const struct codec_reading *reading;
    const struct json_each_alone *alone; /* NULL: none */
    bool first_stands;                   /* once refused, what else is wrong goes unsaid */
};

/* Refuses what stands at the path; always false. */
bool json_refuse(const struct json_reader *reader, const struct codec_path *path, const char *rule);

/* Reads an object as a message along its descriptor; NULL with the refusal filled. */
ProtobufCMessage *json_read_message(struct json_reader *reader, const struct codec_path *path,
    const json_t *value, const ProtobufCMessageDescriptor *descriptor);

/* Takes a whole number, written as number or text, into a member of `size` bytes, 4 or 8, signed or not. NULL
 * when it was taken, else the rule that it broke (static text). */
const char *json_take_whole(const json_t *value, bool is_signed, size_t size, void *member)
    __attribute__((warn_unused_result));

/* The same, refusing what stands at the path. */
bool json_read_whole(const struct json_reader *reader, const struct codec_path *path, const json_t *value,
    bool is_signed, size_t size, void *member) __attribute__((warn_unused_result));

/* The bytes that a value of this type takes in a generated struct or list. */
size_t json_value_size(ProtobufCType type);

#endif
