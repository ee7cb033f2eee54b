/* Messages to JSON: a jansson tree along the descriptor, then its text. Nothing here depends on the schema.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/json_tree.h"

enum { LONGEST_NAME = 64 };

/* Out of memory is the only way in which building a tree of our own messages can fail. */
static json_t *need(json_t *value)
{
    if (!value) {
        fprintf(stderr, "out of memory while writing JSON\n");
        abort();
    }
    return value;
}

void json_field_name(const char *schema_name, char *out, size_t size)
{
    size_t len = 0;
    for (const char *c = schema_name; *c && len + 1 < size; c++) {
        if (*c == '_' && c[1] >= 'a' && c[1] <= 'z')
            out[len++] = (char)(*++c - 'a' + 'A');
        else
            out[len++] = *c;
    }
    out[len] = '\0';
}

static json_t *write_text(const char *value)
{
    json_t *text = json_string(value);
    return text ? text : json_string("\xEF\xBF\xBD"); /* not UTF-8: U+FFFD stands for it */
}

static json_t *write_bytes(const ProtobufCBinaryData *value)
{
    char *text = malloc((value->len + 2) / 3 * 4 + 1);
    if (!text)
        return NULL;
    json_t *written = json_stringn(text, json_base64_write(value->data, value->len, text));
    free(text);
    return written;
}

static json_t *write_enum(const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    return known ? json_string(known->name) : json_integer(value);
}

static json_t *write_64(const char *format, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, format, value);
    return json_string(text);
}

static json_t *write_message(const ProtobufCMessage *message);

/* One value; NULL when memory ran out. */
static json_t *write_value(const ProtobufCFieldDescriptor *field, const void *member)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)member);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)member);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return write_64("%" PRId64, *(const uint64_t *)member);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return write_64("%" PRIu64, *(const uint64_t *)member);
    case PROTOBUF_C_TYPE_FLOAT:
        return json_real((double)*(const float *)member);
    case PROTOBUF_C_TYPE_DOUBLE:
        return json_real(*(const double *)member);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)member);
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum(field->descriptor, *(const int *)member);
    case PROTOBUF_C_TYPE_STRING:
        return write_text(*(char *const *)member);
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(member);
    case PROTOBUF_C_TYPE_MESSAGE:
        return write_message(*(ProtobufCMessage *const *)member);
    }
    return NULL;
}

static bool is_default(const ProtobufCFieldDescriptor *field, const void *member)
{
    static const uint8_t zeros[sizeof(double)];
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = *(char *const *)member;
        return !text || !*text;
    }
    case PROTOBUF_C_TYPE_BYTES:
        return ((const ProtobufCBinaryData *)member)->len == 0;
    default:
        return memcmp(member, zeros, json_value_size(field->type)) == 0;
    }
}

static json_t *write_list(const ProtobufCFieldDescriptor *field, const uint8_t *elements, size_t count)
{
    json_t *list = need(json_array());
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(
                list, need(write_value(field, elements + i * json_value_size(field->type)))) != 0)
            need(NULL);
    return list;
}

/* NULL when the field is left out. */
static json_t *write_field(const ProtobufCFieldDescriptor *field, const uint8_t *message)
{
    const uint8_t *member = message + field->offset, *quantifier = message + field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(const void *)quantifier;
        return count ? write_list(field, *(const uint8_t *const *)(const void *)member, count) : NULL;
    }
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*(const uint32_t *)(const void *)quantifier != field->id)
            return NULL;
    } else if (is_default(field, member)) {
        return NULL;
    }
    return need(write_value(field, member));
}

static json_t *write_message(const ProtobufCMessage *message)
{
    json_t *object = need(json_object());
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        json_t *value = write_field(field, (const uint8_t *)message);
        if (!value)
            continue;
        char name[LONGEST_NAME];
        json_field_name(field->name, name, sizeof name);
        if (json_object_set_new_nocheck(object, name, value) != 0)
            need(NULL);
    }
    return object;
}

struct bytes json_from_message(const ProtobufCMessage *message, struct arena *arena)
{
    json_t *tree = write_message(message);
    size_t len = json_dumpb(tree, NULL, 0, JSON_COMPACT);
    char *text = arena_take(arena, len + 1);
    len = json_dumpb(tree, text, len, JSON_COMPACT);
    text[len] = '\0';
    json_decref(tree);
    return (struct bytes){(const uint8_t *)text, len};
}
