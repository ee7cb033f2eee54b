/* Devices that were told of (seen.h). */
#include <stdio.h>

#include "bridge/edge/intake/seen.h"

static bool is_it(const struct seen_device *device, const char *map, const char *name)
{
    return strcmp(device->name, name) == 0 && strcmp(device->map, map) == 0;
}

const struct seen_device *seen_find(const struct seen *seen, const char *map, const char *name)
{
    for (size_t i = 0; i < seen->count; i++)
        if (is_it(&seen->devices[i], map, name))
            return &seen->devices[i];
    return NULL;
}

static size_t place_for(struct seen *seen)
{
    if (seen->count < SEEN_MOST)
        return seen->count++;
    size_t oldest = 0;
    for (size_t i = 1; i < seen->count; i++)
        if (seen->devices[i].last < seen->devices[oldest].last)
            oldest = i;
    return oldest;
}

void seen_note(struct seen *seen, const char *map, const char *name, int64_t now)
{
    struct seen_device *device = &seen->devices[seen->latest];
    if (seen->count == 0 || !is_it(device, map, name)) {
        device = (struct seen_device *)seen_find(seen, map, name);
        if (device == NULL) {
            device = &seen->devices[place_for(seen)];
            *device = (struct seen_device){.map = map, .first = now};
            snprintf(device->name, sizeof(device->name), "%s", name);
        }
        seen->latest = (size_t)(device - seen->devices);
    }
    device->last = now;
    device->words++;
}
