/* A resident's settings: what concerns deliveries in full; of the rest, whether it was given. */
#include "proto/codec_generated.h"

enum { MINUTES_A_DAY = 1440, EVERY_DAY = 127, DIGEST_LEAST = 5 };

static bool read_hours(const struct codec_reading *reading, const struct codec_path *path,
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

static bool read_quiet(
    const struct codec_reading *reading, const Neighbors__V1__Settings *in, struct settings_message *out)
{
    if (!codec_check_count(reading, NULL, "quiet", in->n_quiet, LIMIT_HOURS))
        return false;
    out->quiet_count = in->n_quiet;
    out->quiet = in->n_quiet ? arena_take(reading->arena, in->n_quiet * sizeof *out->quiet) : NULL;
    for (size_t i = 0; i < in->n_quiet; i++) {
        struct codec_path path = {NULL, "quiet", i};
        if (!read_hours(reading, &path, in->quiet[i], &out->quiet[i]))
            return false;
    }
    out->quiet_passes = (uint8_t)in->quiet_passes;
    return codec_check_enum(reading, NULL, "quiet_passes", in->quiet_passes, SEVERITY_EXTREME, severity_name);
}

static bool read_least(
    const struct codec_reading *reading, const Neighbors__V1__Settings *in, struct settings_message *out)
{
    unsigned seen = 0;
    if (!codec_check_count(reading, NULL, "least", in->n_least, LIMIT_LEAST))
        return false;
    out->least_count = in->n_least;
    out->least = in->n_least ? arena_take(reading->arena, in->n_least * sizeof *out->least) : NULL;
    for (size_t i = 0; i < in->n_least; i++) {
        struct codec_path path = {NULL, "least", i};
        const Neighbors__V1__LeastSeverity *one = in->least[i];
        if (!codec_check_enum(reading, &path, "category", one->category, CATEGORY_OTHER, category_name) ||
            !codec_check_enum(reading, &path, "severity", one->severity, SEVERITY_EXTREME, severity_name))
            return false;
        if (!one->severity)
            return codec_refuse(reading, &path, "severity", "required");
        if (seen >> one->category & 1)
            return codec_refuse(reading, &path, "category", "each at most once");
        seen |= 1u << one->category;
        out->least[i] = (struct least_severity){(uint8_t)one->category, (uint8_t)one->severity};
    }
    return true;
}

/* An IANA name: letters, digits, and / _ + - between them; never a path. */
static bool check_zone(const struct codec_reading *reading, struct text zone)
{
    for (size_t i = 0; i < zone.len; i++) {
        char c = zone.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool inner = (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '+' || c == '-';
        if (!letter && !(i && inner))
            return codec_refuse(reading, NULL, "time_zone", "the name of a zone, as America/Los_Angeles");
    }
    return true;
}

bool codec_decode_settings_message(enum encoding encoding, struct bytes payload, struct arena *arena,
    struct settings_message *out, struct refusal *refusal)
{
    struct codec_reading reading = {arena, refusal};
    const Neighbors__V1__Settings *in = (const Neighbors__V1__Settings *)codec_unpack(
        encoding, payload, &neighbors__v1__settings__descriptor, &reading);
    memset(out, 0, sizeof *out);
    if (!in || !read_quiet(&reading, in, out) || !read_least(&reading, in, out) ||
        !codec_check_text(&reading, NULL, "time_zone", in->time_zone, LIMIT_ZONE, TEXT_ID, &out->time_zone) ||
        !check_zone(&reading, out->time_zone) ||
        !codec_check_text(
            &reading, NULL, "language", in->language, LIMIT_LANGUAGE, TEXT_ACCOUNT, &out->language))
        return false;
    if (in->digest_minutes && (in->digest_minutes < DIGEST_LEAST || in->digest_minutes > MINUTES_A_DAY))
        return codec_refuse(&reading, NULL, "digest_minutes", "0, or 5 to 1440");
    out->digest_minutes = in->digest_minutes;
    out->has_sharing = in->n_sharing > 0;
    out->retention_days = in->retention_days;
    out->footage_requests = in->footage_requests;
    return true;
}

static Neighbors__V1__DailyHours *write_hours(const struct daily_hours *in, struct arena *arena)
{
    Neighbors__V1__DailyHours *hours =
        CODEC_NEW(Neighbors__V1__DailyHours, NEIGHBORS__V1__DAILY_HOURS__INIT, arena);
    hours->from_minute = in->from_minute;
    hours->to_minute = in->to_minute;
    hours->weekdays = in->weekdays;
    return hours;
}

static Neighbors__V1__LeastSeverity *write_least(const struct least_severity *in, struct arena *arena)
{
    Neighbors__V1__LeastSeverity *least =
        CODEC_NEW(Neighbors__V1__LeastSeverity, NEIGHBORS__V1__LEAST_SEVERITY__INIT, arena);
    least->category = in->category;
    least->severity = in->severity;
    return least;
}

struct bytes codec_encode_settings_message(
    enum encoding encoding, const struct settings_message *in, struct arena *arena)
{
    Neighbors__V1__Settings settings = NEIGHBORS__V1__SETTINGS__INIT;
    settings.version = 1;
    settings.n_quiet = in->quiet_count;
    settings.quiet = arena_take(arena, in->quiet_count * sizeof *settings.quiet);
    for (size_t i = 0; i < in->quiet_count; i++)
        settings.quiet[i] = write_hours(&in->quiet[i], arena);
    settings.quiet_passes = in->quiet_passes;
    settings.n_least = in->least_count;
    settings.least = arena_take(arena, in->least_count * sizeof *settings.least);
    for (size_t i = 0; i < in->least_count; i++)
        settings.least[i] = write_least(&in->least[i], arena);
    settings.time_zone = codec_write_text(in->time_zone, arena);
    settings.language = codec_write_text(in->language, arena);
    settings.digest_minutes = in->digest_minutes;
    settings.retention_days = in->retention_days;
    settings.footage_requests = in->footage_requests;
    return codec_pack(encoding, &settings.base, arena);
}
