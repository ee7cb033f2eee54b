/* A tree of JSON to a message, along its descriptor. Nothing here depends on the schema. */
#include "proto/json_tree.h"

enum { LONGEST_KEY = 48 };

bool json_refuse(const struct json_reader *reader, const struct codec_path *path, const char *rule)
{
    if (reader->first_stands && reader->reading->refusal->code != REASON_OK)
        return false;
    return codec_refuse(reader->reading, path, NULL, rule);
}

static void *take(struct json_reader *r, const struct codec_path *path, size_t size)
{
    void *taken = codec_memory_take(r->memory, size);
    if (!taken)
        json_refuse(r, path, "fewer parts for its size");
    return taken;
}

static bool read_enum(const struct json_reader *r, const struct codec_path *path, const json_t *value,
    const ProtobufCEnumDescriptor *descriptor, void *member)
{
    if (json_is_string(value)) {
        const ProtobufCEnumValue *known =
            protobuf_c_enum_descriptor_get_value_by_name(descriptor, json_string_value(value));
        if (known) {
            memcpy(member, &known->value, sizeof known->value);
            return true;
        }
    } else if (!json_take_whole(value, true, 4, member)) {
        return true;
    }
    const char *rule = "one of";
    for (unsigned i = 1; i < descriptor->n_values; i++)
        rule = arena_printf(r->reading->arena, "%s%s %s", rule, i > 1 ? "," : "", descriptor->values[i].name);
    return json_refuse(r, path, rule);
}

static bool read_text(
    struct json_reader *r, const struct codec_path *path, const json_t *value, char **member)
{
    if (!json_is_string(value))
        return json_refuse(r, path, "text");
    size_t size = json_string_length(value) + 1;
    char *copy = take(r, path, size);
    if (!copy)
        return false;
    *member = memcpy(copy, json_string_value(value), size);
    return true;
}

static bool read_bytes(
    struct json_reader *r, const struct codec_path *path, const json_t *value, ProtobufCBinaryData *member)
{
    if (!json_is_string(value))
        return json_refuse(r, path, "base64");
    member->data = take(r, path, json_string_length(value) / 4 * 3 + 3);
    return member->data && (json_base64_read(json_string_value(value), json_string_length(value),
                                member->data, &member->len) ||
                               json_refuse(r, path, "base64"));
}

static bool read_bool(const struct json_reader *r, const struct codec_path *path, const json_t *value,
    protobuf_c_boolean *member)
{
    *member = json_is_true(value);
    return json_is_boolean(value) || json_refuse(r, path, "true or false");
}

static bool read_value(struct json_reader *r, const struct codec_path *path, const json_t *value,
    const ProtobufCFieldDescriptor *field, void *member)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_read_whole(r, path, value, true, 4, member);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_read_whole(r, path, value, false, 4, member);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return json_read_whole(r, path, value, true, 8, member);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return json_read_whole(r, path, value, false, 8, member);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(r, path, value, member);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(r, path, value, field->descriptor, member);
    case PROTOBUF_C_TYPE_STRING:
        return read_text(r, path, value, member);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(r, path, value, member);
    case PROTOBUF_C_TYPE_MESSAGE:
        return (*(ProtobufCMessage **)member = json_read_message(r, path, value, field->descriptor)) != NULL;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return json_refuse(r, path, "a field without fractions"); /* the schema has whole numbers only */
}

size_t json_value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    default:
        return 8;
    }
}

static bool read_element_alone(struct json_reader *r, const struct codec_path *path, const json_t *value,
    const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **member);

static bool read_list(struct json_reader *r, const struct codec_path *path, const json_t *value,
    const ProtobufCFieldDescriptor *field, uint8_t *message)
{
    if (!json_is_array(value))
        return json_refuse(r, path, "a list");
    size_t count = json_array_size(value), size = json_value_size(field->type);
    bool alone = !path->up && r->alone && strcmp(field->name, r->alone->list) == 0;
    if (alone && count > r->alone->most)
        return json_refuse(r, path, arena_printf(r->reading->arena, "at most %zu", r->alone->most));
    uint8_t *elements = count ? take(r, path, count * size) : NULL;
    if (count && !elements)
        return false;
    for (size_t i = 0; i < count; i++) {
        struct codec_path element = {path->up, path->name, i};
        const json_t *from = json_array_get(value, i);
        void *to = elements + i * size;
        if (alone ? !read_element_alone(r, &element, from, field->descriptor, to)
                  : !read_value(r, &element, from, field, to))
            return false;
    }
    memcpy(message + field->offset, &elements, sizeof elements);
    memcpy(message + field->quantifier_offset, &count, sizeof count);
    return true;
}

