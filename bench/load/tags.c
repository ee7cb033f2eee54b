/* Bits of a tag: 6 of confidence (1 to 64), 2 of phase, 2 of kind, 13 of minutes (5.7 days) before the run
 * began. */
#include "bench/load/tags.h"

#include <stdlib.h>

enum { MINUTE_MS = 60000, MINUTES = 8192 };

int64_t tags_first_minute(int64_t now_ms)
{
    return now_ms / MINUTE_MS * MINUTE_MS - (int64_t)MINUTES * MINUTE_MS;
}

void tags_init(struct tags *tags, int64_t now_ms)
{
    *tags = (struct tags){.first_minute = tags_first_minute(now_ms),
        .sent = calloc(TAG_COUNT, sizeof *tags->sent),
        .publisher = calloc(TAG_COUNT, sizeof *tags->publisher),
        .acknowledged = calloc(TAG_COUNT, 1),
        .delivered = calloc(TAG_COUNT, 1)};
    if (!tags->sent || !tags->publisher || !tags->acknowledged || !tags->delivered)
        abort();
}

uint32_t tags_take(struct tags *tags, uint16_t publisher, uint64_t due)
{
    uint32_t tag = tags->next++ % TAG_COUNT;

    tags->sent[tag] = due;
    tags->publisher[tag] = publisher;
    tags->acknowledged[tag] = tags->delivered[tag] = 0;
    return tag;
}

void tags_write(const struct tags *tags, uint32_t tag, struct motion_event *event)
{
    event->confidence = (uint8_t)(1 + (tag & 63));
    event->phase = (uint8_t)(PHASE_START + (tag >> 6 & 3));
    event->kind = (uint8_t)(KIND_MOTION + (tag >> 8 & 3));
    event->at = tags->first_minute + (int64_t)(tag >> 10) * MINUTE_MS;
}

uint32_t tags_read(const struct tags *tags, const struct activity *activity)
{
    int64_t minute = (activity->at - tags->first_minute) / MINUTE_MS;

    if (minute < 0 || minute >= MINUTES || activity->confidence < 1 || activity->confidence > 64 ||
        activity->phase < PHASE_START || activity->kind < KIND_MOTION || activity->kind > KIND_MOTION + 3)
        return TAG_COUNT;
    return (uint32_t)minute << 10 | (uint32_t)(activity->kind - KIND_MOTION) << 8 |
           (uint32_t)(activity->phase - PHASE_START) << 6 | (uint32_t)(activity->confidence - 1);
}
