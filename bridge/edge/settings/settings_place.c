/* Where a device is that was enrolled without a place, as its owner lets it be known: unless they ask for the
 * exact point, what is kept here and leaves the house is the middle of a cell, by default a leaf cell of the
 * neighborhood. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/client/setting.h"
#include "bridge/edge/settings/settings.h"
#include "geo/geo.h"

enum { LEAF = 6, COARSEST = 4, FINEST = 8 };

static struct position position_of(struct geo_point point)
{
    return (struct position){(int32_t)lround(point.lat * 1e7), (int32_t)lround(point.lon * 1e7)};
}

/* cell 0: exactly. */
static bool place(const char *text, int cell, struct position *out)
{
    struct geo_point point;
    char *end;
    geo_cell around;
    point.lat = strtod(text, &end);
    if (end == text || *end != ',')
        return false;
    const char *longitude = end + 1;
    point.lon = strtod(longitude, &end);
    if (end == longitude || *end || geo_encode(point, cell ? cell : FINEST, &around) != GEO_OK)
        return false;
    *out = position_of(cell ? geo_center(around) : point);
    return true;
}

bool edge_settings_place(struct edge_shared *shared, const config_setting_t *entry)
{
    const char *at = setting_text(entry, "at");
    int cell = LEAF;
    const config_setting_t *told = config_setting_get_member(entry, "cell");
    if (told) {
        cell = config_setting_get_int(told);
        if (config_setting_type(told) != CONFIG_TYPE_INT || (cell != 0 && (cell < COARSEST || cell > FINEST)))
            return setting_wrong(told, "must be 4 to 8, the length of a geohash, or 0: exactly");
    }
    if (at == NULL)
        return config_setting_get_member(entry, "at") == NULL && told == NULL
                   ? true
                   : setting_wrong_in(entry, "at", "must be a text: \"LAT,LON\", in degrees");
    if (!place(at, cell, &shared->position))
        return setting_wrong_in(entry, "at", "must be \"LAT,LON\", in degrees");
    shared->has_position = true;
    return true;
}

void edge_settings_fill_place(const struct edge_settings *settings, struct motion_event *event)
{
    for (size_t i = 0; i < settings->shared_count; i++) {
        const struct edge_shared *shared = &settings->shared[i];
        if (!shared->has_position || !text_equal(event->device, text_of(shared->id)))
            continue;
        event->has_position = true;
        event->position = shared->position;
        return;
    }
}
