/* The rules of reach. An agency's land is what lies wholly in its jurisdiction. */
#include "broker/session/reach.h"

#include <stdio.h>

#include "proto/mqtt.h"

enum { COARSEST = 4, DAY_MS = 86400 * 1000 };

static enum reach refuse(struct refusal *refusal, const char *rule)
{
    *refusal = (struct refusal){.code = REASON_NOT_ALLOWED, .field = "geohash", .rule = rule};
    return REACH_REFUSED;
}

/* Jurisdiction NULL: everywhere. One that could not be read holds nothing. */
static bool in_jurisdiction(const struct known_principal *who, const char *geohash)
{
    geo_cell cell;

    if (who->role != ROLE_AGENCY || geo_parse(geohash, strlen(geohash), &cell) != GEO_OK)
        return false;
    if (!who->jurisdiction)
        return true;
    return who->jurisdiction->polygon_count > 0 &&
           geo_prepared_side(who->jurisdiction_prepared, cell) == GEO_IN;
}

enum reach reach_of(const struct broker *broker, const struct known_principal *who,
    const struct follow_filter *filter, struct refusal *refusal)
{
    bool place = filter->kind == FOLLOW_NEAR || filter->kind == FOLLOW_CELL;
    bool own = place && in_jurisdiction(who, filter->cell);

    if (place && strlen(filter->cell) < COARSEST) {
        if (who->role != ROLE_AGENCY)
            return refuse(refusal, "at least 4 characters");
        if (!own)
            return refuse(refusal, "at least 4 characters outside the agency's jurisdiction");
        if (!(filter->classes & CLASS_ALERTS))
            return refuse(refusal, "at least 4 characters: of a larger land alerts alone");
    }
    return place && !own && broker->options.new_cells_day ? REACH_COUNTED : REACH_FREE;
}

struct store_cell reach_cell(const struct broker *broker, const char *geohash)
{
    struct store_cell cell = {.counts = 1};

    snprintf(cell.geohash, sizeof cell.geohash, "%s", geohash);
    for (int precision = (int)strlen(geohash); precision < broker->options.channel_precision; precision++)
        cell.counts *= 32;
    return cell;
}

uint32_t reach_day_ends_s(int64_t now)
{
    return (uint32_t)((DAY_MS - now % DAY_MS + 999) / 1000);
}

void reach_rule(char out[REACH_RULE], uint32_t limit, int64_t now)
{
    snprintf(out, REACH_RULE, "at most %u new cells a day: again in %u s", limit, reach_day_ends_s(now));
}
