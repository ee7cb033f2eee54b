/* Writes a message as a CAP 1.2 document, over the table of fields and so in the order of the schema.
 * Optional elements that were absent are left out; required ones always stand. */
#include <math.h>
#include <stdio.h>

#include "bridge/cap/cap_inside.h"

enum { FIRST_ROOM = 4096, INDENT = 2 };

struct writer {
    struct arena *arena;
    char *data;
    size_t len, room;
};

static void put(struct writer *writer, const char *data, size_t len)
{
    if (len > writer->room - writer->len) {
        size_t room = 2 * (writer->len + len);
        char *larger = arena_take(writer->arena, room);
        if (writer->len)
            memcpy(larger, writer->data, writer->len);
        writer->data = larger;
        writer->room = room;
    }
    if (len)
        memcpy(writer->data + writer->len, data, len);
    writer->len += len;
}

static void put_words(struct writer *writer, const char *words)
{
    put(writer, words, strlen(words));
}

/* What stands for a character in an element's text; NULL: itself. XML has no other control characters. */
static const char *escape_of(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r':
        return "&#13;"; /* read as a line's end otherwise */
    case '\n':
    case '\t':
        return NULL;
    default:
        return c < 0x20 ? " " : NULL;
    }
}

/* U+FFFE and U+FFFF, which are no characters of XML. */
static bool no_character(struct text text, size_t at)
{
    return text.len - at >= 3 && memcmp(text.data + at, "\xEF\xBF", 2) == 0 &&
           (uint8_t)text.data[at + 2] >= 0xBE;
}

static void put_text(struct writer *writer, struct text text)
{
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool none = no_character(text, i);
        const char *escape = none ? "\xEF\xBF\xBD" : escape_of((unsigned char)text.data[i]);
        if (!escape)
            continue;
        put(writer, text.data + start, i - start);
        put_words(writer, escape);
        i += none ? 2 : 0;
        start = i + 1;
    }
    put(writer, text.data ? text.data + start : "", text.len - start);
}

static void open_tag(struct writer *writer, const char *name, unsigned depth)
{
    static const char blanks[] = "\n            ";
    put(writer, blanks, 1 + depth * INDENT);
    put_words(writer, "<");
    put_words(writer, name);
    put_words(writer, ">");
}

static void close_tag(struct writer *writer, const char *name)
{
    put_words(writer, "</");
    put_words(writer, name);
    put_words(writer, ">");
}

static void put_element(struct writer *writer, const char *name, unsigned depth, struct text text)
{
    open_tag(writer, name, depth);
    put_text(writer, text);
    close_tag(writer, name);
}

/* 1e-7 degrees as decimals, all that count. */
static size_t degrees(int32_t value, char out[16])
{
    int64_t size = value < 0 ? -(int64_t)value : value;
    int len =
        snprintf(out, 16, "%s%d.%07d", value < 0 ? "-" : "", (int)(size / 10000000), (int)(size % 10000000));
    while (out[len - 1] == '0' && out[len - 2] != '.')
        len--;
    return (size_t)len;
}

static void put_point(struct writer *writer, struct cap_point point)
{
    char text[16];
    put(writer, text, degrees(point.lat, text));
    put_words(writer, ",");
    put(writer, text, degrees(point.lon, text));
}

static void put_polygon(struct writer *writer, const struct cap_polygon *polygon)
{
    if (polygon->text.data) {
        put_text(writer, polygon->text);
        return;
    }
    for (size_t i = 0; i < polygon->count; i++) {
        if (i > 0)
            put_words(writer, " ");
        put_point(writer, polygon->points[i]);
    }
}

static void put_circle(struct writer *writer, const struct cap_circle *circle)
{
    if (circle->text.data) {
        put_text(writer, circle->text);
        return;
    }
    char radius[48];
    snprintf(radius, sizeof radius, " %.6f", isfinite(circle->radius_km) ? circle->radius_km : 0.0);
    put_point(writer, circle->center);
    put_words(writer, radius);
}

