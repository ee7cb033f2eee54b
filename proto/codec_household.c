/* What a household decided for its devices: what it shares, and who may ask it. */
#include "proto/codec_household.h"

const uint16_t retention_choices[] = {1, 3, 7, 14, 21, 30, 60, 90, 120, 180, 0};

enum { MINUTES_A_DAY = 1440, EVERY_DAY = 127 };

/* ---- hours ---- */

static bool read_hours_one(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__DailyHours *in, struct daily_hours *out)
{
    if (in->from_minute >= MINUTES_A_DAY)
        return codec_refuse(reading, path, "from_minute", "0 to 1439");
    if (in->to_minute >= MINUTES_A_DAY)
        return codec_refuse(reading, path, "to_minute", "0 to 1439");
    if (in->weekdays > EVERY_DAY)
        return codec_refuse(reading, path, "weekdays", "0 to 127: bit 0 Monday to bit 6 Sunday");
    *out = (struct daily_hours){
        (uint16_t)in->from_minute, (uint16_t)in->to_minute, in->weekdays ? (uint8_t)in->weekdays : EVERY_DAY};
    return true;
}

bool codec_read_hours(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    Neighbors__V1__DailyHours **in, size_t count, struct daily_hours **out)
{
    if (!codec_check_count(reading, path, field, count, LIMIT_HOURS))
        return false;
    *out = count ? arena_take(reading->arena, count * sizeof **out) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct codec_path one = {path, field, i};
        if (!read_hours_one(reading, &one, in[i], &(*out)[i]))
            return false;
    }
    return true;
}

Neighbors__V1__DailyHours **codec_write_hours(const struct daily_hours *in, size_t count, struct arena *arena)
{
    Neighbors__V1__DailyHours **list = arena_take(arena, count * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = CODEC_NEW(Neighbors__V1__DailyHours, NEIGHBORS__V1__DAILY_HOURS__INIT, arena);
        list[i]->from_minute = in[i].from_minute;
        list[i]->to_minute = in[i].to_minute;
        list[i]->weekdays = in[i].weekdays;
    }
    return list;
}

