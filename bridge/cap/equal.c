/* Whether two messages say the same, field by field of the table; and a message on one line. */
#include <stdio.h>

#include "bridge/cap/cap_inside.h"

static bool same_time(struct cap_time a, struct cap_time b)
{
    if (!a.present || !b.present)
        return a.present == b.present;
    return a.at == b.at && a.offset == b.offset;
}

static bool same_points(const struct cap_polygon *a, const struct cap_polygon *b)
{
    if (a->text.data && b->text.data)
        return text_equal(a->text, b->text);
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->points[i].lat == b->points[i].lat && a->points[i].lon == b->points[i].lon;
    return same;
}

static bool same_circle(const struct cap_circle *a, const struct cap_circle *b)
{
    if (a->text.data && b->text.data)
        return text_equal(a->text, b->text);
    return a->center.lat == b->center.lat && a->center.lon == b->center.lon && a->radius_km == b->radius_km;
}

static bool same_reference(const struct cap_reference *a, const struct cap_reference *b)
{
    return text_equal(a->sender, b->sender) && text_equal(a->identifier, b->identifier) &&
           same_time(a->sent, b->sent);
}

static bool same_shape(const struct cap_shape *shape, const void *a, const void *b, const char **where);

static bool same_item(const struct cap_field *field, const void *a, const void *b, const char **where)
{
    switch (field->kind) {
    case KIND_NAMES:
    case KIND_TEXTS:
        return text_equal(*(const struct text *)a, *(const struct text *)b);
    case KIND_REFERENCES:
        return same_reference(a, b);
    case KIND_POLYGON:
        return same_points(a, b);
    case KIND_CIRCLE:
        return same_circle(a, b);
    case KIND_CHILD:
        return same_shape(field->shape, a, b, where);
    default:
        return *(const uint8_t *)a == *(const uint8_t *)b;
    }
}

static bool same_list(const struct cap_field *field, const void *a, const void *b, const char **where)
{
    struct cap_list one = cap_list_get(a, field), other = cap_list_get(b, field);
    size_t size = cap_item_size(field);
    bool same = one.count == other.count;
    for (size_t i = 0; same && i < one.count; i++)
        same =
            same_item(field, (const char *)one.items + i * size, (const char *)other.items + i * size, where);
    return same;
}

static bool same_field(const struct cap_field *field, const void *a, const void *b, const char **where)
{
    const void *one = (const char *)a + field->offset, *other = (const char *)b + field->offset;
    switch (field->kind) {
    case KIND_TEXT:
    case KIND_FILLED:
    case KIND_IDENTITY:
    case KIND_LANGUAGE:
    case KIND_URI:
        return text_equal(*(const struct text *)one, *(const struct text *)other);
    case KIND_TIME:
        return same_time(*(const struct cap_time *)one, *(const struct cap_time *)other);
    case KIND_WORD:
        return *(const uint8_t *)one == *(const uint8_t *)other;
    case KIND_DECIMAL:
    case KIND_INTEGER:
        return text_equal(((const struct cap_decimal *)one)->text, ((const struct cap_decimal *)other)->text);
    case KIND_SIGNATURE:
        return true;
    default:
        return same_list(field, a, b, where);
    }
}

static bool same_shape(const struct cap_shape *shape, const void *a, const void *b, const char **where)
{
    for (size_t i = 0; i < shape->count; i++)
        if (!same_field(&shape->fields[i], a, b, where)) {
            if (!*where) /* the innermost tells most */
                *where = shape->fields[i].name;
            return false;
        }
    return true;
}

bool cap_equal(const struct cap_message *a, const struct cap_message *b, const char **where)
{
    const char *found = NULL;
    bool same = same_shape(&cap_alert_shape, a, b, &found);
    if (where)
        *where = found;
    return same;
}

struct text cap_language(const struct cap_info *info)
{
    return info->language.len > 0 ? info->language : TEXT("en-US");
}

static const char *word_or(const char *word)
{
    return word ? word : "-";
}

void cap_summary(const struct cap_message *message, char *out, size_t size)
{
    char sent[CAP_TIME_TEXT];
    size_t areas = 0;
    cap_time_text(message->sent, sent);
    for (size_t i = 0; i < message->info_count; i++)
        areas += message->infos[i].area_count;
    struct text headline = {"", 0};
    if (message->info_count > 0) {
        const struct cap_info *first = &message->infos[0];
        headline = cap_trimmed(first->headline.len > 0 ? first->headline : first->event);
    }
    enum { PART = 200 };
    int sender = (int)(message->sender.len < PART ? message->sender.len : PART);
    int identifier = (int)(message->identifier.len < PART ? message->identifier.len : PART);
    snprintf(out, size, "%s %s %s %.*s,%.*s,%s: %.*s; %zu infos, %zu areas",
        word_or(cap_msg_type_name(message->msg_type)), word_or(cap_status_name(message->status)),
        word_or(cap_scope_name(message->scope)), sender, sender ? message->sender.data : "", identifier,
        identifier ? message->identifier.data : "", sent, (int)(headline.len < PART ? headline.len : PART),
        headline.len ? headline.data : "", message->info_count, areas);
    for (char *c = out; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = ' ';
}
