/* The rules of a household as they are kept: a list of records, numbers big-endian. */
#include "bridge/store_household.h"

/* ---- packing ---- */

static uint8_t *put_number(uint8_t *at, unsigned value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

static uint8_t *put_name(uint8_t *at, struct text name)
{
    *at++ = (uint8_t)name.len;
    if (name.len)
        memcpy(at, name.data, name.len);
    return at + name.len;
}

struct bytes household_sharing_pack(const struct sharing_rules *rules, struct arena *arena)
{
    enum { HOURS = 5, REST = 1 + LIMIT_ID + 2 + 1 };
    uint8_t *packed = arena_take(arena, rules->count * (REST + LIMIT_HOURS * HOURS)), *at = packed;
    for (size_t i = 0; i < rules->count; i++) {
        const struct sharing_rule *rule = &rules->rules[i];
        at = put_number(put_name(at, rule->device), rule->kinds, 2);
        at = put_number(at, (unsigned)rule->hour_count, 1);
        for (size_t n = 0; n < rule->hour_count; n++) {
            at = put_number(at, rule->hours[n].from_minute, 2);
            at = put_number(at, rule->hours[n].to_minute, 2);
            at = put_number(at, rule->hours[n].weekdays, 1);
        }
    }
    return (struct bytes){packed, (size_t)(at - packed)};
}

struct bytes household_footage_pack(const struct footage_rules *rules, struct arena *arena)
{
    uint8_t *packed = arena_take(arena, rules->count * (1 + LIMIT_ID + 2)), *at = packed;
    for (size_t i = 0; i < rules->count; i++)
        at = put_number(put_name(at, rules->rules[i].agency), rules->rules[i].incidents, 2);
    return (struct bytes){packed, (size_t)(at - packed)};
}

/* ---- reading ---- */

static bool take(struct bytes *from, size_t len, struct bytes *out)
{
    if (from->len < len)
        return false;
    *out = (struct bytes){from->data, len};
    *from = (struct bytes){from->data + len, from->len - len};
    return true;
}

static bool take_number(struct bytes *from, int len, uint64_t *out)
{
    struct bytes number;
    if (!take(from, (size_t)len, &number))
        return false;
    *out = 0;
    for (int i = 0; i < len; i++)
        *out = *out << 8 | number.data[i];
    return true;
}

static bool take_name(struct bytes *from, struct text *out)
{
    uint64_t len;
    struct bytes name;
    if (!take_number(from, 1, &len) || !take(from, len, &name))
        return false;
    *out = (struct text){(const char *)name.data, name.len};
    return true;
}

static bool take_hours(struct bytes *from, size_t count, struct arena *arena, struct sharing_rule *rule)
{
    rule->hour_count = count;
    rule->hours = count ? arena_alloc(arena, count * sizeof *rule->hours) : NULL;
    for (size_t i = 0; i < count; i++) {
        uint64_t begin, end, days;
        if (!take_number(from, 2, &begin) || !take_number(from, 2, &end) || !take_number(from, 1, &days))
            return false;
        rule->hours[i] = (struct daily_hours){(uint16_t)begin, (uint16_t)end, (uint8_t)days};
    }
    return count <= LIMIT_HOURS;
}

bool household_sharing_read(
    struct bytes packed, struct text zone, struct arena *arena, struct sharing_rules *out)
{
    *out = (struct sharing_rules){.time_zone = zone};
    if (packed.len)
        out->rules = arena_alloc(arena, LIMIT_RULES * sizeof *out->rules);
    while (packed.len) {
        struct sharing_rule *rule = &out->rules[out->count];
        uint64_t kinds, hours;
        if (out->count == LIMIT_RULES || !take_name(&packed, &rule->device) ||
            !take_number(&packed, 2, &kinds) || !take_number(&packed, 1, &hours) ||
            !take_hours(&packed, hours, arena, rule))
            return false;
        rule->kinds = (uint16_t)kinds;
        out->count++;
    }
    return true;
}

bool household_footage_read(struct bytes packed, struct arena *arena, struct footage_rules *out)
{
    *out = (struct footage_rules){0};
    if (packed.len)
        out->rules = arena_alloc(arena, LIMIT_RULES * sizeof *out->rules);
    while (packed.len) {
        struct footage_rule *rule = &out->rules[out->count];
        uint64_t incidents;
        if (out->count == LIMIT_RULES || !take_name(&packed, &rule->agency) ||
            !take_number(&packed, 2, &incidents))
            return false;
        rule->incidents = (uint16_t)incidents;
        out->count++;
    }
    return true;
}
