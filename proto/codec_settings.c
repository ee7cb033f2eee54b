/* A resident's settings: the household's and the session's. */
#include "proto/codec_household.h"

enum { MINUTES_A_DAY = 1440, DIGEST_LEAST = 5 };

static bool read_quiet(
    const struct codec_reading *reading, const Neighbors__V1__Settings *in, struct settings_message *out)
{
    out->quiet_count = in->n_quiet;
    out->quiet_passes = (uint8_t)in->quiet_passes;
    return codec_read_hours(reading, NULL, "quiet", in->quiet, in->n_quiet, &out->quiet) &&
           codec_check_enum(reading, NULL, "quiet_passes", in->quiet_passes, SEVERITY_EXTREME, severity_name);
}

bool codec_read_least(const struct codec_reading *reading, Neighbors__V1__LeastSeverity **in, size_t count,
    struct least_severity **out)
{
    unsigned seen = 0;
    if (!codec_check_count(reading, NULL, "least", count, LIMIT_LEAST))
        return false;
    *out = count ? arena_take(reading->arena, count * sizeof **out) : NULL;
    for (size_t i = 0; i < count; i++) {
        struct codec_path path = {NULL, "least", i};
        const Neighbors__V1__LeastSeverity *one = in[i];
        if (!codec_check_enum(reading, &path, "category", one->category, CATEGORY_OTHER, category_name) ||
            !codec_check_enum(reading, &path, "severity", one->severity, SEVERITY_EXTREME, severity_name))
            return false;
        if (!one->severity)
            return codec_refuse(reading, &path, "severity", "required");
        if (seen >> one->category & 1)
            return codec_refuse(reading, &path, "category", "each at most once");
        seen |= 1u << one->category;
        (*out)[i] = (struct least_severity){(uint8_t)one->category, (uint8_t)one->severity};
    }
    return true;
}

static bool read_least(
    const struct codec_reading *reading, const Neighbors__V1__Settings *in, struct settings_message *out)
{
    out->least_count = in->n_least;
    return codec_read_least(reading, in->least, in->n_least, &out->least);
}

static bool read_retention(const struct codec_reading *reading, uint32_t days, uint32_t *out)
{
    *out = days;
    for (const uint16_t *choice = retention_choices; days && *choice != days; choice++)
        if (!*choice)
            return codec_refuse(
                reading, NULL, "retention_days", "one of 1, 3, 7, 14, 21, 30, 60, 90, 120, 180");
    return true;
}

static bool read_household(
    const struct codec_reading *reading, const Neighbors__V1__Settings *in, struct settings_message *out)
{
    struct codec_path sharing = {NULL, "sharing", CODEC_NO_INDEX};
    struct codec_path footage = {NULL, "footage", CODEC_NO_INDEX};
    out->has_sharing = in->sharing != NULL;
    out->has_footage = in->footage != NULL;
    return read_retention(reading, in->retention_days, &out->retention_days) &&
           (!in->sharing || codec_read_sharing(reading, &sharing, in->sharing, &out->sharing)) &&
           (!in->footage || codec_read_footage(reading, &footage, in->footage, &out->footage));
}

bool codec_decode_settings_message(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct settings_message *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Settings *in = (const Neighbors__V1__Settings *)codec_unpack(
        encoding, payload, &neighbors__v1__settings__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !read_quiet(&reading, in, out) || !read_least(&reading, in, out) ||
        !read_household(&reading, in, out) ||
        !codec_read_zone(&reading, NULL, in->time_zone, &out->time_zone) ||
        !codec_check_text(
            &reading, NULL, "language", in->language, LIMIT_LANGUAGE, TEXT_ACCOUNT, &out->language))
        return false;
    if (in->digest_minutes && (in->digest_minutes < DIGEST_LEAST || in->digest_minutes > MINUTES_A_DAY))
        return codec_refuse(&reading, NULL, "digest_minutes", "0, or 5 to 1440");
    out->digest_minutes = in->digest_minutes;
    return true;
}

Neighbors__V1__LeastSeverity **codec_write_least(
    const struct least_severity *in, size_t count, struct arena *arena)
{
    Neighbors__V1__LeastSeverity **list = arena_take(arena, count * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = CODEC_NEW(Neighbors__V1__LeastSeverity, NEIGHBORS__V1__LEAST_SEVERITY__INIT, arena);
        list[i]->category = in[i].category;
        list[i]->severity = in[i].severity;
    }
    return list;
}

Neighbors__V1__Settings *codec_write_settings(const struct settings_message *in, struct arena *arena)
{
    Neighbors__V1__Settings *settings =
        CODEC_NEW(Neighbors__V1__Settings, NEIGHBORS__V1__SETTINGS__INIT, arena);
    settings->version = 1;
    settings->n_quiet = in->quiet_count;
    settings->quiet = codec_write_hours(in->quiet, in->quiet_count, arena);
    settings->quiet_passes = in->quiet_passes;
    settings->n_least = in->least_count;
    settings->least = codec_write_least(in->least, in->least_count, arena);
    settings->time_zone = codec_write_text(in->time_zone, arena);
    settings->language = codec_write_text(in->language, arena);
    settings->digest_minutes = in->digest_minutes;
    settings->retention_days = in->retention_days;
    settings->sharing = in->has_sharing ? codec_write_sharing(&in->sharing, arena) : NULL;
    settings->footage = in->has_footage ? codec_write_footage(&in->footage, arena) : NULL;
    return settings;
}

struct bytes codec_encode_settings_message(
    enum encoding encoding, const struct settings_message *in, struct arena *arena)
{
    return codec_pack(encoding, &codec_write_settings(in, arena)->base, arena);
}
