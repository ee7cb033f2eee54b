/* JSON text to a tree and the tree to a message. jansson reads the text, strictly; before that one pass over
 * the bytes bounds depth and number of objects, because jansson's tree is not ours to bound. */
#include "proto/json_tree.h"

/* The deepest message of the schema, a point of a polygon of an alert in a history page, nests 12 deep. An
 * object costs jansson about 220 bytes, so that one for each 8 bytes of text keeps it within what
 * codec_memory gives. */
enum { DEEPEST = 16, SOME_PARTS = 1024, BYTES_A_PART = 8 };

/* One pass: how deep it nests, and how many objects and lists it has. What is no JSON is left to jansson. */
static bool check_parts(const struct json_reader *r, struct bytes text)
{
    size_t parts = 0, most = SOME_PARTS + text.len / BYTES_A_PART;
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (quoted) {
            if (c == '\\')
                i++;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            parts++;
            if (++depth > DEEPEST || parts > most)
                return json_refuse(
                    r, NULL, depth > DEEPEST ? "nested less deep" : "fewer parts for its size");
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

static const char *syntax_rule(const struct json_reader *r, json_error_t *error)
{
    const char *what = "JSON";
    if (json_error_code(error) == json_error_duplicate_key)
        what = "JSON with each field given once";
    else if (json_error_code(error) == json_error_null_character)
        what = "JSON without NUL in text";
    else if (json_error_code(error) == json_error_invalid_utf8)
        what = "JSON in valid UTF-8";
    else if (json_error_code(error) == json_error_numeric_overflow)
        what = "JSON with numbers within 64 bits";
    return arena_printf(r->reading->arena, "%s (line %d, column %d)", what, error->line, error->column);
}

ProtobufCMessage *json_to_message(struct bytes text, const ProtobufCMessageDescriptor *descriptor,
    struct codec_memory *memory, const struct codec_reading *reading)
{
    return json_to_message_each_alone(text, descriptor, memory, reading, NULL);
}

ProtobufCMessage *json_to_message_each_alone(struct bytes text, const ProtobufCMessageDescriptor *descriptor,
    struct codec_memory *memory, const struct codec_reading *reading, const struct json_each_alone *alone)
{
    struct json_reader r = {memory, reading, alone, false};
    if (text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
        text = (struct bytes){text.data + 3, text.len - 3};
    if (!check_parts(&r, text))
        return NULL;
    json_error_t error;
    json_t *tree =
        json_loadb(text.len ? (const char *)text.data : "", text.len, JSON_REJECT_DUPLICATES, &error);
    if (!tree) {
        json_refuse(&r, NULL, syntax_rule(&r, &error));
        return NULL;
    }
    ProtobufCMessage *message = json_read_message(&r, NULL, tree, descriptor);
    json_decref(tree);
    return message;
}
