/* The places of an inquiry: what may be asked for. */
#include "broker/inquiry_inside.h"

bool inquiry_refuse(struct refusal *refusal, uint8_t code, const char *field, const char *rule)
{
    *refusal = (struct refusal){.code = code, .field = field, .rule = rule};
    if (code == REASON_QUOTA_EXCEEDED)
        refusal->retry_after_s = 1;
    return false;
}

/* Nothing but a geohash may become part of a filter. */
static bool may_be_geohash(struct text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')))
            return false;
    }
    return text.len > 0 && text.len <= LIMIT_GEOHASH;
}

/* A place is read as the filter of a SUBSCRIBE would be, so that the same rules hold. */
static bool add_place(struct inquiry *inquiry, const char *field, const char *text, struct refusal *refusal)
{
    const struct broker_options *options = &inquiry->broker->options;
    struct follow_filter filter;
    struct refusal why;

    if (!topic_parse_filter(text_of(text), options->leaf_precision, &filter, &why))
        return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, field, why.rule);
    if (filter.kind == FOLLOW_CELL && (int)strlen(filter.cell) < options->channel_precision - 1)
        return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, field, "cells of precision 4 to 6");
    struct followed_place *place = place_hold(inquiry->broker, &filter, "");
    if (!place)
        return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, field, "touches too many channels");
    for (size_t i = 0; i < inquiry->place_count; i++) {
        if (inquiry->places[i] == place) { /* named twice */
            place_drop(inquiry->broker, place);
            return true;
        }
    }
    inquiry->places[inquiry->place_count++] = place;
    return true;
}

bool inquiry_add_places(struct inquiry *inquiry, const struct inquiry_place *asked, struct refusal *refusal)
{
    struct arena *arena = &inquiry->arena;

    if (asked->cell_count > INQUIRY_CELLS)
        return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, "cells", "at most 64");
    if (asked->near.len && asked->cell_count)
        return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, "near", "near or cells, not both");
    if (asked->near.len && !may_be_geohash(asked->near))
        return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, "near", "cell: the geohash of a leaf cell");
    if (asked->near.len)
        return add_place(inquiry, "near",
            arena_printf(
                arena, "nb/v1/near/%.*s/%u/#", (int)asked->near.len, asked->near.data, asked->metres),
            refusal);
    for (size_t i = 0; i < asked->cell_count; i++) {
        struct text cell = asked->cells[i];
        if (!may_be_geohash(cell))
            return inquiry_refuse(refusal, REASON_BAD_PAYLOAD, "cells", "geohashes of precision 4 to 6");
        if (!add_place(inquiry, "cells", arena_printf(arena, "nb/v1/cell/%.*s/#", (int)cell.len, cell.data),
                refusal))
            return false;
    }
    return true;
}