/* An IANA name: letters, digits, and / _ + - between them; never a path. */
bool codec_read_zone(
    const struct codec_reading *reading, const struct codec_path *path, const char *value, struct text *out)
{
    if (!codec_check_text(reading, path, "time_zone", value, LIMIT_ZONE, TEXT_ID, out))
        return false;
    for (size_t i = 0; i < out->len; i++) {
        char c = out->data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool inner = (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '+' || c == '-';
        if (!letter && !(i && inner))
            return codec_refuse(reading, path, "time_zone", "the name of a zone, as America/Los_Angeles");
    }
    return true;
}

/* A list of enums as bits; none may be UNSPECIFIED. */
static bool read_bits(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    const int *values, size_t count, int last, const char *(*name_of)(int value), uint16_t *out)
{
    *out = 0;
    for (size_t i = 0; i < count; i++) {
        struct codec_path one = {path, field, i};
        if (!codec_check_enum(reading, &one, NULL, values[i], last, name_of))
            return false;
        if (!values[i])
            return codec_refuse(reading, &one, NULL, "must be told");
        *out |= (uint16_t)(1 << values[i]);
    }
    return true;
}

static size_t write_bits(uint16_t bits, int last, int **out, struct arena *arena)
{
    size_t count = 0;
    *out = arena_take(arena, (size_t)(last + 1) * sizeof **out);
    for (int value = 1; value <= last; value++)
        if (bits >> value & 1)
            (*out)[count++] = value;
    return count;
}

/* ---- sharing ---- */

bool codec_read_sharing(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__SharingRules *in, struct sharing_rules *out)
{
    out->count = in->n_rules;
    if (!codec_check_count(reading, path, "rules", in->n_rules, LIMIT_RULES) ||
        !codec_read_zone(reading, path, in->time_zone, &out->time_zone))
        return false;
    out->rules = in->n_rules ? arena_take(reading->arena, in->n_rules * sizeof *out->rules) : NULL;
    for (size_t i = 0; i < in->n_rules; i++) {
        const Neighbors__V1__Sharing *one = in->rules[i];
        struct sharing_rule *rule = &out->rules[i];
        struct codec_path here = {path, "rules", i};
        rule->hour_count = one->n_hours;
        if (!codec_check_text(reading, &here, "device", one->device, LIMIT_ID, TEXT_ACCOUNT, &rule->device) ||
            !read_bits(reading, &here, "kinds", (const int *)one->kinds, one->n_kinds, KIND_SOUND,
                motion_kind_name, &rule->kinds) ||
            !codec_read_hours(reading, &here, "hours", one->hours, one->n_hours, &rule->hours))
            return false;
    }
    return true;
}

Neighbors__V1__SharingRules *codec_write_sharing(const struct sharing_rules *in, struct arena *arena)
{
    Neighbors__V1__SharingRules *rules =
        CODEC_NEW(Neighbors__V1__SharingRules, NEIGHBORS__V1__SHARING_RULES__INIT, arena);
    rules->time_zone = codec_write_text(in->time_zone, arena);
    rules->n_rules = in->count;
    rules->rules = arena_take(arena, in->count * sizeof *rules->rules);
    for (size_t i = 0; i < in->count; i++) {
        const struct sharing_rule *rule = &in->rules[i];
        Neighbors__V1__Sharing *one = CODEC_NEW(Neighbors__V1__Sharing, NEIGHBORS__V1__SHARING__INIT, arena);
        one->device = codec_write_text(rule->device, arena);
        one->n_kinds = write_bits(rule->kinds, KIND_SOUND, (int **)&one->kinds, arena);
        one->n_hours = rule->hour_count;
        one->hours = codec_write_hours(rule->hours, rule->hour_count, arena);
        rules->rules[i] = one;
    }
    return rules;
}

/* ---- footage ---- */

bool codec_read_footage(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__FootageRules *in, struct footage_rules *out)
{
    out->count = in->n_rules;
    if (!codec_check_count(reading, path, "rules", in->n_rules, LIMIT_RULES))
        return false;
    out->rules = in->n_rules ? arena_take(reading->arena, in->n_rules * sizeof *out->rules) : NULL;
    for (size_t i = 0; i < in->n_rules; i++) {
        const Neighbors__V1__FootageRule *one = in->rules[i];
        struct footage_rule *rule = &out->rules[i];
        struct codec_path here = {path, "rules", i};
        if (!codec_check_text(reading, &here, "agency", one->agency, LIMIT_ID, TEXT_ACCOUNT, &rule->agency) ||
            !read_bits(reading, &here, "incidents", (const int *)one->incidents, one->n_incidents,
                INCIDENT_ABDUCTION, incident_type_name, &rule->incidents))
            return false;
        for (size_t before = 0; before < i; before++)
            if (text_equal(out->rules[before].agency, rule->agency))
                return codec_refuse(reading, &here, "agency", "each at most once");
    }
    return true;
}

Neighbors__V1__FootageRules *codec_write_footage(const struct footage_rules *in, struct arena *arena)
{
    Neighbors__V1__FootageRules *rules =
        CODEC_NEW(Neighbors__V1__FootageRules, NEIGHBORS__V1__FOOTAGE_RULES__INIT, arena);
    rules->n_rules = in->count;
    rules->rules = arena_take(arena, in->count * sizeof *rules->rules);
    for (size_t i = 0; i < in->count; i++) {
        Neighbors__V1__FootageRule *one =
            CODEC_NEW(Neighbors__V1__FootageRule, NEIGHBORS__V1__FOOTAGE_RULE__INIT, arena);
        one->agency = codec_write_text(in->rules[i].agency, arena);
        one->n_incidents =
            write_bits(in->rules[i].incidents, INCIDENT_ABDUCTION, (int **)&one->incidents, arena);
        rules->rules[i] = one;
    }
    return rules;
}
