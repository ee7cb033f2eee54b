/* What the home's broker may deliver a second time (redelivery.h). */
#include <string.h>

#include "bridge/edge/intake/redelivery.h"

enum {
    LOOKED_AT = 256
}; /* bytes of each end of a payload: pictures and long tracks need not be read whole */

static uint32_t digest(uint32_t so_far, const void *data, size_t length)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < length; i++)
        so_far = (so_far ^ bytes[i]) * 16777619U; /* FNV-1a */
    return so_far;
}

static struct delivered describe(const struct link_message *message, unsigned number)
{
    const uint8_t *payload = message->payload.data;
    size_t length = message->payload.len, head = length < LOOKED_AT ? length : LOOKED_AT,
           tail = length - head < LOOKED_AT ? length - head : LOOKED_AT;
    uint32_t sum = digest(2166136261U, message->topic.data, message->topic.len);
    sum = digest(sum, payload, head);
    sum = digest(sum, payload + length - tail, tail);
    return (struct delivered){(uint16_t)number, (uint16_t)length, sum};
}

static bool is_same(struct delivered a, struct delivered b)
{
    return a.number == b.number && a.length == b.length && a.digest == b.digest;
}

void redelivery_note(struct redelivery *redelivery, const struct link_message *message, unsigned number)
{
    if (number == 0)
        return;
    redelivery->done[redelivery->next] = describe(message, number);
    redelivery->next = (redelivery->next + 1) % REDELIVERY_MOST;
    redelivery->count += redelivery->count < REDELIVERY_MOST;
}

bool redelivery_is_done(
    const struct redelivery *redelivery, const struct link_message *message, unsigned number)
{
    const struct delivered this = describe(message, number);
    for (size_t i = 0; i < redelivery->count; i++)
        if (is_same(redelivery->done[i], this))
            return true;
    return false;
}

struct bytes redelivery_bytes(const struct redelivery *redelivery)
{
    return (struct bytes){(const uint8_t *)redelivery->done, redelivery->count * sizeof(redelivery->done[0])};
}

/* In which order they came is forgotten: which is the oldest matters little. */
void redelivery_restore(struct redelivery *redelivery, struct bytes bytes)
{
    size_t count = bytes.len / sizeof(redelivery->done[0]);
    redelivery->count = count < REDELIVERY_MOST ? count : REDELIVERY_MOST;
    redelivery->next = redelivery->count % REDELIVERY_MOST;
    if (redelivery->count)
        memcpy(redelivery->done, bytes.data, redelivery->count * sizeof(redelivery->done[0]));
}
