/* The elements of CAP 1.2 in the order of its schema, each with the member of the struct that holds it and
 * what it costs to leave it out or to leave it empty: reading, writing and comparing go over these tables. */
#include "bridge/cap/cap_inside.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define IN(type, member) .offset = offsetof(struct type, member)
#define LIST(type, member, number)                                                                           \
    .offset = offsetof(struct type, member), .count_offset = offsetof(struct type, number)

static const struct cap_field pair_fields[] = {
    {"valueName", KIND_TEXT, IN(cap_pair, name), .missing = PAIR_NAME_MISSING},
    {"value", KIND_TEXT, IN(cap_pair, value), .missing = PAIR_VALUE_MISSING},
};
static const struct cap_shape pair_shape = {
    "pair", sizeof(struct cap_pair), pair_fields, COUNT(pair_fields), cap_settle_pair};

static const struct cap_field resource_fields[] = {
    {"resourceDesc", KIND_TEXT, IN(cap_resource, description), .missing = RESOURCE_DESC_MISSING},
    {"mimeType", KIND_TEXT, IN(cap_resource, mime_type), .missing = MIME_TYPE_MISSING},
    {"size", KIND_INTEGER, IN(cap_resource, size), .bad = SIZE_FORM},
    {"uri", KIND_URI, IN(cap_resource, uri), .bad = URI_FORM},
    {"derefUri", KIND_TEXT, IN(cap_resource, deref_uri)},
    {"digest", KIND_TEXT, IN(cap_resource, digest)},
};
static const struct cap_shape resource_shape = {
    "resource", sizeof(struct cap_resource), resource_fields, COUNT(resource_fields), cap_settle_resource};

static const struct cap_field area_fields[] = {
    {"areaDesc", KIND_FILLED, IN(cap_area, description), .missing = AREA_DESC_MISSING,
        .empty = AREA_DESC_EMPTY},
    {"polygon", KIND_POLYGON, LIST(cap_area, polygons, polygon_count), .empty = POLYGON_EMPTY},
    {"circle", KIND_CIRCLE, LIST(cap_area, circles, circle_count), .empty = CIRCLE_EMPTY},
    {"geocode", KIND_CHILD, LIST(cap_area, geocodes, geocode_count), .shape = &pair_shape},
    {"altitude", KIND_DECIMAL, IN(cap_area, altitude), .bad = ALTITUDE_FORM},
    {"ceiling", KIND_DECIMAL, IN(cap_area, ceiling), .bad = CEILING_FORM},
};
static const struct cap_shape area_shape = {
    "area", sizeof(struct cap_area), area_fields, COUNT(area_fields), cap_settle_area};

static const struct cap_field info_fields[] = {
    {"language", KIND_LANGUAGE, IN(cap_info, language), .bad = LANGUAGE_FORM},
    {"category", KIND_WORDS, LIST(cap_info, categories, category_count), .missing = CATEGORY_MISSING,
        .bad = CATEGORY_WORD, .word = cap_category_name},
    {"event", KIND_FILLED, IN(cap_info, event), .missing = EVENT_MISSING, .empty = EVENT_EMPTY},
    {"responseType", KIND_WORDS, LIST(cap_info, responses, response_count), .bad = RESPONSE_WORD,
        .word = cap_response_name},
    {"urgency", KIND_WORD, IN(cap_info, urgency), .missing = URGENCY_MISSING, .bad = URGENCY_WORD,
        .word = cap_urgency_name},
    {"severity", KIND_WORD, IN(cap_info, severity), .missing = SEVERITY_MISSING, .bad = SEVERITY_WORD,
        .word = cap_severity_name},
    {"certainty", KIND_WORD, IN(cap_info, certainty), .missing = CERTAINTY_MISSING, .bad = CERTAINTY_WORD,
        .word = cap_certainty_name},
    {"audience", KIND_TEXT, IN(cap_info, audience)},
    {"eventCode", KIND_CHILD, LIST(cap_info, event_codes, event_code_count), .shape = &pair_shape},
    {"effective", KIND_TIME, IN(cap_info, effective), .bad = TIME_FORM},
    {"onset", KIND_TIME, IN(cap_info, onset), .bad = TIME_FORM},
    {"expires", KIND_TIME, IN(cap_info, expires), .bad = TIME_FORM},
    {"senderName", KIND_TEXT, IN(cap_info, sender_name)},
    {"headline", KIND_TEXT, IN(cap_info, headline)},
    {"description", KIND_TEXT, IN(cap_info, text)},
    {"instruction", KIND_TEXT, IN(cap_info, instruction)},
    {"web", KIND_URI, IN(cap_info, web), .bad = URI_FORM},
    {"contact", KIND_TEXT, IN(cap_info, contact)},
    {"parameter", KIND_CHILD, LIST(cap_info, parameters, parameter_count), .shape = &pair_shape},
    {"resource", KIND_CHILD, LIST(cap_info, resources, resource_count), .shape = &resource_shape},
    {"area", KIND_CHILD, LIST(cap_info, areas, area_count), .shape = &area_shape},
};
static const struct cap_shape info_shape = {
    "info", sizeof(struct cap_info), info_fields, COUNT(info_fields), cap_settle_info};