/* Those with blanks stand in quotes; a quote that would end too early becomes an apostrophe. */
static void put_names(struct writer *writer, struct cap_list list)
{
    const struct text *names = list.items;
    for (size_t i = 0; i < list.count; i++) {
        bool quoted = names[i].len == 0;
        for (size_t n = 0; n < names[i].len; n++)
            quoted |= cap_blank(names[i].data[n]);
        quoted |= names[i].len > 0 && names[i].data[0] == '"';
        put_words(writer, i > 0 ? (quoted ? " \"" : " ") : (quoted ? "\"" : ""));
        for (size_t n = 0; n < names[i].len; n++)
            put_text(
                writer, quoted && names[i].data[n] == '"' ? TEXT("'") : (struct text){names[i].data + n, 1});
        put_words(writer, quoted ? "\"" : "");
    }
}

static void put_references(struct writer *writer, struct cap_list list)
{
    const struct cap_reference *references = list.items;
    for (size_t i = 0; i < list.count; i++) {
        char sent[CAP_TIME_TEXT];
        cap_time_text(references[i].sent, sent);
        put_words(writer, i > 0 ? " " : "");
        put_text(writer, references[i].sender);
        put_words(writer, ",");
        put_text(writer, references[i].identifier);
        put_words(writer, ",");
        put_words(writer, sent);
    }
}

static void put_shape(
    struct writer *writer, const struct cap_shape *shape, const void *object, unsigned depth);

static void put_item(struct writer *writer, const struct cap_field *field, const void *item, unsigned depth)
{
    if (field->kind == KIND_TEXTS) {
        put_element(writer, field->name, depth, *(const struct text *)item);
        return;
    }
    if (field->kind == KIND_WORDS) {
        const char *word = field->word(*(const uint8_t *)item);
        if (word)
            put_element(writer, field->name, depth, text_of(word));
        return;
    }
    open_tag(writer, field->name, depth);
    if (field->kind == KIND_POLYGON) {
        put_polygon(writer, item);
    } else if (field->kind == KIND_CIRCLE) {
        put_circle(writer, item);
    } else {
        put_shape(writer, field->shape, item, depth + 1);
        put(writer, "\n            ", 1 + depth * INDENT);
    }
    close_tag(writer, field->name);
}

static void put_list(struct writer *writer, const struct cap_field *field, const void *object, unsigned depth)
{
    struct cap_list list = cap_list_get(object, field);
    if (field->kind >= KIND_REPEATS) {
        size_t size = cap_item_size(field);
        for (size_t i = 0; i < list.count; i++)
            put_item(writer, field, (const char *)list.items + i * size, depth);
    } else if (list.count > 0) {
        open_tag(writer, field->name, depth);
        if (field->kind == KIND_NAMES)
            put_names(writer, list);
        else
            put_references(writer, list);
        close_tag(writer, field->name);
    }
}

static void put_field(
    struct writer *writer, const struct cap_field *field, const void *object, unsigned depth)
{
    const void *member = (const char *)object + field->offset;
    struct text text = {NULL, 0};
    char time[CAP_TIME_TEXT];
    switch (field->kind) {
    case KIND_TEXT:
    case KIND_FILLED:
    case KIND_IDENTITY:
        text = *(const struct text *)member;
        break;
    case KIND_LANGUAGE:
    case KIND_URI:
        text = *(const struct text *)member;
        if (text.len == 0)
            return;
        break;
    case KIND_TIME:
        cap_time_text(*(const struct cap_time *)member, time);
        if (*time)
            text = text_of(time);
        break;
    case KIND_WORD:
        text = text_of(field->word(*(const uint8_t *)member));
        break;
    case KIND_DECIMAL:
    case KIND_INTEGER:
        text = ((const struct cap_decimal *)member)->text;
        break;
    case KIND_SIGNATURE:
        return;
    default:
        put_list(writer, field, object, depth);
        return;
    }
    if (text.data || field->missing)
        put_element(writer, field->name, depth, text);
}

static void put_shape(
    struct writer *writer, const struct cap_shape *shape, const void *object, unsigned depth)
{
    for (size_t i = 0; i < shape->count; i++)
        put_field(writer, &shape->fields[i], object, depth);
}

struct bytes cap_write(const struct cap_message *message, struct arena *arena)
{
    struct writer writer = {arena, arena_take(arena, FIRST_ROOM), 0, FIRST_ROOM};
    put_words(&writer, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<alert xmlns=\"" CAP_NAMESPACE_12 "\">");
    put_shape(&writer, &cap_alert_shape, message, 1);
    put_words(&writer, "\n</alert>\n");
    return (struct bytes){(const uint8_t *)writer.data, writer.len};
}
