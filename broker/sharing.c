/* The rules for one device, kept with its principal. */
#include "broker/sharing.h"

#include <stdlib.h>

#include "bridge/store_household.h"
#include "broker/core.h"

struct sharing {
    struct arena arena;
    struct local_time local;
    struct sharing_rules rules;
};

struct sharing *sharing_new(struct bytes packed, struct text zone, zone_clock *clock)
{
    struct sharing *sharing = must_calloc(sizeof *sharing);
    arena_init(&sharing->arena, NULL, 0);
    struct bytes kept = {(const uint8_t *)arena_copy(&sharing->arena, packed.data, packed.len), packed.len};
    if (!household_sharing_read(kept, zone, &sharing->arena, &sharing->rules))
        sharing->rules.count = 0;
    local_time_init(&sharing->local, zone, clock);
    return sharing;
}

void sharing_free(struct sharing *sharing)
{
    if (!sharing)
        return;
    arena_free(&sharing->arena);
    free(sharing);
}

static bool within(struct sharing *sharing, const struct sharing_rule *rule, int64_t at)
{
    if (rule->hour_count == 0)
        return true;
    int64_t minute = local_minutes(&sharing->local, at);
    for (size_t i = 0; i < rule->hour_count; i++)
        if (hours_end(&rule->hours[i], minute))
            return true;
    return false;
}

bool sharing_allows(struct sharing *sharing, uint8_t kind, int64_t at)
{
    for (size_t i = 0; i < sharing->rules.count; i++) {
        const struct sharing_rule *rule = &sharing->rules.rules[i];
        if ((rule->kinds >> kind & 1) && within(sharing, rule, at))
            return true;
    }
    return false;
}
