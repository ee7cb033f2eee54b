/* What stands in the elements that hold text: looked at by the element's rule, put into its member. What is
 * tolerated is put there as the standard would have it, so that what is written again is right. */
#include <ctype.h>
#include <libxml/uri.h>
#include <stdlib.h>
#include <strings.h>

#include "bridge/cap/cap_inside.h"

bool cap_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

struct text cap_trimmed(struct text text)
{
    while (text.len > 0 && cap_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && cap_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

struct text cap_next_word(struct text *rest)
{
    while (rest->len > 0 && cap_blank(rest->data[0])) {
        rest->data++;
        rest->len--;
    }
    struct text word = {rest->data, 0};
    while (word.len < rest->len && !cap_blank(rest->data[word.len]))
        word.len++;
    rest->data += word.len;
    rest->len -= word.len;
    return word;
}

static struct text kept(struct cap_context *context, struct text text)
{
    return (struct text){arena_copy(context->arena, text.data, text.len), text.len};
}

static void take_filled(
    struct cap_context *context, struct text *out, const struct cap_field *field, struct text content)
{
    *out = kept(context, content);
    if (cap_trimmed(content).len == 0 && !cap_report(context, field->empty, context->line, field->name, *out))
        *out = TEXT("unnamed");
}

static void take_identity(
    struct cap_context *context, struct text *out, const struct cap_field *field, struct text content)
{
    *out = kept(context, content);
    if (content.len == 0) {
        cap_report(context, field->empty, context->line, field->name, *out);
        return;
    }
    for (size_t i = 0; i < content.len; i++)
        if (cap_blank(content.data[i]) || strchr(",<&", content.data[i])) {
            cap_report(context, field->bad, context->line, field->name, *out);
            return;
        }
}

/* RFC 3066 as the schema has it: letters up to 8, then parts of letters and digits up to 8. */
bool cap_is_language(struct text text)
{
    size_t part = 0, parts = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '-') {
            if (part == 0)
                return false;
            parts++;
            part = 0;
        } else if (++part > 8 || c > 0x7F || !(isalpha(c) || (parts > 0 && isdigit(c)))) {
            return false;
        }
    }
    return part > 0;
}

static void take_language(
    struct cap_context *context, struct text *out, const struct cap_field *field, struct text content)
{
    struct text trimmed = cap_trimmed(content);
    *out = kept(context, trimmed);
    if (content.len == 0 || cap_is_language(trimmed))
        return;
    if (cap_report(context, field->bad, context->line, field->name, content) || trimmed.len == 0)
        return;
    char *repaired = arena_copy(context->arena, trimmed.data, trimmed.len);
    for (char *c = strchr(repaired, '_'); c; c = strchr(c, '_'))
        *c = '-'; /* en_US, as programs name it */
    *out = (struct text){repaired, trimmed.len};
    if (!cap_is_language(*out))
        *out = TEXT("und"); /* undetermined, by ISO 639-2 */
}

/* As the schema judges it: characters that a URI would have to escape may stand there as they are. */
bool cap_is_uri(struct text text, struct arena *arena)
{
    char *plain = arena_copy(arena, text.data, text.len);
    for (char *c = plain; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7F || strchr("<>\"{}|\\^`", *c))
            *c = '_';
    xmlURIPtr parsed = xmlParseURI(plain);
    bool is = parsed != NULL;
    xmlFreeURI(parsed);
    return is;
}

static void take_uri(
    struct cap_context *context, struct text *out, const struct cap_field *field, struct text content)
{
    *out = kept(context, cap_trimmed(content));
    if (out->len > 0 && !cap_is_uri(*out, context->arena) &&
        !cap_report(context, field->bad, context->line, field->name, *out))
        *out = (struct text){NULL, 0};
}

static void take_time(
    struct cap_context *context, struct cap_time *out, const struct cap_field *field, struct text content)
{
    bool zulu, fraction;
    struct text trimmed = cap_trimmed(content);
    if (!cap_time_scan(trimmed, out, &zulu, &fraction)) {
        *out = (struct cap_time){0};
        cap_report(context, field->bad, context->line, field->name, content);
        return;
    }
    if (zulu)
        cap_report(context, TIME_Z, context->line, field->name, trimmed);
    if (fraction)
        cap_report(context, TIME_FRACTION, context->line, field->name, trimmed);
}

/* The word's place in its list from 1; 0: not in it. */
static uint8_t word_of(const struct cap_field *field, struct text text, bool loosely)
{
    const char *name;
    for (int i = 1; (name = field->word(i)); i++)
        if (strlen(name) == text.len &&
            (loosely ? strncasecmp(name, text.data, text.len) == 0 : memcmp(name, text.data, text.len) == 0))
            return (uint8_t)i;
    return 0;
}

static uint8_t take_word(struct cap_context *context, const struct cap_field *field, struct text content)
{
    uint8_t word = word_of(field, content, false);
    if (word)
        return word;
    struct text trimmed = cap_trimmed(content);
    if (field->bad == CERTAINTY_WORD && trimmed.len == 11 &&
        strncasecmp(trimmed.data, "Very Likely", 11) == 0)
        return cap_report(context, CERTAINTY_VERY_LIKELY, context->line, field->name, content) ? 0
                                                                                               : CAP_LIKELY;
    word = word_of(field, trimmed, true);
    if (word && !cap_refuses(context, WORD_LOOSE)) {
        cap_report(context, WORD_LOOSE, context->line, field->name, content);
        return word;
    }
    cap_report(context, field->bad, context->line, field->name, content);
    return 0;
}