static bool read_choice(struct json_reader *r, const struct codec_path *path, const json_t *value,
    const ProtobufCFieldDescriptor *field, uint8_t *message)
{
    uint32_t *chosen = (uint32_t *)(void *)(message + field->quantifier_offset);
    if (*chosen)
        return json_refuse(r, path, "only one of the choices that exclude each other");
    *chosen = field->id;
    return read_value(r, path, value, field, message + field->offset);
}

static bool read_field(struct json_reader *r, const struct codec_path *path, const json_t *value,
    const ProtobufCFieldDescriptor *field, uint8_t *message)
{
    if (json_is_null(value))
        return true;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_list(r, path, value, field, message);
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        return read_choice(r, path, value, field, message);
    return read_value(r, path, value, field, message + field->offset);
}

/* True when the key is the field's name in the schema or its lowerCamelCase. */
static bool is_name(const char *schema_name, const char *key)
{
    const char *name = schema_name, *k = key;
    for (; *name && *k; name++, k++) {
        bool humps = *name == '_' && *k != '_' && name[1] >= 'a' && name[1] <= 'z';
        if (humps ? *k != *++name - 'a' + 'A' : *k != *name)
            return false;
    }
    return !*name && !*k && (!strchr(key, '_') || strcmp(schema_name, key) == 0);
}

static const ProtobufCFieldDescriptor *find_field(
    const ProtobufCMessageDescriptor *descriptor, const char *key)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        if (descriptor->fields[i].name[0] == key[0] && is_name(descriptor->fields[i].name, key))
            return &descriptor->fields[i];
    return NULL;
}

/* Names the unknown field, short and in plain ASCII whatever the sender wrote. */
static bool refuse_unknown(const struct json_reader *r, const struct codec_path *path, const char *key)
{
    char name[LONGEST_KEY];
    size_t len = 0;
    for (; key[len] && len < sizeof name - 1; len++)
        name[len] = key[len] > ' ' && key[len] <= '~' ? key[len] : '?';
    name[len] = '\0';
    struct codec_path here = {path, len ? name : "?", CODEC_NO_INDEX};
    return json_refuse(r, &here, "no field of this message");
}

/* Reads what stands under one key. seen: a bit for each field that came already; no message has 64. */
static bool read_member(struct json_reader *r, const struct codec_path *path, const char *key,
    const json_t *value, ProtobufCMessage *message, uint64_t *seen)
{
    const ProtobufCFieldDescriptor *field = find_field(message->descriptor, key);
    if (!field)
        return refuse_unknown(r, path, key);
    struct codec_path here = {path, field->name, CODEC_NO_INDEX};
    uint64_t bit = UINT64_C(1) << (field - message->descriptor->fields);
    if (*seen & bit)
        return json_refuse(r, &here, "given once");
    *seen |= bit;
    return read_field(r, &here, value, field, (uint8_t *)message);
}

static ProtobufCMessage *take_message(
    struct json_reader *r, const struct codec_path *path, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *message = take(r, path, descriptor->sizeof_message);
    if (message)
        protobuf_c_message_init(descriptor, message);
    return message;
}

/* An element of r->alone: its members are all read, whichever of them is refused. */
static bool read_element_alone(struct json_reader *r, const struct codec_path *path, const json_t *value,
    const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **member)
{
    ProtobufCMessage *message = *member = take_message(r, path, descriptor);
    if (!message)
        return false;
    struct codec_reading reading = {r->reading->arena, &r->alone->refusals[path->index]};
    struct json_reader own = {r->memory, &reading, NULL, true};
    uint64_t seen = 0;
    const char *key;
    json_t *from;
    if (!json_is_object(value))
        json_refuse(&own, path, "an object");
    json_object_foreach((json_t *)value, key, from)
    {
        (void)read_member(&own, path, key, from, message, &seen); /* its own refusal tells */
    }
    return !r->memory->spent || json_refuse(r, path, "fewer parts for its size");
}

ProtobufCMessage *json_read_message(struct json_reader *r, const struct codec_path *path, const json_t *value,
    const ProtobufCMessageDescriptor *descriptor)
{
    if (!json_is_object(value)) {
        json_refuse(r, path, "an object");
        return NULL;
    }
    ProtobufCMessage *message = take_message(r, path, descriptor);
    uint64_t seen = 0;
    const char *key;
    json_t *member;
    if (!message)
        return NULL;
    json_object_foreach((json_t *)value, key, member)
    {
        if (!read_member(r, path, key, member, message, &seen))
            return NULL;
    }
    return message;
}
