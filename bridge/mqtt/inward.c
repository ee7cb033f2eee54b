/* Inward (inward.h). */
#include "bridge/mqtt/inward.h"

#include <stdio.h>

#include "proto/codec.h"

static const char topic_motion[] = "nb/v1/motion", content_type[] = "application/x-protobuf";

static bool find_device(const struct bridge_settings *settings, struct text topic, struct text *device)
{
    for (size_t i = 0; i < settings->rule_count; i++)
        if (topic_rule_fits(settings->rules[i].topic, topic, device))
            return true;
    return false;
}

/* The topic decides who speaks: an event that names another device is refused. */
static void check_name(struct motion_event *event, struct text device)
{
    if (!event->refusal.code && event->device.len && !text_equal(event->device, device))
        event->refusal = (struct refusal){
            .code = REASON_NOT_ALLOWED, .field = "events.device", .rule = "is not the one of its topic"};
    event->device = device;
}

static void refuse(struct relay *relay, struct text device, const struct refusal *refusal)
{
    char text[200];
    snprintf(text, sizeof(text), "%s: %s", refusal->field, refusal->rule);
    relay_refuse(relay, device, refusal->code, text);
}

/* Leaves the good events, in their order, and tells of the others. */
static void keep_good(struct relay *relay, struct motion_batch *batch, struct text device)
{
    size_t good = 0;
    for (size_t i = 0; i < batch->count; i++) {
        check_name(&batch->events[i], device);
        if (batch->events[i].refusal.code)
            refuse(relay, device, &batch->events[i].refusal);
        else
            batch->events[good++] = batch->events[i];
    }
    batch->count = good;
}

static void take_batch(struct relay *relay, struct text device, struct bytes payload, struct arena *arena)
{
    struct motion_batch batch;
    struct refusal refusal = {0};
    enum encoding encoding = codec_encoding_of((struct text){NULL, 0}, payload, &refusal);
    if (encoding == ENCODING_CAP)
        refusal = (struct refusal){
            .code = REASON_BAD_PAYLOAD, .field = "payload", .rule = "motion is protobuf or JSON"};
    if (refusal.code || !codec_decode_motion_batch(encoding, payload, arena, &batch, &refusal)) {
        refuse(relay, device, &refusal);
        return;
    }
    keep_good(relay, &batch, device);
    if (batch.count)
        relay_send(relay, text_of(topic_motion), content_type,
            codec_encode_motion_batch(ENCODING_PROTOBUF, &batch, arena), device);
}

void inward_take(struct relay *relay, void *settings, const struct link_message *message)
{
    uint8_t room[16 * 1024] __attribute__((aligned(16)));
    struct arena arena;
    struct text device;
    if (message->retain) { /* what a broker keeps for who subscribes is old, and comes each time */
        relay->totals.skipped++;
        return;
    }
    if (!find_device(settings, message->topic, &device) || device.len > LIMIT_ID) {
        relay_refuse(
            relay, (struct text){NULL, 0}, REASON_NOT_ALLOWED, "topic: names no device by our rules");
        return;
    }
    arena_init(&arena, room, sizeof(room));
    take_batch(relay, device, message->payload, &arena);
    arena_free(&arena);
}
