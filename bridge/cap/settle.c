/* What the rules ask of an element as a whole, looked at when it ends. */
#include <ctype.h>

#include "bridge/cap/cap_inside.h"

static const struct text nothing = {NULL, 0};

bool cap_settle_pair(struct cap_context *context, void *object, const char *name)
{
    const struct cap_pair *pair = object;
    if (pair->name.data && pair->value.data)
        return true;
    if (strcmp(name, "geocode") == 0)
        cap_report(context, GEOCODE_INCOMPLETE, context->line, name, nothing);
    if (!pair->name.data && !pair->value.data) {
        cap_report(context, PAIR_EMPTY, context->line, name, nothing);
        return false;
    }
    cap_report(context, pair->name.data ? PAIR_VALUE_MISSING : PAIR_NAME_MISSING, context->line, name,
        pair->name.data ? pair->name : pair->value);
    return true;
}

/* A scheme and a colon before anything else (RFC 3986). */
bool cap_is_absolute(struct text uri)
{
    size_t i = 0;
    while (i < uri.len && (isalnum((unsigned char)uri.data[i]) || strchr("+-.", uri.data[i])))
        i++;
    return i > 0 && i < uri.len && isalpha((unsigned char)uri.data[0]) && uri.data[i] == ':' &&
           i + 1 < uri.len;
}

/* A host without "http://", as people write it; else nothing can be made of it. */
static struct text repaired_web(struct cap_context *context, struct text web)
{
    if (!memchr(web.data, '.', web.len) || web.data[0] == '/' || web.data[0] == '.')
        return nothing;
    return text_of(arena_printf(context->arena, "http://%.*s", (int)web.len, web.data));
}

bool cap_settle_resource(struct cap_context *context, void *object, const char *name)
{
    struct cap_resource *resource = object;
    (void)name;
    if (!resource->description.data)
        resource->description = TEXT("");
    if (!resource->mime_type.data)
        resource->mime_type = TEXT("application/octet-stream");
    if (resource->uri.len > 0 && resource->deref_uri.len == 0 && !cap_is_absolute(resource->uri) &&
        !cap_report(context, URI_RELATIVE, context->line, "uri", resource->uri))
        resource->uri = nothing;
    struct text digest = cap_trimmed(resource->digest);
    size_t digits = 0;
    while (digits < digest.len && isxdigit((unsigned char)digest.data[digits]))
        digits++;
    if (digest.len > 0 && (digits != 40 || digest.len != 40))
        cap_report(context, DIGEST_FORM, context->line, "digest", digest);
    return true;
}

bool cap_settle_area(struct cap_context *context, void *object, const char *name)
{
    struct cap_area *area = object;
    struct text shown = area->description.len ? area->description : nothing;
    bool drawn = area->polygon_count || area->circle_count;
    if (context->empty_shape_line) {
        bool circle = context->empty_shape == CIRCLE_EMPTY, something = drawn || area->geocode_count;
        enum cap_breach alone = circle ? CIRCLE_NOTHING : POLYGON_NOTHING;
        cap_report(context, something ? context->empty_shape : alone, context->empty_shape_line,
            circle ? "circle" : "polygon", nothing);
        context->empty_shape_line = 0;
    } else if (!drawn) {
        cap_report(context, area->geocode_count ? GEOCODE_ALONE : AREA_UNPLACED, context->line, name, shown);
    }
    if (area->ceiling.text.data && !area->altitude.text.data &&
        !cap_report(context, CEILING_ALONE, context->line, "ceiling", area->ceiling.text))
        area->ceiling = (struct cap_decimal){0};
    return true;
}

bool cap_settle_info(struct cap_context *context, void *object, const char *name)
{
    struct cap_info *info = object;
    if (info->web.len > 0 && !cap_is_absolute(info->web) &&
        !cap_report(context, WEB_RELATIVE, context->line, "web", info->web))
        info->web = repaired_web(context, info->web);
    if (info->area_count == 0)
        cap_report(context, NO_AREA, context->line, name, nothing);
    return true;
}

bool cap_settle_alert(struct cap_context *context, void *object, const char *name)
{
    const struct cap_message *message = object;
    unsigned line = context->line;
    if (message->scope == CAP_RESTRICTED && cap_trimmed(message->restriction).len == 0)
        cap_report(context, RESTRICTION_MISSING, line, name, nothing);
    if (message->scope == CAP_PRIVATE && message->address_count == 0)
        cap_report(context, ADDRESSES_MISSING, line, name, nothing);
    if (message->msg_type >= CAP_UPDATE && message->reference_count == 0)
        cap_report(context, REFERENCES_MISSING, line, name, text_of(cap_msg_type_name(message->msg_type)));
    if ((message->status == CAP_EXERCISE || message->msg_type == CAP_ERROR) &&
        cap_trimmed(message->note).len == 0)
        cap_report(context, NOTE_MISSING, line, name, nothing);
    if (message->info_count == 0 && (message->msg_type == CAP_ALERT || message->msg_type == CAP_UPDATE))
        cap_report(context, NO_INFO, line, name, nothing);
    return true;
}
