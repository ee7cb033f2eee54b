/* Events to the bytes of a log and back. */
#include "broker/kind/motion_record.h"

static uint8_t *put_number(uint8_t *at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

static uint8_t *put_short(uint8_t *at, const void *data, size_t len)
{
    *at++ = (uint8_t)len;
    if (len)
        memcpy(at, data, len);
    return at + len;
}

struct bytes motion_record_write(const struct motion_event *event, uint16_t device, struct arena *arena)
{
    uint8_t *record = arena_alloc(arena, MOTION_RECORD_FIXED + event->activity_id.len + event->clip.len);
    uint8_t *at = record;

    *at++ = (uint8_t)(event->kind | event->phase << 4);
    *at++ = event->confidence;
    at = put_number(at, device, 2);
    at = put_number(at, 0, 2);
    at = put_number(at, (uint64_t)event->at, 6);
    at = put_number(at, event->until ? (uint64_t)(event->until - event->at) : 0, 4);
    at = put_short(at, event->activity_id.data, event->activity_id.len);
    at = put_short(at, event->clip.data, event->clip.len);
    return (struct bytes){record, (size_t)(at - record)};
}

static uint64_t take_number(const uint8_t *at, int size)
{
    uint64_t value = 0;
    for (int i = size - 1; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

/* A piece behind its length, which moves `record` on. */
static bool take_short(struct bytes *record, struct bytes *out)
{
    if (record->len < 1 || record->data[0] > record->len - 1)
        return false;
    *out = (struct bytes){record->data + 1, record->data[0]};
    *record = (struct bytes){record->data + 1 + out->len, record->len - 1 - out->len};
    return true;
}

bool motion_record_read(struct bytes record, struct motion_event *out, uint16_t *device)
{
    struct bytes activity, rest = {record.data + 16, record.len - 16};

    *out = (struct motion_event){0};
    if (record.len < MOTION_RECORD_FIXED || !take_short(&rest, &activity) || !take_short(&rest, &out->clip))
        return false;
    out->kind = record.data[0] & 15;
    out->phase = record.data[0] >> 4;
    out->confidence = record.data[1];
    *device = (uint16_t)take_number(record.data + 2, 2);
    out->at = (int64_t)take_number(record.data + 6, 6);
    int64_t lasted = (int64_t)take_number(record.data + 12, 4);
    out->until = lasted ? out->at + lasted : 0;
    out->activity_id = (struct text){(const char *)activity.data, activity.len};
    return true;
}