static const struct cap_field alert_fields[] = {
    {"identifier", KIND_IDENTITY, IN(cap_message, identifier), .missing = IDENTIFIER_MISSING,
        .empty = IDENTIFIER_EMPTY, .bad = IDENTIFIER_CHARACTER},
    {"sender", KIND_IDENTITY, IN(cap_message, sender), .missing = SENDER_MISSING, .empty = SENDER_EMPTY,
        .bad = SENDER_CHARACTER},
    {"sent", KIND_TIME, IN(cap_message, sent), .missing = SENT_MISSING, .bad = TIME_FORM},
    {"status", KIND_WORD, IN(cap_message, status), .missing = STATUS_MISSING, .bad = STATUS_WORD,
        .word = cap_status_name},
    {"msgType", KIND_WORD, IN(cap_message, msg_type), .missing = TYPE_MISSING, .bad = TYPE_WORD,
        .word = cap_msg_type_name},
    {"source", KIND_TEXT, IN(cap_message, source)},
    {"scope", KIND_WORD, IN(cap_message, scope), .missing = SCOPE_MISSING, .bad = SCOPE_WORD,
        .word = cap_scope_name},
    {"restriction", KIND_TEXT, IN(cap_message, restriction)},
    {"addresses", KIND_NAMES, LIST(cap_message, addresses, address_count)},
    {"code", KIND_TEXTS, LIST(cap_message, codes, code_count)},
    {"note", KIND_TEXT, IN(cap_message, note)},
    {"references", KIND_REFERENCES, LIST(cap_message, references, reference_count)},
    {"incidents", KIND_NAMES, LIST(cap_message, incidents, incident_count)},
    {"info", KIND_CHILD, LIST(cap_message, infos, info_count), .shape = &info_shape},
    {"Signature", KIND_SIGNATURE, IN(cap_message, signatures)},
};
const struct cap_shape cap_alert_shape = {
    "alert", sizeof(struct cap_message), alert_fields, COUNT(alert_fields), cap_settle_alert};

size_t cap_item_size(const struct cap_field *field)
{
    switch (field->kind) {
    case KIND_NAMES:
    case KIND_TEXTS:
        return sizeof(struct text);
    case KIND_REFERENCES:
        return sizeof(struct cap_reference);
    case KIND_POLYGON:
        return sizeof(struct cap_polygon);
    case KIND_CIRCLE:
        return sizeof(struct cap_circle);
    case KIND_CHILD:
        return field->shape->size;
    default:
        return sizeof(uint8_t);
    }
}

struct cap_list cap_list_get(const void *object, const struct cap_field *field)
{
    /* The member is a pointer to items of some type: copied, since no type here may stand for all. */
    struct cap_list list;
    memcpy(&list.items, (const char *)object + field->offset, sizeof list.items);
    memcpy(&list.count, (const char *)object + field->count_offset, sizeof list.count);
    return list;
}

static void list_set(void *object, const struct cap_field *field, struct cap_list list)
{
    memcpy((char *)object + field->offset, &list.items, sizeof list.items);
    memcpy((char *)object + field->count_offset, &list.count, sizeof list.count);
}

void *cap_list_push(struct arena *arena, void *object, const struct cap_field *field, size_t size)
{
    struct cap_list list = cap_list_get(object, field);
    /* Room for 2, then 4, 8 ...: the count alone tells when it is used up. */
    if (list.count == 0 || (list.count >= 2 && (list.count & (list.count - 1)) == 0)) {
        void *larger = arena_take(arena, (list.count ? 2 * list.count : 2) * size);
        if (list.count)
            memcpy(larger, list.items, list.count * size);
        list.items = larger;
    }
    void *item = memset((char *)list.items + list.count++ * size, 0, size);
    list_set(object, field, list);
    return item;
}

void cap_list_pop(void *object, const struct cap_field *field)
{
    struct cap_list list = cap_list_get(object, field);
    list.count--;
    list_set(object, field, list);
}
