/* The household's part of its settings, as codec_settings.c and codec_household.c share it, and what else a
 * resident says of its deliveries (codec_push.c). */
#ifndef NEIGHBORS_PROTO_CODEC_HOUSEHOLD_H
#define NEIGHBORS_PROTO_CODEC_HOUSEHOLD_H

#include "proto/codec_generated.h"

Neighbors__V1__Settings *codec_write_settings(const struct settings_message *in, struct arena *arena);

/* Daily hours, at most LIMIT_HOURS; *out NULL when there are none. */
bool codec_read_hours(const struct codec_reading *reading, const struct codec_path *path, const char *field,
    Neighbors__V1__DailyHours **in, size_t count, struct daily_hours **out)
    __attribute__((warn_unused_result));
Neighbors__V1__DailyHours **codec_write_hours(
    const struct daily_hours *in, size_t count, struct arena *arena);

/* The field least, at most LIMIT_LEAST; *out NULL when there are none. */
bool codec_read_least(const struct codec_reading *reading, Neighbors__V1__LeastSeverity **in, size_t count,
    struct least_severity **out) __attribute__((warn_unused_result));
Neighbors__V1__LeastSeverity **codec_write_least(
    const struct least_severity *in, size_t count, struct arena *arena);

/* The field time_zone. */
bool codec_read_zone(const struct codec_reading *reading, const struct codec_path *path, const char *value,
    struct text *out) __attribute__((warn_unused_result));

bool codec_read_sharing(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__SharingRules *in, struct sharing_rules *out) __attribute__((warn_unused_result));
Neighbors__V1__SharingRules *codec_write_sharing(const struct sharing_rules *in, struct arena *arena);
bool codec_read_footage(const struct codec_reading *reading, const struct codec_path *path,
    const Neighbors__V1__FootageRules *in, struct footage_rules *out) __attribute__((warn_unused_result));
Neighbors__V1__FootageRules *codec_write_footage(const struct footage_rules *in, struct arena *arena);

#endif