/* Digits with a sign and, unless whole, a point. */
static bool is_number(struct text text, bool whole)
{
    size_t digits = 0, points = 0;
    for (size_t i = text.len > 0 && strchr("+-", text.data[0]) ? 1 : 0; i < text.len; i++) {
        if (text.data[i] >= '0' && text.data[i] <= '9')
            digits++;
        else if (text.data[i] != '.' || whole || ++points > 1)
            return false;
    }
    return digits > 0;
}

static void take_number(
    struct cap_context *context, struct cap_decimal *out, const struct cap_field *field, struct text content)
{
    struct text trimmed = cap_trimmed(content);
    if (!is_number(trimmed, field->kind == KIND_INTEGER)) {
        cap_report(context, field->bad, context->line, field->name, content);
        return;
    }
    out->text = kept(context, trimmed);
    out->value = strtod(out->text.data, NULL);
}

/* The names share one copy of the text, in which what stands behind each becomes its NUL. */
void cap_take_names(
    struct cap_context *context, void *object, const struct cap_field *field, struct text content)
{
    struct text rest = kept(context, content);
    for (;;) {
        struct text before = rest, word = cap_next_word(&rest);
        if (word.len == 0)
            return;
        if (word.data[0] == '"') { /* to the next quote, or to the end when there is none */
            size_t left = before.len - (size_t)(word.data - before.data) - 1;
            const char *start = word.data + 1, *quote = memchr(start, '"', left);
            if (!quote)
                cap_report(context, QUOTE_OPEN, context->line, field->name, content);
            word = (struct text){start, quote ? (size_t)(quote - start) : left};
            size_t used = word.len + (quote != NULL);
            rest = (struct text){start + used, left - used};
        }
        if (word.len == 0)
            continue;
        if (cap_list_get(object, field).count == CAP_NAMES_MAX) {
            cap_report(context, TOO_MANY_NAMES, context->line, field->name, (struct text){NULL, 0});
            return;
        }
        struct text *item = cap_list_push(context->arena, object, field, sizeof *item);
        *item = word;
        if (rest.len > 0 && rest.data == word.data + word.len) { /* the blank behind it */
            rest.data++;
            rest.len--;
        }
        ((char *)(uintptr_t)word.data)[word.len] = '\0';
    }
}

/* "sender,identifier,sent"; false: not of this form, or its time is none. */
static bool read_reference(
    struct cap_context *context, const char *element, struct text word, struct cap_reference *out)
{
    const char *first = memchr(word.data, ',', word.len);
    size_t after = first ? word.len - (size_t)(first - word.data) - 1 : 0;
    const char *second = first ? memchr(first + 1, ',', after) : NULL;
    size_t last = second ? word.len - (size_t)(second - word.data) - 1 : 0;
    if (!second || first == word.data || second == first + 1 || last == 0 || memchr(second + 1, ',', last)) {
        cap_report(context, REFERENCE_FORM, context->line, element, word);
        return false;
    }
    bool zulu, fraction;
    struct text sent = {second + 1, last};
    if (!cap_time_scan(sent, &out->sent, &zulu, &fraction)) {
        cap_report(context, REFERENCE_TIME, context->line, element, word);
        return false;
    }
    if (zulu || fraction)
        cap_report(context, REFERENCE_TIME_LOOSE, context->line, element, word);
    out->sender = kept(context, (struct text){word.data, (size_t)(first - word.data)});
    out->identifier = kept(context, (struct text){first + 1, (size_t)(second - first) - 1});
    return true;
}

void cap_take_references(
    struct cap_context *context, void *object, const struct cap_field *field, struct text content)
{
    struct text word, rest = content;
    bool any = false;
    while ((word = cap_next_word(&rest)).len > 0) {
        struct cap_reference reference = {0};
        any = true;
        if (read_reference(context, field->name, word, &reference)) {
            struct cap_reference *item = cap_list_push(context->arena, object, field, sizeof *item);
            *item = reference;
        }
    }
    if (!any)
        cap_report(context, REFERENCES_EMPTY, context->line, field->name, (struct text){NULL, 0});
}

void cap_take(struct cap_context *context, void *object, const struct cap_field *field, struct text content)
{
    void *member = (char *)object + field->offset;
    switch (field->kind) {
    case KIND_TEXT:
        *(struct text *)member = kept(context, content);
        break;
    case KIND_FILLED:
        take_filled(context, member, field, content);
        break;
    case KIND_IDENTITY:
        take_identity(context, member, field, content);
        break;
    case KIND_LANGUAGE:
        take_language(context, member, field, content);
        break;
    case KIND_URI:
        take_uri(context, member, field, content);
        break;
    case KIND_TIME:
        take_time(context, member, field, content);
        break;
    case KIND_WORD:
        *(uint8_t *)member = take_word(context, field, content);
        break;
    case KIND_DECIMAL:
    case KIND_INTEGER:
        take_number(context, member, field, content);
        break;
    case KIND_NAMES:
        cap_take_names(context, object, field, content);
        break;
    case KIND_REFERENCES:
        cap_take_references(context, object, field, content);
        break;
    case KIND_TEXTS: {
        struct text *item = cap_list_push(context->arena, object, field, sizeof *item);
        *item = kept(context, content);
        break;
    }
    case KIND_WORDS: {
        uint8_t word = take_word(context, field, content);
        if (word)
            *(uint8_t *)cap_list_push(context->arena, object, field, 1) = word;
        break;
    }
    case KIND_POLYGON:
        cap_take_polygon(context, object, field, content);
        break;
    case KIND_CIRCLE:
        cap_take_circle(context, object, field, content);
        break;
    case KIND_CHILD:
    case KIND_SIGNATURE:
        break; /* no text */
    }
}
